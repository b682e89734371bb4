//! What can be wrong with a document: each kind once, with what its sentence is filled in with. The sentences here are English;
//! pages say them in other languages, by [`Problem::key`].

use std::fmt;

/// A table of a document, as sentences call it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// The whole.
    Document,
    /// A step, by its id.
    Step(String),
    /// A step that has none yet.
    SomeStep,
    /// A test, by its name.
    Test(String),
    /// A test that has none.
    SomeTest,
    /// A case of a branch.
    Branch,
    /// A field.
    Field(String),
    /// One of a field's texts.
    TextOf(String),
}

impl Place {
    /// The key of its words in other languages, and the name in them.
    pub const fn key(&self) -> (&'static str, Option<&String>) {
        match self {
            Self::Document => ("document", None),
            Self::Step(id) => ("step", Some(id)),
            Self::SomeStep => ("some-step", None),
            Self::Test(name) => ("test", Some(name)),
            Self::SomeTest => ("some-test", None),
            Self::Branch => ("branch", None),
            Self::Field(key) => ("field", Some(key)),
            Self::TextOf(key) => ("text-of", Some(key)),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Document => f.write_str("the document"),
            Self::Step(id) => write!(f, "step `{id}`"),
            Self::SomeStep => f.write_str("a step"),
            Self::Test(name) => write!(f, "test `{name}`"),
            Self::SomeTest => f.write_str("a test"),
            Self::Branch => f.write_str("a branch"),
            Self::Field(key) => write!(f, "`{key}`"),
            Self::TextOf(key) => write!(f, "a text of `{key}`"),
        }
    }
}

/// What somebody who wrote an unknown word probably meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Hint {
    /// This one, which is nearly the same.
    Meant(String),
    /// One of these, the first of those that there are: with `, …` at the end where there are more.
    There(String),
    /// Nothing: there are none.
    Nothing,
}

impl fmt::Display for Hint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Meant(meant) => write!(f, ": did you mean `{meant}`?"),
            Self::There(names) => write!(f, ": there are {names}"),
            Self::Nothing => f.write_str(": there are none"),
        }
    }
}

/// What a sentence is filled in with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Argument<'a> {
    /// As it stands: what somebody wrote, or a word of documents.
    Text(&'a str),
    /// A number.
    Number(usize),
    /// In words.
    Place(&'a Place),
    /// In words.
    Hint(&'a Hint),
}

impl<'a> From<&'a String> for Argument<'a> {
    fn from(text: &'a String) -> Self {
        Self::Text(text)
    }
}

impl<'a> From<&'a &'static str> for Argument<'a> {
    fn from(text: &'a &'static str) -> Self {
        Self::Text(text)
    }
}

impl From<&usize> for Argument<'_> {
    fn from(number: &usize) -> Self {
        Self::Number(*number)
    }
}

impl<'a> From<&'a Place> for Argument<'a> {
    fn from(place: &'a Place) -> Self {
        Self::Place(place)
    }
}

impl<'a> From<&'a Hint> for Argument<'a> {
    fn from(hint: &'a Hint) -> Self {
        Self::Hint(hint)
    }
}

/// The kinds, their sentences, and what these are filled in with.
macro_rules! problems {
    ($($name:ident { $($field:ident: $kind:ty),* } $english:literal),+ $(,)?) => {
        /// Something that is wrong with a document, and what to do about it: in English as [`fmt::Display`].
        #[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
        pub enum Problem {
            $(
                #[doc = concat!("```text\n", $english, "\n```")]
                #[error($english)]
                $name {
                    $(#[doc = concat!("For `{", stringify!($field), "}`.")] $field: $kind),*
                }
            ),+
        }

        impl Problem {
            /// The keys of all kinds.
            pub fn keys() -> impl Iterator<Item = String> {
                [$(stringify!($name)),+].into_iter().map(key_of)
            }

            const fn name(&self) -> &'static str {
                match self {
                    $(Self::$name { .. } => stringify!($name)),+
                }
            }

            /// What the sentence is filled in with, by name.
            pub fn arguments(&self) -> Vec<(&'static str, Argument<'_>)> {
                match self {
                    $(Self::$name { $($field),* } => vec![$((stringify!($field), Argument::from($field))),*]),+
                }
            }
        }
    };
}

problems! {
    // Of any table.
    NotTrueOrFalse { key: &'static str } "`{key}` must be true or false",
    NotAWholeNumber { key: &'static str, least: usize, most: usize } "`{key}` must be a whole number from {least} to {most}",
    NotATable { key: &'static str } "`{key}` must be a table, such as `{key}.name = …`",
    UnknownField { place: Place, name: String, hint: Hint } "{place} has no `{name}`{hint}",
    NotAText { place: Place } "{place} must be a text in quotes",
    EmptyText { place: Place } "{place} is empty: write something, or leave it out",
    LongText { place: Place, length: usize, most: usize } "{place} has {length} characters: {most} are the most",
    TooManyTexts { key: String, most: usize } "`{key}` has more than {most} texts",
    // Of the whole document.
    LongDocument { bytes: usize, most: usize } "the document has {bytes} bytes: {most} are the most",
    NoToml { message: String } "this is no TOML: {message}",
    NoScriptName {} "the script has no name: begin with `name = \"…\"`",
    NoSteps {} "the script has no steps: add `[[step]]` with an `id` and what it says or asks",
    UnknownLanguage { message: String } "{message}",
    TooManyTables { key: &'static str, most: usize } "there are more than {most} `[[{key}]]`: make two scripts",
    NotATableOfMany { key: &'static str } "write `[[{key}]]` and its fields on lines below",
    MoreProblems { count: usize } "there are {count} more faults from here on: mend those above first",
    // Of variables, and texts with variables in them.
    TooManyDeclared { most: usize } "there are more than {most} variables",
    TooManyVariables {} "there are too many variables",
    BadVariableName { name: String } "`{name}` is no name for a variable: use letters, digits and `_`",
    UnknownKind { name: String, hint: Hint } "there is no kind `{name}`{hint}",
    TwoKinds { name: String, known: &'static str, kind: &'static str }
        "`{name}` is of kind {known} elsewhere, and here of kind {kind}: use two variables",
    UnknownVariable { name: String, hint: Hint } "there is no variable `{name}`{hint}: declare it under `[variables]`",
    WrongKind { name: String, kind: &'static str, key: &'static str, wanted: String }
        "`{name}` is of kind {kind}: {key} needs {wanted}",
    OpenVariable {} "a variable begins with `{{{{` and does not end: add `}}}}` after its name",
    BadVariable { name: String }
        "`{{{{{name}}}}}` is no variable: a name has letters, digits and `_`, and begins with a letter",
    WithoutHasVariables {} "`without` is said when a value is missing: it cannot have variables itself",
    // Of steps, and what leads to them.
    StepWithoutId { number: usize } "step {number} has no `id`: name it, such as `id = \"greet\"`",
    BadStepId { name: String } "`{name}` is no id: use letters, digits, `_` and `-`, a letter first",
    StepTwice { name: String, line: usize } "step `{name}` is already there on line {line}: give another id",
    UnknownStep { name: String, hint: Hint } "step `{name}` does not exist{hint}",
    UnknownWay { name: String, hint: Hint } "nothing happens on `{name}` here{hint}",
    UnknownLine { name: String, hint: Hint } "there is no line `{name}`{hint}",
    TwoTasks { place: Place, one: &'static str, other: &'static str }
        "{place} has both `{one}` and `{other}`: make two steps of it",
    NoTask { place: Place, kinds: String } "{place} does nothing: give it one of `say`, {kinds}",
    NothingAfter { place: Place } "nothing comes after {place}: give `next`, or add an `end` step below",
    DoesNotListen { name: String } "`on.{name}` is for steps that `ask` or `converse`: this one does not listen",
    BadOutcome { name: String } "`{name}` is no outcome: use one word such as `promised` or `no-answer`",
    // Of questions.
    NoExpectation { place: Place }
        "{place} asks and does not say what it expects: give `expect = \"yes-no\"` or such",
    UnknownExpectation { name: String, hint: Hint } "nothing such as `{name}` can be expected{hint}",
    NoAmount { written: String, key: &'static str }
        "`{written}` is no amount: {key} needs a number, or a variable of kind money",
    BadLength { most: usize } "`length` must be a number up to {most}, or two such as [4, 6]",
    ConfirmSaysNothing {} "`confirm` has to say what was understood: put {{{{answer}}}} into it",
    NoAnswers {} "a choice needs `answers`, such as `answers.pay = [\"I will pay\"]`, `on.pay = \"…\"`",
    TooManyAnswers { most: usize } "there are more than {most} answers",
    BadAnswerName { name: String } "`{name}` is no name for an answer: use letters, digits, `_`, `-`",
    AnswerIsWay { name: String } "`{name}` has a meaning of its own in `on`: give this answer another name",
    AnswerLeadsNowhere { place: Place, name: String }
        "{place} leads nowhere on `{name}`: give `on.{name}`, or `next` for all answers",
    UnknownAnswer { place: Place, name: String, hint: Hint } "{place} has no answer `{name}`{hint}",
    // Of branches and conditions.
    TooManyCases { most: usize } "there are more than {most} cases: use two branch steps",
    BadCase {} "write `branch = [{{ if = \"amountDue > 100\", then = \"step\" }}]`",
    TooManyComparisons { most: usize } "more than {most} comparisons: use two branch steps",
    NoCondition {}
        "this is no condition: write such as `amountDue > 100`, `customer = yes`, or `email is missing`",
    NotCompared { name: String, hint: Hint } "there is no variable `{name}`{hint}",
    BadOperator { name: String }
        "`{name}` compares nothing: write such as `amountDue > 100`, `customer = yes`, or `email is missing`",
    NotComparable { written: String, name: String, kind: &'static str }
        "`{written}` cannot be compared with `{name}`, which is of kind {kind}",
    NotOrdered { name: String, kind: &'static str }
        "`{name}` is of kind {kind}, which knows no less or more: use = or !=",
    // Of values that are set and recorded.
    TooManyValues { most: usize } "more than {most} values in one step: use two",
    KindsDiffer { from: String, other: &'static str, name: String, kind: &'static str }
        "`{from}` is of kind {other}, and `{name}` of kind {kind}",
    TextDoesNotFit { name: String, kind: &'static str } "`{name}` is of kind {kind}: a text does not fit",
    ValueDoesNotFit { written: String, kind: &'static str, name: String } "`{written}` is no {kind}, as `{name}` is",
    UnknownRecord { name: String, hint: Hint } "`{name}` cannot be recorded{hint}",
    NeedsVariable { place: Place, key: &'static str }
        "{place} needs `{key}`: the name of the variable that holds it",
    // Of steps that ask other programs.
    SendNeedsPost {} "`send` needs `method = \"POST\"`: put what a GET says into its address",
    UnknownMethod { name: String, hint: Hint } "`{name}` is no method{hint}",
    BadAddress {}
        "an address begins with https:// (http:// on this machine only) and a host without variables, and has no password in it",
    BadPointer { name: String } "where `{name}` is in the answer begins with `/`, such as \"/balance\"",
    TooManyFields { key: &'static str, most: usize } "`{key}` has more than {most} fields",
    NoWayOnFailure { place: Place }
        "{place} does not say where to go when there is no answer: give `on.failed`",
    HostNotListed { host: String }
        "scripts may not ask `{host}` here: an administrator has to add it to the setting scriptHosts",
    // Of tests.
    TestWithoutName {} "a test has no `name`: say what it shows",
    UnknownPersona { name: String, hint: Hint } "there is no persona `{name}`{hint}",
    NoSuchValue { written: String, kind: &'static str } "`{written}` is no {kind}",
    NotADay { key: &'static str, example: &'static str } "`{key}` must be a day such as \"{example}\"",
    NotATime { key: &'static str, example: &'static str } "`{key}` must be a time such as \"{example}\"",
    NotAnAmount { key: &'static str, example: &'static str } "`{key}` must be an amount such as {example}",
    ExpectsNothing { place: Place } "{place} expects nothing: give `expect.outcome = \"…\"` or such",
    ExpectNotATable {} "`expect` must be a table, such as `expect.outcome = \"promised\"`",
    // Of the script as a whole.
    Unreachable { name: String } "no step leads to `{name}`: name it in a `next` or an `on`, or delete it",
    NeverEnds { name: String } "from `{name}` the call never ends: lead one of the steps after it to an `end` step",
    Restless { name: String }
        "`{name}` comes back to itself without asking anything: put an `ask` into this round",
    Unconfirmed { name: String }
        "`{name}` may be promised without being read back: leave out `confirm = false`, or ask a yes-no question with {{{{{name}}}}} in it before",
}

impl Problem {
    /// The key of the sentence in other languages: `problem-fault-not-a-text`.
    pub fn key(&self) -> String {
        key_of(self.name())
    }
}

/// `NotAText` is `problem-fault-not-a-text`.
fn key_of(name: &str) -> String {
    let mut key = "problem-fault".to_owned();
    for c in name.chars() {
        if c.is_ascii_uppercase() {
            key.push('-');
        }
        key.push(c.to_ascii_lowercase());
    }
    key
}
