//! Text messages: kept before anything is sent, and what became of each.
//!
//! [`queue`] is the one way in: it masks card numbers, and looks at the do-not-call list in the transaction that keeps the message.
//! [`claim`] is the one way out: it looks at the list again, and writes that a message is being sent before anybody sends it.
//! What is found in that state after a crash ([`recover`]) may have been sent, and is never sent again by itself.

mod sending;
#[cfg(test)]
mod tests;

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, ToSql, Transaction, named_params};
use serde_json::{Value, json};

use super::{
    Change, StoreError,
    audit::{Action, Entity, Entry},
    persons,
    rows::{moment, moment_if_any, parsed, parsed_if_any, words},
    vault::Vault,
};
use crate::domain::{CommunicationId, CustomerId, LeadId, PhoneNumber, Pii, SmsId, cards};
pub use sending::{
    Attempt, CallbackSecret, Claim, Delivery, Report, Verdict, claim, recover, report, settle, with_callback,
};

words! {
    /// What became of a message.
    SmsState {
        /// It is kept; no transport was set when it came.
        Held = "held",
        /// It waits to be sent.
        Queued = "queued",
        /// It is being sent.
        Sending = "sending",
        /// The transport has taken it.
        Sent = "sent",
        /// It arrived.
        Delivered = "delivered",
        /// It was not taken, or did not arrive.
        Failed = "failed",
        /// The number is on the do-not-call list: it was not sent.
        Blocked = "blocked",
        /// It may have been sent.
        Unknown = "unknown",
    }
}

words! {
    /// Who carries messages.
    SmsTransport {
        /// Nobody: they are held.
        Outbox = "outbox",
        /// Twilio, or a service that is like it.
        Twilio = "twilio",
        /// A program of the owner's.
        Webhook = "webhook",
    }
}

/// To whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Contact {
    /// A lead.
    Lead(LeadId),
    /// A customer.
    Customer(CustomerId),
}

impl Contact {
    /// The lead, if it is one.
    pub fn lead(&self) -> Option<&LeadId> {
        if let Self::Lead(id) = self { Some(id) } else { None }
    }

    /// The customer, if it is one.
    pub fn customer(&self) -> Option<&CustomerId> {
        if let Self::Customer(id) = self { Some(id) } else { None }
    }
}

/// A message to be kept, and sent if there is a transport.
#[derive(Clone, Debug)]
pub struct NewSms {
    /// To whom; `None`: somebody who is neither a lead nor a customer.
    pub contact: Option<Contact>,
    /// Where.
    pub phone: Pii<PhoneNumber>,
    /// What. Numbers that may be payment cards are masked before it is kept.
    pub text: Pii<String>,
}

/// A message as it is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sms {
    /// Its id.
    pub id: SmsId,
    /// To whom.
    pub contact: Option<Contact>,
    /// Where.
    pub phone: Pii<PhoneNumber>,
    /// What.
    pub text: Pii<String>,
    /// What became of it.
    pub state: SmsState,
    /// Who carries it.
    pub transport: SmsTransport,
    /// How often it was tried, since it was last queued by hand.
    pub attempts: u32,
    /// When it is tried next; `None`: not by itself.
    pub due_at: Option<Timestamp>,
    /// What the transport calls it.
    pub reference: Option<String>,
    /// Why it was not sent, or may not have been. Holds nothing personal.
    pub problem: Option<String>,
    /// The name of whoever wrote it; empty: the agent or the system.
    pub author: String,
    /// When it was written.
    pub created_at: Timestamp,
    /// When its state changed last.
    pub updated_at: Timestamp,
    /// Counts changes.
    pub version: i64,
}

impl Sms {
    /// For the audit log.
    fn detail(&self) -> Value {
        let contact = self.contact.as_ref();
        json!({
            "state": self.state,
            "leadId": contact.and_then(Contact::lead).map(LeadId::as_str),
            "customerId": contact.and_then(Contact::customer).map(CustomerId::as_str),
            "phone": self.phone.reveal().as_str(),
            "message": self.text.reveal(),
        })
    }
}

/// Why a message is not as somebody wants it.
#[derive(Clone, Debug, thiserror::Error)]
pub enum SmsRefusal {
    /// There is none with this id.
    #[error("there is no such message")]
    Missing,
    /// Its state stands against it.
    #[error("the message is {0}")]
    State(SmsState),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<rusqlite::Error> for SmsRefusal {
    fn from(error: rusqlite::Error) -> Self {
        Self::Store(error.into())
    }
}

/// Somebody's telephone number.
///
/// # Errors
/// When the database fails.
pub fn phone_of(connection: &Connection, contact: &Contact) -> Result<Option<Option<Pii<PhoneNumber>>>, StoreError> {
    let (sql, id) = match contact {
        Contact::Lead(id) => ("SELECT phone FROM leads WHERE id = ?1 AND deleted_at IS NULL", id.as_str()),
        Contact::Customer(id) => ("SELECT phone FROM customers WHERE id = ?1 AND deleted_at IS NULL", id.as_str()),
    };
    let phone = |row: &Row<'_>| Ok(parsed_if_any(row, "phone")?.map(Pii::new));
    Ok(connection.prepare_cached(sql)?.query_row([id], phone).optional()?)
}

/// Keeps a message: to be sent by `transport`, or held where that is the outbox. To a number on the do-not-call list it is
/// blocked instead, which is kept too.
///
/// # Errors
/// When the database fails.
pub fn queue(change: &Change<'_>, new: &NewSms, transport: SmsTransport) -> Result<Sms, StoreError> {
    let state = match transport {
        _ if is_listed(change.transaction, change.vault, new.phone.reveal())? => SmsState::Blocked,
        SmsTransport::Outbox => SmsState::Held,
        SmsTransport::Twilio | SmsTransport::Webhook => SmsState::Queued,
    };
    let sms = Sms {
        id: SmsId::random(),
        contact: new.contact.clone(),
        phone: new.phone.clone(),
        text: Pii::new(cards::mask(new.text.reveal())),
        state,
        transport,
        attempts: 0,
        due_at: (state == SmsState::Queued).then_some(change.now),
        reference: None,
        problem: None,
        author: change.actor.name.clone(),
        created_at: change.now,
        updated_at: change.now,
        version: 1,
    };
    insert(change.transaction, &sms)?;
    if let (Some(contact), false) = (&sms.contact, state == SmsState::Blocked) {
        note_communication(change.transaction, contact, &sms)?;
    }
    record(change, Entry::new(Action::Send, Entity::Sms, &sms.id).after(&sms.detail()), &sms)?;
    Ok(sms)
}

/// Queues a message again that was held, has failed, or may have been sent. Somebody wants that, knowing that it may then
/// be sent twice. It is blocked if the number is on the do-not-call list by now.
///
/// # Errors
/// When it is not there, its state is another, or the database fails.
pub fn retry(change: &Change<'_>, id: &SmsId, transport: SmsTransport) -> Result<Sms, SmsRefusal> {
    let before = find(change.transaction, id)?.ok_or(SmsRefusal::Missing)?;
    if !matches!(before.state, SmsState::Held | SmsState::Failed | SmsState::Unknown) {
        return Err(SmsRefusal::State(before.state));
    }
    let is_blocked = is_listed(change.transaction, change.vault, before.phone.reveal())?;
    let state = if is_blocked { SmsState::Blocked } else { SmsState::Queued };
    // Of what may have been sent a report may still come, and keep it from being sent again.
    let mut statement = change.transaction.prepare_cached(
        "UPDATE sms_outbox SET state = :state, transport = :transport, attempts = 0, due_at = :due_at, reference = NULL,
             callback = CASE WHEN state = 'unknown' THEN callback END, problem = NULL, updated_at = :now,
             version = version + 1
         WHERE id = :id",
    )?;
    statement.execute(named_params! {
        ":id": id.as_str(),
        ":state": state.as_str(),
        ":transport": transport.as_str(),
        ":due_at": (state == SmsState::Queued).then_some(change.now.as_millisecond()),
        ":now": change.now.as_millisecond(),
    })?;
    let sms = find(change.transaction, id)?.ok_or(SmsRefusal::Missing)?;
    let entry = Entry::new(Action::Send, Entity::Sms, id).before(&before.detail()).after(&sms.detail());
    record(change, entry, &sms)?;
    Ok(sms)
}

/// Takes back a message that was never tried, as if it had not been written; only the audit log still has it.
///
/// # Errors
/// When it is not there, its state is another, or the database fails.
pub fn cancel(change: &Change<'_>, id: &SmsId) -> Result<(), SmsRefusal> {
    let sms = find(change.transaction, id)?.ok_or(SmsRefusal::Missing)?;
    if !matches!(sms.state, SmsState::Held | SmsState::Queued) {
        return Err(SmsRefusal::State(sms.state));
    }
    change.transaction.execute("DELETE FROM communications WHERE sms = ?1", [id.as_str()])?;
    change.transaction.execute("DELETE FROM sms_outbox WHERE id = ?1", [id.as_str()])?;
    record(change, Entry::new(Action::Delete, Entity::Sms, id).before(&sms.detail()), &sms)?;
    Ok(())
}

/// The message with this id.
///
/// # Errors
/// When the database fails.
pub fn find(connection: &Connection, id: &SmsId) -> Result<Option<Sms>, StoreError> {
    let mut statement = connection.prepare_cached("SELECT * FROM sms_outbox WHERE id = ?1")?;
    Ok(statement.query_row([id.as_str()], sms).optional()?)
}

/// Which messages to list.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Only with this state.
    pub state: Option<SmsState>,
    /// Only to this lead or customer.
    pub contact: Option<Contact>,
    /// Only those that come after this one, which was written then.
    pub after: Option<(Timestamp, SmsId)>,
    /// So many at most.
    pub limit: u32,
}

/// Messages, the latest first.
///
/// # Errors
/// When the database fails.
pub fn list(connection: &Connection, filter: &Filter) -> Result<Vec<Sms>, StoreError> {
    let (at, id) = filter.after.as_ref().map_or((i64::MAX, ""), |(at, id)| (at.as_millisecond(), id.as_str()));
    let state = filter.state.map(SmsState::as_str);
    let contact = filter.contact.as_ref().map(|contact| match contact {
        Contact::Lead(id) => ("lead", id.as_str()),
        Contact::Customer(id) => ("customer", id.as_str()),
    });
    let mut sql = "SELECT * FROM sms_outbox WHERE (created_at, id) < (:at, :id)".to_owned();
    let mut parameters: Vec<(&str, &dyn ToSql)> = vec![(":at", &at), (":id", &id), (":limit", &filter.limit)];
    if let Some(state) = &state {
        sql += " AND state = :state";
        parameters.push((":state", state));
    }
    if let Some((column, id)) = &contact {
        sql += &format!(" AND {column} = :contact");
        parameters.push((":contact", id));
    }
    sql += " ORDER BY created_at DESC, id DESC LIMIT :limit";
    let mut statement = connection.prepare_cached(&sql)?;
    let messages = statement.query_map(&parameters[..], sms)?;
    Ok(messages.collect::<Result<_, _>>()?)
}

/// Whether this number must not be written to.
fn is_listed(connection: &Connection, vault: &Vault, phone: &PhoneNumber) -> Result<bool, StoreError> {
    let mut statement = connection.prepare_cached("SELECT 1 FROM do_not_call WHERE phone_digest = ?1")?;
    Ok(statement.exists([persons::digest(vault, phone)])?)
}

/// In the audit log, as said of the person with the message's number.
fn record(change: &Change<'_>, entry: Entry, sms: &Sms) -> Result<(), StoreError> {
    let person = persons::of_phone(change.transaction, change.vault, Some(sms.phone.reveal()))?;
    change.record(&entry.about(&person))
}

fn note_communication(transaction: &Transaction<'_>, contact: &Contact, sms: &Sms) -> Result<(), StoreError> {
    let mut statement = transaction.prepare_cached(
        "INSERT INTO communications (id, lead, customer, kind, direction, at, text, sms, author)
         VALUES (:id, :lead, :customer, 'sms', 'outbound', :at, :text, :sms, :author)",
    )?;
    statement.execute(named_params! {
        ":id": CommunicationId::random().as_str(),
        ":lead": contact.lead().map(LeadId::as_str),
        ":customer": contact.customer().map(CustomerId::as_str),
        ":at": sms.created_at.as_millisecond(),
        ":text": sms.text.reveal(),
        ":sms": sms.id.as_str(),
        ":author": sms.author,
    })?;
    Ok(())
}

fn insert(transaction: &Transaction<'_>, sms: &Sms) -> Result<(), StoreError> {
    let mut statement = transaction.prepare_cached(
        "INSERT INTO sms_outbox (id, lead, customer, phone, text, state, transport, due_at, created_at, updated_at, author)
         VALUES (:id, :lead, :customer, :phone, :text, :state, :transport, :due_at, :now, :now, :author)",
    )?;
    let contact = sms.contact.as_ref();
    statement.execute(named_params! {
        ":id": sms.id.as_str(),
        ":lead": contact.and_then(Contact::lead).map(LeadId::as_str),
        ":customer": contact.and_then(Contact::customer).map(CustomerId::as_str),
        ":phone": sms.phone.reveal().as_str(),
        ":text": sms.text.reveal(),
        ":state": sms.state.as_str(),
        ":transport": sms.transport.as_str(),
        ":due_at": sms.due_at.map(Timestamp::as_millisecond),
        ":now": sms.created_at.as_millisecond(),
        ":author": sms.author,
    })?;
    Ok(())
}

fn sms(row: &Row<'_>) -> rusqlite::Result<Sms> {
    let lead = parsed_if_any(row, "lead")?.map(Contact::Lead);
    let customer = parsed_if_any(row, "customer")?.map(Contact::Customer);
    Ok(Sms {
        id: parsed(row, "id")?,
        contact: lead.or(customer),
        phone: Pii::new(parsed(row, "phone")?),
        text: Pii::new(row.get("text")?),
        state: parsed(row, "state")?,
        transport: parsed(row, "transport")?,
        attempts: row.get("attempts")?,
        due_at: moment_if_any(row, "due_at")?,
        reference: row.get("reference")?,
        problem: row.get("problem")?,
        author: row.get("author")?,
        created_at: moment(row, "created_at")?,
        updated_at: moment(row, "updated_at")?,
        version: row.get("version")?,
    })
}
