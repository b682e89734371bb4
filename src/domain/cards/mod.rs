//! Masking of numbers that may be payment cards, before anybody sees a transcript.
//!
//! A **run** is a sequence of digits, in numerals of any script or spoken as English or Arabic words, with nothing between
//! them but blanks, marks and what people say while they read a number out ("dash", "and", "uh", "okay"). A run of twelve
//! digits or more is masked: `•` takes the place of each digit but the first six and the last four. Everything shorter (years,
//! amounts, telephone numbers) is left alone, and so is all that is not a digit.
//!
//! What is not known yet is decided for the safe side:
//! - In a partial transcript, which may go on, no run shows more than its first six digits.
//! - A run at the end of a final transcript may go on in the next turn. It too shows its first six only, unless it has sixteen
//!   digits, a whole card; in the next turn, what continues it counts on from there.
//! - Beyond sixteen digits the last four are masked too: they may be the security code, read out after the card's number.

mod json;
mod numerals;
mod runs;

pub use json::{mask_json, mask_number};
use runs::Run;

/// Shown of a masked number: its issuer.
const HEAD: usize = 6;
/// Shown of a masked number, at its end.
const TAIL: usize = 4;
/// The shortest number that is masked: the shortest that cards have (ISO/IEC 7812: 12 to 19 digits).
const SHORTEST: usize = 12;
/// The length of nearly all cards' numbers.
const USUAL: usize = 16;
/// Takes the place of a digit.
pub const HIDDEN: char = '•';

/// Masks card-like numbers in a text that is complete in itself.
pub fn mask(text: &str) -> String {
    let runs = runs::find(text, false);
    rewrite(text, &runs.runs, |run| Shown::of_closed(0, run.digits()))
}

/// Whether this is nothing but a payment card's number: of the usual lengths, and with the right check digit (Luhn, ISO/IEC
/// 7812-1 annex B). National ids of fourteen digits are left alone.
pub fn is_number(text: &str) -> bool {
    let digits: Vec<u32> = text.chars().filter_map(|c| c.to_digit(10)).collect();
    let is_bare = text.chars().all(|c| c.is_ascii_digit() || c.is_whitespace() || matches!(c, '-' | '+'));
    let weighed = digits.iter().rev().enumerate().map(|(place, digit)| match (place % 2, digit * 2) {
        (0, _) => *digit,
        (_, double) => double / 10 + double % 10,
    });
    is_bare && matches!(digits.len(), 15 | 16 | 19) && weighed.sum::<u32>().is_multiple_of(10)
}

/// Masks what one speaker says, turn by turn.
#[derive(Clone, Debug, Default)]
pub struct CardGuard {
    /// Digits of the run at the end of what was final: more may come.
    open: usize,
}

impl CardGuard {
    /// Nothing has been said yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Masks the present turn's text as far as it is known: all of it so far.
    pub fn partial(&self, text: &str) -> String {
        let found = runs::find(text, self.open > 0);
        rewrite(text, &found.runs, |run| Shown::of_growing(self.before(run), run.digits()))
    }

    /// Masks the present turn's final text, and goes on to the next turn.
    pub fn finish(&mut self, text: &str) -> String {
        let found = runs::find(text, self.open > 0);
        let masked = rewrite(text, &found.runs, |run| {
            let before = self.before(run);
            if run.at_end { Shown::of_open(before, run.digits()) } else { Shown::of_closed(before, run.digits()) }
        });
        self.open = match found.runs.last() {
            Some(last) if last.at_end => self.before(last).saturating_add(last.digits()),
            None if found.only_pauses => self.open,
            _ => 0,
        };
        masked
    }

    /// Digits that belong to the run and were said in earlier turns.
    fn before(&self, run: &Run) -> usize {
        if run.at_start { self.open } else { 0 }
    }
}

/// Which digits of a part of a run are shown: those at places (from 0, in the part) below `head`, and from `tail` on.
#[derive(Clone, Copy, Debug)]
struct Shown {
    head: usize,
    tail: usize,
}

impl Shown {
    /// A run of `before + here` digits in all, `here` of them in this part, that is over.
    fn of_closed(before: usize, here: usize) -> Self {
        let total = before.saturating_add(here);
        match total {
            0..SHORTEST => Self { head: here, tail: here },
            SHORTEST..=USUAL => Self { head: HEAD.saturating_sub(before), tail: here.saturating_sub(TAIL) },
            _ => Self { head: HEAD.saturating_sub(before), tail: here },
        }
    }

    /// The same at the end of a final text.
    fn of_open(before: usize, here: usize) -> Self {
        match before.saturating_add(here) {
            USUAL => Self::of_closed(before, here),
            _ => Self::of_growing(before, here),
        }
    }

    /// The same in a text that is not final.
    fn of_growing(before: usize, here: usize) -> Self {
        Self { head: HEAD.saturating_sub(before), tail: here }
    }
}

/// `text` with the digits that are not shown of each run masked. A number word of several digits is masked if one of them is.
fn rewrite(text: &str, runs: &[Run], shown: impl Fn(&Run) -> Shown) -> String {
    let mut masked = String::with_capacity(text.len());
    let mut copied = 0;
    for run in runs {
        let shown = shown(run);
        let mut place = 0;
        for number in &run.numbers {
            let next = place + number.digits;
            if next > shown.head && place < shown.tail {
                masked.push_str(&text[copied..number.start]);
                masked.extend(std::iter::repeat_n(HIDDEN, number.digits));
                copied = number.end;
            }
            place = next;
        }
    }
    masked.push_str(&text[copied..]);
    masked
}

#[cfg(test)]
mod tests;
