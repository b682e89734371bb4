//! Hearing, thinking, choosing, speaking: four ports, and the engines behind them.
//!
//! A caller sees only the traits here. What stands behind one may be an engine on this machine, a cloud service, or a
//! [`ladder::Ladder`] of several. Every answer is a stream over a bounded channel: a slow reader holds the engine back,
//! and dropping the receiver stops the engine at its next step.

mod choice;
pub mod engines;
mod grammar;
pub mod ladder;
pub mod local;
pub mod scheduler;

use std::{
    fmt,
    sync::{Arc, OnceLock},
    time::Duration,
};

use tokio::sync::mpsc;

use crate::{
    audio::Frame,
    domain::{Language, Message, Provider, WordStart},
};
pub use choice::{Candidate, Chooser, LONGEST_ANSWER, MOST_CANDIDATES, Question, Score, Scores};
pub use grammar::{Grammar, GrammarError};
pub use scheduler::{Priority, Urgency};

/// An answer as it comes: items in order, then the end of the channel; after an `Err` nothing more follows.
pub type Results<T> = mpsc::Receiver<Result<T, SpeechError>>;

/// Why an engine gave no (further) answer.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
pub enum SpeechError {
    /// What was asked for cannot be done at all: unknown voice, language not understood, empty input.
    #[error("{0}")]
    Unsupported(String),
    /// The engine has as much waiting as it takes.
    #[error("the {0} engine has too much waiting: try again in a moment")]
    Overloaded(&'static str),
    /// The engine itself failed.
    #[error("the {engine} engine failed: {reason}")]
    Failed {
        /// Which engine: `whisper`, `llama`, `piper`, …
        engine: &'static str,
        /// What it said.
        reason: String,
    },
}

/// Who serves a request, once that is known. Clones are one: whoever asks keeps one, and the other goes with the request.
#[derive(Clone, Debug, Default)]
pub struct Served(Arc<OnceLock<Provider>>);

impl Served {
    /// Who does, or did.
    pub fn by(&self) -> Option<&Provider> {
        self.0.get()
    }

    /// `provider` does. Of several requests with one note, the first counts.
    pub(crate) fn note(&self, provider: &Provider) {
        // Whoever was first stays.
        let _ = self.0.set(provider.clone());
    }
}

/// Something heard that is to become text.
#[derive(Clone, Debug)]
pub struct Speech {
    /// Mono, 16 kHz, -1.0 to 1.0.
    pub samples: Arc<[f32]>,
    /// The language spoken, or `None` to have it recognised.
    pub language: Option<Language>,
    /// Which times are wanted.
    pub times: Times,
    /// How urgent it is.
    pub priority: Priority,
    /// Who serves it.
    pub served: Served,
}

/// What is to be known of when something was said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Times {
    /// Nothing: the fastest.
    None,
    /// When each segment was: costs the model some tokens.
    Segments,
    /// When each word was, too: costs some computing.
    Words,
}

/// What was heard, so far or finally. Its words are personal data: `Debug` leaves them out.
#[derive(Clone, PartialEq)]
pub struct Transcript {
    /// All the words; empty when nobody spoke.
    pub text: String,
    /// The language set or recognised.
    pub language: Language,
    /// The same words piece by piece.
    pub segments: Vec<Segment>,
    /// Whether more may follow for the same speech.
    pub is_final: bool,
}

/// A piece of a [`Transcript`]. Its words are personal data: `Debug` leaves them out.
#[derive(Clone, PartialEq)]
pub struct Segment {
    /// From the beginning of the speech.
    pub start: Duration,
    /// From the beginning of the speech.
    pub end: Duration,
    /// The words.
    pub text: String,
    /// The same one by one, where their times were wanted ([`Times::Words`]) and are known.
    pub words: Vec<Word>,
}

/// A word that was heard. It is personal data: `Debug` leaves it out.
#[derive(Clone, PartialEq)]
pub struct Word {
    /// From the beginning of the speech; some 100 ms off.
    pub start: Duration,
    /// From the beginning of the speech.
    pub end: Duration,
    /// As it stands in the segment, its marks included.
    pub text: String,
}

impl Transcript {
    /// Nothing was heard yet in `language`, and more may follow.
    pub const fn empty(language: Language) -> Self {
        Self { text: String::new(), language, segments: Vec::new(), is_final: false }
    }

    /// Adds what was heard in a later piece of the speech, which began at `offset`; the times of `segments` are from
    /// there. Without segments nothing was heard, and `language` says nothing.
    pub fn append(&mut self, language: Language, segments: Vec<Segment>, offset: Duration) {
        if segments.is_empty() {
            return;
        }
        self.language = language;
        for mut segment in segments {
            segment.start += offset;
            segment.end += offset;
            for word in &mut segment.words {
                word.start += offset;
                word.end += offset;
            }
            if !self.text.is_empty() {
                self.text.push(' ');
            }
            self.text.push_str(&segment.text);
            self.segments.push(segment);
        }
    }
}

impl fmt::Debug for Transcript {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { text, language, segments, is_final } = self;
        let (bytes, count) = (text.len(), segments.len());
        write!(f, "Transcript {{ {bytes} bytes of {language} in {count} segments, final: {is_final} }}")
    }
}

impl fmt::Debug for Segment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Segment {{ {} bytes, {:?} to {:?} }}", self.text.len(), self.start, self.end)
    }
}

impl fmt::Debug for Word {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Word {{ {} bytes, {:?} to {:?} }}", self.text.len(), self.start, self.end)
    }
}

/// Turns speech into text.
pub trait Transcriber: Send + Sync {
    /// Partial transcripts while it works, then one that is final.
    fn transcribe(&self, speech: Speech) -> Results<Transcript>;
}

/// What a language model is to go on from.
#[derive(Clone, Debug)]
pub struct Prompt {
    /// System message first, then the turns; the last one is the caller's.
    pub messages: Vec<Message>,
    /// Which conversation this belongs to: its prefix stays in the model's cache between turns.
    pub conversation: u64,
    /// At most so many tokens are made; with 0 the prompt is only read, and the next one that begins like it sooner answered.
    pub max_tokens: usize,
    /// How the next token is chosen.
    pub sampling: Sampling,
    /// What the answer has to look like; such an answer comes word for word as the model made it. One that ends because
    /// of `max_tokens` ([`Usage::truncated`]) only begins as the grammar says.
    pub grammar: Option<Grammar>,
    /// How urgent it is; may be raised while the answer is under way.
    pub priority: Urgency,
    /// Who serves it.
    pub served: Served,
}

/// How a language model chooses the next token.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sampling {
    /// 0.0 always takes the likeliest token.
    pub temperature: f32,
    /// Only the likeliest tokens that together have this probability, 0.0 to 1.0.
    pub top_p: f32,
    /// Equal seeds give equal answers to equal prompts.
    pub seed: u32,
}

impl Default for Sampling {
    fn default() -> Self {
        Self { temperature: 0.0, top_p: 0.95, seed: 1 }
    }
}

/// A piece of a language model's answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Chunk {
    /// The next words, up to the end of a clause: what comes after it is not needed to know that it is whole.
    Text(String),
    /// The answer is whole; always the last.
    Done(Usage),
}

/// What an answer cost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Tokens in the prompt.
    pub prompt_tokens: usize,
    /// Of those, found in the cache.
    pub cached_tokens: usize,
    /// Tokens made.
    pub generated_tokens: usize,
    /// Older turns left out because the prompt was longer than the model's context.
    pub dropped_turns: usize,
    /// Whether the answer ended because `max_tokens` was reached.
    pub truncated: bool,
}

/// Answers a conversation.
pub trait Responder: Send + Sync {
    /// The answer's words as they are made, then [`Chunk::Done`].
    fn respond(&self, prompt: Prompt) -> Results<Chunk>;
}

/// Something to say: a sentence or a clause. Its words are personal data: `Debug` leaves them out.
#[derive(Clone)]
pub struct Sentence {
    /// The words, as written.
    pub text: String,
    /// The language of the words.
    pub language: Language,
    /// A voice by its id, or `None` for the language's usual one.
    pub voice: Option<String>,
    /// 1.0 is the voice's own speed, 2.0 twice as fast; 0.5 to 2.0.
    pub speed: f32,
    /// Which speaker of a voice with several.
    pub speaker: Option<u32>,
    /// How urgent it is.
    pub priority: Priority,
    /// Who serves it.
    pub served: Served,
}

impl Sentence {
    /// `text` in the usual voice of `language`, live.
    pub fn new(text: impl Into<String>, language: Language) -> Self {
        let (priority, served) = (Priority::Speech, Served::default());
        Self { text: text.into(), language, voice: None, speed: 1.0, speaker: None, priority, served }
    }
}

impl fmt::Debug for Sentence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { text, language, voice, priority, .. } = self;
        write!(f, "Sentence {{ {} bytes of {language}, voice: {voice:?}, {priority:?} }}", text.len())
    }
}

/// 20 ms of a sentence that is being said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Voiced {
    /// The sound.
    pub frame: Frame,
    /// The sentence's words that begin in it, in order; none where the voice does not tell. Times are from the beginning of
    /// the sentence.
    pub words: Vec<WordStart>,
}

/// Says sentences.
pub trait Synthesizer: Send + Sync {
    /// 20 ms frames at 48 kHz, as they are made: faster than they play.
    fn speak(&self, sentence: Sentence) -> Results<Voiced>;

    /// Names the voice that would speak `sentence`, so that two sentences that differ in nothing else but how they ask for
    /// it (by name, by language) are known to sound alike. `None` when nobody would.
    fn voice(&self, sentence: &Sentence) -> Option<String>;

    /// Whether there is a voice for `language`.
    fn speaks(&self, language: Language) -> bool;

    /// From now on these voices, by their ids, are the usual ones of their languages. One that is not there is passed over.
    fn prefer(&self, _voices: &[(Language, String)]) {}
}
