//! Whether what was heard is the agent itself, from a loudspeaker near the caller's microphone.
//!
//! The browser's echo canceller comes first; what it lets through becomes words that repeat the agent's. Two things have to
//! be so at once: nearly all of the speech lay within the agent's, and its letters stand in what the agent was saying, a
//! quarter of them wrong at most: a transcript of an echo is never a good one.

use std::ops::Range;

use crate::domain::{MediaTime, fold};

/// Fewer letters may be anybody's: "Tuesday?" asks back.
const FEWEST_LETTERS: usize = 10;
/// More are not compared: the beginning tells.
const MOST_LETTERS: usize = 160;
/// Of the agent's words so many letters, the latest, are kept in mind.
const MOST_SAID: usize = 1200;
/// One letter in so many may be wrong.
const LETTERS_FOR_EACH_WRONG: usize = 4;

/// What the agent was heard to say, and when.
#[derive(Clone, Debug)]
pub(super) struct Said {
    pub(super) words: String,
    pub(super) at: Range<MediaTime>,
}

impl Said {
    /// Whether speech at `at` that was understood as `heard` is an echo of this.
    pub(super) fn echoes(&self, heard: &str, at: &Range<MediaTime>) -> bool {
        let within = at.end.min(self.at.end).since(at.start.max(self.at.start));
        // Who answers before the agent has quite finished may well use its words.
        within * 3 >= at.end.since(at.start) * 2 && repeats(heard, &self.words)
    }
}

/// Whether `heard` stands in `said`, letters taken for others included.
fn repeats(heard: &str, said: &str) -> bool {
    let (mut heard, said) = (letters(heard), letters(said));
    heard.truncate(MOST_LETTERS);
    let said = &said[said.len().saturating_sub(MOST_SAID)..];
    heard.len() >= FEWEST_LETTERS && fewest_wrong(&heard, said) * LETTERS_FOR_EACH_WRONG <= heard.len()
}

/// Letters and digits only: where one word ends and the next begins is easily misheard.
fn letters(text: &str) -> Vec<char> {
    fold(text).chars().filter(|c| c.is_alphanumeric()).collect()
}

/// How many letters have to be changed, left out or put in so that `pattern` stands somewhere in `text` (Sellers, "The theory
/// and computation of evolutionary distances", 1980).
fn fewest_wrong(pattern: &[char], text: &[char]) -> usize {
    let mut column: Vec<usize> = (0..=pattern.len()).collect();
    let mut fewest = pattern.len();
    for letter in text {
        // It may begin anywhere: nothing is wrong yet.
        let mut diagonal = 0;
        for (row, expected) in pattern.iter().enumerate() {
            let here = (diagonal + usize::from(letter != expected)).min(column[row] + 1).min(column[row + 1] + 1);
            diagonal = column[row + 1];
            column[row + 1] = here;
        }
        fewest = fewest.min(column[pattern.len()]);
    }
    fewest
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAID: &str = "Your payment of two hundred dollars was due on Friday. Shall we settle it today?";
    const SAID_IN_ARABIC: &str = "كان موعد سداد المبلغ المستحق يوم الجمعة. هل يمكنك السداد اليوم؟";

    #[test]
    fn the_agents_own_words_are_known_again() {
        for heard in [
            "your payment of two hundred dollars",
            "was due on Friday shall we settle",
            "Your pavement of to hundred dollars, was",
            "Shall we settle it to day?",
        ] {
            assert!(repeats(heard, SAID), "{heard}");
        }
        for heard in ["موعد سداد المبلغ المستحق", "هل يمكنك السداد اليوم", "كان موعد سدات المبلغ المستحق"]
        {
            assert!(repeats(heard, SAID_IN_ARABIC), "{heard}");
        }
    }

    #[test]
    fn a_caller_who_uses_some_of_them_is_no_echo() {
        for heard in [
            "",
            "Today?",
            "On Friday?",
            "No, I paid two hundred dollars last week",
            "I can settle half of it today",
            "What do you want from me?",
            "لا، دفعت المبلغ الأسبوع الماضي",
        ] {
            assert!(!repeats(heard, SAID) && !repeats(heard, SAID_IN_ARABIC), "{heard}");
        }
    }

    #[test]
    fn who_outlasts_the_agent_is_no_echo() {
        let at = |from, to| MediaTime::from_millis(from)..MediaTime::from_millis(to);
        let said = Said { words: SAID.to_owned(), at: at(1000, 6000) };
        let heard = "shall we settle it today";
        assert!(said.echoes(heard, &at(4600, 6100)));
        assert!(!said.echoes(heard, &at(5700, 7200)), "an answer that came early");
        assert!(!said.echoes(heard, &at(6300, 7800)) && !said.echoes(heard, &at(0, 900)));
    }

    #[test]
    fn distance_is_counted_by_letters() {
        let count = |pattern: &str, text: &str| fewest_wrong(&letters(pattern), &letters(text));
        for (pattern, text, wrong) in
            [("abc", "xxabcxx", 0), ("abc", "xxabxx", 1), ("abc", "xxacxx", 1), ("abc", "", 3), ("", "abc", 0)]
        {
            assert_eq!(count(pattern, text), wrong, "{pattern} in {text}");
        }
    }
}
