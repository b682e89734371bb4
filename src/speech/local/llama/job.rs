//! What somebody waits for, while it is under way: an answer that is being made, or candidates that are being compared.

use std::collections::VecDeque;

use llama_cpp_2::{token::LlamaToken, vocab::LlamaVocab};

use super::{
    cache::Demand,
    plan::Work,
    reply::{self, Reply},
    sampler::{Candidates, Sampler},
};
use crate::speech::{
    Chunk, Prompt, Question, Scores, SpeechError, Urgency, Usage,
    scheduler::{Answers, Unwanted},
};

/// Someone waits for this.
#[derive(Debug)]
pub(super) enum Request {
    Answer(Prompt, Answers<Chunk>),
    Choice(Question, Answers<Scores>),
}

/// A request with all that was made of it.
#[derive(Debug)]
pub(super) struct Job {
    pub(super) order: u64,
    pub(super) urgency: Urgency,
    pub(super) conversation: u64,
    /// The prompt's, and then those that were made.
    pub(super) tokens: Vec<LlamaToken>,
    /// So many tokens there may be, those of candidates that are tried included.
    pub(super) until: usize,
    pub(super) usage: Usage,
    /// Its slot in the cache, while it has one.
    pub(super) slot: Option<usize>,
    /// It had one before.
    pub(super) was_seated: bool,
    pub(super) task: Task,
}

/// What is made.
#[derive(Debug)]
pub(super) enum Task {
    Answer(Box<Answer>),
    Choice(Choice),
}

/// An answer that is being made.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) answers: Answers<Chunk>,
    pub(super) sampler: Sampler,
    pub(super) text: Reply,
    /// A grammar sees to it that it does not run in circles, or means it to.
    pub(super) is_free: bool,
    /// Tokens of it at most.
    pub(super) limit: usize,
    /// What a slow reader has not taken yet.
    pub(super) unsent: VecDeque<Result<Chunk, SpeechError>>,
    /// Nothing more is made.
    pub(super) is_over: bool,
}

/// Candidates that are to be compared, once what they begin with is computed.
#[derive(Debug)]
pub(super) struct Choice {
    /// Gone when the result has been given.
    pub(super) answers: Option<Answers<Scores>>,
    pub(super) candidates: Vec<Tokens>,
}

/// A candidate's tokens behind what all candidates begin with: the rest of its messages, at least one token, and its
/// answer, at least one too.
#[derive(Debug)]
pub(super) struct Tokens {
    pub(super) all: Vec<LlamaToken>,
    /// Where in `all` its answer begins.
    pub(super) answer: usize,
}

impl Job {
    /// What the planner has to know; `computed` tokens are in the cache.
    pub(super) fn work(&self, computed: usize) -> Work {
        let pending = if self.can_go_on() { self.tokens.len() - computed } else { 0 };
        Work { priority: self.urgency.now(), order: self.order, pending, is_seated: self.slot.is_some() }
    }

    /// What it needs in the cache.
    pub(super) fn demand(&self) -> Demand<'_, LlamaToken> {
        Demand {
            conversation: self.conversation,
            tokens: &self.tokens,
            until: self.until,
            dropped_turns: self.usage.dropped_turns,
        }
    }

    /// Whether there is something to compute, and a reader who keeps up.
    pub(super) fn can_go_on(&self) -> bool {
        let waits_for_reader = matches!(&self.task, Task::Answer(answer) if !answer.unsent.is_empty());
        !waits_for_reader && !self.is_over()
    }

    /// Whether nothing more has to be computed.
    pub(super) fn is_over(&self) -> bool {
        match &self.task {
            Task::Answer(answer) => answer.is_over,
            Task::Choice(choice) => choice.answers.is_none(),
        }
    }

    /// Ends it without what was asked for.
    pub(super) fn fail(&mut self, error: SpeechError) {
        tracing::debug!(%error, "no answer");
        match &mut self.task {
            Task::Answer(answer) => {
                answer.is_over = true;
                answer.unsent.push_back(Err(error));
            }
            Task::Choice(choice) => choice.give(Err(error)),
        }
    }

    /// Hands over what there is, as far as the reader has room. `false` when the job can be forgotten: it is over and all
    /// was handed over, or nobody wants it any more.
    pub(super) fn hand_over(&mut self) -> bool {
        match &mut self.task {
            Task::Answer(answer) => match answer.hand_over() {
                Ok(()) => !(answer.is_over && answer.unsent.is_empty()),
                Err(Unwanted) => false,
            },
            Task::Choice(choice) => choice.answers.as_ref().is_some_and(|answers| !answers.is_unwanted()),
        }
    }
}

impl Answer {
    /// An answer of at most `limit` tokens, nothing of it made.
    pub(super) fn new(answers: Answers<Chunk>, sampler: Sampler, limit: usize, is_free: bool) -> Self {
        let text = if is_free { Reply::default() } else { Reply::verbatim() };
        Self { answers, sampler, text, is_free, limit, unsent: VecDeque::new(), is_over: false }
    }

    fn hand_over(&mut self) -> Result<(), Unwanted> {
        while let Some(chunk) = self.unsent.pop_front() {
            if let Some(unsent) = self.answers.offer(chunk)? {
                self.unsent.push_front(unsent);
                return Ok(());
            }
        }
        if self.answers.is_unwanted() { Err(Unwanted) } else { Ok(()) }
    }

    /// Goes on by the model's output after `tokens`, which end with those that were made.
    ///
    /// # Errors
    /// When no token is possible.
    pub(super) fn go_on(
        &mut self,
        tokens: &mut Vec<LlamaToken>,
        usage: &mut Usage,
        logits: &[f32],
        vocab: &LlamaVocab<'_>,
        candidates: &mut Candidates,
    ) -> Result<(), SpeechError> {
        if self.limit == 0 {
            self.end(usage, false);
            return Ok(());
        }
        let token = self.sampler.choose(logits, candidates)?;
        if vocab.is_eog(token) {
            self.end(usage, false);
            return Ok(());
        }
        self.sampler.accept(token)?;
        tokens.push(token);
        usage.generated_tokens += 1;
        let text = self.text.push(&vocab.token_to_piece(token, false, None));
        self.say(text);
        let loops = self.is_free && reply::ends_in_a_loop(&tokens[usage.prompt_tokens..]);
        if self.text.ended() || loops {
            self.end(usage, loops);
        } else if usage.generated_tokens == self.limit {
            usage.truncated = true;
            self.end(usage, true);
        }
        Ok(())
    }

    fn end(&mut self, usage: &Usage, is_cut: bool) {
        let rest = self.text.finish(is_cut);
        self.say(rest);
        self.unsent.push_back(Ok(Chunk::Done(*usage)));
        self.is_over = true;
    }

    fn say(&mut self, text: String) {
        if !text.is_empty() {
            self.unsent.push_back(Ok(Chunk::Text(text)));
        }
    }
}

impl Choice {
    /// Gives the result; there is but one.
    pub(super) fn give(&mut self, result: Result<Scores, SpeechError>) {
        if let Some(answers) = self.answers.take() {
            // There is room for one. Nobody there to hear it: nothing to do.
            drop(answers.offer(result));
        }
    }
}
