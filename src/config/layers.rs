//! The two written layers, file and environment, as one table from key to value, and typed reading from it.

use std::{borrow::Cow, collections::HashMap, fs, path::Path};

use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use super::{
    environment::Environment,
    error::{ConfigError, Origin},
    keys::{ArrayKey, KEYS, Key, TABLES, keys, nearest},
    values::Value,
};

/// What was written, later layers over earlier ones.
#[derive(Debug, Default)]
pub(super) struct Settings {
    values: HashMap<&'static str, (Value, Origin)>,
    /// In the file only: the environment has no place for them.
    tables: HashMap<&'static str, Vec<Table>>,
}

/// One table of an array of tables, such as `[[agent.profiles]]`.
#[derive(Debug)]
pub(super) struct Table {
    /// `agent.profiles`
    name: &'static str,
    /// Where it begins.
    origin: Origin,
    /// In the order of their names.
    entries: Vec<(String, Value, Origin)>,
}

/// The file that is being read, to say where something stands.
struct Source<'a> {
    path: &'a Path,
    text: &'a str,
}

impl Settings {
    /// Adds what the file at `path` says.
    pub(super) fn add_file(&mut self, path: &Path) -> Result<(), ConfigError> {
        let text =
            fs::read_to_string(path).map_err(|source| ConfigError::Unreadable { path: path.to_owned(), source })?;
        let source = Source { path, text: &text };
        let document = DeTable::parse(&text).map_err(|error| ConfigError::Syntax {
            origin: source.place(error.span().map_or(0, |span| span.start)),
            reason: error.message().replace('\n', " "),
        })?;
        for (section, content) in document.get_ref() {
            let name = section.get_ref();
            let DeValue::Table(entries) = content.get_ref() else {
                self.add_entry(&source, name.to_string(), section.span().start, content)?;
                continue;
            };
            if entries.is_empty() && !sections().any(|known| known == name) {
                return Err(unknown_section(source.place(section.span().start), name));
            }
            for (key, value) in entries {
                self.add_entry(&source, format!("{name}.{}", key.get_ref()), key.span().start, value)?;
            }
        }
        Ok(())
    }

    fn add_entry(
        &mut self,
        source: &Source<'_>,
        name: String,
        offset: usize,
        value: &Spanned<DeValue<'_>>,
    ) -> Result<(), ConfigError> {
        if let Some(known) = TABLES.iter().find(|known| known.name == name) {
            let tables = tables(known, source, value).unwrap_or_else(|| {
                let allowed = Cow::Owned(format!("written as tables, each under [[{name}]]"));
                let shown = Value::from(value.get_ref()).shown();
                Err(ConfigError::Invalid { origin: source.place(offset), key: name.into(), value: shown, allowed })
            })?;
            self.tables.insert(known.name, tables);
            return Ok(());
        }
        let Some(key) = KEYS.iter().find(|key| key.name == name) else {
            return Err(unknown(source.place(offset), name));
        };
        self.values.insert(key.name, (value.get_ref().into(), source.place(offset)));
        Ok(())
    }

    /// Adds what the environment says.
    pub(super) fn add_environment(&mut self, environment: &Environment) -> Result<(), ConfigError> {
        for key in &KEYS {
            let set = key.variables.iter().find_map(|name| Some((*name, environment.get(name)?)));
            let Some((name, value)) = set else { continue };
            let origin = Origin::Variable(name);
            let Some(text) = value.to_str() else {
                return Err(invalid(key, "not UTF-8".to_owned(), origin, "text in UTF-8"));
            };
            self.values.insert(key.name, (Value::Raw(text.to_owned()), origin));
        }
        Ok(())
    }

    /// The value of `key`, if it was written anywhere; `parse` says whether it is right, `allowed` what would be.
    pub(super) fn read<T>(
        &self,
        key: &'static str,
        allowed: &'static str,
        parse: impl FnOnce(&Value) -> Option<T>,
    ) -> Result<Option<T>, ConfigError> {
        let Some((value, origin)) = self.values.get(key) else { return Ok(None) };
        let known = KEYS.iter().find(|known| known.name == key).expect("only keys of the table are read");
        parse(value).map(Some).ok_or_else(|| invalid(known, value.shown(), origin.clone(), allowed))
    }

    /// The tables written under `name`; none when nothing was written.
    pub(super) fn tables(&self, name: &'static str) -> Option<&[Table]> {
        self.tables.get(name).map(Vec::as_slice)
    }

    /// The error for a `key` that was written and does not go without another one.
    pub(super) fn incomplete(&self, key: &'static str, lack: &'static str) -> ConfigError {
        let origin = self.values.get(key).map(|(_, origin)| origin.clone());
        ConfigError::Incomplete { origin: origin.expect("only keys that were written lack something"), key, lack }
    }
}

impl Table {
    /// The value of `key`, if it was written in this table. See [`Settings::read`].
    pub(super) fn read<T>(
        &self,
        key: &str,
        allowed: &'static str,
        parse: impl FnOnce(&Value) -> Option<T>,
    ) -> Result<Option<T>, ConfigError> {
        let Some((_, value, _)) = self.entries.iter().find(|(name, ..)| name == key) else { return Ok(None) };
        parse(value).map(Some).ok_or_else(|| self.invalid(key, allowed))
    }

    /// The value of a `key` that every such table must have.
    pub(super) fn need<T>(
        &self,
        key: &str,
        allowed: &'static str,
        parse: impl FnOnce(&Value) -> Option<T>,
    ) -> Result<T, ConfigError> {
        self.read(key, allowed, parse)?.ok_or_else(|| self.invalid(key, allowed))
    }

    pub(super) fn keys(&self) -> impl Iterator<Item = &str> {
        self.entries.iter().map(|(name, ..)| name.as_str())
    }

    /// The error for the value of `key`, or for its absence.
    pub(super) fn invalid(&self, key: &str, allowed: &str) -> ConfigError {
        let entry = self.entries.iter().find(|(name, ..)| name == key);
        ConfigError::Invalid {
            origin: entry.map_or(&self.origin, |(.., origin)| origin).clone(),
            key: Cow::Owned(format!("{}.{key}", self.name)),
            value: entry.map_or_else(|| "missing".to_owned(), |(_, value, _)| value.shown()),
            allowed: Cow::Owned(allowed.to_owned()),
        }
    }
}

impl Source<'_> {
    fn place(&self, offset: usize) -> Origin {
        Origin::in_file(self.path, self.text, offset)
    }
}

/// The tables of an array; `None` when the value is something else.
fn tables(
    known: &ArrayKey,
    source: &Source<'_>,
    value: &Spanned<DeValue<'_>>,
) -> Option<Result<Vec<Table>, ConfigError>> {
    let DeValue::Array(array) = value.get_ref() else { return None };
    let tables: Option<Vec<_>> =
        array.iter().map(|entry| Some((entry.span().start, entry.get_ref().as_table()?))).collect();
    Some(tables?.into_iter().map(|(offset, content)| table(known, source, offset, content)).collect())
}

fn table(known: &ArrayKey, source: &Source<'_>, offset: usize, content: &DeTable<'_>) -> Result<Table, ConfigError> {
    let mut entries = Vec::new();
    for (key, value) in content {
        let (name, origin) = (key.get_ref().to_string(), source.place(key.span().start));
        if !known.has(&name) {
            let suggestion = nearest(&name, known.keys.iter().copied()).map(|it| format!("{}.{it}", known.name));
            return Err(ConfigError::UnknownKey { origin, key: format!("{}.{name}", known.name), suggestion });
        }
        entries.push((name, value.get_ref().into(), origin));
    }
    Ok(Table { name: known.name, origin: source.place(offset), entries })
}

fn invalid(key: &Key, shown: String, origin: Origin, allowed: &'static str) -> ConfigError {
    let value = if key.secret { "not right (it may hold a password and is not shown)".to_owned() } else { shown };
    ConfigError::Invalid { origin, key: key.name.into(), value, allowed: allowed.into() }
}

fn unknown(origin: Origin, key: String) -> ConfigError {
    let suggestion = nearest(&key, keys()).or_else(|| same_key_elsewhere(&key)).map(str::to_owned);
    ConfigError::UnknownKey { origin, key, suggestion }
}

fn unknown_section(origin: Origin, section: &str) -> ConfigError {
    ConfigError::UnknownKey {
        origin,
        key: section.to_owned(),
        suggestion: nearest(section, sections()).map(str::to_owned),
    }
}

fn sections() -> impl Iterator<Item = &'static str> {
    keys().filter_map(|key| key.split('.').next())
}

/// A key of that name in another section, for one written without its section or in the wrong one.
fn same_key_elsewhere(typed: &str) -> Option<&'static str> {
    let name = typed.rsplit('.').next()?;
    keys().find(|key| key.rsplit('.').next() == Some(name))
}
