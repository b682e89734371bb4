//! Counts of what was made of a set of answers, and the table of them.

use std::fmt;

use callstead::spoken::Sureness;

use crate::sets::{Answer, Kind, Set, Type};

/// What became of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The labelled value; or nothing, where nothing may be taken.
    Right,
    /// Another value than the labelled one, or one where nothing may be taken: worse than asking again.
    Wrong(Sureness),
    /// Nothing, where there was a value: the agent asks again.
    Refused,
}

pub(crate) struct Scored<'a> {
    pub(crate) answer: &'a Answer,
    pub(crate) understood: Option<(String, Sureness)>,
    pub(crate) outcome: Outcome,
}

/// # Panics
///
/// Where a label is no value of its type.
pub(crate) fn score(set: &Set) -> Vec<Scored<'_>> {
    let one = |answer| {
        let label = set.normal(answer).unwrap_or_else(|error| panic!("{}: {} {error}", answer.text, answer.label));
        let understood = set.understand(answer);
        let outcome = match (&understood, &label) {
            (None, None) => Outcome::Right,
            (None, Some(_)) => Outcome::Refused,
            (Some((value, _)), Some(label)) if value == label => Outcome::Right,
            (Some((_, sure)), _) => Outcome::Wrong(*sure),
        };
        Scored { answer, understood, outcome }
    };
    set.answers.iter().map(one).collect()
}

/// One line of the report. Counts, not shares.
pub(crate) struct Figures {
    pub(crate) language: &'static str,
    pub(crate) of: Type,
    pub(crate) answers: usize,
    pub(crate) right: usize,
    pub(crate) refused: usize,
    pub(crate) wrong: usize,
    /// Of the wrong ones, those that the readers were certain of: the agent does not even ask whether they are right.
    pub(crate) certainly_wrong: usize,
    /// All that the readers were certain of.
    certain: usize,
    /// Right ones and all, in the order of [`Kind::ALL`].
    kinds: [(usize, usize); Kind::ALL.len()],
}

impl Figures {
    pub(crate) fn of(set: &Set) -> Self {
        let scored = score(set);
        let count = |is: &dyn Fn(&Scored<'_>) -> bool| scored.iter().filter(|&one| is(one)).count();
        let is_right = |one: &Scored<'_>| one.outcome == Outcome::Right;
        Self {
            language: set.language.code(),
            of: set.of,
            answers: scored.len(),
            right: count(&is_right),
            refused: count(&|one| one.outcome == Outcome::Refused),
            wrong: count(&|one| matches!(one.outcome, Outcome::Wrong(_))),
            certainly_wrong: count(&|one| one.outcome == Outcome::Wrong(Sureness::Certain)),
            certain: count(&|one| matches!(one.understood, Some((_, Sureness::Certain)))),
            kinds: Kind::ALL.map(|kind| {
                (count(&|one| one.answer.kind == kind && is_right(one)), count(&|one| one.answer.kind == kind))
            }),
        }
    }

    pub(crate) const HEADING: &str = "\
| language | type | answers | right | refused | wrong | of the certain ones, wrong | plain | paraphrase | error | tricky | refusal |
|---|---|---|---|---|---|---|---|---|---|---|---|";
}

/// A line of the table under [`Figures::HEADING`]; under each kind the share that is right.
impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all = self.answers;
        write!(f, "| {} | {} | {all} ", self.language, self.of)?;
        for count in [self.right, self.refused, self.wrong] {
            write!(f, "| {} ", percent(count, all))?;
        }
        write!(f, "| {} of {} ", self.certainly_wrong, self.certain)?;
        for (right, all) in self.kinds {
            write!(f, "| {} ", percent(right, all))?;
        }
        write!(f, "|")
    }
}

fn percent(part: usize, all: usize) -> String {
    let per_thousand = (part * 1000 + all / 2) / all.max(1);
    format!("{}.{} %", per_thousand / 10, per_thousand % 10)
}
