//! Text messages: kept before anything is sent, and what became of each.
//!
//! [`queue`] is the one way in: it masks card numbers, and looks at the do-not-call list in the transaction that keeps the message.
//! [`claim`] is the one way out: it looks at the list again, and writes that a message is being sent before anybody sends it.
//! What is found in that state after a crash ([`recover`]) may have been sent, and is never sent again by itself.

mod sending;
#[cfg(test)]
mod tests;

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, Transaction, named_params};
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    Change, Refusal, StoreError,
    audit::{Action, Entity, Entry},
    calls::Direction,
    communications::{self, Communication, CommunicationKind, Contact, Whose},
    customers, do_not_call,
    json::{revealed, shown, shown_if_any},
    leads,
    list::{self, Condition, Filter, Page, Rows, Sort, Table},
    persons,
    refusal::expect_version,
    rows::{moment, moment_if_any, parsed, parsed_if_any, words},
};
use crate::domain::{CustomerId, LeadId, PhoneNumber, Pii, SmsId, cards};
pub(super) use sending::delete_old;
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

/// What a message is called in refusals.
pub const NAME: &str = "text message";

/// How messages are listed.
pub static TABLE: Table = Table {
    name: "sms_outbox",
    columns: "sms_outbox.*",
    tie: "id",
    alive: None,
    search: None,
    sorts: &[Sort { name: "createdAt", by: "created_at", index: None }],
    usual: "-createdAt",
};

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

/// A message, as programs see it and as the audit log keeps it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Sms {
    /// `SM_` and 12 characters.
    #[serde(serialize_with = "shown")]
    #[schema(value_type = String)]
    pub id: SmsId,
    /// The lead, if it is to one.
    #[serde(rename = "leadId", serialize_with = "shown_if_any")]
    #[schema(value_type = Option<String>)]
    pub lead: Option<LeadId>,
    /// The customer, if it is to one.
    #[serde(rename = "customerId", serialize_with = "shown_if_any")]
    #[schema(value_type = Option<String>)]
    pub customer: Option<CustomerId>,
    /// E.164.
    #[serde(serialize_with = "revealed")]
    #[schema(value_type = String)]
    pub phone: Pii<PhoneNumber>,
    /// What it says.
    #[serde(rename = "message", serialize_with = "revealed")]
    #[schema(value_type = String)]
    pub text: Pii<String>,
    /// `held`, `queued`, `sending`, `sent`, `delivered`, `failed`, `blocked` or `unknown`.
    #[schema(value_type = String)]
    pub state: SmsState,
    /// `outbox`, `twilio` or `webhook`.
    #[schema(value_type = String)]
    pub transport: SmsTransport,
    /// How often it was tried, since it was last queued by hand.
    pub attempts: u32,
    /// When it is tried next; null: not by itself.
    #[serde(serialize_with = "shown_if_any")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub due_at: Option<Timestamp>,
    /// What the service calls it.
    pub reference: Option<String>,
    /// Why it was not sent, or may not have been. Holds nothing personal.
    pub problem: Option<String>,
    /// The member of staff; empty: the agent or the system.
    pub author: String,
    /// When it was written.
    #[serde(serialize_with = "shown")]
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    /// When its state changed last.
    #[serde(serialize_with = "shown")]
    #[schema(value_type = String, format = DateTime)]
    pub updated_at: Timestamp,
    /// Counts changes, for `If-Match`.
    pub version: i64,
}

impl Sms {
    /// As it stands among what passed with a lead or a customer.
    fn as_communication(&self) -> Communication {
        Communication {
            kind: CommunicationKind::Sms,
            direction: Some(Direction::Outbound),
            sms: Some(self.id.clone()),
            ..Communication::note(self.text.clone(), &self.author, self.created_at)
        }
    }
}

/// Writes to a lead or a customer: see [`queue`].
///
/// # Errors
/// When there is nobody of that name, or no telephone number, or the database fails.
pub fn write(change: &Change<'_>, to: &Whose, text: Pii<String>, transport: SmsTransport) -> Result<Sms, Refusal> {
    let (contact, phone) = match to {
        Whose::Lead(id) => {
            let lead = leads::find(change.transaction, id)?.ok_or(Refusal::Missing("lead"))?;
            (Contact::Lead(lead.id), lead.phone)
        }
        Whose::Customer(name) => {
            let customer = customers::named(change.transaction, name)?.ok_or(Refusal::Missing("customer"))?;
            (Contact::Customer(customer.id), customer.phone)
        }
    };
    let phone = phone.ok_or(Refusal::Conflict("there is no telephone number to write to: give one first"))?;
    Ok(queue(change, &NewSms { contact: Some(contact), phone, text }, transport)?)
}

/// Keeps a message: to be sent by `transport`, or held where that is the outbox. To a number on the do-not-call list it is
/// blocked instead, which is kept too.
///
/// # Errors
/// When the database fails.
pub fn queue(change: &Change<'_>, new: &NewSms, transport: SmsTransport) -> Result<Sms, StoreError> {
    let state = match transport {
        _ if do_not_call::is_listed(change.transaction, change.vault, new.phone.reveal())? => SmsState::Blocked,
        SmsTransport::Outbox => SmsState::Held,
        SmsTransport::Twilio | SmsTransport::Webhook => SmsState::Queued,
    };
    let (lead, customer) = new.contact.as_ref().map(Contact::ids).unwrap_or_default();
    let sms = Sms {
        id: SmsId::random(),
        lead,
        customer,
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
    if let Some(contact) = new.contact.as_ref().filter(|_| state != SmsState::Blocked) {
        communications::add(change.transaction, contact, &sms.as_communication())?;
    }
    record(change, Entry::new(Action::Send, Entity::Sms, &sms.id).after(&sms), &sms)?;
    Ok(sms)
}

/// Queues a message again that was held, has failed, or may have been sent. Somebody wants that, knowing that it may then
/// be sent twice. It is blocked if the number is on the do-not-call list by now.
///
/// # Errors
/// When it is not there or not at this version, its state is another, or the database fails.
pub fn retry(change: &Change<'_>, id: &SmsId, expected: Option<i64>, transport: SmsTransport) -> Result<Sms, Refusal> {
    let before = there(change, id)?;
    expect_version(before.version, expected)?;
    if !matches!(before.state, SmsState::Held | SmsState::Failed | SmsState::Unknown) {
        return Err(Refusal::Conflict("only a message that is held, failed or unknown can be sent again"));
    }
    let is_blocked = do_not_call::is_listed(change.transaction, change.vault, before.phone.reveal())?;
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
    let sms = there(change, id)?;
    record(change, Entry::new(Action::Send, Entity::Sms, id).before(&before).after(&sms), &sms)?;
    Ok(sms)
}

/// Takes back a message that is not sent yet, as if it had not been written; only the audit log still has it.
///
/// # Errors
/// When it is not there or not at this version, its state is another, or the database fails.
pub fn cancel(change: &Change<'_>, id: &SmsId, expected: Option<i64>) -> Result<(), Refusal> {
    let sms = there(change, id)?;
    expect_version(sms.version, expected)?;
    if !matches!(sms.state, SmsState::Held | SmsState::Queued) {
        return Err(Refusal::Conflict("only a message that is held or queued can be taken back"));
    }
    change.transaction.execute("DELETE FROM communications WHERE sms = ?1", [id.as_str()])?;
    change.transaction.execute("DELETE FROM sms_outbox WHERE id = ?1", [id.as_str()])?;
    record(change, Entry::new(Action::Delete, Entity::Sms, id).before(&sms), &sms)?;
    Ok(())
}

fn there(change: &Change<'_>, id: &SmsId) -> Result<Sms, Refusal> {
    find(change.transaction, id)?.ok_or(Refusal::Missing(NAME))
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
pub struct Wanted {
    /// In this state.
    pub state: Option<SmsState>,
    /// To this lead.
    pub lead: Option<LeadId>,
    /// To this customer.
    pub customer: Option<CustomerId>,
}

impl Wanted {
    /// What holds for them.
    pub fn filter(&self) -> Filter {
        let state = self.state.map(|state| Condition("state = ?", state.as_str().to_owned().into()));
        let to = Contact::conditions(self.lead.as_ref(), self.customer.as_ref());
        Filter { conditions: state.into_iter().chain(to).collect(), ..Filter::default() }
    }
}

/// A page of those that fit.
///
/// # Errors
/// When the database fails.
pub fn page(connection: &Connection, filter: &Filter, page: &Page) -> Result<Rows<Sms>, StoreError> {
    list::page(connection, &TABLE, filter, page, sms)
}

/// In the audit log, as said of the person with the message's number.
fn record(change: &Change<'_>, entry: Entry, sms: &Sms) -> Result<(), StoreError> {
    let person = persons::of_phone(change.transaction, change.vault, Some(sms.phone.reveal()))?;
    change.record(&entry.about(&person))
}

fn insert(transaction: &Transaction<'_>, sms: &Sms) -> Result<(), StoreError> {
    let mut statement = transaction.prepare_cached(
        "INSERT INTO sms_outbox (id, lead, customer, phone, text, state, transport, due_at, created_at, updated_at, author)
         VALUES (:id, :lead, :customer, :phone, :text, :state, :transport, :due_at, :now, :now, :author)",
    )?;
    statement.execute(named_params! {
        ":id": sms.id.as_str(),
        ":lead": sms.lead.as_ref().map(LeadId::as_str),
        ":customer": sms.customer.as_ref().map(CustomerId::as_str),
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
    Ok(Sms {
        id: parsed(row, "id")?,
        lead: parsed_if_any(row, "lead")?,
        customer: parsed_if_any(row, "customer")?,
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
