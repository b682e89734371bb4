//! One answer: the language model's words, clause by clause, and the voice that says them.

use std::{
    sync::OnceLock,
    time::{Duration, Instant},
};

use tokio::sync::mpsc;

use super::{CallError, sense::Sense};
use crate::{
    audio::Frame,
    dialogue::guide::Guard,
    domain::{
        Language, Message, Pii,
        text::{ClauseSplitter, Limits},
    },
    speech::{Chunk, Priority, Prompt, Sampling, Sentence, Served, SpeechError, Urgency, Usage, engines::Engines},
    store::turns::{Providers, Tokens},
};

/// Clauses that may wait for the voice. The model is faster than speech: there is no use in running far ahead.
pub(super) const CLAUSES: usize = 8;

/// How to answer.
#[derive(Clone, Debug)]
pub struct Brief {
    /// The language of the answer's voice.
    pub language: Language,
    /// A voice by its id, or the language's usual one.
    pub voice: Option<String>,
    /// 1.0 is the voice's own speed.
    pub speed: f32,
    /// The longest answer in tokens.
    pub max_tokens: usize,
    /// How words are chosen.
    pub sampling: Sampling,
    /// The conversation, for the model's cache.
    pub conversation: u64,
    /// How urgent the words are.
    pub urgency: Urgency,
}

impl Brief {
    /// For an answer that is read, as the model makes it, while whoever asked waits.
    pub fn in_writing(language: Language, max_tokens: usize, conversation: u64) -> Self {
        let (sampling, urgency) = (Sampling::default(), Priority::Reply.into());
        Self { language, voice: None, speed: 1.0, max_tokens, sampling, conversation, urgency }
    }

    /// A sentence in this voice.
    pub(super) fn sentence(&self, text: impl Into<String>, language: Language) -> Sentence {
        Sentence { voice: self.voice.clone(), speed: self.speed, ..Sentence::new(text, language) }
    }
}

/// An answer that has been given.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The words.
    pub text: Pii<String>,
    /// What it cost.
    pub usage: Usage,
    /// When what was there.
    pub timings: AnswerTimings,
}

/// Wall time since the answer was asked for.
#[derive(Clone, Copy, Debug, Default)]
pub struct AnswerTimings {
    /// The model's first words.
    pub first_words: Duration,
    /// The first clause that could be said.
    pub first_clause: Duration,
    /// The first 20 ms of sound.
    pub first_audio: Duration,
    /// The last sound.
    pub total: Duration,
}

/// Answers `messages`: every frame goes to `hear` as soon as it is made, the first while the model still thinks.
///
/// # Errors
/// When no language model is installed, or an engine fails. What was handed to `hear` before stays heard.
pub(super) async fn answer(
    engines: &Engines,
    messages: &[Message],
    brief: &Brief,
    hear: impl FnMut(Frame),
) -> Result<Answer, CallError> {
    let asked = Instant::now();
    let marks = Marks::default();
    let (sender, clauses) = mpsc::channel(CLAUSES);
    let thinking = think(engines, messages, brief, &marks, None, sender);
    let (thought, first_audio) = tokio::try_join!(thinking, speak(engines, brief, clauses, asked, hear))?;
    let passed = marks.passed();
    let since = |mark: Option<Instant>| mark.map(|at| at.duration_since(asked)).unwrap_or_default();
    let timings = AnswerTimings {
        first_words: since(passed.first_words),
        first_clause: since(passed.first_clause),
        first_audio: first_audio.unwrap_or_default(),
        total: asked.elapsed(),
    };
    Ok(Answer { text: Pii::new(thought.text.trim().to_owned()), usage: thought.usage, timings })
}

/// A script's free answer, in writing.
#[derive(Clone, Debug)]
pub struct Guarded {
    /// As much of it as may be said; may be empty.
    pub text: Pii<String>,
    /// Nothing was held back.
    pub is_good: bool,
}

/// Answers `messages` for a script, in writing, up to the first clause that `guard` does not permit.
///
/// # Errors
/// When no language model is installed, or it fails or has nothing to say.
pub async fn guarded(
    engines: &Engines,
    messages: &[Message],
    brief: &Brief,
    guard: &Guard,
) -> Result<Guarded, CallError> {
    let (sender, mut clauses) = mpsc::channel(CLAUSES);
    let marks = Marks::default();
    let reading = async {
        let mut said = Vec::new();
        while let Some(clause) = clauses.recv().await {
            said.push(clause);
        }
        Ok::<_, CallError>(said)
    };
    let (thought, said) = tokio::try_join!(think(engines, messages, brief, &marks, Some(guard), sender), reading)?;
    Ok(Guarded { text: Pii::new(said.join(" ")), is_good: !thought.is_held_back })
}

/// What the language model made.
#[derive(Debug, Default)]
pub(super) struct Thought {
    pub(super) text: String,
    usage: Usage,
    /// It was going to say what may not be said: it ends before that.
    pub(super) is_held_back: bool,
}

/// How far an answer is, while it is still being made: when the language model's words came, who serves, what it cost.
#[derive(Debug, Default)]
pub(super) struct Marks {
    first_words: OnceLock<Instant>,
    first_clause: OnceLock<Instant>,
    usage: OnceLock<Usage>,
    thinks: Served,
    /// For each sentence that is said of it.
    pub(super) speaks: Served,
}

/// The marks that have been passed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Passed {
    /// The first words came.
    pub(super) first_words: Option<Instant>,
    /// The first clause was whole.
    pub(super) first_clause: Option<Instant>,
}

impl Marks {
    pub(super) fn passed(&self) -> Passed {
        let Self { first_words, first_clause, .. } = self;
        Passed { first_words: first_words.get().copied(), first_clause: first_clause.get().copied() }
    }

    /// Who has served so far.
    pub(super) fn providers(&self) -> Providers {
        Providers { stt: None, llm: self.thinks.by().cloned(), tts: self.speaks.by().cloned() }
    }

    /// What the language model has read and made, once it is done.
    pub(super) fn tokens(&self) -> Option<Tokens> {
        let count = |tokens: usize| u32::try_from(tokens).unwrap_or(u32::MAX);
        self.usage.get().map(|usage| Tokens {
            prompt: count(usage.prompt_tokens),
            cached: count(usage.cached_tokens),
            generated: count(usage.generated_tokens),
        })
    }
}

/// Has the language model answer `messages`, and hands over the clauses as they come; when nobody takes them any more, it
/// thinks on: why is the taker's to say. The answer ends before the first clause that `guard` does not permit.
///
/// # Errors
/// When no language model is installed, or it fails or has nothing to say.
pub(super) async fn think(
    engines: &Engines,
    messages: &[Message],
    brief: &Brief,
    marks: &Marks,
    guard: Option<&Guard>,
    clauses: mpsc::Sender<String>,
) -> Result<Thought, CallError> {
    let mut chunks = engines.responder()?.respond(Prompt {
        messages: messages.to_vec(),
        conversation: brief.conversation,
        max_tokens: brief.max_tokens,
        sampling: brief.sampling,
        grammar: None,
        priority: brief.urgency.clone(),
        served: marks.thinks.clone(),
    });
    let mut thought = Thought::default();
    let mut splitter = ClauseSplitter::new(Limits::LIVE);
    let (mut sense, mut usage) = (Sense::default(), None);
    while let Some(chunk) = chunks.recv().await {
        let whole: Vec<String> = match chunk? {
            Chunk::Text(text) => {
                marks.first_words.get_or_init(Instant::now);
                thought.text.push_str(&text);
                splitter.push(&text).into_iter().chain(splitter.settle()).collect()
            }
            Chunk::Done(cost) => {
                usage = Some(*marks.usage.get_or_init(|| cost));
                splitter.finish().into_iter().collect()
            }
        };
        for clause in whole.into_iter().filter(|clause| sense.admits(clause)) {
            if guard.is_some_and(|guard| !guard.permits(&clause)) {
                thought.is_held_back = true;
                return Ok(thought);
            }
            marks.first_clause.get_or_init(Instant::now);
            let _ = clauses.send(clause).await;
        }
        if sense.is_lost() {
            tracing::warn!("the language model repeats itself: its answer ends here");
            return Ok(thought);
        }
    }
    thought.usage = usage.ok_or_else(|| model_failed("its answer broke off"))?;
    if !sense.has_said_something() {
        return Err(model_failed("it had no answer").into());
    }
    Ok(thought)
}

/// An answer that ends without saying so is not whole, and silence is none: a caller would wait for ever.
fn model_failed(reason: &str) -> SpeechError {
    SpeechError::Failed { engine: "language model", reason: reason.to_owned() }
}

/// Says the clauses one after the other; gives the time of the first sound.
async fn speak(
    engines: &Engines,
    brief: &Brief,
    mut clauses: mpsc::Receiver<String>,
    asked: Instant,
    mut hear: impl FnMut(Frame),
) -> Result<Option<Duration>, CallError> {
    let synthesizer = engines.synthesizer()?;
    let mut first_audio = None;
    while let Some(text) = clauses.recv().await {
        let mut frames = synthesizer.speak(brief.sentence(text, brief.language));
        while let Some(frame) = frames.recv().await {
            let frame = frame?.frame;
            first_audio.get_or_insert_with(|| asked.elapsed());
            hear(frame);
        }
    }
    Ok(first_audio)
}
