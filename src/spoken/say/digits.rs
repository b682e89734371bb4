//! Digits one by one.

use super::number;
use crate::domain::{Language, fold};

/// In groups, with a comma for the pause between them.
pub(super) fn grouped(digits: &str, language: Language) -> String {
    let folded = fold(digits);
    let written: Vec<&str> =
        folded.split(|c: char| !(c.is_alphanumeric() || c == '+')).filter(|group| !group.is_empty()).collect();
    let groups = match written.as_slice() {
        [one] => groups(one),
        _ => written.into_iter().map(str::to_owned).collect(),
    };
    groups.iter().map(|group| one_by_one(group, language)).collect::<Vec<_>>().join(", ")
}

/// Threes, with a four rather than a single digit at the end; up to four stay together.
fn groups(digits: &str) -> Vec<String> {
    let digits: Vec<char> = digits.chars().collect();
    let mut groups = Vec::new();
    let mut rest = digits.as_slice();
    while rest.len() > 4 {
        let (group, more) = rest.split_at(3);
        groups.push(group.iter().collect());
        rest = more;
    }
    groups.push(rest.iter().collect());
    groups
}

/// Without pauses. What is no digit is said as it is.
pub(super) fn one_by_one(digits: &str, language: Language) -> String {
    fold(digits)
        .chars()
        .filter(|c| c.is_alphanumeric() || *c == '+')
        .map(|c| word(c, language))
        .collect::<Vec<_>>()
        .join(" ")
}

fn word(c: char, language: Language) -> String {
    match (c.to_digit(10), language) {
        (Some(digit), Language::ARABIC) => number::arabic(u64::from(digit), number::Gender::Masculine),
        (Some(digit), _) => number::english(u64::from(digit)),
        (None, Language::ARABIC) if c == '+' => "زائد".to_owned(),
        (None, _) if c == '+' => "plus".to_owned(),
        (None, _) => c.to_uppercase().to_string(),
    }
}
