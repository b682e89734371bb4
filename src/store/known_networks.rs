//! Where members of staff have logged in from lately. Strangers' guesses do not keep them from logging in there again.

use std::net::IpAddr;

use jiff::Timestamp;
use rusqlite::{Connection, Transaction};

use super::StoreError;
use crate::domain::{UserId, network};

/// A place where somebody has not logged in for so long is forgotten: 90 days.
const REMEMBERED_MS: i64 = 90 * 24 * 60 * 60 * 1000;

/// Whether this member of staff has logged in from there.
///
/// # Errors
/// When the database fails.
pub fn is_known(connection: &Connection, user: &UserId, address: IpAddr, now: Timestamp) -> Result<bool, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT EXISTS (SELECT 1 FROM known_networks WHERE user = ?1 AND network = ?2 AND seen_at > ?3)",
    )?;
    let since = now.as_millisecond().saturating_sub(REMEMBERED_MS);
    Ok(statement.query_row((user.as_str(), network(address).to_string(), since), |row| row.get(0))?)
}

/// Notes that this member of staff has logged in from there.
///
/// # Errors
/// When the database fails.
pub fn note(transaction: &Transaction<'_>, user: &UserId, address: IpAddr, now: Timestamp) -> Result<(), StoreError> {
    let now = now.as_millisecond();
    transaction.execute("DELETE FROM known_networks WHERE seen_at <= ?1", [now.saturating_sub(REMEMBERED_MS)])?;
    transaction.execute(
        "INSERT INTO known_networks (user, network, seen_at) VALUES (?1, ?2, ?3)
         ON CONFLICT (user, network) DO UPDATE SET seen_at = excluded.seen_at",
        (user.as_str(), network(address).to_string(), now),
    )?;
    Ok(())
}
