//! Forms: fields with what was typed, what is wrong with it, and what somebody else has written there in the meantime.
//!
//! A form goes three ways: shown with what is stored, shown again with what was typed and what is wrong, and shown again with what
//! another has changed since, for its reader to choose. What was typed is never lost.

use std::{borrow::Cow, collections::BTreeMap};

use actix_web::HttpResponse;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::{frame::Desk, problems};
use crate::{
    locale::Locale,
    web::{error::ApiError, problem::FieldProblem},
};

/// What a form sent, by the fields' names.
pub(super) type Sent = BTreeMap<String, String>;

/// The hidden field with the version that the form was made from.
const VERSION: &str = "version";

/// What is asked for in a form.
#[derive(Debug, Default)]
pub(super) struct Form {
    pub(super) fields: Vec<Field>,
    /// What was shown when it was made; none: nothing is there yet.
    pub(super) version: Option<i64>,
    /// What is wrong with it as a whole.
    pub(super) problem: Option<String>,
    /// Somebody else has changed what it is about: fields have [`Field::theirs`].
    pub(super) is_overtaken: bool,
}

/// One field.
#[derive(Debug)]
pub(super) struct Field {
    /// As the API calls it.
    pub(super) name: &'static str,
    pub(super) label: Cow<'static, str>,
    pub(super) kind: Kind,
    pub(super) value: String,
    pub(super) hint: Option<Cow<'static, str>>,
    pub(super) is_required: bool,
    /// It is decided elsewhere, and not sent: its hint says where.
    pub(super) is_fixed: bool,
    /// What is wrong with the value.
    pub(super) problem: Option<String>,
    /// What is stored now, where that is another value.
    pub(super) theirs: Option<String>,
}

/// How a field is filled in.
#[derive(Debug)]
pub(super) enum Kind {
    /// One line, of an HTML input's type. What machines read (addresses, numbers) runs from left to right.
    Line { input: &'static str, most: usize },
    /// Many lines.
    Text { rows: u8 },
    /// One of these, by value and words.
    Choice(Vec<(String, String)>),
    /// Yes or no; yes is `true`.
    Check,
}

impl Field {
    pub(super) fn new(words: &'static Locale, name: &'static str, label: &str, kind: Kind) -> Self {
        Self {
            name,
            label: words.text(label),
            kind,
            value: String::new(),
            hint: None,
            is_required: false,
            is_fixed: false,
            problem: None,
            theirs: None,
        }
    }

    /// One line.
    pub(super) fn line(words: &'static Locale, name: &'static str, label: &str) -> Self {
        Self::new(words, name, label, Kind::Line { input: "text", most: 200 })
    }

    /// One line of a type that browsers know: `email`, `tel`, `number`, `date`.
    pub(super) fn typed(words: &'static Locale, name: &'static str, label: &str, input: &'static str) -> Self {
        Self::new(words, name, label, Kind::Line { input, most: 200 })
    }

    pub(super) fn required(self) -> Self {
        Self { is_required: true, ..self }
    }

    pub(super) fn fixed(self) -> Self {
        Self { is_fixed: true, ..self }
    }

    pub(super) fn hint(self, hint: Cow<'static, str>) -> Self {
        Self { hint: Some(hint), ..self }
    }

    pub(super) fn value(self, value: impl Into<String>) -> Self {
        Self { value: value.into(), ..self }
    }

    /// Ticked or not.
    pub(super) fn ticked(self, is_ticked: bool) -> Self {
        self.value(if is_ticked { "true" } else { "" })
    }

    // ---- for templates ----

    /// Whether it runs from left to right in every language.
    pub(super) fn is_machine_text(&self) -> bool {
        matches!(self.kind, Kind::Line { input, .. } if input != "text")
    }

    pub(super) fn is_check(&self) -> bool {
        matches!(self.kind, Kind::Check)
    }

    /// What a reader sees of a value of this field.
    pub(super) fn shown<'a>(&'a self, value: &'a str) -> &'a str {
        match &self.kind {
            Kind::Choice(choices) => {
                choices.iter().find(|(it, _)| it == value).map_or(value, |(_, words)| words.as_str())
            }
            Kind::Line { .. } | Kind::Text { .. } | Kind::Check => value,
        }
    }
}

impl Form {
    pub(super) fn new(fields: Vec<Field>) -> Self {
        Self { fields, ..Self::default() }
    }

    pub(super) fn of_version(self, version: i64) -> Self {
        Self { version: Some(version), ..self }
    }

    /// With what was typed. A box that is not ticked is not sent.
    pub(super) fn typed(mut self, sent: &Sent) -> Self {
        for field in self.fields.iter_mut().filter(|field| !field.is_fixed) {
            field.value = match (sent.get(field.name), &field.kind) {
                (Some(value), _) => value.clone(),
                (None, Kind::Check) => String::new(),
                (None, _) => continue,
            };
        }
        self
    }

    /// With what is wrong: at each field its own, and all else at the head of the form.
    pub(super) fn refused(mut self, words: &'static Locale, error: &ApiError) -> Self {
        let ApiError::Fields(problems) = error else {
            return Self { problem: Some(problems::of(words, error)), ..self };
        };
        let mut others = Vec::new();
        for FieldProblem { field: name, detail } in problems {
            match self.fields.iter_mut().find(|field| field.name == name) {
                Some(field) => field.problem = Some(problems::detail(words, detail)),
                None => others.push(format!("{} {}", words.word("field", name), problems::detail(words, detail))),
            }
        }
        let first = if others.is_empty() { words.text("form-refused").into_owned() } else { others.join(". ") };
        Self { problem: Some(first), ..self }
    }

    /// With what `now` has that is not what was typed: the form is about that version from now on.
    pub(super) fn overtaken(mut self, now: &Self) -> Self {
        for field in &mut self.fields {
            let stored = now.fields.iter().find(|other| other.name == field.name);
            field.theirs = stored.filter(|stored| stored.value != field.value).map(|stored| stored.value.clone());
        }
        Self { version: now.version, is_overtaken: true, ..self }
    }
}

/// What a form sent as the API takes it: a blank field is an empty one, and a box that is not ticked is `false`.
///
/// # Errors
/// When a field is not of this form.
pub(super) fn input<T: DeserializeOwned>(form: &Form, sent: &Sent) -> Result<T, ApiError> {
    input_of(values(form, sent))
}

/// Values as the API takes them.
///
/// # Errors
/// When one is not of this form.
pub(super) fn input_of<T: DeserializeOwned>(values: Map<String, Value>) -> Result<T, ApiError> {
    serde_json::from_value(Value::Object(values)).map_err(|_| ApiError::Form)
}

/// What a form sent, by field.
pub(super) fn values(form: &Form, sent: &Sent) -> Map<String, Value> {
    let value = |field: &Field| match (sent.get(field.name), &field.kind) {
        (value, Kind::Check) => Some(Value::Bool(value.is_some())),
        (Some(text), _) => Some(Value::String(text.clone())),
        (None, _) => None,
    };
    form.fields.iter().filter_map(|field| Some((field.name.to_owned(), value(field)?))).collect()
}

/// The version that a form was made from.
///
/// # Errors
/// When it is not there.
pub(super) fn version(sent: &Sent) -> Result<i64, ApiError> {
    sent.get(VERSION).and_then(|text| text.parse().ok()).ok_or(ApiError::Form)
}

/// How saving what a form is about has gone.
pub(super) struct Saved {
    /// Where it is now.
    pub(super) path: Result<String, ApiError>,
    /// What is said there: the words of `done-…`.
    pub(super) done: &'static str,
}

impl Saved {
    /// Sends the browser on, or shows the form again: with what is wrong, or with what is `stored` where somebody else was
    /// quicker.
    ///
    /// # Errors
    /// What no reader of the form could mend.
    pub(super) fn answer(
        self,
        desk: Desk,
        form: Form,
        stored: Option<&Form>,
        again: impl FnOnce(Desk, Form) -> HttpResponse,
    ) -> Result<HttpResponse, ApiError> {
        match (self.path, stored) {
            (Ok(path), _) => Ok(Desk::see(&path, self.done)),
            (Err(ApiError::Stale), Some(stored)) => Ok(again(desk, form.overtaken(stored))),
            (Err(error @ (ApiError::Fields(_) | ApiError::Conflict(_))), _) => {
                let form = form.refused(desk.words, &error);
                Ok(again(desk, form))
            }
            (Err(error), _) => Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Language;

    fn form(name: &str, status: &str) -> Form {
        let words = Locale::of(Language::ENGLISH).unwrap();
        Form::new(vec![
            Field::line(words, "name", "lead-name").value(name),
            Field::new(words, "status", "lead-status", Kind::Choice(vec![("won".to_owned(), "Won".to_owned())]))
                .value(status),
            Field::new(words, "isOpen", "lead-status", Kind::Check),
        ])
        .of_version(3)
    }

    fn sent(pairs: &[(&str, &str)]) -> Sent {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn what_was_typed_stays_and_each_problem_is_at_its_field() {
        let words = Locale::of(Language::ENGLISH).unwrap();
        let problems = vec![
            FieldProblem::new("name", "is missing"),
            FieldProblem::new("elsewhere", "is longer than 200 characters"),
        ];
        let form = form("Sara", "won").typed(&sent(&[("name", "Lina")])).refused(words, &ApiError::Fields(problems));
        assert_eq!((form.fields[0].value.as_str(), form.fields[1].value.as_str()), ("Lina", "won"));
        assert!(form.fields[0].problem.is_some() && form.fields[1].problem.is_none());
        assert!(form.problem.unwrap().contains("elsewhere"));
    }

    #[test]
    fn who_was_overtaken_sees_both() {
        let now = form("Sara B.", "won").of_version(4);
        let form = form("Sara", "won").typed(&sent(&[("name", "Lina"), ("status", "won")])).overtaken(&now);
        assert_eq!((form.version, form.fields[0].theirs.as_deref()), (Some(4), Some("Sara B.")));
        assert_eq!((form.fields[0].value.as_str(), form.fields[1].theirs.as_deref()), ("Lina", None));
        assert_eq!(form.fields[1].shown("won"), "Won");
    }

    #[test]
    fn what_is_sent_is_what_the_api_takes() {
        let sent = sent(&[("name", "Lina"), ("status", ""), ("other", "x"), ("version", "7")]);
        let value: Value = input(&form("", ""), &sent).unwrap();
        assert_eq!(value, serde_json::json!({ "name": "Lina", "status": "", "isOpen": false }));
        assert_eq!(version(&sent).ok(), Some(7));
        assert!(version(&Sent::new()).is_err());
    }
}
