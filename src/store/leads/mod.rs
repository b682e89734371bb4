//! Leads: people that the desk may win. Deleting hides one, for calls and messages name it.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, Transaction, named_params};
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    Change, Refusal, StoreError,
    audit::{Action, Entity, Entry, Record},
    do_not_call,
    imports::{Drafting, Step},
    json::{revealed, revealed_if_any, shown, shown_if_any},
    list::{self, Condition, Facet, Filter, Page, Rows, Searchable, Sort, Table, Words},
    persons,
    refusal::expect_version,
    rows::{moment, parsed, parsed_if_any, personal_if_any, script_exists, set, words},
};
use crate::domain::{Email, Language, LeadId, PersonId, PhoneNumber, Pii, ScriptId, fold};

words! {
    /// How far the desk is with a lead.
    LeadStatus {
        /// Nobody has spoken with them.
        New = "new",
        /// Somebody has, or has tried to.
        Contacted = "contacted",
        /// They may want what is offered.
        Qualified = "qualified",
        /// They took it.
        Won = "won",
        /// They did not.
        Lost = "lost",
        /// They do not want to be asked: their number is put on the do-not-call list.
        DoNotCall = "do_not_call",
    }
}

/// Why a number is on the do-not-call list when a lead's status put it there.
const WISH: &str = "the lead's status is do_not_call";

/// How leads are listed.
pub const TABLE: Table = Table {
    name: "leads",
    columns:
        "leads.*, EXISTS (SELECT 1 FROM persons JOIN do_not_call USING (phone_digest) WHERE persons.id = leads.person)
        AS do_not_call",
    tie: "seq",
    alive: Some("leads.deleted_at IS NULL"),
    search: Some("leads_search"),
    sorts: &[
        Sort { name: "createdAt", by: "seq", index: None },
        Sort { name: "updatedAt", by: "updated_at", index: Some("leads_by_update") },
        Sort { name: "name", by: "name_key", index: Some("leads_by_name") },
    ],
    usual: "-createdAt",
};

/// A lead, as programs see it and as the audit log keeps it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Lead {
    /// `LE_` and 12 characters.
    #[serde(serialize_with = "shown")]
    #[schema(value_type = String)]
    pub id: LeadId,
    /// Whose data this is.
    #[serde(skip)]
    pub person: PersonId,
    /// May be empty when there is a telephone number.
    #[serde(serialize_with = "revealed")]
    #[schema(value_type = String)]
    pub name: Pii<String>,
    /// E.164.
    #[serde(serialize_with = "revealed_if_any")]
    #[schema(value_type = Option<String>)]
    pub phone: Option<Pii<PhoneNumber>>,
    /// An e-mail address.
    #[serde(serialize_with = "revealed_if_any")]
    #[schema(value_type = Option<String>)]
    pub email: Option<Pii<Email>>,
    /// Where they work.
    #[serde(serialize_with = "revealed_if_any")]
    #[schema(value_type = Option<String>)]
    pub company: Option<Pii<String>>,
    /// How far the desk is: `new`, `contacted`, `qualified`, `won`, `lost` or `do_not_call`.
    #[schema(value_type = String)]
    pub status: LeadStatus,
    /// Where they come from, in the desk's words.
    pub source: Option<String>,
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

/// What is to be changed of a lead: `None` is left as it is, and what may be missing is emptied by `Some(None)`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LeadPatch {
    /// See [`Lead::name`].
    pub name: Option<Pii<String>>,
    /// See [`Lead::phone`].
    pub phone: Option<Option<Pii<PhoneNumber>>>,
    /// See [`Lead::email`].
    pub email: Option<Option<Pii<Email>>>,
    /// See [`Lead::company`].
    pub company: Option<Option<Pii<String>>>,
    /// See [`Lead::status`].
    pub status: Option<LeadStatus>,
    /// See [`Lead::source`].
    pub source: Option<Option<String>>,
    /// See [`Lead::language`].
    pub language: Option<Option<Language>>,
    /// See [`Lead::script`].
    pub script: Option<Option<ScriptId>>,
    /// See [`Lead::notes`].
    pub notes: Option<Pii<String>>,
}

impl LeadPatch {
    fn apply(&self, lead: &mut Lead) {
        set(&mut lead.name, &self.name);
        set(&mut lead.phone, &self.phone);
        set(&mut lead.email, &self.email);
        set(&mut lead.company, &self.company);
        set(&mut lead.status, &self.status);
        set(&mut lead.source, &self.source);
        set(&mut lead.language, &self.language);
        set(&mut lead.script, &self.script);
        set(&mut lead.notes, &self.notes);
    }
}

impl Lead {
    /// A new one of whom nothing is known yet.
    fn blank(person: PersonId, now: Timestamp) -> Self {
        Self {
            id: LeadId::random(),
            person,
            name: Pii::default(),
            phone: None,
            email: None,
            company: None,
            status: LeadStatus::New,
            source: None,
            language: None,
            script: None,
            notes: Pii::default(),
            do_not_call: false,
            created_at: now,
            updated_at: now,
            version: 1,
        }
    }

    /// Whether their number is on the do-not-call list; of those without a number the status says it.
    pub fn must_not_be_called(&self) -> bool {
        self.do_not_call || (self.phone.is_none() && self.status == LeadStatus::DoNotCall)
    }

    /// Writes a new one.
    pub(super) fn insert(&self, transaction: &Transaction<'_>, words: &Words) -> Result<(), StoreError> {
        self.write(
            transaction,
            "INSERT INTO leads (id, person, name, name_key, phone, email, company, status, source, language, script, notes,
                 created_at, updated_at, version, search)
             VALUES (:id, :person, :name, :name_key, :phone, :email, :company, :status, :source, :language, :script, :notes,
                 :now, :now, :version, :search)",
            words,
        )
    }

    /// Writes what was changed.
    pub(super) fn update(&self, transaction: &Transaction<'_>, words: &Words) -> Result<(), StoreError> {
        self.write(
            transaction,
            "UPDATE leads SET person = :person, name = :name, name_key = :name_key, phone = :phone, email = :email,
                 company = :company, status = :status, source = :source, language = :language, script = :script,
                 notes = :notes, updated_at = :now, version = :version, search = :search
             WHERE id = :id",
            words,
        )
    }

    fn write(&self, transaction: &Transaction<'_>, sql: &str, words: &Words) -> Result<(), StoreError> {
        transaction.prepare_cached(sql)?.execute(named_params! {
            ":id": self.id.as_str(),
            ":person": self.person.as_str(),
            ":name": self.name.reveal(),
            ":name_key": words.name_key,
            ":phone": self.phone.as_ref().map(|phone| phone.reveal().as_str()),
            ":email": self.email.as_ref().map(|email| email.reveal().as_str()),
            ":company": self.company.as_ref().map(Pii::reveal),
            ":status": self.status.as_str(),
            ":source": self.source,
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
        let email = self.email.as_ref().map_or("", |email| email.reveal().as_str());
        let company = self.company.as_ref().map_or("", |company| company.reveal().as_str());
        Searchable::default()
            .text(self.name.reveal())
            .phone(self.phone.as_ref().map(Pii::reveal))
            .text(email)
            .text(company)
            .text(self.notes.reveal())
            .facet(Facet::Status, Some(self.status.as_str()))
            .facet(Facet::Source, self.source.as_deref())
            .facet(Facet::Language, self.language.map(Language::code))
            .into_text()
    }

    /// What has to hold of every lead.
    fn check(&self, connection: &Connection, patch: &LeadPatch) -> Result<(), Refusal> {
        if self.name.reveal().is_empty() && self.phone.is_none() {
            return Err(Refusal::Field("name", "is missing: give a name or a telephone number"));
        }
        match &patch.script {
            Some(Some(script)) if !script_exists(connection, script)? => {
                Err(Refusal::Field("scriptId", "names no script"))
            }
            _ => Ok(()),
        }
    }
}

/// Whether `patch` would change anything of `there`, or of a new lead.
///
/// # Errors
/// When a value does not fit, or the database fails.
pub(super) fn try_patch(connection: &Connection, there: Option<&Lead>, patch: &LeadPatch) -> Result<bool, Refusal> {
    let before = there.cloned().unwrap_or_else(|| Lead::blank(PersonId::random(), Timestamp::UNIX_EPOCH));
    let mut lead = before.clone();
    patch.apply(&mut lead);
    lead.check(connection, patch)?;
    Ok(lead != before)
}

/// Keeps a new lead.
///
/// # Errors
/// When a value does not fit, or the database fails.
pub fn create(change: &Change<'_>, patch: &LeadPatch) -> Result<Lead, Refusal> {
    create_by(change, patch, Action::Create)
}

/// The same for whatever the audit log is to call it.
pub(super) fn create_by(change: &Change<'_>, patch: &LeadPatch, action: Action) -> Result<Lead, Refusal> {
    let phone = patch.phone.as_ref().and_then(Option::as_ref).map(Pii::reveal);
    let person = persons::of_phone(change.transaction, change.vault, phone)?;
    let mut lead = Lead::blank(person, change.now);
    patch.apply(&mut lead);
    lead.check(change.transaction, patch)?;
    lead.insert(change.transaction, &lead.words())?;
    list_number(change, None, &lead)?;
    let lead = there(change, &lead.id)?;
    change.record(&Entry::new(action, Entity::Lead, &lead.id).after(&lead).about(&lead.person))?;
    Ok(lead)
}

/// A new lead of an import, before it is written.
///
/// # Errors
/// When a value does not fit, or the database fails.
pub(super) fn draft_new(patch: &LeadPatch, drafting: &mut Drafting<'_>) -> Result<Step<Lead>, Refusal> {
    if patch.status == Some(LeadStatus::DoNotCall) {
        return Ok(Step::Now);
    }
    let phone = patch.phone.as_ref().and_then(Option::as_ref).map(Pii::reveal);
    let person = drafting.person(phone)?;
    let mut lead = Lead::blank(person.id.clone(), drafting.now);
    patch.apply(&mut lead);
    lead.check(drafting.connection, patch)?;
    lead.do_not_call = drafting.is_listed(phone)?;
    let entry = Entry::new(Action::Import, Entity::Lead, &lead.id).after(&lead).about(&lead.person);
    let record = Record::seal(&entry, Some(&person.key));
    Ok(Step::Create { person, words: lead.words(), row: lead, record })
}

/// What a row of an import makes of a lead, before it is written.
///
/// # Errors
/// When a value does not fit, or the database fails.
pub(super) fn draft_change(before: &Lead, patch: &LeadPatch, drafting: &Drafting<'_>) -> Result<Step<Lead>, Refusal> {
    let mut lead = before.clone();
    patch.apply(&mut lead);
    lead.check(drafting.connection, patch)?;
    if lead.phone != before.phone || lead.status == LeadStatus::DoNotCall {
        return Ok(Step::Now);
    }
    lead.updated_at = drafting.now;
    lead.version += 1;
    let entry = Entry::new(Action::Import, Entity::Lead, &lead.id).before(before).after(&lead).about(&lead.person);
    let record = Record::seal(&entry, drafting.key(&lead.person)?.as_ref());
    Ok(Step::Update { words: lead.words(), row: lead, record })
}

/// Changes a lead; what is the same already is not written.
///
/// # Errors
/// When it is not there or not at this version, a value does not fit, or the database fails.
pub fn update(change: &Change<'_>, id: &LeadId, expected: Option<i64>, patch: &LeadPatch) -> Result<Lead, Refusal> {
    update_by(change, id, expected, patch, Action::Update)
}

/// The same for whatever the audit log is to call it.
pub(super) fn update_by(
    change: &Change<'_>,
    id: &LeadId,
    expected: Option<i64>,
    patch: &LeadPatch,
    action: Action,
) -> Result<Lead, Refusal> {
    let before = there(change, id)?;
    expect_version(before.version, expected)?;
    let mut lead = before.clone();
    patch.apply(&mut lead);
    if lead == before {
        return Ok(before);
    }
    lead.check(change.transaction, patch)?;
    if lead.phone != before.phone {
        let phone = lead.phone.as_ref().map(Pii::reveal);
        lead.person = persons::with_new_phone(change.transaction, change.vault, &before.person, phone)?;
    }
    lead.updated_at = change.now;
    lead.version += 1;
    lead.update(change.transaction, &lead.words())?;
    list_number(change, Some(&before), &lead)?;
    let lead = there(change, id)?;
    change.record(&Entry::new(action, Entity::Lead, id).before(&before).after(&lead).about(&lead.person))?;
    Ok(lead)
}

/// Who gets the status, or another number while it stands, is on the do-not-call list from now on: that list is what calls
/// and messages are held to. Another status later takes nobody off it, which needs a reason.
fn list_number(change: &Change<'_>, before: Option<&Lead>, lead: &Lead) -> Result<(), StoreError> {
    let is_same = before.is_some_and(|before| before.status == lead.status && before.phone == lead.phone);
    if let (LeadStatus::DoNotCall, Some(phone), false) = (lead.status, &lead.phone, is_same) {
        do_not_call::add(change, phone.reveal(), &Pii::new(WISH.to_owned()))?;
    }
    Ok(())
}

/// Hides a lead; it is no longer found.
///
/// # Errors
/// When it is not there or not at this version, or the database fails.
pub fn delete(change: &Change<'_>, id: &LeadId, expected: Option<i64>) -> Result<(), Refusal> {
    let before = there(change, id)?;
    expect_version(before.version, expected)?;
    change.transaction.execute(
        "UPDATE leads SET deleted_at = ?2, updated_at = ?2, version = version + 1, search = '' WHERE id = ?1",
        (id.as_str(), change.now.as_millisecond()),
    )?;
    change.record(&Entry::new(Action::Delete, Entity::Lead, id).before(&before).about(&before.person))?;
    Ok(())
}

/// Brings back a lead that was deleted; one that is there stays as it is.
///
/// # Errors
/// When there is none or it is not at this version, or the database fails.
pub fn restore(change: &Change<'_>, id: &LeadId, expected: Option<i64>) -> Result<Lead, Refusal> {
    let Table { columns, .. } = TABLE;
    let mut statement = change.transaction.prepare_cached(&format!("SELECT {columns} FROM leads WHERE id = ?1"))?;
    let mut lead = statement.query_row([id.as_str()], lead).optional()?.ok_or(Refusal::Missing("lead"))?;
    expect_version(lead.version, expected)?;
    if change
        .transaction
        .execute("UPDATE leads SET deleted_at = NULL WHERE id = ?1 AND deleted_at IS NOT NULL", [id.as_str()])?
        == 0
    {
        return Ok(lead);
    }
    lead.updated_at = change.now;
    lead.version += 1;
    lead.update(change.transaction, &lead.words())?;
    change.record(&Entry::new(Action::Restore, Entity::Lead, id).after(&lead).about(&lead.person))?;
    Ok(lead)
}

/// The lead with this id, unless it was deleted.
///
/// # Errors
/// When the database fails.
pub fn find(connection: &Connection, id: &LeadId) -> Result<Option<Lead>, StoreError> {
    let Table { columns, .. } = TABLE;
    let sql = format!("SELECT {columns} FROM leads WHERE id = ?1 AND deleted_at IS NULL");
    Ok(connection.prepare_cached(&sql)?.query_row([id.as_str()], lead).optional()?)
}

/// The latest lead with this telephone number.
///
/// # Errors
/// When the database fails.
pub fn with_phone(connection: &Connection, phone: &PhoneNumber) -> Result<Option<Lead>, StoreError> {
    let Table { columns, .. } = TABLE;
    let sql = format!("SELECT {columns} FROM leads WHERE phone = ?1 AND deleted_at IS NULL ORDER BY seq DESC LIMIT 1");
    Ok(connection.prepare_cached(&sql)?.query_row([phone.as_str()], lead).optional()?)
}

/// What holds for these leads.
pub fn among(ids: &[LeadId]) -> Condition {
    let ids: Vec<_> = ids.iter().map(LeadId::as_str).collect();
    Condition::one_of("leads.id IN (SELECT value FROM json_each(?))", &ids)
}

/// A page of those that fit.
///
/// # Errors
/// When the database fails.
pub fn page(connection: &Connection, filter: &Filter, page: &Page) -> Result<Rows<Lead>, StoreError> {
    list::page(connection, &TABLE, filter, page, lead)
}

fn there(change: &Change<'_>, id: &LeadId) -> Result<Lead, Refusal> {
    find(change.transaction, id)?.ok_or(Refusal::Missing("lead"))
}

fn lead(row: &Row<'_>) -> rusqlite::Result<Lead> {
    Ok(Lead {
        id: parsed(row, "id")?,
        person: parsed(row, "person")?,
        name: Pii::new(row.get("name")?),
        phone: parsed_if_any(row, "phone")?.map(Pii::new),
        email: parsed_if_any(row, "email")?.map(Pii::new),
        company: personal_if_any(row, "company")?,
        status: parsed(row, "status")?,
        source: row.get("source")?,
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
mod tests;
