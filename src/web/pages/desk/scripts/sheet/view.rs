//! What a page shows of a script's form: fields with their words, what they offer, and what is wrong there.

use askama::Template;

use super::{super::super::frame::Desk, FIELD};
use crate::{
    domain::Language,
    locale::Locale,
    script::{
        Fault, Kind,
        edit::{self, Content, Entry, Refusal, Row, STEP_KINDS, Shape, Sheet, StepSheet},
        is_guided,
    },
};

/// The form of a text as a part of a page.
#[derive(Template)]
#[template(path = "desk/script_sheet.html")]
pub(in super::super) struct Form<'v> {
    pub(in super::super) desk: &'v Desk,
    pub(in super::super) view: &'v View,
}

impl Form<'_> {
    fn refused(&self, refusal: &Refusal) -> String {
        super::in_words(self.desk.words, refusal)
    }
}

/// What a text is as a form.
#[derive(Debug)]
pub(in super::super) struct View {
    pub(super) words: &'static Locale,
    pub(super) text: String,
    pub(super) sheet: Result<Sheet, Refusal>,
    pub(super) open: Open,
    pub(super) faults: Vec<Fault>,
    /// What is to be known of what was done.
    pub(super) notice: Option<String>,
    /// Why it was not done.
    pub(super) problem: Option<String>,
}

/// What can be changed now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Open {
    /// Nothing; this step was changed last.
    None(Option<usize>),
    /// The fields of the script as a whole.
    Head,
    /// Those of a step.
    Step(usize),
}

impl View {
    /// The form of a text with these faults, with nothing open.
    pub(in super::super) fn of(words: &'static Locale, text: &str, faults: &[Fault]) -> Self {
        Self {
            words,
            text: text.to_owned(),
            sheet: Sheet::read(text),
            open: Open::None(None),
            faults: faults.to_vec(),
            notice: None,
            problem: None,
        }
    }

    /// Whether it is a script, or about to become one.
    pub(in super::super) fn is_guided(&self) -> bool {
        is_guided(&self.text) || self.sheet.is_ok()
    }

    // ---- for templates ----

    fn kinds(&self) -> [&'static str; 9] {
        STEP_KINDS
    }

    fn is_open(&self, step: &usize) -> bool {
        self.open == Open::Step(*step)
    }

    fn is_latest(&self, step: &usize) -> bool {
        self.open == Open::None(Some(*step))
    }

    fn is_head_open(&self) -> bool {
        self.open == Open::Head
    }

    /// Whether nothing is open: what is typed there would be lost by acts elsewhere.
    fn is_closed(&self) -> bool {
        matches!(self.open, Open::None(_))
    }

    /// The faults in a step's lines.
    fn faults_of(&self, step: &usize) -> Vec<&Fault> {
        let lines = self.sheet.as_ref().ok().and_then(|sheet| sheet.steps.get(*step)).map(|step| step.lines.clone());
        let lines = lines.unwrap_or_default();
        self.faults.iter().filter(|fault| lines.contains(&fault.line)).collect()
    }

    /// The faults that belong to no step: in the fields of the script as a whole, and in its tests.
    fn other_faults(&self) -> Vec<&Fault> {
        let Ok(sheet) = &self.sheet else { return self.faults.iter().collect() };
        self.faults.iter().filter(|fault| sheet.step_at(fault.line).is_none()).collect()
    }

    /// What it says, or else what it is about, in the script's own words.
    fn about<'a>(&self, step: &'a StepSheet) -> &'a str {
        if matches!(step.kind, "say" | "ask") { step.says() } else { step.text(step.kind) }
    }

    /// What a step writes down or ends with, in words.
    fn about_words(&self, step: &StepSheet) -> String {
        match step.kind {
            "set" => {
                let values = step.rows("set").iter().map(|row| format!("{} = {}", row.name, row.value));
                values.collect::<Vec<_>>().join("; ")
            }
            "record" => self.words.word("sheet-record", step.text("record")).into_owned(),
            _ => self.about(step).to_owned(),
        }
    }

    /// Where a step leads: why, and to which step. What follows because it stands below comes last.
    fn ways<'a>(&self, sheet: &'a Sheet, step: &usize) -> Vec<(String, &'a str)> {
        let Some(it) = sheet.steps.get(*step) else { return Vec::new() };
        let word = |(why, to): (&str, &'a str)| {
            let why = if why.is_empty() { self.words.text("sheet-then").into_owned() } else { self.way(it, why) };
            (why, to)
        };
        it.ways().into_iter().chain(sheet.below(*step).map(|below| ("", below))).map(word).collect()
    }

    fn way(&self, step: &StepSheet, why: &str) -> String {
        let is_answer = step.kind == "ask" && step.text("expect") == "yes-no" && matches!(why, "yes" | "no");
        if is_answer {
            return self.words.word("sheet-answer", why).into_owned();
        }
        if step.kind == "branch" {
            return self.words.named("sheet-if", why).into_owned();
        }
        self.words.word("script-way", why).into_owned()
    }

    fn is_step(&self, sheet: &Sheet, id: &str) -> bool {
        sheet.ids().any(|known| known == id)
    }

    fn label(&self, kind: &str, entry: &Entry) -> String {
        self.of_field("sheet-field", kind, entry.field.name).unwrap_or_else(|| entry.field.name.to_owned())
    }

    fn hint(&self, kind: &str, entry: &Entry) -> Option<String> {
        self.of_field("sheet-hint", kind, entry.field.name)
    }

    /// The words for a field of this kind of step, or else of any.
    pub(super) fn of_field(&self, set: &str, kind: &str, name: &str) -> Option<String> {
        let name = name.replace('_', "-");
        let keys = [format!("{set}-{kind}-{name}"), format!("{set}-{name}")];
        keys.iter().find(|key| self.words.has(key)).map(|key| self.words.text(key).into_owned())
    }

    fn name(&self, entry: &Entry) -> String {
        format!("{FIELD}{}", entry.field.name)
    }

    fn text_in<'a>(&self, entry: &'a Entry) -> &'a str {
        match &entry.content {
            Content::Text(text) => text,
            _ => "",
        }
    }

    /// The parts of a field, with yes and no where these are asked, and a blank one to begin with.
    fn rows(&self, fields: &[Entry], entry: &Entry) -> Vec<Row> {
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
    fn is_fitting(&self, fields: &[Entry], entry: &Entry) -> bool {
        let chosen = chosen(fields);
        entry.field.only.is_empty() || chosen.is_none_or(|chosen| entry.field.only.contains(&chosen))
    }

    /// Whether other fields belong to what is chosen in this one.
    fn decides(&self, entry: &Entry) -> bool {
        is_deciding(entry)
    }

    fn only(&self, entry: &Entry) -> String {
        entry.field.only.join(" ")
    }

    /// What a select offers: value and words. One that is not known is offered where it stands.
    fn choices(&self, entry: &Entry) -> Vec<(String, String)> {
        let Shape::Choice(names) = entry.field.shape else { return Vec::new() };
        let set =
            if entry.field.name == "language" { "language".to_owned() } else { format!("sheet-{}", entry.field.name) };
        let now = self.text_in(entry);
        let other = Some(now).filter(|now| !names.contains(now));
        let names = other.into_iter().chain(names.iter().copied());
        names.map(|name| (name.to_owned(), self.words.word(&set, name).into_owned())).collect()
    }

    /// What a variable's kind may be.
    fn variable_kinds(&self, now: &str) -> Vec<(String, String)> {
        let names = Kind::names();
        let other = Some(now).filter(|now| !now.is_empty() && !names.contains(now));
        let names = other.into_iter().chain(names.iter().copied());
        names.map(|name| (name.to_owned(), self.words.word("script-kind", name).into_owned())).collect()
    }

    /// The steps that a select offers. One that is not there any more is offered where it stands.
    fn targets(&self, sheet: &Sheet, now: &str) -> Vec<String> {
        let mut ids: Vec<_> = sheet.ids().filter(|id| !id.is_empty()).map(str::to_owned).collect();
        if !now.is_empty() && !ids.iter().any(|id| id == now) {
            ids.insert(0, now.to_owned());
        }
        ids
    }

    /// What no step means in a field.
    fn no_target(&self, kind: &str, entry: &Entry) -> String {
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
    fn part(&self, entry: &Entry, row: &Row) -> String {
        let set = if matches!(entry.field.shape, Shape::Lines(_)) { "sheet-line" } else { "script-way" };
        self.words.word(set, &row.name).into_owned()
    }

    /// What is said on an occasion as long as nothing else is typed.
    fn usual_words(&self, sheet: &Sheet, row: &Row) -> &'static str {
        let language = sheet.head.iter().find(|entry| entry.field.name == "language");
        let language = language.and_then(|entry| self.text_in(entry).parse().ok());
        edit::usual_words(&row.name, language.unwrap_or(Language::ENGLISH))
    }

    /// How an answer is read back: one of `sheet-confirm`.
    fn confirm<'a>(&self, entry: &'a Entry) -> &'a str {
        match self.text_in(entry) {
            known @ ("" | "true" | "false") => known,
            _ => "words",
        }
    }

    fn confirm_words(&self, value: &str) -> String {
        let key = if value.is_empty() { "usual" } else { value };
        self.words.word("sheet-confirm", key).into_owned()
    }

    fn blank_row(&self) -> Row {
        Row::default()
    }

    /// What the `part` of a row is.
    fn row_words(&self, part: &str, kind: &str, entry: &Entry) -> String {
        self.of_field(&format!("sheet-{part}"), kind, entry.field.name).unwrap_or_default()
    }

    fn names_variables(&self, kind: &str, entry: &Entry) -> bool {
        entry.field.shape == Shape::Values || (kind == "tool" && entry.field.name == "save")
    }

    /// Whether the document has something there that no form shows.
    fn is_other(&self, entry: &Entry) -> bool {
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
