//! What a form shows of a document: its fields with what stands in them, however faulty the script is, as long as it is TOML.

use std::ops::Range;

use toml_edit::{Document, Item, Table, TableLike, Value};

use super::{
    super::{MOST_BYTES, Problem, Way, fault::Faults},
    Refusal,
    field::{Content, Field, Row, Shape, line},
    kinds::{HEAD, fields_of, kind_of},
};

/// A script as a form has it.
#[derive(Debug)]
pub struct Sheet {
    /// The fields of the script as a whole.
    pub head: Vec<Entry>,
    /// Its steps in the document's order.
    pub steps: Vec<StepSheet>,
    /// The variables that there are.
    pub variables: Vec<String>,
}

/// A field, and what stands there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The field.
    pub field: &'static Field,
    /// What stands there.
    pub content: Content,
}

/// A step as a form has it.
#[derive(Debug)]
pub struct StepSheet {
    /// Its name.
    pub id: String,
    /// The word in documents for what it does.
    pub kind: &'static str,
    /// Its lines in the document, from 1.
    pub lines: Range<usize>,
    /// Its fields.
    pub fields: Vec<Entry>,
}

impl Sheet {
    /// Reads a document.
    ///
    /// # Errors
    /// When it is not TOML, or its steps are not written as `[[step]]`.
    pub fn read(text: &str) -> Result<Self, Refusal> {
        let document = parse(text)?;
        let root = document.as_table();
        let head = entries(HEAD, root);
        let mut starts: Vec<_> = root.iter().flat_map(|(_, item)| starts_of(item)).collect();
        starts.sort_unstable();
        let line = |at: usize| text.as_bytes()[..at.min(text.len())].iter().filter(|byte| **byte == b'\n').count() + 1;
        let steps = steps_of(root)?.map(|step| {
            let start = step.span().map_or(0, |span| span.start);
            let end = starts.iter().find(|other| **other > start).copied().unwrap_or(text.len());
            let kind = kind_of(step);
            let first = line(start);
            let id = step.get("id").and_then(Item::as_str).unwrap_or_default().to_owned();
            let last = if end == text.len() { line(end) + 1 } else { line(end) };
            StepSheet { id, kind, lines: first..last.max(first + 1), fields: entries(fields_of(kind), step) }
        });
        let steps: Vec<_> = steps.collect();
        let variables = variables(&head, &steps);
        Ok(Self { head, steps, variables })
    }

    /// The step that has this line of the document.
    pub fn step_at(&self, line: usize) -> Option<usize> {
        self.steps.iter().position(|step| step.lines.contains(&line))
    }

    /// The names of its steps.
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        self.steps.iter().map(|step| step.id.as_str())
    }

    /// The step that follows one because it stands below it.
    pub fn below(&self, step: usize) -> Option<&str> {
        let it = self.steps.get(step)?;
        let waits_for_name = it.kind == "ask" && matches!(it.text("expect"), "yes-no" | "choice");
        let goes_on = !waits_for_name && !matches!(it.kind, "transfer" | "end") && it.text("next").is_empty();
        self.steps.get(step + 1).filter(|_| goes_on).map(|below| below.id.as_str())
    }
}

impl StepSheet {
    /// What stands in a field for one text; nothing where there is none.
    pub fn text(&self, name: &str) -> &str {
        match self.fields.iter().find(|entry| entry.field.name == name).map(|entry| &entry.content) {
            Some(Content::Text(text)) => text,
            _ => "",
        }
    }

    /// The parts of a field.
    pub fn rows(&self, name: &str) -> &[Row] {
        match self.fields.iter().find(|entry| entry.field.name == name).map(|entry| &entry.content) {
            Some(Content::Rows(rows)) => rows,
            _ => &[],
        }
    }

    /// What it says first.
    pub fn says(&self) -> &str {
        if self.kind == "ask" { self.text("ask") } else { self.text("say") }
    }

    /// Where it leads, and why; `""` is without a reason.
    pub fn ways(&self) -> Vec<(&str, &str)> {
        let rows = ["answers", "branch", "on"].into_iter().flat_map(|name| self.rows(name));
        let ways = rows.map(|row| (row.name.as_str(), row.value.as_str()));
        ways.chain([("", self.text("next"))]).filter(|(_, to)| !to.is_empty()).collect()
    }
}

pub(super) fn parse(text: &str) -> Result<Document<String>, Refusal> {
    let mut faults = Faults::of(text);
    if text.len() > MOST_BYTES {
        faults.add(0, Problem::LongDocument { bytes: text.len(), most: MOST_BYTES });
        return Err(Refusal::NoToml(faults.into_faults()));
    }
    Document::parse(text.to_owned()).map_err(|error| {
        let message = error.message().to_owned();
        faults.add(error.span().map_or(0, |span| span.start), Problem::NoToml { message });
        Refusal::NoToml(faults.into_faults())
    })
}

fn steps_of(root: &Table) -> Result<impl Iterator<Item = &Table>, Refusal> {
    match root.get("step") {
        None => Ok(None.into_iter().flatten()),
        Some(Item::ArrayOfTables(steps)) => Ok(Some(steps.iter()).into_iter().flatten()),
        Some(_) => Err(Refusal::OtherSteps),
    }
}

/// Where tables begin that have a line of their own.
fn starts_of(item: &Item) -> Vec<usize> {
    let start = |table: &Table| table.span().map(|span| span.start);
    match item {
        Item::Table(table) if !table.is_dotted() => start(table).into_iter().collect(),
        Item::ArrayOfTables(tables) => tables.iter().filter_map(start).collect(),
        _ => Vec::new(),
    }
}

/// Declared, and those that steps save or set.
fn variables(head: &[Entry], steps: &[StepSheet]) -> Vec<String> {
    let declared = head.iter().filter(|entry| entry.field.shape == Shape::Variables);
    let declared = declared.filter_map(|entry| match &entry.content {
        Content::Rows(rows) => Some(rows.as_slice()),
        _ => None,
    });
    let rows = declared.flatten().chain(steps.iter().flat_map(|step| {
        let set = if step.kind == "tool" { step.rows("save") } else { step.rows("set") };
        set.iter()
    }));
    let saved = steps.iter().map(|step| step.text("save").to_owned());
    let mut names: Vec<_> = rows.map(|row| row.name.clone()).chain(saved).filter(|name| !name.is_empty()).collect();
    names.sort();
    names.dedup();
    names
}

fn entries(fields: &'static [Field], table: &Table) -> Vec<Entry> {
    fields.iter().map(|field| Entry { field, content: content(field, table) }).collect()
}

/// What stands in a field.
pub(super) fn content(field: &Field, table: &Table) -> Content {
    let item = table.get(field.name);
    let content = match field.shape {
        Shape::Answers => answers(item, table.get("on")).map(Content::Rows),
        Shape::Cases => cases(item).map(Content::Rows),
        Shape::Variables | Shape::Values | Shape::Pairs => rows(item, |_| true).map(Content::Rows),
        Shape::Ways(names) | Shape::Lines(names) => rows(item, |name| names.contains(&name)).map(|rows| {
            let found = |name: &str| rows.iter().find(|row| row.name == name).map(|row| row.value.clone());
            Content::Rows(names.iter().map(|name| Row::new(*name, found(name).unwrap_or_default())).collect())
        }),
        shape => item.map_or(Some(String::new()), |item| text(shape, item)).map(Content::Text),
    };
    content.unwrap_or(Content::Other)
}

fn text(shape: Shape, item: &Item) -> Option<String> {
    let value = item.as_value()?;
    match (shape, value) {
        (Shape::Many, _) => many(value),
        (Shape::Check | Shape::Confirm, Value::Boolean(yes)) => {
            let is_said = *yes.value() || shape == Shape::Confirm;
            Some(if is_said { yes.value().to_string() } else { String::new() })
        }
        (Shape::Check, _) => None,
        (Shape::Number | Shape::Limit | Shape::Length, Value::Integer(number)) => Some(number.value().to_string()),
        (Shape::Limit, Value::Float(number)) => Some(number.display_repr().into_owned()),
        (Shape::Length, Value::Array(bounds)) => {
            let bounds: Option<Vec<_>> = bounds.iter().map(|bound| Some(bound.as_integer()?.to_string())).collect();
            Some(bounds?.join("-"))
        }
        _ => value.as_str().map(line),
    }
}

/// A text, or the texts of an array.
fn many(value: &Value) -> Option<String> {
    match value {
        Value::Array(texts) => {
            let texts: Option<Vec<_>> = texts.iter().map(|text| text.as_str().map(line)).collect();
            Some(texts?.into_iter().filter(|text| !text.is_empty()).collect::<Vec<_>>().join("\n"))
        }
        _ => value.as_str().map(line),
    }
}

fn table_of(item: Option<&Item>) -> Option<Option<&dyn TableLike>> {
    match item {
        None => Some(None),
        Some(item) => item.as_table_like().map(Some),
    }
}

/// A value as it would be typed.
pub(super) fn typed(item: &Item) -> Option<String> {
    match item.as_value()? {
        Value::String(text) => Some(line(text.value())),
        Value::Integer(number) => Some(number.value().to_string()),
        Value::Float(number) => Some(number.display_repr().into_owned()),
        Value::Boolean(yes) => Some(if *yes.value() { "yes" } else { "no" }.to_owned()),
        _ => None,
    }
}

fn rows(item: Option<&Item>, is_ours: impl Fn(&str) -> bool) -> Option<Vec<Row>> {
    let Some(table) = table_of(item)? else { return Some(Vec::new()) };
    let ours = table.iter().filter(|(name, _)| is_ours(name));
    ours.map(|(name, item)| Some(Row::new(name, typed(item)?))).collect()
}

/// What stands in `on` and is no answer.
pub(super) fn is_way(name: &str) -> bool {
    Way::ALL.iter().any(|(way, _)| *way == name)
}

fn answers(answers: Option<&Item>, on: Option<&Item>) -> Option<Vec<Row>> {
    let mut found: Vec<Row> = Vec::new();
    if let Some(answers) = table_of(answers)? {
        for (name, says) in answers.iter() {
            found.push(Row { name: name.to_owned(), value: String::new(), says: many(says.as_value()?)? });
        }
    }
    for target in rows(on, |name| !is_way(name))? {
        match found.iter_mut().find(|answer| answer.name == target.name) {
            Some(answer) => answer.value = target.value,
            None => found.push(target),
        }
    }
    Some(found)
}

fn cases(item: Option<&Item>) -> Option<Vec<Row>> {
    let Some(item) = item else { return Some(Vec::new()) };
    let case = |case: &Value| {
        let case = case.as_inline_table()?;
        if case.iter().any(|(key, _)| !matches!(key, "if" | "then")) {
            return None;
        }
        let text = |key: &str| case.get(key).map_or(Some(String::new()), |text| text.as_str().map(line));
        Some(Row::new(text("if")?, text("then")?))
    };
    item.as_array()?.iter().map(case).collect()
}
