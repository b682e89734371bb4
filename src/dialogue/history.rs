//! What has been said in a conversation, as the language model will read it.

use std::mem;

use crate::domain::{Message, Role};

/// So many bytes of turns are kept at most, about two hours of talk: beyond any model's context here, and little enough
/// that no caller can fill the memory.
const MOST_BYTES: usize = 64 * 1024;

/// The instructions and the turns so far, in order. Only what the caller could hear is in it.
#[derive(Clone, Debug)]
pub struct History {
    messages: Vec<Message>,
    /// What came to the instructions later.
    note: &'static str,
}

impl History {
    /// A conversation under `instructions`, nothing said yet.
    pub fn new(instructions: impl Into<String>) -> Self {
        Self { messages: vec![Message::new(Role::System, instructions)], note: "" }
    }

    /// The caller said `text`. Two turns of the same side in a row become one: chat templates want them to alternate.
    pub fn heard(&mut self, text: &str) {
        self.say(Role::User, text);
    }

    /// The agent was heard saying `text`.
    pub fn said(&mut self, text: &str) {
        self.say(Role::Assistant, text);
    }

    /// Adds to the instructions what is to be known from now on. Said again, it changes nothing.
    pub fn note(&mut self, text: &'static str) {
        if mem::replace(&mut self.note, text) != text {
            let instructions = mem::take(&mut self.messages[0].text);
            self.messages[0].text = self.with_note(instructions);
        }
    }

    /// Other instructions for the same conversation, with what was noted in it.
    pub fn with_note(&self, instructions: String) -> String {
        if self.note.is_empty() { instructions } else { format!("{instructions}\n\n{}", self.note) }
    }

    /// What there would be if the caller said `text`.
    pub fn with_heard(&self, text: &str) -> Self {
        let mut history = self.clone();
        history.heard(text);
        history
    }

    /// Everything, the instructions first.
    pub fn messages(&self) -> &[Message] {
        &self.messages
    }

    fn say(&mut self, role: Role, text: &str) {
        let text = text.trim();
        if text.is_empty() {
            return;
        }
        match self.messages.last_mut() {
            Some(last) if last.role == role => {
                last.text.push(' ');
                last.text.push_str(text);
            }
            _ => self.messages.push(Message::new(role, text)),
        }
        self.forget();
    }

    /// Leaves out the oldest turns, and of the last one its beginning, when they are longer than may be kept.
    fn forget(&mut self) {
        let mut bytes: usize = self.messages[1..].iter().map(|message| message.text.len()).sum();
        while bytes > MOST_BYTES && self.messages.len() > 2 {
            bytes -= self.messages.remove(1).text.len();
        }
        if let [_, last] = &mut *self.messages
            && last.text.len() > MOST_BYTES
        {
            let cut = last.text.ceil_char_boundary(last.text.len() - MOST_BYTES);
            last.text.drain(..cut);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn turns_alternate_and_empty_ones_do_not_count() {
        let mut history = History::new("Be kind.");
        history.heard("Hello,");
        history.heard(" is anybody there?");
        history.said(" ");
        history.said("Yes.");
        let turns: Vec<_> = history.messages().iter().map(|m| (m.role.as_str(), m.text.as_str())).collect();
        assert_eq!(turns, [("system", "Be kind."), ("user", "Hello, is anybody there?"), ("assistant", "Yes.")]);
    }

    #[test]
    fn a_note_is_added_once() {
        let mut history = History::new("Be kind.");
        assert_eq!(history.with_note("Sell.".to_owned()), "Sell.");
        history.heard("Hello?");
        for _ in 0..2 {
            history.note("You were away.");
        }
        assert_eq!(history.messages()[0].text, "Be kind.\n\nYou were away.");
        assert_eq!(history.with_note("Sell.".to_owned()), "Sell.\n\nYou were away.");
        assert_eq!(history.messages().len(), 2);
    }

    #[test]
    fn the_oldest_turns_are_forgotten() {
        let mut history = History::new("Be kind.");
        for turn in 0..100 {
            history.heard(&format!("{turn} {}", "é".repeat(2000)));
            history.said("Yes.");
        }
        let bytes: usize = history.messages().iter().map(|message| message.text.len()).sum();
        assert!((MOST_BYTES - 8000..MOST_BYTES + 100).contains(&bytes), "{bytes}");
        assert_eq!(history.messages()[0].text, "Be kind.");
        let mut history = History::new("Be kind.");
        history.heard(&"é".repeat(MOST_BYTES));
        assert_eq!(history.messages()[1].text.len(), MOST_BYTES);
    }
}
