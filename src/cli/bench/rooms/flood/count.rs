//! How what strangers tried was answered.

use serde::Serialize;

/// To one of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    LetIn,
    Refused,
    /// The connection was refused or closed without a word, or it took too long.
    Missing,
}

impl Answer {
    /// By the status of HTTP.
    pub(super) fn of_status(status: u16) -> Self {
        if (200..300).contains(&status) { Self::LetIn } else { Self::Refused }
    }
}

/// To all of one kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub(super) struct Count {
    pub(super) tried: u64,
    pub(super) let_in: u64,
    pub(super) refused: u64,
    pub(super) not_answered: u64,
}

impl Count {
    pub(super) fn note(&mut self, answer: Answer) {
        self.tried += 1;
        *match answer {
            Answer::LetIn => &mut self.let_in,
            Answer::Refused => &mut self.refused,
            Answer::Missing => &mut self.not_answered,
        } += 1;
    }

    pub(super) fn add(&mut self, other: Self) {
        self.tried += other.tried;
        self.let_in += other.let_in;
        self.refused += other.refused;
        self.not_answered += other.not_answered;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_answer_is_counted_once() {
        let mut count = Count::default();
        for status in [200, 401, 404, 429, 503] {
            count.note(Answer::of_status(status));
        }
        count.note(Answer::Missing);
        assert_eq!(count, Count { tried: 6, let_in: 1, refused: 4, not_answered: 1 });
        count.add(count);
        assert_eq!(count, Count { tried: 12, let_in: 2, refused: 8, not_answered: 2 });
    }
}
