//! Chooses the next token.

use llama_cpp_2::{
    context::LlamaContext,
    sampling::LlamaSampler,
    token::{LlamaToken, data::LlamaTokenData, data_array::LlamaTokenDataArray},
};

use crate::speech::{Sampling, SpeechError};

/// One answer's way of choosing.
#[derive(Debug)]
pub(super) struct Sampler {
    chain: LlamaSampler,
    /// Kept from token to token: it is as long as the vocabulary.
    candidates: LlamaTokenDataArray,
}

impl Sampler {
    pub(super) fn new(sampling: Sampling) -> Self {
        // A temperature that is not a number is not above 0 either.
        let chain = if sampling.temperature > 0.0 {
            let steps = [
                LlamaSampler::top_p(sampling.top_p.clamp(0.0, 1.0), 1),
                LlamaSampler::temp(sampling.temperature),
                LlamaSampler::dist(sampling.seed),
            ];
            LlamaSampler::chain(steps, true)
        } else {
            LlamaSampler::chain([LlamaSampler::greedy()], true)
        };
        Self { chain, candidates: LlamaTokenDataArray::new(Vec::new(), false) }
    }

    /// Chooses after the `output`th token of the batch that was computed last.
    ///
    /// # Errors
    /// When no token is possible. (`LlamaSampler::sample` would not say so: it accepts the token where no exception is
    /// caught, and a grammar, once there is one, throws when it has come to a dead end.)
    pub(super) fn choose(&mut self, context: &LlamaContext<'_>, output: i32) -> Result<LlamaToken, SpeechError> {
        self.candidates.data.clear();
        let logits = context.get_logits_ith(output);
        let candidates = (0..).zip(logits).map(|(id, logit)| LlamaTokenData::new(LlamaToken(id), *logit, 0.0));
        self.candidates.data.extend(candidates);
        (self.candidates.selected, self.candidates.sorted) = (None, false);
        self.chain.apply(&mut self.candidates);
        let token = self.candidates.selected_token().ok_or_else(|| super::failed("no next token is possible"))?;
        self.chain.try_accept(token).map_err(super::failed)?;
        Ok(token)
    }
}
