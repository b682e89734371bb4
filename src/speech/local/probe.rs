//! Whether a file is a model that its engine can open. Run in a child process of its own: ggml aborts on some malformed
//! files.

use std::{
    fs::File,
    io::{self, Read},
    path::Path,
};

use crate::{models::Kind, speech::SpeechError};

/// First four bytes of Whisper models: GGML_FILE_MAGIC of whisper.cpp, 0x67676d6c in little endian.
const GGML: [u8; 4] = 0x6767_6d6c_u32.to_le_bytes();
/// First four bytes of a GGUF file (GGUF specification, header).
const GGUF: [u8; 4] = *b"GGUF";
/// First byte of an ONNX model: field 1, `ir_version`, as a protobuf varint (onnx.proto, ModelProto).
const ONNX: u8 = 0x08;

/// Opens a file of a model of that kind.
///
/// # Errors
/// Why it cannot be used.
pub fn probe(kind: Kind, path: &Path) -> Result<(), SpeechError> {
    let unreadable = |error: io::Error| SpeechError::Unsupported(format!("cannot be read: {error}"));
    let file = File::open(path).map_err(unreadable)?;
    if path.extension().is_some_and(|extension| extension == "json") {
        return probe_voice_config(file);
    }
    let mut start = Vec::new();
    file.take(16).read_to_end(&mut start).map_err(unreadable)?;
    let (fits, name) = match kind {
        Kind::Stt => (start.starts_with(&GGML), "Whisper model in ggml format"),
        Kind::Llm => (start.starts_with(&GGUF), "language model in GGUF format"),
        Kind::Tts | Kind::Vad | Kind::Turn => (start.first() == Some(&ONNX), "model in ONNX format"),
    };
    if fits { Ok(()) } else { Err(SpeechError::Unsupported(format!("it is no {name}"))) }
}

fn probe_voice_config(file: File) -> Result<(), SpeechError> {
    let config: Result<serde_json::Value, _> = serde_json::from_reader(io::BufReader::new(file));
    match config {
        Ok(config) if config.get("phoneme_id_map").is_some_and(serde_json::Value::is_object) => Ok(()),
        _ => Err(SpeechError::Unsupported("it is no configuration of a Piper voice".to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_another_kind_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        for (name, content, fits) in [
            ("a.bin", &b"lmgg\0\0"[..], Some(Kind::Stt)),
            ("a.gguf", b"GGUF\x03\0", Some(Kind::Llm)),
            ("a.onnx", b"\x08\x08\x12\x07", Some(Kind::Vad)),
            ("voice.onnx.json", b"{\"phoneme_id_map\": {}}", Some(Kind::Tts)),
            ("b.onnx.json", b"{}", None),
            ("page.bin", b"<!DOCTYPE html>", None),
            ("empty.bin", b"", None),
        ] {
            let path = dir.path().join(name);
            std::fs::write(&path, content).unwrap();
            for kind in [Kind::Stt, Kind::Llm, Kind::Vad, Kind::Tts] {
                let onnx = |kind| matches!(kind, Kind::Vad | Kind::Tts | Kind::Turn);
                let expect =
                    fits.is_some_and(|fits| fits == kind || name.ends_with(".json") || (onnx(fits) && onnx(kind)));
                assert_eq!(probe(kind, &path).is_ok(), expect, "{name} as {kind}");
            }
        }
        assert!(probe(Kind::Stt, &dir.path().join("missing")).unwrap_err().to_string().contains("cannot be read"));
    }
}
