//! Piper voices (VITS models in ONNX, <https://github.com/OHF-Voice/piper1-gpl>) on rten.
//!
//! A voice is a graph with inputs `input` (phoneme numbers, 1 × n), `input_lengths` (1), `scales` (noise, length, noise
//! of the rhythm: 3) and, with several speakers, `sid` (1); its output is the sound at the voice's own rate.

mod config;
mod ids;
mod pools;

use std::{
    num::NonZeroUsize,
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering},
    thread,
};

use rten::{Model, NodeId, RunOptions, ValueOrView};
use rten_tensor::{NdTensor, Tensor};

use super::{
    espeak::{Espeak, EspeakVoice},
    voices::{Manner, Voice},
};
use crate::{
    domain::{Language, Provider, text::Script},
    speech::{SpeechError, scheduler::Width},
};
use config::{Inference, PhonemeType, VoiceConfig};
use ids::PhonemeIds;
use pools::Pools;

/// A loaded Piper voice.
pub struct PiperVoice {
    id: String,
    language: Language,
    rate_hz: u32,
    speakers: u32,
    scales: Inference,
    pronunciation: Pronunciation,
    ids: PhonemeIds,
    graph: Graph,
    pools: Pools,
    unknown_phonemes: AtomicU64,
}

/// How a voice turns text into phonemes.
enum Pronunciation {
    Espeak(Espeak, EspeakVoice),
    Letters,
}

/// The model with its inputs found.
struct Graph {
    model: Model,
    input: NodeId,
    input_lengths: NodeId,
    scales: NodeId,
    speaker: Option<NodeId>,
    output: NodeId,
}

/// Whether `path` is a Piper voice's graph.
///
/// # Errors
/// [`SpeechError::Failed`] saying why not.
pub fn check(path: &Path) -> Result<(), SpeechError> {
    Graph::load(path, 1)
        .map(drop)
        .map_err(|reason| failed(format!("{} is not a Piper voice: {reason}", path.display())))
}

/// Whether `path` is a Piper voice's configuration.
///
/// # Errors
/// [`SpeechError::Failed`] saying why not.
pub fn check_config(path: &Path) -> Result<(), SpeechError> {
    VoiceConfig::read(path).map(drop).map_err(failed)
}

impl PiperVoice {
    /// Loads `<name>.onnx` with `<name>.onnx.json` beside it. Takes tens of milliseconds and about the file's size in
    /// memory.
    ///
    /// # Errors
    /// [`SpeechError::Failed`] saying which file is wrong, and how; [`SpeechError::Unsupported`] when espeak-ng lacks the
    /// voice's language.
    pub fn load(id: impl Into<String>, model: &Path, espeak: &Espeak) -> Result<Self, SpeechError> {
        let config = VoiceConfig::read(&config_path(model)).map_err(failed)?;
        let language = config.language().map_err(|reason| failed(format!("{}: {reason}", model.display())))?;
        let pronunciation = match (config.phoneme_type, &config.espeak) {
            (PhonemeType::Espeak, Some(named)) => Pronunciation::Espeak(espeak.clone(), espeak.voice(&named.voice)?),
            _ => Pronunciation::Letters,
        };
        let graph = Graph::load(model, config.num_speakers)
            .map_err(|reason| failed(format!("{} is not a Piper voice: {reason}", model.display())))?;
        Ok(Self {
            id: id.into(),
            language,
            rate_hz: config.audio.sample_rate,
            speakers: config.num_speakers,
            scales: config.inference,
            pronunciation,
            ids: PhonemeIds::new(&config.phoneme_id_map),
            graph,
            pools: Pools::default(),
            unknown_phonemes: AtomicU64::new(0),
        })
    }

    /// How many phonemes have been left out because the voice does not know them.
    pub fn unknown_phonemes(&self) -> u64 {
        self.unknown_phonemes.load(Ordering::Relaxed)
    }
}

impl Voice for PiperVoice {
    fn id(&self) -> &str {
        &self.id
    }

    fn provider(&self) -> Provider {
        Provider::local("piper", &self.id)
    }

    fn language(&self) -> Language {
        self.language
    }

    /// A model knows the sounds of its own language only.
    fn reads(&self, script: Script) -> bool {
        let is_arabic = matches!(self.language.code(), "ar" | "fa" | "ur" | "ps" | "sd");
        (script == Script::Arabic) == is_arabic
    }

    fn speakers(&self) -> u32 {
        self.speakers
    }

    fn rate_hz(&self) -> u32 {
        self.rate_hz
    }

    fn width(&self) -> Width {
        Width::up_to(thread::available_parallelism().unwrap_or(NonZeroUsize::MIN))
    }

    fn say(&self, clause: &str, manner: &Manner<'_>) -> Result<Vec<f32>, SpeechError> {
        let (sequences, unknown) = match &self.pronunciation {
            Pronunciation::Espeak(espeak, voice) => self.ids.sequences(&espeak.phonemes(clause, voice)?),
            Pronunciation::Letters => self.ids.of_text(clause),
        };
        if unknown > 0 {
            self.unknown_phonemes.fetch_add(unknown as u64, Ordering::Relaxed);
            tracing::debug!(voice = self.id, tts.unknown_phonemes = unknown, "phonemes left out");
        }
        let Inference { noise_scale, length_scale, noise_w } = self.scales;
        let scales = [noise_scale, length_scale / manner.speed, noise_w];
        let mut sound = Vec::new();
        for sequence in sequences.into_iter().take_while(|_| !(manner.stop)()) {
            let pool = self.pools.take(manner.threads);
            let options = RunOptions::default().with_thread_pool(Some(pool.pool()));
            sound.extend(self.graph.run(sequence, scales, manner.speaker, options).map_err(failed)?);
        }
        Ok(sound)
    }
}

impl Graph {
    fn load(path: &Path, speakers: u32) -> Result<Self, String> {
        let model = guarded(|| Model::load_file(path).map_err(|error| error.to_string()))?;
        let names: Vec<_> = model.input_ids().iter().filter_map(|id| model.node_info(*id)?.name()).collect();
        let find = |name: &str| {
            let position = names.iter().position(|input| *input == name);
            position
                .map(|at| model.input_ids()[at])
                .ok_or_else(|| format!("it has no input '{name}', only {}", names.join(", ")))
        };
        let (input, input_lengths, scales) = (find("input")?, find("input_lengths")?, find("scales")?);
        let speaker = if speakers > 1 { Some(find("sid")?) } else { find("sid").ok() };
        let output = *model.output_ids().first().ok_or("it has no output")?;
        Ok(Self { input, input_lengths, scales, speaker, output, model })
    }

    fn run(&self, ids: Vec<i32>, scales: [f32; 3], speaker: u32, options: RunOptions) -> Result<Vec<f32>, String> {
        let length = i32::try_from(ids.len()).map_err(|error| error.to_string())?;
        let mut inputs: Vec<(NodeId, ValueOrView<'_>)> = vec![
            (self.input, NdTensor::from_data([1, ids.len()], ids).into()),
            (self.input_lengths, NdTensor::from_data([1], vec![length]).into()),
            (self.scales, NdTensor::from_data([3], scales.to_vec()).into()),
        ];
        if let Some(node) = self.speaker {
            let speaker = i32::try_from(speaker).map_err(|error| error.to_string())?;
            inputs.push((node, NdTensor::from_data([1], vec![speaker]).into()));
        }
        let outputs =
            guarded(|| self.model.run(inputs, &[self.output], Some(options)).map_err(|error| error.to_string()))?;
        let sound = outputs.into_iter().next().ok_or("it gave no output")?;
        let sound: Tensor<f32> = sound.try_into().map_err(|_| "its output is no sound".to_owned())?;
        match sound.into_data() {
            samples if samples.iter().all(|sample| sample.is_finite()) => Ok(samples),
            _ => Err("its output is not a number".to_owned()),
        }
    }
}

/// A malformed model may panic inside rten. That must not end the thread that speaks for every call.
fn guarded<T>(work: impl FnOnce() -> Result<T, String>) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| Err("its graph does not compute".to_owned()))
}

fn config_path(model: &Path) -> PathBuf {
    let mut path = model.as_os_str().to_owned();
    path.push(".json");
    path.into()
}

fn failed(reason: String) -> SpeechError {
    SpeechError::Failed { engine: "piper", reason }
}

#[cfg(test)]
mod tests;
