//! The labelled sets: one table for each type of answer and language, read and checked.

use std::{fmt, fs, path::PathBuf};

use callstead::{
    domain::{Country, Language, Money, PhoneNumber, fold},
    spoken::{Choice, Context, Intent, Sureness, Understood, read},
};
use jiff::civil::{Date, Time};
use serde::Deserialize;

/// What says that no value may be taken from an answer.
pub(crate) const NONE: &str = "none";

/// The day on which all answers were given: a Saturday.
pub(crate) const TODAY: Date = jiff::civil::date(2026, 11, 21);
pub(crate) const NOW: Time = jiff::civil::time(10, 0, 0, 0);

/// What a question expects; each has a file of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Type {
    YesNo,
    Amount,
    Date,
    Phone,
    Name,
    Digits,
    Choice,
    Intent,
}

impl Type {
    pub(crate) const ALL: [Self; 8] =
        [Self::YesNo, Self::Amount, Self::Date, Self::Phone, Self::Name, Self::Digits, Self::Choice, Self::Intent];

    fn file(self) -> &'static str {
        match self {
            Self::YesNo => "yes-no",
            Self::Amount => "amount",
            Self::Date => "date",
            Self::Phone => "phone",
            Self::Name => "name",
            Self::Digits => "digits",
            Self::Choice => "choice",
            Self::Intent => "intent",
        }
    }
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.file())
    }
}

/// What an answer tries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Kind {
    Plain,
    Paraphrase,
    Error,
    Tricky,
    Refusal,
}

impl Kind {
    pub(crate) const ALL: [Self; 5] = [Self::Plain, Self::Paraphrase, Self::Error, Self::Tricky, Self::Refusal];
}

/// One line of a table.
#[derive(Deserialize)]
pub(crate) struct Answer {
    pub(crate) text: String,
    pub(crate) label: String,
    pub(crate) context: String,
    pub(crate) kind: Kind,
}

/// A question with fixed answers, from `choices.toml`.
#[derive(Deserialize)]
struct Question {
    id: String,
    ask: String,
    options: Vec<Expected>,
}

#[derive(Deserialize)]
struct Expected {
    id: String,
    says: Vec<String>,
}

#[derive(Deserialize)]
struct Questions {
    question: Vec<Question>,
}

/// All answers of one type in one language.
pub(crate) struct Set {
    pub(crate) language: Language,
    pub(crate) of: Type,
    pub(crate) answers: Vec<Answer>,
    questions: Vec<Question>,
}

impl Set {
    pub(crate) fn load(language: Language, of: Type) -> Self {
        let table = read_file(language, &format!("{of}.tsv"));
        let mut reader = csv::ReaderBuilder::new().delimiter(b'\t').quoting(false).from_reader(table.as_bytes());
        let answers = reader
            .deserialize()
            .enumerate()
            .map(|(row, line)| line.unwrap_or_else(|error| panic!("{} {of}, answer {row}: {error}", language.code())))
            .collect();
        let questions: Questions = toml::from_str(&read_file(language, "choices.toml")).expect("choices.toml is sound");
        Self { language, of, answers, questions: questions.question }
    }

    /// English first.
    pub(crate) fn all() -> impl Iterator<Item = Self> {
        [Language::ENGLISH, Language::ARABIC]
            .into_iter()
            .flat_map(|language| Type::ALL.into_iter().map(move |of| Self::load(language, of)))
    }

    /// What the readers make of an answer, in the form of [`Set::normal`].
    pub(crate) fn understand(&self, answer: &Answer) -> Option<(String, Sureness)> {
        let (text, cx) = (answer.text.as_str(), &self.context(answer));
        match self.of {
            Type::YesNo => form(read::yes_no(text, cx), |yes| if yes { "yes" } else { "no" }.to_owned()),
            Type::Amount => form(read::amount(text, cx), |money| money.to_string()),
            Type::Date => form(read::date(text, cx), |date| date.to_string()),
            Type::Phone => form(read::phone(text, cx), |phone| phone.as_str().to_owned()),
            Type::Name => form(read::name(text, cx), |name| letters(&name)),
            Type::Digits => form(read::digits(text, cx), |digits| digits),
            Type::Choice => self.choose(answer, cx),
            Type::Intent => form(read::intent(text, cx), |intent| intent_name(intent).to_owned()),
        }
    }

    /// A label as [`Set::understand`] would give it, or what is wrong with it. Nothing for [`NONE`].
    pub(crate) fn normal(&self, answer: &Answer) -> Result<Option<String>, String> {
        let label = answer.label.as_str();
        let known = |is_known: bool| is_known.then(|| label.to_owned()).ok_or_else(|| "is no such answer".to_owned());
        if self.of == Type::Choice {
            self.question(answer).ok_or("names no question")?;
        }
        if label == NONE {
            return Ok(None);
        }
        match self.of {
            Type::YesNo => known(["yes", "no"].contains(&label)),
            Type::Amount => label.parse::<Money>().map(|money| money.to_string()).map_err(|error| error.to_string()),
            Type::Date => label.parse::<Date>().map(|date| date.to_string()).map_err(|error| error.to_string()),
            Type::Phone => PhoneNumber::parse(label, None)
                .map(|phone| phone.as_str().to_owned())
                .map_err(|error| error.to_string()),
            Type::Name => Ok(letters(label)),
            Type::Digits => known(label.bytes().all(|byte| byte.is_ascii_digit())),
            Type::Choice => {
                known(self.question(answer).is_some_and(|question| question.options.iter().any(|o| o.id == label)))
            }
            Type::Intent => known(INTENTS.iter().any(|intent| intent_name(*intent) == label)),
        }
        .map(Some)
    }

    /// The question of an answer that is a choice, and its options: how each is called, and what those say who mean it.
    pub(crate) fn asked(&self, answer: &Answer) -> (&str, impl Iterator<Item = (&str, &[String])>) {
        let question = self.question(answer).expect("the question is in choices.toml");
        let options = question.options.iter().map(|option| (option.id.as_str(), option.says.as_slice()));
        (&question.ask, options)
    }

    fn question(&self, answer: &Answer) -> Option<&Question> {
        self.questions.iter().find(|question| question.id == answer.context)
    }

    fn choose(&self, answer: &Answer, cx: &Context) -> Option<(String, Sureness)> {
        let choices: Vec<_> = self.asked(answer).1.map(|(id, says)| Choice { id, says }).collect();
        form(read::choice(&answer.text, cx, &choices), |index| choices[index].id.to_owned())
    }

    /// Where and when an answer was given.
    pub(crate) fn context(&self, answer: &Answer) -> Context {
        let country = if self.of == Type::Phone { answer.context.as_str() } else { "GB" };
        let today = if self.of == Type::Date { answer.context.parse().expect("the context is a day") } else { TODAY };
        let country: Country = country.parse().expect("the context is a country");
        Context { language: self.language, today, now: NOW, country: Some(country) }
    }
}

fn read_file(language: Language, name: &str) -> String {
    let path: PathBuf = [env!("CARGO_MANIFEST_DIR"), "tests", "understanding", language.code(), name].iter().collect();
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn form<T>(understood: Option<Understood<T>>, text: impl Fn(T) -> String) -> Option<(String, Sureness)> {
    understood.map(|Understood { value, sure, .. }| (text(value), sure))
}

/// A name without what recognisers write now so, now so: case, accents, blanks, hyphens, apostrophes, forms of hamza.
fn letters(name: &str) -> String {
    fold(name).chars().filter(|letter| letter.is_alphanumeric()).collect()
}

const INTENTS: [Intent; 8] = [
    Intent::StopCalling,
    Intent::WrongNumber,
    Intent::CallLater,
    Intent::Human,
    Intent::Repeat,
    Intent::WhoAreYou,
    Intent::DontKnow,
    Intent::Refuse,
];

fn intent_name(intent: Intent) -> &'static str {
    match intent {
        Intent::StopCalling => "stop-calling",
        Intent::WrongNumber => "wrong-number",
        Intent::CallLater => "call-later",
        Intent::Human => "human",
        Intent::Repeat => "repeat",
        Intent::WhoAreYou => "who-are-you",
        Intent::DontKnow => "dont-know",
        Intent::Refuse => "refuse",
    }
}
