//! People whose data is kept, as far as erasing it goes. A lead, a customer and a do-not-call entry with the same telephone
//! number belong to one person; that is found by a digest, so that the number itself stands with them only.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Transaction};

use super::{
    Change, StoreError,
    audit::Entry,
    communications::Contact,
    rows::parsed,
    settings,
    vault::{Purpose, Vault},
};
use crate::domain::{Country, CustomerId, LeadId, PersonId, PhoneNumber};

/// Records what is said of a lead or customer. Where nobody knows any more whom it is about, it says only what was done.
///
/// # Errors
/// When the database fails.
pub(super) fn record_about(change: &Change<'_>, contact: Option<&Contact>, entry: Entry) -> Result<(), StoreError> {
    let person = contact.map(|contact| contact.person(change.transaction)).transpose()?.flatten();
    change.record(&match person {
        Some(person) => entry.about(&person),
        None => Entry { before: None, after: None, ..entry },
    })
}

impl Contact {
    /// Of two columns, of which at most one has something.
    pub fn of(lead: &Option<LeadId>, customer: &Option<CustomerId>) -> Option<Self> {
        lead.clone().map(Self::Lead).or_else(|| customer.clone().map(Self::Customer))
    }

    /// For the columns `lead` and `customer`.
    pub(super) fn ids(&self) -> (Option<LeadId>, Option<CustomerId>) {
        match self {
            Self::Lead(id) => (Some(id.clone()), None),
            Self::Customer(id) => (None, Some(id.clone())),
        }
    }

    /// Whose data this lead or customer is, even when it was deleted; `None` when there is none with this id.
    ///
    /// # Errors
    /// When the database fails.
    pub fn person(&self, connection: &Connection) -> Result<Option<PersonId>, StoreError> {
        let (sql, id) = match self {
            Self::Lead(id) => ("SELECT person FROM leads WHERE id = ?1", id.as_str()),
            Self::Customer(id) => ("SELECT person FROM customers WHERE id = ?1", id.as_str()),
        };
        Ok(connection.prepare_cached(sql)?.query_row([id], |row| parsed(row, "person")).optional()?)
    }

    /// Whether there is such a lead or customer, and it was not deleted.
    ///
    /// # Errors
    /// When the database fails.
    pub fn exists(&self, connection: &Connection) -> Result<bool, StoreError> {
        let (sql, id) = match self {
            Self::Lead(id) => ("SELECT 1 FROM leads WHERE id = ?1 AND deleted_at IS NULL", id.as_str()),
            Self::Customer(id) => ("SELECT 1 FROM customers WHERE id = ?1 AND deleted_at IS NULL", id.as_str()),
        };
        Ok(connection.prepare_cached(sql)?.exists([id])?)
    }
}

/// What telephone numbers are recognised by, here and in the do-not-call list.
pub fn digest(vault: &Vault, phone: &PhoneNumber) -> [u8; 32] {
    vault.digest(Purpose::Phone, phone.as_str())
}

/// The person with this telephone number; a new one where there is none, or no number.
///
/// # Errors
/// When the database fails.
pub fn of_phone(
    transaction: &Transaction<'_>,
    vault: &Vault,
    phone: Option<&PhoneNumber>,
) -> Result<PersonId, StoreError> {
    let digest = phone.map(|phone| digest(vault, phone));
    match digest.map(|digest| with_digest(transaction, digest)).transpose()?.flatten() {
        Some(id) => Ok(id),
        None => create(transaction, vault, digest),
    }
}

/// Whose data a lead's or customer's is when its number changes from `person`'s to `phone`: the person with that number; else
/// the same as before, now with that number, unless others have the old number too.
///
/// # Errors
/// When the database fails.
pub(super) fn with_new_phone(
    transaction: &Transaction<'_>,
    vault: &Vault,
    person: &PersonId,
    phone: Option<&PhoneNumber>,
) -> Result<PersonId, StoreError> {
    let digest = phone.map(|phone| digest(vault, phone));
    if let Some(id) = digest.map(|digest| with_digest(transaction, digest)).transpose()?.flatten() {
        return Ok(id);
    }
    let entities: u32 = transaction.query_row(
        "SELECT (SELECT count(*) FROM leads WHERE person = ?1) + (SELECT count(*) FROM customers WHERE person = ?1)",
        [person.as_str()],
        |row| row.get(0),
    )?;
    if entities > 1 {
        return create(transaction, vault, digest);
    }
    transaction.execute("UPDATE persons SET phone_digest = ?2 WHERE id = ?1", (person.as_str(), digest))?;
    Ok(person.clone())
}

fn create(transaction: &Transaction<'_>, vault: &Vault, digest: Option<[u8; 32]>) -> Result<PersonId, StoreError> {
    let person = Draft::new(vault, PersonId::random(), digest);
    person.write(transaction)?;
    Ok(person.id)
}

/// A person to whom rows of an import will belong, before anything is written.
#[derive(Clone, Debug)]
pub struct Draft {
    /// Who.
    pub(super) id: PersonId,
    /// The key under which the audit log keeps what it says of them.
    pub(super) key: Vault,
    digest: Option<[u8; 32]>,
    /// The key as it is kept; `None`: the person is there already.
    sealed_key: Option<Vec<u8>>,
}

impl Draft {
    /// Somebody new.
    pub(super) fn new(vault: &Vault, id: PersonId, digest: Option<[u8; 32]>) -> Self {
        let key = Vault::random();
        let sealed_key = vault.seal(Purpose::PersonKey, id.as_str(), key.bytes());
        Self { id, key, digest, sealed_key: Some(sealed_key) }
    }

    /// The person with this digest, if there is one.
    ///
    /// # Errors
    /// When the database fails, or the key was sealed with another box's.
    pub(super) fn find(connection: &Connection, vault: &Vault, digest: [u8; 32]) -> Result<Option<Self>, StoreError> {
        let Some(id) = with_digest(connection, digest)? else { return Ok(None) };
        let key = key(connection, vault, &id)?;
        Ok(key.map(|key| Self { id, key, digest: Some(digest), sealed_key: None }))
    }

    /// As it is for the rows after the one that has made this person.
    pub(super) fn made(&self) -> Self {
        Self { sealed_key: None, ..self.clone() }
    }

    /// Makes the person, or looks whether it is as it was. False when that has changed.
    ///
    /// # Errors
    /// When the database fails.
    pub(super) fn write(&self, transaction: &Transaction<'_>) -> Result<bool, StoreError> {
        let Some(sealed_key) = &self.sealed_key else {
            let sql = "SELECT 1 FROM persons WHERE id = ?1 AND phone_digest IS ?2 AND sealed_key IS NOT NULL";
            return Ok(transaction.prepare_cached(sql)?.exists((self.id.as_str(), self.digest))?);
        };
        let mut statement = transaction.prepare_cached(
            "INSERT INTO persons (id, phone_digest, sealed_key) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING",
        )?;
        Ok(statement.execute((self.id.as_str(), self.digest, sealed_key))? > 0)
    }
}

/// Where telephone numbers without a country's code are from: the desk's setting.
///
/// # Errors
/// When the database fails.
pub fn home(connection: &Connection) -> Result<Option<Country>, StoreError> {
    Ok(settings::read(connection)?.country)
}

/// The person with this telephone number, if there is one.
///
/// # Errors
/// When the database fails.
pub fn find(connection: &Connection, vault: &Vault, phone: &PhoneNumber) -> Result<Option<PersonId>, StoreError> {
    with_digest(connection, digest(vault, phone))
}

fn with_digest(connection: &Connection, digest: [u8; 32]) -> Result<Option<PersonId>, StoreError> {
    let mut statement = connection.prepare_cached("SELECT id FROM persons WHERE phone_digest = ?1")?;
    Ok(statement.query_row([digest], |row| parsed(row, "id")).optional()?)
}

/// The key under which the audit log keeps what it says of this person; `None` once the person was erased.
///
/// # Errors
/// When the database fails, or the key was sealed with another box's.
pub(super) fn key(connection: &Connection, vault: &Vault, person: &PersonId) -> Result<Option<Vault>, StoreError> {
    let mut statement = connection.prepare_cached("SELECT sealed_key FROM persons WHERE id = ?1")?;
    let sealed: Option<Vec<u8>> = statement.query_row([person.as_str()], |row| row.get(0)).optional()?.flatten();
    let open = |sealed: Vec<u8>| {
        let bytes = vault.unseal(Purpose::PersonKey, person.as_str(), &sealed)?;
        Vault::from_bytes(&bytes)
    };
    sealed.map(|sealed| open(sealed).ok_or(StoreError::Sealed)).transpose()
}

/// Makes a new person of one who stays, with the same number and rows: what the audit log said of the old one is about somebody
/// who goes, too, and cannot be read any more.
///
/// # Errors
/// When the database fails.
pub(super) fn renew(
    transaction: &Transaction<'_>,
    vault: &Vault,
    person: &PersonId,
    now: Timestamp,
) -> Result<(), StoreError> {
    let mut statement = transaction.prepare_cached("SELECT phone_digest FROM persons WHERE id = ?1")?;
    let digest = statement.query_row([person.as_str()], |row| row.get(0)).optional()?.flatten();
    forget(transaction, person, now)?;
    let renewed = create(transaction, vault, digest)?;
    for table in ["leads", "customers"] {
        let sql = format!("UPDATE {table} SET person = ?2 WHERE person = ?1");
        transaction.prepare_cached(&sql)?.execute((person.as_str(), renewed.as_str()))?;
    }
    Ok(())
}

/// Destroys what makes a person's values in the audit log readable, and forgets the number. What other entities hold is
/// erased by them. False when that was done before, or there is no such person.
///
/// # Errors
/// When the database fails.
pub fn forget(transaction: &Transaction<'_>, person: &PersonId, now: Timestamp) -> Result<bool, StoreError> {
    let forgotten = transaction.execute(
        "UPDATE persons SET sealed_key = NULL, phone_digest = NULL, erased_at = ?2 WHERE id = ?1 AND erased_at IS NULL",
        (person.as_str(), now.as_millisecond()),
    )?;
    Ok(forgotten > 0)
}
