//! Voice activity by Silero: how likely each 32 ms of audio hold a voice.
//!
//! The model (<https://github.com/snakers4/silero-vad>, version 5) takes 512 samples at 16 kHz after the 64 before
//! them, and carries a recurrent state from window to window.

use std::{path::Path, sync::Arc};

use rten::ThreadPool;
use rten_tensor::{NdTensor, NdTensorView, prelude::*};

use super::graph::{Expected, Graph};
use crate::{audio::ENGINE_HZ, speech::SpeechError};

/// Samples in a window: 32 ms at 16 kHz.
pub const VAD_WINDOW: usize = 512;

const ENGINE: &str = "Silero";
/// Samples of the window before that the model sees again.
const CONTEXT: usize = 64;
/// Layers, batch, cells of the recurrent state.
const STATE: [usize; 3] = [2, 1, 128];

/// After long stretches without voice, such as music on hold, the state makes the model miss the speech that follows.
/// So it is cleared every two seconds, but only while there is certainly no voice: cleared within a word, the model
/// would doubt the rest of the word.
const WINDOWS_BETWEEN_RESETS: u32 = 2 * ENGINE_HZ / VAD_WINDOW as u32;
/// There is certainly no voice after so many windows in a row (160 ms: longer than a dip within a word) …
const CLEAR_WINDOWS: u32 = 5;
/// … below this probability.
const CLEAR: f32 = 0.1;

/// Silero's weights. Clones share them.
#[derive(Clone, Debug)]
pub struct Vad {
    graph: Arc<Graph>,
    /// One thread: a window is so small that a second would cost another call more than it gains this one.
    pool: Arc<ThreadPool>,
}

impl Vad {
    /// Loads the model.
    ///
    /// # Errors
    /// [`SpeechError::Failed`] when the file cannot be read or is damaged, [`SpeechError::Unsupported`] when it is
    /// another model.
    pub fn load(path: &Path) -> Result<Self, SpeechError> {
        let inputs = [
            Expected { name: "input", shape: &[1, CONTEXT + VAD_WINDOW] },
            Expected { name: "state", shape: &STATE },
            Expected { name: "sr", shape: &[] },
        ];
        let graph = Arc::new(Graph::load(ENGINE, path, &inputs, 2)?);
        let vad = Self { graph, pool: Arc::new(ThreadPool::with_num_threads(1)) };
        // The first run allocates; and a file that loads but cannot run is found here, not in a call.
        vad.stream().push(&[0.0; VAD_WINDOW])?;
        Ok(vad)
    }

    /// A listener for one caller.
    pub fn stream(&self) -> VadStream {
        VadStream {
            vad: self.clone(),
            input: [0.0; CONTEXT + VAD_WINDOW],
            state: NdTensor::zeros(STATE),
            windows_since_reset: 0,
            clear_windows: 0,
        }
    }
}

/// Listens to one caller. A window costs a fraction of a millisecond on one core, too little to queue for: it takes no
/// lease of the scheduler.
#[derive(Debug)]
pub struct VadStream {
    vad: Vad,
    /// The end of the window before, then the window.
    input: [f32; CONTEXT + VAD_WINDOW],
    state: NdTensor<f32, 3>,
    windows_since_reset: u32,
    clear_windows: u32,
}

impl VadStream {
    /// The probability, 0.0 to 1.0, that the next 512 samples (16 kHz, -1.0 to 1.0) hold voice.
    ///
    /// # Errors
    /// [`SpeechError::Failed`] when the model cannot be run.
    pub fn push(&mut self, window: &[f32; VAD_WINDOW]) -> Result<f32, SpeechError> {
        self.input.copy_within(VAD_WINDOW.., 0);
        self.input[CONTEXT..].copy_from_slice(window);
        let input = NdTensorView::from_data([1, CONTEXT + VAD_WINDOW], &self.input[..]);
        let rate = NdTensor::from_data([], vec![ENGINE_HZ as i32]);
        let values = vec![input.into(), self.state.view().into(), rate.into()];
        let [probability, state] = self.vad.graph.run(values, Arc::clone(&self.vad.pool))?;
        let unexpected = |_| self.vad.graph.failed("its output has another shape");
        let probability: NdTensor<f32, 2> = probability.try_into().map_err(unexpected)?;
        self.state = state.try_into().map_err(unexpected)?;
        let probability = probability.iter().next().copied().unwrap_or(0.0);
        self.refresh(probability);
        Ok(probability)
    }

    /// Forgets what was heard, as if the caller had just begun.
    pub fn reset(&mut self) {
        self.input.fill(0.0);
        self.clear_state();
    }

    /// Clears the state when that is due and does no harm.
    fn refresh(&mut self, probability: f32) {
        self.windows_since_reset += 1;
        self.clear_windows = if probability < CLEAR { self.clear_windows + 1 } else { 0 };
        if self.windows_since_reset >= WINDOWS_BETWEEN_RESETS && self.clear_windows >= CLEAR_WINDOWS {
            self.clear_state();
        }
    }

    fn clear_state(&mut self) {
        self.state = NdTensor::zeros(STATE);
        self.windows_since_reset = 0;
        self.clear_windows = 0;
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::{
        speech::local::golden,
        testing::{model, recording},
    };

    fn vad() -> Vad {
        Vad::load(&model("silero_vad.onnx")).unwrap()
    }

    fn probabilities(stream: &mut VadStream, samples: &[f32]) -> Vec<f32> {
        samples.as_chunks().0.iter().map(|window| stream.push(window).unwrap()).collect()
    }

    #[test]
    fn probabilities_equal_the_references() {
        let vad = vad();
        for voice in golden::load().voice {
            let ours = probabilities(&mut vad.stream(), &recording(&voice.clip));
            assert_eq!(ours.len(), voice.probabilities.len());
            for (window, (got, reference)) in ours.iter().zip(&voice.probabilities).enumerate() {
                assert!((got - reference).abs() < 1e-3, "{}, window {window}: {got}, not {reference}", voice.clip);
            }
        }
    }

    #[test]
    fn callers_do_not_hear_each_other_and_a_reset_forgets() {
        let vad = vad();
        let (speech, noise) = (recording("utt05.wav"), recording("utt09.wav"));
        let alone = probabilities(&mut vad.stream(), &speech);

        let (mut stream, mut other) = (vad.stream(), vad.stream());
        let mut beside = Vec::new();
        for (window, disturbance) in speech.as_chunks().0.iter().zip(noise.as_chunks().0) {
            beside.push(stream.push(window).unwrap());
            other.push(disturbance).unwrap();
        }
        assert_eq!(beside, alone[..beside.len()]);

        other.reset();
        assert_eq!(probabilities(&mut other, &speech), alone);
    }

    #[test]
    fn speech_is_heard_after_a_minute_of_silence() {
        let (vad, speech) = (vad(), recording("utt05.wav"));
        let mut stream = vad.stream();
        let silence = probabilities(&mut stream, &[0.0; 60 * 16_000]);
        assert!(silence.iter().all(|probability| *probability < CLEAR));
        let voiced = |all: Vec<f32>| all.iter().filter(|probability| **probability > 0.5).count();
        let (fresh, after) = (probabilities(&mut vad.stream(), &speech), probabilities(&mut stream, &speech));
        assert!(voiced(after).abs_diff(voiced(fresh)) <= 3);
    }

    #[test]
    fn what_is_no_silero_model_is_refused_in_one_line() {
        let folder = tempfile::tempdir().unwrap();
        let whole = fs::read(model("silero_vad.onnx")).unwrap();
        let another = model("smart-turn-v3.2-cpu.onnx");
        let cases = [
            ("missing.onnx", None),
            ("empty.onnx", Some(Vec::new())),
            ("words.onnx", Some(b"no graph at all".to_vec())),
            ("half.onnx", Some(whole[..whole.len() / 2].to_vec())),
            ("nearly.onnx", Some(whole[..whole.len() - 100].to_vec())),
            ("another.onnx", Some(fs::read(another).unwrap())),
        ];
        for (name, bytes) in cases {
            let path = folder.path().join(name);
            bytes.inspect(|bytes| fs::write(&path, bytes).unwrap());
            let message = Vad::load(&path).unwrap_err().to_string();
            assert!(message.contains("Silero") && message.lines().count() == 1, "{name}: {message}");
            assert!(message.contains(name), "{message}");
        }
    }
}
