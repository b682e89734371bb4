//! Which calls to list, a page at a time.

use jiff::Timestamp;
use rusqlite::{Connection, types::Value};

use super::{Call, EndReason};
use crate::{
    domain::{CustomerId, Language, LeadId},
    store::{
        StoreError,
        list::{self, Condition, Filter, Page, Rows, Sort, Table},
    },
};

/// How calls are listed.
pub static TABLE: Table = Table {
    name: "calls",
    columns: "calls.*",
    tie: "id",
    alive: None,
    search: None,
    sorts: &[Sort { name: "startedAt", by: "started_at", index: None }],
    usual: "-startedAt",
};

/// Which calls to list.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// That started then or later.
    pub since: Option<Timestamp>,
    /// That started before.
    pub until: Option<Timestamp>,
    /// In this language.
    pub language: Option<Language>,
    /// With the profile of this name.
    pub profile: Option<String>,
    /// With this outcome.
    pub outcome: Option<String>,
    /// That ended so.
    pub end_reason: Option<EndReason>,
    /// With this lead.
    pub lead: Option<LeadId>,
    /// With this customer.
    pub customer: Option<CustomerId>,
}

/// Calls.
///
/// # Errors
/// When the database fails.
pub fn page(connection: &Connection, wanted: &Wanted, page: &Page) -> Result<Rows<Call>, StoreError> {
    let text = |text: &str| Value::Text(text.to_owned());
    let conditions = [
        wanted.since.map(|since| Condition("started_at >= ?", since.as_millisecond().into())),
        wanted.until.map(|until| Condition("started_at < ?", until.as_millisecond().into())),
        wanted.language.map(|language| Condition("language = ?", text(language.code()))),
        wanted.profile.as_deref().map(|profile| Condition("profile = ?", text(profile))),
        wanted.outcome.as_deref().map(|outcome| Condition("outcome = ?", text(outcome))),
        wanted.end_reason.map(|reason| Condition("end_reason = ?", text(reason.as_str()))),
        wanted.lead.as_ref().map(|id| Condition("lead = ?", text(id.as_str()))),
        wanted.customer.as_ref().map(|id| Condition("customer = ?", text(id.as_str()))),
    ];
    let conditions = conditions.into_iter().flatten().collect();
    list::page(connection, &TABLE, &Filter { conditions, ..Filter::default() }, page, super::call)
}
