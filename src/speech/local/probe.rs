//! Whether a file is a model that its engine can open. Run in a child process of its own: ggml aborts on some malformed
//! files.

use std::{num::NonZeroUsize, path::Path};

use super::{llama, piper, turn::TurnDetector, vad::Vad, whisper};
use crate::{
    models::Kind,
    speech::{SpeechError, scheduler::Scheduler},
};

/// Opens a file of a model of that kind as its engine does, and closes it again. A voice's second file, its
/// configuration, is told by its name, which ends in `.json`.
///
/// # Errors
/// Why it cannot be used.
pub fn probe(kind: Kind, path: &Path) -> Result<(), SpeechError> {
    match kind {
        Kind::Stt => whisper::check(path),
        Kind::Llm => llama::check(path),
        Kind::Tts if path.extension().is_some_and(|extension| extension == "json") => piper::check_config(path),
        Kind::Tts => piper::check(path),
        Kind::Vad => Vad::load(path).map(drop),
        Kind::Turn => TurnDetector::load(path, &Scheduler::new(NonZeroUsize::MIN)).map(drop),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{model, repository};

    #[test]
    fn a_model_opens_as_its_own_kind_alone() {
        let files = [
            (Kind::Stt, repository("models/starter-stt/ggml-starter.en-ts-q5_0.bin")),
            (Kind::Llm, model("SmolLM2-135M-Instruct.Q4_1.gguf")),
            (Kind::Tts, repository("models/starter-voice/starter.onnx")),
            (Kind::Vad, model("silero_vad.onnx")),
            (Kind::Turn, model("smart-turn-v3.2-cpu.onnx")),
        ];
        for (kind, path) in &files {
            for other in Kind::ALL {
                assert_eq!(probe(other, path).is_ok(), other == *kind, "{} as {other}", path.display());
            }
        }
        assert_eq!(probe(Kind::Tts, &repository("models/starter-voice/starter.onnx.json")), Ok(()));
    }

    #[test]
    fn what_is_no_model_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        for (name, content) in [
            ("a.onnx.json", &b"{}"[..]),
            ("page.bin", b"<!DOCTYPE html>"),
            ("empty.bin", b""),
            ("a.onnx", b"\x08\x08\x12\x07"),
        ] {
            let path = dir.path().join(name);
            std::fs::write(&path, content).unwrap();
            for kind in Kind::ALL {
                assert!(probe(kind, &path).is_err(), "{name} as {kind}");
            }
        }
        assert!(Kind::ALL.into_iter().all(|kind| probe(kind, &dir.path().join("missing")).is_err()));
    }
}
