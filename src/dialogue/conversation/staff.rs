//! What members of the desk want of a conversation that they follow.

use super::{Agent, Dialogue};
use crate::{
    dialogue::{io::EndReason, speech::Occasion},
    domain::MediaTime,
};

/// So much waits to be said for them; what is more is not said.
const MOST_WAITING: usize = 8;

impl Dialogue {
    /// Something is to be said when nobody else speaks. While a colleague talks with the caller, the agent says nothing.
    pub(super) fn note_interjection(&mut self, text: String) {
        if !self.rests() && self.interjections.len() < MOST_WAITING {
            self.interjections.push_back(text);
        }
    }

    /// Says what waits, if this is the moment: what the agent was saying, and what the caller is just saying, comes first.
    pub(super) fn interject(&mut self, now: MediaTime) -> bool {
        if self.held.is_some() || !self.awaited.is_empty() {
            return false;
        }
        let Some(text) = self.interjections.pop_front() else { return false };
        self.say(now, Occasion::Interjection, self.setup.language, text);
        true
    }

    /// The agent says goodbye, whatever it was about to say.
    pub(super) fn end_by_staff(&mut self, now: MediaTime) {
        if matches!(&self.agent, Agent::Turn(speech) if matches!(speech.occasion, Occasion::Farewell(_))) {
            return;
        }
        self.be_in_charge();
        self.interjections.clear();
        self.interrupt(now);
        self.say_farewell(now, EndReason::EndedByStaff);
    }
}
