//! A colleague of the desk's who takes a conversation over. As long as they have it the agent says nothing, and time that passes
//! without a word means nothing; but it goes on listening, so that the transcript stays whole. No caller is left alone: a
//! colleague who is not there has given the conversation back.

use std::time::Duration;

use super::{Agent, Dialogue};
use crate::{
    dialogue::{
        caller::Owed,
        io::{Lead, Output, Return},
        phrases::Phrase,
        speech::Occasion,
    },
    domain::{MediaTime, Pii},
};

/// For so long a colleague may be away: to come after having taken over, or to come back when their connection was lost.
const GRACE: Duration = Duration::from_secs(10);

/// What the language model is told afterwards: it has not heard the colleague.
const NOTE: &str = "A colleague of yours took this call over for a while and talked with the caller. You did not hear what your \
    colleague said, only what the caller answered. Do not guess what they agreed on; where it matters, ask the caller.";

/// Who talks with the caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Charge {
    Agent,
    /// The agent again, who has yet to say so.
    AgentAgain,
    Colleague {
        since: MediaTime,
        /// Since when they are not there, if they are not.
        away: Option<MediaTime>,
    },
}

impl Dialogue {
    /// Whether a colleague talks with the caller, and the agent only listens.
    pub fn rests(&self) -> bool {
        matches!(self.charge, Charge::Colleague { .. })
    }

    /// Falls silent: in the midst of a sentence, unless that may not be cut. Whoever has the conversation already is followed by
    /// another.
    pub(super) fn take_over(&mut self, now: MediaTime) {
        if let Charge::Colleague { away, .. } = &mut self.charge {
            *away = Some(now);
            return;
        }
        self.charge = Charge::Colleague { since: now, away: Some(now) };
        self.interjections.clear();
        self.drop_speculation();
        // Who was about to leave stays.
        if matches!(&self.agent, Agent::Turn(speech) if matches!(speech.occasion, Occasion::Farewell(_))) {
            self.interrupt(now);
        }
        self.fall_silent(now);
        self.let_go();
    }

    pub(super) fn see_colleague(&mut self, now: MediaTime, is_here: bool) {
        if let Charge::Colleague { away, .. } = &mut self.charge {
            *away = if is_here { None } else { away.or(Some(now)) };
        }
    }

    /// Time passes without the agent.
    pub(super) fn rest(&mut self, now: MediaTime) {
        self.fall_silent(now);
        let Charge::Colleague { away: Some(away), .. } = self.charge else { return };
        if now.since(away) >= GRACE {
            self.come_back(now, Return::ColleagueGone, None);
        }
    }

    fn fall_silent(&mut self, now: MediaTime) {
        if self.gives_way() {
            self.interrupt(now);
        }
    }

    pub(super) fn be_given_back(&mut self, now: MediaTime, words: Option<Pii<String>>) {
        self.come_back(now, Return::GivenBack, words);
    }

    /// Says that the agent is back, if it has yet to.
    pub(super) fn say_to_be_back(&mut self, now: MediaTime) -> bool {
        if self.charge != Charge::AgentAgain || !self.awaited.is_empty() {
            return false;
        }
        self.charge = Charge::Agent;
        self.remark(now, Phrase::Back);
        true
    }

    /// The agent has the conversation, whoever had it.
    pub(super) fn be_in_charge(&mut self) {
        self.charge = Charge::Agent;
    }

    fn come_back(&mut self, now: MediaTime, how: Return, words: Option<Pii<String>>) {
        let Charge::Colleague { since, .. } = self.charge else { return };
        self.charge = if words.is_none() { Charge::AgentAgain } else { Charge::Agent };
        self.decided.push_back(Output::Returned(how));
        self.history.note(NOTE);
        self.forget_what_was_owed();
        // The colleague's time is not the agent's.
        self.began = self.began + now.since(since);
        (self.active, self.worded, self.spoke) = (now, now, now);
        if let Some(reason) = self.setup.refusal {
            self.be_in_charge();
            return self.say_farewell(now, reason);
        }
        if let Some(words) = words.filter(|words| !words.reveal().trim().is_empty()) {
            self.note_interjection(words.into_inner());
        }
        if self.setup.lead == Lead::Script {
            // What it asked before is asked again.
            self.owed = Owed::ToSpeech;
        }
    }

    /// What the caller said meanwhile was said to the colleague.
    fn forget_what_was_owed(&mut self) {
        (self.owed, self.owes_apology, self.wordless, self.asked_for_caller) = (Owed::Nothing, false, 0, 0);
        self.failures = 0;
        self.uncued.clear();
    }
}
