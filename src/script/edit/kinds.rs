//! Which fields the head of a script and each kind of step have in a form.

use toml_edit::{Array, InlineTable, Table, Value, value};

use super::{
    super::{Aside, Way, read},
    field::{Field, Shape},
};
use crate::domain::Language;

const WAYS: [&str; 8] = names(&Way::ALL);
/// Those that a caller goes anywhere.
const WISHES: [&str; 5] = ["human", "later", "wrong_number", "stop", "missing"];
const OCCASIONS: [&str; 19] = names(&Aside::ALL);
const RECORDS: &[&str] = &read::RECORDS;
const DATES: &[&str] = &["date", "date-time"];

const fn names<T, const N: usize>(all: &[(&'static str, T); N]) -> [&'static str; N] {
    let mut names = [""; N];
    let mut at = 0;
    while at < N {
        names[at] = all[at].0;
        at += 1;
    }
    names
}

const fn field(name: &'static str, shape: Shape) -> Field {
    Field { name, shape, only: &[], is_seldom: false }
}

const fn seldom(name: &'static str, shape: Shape) -> Field {
    Field { name, shape, only: &[], is_seldom: true }
}

const fn only(of: &'static [&'static str], name: &'static str, shape: Shape) -> Field {
    Field { name, shape, only: of, is_seldom: false }
}

const ID: Field = field("id", Shape::Id);
const SAY: Field = field("say", Shape::Words);
const WITHOUT: Field = seldom("without", Shape::Words);
const UNINTERRUPTIBLE: Field = seldom("uninterruptible", Shape::Check);
const NEXT: Field = field("next", Shape::Step);
const ON_ANYTHING: Field = seldom("on", Shape::Ways(&WAYS));
const ON_WISHES: Field = seldom("on", Shape::Ways(&WISHES));

/// Of the script as a whole.
pub(super) const HEAD: &[Field] = &[
    field("name", Shape::Words),
    field("description", Shape::Words),
    field("language", Shape::Choice(&["en", "ar"])),
    field("start", Shape::Step),
    field("variables", Shape::Variables),
    ON_ANYTHING,
    seldom("lines", Shape::Lines(&OCCASIONS)),
];

const SAYS: &[Field] = &[ID, SAY, NEXT, WITHOUT, UNINTERRUPTIBLE, ON_WISHES];
const ASK: &[Field] = &[
    ID,
    field("ask", Shape::Words),
    field("expect", Shape::Choice(&read::EXPECTED)),
    only(&["amount"], "at_least", Shape::Limit),
    only(&["amount"], "at_most", Shape::Limit),
    only(DATES, "within_days", Shape::Number),
    only(&["digits"], "length", Shape::Length),
    field("answers", Shape::Answers),
    field("save", Shape::Variable),
    NEXT,
    field("rephrase", Shape::Many),
    seldom("retries", Shape::Number),
    seldom("confirm", Shape::Confirm),
    WITHOUT,
    UNINTERRUPTIBLE,
    ON_ANYTHING,
];
const CONVERSE: &[Field] = &[
    ID,
    SAY,
    field("converse", Shape::Words),
    field("facts", Shape::Many),
    field("rules", Shape::Many),
    field("never", Shape::Many),
    field("turns", Shape::Number),
    field("answers", Shape::Answers),
    NEXT,
    WITHOUT,
    UNINTERRUPTIBLE,
    ON_ANYTHING,
];
const BRANCH: &[Field] =
    &[ID, field("branch", Shape::Cases), NEXT, seldom("say", Shape::Words), WITHOUT, UNINTERRUPTIBLE, ON_WISHES];
const SET: &[Field] =
    &[ID, field("set", Shape::Values), NEXT, seldom("say", Shape::Words), WITHOUT, UNINTERRUPTIBLE, ON_WISHES];
const TOOL: &[Field] = &[
    ID,
    SAY,
    field("tool", Shape::Code),
    field("method", Shape::Choice(&["GET", "POST"])),
    field("send", Shape::Pairs),
    field("save", Shape::Pairs),
    field("timeout", Shape::Number),
    NEXT,
    field("on", Shape::Ways(&["failed", "human", "later", "wrong_number", "stop", "missing"])),
    WITHOUT,
    UNINTERRUPTIBLE,
];
const RECORD: &[Field] = &[
    ID,
    field("record", Shape::Choice(RECORDS)),
    only(&["promise"], "amount", Shape::Variable),
    only(&["promise"], "date", Shape::Variable),
    only(&["callback"], "at", Shape::Variable),
    only(&["callback"], "reason", Shape::Words),
    only(&["note"], "note", Shape::Words),
    only(&["outcome"], "outcome", Shape::Code),
    NEXT,
    seldom("say", Shape::Words),
    WITHOUT,
    UNINTERRUPTIBLE,
    ON_WISHES,
];
const TRANSFER: &[Field] = &[
    ID,
    SAY,
    field("transfer", Shape::Words),
    seldom("at", Shape::Variable),
    NEXT,
    WITHOUT,
    UNINTERRUPTIBLE,
    ON_WISHES,
];
const END: &[Field] =
    &[ID, SAY, field("end", Shape::Code), WITHOUT, UNINTERRUPTIBLE, seldom("on", Shape::Ways(&["missing"]))];

/// The kinds of steps, by the key that makes them what they are.
const KINDS: [(&str, &[Field]); 9] = [
    ("say", SAYS),
    ("ask", ASK),
    ("converse", CONVERSE),
    ("branch", BRANCH),
    ("set", SET),
    ("tool", TOOL),
    ("record", RECORD),
    ("transfer", TRANSFER),
    ("end", END),
];

/// The names of all kinds of steps.
pub const STEP_KINDS: [&str; 9] = names(&KINDS);

/// What a step is.
pub(super) fn kind_of(step: &Table) -> &'static str {
    read::KINDS.into_iter().find(|kind| step.contains_key(kind)).unwrap_or("say")
}

pub(super) fn fields_of(kind: &str) -> &'static [Field] {
    KINDS.iter().find(|(name, _)| *name == kind).map_or(SAYS, |(_, fields)| fields)
}

/// A step that has nothing but what it cannot be without.
pub(super) fn blank(kind: &str, id: &str) -> Table {
    let mut step = Table::new();
    step.insert("id", value(id));
    match kind {
        "ask" => {
            step.insert(kind, value(""));
            step.insert("expect", value("yes-no"));
        }
        "branch" => drop(step.insert(kind, value(Value::Array(Array::new())))),
        "set" => drop(step.insert(kind, value(Value::InlineTable(InlineTable::new())))),
        "tool" => drop(step.insert(kind, value("https://"))),
        "record" => {
            step.insert(kind, value("note"));
            step.insert("note", value(""));
        }
        "end" => drop(step.insert(kind, value("done"))),
        _ => drop(step.insert(kind, value(""))),
    }
    step
}

/// Where people look for keys, from the top: a new one stands after those before it.
pub(super) const ORDER: [&str; 45] = [
    "name",
    "description",
    "language",
    "start",
    "variables",
    "lines",
    "id",
    "ask",
    "converse",
    "branch",
    "set",
    "tool",
    "record",
    "transfer",
    "end",
    "say",
    "without",
    "uninterruptible",
    "method",
    "send",
    "expect",
    "at_least",
    "at_most",
    "within_days",
    "length",
    "save",
    "confirm",
    "timeout",
    "amount",
    "date",
    "at",
    "reason",
    "note",
    "outcome",
    "facts",
    "rules",
    "never",
    "turns",
    "answers",
    "rephrase",
    "retries",
    "on",
    "next",
    "step",
    "test",
];

/// What is said on an occasion, one of the names of [`Shape::Lines`], when a script has no words of its own for it.
pub fn usual_words(occasion: &str, language: Language) -> &'static str {
    Aside::ALL.iter().find(|(name, _)| *name == occasion).map_or("", |(_, aside)| aside.usual(language))
}
