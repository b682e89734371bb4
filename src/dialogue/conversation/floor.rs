//! Who has the floor when both sides speak: what stops the agent, and what lets it go on.

use std::{mem, ops::Range};

use super::{Agent, Dialogue};
use crate::{
    dialogue::{
        barge_in::{BargeIn, Decision, Overlap},
        caller::{Caller, Owed},
        echo::Said,
        io::{Lead, Line, Output, Place, Side, Spoken},
        speech::{Held, Occasion, Speech},
    },
    domain::{MediaTime, Pii, cards},
};

impl Dialogue {
    pub(super) fn overlap(&mut self, now: MediaTime, overlap: Overlap) {
        if !self.gives_way() {
            return;
        }
        match self.barge_in.handle(now, overlap) {
            Some(Decision::Duck) => self.duck(true),
            Some(Decision::Restore) => self.duck(false),
            Some(Decision::Stop) => self.stop(now, overlap),
            None => {}
        }
    }

    /// The caller spoke over the agent for too long, or wants something. What has not begun is cheap to begin again.
    fn stop(&mut self, now: MediaTime, overlap: Overlap) {
        let has_begun = matches!(&self.agent, Agent::Turn(speech) if speech.began().is_some());
        match overlap {
            Overlap::Words(_) => self.interrupt(now),
            _ if has_begun => self.hold(now),
            _ => self.interrupt(now),
        }
    }

    fn duck(&mut self, duck: bool) {
        if mem::replace(&mut self.ducked, duck) != duck {
            self.decided.push_back(Output::Duck(duck));
        }
    }

    /// The caller takes the floor.
    pub(super) fn interrupt(&mut self, now: MediaTime) {
        let Agent::Turn(speech) = mem::replace(&mut self.agent, Agent::Silent) else { return };
        self.held = Some(speech.held());
        self.let_go();
        self.close(now, &speech, speech.heard(), true);
    }

    /// The agent falls silent for what the caller says, if those are words.
    fn hold(&mut self, now: MediaTime) {
        let Agent::Turn(speech) = mem::replace(&mut self.agent, Agent::Silent) else { return };
        self.held = Some(speech.held());
        self.decided.push_back(Output::Hold(speech.id));
        self.close(now, &speech, speech.heard(), true);
    }

    /// What was held will not be gone on with.
    pub(super) fn let_go(&mut self) {
        let Some(held) = self.held.take() else { return };
        self.decided.push_back(Output::Cancel(held.id));
        // Nothing of the answer was heard: it is still owed, to these words and the next ones. A script has to say all.
        let is_owed = held.from == Place::default() || self.setup.lead == Lead::Script;
        if held.occasion == Occasion::Answer && is_owed && self.owed == Owed::Nothing {
            self.owed = Owed::ToSpeech;
        }
    }

    /// The agent goes on where it fell silent, since the caller said nothing.
    pub(super) fn resume(&mut self, now: MediaTime, held: &Held) {
        let turn = self.next_turn();
        self.agent = Agent::Turn(Speech::resumed(now, turn, held));
        if held.occasion == Occasion::Answer {
            self.expect(held.manner.expects);
        }
        self.decided.push_back(Output::Resume { turn, from: held.from });
    }

    /// The end of the agent's turn, of which `heard` was heard.
    pub(super) fn close(&mut self, now: MediaTime, speech: &Speech, heard: String, interrupted: bool) {
        self.duck(false);
        self.barge_in = BargeIn::new(self.echoes);
        self.spoke = now;
        self.said = speech.said();
        self.decided.push_back(Output::Ended { turn: speech.id, heard: speech.clauses_until(now) });
        let heard = cards::mask(&heard);
        self.history.said(&heard);
        for words in self.unread.drain(..) {
            self.history.heard(&words);
        }
        let Some(began) = speech.began() else { return };
        let is_nothing = heard.is_empty();
        let text = Pii::new(heard);
        let line = Line { side: Side::Agent, number: speech.id.0, text: text.clone(), is_final: true };
        self.decided.push_back(Output::Transcript(line));
        if !is_nothing {
            let (side, language) = (Side::Agent, speech.language);
            let played = Some((speech.id, speech.sent()));
            let spoken = Spoken { side, text, at: began..now, language, played, interrupted };
            self.decided.push_back(Output::Record(spoken));
        }
    }

    /// Whether words that were heard at `at` are the agent's own, of its present turn or the one before.
    pub(super) fn is_echo(&self, words: &str, at: &Range<MediaTime>) -> bool {
        let present = match &self.agent {
            Agent::Turn(speech) => speech.said(),
            Agent::Silent | Agent::Gone(_) => None,
        };
        [present.as_ref(), self.said.as_ref()].into_iter().flatten().any(|said: &Said| said.echoes(words, at))
    }

    /// Whether the caller speaks and is to be let finish.
    pub(super) fn caller_has_floor(&self, now: MediaTime) -> bool {
        matches!(self.caller, Caller::Speaking(_)) && !self.talk.is_endless(now, self.owed)
    }
}
