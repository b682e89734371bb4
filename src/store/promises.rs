//! Promises to pay: who, how much, and by which day.

use jiff::{Timestamp, civil::Date};
use rusqlite::{Connection, OptionalExtension, Row, named_params, types::Type};
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
use crate::domain::{CallId, CustomerId, LeadId, Money, Pii, PromiseId};

words! {
    /// What became of a promise.
    State {
        /// Nothing yet.
        Open = "open",
        /// It was paid.
        Kept = "kept",
        /// It was not.
        Broken = "broken",
    }
}

/// More of one call are not shown with it.
const MOST_OF_CALL: u32 = 50;

/// How promises are listed.
pub static TABLE: Table = Table {
    name: "promises",
    columns: "promises.*",
    tie: "id",
    alive: Some("promises.deleted_at IS NULL"),
    search: None,
    sorts: &[
        Sort { name: "dueOn", by: "due_on", index: None },
        Sort { name: "createdAt", by: "created_at", index: None },
    ],
    usual: "dueOn",
};

/// A promise.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Promise {
    /// Its id.
    #[serde(serialize_with = "shown")]
    #[schema(value_type = String)]
    pub id: PromiseId,
    /// What was promised.
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
    /// The call in which it was given.
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

/// What was promised, and what became of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = PromiseTerms)]
pub struct Terms {
    /// How much.
    #[schema(value_type = f64)]
    pub amount: Money,
    /// By which day.
    #[serde(serialize_with = "shown")]
    #[schema(value_type = String, format = Date)]
    pub due_on: Date,
    /// What became of it.
    #[schema(value_type = String)]
    pub state: State,
    /// In somebody's words; may be empty.
    #[serde(serialize_with = "revealed")]
    #[schema(value_type = String)]
    pub note: Pii<String>,
}

/// Which promises to list.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// In this state.
    pub state: Option<State>,
    /// Due on this day or before.
    pub due_until: Option<Date>,
    /// Of this lead.
    pub lead: Option<LeadId>,
    /// Of this customer.
    pub customer: Option<CustomerId>,
}

/// Notes a promise. There must be such a lead or customer, and such a call.
///
/// # Errors
/// When the database fails.
pub fn create(
    change: &Change<'_>,
    contact: &Contact,
    call: Option<&CallId>,
    terms: &Terms,
) -> Result<Promise, StoreError> {
    let (lead, customer) = contact.ids();
    let promise = Promise {
        id: PromiseId::random(),
        terms: terms.clone(),
        lead,
        customer,
        call: call.cloned(),
        created_at: change.now,
        updated_at: change.now,
        version: 1,
    };
    let mut statement = change.transaction.prepare_cached(
        "INSERT INTO promises (id, lead, customer, call, amount, due_on, state, note, created_at, updated_at)
         VALUES (:id, :lead, :customer, :call, :amount, :due_on, :state, :note, :now, :now)",
    )?;
    statement.execute(named_params! {
        ":id": promise.id.as_str(),
        ":lead": contact.lead(),
        ":customer": contact.customer(),
        ":call": call.map(CallId::as_str),
        ":amount": terms.amount.thousandths(),
        ":due_on": terms.due_on.to_string(),
        ":state": terms.state.as_str(),
        ":note": terms.note.reveal(),
        ":now": change.now.as_millisecond(),
    })?;
    let entry = Entry::new(Action::Create, Entity::Promise, &promise.id).after(&promise);
    record_about(change, Some(contact), entry)?;
    Ok(promise)
}

/// Puts these terms in the place of those of `old`, which was read in this transaction.
///
/// # Errors
/// When the database fails.
pub fn update(change: &Change<'_>, old: &Promise, terms: Terms) -> Result<Promise, StoreError> {
    let promise = Promise { terms, updated_at: change.now, version: old.version + 1, ..old.clone() };
    change.transaction.execute(
        "UPDATE promises SET amount = :amount, due_on = :due_on, state = :state, note = :note, updated_at = :now,
             version = :version WHERE id = :id",
        named_params! {
            ":id": promise.id.as_str(),
            ":amount": promise.terms.amount.thousandths(),
            ":due_on": promise.terms.due_on.to_string(),
            ":state": promise.terms.state.as_str(),
            ":note": promise.terms.note.reveal(),
            ":now": change.now.as_millisecond(),
            ":version": promise.version,
        },
    )?;
    let entry = Entry::new(Action::Update, Entity::Promise, &promise.id);
    record_about(change, promise.contact().as_ref(), entry.before(old).after(&promise))?;
    Ok(promise)
}

/// Hides `old`, which was read in this transaction; it is no longer found.
///
/// # Errors
/// When the database fails.
pub fn delete(change: &Change<'_>, old: &Promise) -> Result<(), StoreError> {
    change.transaction.execute(
        "UPDATE promises SET deleted_at = ?2, updated_at = ?2, version = version + 1 WHERE id = ?1",
        (old.id.as_str(), change.now.as_millisecond()),
    )?;
    record_about(change, old.contact().as_ref(), Entry::new(Action::Delete, Entity::Promise, &old.id).before(old))
}

/// The promise with this id, unless it was deleted.
///
/// # Errors
/// When the database fails.
pub fn find(connection: &Connection, id: &PromiseId) -> Result<Option<Promise>, StoreError> {
    let mut statement = connection.prepare_cached("SELECT * FROM promises WHERE id = ?1 AND deleted_at IS NULL")?;
    Ok(statement.query_row([id.as_str()], promise).optional()?)
}

/// Those that were given in a call, the first first.
///
/// # Errors
/// When the database fails.
pub fn of_call(connection: &Connection, call: &CallId) -> Result<Vec<Promise>, StoreError> {
    let sql = "SELECT * FROM promises WHERE call = ?1 AND deleted_at IS NULL ORDER BY created_at, id LIMIT ?2";
    let mut statement = connection.prepare_cached(sql)?;
    let found = statement.query_map((call.as_str(), MOST_OF_CALL), promise)?;
    Ok(found.collect::<Result<_, _>>()?)
}

impl Promise {
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
            self.due_until.map(|day| Condition("due_on <= ?", day.to_string().into())),
        ];
        let about = Contact::conditions(self.lead.as_ref(), self.customer.as_ref());
        Filter { conditions: conditions.into_iter().flatten().chain(about).collect(), ..Filter::default() }
    }
}

/// A page of promises.
///
/// # Errors
/// When the database fails.
pub fn page(connection: &Connection, filter: &Filter, page: &Page) -> Result<Rows<Promise>, StoreError> {
    list::page(connection, &TABLE, filter, page, promise)
}

fn promise(row: &Row<'_>) -> rusqlite::Result<Promise> {
    let amount = Money::from_thousandths(row.get("amount")?);
    let failed = |error| rusqlite::Error::FromSqlConversionFailure(0, Type::Integer, Box::new(error));
    let terms = Terms {
        amount: amount.map_err(failed)?,
        due_on: parsed(row, "due_on")?,
        state: parsed(row, "state")?,
        note: Pii::new(row.get("note")?),
    };
    Ok(Promise {
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
