//! Exit codes, the same for every command. Documented in docs/cli.md.

use std::{io, process::ExitCode};

use crate::{
    app::StartError,
    audio::AudioError,
    call::CallError,
    config::ConfigError,
    models::{ModelError, PullError},
    people::PeopleError,
    rooms::token::KeysError,
    speech::{SpeechError, engines::EngineError},
    store::{StoreError, erasure::EraseError},
    telemetry::BadFilter,
};

use super::{
    interrupt::Interrupted,
    script::{BadScript, BuiltinName},
};

/// How the program ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Exit {
    /// It did what was asked.
    Ok = 0,
    /// It failed in a way that has no code of its own.
    Failed = 1,
    /// The command line is wrong.
    Usage = 2,
    /// What it was given to work on cannot be used.
    Input = 3,
    /// A model is missing or cannot be used.
    Model = 4,
    /// A model could not be fetched.
    Download = 5,
    /// The port or the data folder is in use.
    InUse = 6,
    /// A setting is wrong.
    Config = 7,
    /// The user ended it.
    Interrupted = 130,
}

/// The words of the command line are right and do not go together.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(super) struct UsageError(pub(super) String);

/// What the command is to work on cannot be used; in one line that says what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(super) struct InputError(pub(super) String);

/// What the command is to work on is not there.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no {what} '{id}': see `callstead {list}`")]
pub(super) struct NotFound {
    /// What was looked for.
    pub(super) what: &'static str,
    /// As the user called it.
    pub(super) id: String,
    /// The command that lists those that there are.
    pub(super) list: &'static str,
}

impl Exit {
    /// The code that belongs to `error`, by the first error of ours in its chain.
    pub(super) fn of(error: &anyhow::Error) -> Self {
        error.chain().find_map(Self::of_cause).unwrap_or(Self::Failed)
    }

    fn of_cause(cause: &(dyn std::error::Error + 'static)) -> Option<Self> {
        if cause.is::<ModelError>() {
            return Some(Self::Model);
        }
        if let Some(error) = cause.downcast_ref::<PullError>() {
            return Some(match error {
                PullError::Incomplete { .. } | PullError::DiskFull { .. } => Self::Download,
                PullError::Busy { .. } => Self::InUse,
                PullError::Setting(_) => Self::Config,
                PullError::NotWritable { .. } => Self::Failed,
            });
        }
        if let Some(error) = cause.downcast_ref::<CallError>() {
            return Some(Self::of_call(error));
        }
        if let Some(error) = cause.downcast_ref::<EngineError>() {
            return Some(Self::of_engine(error));
        }
        if cause.is::<Interrupted>() {
            return Some(Self::Interrupted);
        }
        if cause.is::<UsageError>() {
            return Some(Self::Usage);
        }
        if cause.is::<NotFound>() || cause.is::<InputError>() || cause.is::<BadScript>() || cause.is::<BuiltinName>() {
            return Some(Self::Input);
        }
        if let Some(error) = cause.downcast_ref::<StoreError>() {
            return Some(Self::of_store(error));
        }
        if let Some(error) = cause.downcast_ref::<EraseError>() {
            return Some(match error {
                EraseError::Nobody | EraseError::OnCall => Self::Input,
                EraseError::Store(error) => Self::of_store(error),
            });
        }
        if let Some(error) = cause.downcast_ref::<PeopleError>() {
            return Some(match error {
                PeopleError::Store(error) => Self::of_store(error),
                PeopleError::Busy => Self::InUse,
                _ => Self::Input,
            });
        }
        if let Some(error) = cause.downcast_ref::<AudioError>() {
            return Some(Self::of_audio(error));
        }
        if cause.is::<ConfigError>() || cause.is::<BadFilter>() {
            return Some(Self::Config);
        }
        if let Some(SpeechError::Unsupported(_)) = cause.downcast_ref() {
            return Some(Self::Input);
        }
        match cause.downcast_ref()? {
            StartError::PortInUse(_) | StartError::DataDirInUse { .. } => Some(Self::InUse),
            StartError::Media(source) if source.kind() == io::ErrorKind::AddrInUse => Some(Self::InUse),
            StartError::Public(_) | StartError::DevIsPublic(_) | StartError::Tls(_) => Some(Self::Config),
            StartError::Keys(KeysError::Half | KeysError::Short | KeysError::Damaged(_)) => Some(Self::Config),
            StartError::DataDir { .. }
            | StartError::Listen { .. }
            | StartError::Media(_)
            | StartError::Keys(KeysError::File { .. })
            | StartError::Store(_)
            | StartError::Sms(_)
            | StartError::Webhooks(_)
            | StartError::Thread(_)
            | StartError::Server(_) => Some(Self::Failed),
        }
    }

    /// A recording that cannot be read is input; one that cannot be kept is none.
    fn of_audio(error: &AudioError) -> Self {
        match error {
            AudioError::Write { .. } => Self::Failed,
            AudioError::Read { .. }
            | AudioError::Empty { .. }
            | AudioError::NotAudio { .. }
            | AudioError::NoAudio { .. }
            | AudioError::Truncated { .. }
            | AudioError::TooLong { .. }
            | AudioError::Unsupported { .. } => Self::Input,
        }
    }

    fn of_call(error: &CallError) -> Self {
        match error {
            CallError::Engine(error) => Self::of_engine(error),
            CallError::Speech(SpeechError::Unsupported(_)) | CallError::NobodySpoke => Self::Input,
            CallError::Speech(_) => Self::Failed,
            CallError::Interrupted => Self::Interrupted,
        }
    }

    /// An engine that does not start has a model that is missing or cannot be used.
    fn of_engine(error: &EngineError) -> Self {
        match error {
            EngineError::Model(_) | EngineError::Speech(_) => Self::Model,
            EngineError::NoVoice(_) => Self::Input,
            EngineError::NotLoaded(_) => Self::Failed,
        }
    }

    /// A database that somebody else keeps busy may be free the next time.
    fn of_store(error: &StoreError) -> Self {
        match error {
            StoreError::Busy => Self::InUse,
            StoreError::Newer { .. }
            | StoreError::Damaged { .. }
            | StoreError::Open { .. }
            | StoreError::Migration { .. }
            | StoreError::KeyDamaged(_)
            | StoreError::Sealed
            | StoreError::Full
            | StoreError::ReadOnly
            | StoreError::Failed(_)
            | StoreError::Stopped => Self::Failed,
        }
    }

    /// The kind of failure in a word, for programs.
    pub(super) const fn kind(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Failed => "failed",
            Self::Usage => "usage",
            Self::Input => "input",
            Self::Model => "model",
            Self::Download => "download",
            Self::InUse => "in_use",
            Self::Config => "config",
            Self::Interrupted => "interrupted",
        }
    }

    /// The number that the shell sees.
    pub(super) const fn code(self) -> u8 {
        self as u8
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        exit.code().into()
    }
}

/// The whole chain of `error` in one line. A cause that its wrapper has already named is not said twice.
pub(super) fn message(error: &anyhow::Error) -> String {
    let mut line = String::new();
    for cause in error.chain().map(ToString::to_string) {
        if !line.contains(&cause) {
            line = if line.is_empty() { cause } else { format!("{line}: {cause}") };
        }
    }
    line.split(|c: char| c.is_control()).map(str::trim).filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use std::io;

    use anyhow::Context;

    use super::*;

    #[test]
    fn each_kind_of_error_has_its_code_however_deep_it_lies() {
        let unsupported = SpeechError::Unsupported("unknown voice 'x'".to_owned());
        let denied = || io::Error::from(io::ErrorKind::PermissionDenied);
        let overloaded = SpeechError::Overloaded("whisper");
        for (error, exit) in [
            (anyhow::anyhow!("something"), Exit::Failed),
            (unsupported.clone().into(), Exit::Input),
            (EngineError::NoVoice(unsupported.clone()).into(), Exit::Input),
            (EngineError::Speech(unsupported.clone()).into(), Exit::Model),
            (CallError::Engine(EngineError::NoVoice(unsupported.clone())).into(), Exit::Input),
            (AudioError::Read { path: "a".to_owned(), reason: denied() }.into(), Exit::Input),
            (AudioError::Write { path: "a".to_owned(), reason: denied() }.into(), Exit::Failed),
            (UsageError("not both".to_owned()).into(), Exit::Usage),
            (InputError("nobody speaks in it".to_owned()).into(), Exit::Input),
            (anyhow::Error::from(unsupported).context("saying 'hello'"), Exit::Input),
            (overloaded.into(), Exit::Failed),
            (ConfigError::NoHome.into(), Exit::Config),
            (StartError::PortInUse(([127, 0, 0, 1], 8080).into()).into(), Exit::InUse),
            (Interrupted.into(), Exit::Interrupted),
            (StoreError::Busy.into(), Exit::InUse),
            (StoreError::Full.into(), Exit::Failed),
            (PeopleError::LastAdmin.into(), Exit::Input),
            (PeopleError::Store(StoreError::Busy).into(), Exit::InUse),
            (NotFound { what: "call", id: "7".to_owned(), list: "calls list" }.into(), Exit::Input),
        ] {
            assert_eq!(Exit::of(&error), exit, "{error:?}");
        }
        assert_eq!(Exit::Interrupted.code(), 130);
    }

    #[test]
    fn a_chain_is_one_line_without_repetition() {
        let error = Err::<(), _>(io::Error::other("disk\nfull")).context("writing a.wav").unwrap_err();
        assert_eq!(message(&error), "writing a.wav: disk full");
        let unreadable = ConfigError::Unreadable { path: "x.toml".into(), source: io::Error::other("denied") };
        assert_eq!(message(&unreadable.into()), "configuration file x.toml: denied");
    }
}
