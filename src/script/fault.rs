//! What is wrong with a document: where, and what to do about it. All faults are gathered; reading goes on after each.

use std::ops::Range;

use serde::{Serialize, Serializer};
use utoipa::ToSchema;

use super::problem::{Hint, Problem};

/// No more are told at once: whoever sees so many begins with the first.
const MOST: usize = 50;

/// Something that is wrong with a document, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema, thiserror::Error)]
#[error("line {line}: {problem}")]
pub struct Fault {
    /// From 1.
    pub line: usize,
    /// From 1, in characters.
    pub column: usize,
    /// What is wrong, and what to do.
    #[serde(rename = "message", serialize_with = "said")]
    #[schema(value_type = String)]
    pub problem: Problem,
}

/// In English.
fn said<S: Serializer>(problem: &Problem, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(problem)
}

/// Gathers the faults of one document, by their offsets.
#[derive(Debug)]
pub(super) struct Faults<'d> {
    text: &'d str,
    found: Vec<(usize, Problem)>,
}

impl<'d> Faults<'d> {
    pub(super) fn of(text: &'d str) -> Self {
        Self { text, found: Vec::new() }
    }

    /// For a first look at what is read a second time: its faults are told then.
    pub(super) fn ignored() -> Self {
        Self::of("")
    }

    /// Notes what is wrong at a byte of the document.
    pub(super) fn add(&mut self, at: usize, problem: Problem) {
        self.found.push((at.min(self.text.len()), problem));
    }

    pub(super) fn add_at(&mut self, span: &Range<usize>, problem: Problem) {
        self.add(span.start, problem);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// The line, from 1, of a byte of the document.
    pub(super) fn line(&self, at: usize) -> usize {
        self.before(at).matches('\n').count() + 1
    }

    fn before(&self, at: usize) -> &'d str {
        &self.text[..self.text.floor_char_boundary(at)]
    }

    /// In the document's order, each once.
    pub(super) fn into_faults(mut self) -> Vec<Fault> {
        let mut found = std::mem::take(&mut self.found);
        found.sort_by_cached_key(|(at, problem)| (*at, problem.to_string()));
        found.dedup();
        let more = found.len().saturating_sub(MOST);
        let told = found.iter().take(MOST).map(|(at, problem)| self.fault(*at, problem.clone()));
        let mut told: Vec<_> = told.collect();
        if more > 0
            && let Some((at, _)) = found.get(MOST)
        {
            told.push(self.fault(*at, Problem::MoreProblems { count: more }));
        }
        told
    }

    fn fault(&self, at: usize, problem: Problem) -> Fault {
        let before = self.before(at);
        let start = before.rfind('\n').map_or(0, |end| end + 1);
        Fault { line: self.line(at), column: before[start..].chars().count() + 1, problem }
    }
}

/// The one of `known` that somebody who wrote `unknown` probably meant.
pub(super) fn nearest<'k>(unknown: &str, known: impl IntoIterator<Item = &'k str>) -> Option<&'k str> {
    const ALIKE: f64 = 0.66;
    // Letters that changed places count once, beginnings count more.
    let likeness =
        |known| strsim::normalized_damerau_levenshtein(unknown, known).max(strsim::jaro_winkler(unknown, known) - 0.1);
    let scored = known.into_iter().map(|known| (likeness(known), known));
    let best = scored.max_by(|one, other| one.0.total_cmp(&other.0));
    best.filter(|(likeness, _)| *likeness >= ALIKE).map(|(_, known)| known)
}

/// What somebody who wrote `unknown` probably meant, or else what there is.
pub(super) fn hint(unknown: &str, known: &[&str]) -> Hint {
    const MOST_SHOWN: usize = 12;
    match nearest(unknown, known.iter().copied()) {
        Some(meant) => Hint::Meant(meant.to_owned()),
        None if known.is_empty() => Hint::Nothing,
        None => {
            let shown: Vec<_> = known.iter().take(MOST_SHOWN).map(|name| format!("`{name}`")).collect();
            let more = if known.len() > MOST_SHOWN { ", …" } else { "" };
            Hint::There(format!("{}{more}", shown.join(", ")))
        }
    }
}

/// What a user wrote, short enough for a message, in one line.
pub(super) fn quoted(text: &str) -> String {
    const LONGEST: usize = 40;
    let line: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(LONGEST).collect();
    if text.chars().count() > LONGEST { format!("{line}…") } else { line }
}
