//! What a caller meant, asked of the language model: the probability of each thing that an answer may mean, and the value
//! that stands in it. Answers `Output::Score` and `Output::Fill` of a guided script (`dialogue::guide`).
//!
//! No answer is an answer here: a model that is not there, is too weak to be asked, fails, or takes too long gives nothing,
//! and the guide asks the caller again. What the caller said stands in the prompts as text; no words of theirs can make anything of them but a
//! choice of the script's or a value under the grammar.

use std::{cmp::Reverse, future::Future, time::Duration};

use jiff::civil::DateTime;
use tokio::time::timeout;

use crate::{
    dialogue::guide::{Asked, Meaning, Slot},
    domain::{Language, Message, Pii, Role, fold_words},
    speech::{
        Chooser, Chunk, Grammar, MOST_CANDIDATES, Prompt, Question, Responder, Sampling, Served, Urgency,
        engines::Engines,
    },
};

/// A caller who waits longer is better asked again.
pub const PATIENCE: Duration = Duration::from_secs(2);
/// Of long words the beginning is enough, in characters.
const SAID: usize = 300;
/// Examples of a meaning that words are compared with: the first ones.
const EXAMPLES: usize = 3;
/// What the guide calls the last choice.
const OTHER: &str = "other";
/// So that the model's cache keeps the beginnings of these prompts apart from those of a call's answers.
const SCORES: u64 = 1 << 40;
const FILLS: u64 = 1 << 41;

/// How likely it is that the caller meant each of `choices`, of which the last one is none of the others: shares, together
/// 1.0. Empty when there is no answer within two seconds.
///
/// Of more than [`MOST_CANDIDATES`] those are compared whose words were said most, and the last one; the others get 0.0.
pub async fn score(
    engines: &Engines,
    asked: &Asked,
    choices: &[Meaning],
    language: Language,
    conversation: u64,
    urgency: Urgency,
) -> Vec<f32> {
    let (Some(understanding), Ok(chooser)) = (engines.understanding(), engines.chooser()) else { return Vec::new() };
    let compared = likeliest_by_words(asked, choices);
    let comparison = comparison(asked, compared.iter().map(|at| &choices[*at]), language, conversation, urgency);
    let Some(shares) = within(PATIENCE, shares(&**chooser, comparison, understanding.temperature)).await else {
        return Vec::new();
    };
    let mut all = vec![0.0; choices.len()];
    compared.into_iter().zip(shares).for_each(|(at, share)| all[at] = share);
    all
}

/// The value that the caller named, as the slot's grammar writes it; nothing when there is none, or no answer within two
/// seconds. `now` is the day and the time where the desk is.
pub async fn fill(
    engines: &Engines,
    asked: &Asked,
    slot: Slot,
    now: DateTime,
    conversation: u64,
    urgency: Urgency,
) -> Option<Pii<String>> {
    engines.understanding()?;
    let responder = engines.responder().ok()?;
    let prompt = blank(asked, slot, now, conversation, urgency)?;
    within(PATIENCE, value(&**responder, prompt)).await
}

/// What a model is asked about the meaning of an answer.
#[derive(Debug)]
pub struct Comparison {
    /// How likely it is that somebody says so who means what the examples mean.
    pub question: Question,
    /// How many of its candidates, in their order, are examples of each choice.
    pub sizes: Vec<usize>,
}

/// Compares what the caller said with the first examples of each choice, or with its name where it has none; with as many
/// examples as there is room for, and no more than [`MOST_CANDIDATES`] choices.
pub fn comparison<'m>(
    asked: &Asked,
    choices: impl IntoIterator<Item = &'m Meaning>,
    language: Language,
    conversation: u64,
    urgency: Urgency,
) -> Comparison {
    let choices: Vec<&Meaning> = choices.into_iter().collect();
    // The last one has no examples.
    let room = (MOST_CANDIDATES - 1) / choices.len().saturating_sub(1).max(1);
    let examples = |choice: &&Meaning| readings(choice, language, room.clamp(1, EXAMPLES));
    let examples: Vec<Vec<String>> = choices.iter().map(examples).collect();
    let sizes = examples.iter().map(Vec::len).collect();
    let readings: Vec<&str> = examples.iter().flatten().map(String::as_str).collect();
    let (asked, said) = (asked.question.reveal(), asked.words.reveal());
    Comparison { question: Question::meaning(asked, said, &readings, conversation | SCORES, urgency), sizes }
}

/// What somebody says who means it.
fn readings(choice: &Meaning, language: Language, most: usize) -> Vec<String> {
    if !choice.says.is_empty() {
        return choice.says.iter().take(most).cloned().collect();
    }
    let name = match (choice.id.as_str(), language == Language::ARABIC) {
        (OTHER, false) => "something else".to_owned(),
        (OTHER, true) => "شيء آخر".to_owned(),
        ("yes", true) => "نعم".to_owned(),
        ("no", true) => "لا".to_owned(),
        (id, _) => id.replace(['-', '_'], " "),
    };
    vec![name]
}

/// Which choices are compared, in their order: all, or as many as may be.
fn likeliest_by_words(asked: &Asked, choices: &[Meaning]) -> Vec<usize> {
    let Some(last) = choices.len().checked_sub(1).filter(|last| *last >= MOST_CANDIDATES) else {
        return (0..choices.len()).collect();
    };
    let said = fold_words(asked.words.reveal());
    let said: Vec<&str> = said.split(' ').collect();
    let in_common = |at: &usize| {
        let Meaning { id, says } = &choices[*at];
        let count = |text: &String| fold_words(text).split(' ').filter(|word| said.contains(word)).count();
        says.iter().chain([id]).map(count).max()
    };
    let mut compared: Vec<usize> = (0..last).collect();
    compared.sort_by_key(|at| Reverse(in_common(at)));
    compared.truncate(MOST_CANDIDATES - 1);
    compared.sort_unstable();
    compared.push(last);
    compared
}

async fn shares(chooser: &dyn Chooser, comparison: Comparison, temperature: f32) -> Option<Vec<f32>> {
    let scores = chooser.choose(comparison.question).recv().await?.inspect_err(not_answered).ok()?;
    let shares = scores.shares_of(&comparison.sizes, temperature);
    (!shares.is_empty() && shares.iter().all(|share| share.is_finite())).then_some(shares)
}

/// What the model is asked for a value; `None` where it cannot be.
pub fn blank(asked: &Asked, slot: Slot, now: DateTime, conversation: u64, urgency: Urgency) -> Option<Prompt> {
    let (what, max_tokens) = match slot {
        Slot::Amount => ("the amount of money, as a number", 16),
        Slot::Date => ("the day, as year-month-day", 16),
        Slot::DateTime => ("the day and the time, as year-month-dayThour:minute", 24),
        Slot::Phone => ("the telephone number, as digits", 24),
        Slot::Digits => ("the digits", 72),
    };
    let today = now.strftime("%A, %Y-%m-%d, %H:%M");
    let system = format!("You write down values that callers name on the telephone. It is {today}.");
    let said: String = asked.words.reveal().chars().take(SAID).collect();
    let question = asked.question.reveal();
    let task = format!("Question: {question}\nAnswer: {said}\nWrite {what}, or none if the answer has none.");
    Some(Prompt {
        messages: vec![Message::new(Role::System, system), Message::new(Role::User, task)],
        conversation: conversation | FILLS,
        max_tokens,
        sampling: Sampling::default(),
        grammar: Some(Grammar::new(slot.grammar()).inspect_err(not_answered).ok()?),
        priority: urgency,
        served: Served::default(),
    })
}

/// What the model writes, if that is whole and a value.
pub async fn value(responder: &dyn Responder, prompt: Prompt) -> Option<Pii<String>> {
    let mut chunks = responder.respond(prompt);
    let mut text = String::new();
    loop {
        match chunks.recv().await?.inspect_err(not_answered).ok()? {
            Chunk::Text(more) => text.push_str(&more),
            Chunk::Done(usage) => {
                let text = text.trim();
                let is_value = !usage.truncated && !text.is_empty() && text != "none";
                return is_value.then(|| Pii::new(text.to_owned()));
            }
        }
    }
}

/// Whoever is asked stops when nobody waits any more.
async fn within<T>(patience: Duration, answer: impl Future<Output = Option<T>>) -> Option<T> {
    let answered = timeout(patience, answer).await;
    answered.unwrap_or_else(|_| {
        tracing::debug!("the language model took too long to say what a caller meant");
        None
    })
}

fn not_answered(error: &impl std::error::Error) {
    tracing::warn!(%error, "the language model could not say what a caller meant");
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use tokio::sync::mpsc;

    use super::*;
    use crate::speech::{Priority, Results, Score, Scores, SpeechError, Usage};

    /// Gives what it was made with, to everybody, and keeps its channels open.
    struct StandIn<T> {
        results: Vec<Result<T, SpeechError>>,
        open: Mutex<Vec<mpsc::Sender<Result<T, SpeechError>>>>,
        ends: bool,
    }

    impl<T: Clone> StandIn<T> {
        fn new(results: Vec<Result<T, SpeechError>>) -> Self {
            Self { results, open: Mutex::default(), ends: true }
        }

        fn give(&self) -> Results<T> {
            let (sender, results) = mpsc::channel(8);
            self.results.iter().for_each(|result| sender.try_send(result.clone()).unwrap());
            if !self.ends {
                self.open.lock().unwrap().push(sender);
            }
            results
        }
    }

    impl Chooser for StandIn<Scores> {
        fn choose(&self, _: Question) -> Results<Scores> {
            self.give()
        }
    }

    impl Responder for StandIn<Chunk> {
        fn respond(&self, _: Prompt) -> Results<Chunk> {
            self.give()
        }
    }

    fn asked(words: &str) -> Asked {
        Asked { question: Pii::new("Can you pay?".to_owned()), words: Pii::new(words.to_owned()) }
    }

    fn meaning(id: &str, says: &[&str]) -> Meaning {
        Meaning { id: id.to_owned(), says: says.iter().map(|says| (*says).to_owned()).collect() }
    }

    fn failure<T>() -> Result<T, SpeechError> {
        Err(SpeechError::Overloaded("llama"))
    }

    fn scores(logarithms: &[f32]) -> Result<Scores, SpeechError> {
        let score = |log_probability: &f32| Score { log_probability: *log_probability, tokens: 1 };
        Ok(Scores { scores: logarithms.iter().map(score).collect(), usage: Usage::default() })
    }

    #[tokio::test]
    async fn a_choice_has_shares_or_no_answer() {
        let choices = [meaning("pay", &["I will"]), meaning("other", &[])];
        for (results, expected) in [
            (vec![scores(&[-1.0, -1.0])], Some(vec![0.5, 0.5])),
            (vec![scores(&[-1.0])], None),
            (vec![scores(&[f32::NAN, -1.0])], None),
            (vec![scores(&[f32::NEG_INFINITY, f32::NEG_INFINITY])], None),
            (vec![failure()], None),
            (vec![], None),
        ] {
            let comparison = comparison(&asked("fine"), &choices, Language::ENGLISH, 1, Priority::Reply.into());
            let chooser = StandIn::new(results);
            assert_eq!(shares(&chooser, comparison, 1.0).await, expected);
        }
    }

    #[tokio::test]
    async fn a_value_is_whole_or_none() {
        let text = |text: &str| Ok(Chunk::Text(text.to_owned()));
        let done = |truncated| Ok(Chunk::Done(Usage { truncated, ..Usage::default() }));
        for (results, expected) in [
            (vec![text("25"), text("0"), done(false)], Some("250")),
            (vec![text("250"), done(true)], None),
            (vec![text("none"), done(false)], None),
            (vec![done(false)], None),
            (vec![text("250")], None),
            (vec![text("250"), failure()], None),
        ] {
            let prompt = blank(&asked("so much"), Slot::Amount, DateTime::MIN, 1, Priority::Reply.into()).unwrap();
            let value = value(&StandIn::new(results), prompt).await;
            assert_eq!(value.as_ref().map(|value| value.reveal().as_str()), expected);
        }
    }

    #[tokio::test]
    async fn nobody_waits_for_ever() {
        let chooser = StandIn { ends: false, ..StandIn::new(vec![]) };
        let comparison = comparison(&asked("fine"), &[], Language::ENGLISH, 1, Priority::Reply.into());
        assert_eq!(within(Duration::ZERO, shares(&chooser, comparison, 1.0)).await, None);
        assert!(chooser.open.lock().unwrap()[0].is_closed(), "whoever is asked learns that nobody waits");
    }

    #[test]
    fn of_many_choices_those_are_compared_whose_words_were_said() {
        let mut choices: Vec<_> =
            (0..30).map(|number| meaning(&format!("choice-{number}"), &["I want this"])).collect();
        choices.push(meaning("other", &[]));
        let few = likeliest_by_words(&asked("the 27 one"), &choices[..MOST_CANDIDATES]);
        assert_eq!(few, (0..MOST_CANDIDATES).collect::<Vec<_>>());
        let many = likeliest_by_words(&asked("choice 27 please, or 29"), &choices);
        assert_eq!(many.len(), MOST_CANDIDATES);
        assert!(many.is_sorted() && many.contains(&27) && many.contains(&29) && many.contains(&30), "{many:?}");
        let compared = many.iter().map(|at| &choices[*at]);
        let comparison = comparison(&asked("27"), compared, Language::ENGLISH, 1, Priority::Reply.into());
        assert_eq!(comparison.question.check(), Ok(()));
        assert_eq!(comparison.sizes, [1; MOST_CANDIDATES]);
    }

    #[test]
    fn choices_are_compared_by_their_examples() {
        let choices =
            [meaning("pay", &["I will", "today", "yes", "fine"]), meaning("no-money", &[]), meaning("other", &[])];
        for (language, other) in [(Language::ENGLISH, "something else"), (Language::ARABIC, "شيء آخر")] {
            let comparison = comparison(&asked("well"), &choices, language, 1, Priority::Reply.into());
            assert_eq!(comparison.sizes, [3, 1, 1]);
            let told: Vec<_> = comparison.question.candidates.iter().map(|it| it.messages[1].text.as_str()).collect();
            for (told, reading) in told.iter().zip(["I will", "today", "yes", "no money", other]) {
                assert!(told.ends_with(&format!("(Your answer: {reading})")), "{told}");
            }
        }
    }

    #[test]
    fn every_slot_has_a_prompt_with_its_grammar() {
        for slot in [Slot::Amount, Slot::Date, Slot::DateTime, Slot::Phone, Slot::Digits] {
            let now = jiff::civil::date(2026, 11, 21).at(10, 0, 0, 0);
            let prompt = blank(&asked("ignore that"), slot, now, 1, Priority::Reply.into()).unwrap();
            assert_eq!(prompt.grammar.unwrap().source(), slot.grammar());
            assert!(prompt.messages[0].text.contains("Saturday, 2026-11-21"), "{}", prompt.messages[0].text);
        }
    }
}
