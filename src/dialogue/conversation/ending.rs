//! What follows from time alone, and the end.

use std::time::Duration;

use super::{Agent, Dialogue};
use crate::{
    dialogue::{
        barge_in::Overlap,
        caller::{Caller, Hearing, Owed},
        io::{EndReason, Output},
        phrases::Phrase,
    },
    domain::MediaTime,
};

/// After so much silence the agent asks whether the caller is still there, once.
const SILENCE: Duration = Duration::from_secs(30);
/// After so long without a word from the caller, spoken or typed, the agent hangs up. Noise is no word.
const ABANDONED: Duration = Duration::from_secs(5 * 60);
/// No call is longer.
const LONGEST: Duration = Duration::from_secs(2 * 60 * 60);

impl Dialogue {
    pub(super) fn let_time_pass(&mut self, now: MediaTime) {
        self.overlap(now, Overlap::Tick);
        let too_long = now.since(self.began) >= LONGEST;
        match &self.agent {
            Agent::Turn(speech) if too_long && speech.can_be_interrupted() => self.interrupt(now),
            Agent::Turn(_) | Agent::Gone(_) => return,
            Agent::Silent => {}
        }
        if too_long {
            return self.say_farewell(EndReason::TooLong);
        }
        if self.caller_has_floor(now) || !self.awaited.is_empty() || self.owed != Owed::Nothing {
            return;
        }
        if now.since(self.worded) >= ABANDONED {
            self.say_farewell(EndReason::Silence);
        } else if now.since(self.active.max(self.spoke)) >= SILENCE
            && matches!(self.caller, Caller::Silent)
            && !self.asked_for_caller
            && self.hearing == Hearing::Works
            && !self.muted
        {
            self.asked_for_caller = true;
            self.remark(Phrase::StillThere);
        }
    }

    pub(super) fn left(&mut self, now: MediaTime) {
        self.interrupt(now);
        self.end(EndReason::CallerLeft);
    }

    pub(super) fn end(&mut self, reason: EndReason) {
        self.let_go();
        self.agent = Agent::Gone(reason);
        self.caller = Caller::Silent;
        self.awaited.clear();
        self.owed = Owed::Nothing;
        self.decided.push_back(Output::HangUp);
    }
}
