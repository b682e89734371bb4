//! The two written layers, file and environment, as one table from key to value, and typed reading from it.

use std::{
    collections::{BTreeMap, HashMap},
    env,
    ffi::OsString,
    fs,
    path::Path,
};

use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use super::{
    error::{ConfigError, Origin},
    keys::{KEYS, Key, keys, nearest, variables},
};

/// The variables that a program was started with.
#[derive(Clone, Debug, Default)]
pub struct Environment(BTreeMap<String, OsString>);

impl Environment {
    /// Those of this process. A variable whose name is not UTF-8 cannot be one of ours.
    pub fn of_this_process() -> Self {
        Self(env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value))).collect())
    }

    /// The value of `name`; a variable set to nothing counts as not set, as templates of such files often leave them.
    pub fn get(&self, name: &str) -> Option<&OsString> {
        self.0.get(name).filter(|value| !value.is_empty())
    }

    /// Whether `name` is set to something that means yes.
    pub fn is_true(&self, name: &str) -> bool {
        self.get(name).and_then(|value| truth(value.to_str()?)).unwrap_or(false)
    }

    /// A line for each variable that looks like ours and is not: most likely a slip of the pen.
    pub fn slips(&self) -> Vec<String> {
        let ours = |name: &&String| name.starts_with("CALLSTEAD_");
        let unknown = self.0.keys().filter(ours).filter(|name| !variables().any(|known| known == name.as_str()));
        unknown
            .map(|name| match nearest(name, variables()) {
                Some(meant) => format!("environment variable {name} is unknown: did you mean {meant}?"),
                None => format!("environment variable {name} is unknown: docs/configuration.md lists all"),
            })
            .collect()
    }
}

impl<N: Into<String>, V: Into<OsString>> FromIterator<(N, V)> for Environment {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(variables: I) -> Self {
        Self(variables.into_iter().map(|(name, value)| (name.into(), value.into())).collect())
    }
}

/// A value as written.
#[derive(Clone, Debug)]
pub(super) enum Value {
    /// From the environment, which has no types.
    Raw(String),
    Text(String),
    Whole(i64),
    Real(f64),
    Truth(bool),
    /// An array, a table, a date: nothing of ours.
    Other(&'static str),
}

impl Value {
    pub(super) fn text(&self) -> Option<&str> {
        match self {
            Self::Raw(text) | Self::Text(text) => Some(text),
            _ => None,
        }
    }

    pub(super) fn whole(&self) -> Option<i64> {
        match self {
            Self::Raw(text) => text.trim().parse().ok(),
            Self::Whole(number) => Some(*number),
            _ => None,
        }
    }

    pub(super) fn real(&self) -> Option<f64> {
        match self {
            Self::Raw(text) => text.trim().parse().ok(),
            Self::Real(number) => Some(*number),
            Self::Whole(number) => i32::try_from(*number).ok().map(f64::from),
            _ => None,
        }
    }

    pub(super) fn truth(&self) -> Option<bool> {
        match self {
            Self::Raw(text) => truth(text),
            Self::Truth(value) => Some(*value),
            _ => None,
        }
    }

    fn shown(&self) -> String {
        match self {
            Self::Raw(text) | Self::Text(text) => format!("'{text}'"),
            Self::Whole(number) => number.to_string(),
            Self::Real(number) => number.to_string(),
            Self::Truth(value) => value.to_string(),
            Self::Other(kind) => format!("of type {kind}"),
        }
    }
}

impl From<&DeValue<'_>> for Value {
    fn from(value: &DeValue<'_>) -> Self {
        match value {
            DeValue::String(text) => Self::Text(text.to_string()),
            DeValue::Integer(number) => {
                i64::from_str_radix(number.as_str(), number.radix()).map_or(Self::Other("integer"), Self::Whole)
            }
            DeValue::Float(number) => number.as_str().parse().map_or(Self::Other("float"), Self::Real),
            DeValue::Boolean(value) => Self::Truth(*value),
            other => Self::Other(other.type_str()),
        }
    }
}

/// What was written, later layers over earlier ones.
#[derive(Debug, Default)]
pub(super) struct Settings(HashMap<&'static str, (Value, Origin)>);

impl Settings {
    /// Adds what the file at `path` says.
    pub(super) fn add_file(&mut self, path: &Path) -> Result<(), ConfigError> {
        let text =
            fs::read_to_string(path).map_err(|source| ConfigError::Unreadable { path: path.to_owned(), source })?;
        let place = |offset| Origin::in_file(path, &text, offset);
        let document = DeTable::parse(&text).map_err(|error| ConfigError::Syntax {
            origin: place(error.span().map_or(0, |span| span.start)),
            reason: error.message().replace('\n', " "),
        })?;
        for (section, content) in document.get_ref() {
            let entries: Vec<(String, &Spanned<DeValue<'_>>, usize)> = match content.get_ref() {
                DeValue::Table(table) => table
                    .iter()
                    .map(|(key, value)| (format!("{}.{}", section.get_ref(), key.get_ref()), value, key.span().start))
                    .collect(),
                _ => vec![(section.get_ref().to_string(), content, section.span().start)],
            };
            if entries.is_empty() && !sections().any(|known| known == section.get_ref()) {
                return Err(unknown_section(place(section.span().start), section.get_ref()));
            }
            for (name, value, offset) in entries {
                let Some(key) = KEYS.iter().find(|key| key.name == name) else {
                    return Err(unknown(place(offset), name));
                };
                self.0.insert(key.name, (value.get_ref().into(), place(offset)));
            }
        }
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
            self.0.insert(key.name, (Value::Raw(text.to_owned()), origin));
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
        let Some((value, origin)) = self.0.get(key) else { return Ok(None) };
        let known = KEYS.iter().find(|known| known.name == key).expect("only keys of the table are read");
        parse(value).map(Some).ok_or_else(|| invalid(known, value.shown(), origin.clone(), allowed))
    }
}

fn invalid(key: &Key, shown: String, origin: Origin, allowed: &'static str) -> ConfigError {
    let value = if key.secret { "not right (it may hold a password and is not shown)".to_owned() } else { shown };
    ConfigError::Invalid { origin, key: key.name, value, allowed }
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

fn truth(text: &str) -> Option<bool> {
    match text.trim().to_ascii_lowercase().as_str() {
        "1" | "true" | "yes" | "on" => Some(true),
        "0" | "false" | "no" | "off" => Some(false),
        _ => None,
    }
}
