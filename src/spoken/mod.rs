//! What people say, as values ([`read`]), and values as people say them ([`say`]): English and Arabic.
//!
//! What a speech recogniser writes is lower case or not, with or without marks, numbers in digits or in words, Arabic in any
//! of its spellings, from the Gulf to Egypt. Everything here is deterministic and pure: no I/O and no clock, the day comes
//! in. What is not surely meant is refused, for a wrong amount in a promise is worse than asking again.

mod hangs;
mod lexicon;
mod numerals;
mod phrases;
pub mod read;
pub mod say;
mod tokens;

use std::ops::Range;

pub use hangs::{Hanging, hangs};
use jiff::civil::{Date, Time};

use crate::domain::{Country, Language};

/// A value, and how surely it was meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Understood<T> {
    /// What was meant.
    pub value: T,
    /// How surely.
    pub sure: Sureness,
    /// Which bytes of the text say it.
    pub span: Range<usize>,
}

/// How surely something was understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Sureness {
    /// The likeliest of several meanings, such as 250 for "two fifty": ask whether it is right.
    Likely,
    /// It can hardly mean anything else.
    Certain,
}

/// What the meaning of words depends on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Context {
    /// Which language the call is in. Words of English and of Arabic are understood in both, for callers mix them.
    pub language: Language,
    /// The day where the caller or the desk is.
    pub today: Date,
    /// The time there.
    pub now: Time,
    /// Where telephone numbers without a country's code are from.
    pub country: Option<Country>,
}

/// One of the answers that a question expects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Choice<'a> {
    /// Its name in the script.
    pub id: &'a str,
    /// Examples of how people say it.
    pub says: &'a [String],
}

/// What a caller may want at any point of a conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Intent {
    /// "Do not call me again."
    StopCalling,
    /// "You have the wrong number."
    WrongNumber,
    /// "Call me later."
    CallLater,
    /// "I want to speak to a person."
    Human,
    /// "Say that again, please."
    Repeat,
    /// "Who is this?"
    WhoAreYou,
    /// "I do not know."
    DontKnow,
    /// "I would rather not say."
    Refuse,
}

#[cfg(test)]
mod tests;
