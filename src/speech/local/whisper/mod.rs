//! Speech to text by whisper.cpp.
//!
//! Audio is cut into windows at quiet places ([`windows`]), each window is decoded with an encoder context no longer than
//! it needs ([`decode`]), and what a speech model invents on silence is taken out again ([`guards`]). Live speech is one
//! window; a long recording yields a partial transcript after each.

mod abort;
mod decode;
mod guards;
mod pace;
mod windows;
mod words;

use std::{
    path::Path,
    sync::{
        Arc, Once,
        atomic::{AtomicU64, Ordering},
    },
};

use whisper_rs::{WhisperContext, WhisperContextParameters};

use crate::{
    audio::ENGINE_HZ,
    domain::Language,
    speech::{
        Priority, Results, Served, Speech, SpeechError, Times, Transcriber, Transcript,
        scheduler::{Answers, Crew, Scheduler, Width, refuse},
    },
};
use decode::{Decoder, Outcome};

const ENGINE: &str = "whisper";
/// Requests that may wait: more callers than a box of this size can serve at once.
const WAITING: usize = 64;
/// Transcripts that may wait for a slow reader.
const RESULTS: usize = 4;
/// So many runs try one thread and several, twice each.
const WARM_RUNS: usize = 4;
/// So many cores for each whisper that works beside another; fewer make both slow.
const CORES_PER_WORKER: usize = 4;

/// A loaded whisper model. Clones share it.
#[derive(Clone, Debug)]
pub struct Whisper {
    crew: Arc<Crew<Request>>,
    english_only: bool,
    steps: Arc<AtomicU64>,
}

#[derive(Debug)]
struct Request {
    speech: Speech,
    results: Answers<Transcript>,
}

impl Whisper {
    /// Loads a model in whisper.cpp's ggml format and starts its threads.
    ///
    /// # Errors
    /// [`SpeechError::Failed`] when the file is no such model, or memory is short.
    pub fn load(path: &Path, scheduler: &Scheduler) -> Result<Self, SpeechError> {
        let model = open(path)?;
        let english_only = !model.is_multilingual();
        let steps = Arc::new(AtomicU64::new(0));
        let (mut crew, requests) = Crew::new(ENGINE, WAITING);
        let requests = Arc::new(requests);
        for _ in 0..(scheduler.cores().get() / CORES_PER_WORKER).max(1) {
            let state = model.create_state().map_err(|error| failed(error.to_string()))?;
            let mut decoder = Decoder::new(state, model.token_eot(), Arc::clone(&steps));
            let (scheduler_of_thread, requests) = (scheduler.clone(), Arc::clone(&requests));
            let work = move |request: Request| {
                if let Err(error) = transcribe(&mut decoder, &scheduler_of_thread, &request) {
                    // Nobody is there to hear it: nothing to do.
                    let _ = request.results.send(Err(error));
                }
            };
            crew.enlist(scheduler, move || requests.serve(work)).map_err(|error| failed(error.to_string()))?;
        }
        Ok(Self { crew: Arc::new(crew), english_only, steps })
    }

    /// Runs a few times over a second of almost nothing, so that the first caller finds everything paged in, and it is
    /// known how many threads pay. Blocks.
    ///
    /// # Errors
    /// As [`Transcriber::transcribe`].
    pub fn warm(&self) -> Result<(), SpeechError> {
        // Far below speech, yet above the gate for silence.
        let samples: Arc<[f32]> = (0..ENGINE_HZ).map(|n| if n % 2 == 0 { 0.01 } else { -0.01 }).collect();
        for _ in 0..WARM_RUNS {
            let samples = Arc::clone(&samples);
            let (priority, served) = (Priority::Batch, Served::default());
            let mut results = self.transcribe(Speech { samples, language: None, times: Times::None, priority, served });
            while let Some(result) = results.blocking_recv() {
                result?;
            }
        }
        Ok(())
    }

    /// Steps done since loading, each a pass of the encoder or a token of the decoder: what a test of cancelling counts.
    pub fn steps(&self) -> u64 {
        self.steps.load(Ordering::Relaxed)
    }
}

impl Transcriber for Whisper {
    fn transcribe(&self, speech: Speech) -> Results<Transcript> {
        match speech.language {
            Some(language) if self.english_only && language != Language::ENGLISH => refuse(SpeechError::Unsupported(
                format!("this speech-to-text model understands English only, not {}", language.name()),
            )),
            language => {
                // Asked to recognise the language, a model of English alone names any other.
                let language = if self.english_only { Some(Language::ENGLISH) } else { language };
                let speech = Speech { language, ..speech };
                self.crew.ask(speech.priority, RESULTS, |results| Request { speech, results })
            }
        }
    }
}

/// Whether `path` is a model that whisper.cpp can open. May end the process when it is malformed.
///
/// # Errors
/// [`SpeechError::Failed`] saying why not.
pub fn check(path: &Path) -> Result<(), SpeechError> {
    open(path).map(drop)
}

fn open(path: &Path) -> Result<WhisperContext, SpeechError> {
    quieten();
    let mut parameters = WhisperContextParameters::default();
    parameters.use_gpu(false).flash_attn(true);
    WhisperContext::new_with_params(path, parameters)
        .map_err(|error| failed(format!("{} is no whisper model: {error}", path.display())))
}

/// Window after window; between them, others may have the cores. Ends early when nobody wants the rest.
fn transcribe(decoder: &mut Decoder, scheduler: &Scheduler, request: &Request) -> Result<(), SpeechError> {
    let Request { speech, results } = request;
    let mut transcript = Transcript::empty(speech.language.unwrap_or(Language::ENGLISH));
    let mut windows = windows::cut(&speech.samples).peekable();
    while let Some(window) = windows.next() {
        let window = match speech.times {
            Times::Words => window.start + guards::lead(&speech.samples[window.clone()])..window.end,
            Times::None | Times::Segments => window,
        };
        let start = windows::time_of(window.start);
        let heard = {
            let lease = scheduler.acquire(speech.priority, Width::up_to(scheduler.cores()));
            decoder.decode(&speech.samples[window], speech, lease.threads(), &|| results.is_unwanted())?
        };
        let Outcome::Heard(heard) = heard else { return Ok(()) };
        transcript.append(heard.language, heard.segments, start);
        if windows.peek().is_some() && results.send(Ok(transcript.clone())).is_err() {
            return Ok(());
        }
    }
    transcript.is_final = true;
    // Nobody listens any more: nothing to do.
    let _ = results.send(Ok(transcript));
    Ok(())
}

fn failed(reason: String) -> SpeechError {
    SpeechError::Failed { engine: ENGINE, reason }
}

/// whisper.cpp talks on stderr unless told otherwise.
fn quieten() {
    static ONCE: Once = Once::new();
    ONCE.call_once(whisper_rs::install_logging_hooks);
}

#[cfg(test)]
mod tests;
