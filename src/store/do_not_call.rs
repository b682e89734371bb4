//! Who must not be called or written to. Numbers are recognised by a digest, so that the wish is respected after the number
//! itself was erased.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, types::Value};
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;

use super::{
    Change, Refusal, StoreError,
    audit::{Action, Entity, Entry as Audit},
    json::{revealed, revealed_if_any, shown},
    list::{self, Condition, Filter, Page, Rows, Sort, Table},
    persons,
    refusal::expect_version,
    rows::{moment, parsed, parsed_if_any},
    vault::Vault,
};
use crate::domain::{DoNotCallId, PhoneNumber, Pii};

/// How the list is listed.
pub static TABLE: Table = Table {
    name: "do_not_call",
    columns: "do_not_call.*",
    tie: "id",
    alive: None,
    search: None,
    sorts: &[Sort { name: "createdAt", by: "created_at", index: None }],
    usual: "-createdAt",
};

/// The version of every entry: it is there or not, and never changed.
pub const VERSION: i64 = 1;

/// An entry of the list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = DoNotCallEntry)]
pub struct Entry {
    /// Its id.
    #[serde(serialize_with = "shown")]
    #[schema(value_type = String)]
    pub id: DoNotCallId,
    /// Whom; `None` once the person was erased.
    #[serde(serialize_with = "revealed_if_any")]
    #[schema(value_type = Option<String>)]
    pub phone: Option<Pii<PhoneNumber>>,
    /// Why, as somebody wrote it.
    #[serde(serialize_with = "revealed")]
    #[schema(value_type = String)]
    pub reason: Pii<String>,
    /// Since when.
    #[serde(serialize_with = "shown")]
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    /// The name of whoever added it; empty: the agent.
    pub author: String,
}

/// Whether a number must not be called or written to: the one check, to be made in the transaction or just before the moment
/// in which a call or message goes out.
///
/// # Errors
/// When the database fails.
pub fn is_listed(connection: &Connection, vault: &Vault, phone: &PhoneNumber) -> Result<bool, StoreError> {
    let mut statement = connection.prepare_cached("SELECT 1 FROM do_not_call WHERE phone_digest = ?1")?;
    Ok(statement.exists([persons::digest(vault, phone)])?)
}

/// Adds a number. Gives the entry there is when it was there before, and whether it is new.
///
/// # Errors
/// When the database fails.
pub fn add(change: &Change<'_>, phone: &PhoneNumber, reason: &Pii<String>) -> Result<(Entry, bool), StoreError> {
    let digest = persons::digest(change.vault, phone);
    let before = change
        .transaction
        .query_row("SELECT * FROM do_not_call WHERE phone_digest = ?1", [digest], entry)
        .optional()?;
    if let Some(before) = before {
        return Ok((before, false));
    }
    let added = Entry {
        id: DoNotCallId::random(),
        phone: Some(Pii::new(phone.clone())),
        reason: reason.clone(),
        created_at: change.now,
        author: change.actor.name.clone(),
    };
    let mut statement = change.transaction.prepare_cached(
        "INSERT INTO do_not_call (id, phone_digest, phone, reason, created_at, author) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?;
    let at = change.now.as_millisecond();
    statement.execute((added.id.as_str(), digest, phone.as_str(), reason.reveal(), at, &added.author))?;
    let person = persons::of_phone(change.transaction, change.vault, Some(phone))?;
    let entry = Audit::new(Action::Create, Entity::DoNotCall, &added.id).after(&added).about(&person);
    change.record(&entry)?;
    Ok((added, true))
}

/// Takes an entry off the list, which `reason` justifies.
///
/// # Errors
/// When it is not there or not at this version, or the database fails.
pub fn remove(
    change: &Change<'_>,
    id: &DoNotCallId,
    expected: Option<i64>,
    reason: &Pii<String>,
) -> Result<(), Refusal> {
    let entry = find(change.transaction, id)?.ok_or(Refusal::Missing("entry"))?;
    expect_version(VERSION, expected)?;
    change.transaction.execute("DELETE FROM do_not_call WHERE id = ?1", [id.as_str()])?;
    let audit = Audit::new(Action::Delete, Entity::DoNotCall, id).before(&entry);
    let audit = audit.after(&json!({ "reason": reason.reveal() }));
    let phone = entry.phone.as_ref().map(Pii::reveal);
    let person = persons::of_phone(change.transaction, change.vault, phone)?;
    change.record(&audit.about(&person))?;
    Ok(())
}

/// The entry with this id.
///
/// # Errors
/// When the database fails.
pub fn find(connection: &Connection, id: &DoNotCallId) -> Result<Option<Entry>, StoreError> {
    let mut statement = connection.prepare_cached("SELECT * FROM do_not_call WHERE id = ?1")?;
    Ok(statement.query_row([id.as_str()], entry).optional()?)
}

/// What holds for the entry of this number, if a number is given; else for all.
pub fn of_phone(vault: &Vault, phone: Option<&PhoneNumber>) -> Filter {
    let digest = phone.map(|phone| Value::Blob(persons::digest(vault, phone).to_vec()));
    let conditions = digest.map(|digest| Condition("phone_digest = ?", digest)).into_iter().collect();
    Filter { conditions, ..Filter::default() }
}

/// A page of the list.
///
/// # Errors
/// When the database fails.
pub fn page(connection: &Connection, filter: &Filter, page: &Page) -> Result<Rows<Entry>, StoreError> {
    list::page(connection, &TABLE, filter, page, entry)
}

fn entry(row: &Row<'_>) -> rusqlite::Result<Entry> {
    Ok(Entry {
        id: parsed(row, "id")?,
        phone: parsed_if_any(row, "phone")?.map(Pii::new),
        reason: Pii::new(row.get("reason")?),
        created_at: moment(row, "created_at")?,
        author: row.get("author")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{Store, audit::Actor};

    #[tokio::test]
    async fn a_listed_number_is_known_however_it_is_written() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        let now = Timestamp::UNIX_EPOCH;
        let phone = PhoneNumber::parse("020 7946 0958", "GB".parse().ok()).unwrap();
        let wish = Pii::new("asked on the telephone".to_owned());
        let add = async || {
            let (phone, wish) = (phone.clone(), wish.clone());
            store.change(Actor::system(), now, move |change| add(change, &phone, &wish)).await.unwrap()
        };
        let is_listed = async |text: &str| {
            let (vault, phone) = (store.vault().clone(), text.parse().unwrap());
            store.read(move |connection| is_listed(connection, &vault, &phone)).await.unwrap()
        };
        assert!(!is_listed("+442079460958").await);
        let (entry, is_new) = add().await;
        assert!(is_new && is_listed("+442079460958").await && !is_listed("+442079460959").await);
        assert_eq!(add().await, (entry.clone(), false));
        let (wanted, first) = (of_phone(store.vault(), Some(&phone)), Page::first(&TABLE, 10));
        let listed = store.read(move |connection| page(connection, &wanted, &first)).await.unwrap();
        assert_eq!(listed.items, std::slice::from_ref(&entry));
        let remove = async |expected| {
            let (id, reason) = (entry.id.clone(), Pii::new("a mistake".to_owned()));
            store.change(Actor::console(), now, move |change| remove(change, &id, expected, &reason)).await
        };
        assert!(matches!(remove(Some(VERSION + 1)).await, Err(Refusal::Stale)));
        assert!(is_listed("+442079460958").await);
        assert!(remove(Some(VERSION)).await.is_ok());
        assert!(matches!(remove(None).await, Err(Refusal::Missing(_))));
        assert!(!is_listed("+442079460958").await);
    }
}
