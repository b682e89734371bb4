//! Steps, by their kinds.

use super::{
    super::{
        Condition, Kind, Value,
        fault::{Faults, hint, quoted},
        model::{Assigned, Expect, Record, Step, StepIndex, Task, Way},
        problem::{Place, Problem},
        table::{At, Entry, Fields, integer, items, text},
        template::{LONGEST_NAME, Part, is_id},
    },
    LONGEST_LINE, LONGEST_PROSE, Reader,
};
use toml::{Spanned, de::DeValue};

/// The keys that say what a step does; `say` alone is a kind too.
pub(in super::super) const KINDS: [&str; 8] = ["ask", "converse", "branch", "set", "tool", "record", "transfer", "end"];
/// What a `record` step may write.
pub(in super::super) const RECORDS: [&str; 5] = ["promise", "callback", "do-not-call", "outcome", "note"];
/// So many conditions of a branch, and so many values that a step sets.
const MOST_CASES: usize = 20;

impl<'d> Reader<'d> {
    /// Notes the variables that a step sets, with their kinds.
    pub(super) fn declare_saved(&mut self, step: &Fields<'d>) {
        let mut step = Fields::new(Place::SomeStep, step.at, step.table());
        if step.has("tool") {
            for Entry { key, .. } in step.entries("save", &mut Faults::ignored()) {
                let kind = self.variables.get(key.value).copied().unwrap_or(Kind::Text);
                self.set_by_step(&At { at: key.at, value: key.value }, kind);
            }
        } else if step.has("ask")
            && let Some(name) = step.text("save", LONGEST_NAME, &mut Faults::ignored())
        {
            let expect = step.text("expect", LONGEST_NAME, &mut Faults::ignored());
            self.set_by_step(&name, expect.map_or(Kind::Text, |expect| saved_kind(expect.value)));
        }
    }

    /// Notes the variables that a `set` step sets; those that it takes values from are known by now.
    pub(super) fn declare_set(&mut self, step: &Fields<'d>) {
        let mut step = Fields::new(Place::SomeStep, step.at, step.table());
        for Entry { key, value } in step.entries("set", &mut Faults::ignored()) {
            let kind = self.variables.get(key.value).copied().unwrap_or_else(|| self.assigned_kind(value.get_ref()));
            self.set_by_step(&At { at: key.at, value: key.value }, kind);
        }
    }

    fn assigned_kind(&self, value: &DeValue<'_>) -> Kind {
        match value {
            DeValue::Boolean(_) => Kind::YesNo,
            DeValue::Integer(_) => Kind::Number,
            DeValue::String(text) => match super::Template::parse(text).unwrap_or_default().parts() {
                [Part::Variable(name)] => self.variables.get(name).copied().unwrap_or(Kind::Text),
                _ => Kind::Text,
            },
            _ => Kind::Text,
        }
    }

    pub(super) fn step(&mut self, index: StepIndex, mut fields: Fields<'d>) -> Step {
        let kinds: Vec<_> = KINDS.into_iter().filter(|kind| fields.has(kind)).collect();
        if let [one, other, ..] = kinds[..] {
            self.faults.add(fields.at, Problem::TwoTasks { place: fields.place.clone(), one, other });
        }
        let kind = kinds.first().copied().unwrap_or("say");
        let id = fields.text("id", LONGEST_NAME, &mut Faults::ignored()).map_or("", |id| id.value);
        let say = if kind == "ask" { None } else { self.line(&mut fields, "say") };
        if kind == "say" && !fields.has("say") {
            let (place, kinds) = (fields.place.clone(), format!("`{}`", KINDS.join("`, `")));
            self.faults.add(fields.at, Problem::NoTask { place, kinds });
        }
        let uninterruptible = fields.yes_or_no("uninterruptible", &mut self.faults).unwrap_or_default();
        let entries = fields.entries("on", &mut self.faults);
        let (ways, answers): (Vec<_>, Vec<_>) =
            entries.into_iter().partition(|entry| Way::ALL.iter().any(|(name, _)| *name == entry.key.value));
        let waits = matches!(kind, "ask" | "converse");
        let on = self.ways(ways, |way| waits || !matches!(way, Way::Refusal | Way::Silence | Way::Other));
        // A `next` that is wrong has its own fault, and is not missing besides.
        let explicit = self.next(&mut fields, kind).or(fields.has("next").then_some(index));
        let following = (index.0 + 1 < self.ids.len()).then_some(StepIndex(index.0 + 1));
        let next = explicit.or(following.filter(|_| !matches!(kind, "transfer" | "end")));
        let (task, needs_next) = match kind {
            "ask" => self.ask(&mut fields, answers, explicit),
            "converse" => (self.converse(&mut fields, answers, explicit.or(following)), true),
            "tool" => (self.tool(&mut fields, answers), true),
            _ => {
                self.no_answers(answers);
                (self.task(kind, &mut fields), !matches!(kind, "transfer" | "end"))
            }
        };
        if needs_next && next.is_none() {
            self.faults.add(fields.at, Problem::NothingAfter { place: fields.place.clone() });
        }
        let line = self.faults.line(fields.at);
        fields.finish(&mut self.faults);
        let next = next.filter(|_| needs_next || explicit.is_some());
        Step { id: id.to_owned(), line, say, uninterruptible, task, next, on }
    }

    fn next(&mut self, fields: &mut Fields<'d>, kind: &str) -> Option<StepIndex> {
        if kind == "end" { None } else { self.reference(fields, "next") }
    }

    /// Steps that do not listen have no answers.
    pub(super) fn no_answers(&mut self, answers: Vec<Entry<'d>>) {
        for Entry { key, .. } in answers {
            self.faults.add(key.at, Problem::DoesNotListen { name: quoted(key.value) });
        }
    }

    fn task(&mut self, kind: &str, fields: &mut Fields<'d>) -> Task {
        match kind {
            "branch" => Task::Branch(self.branch(fields)),
            "set" => Task::Set(self.set(fields)),
            "record" => self.record(fields),
            "transfer" => Task::Transfer {
                reason: self.prose(fields, "transfer"),
                at: self.variable(fields, "at", &[Kind::DateTime]),
            },
            "end" => Task::End { outcome: self.outcome(fields, "end") },
            _ => Task::Say,
        }
    }

    /// A text for people at the desk.
    pub(super) fn prose(&mut self, fields: &mut Fields<'d>, key: &'static str) -> super::Template {
        let words = fields.text(key, LONGEST_PROSE, &mut self.faults);
        words.and_then(|words| self.template(&words, None)).unwrap_or_default()
    }

    fn outcome(&mut self, fields: &mut Fields<'d>, key: &'static str) -> String {
        let Some(outcome) = fields.text(key, LONGEST_NAME, &mut self.faults) else { return String::new() };
        if !is_id(outcome.value) {
            self.faults.add(outcome.at, Problem::BadOutcome { name: quoted(outcome.value) });
        }
        outcome.value.to_owned()
    }

    fn branch(&mut self, fields: &mut Fields<'d>) -> Vec<(Condition, StepIndex)> {
        let cases = fields.items("branch");
        if let Some(first) = cases.get(MOST_CASES) {
            self.faults.add_at(&first.span(), Problem::TooManyCases { most: MOST_CASES });
        }
        cases.into_iter().take(MOST_CASES).filter_map(|case| self.case(case)).collect()
    }

    fn case(&mut self, case: &'d Spanned<DeValue<'d>>) -> Option<(Condition, StepIndex)> {
        let DeValue::Table(table) = case.get_ref() else {
            self.faults.add_at(&case.span(), Problem::BadCase {});
            return None;
        };
        let mut fields = Fields::new(Place::Branch, case.span().start, table);
        let condition = fields.text("if", LONGEST_LINE, &mut self.faults);
        let then = self.reference(&mut fields, "then");
        if !fields.has("if") || !fields.has("then") {
            self.faults.add(fields.at, Problem::BadCase {});
        }
        fields.finish(&mut self.faults);
        let condition = condition?;
        match Condition::parse(condition.value, &self.variables) {
            Ok(condition) => Some((condition, then?)),
            Err(problem) => {
                self.faults.add(condition.at, problem);
                None
            }
        }
    }

    fn set(&mut self, fields: &mut Fields<'d>) -> Vec<(String, Assigned)> {
        let entries = fields.entries("set", &mut self.faults);
        if let Some(entry) = entries.get(MOST_CASES) {
            self.faults.add(entry.key.at, Problem::TooManyValues { most: MOST_CASES });
        }
        let assigned = entries.into_iter().take(MOST_CASES).filter_map(|Entry { key, value }| {
            let kind = self.variables.get(key.value).copied()?;
            Some((key.value.to_owned(), self.assigned(key.value, kind, value)?))
        });
        assigned.collect()
    }

    fn assigned(&mut self, name: &str, kind: Kind, value: &'d Spanned<DeValue<'d>>) -> Option<Assigned> {
        let at = value.span().start;
        let written = match value.get_ref() {
            DeValue::Boolean(yes) => if *yes { "yes" } else { "no" }.to_owned(),
            DeValue::Integer(_) => integer(value.get_ref())?.to_string(),
            _ => text(value, &Place::Field(name.to_owned()), LONGEST_LINE, &mut self.faults)?.value.to_owned(),
        };
        let template = self.template(&At { at, value: written.as_str() }, None)?;
        let mut variables = template.variables();
        match (variables.next(), template.parts().len()) {
            (Some(from), 1) => {
                let other = self.variables.get(from).copied()?;
                if other != kind && !(kind == Kind::Text && other == Kind::Name) {
                    let (from, name) = (from.to_owned(), name.to_owned());
                    let (other, kind) = (other.name(), kind.name());
                    self.faults.add(at, Problem::KindsDiffer { from, other, name, kind });
                }
                Some(Assigned::Copy(from.to_owned()))
            }
            (Some(_), _) => {
                if !matches!(kind, Kind::Text | Kind::Name) {
                    self.faults.add(at, Problem::TextDoesNotFit { name: name.to_owned(), kind: kind.name() });
                }
                drop(variables);
                Some(Assigned::Text(template))
            }
            (None, _) => {
                let value = Value::parse(kind, &written, None);
                if value.is_none() {
                    let (written, name) = (quoted(&written), name.to_owned());
                    self.faults.add(at, Problem::ValueDoesNotFit { written, kind: kind.name(), name });
                }
                value.map(Assigned::Value)
            }
        }
    }

    fn record(&mut self, fields: &mut Fields<'d>) -> Task {
        let Some(what) = fields.text("record", LONGEST_NAME, &mut self.faults) else { return Task::Say };
        Task::Record(match what.value {
            "promise" => Record::Promise {
                amount: self.needed(fields, "amount", &[Kind::Money]),
                date: self.needed(fields, "date", &[Kind::Date]),
            },
            "callback" => Record::Callback {
                at: self.variable(fields, "at", &[Kind::DateTime]),
                reason: self.prose(fields, "reason"),
            },
            "do-not-call" => Record::DoNotCall,
            "outcome" => Record::Outcome(self.outcome(fields, "outcome")),
            "note" => Record::Note(self.prose(fields, "note")),
            other => {
                let (name, hint) = (quoted(other), hint(other, &RECORDS));
                self.faults.add(what.at, Problem::UnknownRecord { name, hint });
                return Task::Say;
            }
        })
    }

    fn needed(&mut self, fields: &mut Fields<'d>, key: &'static str, kinds: &[Kind]) -> String {
        if !fields.has(key) {
            self.faults.add(fields.at, Problem::NeedsVariable { place: fields.place.clone(), key });
        }
        self.variable(fields, key, kinds).unwrap_or_default()
    }

    /// Texts of an array, each no longer than `longest`.
    pub(super) fn texts(
        &mut self,
        fields: &mut Fields<'d>,
        key: &'static str,
        most: usize,
        longest: usize,
    ) -> Vec<At<&'d str>> {
        let values = fields.items(key);
        self.text_items(values, key, most, longest)
    }

    pub(super) fn text_items(
        &mut self,
        values: Vec<&'d Spanned<DeValue<'d>>>,
        key: &str,
        most: usize,
        longest: usize,
    ) -> Vec<At<&'d str>> {
        if let Some(first) = values.get(most) {
            self.faults.add_at(&first.span(), Problem::TooManyTexts { key: key.to_owned(), most });
        }
        let texts = values.into_iter().take(most);
        texts.filter_map(|value| text(value, &Place::TextOf(key.to_owned()), longest, &mut self.faults)).collect()
    }

    /// The texts of an entry.
    pub(super) fn entry_texts(&mut self, entry: &Entry<'d>, most: usize, longest: usize) -> Vec<At<&'d str>> {
        self.text_items(items(entry.value), entry.key.value, most, longest)
    }
}

/// The kind of what a question saves.
fn saved_kind(expect: &str) -> Kind {
    match expect {
        "yes-no" => Kind::YesNo,
        "amount" => Kind::Money,
        "date" => Kind::Date,
        "date-time" => Kind::DateTime,
        "phone" => Kind::Phone,
        "name" => Kind::Name,
        "digits" => Kind::Digits,
        _ => Kind::Text,
    }
}

/// The names of what a question may expect.
pub(in super::super) const EXPECTED: [&str; 9] =
    ["yes-no", "amount", "date", "date-time", "phone", "name", "digits", "choice", "text"];

impl Expect {
    /// Its name in documents.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::YesNo => EXPECTED[0],
            Self::Amount { .. } => EXPECTED[1],
            Self::Date { .. } => EXPECTED[2],
            Self::DateTime { .. } => EXPECTED[3],
            Self::Phone => EXPECTED[4],
            Self::Name => EXPECTED[5],
            Self::Digits { .. } => EXPECTED[6],
            Self::Choice => EXPECTED[7],
            Self::Text => EXPECTED[8],
        }
    }
}
