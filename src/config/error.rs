//! What can be wrong with settings. Each message is one line: where, what, and what would be right.

use std::{
    borrow::Cow,
    fmt, io,
    path::{Path, PathBuf},
};

/// Why the settings cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file is not there or cannot be read.
    #[error("configuration file {}: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The file is not TOML.
    #[error("{origin}: {reason}")]
    Syntax {
        /// Where.
        origin: Origin,
        /// What the parser said.
        reason: String,
    },
    /// A key or section that nothing reads.
    #[error("{origin}: unknown key '{key}'{}", suggestion.as_ref().map(|it| format!(": did you mean '{it}'?")).unwrap_or_default())]
    UnknownKey {
        /// Where.
        origin: Origin,
        /// The key, with its section.
        key: String,
        /// The nearest key that exists.
        suggestion: Option<String>,
    },
    /// A value of the wrong type or out of range.
    #[error("{origin}: {key} is {value}: it must be {allowed}")]
    Invalid {
        /// Where.
        origin: Origin,
        /// The key, with its section.
        key: Cow<'static, str>,
        /// The value as written, or a word in its place when it is secret or missing.
        value: String,
        /// What would be right.
        allowed: Cow<'static, str>,
    },
    /// A value that does not go without another one.
    #[error("{origin}: {key} {lack}")]
    Incomplete {
        /// Where.
        origin: Origin,
        /// The key, with its section.
        key: &'static str,
        /// What is lacking.
        lack: &'static str,
    },
    /// There is no home folder to put the data folder in.
    #[error("cannot tell where the data folder is, because HOME is not set: give --data-dir or CALLSTEAD_DATA_DIR")]
    NoHome,
}

/// Where a setting was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// In a file.
    File {
        /// Which.
        path: PathBuf,
        /// From 1.
        line: usize,
    },
    /// In an environment variable.
    Variable(&'static str),
}

impl Origin {
    /// The place in `text`, the content of the file at `path`, that lies `offset` bytes in.
    pub(super) fn in_file(path: &Path, text: &str, offset: usize) -> Self {
        let line = 1 + text.bytes().take(offset).filter(|byte| *byte == b'\n').count();
        Self::File { path: path.to_owned(), line }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { path, line } => write!(f, "{} line {line}", path.display()),
            Self::Variable(name) => write!(f, "environment variable {name}"),
        }
    }
}
