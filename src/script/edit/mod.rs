//! A script's document changed by a form, which shows it as fields: comments, order and what the form does not know stay.
//!
//! The document is the one truth: [`Sheet::read`] shows what stands in it, [`apply`] changes it, and [`Script::parse`](super::Script::parse)
//! says what is wrong with it. Nothing here judges what is typed, but for what could not be written or told apart.

mod field;
mod jumps;
mod kinds;
mod shown;
mod write;

use toml_edit::{ArrayOfTables, DocumentMut, Item, Table};

pub use field::{Content, Field, Row, Shape};
pub use jumps::From;
pub use kinds::{STEP_KINDS, usual_words};
pub use shown::{Entry, Sheet, StepSheet};

use super::{Fault, template::is_id};

/// A change. Steps are counted from 0 in the document's order.
#[derive(Clone, Debug)]
pub enum Edit {
    /// Of the script's fields; those that are not named stay.
    Head(Vec<Entry>),
    /// A new step, after another or before all.
    Add {
        /// Which it stands below.
        after: Option<usize>,
        /// One of [`STEP_KINDS`].
        kind: &'static str,
    },
    /// Of a step's fields; those that are not named stay. Whatever leads to a step follows its new name.
    Change {
        /// Which.
        step: usize,
        /// What was typed.
        fields: Vec<Entry>,
    },
    /// A step takes the place of the one above it.
    Up(usize),
    /// A step takes the place of the one below it.
    Down(usize),
    /// A step goes, and what tests say of it. What leads to it stays, and is told.
    Delete(usize),
}

/// A document after a change.
#[derive(Debug)]
pub struct Edited {
    /// The whole of it.
    pub text: String,
    /// Where the step is now that was changed, moved or added.
    pub step: Option<usize>,
    /// What led to the step that was deleted.
    pub led: Vec<From>,
}

/// Why a document is not shown or changed by a form.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// It is no TOML: one fault.
    #[error("the text cannot be read")]
    NoToml(Vec<Fault>),
    /// Steps that are not written as `[[step]]`.
    #[error("its steps are not written as `[[step]]`")]
    OtherSteps,
    /// A step that is not there.
    #[error("there is no such step")]
    NoStep,
    /// Letters, digits, `_` and `-` make a name, a letter first.
    #[error("this is no name for a step")]
    BadId,
    /// Another step has this name.
    #[error("another step has this name")]
    TakenId,
    /// Two parts of a field have this name.
    #[error("`{0}` is there twice")]
    Twice(String),
}

/// Changes a document.
///
/// # Errors
/// When the change cannot be made; nothing is changed then.
pub fn apply(text: &str, edit: &Edit) -> Result<Edited, Refusal> {
    let mut document = shown::parse(text)?.into_mut();
    let (step, led) = match edit {
        Edit::Head(fields) => {
            fill(document.as_table_mut(), fields)?;
            (None, Vec::new())
        }
        Edit::Add { after, kind } => (Some(add(&mut document, *after, kind)?), Vec::new()),
        Edit::Change { step, fields } => {
            change(&mut document, *step, fields)?;
            (Some(*step), Vec::new())
        }
        Edit::Up(step) => (Some(swap(&mut document, *step, step.checked_sub(1))?), Vec::new()),
        Edit::Down(step) => (Some(swap(&mut document, *step, step.checked_add(1))?), Vec::new()),
        Edit::Delete(step) => (None, delete(&mut document, *step)?),
    };
    Ok(Edited { text: document.to_string(), step, led })
}

fn steps(document: &mut DocumentMut) -> Result<&mut ArrayOfTables, Refusal> {
    match document.as_table_mut().get_mut("step") {
        None => Err(Refusal::NoStep),
        Some(Item::ArrayOfTables(steps)) => Ok(steps),
        Some(_) => Err(Refusal::OtherSteps),
    }
}

fn id_of(step: &Table) -> &str {
    step.get("id").and_then(Item::as_str).unwrap_or_default()
}

fn fill(table: &mut Table, fields: &[Entry]) -> Result<(), Refusal> {
    fields.iter().try_for_each(|Entry { field, content }| write::field(table, field, content))
}

fn add(document: &mut DocumentMut, after: Option<usize>, kind: &str) -> Result<usize, Refusal> {
    if !document.as_table().contains_key("step") {
        write::insert(document.as_table_mut(), "step", Item::ArrayOfTables(ArrayOfTables::new()));
    }
    let steps = steps(document)?;
    let at = after.map_or(0, |after| after.saturating_add(1));
    if at > steps.len() {
        return Err(Refusal::NoStep);
    }
    let is_free = |id: &String| !steps.iter().any(|step| id_of(step) == id);
    let id =
        (1usize..).map(|number| format!("{kind}-{number}")).find(is_free).expect("there are more numbers than steps");
    let step = kinds::blank(kind, &id);
    steps.insert(at, step);
    Ok(at)
}

/// Has a step stand just behind the one before it, wherever it stood.
fn let_go(step: &mut Table) {
    step.set_position(None);
    for (_, item) in step.iter_mut() {
        match item {
            Item::Table(table) => let_go(table),
            Item::ArrayOfTables(tables) => tables.iter_mut().for_each(let_go),
            _ => {}
        }
    }
}

fn change(document: &mut DocumentMut, step: usize, fields: &[Entry]) -> Result<(), Refusal> {
    let steps = steps(document)?;
    let old = steps.get(step).map(|step| id_of(step).to_owned()).ok_or(Refusal::NoStep)?;
    let typed = fields.iter().find(|entry| entry.field.shape == Shape::Id);
    let new = match typed.map(|entry| entry.field.shape.tidy(&entry.content)) {
        Some(Content::Text(new)) if new != old => Some(new),
        _ => None,
    };
    if let Some(new) = &new {
        if !is_id(new) {
            return Err(Refusal::BadId);
        }
        if steps.iter().any(|other| id_of(other) == new) {
            return Err(Refusal::TakenId);
        }
    }
    let is_only_one = steps.iter().filter(|other| id_of(other) == old).count() == 1;
    let table = steps.get_mut(step).ok_or(Refusal::NoStep)?;
    let decides = |entry: &&Entry| is_deciding(entry.field);
    let is_other_choice =
        fields.iter().find(decides).is_some_and(|entry| shown::content(entry.field, table) != entry.content);
    let others = fields.iter().filter(|entry| entry.field.shape != Shape::Id && is_fitting(entry.field, fields));
    for Entry { field, content } in others {
        write::field(table, field, content)?;
    }
    // What was there for another choice goes with it.
    for Entry { field, .. } in fields.iter().filter(|entry| is_other_choice && !is_fitting(entry.field, fields)) {
        table.remove(field.name);
    }
    let Some(new) = new else { return Ok(()) };
    if let Some(entry) = typed {
        write::field(table, entry.field, &entry.content)?;
    }
    if is_only_one && !old.is_empty() {
        jumps::rename(document.as_table_mut(), &old, &new);
    }
    Ok(())
}

/// Whether others belong to what is chosen in this field.
fn is_deciding(field: &Field) -> bool {
    matches!(field.name, "expect" | "record")
}

/// Whether a field is for what is expected or recorded.
fn is_fitting(field: &Field, fields: &[Entry]) -> bool {
    let chosen = fields.iter().find(|entry| is_deciding(entry.field));
    let chosen = chosen.and_then(|entry| match &entry.content {
        Content::Text(chosen) => Some(chosen.as_str()),
        _ => None,
    });
    field.only.is_empty() || chosen.is_none_or(|chosen| field.only.contains(&chosen))
}

fn swap(document: &mut DocumentMut, step: usize, other: Option<usize>) -> Result<usize, Refusal> {
    let steps = steps(document)?;
    let other = other.filter(|other| *other < steps.len() && step < steps.len()).ok_or(Refusal::NoStep)?;
    let (upper, lower) = (step.min(other), step.max(other));
    let mut moved = steps.remove(lower);
    let mut passed = steps.remove(upper);
    // The lower one is written where the upper one was, and the upper one just behind it.
    let place = passed.position();
    let_go(&mut passed);
    let_go(&mut moved);
    moved.set_position(place);
    steps.insert(upper, moved);
    steps.insert(lower, passed);
    Ok(other)
}

fn delete(document: &mut DocumentMut, step: usize) -> Result<Vec<From>, Refusal> {
    let steps = steps(document)?;
    let id = steps.get(step).map(|step| id_of(step).to_owned()).ok_or(Refusal::NoStep)?;
    steps.remove(step);
    if steps.is_empty() {
        document.as_table_mut().remove("step");
    } else if steps.iter().any(|other| id_of(other) == id) {
        return Ok(Vec::new());
    }
    jumps::forget(document.as_table_mut(), &id);
    Ok(jumps::leading_to(document.as_table_mut(), &id))
}

#[cfg(test)]
mod tests;
