//! Tables of what people say. On the right: `250!` is certain, `250?` is likely, and nothing is a refusal.

mod amounts;
mod answers;
mod choices;
mod dates;
mod digits;
mod hanging;
mod intents;
mod names;
mod said;
mod strange;
mod times;

use std::fmt::Display;

use super::{Context, Sureness, Understood};
use crate::domain::Language;

/// It is Wednesday, the 13th of May 2026, ten in the morning.
fn context(language: Language, country: &str) -> Context {
    Context {
        language,
        today: jiff::civil::date(2026, 5, 13),
        now: jiff::civil::time(10, 0, 0, 0),
        country: country.parse().ok(),
    }
}

fn english() -> Context {
    context(Language::ENGLISH, "GB")
}

fn arabic() -> Context {
    context(Language::ARABIC, "EG")
}

fn shown<T: Display>(understood: Option<Understood<T>>) -> String {
    let mark = |sure| if sure == Sureness::Certain { '!' } else { '?' };
    understood.map(|it| format!("{}{}", it.value, mark(it.sure))).unwrap_or_default()
}

/// Fails with all lines that are understood otherwise.
fn check<T: Display>(cases: &[(&str, &str)], read: impl Fn(&str) -> Option<Understood<T>>) {
    let faults: Vec<_> = cases
        .iter()
        .filter_map(|(text, expected)| {
            let understood = read(text);
            if let Some(it) = &understood {
                assert!(text.get(it.span.clone()).is_some_and(|said| !said.is_empty()), "{text}: {:?}", it.span);
            }
            let got = shown(understood);
            (got != *expected).then(|| format!("{text:?}: {got:?} instead of {expected:?}"))
        })
        .collect();
    assert!(faults.is_empty(), "{} of {}:\n{}", faults.len(), cases.len(), faults.join("\n"));
}
