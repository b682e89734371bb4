//! Which of a question's answers was meant, asked of a language model: how often it is right, and how far its shares can be
//! trusted.

use std::fmt;

use callstead::{
    call::meaning::comparison,
    dialogue::guide::{Asked, Meaning, clear_choice},
    domain::{Language, Pii},
    models::Understanding,
    speech::{Chooser, Priority, Scores, local::llama::Llama},
    spoken::Sureness,
};

use crate::{
    model::{Waits, unclear},
    sets::{Answer, Set, Type},
};

/// Among these the temperature is looked for.
const TEMPERATURES: [f32; 12] = [1.0, 1.5, 2.0, 2.5, 3.0, 3.5, 4.0, 5.0, 6.0, 8.0, 12.0, 20.0];
const BINS: usize = 10;

/// An answer for which the readers had nothing, and how likely the model finds each meaning of it.
pub(crate) struct Judged {
    scores: Scores,
    sizes: Vec<usize>,
    /// The place of what was meant; the last one is none of the others.
    meant: usize,
}

/// What becomes of answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Verdict {
    pub(crate) right: usize,
    pub(crate) wrong: usize,
    /// The caller is asked again, though something was meant.
    pub(crate) refused: usize,
}

/// The sets of questions with fixed answers, English and Arabic.
pub(crate) fn sets() -> impl Iterator<Item = Set> {
    let languages = [Language::ENGLISH, Language::ARABIC];
    languages.into_iter().flat_map(|language| [Type::Choice, Type::YesNo].map(|of| Set::load(language, of)))
}

/// Every `step`th of the answers that the readers have nothing for.
pub(crate) fn judge(llama: &Llama, set: &Set, step: usize, waits: &mut Waits) -> Vec<Judged> {
    unclear(set, step).map(|answer| waits.measure(|| judge_one(llama, set, answer))).collect()
}

fn judge_one(llama: &Llama, set: &Set, answer: &Answer) -> Judged {
    let (question, mut choices) = asked(set, answer);
    let meant = choices.iter().position(|choice| choice.id == answer.label).unwrap_or(choices.len());
    choices.push(Meaning { id: "other".to_owned(), says: Vec::new() });
    let asked = Asked { question: Pii::new(question), words: Pii::new(answer.text.clone()) };
    let comparison = comparison(&asked, &choices, set.language, 1, Priority::Batch.into());
    let scores = llama.choose(comparison.question).blocking_recv().expect("an answer").expect("no failure");
    Judged { scores, sizes: comparison.sizes, meant }
}

/// Every `step`th of the answers of which the readers have a likely value: how many, how many the readers have right, and
/// how many the model would.
pub(crate) fn beside_the_readers(llama: &Llama, set: &Set, step: usize) -> [usize; 3] {
    let likely = |answer: &&Answer| matches!(set.understand(answer), Some((_, Sureness::Likely)));
    let mut counts = [0; 3];
    for answer in set.answers.iter().filter(likely).step_by(step) {
        let is_read = set.understand(answer).is_some_and(|(value, _)| value == answer.label);
        let is_judged = judge_one(llama, set, answer).is_likeliest_right();
        counts = [counts[0] + 1, counts[1] + usize::from(is_read), counts[2] + usize::from(is_judged)];
    }
    counts
}

/// The question, and what it may be answered. The answers of yes and no are to no question in particular.
fn asked(set: &Set, answer: &Answer) -> (String, Vec<Meaning>) {
    let meaning = |id: &str, says: &[String]| Meaning { id: id.to_owned(), says: says.to_vec() };
    if set.of == Type::Choice {
        let (ask, options) = set.asked(answer);
        return (ask.to_owned(), options.map(|(id, says)| meaning(id, says)).collect());
    }
    let question = if set.language == Language::ARABIC { "هل هذا صحيح؟" } else { "Is that right?" };
    (question.to_owned(), vec![meaning("yes", &[]), meaning("no", &[])])
}

impl Judged {
    fn shares(&self, temperature: f32) -> Vec<f32> {
        self.scores.shares_of(&self.sizes, temperature)
    }

    fn has_value(&self) -> bool {
        self.meant + 1 < self.sizes.len()
    }

    fn is_likeliest_right(&self) -> bool {
        likeliest(&self.shares(1.0)).0 == self.meant
    }
}

fn likeliest(shares: &[f32]) -> (usize, f32) {
    let best = (0..shares.len()).max_by(|one, other| shares[*one].total_cmp(&shares[*other])).unwrap_or_default();
    (best, shares.get(best).copied().unwrap_or_default())
}

/// What the guide makes of these answers.
pub(crate) fn verdict<'j>(judged: impl IntoIterator<Item = &'j Judged>, temperature: f32) -> Verdict {
    let mut verdict = Verdict::default();
    for one in judged {
        match clear_choice(&one.shares(temperature)).filter(|taken| taken + 1 < one.sizes.len()) {
            Some(taken) if taken == one.meant => verdict.right += 1,
            Some(_) => verdict.wrong += 1,
            None => verdict.refused += usize::from(one.has_value()),
        }
    }
    verdict
}

/// The temperature with which these answers are least surprising: by cross-entropy (Guo et al. 2017,
/// <https://arxiv.org/abs/1706.04599>).
fn fitted<'j>(judged: impl Iterator<Item = &'j Judged> + Clone) -> f32 {
    let surprise = |temperature: f32| -> f32 {
        judged.clone().map(|one| -one.shares(temperature)[one.meant].max(1e-9).ln()).sum()
    };
    TEMPERATURES.into_iter().min_by(|one, other| surprise(*one).total_cmp(&surprise(*other))).unwrap_or(1.0)
}

/// Answers by the share of their likeliest meaning: how many, how many of them right, and the sum of the shares.
fn reliability(judged: &[&Judged], temperature: f32) -> [(usize, usize, f32); BINS] {
    let mut bins = [(0, 0, 0.0); BINS];
    for one in judged {
        let (best, share) = likeliest(&one.shares(temperature));
        let (count, right, sum) = &mut bins[((share * BINS as f32) as usize).min(BINS - 1)];
        (*count, *right, *sum) = (*count + 1, *right + usize::from(best == one.meant), *sum + share);
    }
    bins
}

/// Expected calibration error (Naeini et al. 2015): how far shares are from how often they are right.
fn calibration_error(bins: &[(usize, usize, f32)]) -> f32 {
    let all: usize = bins.iter().map(|bin| bin.0).sum();
    bins.iter().map(|(_, right, shares)| (*right as f32 - shares).abs()).sum::<f32>() / all.max(1) as f32
}

/// The report of all sets: the temperature is fitted on every second answer of each, and all figures are of the others.
pub(crate) struct Report<'j> {
    pub(crate) sets: &'j [(Set, Vec<Judged>)],
    pub(crate) understanding: Understanding,
}

impl Report<'_> {
    fn half(judged: &[Judged], rest: usize) -> impl Iterator<Item = &Judged> + Clone {
        judged.iter().skip(rest).step_by(2)
    }

    fn all(&self, rest: usize) -> impl Iterator<Item = &Judged> + Clone {
        self.sets.iter().flat_map(move |(_, judged)| Self::half(judged, rest))
    }

    /// The temperature that suits all sets together.
    pub(crate) fn best_temperature(&self) -> f32 {
        fitted(self.all(0))
    }

    /// What becomes of the answers that it was not fitted on.
    pub(crate) fn verdict(&self, temperature: f32) -> Verdict {
        verdict(self.all(1), temperature)
    }

    fn row(&self, name: &str, fitted_on: f32, held: &[&Judged]) -> String {
        let count = |is: fn(&Judged) -> bool| held.iter().filter(|one| is(one)).count();
        let chance: f32 = held.iter().map(|one| 1.0 / one.sizes.len() as f32).sum();
        let (values, right) = (count(Judged::has_value), count(Judged::is_likeliest_right));
        let at = |temperature: f32| {
            let Verdict { right, wrong, .. } = verdict(held.iter().copied(), temperature);
            format!("{:.2}; {right}, {wrong}", calibration_error(&reliability(held, temperature)))
        };
        let at = [1.0, self.best_temperature(), self.understanding.temperature].map(at).join(" | ");
        format!("| {name} | {} | {values} | {right} | {chance:.0} | {fitted_on} | {at} |", held.len())
    }
}

impl fmt::Display for Report<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (best, present) = (self.best_temperature(), self.understanding.temperature);
        writeln!(
            f,
            "| set | answers | have a value | likeliest right | by chance | fitted temperature | at 1: ECE; right, wrong \
             | at {best}: ECE; right, wrong | at {present}: ECE; right, wrong |"
        )?;
        writeln!(f, "|{}", "---|".repeat(9))?;
        for (set, judged) in self.sets {
            let held: Vec<_> = Self::half(judged, 1).collect();
            let name = format!("{} {}", set.language.code(), set.of);
            writeln!(f, "{}", self.row(&name, fitted(Self::half(judged, 0)), &held))?;
        }
        let held: Vec<_> = self.all(1).collect();
        writeln!(f, "{}\n", self.row("all", best, &held))?;
        writeln!(f, "| share of the likeliest | answers, right at 1 | at {best} | at {present} |\n|---|---|---|---|")?;
        let reliability = [1.0, best, present].map(|temperature| reliability(&held, temperature));
        for bin in 0..BINS {
            let counts = reliability.map(|bins| format!("{}, {}", bins[bin].0, bins[bin].1)).join(" | ");
            writeln!(f, "| 0.{bin} | {counts} |")?;
        }
        Ok(())
    }
}
