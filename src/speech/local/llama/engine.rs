//! The engine's thread: owns the model, takes requests, and computes all of them together, step by step.
//!
//! A step is one token of each answer that is being said, or a piece of a prompt, or both. Between two steps it steps
//! aside for more urgent work, looks who still wants an answer, and who wants one now. What the cache holds, who is in a
//! step, what a prompt is and what may be said are decided elsewhere.

use std::{
    num::NonZeroUsize,
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
    sync::{
        Arc, LazyLock,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};

use llama_cpp_2::{
    llama_backend::LlamaBackend,
    model::{LlamaModel, params::LlamaModelParams},
    token::LlamaToken,
    vocab::LlamaVocab,
};

use super::{
    Settings,
    cache::common_prefix,
    failed, file,
    job::{Answer, Choice, Job, Request, Task, Tokens},
    lane::{Lane, Output, Piece, STEP_TOKENS, Trial},
    log,
    plan::{self, Share, Work},
    prompt::Prompter,
    sampler::{Candidates, Distribution, Sampler},
};
use crate::{
    domain::Message,
    speech::{
        Candidate, Priority, Prompt, Question, Score, Scores, SpeechError, Urgency, Usage,
        scheduler::{Answers, Lease, Requests, Scheduler, Width},
    },
};

/// Requests that are looked after at once; as many again may wait in the inbox.
const JOBS: usize = 32;
/// How often it is looked whether slow readers have room again.
const READERS_PATIENCE: Duration = Duration::from_millis(5);

/// What the engine's thread shares with its handles.
#[derive(Debug, Default)]
pub(super) struct Shared {
    /// Steps computed so far.
    pub(super) steps: AtomicU64,
    /// Threads that computed last.
    pub(super) threads: AtomicUsize,
}

/// llama.cpp's own set-up, once for the process.
pub(super) static BACKEND: LazyLock<Result<LlamaBackend, String>> = LazyLock::new(|| {
    log::to_tracing();
    LlamaBackend::init().map_err(|error| error.to_string())
});

/// What to run, and where.
#[derive(Debug)]
pub(super) struct Worker {
    pub(super) settings: Settings,
    pub(super) scheduler: Scheduler,
    pub(super) requests: Requests<Request>,
    pub(super) shared: Arc<Shared>,
}

impl Worker {
    /// Threads to compute with when nothing else needs the cores.
    fn wide(&self) -> NonZeroUsize {
        let cores = self.scheduler.cores();
        self.settings.threads.unwrap_or(cores).min(cores)
    }

    /// Loads the model, says on `ready` whether that went well, and answers requests until there are no more handles.
    pub(super) fn run(self, path: &Path, ready: impl FnOnce(Result<u32, SpeechError>)) {
        let parameters = LlamaModelParams::default().with_use_mmap(true).with_n_gpu_layers(0);
        let model = match load(path, parameters) {
            Ok(model) => model,
            Err(error) => return ready(Err(error)),
        };
        match Engine::new(&model, self) {
            Ok(mut engine) => {
                ready(Ok(engine.lane.context_tokens()));
                engine.run();
            }
            Err(error) => ready(Err(error)),
        }
    }
}

/// The weights, mapped from the file: every process and context that uses the file shares them.
pub(super) fn load(path: &Path, parameters: LlamaModelParams) -> Result<LlamaModel, SpeechError> {
    file::check(path)?;
    let backend = BACKEND.as_ref().map_err(failed)?;
    let model = LlamaModel::load_from_file(backend, path, &parameters).map_err(|error| {
        let reason = log::last_error().unwrap_or_else(|| error.to_string());
        SpeechError::Unsupported(format!("{} is no language model that can be used: {reason}", path.display()))
    })?;
    if model.n_vocab() < 1 {
        return Err(SpeechError::Unsupported(format!("{} has no vocabulary", path.display())));
    }
    Ok(model)
}

struct Engine<'m> {
    model: &'m LlamaModel,
    /// What computes at present.
    lane: Lane<'m>,
    /// The other width's, once it was needed.
    other: Option<Lane<'m>>,
    vocab: LlamaVocab<'m>,
    prompter: Prompter<'m>,
    candidates: Candidates,
    jobs: Vec<Job>,
    next_order: u64,
    lease: Option<Lease>,
    worker: Worker,
}

/// All threads that are wanted if there are cores for them; half as many otherwise: with one thread too many llama.cpp is
/// ten times slower, not half as fast.
fn threads_for(wide: NonZeroUsize, usable: NonZeroUsize) -> NonZeroUsize {
    if usable >= wide { wide } else { NonZeroUsize::new(wide.get() / 2).unwrap_or(NonZeroUsize::MIN) }
}

impl<'m> Engine<'m> {
    fn new(model: &'m LlamaModel, worker: Worker) -> Result<Self, SpeechError> {
        let lane = Lane::new(model, &worker.settings, worker.wide())?;
        worker.shared.threads.store(lane.threads.get(), Ordering::Relaxed);
        let prompter = Prompter::new(model).map_err(|error| SpeechError::Unsupported(error.to_string()))?;
        Ok(Self {
            model,
            lane,
            other: None,
            vocab: model.vocab(),
            prompter,
            candidates: Candidates::new(),
            jobs: Vec::new(),
            next_order: 0,
            lease: None,
            worker,
        })
    }

    fn run(&mut self) {
        while let Some(request) = self.worker.requests.next() {
            self.take_up(request);
            while !self.jobs.is_empty() {
                if !self.round() {
                    self.wait_for_readers();
                }
            }
            self.lease = None;
        }
    }

    /// A step for everybody who can go on; `false` when nobody can. A panic (llama-cpp-2 has asserts) fails those who are
    /// there, not the engine.
    fn round(&mut self) -> bool {
        self.tidy();
        if self.works().iter().all(|work| work.pending == 0) {
            return false;
        }
        self.borrow_cores();
        self.take_up_all_who_wait();
        if self.lease.is_none() {
            // What was borrowed is not what is needed any more.
            return true;
        }
        // Some time may have passed.
        self.tidy();
        let outcome = catch_unwind(AssertUnwindSafe(|| {
            self.seat()?;
            let shares = plan::step(&self.works(), STEP_TOKENS);
            self.step(&shares)
        }));
        match outcome {
            Ok(Ok(())) => {}
            Ok(Err(error)) => self.fail_all(&error),
            Err(_) => self.fail_all(&failed("it stopped unexpectedly")),
        }
        true
    }

    /// Nobody can go on before a reader has made room, or somebody new comes.
    fn wait_for_readers(&mut self) {
        self.lease = None;
        if self.jobs.len() >= JOBS {
            thread::sleep(READERS_PATIENCE);
        } else if let Some(request) = self.worker.requests.next_within(READERS_PATIENCE) {
            self.take_up(request);
        }
    }

    fn take_up_all_who_wait(&mut self) {
        while self.jobs.len() < JOBS
            && let Some(request) = self.worker.requests.next_within(Duration::ZERO)
        {
            self.take_up(request);
        }
    }

    /// Makes a job of a request. What is wrong with it is told at once.
    fn take_up(&mut self, request: Request) {
        match request {
            Request::Answer(prompt, answers) if !answers.is_unwanted() => {
                let prepared = self.attempt(|engine| engine.prepare_answer(&prompt));
                if let Some((draft, sampler, limit)) = told(prepared, &answers) {
                    let answer = Answer::new(answers, sampler, limit, prompt.grammar.is_none());
                    self.add(draft, prompt.conversation, prompt.priority, Task::Answer(Box::new(answer)));
                }
            }
            Request::Choice(question, answers) if !answers.is_unwanted() => {
                let prepared = self.attempt(|engine| engine.prepare_choice(&question));
                if let Some((draft, candidates)) = told(prepared, &answers) {
                    let choice = Choice { answers: Some(answers), candidates };
                    self.add(draft, question.conversation, question.priority, Task::Choice(choice));
                }
            }
            Request::Answer(..) | Request::Choice(..) => {}
        }
    }

    /// Does something for one request; a panic fails that one.
    fn attempt<T>(&mut self, work: impl FnOnce(&mut Self) -> Result<T, SpeechError>) -> Result<T, SpeechError> {
        let outcome = catch_unwind(AssertUnwindSafe(|| {
            self.adapt()?;
            work(self)
        }));
        outcome.unwrap_or_else(|_| Err(failed("it stopped unexpectedly")))
    }

    fn add(&mut self, draft: Draft, conversation: u64, urgency: Urgency, task: Task) {
        let usage = Usage { prompt_tokens: draft.tokens.len(), dropped_turns: draft.dropped_turns, ..Usage::default() };
        let (order, Draft { tokens, until, .. }) = (self.next_order, draft);
        self.next_order += 1;
        self.jobs.push(Job { order, urgency, conversation, tokens, until, usage, slot: None, was_seated: false, task });
    }

    fn prepare_answer(&self, prompt: &Prompt) -> Result<(Draft, Sampler, usize), SpeechError> {
        let context = usize::try_from(self.lane.context_tokens()).map_err(failed)?;
        // However long the answer may be, half of the context is for the prompt.
        let room = context - prompt.max_tokens.min(context / 2);
        let mut draft = self.prepare(&prompt.messages, prompt.conversation, room)?;
        let limit = prompt.max_tokens.min(context - draft.tokens.len());
        draft.until += limit;
        let sampler = Sampler::new(self.model, prompt.sampling, prompt.grammar.as_ref())?;
        Ok((draft, sampler, limit))
    }

    /// What all candidates begin with, and each one's rest.
    fn prepare_choice(&self, question: &Question) -> Result<(Draft, Vec<Tokens>), SpeechError> {
        question.check()?;
        let context = usize::try_from(self.lane.context_tokens()).map_err(failed)?;
        let tokens_of = |candidate: &Candidate| {
            let mut all = self.prompter.prepare(&candidate.messages, context / 2, 0)?.tokens;
            let answer = all.len();
            all.extend(self.vocab.tokenize(candidate.answer.trim().as_bytes(), false, false));
            Ok(Tokens { all, answer })
        };
        let mut candidates: Vec<Tokens> =
            question.candidates.iter().map(tokens_of).collect::<Result<_, SpeechError>>()?;
        let common = candidates
            .iter()
            .map(|candidate| common_prefix(&candidate.all[..candidate.answer - 1], &candidates[0].all))
            .min()
            .unwrap_or_default();
        if common == 0 {
            return Err(SpeechError::Unsupported("candidates must begin alike".to_owned()));
        }
        let tokens = candidates[0].all[..common].to_vec();
        for candidate in &mut candidates {
            candidate.all.drain(..common);
            candidate.answer -= common;
        }
        let until = common + candidates.iter().map(|candidate| candidate.all.len()).sum::<usize>();
        if until > context {
            return Err(SpeechError::Unsupported("these are too many words to compare: shorten them".to_owned()));
        }
        Ok((Draft { tokens, until, dropped_turns: 0 }, candidates))
    }

    fn prepare(&self, messages: &[Message], conversation: u64, room: usize) -> Result<Draft, SpeechError> {
        let dropped_before = self.lane.dropped_turns(conversation);
        let prepared = self.prompter.prepare(messages, room, dropped_before)?;
        let until = prepared.tokens.len();
        Ok(Draft { tokens: prepared.tokens, until, dropped_turns: prepared.dropped_turns })
    }

    /// Takes the lane whose threads the machine has cores for now. The other one's cache waits until it is taken again;
    /// what is under way is computed anew.
    fn adapt(&mut self) -> Result<(), SpeechError> {
        let threads = threads_for(self.worker.wide(), self.worker.scheduler.usable());
        if threads == self.lane.threads {
            return Ok(());
        }
        let lane = match self.other.take() {
            Some(lane) => lane,
            None => Lane::new(self.model, &self.worker.settings, threads)?,
        };
        tracing::debug!(llm.threads = threads.get(), "other programs' use of the cores has changed");
        self.worker.shared.threads.store(threads.get(), Ordering::Relaxed);
        for slot in self.jobs.iter_mut().filter_map(|job| job.slot.take()) {
            self.lane.release(slot);
        }
        self.lease = None;
        self.other = Some(std::mem::replace(&mut self.lane, lane));
        Ok(())
    }

    /// Waits for cores, or gives way to what is more urgent than all that is to be done here.
    fn borrow_cores(&mut self) {
        let requests = &self.worker.requests;
        let jobs = self.works();
        let urgencies: Vec<Urgency> = (jobs.iter().zip(&self.jobs))
            .filter(|(work, _)| work.pending > 0)
            .map(|(_, job)| job.urgency.clone())
            .collect();
        let priority = || {
            let under_way = urgencies.iter().map(Urgency::now);
            under_way.chain(requests.urgency()).max().unwrap_or(Priority::Batch)
        };
        match &mut self.lease {
            Some(lease) => lease.checkpoint_as(priority),
            None => {
                let width = Width::exactly(self.lane.threads);
                self.lease = Some(self.worker.scheduler.acquire_as(priority, width));
            }
        }
    }

    fn works(&self) -> Vec<Work> {
        self.jobs.iter().map(|job| job.work(job.slot.map_or(0, |slot| self.lane.len(slot)))).collect()
    }

    /// Hands over what there is, lets go of places that are not needed now (whoever waits for a reader finds theirs again
    /// unless somebody needed it), and forgets what is done or unwanted.
    fn tidy(&mut self) {
        self.jobs.retain_mut(|job| {
            let stays = job.hand_over();
            if !stays || !job.can_go_on() {
                job.slot.take().into_iter().for_each(|slot| self.lane.release(slot));
            }
            stays
        });
    }

    /// Gives places in the cache to those who have none, in their order, as far as there are any.
    fn seat(&mut self) -> Result<(), SpeechError> {
        for newcomer in plan::queue(&self.works()) {
            let works = self.works();
            let job = &self.jobs[newcomer];
            let known = self.lane.known(&job.tokens);
            if plan::waits_for_another(&works, newcomer, known, |at| &self.jobs[at].tokens) {
                continue;
            }
            while !self.claim_for(newcomer)? {
                let Some(other) = plan::gives_way_to(&self.works(), newcomer) else { return Ok(()) };
                self.jobs[other].slot.take().into_iter().for_each(|slot| self.lane.release(slot));
            }
        }
        Ok(())
    }

    fn claim_for(&mut self, newcomer: usize) -> Result<bool, SpeechError> {
        let job = &mut self.jobs[newcomer];
        let Some((slot, kept)) = self.lane.claim(job.demand())? else { return Ok(false) };
        job.slot = Some(slot);
        if !std::mem::replace(&mut job.was_seated, true) {
            job.usage.cached_tokens = kept;
        }
        Ok(true)
    }

    /// Computes what the planner says, and goes on with those who have all that they waited for.
    fn step(&mut self, shares: &[Share]) -> Result<(), SpeechError> {
        let mut pieces = Vec::with_capacity(shares.len());
        let mut whole = Vec::with_capacity(shares.len());
        for share in shares {
            let job = &self.jobs[share.work];
            let Some(slot) = job.slot else { continue };
            let computed = self.lane.len(slot);
            let end = computed + share.tokens;
            let is_whole = end == job.tokens.len();
            let with_output = is_whole && matches!(job.task, Task::Answer(_));
            pieces.push(Piece { slot, tokens: &job.tokens[computed..end], with_output });
            whole.push((share.work, is_whole));
        }
        if pieces.is_empty() {
            return Ok(());
        }
        let outputs = self.lane.compute(&pieces)?;
        self.count_steps(1);
        let whole: Vec<(usize, Output)> = whole
            .into_iter()
            .zip(outputs)
            .filter_map(|((job, whole), output)| whole.then_some((job, output)))
            .collect();
        for (job, output) in &whole {
            self.go_on(*job, *output);
        }
        // These are steps of their own, in which the outputs above are lost.
        whole.into_iter().try_for_each(|(job, _)| self.compare(job))
    }

    /// Takes an answer's next token.
    fn go_on(&mut self, job: usize, output: Output) {
        let Job { tokens, usage, task: Task::Answer(answer), .. } = &mut self.jobs[job] else { return };
        let logits = self.lane.logits(output);
        if let Err(error) = answer.go_on(tokens, usage, logits, &self.vocab, &mut self.candidates) {
            self.jobs[job].fail(error);
        }
    }

    /// Tries a question's candidates out, and gives the result.
    fn compare(&mut self, job: usize) -> Result<(), SpeechError> {
        let Job { task: Task::Choice(choice), slot: Some(slot), usage, .. } = &mut self.jobs[job] else {
            return Ok(());
        };
        let candidates = &choice.candidates;
        let trials: Vec<Trial<'_>> = candidates
            .iter()
            .map(|it| Trial { tokens: &it.all[..it.all.len() - 1], outputs_from: it.answer - 1 })
            .collect();
        let score = |it: &Tokens| Score { log_probability: 0.0, tokens: it.all.len() - it.answer };
        let mut scores: Vec<Score> = candidates.iter().map(score).collect();
        let steps = self.lane.try_out(*slot, &trials, |trial, at, logits| {
            let next = candidates[trial].all[at + 1];
            scores[trial].log_probability += Distribution::new(logits).log_probability(next);
        })?;
        choice.give(Ok(Scores { scores, usage: *usage }));
        self.count_steps(steps);
        Ok(())
    }

    fn count_steps(&self, steps: u64) {
        self.worker.shared.steps.fetch_add(steps, Ordering::Relaxed);
    }

    /// Something failed that concerns everybody who computes: nobody's place can be trusted.
    fn fail_all(&mut self, error: &SpeechError) {
        self.lane.clear();
        for job in &mut self.jobs {
            job.slot = None;
            if !job.is_over() {
                job.fail(error.clone());
            }
        }
    }
}

/// What of a job is made from its messages.
struct Draft {
    tokens: Vec<LlamaToken>,
    until: usize,
    dropped_turns: usize,
}

/// What was prepared, or nothing, if who waits was told why.
fn told<T, A>(prepared: Result<T, SpeechError>, answers: &Answers<A>) -> Option<T> {
    prepared
        .inspect_err(|error| {
            tracing::debug!(%error, "no answer");
            // The channel is new: there is room for one. Nobody there to hear it: nothing to do.
            drop(answers.offer(Err(error.clone())));
        })
        .ok()
}
