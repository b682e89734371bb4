//! Which calls to list, a page at a time.

use jiff::Timestamp;
use rusqlite::{Connection, types::Value};

use super::{Call, EndReason};
use crate::{
    domain::{CustomerId, Language, LeadId, ScriptId},
    store::{
        StoreError,
        communications::Contact,
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

/// Where words are looked for. Calls have no index of words: there are not so many that one would pay.
const SEARCHED: &str = "instr(lower(caller_name || ' ' || room || ' ' || caller), ?)";

/// Which calls to list.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// These all stand in the caller's name or identity or the room's name, in part at least.
    pub words: Option<String>,
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
    /// That ran this script.
    pub script: Option<ScriptId>,
    /// With this lead.
    pub lead: Option<LeadId>,
    /// With this customer.
    pub customer: Option<CustomerId>,
}

impl Wanted {
    /// What holds for them.
    pub fn filter(&self) -> Filter {
        let text = |text: &str| Value::Text(text.to_owned());
        let conditions = [
            self.since.map(|since| Condition("started_at >= ?", since.as_millisecond().into())),
            self.until.map(|until| Condition("started_at < ?", until.as_millisecond().into())),
            self.language.map(|language| Condition("language = ?", text(language.code()))),
            self.profile.as_deref().map(|profile| Condition("profile = ?", text(profile))),
            self.outcome.as_deref().map(|outcome| Condition("outcome = ?", text(outcome))),
            self.end_reason.map(|reason| Condition("end_reason = ?", text(reason.as_str()))),
            self.script.as_ref().map(|script| Condition("script = ?", text(script.as_str()))),
        ];
        let words = Condition::for_words(SEARCHED, &self.words.as_deref().unwrap_or_default().to_lowercase());
        let with = Contact::conditions(self.lead.as_ref(), self.customer.as_ref());
        Filter { conditions: conditions.into_iter().flatten().chain(words).chain(with).collect(), ..Filter::default() }
    }
}

/// A page of calls.
///
/// # Errors
/// When the database fails.
pub fn page(connection: &Connection, filter: &Filter, page: &Page) -> Result<Rows<Call>, StoreError> {
    list::page(connection, &TABLE, filter, page, super::call)
}
