//! Sessions of members of staff: who holds the secret is whom they say they are, until a limit is reached or somebody ends
//! it.

use std::time::Duration;

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, Transaction, named_params};
use serde_json::json;

use super::{
    Change, RandomSecret, StoreError,
    audit::{self, Action, Actor, Entity, Entry},
    rows::{millis, moment, parsed, words},
    users::{self, User},
};
use crate::domain::{SessionId, UserId};

/// A session's last use is noted once in this time, not at each request.
const SEEN_MS: i64 = 60_000;

/// How long sessions last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// After the last request.
    pub idle: Duration,
    /// After logging in.
    pub whole: Duration,
}

impl Limits {
    /// Sessions that were last seen before the first moment, or begun before the second, are over.
    fn oldest(self, now: Timestamp) -> (i64, i64) {
        let before = |span| now.as_millisecond().saturating_sub(millis(span));
        (before(self.idle), before(self.whole))
    }

    /// Why a session is over; `None`: it is not.
    fn end_of(self, session: &Session, now: Timestamp) -> Option<End> {
        let (seen_after, begun_after) = self.oldest(now);
        match session {
            _ if session.created_at.as_millisecond() <= begun_after => Some(End::Whole),
            _ if session.seen_at.as_millisecond() <= seen_after => Some(End::Idle),
            _ => None,
        }
    }
}

words! {
    /// Which limit a session has reached.
    End {
        /// Nobody has used it for so long.
        Idle = "idle",
        /// It was begun so long ago.
        Whole = "whole",
    }
}

/// A session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// Its id, by which it is ended.
    pub id: SessionId,
    /// Whose it is.
    pub user: UserId,
    /// When it was begun.
    pub created_at: Timestamp,
    /// When it was last used, to the minute.
    pub seen_at: Timestamp,
    /// The address from which it was begun; empty when nobody knew.
    pub address: String,
    /// The browser with which it was begun, in its own words.
    pub agent: String,
}

impl Session {
    /// Whether a use `now` has to be noted by [`note_seen`].
    pub fn is_worth_noting(&self, now: Timestamp) -> bool {
        now.as_millisecond() - self.seen_at.as_millisecond() >= SEEN_MS
    }
}

/// Begins a session. Its secret is given here and never again.
///
/// # Errors
/// When the database fails.
pub fn create(
    transaction: &Transaction<'_>,
    user: &UserId,
    address: &str,
    agent: &str,
    now: Timestamp,
) -> Result<(SessionId, RandomSecret), StoreError> {
    let (id, secret) = (SessionId::random(), RandomSecret::random());
    transaction.execute(
        "INSERT INTO sessions (digest, id, user, created_at, seen_at, address, agent)
         VALUES (:digest, :id, :user, :now, :now, :address, :agent)",
        named_params! {
            ":digest": secret.digest(),
            ":id": id.as_str(),
            ":user": user.as_str(),
            ":now": now.as_millisecond(),
            ":address": address,
            ":agent": agent,
        },
    )?;
    Ok((id, secret))
}

/// What a secret is worth.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// No session has it, or its owner may not log in any more.
    Nothing,
    /// A session that is over, and is not forgotten yet.
    Over,
    /// A session, and whose it is.
    Alive(Box<(Session, User)>),
}

/// The session with this secret.
///
/// # Errors
/// When the database fails.
pub fn find(
    connection: &Connection,
    secret: &RandomSecret,
    limits: Limits,
    now: Timestamp,
) -> Result<Found, StoreError> {
    let mut statement = connection.prepare_cached("SELECT * FROM sessions WHERE digest = ?1")?;
    let found = statement.query_row([secret.digest()], session).optional()?;
    let Some(session) = found else { return Ok(Found::Nothing) };
    if limits.end_of(&session, now).is_some() {
        return Ok(Found::Over);
    }
    let user = users::find(connection, &session.user)?.filter(|user| user.disabled_at.is_none());
    Ok(user.map_or(Found::Nothing, |user| Found::Alive(Box::new((session, user)))))
}

/// The sessions of a member of staff that are not over, the latest used first.
///
/// # Errors
/// When the database fails.
pub fn of_user(
    connection: &Connection,
    user: &UserId,
    limits: Limits,
    now: Timestamp,
) -> Result<Vec<Session>, StoreError> {
    let (seen_after, begun_after) = limits.oldest(now);
    let mut statement = connection.prepare_cached(
        "SELECT * FROM sessions WHERE user = ?1 AND seen_at > ?2 AND created_at > ?3 ORDER BY seen_at DESC, id",
    )?;
    let sessions = statement.query_map((user.as_str(), seen_after, begun_after), session)?;
    Ok(sessions.collect::<Result<_, _>>()?)
}

/// Notes that a session is in use.
///
/// # Errors
/// When the database fails.
pub fn note_seen(transaction: &Transaction<'_>, id: &SessionId, now: Timestamp) -> Result<(), StoreError> {
    let mut statement = transaction.prepare_cached("UPDATE sessions SET seen_at = ?2 WHERE id = ?1")?;
    statement.execute((id.as_str(), now.as_millisecond()))?;
    Ok(())
}

/// Ends one session of a member of staff. False when there is no such one.
///
/// # Errors
/// When the database fails.
pub fn end(transaction: &Transaction<'_>, user: &UserId, id: &SessionId) -> Result<bool, StoreError> {
    let ended =
        transaction.execute("DELETE FROM sessions WHERE user = ?1 AND id = ?2", (user.as_str(), id.as_str()))?;
    Ok(ended > 0)
}

/// Ends all sessions of a member of staff but `kept`; gives how many there were.
///
/// # Errors
/// When the database fails.
pub fn end_all(transaction: &Transaction<'_>, user: &UserId, kept: Option<&SessionId>) -> Result<usize, StoreError> {
    let ended = transaction.execute(
        "DELETE FROM sessions WHERE user = ?1 AND id IS NOT ?2",
        (user.as_str(), kept.map(SessionId::as_str)),
    )?;
    Ok(ended)
}

/// Forgets sessions that have reached a limit, and notes that in the audit log, which has who logged in. How many.
///
/// # Errors
/// When the database fails.
pub fn forget_old(change: &Change<'_>, limits: Limits) -> Result<usize, StoreError> {
    let mut statement = change
        .transaction
        .prepare_cached("DELETE FROM sessions WHERE seen_at <= ?1 OR created_at <= ?2 RETURNING *")?;
    let forgotten = statement.query_map(limits.oldest(change.now), session)?.collect::<Result<Vec<_>, _>>()?;
    for session in &forgotten {
        let why = limits.end_of(session, change.now);
        let detail = json!({ "user": session.user.as_str(), "limit": why, "seenAt": session.seen_at.to_string() });
        let entry = Entry::new(Action::Logout, Entity::Session, &session.id).after(&detail);
        let system = Actor::system();
        audit::record(change.transaction, change.vault, &system, change.now, &entry)?;
    }
    Ok(forgotten.len())
}

fn session(row: &Row<'_>) -> rusqlite::Result<Session> {
    Ok(Session {
        id: parsed(row, "id")?,
        user: parsed(row, "user")?,
        created_at: moment(row, "created_at")?,
        seen_at: moment(row, "seen_at")?,
        address: row.get("address")?,
        agent: row.get("agent")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{
        Store,
        users::{NewUser, Role},
    };

    const MINUTE: i64 = 60_000;

    fn at(minutes: i64) -> Timestamp {
        Timestamp::from_millisecond(minutes * MINUTE).unwrap()
    }

    const LIMITS: Limits = Limits { idle: Duration::from_secs(30 * 60), whole: Duration::from_secs(60 * 60) };

    /// Used at these minutes, is a session begun at 0 alive at the last one?
    async fn is_alive(used: &[i64], asked: i64) -> bool {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        let new = NewUser { email: "a@b".parse().unwrap(), name: "Nadia".to_owned(), role: Role::Agent };
        let (used, now) = (used.to_vec(), at(asked));
        let secret = store.write(move |transaction| {
            let user = users::create(transaction, &new, at(0))?.unwrap();
            let (id, secret) = create(transaction, &user.id, "", "", at(0))?;
            for minute in used {
                note_seen(transaction, &id, at(minute))?;
            }
            Ok(secret)
        });
        let secret = secret.await.unwrap();
        let again = secret.clone();
        let found = store.read(move |connection| find(connection, &again, LIMITS, now)).await.unwrap();
        let is_alive = matches!(found, Found::Alive(..));
        assert!(is_alive || found == Found::Over);
        let forgotten = store.change(Actor::console(), now, |change| forget_old(change, LIMITS)).await.unwrap();
        assert_eq!(forgotten, usize::from(!is_alive), "what is over is forgotten, and nothing else");
        let long = Limits { idle: Duration::MAX, whole: Duration::MAX };
        let kept = store.read(move |connection| find(connection, &secret, long, now)).await.unwrap();
        assert_eq!(kept == Found::Nothing, !is_alive);
        is_alive
    }

    #[tokio::test]
    async fn sessions_end_when_nobody_uses_them_and_in_any_case() {
        for (used, asked, alive) in [
            (&[][..], 29, true),
            (&[], 30, false),
            (&[29], 58, true),
            (&[29], 59, false),
            (&[20, 40, 59], 59, true),
            (&[20, 40, 59], 60, false),
        ] {
            assert_eq!(is_alive(used, asked).await, alive, "{used:?} {asked}");
        }
    }

    #[test]
    fn a_use_is_noted_once_a_minute() {
        let (id, user) = (SessionId::random(), UserId::random());
        let session =
            Session { id, user, created_at: at(0), seen_at: at(5), address: String::new(), agent: String::new() };
        assert!(!session.is_worth_noting(at(5)) && session.is_worth_noting(at(6)));
    }
}
