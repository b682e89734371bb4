//! Comparing what might be said: how likely a language model finds given words, without its making any.
//!
//! That is how an answer is understood that no parser knows. Small models are bad at naming what they have read, and
//! better at telling whether words are such as somebody says who means a certain thing: see [`Question::meaning`].

use super::{Results, SpeechError, Urgency, Usage};
use crate::domain::{Message, Role};

/// Candidates of one [`Question`] at most.
pub const MOST_CANDIDATES: usize = 16;
/// The longest answer of a [`Candidate`], in bytes.
pub const LONGEST_ANSWER: usize = 512;

/// What is said to a model that is to say what a caller might say.
const CALLER: &str = "You play a caller on the telephone. Answer in a few words.";
/// Of longer words the beginning is enough, in characters.
const SAID: usize = 160;

/// Words in their context, to be told from others.
#[derive(Clone, Debug)]
pub struct Candidate {
    /// System message first, then the turns; the last one is a user's.
    pub messages: Vec<Message>,
    /// What the model may answer, word for word: up to [`LONGEST_ANSWER`] bytes.
    pub answer: String,
}

/// Which of some candidates is the likeliest?
#[derive(Clone, Debug)]
pub struct Question {
    /// Up to [`MOST_CANDIDATES`]. What their messages have in common at the beginning is computed once.
    pub candidates: Vec<Candidate>,
    /// Whose this is: its beginning stays in the model's cache. Not a number that prompts of another kind have, since
    /// these would take its place.
    pub conversation: u64,
    /// How urgent it is; may be raised while it is under way.
    pub priority: Urgency,
}

impl Question {
    /// What would the model answer, of `choices`? They are told apart best when they begin differently.
    pub fn choice<C: Into<String>>(
        messages: &[Message],
        choices: impl IntoIterator<Item = C>,
        conversation: u64,
        priority: impl Into<Urgency>,
    ) -> Self {
        let candidate = |choice: C| Candidate { messages: messages.to_vec(), answer: choice.into() };
        let candidates = choices.into_iter().map(candidate).collect();
        Self { candidates, conversation, priority: priority.into() }
    }

    /// What does somebody mean who was `asked` this and `said` that? `readings` say what it may be, each in a few words
    /// as the speaker would: `yes, agrees`, `will pay later`.
    ///
    /// Asks how likely it is that somebody who means it says so ("noisy channel": Min et al. 2021,
    /// <https://arxiv.org/abs/2108.04106>), and not the other way about. With a model of 135 M parameters that was right
    /// for 37 of 44 answers where the other way was right for 21 (docs/benchmarks.md).
    pub fn meaning(
        asked: &str,
        said: &str,
        readings: &[&str],
        conversation: u64,
        priority: impl Into<Urgency>,
    ) -> Self {
        let said: String = said.chars().take(SAID).collect();
        let candidate = |reading: &&str| Candidate {
            messages: vec![
                Message::new(Role::System, CALLER),
                Message::new(Role::User, format!("{asked} (Your answer: {reading})")),
            ],
            answer: said.clone(),
        };
        Self { candidates: readings.iter().map(candidate).collect(), conversation, priority: priority.into() }
    }

    /// Whether it can be answered at all.
    ///
    /// # Errors
    /// [`SpeechError::Unsupported`] when there are no candidates or too many, or an answer is empty or too long.
    pub fn check(&self) -> Result<(), SpeechError> {
        let refuse = |why: String| Err(SpeechError::Unsupported(why));
        if self.candidates.is_empty() || self.candidates.len() > MOST_CANDIDATES {
            return refuse(format!("a question has 1 to {MOST_CANDIDATES} candidates, not {}", self.candidates.len()));
        }
        let is_odd = |answer: &str| answer.trim().is_empty() || answer.len() > LONGEST_ANSWER;
        if self.candidates.iter().any(|candidate| is_odd(&candidate.answer)) {
            return refuse(format!("a candidate's answer has 1 to {LONGEST_ANSWER} bytes"));
        }
        Ok(())
    }
}

/// How likely each candidate of a [`Question`] is.
#[derive(Clone, Debug, PartialEq)]
pub struct Scores {
    /// In the order of the question's candidates.
    pub scores: Vec<Score>,
    /// What it cost; nothing was generated.
    pub usage: Usage,
}

/// How likely one candidate is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Score {
    /// Natural logarithm of the probability that the answer to the messages begins with the candidate's.
    pub log_probability: f32,
    /// Tokens of the candidate's answer.
    pub tokens: usize,
}

impl Scores {
    /// Each candidate's share of the probability that all of them have together: 0.0 to 1.0, together 1.0. How far such
    /// a share can be trusted depends on the model, and has to be measured.
    ///
    /// The probabilities are those of whole answers. Per token they would be nearly equal: as often right, but without
    /// telling when.
    pub fn shares(&self) -> Vec<f32> {
        softmax(self.scores.iter().map(|score| score.log_probability).collect())
    }

    /// The shares of meanings that several candidates in a row stand for, as many for each as `sizes` says: a meaning is as
    /// likely as its candidates on average, and logarithms are divided by `temperature` (Guo et al. 2017,
    /// <https://arxiv.org/abs/1706.04599>). Empty unless the sizes are those of these scores.
    pub fn shares_of(&self, sizes: &[usize], temperature: f32) -> Vec<f32> {
        let mut rest = self.scores.as_slice();
        let mut means = Vec::new();
        for size in sizes {
            let Some((meaning, others)) = rest.split_at_checked(*size).filter(|_| *size > 0) else { return Vec::new() };
            rest = others;
            let highest = meaning.iter().map(|score| score.log_probability).fold(f32::NEG_INFINITY, f32::max);
            let total: f32 = meaning.iter().map(|score| (score.log_probability - highest).exp()).sum();
            means.push((highest + (total / *size as f32).ln()) / temperature);
        }
        if rest.is_empty() { softmax(means) } else { Vec::new() }
    }
}

fn softmax(logarithms: Vec<f32>) -> Vec<f32> {
    let highest = logarithms.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let weights: Vec<f32> = logarithms.into_iter().map(|logarithm| (logarithm - highest).exp()).collect();
    let total: f32 = weights.iter().sum();
    weights.into_iter().map(|weight| weight / total).collect()
}

/// Tells which words are likely. There is no [`Ladder`](super::ladder::Ladder) of these: the services that could stand before
/// the model of this box tell how likely what they say is, not what somebody else said.
pub trait Chooser: Send + Sync {
    /// One result: the candidates' scores.
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

    fn shares(logarithms: &[f32]) -> Vec<f32> {
        scores(logarithms).shares()
    }

    #[test]
    fn a_meaning_is_as_likely_as_its_candidates_on_average() {
        let scores = scores(&[0.4_f32.ln(), 0.2_f32.ln(), 0.1_f32.ln()]);
        for (sizes, temperature, expected) in [
            (&[2, 1][..], 1.0, &[0.75, 0.25][..]),
            (&[1, 2], 1.0, &[0.727, 0.273]),
            (&[2, 1], 2.0, &[0.634, 0.366]),
            (&[1, 1], 1.0, &[]),
            (&[2, 2], 1.0, &[]),
            (&[3, 0], 1.0, &[]),
        ] {
            let shares = scores.shares_of(sizes, temperature);
            assert_eq!(shares.len(), expected.len(), "{sizes:?}");
            assert!(shares.iter().zip(expected).all(|(share, it)| (share - it).abs() < 1e-3), "{shares:?}");
        }
    }

    #[test]
    fn shares_are_those_of_the_probabilities() {
        let shares_of_three = shares(&[0.6_f32.ln() - 200.0, 0.2_f32.ln() - 200.0, f32::NEG_INFINITY]);
        for (share, expected) in shares_of_three.into_iter().zip([0.75, 0.25, 0.0]) {
            assert!((share - expected).abs() < 1e-4, "{share} is not {expected}");
        }
        assert!(shares(&[]).is_empty());
    }

    #[test]
    fn questions_without_sense_are_refused() {
        let question = |choices: Vec<String>| Question::choice(&[], choices, 1, Priority::Reply);
        assert_eq!(question(vec!["yes".to_owned(), "no".to_owned()]).check(), Ok(()));
        let many = vec!["x".to_owned(); MOST_CANDIDATES + 1];
        for choices in [vec![], many, vec![" ".to_owned()], vec!["x".repeat(LONGEST_ANSWER + 1)]] {
            assert!(matches!(question(choices).check(), Err(SpeechError::Unsupported(_))));
        }
        let long = Question::meaning("And?", &"كلمة ".repeat(1000), &["yes", "no"], 1, Priority::Reply);
        assert_eq!(long.check(), Ok(()), "the beginning is enough");
    }
}
