//! Whether a text is surely not the end of what somebody has to say: a third opinion for endpointing, beside silence and
//! the sound of the voice.

use crate::domain::Language;

/// Whether more is to be expected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Hanging {
    /// It may well be whole.
    No,
    /// Nothing to tell by.
    Unsure,
    /// It ends in the middle of something: "and", "my number is", a filler.
    Yes,
    /// A number is being read out, and is not whole yet.
    Dictating,
}

/// Tells by the words alone whether `text`, final or partial, is the end of what somebody has to say.
pub fn hangs(_text: &str, _language: Language) -> Hanging {
    Hanging::Unsure
}
