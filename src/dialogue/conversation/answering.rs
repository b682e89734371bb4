//! The agent's side: what it says, and when.

use std::mem;

use super::{Agent, Dialogue};
use crate::{
    dialogue::{
        caller::{Hearing, Owed},
        endpointing::{self, Expectation},
        io::{Cue, EndReason, Incident, Lead, Line, Manner, Notice, Output, Side},
        phrases::Phrase,
        speech::{Occasion, Speech},
    },
    domain::{Language, MediaTime, Pii, TurnId, cards},
};

/// So many failures in a row are no accident.
const MOST_FAILURES: u32 = 3;
/// So much speech in a row without words may be somebody who is not understood.
const MOST_WORDLESS: u32 = 2;

impl Dialogue {
    pub(super) fn greet(&mut self, now: MediaTime) {
        if let Some(reason) = self.setup.refusal {
            return self.say_farewell(now, reason);
        }
        if self.setup.lead == Lead::Script {
            // Said after the script's first words.
            self.hearing = if self.setup.hears { Hearing::Works } else { Hearing::Lost };
            self.decided.extend((!self.setup.hears).then_some(Output::Notice(Notice::TypedOnly)));
            return self.go_on_with_script(now, Cue::Begin);
        }
        let (language, usual) = Phrase::Greeting.spoken(self.setup.language);
        let (language, mut text) = match self.setup.greeting.take() {
            Some(own) => (self.setup.language, own),
            None => (language, usual.to_owned()),
        };
        if !self.setup.hears {
            text.push(' ');
            text.push_str(Phrase::TypedOnly.spoken(language).1);
            self.decided.push_back(Output::Notice(Notice::TypedOnly));
        }
        self.say(now, Occasion::Greeting, language, text);
    }

    pub(super) fn with_turn(&mut self, turn: TurnId, tell: impl FnOnce(&mut Speech)) {
        if let Agent::Turn(speech) = &mut self.agent
            && speech.id == turn
        {
            tell(speech);
        }
    }

    pub(super) fn set_manner(&mut self, turn: TurnId, manner: Manner) {
        match (&mut self.agent, &mut self.held) {
            (Agent::Turn(speech), _) if speech.id == turn => {
                speech.set_manner(manner);
                self.expect(manner.expects);
            }
            (_, Some(held)) if held.id == turn => held.manner = manner,
            _ => {}
        }
    }

    pub(super) fn expect(&mut self, expected: Expectation) {
        if mem::replace(&mut self.expected, expected) != expected {
            self.decided.push_back(Output::Endpoint(endpointing::Input::Expect(expected)));
        }
    }

    pub(super) fn clause(&mut self, now: MediaTime, turn: TurnId, text: String, uninterruptible: bool) {
        let mut line = None;
        self.with_turn(turn, |speech| {
            speech.clause(now, text, uninterruptible);
            line = Some(speech.words());
        });
        if let Some(words) = line {
            let text = Pii::new(cards::mask(&words));
            let line = Line { side: Side::Agent, number: turn.0, text, is_final: false };
            self.decided.push_back(Output::Transcript(line));
        }
    }

    /// What follows once nobody has anything left to say.
    pub(super) fn go_on(&mut self, now: MediaTime) {
        self.conclude(now);
        match &self.agent {
            Agent::Turn(speech) if speech.is_over(now) => self.finish(now),
            Agent::Turn(speech) if speech.is_stalled(now) => self.give_up(now),
            _ => {}
        }
        if !matches!(self.agent, Agent::Silent) || self.rests() || self.caller_has_floor(now) {
            return;
        }
        if self.interject(now) || self.say_to_be_back(now) {
            return;
        }
        match self.owed {
            Owed::Farewell if self.awaited.is_empty() => self.say_farewell(now, EndReason::Completed),
            Owed::ToSpeech | Owed::ToTyping { .. } if self.awaited.is_empty() && now >= self.hanging_until => {
                self.answer(now);
            }
            Owed::Nothing => self.speak_unasked(now),
            Owed::Farewell | Owed::ToSpeech | Owed::ToTyping { .. } => {}
        }
    }

    /// What the agent has to say without having been asked anything.
    fn speak_unasked(&mut self, now: MediaTime) {
        if mem::take(&mut self.owes_apology) {
            self.apologize(now);
        } else if self.held.is_some() {
            if self.awaited.is_empty()
                && let Some(held) = self.held.take()
            {
                self.resume(now, &held);
            }
        } else if self.hearing == Hearing::Lost {
            self.hearing = Hearing::None;
            self.remark(now, Phrase::TypedOnly);
        } else if self.wordless == MOST_WORDLESS {
            // Said once: what still has no words then is noise.
            self.wordless += 1;
            self.remark(now, Phrase::NotHeard);
        }
    }

    /// The agent's turn has been heard to its end.
    fn finish(&mut self, now: MediaTime) {
        let Agent::Turn(speech) = mem::replace(&mut self.agent, Agent::Silent) else { return };
        let words = speech.words();
        self.close(now, &speech, words, false);
        let goes_on = self.rests() || self.owed.is_answer() || self.caller_has_floor(now);
        match speech.occasion {
            // Who has something to add after a goodbye is not hung up on.
            Occasion::Farewell(EndReason::Completed) if goes_on => {}
            Occasion::Farewell(reason) => self.end(reason),
            _ if speech.has_failed() => self.failed(now),
            _ if speech.is_last() && !goes_on => self.end(EndReason::Completed),
            Occasion::Answer => self.failures = 0,
            Occasion::Greeting | Occasion::Remark(_) | Occasion::Interjection => {}
        }
    }

    /// The making of the agent's turn came to a halt.
    fn give_up(&mut self, now: MediaTime) {
        let Agent::Turn(speech) = mem::replace(&mut self.agent, Agent::Silent) else { return };
        self.note(Incident::AnswerStalled);
        self.decided.push_back(Output::Cancel(speech.id));
        self.close(now, &speech, speech.heard(), false);
        match speech.occasion {
            Occasion::Farewell(reason) => self.end(reason),
            _ => self.apologize(now),
        }
    }

    fn failed(&mut self, now: MediaTime) {
        self.note(Incident::AnswerFailed);
        self.apologize(now);
    }

    fn answer(&mut self, now: MediaTime) {
        (self.owed, self.owes_apology) = (Owed::Nothing, false);
        if self.setup.lead == Lead::Script {
            let words = mem::take(&mut self.uncued);
            let cue = if words.is_empty() { Cue::Again } else { Cue::Words(Pii::new(words)) };
            return self.go_on_with_script(now, cue);
        }
        let (messages, language) = (self.history.messages().to_vec(), self.setup.language);
        if let Some(turn) = self.agreed(&messages, language) {
            self.let_go();
            self.expect(Expectation::Anything);
            self.agent = Agent::Turn(Speech::new(now, turn, Occasion::Answer, language));
            self.decided.push_back(Output::Commit(turn));
            return;
        }
        let turn = self.begin(now, Occasion::Answer, language);
        self.decided.push_back(Output::Answer { turn, messages, language, is_speculative: false });
    }

    /// The agent says what follows in the script.
    pub(super) fn go_on_with_script(&mut self, now: MediaTime, cue: Cue) {
        let turn = self.begin(now, Occasion::Answer, self.setup.language);
        self.decided.push_back(Output::Lead { turn, cue });
    }

    fn apologize(&mut self, now: MediaTime) {
        if self.rests() {
            return;
        }
        self.failures += 1;
        if self.failures >= MOST_FAILURES {
            self.note(Incident::GivenUp);
            self.say_farewell(now, EndReason::OutOfService);
        } else {
            self.remark(now, Phrase::Apology);
            // A script knows what it was about to say, or to ask.
            self.owed = if self.setup.lead == Lead::Script { Owed::ToSpeech } else { Owed::Nothing };
        }
    }

    pub(super) fn remark(&mut self, now: MediaTime, phrase: Phrase) {
        let (language, text) = phrase.spoken(self.setup.language);
        self.say(now, Occasion::Remark(phrase), language, text.to_owned());
    }

    pub(super) fn say_farewell(&mut self, now: MediaTime, reason: EndReason) {
        self.owed = Owed::Nothing;
        let (phrase, notice) = match reason {
            EndReason::Busy => (Phrase::Busy, Some(Notice::Busy)),
            EndReason::OutOfService => (Phrase::OutOfService, Some(Notice::Unavailable)),
            EndReason::Silence => (Phrase::NobodyThere, None),
            EndReason::CallerLeft | EndReason::TooLong => (Phrase::Farewell, None),
            EndReason::Completed | EndReason::EndedByStaff => (Phrase::Goodbye, None),
        };
        self.decided.extend(notice.map(Output::Notice));
        let (language, text) = phrase.spoken(self.setup.language);
        self.say(now, Occasion::Farewell(reason), language, text.to_owned());
    }

    pub(super) fn say(&mut self, now: MediaTime, occasion: Occasion, language: Language, text: String) {
        let is_fixed = !matches!(occasion, Occasion::Interjection);
        let turn = self.begin(now, occasion, language);
        self.decided.push_back(Output::Say { turn, text, language, is_fixed });
    }

    /// The agent takes the floor.
    fn begin(&mut self, now: MediaTime, occasion: Occasion, language: Language) -> TurnId {
        self.let_go();
        self.drop_speculation();
        // Between a question and its answer "are you still there?" and the like change nothing.
        if matches!(occasion, Occasion::Answer) {
            self.expect(Expectation::Anything);
        }
        let turn = self.next_turn();
        self.agent = Agent::Turn(Speech::new(now, turn, occasion, language));
        turn
    }
}
