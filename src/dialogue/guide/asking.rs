//! Asking, and asking again: other words, reading back, and what happens when nothing helps.

use std::mem;

use super::{
    Act, Guide, Heard, Listening, Pii, Said, State, Topic, Trouble, Unclear,
    outcome::{CALLBACK, NOT_UNDERSTOOD},
    words,
};
use crate::{
    dialogue::endpointing::Expectation,
    script::{Aside, Ask, Confirm, Expect, Line, Task, Value, Way},
};

/// So often is asked again whether something is right, and when to call back.
const RETRIES: usize = 2;

impl Guide {
    /// Asks the same again, after a reason if there is one.
    pub(super) fn ask_again(&mut self, listening: Listening, reason: Option<(Aside, &str)>) {
        if let Some((aside, value)) = reason {
            self.aside(aside, value);
        }
        self.ask_topic(&listening.topic);
        self.listen(listening);
    }

    fn ask_topic(&mut self, topic: &Topic) {
        let script = self.script();
        let step = script.step(self.at);
        match (topic, &step.task) {
            (Topic::Answer, Task::Ask(ask)) => self.ask_line(&ask.question),
            (Topic::Confirm(value), Task::Ask(ask)) => {
                let text = self.read_back(ask, value);
                self.say(text, true, None, false);
            }
            (Topic::When, _) => self.aside(Aside::Later, ""),
            (Topic::Answer | Topic::Confirm(_) | Topic::Talk { .. }, _) => {}
        }
    }

    /// A question whose values there were when it was first asked.
    fn ask_line(&mut self, line: &Line) {
        let interruptible = !self.script().step(self.at).uninterruptible;
        if let Ok(rendered) = words::line(line, &self.values, &self.setup) {
            self.say(rendered.text, interruptible, Some(self.at), rendered.is_fixed);
        }
    }

    /// The words with which a value is read back.
    pub(super) fn read_back(&self, ask: &Ask, value: &Value) -> String {
        let spoken = words::spoken(value, &self.setup);
        if let Confirm::With(line) = &ask.confirm {
            let other = |name: &str| self.values.get(name).map(|value| words::spoken(value, &self.setup));
            let own = line.text.render(|name| if name == "answer" { Some(spoken.clone()) } else { other(name) });
            if let Ok(own) = own {
                return own;
            }
        }
        words::aside(Aside::Confirm, &spoken, &self.values, &self.setup)
    }

    /// Asks whether this is what the caller said.
    pub(super) fn confirm(&mut self, value: Value, tries: usize) {
        let listening = Listening { topic: Topic::Confirm(value), tries, silences: 0 };
        self.ask_again(listening, None);
    }

    /// The caller was not understood: asks in other words, or gives up.
    pub(super) fn retry(&mut self, listening: Listening) {
        let listening = Listening { tries: listening.tries + 1, ..listening };
        let script = self.script();
        match (&listening.topic, &script.step(self.at).task) {
            (Topic::Answer, Task::Ask(ask)) if listening.tries <= ask.retries => {
                match ask.rephrase.get(listening.tries - 1) {
                    Some(line) if words::line(line, &self.values, &self.setup).is_ok() => {
                        self.ask_line(line);
                        self.listen(listening);
                    }
                    _ => self.ask_again(listening, Some((Aside::Again, ""))),
                }
            }
            (Topic::Confirm(_) | Topic::When, _) if listening.tries <= RETRIES => {
                self.ask_again(listening, Some((Aside::Again, "")));
            }
            (Topic::When, _) => self.call_back_sometime(),
            (Topic::Answer | Topic::Confirm(_) | Topic::Talk { .. }, _) => self.give_up(),
        }
    }

    /// The answer was understood, and is none that is taken: asks again and says why.
    pub(super) fn refuse(&mut self, tries: usize, why: Aside, limit: &str) {
        let script = self.script();
        let retries = match &script.step(self.at).task {
            Task::Ask(ask) => ask.retries,
            _ => 0,
        };
        if tries >= retries.max(1) {
            self.aside(why, limit);
            return self.give_up();
        }
        let listening = Listening { topic: Topic::Answer, tries: tries + 1, silences: 0 };
        self.ask_again(listening, Some((why, limit)));
    }

    /// The caller was not understood as often as may be.
    pub(super) fn give_up(&mut self) {
        let step = self.script().step(self.at).id.clone();
        self.trouble(Trouble::NotUnderstood { step });
        self.go_or(Way::Other, |guide| {
            guide.aside(Aside::GiveUp, "");
            guide.act(Act::Callback { at: None, reason: Pii::new("The caller was not understood".to_owned()) });
            guide.finish(NOT_UNDERSTOOD);
        });
    }

    /// The call cannot go on: says so, and has somebody call back.
    pub(super) fn sorry(&mut self, outcome: &str) {
        self.aside(Aside::Sorry, "");
        self.act(Act::Callback { at: None, reason: Pii::new("The script could not go on".to_owned()) });
        self.finish(outcome);
    }

    /// Nobody knows when.
    pub(super) fn call_back_sometime(&mut self) {
        self.act(Act::Callback { at: None, reason: Pii::new("The caller wants to be called later".to_owned()) });
        self.aside(Aside::LaterSometime, "");
        self.finish(CALLBACK);
    }

    /// Whether the caller spoke before the question was even begun: then it was no answer, and is asked again, with what was
    /// not heard before it. Once, or somebody who keeps talking would hear it for ever.
    pub(super) fn replay(&mut self, listening: &Listening) -> bool {
        let is_unheard = self.said.last().is_some_and(|said| said.heard == Heard::Not);
        if !is_unheard || self.is_replayed {
            return false;
        }
        self.is_replayed = true;
        self.say_unheard();
        self.listen(listening.clone());
        true
    }

    /// Says again what was not heard to its end; `false` when all was.
    fn say_unheard(&mut self) -> bool {
        let unheard = mem::take(&mut self.said).into_iter().skip_while(|said| said.heard == Heard::Whole);
        for Said { say, .. } in unheard {
            self.say(say.text.into_inner(), say.interruptible, say.verbatim, say.is_fixed);
        }
        !self.said.is_empty()
    }

    /// What was said last broke off. Whoever was asked something meanwhile is not waited for any longer.
    pub(super) fn again(&mut self) {
        match mem::replace(&mut self.state, State::Over) {
            State::Listening(listening) => {
                if self.say_unheard() {
                    self.listen(listening);
                } else {
                    self.ask_again(listening, None);
                }
            }
            State::Over => {
                self.say_unheard();
                if let Some(outcome) = self.outcome.clone() {
                    self.finish(&outcome);
                }
            }
            state => {
                self.state = state.clone();
                match state {
                    State::Understanding { request, ask: Unclear::Which(_), .. } => self.scored(request, &[]),
                    State::Understanding { request, .. } => self.filled(request, None),
                    State::Thinking { request, .. } => self.thought(request, false),
                    State::Waiting { request } => self.answered(request, None),
                    State::Idle | State::Listening(_) | State::Over => {}
                }
            }
        }
    }

    /// What the caller is expected to say.
    pub(super) fn expectation(&self, listening: &Listening) -> Expectation {
        match (&listening.topic, &self.setup.script.step(self.at).task) {
            (Topic::Confirm(_), _) => Expectation::Short,
            (Topic::Answer, Task::Ask(ask)) => match ask.expect {
                Expect::YesNo | Expect::Choice => Expectation::Short,
                Expect::Amount { .. } | Expect::Phone | Expect::Digits { .. } | Expect::Date { .. } => {
                    Expectation::Digits
                }
                Expect::DateTime { .. } | Expect::Name | Expect::Text => Expectation::Anything,
            },
            _ => Expectation::Anything,
        }
    }
}
