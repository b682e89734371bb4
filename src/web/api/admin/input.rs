//! Fields as people, programs and files give them: each is checked, and all that is wrong is said at once. A card's number is
//! masked here, before anything is done with it, whichever field it stands in.

use std::fmt::Display;

use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use crate::{
    domain::{Country, Email, Language, PhoneNumber, Pii, ScriptId, cards, fold},
    web::problem::FieldProblem,
};

/// Most characters of what stands in one line: names, companies.
pub(super) const LINE: usize = 200;
/// Most characters of what may be long: notes.
pub(super) const TEXT: usize = 10_000;

/// A field as it came; it may not have come at all.
#[derive(Clone, Debug, Default, Serialize)]
pub(super) struct Given(Option<Value>);

impl<'de> Deserialize<'de> for Given {
    /// Takes everything: what is wrong with it is said together with what is wrong with others.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Value::deserialize(deserializer).map(|value| Self(Some(value)))
    }
}

impl Given {
    /// The same where a number counts as its digits: what has digits in it, front ends send either way.
    pub(super) fn or_number(self) -> Self {
        match self.0 {
            Some(Value::Number(number)) => Self(Some(Value::String(number.to_string()))),
            _ => self,
        }
    }
}

/// Reads fields, and collects what is wrong with them.
#[derive(Debug, Default)]
pub(super) struct Checks(Vec<FieldProblem>);

impl Checks {
    /// A field that may be missing: `None` when it did not come, or is wrong; `Some(None)` when it is null or blank.
    pub(super) fn optional<T, E: Display>(
        &mut self,
        field: &'static str,
        given: Given,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Option<Option<T>> {
        let text = match given.0? {
            Value::Null => return Some(None),
            Value::String(text) => text,
            Value::Number(_) | Value::Bool(_) | Value::Array(_) | Value::Object(_) => {
                self.wrong(field, "must be a text");
                return None;
            }
        };
        if text.trim().is_empty() {
            return Some(None);
        }
        match parse(text.trim()) {
            Ok(value) => Some(Some(value)),
            Err(problem) => {
                self.wrong(field, problem);
                None
            }
        }
    }

    /// The same where null and blank stand for the usual value.
    pub(super) fn or_usual<T: Default, E: Display>(
        &mut self,
        field: &'static str,
        given: Given,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Option<T> {
        self.optional(field, given, parse).map(Option::unwrap_or_default)
    }

    /// A field that must be there.
    pub(super) fn required<T, E: Display>(
        &mut self,
        field: &'static str,
        given: Given,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Option<T> {
        let before = self.0.len();
        let value = self.optional(field, given, parse).flatten();
        if value.is_none() && self.0.len() == before {
            self.wrong(field, "is missing");
        }
        value
    }

    /// A field that must not be emptied, but need not come.
    pub(super) fn kept<T, E: Display>(
        &mut self,
        field: &'static str,
        given: Given,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Option<T> {
        let value = self.optional(field, given, parse)?;
        if value.is_none() {
            self.wrong(field, "must not be empty");
        }
        value
    }

    /// Yes or no; null is no.
    pub(super) fn truth(&mut self, field: &'static str, given: Given) -> Option<bool> {
        match given.0? {
            Value::Bool(value) => Some(value),
            Value::Null => Some(false),
            Value::String(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
                self.wrong(field, "must be true or false");
                None
            }
        }
    }

    /// A list without repetitions: `None` when it did not come, or is wrong; null is an empty one.
    pub(super) fn list<T: PartialEq, E: Display>(
        &mut self,
        field: &'static str,
        given: Given,
        most: usize,
        parse: impl Fn(&str) -> Result<T, E>,
    ) -> Option<Vec<T>> {
        let texts: Vec<String> = match given.0? {
            Value::Null => Vec::new(),
            list => serde_json::from_value(list).map_err(|_| self.wrong(field, "must be a list of texts")).ok()?,
        };
        if texts.len() > most {
            self.wrong(field, format_args!("has more than {most} entries"));
            return None;
        }
        let before = self.0.len();
        let mut values = Vec::new();
        for (index, text) in texts.iter().enumerate() {
            match parse(text) {
                Ok(value) if !values.contains(&value) => values.push(value),
                Ok(_) => {}
                Err(problem) => {
                    self.wrong(field, format_args!("has a wrong entry, number {}: it {problem}", index + 1))
                }
            }
        }
        (self.0.len() == before).then_some(values)
    }

    pub(super) fn wrong(&mut self, field: &'static str, problem: impl Display) {
        self.0.push(FieldProblem::new(field, problem));
    }

    /// Whether something is wrong with one of these.
    pub(super) fn is_wrong(&self, fields: &[&str]) -> bool {
        self.0.iter().any(|problem| fields.contains(&problem.field.as_str()))
    }

    /// All that was wrong.
    pub(super) fn problems(self) -> Vec<FieldProblem> {
        self.0
    }
}

/// `value`, unless something was wrong.
pub(super) fn checked<T>(checks: Checks, value: T) -> Result<T, Vec<FieldProblem>> {
    let problems = checks.problems();
    if problems.is_empty() { Ok(value) } else { Err(problems) }
}

// ---- what fields are ----

/// One line.
pub(super) fn line(text: &str) -> Result<String, String> {
    if text.chars().any(char::is_control) {
        return Err("has control characters in it".to_owned());
    }
    within(text, LINE)
}

/// The same about a person.
pub(in crate::web) fn personal_line(text: &str) -> Result<Pii<String>, String> {
    line(text).map(Pii::new)
}

/// Text of many lines about a person.
pub(super) fn personal_text(text: &str) -> Result<Pii<String>, String> {
    lines(text)?;
    within(text, TEXT).map(Pii::new)
}

/// Text of many lines that is not about anybody: of so many bytes at most, and kept as it is.
pub(super) fn plain_text(most_bytes: usize) -> impl FnOnce(&str) -> Result<String, String> {
    move |text| {
        lines(text)?;
        if text.len() > most_bytes {
            return Err(format!("is longer than {} KiB", most_bytes / 1024));
        }
        Ok(text.to_owned())
    }
}

fn lines(text: &str) -> Result<(), String> {
    if text.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t')) {
        return Err("has control characters in it".to_owned());
    }
    Ok(())
}

/// A moment.
pub(super) fn moment(text: &str) -> Result<Timestamp, &'static str> {
    text.parse().map_err(|_| "must be a moment such as 2026-11-21T08:00:00Z")
}

/// An id of ours.
pub(super) fn id<T: std::str::FromStr<Err = crate::domain::BadId>>(text: &str) -> Result<T, crate::domain::BadId> {
    text.parse()
}

fn within(text: &str, most: usize) -> Result<String, String> {
    if text.chars().count() > most {
        return Err(format!("is longer than {most} characters"));
    }
    Ok(cards::mask(text))
}

/// A telephone number, of `home` when it has no country's code.
pub(super) fn phone(home: Option<Country>) -> impl FnOnce(&str) -> Result<Pii<PhoneNumber>, String> {
    move |text| match PhoneNumber::parse(text, home) {
        Ok(number) if cards::is_number(number.as_str()) => Err("must not be a payment card's number".to_owned()),
        Ok(number) => Ok(Pii::new(number)),
        Err(bad) => Err(bad.to_string()),
    }
}

/// An e-mail address.
pub(super) fn email(text: &str) -> Result<Pii<Email>, String> {
    cards::mask(text).parse().map(Pii::new).map_err(|bad: crate::domain::BadEmail| bad.to_string())
}

/// A language by its code or its name, in English or Arabic.
pub(super) fn language(text: &str) -> Result<Language, &'static str> {
    match fold(text).as_str() {
        "عربي" | "العربيه" => Ok(Language::ARABIC),
        "انجليزي" | "الانجليزيه" | "انكليزي" => Ok(Language::ENGLISH),
        other => other.parse().map_err(|_| "is no language that is known here: give a code such as en or ar"),
    }
}

/// A script's id.
pub(super) fn script(text: &str) -> Result<ScriptId, String> {
    text.parse().map_err(|bad: crate::domain::BadId| bad.to_string())
}

/// One of few words, in any case.
pub(super) fn word<T: std::str::FromStr + Display>(text: &str, all: &[T]) -> Result<T, String> {
    let asked = fold(text).replace([' ', '-'], "_");
    asked.parse().map_err(|_| {
        let words: Vec<_> = all.iter().map(ToString::to_string).collect();
        format!("must be one of {}", words.join(", "))
    })
}

/// What the desk's own books call somebody.
pub(super) fn user_id(text: &str) -> Result<String, &'static str> {
    const LONGEST: usize = 64;
    match text {
        _ if cards::is_number(&fold(text)) || text.contains(cards::HIDDEN) => {
            Err("must not be a payment card's number")
        }
        _ if text.chars().count() > LONGEST => Err("is longer than 64 characters"),
        _ if text.chars().any(|c| c.is_control() || c == '/') => Err("has a slash or control characters in it"),
        _ => Ok(text.to_owned()),
    }
}

/// A card's number, of which the first six digits and the last four stay.
pub(super) fn card(text: &str) -> Result<Pii<String>, &'static str> {
    const LONGEST: usize = 64;
    if text.chars().count() > LONGEST {
        return Err("is longer than 64 characters");
    }
    Ok(Pii::new(cards::mask_number(text)))
}

/// Days, a whole number.
pub(super) fn days(text: &str) -> Result<u32, &'static str> {
    const MOST: u32 = 36_500;
    let number = fold(text).parse().ok().filter(|days| *days <= MOST);
    number.ok_or("must be a number of days from 0 to 36500")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn absent_null_and_blank_are_told_apart() {
        let mut checks = Checks::default();
        let mut read = |given: Option<Value>| checks.optional("name", Given(given), line);
        assert_eq!(read(None), None);
        assert_eq!(read(Some(Value::Null)), Some(None));
        assert_eq!(read(Some(json!("  "))), Some(None));
        assert_eq!(read(Some(json!(" Sara "))), Some(Some("Sara".to_owned())));
        for wrong in [json!(7), json!(true), json!([]), json!({}), json!("a\u{0}b"), json!("x".repeat(LINE + 1))] {
            assert_eq!(read(Some(wrong)), None);
        }
        assert_eq!(checks.problems().len(), 6);
    }

    #[test]
    fn a_list_has_each_value_once_and_says_which_is_wrong() {
        let mut checks = Checks::default();
        let mut read = |given: Option<Value>| checks.list("days", Given(given), 3, days);
        assert_eq!(read(None), None);
        assert_eq!(read(Some(Value::Null)), Some(vec![]));
        assert_eq!(read(Some(json!(["7", "07", "30"]))), Some(vec![7, 30]));
        for wrong in [json!("7"), json!([7]), json!(["7", "many"]), json!(["1", "2", "3", "4"])] {
            assert_eq!(read(Some(wrong)), None);
        }
        let problems = checks.problems();
        assert_eq!(problems.len(), 4);
        assert!(problems[2].detail.starts_with("has a wrong entry, number 2"), "{:?}", problems[2]);
    }

    #[test]
    fn yes_and_no_are_no_words() {
        let mut checks = Checks::default();
        let mut read = |given: Option<Value>| checks.truth("public", Given(given));
        let given =
            [None, Some(json!(true)), Some(json!(false)), Some(Value::Null), Some(json!("true")), Some(json!(1))];
        assert_eq!(given.map(&mut read), [None, Some(true), Some(false), Some(false), None, None]);
        assert_eq!(checks.problems().len(), 2);
    }

    #[test]
    fn a_number_is_its_digits_only_where_it_may_be_one() {
        let mut checks = Checks::default();
        let mut read = |given: Value| checks.optional("amount", Given(Some(given)).or_number(), line);
        for (given, digits) in [(json!(1017), "1017"), (json!(1500.5), "1500.5"), (json!(" 7 "), "7")] {
            assert_eq!(read(given), Some(Some(digits.to_owned())));
        }
        for wrong in [json!(true), json!([7]), json!({ "amount": 7 })] {
            assert_eq!(read(wrong), None);
        }
        assert_eq!(checks.problems().len(), 3);
    }

    #[test]
    fn cards_are_masked_wherever_they_are_given() {
        let number = "4111 1111 1111 1111";
        for shown in [
            line(number).unwrap(),
            personal_text(&format!("pays with {number}")).unwrap().into_inner(),
            card(number).unwrap().into_inner(),
            card("4111x1111x1111x1111").unwrap().into_inner(),
            email("4111111111111111@example.com").unwrap().reveal().to_string(),
        ] {
            let digits = shown.chars().filter(char::is_ascii_digit).count();
            assert!(digits <= 10, "{shown}");
        }
        assert_eq!(card("411111••••••1111").unwrap().reveal(), "411111••••••1111");
        assert!(user_id("٤١١١ ١١١١ ١١١١ ١١١١").is_err() && user_id(number).is_err());
        assert!(user_id("411111••••••1111").is_err(), "nor a masked one, which is nobody's own");
        assert!(phone(None)("+371449635398431").is_err());
    }

    #[test]
    fn words_are_read_as_people_write_them() {
        assert_eq!(language("العربية"), Ok(Language::ARABIC));
        assert_eq!(language("English"), Ok(Language::ENGLISH));
        assert!(language("Klingon").is_err());
        assert_eq!(days("٣٠"), Ok(30));
        for wrong in ["-1", "many", "36501", "1.5"] {
            assert!(days(wrong).is_err(), "{wrong}");
        }
        assert_eq!(user_id("A-17"), Ok("A-17".to_owned()));
        assert!(user_id("a/b").is_err() && user_id(&"x".repeat(65)).is_err());
    }
}
