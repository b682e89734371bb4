//! The way of a message out of the outbox, and what is heard of it. States only move forward: what a report says never takes
//! back what is known already.

use std::fmt;

use jiff::Timestamp;
use rand::{RngExt, distr::Alphanumeric};
use rusqlite::{Connection, OptionalExtension, Transaction, named_params};
use sha2::{Digest, Sha256};

use super::{
    super::{
        Change, StoreError,
        audit::{Action, Entity, Entry},
        do_not_call,
        rows::moment_if_any,
    },
    Sms, SmsState, record, sms,
};
use crate::domain::{PhoneNumber, Pii, SmsId};

/// Random letters and digits: 190 bits.
const CALLBACK_LENGTH: usize = 32;
/// Blocked messages are passed over, so many at once: other writes wait meanwhile.
const BATCH: usize = 32;
const INTERRUPTED: &str = "the server stopped while it was being sent: it may have been sent";

/// The secret in the address where the transport reports on one attempt. `Debug` redacts it.
#[derive(Clone, PartialEq, Eq)]
pub struct CallbackSecret(String);

impl CallbackSecret {
    fn random() -> Self {
        Self(rand::rng().sample_iter(Alphanumeric).take(CALLBACK_LENGTH).map(char::from).collect())
    }

    /// A secret as somebody sent it; `None` when it cannot be one.
    pub fn parse(text: &str) -> Option<Self> {
        let fits = text.len() == CALLBACK_LENGTH && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
        fits.then(|| Self(text.to_owned()))
    }

    /// The secret itself, for the transport: never for a log.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// What is kept of it, as of API keys (`store::api_keys` says why that is enough).
    fn digest(&self) -> [u8; 32] {
        Sha256::digest(self.0.as_bytes()).into()
    }
}

impl fmt::Debug for CallbackSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[secret]")
    }
}

/// A message that is being sent from now on: exactly one request may be made for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// Which.
    pub id: SmsId,
    /// Where to.
    pub phone: Pii<PhoneNumber>,
    /// What.
    pub text: Pii<String>,
    /// From 1, since it was queued by hand.
    pub number: u32,
    /// Where the transport may report.
    pub callback: CallbackSecret,
}

/// What there is to send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Claim {
    /// A message.
    Attempt(Attempt),
    /// Nothing yet.
    Nothing {
        /// When there will be; `None`: when something is queued.
        next: Option<Timestamp>,
    },
}

/// What came of an attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The transport has taken it, and may have said what it calls it.
    Sent {
        /// See [`Sms::reference`].
        reference: Option<String>,
    },
    /// The transport refuses it for good.
    Failed {
        /// See [`Sms::problem`].
        problem: String,
    },
    /// It was certainly not taken, and is to be tried again.
    Again {
        /// When.
        due_at: Timestamp,
        /// See [`Sms::problem`].
        problem: String,
    },
    /// It may have been taken.
    Unknown {
        /// See [`Sms::problem`].
        problem: String,
    },
}

/// What a transport reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// It is on its way.
    Sent,
    /// It arrived.
    Delivered,
    /// It will not.
    Failed,
}

/// A report on an attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// What happened.
    pub delivery: Delivery,
    /// What the transport calls the message. One that is known to be called otherwise is not meant.
    pub reference: Option<String>,
    /// Why it failed.
    pub problem: Option<String>,
}

/// Takes the message that has been due for longest. When this was committed, it is being sent: then, and not before, the
/// request may leave. Messages to numbers that are on the do-not-call list by now are blocked instead.
///
/// # Errors
/// When the database fails.
pub fn claim(change: &Change<'_>) -> Result<Claim, StoreError> {
    for _ in 0..BATCH {
        let Some(due) = first_due(change)? else { return Ok(Claim::Nothing { next: next_due(change.transaction)? }) };
        if do_not_call::is_listed(change.transaction, change.vault, due.phone.reveal())? {
            block(change, &due)?;
        } else {
            return begin(change, due).map(Claim::Attempt);
        }
    }
    Ok(Claim::Nothing { next: Some(change.now) })
}

fn first_due(change: &Change<'_>) -> Result<Option<Sms>, StoreError> {
    let mut statement = change
        .transaction
        .prepare_cached("SELECT * FROM sms_outbox WHERE due_at <= ?1 ORDER BY due_at, created_at, id LIMIT 1")?;
    Ok(statement.query_row([change.now.as_millisecond()], sms).optional()?)
}

fn next_due(connection: &Connection) -> Result<Option<Timestamp>, StoreError> {
    let mut statement =
        connection.prepare_cached("SELECT min(due_at) AS due_at FROM sms_outbox WHERE due_at IS NOT NULL")?;
    Ok(statement.query_row([], |row| moment_if_any(row, "due_at"))?)
}

fn block(change: &Change<'_>, before: &Sms) -> Result<(), StoreError> {
    change.transaction.execute(
        "UPDATE sms_outbox SET state = 'blocked', due_at = NULL, updated_at = ?2, version = version + 1 WHERE id = ?1",
        (before.id.as_str(), change.now.as_millisecond()),
    )?;
    let after = Sms { state: SmsState::Blocked, ..before.clone() };
    let entry = Entry::new(Action::Update, Entity::Sms, &before.id).before(before).after(&after);
    record(change, entry, before)
}

fn begin(change: &Change<'_>, due: Sms) -> Result<Attempt, StoreError> {
    let callback = CallbackSecret::random();
    let mut statement = change.transaction.prepare_cached(
        "UPDATE sms_outbox SET state = 'sending', attempts = attempts + 1, due_at = NULL, callback = ?2, updated_at = ?3,
             version = version + 1
         WHERE id = ?1",
    )?;
    statement.execute((due.id.as_str(), callback.digest(), change.now.as_millisecond()))?;
    Ok(Attempt { id: due.id, phone: due.phone, text: due.text, number: due.attempts.saturating_add(1), callback })
}

/// Notes what came of an attempt. Where a report has come before the answer, only the reference is new.
///
/// # Errors
/// When the database fails.
pub fn settle(transaction: &Transaction<'_>, id: &SmsId, verdict: &Verdict, now: Timestamp) -> Result<(), StoreError> {
    let (state, due_at, reference, problem) = match verdict {
        Verdict::Sent { reference } => (SmsState::Sent, None, reference.as_deref(), None),
        Verdict::Failed { problem } => (SmsState::Failed, None, None, Some(problem)),
        Verdict::Again { due_at, problem } => (SmsState::Queued, Some(*due_at), None, Some(problem)),
        Verdict::Unknown { problem } => (SmsState::Unknown, None, None, Some(problem)),
    };
    let mut statement = transaction.prepare_cached(
        "UPDATE sms_outbox SET state = :state, due_at = :due_at, problem = :problem, updated_at = :now,
             version = version + 1
         WHERE id = :id AND state = 'sending'",
    )?;
    statement.execute(named_params! {
        ":id": id.as_str(),
        ":state": state.as_str(),
        ":due_at": due_at.map(Timestamp::as_millisecond),
        ":problem": problem,
        ":now": now.as_millisecond(),
    })?;
    if let Some(reference) = reference {
        transaction.execute("UPDATE sms_outbox SET reference = ?2 WHERE id = ?1", (id.as_str(), reference))?;
    }
    Ok(())
}

/// What is found half-sent when the server starts may have been sent. Gives how many there were.
///
/// # Errors
/// When the database fails.
pub fn recover(transaction: &Transaction<'_>, now: Timestamp) -> Result<usize, StoreError> {
    Ok(transaction.execute(
        "UPDATE sms_outbox SET state = 'unknown', problem = ?1, updated_at = ?2, version = version + 1
         WHERE state = 'sending'",
        (INTERRUPTED, now.as_millisecond()),
    )?)
}

/// The message on which a report with this secret may come.
///
/// # Errors
/// When the database fails.
pub fn with_callback(connection: &Connection, secret: &CallbackSecret) -> Result<Option<Sms>, StoreError> {
    let mut statement = connection.prepare_cached("SELECT * FROM sms_outbox WHERE callback = ?1")?;
    Ok(statement.query_row([secret.digest()], sms).optional()?)
}

/// Notes what a transport reports. False when it says nothing new, or means no message of ours.
///
/// A message that waits to be tried again, and that the transport says to have taken after all, is not sent again; a failure of the
/// earlier attempt changes nothing there.
///
/// # Errors
/// When the database fails.
pub fn report(
    transaction: &Transaction<'_>,
    secret: &CallbackSecret,
    report: &Report,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let (state, from) = match report.delivery {
        Delivery::Sent => (SmsState::Sent, "queued sending unknown"),
        Delivery::Delivered => (SmsState::Delivered, "queued sending unknown sent"),
        Delivery::Failed => (SmsState::Failed, "sending unknown sent"),
    };
    // No state's word is a part of another's.
    let mut statement = transaction.prepare_cached(
        "UPDATE sms_outbox SET state = :state, due_at = NULL, problem = :problem,
             reference = coalesce(reference, :reference), updated_at = :now, version = version + 1
         WHERE callback = :callback AND instr(:from, state) > 0
             AND (reference IS NULL OR :reference IS NULL OR reference = :reference)",
    )?;
    let changed = statement.execute(named_params! {
        ":callback": secret.digest(),
        ":state": state.as_str(),
        ":from": from,
        ":problem": report.problem,
        ":reference": report.reference,
        ":now": now.as_millisecond(),
    })?;
    Ok(changed > 0)
}

/// Deletes messages that were written `before`, whose state has not changed since, and that do not wait to be sent; the oldest
/// first, so many at most. The histories of whom they were to still say that there was one. How many that were.
///
/// # Errors
/// When the database fails.
pub(in crate::store) fn delete_old(
    transaction: &Transaction<'_>,
    before: Timestamp,
    most: u32,
) -> Result<usize, StoreError> {
    let mut statement = transaction.prepare_cached(
        "SELECT id FROM sms_outbox INDEXED BY sms_by_creation
         WHERE created_at < ?1 AND updated_at < ?1 AND state NOT IN ('queued', 'sending') ORDER BY created_at LIMIT ?2",
    )?;
    let ids = statement.query_map((before.as_millisecond(), most), |row| row.get(0))?;
    let ids = ids.collect::<Result<Vec<String>, _>>()?;
    for id in &ids {
        transaction.prepare_cached("UPDATE communications SET text = '' WHERE sms = ?1")?.execute([id])?;
        transaction.prepare_cached("DELETE FROM sms_outbox WHERE id = ?1")?.execute([id])?;
    }
    Ok(ids.len())
}
