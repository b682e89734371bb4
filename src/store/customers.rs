//! Customers: people who owe something. Their cards' numbers are masked before they get here. Deleting hides one, for calls
//! and promises name it.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, Transaction, named_params, types::Value};
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    Change, Refusal, StoreError,
    audit::{Action, Entity, Entry, Record},
    imports::{Drafting, Step},
    json::{revealed, revealed_if_any, shown, shown_if_any},
    list::{self, Condition, Facet, Filter, Page, Rows, Searchable, Sort, Table, Words},
    persons,
    refusal::expect_version,
    rows::{moment, money_if_any, parsed, parsed_if_any, personal_if_any, script_exists, set},
};
use crate::domain::{CustomerId, Language, Money, PersonId, PhoneNumber, Pii, ScriptId, fold};

/// How customers are listed.
pub const TABLE: Table = Table {
    name: "customers",
    columns: "customers.*, EXISTS (SELECT 1 FROM persons JOIN do_not_call USING (phone_digest)
        WHERE persons.id = customers.person) AS do_not_call",
    tie: "seq",
    alive: Some("customers.deleted_at IS NULL"),
    search: Some("customers_search"),
    sorts: &[
        Sort { name: "createdAt", by: "seq", index: Some("customers_by_creation") },
        Sort { name: "updatedAt", by: "updated_at", index: Some("customers_by_update") },
        Sort { name: "name", by: "name_key", index: Some("customers_by_name") },
        Sort { name: "amountDue", by: "amount_key", index: Some("customers_by_amount") },
    ],
    usual: "-createdAt",
};

/// Only those that are overdue for so many days or more.
pub fn overdue_from(days: u32) -> Condition {
    Condition("overdue_days >= ?", Value::Integer(days.into()))
}

/// A customer, as programs see it and as the audit log keeps it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Customer {
    /// `CU_` and 12 characters.
    #[serde(serialize_with = "shown")]
    #[schema(value_type = String)]
    pub id: CustomerId,
    /// Whose data this is.
    #[serde(skip)]
    pub person: PersonId,
    /// What the desk's own books call them; unique.
    pub user_id: String,
    /// May be empty when there is a telephone number.
    #[serde(rename = "userName", serialize_with = "revealed")]
    #[schema(value_type = String)]
    pub name: Pii<String>,
    /// E.164.
    #[serde(rename = "userPhone", serialize_with = "revealed_if_any")]
    #[schema(value_type = Option<String>)]
    pub phone: Option<Pii<PhoneNumber>>,
    /// Masked: of the number the first six digits and the last four at most.
    #[serde(rename = "creditCardNumber", serialize_with = "revealed_if_any")]
    #[schema(value_type = Option<String>)]
    pub card: Option<Pii<String>>,
    /// Whose card it is.
    pub bank: Option<String>,
    /// What they owe, in the desk's currency.
    #[schema(value_type = Option<f64>)]
    pub amount_due: Option<Money>,
    /// For which month: `2026-11`, or as it was given.
    pub due_month: Option<String>,
    /// Days since it was due.
    #[serde(rename = "overduePeriodInDays")]
    pub overdue_days: Option<u32>,
    /// What they speak: `en`, `ar`.
    #[schema(value_type = Option<String>)]
    pub language: Option<Language>,
    /// What the agent goes by.
    #[serde(rename = "scriptId", serialize_with = "shown_if_any")]
    #[schema(value_type = Option<String>)]
    pub script: Option<ScriptId>,
    /// Whatever is worth knowing.
    #[serde(serialize_with = "revealed")]
    #[schema(value_type = String)]
    pub notes: Pii<String>,
    /// Their number is on the do-not-call list.
    pub do_not_call: bool,
    /// When they came to the desk.
    #[serde(serialize_with = "shown")]
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    /// The last change.
    #[serde(serialize_with = "shown")]
    #[schema(value_type = String, format = DateTime)]
    pub updated_at: Timestamp,
    /// Counts changes, for `If-Match`.
    pub version: i64,
}

/// What is to be changed of a customer: `None` is left as it is, and what may be missing is emptied by `Some(None)`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CustomerPatch {
    /// See [`Customer::user_id`]; one is made where a new customer has none.
    pub user_id: Option<String>,
    /// See [`Customer::name`].
    pub name: Option<Pii<String>>,
    /// See [`Customer::phone`].
    pub phone: Option<Option<Pii<PhoneNumber>>>,
    /// See [`Customer::card`].
    pub card: Option<Option<Pii<String>>>,
    /// See [`Customer::bank`].
    pub bank: Option<Option<String>>,
    /// See [`Customer::amount_due`].
    pub amount_due: Option<Option<Money>>,
    /// See [`Customer::due_month`].
    pub due_month: Option<Option<String>>,
    /// See [`Customer::overdue_days`].
    pub overdue_days: Option<Option<u32>>,
    /// See [`Customer::language`].
    pub language: Option<Option<Language>>,
    /// See [`Customer::script`].
    pub script: Option<Option<ScriptId>>,
    /// See [`Customer::notes`].
    pub notes: Option<Pii<String>>,
}

impl CustomerPatch {
    fn apply(&self, customer: &mut Customer) {
        set(&mut customer.user_id, &self.user_id);
        set(&mut customer.name, &self.name);
        set(&mut customer.phone, &self.phone);
        set(&mut customer.card, &self.card);
        set(&mut customer.bank, &self.bank);
        set(&mut customer.amount_due, &self.amount_due);
        set(&mut customer.due_month, &self.due_month);
        set(&mut customer.overdue_days, &self.overdue_days);
        set(&mut customer.language, &self.language);
        set(&mut customer.script, &self.script);
        set(&mut customer.notes, &self.notes);
    }
}

impl Customer {
    /// A new one of whom nothing is known yet.
    fn blank(person: PersonId, now: Timestamp) -> Self {
        let id = CustomerId::random();
        Self {
            person,
            user_id: id.to_string(),
            id,
            name: Pii::default(),
            phone: None,
            card: None,
            bank: None,
            amount_due: None,
            due_month: None,
            overdue_days: None,
            language: None,
            script: None,
            notes: Pii::default(),
            do_not_call: false,
            created_at: now,
            updated_at: now,
            version: 1,
        }
    }

    /// Writes a new one.
    pub(super) fn insert(&self, transaction: &Transaction<'_>, words: &Words) -> Result<(), StoreError> {
        self.write(
            transaction,
            "INSERT INTO customers (id, person, user_id, name, name_key, phone, card_masked, bank, amount_due, due_month,
                 overdue_days, language, script, notes, created_at, updated_at, version, search)
             VALUES (:id, :person, :user_id, :name, :name_key, :phone, :card, :bank, :amount_due, :due_month,
                 :overdue_days, :language, :script, :notes, :now, :now, :version, :search)",
            words,
        )
    }

    /// Writes what was changed.
    pub(super) fn update(&self, transaction: &Transaction<'_>, words: &Words) -> Result<(), StoreError> {
        self.write(
            transaction,
            "UPDATE customers SET person = :person, user_id = :user_id, name = :name, name_key = :name_key, phone = :phone,
                 card_masked = :card, bank = :bank, amount_due = :amount_due, due_month = :due_month,
                 overdue_days = :overdue_days, language = :language, script = :script, notes = :notes, updated_at = :now,
                 version = :version, search = :search
             WHERE id = :id",
            words,
        )
    }

    fn write(&self, transaction: &Transaction<'_>, sql: &str, words: &Words) -> Result<(), StoreError> {
        transaction.prepare_cached(sql)?.execute(named_params! {
            ":id": self.id.as_str(),
            ":person": self.person.as_str(),
            ":user_id": self.user_id,
            ":name": self.name.reveal(),
            ":name_key": words.name_key,
            ":phone": self.phone.as_ref().map(|phone| phone.reveal().as_str()),
            ":card": self.card.as_ref().map(Pii::reveal),
            ":bank": self.bank,
            ":amount_due": self.amount_due.map(Money::thousandths),
            ":due_month": self.due_month,
            ":overdue_days": self.overdue_days,
            ":language": self.language.map(Language::code),
            ":script": self.script.as_ref().map(ScriptId::as_str),
            ":notes": self.notes.reveal(),
            ":now": self.updated_at.as_millisecond(),
            ":version": self.version,
            ":search": words.search,
        })?;
        Ok(())
    }

    /// What it is sorted and found by.
    pub(super) fn words(&self) -> Words {
        Words { name_key: fold(self.name.reveal()), search: self.searchable() }
    }

    fn searchable(&self) -> String {
        Searchable::default()
            .text(self.name.reveal())
            .phone(self.phone.as_ref().map(Pii::reveal))
            .text(&self.user_id)
            .text(self.notes.reveal())
            .facet(Facet::Bank, self.bank.as_deref())
            .facet(Facet::Language, self.language.map(Language::code))
            .into_text()
    }

    /// What has to hold of every customer.
    fn check(&self, connection: &Connection, patch: &CustomerPatch) -> Result<(), Refusal> {
        if self.name.reveal().is_empty() && self.phone.is_none() {
            return Err(Refusal::Field("userName", "is missing: give a name or a telephone number"));
        }
        if let Some(Some(script)) = &patch.script
            && !script_exists(connection, script)?
        {
            return Err(Refusal::Field("scriptId", "names no script"));
        }
        match with_user_id(connection, &self.user_id)? {
            Some(other) if other.id != self.id => Err(Refusal::Conflict("another customer has this userId")),
            _ => Ok(()),
        }
    }
}

/// Whether `patch` would change anything of `there`, or of a new customer.
///
/// # Errors
/// When a value does not fit, or the database fails.
pub(super) fn try_patch(
    connection: &Connection,
    there: Option<&Customer>,
    patch: &CustomerPatch,
) -> Result<bool, Refusal> {
    let before = there.cloned().unwrap_or_else(|| Customer::blank(PersonId::random(), Timestamp::UNIX_EPOCH));
    let mut customer = before.clone();
    patch.apply(&mut customer);
    customer.check(connection, patch)?;
    Ok(customer != before)
}

/// Keeps a new customer.
///
/// # Errors
/// When a value does not fit, the `userId` is taken, or the database fails.
pub fn create(change: &Change<'_>, patch: &CustomerPatch) -> Result<Customer, Refusal> {
    create_by(change, patch, Action::Create)
}

/// The same for whatever the audit log is to call it.
pub(super) fn create_by(change: &Change<'_>, patch: &CustomerPatch, action: Action) -> Result<Customer, Refusal> {
    let phone = patch.phone.as_ref().and_then(Option::as_ref).map(Pii::reveal);
    let person = persons::of_phone(change.transaction, change.vault, phone)?;
    let mut customer = Customer::blank(person, change.now);
    patch.apply(&mut customer);
    customer.check(change.transaction, patch)?;
    customer.insert(change.transaction, &customer.words())?;
    let customer = there(change, &customer.id)?;
    change.record(&Entry::new(action, Entity::Customer, &customer.id).after(&customer).about(&customer.person))?;
    Ok(customer)
}

/// A new customer of an import, before it is written.
///
/// # Errors
/// When a value does not fit, or the database fails.
pub(super) fn draft_new(patch: &CustomerPatch, drafting: &mut Drafting<'_>) -> Result<Step<Customer>, Refusal> {
    let phone = patch.phone.as_ref().and_then(Option::as_ref).map(Pii::reveal);
    let person = drafting.person(phone)?;
    let mut customer = Customer::blank(person.id.clone(), drafting.now);
    patch.apply(&mut customer);
    customer.check(drafting.connection, patch)?;
    customer.do_not_call = drafting.is_listed(phone)?;
    let entry = Entry::new(Action::Import, Entity::Customer, &customer.id).after(&customer).about(&customer.person);
    let record = Record::seal(&entry, Some(&person.key));
    Ok(Step::Create { person, words: customer.words(), row: customer, record })
}

/// What a row of an import makes of a customer, before it is written.
///
/// # Errors
/// When a value does not fit, or the database fails.
pub(super) fn draft_change(
    before: &Customer,
    patch: &CustomerPatch,
    drafting: &Drafting<'_>,
) -> Result<Step<Customer>, Refusal> {
    let mut customer = before.clone();
    patch.apply(&mut customer);
    customer.check(drafting.connection, patch)?;
    if customer.phone != before.phone {
        return Ok(Step::Now);
    }
    customer.updated_at = drafting.now;
    customer.version += 1;
    let entry = Entry::new(Action::Import, Entity::Customer, &customer.id)
        .before(before)
        .after(&customer)
        .about(&customer.person);
    let record = Record::seal(&entry, drafting.key(&customer.person)?.as_ref());
    Ok(Step::Update { words: customer.words(), row: customer, record })
}

/// Changes a customer; what is the same already is not written.
///
/// # Errors
/// When it is not there or not at this version, a value does not fit, the `userId` is taken, or the database fails.
pub fn update(
    change: &Change<'_>,
    id: &CustomerId,
    expected: Option<i64>,
    patch: &CustomerPatch,
) -> Result<Customer, Refusal> {
    update_by(change, id, expected, patch, Action::Update)
}

/// The same for whatever the audit log is to call it.
pub(super) fn update_by(
    change: &Change<'_>,
    id: &CustomerId,
    expected: Option<i64>,
    patch: &CustomerPatch,
    action: Action,
) -> Result<Customer, Refusal> {
    let before = there(change, id)?;
    expect_version(before.version, expected)?;
    let mut customer = before.clone();
    patch.apply(&mut customer);
    if customer == before {
        return Ok(before);
    }
    customer.check(change.transaction, patch)?;
    if customer.phone != before.phone {
        let phone = customer.phone.as_ref().map(Pii::reveal);
        customer.person = persons::with_new_phone(change.transaction, change.vault, &before.person, phone)?;
    }
    customer.updated_at = change.now;
    customer.version += 1;
    customer.update(change.transaction, &customer.words())?;
    let customer = there(change, id)?;
    let entry = Entry::new(action, Entity::Customer, id).before(&before).after(&customer);
    change.record(&entry.about(&customer.person))?;
    Ok(customer)
}

/// Hides a customer; it is no longer found, and its `userId` is free.
///
/// # Errors
/// When it is not there or not at this version, or the database fails.
pub fn delete(change: &Change<'_>, id: &CustomerId, expected: Option<i64>) -> Result<(), Refusal> {
    let before = there(change, id)?;
    expect_version(before.version, expected)?;
    change.transaction.execute(
        "UPDATE customers SET deleted_at = ?2, updated_at = ?2, version = version + 1, search = '' WHERE id = ?1",
        (id.as_str(), change.now.as_millisecond()),
    )?;
    change.record(&Entry::new(Action::Delete, Entity::Customer, id).before(&before).about(&before.person))?;
    Ok(())
}

/// Brings back a customer that was deleted; one that is there stays as it is.
///
/// # Errors
/// When there is none or it is not at this version, another one has its `userId` by now, or the database fails.
pub fn restore(change: &Change<'_>, id: &CustomerId, expected: Option<i64>) -> Result<Customer, Refusal> {
    let Table { columns, .. } = TABLE;
    let mut statement = change.transaction.prepare_cached(&format!("SELECT {columns} FROM customers WHERE id = ?1"))?;
    let found = statement.query_row([id.as_str()], customer).optional()?;
    let mut customer = found.ok_or(Refusal::Missing("customer"))?;
    expect_version(customer.version, expected)?;
    customer.check(change.transaction, &CustomerPatch::default())?;
    if change
        .transaction
        .execute("UPDATE customers SET deleted_at = NULL WHERE id = ?1 AND deleted_at IS NOT NULL", [id.as_str()])?
        == 0
    {
        return Ok(customer);
    }
    customer.updated_at = change.now;
    customer.version += 1;
    customer.update(change.transaction, &customer.words())?;
    change.record(&Entry::new(Action::Restore, Entity::Customer, id).after(&customer).about(&customer.person))?;
    Ok(customer)
}

/// The customer with this id, unless it was deleted.
///
/// # Errors
/// When the database fails.
pub fn find(connection: &Connection, id: &CustomerId) -> Result<Option<Customer>, StoreError> {
    one(connection, "id = ?1", id.as_str())
}

/// The customer that the desk's own books call so, unless it was deleted.
///
/// # Errors
/// When the database fails.
pub fn with_user_id(connection: &Connection, user_id: &str) -> Result<Option<Customer>, StoreError> {
    one(connection, "user_id = ?1", user_id)
}

/// The customer with this id, ours or that of the desk's own books.
///
/// # Errors
/// When the database fails.
pub fn named(connection: &Connection, name: &str) -> Result<Option<Customer>, StoreError> {
    let ours = name.parse().ok().map(|id: CustomerId| find(connection, &id)).transpose()?.flatten();
    if ours.is_some() { Ok(ours) } else { with_user_id(connection, name) }
}

/// The latest customer with this telephone number.
///
/// # Errors
/// When the database fails.
pub fn with_phone(connection: &Connection, phone: &PhoneNumber) -> Result<Option<Customer>, StoreError> {
    one(connection, "phone = ?1", phone.as_str())
}

/// The latest for which this holds.
fn one(connection: &Connection, condition: &str, value: &str) -> Result<Option<Customer>, StoreError> {
    let Table { columns, .. } = TABLE;
    let sql =
        format!("SELECT {columns} FROM customers WHERE {condition} AND deleted_at IS NULL ORDER BY seq DESC LIMIT 1");
    Ok(connection.prepare_cached(&sql)?.query_row([value], customer).optional()?)
}

/// What holds for these customers.
pub fn among(ids: &[CustomerId]) -> Condition {
    let ids: Vec<_> = ids.iter().map(CustomerId::as_str).collect();
    Condition::one_of("customers.id IN (SELECT value FROM json_each(?))", &ids)
}

/// A page of those that fit.
///
/// # Errors
/// When the database fails.
pub fn page(connection: &Connection, filter: &Filter, page: &Page) -> Result<Rows<Customer>, StoreError> {
    list::page(connection, &TABLE, filter, page, customer)
}

fn there(change: &Change<'_>, id: &CustomerId) -> Result<Customer, Refusal> {
    find(change.transaction, id)?.ok_or(Refusal::Missing("customer"))
}

fn customer(row: &Row<'_>) -> rusqlite::Result<Customer> {
    Ok(Customer {
        id: parsed(row, "id")?,
        person: parsed(row, "person")?,
        user_id: row.get("user_id")?,
        name: Pii::new(row.get("name")?),
        phone: parsed_if_any(row, "phone")?.map(Pii::new),
        card: personal_if_any(row, "card_masked")?,
        bank: row.get("bank")?,
        amount_due: money_if_any(row, "amount_due")?,
        due_month: row.get("due_month")?,
        overdue_days: row.get("overdue_days")?,
        language: parsed_if_any(row, "language")?,
        script: parsed_if_any(row, "script")?,
        notes: Pii::new(row.get("notes")?),
        do_not_call: row.get("do_not_call")?,
        created_at: moment(row, "created_at")?,
        updated_at: moment(row, "updated_at")?,
        version: row.get("version")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{Store, audit::Actor};

    #[tokio::test]
    async fn who_was_deleted_comes_back_unless_another_has_the_number_in_the_books() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        let done = store.change(Actor::console(), Timestamp::UNIX_EPOCH, |change| {
            let patch = |id: &str| CustomerPatch {
                user_id: Some(id.to_owned()),
                name: Some(Pii::new("Omar".to_owned())),
                ..CustomerPatch::default()
            };
            let first = create(change, &patch("7"))?;
            delete(change, &first.id, None)?;
            let second = create(change, &patch("7"))?;
            assert!(matches!(restore(change, &first.id, None), Err(Refusal::Conflict(_))));
            assert!(find(change.transaction, &first.id)?.is_none());
            update(change, &second.id, None, &patch("8"))?;
            let back = restore(change, &first.id, Some(2))?;
            assert_eq!((back.version, find(change.transaction, &first.id)?), (3, Some(back.clone())));
            assert_eq!(restore(change, &first.id, None)?, back);
            Ok::<_, Refusal>(())
        });
        done.await.map_err(|refusal| refusal.to_string()).unwrap();
    }
}
