//! Answers that are begun before it is sure that the caller is done: at a pause, as soon as its words are known. Nothing of
//! such an answer is heard until the turn is over; then it is said if the words are still the same, and dropped if not.

use super::{Agent, Dialogue};
use crate::{
    dialogue::{
        caller::Owed,
        io::{Lead, Output, Words},
        parting::is_farewell,
    },
    domain::{Language, Message, TurnId, fold_words},
};

/// An answer that nobody may want.
#[derive(Debug)]
pub(super) struct Speculation {
    turn: TurnId,
    /// What it answers.
    messages: Vec<Message>,
    language: Language,
}

impl Speculation {
    fn agrees(&self, messages: &[Message], language: Language) -> bool {
        let same = |(ours, theirs): (&Message, &Message)| {
            ours.role == theirs.role && (ours.text == theirs.text || fold_words(&ours.text) == fold_words(&theirs.text))
        };
        self.language == language
            && self.messages.len() == messages.len()
            && self.messages.iter().zip(messages).all(same)
    }
}

impl Dialogue {
    /// Begins to answer these words, which the caller has come to at a pause.
    pub(super) fn speculate(&mut self, words: &Words) {
        let text = words.text.reveal();
        let is_next = matches!(self.agent, Agent::Silent)
            && self.held.is_none()
            && self.awaited.is_empty()
            && self.owed == Owed::Nothing
            && !self.owes_apology;
        if self.rests()
            || self.setup.lead == Lead::Script
            || !self.setup.speculates
            || !is_next
            || text.trim().is_empty()
            || is_farewell(text)
        {
            return;
        }
        let language = self.language_for(words);
        // What will be said of it then, should it be final; the guard itself must not take it for final yet.
        let text = self.cards.clone().finish(text);
        let messages = self.history.with_heard(&text).messages().to_vec();
        if self.speculation.as_ref().is_some_and(|begun| begun.agrees(&messages, language)) {
            return;
        }
        self.drop_speculation();
        let turn = self.next_turn();
        self.speculation = Some(Speculation { turn, messages: messages.clone(), language });
        self.decided.push_back(Output::Answer { turn, messages, language, is_speculative: true });
    }

    /// The answer to `messages`, if it was begun already.
    pub(super) fn agreed(&mut self, messages: &[Message], language: Language) -> Option<TurnId> {
        let begun = self.speculation.take_if(|begun| begun.agrees(messages, language))?;
        Some(begun.turn)
    }

    pub(super) fn drop_speculation(&mut self) {
        self.decided.extend(self.speculation.take().map(|begun| Output::Cancel(begun.turn)));
    }
}
