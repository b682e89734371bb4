//! What can go wrong with the database, as its users tell it apart. An error is never "not found": what is not there is
//! `None` or `false`.

use std::{io, path::PathBuf, sync::Arc};

use rusqlite::ErrorCode;

/// Why the store did not do what it was asked. Cheap to clone: one failed commit is answered to all whose work was in it.
#[derive(Clone, Debug, thiserror::Error)]
pub enum StoreError {
    /// A newer Callstead has written it.
    #[error(
        "the database {} has schema version {found} and this program knows {known} at most: use the newer callstead, or put the copy back that it kept ({}.v{known})",
        path.display(), path.display()
    )]
    Newer {
        /// The database.
        path: PathBuf,
        /// Its schema version.
        found: usize,
        /// The newest that this program knows.
        known: usize,
    },
    /// It is not a database, or no longer a sound one. Nothing is ever deleted because of that.
    #[error(
        "the database {} is damaged ({reason}): it was left as it is; put a backup in its place, or move it away to begin with an empty one",
        path.display()
    )]
    Damaged {
        /// The database.
        path: PathBuf,
        /// What SQLite said.
        reason: Arc<rusqlite::Error>,
    },
    /// The file cannot be made, opened or copied.
    #[error("cannot open the database {}: {reason}", path.display())]
    Open {
        /// The database.
        path: PathBuf,
        /// What the system said.
        reason: Arc<io::Error>,
    },
    /// The file with the key is there and is not what was written.
    #[error(
        "{} does not hold a key: put the right file back; where that is lost, move this one away and see `callstead admin new-key --help`",
        .0.display()
    )]
    KeyDamaged(PathBuf),
    /// Something in the database was encrypted with another key.
    #[error(
        "what is encrypted in the database cannot be read with this box's key: put back the secret.key that it was made with; where that is lost, see `callstead admin new-key --help`"
    )]
    Sealed,
    /// A migration failed; the database is as it was before it.
    #[error("cannot bring the database {} to this program's version: {reason}", path.display())]
    Migration {
        /// The database.
        path: PathBuf,
        /// What was wrong.
        reason: Arc<rusqlite_migration::Error>,
    },
    /// Another process has been writing for longer than we wait.
    #[error("the database is busy: another program has been writing to it for seconds; try again")]
    Busy,
    /// No room for what was to be written; it was not.
    #[error("the disk is full: the database could not be written")]
    Full,
    /// This user may read the database and not write it.
    #[error("the database may not be written by this user")]
    ReadOnly,
    /// Anything else that SQLite says.
    #[error("the database failed: {0}")]
    Failed(Arc<rusqlite::Error>),
    /// The store is shutting down, or the work itself panicked; nothing was written.
    #[error("the database did not answer")]
    Stopped,
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Busy,
            Some(ErrorCode::DiskFull) => Self::Full,
            Some(ErrorCode::ReadOnly) => Self::ReadOnly,
            _ => Self::Failed(Arc::new(error)),
        }
    }
}

impl StoreError {
    /// The error of opening `path`, where a file that is no database shows itself.
    pub(super) fn opening(path: PathBuf) -> impl Fn(rusqlite::Error) -> Self {
        move |error| match error.sqlite_error_code() {
            Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => {
                Self::Damaged { path: path.clone(), reason: Arc::new(error) }
            }
            Some(ErrorCode::CannotOpen | ErrorCode::PermissionDenied) => {
                Self::Open { path: path.clone(), reason: Arc::new(io::Error::other(error)) }
            }
            _ => error.into(),
        }
    }

    pub(super) fn file(path: PathBuf) -> impl Fn(io::Error) -> Self {
        move |reason| Self::Open { path: path.clone(), reason: Arc::new(reason) }
    }
}
