//! A look at a model file before llama.cpp gets it: errors that say what the file is instead.

use std::{
    fs::File,
    io::{ErrorKind, Read},
    path::Path,
};

use crate::speech::SpeechError;

/// Magic, version, number of tensors, number of keys: <https://github.com/ggml-org/ggml/blob/master/docs/gguf.md>.
const HEADER: usize = 4 + 4 + 8 + 8;
/// The versions that llama.cpp reads.
const VERSIONS: std::ops::RangeInclusive<u32> = 2..=3;

/// Checks that `path` can be read and begins as a GGUF file does.
///
/// # Errors
/// [`SpeechError::Unsupported`] in one line that names the file.
pub(super) fn check(path: &Path) -> Result<(), SpeechError> {
    let name = path.display();
    let unsupported = |reason: String| Err(SpeechError::Unsupported(reason));
    let mut header = [0; HEADER];
    match File::open(path).and_then(|mut file| file.read_exact(&mut header)) {
        Ok(()) => {}
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => {
            return unsupported(format!("{name} is empty or cut off: fetch the model again"));
        }
        Err(error) => return unsupported(format!("cannot read the model file {name}: {error}")),
    }
    let [magic @ .., v0, v1, v2, v3] = *header.first_chunk::<8>().unwrap_or(&[0; 8]);
    let version = u32::from_le_bytes([v0, v1, v2, v3]);
    if &magic != b"GGUF" {
        let kind = match &magic {
            b"lmgg" => "a whisper model (ggml), which hears but does not answer",
            [b'P', b'K', ..] => "an archive (zip)",
            b"<!DO" | b"<htm" => "a web page",
            _ => "no GGUF file",
        };
        return unsupported(format!("{name} is {kind}: a language model in GGUF format is needed"));
    }
    if !VERSIONS.contains(&version) {
        return unsupported(format!("{name} is GGUF version {version}: versions 2 and 3 can be read"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn files_are_told_apart_by_their_beginnings() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("model.gguf");
        for (content, part) in [
            (&b""[..], "empty or cut off"),
            (b"GGUF\x03\0\0\0", "empty or cut off"),
            (b"lmgg....................", "whisper model"),
            (b"PK\x03\x04....................", "archive"),
            (b"<!DOCTYPE html><html><head>", "web page"),
            (b"RIFF....WAVEfmt ........", "no GGUF file"),
            (b"GGUF\x01\0\0\0................", "version 1"),
            (b"GGUF\0\0\0\x03................", "version 50331648"),
        ] {
            fs::write(&path, content).unwrap();
            let error = check(&path).unwrap_err().to_string();
            assert!(error.contains(part) && error.contains("model.gguf"), "{error}");
        }
        fs::write(&path, b"GGUF\x03\0\0\0................").unwrap();
        assert_eq!(check(&path), Ok(()));
        assert!(check(&folder.path().join("none")).unwrap_err().to_string().contains("cannot read"));
        assert!(check(folder.path()).unwrap_err().to_string().contains("cannot read"));
    }
}
