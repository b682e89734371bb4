//! What can be wrong with models.

use std::{io, path::PathBuf};

use super::Kind;
use crate::domain::Language;

/// No model or set has that name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown model '{name}'{}", did_you_mean(.nearest))]
pub struct UnknownModel {
    /// As asked for.
    pub name: String,
    /// What may have been meant.
    pub nearest: Option<String>,
}

/// A model that is asked for cannot be used. The commands in it can be copied and run as they are.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ModelError {
    /// No such model or set.
    #[error("{unknown}: see `{command}`")]
    Unknown {
        /// What was asked for.
        unknown: UnknownModel,
        /// What lists those that there are.
        command: String,
    },
    /// The model does something else.
    #[error("{id} is a {} model, not a {} model", .is.name(), .wanted.name())]
    WrongKind {
        /// The model.
        id: String,
        /// What it does.
        is: Kind,
        /// What was wanted.
        wanted: Kind,
    },
    /// The model does not know the language.
    #[error("{id} does not know {}: choose another model, or none to have the best one used", .language.name())]
    WrongLanguage {
        /// The model.
        id: String,
        /// What was wanted.
        language: Language,
    },
    /// The model is not on this machine.
    #[error("model {id} is missing: run `{command}`")]
    Missing {
        /// The model.
        id: String,
        /// What gets it.
        command: String,
    },
    /// A file of the model is not as it should be.
    #[error("model {id} is unusable: {why}; run `{command}`")]
    Damaged {
        /// The model.
        id: String,
        /// What is wrong, in a few words.
        why: String,
        /// What mends it.
        command: String,
    },
    /// Nothing on this machine does what is wanted.
    #[error("no {} model{} is installed: run `{command}`", .kind.name(), for_language(*.language))]
    NoneInstalled {
        /// What is wanted.
        kind: Kind,
        /// For which language.
        language: Option<Language>,
        /// What gets one.
        command: String,
    },
}

impl ModelError {
    /// The command that helps, where one does.
    pub fn command(&self) -> Option<&str> {
        match self {
            Self::Unknown { command, .. }
            | Self::Missing { command, .. }
            | Self::Damaged { command, .. }
            | Self::NoneInstalled { command, .. } => Some(command),
            Self::WrongKind { .. } | Self::WrongLanguage { .. } => None,
        }
    }
}

/// Models could not be fetched.
#[derive(Debug, thiserror::Error)]
pub enum PullError {
    /// Another process is at it.
    #[error("another pull or removal is under way in {}: wait for it to end, then try again", .dir.display())]
    Busy {
        /// The models folder.
        dir: PathBuf,
    },
    /// The models folder cannot be written.
    #[error("cannot write {}: {why}", .path.display())]
    NotWritable {
        /// The file or folder.
        path: PathBuf,
        /// What the system said, in a few words.
        why: String,
    },
    /// There is too little room.
    #[error("the disk of {} is full{}: free some space, then try again", .dir.display(), shortage(*.needed, *.free))]
    DiskFull {
        /// The models folder.
        dir: PathBuf,
        /// Bytes still to be fetched, where known.
        needed: Option<u64>,
        /// Bytes free, where known.
        free: Option<u64>,
    },
    /// A setting for downloads makes no sense.
    #[error("{0}")]
    Setting(String),
    /// Some models could not be had; the reasons are in the pull's report.
    #[error("could not get {}: {why}", .models.join(", "))]
    Incomplete {
        /// Their ids.
        models: Vec<String>,
        /// The first reason, in a few words.
        why: String,
    },
}

impl PullError {
    /// What a failed write means: a full disk, or a folder that cannot be written.
    pub(super) fn writing(path: impl Into<PathBuf>, error: io::Error) -> Self {
        let path = path.into();
        match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                let dir = path.parent().unwrap_or(&path).to_owned();
                Self::DiskFull { dir, needed: None, free: None }
            }
            _ => Self::NotWritable { path, why: in_words(&error) },
        }
    }
}

/// The system's words for common errors, without its number.
pub(super) fn in_words(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
        io::ErrorKind::ReadOnlyFilesystem => "the file system is read-only".to_owned(),
        io::ErrorKind::NotADirectory => "a file stands where a folder should".to_owned(),
        io::ErrorKind::AlreadyExists => "a file stands where a folder should".to_owned(),
        _ => error.to_string(),
    }
}

/// Bytes as people read them: `98.4 MB`.
pub(crate) fn size(bytes: u64) -> String {
    match bytes {
        0..1_000 => format!("{bytes} B"),
        1_000..1_000_000 => format!("{:.1} kB", bytes as f64 / 1e3),
        1_000_000..1_000_000_000 => format!("{:.1} MB", bytes as f64 / 1e6),
        _ => format!("{:.2} GB", bytes as f64 / 1e9),
    }
}

fn did_you_mean(nearest: &Option<String>) -> String {
    nearest.as_ref().map(|name| format!(" (did you mean {name}?)")).unwrap_or_default()
}

fn for_language(language: Option<Language>) -> String {
    language.map(|language| format!(" for {}", language.name())).unwrap_or_default()
}

fn shortage(needed: Option<u64>, free: Option<u64>) -> String {
    match (needed, free) {
        (Some(needed), Some(free)) => format!(" ({} needed, {} free)", size(needed), size(free)),
        _ => String::new(),
    }
}
