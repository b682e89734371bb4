//! Tests of a script: simulated calls.

use std::{collections::BTreeMap, str::FromStr};

use jiff::civil::{Date, Time, date, time};
use toml::{Spanned, de::DeValue};

use super::{
    super::{
        Value,
        fault::{hint, quoted},
        model::{Expected, Persona, StepIndex, Test},
        problem::{Place, Problem},
        table::{At, Entry, Fields, integer, text},
        template::LONGEST_NAME,
    },
    LONGEST_LINE, LONGEST_TITLE, Reader,
};

/// So many things that a simulated caller says at a step.
const MOST_SAID: usize = 30;
/// A Monday.
const USUAL_TODAY: Date = date(2026, 5, 11);
const USUAL_NOW: Time = time(10, 0, 0, 0);

impl<'d> Reader<'d> {
    pub(super) fn test(&mut self, mut fields: Fields<'d>) -> Test {
        let line = self.faults.line(fields.at);
        let name = fields.text("name", LONGEST_TITLE, &mut self.faults);
        if let Some(name) = &name {
            fields.place = Place::Test(quoted(name.value));
        } else if !fields.has("name") {
            self.faults.add(fields.at, Problem::TestWithoutName {});
        }
        let persona = self.persona(&mut fields);
        let says = self.texts(&mut fields, "says", MOST_SAID, LONGEST_LINE);
        let answers = fields.entries("answers", &mut self.faults);
        let answers = answers.iter().filter_map(|entry| {
            let step = self.step_key(entry)?;
            let said = self.entry_texts(entry, MOST_SAID, LONGEST_LINE);
            Some((step, said.into_iter().map(|said| said.value.to_owned()).collect()))
        });
        let answers = answers.collect();
        let values = fields.entries("set", &mut self.faults);
        let values = values.iter().filter_map(|entry| self.given(entry)).collect();
        let tools = fields.entries("tools", &mut self.faults);
        let tools =
            tools.iter().filter_map(|entry| Some((self.step_key(entry)?, json(entry.value.get_ref())))).collect();
        let today = self
            .parsed(&mut fields, "today", |key| Problem::NotADay { key, example: "2026-05-11" })
            .unwrap_or(USUAL_TODAY);
        let now =
            self.parsed(&mut fields, "now", |key| Problem::NotATime { key, example: "10:00" }).unwrap_or(USUAL_NOW);
        let expect = self.expected(&mut fields);
        fields.finish(&mut self.faults);
        Test {
            name: name.map_or_else(String::new, |name| name.value.to_owned()),
            line,
            persona,
            says: says.into_iter().map(|says| says.value.to_owned()).collect(),
            answers,
            values,
            tools,
            today,
            now,
            expect,
        }
    }

    fn persona(&mut self, fields: &mut Fields<'d>) -> Persona {
        let Some(persona) = fields.text("persona", LONGEST_NAME, &mut self.faults) else { return Persona::Cooperative };
        let known = Persona::ALL.iter().find(|(name, _)| *name == persona.value);
        known.map(|(_, persona)| *persona).unwrap_or_else(|| {
            let (name, hint) = (quoted(persona.value), hint(persona.value, &Persona::ALL.map(|(name, _)| name)));
            self.faults.add(persona.at, Problem::UnknownPersona { name, hint });
            Persona::Cooperative
        })
    }

    fn step_key(&mut self, entry: &Entry<'d>) -> Option<StepIndex> {
        self.find(&At { at: entry.key.at, value: entry.key.value })
    }

    fn given(&mut self, entry: &Entry<'d>) -> Option<(String, Value)> {
        let Entry { key, value } = entry;
        let kind = self.expect_variable(&At { at: key.at, value: key.value })?;
        let written = self.written(value, key.value)?;
        let given = Value::parse(kind, &written, None);
        if given.is_none() {
            self.faults.add_at(&value.span(), Problem::NoSuchValue { written: quoted(&written), kind: kind.name() });
        }
        Some((key.value.to_owned(), given?))
    }

    /// A value as records write it; numbers and truths need no quotes.
    fn written(&mut self, value: &'d Spanned<DeValue<'d>>, what: &str) -> Option<String> {
        Some(match value.get_ref() {
            DeValue::Boolean(yes) => if *yes { "yes" } else { "no" }.to_owned(),
            DeValue::Integer(_) => integer(value.get_ref())?.to_string(),
            DeValue::Float(number) => number.as_str().to_owned(),
            DeValue::Datetime(moment) => moment.to_string(),
            _ => text(value, &Place::Field(what.to_owned()), LONGEST_LINE, &mut self.faults)?.value.to_owned(),
        })
    }

    fn parsed<T: FromStr>(
        &mut self,
        fields: &mut Fields<'d>,
        key: &'static str,
        problem: fn(&'static str) -> Problem,
    ) -> Option<T> {
        let value = fields.take(key)?;
        let written = self.written(value, key)?;
        let parsed = written.parse().ok();
        if parsed.is_none() {
            self.faults.add_at(&value.span(), problem(key));
        }
        parsed
    }

    fn expected(&mut self, fields: &mut Fields<'d>) -> Expected {
        let Some(value) = fields.take("expect") else {
            self.faults.add(fields.at, Problem::ExpectsNothing { place: fields.place.clone() });
            return Expected::default();
        };
        let DeValue::Table(table) = value.get_ref() else {
            self.faults.add_at(&value.span(), Problem::ExpectNotATable {});
            return Expected::default();
        };
        let mut expect = Fields::new(Place::Field("expect".to_owned()), value.span().start, table);
        let expected = Expected {
            outcome: expect.text("outcome", LONGEST_NAME, &mut self.faults).map(|outcome| outcome.value.to_owned()),
            amount: self.parsed(&mut expect, "amount", |key| Problem::NotAnAmount { key, example: "250" }),
            date: self.parsed(&mut expect, "date", |key| Problem::NotADay { key, example: "2026-05-15" }),
            promise: expect.yes_or_no("promise", &mut self.faults),
            callback: expect.yes_or_no("callback", &mut self.faults),
            do_not_call: expect.yes_or_no("do_not_call", &mut self.faults),
            visits: self.steps(&mut expect, "visits"),
            never: self.steps(&mut expect, "never"),
        };
        expect.finish(&mut self.faults);
        expected
    }

    fn steps(&mut self, fields: &mut Fields<'d>, key: &'static str) -> Vec<StepIndex> {
        let ids = self.texts(fields, key, super::MOST_STEPS, LONGEST_NAME);
        ids.iter().filter_map(|id| self.find(id)).collect()
    }
}

/// What a program is made to answer.
fn json(value: &DeValue<'_>) -> serde_json::Value {
    match value {
        DeValue::String(text) => text.as_ref().into(),
        DeValue::Integer(_) => integer(value).into(),
        DeValue::Float(number) => number.as_str().parse::<f64>().ok().into(),
        DeValue::Boolean(yes) => (*yes).into(),
        DeValue::Datetime(moment) => moment.to_string().into(),
        DeValue::Array(items) => items.iter().map(|item| json(item.get_ref())).collect(),
        DeValue::Table(table) => {
            let fields: BTreeMap<_, _> =
                table.iter().map(|(key, value)| (key.get_ref().to_string(), json(value.get_ref()))).collect();
            fields.into_iter().collect()
        }
    }
}
