//! Reads the tables of a document with their places in it: what has the wrong type, is too long, or is unknown becomes a
//! fault, and reading goes on.

use std::ops::Range;

use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use super::{
    fault::{Faults, hint, quoted},
    problem::{Place, Problem},
};

/// A value, and the byte of the document where it begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct At<T> {
    pub(super) at: usize,
    pub(super) value: T,
}

/// A table whose fields are taken one after the other; those that nobody has asked for are unknown.
#[derive(Debug)]
pub(super) struct Fields<'d> {
    pub(super) place: Place,
    pub(super) at: usize,
    table: &'d DeTable<'d>,
    asked: Vec<&'static str>,
}

impl<'d> Fields<'d> {
    pub(super) fn new(place: Place, at: usize, table: &'d DeTable<'d>) -> Self {
        Self { place, at, table, asked: Vec::new() }
    }

    /// The whole table, for a first look at it.
    pub(super) const fn table(&self) -> &'d DeTable<'d> {
        self.table
    }

    /// Whether the field is there; it does not count as known by that.
    pub(super) fn has(&self, key: &str) -> bool {
        self.table.contains_key(key)
    }

    pub(super) fn take(&mut self, key: &'static str) -> Option<&'d Spanned<DeValue<'d>>> {
        self.asked.push(key);
        self.table.get(key)
    }

    /// A text; of what is too long or blank there is a fault.
    pub(super) fn text(&mut self, key: &'static str, most: usize, faults: &mut Faults<'_>) -> Option<At<&'d str>> {
        let value = self.take(key)?;
        text(value, &Place::Field(key.to_owned()), most, faults)
    }

    pub(super) fn yes_or_no(&mut self, key: &'static str, faults: &mut Faults<'_>) -> Option<bool> {
        let value = self.take(key)?;
        let answer = value.get_ref().as_bool();
        if answer.is_none() {
            faults.add_at(&value.span(), Problem::NotTrueOrFalse { key });
        }
        answer
    }

    /// A whole number within bounds.
    pub(super) fn number(&mut self, key: &'static str, bounds: Range<i64>, faults: &mut Faults<'_>) -> Option<At<i64>> {
        let value = self.take(key)?;
        let number = integer(value.get_ref()).filter(|number| bounds.contains(number));
        if number.is_none() {
            let [least, most] = [bounds.start, bounds.end - 1].map(|bound| usize::try_from(bound).unwrap_or_default());
            faults.add_at(&value.span(), Problem::NotAWholeNumber { key, least, most });
        }
        number.map(|number| At { at: value.span().start, value: number })
    }

    /// The fields of a table within this one, in the document's order.
    pub(super) fn entries(&mut self, key: &'static str, faults: &mut Faults<'_>) -> Vec<Entry<'d>> {
        let Some(value) = self.take(key) else { return Vec::new() };
        let DeValue::Table(table) = value.get_ref() else {
            faults.add_at(&value.span(), Problem::NotATable { key });
            return Vec::new();
        };
        in_order(table)
    }

    /// The items of an array, which may be one item that stands alone.
    pub(super) fn items(&mut self, key: &'static str) -> Vec<&'d Spanned<DeValue<'d>>> {
        match self.take(key) {
            None => Vec::new(),
            Some(value) => items(value),
        }
    }

    /// What nobody has asked for is a fault.
    pub(super) fn finish(self, faults: &mut Faults<'_>) {
        for Entry { key, .. } in in_order(self.table) {
            if !self.asked.contains(&key.value) {
                let hint = hint(key.value, &self.asked);
                let (place, name) = (self.place.clone(), quoted(key.value));
                faults.add(key.at, Problem::UnknownField { place, name, hint });
            }
        }
    }
}

/// A key and its value.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry<'d> {
    pub(super) key: Key<'d>,
    pub(super) value: &'d Spanned<DeValue<'d>>,
}

/// A key, and where it stands.
#[derive(Clone, Copy, Debug)]
pub(super) struct Key<'d> {
    pub(super) at: usize,
    pub(super) value: &'d str,
}

/// The parser sorts by keys; people read from the top.
pub(super) fn in_order<'d>(table: &'d DeTable<'d>) -> Vec<Entry<'d>> {
    let entries = table.iter();
    let entries = entries.map(|(key, value)| Entry { key: Key { at: key.span().start, value: key.get_ref() }, value });
    let mut entries: Vec<_> = entries.collect();
    entries.sort_by_key(|entry| entry.key.at);
    entries
}

/// The items of an array, or the value itself.
pub(super) fn items<'d>(value: &'d Spanned<DeValue<'d>>) -> Vec<&'d Spanned<DeValue<'d>>> {
    match value.get_ref() {
        DeValue::Array(items) => items.iter().collect(),
        _ => vec![value],
    }
}

/// A text with something in it, no longer than `most` characters.
pub(super) fn text<'d>(
    value: &'d Spanned<DeValue<'d>>,
    place: &Place,
    most: usize,
    faults: &mut Faults<'_>,
) -> Option<At<&'d str>> {
    let at = value.span().start;
    let Some(text) = value.get_ref().as_str() else {
        faults.add(at, Problem::NotAText { place: place.clone() });
        return None;
    };
    if text.trim().is_empty() {
        faults.add(at, Problem::EmptyText { place: place.clone() });
        return None;
    }
    let length = text.chars().count();
    if length > most {
        faults.add(at, Problem::LongText { place: place.clone(), length, most });
        return None;
    }
    Some(At { at, value: text })
}

pub(super) fn integer(value: &DeValue<'_>) -> Option<i64> {
    let number = value.as_integer()?;
    i64::from_str_radix(number.as_str(), number.radix()).ok()
}
