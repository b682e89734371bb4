//! Writing the database anew after something was erased, so that no byte of it is left in the file ([`Store::wipe`]). Nobody
//! else writes meanwhile, about a second for 100 MB: what is erased because it is old waits for that until no call goes on.
//!
//! That it is due is kept in the database: neither a restart nor a full disk makes it forgotten.

use jiff::{SignedDuration, Timestamp};
use rusqlite::{Connection, Transaction};

use super::{Store, StoreError, calls, rows::moment};

/// At most once in so long.
const EVERY: SignedDuration = SignedDuration::from_hours(24);
/// When it has waited for so long, it is done during calls too: there may be one at all times.
const LATEST: SignedDuration = SignedDuration::from_hours(48);

/// Notes that something was erased.
///
/// # Errors
/// When the database fails.
pub(super) fn request(transaction: &Transaction<'_>, now: Timestamp) -> Result<(), StoreError> {
    let sql = "INSERT INTO wipe_due (since) SELECT ?1 WHERE NOT EXISTS (SELECT 1 FROM wipe_due)";
    transaction.execute(sql, [now.as_millisecond()])?;
    Ok(())
}

/// Since when it is due; `None`: it is not.
///
/// # Errors
/// When the database fails.
pub(super) fn since(connection: &Connection) -> Result<Option<Timestamp>, StoreError> {
    let mut statement = connection.prepare_cached("SELECT since FROM wipe_due")?;
    let mut rows = statement.query([])?;
    Ok(rows.next()?.map(|row| moment(row, "since")).transpose()?)
}

/// Notes that it is done.
///
/// # Errors
/// When the database fails.
pub(super) fn done(transaction: &Transaction<'_>) -> Result<(), StoreError> {
    transaction.execute("DELETE FROM wipe_due", [])?;
    Ok(())
}

/// Does it if it is time. False when it is not.
///
/// # Errors
/// As [`Store::wipe`].
pub(super) async fn run(store: &Store, now: Timestamp) -> Result<bool, StoreError> {
    let read = |connection: &Connection| Ok((since(connection)?, calls::is_any_open(connection)?));
    let is_time = match store.read(read).await? {
        (None, _) => false,
        (Some(since), is_on_call) => {
            let waited = now.duration_since(since);
            waited >= if is_on_call { LATEST } else { EVERY }
        }
    };
    if is_time {
        store.wipe().await?;
    }
    Ok(is_time)
}
