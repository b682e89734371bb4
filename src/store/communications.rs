//! What passed between the desk and a lead or a customer: calls, messages, notes. Added to, never changed.

use std::collections::HashMap;

use jiff::Timestamp;
use rusqlite::{Connection, Row, Transaction, named_params};
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    Change, Refusal, StoreError,
    audit::{Action, Entity, Entry},
    calls::{Direction, EndReason},
    customers,
    json::{revealed, shown, shown_if_any},
    leads,
    list::{self, Condition, Filter, Page, Rows, Sort, Table},
    rows::{moment, parsed, parsed_if_any, words},
};
use crate::domain::{CallId, CommunicationId, CustomerId, LeadId, PersonId, Pii, SmsId};

words! {
    /// In what form.
    CommunicationKind {
        /// They spoke.
        Call = "call",
        /// A text message.
        Sms = "sms",
        /// Something that a member of staff has noted.
        Note = "note",
    }
}

/// With whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Contact {
    /// A lead.
    Lead(LeadId),
    /// A customer.
    Customer(CustomerId),
}

impl Contact {
    /// The lead's id, where it is one.
    pub fn lead(&self) -> Option<&str> {
        match self {
            Self::Lead(id) => Some(id.as_str()),
            Self::Customer(_) => None,
        }
    }

    /// The customer's id, where it is one.
    pub fn customer(&self) -> Option<&str> {
        match self {
            Self::Customer(id) => Some(id.as_str()),
            Self::Lead(_) => None,
        }
    }

    /// What holds for what has this lead and this customer in its columns, where one is wanted.
    pub(super) fn conditions(
        lead: Option<&LeadId>,
        customer: Option<&CustomerId>,
    ) -> impl Iterator<Item = Condition> + use<> {
        let lead = lead.map(|id| Condition("lead = ?", id.to_string().into()));
        lead.into_iter().chain(customer.map(|id| Condition("customer = ?", id.to_string().into())))
    }
}

/// Somebody as a request names them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Whose {
    /// A lead's id.
    Lead(LeadId),
    /// A customer's id, ours or that of the desk's own books.
    Customer(String),
}

impl Whose {
    /// What they are called in refusals.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Lead(_) => "lead",
            Self::Customer(_) => "customer",
        }
    }
}

/// The lead or customer that is meant, and the person; `None` when there is none, or not any more.
///
/// # Errors
/// When the database fails.
pub fn whose(connection: &Connection, whose: &Whose) -> Result<Option<(Contact, PersonId)>, StoreError> {
    Ok(match whose {
        Whose::Lead(id) => leads::find(connection, id)?.map(|lead| (Contact::Lead(lead.id), lead.person)),
        Whose::Customer(name) => {
            customers::named(connection, name)?.map(|customer| (Contact::Customer(customer.id), customer.person))
        }
    })
}

/// What leads and customers are called, by their ids: by their telephone number where they have no name. Those that were
/// deleted are called nothing any more.
///
/// # Errors
/// When the database fails.
pub fn names<'a>(
    connection: &Connection,
    contacts: impl Iterator<Item = &'a Contact>,
) -> Result<HashMap<String, Pii<String>>, StoreError> {
    let ids: Vec<_> = contacts.filter_map(|contact| contact.lead().or(contact.customer())).collect();
    let ids = serde_json::Value::from(ids).to_string();
    let mut statement = connection.prepare_cached(
        "SELECT id, CASE name WHEN '' THEN coalesce(phone, '') ELSE name END FROM leads
         WHERE id IN (SELECT value FROM json_each(?1)) AND deleted_at IS NULL
         UNION ALL
         SELECT id, CASE name WHEN '' THEN coalesce(phone, '') ELSE name END FROM customers
         WHERE id IN (SELECT value FROM json_each(?1)) AND deleted_at IS NULL",
    )?;
    let rows = statement.query_map([ids], |row| Ok((row.get(0)?, Pii::new(row.get(1)?))))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// How communications are listed.
pub const TABLE: Table = Table {
    name: "communications",
    columns: "*",
    tie: "id",
    alive: None,
    search: None,
    sorts: &[Sort { name: "at", by: "at", index: None }],
    usual: "-at",
};

/// A call, message or note, as programs see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Communication {
    /// `CO_` and 12 characters.
    #[serde(serialize_with = "shown")]
    #[schema(value_type = String)]
    pub id: CommunicationId,
    /// `call`, `sms` or `note`.
    #[schema(value_type = String)]
    pub kind: CommunicationKind,
    /// `inbound` or `outbound`; a note has none.
    #[schema(value_type = Option<String>)]
    pub direction: Option<Direction>,
    /// When.
    #[serde(serialize_with = "shown")]
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// The message, the note, or what a call was about.
    #[serde(serialize_with = "revealed")]
    #[schema(value_type = String)]
    pub text: Pii<String>,
    /// What came of it.
    pub outcome: Option<String>,
    /// The call.
    #[serde(rename = "callId", serialize_with = "shown_if_any")]
    #[schema(value_type = Option<String>)]
    pub call: Option<CallId>,
    /// The message.
    #[serde(rename = "smsId", serialize_with = "shown_if_any")]
    #[schema(value_type = Option<String>)]
    pub sms: Option<SmsId>,
    /// The member of staff; empty: the agent or the system.
    pub author: String,
}

impl Communication {
    /// A note, as it was written.
    pub fn note(text: Pii<String>, author: &str, at: Timestamp) -> Self {
        Self {
            id: CommunicationId::random(),
            kind: CommunicationKind::Note,
            direction: None,
            at,
            text,
            outcome: None,
            call: None,
            sms: None,
            author: author.to_owned(),
        }
    }

    /// A call that is over; what came of it is how it ended, until somebody says more.
    pub fn call(id: &CallId, direction: Direction, started_at: Timestamp, reason: EndReason) -> Self {
        Self {
            kind: CommunicationKind::Call,
            direction: Some(direction),
            outcome: Some(reason.to_string()),
            call: Some(id.clone()),
            ..Self::note(Pii::default(), "", started_at)
        }
    }

    /// A link to a call was made for somebody.
    pub fn invitation(author: &str, at: Timestamp) -> Self {
        Self {
            kind: CommunicationKind::Call,
            direction: Some(Direction::Outbound),
            outcome: Some("invited".to_owned()),
            ..Self::note(Pii::default(), author, at)
        }
    }
}

/// Keeps what passed with `contact`, who must be there.
///
/// # Errors
/// When the database fails.
pub fn add(transaction: &Transaction<'_>, contact: &Contact, new: &Communication) -> Result<(), StoreError> {
    let mut statement = transaction.prepare_cached(
        "INSERT INTO communications (id, lead, customer, kind, direction, at, text, outcome, call, sms, author)
         VALUES (:id, :lead, :customer, :kind, :direction, :at, :text, :outcome, :call, :sms, :author)",
    )?;
    statement.execute(named_params! {
        ":id": new.id.as_str(),
        ":lead": contact.lead(),
        ":customer": contact.customer(),
        ":kind": new.kind.as_str(),
        ":direction": new.direction.map(Direction::as_str),
        ":at": new.at.as_millisecond(),
        ":text": new.text.reveal(),
        ":outcome": new.outcome,
        ":call": new.call.as_ref().map(CallId::as_str),
        ":sms": new.sms.as_ref().map(SmsId::as_str),
        ":author": new.author,
    })?;
    Ok(())
}

/// Keeps what a member of staff has noted.
///
/// # Errors
/// When whoever it is about is not there, or the database fails.
pub fn note(change: &Change<'_>, about: &Whose, text: Pii<String>) -> Result<Communication, Refusal> {
    let (contact, person) = whose(change.transaction, about)?.ok_or(Refusal::Missing(about.kind()))?;
    let note = Communication::note(text, &change.actor.name, change.now);
    add(change.transaction, &contact, &note)?;
    change.record(&Entry::new(Action::Create, Entity::Communication, &note.id).after(&note).about(&person))?;
    Ok(note)
}

/// Those with `contact`.
pub fn with(contact: &Contact) -> Filter {
    let (lead, customer) = contact.ids();
    Filter { conditions: Contact::conditions(lead.as_ref(), customer.as_ref()).collect(), ..Filter::default() }
}

/// A page of those that fit.
///
/// # Errors
/// When the database fails.
pub fn page(connection: &Connection, filter: &Filter, page: &Page) -> Result<Rows<Communication>, StoreError> {
    list::page(connection, &TABLE, filter, page, communication)
}

fn communication(row: &Row<'_>) -> rusqlite::Result<Communication> {
    Ok(Communication {
        id: parsed(row, "id")?,
        kind: parsed(row, "kind")?,
        direction: parsed_if_any(row, "direction")?,
        at: moment(row, "at")?,
        text: Pii::new(row.get("text")?),
        outcome: row.get("outcome")?,
        call: parsed_if_any(row, "call")?,
        sms: parsed_if_any(row, "sms")?,
        author: row.get("author")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{Store, audit::Actor, customers::CustomerPatch, leads::LeadPatch};

    #[tokio::test]
    async fn whoever_a_row_is_about_has_a_name_until_they_are_deleted() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        let now = Timestamp::UNIX_EPOCH;
        let patch = LeadPatch { name: Some(Pii::new("Amanda".to_owned())), ..LeadPatch::default() };
        let lead = store.change(Actor::console(), now, move |change| leads::create(change, &patch)).await.unwrap();
        let phone = Pii::new("+442079460958".parse().unwrap());
        let patch = CustomerPatch { phone: Some(Some(phone)), ..CustomerPatch::default() };
        let made = store.change(Actor::console(), now, move |change| customers::create(change, &patch));
        let customer = made.await.unwrap();
        let contacts = [Contact::Lead(lead.id.clone()), Contact::Customer(customer.id.clone())];
        let names = async || {
            let contacts = contacts.clone();
            let names = store.read(move |connection| names(connection, contacts.iter())).await.unwrap();
            let of = |id: &str| names.get(id).map(|name| name.reveal().clone());
            (of(lead.id.as_str()), of(customer.id.as_str()))
        };
        assert_eq!(names().await, (Some("Amanda".to_owned()), Some("+442079460958".to_owned())));
        let id = lead.id.clone();
        store.change(Actor::console(), now, move |change| leads::delete(change, &id, None)).await.unwrap();
        assert_eq!(names().await.0, None);
    }
}
