//! A script as it runs: everything in it has been checked, steps refer to steps that there are.

use std::{collections::BTreeMap, time::Duration};

use jiff::civil::{Date, Time};
use url::Url;

use super::{
    Condition, Kind, Template, Value,
    asides::{Aside, Asides},
};
use crate::domain::{Host, Language, Money};

/// A script that can be run.
#[derive(Clone, Debug)]
pub struct Script {
    /// What it is called.
    pub name: String,
    /// What it is for; may be empty.
    pub description: String,
    /// What it is written in, and what its callers speak.
    pub language: Language,
    /// All variables, with their kinds: those that come from outside, and those that its steps set.
    pub variables: BTreeMap<String, Kind>,
    /// Where it begins.
    pub start: StepIndex,
    /// Where callers go who do not answer, at steps that do not say otherwise.
    pub on: Ways,
    /// What is said at any step.
    pub asides: Asides,
    /// How simulated callers fare.
    pub tests: Vec<Test>,
    pub(super) steps: Vec<Step>,
}

/// A step of a script, counted from 0 in the document's order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StepIndex(pub(super) usize);

impl StepIndex {
    /// Its place in the document, from 0.
    pub const fn get(self) -> usize {
        self.0
    }
}

/// A step.
#[derive(Clone, Debug)]
pub struct Step {
    /// What the document calls it.
    pub id: String,
    /// The document's line where it begins, from 1.
    pub line: usize,
    /// What is said first, word for word.
    pub say: Option<Line>,
    /// Callers cannot interrupt what is said.
    pub uninterruptible: bool,
    /// What it does then.
    pub task: Task,
    /// Where it goes on, unless an answer or a condition decides; always there where [`Task`] needs it.
    pub next: Option<StepIndex>,
    /// Where callers go who do not answer.
    pub on: Ways,
}

/// Words to be said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// The words.
    pub text: Template,
    /// The words when a value for the others is missing.
    pub without: Option<Template>,
}

/// What a step does.
#[derive(Clone, Debug)]
pub enum Task {
    /// Nothing but what it says.
    Say,
    /// Asks, and waits for an answer.
    Ask(Ask),
    /// Lets a language model talk.
    Converse(Converse),
    /// Goes where the first condition that holds says, else to `next`.
    Branch(Vec<(Condition, StepIndex)>),
    /// Gives values to variables.
    Set(Vec<(String, Assigned)>),
    /// Asks another program.
    Tool(Tool),
    /// Writes something into the desk's records.
    Record(Record),
    /// Books a call back by a person, for a reason; ends when there is no `next`.
    Transfer {
        /// For whoever calls back.
        reason: Template,
        /// The variable with the day and time that suit the caller.
        at: Option<String>,
    },
    /// Ends the call.
    End {
        /// How it went.
        outcome: String,
    },
}

/// A question.
#[derive(Clone, Debug)]
pub struct Ask {
    /// The words.
    pub question: Line,
    /// Other words for it, when the first were not understood.
    pub rephrase: Vec<Line>,
    /// How often it is asked again.
    pub retries: usize,
    /// The kind of answer.
    pub expect: Expect,
    /// Answers that have a name and a way of their own: yes and no, choices, others.
    pub answers: Vec<Answer>,
    /// The variable that keeps the answer.
    pub save: Option<String>,
    /// How what was understood is read back.
    pub confirm: Confirm,
}

/// The kind of answer to a question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expect {
    /// Yes or no.
    YesNo,
    /// An amount of money.
    Amount {
        /// No less than this.
        at_least: Option<Limit>,
        /// No more than this.
        at_most: Option<Limit>,
    },
    /// A day from today on.
    Date {
        /// No later than in so many days.
        within_days: Option<u16>,
    },
    /// A day and a time from now on.
    DateTime {
        /// No later than in so many days.
        within_days: Option<u16>,
    },
    /// A telephone number.
    Phone,
    /// A person's name.
    Name,
    /// Digits.
    Digits {
        /// As few.
        least: u16,
        /// As many.
        most: u16,
    },
    /// One of the answers that have a name.
    Choice,
    /// Any words.
    Text,
}

/// An amount, or the variable that holds one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Limit {
    /// This.
    Fixed(Money),
    /// What is in this variable; no limit while there is nothing in it.
    Variable(String),
}

/// An answer with a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Its name.
    pub id: String,
    /// What callers say who mean it.
    pub says: Vec<String>,
    /// Where it leads.
    pub to: StepIndex,
}

/// How what was understood is read back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Confirm {
    /// Only when it was guessed.
    IfUnsure,
    /// Always, in the usual words.
    Always,
    /// Always, in these words, in which `{{answer}}` is what was understood.
    With(Line),
}

/// A conversation that a language model holds.
#[derive(Clone, Debug)]
pub struct Converse {
    /// What it is for.
    pub goal: Template,
    /// All that may be told. A fact whose value is missing is left out.
    pub facts: Vec<Template>,
    /// What has to be kept to.
    pub rules: Vec<String>,
    /// Words that are never said.
    pub never: Vec<String>,
    /// So many answers, then it goes to `next`.
    pub turns: usize,
    /// What callers say to leave it.
    pub answers: Vec<Answer>,
}

/// A request to another program.
#[derive(Clone, Debug)]
pub struct Tool {
    /// GET, or POST with a body.
    pub method: Method,
    /// The address, with places for values in its path and query.
    pub address: Template,
    /// The host of the address, which an administrator has to list.
    pub host: Host,
    /// The fields of the JSON object that is sent.
    pub send: Vec<(String, Template)>,
    /// Variables, and where in the JSON of the answer their values are (RFC 6901).
    pub save: Vec<(String, String)>,
    /// How long an answer may take.
    pub timeout: Duration,
    /// Where to go on when there is none.
    pub failed: StepIndex,
}

/// How a [`Tool`] asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// Without a body.
    Get,
    /// With a JSON object.
    Post,
}

/// What is written into the desk's records.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Record {
    /// A promise to pay.
    Promise {
        /// The variable with the amount.
        amount: String,
        /// The variable with the day.
        date: String,
    },
    /// A call back.
    Callback {
        /// The variable with day and time.
        at: Option<String>,
        /// What for.
        reason: Template,
    },
    /// The caller is never called again.
    DoNotCall,
    /// How the call went so far, should it break off.
    Outcome(String),
    /// Words for the desk.
    Note(Template),
}

/// What a `set` step gives to a variable.
#[derive(Clone, Debug, PartialEq)]
pub enum Assigned {
    /// What another variable holds, or nothing.
    Copy(String),
    /// This.
    Value(Value),
    /// A text with values in it.
    Text(Template),
}

/// Why a caller goes another way than that of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Way {
    /// They do not want to answer, or cannot.
    Refusal,
    /// They say nothing.
    Silence,
    /// They were not understood as often as may be.
    Other,
    /// They want to talk to a person.
    Human,
    /// They want to be called later.
    Later,
    /// They are not who was called.
    WrongNumber,
    /// They do not want to be called again.
    Stop,
    /// The value of a variable is missing.
    Missing,
}

impl Way {
    /// All there are, by their names in documents.
    pub(super) const ALL: [(&'static str, Self); 8] = [
        ("refusal", Self::Refusal),
        ("silence", Self::Silence),
        ("other", Self::Other),
        ("human", Self::Human),
        ("later", Self::Later),
        ("wrong_number", Self::WrongNumber),
        ("stop", Self::Stop),
        ("missing", Self::Missing),
    ];

    /// Whether the caller wants something else than what the script is about.
    pub(super) const fn is_wish(self) -> bool {
        matches!(self, Self::Human | Self::Later | Self::WrongNumber | Self::Stop)
    }

    /// Its name in documents.
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(_, way)| *way == self).map_or("other", |(name, _)| name)
    }
}

/// Where callers go who do not answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ways(pub(super) BTreeMap<Way, StepIndex>);

impl Ways {
    /// The step for this way, if it has one.
    pub fn get(&self, way: Way) -> Option<StepIndex> {
        self.0.get(&way).copied()
    }

    /// All that have one.
    pub fn iter(&self) -> impl Iterator<Item = (Way, StepIndex)> + '_ {
        self.0.iter().map(|(way, step)| (*way, *step))
    }
}

/// A simulated caller's manner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Persona {
    /// Answers as expected.
    Cooperative,
    /// Answers in as few words as possible.
    Terse,
    /// Answers in many words that mean nothing.
    Rambling,
    /// Does not want to answer.
    Refusing,
    /// Says nothing.
    Silent,
    /// Swears, and gives the agent orders.
    Hostile,
}

impl Persona {
    /// All there are, by their names in documents.
    pub const ALL: [(&'static str, Self); 6] = [
        ("cooperative", Self::Cooperative),
        ("terse", Self::Terse),
        ("rambling", Self::Rambling),
        ("refusing", Self::Refusing),
        ("silent", Self::Silent),
        ("hostile", Self::Hostile),
    ];

    /// Its name in documents.
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(_, persona)| *persona == self).map_or("", |(name, _)| name)
    }
}

/// A simulated call, and what is to come of it.
#[derive(Clone, Debug)]
pub struct Test {
    /// What it shows.
    pub name: String,
    /// The document's line where it begins, from 1.
    pub line: usize,
    /// How the caller answers where nothing else is said.
    pub persona: Persona,
    /// What the caller says first, in order, wherever the script is.
    pub says: Vec<String>,
    /// What the caller says at a step, one after the other; the last one again.
    pub answers: BTreeMap<StepIndex, Vec<String>>,
    /// The values that the call begins with.
    pub values: BTreeMap<String, Value>,
    /// What programs answer at a step; at others they fail.
    pub tools: BTreeMap<StepIndex, serde_json::Value>,
    /// The day of the call.
    pub today: Date,
    /// The time of the call.
    pub now: Time,
    /// What is to come of it.
    pub expect: Expected,
}

/// What is to come of a simulated call. What is empty is not looked at.
#[derive(Clone, Debug, Default)]
pub struct Expected {
    /// How it ends.
    pub outcome: Option<String>,
    /// The amount that is promised.
    pub amount: Option<Money>,
    /// The day for which it is promised.
    pub date: Option<Date>,
    /// Whether anything is promised.
    pub promise: Option<bool>,
    /// Whether a call back is booked.
    pub callback: Option<bool>,
    /// Whether the caller is never called again.
    pub do_not_call: Option<bool>,
    /// Steps that are gone through.
    pub visits: Vec<StepIndex>,
    /// Steps that are not.
    pub never: Vec<StepIndex>,
}

impl Script {
    /// A step.
    ///
    /// # Panics
    /// When `index` is another script's.
    pub fn step(&self, index: StepIndex) -> &Step {
        &self.steps[index.0]
    }

    /// All steps in the document's order.
    pub fn steps(&self) -> impl Iterator<Item = (StepIndex, &Step)> {
        self.steps.iter().enumerate().map(|(index, step)| (StepIndex(index), step))
    }

    /// The step with this id.
    pub fn find(&self, id: &str) -> Option<StepIndex> {
        self.steps.iter().position(|step| step.id == id).map(StepIndex)
    }

    /// All that it says in every call word for word, in the document's order, and then the usual words for occasions.
    pub fn fixed_lines(&self) -> Vec<String> {
        let lines = self.steps.iter().flat_map(|step| {
            let ask = match &step.task {
                Task::Ask(ask) => Some(ask),
                _ => None,
            };
            let asked = ask.into_iter().flat_map(|ask| [&ask.question].into_iter().chain(&ask.rephrase));
            step.say.iter().chain(asked)
        });
        let without_values = |words: &Template| words.render(|_| None).ok();
        let of_steps =
            lines.flat_map(|line| [Some(&line.text), line.without.as_ref()]).flatten().filter_map(without_values);
        let of_occasions = Aside::ALL.into_iter().filter_map(|(_, aside)| match self.asides.own(aside) {
            Some(own) => without_values(own),
            None => aside.value().is_none().then(|| aside.usual(self.language).to_owned()),
        });
        of_steps.chain(of_occasions).collect()
    }

    /// The hosts that its tools ask, with the lines of the document where they stand.
    pub fn hosts(&self) -> impl Iterator<Item = (&Host, usize)> {
        self.steps.iter().filter_map(|step| match &step.task {
            Task::Tool(tool) => Some((&tool.host, step.line)),
            _ => None,
        })
    }
}

impl Tool {
    /// Its address with `value` in the places of variables, percent-encoded; `Err` names a variable without a value.
    ///
    /// # Errors
    /// The name of a variable without a value, or nothing when a value makes it no address of this host any more.
    pub fn url(&self, value: impl Fn(&str) -> Option<String>) -> Result<Url, Option<&str>> {
        use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
        let encoded = |name: &str| value(name).map(|text| utf8_percent_encode(&text, NON_ALPHANUMERIC).to_string());
        let url: Url = self.address.render(encoded).map_err(Some)?.parse().map_err(|_| None)?;
        if Host::of(&url).as_ref() == Some(&self.host) { Ok(url) } else { Err(None) }
    }
}

impl Task {
    /// The word in documents for what it does.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Say => "say",
            Self::Ask(_) => "ask",
            Self::Converse(_) => "converse",
            Self::Branch(_) => "branch",
            Self::Set(_) => "set",
            Self::Tool(_) => "tool",
            Self::Record(_) => "record",
            Self::Transfer { .. } => "transfer",
            Self::End { .. } => "end",
        }
    }

    /// Whether it waits for what the caller says.
    pub(super) const fn waits(&self) -> bool {
        matches!(self, Self::Ask(_) | Self::Converse(_))
    }

    /// The answers that have a name.
    pub(super) fn answers(&self) -> &[Answer] {
        match self {
            Self::Ask(Ask { answers, .. }) | Self::Converse(Converse { answers, .. }) => answers,
            _ => &[],
        }
    }
}

impl Step {
    /// All steps that may follow this one, and why; `""` is without a reason.
    pub fn ways(&self) -> Vec<(&str, StepIndex)> {
        let mut ways = self.following();
        ways.extend(self.on.iter().map(|(way, step)| (way.name(), step)));
        ways
    }

    /// The steps that follow this one when it is done as it should be.
    pub(super) fn following(&self) -> Vec<(&str, StepIndex)> {
        let mut ways: Vec<(&str, StepIndex)> = self.next.map(|step| ("", step)).into_iter().collect();
        ways.extend(self.task.answers().iter().map(|answer| (answer.id.as_str(), answer.to)));
        match &self.task {
            Task::Branch(cases) => ways.extend(cases.iter().map(|(condition, step)| (condition.text(), *step))),
            Task::Tool(tool) => ways.push(("failed", tool.failed)),
            _ => {}
        }
        ways
    }

    /// All that it says and asks word for word.
    pub fn lines(&self) -> impl Iterator<Item = &Line> {
        let asked: &[Line] = match &self.task {
            Task::Ask(ask) => &ask.rephrase,
            _ => &[],
        };
        let question = match &self.task {
            Task::Ask(ask) => Some(&ask.question),
            _ => None,
        };
        self.say.iter().chain(question).chain(asked)
    }
}
