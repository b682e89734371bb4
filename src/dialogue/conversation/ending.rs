//! What follows from time alone, and the end.

use std::time::Duration;

use super::{Agent, Dialogue};
use crate::{
    dialogue::{
        barge_in::Overlap,
        caller::{Caller, Hearing, Owed},
        io::{Cue, EndReason, Incident, Lead, Output, Patience},
        phrases::Phrase,
    },
    domain::MediaTime,
};

/// A silent caller is asked so often whether they are still there.
const ASKED: [Phrase; 2] = [Phrase::StillThere, Phrase::StillThereAgain];
/// After so long without a word from the caller, spoken or typed, the agent hangs up. Noise is no word.
const ABANDONED: Duration = Duration::from_secs(5 * 60);
/// So long before the end of a call that takes too long the caller is told.
const WARNING: Duration = Duration::from_secs(60);

impl Dialogue {
    pub(super) fn let_time_pass(&mut self, now: MediaTime) {
        self.draft(now);
        self.reconsider(now);
        self.overlap(now, Overlap::Tick);
        if self.rests() {
            return self.rest(now);
        }
        let too_long = now.since(self.began) >= self.setup.patience.longest;
        match &self.agent {
            Agent::Turn(speech) if too_long && speech.can_be_interrupted() => self.interrupt(now),
            Agent::Turn(_) | Agent::Gone(_) => return,
            Agent::Silent => {}
        }
        if too_long {
            self.note(Incident::TooLong);
            return self.say_farewell(now, EndReason::TooLong);
        }
        if self.caller_has_floor(now) || !self.awaited.is_empty() || self.owed != Owed::Nothing {
            return;
        }
        let Patience { silence, longest } = self.setup.patience;
        let is_silent = matches!(self.caller, Caller::Silent) && self.hearing == Hearing::Works && !self.muted;
        if now.since(self.began) + WARNING >= longest && !self.warned {
            self.warned = true;
            self.remark(now, Phrase::LittleTime);
        } else if now.since(self.worded) >= ABANDONED.max(silence * 4) {
            self.leave_silent(now);
        } else if is_silent && now.since(self.active.max(self.spoke)) >= silence {
            if self.setup.lead == Lead::Script {
                return self.go_on_with_script(now, Cue::Silence);
            }
            match ASKED.get(self.asked_for_caller as usize) {
                Some(phrase) => {
                    self.asked_for_caller += 1;
                    self.remark(now, *phrase);
                }
                None => self.leave_silent(now),
            }
        }
    }

    fn leave_silent(&mut self, now: MediaTime) {
        self.note(Incident::Silence);
        self.say_farewell(now, EndReason::Silence);
    }

    pub(super) fn left(&mut self, now: MediaTime) {
        self.interrupt(now);
        self.end(EndReason::CallerLeft);
    }

    pub(super) fn end(&mut self, reason: EndReason) {
        self.let_go();
        self.drop_speculation();
        self.agent = Agent::Gone(reason);
        self.caller = Caller::Silent;
        self.awaited.clear();
        self.owed = Owed::Nothing;
        self.decided.push_back(Output::HangUp);
    }
}
