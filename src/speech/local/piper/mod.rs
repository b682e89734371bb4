//! Piper voices (VITS models in ONNX, <https://github.com/OHF-Voice/piper1-gpl>) on rten.
//!
//! A voice is a graph with inputs `input` (phoneme numbers, 1 × n), `input_lengths` (1), `scales` (noise, length, noise
//! of the rhythm: 3) and, with several speakers, `sid` (1); its output is the sound at the voice's own rate. Within it, it
//! reckons how long each phoneme is, and that can be read, too: so it is known when each word begins ([`timing`]).

mod config;
mod ids;
mod timing;

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
    pools::Pools,
    voices::{Manner, Said, Voice},
};
use crate::{
    domain::{Language, Provider, text::Script, words},
    speech::{SpeechError, scheduler::Width},
};
use config::{Inference, PhonemeType, VoiceConfig};
use ids::{Numbered, PhonemeIds};

/// What PyTorch's exporter calls the value in which VITS has how many frames each phoneme number lasts (`w_ceil`).
const DURATIONS: &str = "/Ceil_output_0";

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
    /// How long each phoneme number lasts: of the voices that have been patched to tell, the second output.
    durations: Option<NodeId>,
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

    fn say(&self, clause: &str, manner: &Manner<'_>) -> Result<Said, SpeechError> {
        let Numbered { phonemes, sequences, unknown } = self.ids.number(&self.pronounce(clause)?);
        if unknown > 0 {
            self.unknown_phonemes.fetch_add(unknown as u64, Ordering::Relaxed);
            tracing::debug!(voice = self.id, tts.unknown_phonemes = unknown, "phonemes left out");
        }
        let Inference { noise_scale, length_scale, noise_w } = self.scales;
        let scales = [noise_scale, length_scale / manner.speed, noise_w];
        let (mut said, mut onsets) = (Said::default(), Vec::new());
        for sequence in sequences.into_iter().take_while(|_| !(manner.stop)()) {
            let pool = self.pools.take(manner.threads);
            let options = RunOptions::default().with_thread_pool(Some(pool.pool()));
            let (samples, durations) = self.graph.run(sequence.ids, scales, manner.speaker, options).map_err(failed)?;
            said.is_estimate |= durations.is_none();
            let before = said.samples.len();
            onsets.extend(timing::onsets(&sequence.starts, durations, samples.len()).map(|onset| before + onset));
            said.samples.extend(samples);
        }
        let onset = |(letter, phoneme): (usize, usize)| Some((letter, *onsets.get(phoneme)?));
        let words = timing::word_starts(&phonemes, &self.pronounced_words(clause)?);
        said.words = words.into_iter().filter_map(onset).collect();
        Ok(said)
    }
}

impl PiperVoice {
    fn pronounce(&self, text: &str) -> Result<String, SpeechError> {
        match &self.pronunciation {
            Pronunciation::Espeak(espeak, voice) => espeak.phonemes(text, voice),
            Pronunciation::Letters => Ok(text.to_lowercase()),
        }
    }

    /// Where each word of a clause begins, in bytes, and how it is pronounced by itself.
    fn pronounced_words(&self, clause: &str) -> Result<Vec<(usize, String)>, SpeechError> {
        words(clause).map(|word| Ok((word.start, self.pronounce(&clause[word])?))).collect()
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
        let durations = model.output_ids().get(1).copied().or_else(|| model.find_node(DURATIONS));
        Ok(Self { input, input_lengths, scales, speaker, output, durations, model })
    }

    /// The sound of phoneme numbers, and how long each is, in any unit, if the graph tells.
    fn run(
        &self,
        ids: Vec<i32>,
        scales: [f32; 3],
        speaker: u32,
        options: RunOptions,
    ) -> Result<(Vec<f32>, Option<Vec<f32>>), String> {
        let count = ids.len();
        let length = i32::try_from(count).map_err(|error| error.to_string())?;
        let mut inputs: Vec<(NodeId, ValueOrView<'_>)> = vec![
            (self.input, NdTensor::from_data([1, count], ids).into()),
            (self.input_lengths, NdTensor::from_data([1], vec![length]).into()),
            (self.scales, NdTensor::from_data([3], scales.to_vec()).into()),
        ];
        if let Some(node) = self.speaker {
            let speaker = i32::try_from(speaker).map_err(|error| error.to_string())?;
            inputs.push((node, NdTensor::from_data([1], vec![speaker]).into()));
        }
        let wanted: Vec<NodeId> = [self.output].into_iter().chain(self.durations).collect();
        let outputs = guarded(|| self.model.run(inputs, &wanted, Some(options)).map_err(|error| error.to_string()))?;
        let mut outputs = outputs.into_iter().map(|output| Tensor::<f32>::try_from(output).map(Tensor::into_data));
        let sound = outputs.next().ok_or("it gave no output")?.map_err(|_| "its output is no sound".to_owned())?;
        let durations = outputs.next().and_then(Result::ok).filter(|durations| durations.len() == count);
        if sound.iter().all(|sample| sample.is_finite()) {
            Ok((sound, durations))
        } else {
            Err("its output is not a number".to_owned())
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
