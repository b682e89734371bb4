//! A llama.cpp context with its cache: all that touches it.

use std::num::{NonZeroU32, NonZeroUsize};

use llama_cpp_2::{
    DecodeError,
    context::{LlamaContext, params::LlamaContextParams},
    llama_batch::LlamaBatch,
    model::LlamaModel,
    token::LlamaToken,
};

use super::{
    Settings,
    cache::{Claim, Demand, Slots},
    engine::BACKEND,
    failed, log,
};
use crate::speech::{MOST_CANDIDATES, SpeechError};

/// Tokens that are computed at once: an answer that nobody wants any more stops within one such step (0.1 to 0.3 s with
/// the starter model). Larger pieces are hardly faster on a CPU; and from 64 on, ggml's attention takes another way that
/// rounds differently (`GGML_FA_TILE_Q`): below, what is computed for one does not depend on who else is in the step.
pub(super) const STEP_TOKENS: usize = 63;
/// Conversations that keep their place in the cache.
const CONVERSATIONS: usize = 16;
/// The first of the sequences in which candidates are tried, behind those of the slots.
const TRIALS: usize = Slots::<LlamaToken>::count(CONVERSATIONS);

/// A context for one number of threads, which is fixed when it is made, with its own cache.
#[derive(Debug)]
pub(super) struct Lane<'m> {
    context: LlamaContext<'m>,
    slots: Slots<LlamaToken>,
    batch: LlamaBatch<'static>,
    pub(super) threads: NonZeroUsize,
}

/// Tokens to compute at the end of a slot.
#[derive(Clone, Copy, Debug)]
pub(super) struct Piece<'t> {
    pub(super) slot: usize,
    pub(super) tokens: &'t [LlamaToken],
    /// Whether what follows the last of them is wanted.
    pub(super) with_output: bool,
}

/// Tokens that might follow those of a slot.
#[derive(Clone, Copy, Debug)]
pub(super) struct Trial<'t> {
    pub(super) tokens: &'t [LlamaToken],
    /// What follows the tokens before this one is not of interest.
    pub(super) outputs_from: usize,
}

/// A place in the batch, whose output can be read until the next one is computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Output(i32);

impl<'m> Lane<'m> {
    pub(super) fn new(model: &'m LlamaModel, settings: &Settings, threads: NonZeroUsize) -> Result<Self, SpeechError> {
        let backend = BACKEND.as_ref().map_err(failed)?;
        let thread_count = i32::try_from(threads.get()).map_err(failed)?;
        let step = u32::try_from(STEP_TOKENS).map_err(failed)?;
        let parameters = LlamaContextParams::default()
            .with_n_ctx(NonZeroU32::new(settings.context_tokens.get().min(model.n_ctx_train())))
            .with_n_batch(step)
            .with_n_ubatch(step)
            .with_n_seq_max(u32::try_from(TRIALS + MOST_CANDIDATES).map_err(failed)?)
            .with_kv_unified(true)
            .with_flash_attention_policy(llama_cpp_sys_2::LLAMA_FLASH_ATTN_TYPE_ENABLED)
            .with_n_threads(thread_count)
            .with_n_threads_batch(thread_count)
            .with_no_perf(true);
        let context = model
            .new_context(backend, parameters)
            .map_err(|error| failed(log::last_error().unwrap_or_else(|| error.to_string())))?;
        // Models with a recurrent state cannot take over a part of another sequence.
        let can_share = !model.is_recurrent() && !model.is_hybrid();
        let slots = Slots::new(CONVERSATIONS, context.n_ctx(), can_share);
        Ok(Self { context, slots, batch: LlamaBatch::new(STEP_TOKENS, 1), threads })
    }

    /// The longest prompt and answer together.
    pub(super) fn context_tokens(&self) -> u32 {
        self.context.n_ctx()
    }

    /// How many tokens a slot holds.
    pub(super) fn len(&self, slot: usize) -> usize {
        self.slots.len(slot)
    }

    /// How many of `tokens` are in the cache.
    pub(super) fn known(&self, tokens: &[LlamaToken]) -> usize {
        self.slots.known(tokens)
    }

    /// How many turns `conversation` left out last time.
    pub(super) fn dropped_turns(&self, conversation: u64) -> usize {
        self.slots.dropped_turns(conversation)
    }

    /// A slot for `demand`, and how many of its tokens are there already; `None` while there is no room.
    pub(super) fn claim(&mut self, demand: Demand<'_, LlamaToken>) -> Result<Option<(usize, usize)>, SpeechError> {
        let Some(claim) = self.slots.claim(demand) else { return Ok(None) };
        Ok(Some((claim.slot, self.take_over(&claim)?)))
    }

    /// Whoever computed in the slot is done.
    pub(super) fn release(&mut self, slot: usize) {
        self.slots.release(slot);
    }

    /// Forgets everything.
    pub(super) fn clear(&mut self) {
        self.slots.clear();
        self.context.clear_kv_cache();
    }

    /// What the model says of the token after `output`: a logit for each token there is.
    pub(super) fn logits(&self, output: Output) -> &[f32] {
        self.context.get_logits_ith(output.0)
    }

    /// Computes `pieces`, together [`STEP_TOKENS`] at most, in one step; gives each one's output.
    pub(super) fn compute(&mut self, pieces: &[Piece<'_>]) -> Result<Vec<Output>, SpeechError> {
        self.make_room(pieces.iter().map(|piece| piece.tokens.len()).sum())?;
        self.batch.clear();
        let mut outputs = Vec::with_capacity(pieces.len());
        for piece in pieces {
            let (position, last) = (self.slots.len(piece.slot), piece.tokens.len().saturating_sub(1));
            for (index, token) in piece.tokens.iter().enumerate() {
                self.add(*token, position + index, piece.slot, piece.with_output && index == last)?;
            }
            outputs.push(Output(self.batch.n_tokens() - 1));
        }
        self.decode()?;
        for piece in pieces {
            self.slots.append(piece.slot, piece.tokens);
        }
        Ok(outputs)
    }

    /// Computes what might follow a slot's tokens, `trials` beside each other, [`MOST_CANDIDATES`] at most. `read` gets
    /// what the model says after each token whose output is wanted: the trial's number, the token's in it, and the
    /// logits. The slot stays as it is. Gives how many steps it took.
    pub(super) fn try_out(
        &mut self,
        slot: usize,
        trials: &[Trial<'_>],
        read: impl FnMut(usize, usize, &[f32]),
    ) -> Result<u64, SpeechError> {
        for sequence in (TRIALS..).take(trials.len()) {
            self.copy(slot, sequence, self.slots.len(slot))?;
        }
        let computed = self.compute_trials(self.slots.len(slot), trials, read);
        for sequence in (TRIALS..).take(trials.len()) {
            self.remove(sequence, 0)?;
        }
        computed
    }

    fn compute_trials(
        &mut self,
        position: usize,
        trials: &[Trial<'_>],
        mut read: impl FnMut(usize, usize, &[f32]),
    ) -> Result<u64, SpeechError> {
        let all = || (0..trials.len()).flat_map(|trial| (0..trials[trial].tokens.len()).map(move |at| (trial, at)));
        self.make_room(all().count())?;
        let places: Vec<(usize, usize)> = all().collect();
        let mut steps = 0;
        for step in places.chunks(STEP_TOKENS) {
            self.batch.clear();
            for (trial, at) in step {
                let is_wanted = *at >= trials[*trial].outputs_from;
                self.add(trials[*trial].tokens[*at], position + at, TRIALS + trial, is_wanted)?;
            }
            self.decode()?;
            steps += 1;
            for (place, (trial, at)) in (0..).zip(step) {
                if *at >= trials[*trial].outputs_from {
                    read(*trial, *at, self.context.get_logits_ith(place));
                }
            }
        }
        Ok(steps)
    }

    fn add(&mut self, token: LlamaToken, position: usize, sequence: usize, output: bool) -> Result<(), SpeechError> {
        let position = i32::try_from(position).map_err(failed)?;
        self.batch.add(token, position, &[number(sequence)?], output).map_err(failed)
    }

    /// Computes the batch.
    fn decode(&mut self) -> Result<(), SpeechError> {
        loop {
            match self.context.decode(&mut self.batch) {
                Ok(()) => return Ok(()),
                // Some architectures' caches have fewer places than we count.
                Err(DecodeError::NoKvCacheSlot) => {
                    let evicted = self.slots.evict().ok_or_else(|| failed("the cache is too small"))?;
                    self.remove(evicted, 0)?;
                }
                Err(error) => return Err(failed(log::last_error().unwrap_or_else(|| error.to_string()))),
            }
        }
    }

    /// While there is no room for `tokens` more, the conversations unused for longest lose their place.
    fn make_room(&mut self, tokens: usize) -> Result<(), SpeechError> {
        while let Some(evicted) = self.slots.evict_for(tokens) {
            self.remove(evicted, 0)?;
        }
        Ok(())
    }

    /// Brings llama.cpp's cache to what the claim says; gives how many tokens are there now.
    fn take_over(&mut self, claim: &Claim) -> Result<usize, SpeechError> {
        if let Some(source) = claim.copied_from {
            for slot in claim.kept_in.into_iter().chain([claim.slot]) {
                self.remove(slot, 0)?;
                self.copy(source, slot, claim.kept)?;
            }
        } else if self.remove(claim.slot, claim.kept).is_err() {
            // A recurrent state cannot be taken back in part: from the beginning, then.
            self.remove(claim.slot, 0)?;
            self.slots.truncate(claim.slot, 0);
            return Ok(0);
        }
        Ok(claim.kept)
    }

    /// Lets a sequence begin with another's first `length` tokens. Nothing is moved: both have the same places.
    fn copy(&mut self, from: usize, to: usize, length: usize) -> Result<(), SpeechError> {
        let length = u32::try_from(length).map_err(failed)?;
        self.context.kv_cache_seq_cp(number(from)?, number(to)?, Some(0), Some(length)).map_err(failed)
    }

    /// Removes a sequence from position `from` on.
    fn remove(&mut self, sequence: usize, from: usize) -> Result<(), SpeechError> {
        let from = u32::try_from(from).map_err(failed)?;
        self.context.kv_cache_seq_rm(number(sequence)?, Some(from), None).map_err(failed)
    }
}

/// A sequence as llama.cpp counts them.
fn number(sequence: usize) -> Result<i32, SpeechError> {
    i32::try_from(sequence).map_err(failed)
}
