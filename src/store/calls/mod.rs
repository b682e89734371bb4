//! Calls: who called, when, how it ended, and what came of it.

mod listing;

use std::time::Duration;

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, Transaction, named_params};
use serde::Serialize;

use super::{
    Change, StoreError,
    audit::{Action, Entity, Entry},
    communications::{self, Communication, Contact},
    rows::{moment, moment_if_any, parsed, parsed_if_any, words},
};
use crate::domain::{CallId, CustomerId, Identity, Language, LeadId, Pii, RoomName, ScriptId};

pub use listing::{TABLE, Wanted, page};

words! {
    /// Who called whom.
    Direction {
        /// The caller came to us.
        Inbound = "inbound",
        /// We called.
        Outbound = "outbound",
    }
}

words! {
    /// How a call ended.
    EndReason {
        /// The caller hung up or was lost.
        CallerLeft = "caller_left",
        /// The agent hung up; written before it was said why.
        AgentLeft = "agent_left",
        /// Everything was said, and the agent hung up.
        Completed = "completed",
        /// The caller was silent for too long, and the agent hung up.
        Silence = "silence",
        /// It took too long, and the agent hung up.
        TooLong = "too_long",
        /// The room was closed, or the agent was removed from it.
        RoomClosed = "room_closed",
        /// All lines were busy.
        Busy = "busy",
        /// A member of staff ended it.
        EndedByStaff = "ended_by_staff",
        /// Something on our side failed.
        Failed = "failed",
        /// The server was stopped.
        Stopped = "stopped",
        /// The server ended without having had the time to say so.
        Interrupted = "interrupted",
    }
}

words! {
    /// By what means somebody converses with the agent.
    Medium {
        /// Aloud, in a room.
        Voice = "voice",
        /// In writing only.
        Text = "text",
    }
}

/// A call that begins.
#[derive(Clone, Debug)]
pub struct NewCall {
    /// Its id.
    pub id: CallId,
    /// Where it is.
    pub room: RoomName,
    /// Who calls.
    pub caller: Identity,
    /// The caller's display name; may be empty.
    pub caller_name: Pii<String>,
    /// What is spoken; `None`: recognised.
    pub language: Option<Language>,
    /// The agent's profile.
    pub profile: String,
    /// Who called whom.
    pub direction: Direction,
    /// When the caller was there. Stored to the millisecond.
    pub started_at: Timestamp,
    /// What is known of it from the beginning.
    pub about: About,
}

/// What a call is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct About {
    /// By what means.
    pub medium: Medium,
    /// With whom, where that is somebody that the desk knows.
    pub party: Option<Contact>,
    /// The script that it runs, and which version of it.
    pub script: Option<(ScriptId, u32)>,
}

impl Default for About {
    /// Somebody calls.
    fn default() -> Self {
        Self { medium: Medium::Voice, party: None, script: None }
    }
}

/// A call as it is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// Its id.
    pub id: CallId,
    /// Where it is or was.
    pub room: RoomName,
    /// Who calls.
    pub caller: Identity,
    /// The caller's display name; may be empty.
    pub caller_name: Pii<String>,
    /// What is spoken; `None`: recognised.
    pub language: Option<Language>,
    /// The agent's profile.
    pub profile: String,
    /// Who called whom.
    pub direction: Direction,
    /// When the caller was there.
    pub started_at: Timestamp,
    /// When the agent began to speak.
    pub answered_at: Option<Timestamp>,
    /// When and how it ended; `None` while it goes on.
    pub ended: Option<Ended>,
    /// By what means.
    pub medium: Medium,
    /// The lead who was called.
    pub lead: Option<LeadId>,
    /// The customer who was called.
    pub customer: Option<CustomerId>,
    /// The script that it ran, and which version of it.
    pub script: Option<(ScriptId, u32)>,
    /// What came of it, in a word of the desk's.
    pub outcome: Option<String>,
    /// Since when what was said in it, and the caller's name, are gone.
    pub erased_at: Option<Timestamp>,
    /// How often its outcome was changed, for ETags.
    pub version: i64,
}

impl Call {
    /// Whom it was with, where that is known.
    pub fn contact(&self) -> Option<Contact> {
        Contact::of(&self.lead, &self.customer)
    }
}

/// The end of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ended {
    /// When.
    pub at: Timestamp,
    /// How.
    pub reason: EndReason,
}

impl Ended {
    /// How long the call was that began then.
    pub fn after(&self, started_at: Timestamp) -> Duration {
        Duration::try_from(self.at.duration_since(started_at)).unwrap_or_default()
    }
}

/// Which calls to list.
#[derive(Clone, Copy, Debug)]
pub struct Filter {
    /// Only those that started then or later.
    pub since: Option<Timestamp>,
    /// So many at most.
    pub limit: u32,
}

/// Keeps a call that begins.
///
/// # Errors
/// When the database fails, or the id is taken.
pub fn start(transaction: &Transaction<'_>, call: &NewCall) -> Result<(), StoreError> {
    let mut statement = transaction.prepare_cached(
        "INSERT INTO calls (id, room, caller, caller_name, language, profile, direction, started_at, medium, lead, customer,
             script, script_version)
         VALUES (:id, :room, :caller, :caller_name, :language, :profile, :direction, :started_at, :medium, :lead, :customer,
             :script, :script_version)",
    )?;
    let About { medium, party, script } = &call.about;
    statement.execute(named_params! {
        ":id": call.id.as_str(),
        ":room": call.room.as_str(),
        ":caller": call.caller.as_str(),
        ":caller_name": call.caller_name.reveal(),
        ":language": call.language.map(Language::code),
        ":profile": call.profile,
        ":direction": call.direction.as_str(),
        ":started_at": call.started_at.as_millisecond(),
        ":medium": medium.as_str(),
        ":lead": party.as_ref().and_then(Contact::lead),
        ":customer": party.as_ref().and_then(Contact::customer),
        ":script": script.as_ref().map(|(id, _)| id.as_str()),
        ":script_version": script.as_ref().map(|(_, number)| number),
    })?;
    Ok(())
}

/// As [`end`], for a call whose beginning is known: whoever looks at the lead or customer will find it there.
///
/// # Errors
/// When the database fails.
pub fn end_with_note(transaction: &Transaction<'_>, call: &NewCall, ended: Ended) -> Result<(), StoreError> {
    if !end(transaction, &call.id, ended)? {
        return Ok(());
    }
    find(transaction, &call.id)?.map_or(Ok(()), |call| note_end(transaction, &call, ended.reason))
}

/// What came of a call is what its script says, else how it ended.
fn note_end(transaction: &Transaction<'_>, call: &Call, reason: EndReason) -> Result<(), StoreError> {
    let Some(contact) = call.contact() else { return Ok(()) };
    let mut note = Communication::call(&call.id, call.direction, call.started_at, reason);
    note.outcome = call.outcome.clone().or(note.outcome);
    communications::add(transaction, &contact, &note)
}

/// Notes when the agent began to speak: the first time counts. False when there is no such call.
///
/// # Errors
/// When the database fails.
pub fn answer(transaction: &Transaction<'_>, id: &CallId, at: Timestamp) -> Result<bool, StoreError> {
    let mut statement =
        transaction.prepare_cached("UPDATE calls SET answered_at = coalesce(answered_at, ?2) WHERE id = ?1")?;
    Ok(statement.execute((id.as_str(), at.as_millisecond()))? > 0)
}

/// Notes how a call ended. False when there is no such call, or it has ended before: the first end counts.
///
/// # Errors
/// When the database fails.
pub fn end(transaction: &Transaction<'_>, id: &CallId, ended: Ended) -> Result<bool, StoreError> {
    let mut statement = transaction
        .prepare_cached("UPDATE calls SET ended_at = ?2, end_reason = ?3 WHERE id = ?1 AND ended_at IS NULL")?;
    Ok(statement.execute((id.as_str(), ended.at.as_millisecond(), ended.reason.as_str()))? > 0)
}

/// Ends the calls that a server which is gone has left open, at the last thing known of each; says how many. To be done once,
/// before the first call of a new one.
///
/// # Errors
/// When the database fails.
pub fn end_interrupted(transaction: &Transaction<'_>) -> Result<usize, StoreError> {
    let mut statement = transaction.prepare(
        "UPDATE calls SET end_reason = ?1, ended_at = max(
             coalesce(answered_at, started_at),
             started_at + coalesce((SELECT max(ended_ms) FROM turns WHERE call = calls.id), 0)
         ) WHERE ended_at IS NULL RETURNING *",
    )?;
    let reason = EndReason::Interrupted;
    let ended = statement.query_map([reason.as_str()], call)?.collect::<Result<Vec<_>, _>>()?;
    for call in &ended {
        note_end(transaction, call, reason)?;
    }
    Ok(ended.len())
}

/// Whether one goes on, aloud or in writing.
///
/// # Errors
/// When the database fails.
pub(super) fn is_any_open(connection: &Connection) -> Result<bool, StoreError> {
    let sql = "SELECT 1 FROM calls INDEXED BY calls_not_ended WHERE ended_at IS NULL";
    Ok(connection.prepare_cached(sql)?.exists([])?)
}

/// Calls, the latest first.
///
/// # Errors
/// When the database fails.
pub fn list(connection: &Connection, filter: Filter) -> Result<Vec<Call>, StoreError> {
    let mut statement = connection
        .prepare_cached("SELECT * FROM calls WHERE started_at >= ?1 ORDER BY started_at DESC, id LIMIT ?2")?;
    let since = filter.since.unwrap_or(Timestamp::MIN).as_millisecond();
    let calls = statement.query_map((since, filter.limit), call)?;
    Ok(calls.collect::<Result<_, _>>()?)
}

/// The call with this id.
///
/// # Errors
/// When the database fails.
pub fn find(connection: &Connection, id: &CallId) -> Result<Option<Call>, StoreError> {
    let mut statement = connection.prepare_cached("SELECT * FROM calls WHERE id = ?1")?;
    Ok(statement.query_row([id.as_str()], call).optional()?)
}

/// Notes what came of a call, which was read in this transaction.
///
/// # Errors
/// When the database fails.
pub fn set_outcome(change: &Change<'_>, old: &Call, outcome: Option<String>) -> Result<Call, StoreError> {
    let call = Call { outcome, version: old.version + 1, ..old.clone() };
    change.transaction.execute(
        "UPDATE calls SET outcome = ?2, version = ?3 WHERE id = ?1",
        (call.id.as_str(), &call.outcome, call.version),
    )?;
    let entry = Entry::new(Action::Update, Entity::Call, &call.id).before(&old.outcome).after(&call.outcome);
    record(change, &call, entry)?;
    Ok(call)
}

/// How somebody takes a hand in a call that is under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Intervention {
    /// They have the agent say something. What, stands among the call's turns.
    Said,
    /// They end it.
    Ended,
    /// They listen in.
    Listened,
    /// They talk with the caller in the agent's place.
    TakenOver,
    /// They give it back to the agent.
    GivenBack,
}

/// Notes in the audit log that somebody takes a hand in a call.
///
/// # Errors
/// When the database fails.
pub fn intervene(change: &Change<'_>, call: &Call, intervention: Intervention) -> Result<(), StoreError> {
    record(change, call, Entry::new(Action::Update, Entity::Call, &call.id).after(&intervention))
}

/// Notes whom a call is with that was with nobody known.
///
/// # Errors
/// When the database fails, or there is nobody such.
pub fn set_contact(transaction: &Transaction<'_>, id: &CallId, contact: &Contact) -> Result<(), StoreError> {
    let mut statement = transaction.prepare_cached("UPDATE calls SET lead = ?2, customer = ?3 WHERE id = ?1")?;
    statement.execute((id.as_str(), contact.lead(), contact.customer()))?;
    Ok(())
}

/// As [`delete`], in somebody's name. What was said of the call elsewhere goes too. To be followed by
/// [`super::Store::empty_log`].
///
/// # Errors
/// When the database fails.
pub fn erase(change: &Change<'_>, call: &Call) -> Result<(), StoreError> {
    delete(change.transaction, &call.id)?;
    record(change, call, Entry::new(Action::Delete, Entity::Call, &call.id))
}

fn record(change: &Change<'_>, call: &Call, entry: Entry) -> Result<(), StoreError> {
    let person = call.contact().map(|contact| contact.person(change.transaction)).transpose()?.flatten();
    change.record(&person.iter().fold(entry, Entry::about))
}

/// Deletes a call, its turns, and what notes of the call say; for [`super::Store::erase`]. False when there is no such call.
///
/// # Errors
/// When the database fails.
pub fn delete(transaction: &Transaction<'_>, id: &CallId) -> Result<bool, StoreError> {
    transaction.execute("UPDATE communications SET text = '' WHERE call = ?1", [id.as_str()])?;
    Ok(transaction.execute("DELETE FROM calls WHERE id = ?1", [id.as_str()])? > 0)
}

fn call(row: &Row<'_>) -> rusqlite::Result<Call> {
    let ended = match (moment_if_any(row, "ended_at")?, parsed_if_any(row, "end_reason")?) {
        (Some(at), Some(reason)) => Some(Ended { at, reason }),
        _ => None,
    };
    let script = match (parsed_if_any(row, "script")?, row.get("script_version")?) {
        (Some(script), Some(version)) => Some((script, version)),
        _ => None,
    };
    Ok(Call {
        id: parsed(row, "id")?,
        room: parsed(row, "room")?,
        caller: parsed(row, "caller")?,
        caller_name: Pii::new(row.get("caller_name")?),
        language: parsed_if_any(row, "language")?,
        profile: row.get("profile")?,
        direction: parsed(row, "direction")?,
        started_at: moment(row, "started_at")?,
        answered_at: moment_if_any(row, "answered_at")?,
        ended,
        medium: parsed(row, "medium")?,
        lead: parsed_if_any(row, "lead")?,
        customer: parsed_if_any(row, "customer")?,
        script,
        outcome: row.get("outcome")?,
        erased_at: moment_if_any(row, "erased_at")?,
        version: row.get("version")?,
    })
}
