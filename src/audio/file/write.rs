//! Mono samples to 16-bit WAV, by hound.

use std::{
    fs::{self, OpenOptions, Permissions},
    io::{self, Cursor, Write},
    os::unix::fs::PermissionsExt,
    path::Path,
};

use hound::{SampleFormat, WavSpec, WavWriter};

use super::{AudioError, name};
use crate::audio::Clip;

/// Read and write for everyone, less the process's umask, as any program creates its files.
const NEW_FILE_MODE: u32 = 0o666;

/// Writes 16-bit mono WAV. The file appears whole or not at all: the samples go to a temporary file beside it, which
/// then takes its name. A device or a pipe is written to as it is.
///
/// # Errors
/// [`AudioError::Write`] with what the operating system said: no such folder, no permission, disk full.
pub fn write_wav(path: &Path, clip: &Clip) -> Result<(), AudioError> {
    let save = || {
        let wav = encode(clip)?;
        match fs::metadata(path) {
            Ok(there) if !there.is_file() => OpenOptions::new().write(true).open(path)?.write_all(&wav),
            // A link stays a link: what it points to is replaced.
            Ok(_) => replace(&fs::canonicalize(path)?, &wav),
            Err(_) => replace(path, &wav),
        }
    };
    save().map_err(|reason| AudioError::Write { path: name(path), reason })
}

/// Writes 16-bit mono WAV into a stream, such as standard output; `name` stands for it in messages.
///
/// # Errors
/// [`AudioError::Write`] with what the operating system said.
pub fn write_wav_to(stream: &mut impl Write, name: &str, clip: &Clip) -> Result<(), AudioError> {
    encode(clip)
        .and_then(|wav| stream.write_all(&wav))
        .and_then(|()| stream.flush())
        .map_err(|reason| AudioError::Write { path: name.to_owned(), reason })
}

fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut file = tempfile::Builder::new()
        .prefix(".callstead-")
        .suffix(".part")
        .permissions(Permissions::from_mode(NEW_FILE_MODE))
        .tempfile_in(fs::canonicalize(folder)?)
        // Its own message names the temporary file, which tells the user nothing.
        .map_err(|error| io::Error::from(error.kind()))?;
    file.write_all(bytes)?;
    // Some file systems report a full disk only here.
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}

fn encode(clip: &Clip) -> io::Result<Vec<u8>> {
    let spec =
        WavSpec { channels: 1, sample_rate: clip.rate_hz, bits_per_sample: 16, sample_format: SampleFormat::Int };
    let mut bytes = Cursor::new(Vec::new());
    let mut encode = || {
        let mut writer = WavWriter::new(&mut bytes, spec)?;
        for sample in &clip.samples {
            writer.write_sample((sample.clamp(-1.0, 1.0) * f32::from(i16::MAX)).round() as i16)?;
        }
        writer.finalize()
    };
    encode().map_err(|error| match error {
        hound::Error::IoError(error) => error,
        other => io::Error::other(other),
    })?;
    Ok(bytes.into_inner())
}
