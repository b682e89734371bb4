//! Indexing words later. A transaction that writes many rows leaves them due ([`during`]): putting words into an index takes
//! many times as long as writing the rows, and everybody else who writes would wait for it. [`catch_up`] does it afterwards,
//! a few rows at a time.
//!
//! Until then a new row is in lists and is not found, and a changed one is found by what it was; what is deleted or erased
//! meanwhile is neither. What a crash leaves due is done at the next start ([`super::upkeep`]).

use rusqlite::Transaction;

use super::{Store, StoreError};

/// New rows whose words are indexed in one step, for some ten milliseconds.
const STEP: u32 = 200;
/// A changed row takes as long as so many new ones: erasing an old word goes through all rows that have it.
const CHANGED: u32 = 20;

/// The table of rows and its index of words, whose due rows are in a third table.
const SEARCHED: [(&str, &str, &str); 2] =
    [("leads", "leads_search", "leads_search_due"), ("customers", "customers_search", "customers_search_due")];

/// Runs `work`, whose rows are due then. To be rolled back if it fails.
///
/// # Errors
/// That of `work`, or when the database fails.
pub(super) fn during<T, E: From<StoreError>>(
    transaction: &Transaction<'_>,
    work: impl FnOnce() -> Result<T, E>,
) -> Result<T, E> {
    let set = |sql| transaction.execute(sql, []).map_err(StoreError::from);
    set("INSERT INTO search_later (since) VALUES (0)")?;
    let done = work()?;
    set("DELETE FROM search_later")?;
    Ok(done)
}

/// Indexes all words that are due.
///
/// # Errors
/// When the database fails; what was indexed before stays so.
pub async fn catch_up(store: &Store) -> Result<(), StoreError> {
    for searched in SEARCHED {
        while store.write(move |transaction| step(transaction, searched, STEP)).await? {}
    }
    Ok(())
}

/// Indexes the words of some rows. False when none was due.
fn step(transaction: &Transaction<'_>, (table, index, due): (&str, &str, &str), rows: u32) -> Result<bool, StoreError> {
    let last = format!(
        "SELECT max(seq) FROM (
             SELECT seq, sum(iif(indexed IS NULL, 1, {CHANGED})) OVER (ORDER BY seq) AS cost
             FROM (SELECT seq, indexed FROM {due} ORDER BY seq LIMIT ?1)
         ) WHERE cost <= ?1"
    );
    let last: Option<i64> = transaction.prepare_cached(&last)?.query_row([rows], |row| row.get(0))?;
    let Some(last) = last else { return Ok(false) };
    for sql in [
        format!(
            "INSERT INTO {index} ({index}, rowid, search) SELECT 'delete', seq, indexed FROM {due} WHERE seq <= ?1 AND indexed IS NOT NULL"
        ),
        format!(
            "INSERT INTO {index} (rowid, search) SELECT seq, search FROM {due} CROSS JOIN {table} USING (seq) WHERE seq <= ?1"
        ),
        format!("DELETE FROM {due} WHERE seq <= ?1"),
    ] {
        transaction.prepare_cached(&sql)?.execute([last])?;
    }
    Ok(true)
}
