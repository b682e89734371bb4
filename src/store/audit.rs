//! The audit log: who did what, from where, and how it was before and after. It is only ever added to; the database itself
//! refuses everything else. What an entry says of a caller is encrypted under that person's key, so that erasing the person
//! makes it unreadable and leaves the log whole.

use std::{cmp::Ordering, net::IpAddr};

use jiff::Timestamp;
use rusqlite::{Connection, Row, Transaction, named_params};
use serde::Serialize;
use serde_json::{Value, json};

use super::{
    StoreError, persons,
    rows::{moment, parsed, parsed_if_any, words},
    vault::{Purpose, Vault},
};
use crate::domain::{ApiKeyId, PersonId, UserId};

words! {
    /// What kind of actor.
    ActorKind {
        /// A member of staff.
        User = "user",
        /// A program with an API key.
        Key = "key",
        /// Somebody with access to the machine: the command line, or development mode.
        Console = "console",
        /// The program itself: retention, the agent.
        System = "system",
    }
}

words! {
    /// What was done.
    Action {
        /// Something was made.
        Create = "create",
        /// Something was changed.
        Update = "update",
        /// Something was deleted, or hidden where history needs it.
        Delete = "delete",
        /// Something that was deleted was brought back.
        Restore = "restore",
        /// A person's data was erased.
        Erase = "erase",
        /// Rows were brought in from a file.
        Import = "import",
        /// Rows were taken out in a file.
        Export = "export",
        /// A call was begun.
        Call = "call",
        /// A message was sent, or left in the outbox.
        Send = "send",
        /// Somebody logged in.
        Login = "login",
        /// Somebody tried to.
        LoginFailed = "login_failed",
        /// Somebody logged out, or was.
        Logout = "logout",
    }
}

words! {
    /// To what it was done.
    Entity {
        /// A member of staff.
        User = "user",
        /// A session of one.
        Session = "session",
        /// An API key.
        ApiKey = "api_key",
        /// An agent profile.
        Profile = "agent_profile",
        /// A room rule.
        Rule = "room_rule",
        /// A customer.
        Customer = "customer",
        /// A lead.
        Lead = "lead",
        /// A script.
        Script = "script",
        /// A call.
        Call = "call",
        /// A call, message or note with somebody.
        Communication = "communication",
        /// A promise to pay.
        Promise = "promise",
        /// A call to be made.
        Callback = "callback",
        /// An entry of the do-not-call list.
        DoNotCall = "do_not_call",
        /// A setting.
        Setting = "setting",
        /// Another service's key.
        ProviderKey = "provider_key",
        /// A text message.
        Sms = "sms",
        /// A person.
        Person = "person",
        /// A model.
        Model = "model",
    }
}

/// In whose name something is done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor {
    /// What kind.
    pub kind: ActorKind,
    /// The id of the user or key; empty for others.
    pub id: String,
    /// The name of the user or key, as it is now.
    pub name: String,
    /// Where the request came from.
    pub origin: Option<IpAddr>,
}

impl Actor {
    /// A member of staff.
    pub fn user(id: &UserId, name: &str, origin: Option<IpAddr>) -> Self {
        Self { kind: ActorKind::User, id: id.to_string(), name: name.to_owned(), origin }
    }

    /// A program.
    pub fn key(id: &ApiKeyId, name: &str, origin: Option<IpAddr>) -> Self {
        Self { kind: ActorKind::Key, id: id.to_string(), name: name.to_owned(), origin }
    }

    /// Somebody at the machine itself.
    pub fn console() -> Self {
        Self { kind: ActorKind::Console, id: String::new(), name: String::new(), origin: None }
    }

    /// The program itself.
    pub fn system() -> Self {
        Self { kind: ActorKind::System, id: String::new(), name: String::new(), origin: None }
    }
}

/// Something that was done.
#[derive(Clone, Debug)]
pub struct Entry {
    /// What.
    pub action: Action,
    /// To what kind of thing.
    pub entity: Entity,
    /// To which.
    pub entity_id: String,
    /// Whose data is in `before` and `after`; `None`: no caller's.
    pub person: Option<PersonId>,
    /// As it was, without secrets.
    pub before: Option<Value>,
    /// As it is, without secrets; for what changes nothing: what is worth knowing.
    pub after: Option<Value>,
}

impl Entry {
    /// Something was done to this; more is not said.
    pub fn new(action: Action, entity: Entity, entity_id: impl ToString) -> Self {
        Self { action, entity, entity_id: entity_id.to_string(), person: None, before: None, after: None }
    }

    /// How it was before.
    pub fn before(mut self, before: &impl Serialize) -> Self {
        self.before = Some(as_json(before));
        self
    }

    /// How it is now.
    pub fn after(mut self, after: &impl Serialize) -> Self {
        self.after = Some(as_json(after));
        self
    }

    /// Before and after are about this person.
    pub fn about(mut self, person: &PersonId) -> Self {
        self.person = Some(person.clone());
        self
    }
}

/// What we keep always has a form in JSON: texts, numbers, lists and fields with names.
fn as_json(value: &impl Serialize) -> Value {
    serde_json::to_value(value).unwrap_or(Value::Null)
}

/// Adds to the log, in the transaction of what was done: both are there or neither.
///
/// # Errors
/// When the database fails.
pub fn record(
    transaction: &Transaction<'_>,
    vault: &Vault,
    actor: &Actor,
    now: Timestamp,
    entry: &Entry,
) -> Result<(), StoreError> {
    let key = entry.person.as_ref().map(|person| persons::key(transaction, vault, person)).transpose()?.flatten();
    Record::seal(entry, key.as_ref()).write(transaction, actor, now)
}

/// An entry as it is kept.
#[derive(Debug)]
pub struct Record {
    action: Action,
    entity: Entity,
    entity_id: String,
    person: Option<PersonId>,
    detail: Option<String>,
    sealed: Option<Vec<u8>>,
}

impl Record {
    /// What an entry says of a person goes under that person's `key`, and is left out without one.
    pub(super) fn seal(entry: &Entry, key: Option<&Vault>) -> Self {
        let detail = (entry.before.is_some() || entry.after.is_some())
            .then(|| json!({ "before": entry.before, "after": entry.after }).to_string());
        let (detail, sealed) = match (&entry.person, detail) {
            (Some(_), Some(detail)) => {
                (None, key.map(|key| key.seal(Purpose::PersonDetail, &entry.entity_id, detail.as_bytes())))
            }
            (_, detail) => (detail, None),
        };
        let Entry { action, entity, ref entity_id, ref person, .. } = *entry;
        Self { action, entity, entity_id: entity_id.clone(), person: person.clone(), detail, sealed }
    }

    /// See [`record`].
    ///
    /// # Errors
    /// When the database fails.
    pub(super) fn write(&self, transaction: &Transaction<'_>, actor: &Actor, now: Timestamp) -> Result<(), StoreError> {
        let mut statement = transaction.prepare_cached(
            "INSERT INTO audit_log (at, actor_kind, actor, actor_name, origin, action, entity, entity_id, detail, person, sealed)
             VALUES (:at, :actor_kind, :actor, :actor_name, :origin, :action, :entity, :entity_id, :detail, :person, :sealed)",
        )?;
        statement.execute(named_params! {
            ":at": now.as_millisecond(),
            ":actor_kind": actor.kind.as_str(),
            ":actor": actor.id,
            ":actor_name": actor.name,
            ":origin": actor.origin.map(|ip| ip.to_canonical().to_string()).unwrap_or_default(),
            ":action": self.action.as_str(),
            ":entity": self.entity.as_str(),
            ":entity_id": self.entity_id,
            ":detail": self.detail,
            ":person": self.person.as_ref().map(PersonId::as_str),
            ":sealed": self.sealed,
        })?;
        Ok(())
    }
}

/// An entry as it is read.
#[derive(Clone, Debug, PartialEq)]
pub struct Logged {
    /// Rises by one with each entry.
    pub seq: i64,
    /// When.
    pub at: Timestamp,
    /// Who: what kind.
    pub actor_kind: ActorKind,
    /// Who: the id.
    pub actor: String,
    /// Who: the name, as it was then.
    pub actor_name: String,
    /// From where; may be empty.
    pub origin: String,
    /// What.
    pub action: Action,
    /// To what kind of thing.
    pub entity: Entity,
    /// To which.
    pub entity_id: String,
    /// `{"before", "after"}`, or null: nothing more was said, or it was about somebody who has been erased.
    pub detail: Value,
    /// It was about somebody who has been erased since.
    pub erased: bool,
}

/// Which entries to list.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Only older ones than this.
    pub before_seq: Option<i64>,
    /// Only about things of this kind.
    pub entity: Option<Entity>,
    /// Only about this thing.
    pub entity_id: Option<String>,
    /// Only what this user or key did.
    pub actor: Option<String>,
    /// Only this.
    pub action: Option<Action>,
    /// So many at most.
    pub limit: u32,
}

/// Entries, the latest first.
///
/// # Errors
/// When the database fails, or was written with another key.
pub fn list(connection: &Connection, vault: &Vault, filter: &Filter) -> Result<Vec<Logged>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT * FROM audit_log
         WHERE seq < ?1 AND (?2 IS NULL OR entity = ?2) AND (?3 IS NULL OR entity_id = ?3) AND (?4 IS NULL OR actor = ?4)
             AND (?5 IS NULL OR action = ?5)
         ORDER BY seq DESC LIMIT ?6",
    )?;
    let wanted = (
        filter.before_seq.unwrap_or(i64::MAX),
        filter.entity.map(Entity::as_str),
        filter.entity_id.as_deref(),
        filter.actor.as_deref(),
        filter.action.map(Action::as_str),
        filter.limit,
    );
    let mut rows = statement.query(wanted)?;
    let mut entries = Vec::new();
    while let Some(row) = rows.next()? {
        entries.push(logged(connection, vault, row)?);
    }
    Ok(entries)
}

/// What one user or key did at one moment, the latest first: entries that were written with each other.
///
/// # Errors
/// When the database fails, or was written with another key.
pub fn act(connection: &Connection, vault: &Vault, actor: &str, at: Timestamp) -> Result<Vec<Logged>, StoreError> {
    let mut statement = connection.prepare_cached("SELECT * FROM audit_log WHERE actor = ?1 ORDER BY seq DESC")?;
    let (mut rows, mut entries) = (statement.query([actor])?, Vec::new());
    // What was done later is passed over, and nothing is read of what was done before.
    while let Some(row) = rows.next()? {
        match moment(row, "at")?.cmp(&at) {
            Ordering::Greater => {}
            Ordering::Equal => entries.push(logged(connection, vault, row)?),
            Ordering::Less => break,
        }
    }
    Ok(entries)
}

fn logged(connection: &Connection, vault: &Vault, row: &Row<'_>) -> Result<Logged, StoreError> {
    let entity_id: String = row.get("entity_id")?;
    let person: Option<PersonId> = parsed_if_any(row, "person")?;
    let key = person.as_ref().map(|person| persons::key(connection, vault, person)).transpose()?.flatten();
    let detail = match (row.get::<_, Option<Vec<u8>>>("sealed")?, &key) {
        (Some(sealed), Some(key)) => {
            Some(key.unseal(Purpose::PersonDetail, &entity_id, &sealed).ok_or(StoreError::Sealed)?)
        }
        (Some(_), None) => None,
        (None, _) => row.get::<_, Option<String>>("detail")?.map(String::into_bytes),
    };
    let detail = detail.map(|json| serde_json::from_slice(&json)).transpose();
    let failed = |error| rusqlite::Error::FromSqlConversionFailure(0, rusqlite::types::Type::Text, Box::new(error));
    Ok(Logged {
        seq: row.get("seq")?,
        at: moment(row, "at")?,
        actor_kind: parsed(row, "actor_kind")?,
        actor: row.get("actor")?,
        actor_name: row.get("actor_name")?,
        origin: row.get("origin")?,
        action: parsed(row, "action")?,
        entity: parsed(row, "entity")?,
        entity_id,
        detail: detail.map_err(failed)?.unwrap_or(Value::Null),
        erased: person.is_some() && key.is_none(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{domain::LeadId, store::Store};

    fn all() -> Filter {
        Filter { limit: 100, ..Filter::default() }
    }

    #[tokio::test]
    async fn erasing_a_person_makes_what_was_said_of_them_unreadable() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        let (vault, now) = (store.vault().clone(), Timestamp::UNIX_EPOCH);
        let lead = LeadId::random();
        let entry = Entry::new(Action::Create, Entity::Lead, &lead).after(&json!({ "name": "Amanda" }));
        let of_nobody = Entry::new(Action::Update, Entity::Setting, "retention").before(&30).after(&60);
        let (sealing, actor) = (vault.clone(), Actor::console());
        let person = store
            .write(move |transaction| {
                let person = persons::of_phone(transaction, &sealing, Some(&"+442079460958".parse().unwrap()))?;
                record(transaction, &sealing, &actor, now, &entry.about(&person))?;
                record(transaction, &sealing, &actor, now, &of_nobody)?;
                Ok(person)
            })
            .await;
        let person = person.unwrap();
        let read = || {
            let vault = vault.clone();
            store.read(move |connection| list(connection, &vault, &all()))
        };
        let entries = read().await.unwrap();
        assert_eq!(entries[1].detail["after"]["name"], "Amanda");
        assert_eq!(entries[0].detail, json!({ "before": 30, "after": 60 }));
        let forgotten = store.erase(move |transaction| persons::forget(transaction, &person, now)).await;
        assert!(forgotten.unwrap());
        let entries = read().await.unwrap();
        assert_eq!((entries.len(), entries[1].erased, &entries[1].detail), (2, true, &Value::Null));
        assert!(!entries[0].erased);
    }

    #[tokio::test]
    async fn nobody_changes_the_log() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        let vault = store.vault().clone();
        let entry = Entry::new(Action::Login, Entity::User, "US_1");
        store
            .write(move |transaction| record(transaction, &vault, &Actor::system(), Timestamp::UNIX_EPOCH, &entry))
            .await
            .unwrap();
        for change in ["DELETE FROM audit_log", "UPDATE audit_log SET actor = 'somebody'"] {
            let changed = store.write(move |transaction| Ok(transaction.execute(change, [])?)).await;
            assert!(matches!(changed, Err(StoreError::Failed(_))), "{change}");
        }
    }
}
