//! Thinking: a language model in a GGUF file, by llama.cpp.
//!
//! One thread owns the model and makes all answers together, a token of each in every step; the more urgent go first.
//! Text comes clause by clause. What a conversation's prompt has in common with the one before, or with another
//! conversation's, is taken from the cache instead of being computed again. Only the model's own chat template can make special tokens: whatever a
//! caller says is text.
//!
//! Threads: llama.cpp spins at its barriers, so the engine computes on exactly as many cores as it has threads, lent by
//! the scheduler for it alone. Their number is fixed with a context (`llama_set_n_threads` needs the raw one, which
//! llama-cpp-2 keeps to itself); so where other programs use the cores too, a second context with half the threads
//! answers. Measured with SmolLM2-135M on two cores: 80 tokens/s on two threads when nothing
//! else runs, about 40 on one; with the cores busy elsewhere two threads fall below 2, one stays near 40. So two are
//! right for cores that are really ours, and one for cores that are shared.

mod cache;
mod calendar;
mod cells;
mod engine;
mod file;
mod job;
mod lane;
mod log;
mod plan;
mod prompt;
mod reply;
mod sampler;
mod template;

use std::{
    num::{NonZeroU32, NonZeroUsize},
    path::Path,
    sync::{Arc, atomic::Ordering},
};

use llama_cpp_2::model::params::LlamaModelParams;

use super::super::{
    Chooser, Chunk, Prompt, Question, Responder, Results, Sampling, Scores, Served, SpeechError,
    scheduler::{Crew, Priority, Scheduler},
};
use crate::domain::{Message, Role};
use engine::{Shared, Worker};
use job::Request;

/// The engine's name in errors.
const NAME: &str = "llama";
/// Requests that wait at most, beside those that are being looked after.
const WAITING: usize = 32;
/// Pieces of text that an answer may be ahead of its reader.
const AHEAD: usize = 16;
/// The conversation of [`Llama::warm`]: no caller's.
const WARM: u64 = u64::MAX;

/// How the model is run.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// The longest prompt and answer together, cut to what the model was made for. The cache has so many places, shared
    /// by all conversations (SmolLM2-135M: 23 kB each).
    pub context_tokens: NonZeroU32,
    /// Threads, cut to the scheduler's cores; all of these unless set. Fewer where other programs use the cores too.
    pub threads: Option<NonZeroUsize>,
}

/// A language model, ready to answer. Clones share it.
#[derive(Clone, Debug)]
pub struct Llama {
    handle: Arc<Handle>,
}

/// The last one ends the engine.
#[derive(Debug)]
struct Handle {
    shared: Arc<Shared>,
    context_tokens: usize,
    crew: Crew<Request>,
}

/// Whether `path` is a language model that llama.cpp can open. May end the process when it is malformed.
///
/// # Errors
/// [`SpeechError::Unsupported`] saying why not.
pub fn check(path: &Path) -> Result<(), SpeechError> {
    engine::load(path, LlamaModelParams::default()).map(drop)
}

impl Llama {
    /// Loads a model from a GGUF file. Blocks for as long as that takes (SmolLM2-135M: a fraction of a second).
    ///
    /// # Errors
    /// [`SpeechError::Unsupported`] when the file is no language model that can be used: not there, cut off, of another
    /// kind, or with a chat template that cannot be rendered. [`SpeechError::Failed`] when memory or threads are lacking.
    /// (Some malformed files make llama.cpp end the process: files from elsewhere are to be probed in another one.)
    pub fn load(path: &Path, settings: Settings, scheduler: &Scheduler) -> Result<Self, SpeechError> {
        let (mut crew, requests) = Crew::new(NAME, WAITING);
        let shared = Arc::<Shared>::default();
        let worker = Worker { settings, scheduler: scheduler.clone(), requests, shared: Arc::clone(&shared) };
        let (sender, ready) = std::sync::mpsc::sync_channel(1);
        let path = path.to_owned();
        // The one who waits for the outcome is `load` itself, below.
        crew.enlist(scheduler, move || worker.run(&path, |outcome| drop(sender.send(outcome)))).map_err(failed)?;
        let context_tokens = ready.recv().map_err(|_| failed("it stopped unexpectedly"))??;
        let context_tokens = usize::try_from(context_tokens).map_err(failed)?;
        Ok(Self { handle: Arc::new(Handle { shared, context_tokens, crew }) })
    }

    /// Reads all the weights once, and computes what every conversation with these instructions begins with. Blocks.
    ///
    /// # Errors
    /// What [`Responder::respond`] would give.
    pub fn warm(&self, instructions: &str) -> Result<(), SpeechError> {
        let mut results = self.respond(Prompt {
            messages: vec![Message::new(Role::System, instructions), Message::new(Role::User, "Hello.")],
            conversation: WARM,
            max_tokens: 1,
            sampling: Sampling::default(),
            grammar: None,
            priority: Priority::Batch.into(),
            served: Served::default(),
        });
        while let Some(result) = results.blocking_recv() {
            result?;
        }
        Ok(())
    }

    /// The longest prompt and answer together, in tokens.
    pub fn context_tokens(&self) -> usize {
        self.handle.context_tokens
    }

    /// How many steps the engine has computed: a step is up to 64 tokens: of prompts, and one
    /// of each answer.
    pub fn steps(&self) -> u64 {
        self.handle.shared.steps.load(Ordering::Relaxed)
    }
}

impl Responder for Llama {
    /// The answer clause by clause. With `max_tokens` 0 nothing is said: the prompt is computed, and in the cache for
    /// the next one of the conversation.
    fn respond(&self, prompt: Prompt) -> Results<Chunk> {
        self.handle.crew.ask(prompt.priority.clone(), AHEAD, |answers| Request::Answer(prompt, answers))
    }
}

impl Chooser for Llama {
    /// What the candidates begin with is computed as for an answer, and their rests in a step or two more.
    fn choose(&self, question: Question) -> Results<Scores> {
        self.handle.crew.ask(question.priority.clone(), 1, |answers| Request::Choice(question, answers))
    }
}

/// The engine's own failure.
fn failed(reason: impl ToString) -> SpeechError {
    SpeechError::Failed { engine: NAME, reason: reason.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::model;

    /// The words of an answer, and how many threads made it.
    fn answer(usable: usize) -> (String, usize) {
        let cores = |count| NonZeroUsize::new(count).unwrap();
        let settings = Settings { context_tokens: NonZeroU32::new(256).unwrap(), threads: None };
        let scheduler = Scheduler::beside_others(cores(2), cores(usable));
        let llama = Llama::load(&model("SmolLM2-135M-Instruct.Q4_1.gguf"), settings, &scheduler).unwrap();
        let mut results = llama.respond(Prompt {
            messages: vec![Message::new(Role::User, "Say hello.")],
            conversation: 1,
            max_tokens: 12,
            sampling: Sampling::default(),
            grammar: None,
            priority: Priority::Reply.into(),
            served: Served::default(),
        });
        let mut text = String::new();
        while let Some(result) = results.blocking_recv() {
            if let Chunk::Text(words) = result.unwrap() {
                text.push_str(&words);
            }
        }
        (text, llama.handle.shared.threads.load(Ordering::Relaxed))
    }

    #[test]
    fn a_busy_machine_is_answered_on_fewer_threads() {
        let (alone, wide) = answer(2);
        let (beside_others, narrow) = answer(1);
        assert_eq!((wide, narrow), (2, 1));
        assert!(!alone.is_empty() && !beside_others.is_empty());
    }
}
