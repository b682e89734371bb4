//! What is asked of the engines at a caller's pause, or before it, when nobody knows yet whether the caller is done.

use std::sync::Arc;

use tokio::task::{self, JoinHandle};

use crate::{
    domain::Language,
    speech::{
        Priority, Results, Served, Speech, SpeechError, Times, Transcriber, Transcript, local::turn::TurnDetector,
    },
};

/// The words of an utterance (16 kHz); `None`: its language is to be recognised. At a pause they are not for `Speculation`:
/// most pauses that are asked about are the end, and then this is what the caller waits for. `served` learns who heard it.
pub(super) fn words(
    transcriber: &Arc<dyn Transcriber>,
    samples: Arc<[f32]>,
    language: Option<Language>,
    priority: Priority,
    served: Served,
) -> Results<Transcript> {
    transcriber.transcribe(Speech { samples, language, times: Times::None, priority, served })
}

/// The probability that the caller is done, on a thread where it may block.
pub(super) fn verdict(detector: &TurnDetector, samples: Arc<[f32]>) -> JoinHandle<Result<f32, SpeechError>> {
    let detector = detector.clone();
    task::spawn_blocking(move || detector.predict(&samples, Priority::Speech))
}
