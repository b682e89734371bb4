//! Files of leads or customers that wait to be confirmed after their preview, and what each of their rows will do. Nothing
//! of them is written before, and then all of it or nothing.

use jiff::{SignedDuration, Timestamp};
use rusqlite::{Connection, OptionalExtension, Transaction};
use serde::{Deserialize, Serialize};

use super::{
    Change, Refusal, StoreError,
    audit::{Action, Entity, Entry},
    customers::{self, CustomerPatch},
    leads::{self, LeadPatch},
    rows::words,
};
use crate::domain::{ImportId, Pii};

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

/// A row that can be written.
pub trait Importable: Send + Sync + 'static {
    /// What it is.
    const IMPORTED: Imported;
    /// Of what kind the audit log says it is.
    const ENTITY: Entity;

    /// What no two rows of a file have: the field, and its value.
    fn key(&self) -> Option<(&'static str, String)>;

    /// What it would do now.
    ///
    /// # Errors
    /// [`Refusal::Field`] when it cannot be written; when the database fails.
    fn plan(&self, connection: &Connection, on_duplicate: OnDuplicate) -> Result<Plan, Refusal>;

    /// Makes or changes what was planned.
    ///
    /// # Errors
    /// When it cannot be written, or the database fails.
    fn write(&self, change: &Change<'_>, plan: &Plan) -> Result<(), Refusal>;
}

impl Importable for LeadPatch {
    const IMPORTED: Imported = Imported::Leads;
    const ENTITY: Entity = Entity::Lead;

    fn key(&self) -> Option<(&'static str, String)> {
        self.phone.as_ref().and_then(Option::as_ref).map(|phone| ("phone", phone.reveal().to_string()))
    }

    fn plan(&self, connection: &Connection, on_duplicate: OnDuplicate) -> Result<Plan, Refusal> {
        let phone = self.phone.as_ref().and_then(Option::as_ref).map(Pii::reveal);
        let there = phone.map(|phone| leads::with_phone(connection, phone)).transpose()?.flatten();
        let differs = leads::try_patch(connection, there.as_ref(), self)?;
        Ok(match there {
            None => Plan::Create,
            Some(lead) if differs && on_duplicate == OnDuplicate::Update => {
                Plan::Update { id: lead.id.to_string(), version: lead.version }
            }
            Some(lead) => Plan::Skip { id: lead.id.to_string() },
        })
    }

    fn write(&self, change: &Change<'_>, plan: &Plan) -> Result<(), Refusal> {
        match plan {
            Plan::Create => leads::create_by(change, self, Action::Import).map(drop),
            Plan::Update { id, version } => {
                let id = id.parse().map_err(|_| Refusal::Missing("lead"))?;
                leads::update_by(change, &id, Some(*version), self, Action::Import).map(drop)
            }
            Plan::Skip { .. } => Ok(()),
        }
    }
}

impl Importable for CustomerPatch {
    const IMPORTED: Imported = Imported::Customers;
    const ENTITY: Entity = Entity::Customer;

    /// Two customers may share a telephone number, as long as they are called by different ids.
    fn key(&self) -> Option<(&'static str, String)> {
        match (&self.user_id, self.phone.as_ref().and_then(Option::as_ref)) {
            (Some(user_id), _) => Some(("userId", user_id.clone())),
            (None, phone) => phone.map(|phone| ("userPhone", phone.reveal().to_string())),
        }
    }

    fn plan(&self, connection: &Connection, on_duplicate: OnDuplicate) -> Result<Plan, Refusal> {
        let there = match (&self.user_id, self.phone.as_ref().and_then(Option::as_ref)) {
            (Some(user_id), _) => customers::with_user_id(connection, user_id)?,
            (None, Some(phone)) => customers::with_phone(connection, phone.reveal())?,
            (None, None) => None,
        };
        let differs = customers::try_patch(connection, there.as_ref(), self)?;
        Ok(match there {
            None => Plan::Create,
            Some(customer) if differs && on_duplicate == OnDuplicate::Update => {
                Plan::Update { id: customer.id.to_string(), version: customer.version }
            }
            Some(customer) => Plan::Skip { id: customer.id.to_string() },
        })
    }

    fn write(&self, change: &Change<'_>, plan: &Plan) -> Result<(), Refusal> {
        match plan {
            Plan::Create => customers::create_by(change, self, Action::Import).map(drop),
            Plan::Update { id, version } => {
                let id = id.parse().map_err(|_| Refusal::Missing("customer"))?;
                customers::update_by(change, &id, Some(*version), self, Action::Import).map(drop)
            }
            Plan::Skip { .. } => Ok(()),
        }
    }
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

/// Forgets what nobody has confirmed in time.
///
/// # Errors
/// When the database fails.
pub fn sweep(transaction: &Transaction<'_>, now: Timestamp) -> Result<(), StoreError> {
    transaction.execute("DELETE FROM imports WHERE created_at <= ?1", [expired(now)])?;
    Ok(())
}

/// What was begun then or before is too old.
fn expired(now: Timestamp) -> i64 {
    now.as_millisecond().saturating_sub(i64::try_from(LIFETIME.as_millis()).unwrap_or(i64::MAX))
}

/// Writes all `rows` of an import, which is then forgotten.
///
/// # Errors
/// [`Refusal::Conflict`] when a row would now do something else than its preview said; when the import is not there any
/// more, or the database fails.
pub fn confirm<P: Importable>(
    change: &Change<'_>,
    id: &ImportId,
    on_duplicate: OnDuplicate,
    rows: &[(P, Plan)],
) -> Result<Written, Refusal> {
    if !discard(change.transaction, P::IMPORTED, id, &change.actor.id)? {
        return Err(Refusal::Missing("import"));
    }
    let mut written = Written::default();
    for (row, plan) in rows {
        match row.plan(change.transaction, on_duplicate) {
            Ok(now) if now == *plan => row.write(change, plan)?,
            Ok(_) | Err(Refusal::Field(..)) => {
                return Err(Refusal::Conflict(
                    "what is there has changed since the preview: send the file again, and look at what it does now",
                ));
            }
            Err(refusal) => return Err(refusal),
        }
        match plan {
            Plan::Create => written.created += 1,
            Plan::Update { .. } => written.updated += 1,
            Plan::Skip { .. } => written.skipped += 1,
        }
    }
    change.record(&Entry::new(Action::Import, P::ENTITY, id).after(&written))?;
    Ok(written)
}
