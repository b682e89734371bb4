//! One process at a time changes a models folder. The lock goes with its process: a crash leaves none behind.

use std::{
    fs::{File, OpenOptions, TryLockError},
    path::Path,
};

use crate::models::PullError;

/// Held while the folder is being changed.
#[derive(Debug)]
pub(in crate::models) struct Lock(#[expect(dead_code, reason = "held, never read")] File);

/// Takes the lock of a folder that is there.
///
/// # Errors
/// [`PullError::Busy`] when another process has it.
pub(in crate::models) fn take(dir: &Path) -> Result<Lock, PullError> {
    let path = dir.join(".lock");
    let file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .open(&path)
        .map_err(|error| PullError::writing(&path, error))?;
    match file.try_lock() {
        Ok(()) => Ok(Lock(file)),
        Err(TryLockError::WouldBlock) => Err(PullError::Busy { dir: dir.to_owned() }),
        Err(TryLockError::Error(error)) => Err(PullError::writing(path, error)),
    }
}
