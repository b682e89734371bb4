//! Callbacks: whom to call, when, and why.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, named_params};
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    Change, StoreError,
    audit::{Action, Entity, Entry},
    communications::Contact,
    json::{revealed, shown, shown_if_any},
    list::{self, Condition, Filter, Page, Rows, Sort, Table},
    persons::record_about,
    rows::{moment, parsed, parsed_if_any, words},
};
use crate::domain::{CallId, CallbackId, CustomerId, LeadId, Pii};

words! {
    /// What became of a callback.
    State {
        /// Nothing yet.
        Open = "open",
        /// The call was made.
        Done = "done",
        /// It is not wanted any more.
        Dropped = "dropped",
    }
}

/// More of one call are not shown with it.
const MOST_OF_CALL: u32 = 50;

/// How callbacks are listed.
pub static TABLE: Table = Table {
    name: "callbacks",
    columns: "callbacks.*",
    tie: "id",
    alive: Some("callbacks.deleted_at IS NULL"),
    search: None,
    sorts: &[
        Sort { name: "dueAt", by: "due_at", index: None },
        Sort { name: "createdAt", by: "created_at", index: None },
    ],
    usual: "dueAt",
};

/// A callback.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Callback {
    /// Its id.
    #[serde(serialize_with = "shown")]
    #[schema(value_type = String)]
    pub id: CallbackId,
    /// What was agreed.
    #[serde(flatten)]
    pub terms: Terms,
    /// The lead, if it is one.
    #[serde(rename = "leadId", serialize_with = "shown_if_any")]
    #[schema(value_type = Option<String>)]
    pub lead: Option<LeadId>,
    /// The customer, if it is one.
    #[serde(rename = "customerId", serialize_with = "shown_if_any")]
    #[schema(value_type = Option<String>)]
    pub customer: Option<CustomerId>,
    /// The call in which it was agreed.
    #[serde(rename = "callId", serialize_with = "shown_if_any")]
    #[schema(value_type = Option<String>)]
    pub call: Option<CallId>,
    /// When it was noted.
    #[serde(serialize_with = "shown")]
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    /// When it was last changed.
    #[serde(serialize_with = "shown")]
    #[schema(value_type = String, format = DateTime)]
    pub updated_at: Timestamp,
    /// How often it was changed, for ETags.
    pub version: i64,
}

/// What was agreed, and what became of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = CallbackTerms)]
pub struct Terms {
    /// When to call.
    #[serde(serialize_with = "shown")]
    #[schema(value_type = String, format = DateTime)]
    pub due_at: Timestamp,
    /// Why, in somebody's words; may be empty.
    #[serde(serialize_with = "revealed")]
    #[schema(value_type = String)]
    pub reason: Pii<String>,
    /// What became of it.
    #[schema(value_type = String)]
    pub state: State,
}

/// Which callbacks to list.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// In this state.
    pub state: Option<State>,
    /// Due then or before.
    pub due_until: Option<Timestamp>,
    /// Of this lead.
    pub lead: Option<LeadId>,
    /// Of this customer.
    pub customer: Option<CustomerId>,
}

/// Notes a callback. There must be such a lead or customer, and such a call.
///
/// # Errors
/// When the database fails.
pub fn create(
    change: &Change<'_>,
    contact: &Contact,
    call: Option<&CallId>,
    terms: &Terms,
) -> Result<Callback, StoreError> {
    let (lead, customer) = contact.ids();
    let callback = Callback {
        id: CallbackId::random(),
        terms: terms.clone(),
        lead,
        customer,
        call: call.cloned(),
        created_at: change.now,
        updated_at: change.now,
        version: 1,
    };
    let mut statement = change.transaction.prepare_cached(
        "INSERT INTO callbacks (id, lead, customer, call, due_at, reason, state, created_at, updated_at)
         VALUES (:id, :lead, :customer, :call, :due_at, :reason, :state, :now, :now)",
    )?;
    statement.execute(named_params! {
        ":id": callback.id.as_str(),
        ":lead": contact.lead(),
        ":customer": contact.customer(),
        ":call": call.map(CallId::as_str),
        ":due_at": terms.due_at.as_millisecond(),
        ":reason": terms.reason.reveal(),
        ":state": terms.state.as_str(),
        ":now": change.now.as_millisecond(),
    })?;
    let entry = Entry::new(Action::Create, Entity::Callback, &callback.id).after(&callback);
    record_about(change, Some(contact), entry)?;
    Ok(callback)
}

/// Puts these terms in the place of those of `old`, which was read in this transaction.
///
/// # Errors
/// When the database fails.
pub fn update(change: &Change<'_>, old: &Callback, terms: Terms) -> Result<Callback, StoreError> {
    let callback = Callback { terms, updated_at: change.now, version: old.version + 1, ..old.clone() };
    change.transaction.execute(
        "UPDATE callbacks SET due_at = :due_at, reason = :reason, state = :state, updated_at = :now, version = :version
         WHERE id = :id",
        named_params! {
            ":id": callback.id.as_str(),
            ":due_at": callback.terms.due_at.as_millisecond(),
            ":reason": callback.terms.reason.reveal(),
            ":state": callback.terms.state.as_str(),
            ":now": change.now.as_millisecond(),
            ":version": callback.version,
        },
    )?;
    let entry = Entry::new(Action::Update, Entity::Callback, &callback.id);
    record_about(change, callback.contact().as_ref(), entry.before(old).after(&callback))?;
    Ok(callback)
}

/// Hides `old`, which was read in this transaction; it is no longer found.
///
/// # Errors
/// When the database fails.
pub fn delete(change: &Change<'_>, old: &Callback) -> Result<(), StoreError> {
    change.transaction.execute(
        "UPDATE callbacks SET deleted_at = ?2, updated_at = ?2, version = version + 1 WHERE id = ?1",
        (old.id.as_str(), change.now.as_millisecond()),
    )?;
    record_about(change, old.contact().as_ref(), Entry::new(Action::Delete, Entity::Callback, &old.id).before(old))
}

/// The callback with this id, unless it was deleted.
///
/// # Errors
/// When the database fails.
pub fn find(connection: &Connection, id: &CallbackId) -> Result<Option<Callback>, StoreError> {
    let mut statement = connection.prepare_cached("SELECT * FROM callbacks WHERE id = ?1 AND deleted_at IS NULL")?;
    Ok(statement.query_row([id.as_str()], callback).optional()?)
}

/// Those that were agreed in a call, the first first.
///
/// # Errors
/// When the database fails.
pub fn of_call(connection: &Connection, call: &CallId) -> Result<Vec<Callback>, StoreError> {
    let sql = "SELECT * FROM callbacks WHERE call = ?1 AND deleted_at IS NULL ORDER BY created_at, id LIMIT ?2";
    let mut statement = connection.prepare_cached(sql)?;
    let found = statement.query_map((call.as_str(), MOST_OF_CALL), callback)?;
    Ok(found.collect::<Result<_, _>>()?)
}

impl Callback {
    /// Whom it is about; `None` once they were erased.
    fn contact(&self) -> Option<Contact> {
        Contact::of(&self.lead, &self.customer)
    }
}

impl Wanted {
    /// What holds for them.
    pub fn filter(&self) -> Filter {
        let conditions = [
            self.state.map(|state| Condition("state = ?", state.as_str().to_owned().into())),
            self.due_until.map(|moment| Condition("due_at <= ?", moment.as_millisecond().into())),
        ];
        let about = Contact::conditions(self.lead.as_ref(), self.customer.as_ref());
        Filter { conditions: conditions.into_iter().flatten().chain(about).collect(), ..Filter::default() }
    }
}

/// A page of callbacks.
///
/// # Errors
/// When the database fails.
pub fn page(connection: &Connection, filter: &Filter, page: &Page) -> Result<Rows<Callback>, StoreError> {
    list::page(connection, &TABLE, filter, page, callback)
}

fn callback(row: &Row<'_>) -> rusqlite::Result<Callback> {
    let terms =
        Terms { due_at: moment(row, "due_at")?, reason: Pii::new(row.get("reason")?), state: parsed(row, "state")? };
    Ok(Callback {
        id: parsed(row, "id")?,
        terms,
        lead: parsed_if_any(row, "lead")?,
        customer: parsed_if_any(row, "customer")?,
        call: parsed_if_any(row, "call")?,
        created_at: moment(row, "created_at")?,
        updated_at: moment(row, "updated_at")?,
        version: row.get("version")?,
    })
}
