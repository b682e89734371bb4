//! What a [`Guide`](super::Guide) is told, and what it decides.

use std::{collections::BTreeMap, fmt, sync::Arc, time::Duration};

use jiff::civil::{Date, DateTime, Time};
use url::Url;

use super::guard::Guard;
use crate::{
    dialogue::endpointing::Expectation,
    domain::{Country, Currency, Money, Pii},
    script::{Method, Script, StepIndex, Value},
};

/// How a script is to be run.
#[derive(Clone, Debug)]
pub struct Setup {
    /// The script.
    pub script: Arc<Script>,
    /// What is known of the caller, by the names of the script's variables. Others are ignored.
    pub values: BTreeMap<String, Value>,
    /// The day where the desk is.
    pub today: Date,
    /// The time there.
    pub now: Time,
    /// In which amounts are.
    pub currency: Option<Currency>,
    /// Where telephone numbers without a country's code are from.
    pub country: Option<Country>,
    /// Whether there is a language model for free conversation; without one such steps are left at the caller's first words.
    pub talks: bool,
    /// Whether there is a language model that is asked what a caller meant; without one what is not understood is asked again.
    pub understands: bool,
}

/// A line that is said, unique within a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LineId(pub u64);

/// Something that somebody else is asked. An answer to an older one is ignored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RequestId(pub u64);

/// Something that happened.
#[derive(Clone, Debug)]
pub enum Input {
    /// The call begins.
    Begin,
    /// What the caller said, as far as the turn goes.
    Words(Pii<String>),
    /// The caller has said nothing for as long as one may be expected to wait.
    Silence,
    /// What was said last broke off, and nobody has said anything since: it is to be said again.
    Again,
    /// A line has been said, or was broken off. Without this, lines count as heard.
    Said {
        /// Which.
        line: LineId,
        /// How much of it.
        heard: Heard,
    },
    /// An answer to [`Output::Score`].
    Scored {
        /// To what.
        request: RequestId,
        /// The probability of each choice, 0.0 to 1.0, together 1.0; empty when there is no answer.
        shares: Vec<f32>,
    },
    /// An answer to [`Output::Fill`].
    Filled {
        /// To what.
        request: RequestId,
        /// What the model wrote under the grammar; `None` when there is no answer.
        text: Option<Pii<String>>,
    },
    /// An answer to [`Output::Tool`].
    Answered {
        /// To what.
        request: RequestId,
        /// The JSON that came; `None`: an error, no JSON, or nothing in time.
        answer: Option<serde_json::Value>,
    },
    /// The answer that [`Output::Think`] asked for has been said.
    Thought {
        /// To what.
        request: RequestId,
        /// Whether there was one: it was not empty, and nothing of it was held back.
        is_good: bool,
    },
}

/// How much of a line the caller has heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heard {
    /// All.
    Whole,
    /// The beginning.
    Partly,
    /// Nothing.
    Not,
}

/// Something to do, in order. Lines are said one after the other; what follows does not wait for them, but for
/// [`Output::Listen`] and [`Output::HangUp`], which hold once all lines before have been said.
#[derive(Clone, Debug)]
pub enum Output {
    /// Say this.
    Say(Say),
    /// It is the caller's turn; this is what they are expected to say.
    Listen(Expectation),
    /// Let the language model answer freely; [`Input::Thought`] when that is done.
    Think {
        /// To be named when it is done.
        request: RequestId,
        /// What the model is told, instead of the agent's usual task. What the caller said is in the conversation.
        instructions: Pii<String>,
        /// What it may say.
        guard: Guard,
    },
    /// Ask the model what the caller meant: the probability of each choice.
    Score {
        /// To be named in the answer.
        request: RequestId,
        /// What was asked, and what the caller said.
        asked: Asked,
        /// What it may mean; the last one is none of the others.
        choices: Vec<Meaning>,
    },
    /// Ask the model for the value in what the caller said.
    Fill {
        /// To be named in the answer.
        request: RequestId,
        /// What was asked, and what the caller said.
        asked: Asked,
        /// What is looked for.
        slot: Slot,
    },
    /// Ask another program. Whether the box lets scripts ask this host is for the caller of the guide to check.
    Tool {
        /// To be named in the answer.
        request: RequestId,
        /// What to ask.
        call: ToolCall,
    },
    /// Write this down.
    Act(Act),
    /// The call is over, and how it went: hang up when all has been said.
    HangUp {
        /// Such as `promised`.
        outcome: String,
    },
}

/// A line.
#[derive(Clone, Debug)]
pub struct Say {
    /// Its name.
    pub line: LineId,
    /// The words.
    pub text: Pii<String>,
    /// Whether the caller may interrupt it.
    pub interruptible: bool,
    /// The step whose words these are, exactly; `None` for words that belong to no step.
    pub verbatim: Option<StepIndex>,
    /// Whether these words are the same in every call, so that their sound can be kept.
    pub is_fixed: bool,
}

/// A question and its answer, for a language model.
#[derive(Clone, Debug)]
pub struct Asked {
    /// What the agent asked.
    pub question: Pii<String>,
    /// What the caller said.
    pub words: Pii<String>,
}

/// One of the things that an answer may mean.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Meaning {
    /// The name in the script; `other` for none of them.
    pub id: String,
    /// What callers say who mean it; may be empty.
    pub says: Vec<String>,
}

/// A value that is looked for in words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Slot {
    /// An amount of money.
    Amount,
    /// A day.
    Date,
    /// A day and a time.
    DateTime,
    /// A telephone number.
    Phone,
    /// Digits.
    Digits,
}

impl Slot {
    /// What a model may write (GBNF, rule `root`): the value, or `none`.
    pub const fn grammar(self) -> &'static str {
        match self {
            Self::Amount => r#"root ::= "none" | [0-9]{1,9} ("." [0-9]{1,3})?"#,
            Self::Date => r#"root ::= "none" | [0-9]{4} "-" [0-9]{2} "-" [0-9]{2}"#,
            Self::DateTime => r#"root ::= "none" | [0-9]{4} "-" [0-9]{2} "-" [0-9]{2} "T" [0-9]{2} ":" [0-9]{2}"#,
            Self::Phone => r#"root ::= "none" | "+"? [0-9]{5,15}"#,
            Self::Digits => r#"root ::= "none" | [0-9]{1,64}"#,
        }
    }
}

/// A request to another program.
#[derive(Clone, Debug)]
pub struct ToolCall {
    /// GET or POST.
    pub method: Method,
    /// The address. It may hold personal data: not for a log.
    pub url: Pii<Url>,
    /// Of a POST.
    pub body: Option<Pii<serde_json::Value>>,
    /// How long an answer may take.
    pub timeout: Duration,
}

/// Something for the desk's records.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Act {
    /// The caller promises to pay.
    Promise {
        /// So much, in the desk's currency.
        amount: Money,
        /// On this day.
        date: Date,
    },
    /// Call back.
    Callback {
        /// When, where the desk is; `None`: as soon as it suits the desk.
        at: Option<DateTime>,
        /// What for.
        reason: Pii<String>,
    },
    /// Never call again. At once: it counts even when the call breaks off now.
    DoNotCall,
    /// How it went so far. [`Output::HangUp`] has the last one.
    Outcome(String),
    /// Words for the desk.
    Note(Pii<String>),
    /// Something did not go as it should; the caller was told politely.
    Trouble(Trouble),
}

/// What did not go as it should. It has no personal data in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// A line could not be said as it is written, for the value of a variable is missing.
    Missing {
        /// Where.
        step: String,
        /// Which.
        variable: String,
    },
    /// Another program did not answer.
    NoAnswer {
        /// Where.
        step: String,
    },
    /// The language model did not answer, or what it said was held back.
    NoThought {
        /// Where.
        step: String,
    },
    /// The caller was not understood as often as may be.
    NotUnderstood {
        /// Where.
        step: String,
    },
    /// The script went on and on without asking anything.
    Restless {
        /// Where.
        step: String,
    },
    /// The caller has spoken more often than in any sensible call.
    TooLong,
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing { step, variable } => write!(f, "step `{step}` has no value for `{variable}`"),
            Self::NoAnswer { step } => write!(f, "the program that step `{step}` asks did not answer"),
            Self::NoThought { step } => write!(f, "the language model had no answer at step `{step}`"),
            Self::NotUnderstood { step } => write!(f, "the caller was not understood at step `{step}`"),
            Self::Restless { step } => write!(f, "the script did not come to rest at step `{step}`"),
            Self::TooLong => f.write_str("the caller spoke too often"),
        }
    }
}
