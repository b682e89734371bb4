//! What was said in a call for the caller by somebody who waits for the agent's words: which turn answers it.

use tokio::sync::oneshot;

use crate::domain::{Pii, TurnId};

type Answer = oneshot::Sender<Pii<String>>;

/// Who waits. What is interrupted before a word of it was heard leaves them waiting for the next answer.
#[derive(Debug, Default)]
pub(super) struct Asks {
    /// No turn answers these yet.
    waiting: Vec<Answer>,
    /// This turn answers these.
    answering: (TurnId, Vec<Answer>),
}

impl Asks {
    /// Somebody waits for the next answer. Those who have gone meanwhile are forgotten.
    pub(super) fn wait(&mut self, answer: Answer) {
        self.waiting.retain(|answer| !answer.is_closed());
        self.waiting.push(answer);
    }

    /// The agent begins to answer everything that was said.
    pub(super) fn answered_by(&mut self, turn: TurnId) {
        self.answering.0 = turn;
        self.answering.1.append(&mut self.waiting);
    }

    /// Nobody will answer.
    pub(super) fn give_up(&mut self) {
        *self = Self::default();
    }

    /// What was heard of a turn.
    pub(super) fn heard(&mut self, turn: TurnId, words: &Pii<String>) {
        if self.answering.0 == turn {
            for answer in self.answering.1.drain(..) {
                // Who asked may have gone.
                let _ = answer.send(words.clone());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_asks_hears_the_turn_that_answers() {
        let (mut asks, words) = (Asks::default(), |text: &str| Pii::new(text.to_owned()));
        let (first, mut first_heard) = oneshot::channel();
        let (second, mut second_heard) = oneshot::channel();
        asks.wait(first);
        asks.heard(TurnId(1), &words("a greeting"));
        asks.answered_by(TurnId(2));
        asks.wait(second);
        asks.heard(TurnId(2), &words("cut off"));
        assert_eq!(first_heard.try_recv().unwrap().reveal(), "cut off");
        asks.answered_by(TurnId(3));
        asks.answered_by(TurnId(4));
        asks.heard(TurnId(3), &words("never heard"));
        assert!(second_heard.try_recv().is_err());
        asks.heard(TurnId(4), &words("an answer"));
        assert_eq!(second_heard.try_recv().unwrap().reveal(), "an answer");
    }
}
