//! What of a language model's answer is worth saying. Small models sometimes say the same again and again, or write signs
//! that nobody can speak; a caller is spared that.

use crate::domain::{fold_words, text::is_speakable};

/// The same clause for the third time is no emphasis any more.
const MOST_REPEATS: usize = 2;
/// Repeated clauses are looked for among so many of the latest.
const LATEST: usize = 6;
/// A long clause of which less than one sign in three is a letter or a digit is no speech.
const LONG: usize = 24;

/// The clauses of one answer.
#[derive(Debug, Default)]
pub(super) struct Sense {
    latest: Vec<String>,
    said: bool,
    lost: bool,
}

impl Sense {
    /// Whether this clause, the answer's next, is to be said.
    pub(super) fn admits(&mut self, clause: &str) -> bool {
        if self.lost || !is_speakable(clause) || is_noise(clause) {
            return false;
        }
        let folded = fold_words(clause);
        if self.latest.iter().filter(|said| **said == folded).count() >= MOST_REPEATS {
            self.lost = true;
            return false;
        }
        if self.latest.len() == LATEST {
            self.latest.remove(0);
        }
        self.latest.push(folded);
        self.said = true;
        true
    }

    /// Whether nothing sensible will follow.
    pub(super) fn is_lost(&self) -> bool {
        self.lost
    }

    /// Whether anything was worth saying.
    pub(super) fn has_said_something(&self) -> bool {
        self.said
    }
}

fn is_noise(clause: &str) -> bool {
    let signs = clause.chars().filter(|c| !c.is_whitespace());
    let (count, letters) =
        signs.fold((0, 0), |(count, letters), c| (count + 1, letters + usize::from(c.is_alphanumeric())));
    count > LONG && letters * 3 < count
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(clauses: &[&str], admitted: &[&str], lost: bool) {
        let mut sense = Sense::default();
        let said: Vec<_> = clauses.iter().copied().filter(|clause| sense.admits(clause)).collect();
        assert_eq!((said.as_slice(), sense.is_lost()), (admitted, lost));
        assert_eq!(sense.has_said_something(), !admitted.is_empty());
    }

    #[test]
    fn sense_is_said() {
        check(
            &["Yes, yes.", "We ship to Texas,", "and to Utah."],
            &["Yes, yes.", "We ship to Texas,", "and to Utah."],
            false,
        );
        check(&["Yes.", "No.", "Yes."], &["Yes.", "No.", "Yes."], false);
        check(&["نعم، نوصل إلى كل مكان."], &["نعم، نوصل إلى كل مكان."], false);
    }

    #[test]
    fn nothing_is_no_sense() {
        check(&[], &[], false);
        check(&["…", "***", "\u{200f}"], &[], false);
        check(&["#$%& |||| ---- ==== a #### ++++ ****"], &[], false);
    }

    #[test]
    fn a_model_that_goes_round_in_circles_is_stopped() {
        check(&["I see.", "i see", "I see!"], &["I see.", "i see"], true);
        check(&["I see.", "I see.", "I see.", "Anything."], &["I see.", "I see."], true);
        check(&["A b.", "C d.", "A b.", "C d.", "A b.", "C d."], &["A b.", "C d.", "A b.", "C d."], true);
    }
}
