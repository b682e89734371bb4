//! Guided conversations, sans-IO: a [`Guide`] walks through a script. What the caller said goes in; what to say, to whom to
//! listen and what to write down comes out.
//!
//! An answer is understood by rules first (`spoken::read`), then by a language model if there is one; below a threshold the
//! guide asks again instead of guessing. Amounts and days are read back. At every step a caller may want not to be called
//! again, to be called later, a person, the question once more, or to know who speaks. What a caller says decides only which
//! of the script's own ways is gone: no words of theirs change what is said.
//!
//! [`simulate`] has callers for it.

mod answers;
mod asking;
mod guard;
mod io;
pub mod simulate;
mod walk;
mod wishes;
mod words;

#[cfg(test)]
mod tests;

use std::{
    collections::{BTreeMap, VecDeque},
    mem,
    sync::Arc,
};

pub use answers::clear_choice;
pub use guard::Guard;
pub use io::{Act, Asked, Heard, Input, LineId, Meaning, Output, RequestId, Say, Setup, Slot, ToolCall, Trouble};

pub use crate::script::Method;

use crate::{
    domain::Pii,
    script::{Aside, Line, Script, Step, StepIndex, Value},
    spoken,
};

/// So many steps without a word of the caller are a script that does not come to rest.
const MOST_STEPS: usize = 100;
/// So often a caller may speak.
const MOST_TURNS: usize = 200;
/// More of what a caller says at once is not looked at, in bytes.
const LONGEST_WORDS: usize = 2000;
/// How a call ended that ended otherwise than by an `end` step.
mod outcome {
    pub(super) const DO_NOT_CALL: &str = "do-not-call";
    pub(super) const WRONG_NUMBER: &str = "wrong-number";
    pub(super) const CALLBACK: &str = "callback";
    pub(super) const NO_ANSWER: &str = "no-answer";
    pub(super) const NOT_UNDERSTOOD: &str = "not-understood";
    pub(super) const NO_DATA: &str = "no-data";
    pub(super) const FAILED: &str = "failed";
}

/// Walks through a script with one caller.
#[derive(Debug)]
pub struct Guide {
    setup: Setup,
    values: BTreeMap<String, Value>,
    at: StepIndex,
    state: State,
    outputs: VecDeque<Output>,
    /// What the caller said beside their last answer, for the next question.
    beside: Option<Value>,
    /// What was said since the caller last spoke.
    said: Vec<Said>,
    /// What was not heard has been said again.
    is_replayed: bool,
    lines: u64,
    requests: u64,
    /// Gone through since the caller last spoke.
    steps: usize,
    turns: usize,
    visited: Vec<StepIndex>,
    outcome: Option<String>,
}

/// What a guide waits for.
#[derive(Clone, Debug)]
enum State {
    /// The call has not begun.
    Idle,
    /// The caller.
    Listening(Listening),
    /// What a model makes of the caller's words.
    Understanding { request: RequestId, words: Pii<String>, listening: Listening, ask: Unclear },
    /// The end of what a model says.
    Thinking { request: RequestId, listening: Listening },
    /// Another program.
    Waiting { request: RequestId },
    /// Nothing: the call has ended.
    Over,
}

/// What was asked of a model.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Unclear {
    /// Which of these answers was meant.
    Which(Vec<usize>),
    /// Which value.
    Value(Slot),
}

#[derive(Clone, Debug)]
struct Listening {
    topic: Topic,
    /// So often the caller was not understood.
    tries: usize,
    silences: usize,
}

/// What the caller was asked.
#[derive(Clone, Debug)]
enum Topic {
    /// The question of the step.
    Answer,
    /// Whether this is what they said.
    Confirm(Value),
    /// When to call back.
    When,
    /// Nothing in particular; so many answers are left.
    Talk { left: usize },
}

impl Listening {
    const fn to(topic: Topic) -> Self {
        Self { topic, tries: 0, silences: 0 }
    }
}

#[derive(Clone, Debug)]
struct Said {
    say: Say,
    heard: Heard,
}

impl Guide {
    /// A guide through a script; it begins with [`Input::Begin`].
    pub fn new(mut setup: Setup) -> Self {
        let mut values = mem::take(&mut setup.values);
        values.retain(|name, value| fits(&setup.script, name, value));
        Self {
            at: setup.script.start,
            setup,
            values,
            state: State::Idle,
            outputs: VecDeque::new(),
            beside: None,
            said: Vec::new(),
            is_replayed: false,
            lines: 0,
            requests: 0,
            steps: 0,
            turns: 0,
            visited: Vec::new(),
            outcome: None,
        }
    }

    /// Takes what happened.
    pub fn handle(&mut self, input: Input) {
        match input {
            Input::Begin => self.begin(),
            Input::Words(words) if words.reveal().trim().is_empty() => self.silence(),
            Input::Words(words) => self.hear(words.reveal()),
            Input::Silence => self.silence(),
            Input::Again => self.again(),
            Input::Said { line, heard } => self.heard(line, heard),
            Input::Scored { request, shares } => self.scored(request, &shares),
            Input::Filled { request, text } => self.filled(request, text),
            Input::Answered { request, answer } => self.answered(request, answer),
            Input::Thought { request, is_good } => self.thought(request, is_good),
        }
    }

    /// What is to be done next.
    pub fn poll(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// The step that the script is at.
    pub const fn at(&self) -> StepIndex {
        self.at
    }

    /// The steps gone through so far.
    pub fn visited(&self) -> &[StepIndex] {
        &self.visited
    }

    /// What it knows, by the variables' names, as people say it.
    pub fn known(&self) -> Vec<(String, Pii<String>)> {
        let said = |(name, value): (&String, &Value)| (name.clone(), Pii::new(words::spoken(value, &self.setup)));
        self.values.iter().map(said).collect()
    }

    /// How the call went, as far as it has come: for a caller who has left.
    pub fn outcome(&self) -> Option<&str> {
        self.outcome.as_deref()
    }

    /// Whether it waits for an answer of somebody else's than the caller, and will say more after it.
    pub const fn waits(&self) -> bool {
        matches!(self.state, State::Understanding { .. } | State::Thinking { .. } | State::Waiting { .. })
    }

    /// Whether it waits for what a language model makes of the caller's last words.
    pub const fn waits_for_model(&self) -> bool {
        matches!(self.state, State::Understanding { .. } | State::Thinking { .. })
    }

    /// Whether it has ended.
    pub const fn is_over(&self) -> bool {
        matches!(self.state, State::Over)
    }

    fn begin(&mut self) {
        if matches!(self.state, State::Idle) {
            self.go(self.setup.script.start);
        }
    }

    fn heard(&mut self, line: LineId, heard: Heard) {
        if let Some(said) = self.said.iter_mut().find(|said| said.say.line == line) {
            said.heard = heard;
        }
    }

    fn silence(&mut self) {
        let listening = match mem::replace(&mut self.state, State::Over) {
            State::Listening(listening) => listening,
            state => {
                self.state = state;
                return;
            }
        };
        self.steps = 0;
        if listening.silences == 0 {
            self.aside(Aside::StillThere, "");
            let listening = Listening { silences: 1, ..listening };
            return self.ask_again(listening, None);
        }
        self.go_or(crate::script::Way::Silence, |guide| {
            guide.aside(Aside::Farewell, "");
            guide.finish(outcome::NO_ANSWER);
        });
    }

    /// The script that it walks through.
    pub fn script(&self) -> Arc<Script> {
        Arc::clone(&self.setup.script)
    }

    fn context(&self) -> spoken::Context {
        let Setup { script, today, now, country, .. } = &self.setup;
        spoken::Context { language: script.language, today: *today, now: *now, country: *country }
    }

    fn request(&mut self) -> RequestId {
        self.requests += 1;
        RequestId(self.requests)
    }

    fn say(&mut self, text: String, interruptible: bool, verbatim: Option<StepIndex>, is_fixed: bool) {
        self.lines += 1;
        let say = Say { line: LineId(self.lines), text: Pii::new(text), interruptible, verbatim, is_fixed };
        self.said.push(Said { say: say.clone(), heard: Heard::Whole });
        self.outputs.push_back(Output::Say(say));
    }

    /// Says words of the step; `Err`: a value is missing, and the caller has been taken elsewhere.
    fn say_line(&mut self, step: &Step, line: &Line) -> Result<(), Option<StepIndex>> {
        match words::line(line, &self.values, &self.setup) {
            Ok(rendered) => {
                if let Some(variable) = rendered.missing {
                    self.trouble(Trouble::Missing { step: step.id.clone(), variable });
                }
                self.say(rendered.text, !step.uninterruptible, Some(self.at), rendered.is_fixed);
                Ok(())
            }
            Err(variable) => {
                self.trouble(Trouble::Missing { step: step.id.clone(), variable });
                Err(self.missing(step))
            }
        }
    }

    fn aside(&mut self, aside: Aside, value: &str) {
        let text = words::aside(aside, value, &self.values, &self.setup);
        self.say(text, true, None, aside.value().is_none());
    }

    fn act(&mut self, act: Act) {
        if let Act::Outcome(outcome) = &act {
            self.outcome = Some(outcome.clone());
        }
        self.outputs.push_back(Output::Act(act));
    }

    fn trouble(&mut self, trouble: Trouble) {
        self.act(Act::Trouble(trouble));
    }

    fn finish(&mut self, outcome: &str) {
        self.state = State::Over;
        self.outcome = Some(outcome.to_owned());
        self.outputs.push_back(Output::HangUp { outcome: outcome.to_owned() });
    }
}

/// Whether a value is of its variable's kind.
fn fits(script: &Script, name: &str, value: &Value) -> bool {
    use crate::script::Kind;
    let declared = script.variables.get(name).copied();
    declared.is_some_and(|kind| kind == value.kind() || (kind == Kind::Name && value.kind() == Kind::Text))
}
