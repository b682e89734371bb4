//! (skeleton)

use std::{io, path::Path};

use super::Clip;

/// Why a recording cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum AudioError {
    /// The file cannot be read or written.
    #[error("{path}: {source}")]
    Io {
        /// Which file.
        path: String,
        /// Why.
        source: io::Error,
    },
}

/// Reads a recording, mixes it to mono. (skeleton)
pub fn read(path: &Path) -> Result<Clip, AudioError> {
    Err(AudioError::Io { path: path.display().to_string(), source: io::ErrorKind::Unsupported.into() })
}

/// Writes 16-bit mono WAV; the file appears whole or not at all. (skeleton)
pub fn write_wav(path: &Path, _clip: &Clip) -> Result<(), AudioError> {
    Err(AudioError::Io { path: path.display().to_string(), source: io::ErrorKind::Unsupported.into() })
}
