//! The engine's thread: owns the model's context, takes requests one by one, and computes.
//!
//! Between two steps (a piece of a prompt, or one token) it steps aside for more urgent work and looks whether anybody
//! still wants the answer. Cache, prompt and text are decided elsewhere; a step over several answers at once needs a
//! list of [`Answer`]s in place of one, and a batch with a token of each.

use std::{
    num::{NonZeroU32, NonZeroUsize},
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
    sync::{
        Arc, LazyLock,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
};

use llama_cpp_2::{
    DecodeError,
    context::{LlamaContext, params::LlamaContextParams},
    llama_backend::LlamaBackend,
    llama_batch::LlamaBatch,
    model::{LlamaModel, params::LlamaModelParams},
    token::LlamaToken,
    vocab::LlamaVocab,
};

use super::{
    Settings,
    cache::{Claim, Slots},
    failed, file, log,
    prompt::Prompter,
    reply::{self, Reply},
    sampler::Sampler,
};
use crate::speech::{
    Chunk, Prompt, SpeechError, Usage,
    scheduler::{Answers, Lease, Requests, Scheduler, Unwanted, Width},
};

/// Tokens of a prompt that are computed at once: an answer that nobody wants any more stops within one such step
/// (0.1 to 0.3 s with the starter model). Larger pieces are hardly faster on a CPU.
const STEP_TOKENS: usize = 64;
/// Conversations that keep their place in the cache.
const CONVERSATIONS: usize = 8;

/// Someone waits for this.
#[derive(Debug)]
pub(super) struct Request {
    pub(super) prompt: Prompt,
    pub(super) answer: Answers<Chunk>,
}

/// What the engine's thread shares with its handles.
#[derive(Debug, Default)]
pub(super) struct Shared {
    /// Steps computed so far.
    pub(super) steps: AtomicU64,
    /// Threads that computed last.
    pub(super) threads: AtomicUsize,
}

/// Why an answer ends before its end.
#[derive(Debug)]
enum Stop {
    /// Nobody wants it any more.
    Cancelled,
    Failed(SpeechError),
}

impl From<SpeechError> for Stop {
    fn from(error: SpeechError) -> Self {
        Self::Failed(error)
    }
}

/// llama.cpp's own set-up, once for the process.
static BACKEND: LazyLock<Result<LlamaBackend, String>> = LazyLock::new(|| {
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
                ready(Ok(engine.lane.context.n_ctx()));
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
    /// What answers at present.
    lane: Lane<'m>,
    /// The other width's, once it was needed.
    other: Option<Lane<'m>>,
    vocab: LlamaVocab<'m>,
    prompter: Prompter<'m>,
    batch: LlamaBatch<'static>,
    /// Models with a recurrent state cannot take over a part of another sequence.
    can_share: bool,
    worker: Worker,
}

/// A context for one number of threads, which is fixed when it is made, with its own cache.
struct Lane<'m> {
    context: LlamaContext<'m>,
    slots: Slots<LlamaToken>,
    threads: NonZeroUsize,
}

/// One answer under way.
struct Answer<'a> {
    request: &'a Request,
    lease: Option<Lease>,
    slot: usize,
    usage: Usage,
}

/// All threads that are wanted if there are cores for them; half as many otherwise: with one thread too many llama.cpp is
/// ten times slower, not half as fast.
fn threads_for(wide: NonZeroUsize, usable: NonZeroUsize) -> NonZeroUsize {
    if usable >= wide { wide } else { NonZeroUsize::new(wide.get() / 2).unwrap_or(NonZeroUsize::MIN) }
}

impl<'m> Lane<'m> {
    fn new(model: &'m LlamaModel, settings: &Settings, threads: NonZeroUsize) -> Result<Self, SpeechError> {
        let backend = BACKEND.as_ref().map_err(failed)?;
        let thread_count = i32::try_from(threads.get()).map_err(failed)?;
        let step = u32::try_from(STEP_TOKENS).map_err(failed)?;
        let parameters = LlamaContextParams::default()
            .with_n_ctx(NonZeroU32::new(settings.context_tokens.get().min(model.n_ctx_train())))
            .with_n_batch(step)
            .with_n_ubatch(step)
            .with_n_seq_max(u32::try_from(CONVERSATIONS).map_err(failed)?)
            .with_kv_unified(true)
            .with_flash_attention_policy(llama_cpp_sys_2::LLAMA_FLASH_ATTN_TYPE_ENABLED)
            .with_n_threads(thread_count)
            .with_n_threads_batch(thread_count)
            .with_no_perf(true);
        let context = model
            .new_context(backend, parameters)
            .map_err(|error| failed(log::last_error().unwrap_or_else(|| error.to_string())))?;
        Ok(Self { context, slots: Slots::new(CONVERSATIONS), threads })
    }
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
            batch: LlamaBatch::new(STEP_TOKENS, 1),
            can_share: !model.is_recurrent() && !model.is_hybrid(),
            worker,
        })
    }

    /// Takes the lane whose threads the machine has cores for now. The other one's cache waits until it is taken again.
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
        self.other = Some(std::mem::replace(&mut self.lane, lane));
        Ok(())
    }

    fn run(&mut self) {
        while let Some(request) = self.worker.requests.next() {
            if !request.answer.is_unwanted() {
                self.serve(&request);
            }
        }
    }

    /// Answers one request. A panic (llama-cpp-2 has asserts) fails that request, not the engine.
    fn serve(&mut self, request: &Request) {
        let outcome = catch_unwind(AssertUnwindSafe(|| self.answer(request)));
        let error = match outcome {
            Ok(Ok(()) | Err(Stop::Cancelled)) => return,
            Ok(Err(Stop::Failed(error))) => error,
            Err(_) => {
                self.lane.slots.clear();
                self.lane.context.clear_kv_cache();
                failed("it stopped unexpectedly")
            }
        };
        tracing::debug!(%error, "no answer");
        // Nobody there to hear it: nothing to do.
        let _ = request.answer.send(Err(error));
    }

    fn answer(&mut self, request: &Request) -> Result<(), Stop> {
        self.adapt()?;
        let prompt = &request.prompt;
        let context = usize::try_from(self.lane.context.n_ctx()).map_err(failed)?;
        // However long the answer may be, half of the context is for the prompt.
        let room = context - prompt.max_tokens.min(context / 2);
        let dropped_before = self.lane.slots.dropped_turns(prompt.conversation);
        let prepared = self.prompter.prepare(&prompt.messages, room, dropped_before)?;
        let lease = self.worker.scheduler.acquire(prompt.priority, Width::exactly(self.lane.threads));
        let claim = self.lane.slots.claim(prompt.conversation, &prepared.tokens, self.can_share);
        let kept = self.take_over(&claim)?;
        self.lane.slots.slot_mut(claim.slot).dropped_turns = prepared.dropped_turns;
        let usage = Usage {
            prompt_tokens: prepared.tokens.len(),
            cached_tokens: kept,
            dropped_turns: prepared.dropped_turns,
            ..Usage::default()
        };
        let mut answer = Answer { request, lease: Some(lease), slot: claim.slot, usage };
        for tokens in prepared.tokens[kept..].chunks(STEP_TOKENS) {
            self.step(&mut answer, tokens)?;
        }
        let limit = prompt.max_tokens.min(context - prepared.tokens.len());
        self.generate(&mut answer, limit)?;
        let usage = answer.usage;
        self.send(&mut answer, Chunk::Done(usage))
    }

    /// Brings llama.cpp's cache to what the claim says; gives how many tokens are there now.
    fn take_over(&mut self, claim: &Claim) -> Result<usize, SpeechError> {
        let sequence = i32::try_from(claim.slot).map_err(failed)?;
        let kept = u32::try_from(claim.kept).map_err(failed)?;
        if let Some(source) = claim.copied_from {
            self.remove(sequence, 0)?;
            let source = i32::try_from(source).map_err(failed)?;
            self.lane.context.kv_cache_seq_cp(source, sequence, Some(0), Some(kept)).map_err(failed)?;
        } else if self.remove(sequence, kept).is_err() {
            // A recurrent state cannot be taken back in part: from the beginning, then.
            self.remove(sequence, 0)?;
            self.lane.slots.slot_mut(claim.slot).tokens.clear();
            return Ok(0);
        }
        Ok(claim.kept)
    }

    /// Removes a sequence from position `from` on.
    fn remove(&mut self, sequence: i32, from: u32) -> Result<(), SpeechError> {
        self.lane.context.kv_cache_seq_rm(sequence, Some(from), None).map_err(failed)
    }

    /// Makes tokens until the model ends the answer, or `limit`, or nonsense.
    fn generate(&mut self, answer: &mut Answer<'_>, limit: usize) -> Result<(), Stop> {
        let mut sampler = Sampler::new(answer.request.prompt.sampling);
        let mut text = Reply::default();
        let mut made = Vec::new();
        while made.len() < limit {
            let token = sampler.choose(&self.lane.context, self.batch.n_tokens() - 1)?;
            if self.vocab.is_eog(token) {
                break;
            }
            made.push(token);
            answer.usage.generated_tokens = made.len();
            let free = text.push(&self.vocab.token_to_piece(token, false, None));
            self.send_text(answer, free)?;
            if text.ended() || reply::ends_in_a_loop(&made) {
                break;
            }
            if made.len() == limit {
                answer.usage.truncated = true;
                break;
            }
            self.step(answer, &[token])?;
        }
        let looped = reply::ends_in_a_loop(&made);
        let rest = text.finish(answer.usage.truncated || looped);
        self.send_text(answer, rest)
    }

    /// Computes the next tokens of the answer's sequence; the last one's output can be sampled then.
    fn step(&mut self, answer: &mut Answer<'_>, tokens: &[LlamaToken]) -> Result<(), Stop> {
        if let Some(lease) = &mut answer.lease {
            lease.checkpoint();
        }
        if answer.request.answer.is_unwanted() {
            return Err(Stop::Cancelled);
        }
        let sequence = i32::try_from(answer.slot).map_err(failed)?;
        let position = self.lane.slots.slot_mut(answer.slot).tokens.len();
        self.batch.clear();
        for (index, token) in tokens.iter().enumerate() {
            let position = i32::try_from(position + index).map_err(failed)?;
            self.batch.add(*token, position, &[sequence], index + 1 == tokens.len()).map_err(failed)?;
        }
        if let Err(error) = self.decode(answer.slot) {
            self.lane.slots.empty(answer.slot);
            self.remove(sequence, 0)?;
            return Err(error.into());
        }
        self.lane.slots.slot_mut(answer.slot).tokens.extend_from_slice(tokens);
        Ok(())
    }

    /// Computes the batch. While the cache is full, the conversations unused for longest lose their place in it.
    fn decode(&mut self, slot: usize) -> Result<(), SpeechError> {
        loop {
            match self.lane.context.decode(&mut self.batch) {
                Ok(()) => break,
                Err(DecodeError::NoKvCacheSlot) => {
                    let evicted = self.lane.slots.evict(slot).ok_or_else(|| failed("the cache is too small"))?;
                    self.remove(i32::try_from(evicted).map_err(failed)?, 0)?;
                }
                Err(error) => return Err(failed(log::last_error().unwrap_or_else(|| error.to_string()))),
            }
        }
        self.worker.shared.steps.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }

    fn send_text(&mut self, answer: &mut Answer<'_>, text: String) -> Result<(), Stop> {
        if text.is_empty() { Ok(()) } else { self.send(answer, Chunk::Text(text)) }
    }

    /// Hands a piece over. While a slow reader has no room for it, others may have the cores.
    fn send(&mut self, answer: &mut Answer<'_>, chunk: Chunk) -> Result<(), Stop> {
        if let Some(unsent) = answer.request.answer.offer(Ok(chunk)).map_err(|Unwanted| Stop::Cancelled)? {
            answer.lease = None;
            answer.request.answer.send(unsent).map_err(|Unwanted| Stop::Cancelled)?;
        }
        if answer.lease.is_none() {
            answer.lease =
                Some(self.worker.scheduler.acquire(answer.request.prompt.priority, Width::exactly(self.lane.threads)));
        }
        Ok(())
    }
}
