//! What a language model makes of the answers that the readers have nothing for, and how far its shares can be trusted.
//!
//! The starter model's by default; that of `CALLSTEAD_TEST_LLM`, a GGUF file, instead if it is set (docs/understanding.md).

use std::{
    env,
    num::{NonZeroU32, NonZeroUsize},
    path::PathBuf,
};

use callstead::{
    call::meaning::comparison,
    dialogue::guide::{Asked, Meaning},
    domain::{Language, Pii},
    speech::{
        Chooser, Priority, Scores, TEMPERATURE,
        local::llama::{Llama, Settings},
        scheduler::Scheduler,
    },
};

use crate::sets::{Set, Type};

/// What the guide takes: the likeliest meaning from this share on, when it has such a lead (`dialogue::guide`).
const LIKELY_ENOUGH: f32 = 0.7;
const LEAD: f32 = 0.25;
/// Among these the temperature is looked for.
const TEMPERATURES: [f32; 8] = [1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0];
const BINS: usize = 10;
const STARTER: &str = "SmolLM2-135M-Instruct.Q4_1.gguf";

/// An answer for which the readers had nothing, and how likely the model finds each meaning of it.
pub(crate) struct Judged {
    scores: Scores,
    sizes: Vec<usize>,
    /// The place of what was meant; the last one is none of the others.
    meant: usize,
}

/// What the model says of some answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Verdict {
    pub(crate) right: usize,
    pub(crate) wrong: usize,
    /// The caller is asked again, though something was meant.
    pub(crate) refused: usize,
}

/// # Panics
///
/// Where there is no such model.
pub(crate) fn load() -> Llama {
    let starter = || {
        let folder = env::var_os("CALLSTEAD_TEST_MODELS_DIR");
        let usual = || [env!("CARGO_MANIFEST_DIR"), "target", "models"].iter().collect();
        folder.map_or_else(usual, PathBuf::from).join(STARTER)
    };
    let path = env::var_os("CALLSTEAD_TEST_LLM").map_or_else(starter, PathBuf::from);
    let settings = Settings {
        context_tokens: NonZeroU32::new(2048).expect("not 0"),
        // Others test beside this.
        threads: Some(NonZeroUsize::MIN),
    };
    Llama::load(&path, settings, &Scheduler::for_this_machine(None)).unwrap_or_else(|error| panic!("{error}"))
}

/// Every `step`th of the answers that the readers have nothing for.
pub(crate) fn judge(llama: &Llama, set: &Set, step: usize) -> Vec<Judged> {
    let unsure = set.answers.iter().filter(|answer| set.understand(answer).is_none());
    let judged = unsure.step_by(step).map(|answer| {
        let (question, mut choices) = asked(set, answer);
        let meant = choices.iter().position(|choice| choice.id == answer.label).unwrap_or(choices.len());
        choices.push(Meaning { id: "other".to_owned(), says: Vec::new() });
        let asked = Asked { question: Pii::new(question), words: Pii::new(answer.text.clone()) };
        let comparison = comparison(&asked, &choices, set.language, 1, Priority::Batch.into());
        let scores = llama.choose(comparison.question).blocking_recv().expect("an answer").expect("no failure");
        Judged { scores, sizes: comparison.sizes, meant }
    });
    judged.collect()
}

/// The question, and what it may be answered. The answers of yes and no are to no question in particular.
fn asked(set: &Set, answer: &crate::sets::Answer) -> (String, Vec<Meaning>) {
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

    /// What the guide would take.
    fn taken(&self, temperature: f32, likely_enough: f32, lead: f32) -> Option<usize> {
        let shares = self.shares(temperature);
        let (best, share) = likeliest(&shares);
        let next = shares.iter().enumerate().filter(|(at, _)| *at != best).map(|(_, share)| *share).fold(0.0, f32::max);
        let is_clear = share >= likely_enough && share - next >= lead;
        Some(best).filter(|best| is_clear && best + 1 < shares.len())
    }
}

fn likeliest(shares: &[f32]) -> (usize, f32) {
    let best = (0..shares.len()).max_by(|one, other| shares[*one].total_cmp(&shares[*other])).unwrap_or_default();
    (best, shares.get(best).copied().unwrap_or_default())
}

/// What becomes of these answers.
pub(crate) fn verdict(judged: &[&Judged], temperature: f32, likely_enough: f32, lead: f32) -> Verdict {
    let mut verdict = Verdict::default();
    for one in judged {
        let has_value = one.meant + 1 < one.sizes.len();
        match one.taken(temperature, likely_enough, lead) {
            Some(taken) if taken == one.meant => verdict.right += 1,
            Some(_) => verdict.wrong += 1,
            None => verdict.refused += usize::from(has_value),
        }
    }
    verdict
}

/// What the guide makes of them as it is.
pub(crate) fn as_it_is(judged: &[Judged]) -> Verdict {
    verdict(&judged.iter().collect::<Vec<_>>(), TEMPERATURE, LIKELY_ENOUGH, LEAD)
}

/// The mean of the surprise about what was meant, in nats.
fn surprise(judged: &[&Judged], temperature: f32) -> f32 {
    let of_one = |one: &&Judged| -one.shares(temperature)[one.meant].max(1e-9).ln();
    judged.iter().map(of_one).sum::<f32>() / judged.len() as f32
}

/// How many answers have a likeliest meaning of such a share, and of how many of them it is the right one.
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

/// The report of one set: the temperature is fitted on every second answer, and all figures are of the others.
pub(crate) fn report(set: &Set, judged: &[Judged]) -> Vec<String> {
    let half = |rest: usize| judged.iter().enumerate().filter(move |(at, _)| at % 2 == rest).map(|(_, one)| one);
    let (fitted, held): (Vec<_>, Vec<_>) = (half(0).collect(), half(1).collect());
    let of = |temperature: &f32| surprise(&fitted, *temperature);
    let best = TEMPERATURES.iter().copied().min_by(|one, other| of(one).total_cmp(&of(other))).unwrap_or(1.0);
    let is_right = |one: &&&Judged| likeliest(&one.shares(1.0)).0 == one.meant;
    let (likeliest_right, all) = (held.iter().filter(is_right).count(), held.len());
    let chance: f32 = held.iter().map(|one| 1.0 / one.sizes.len() as f32).sum::<f32>() / all as f32;
    let (language, of) = (set.language.code(), set.of);
    let mut lines = vec![
        format!("{language} {of}: {all} answers, as many to fit; fitted temperature {best}"),
        format!("the likeliest is right: {likeliest_right}; by chance {:.0}", chance * all as f32),
    ];
    for temperature in [1.0, best, TEMPERATURE] {
        let bins = reliability(&held, temperature);
        lines.push(format!("temperature {temperature}: calibration error {:.2}", calibration_error(&bins)));
        for (likely_enough, lead) in [(LIKELY_ENOUGH, LEAD), (0.9, 0.5)] {
            let verdict = verdict(&held, temperature, likely_enough, lead);
            lines.push(format!("  from {likely_enough}, lead {lead}: {verdict:?}"));
        }
        for (bin, (count, right, shares)) in bins.iter().enumerate().filter(|(_, bin)| bin.0 > 0) {
            let mean = shares / *count as f32;
            lines.push(format!("  share 0.{bin}…: {count} answers, mean {mean:.2}, right {right}"));
        }
    }
    lines
}
