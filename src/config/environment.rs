//! The variables that a program was started with.

use std::{collections::BTreeMap, env, ffi::OsString};

use super::keys::{nearest, variables};

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

pub(super) fn truth(text: &str) -> Option<bool> {
    match text.trim().to_ascii_lowercase().as_str() {
        "1" | "true" | "yes" | "on" => Some(true),
        "0" | "false" | "no" | "off" => Some(false),
        _ => None,
    }
}
