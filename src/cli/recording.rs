//! Recordings as commands name them: a file, or `-` for standard input and output.

use std::{fs, io, path::Path};

use super::{Interrupt, Output, exit::UsageError, runtime};
use crate::audio::{self, AudioError, Clip, Limit};

const STANDARD: &str = "-";

/// Reads a recording.
///
/// # Errors
/// As [`audio::read`].
pub(super) fn read(path: &Path, interrupt: &Interrupt) -> anyhow::Result<Clip> {
    if path == Path::new(STANDARD) {
        return runtime::read_patiently(interrupt, || audio::read_stream(io::stdin(), "standard input", &Limit::FILE));
    }
    Ok(audio::read(path)?)
}

/// Whether the sound goes where results are printed, so that nothing else may.
pub(super) fn is_stdout(path: &Path) -> bool {
    path == Path::new(STANDARD)
}

/// Fails early where [`write()`] is bound to fail, before long work is done for nothing.
///
/// # Errors
/// When there is no such folder or it cannot be written, or the sound and JSON would be mixed.
pub(super) fn check_target(path: &Path, output: &Output) -> anyhow::Result<()> {
    if is_stdout(path) {
        if output.json {
            return Err(UsageError("-o - and --json both write to standard output: give a file".to_owned()).into());
        }
        return Ok(());
    }
    // A device or a pipe is written to as it is, with nothing beside it.
    if fs::metadata(path).is_ok_and(|there| !there.is_file()) {
        return Ok(());
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    // The temporary file's own message names that file, which tells the user nothing.
    let created = fs::canonicalize(folder)
        .and_then(|folder| tempfile::tempfile_in(folder).map_err(|error| io::Error::from(error.kind())));
    created.map_err(|reason| AudioError::Write { path: path.display().to_string(), reason })?;
    Ok(())
}

/// Writes a recording as WAV: a file whole or not at all.
///
/// # Errors
/// As [`audio::write_wav`].
pub(super) fn write(path: &Path, clip: &Clip, output: &Output) -> anyhow::Result<()> {
    if !is_stdout(path) {
        return Ok(audio::write_wav(path, clip)?);
    }
    let mut wav = Vec::new();
    audio::write_wav_to(&mut wav, "standard output", clip)?;
    Ok(output.bytes(&wav)?)
}
