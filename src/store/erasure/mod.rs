//! Erasing one person on request, everywhere: what they said, who they are, how to reach them. What remains says nothing of
//! them: that there were calls and when, entries of the audit log that nobody can read any more, and, where they asked not
//! to be called, a digest of the number.

use std::collections::BTreeSet;

use rusqlite::{Connection, Params, Transaction};
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;

use super::{
    Change, StoreError,
    audit::{Action, Entity, Entry},
    communications::Contact,
    persons,
    retention::{NOBODY, erase_transcript},
    rows::parsed,
    wipe,
};
use crate::domain::{CallId, PersonId, PhoneNumber};

/// Whom to erase.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// Who is this lead or customer, and everything else that is the same person.
    Contact(Contact),
    /// Who has this number.
    Phone(PhoneNumber),
}

/// What was erased: so many of each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Erased {
    /// Leads, deleted ones too.
    pub leads: usize,
    /// Customers, deleted ones too.
    pub customers: usize,
    /// Calls that have no transcript and no caller any more.
    pub calls: usize,
    /// Turns in these calls.
    pub turns: usize,
    /// Calls, messages and notes in the histories of leads and customers.
    pub communications: usize,
    /// Promises.
    pub promises: usize,
    /// Callbacks.
    pub callbacks: usize,
    /// Rooms that were made for the person.
    pub bookings: usize,
    /// Text messages.
    pub messages: usize,
    /// Files that waited to be confirmed, whoever is in them: they would bring the person back.
    pub imports: usize,
}

/// Why nothing was erased.
#[derive(Clone, Debug, thiserror::Error)]
pub enum EraseError {
    /// Nothing is known of such a person.
    #[error("nothing is kept of such a person")]
    Nobody,
    /// What is said now would be written after the erasure.
    #[error("a call with this person is going on: erase when it is over")]
    OnCall,
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<rusqlite::Error> for EraseError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Store(error.into())
    }
}

/// All rows that are a person's.
#[derive(Debug, Default)]
struct Subject {
    persons: BTreeSet<PersonId>,
    /// Whom we took the person for once, and who stays.
    others: BTreeSet<PersonId>,
    leads: Vec<String>,
    customers: Vec<String>,
    phones: BTreeSet<PhoneNumber>,
}

/// Erases a person. To be followed by [`super::Store::wipe`], without which old bytes stay in the files.
///
/// # Errors
/// See [`EraseError`]; then nothing was erased.
pub fn erase(change: &Change<'_>, target: &Target) -> Result<Erased, EraseError> {
    let transaction = change.transaction;
    let subject = Subject::find(change, target)?;
    let calls = subject.calls(transaction)?;
    for call in &calls {
        if transaction
            .prepare_cached("SELECT 1 FROM calls WHERE id = ?1 AND ended_at IS NULL")?
            .exists([call.as_str()])?
        {
            return Err(EraseError::OnCall);
        }
    }
    let mut erased = Erased { calls: calls.len(), ..Erased::default() };
    for call in &calls {
        erased.turns += erase_transcript(transaction, call, change.now)?;
        run(
            transaction,
            "UPDATE calls SET room = ?2, lead = NULL, customer = NULL, outcome = NULL, version = version + 1 WHERE id = ?1",
            (call.as_str(), NOBODY),
        )?;
    }
    erased.messages = subject.erase_messages(transaction)?;
    erased.communications = subject.delete_from(transaction, "communications")?;
    erased.promises = subject.delete_from(transaction, "promises")?;
    erased.callbacks = subject.delete_from(transaction, "callbacks")?;
    erased.bookings = subject.delete_from(transaction, "bookings")?;
    for lead in &subject.leads {
        erased.leads += run(transaction, "DELETE FROM leads WHERE id = ?1", [lead])?;
    }
    for customer in &subject.customers {
        erased.customers += run(transaction, "DELETE FROM customers WHERE id = ?1", [customer])?;
    }
    let is_listed = subject.reduce_do_not_call(change)?;
    let mut is_known = is_listed || erased != Erased::default();
    for person in &subject.persons {
        is_known |= persons::forget(transaction, person, change.now)?;
    }
    if !is_known {
        return Err(EraseError::Nobody);
    }
    for person in &subject.others {
        persons::renew(transaction, change.vault, person, change.now)?;
    }
    erased.imports = run(transaction, "DELETE FROM imports", [])?;
    // Answers that would be given again may be about anybody. That they were given stays known: nothing is done twice.
    run(transaction, "UPDATE idempotency SET sealed_answer = NULL WHERE sealed_answer IS NOT NULL", [])?;
    let ids: Vec<_> = subject.persons.iter().map(PersonId::as_str).collect();
    let first = ids.first().copied().unwrap_or_default();
    change.record(
        &Entry::new(Action::Erase, Entity::Person, first).after(&json!({ "persons": ids, "erased": erased })),
    )?;
    wipe::request(transaction, change.now)?;
    Ok(erased)
}

impl Subject {
    fn find(change: &Change<'_>, target: &Target) -> Result<Self, StoreError> {
        let on = change.transaction;
        let mut subject = Self::default();
        match target {
            Target::Contact(contact) => subject.persons.extend(contact.person(on)?),
            Target::Phone(phone) => {
                subject.persons.extend(persons::find(on, change.vault, phone)?);
                subject.phones.insert(phone.clone());
            }
        }
        for person in subject.persons.clone() {
            subject.leads.extend(rows(
                on,
                "SELECT id, phone FROM leads WHERE person = ?1",
                &person,
                &mut subject.phones,
            )?);
            let customers = "SELECT id, phone FROM customers WHERE person = ?1";
            subject.customers.extend(rows(on, customers, &person, &mut subject.phones)?);
        }
        subject.add_earlier_persons(on)?;
        Ok(subject)
    }

    /// A lead whose telephone number was changed may have been another person to us before; the audit log knows. Where somebody
    /// else is that person still, who stays, it says something of both under one key.
    fn add_earlier_persons(&mut self, on: &Connection) -> Result<(), StoreError> {
        let mut statement = on.prepare_cached(
            "SELECT DISTINCT person FROM audit_log WHERE entity = ?1 AND entity_id = ?2 AND person IS NOT NULL",
        )?;
        let mut is_taken = on.prepare_cached(
            "SELECT 1 FROM leads WHERE person = ?1 UNION ALL SELECT 1 FROM customers WHERE person = ?1",
        )?;
        let leads = self.leads.iter().map(|id| (Entity::Lead, id));
        for (entity, id) in leads.chain(self.customers.iter().map(|id| (Entity::Customer, id))) {
            let found = statement.query_map((entity.as_str(), id), |row| parsed(row, "person"))?;
            for person in found.collect::<Result<Vec<PersonId>, _>>()? {
                match is_taken.exists([person.as_str()])? {
                    _ if self.persons.contains(&person) => {}
                    true => drop(self.others.insert(person)),
                    false => drop(self.persons.insert(person)),
                }
            }
        }
        Ok(())
    }

    fn calls(&self, on: &Connection) -> Result<Vec<CallId>, StoreError> {
        let mut calls = BTreeSet::new();
        for (column, ids) in [("lead", &self.leads), ("customer", &self.customers)] {
            let mut statement = on.prepare_cached(&format!("SELECT id FROM calls WHERE {column} = ?1"))?;
            for id in ids {
                let found = statement.query_map([id], |row| parsed(row, "id"))?;
                calls.extend(found.collect::<Result<Vec<CallId>, _>>()?);
            }
        }
        Ok(calls.into_iter().collect())
    }

    /// From a table with the columns `lead` and `customer`.
    fn delete_from(&self, transaction: &Transaction<'_>, table: &str) -> Result<usize, StoreError> {
        let mut deleted = 0;
        for (column, ids) in [("lead", &self.leads), ("customer", &self.customers)] {
            for id in ids {
                deleted += run(transaction, &format!("DELETE FROM {table} WHERE {column} = ?1"), [id])?;
            }
        }
        Ok(deleted)
    }

    fn erase_messages(&self, transaction: &Transaction<'_>) -> Result<usize, StoreError> {
        let mut deleted = self.delete_from(transaction, "sms_outbox")?;
        for phone in &self.phones {
            deleted += run(transaction, "DELETE FROM sms_outbox WHERE phone = ?1", [phone.as_str()])?;
        }
        Ok(deleted)
    }

    /// The wish not to be called outlives who had it, as a digest. The audit log knows earlier numbers. Whether there was
    /// a wish with a number.
    fn reduce_do_not_call(&self, change: &Change<'_>) -> Result<bool, StoreError> {
        const REDUCE: &str = "UPDATE do_not_call SET phone = NULL, reason = '' WHERE phone IS NOT NULL AND ";
        let mut reduced = 0;
        for phone in &self.phones {
            let digest = persons::digest(change.vault, phone);
            reduced += run(change.transaction, &format!("{REDUCE} phone_digest = ?1"), [digest])?;
        }
        for person in &self.persons {
            let of_log = "id IN (SELECT entity_id FROM audit_log WHERE person = ?1 AND entity = ?2)";
            let wanted = (person.as_str(), Entity::DoNotCall.as_str());
            reduced += run(change.transaction, &format!("{REDUCE} {of_log}"), wanted)?;
        }
        Ok(reduced > 0)
    }
}

/// The ids of a person's rows; their telephone numbers go to `phones`.
fn rows(
    on: &Connection,
    sql: &str,
    person: &PersonId,
    phones: &mut BTreeSet<PhoneNumber>,
) -> Result<Vec<String>, StoreError> {
    let mut statement = on.prepare_cached(sql)?;
    let mut rows = statement.query([person.as_str()])?;
    let mut ids = Vec::new();
    while let Some(row) = rows.next()? {
        ids.push(row.get("id")?);
        phones.extend(super::rows::parsed_if_any(row, "phone")?);
    }
    Ok(ids)
}

fn run(transaction: &Transaction<'_>, sql: &str, values: impl Params) -> Result<usize, StoreError> {
    Ok(transaction.prepare_cached(sql)?.execute(values)?)
}

#[cfg(test)]
mod tests;
