//! From a document to a [`Script`]: its top level, names and references. Each thing that is wrong becomes a fault and leaves
//! a gap; a script is given only when there are no faults.

mod ask;
mod step;
mod test;
mod tool;

pub(super) use step::{EXPECTED, KINDS, RECORDS};

use std::collections::BTreeMap;

use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use super::{
    Fault, Kind, MOST_BYTES, MOST_STEPS, MOST_TESTS, MOST_VARIABLES, Script,
    asides::{Aside, Asides},
    check,
    fault::{Faults, hint, quoted},
    model::{Line, Step, StepIndex, Way, Ways},
    problem::{Place, Problem},
    table::{At, Entry, Fields, text},
    template::{LONGEST_NAME, Template, is_id, is_name},
};
use crate::domain::Language;

/// Longest line, in characters: about half a minute of speech.
const LONGEST_LINE: usize = 500;
/// Longest name of a script, in characters.
const LONGEST_TITLE: usize = 100;
/// Longest description, goal or fact, in characters.
const LONGEST_PROSE: usize = 1000;

/// What is known while a document is read.
struct Reader<'d> {
    faults: Faults<'d>,
    /// Ids of all steps, in order.
    ids: Vec<At<&'d str>>,
    /// Declared, and set by steps.
    variables: BTreeMap<String, Kind>,
}

/// Reads a document.
///
/// # Errors
/// All its faults, in its order.
pub(super) fn script(document: &str) -> Result<Script, Vec<Fault>> {
    let mut faults = Faults::of(document);
    if document.len() > MOST_BYTES {
        faults.add(0, Problem::LongDocument { bytes: document.len(), most: MOST_BYTES });
        return Err(faults.into_faults());
    }
    let (table, errors) = DeTable::parse_recoverable(document);
    for error in errors {
        let message = error.message().to_owned();
        faults.add(error.span().map_or(0, |span| span.start), Problem::NoToml { message });
    }
    if !faults.is_empty() {
        return Err(faults.into_faults());
    }
    let mut reader = Reader { faults, ids: Vec::new(), variables: BTreeMap::new() };
    let script = reader.document(table.get_ref());
    match script {
        Some(script) if reader.faults.is_empty() => Ok(script),
        _ => Err(reader.faults.into_faults()),
    }
}

impl<'d> Reader<'d> {
    fn document(&mut self, table: &'d DeTable<'d>) -> Option<Script> {
        let mut fields = Fields::new(Place::Document, 0, table);
        let name = fields.text("name", LONGEST_TITLE, &mut self.faults);
        let description = fields.text("description", LONGEST_PROSE, &mut self.faults);
        let language = self.language(&mut fields);
        let declared = fields.entries("variables", &mut self.faults);
        self.declare(declared);
        let tables = self.tables(&mut fields, "step", MOST_STEPS);
        let mut steps: Vec<_> = tables.into_iter().map(|(at, table)| Fields::new(Place::SomeStep, at, table)).collect();
        self.name_steps(&mut steps);
        steps.iter().for_each(|step| self.declare_saved(step));
        steps.iter().for_each(|step| self.declare_set(step));
        let start = self.reference(&mut fields, "start");
        let on = fields.entries("on", &mut self.faults);
        let on = self.ways(on, |_| true);
        let lines = fields.entries("lines", &mut self.faults);
        let asides = self.asides(lines);
        let steps: Vec<Step> =
            steps.into_iter().enumerate().map(|(index, step)| self.step(StepIndex(index), step)).collect();
        let tests = self.tables(&mut fields, "test", MOST_TESTS);
        let tests = tests.into_iter().map(|(at, table)| self.test(Fields::new(Place::SomeTest, at, table))).collect();
        fields.finish(&mut self.faults);
        if name.is_none() {
            self.faults.add(0, Problem::NoScriptName {});
        }
        if steps.is_empty() {
            self.faults.add(0, Problem::NoSteps {});
            return None;
        }
        let script = Script {
            name: name.map_or_else(String::new, |name| name.value.trim().to_owned()),
            description: description.map_or_else(String::new, |text| text.value.trim().to_owned()),
            language,
            variables: std::mem::take(&mut self.variables),
            start: start.unwrap_or(StepIndex(0)),
            on,
            asides,
            tests,
            steps,
        };
        if self.faults.is_empty() {
            let places: Vec<_> = self.ids.iter().map(|id| id.at).collect();
            check::script(&script, &places, &mut self.faults);
        }
        Some(script)
    }

    fn language(&mut self, fields: &mut Fields<'d>) -> Language {
        let Some(language) = fields.text("language", LONGEST_NAME, &mut self.faults) else { return Language::ENGLISH };
        language.value.parse::<Language>().unwrap_or_else(|error| {
            self.faults.add(language.at, Problem::UnknownLanguage { message: error.to_string() });
            Language::ENGLISH
        })
    }

    /// The tables of `[[key]]`, and where they begin.
    fn tables(&mut self, fields: &mut Fields<'d>, key: &'static str, most: usize) -> Vec<(usize, &'d DeTable<'d>)> {
        let items = fields.items(key);
        if let Some(first) = items.get(most) {
            self.faults.add_at(&first.span(), Problem::TooManyTables { key, most });
        }
        let mut tables = Vec::new();
        for item in items.into_iter().take(most) {
            match item.get_ref() {
                DeValue::Table(table) => tables.push((item.span().start, table)),
                _ => self.faults.add_at(&item.span(), Problem::NotATableOfMany { key }),
            }
        }
        tables
    }

    fn declare(&mut self, declared: Vec<Entry<'d>>) {
        if let Some(entry) = declared.get(MOST_VARIABLES) {
            self.faults.add(entry.key.at, Problem::TooManyDeclared { most: MOST_VARIABLES });
        }
        for Entry { key, value } in declared.into_iter().take(MOST_VARIABLES) {
            if !is_name(key.value) {
                self.faults.add(key.at, Problem::BadVariableName { name: quoted(key.value) });
                continue;
            }
            let Some(kind) = text(value, &Place::Field(key.value.to_owned()), LONGEST_NAME, &mut self.faults) else {
                continue;
            };
            match kind.value.parse() {
                Ok(kind) => drop(self.variables.insert(key.value.to_owned(), kind)),
                Err(()) => {
                    let (name, hint) = (quoted(kind.value), hint(kind.value, &Kind::names()));
                    self.faults.add(kind.at, Problem::UnknownKind { name, hint });
                }
            }
        }
    }

    /// A variable that a step sets: one kind, wherever it is set.
    fn set_by_step(&mut self, name: &At<&str>, kind: Kind) {
        if !is_name(name.value) {
            self.faults.add(name.at, Problem::BadVariableName { name: quoted(name.value) });
            return;
        }
        match self.variables.get(name.value).copied() {
            None if self.variables.len() >= 2 * MOST_VARIABLES => {
                self.faults.add(name.at, Problem::TooManyVariables {})
            }
            None => drop(self.variables.insert(name.value.to_owned(), kind)),
            Some(known) if known == kind || (known == Kind::Name && kind == Kind::Text) => {}
            Some(known) => self.faults.add(
                name.at,
                Problem::TwoKinds { name: name.value.to_owned(), known: known.name(), kind: kind.name() },
            ),
        }
    }

    fn name_steps(&mut self, steps: &mut [Fields<'d>]) {
        for (index, step) in steps.iter_mut().enumerate() {
            let id = step.text("id", LONGEST_NAME, &mut self.faults);
            let id = id.unwrap_or_else(|| {
                if !step.has("id") {
                    self.faults.add(step.at, Problem::StepWithoutId { number: index + 1 });
                }
                At { at: step.at, value: "" }
            });
            if !id.value.is_empty() && !is_id(id.value) {
                self.faults.add(id.at, Problem::BadStepId { name: quoted(id.value) });
            }
            if let Some(first) = self.ids.iter().find(|known| !id.value.is_empty() && known.value == id.value) {
                let line = self.faults.line(first.at);
                self.faults.add(id.at, Problem::StepTwice { name: id.value.to_owned(), line });
            }
            step.place = Place::Step(quoted(id.value));
            self.ids.push(id);
        }
    }

    /// The step that a field names.
    fn reference(&mut self, fields: &mut Fields<'d>, key: &'static str) -> Option<StepIndex> {
        let id = fields.text(key, LONGEST_NAME, &mut self.faults)?;
        self.find(&id)
    }

    fn find(&mut self, id: &At<&str>) -> Option<StepIndex> {
        let found = self.ids.iter().position(|known| known.value == id.value);
        if found.is_none() {
            let ids: Vec<_> = self.ids.iter().map(|id| id.value).collect();
            let (name, hint) = (quoted(id.value), hint(id.value, &ids));
            self.faults.add(id.at, Problem::UnknownStep { name, hint });
        }
        found.map(StepIndex)
    }

    /// The steps of an `on` table whose keys are ways, as far as `fits` lets them be here.
    fn ways(&mut self, entries: Vec<Entry<'d>>, fits: impl Fn(Way) -> bool) -> Ways {
        let mut ways = Ways::default();
        for Entry { key, value } in entries {
            let known: Vec<_> = Way::ALL.iter().filter(|(_, way)| fits(*way)).map(|(name, _)| *name).collect();
            match Way::ALL.iter().find(|(name, way)| *name == key.value && fits(*way)) {
                Some((_, way)) => {
                    if let Some(step) = self.target(value, key.value) {
                        ways.0.insert(*way, step);
                    }
                }
                None => {
                    let (name, hint) = (quoted(key.value), hint(key.value, &known));
                    self.faults.add(key.at, Problem::UnknownWay { name, hint });
                }
            }
        }
        ways
    }

    fn target(&mut self, value: &'d Spanned<DeValue<'d>>, key: &str) -> Option<StepIndex> {
        let id = text(value, &Place::Field(format!("on.{key}")), LONGEST_NAME, &mut self.faults)?;
        self.find(&id)
    }

    fn asides(&mut self, entries: Vec<Entry<'d>>) -> Asides {
        let mut asides = Asides::default();
        for Entry { key, value } in entries {
            let Some((_, aside)) = Aside::ALL.iter().find(|(name, _)| *name == key.value) else {
                let (name, hint) = (quoted(key.value), hint(key.value, &Aside::ALL.map(|(name, _)| name)));
                self.faults.add(key.at, Problem::UnknownLine { name, hint });
                continue;
            };
            let words = text(value, &Place::Field(key.value.to_owned()), LONGEST_LINE, &mut self.faults);
            if let Some(template) = words.and_then(|words| self.template(&words, aside.value())) {
                asides.0.insert(*aside, template);
            }
        }
        asides
    }

    /// A text whose variables there are; `special` is one that there is besides.
    fn template(&mut self, text: &At<&str>, special: Option<&str>) -> Option<Template> {
        let template = match Template::parse(text.value) {
            Ok(template) => template,
            Err(problem) => {
                self.faults.add(text.at, problem);
                return None;
            }
        };
        for name in template.variables().filter(|name| Some(*name) != special) {
            self.expect_variable(&At { at: text.at, value: name });
        }
        Some(template)
    }

    fn expect_variable(&mut self, name: &At<&str>) -> Option<Kind> {
        let kind = self.variables.get(name.value).copied();
        if kind.is_none() {
            let names: Vec<_> = self.variables.keys().map(String::as_str).collect();
            let (shown, hint) = (quoted(name.value), hint(name.value, &names));
            self.faults.add(name.at, Problem::UnknownVariable { name: shown, hint });
        }
        kind
    }

    /// The variable that a field names, which has to be of one of these kinds.
    fn variable(&mut self, fields: &mut Fields<'d>, key: &'static str, kinds: &[Kind]) -> Option<String> {
        let name = fields.text(key, LONGEST_NAME, &mut self.faults)?;
        let kind = self.expect_variable(&name)?;
        if !kinds.contains(&kind) {
            let wanted: Vec<_> = kinds.iter().map(|kind| kind.name()).collect();
            let (shown, wanted) = (name.value.to_owned(), wanted.join(" or "));
            self.faults.add(name.at, Problem::WrongKind { name: shown, kind: kind.name(), key, wanted });
        }
        Some(name.value.to_owned())
    }

    /// What is said word for word. `without` stands beside it in the same table.
    fn line(&mut self, fields: &mut Fields<'d>, key: &'static str) -> Option<Line> {
        let words = fields.text(key, LONGEST_LINE, &mut self.faults);
        let without = fields.text("without", LONGEST_LINE, &mut self.faults);
        let without = without.and_then(|words| {
            let template = self.template(&words, None)?;
            if template.variables().next().is_some() {
                self.faults.add(words.at, Problem::WithoutHasVariables {});
            }
            Some(template)
        });
        Some(Line { text: self.template(&words?, None)?, without })
    }
}
