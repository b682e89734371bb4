//! What a page shows of a script's form: fields with their words, what they offer, and what is wrong there.

use askama::Template;

use super::super::super::frame::Desk;
use crate::{
    locale::Locale,
    script::{
        Fault,
        edit::{Refusal, STEP_KINDS, Shape, Sheet, StepSheet},
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

    /// What stands in a field of the script as a whole.
    fn in_head<'a>(&self, sheet: &'a Sheet, name: &str) -> &'a str {
        sheet.head.iter().find(|entry| entry.field.name == name).map_or("", |entry| self.text_in(entry))
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
}
