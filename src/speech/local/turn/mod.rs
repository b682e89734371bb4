//! Whether a caller who paused has finished, by Smart Turn version 3 (<https://github.com/pipecat-ai/smart-turn>).
//!
//! The model hears how something was said, not only what: the last eight seconds, as Whisper's encoder would see them.

mod features;
mod mel;

use std::{
    num::NonZeroUsize,
    path::Path,
    sync::{Arc, mpsc},
};

use rten_tensor::{NdTensor, prelude::*};

use super::{
    graph::{Expected, Graph},
    pools::Pools,
};
use crate::speech::{
    SpeechError,
    scheduler::{Priority, Scheduler, Width},
};
use features::{FRAMES, Features};
use mel::MELS;

const ENGINE: &str = "Smart Turn";
/// A verdict is what the answer's first words wait for: the language model wants all cores. On two it comes nearly twice as
/// soon as on one.
const MOST_THREADS: NonZeroUsize = NonZeroUsize::MIN.saturating_add(1);

/// Judges pauses. Clones share the weights.
#[derive(Clone, Debug)]
pub struct TurnDetector {
    graph: Arc<Graph>,
    features: Arc<Features>,
    pools: Arc<Pools>,
    scheduler: Scheduler,
}

impl TurnDetector {
    /// Loads the model and runs it, so that the first caller does not wait.
    ///
    /// # Errors
    /// [`SpeechError::Failed`] when the file cannot be read or is damaged, [`SpeechError::Unsupported`] when it is
    /// another model.
    pub fn load(path: &Path, scheduler: &Scheduler) -> Result<Self, SpeechError> {
        let inputs = [Expected { name: "input_features", shape: &[1, MELS, FRAMES] }];
        let detector = Self {
            graph: Arc::new(Graph::load(ENGINE, path, &inputs, 1)?),
            features: Arc::new(Features::new()),
            pools: Arc::default(),
            scheduler: scheduler.clone(),
        };
        detector.warm()?;
        Ok(detector)
    }

    /// Runs once with each number of threads. That makes them, and they inherit how nice the thread is that does: it is one
    /// of the scheduler's.
    fn warm(&self) -> Result<(), SpeechError> {
        let (detector, (done, outcome)) = (self.clone(), mpsc::channel());
        let runs = move || {
            let lease = detector.scheduler.acquire(Priority::Batch, Width::up_to(MOST_THREADS));
            let ran = (1..=lease.threads()).try_for_each(|threads| detector.judge(&[], threads).map(drop));
            // Who asked waits for it.
            let _ = done.send(ran);
        };
        self.scheduler.spawn(ENGINE, runs).map_err(|error| self.graph.failed(&error.to_string()))?;
        outcome.recv().map_err(|_| self.graph.failed("it stopped unexpectedly"))?
    }

    /// The probability, 0.0 to 1.0, that the caller has finished. `samples` (16 kHz, -1.0 to 1.0) is the turn so far
    /// with the pause; only the last eight seconds count.
    ///
    /// Blocks for about a tenth of a second, and before that until a core is free: not for async code.
    ///
    /// # Errors
    /// [`SpeechError::Failed`] when the model cannot be run.
    pub fn predict(&self, samples: &[f32], priority: Priority) -> Result<f32, SpeechError> {
        let lease = self.scheduler.acquire(priority, Width::up_to(MOST_THREADS));
        self.judge(samples, lease.threads())
    }

    fn judge(&self, samples: &[f32], threads: usize) -> Result<f32, SpeechError> {
        let features = NdTensor::from_data([1, MELS, FRAMES], self.features.extract(samples));
        let pool = self.pools.take(threads);
        let [probability] = self.graph.run(vec![features.into()], pool.pool())?;
        let probability: NdTensor<f32, 2> =
            probability.try_into().map_err(|_| self.graph.failed("its output has another shape"))?;
        probability.iter().next().copied().ok_or_else(|| self.graph.failed("its output is empty"))
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::{
        speech::local::golden,
        testing::{model, scheduler},
    };

    fn load(path: &Path) -> Result<TurnDetector, SpeechError> {
        TurnDetector::load(path, &scheduler())
    }

    /// The model is quantised to 8 bits and jumps where it is undecided, the reference as well: see ears_golden.py.
    #[test]
    fn probabilities_are_the_references() {
        let detector = load(&model("smart-turn-v3.2-cpu.onnx")).unwrap();
        for turn in golden::load().turns {
            let got = detector.predict(&turn.samples(), Priority::Speech).unwrap();
            let [low, high] = turn.probability;
            let within = (low - 0.01..=high + 0.01).contains(&got);
            assert!(within, "{:?} to {}: {got}, reference {low} to {high}", turn.clips, turn.keep);
        }
    }

    #[test]
    fn what_is_no_smart_turn_model_is_refused_in_one_line() {
        let folder = tempfile::tempdir().unwrap();
        let whole = fs::read(model("smart-turn-v3.2-cpu.onnx")).unwrap();
        let half = folder.path().join("half.onnx");
        fs::write(&half, &whole[..whole.len() / 2]).unwrap();
        for path in [half, model("silero_vad.onnx"), folder.path().join("missing.onnx")] {
            let message = load(&path).unwrap_err().to_string();
            assert!(message.contains(ENGINE) && message.lines().count() == 1, "{message}");
        }
    }
}
