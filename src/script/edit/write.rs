//! Puts what was typed into a document. What reads as it was typed stays as it was written, comments and blanks included.

use toml_edit::{Array, InlineTable, Item, Table, TableLike, Value, value};

use super::{
    Refusal,
    field::{Content, Field, Row, Shape},
    kinds::{ORDER, kind_of},
    shown::{content, is_way, typed},
};

/// Puts `typed` into a field of a table.
///
/// # Errors
/// When two of its parts have one name.
pub(super) fn field(table: &mut Table, field: &Field, typed: &Content) -> Result<(), Refusal> {
    let there = content(field, table);
    let typed = field.shape.tidy(typed);
    if there == Content::Other || field.shape.tidy(&there) == typed {
        return Ok(());
    }
    match typed {
        Content::Text(text) => one(table, field, &text),
        Content::Rows(rows) => {
            // Two cases may have one condition, of which the first one counts.
            let twice = rows.iter().enumerate().find(|(at, row)| rows[..*at].iter().any(|it| it.name == row.name));
            if let Some((_, row)) = twice.filter(|_| field.shape != Shape::Cases) {
                return Err(Refusal::Twice(row.name.clone()));
            }
            many(table, field, &rows);
        }
        Content::Other => {}
    }
    Ok(())
}

fn one(table: &mut Table, field: &Field, text: &str) {
    let makes_the_step = kind_of(table) == field.name;
    if text.is_empty() && !makes_the_step {
        table.remove(field.name);
        return;
    }
    if field.shape == Shape::Many {
        let texts: Vec<_> = text.lines().collect();
        let there = table.get_mut(field.name).and_then(Item::as_array_mut);
        match there {
            Some(there) => retell(there, &texts),
            None => put(table, field.name, texts.into_iter().collect::<Array>().into()),
        }
        return;
    }
    put(table, field.name, value_of(field.shape, text));
}

fn value_of(shape: Shape, text: &str) -> Value {
    let integer = |text: &str| text.trim().parse::<i64>().ok();
    match shape {
        Shape::Check => true.into(),
        Shape::Confirm if matches!(text, "true" | "false") => (text == "true").into(),
        Shape::Number | Shape::Limit => integer(text).map_or_else(|| text.into(), Value::from),
        Shape::Length => {
            let bounds: Option<Vec<i64>> = text.split(['-', '–', ',']).map(integer).collect();
            match bounds.as_deref() {
                Some([length]) => Value::from(*length),
                Some(bounds) => bounds.iter().copied().collect::<Array>().into(),
                None => text.into(),
            }
        }
        // What a number or a truth is gets its kind by that.
        Shape::Values => match (text, integer(text).filter(|number| number.to_string() == text)) {
            (_, Some(number)) => number.into(),
            ("yes", _) => true.into(),
            ("no", _) => false.into(),
            _ => text.into(),
        },
        _ => text.into(),
    }
}

fn many(table: &mut Table, field: &Field, rows: &[Row]) {
    match field.shape {
        Shape::Answers => {
            let is_yes_no = table.get("expect").and_then(Item::as_str) == Some("yes-no");
            let is_known = |row: &Row| is_yes_no && matches!(&*row.name, "yes" | "no");
            let targets: Vec<_> = rows.iter().filter(|row| !row.value.is_empty()).collect();
            let named: Vec<_> = rows.iter().filter(|row| !row.says.is_empty() || !is_known(row)).collect();
            names(
                table,
                "answers",
                &named,
                |_| true,
                |row, there| match there.and_then(Value::as_array_mut) {
                    Some(there) => {
                        retell(there, &row.says.lines().collect::<Vec<_>>());
                        None
                    }
                    None => Some(row.says.lines().collect::<Array>().into()),
                },
            );
            names(table, "on", &targets, |name| !is_way(name), |row, _| Some(row.value.as_str().into()));
        }
        Shape::Cases => {
            let case = |row: &Row| {
                let mut case = InlineTable::new();
                case.insert("if", row.name.as_str().into());
                case.insert("then", row.value.as_str().into());
                Value::InlineTable(case)
            };
            put(table, field.name, rows.iter().map(case).collect::<Array>().into());
        }
        shape => {
            let given = shape.names();
            let is_ours = |name: &str| given.is_none_or(|given| given.contains(&name));
            let rows: Vec<_> = rows.iter().collect();
            names(table, field.name, &rows, is_ours, |row, _| Some(value_of(shape, &row.value)));
        }
    }
}

/// Gives the names of a table within `parent` that are `ours` these values. `value` has the new one, or changes the one that is
/// there itself; it is asked for names whose value is another one only.
fn names(
    parent: &mut Table,
    key: &str,
    rows: &[&Row],
    is_ours: impl Fn(&str) -> bool,
    value: impl Fn(&Row, Option<&mut Value>) -> Option<Value>,
) {
    if rows.is_empty() && !parent.contains_key(key) {
        return;
    }
    if !parent.contains_key(key) {
        insert(parent, key, new_table(parent, key));
    }
    let Some(table) = parent.get_mut(key).and_then(Item::as_table_like_mut) else { return };
    let old: Vec<String> = table.iter().map(|(name, _)| name.to_owned()).filter(|name| is_ours(name)).collect();
    for name in old.iter().filter(|name| !rows.iter().any(|row| row.name == **name)) {
        remove(table, name);
    }
    for row in rows {
        let old = table.get(&row.name).and_then(typed);
        let there = table.get_mut(&row.name).and_then(Item::as_value_mut);
        if let Some(new) = value(row, there).map(toml_edit::value)
            && old.is_none_or(|old| typed(&new) != Some(old))
        {
            set(table, &row.name, new);
        }
    }
    let kept: Vec<String> = table.iter().map(|(name, _)| name.to_owned()).filter(|name| is_ours(name)).collect();
    if !kept.iter().eq(rows.iter().map(|row| &row.name)) {
        rows.iter().for_each(|row| send_back(table, &row.name));
    }
    // What makes a step what it is stays.
    if table.is_empty() && key != "set" {
        parent.remove(key);
    }
}

/// As people write it there: tables of the whole script under a heading, values in one line, ways and answers with dots.
fn new_table(parent: &Table, key: &str) -> Item {
    let mut table = Table::new();
    match key {
        "set" | "send" | "save" => return value(Value::InlineTable(InlineTable::new())),
        _ if parent.contains_key("id") => {
            table.set_implicit(true);
            table.set_dotted(true);
        }
        _ => {}
    }
    Item::Table(table)
}

fn send_back(table: &mut dyn TableLike, name: &str) {
    let Some((key, item)) = table.get_key_value(name).map(|(key, item)| (key.clone(), item.clone())) else { return };
    table.remove(name);
    table.entry_format(&key).or_insert(item);
}

/// Puts a value to its key, with the comment that stands behind it.
fn set(table: &mut dyn TableLike, key: &str, mut new: Item) {
    match table.get_mut(key) {
        Some(old) => {
            if let (Some(old), Some(new)) = (old.as_value(), new.as_value_mut()) {
                *new.decor_mut() = old.decor().clone();
            }
            *old = new;
        }
        None => drop(table.insert(key, new)),
    }
}

/// Removes a key. The blank before a closing brace stays.
pub(super) fn remove(table: &mut dyn TableLike, key: &str) {
    let is_last = table.iter().last().is_some_and(|(last, _)| last == key);
    let suffix = table.remove(key).and_then(|item| Some(item.as_value()?.decor().suffix()?.as_str()?.to_owned()));
    let last = table.iter_mut().last().and_then(|(_, item)| item.as_value_mut());
    if let (true, Some(" "), Some(last)) = (is_last, suffix.as_deref(), last) {
        last.decor_mut().set_suffix(" ");
    }
}

/// The same, where a new key has its place.
fn put(table: &mut Table, key: &str, new: Value) {
    if table.contains_key(key) { set(table, key, value(new)) } else { insert(table, key, value(new)) }
}

/// Inserts a key after those that people look for before it.
pub(super) fn insert(table: &mut Table, key: &str, item: Item) {
    let rank = |key: &str| ORDER.iter().position(|known| *known == key);
    let keys: Vec<String> = table.iter().map(|(key, _)| key.to_owned()).collect();
    let before = keys.iter().rposition(|other| rank(other).is_some_and(|other| Some(other) < rank(key)));
    let later = &keys[before.map_or(0, |before| before + 1)..];
    let later: Vec<_> = later.iter().filter_map(|key| table.remove_entry(key)).collect();
    table.insert(key, item);
    for (key, item) in later {
        table.insert_formatted(&key, item);
    }
}

/// Gives an array these texts; what is the same at its beginning and its end stays as it was written.
fn retell(array: &mut Array, texts: &[&str]) {
    let reads = |value: Option<&Value>, text: &str| {
        value.and_then(Value::as_str).is_some_and(|there| super::field::line(there) == text)
    };
    let first = texts.iter().enumerate().take_while(|(at, text)| reads(array.get(*at), text)).count();
    let most = array.len().min(texts.len()) - first;
    let last = (1..=most).take_while(|at| reads(array.get(array.len() - at), texts[texts.len() - at])).count();
    let end = array.len() - last;
    let new = &texts[first..texts.len() - last];
    let kept = (end - first).min(new.len());
    for (at, text) in new[..kept].iter().enumerate() {
        array.replace(first + at, *text);
    }
    for _ in kept..end - first {
        let comment = array.remove(first + kept).decor().prefix().and_then(|it| comment(it.as_str()?));
        put_comment(array, first + kept, comment);
    }
    // As the one before it stands: on a line of its own, or not.
    let pattern = array.get(first + kept).or_else(|| array.get(first + kept.saturating_sub(1)).or(array.get(0)));
    let decor = pattern.filter(|_| array.len() > 1).map(|value| value.decor().clone());
    for (at, text) in new[kept..].iter().enumerate() {
        let mut value = Value::from(*text);
        match decor.as_ref().and_then(|decor| decor.prefix()?.as_str()).filter(|prefix| prefix.contains('\n')) {
            Some(prefix) => {
                let prefix = prefix.rsplit_once('\n').map_or(prefix, |(_, indent)| indent);
                *value.decor_mut() = toml_edit::Decor::new(format!("\n{prefix}"), "");
                array.insert_formatted(first + kept + at, value);
            }
            None => array.insert(first + kept + at, value),
        }
    }
}

/// The comment behind the value before: it stands before the first end of line.
fn comment(before: &str) -> Option<String> {
    before.split_once('\n').map(|(behind, _)| behind.to_owned()).filter(|behind| behind.contains('#'))
}

/// Puts it before the value at this place, which has taken the place of the one that it stood before.
fn put_comment(array: &mut Array, at: usize, comment: Option<String>) {
    let Some(comment) = comment else { return };
    match array.get_mut(at) {
        Some(next) => {
            let rest = next.decor().prefix().and_then(|prefix| prefix.as_str()).unwrap_or_default();
            let before = format!("{comment}\n{}", rest.split_once('\n').map_or(rest, |(_, rest)| rest));
            next.decor_mut().set_prefix(before);
        }
        None => {
            let rest = array.trailing().as_str().unwrap_or_default();
            array.set_trailing(format!("{comment}\n{}", rest.split_once('\n').map_or(rest, |(_, rest)| rest)));
        }
    }
}
