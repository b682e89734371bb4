//! Chooses the next token, within a grammar if there is one; and tells how likely a token is.

use llama_cpp_2::{
    model::LlamaModel,
    sampling::LlamaSampler,
    token::{LlamaToken, data::LlamaTokenData, data_array::LlamaTokenDataArray},
};

use super::failed;
use crate::speech::{Grammar, Sampling, SpeechError, grammar::ROOT};

/// One answer's way of choosing.
#[derive(Debug)]
pub(super) struct Sampler {
    chain: LlamaSampler,
    grammar: Option<LlamaSampler>,
}

/// What there is to choose from: as long as the vocabulary, so it is kept, and shared by all answers.
#[derive(Debug)]
pub(super) struct Candidates(LlamaTokenDataArray);

impl Candidates {
    pub(super) fn new() -> Self {
        Self(LlamaTokenDataArray::new(Vec::new(), false))
    }

    /// All tokens, the first being number 0.
    fn fill(&mut self, logits: &[f32]) {
        self.0.data.clear();
        self.0.data.extend((0..).zip(logits).map(|(id, logit)| LlamaTokenData::new(LlamaToken(id), *logit, 0.0)));
        (self.0.selected, self.0.sorted) = (None, false);
    }

    /// The token that `chain` takes, if any is possible.
    fn choose(&mut self, chain: &mut LlamaSampler) -> Option<LlamaToken> {
        chain.apply(&mut self.0);
        let chosen = self.0.data.get(self.0.selected?)?;
        (chosen.logit() > f32::NEG_INFINITY).then(|| chosen.id())
    }
}

impl Sampler {
    /// # Errors
    /// [`SpeechError::Unsupported`] when llama.cpp does not take the grammar: [`Grammar`] is stricter, as far as we know.
    pub(super) fn new(model: &LlamaModel, sampling: Sampling, grammar: Option<&Grammar>) -> Result<Self, SpeechError> {
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
        let grammar = grammar.map(|grammar| LlamaSampler::grammar(model, grammar.source(), ROOT)).transpose();
        let grammar = grammar.map_err(|_| SpeechError::Unsupported("llama.cpp cannot use this grammar".to_owned()))?;
        Ok(Self { chain, grammar })
    }

    /// Chooses by the model's output.
    ///
    /// # Errors
    /// When no token is possible.
    pub(super) fn choose(&mut self, logits: &[f32], candidates: &mut Candidates) -> Result<LlamaToken, SpeechError> {
        candidates.fill(logits);
        let mut token = candidates.choose(&mut self.chain);
        if let Some(grammar) = &mut self.grammar
            && !token.is_some_and(|token| is_possible(grammar, token))
        {
            // To look at the whole vocabulary takes a millisecond or so: only where it must be.
            candidates.fill(logits);
            grammar.apply(&mut candidates.0);
            token = candidates.choose(&mut self.chain);
        }
        token.ok_or_else(|| failed("no next token is possible"))
    }

    /// The answer goes on with `token`, which does not end it. (`LlamaSampler::sample` would do this where no exception is
    /// caught, and a grammar throws when it has come to a dead end.)
    ///
    /// # Errors
    /// When the grammar does not allow it. The answer is over then: asked again, llama.cpp would end the process.
    pub(super) fn accept(&mut self, token: LlamaToken) -> Result<(), SpeechError> {
        self.chain.try_accept(token).map_err(failed)?;
        self.grammar.as_mut().map_or(Ok(()), |grammar| grammar.try_accept(token).map_err(failed))
    }
}

/// Whether the answer may go on with `token`, or end with it.
fn is_possible(grammar: &mut LlamaSampler, token: LlamaToken) -> bool {
    let mut alone = LlamaTokenDataArray::new(vec![LlamaTokenData::new(token, 0.0, 0.0)], false);
    grammar.apply(&mut alone);
    alone.data.first().is_some_and(|candidate| candidate.logit() > f32::NEG_INFINITY)
}

/// The model's output as probabilities.
#[derive(Clone, Copy, Debug)]
pub(super) struct Distribution<'l> {
    logits: &'l [f32],
    /// The logarithm of what all tokens' weights are together.
    total: f32,
}

impl<'l> Distribution<'l> {
    pub(super) fn new(logits: &'l [f32]) -> Self {
        let highest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let sum: f64 = logits.iter().map(|logit| f64::from(logit - highest).exp()).sum();
        Self { logits, total: highest + sum.ln() as f32 }
    }

    /// The natural logarithm of the probability of `token`.
    pub(super) fn log_probability(&self, token: LlamaToken) -> f32 {
        let logit = usize::try_from(token.0).ok().and_then(|token| self.logits.get(token));
        logit.map_or(f32::NEG_INFINITY, |logit| logit - self.total)
    }
}

#[cfg(test)]
mod tests {
    use llama_cpp_2::model::params::LlamaModelParams;
    use proptest::{prelude::*, strategy::ValueTree, string::string_regex, test_runner::TestRunner};

    use super::{super::engine, *};
    use crate::testing::model;

    /// The starter model's vocabulary, without its weights.
    fn vocabulary() -> LlamaModel {
        let path = model("SmolLM2-135M-Instruct.Q4_1.gguf");
        engine::load(&path, LlamaModelParams::default().with_vocab_only(true)).unwrap()
    }

    #[test]
    fn what_is_possible_is_chosen_and_dead_ends_are_told() {
        let model = vocabulary();
        let grammar = Grammar::new("root ::= \"yes\" | \"yellow\"").unwrap();
        let mut sampler = Sampler::new(&model, Sampling::default(), Some(&grammar)).unwrap();
        let (vocab, mut candidates) = (model.vocab(), Candidates::new());
        let id = |text: &str| vocab.tokenize(text.as_bytes(), false, false)[0];
        let mut logits = vec![0.0; usize::try_from(vocab.n_tokens()).unwrap()];
        logits[id("no").0 as usize] = 9.0;
        logits[id("yes").0 as usize] = 1.0;
        assert_eq!(sampler.choose(&logits, &mut candidates).unwrap(), id("yes"), "not what is likeliest");
        sampler.accept(id("yes")).unwrap();
        assert!(vocab.is_eog(sampler.choose(&logits, &mut candidates).unwrap()), "nothing can follow");
        assert!(sampler.choose(&vec![f32::NEG_INFINITY; logits.len()], &mut candidates).is_err());
        assert!(sampler.accept(id("no")).is_err());
    }

    #[test]
    fn llama_takes_what_was_checked() {
        let model = vocabulary();
        let mut runner = TestRunner::deterministic();
        let symbol =
            "(root|a|b|\"x\"|\"\"|\\[\\^?a-f0-9\\]|[.]|[(](a|b|\"y\")? [|] b[)])([*]|[+]|[?]|[{]2,3[}]|[{]3[}])?";
        let rule = format!("({symbol} ?){{0,3}}( [|] {symbol})?");
        let source = format!("root ::= {rule}\na ::= {rule}\nb ::= {rule}\n");
        let mut taken = 0;
        for _ in 0..300 {
            let source = string_regex(&source).unwrap().new_tree(&mut runner).unwrap().current();
            if let Ok(grammar) = Grammar::new(&source) {
                taken += 1;
                assert!(Sampler::new(&model, Sampling::default(), Some(&grammar)).is_ok(), "{source}");
            }
        }
        assert!(taken > 20, "{taken} of 300");
    }

    #[test]
    fn probabilities_are_those_of_the_softmax_function() {
        let logits = [1.0, 3.0, 2.0, f32::NEG_INFINITY];
        let distribution = Distribution::new(&logits);
        for (token, expected) in [(0, 0.0900), (1, 0.6652), (2, 0.2447), (3, 0.0), (4, 0.0), (-1, 0.0)] {
            let probability = distribution.log_probability(LlamaToken(token)).exp();
            assert!((probability - expected).abs() < 1e-4, "{token}: {probability}");
        }
    }
}
