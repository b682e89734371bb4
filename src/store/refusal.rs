//! Why a change of what the desk keeps is refused, apart from failures of the database.

use super::StoreError;

/// Why something was not changed; nothing of it was written.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Refusal {
    /// There is no such thing, or not any more: `lead`.
    #[error("there is no {0} with this id")]
    Missing(&'static str),
    /// It was changed since whoever asks has read it.
    #[error("it was changed since it was read")]
    Stale,
    /// A value does not fit what else is there: the field as programs name it, and what is wrong with it.
    #[error("{0} {1}")]
    Field(&'static str, &'static str),
    /// Something else stands against it: one sentence.
    #[error("{0}")]
    Conflict(&'static str),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<rusqlite::Error> for Refusal {
    fn from(error: rusqlite::Error) -> Self {
        Self::Store(error.into())
    }
}

/// Holds that a row still has the version that somebody has read; `None`: whatever it is.
///
/// # Errors
/// [`Refusal::Stale`]
pub(super) fn expect_version(found: i64, expected: Option<i64>) -> Result<(), Refusal> {
    if expected.is_none_or(|expected| expected == found) { Ok(()) } else { Err(Refusal::Stale) }
}
