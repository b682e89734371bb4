//! Choosing among given answers: how likely a language model finds each, without its making any.

use super::{Results, SpeechError, Urgency, Usage};
use crate::domain::Message;

/// Choices of one [`Question`] at most.
pub const MOST_CHOICES: usize = 16;
/// The longest choice, in bytes.
pub const LONGEST_CHOICE: usize = 128;

/// Some ways in which a conversation may go on, to be told apart.
#[derive(Clone, Debug)]
pub struct Question {
    /// System message first, then the turns; the last one is the caller's.
    pub messages: Vec<Message>,
    /// Which conversation this belongs to: its prefix stays in the model's cache between turns.
    pub conversation: u64,
    /// What the model may answer, word for word: up to [`MOST_CHOICES`], each up to [`LONGEST_CHOICE`] bytes. What they
    /// have in common with each other tells nothing; short ones that begin differently are told apart best, and fastest.
    pub choices: Vec<String>,
    /// How urgent it is; may be raised while it is under way.
    pub priority: Urgency,
}

impl Question {
    /// Whether it can be answered at all.
    ///
    /// # Errors
    /// [`SpeechError::Unsupported`] when there are no choices or too many, or one that is empty or too long.
    pub fn check(&self) -> Result<(), SpeechError> {
        let refuse = |why: String| Err(SpeechError::Unsupported(why));
        if self.choices.is_empty() || self.choices.len() > MOST_CHOICES {
            return refuse(format!("a question has 1 to {MOST_CHOICES} choices, not {}", self.choices.len()));
        }
        if self.choices.iter().any(|choice| choice.trim().is_empty() || choice.len() > LONGEST_CHOICE) {
            return refuse(format!("a choice has 1 to {LONGEST_CHOICE} bytes"));
        }
        Ok(())
    }
}

/// How likely each choice of a [`Question`] is.
#[derive(Clone, Debug, PartialEq)]
pub struct Scores {
    /// In the order of the question's choices.
    pub scores: Vec<Score>,
    /// What it cost; nothing was generated.
    pub usage: Usage,
}

/// How likely one choice is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Score {
    /// Natural logarithm of the probability that the model answers exactly this and then stops.
    pub log_probability: f32,
    /// Tokens of the choice, and the one that ends an answer.
    pub tokens: usize,
}

impl Scores {
    /// Each choice's share of the probability that all of them have together: 0.0 to 1.0, together 1.0. How far such a
    /// share can be trusted depends on the model: see docs/benchmarks.md.
    pub fn shares(&self) -> Vec<f32> {
        shares(self.scores.iter().map(|score| score.log_probability))
    }

    /// The same, relative to how likely each choice was when nothing had been said: `prior` has the scores of the same
    /// choices after an empty answer. What a model likes to say anyway, it says after everything.
    ///
    /// Holtzman et al., "Surface Form Competition" (2021), <https://arxiv.org/abs/2104.08315>.
    pub fn shares_beyond(&self, prior: &Self) -> Vec<f32> {
        let differences = self.scores.iter().zip(&prior.scores);
        shares(differences.map(|(score, prior)| score.log_probability - prior.log_probability))
    }
}

/// The softmax function.
fn shares(logarithms: impl Iterator<Item = f32> + Clone) -> Vec<f32> {
    let highest = logarithms.clone().fold(f32::NEG_INFINITY, f32::max);
    let weights: Vec<f32> = logarithms.map(|logarithm| (logarithm - highest).exp()).collect();
    let total: f32 = weights.iter().sum();
    weights.into_iter().map(|weight| weight / total).collect()
}

/// Chooses among given answers.
pub trait Chooser: Send + Sync {
    /// One result: the choices' scores.
    fn choose(&self, question: Question) -> Results<Scores>;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::speech::Priority;

    fn scores(logarithms: &[f32]) -> Scores {
        let score = |log_probability: &f32| Score { log_probability: *log_probability, tokens: 2 };
        Scores { scores: logarithms.iter().map(score).collect(), usage: Usage::default() }
    }

    #[test]
    fn shares_are_those_of_the_probabilities() {
        let likely = scores(&[0.6_f32.ln() - 200.0, 0.2_f32.ln() - 200.0, f32::NEG_INFINITY]);
        for (share, expected) in likely.shares().into_iter().zip([0.75, 0.25, 0.0]) {
            assert!((share - expected).abs() < 1e-4, "{share} is not {expected}");
        }
        let prior = scores(&[0.9_f32.ln(), 0.1_f32.ln(), 0.1_f32.ln()]);
        let beyond = likely.shares_beyond(&prior);
        assert!((beyond[0] - 0.25).abs() < 1e-4, "a choice that is liked anyway counts for less: {beyond:?}");
        assert!(scores(&[]).shares().is_empty());
    }

    #[test]
    fn questions_without_sense_are_refused() {
        let question = |choices: Vec<String>| Question {
            messages: Vec::new(),
            conversation: 1,
            choices,
            priority: Priority::Reply.into(),
        };
        assert_eq!(question(vec!["yes".to_owned(), "no".to_owned()]).check(), Ok(()));
        for choices in [vec![], vec!["x".to_owned(); MOST_CHOICES + 1], vec![" ".to_owned()], vec!["x".repeat(129)]] {
            assert!(matches!(question(choices).check(), Err(SpeechError::Unsupported(_))));
        }
    }
}
