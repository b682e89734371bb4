//! The words of a text, and when each is said.

use std::{ops::Range, time::Duration};

use super::text::is_speakable;

/// When a word of a text begins in the sound that says the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WordStart {
    /// Where the word begins in the text, in bytes.
    pub letter: usize,
    /// From the beginning of the sound.
    pub at: Duration,
    /// Whether that is only about right: it was reckoned by how long the words are.
    pub is_estimate: bool,
}

/// Where the words of `text` are, in bytes: what stands between white space and can be spoken.
pub fn words(text: &str) -> impl Iterator<Item = Range<usize>> {
    text.split_whitespace().filter(|word| is_speakable(word)).map(|word| {
        let start = word.as_ptr().addr() - text.as_ptr().addr();
        start..start + word.len()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_what_can_be_spoken() {
        for (text, expected) in [
            ("Yes, to Texas.", &["Yes,", "to", "Texas."][..]),
            ("  one — two ", &["one", "two"]),
            ("كيف حالك؟", &["كيف", "حالك؟"]),
            ("… !", &[]),
            ("", &[]),
        ] {
            assert_eq!(words(text).map(|at| &text[at]).collect::<Vec<_>>(), expected, "{text}");
        }
    }
}
