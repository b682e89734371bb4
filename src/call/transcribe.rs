//! A recording as text: [`transcribe()`] one that is at hand, or hand what somebody sent to the [`Scribe`], who takes no more
//! of them at a time than there are cores.

use std::{
    fmt,
    io::Cursor,
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use bytes::Bytes;
use tokio::{
    runtime::Handle,
    sync::{OwnedSemaphorePermit, Semaphore, oneshot},
    task::spawn_blocking,
    time::timeout,
};

use super::{CallError, EnginesReceiver, NotReady, ready};
pub use crate::speech::Times;
use crate::{
    audio::{self, AudioError, Clip, ENGINE_HZ, Limit, resample},
    domain::{Language, Pii, cards},
    speech::{
        Priority, Segment, Served, Speech, Transcript, Word,
        engines::Engines,
        local::vad::{VAD_WINDOW, Vad},
    },
};

/// Probability from which on a piece of 32 ms holds speech.
const SPEECH: f32 = 0.5;
/// Pauses shorter than this (512 ms) are within an utterance.
const PAUSE: usize = 16 * VAD_WINDOW;
/// How often it is asked whether to go on: every few milliseconds of work.
const WINDOWS_BETWEEN_LOOKS: usize = 64;
/// Kept before and after an utterance (320 ms): the detector is sure of speech late, and leaves it early.
const MARGIN: usize = 10 * VAD_WINDOW;

/// How much of somebody else's recording is taken: half an hour at 48 kHz, which is 346 MB of samples.
const UPLOAD: Limit = Limit { duration: Duration::from_secs(30 * 60), samples: 30 * 60 * 48_000 };
/// So many recordings may be on their way here or wait, each a few megabytes.
const PLACES: usize = 8;
/// How long a recording waits for its turn.
const PATIENCE: Duration = Duration::from_secs(30);
/// How messages call a recording that was sent.
pub const NAME: &str = "file";

/// Why a recording that was sent did not become text.
#[derive(Debug, thiserror::Error)]
pub enum ScribeError {
    /// It cannot be read; the text says why.
    #[error(transparent)]
    Audio(#[from] AudioError),
    /// As many as can be are being transcribed, or wait.
    #[error("other recordings are being transcribed: try again in a moment")]
    Busy,
    /// There are no engines, or none yet.
    #[error(transparent)]
    NotReady(#[from] NotReady),
    /// The engines cannot do it.
    #[error(transparent)]
    Call(#[from] CallError),
}

/// A recording as text. Card numbers are masked.
#[derive(Clone, Debug)]
pub struct Heard {
    /// All the words; empty when nobody spoke.
    pub text: Pii<String>,
    /// The language set or recognised.
    pub language: Language,
    /// How long the recording plays.
    pub duration: Duration,
    /// The same words piece by piece.
    pub segments: Vec<Piece>,
    /// How long the recording waited for its turn.
    pub waited: Duration,
    /// How long it took to decode.
    pub decoded: Duration,
    /// How long it took to transcribe.
    pub transcribed: Duration,
}

/// A piece of what was heard; times are from the beginning of the recording. Card numbers are masked.
#[derive(Clone, Debug)]
pub struct Piece {
    /// When it begins.
    pub start: Duration,
    /// When it ends.
    pub end: Duration,
    /// Its words.
    pub text: Pii<String>,
    /// The same one by one, where they were wanted: from, to, word.
    pub words: Vec<(Duration, Duration, Pii<String>)>,
}

impl Piece {
    fn masked(Segment { start, end, text, words }: Segment) -> Self {
        let text = cards::mask(&text);
        // A number goes over several words: each is shown as it stands in the whole.
        let shown = text.split_whitespace();
        let words = match shown.clone().count() == words.len() {
            true => shown
                .zip(&words)
                .map(|(shown, Word { start, end, .. })| (*start, *end, Pii::new(shown.to_owned())))
                .collect(),
            false => Vec::new(),
        };
        Self { start, end, text: Pii::new(text), words }
    }
}

/// Transcribes what others send. Clones share the places.
#[derive(Clone)]
pub struct Scribe {
    engines: EnginesReceiver,
    language: Option<Language>,
    places: Arc<Semaphore>,
    turns: Arc<Semaphore>,
}

impl fmt::Debug for Scribe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scribe").finish_non_exhaustive()
    }
}

/// A place for a recording that is on its way here.
#[derive(Debug)]
pub struct Place {
    scribe: Scribe,
    held: OwnedSemaphorePermit,
}

impl Scribe {
    /// One who takes `language` for granted unless another is said; begins as soon as there are engines.
    pub fn new(engines: EnginesReceiver, language: Option<Language>) -> Self {
        let cores = thread::available_parallelism().map_or(1, usize::from);
        let (places, turns) = (Arc::new(Semaphore::new(PLACES)), Arc::new(Semaphore::new(cores)));
        Self { engines, language, places, turns }
    }

    /// A place for a recording, to be had before it is received: recordings lie in memory.
    ///
    /// # Errors
    /// [`ScribeError::Busy`]
    pub fn place(&self) -> Result<Place, ScribeError> {
        let held = Arc::clone(&self.places).try_acquire_owned().map_err(|_| ScribeError::Busy)?;
        Ok(Place { scribe: self.clone(), held })
    }
}

impl Place {
    /// Makes text of a recording: a file's content, in any format that [`audio::read`] knows, of half an hour at most. Ends
    /// the work when nobody waits for it any more.
    ///
    /// # Errors
    /// See [`ScribeError`].
    pub async fn transcribe(
        self,
        recording: Bytes,
        language: Option<Language>,
        times: Times,
    ) -> Result<Heard, ScribeError> {
        let Self { scribe, held } = self;
        let engines = ready(&scribe.engines)?;
        engines.transcriber().map_err(CallError::from)?;
        let began = Instant::now();
        let turn = timeout(PATIENCE, Arc::clone(&scribe.turns).acquire_owned()).await;
        let Ok(Ok(turn)) = turn else { return Err(ScribeError::Busy) };
        let (waited, language) = (began.elapsed(), language.or(scribe.language));
        let (answer, answered) = oneshot::channel();
        let runtime = Handle::current();
        spawn_blocking(move || {
            let heard =
                runtime.block_on(heard(&engines, recording, (language, times), waited, |_| !answer.is_closed()));
            drop((turn, held));
            // Whoever waited may have gone.
            let _ = answer.send(heard);
        });
        // Only a panic leaves no answer.
        answered.await.unwrap_or(Err(CallError::Interrupted.into()))
    }
}

async fn heard(
    engines: &Engines,
    recording: Bytes,
    (language, times): (Option<Language>, Times),
    waited: Duration,
    go_on: impl FnMut(f64) -> bool,
) -> Result<Heard, ScribeError> {
    let began = Instant::now();
    let clip = audio::read_stream(Cursor::new(recording), NAME, &UPLOAD)?;
    let decoded = began.elapsed();
    let Transcript { text, language, segments, .. } = transcribe(engines, &clip, language, times, go_on).await?;
    Ok(Heard {
        text: Pii::new(cards::mask(&text)),
        language,
        duration: clip.duration(),
        segments: segments.into_iter().map(Piece::masked).collect(),
        waited,
        decoded,
        transcribed: began.elapsed() - decoded,
    })
}

/// Transcribes `recording`; `progress` is told how much of it is done, 0.0 to 1.0, and ends the work by `false`.
///
/// With a voice activity detector each utterance is transcribed by itself, and silence and noise not at all; without one,
/// the whole recording is.
///
/// # Errors
/// When no speech-to-text model is installed, it does not know `language`, or `progress` ended the work.
pub async fn transcribe(
    engines: &Engines,
    recording: &Clip,
    language: Option<Language>,
    times: Times,
    mut progress: impl FnMut(f64) -> bool,
) -> Result<Transcript, CallError> {
    let transcriber = engines.transcriber()?;
    let samples = resample(recording, ENGINE_HZ).samples;
    let utterances = match engines.vad() {
        Ok(vad) => utterances(vad, &samples, &mut progress)?,
        Err(_) => vec![(0, samples.len())],
    };
    let mut whole = Transcript::empty(language.unwrap_or(Language::ENGLISH));
    for (start, end) in utterances {
        let mut results = transcriber.transcribe(Speech {
            samples: Arc::from(&samples[start..end]),
            language,
            times,
            priority: Priority::Batch,
            served: Served::default(),
        });
        let mut heard = None;
        while let Some(result) = results.recv().await {
            heard = Some(result?);
            if !progress(start as f64 / samples.len() as f64) {
                return Err(CallError::Interrupted);
            }
        }
        match heard {
            Some(heard) if heard.is_final => {
                let offset = Duration::from_secs_f64(start as f64 / f64::from(ENGINE_HZ));
                whole.append(heard.language, heard.segments, offset);
            }
            _ => return Err(super::no_final_transcript().into()),
        }
        if !progress(end as f64 / samples.len() as f64) {
            return Err(CallError::Interrupted);
        }
    }
    whole.is_final = true;
    Ok(whole)
}

/// Where somebody speaks: sample ranges in order that do not overlap.
fn utterances(
    vad: &Vad,
    samples: &[f32],
    progress: &mut impl FnMut(f64) -> bool,
) -> Result<Vec<(usize, usize)>, CallError> {
    let mut stream = vad.stream();
    let mut utterances: Vec<(usize, usize)> = Vec::new();
    for (index, chunk) in samples.chunks(VAD_WINDOW).enumerate() {
        if index % WINDOWS_BETWEEN_LOOKS == 0 && !progress(0.0) {
            return Err(CallError::Interrupted);
        }
        let mut padded = [0.0; VAD_WINDOW];
        padded[..chunk.len()].copy_from_slice(chunk);
        if stream.push(&padded)? < SPEECH {
            continue;
        }
        let (start, end) = (index * VAD_WINDOW, index * VAD_WINDOW + chunk.len());
        match utterances.last_mut() {
            Some((_, last_end)) if start - *last_end < PAUSE => *last_end = end,
            _ => utterances.push((start, end)),
        }
    }
    // PAUSE is shorter than two margins: what would overlap is shared out.
    let mut free_from = 0;
    for index in 0..utterances.len() {
        let free_to = match utterances.get(index + 1) {
            Some((next, _)) => (utterances[index].1 + next) / 2,
            None => samples.len(),
        };
        let (start, end) = utterances[index];
        utterances[index] = (start.saturating_sub(MARGIN).max(free_from), (end + MARGIN).min(free_to));
        free_from = utterances[index].1;
    }
    Ok(utterances)
}
