//! One window of speech, decoded.

use std::{
    mem,
    sync::{Arc, atomic::AtomicU64},
    time::{Duration, Instant},
};

use whisper_rs::{FullParams, SamplingStrategy, WhisperState};

use super::{abort, failed, guards, pace::Pace, windows, words};
use crate::{
    audio::ENGINE_HZ,
    domain::Language,
    speech::{Segment, Speech, SpeechError, Times},
};

/// More tokens than fast speech needs (digits, spelled one by one, make about ten a second) show a decoder that loops.
const TOKENS_PER_SECOND: usize = 12;
const TOKENS_AT_LEAST: usize = 16;
/// whisper.cpp hears nothing in less than 100 ms, and its language detection wants more: shorter clips are lengthened.
const SHORTEST: usize = ENGINE_HZ as usize;

/// What came of a window.
pub(super) enum Outcome {
    /// It was decoded.
    Heard(Heard),
    /// It was told to stop.
    Stopped,
}

/// What was heard in a window; no segments when nobody spoke.
pub(super) struct Heard {
    pub(super) language: Language,
    pub(super) segments: Vec<Segment>,
}

/// A whisper state, and how it is used.
pub(super) struct Decoder {
    state: WhisperState,
    /// The first token that is no text.
    end_of_text: i32,
    steps: Arc<AtomicU64>,
    pace: Pace,
    padded: Vec<f32>,
}

/// What whisper.cpp left in its state.
struct Raw {
    language: Language,
    segments: Vec<Segment>,
    evidence: guards::Evidence,
    tokens: usize,
}

impl Decoder {
    pub(super) fn new(state: WhisperState, end_of_text: i32, steps: Arc<AtomicU64>) -> Self {
        Self { state, end_of_text, steps, pace: Pace::default(), padded: Vec::new() }
    }

    /// Decodes `samples` on up to `threads` threads; once more with the longest context if the decoder went in circles.
    pub(super) fn decode(
        &mut self,
        samples: &[f32],
        speech: &Speech,
        threads: usize,
        stop: &dyn Fn() -> bool,
    ) -> Result<Outcome, SpeechError> {
        let language = speech.language.unwrap_or(Language::ENGLISH);
        if guards::is_silence(samples) {
            return Ok(Outcome::Heard(Heard { language, segments: Vec::new() }));
        }
        let most_tokens = TOKENS_AT_LEAST + samples.len() * TOKENS_PER_SECOND / ENGINE_HZ as usize;
        let loops = |raw: &Raw| raw.tokens >= most_tokens || raw.segments.iter().any(|s| guards::is_loop(&s.text));
        let context = windows::context_for(samples.len());
        let Some(mut raw) = self.run(samples, speech, threads, context, most_tokens, stop)? else {
            return Ok(Outcome::Stopped);
        };
        if loops(&raw) && context < windows::longest_context() {
            tracing::debug!(stt.audio_ctx = context, "the decoder goes in circles: once more with the longest context");
            match self.run(samples, speech, threads, windows::longest_context(), most_tokens, stop)? {
                Some(again) => raw = again,
                None => return Ok(Outcome::Stopped),
            }
        }
        let mut segments = raw.segments;
        for segment in &mut segments {
            segment.text = guards::clean(&segment.text, raw.evidence);
            segment.words = words::those_of(&segment.text, mem::take(&mut segment.words));
        }
        segments.retain(|segment| !segment.text.is_empty());
        Ok(Outcome::Heard(Heard { language: raw.language, segments }))
    }

    /// One pass of whisper.cpp; `None` when it was stopped.
    fn run(
        &mut self,
        samples: &[f32],
        speech: &Speech,
        threads: usize,
        context: usize,
        most_tokens: usize,
        stop: &dyn Fn() -> bool,
    ) -> Result<Option<Raw>, SpeechError> {
        let mut parameters = FullParams::new(SamplingStrategy::Greedy { best_of: 1 });
        let threads = self.pace.threads(threads);
        parameters.set_n_threads(to_c(threads));
        parameters.set_audio_ctx(to_c(context));
        parameters.set_max_tokens(to_c(most_tokens));
        parameters.set_language(Some(speech.language.map_or("auto", Language::code)));
        parameters.set_no_timestamps(speech.times == Times::None);
        parameters.set_single_segment(speech.times == Times::None);
        parameters.set_token_timestamps(speech.times == Times::Words);
        parameters.set_no_context(true);
        // The fallback to higher temperatures costs several passes; our own guards and the one retry replace it.
        parameters.set_temperature_inc(0.0);
        parameters.set_suppress_blank(true);
        parameters.set_print_progress(false);
        parameters.set_print_realtime(false);
        parameters.set_print_special(false);
        parameters.set_print_timestamps(false);

        let samples = if samples.len() < SHORTEST {
            self.padded.clear();
            self.padded.extend_from_slice(samples);
            self.padded.resize(SHORTEST, 0.0);
            &self.padded
        } else {
            samples
        };
        let began = Instant::now();
        let finished = abort::run(&mut self.state, parameters, samples, stop, &self.steps)
            .map_err(|error| failed(error.to_string()))?;
        if finished {
            self.pace.note(threads, context, began.elapsed());
        }
        let has_words = speech.times == Times::Words;
        finished.then(|| self.collect(windows::time_of(samples.len()), has_words)).transpose()
    }

    fn collect(&self, length: Duration, has_words: bool) -> Result<Raw, SpeechError> {
        let language = whisper_rs::get_lang_str(self.state.full_lang_id_from_state())
            .and_then(|code| code.parse().ok())
            .unwrap_or(Language::ENGLISH);
        let (mut segments, mut tokens, mut log_probability, mut no_speech) = (Vec::new(), 0, 0.0_f32, 0.0_f32);
        for segment in self.state.as_iter() {
            let text = segment.to_str_lossy().map_err(|error| failed(error.to_string()))?;
            // A model that whisper.cpp takes for a distilled one has no timestamps: whatever it gives is cut to the clip.
            let start = from_centiseconds(segment.start_timestamp()).min(length);
            let end = from_centiseconds(segment.end_timestamp()).clamp(start, length);
            let mut words = words::Words::new(start..end);
            no_speech = no_speech.max(segment.no_speech_probability());
            for token in (0..segment.n_tokens()).filter_map(|index| segment.get_token(index)) {
                tokens += 1;
                let data = token.token_data();
                log_probability += data.plog;
                if has_words && data.id < self.end_of_text {
                    let text = token.to_bytes().map_err(|error| failed(error.to_string()))?;
                    words.push(text, from_centiseconds(data.t0)..from_centiseconds(data.t1));
                }
            }
            segments.push(Segment { start, end, text: text.trim().to_owned(), words: words.finish() });
        }
        let mean_log_probability = if tokens == 0 { 0.0 } else { log_probability / tokens as f32 };
        Ok(Raw { language, segments, evidence: guards::Evidence { no_speech, mean_log_probability }, tokens })
    }
}

fn from_centiseconds(value: i64) -> Duration {
    Duration::from_millis(u64::try_from(value).unwrap_or(0).saturating_mul(10))
}

/// Threads, tokens and positions are all small.
fn to_c(value: usize) -> i32 {
    i32::try_from(value).unwrap_or(i32::MAX)
}
