//! Files of leads or customers that wait to be confirmed after their preview, and what each of their rows will do. Nothing
//! of them is written before, and then all of it or nothing.

mod confirm;
mod entities;

use jiff::{SignedDuration, Timestamp};
use rusqlite::{Connection, OptionalExtension, Transaction};
use serde::{Deserialize, Serialize};

use super::{Change, Refusal, StoreError, audit::Entity, list::Words, rows::words};
use crate::domain::ImportId;
pub use confirm::{Drafting, Step, confirm};

/// How long a preview can be confirmed.
pub const LIFETIME: SignedDuration = SignedDuration::from_mins(30);

words! {
    /// What is in a file.
    Imported {
        /// Leads.
        Leads = "leads",
        /// Customers.
        Customers = "customers",
    }
}

/// What happens with a row whose lead or customer is there already.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OnDuplicate {
    /// The fields that the row has are taken over.
    #[default]
    Update,
    /// Nothing.
    Skip,
}

/// What a row will do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "action", rename_all = "lowercase")]
pub enum Plan {
    /// Make one.
    Create,
    /// Change this one, as it is now.
    Update {
        /// Its id.
        id: String,
        /// Its version.
        version: i64,
    },
    /// Nothing: this one is there already, or has all of it.
    Skip {
        /// Its id.
        id: String,
    },
}

/// A row of a file, checked by itself.
pub trait Importable: Send + Sync + Sized + 'static {
    /// What it is.
    const IMPORTED: Imported;
    /// Of what kind the audit log says it is.
    const ENTITY: Entity;
    /// What it makes or changes.
    type Row: Writable;

    /// What no two rows of a file have: the field, and its value.
    fn key(&self) -> Option<(&'static str, String)>;

    /// What it would change, if that is there.
    ///
    /// # Errors
    /// When the database fails.
    fn there(&self, connection: &Connection) -> Result<Option<Self::Row>, StoreError>;

    /// Whether it would change anything of that, or of a new one.
    ///
    /// # Errors
    /// [`Refusal::Field`] when it cannot be written; when the database fails.
    fn differs(&self, connection: &Connection, there: Option<&Self::Row>) -> Result<bool, Refusal>;

    /// What it makes, or makes of what is there; everything but writing it.
    ///
    /// # Errors
    /// As [`Importable::differs`].
    fn draft(&self, there: Option<&Self::Row>, drafting: &mut Drafting<'_>) -> Result<Step<Self::Row>, Refusal>;

    /// Makes one, or changes what is there, deciding everything while it is written.
    ///
    /// # Errors
    /// When it cannot be written, or the database fails.
    fn write_now(&self, change: &Change<'_>, there: Option<&Self::Row>) -> Result<(), Refusal>;
}

/// What rows of a file become.
pub trait Writable: Send + Sync + Sized + 'static {
    /// Its id and version.
    fn seen(&self) -> Seen;

    /// Writes a new one.
    ///
    /// # Errors
    /// When the database fails.
    fn insert(&self, transaction: &Transaction<'_>, words: &Words) -> Result<(), StoreError>;

    /// Writes what was changed.
    ///
    /// # Errors
    /// When the database fails.
    fn update(&self, transaction: &Transaction<'_>, words: &Words) -> Result<(), StoreError>;
}

/// A row as somebody has seen it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// Its id.
    pub id: String,
    /// Its version.
    pub version: i64,
}

/// What a row would do now.
///
/// # Errors
/// [`Refusal::Field`] when it cannot be written; when the database fails.
pub fn plan<P: Importable>(connection: &Connection, row: &P, on_duplicate: OnDuplicate) -> Result<Plan, Refusal> {
    let there = row.there(connection)?;
    plan_for(connection, row, there.as_ref(), on_duplicate)
}

fn plan_for<P: Importable>(
    connection: &Connection,
    row: &P,
    there: Option<&P::Row>,
    on_duplicate: OnDuplicate,
) -> Result<Plan, Refusal> {
    let differs = row.differs(connection, there)?;
    Ok(match there.map(Writable::seen) {
        None => Plan::Create,
        Some(Seen { id, version }) if differs && on_duplicate == OnDuplicate::Update => Plan::Update { id, version },
        Some(Seen { id, .. }) => Plan::Skip { id },
    })
}

/// How many rows do what.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Written {
    /// Were made.
    pub created: u32,
    /// Were changed.
    pub updated: u32,
    /// Were there already.
    pub skipped: u32,
}

/// Keeps checked rows (`rows` is JSON, read by who wrote it) until `owner` confirms them.
///
/// # Errors
/// When the database fails.
pub fn keep(
    transaction: &Transaction<'_>,
    imported: Imported,
    rows: &str,
    owner: &str,
    now: Timestamp,
) -> Result<ImportId, StoreError> {
    sweep(transaction, now)?;
    let id = ImportId::random();
    transaction.execute(
        "INSERT INTO imports (id, entity, rows, owner, created_at) VALUES (?1, ?2, ?3, ?4, ?5)",
        (id.as_str(), imported.as_str(), rows, owner, now.as_millisecond()),
    )?;
    Ok(id)
}

/// The rows that were kept for `owner`; `None` when there are none, or not any more.
///
/// # Errors
/// When the database fails.
pub fn find(
    connection: &Connection,
    imported: Imported,
    id: &ImportId,
    owner: &str,
    now: Timestamp,
) -> Result<Option<String>, StoreError> {
    let rows = connection.query_row(
        "SELECT rows FROM imports WHERE id = ?1 AND entity = ?2 AND owner = ?3 AND created_at > ?4",
        (id.as_str(), imported.as_str(), owner, expired(now)),
        |row| row.get(0),
    );
    Ok(rows.optional()?)
}

/// Forgets rows that were kept for `owner`. False when there are none.
///
/// # Errors
/// When the database fails.
pub fn discard(
    transaction: &Transaction<'_>,
    imported: Imported,
    id: &ImportId,
    owner: &str,
) -> Result<bool, StoreError> {
    let discarded = transaction.execute(
        "DELETE FROM imports WHERE id = ?1 AND entity = ?2 AND owner = ?3",
        (id.as_str(), imported.as_str(), owner),
    )?;
    Ok(discarded > 0)
}

/// Forgets what nobody has confirmed in time, and says how many files that were.
///
/// # Errors
/// When the database fails.
pub fn sweep(transaction: &Transaction<'_>, now: Timestamp) -> Result<usize, StoreError> {
    Ok(transaction.execute("DELETE FROM imports WHERE created_at <= ?1", [expired(now)])?)
}

/// What was begun then or before is too old.
fn expired(now: Timestamp) -> i64 {
    now.as_millisecond().saturating_sub(i64::try_from(LIFETIME.as_millis()).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests;
