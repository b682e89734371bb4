//! Keys of other services, encrypted under this box's key. They are put in and used, and never shown again.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row};
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;

use super::{
    Change, StoreError,
    audit::{Action, Entity, Entry},
    json::shown,
    rows::moment,
    vault::{Purpose, Vault},
};
use crate::domain::Pii;

/// So many characters of a key are shown, to tell keys apart by.
const SHOWN: usize = 4;
/// Of a shorter key, nothing is shown.
const SHORTEST_SHOWN: usize = 16;

/// A key as it is known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ProviderKey {
    /// Whose service.
    pub provider: String,
    /// The key's last characters; empty for short ones.
    pub hint: String,
    /// When it was put in.
    #[serde(serialize_with = "shown")]
    #[schema(value_type = String, format = DateTime)]
    pub updated_at: Timestamp,
}

/// Puts a key in, in the place of the one before.
///
/// # Errors
/// When the database fails.
pub fn put(change: &Change<'_>, provider: &str, key: &Pii<String>) -> Result<ProviderKey, StoreError> {
    let key = key.reveal();
    let length = key.chars().count();
    let hint = if length < SHORTEST_SHOWN { String::new() } else { key.chars().skip(length - SHOWN).collect() };
    let before = find(change.transaction, provider)?;
    change.transaction.execute(
        "INSERT INTO provider_keys (provider, sealed, hint, updated_at) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT (provider) DO UPDATE SET sealed = ?2, hint = ?3, updated_at = ?4",
        (
            provider,
            change.vault.seal(Purpose::ProviderKey, provider, key.as_bytes()),
            &hint,
            change.now.as_millisecond(),
        ),
    )?;
    let action = if before.is_some() { Action::Update } else { Action::Create };
    let entry = Entry::new(action, Entity::ProviderKey, provider);
    let shown = |hint: &str| json!({ "hint": hint });
    let entry = before.iter().fold(entry, |entry, before| entry.before(&shown(&before.hint)));
    change.record(&entry.after(&shown(&hint)))?;
    Ok(ProviderKey { provider: provider.to_owned(), hint, updated_at: change.now })
}

/// The key itself, for the service that it is for.
///
/// # Errors
/// When the database fails, or was written with another box's key.
pub fn reveal(connection: &Connection, vault: &Vault, provider: &str) -> Result<Option<Pii<String>>, StoreError> {
    let mut statement = connection.prepare_cached("SELECT sealed FROM provider_keys WHERE provider = ?1")?;
    let sealed: Option<Vec<u8>> = statement.query_row([provider], |row| row.get(0)).optional()?;
    let open = |sealed: Vec<u8>| String::from_utf8(vault.unseal(Purpose::ProviderKey, provider, &sealed)?).ok();
    sealed.map(|sealed| open(sealed).map(Pii::new).ok_or(StoreError::Sealed)).transpose()
}

/// All keys, by their providers' names.
///
/// # Errors
/// When the database fails.
pub fn list(connection: &Connection) -> Result<Vec<ProviderKey>, StoreError> {
    let mut statement =
        connection.prepare_cached("SELECT provider, hint, updated_at FROM provider_keys ORDER BY provider")?;
    let keys = statement.query_map([], provider_key)?;
    Ok(keys.collect::<Result<_, _>>()?)
}

/// Takes a key out. False when there is none.
///
/// # Errors
/// When the database fails.
pub fn delete(change: &Change<'_>, provider: &str) -> Result<bool, StoreError> {
    let deleted = change.transaction.execute("DELETE FROM provider_keys WHERE provider = ?1", [provider])? > 0;
    if deleted {
        change.record(&Entry::new(Action::Delete, Entity::ProviderKey, provider))?;
    }
    Ok(deleted)
}

fn find(connection: &Connection, provider: &str) -> Result<Option<ProviderKey>, StoreError> {
    let mut statement =
        connection.prepare_cached("SELECT provider, hint, updated_at FROM provider_keys WHERE provider = ?1")?;
    Ok(statement.query_row([provider], provider_key).optional()?)
}

fn provider_key(row: &Row<'_>) -> rusqlite::Result<ProviderKey> {
    Ok(ProviderKey { provider: row.get("provider")?, hint: row.get("hint")?, updated_at: moment(row, "updated_at")? })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{Store, audit::Actor, tests::is_found};

    #[tokio::test]
    async fn a_key_is_used_and_never_shown() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        let put = async |provider: &'static str, key: &str| {
            let key = Pii::new(key.to_owned());
            store.change(Actor::console(), Timestamp::UNIX_EPOCH, move |change| put(change, provider, &key)).await
        };
        assert_eq!(put("openai", "sk-first-key-7f3a").await.unwrap().hint, "7f3a");
        assert_eq!(put("openai", "sk-second-key-é🎧xy").await.unwrap().hint, "é🎧xy");
        assert_eq!(put("twilio", "short").await.unwrap().hint, "");
        let vault = store.vault().clone();
        let reveal = async |provider: &'static str| {
            let vault = vault.clone();
            store.read(move |connection| reveal(connection, &vault, provider)).await.unwrap().map(Pii::into_inner)
        };
        assert_eq!(reveal("openai").await.as_deref(), Some("sk-second-key-é🎧xy"));
        assert_eq!(reveal("nobody").await, None);
        assert!(!is_found(folder.path(), "sk-first-key") && !is_found(folder.path(), "sk-second-key"));
        let providers: Vec<_> = store.read(list).await.unwrap().into_iter().map(|key| key.provider).collect();
        assert_eq!(providers, ["openai", "twilio"]);
        for deleted in [true, false] {
            let now = Timestamp::UNIX_EPOCH;
            let done = store.change(Actor::console(), now, |change| delete(change, "openai")).await;
            assert_eq!(done.unwrap(), deleted);
        }
        assert_eq!(reveal("openai").await, None);
    }
}
