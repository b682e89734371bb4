//! Where a document names its steps: to follow a step that gets another name, and to tell who leads to one.

use toml_edit::{ArrayOfTables, Item, Table, TableLike, Value};

use super::write::remove;

/// Where something leads to a step from.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum From {
    /// The script as a whole: where it begins, or a way for all steps.
    Script,
    /// The step of this name.
    Step(String),
}

/// Gives a step another name wherever it is named.
pub(super) fn rename(root: &mut Table, old: &str, new: &str) {
    let mut follow = |name: &mut Value| {
        if name.as_str() == Some(old) {
            let decor = name.decor().clone();
            *name = new.into();
            *name.decor_mut() = decor;
        }
    };
    ways(root, &mut follow);
    tables(root, "step").for_each(|step| ways(step, &mut follow));
    for test in tables(root, "test") {
        for key in ["answers", "tools"] {
            if let Some(table) = test.get_mut(key).and_then(Item::as_table_like_mut) {
                rename_key(table, old, new);
            }
        }
        for steps in visited(test) {
            steps.iter_mut().for_each(&mut follow);
        }
    }
}

/// What leads to a step, but for the step itself.
pub(super) fn leading_to(root: &mut Table, id: &str) -> Vec<From> {
    let leads = |table: &mut Table| {
        let mut found = false;
        ways(table, &mut |name| found |= name.as_str() == Some(id));
        found
    };
    let script = leads(root).then_some(From::Script);
    let steps = tables(root, "step").filter_map(|step| {
        let its_id = step.get("id").and_then(Item::as_str).unwrap_or_default().to_owned();
        (leads(step) && its_id != id).then_some(From::Step(its_id))
    });
    let steps: Vec<_> = steps.collect();
    script.into_iter().chain(steps).collect()
}

/// Takes what tests say of a step out of them.
pub(super) fn forget(root: &mut Table, id: &str) {
    for test in tables(root, "test") {
        for key in ["answers", "tools"] {
            let Some(table) = test.get_mut(key).and_then(Item::as_table_like_mut) else { continue };
            remove(table, id);
            if table.is_empty() {
                test.remove(key);
            }
        }
        for steps in visited(test) {
            steps.retain(|step| step.as_str() != Some(id));
        }
    }
}

fn tables<'t>(root: &'t mut Table, key: &str) -> impl Iterator<Item = &'t mut Table> {
    root.get_mut(key).and_then(Item::as_array_of_tables_mut).into_iter().flat_map(ArrayOfTables::iter_mut)
}

/// All places of a step, or of the script as a whole, that name a step.
fn ways(table: &mut Table, see: &mut dyn FnMut(&mut Value)) {
    for key in ["start", "next"] {
        if let Some(name) = table.get_mut(key).and_then(Item::as_value_mut) {
            see(name);
        }
    }
    if let Some(on) = table.get_mut("on").and_then(Item::as_table_like_mut) {
        on.iter_mut().filter_map(|(_, item)| item.as_value_mut()).for_each(&mut *see);
    }
    match table.get_mut("branch") {
        Some(Item::ArrayOfTables(cases)) => {
            cases.iter_mut().filter_map(|case| case.get_mut("then")?.as_value_mut()).for_each(see);
        }
        Some(Item::Value(Value::Array(cases))) => {
            cases.iter_mut().filter_map(|case| case.as_inline_table_mut()?.get_mut("then")).for_each(see);
        }
        _ => {}
    }
}

/// The steps that a test expects to be gone through, and not.
fn visited(test: &mut Table) -> Vec<&mut toml_edit::Array> {
    let Some(expect) = test.get_mut("expect").and_then(Item::as_table_like_mut) else { return Vec::new() };
    let lists = expect.iter_mut().filter(|(key, _)| matches!(key.get(), "visits" | "never"));
    lists.filter_map(|(_, item)| item.as_array_mut()).collect()
}

/// Gives a key another name, in its place.
fn rename_key(table: &mut dyn TableLike, old: &str, new: &str) {
    if !table.contains_key(old) || table.contains_key(new) {
        return;
    }
    let keys: Vec<_> = table.iter().filter_map(|(key, _)| table.key(key).cloned()).collect();
    for key in keys {
        let Some(item) = table.remove(key.get()) else { continue };
        if key.get() == old {
            let renamed = toml_edit::Key::new(new).with_leaf_decor(key.leaf_decor().clone());
            table.entry_format(&renamed.with_dotted_decor(key.dotted_decor().clone())).or_insert(item);
        } else {
            table.entry_format(&key).or_insert(item);
        }
    }
}
