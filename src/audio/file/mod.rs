//! Recordings on disk: any common format in, 16-bit mono WAV out.
//!
//! Reading keeps the recording's own rate and mixes its channels to one. A recording that is cut short is refused, not
//! read as far as it goes: the end of a call is where the answer is. Writing goes through a temporary file, so that the
//! target appears whole or not at all.

mod read;
mod riff;
mod write;

use std::{io, path::Path, time::Duration};

pub use read::{read, read_stream};
pub use write::{write_wav, write_wav_to};

/// Recordings longer than this are refused; their samples alone would take gigabytes.
pub const MAX_DURATION: Duration = Duration::from_secs(4 * 60 * 60);

/// Why a recording cannot be read or written. Each message is one line that names the file and says what to do.
#[derive(Debug, thiserror::Error)]
pub enum AudioError {
    /// The file cannot be opened or read.
    #[error("cannot read {path}: {reason}")]
    Read {
        /// Which file.
        path: String,
        /// What the operating system said.
        reason: io::Error,
    },
    /// The file cannot be written.
    #[error("cannot write {path}: {}", in_words(.reason))]
    Write {
        /// Which file.
        path: String,
        /// What the operating system said.
        reason: io::Error,
    },
    /// The file has no bytes.
    #[error("{path} is empty: record it again")]
    Empty {
        /// Which file.
        path: String,
    },
    /// The file is in no format that is known.
    #[error("{path} is not a recording: use WAV, FLAC, MP3, Ogg, M4A or Matroska")]
    NotAudio {
        /// Which file.
        path: String,
    },
    /// The file is well-formed and holds no sample.
    #[error("{path} holds no audio: record it again")]
    NoAudio {
        /// Which file.
        path: String,
    },
    /// The file ends before its header says.
    #[error("{path} is cut short after {:.1} s: copy or record it again", held.as_secs_f64())]
    Truncated {
        /// Which file.
        path: String,
        /// How much is there.
        held: Duration,
    },
    /// The recording plays longer than [`MAX_DURATION`].
    #[error("{path} is longer than {} hours: cut it into shorter recordings", MAX_DURATION.as_secs() / 3600)]
    TooLong {
        /// Which file.
        path: String,
    },
    /// The file's format is known, what it holds is not.
    #[error("{path} cannot be read ({what}): convert it to WAV, for example with ffmpeg")]
    Unsupported {
        /// Which file.
        path: String,
        /// What is not supported.
        what: String,
    },
}

/// How a path is named in messages.
fn name(path: &Path) -> String {
    path.display().to_string()
}

/// What went wrong, without the name of a temporary file, which tells nobody anything.
fn in_words(reason: &io::Error) -> String {
    match reason.kind() {
        io::ErrorKind::StorageFull => "the disk is full: free some space, or choose another folder".to_owned(),
        io::ErrorKind::NotFound => "No such file or directory".to_owned(),
        _ => reason.to_string(),
    }
}
