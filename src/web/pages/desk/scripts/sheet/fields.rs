//! The fields of a step, or of the script as a whole, as a page shows them: their words, and what they offer.

use super::{FIELD, View};
use crate::{
    domain::Language,
    script::{
        Kind,
        edit::{self, Content, Entry, Row, Shape, Sheet},
    },
};

impl View {
    pub(super) fn label(&self, kind: &str, entry: &Entry) -> String {
        self.of_field("sheet-field", kind, entry.field.name).unwrap_or_else(|| entry.field.name.to_owned())
    }

    pub(super) fn hint(&self, kind: &str, entry: &Entry) -> Option<String> {
        self.of_field("sheet-hint", kind, entry.field.name)
    }

    /// The words for a field of this kind of step, or else of any.
    pub(super) fn of_field(&self, set: &str, kind: &str, name: &str) -> Option<String> {
        let name = name.replace('_', "-");
        let keys = [format!("{set}-{kind}-{name}"), format!("{set}-{name}")];
        keys.iter().find(|key| self.words.has(key)).map(|key| self.words.text(key).into_owned())
    }

    pub(super) fn name(&self, entry: &Entry) -> String {
        format!("{FIELD}{}", entry.field.name)
    }

    pub(super) fn text_in<'a>(&self, entry: &'a Entry) -> &'a str {
        match &entry.content {
            Content::Text(text) => text,
            _ => "",
        }
    }

    /// The parts of a field, with yes and no where these are asked, and a blank one to begin with.
    pub(super) fn rows(&self, fields: &[Entry], entry: &Entry) -> Vec<Row> {
        let mut rows = match &entry.content {
            Content::Rows(rows) => rows.clone(),
            _ => Vec::new(),
        };
        if entry.field.shape == Shape::Answers && chosen(fields) == Some("yes-no") {
            for name in ["no", "yes"] {
                if !rows.iter().any(|row| row.name == name) {
                    rows.insert(0, Row::new(name, ""));
                }
            }
        }
        if entry.field.shape.names().is_none() && rows.is_empty() {
            rows.push(Row::default());
        }
        rows
    }

    /// Whether a field belongs to what is chosen in its form.
    pub(super) fn is_fitting(&self, fields: &[Entry], entry: &Entry) -> bool {
        let chosen = chosen(fields);
        entry.field.only.is_empty() || chosen.is_none_or(|chosen| entry.field.only.contains(&chosen))
    }

    /// Whether other fields belong to what is chosen in this one.
    pub(super) fn decides(&self, entry: &Entry) -> bool {
        is_deciding(entry)
    }

    pub(super) fn only(&self, entry: &Entry) -> String {
        entry.field.only.join(" ")
    }

    /// What a select offers: value and words. One that is not known is offered where it stands.
    pub(super) fn choices(&self, entry: &Entry) -> Vec<(String, String)> {
        let Shape::Choice(names) = entry.field.shape else { return Vec::new() };
        let set =
            if entry.field.name == "language" { "language".to_owned() } else { format!("sheet-{}", entry.field.name) };
        let now = self.text_in(entry);
        let other = Some(now).filter(|now| !names.contains(now));
        let names = other.into_iter().chain(names.iter().copied());
        names.map(|name| (name.to_owned(), self.words.word(&set, name).into_owned())).collect()
    }

    /// What a variable's kind may be.
    pub(super) fn variable_kinds(&self, now: &str) -> Vec<(String, String)> {
        let names = Kind::names();
        let other = Some(now).filter(|now| !now.is_empty() && !names.contains(now));
        let names = other.into_iter().chain(names.iter().copied());
        names.map(|name| (name.to_owned(), self.words.word("script-kind", name).into_owned())).collect()
    }

    /// The steps that a select offers. One that is not there any more is offered where it stands.
    pub(super) fn targets(&self, sheet: &Sheet, now: &str) -> Vec<String> {
        let mut ids: Vec<_> = sheet.ids().filter(|id| !id.is_empty()).map(str::to_owned).collect();
        if !now.is_empty() && !ids.iter().any(|id| id == now) {
            ids.insert(0, now.to_owned());
        }
        ids
    }

    /// What no step means in a field.
    pub(super) fn no_target(&self, kind: &str, entry: &Entry) -> String {
        let key = match (entry.field.name, kind) {
            ("start", _) => "sheet-first-step",
            ("next", "transfer") => "sheet-call-ends",
            ("next", "ask") => "sheet-next-ask",
            ("next", _) => "sheet-step-below",
            ("on", _) => "sheet-as-usual",
            ("answers", _) => "sheet-as-next",
            _ => "sheet-choose-step",
        };
        self.words.text(key).into_owned()
    }

    /// What a part with a given name is about.
    pub(super) fn part(&self, entry: &Entry, row: &Row) -> String {
        let set = if matches!(entry.field.shape, Shape::Lines(_)) { "sheet-line" } else { "script-way" };
        self.words.word(set, &row.name).into_owned()
    }

    /// What is said on an occasion as long as nothing else is typed.
    pub(super) fn usual_words(&self, sheet: &Sheet, row: &Row) -> &'static str {
        let language = sheet.head.iter().find(|entry| entry.field.name == "language");
        let language = language.and_then(|entry| self.text_in(entry).parse().ok());
        edit::usual_words(&row.name, language.unwrap_or(Language::ENGLISH))
    }

    /// How an answer is read back: one of `sheet-confirm`.
    pub(super) fn confirm<'a>(&self, entry: &'a Entry) -> &'a str {
        match self.text_in(entry) {
            known @ ("" | "true" | "false") => known,
            _ => "words",
        }
    }

    pub(super) fn confirm_words(&self, value: &str) -> String {
        let key = if value.is_empty() { "usual" } else { value };
        self.words.word("sheet-confirm", key).into_owned()
    }

    pub(super) fn blank_row(&self) -> Row {
        Row::default()
    }

    /// What the `part` of a row is.
    pub(super) fn row_words(&self, part: &str, kind: &str, entry: &Entry) -> String {
        self.of_field(&format!("sheet-{part}"), kind, entry.field.name).unwrap_or_default()
    }

    pub(super) fn names_variables(&self, kind: &str, entry: &Entry) -> bool {
        entry.field.shape == Shape::Values || (kind == "tool" && entry.field.name == "save")
    }

    /// Whether the document has something there that no form shows.
    pub(super) fn is_other(&self, entry: &Entry) -> bool {
        entry.content == Content::Other
    }
}

fn is_deciding(entry: &Entry) -> bool {
    matches!(entry.field.name, "expect" | "record")
}

fn chosen(fields: &[Entry]) -> Option<&str> {
    match &fields.iter().find(|entry| is_deciding(entry))?.content {
        Content::Text(chosen) => Some(chosen),
        _ => None,
    }
}
