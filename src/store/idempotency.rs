//! Requests that must not be done twice, by the key that their sender gave them, and what they were answered with.
//!
//! A request is claimed before it is done and settled afterwards. One that was claimed and never settled (the server was
//! killed) stays claimed: nobody knows whether it was done, so it is not done again. After a day all is forgotten.

use jiff::{SignedDuration, Timestamp};
use rusqlite::{OptionalExtension, Transaction};

use super::{
    StoreError,
    vault::{Purpose, Vault},
};
use crate::domain::Pii;

/// How long a key is remembered.
const KEPT: SignedDuration = SignedDuration::from_hours(24);

/// A request, as it is recognised.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// Whose key it is: the id of an API key or a member of staff.
    pub owner: String,
    /// The key.
    pub key: String,
    /// Method and path.
    pub route: String,
    /// SHA-256 of the body.
    pub body: [u8; 32],
}

impl Request {
    /// The row that an answer is sealed for.
    fn row(&self) -> String {
        format!("{} {}", self.owner, self.key)
    }
}

/// What a request was answered with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The rest, as whoever keeps it writes it.
    pub content: Pii<Vec<u8>>,
}

/// What is known of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Claim {
    /// Nothing was: now it is claimed, and has to be settled.
    First,
    /// Its key came with another request.
    Other,
    /// It was claimed, and not settled.
    Unanswered,
    /// It was answered.
    Answered(Answer),
}

/// Looks a request up, and claims it if it is the first.
///
/// # Errors
/// When the database fails, or an answer was sealed with another key than `vault`'s.
pub fn claim(
    transaction: &Transaction<'_>,
    vault: &Vault,
    request: &Request,
    now: Timestamp,
) -> Result<Claim, StoreError> {
    forget(transaction, now)?;
    let mut statement = transaction.prepare_cached(
        "SELECT route, request, status, sealed_answer FROM idempotency WHERE owner = ?1 AND key = ?2",
    )?;
    let found = statement.query_row((&request.owner, &request.key), |row| {
        let (route, body): (String, [u8; 32]) = (row.get(0)?, row.get(1)?);
        let answer: (Option<u16>, Option<Vec<u8>>) = (row.get(2)?, row.get(3)?);
        Ok((route == request.route && body == request.body, answer))
    });
    match found.optional()? {
        None => {
            let mut statement = transaction.prepare_cached(
                "INSERT INTO idempotency (owner, key, route, request, created_at) VALUES (?1, ?2, ?3, ?4, ?5)",
            )?;
            let Request { owner, key, route, body } = request;
            statement.execute((owner, key, route, body, now.as_millisecond()))?;
            Ok(Claim::First)
        }
        Some((false, _)) => Ok(Claim::Other),
        Some((true, (Some(status), Some(sealed)))) => {
            let content = vault.unseal(Purpose::Answer, &request.row(), &sealed).ok_or(StoreError::Sealed)?;
            Ok(Claim::Answered(Answer { status, content: Pii::new(content) }))
        }
        Some((true, _)) => Ok(Claim::Unanswered),
    }
}

/// Forgets what was claimed too long ago, and says how many that were.
///
/// # Errors
/// When the database fails.
pub fn forget(transaction: &Transaction<'_>, now: Timestamp) -> Result<usize, StoreError> {
    let oldest = now.saturating_sub(KEPT).unwrap_or(Timestamp::MIN).as_millisecond();
    Ok(transaction.prepare_cached("DELETE FROM idempotency WHERE created_at < ?1")?.execute([oldest])?)
}

/// Settles a request that was claimed and done: from now on it is answered so.
///
/// # Errors
/// When the database fails.
pub fn keep(
    transaction: &Transaction<'_>,
    vault: &Vault,
    request: &Request,
    answer: &Answer,
) -> Result<(), StoreError> {
    let sealed = vault.seal(Purpose::Answer, &request.row(), answer.content.reveal());
    let mut statement = transaction
        .prepare_cached("UPDATE idempotency SET status = ?3, sealed_answer = ?4 WHERE owner = ?1 AND key = ?2")?;
    statement.execute((&request.owner, &request.key, answer.status, sealed))?;
    Ok(())
}

/// Settles a request that was claimed and not done: the next one is the first.
///
/// # Errors
/// When the database fails.
pub fn release(transaction: &Transaction<'_>, request: &Request) -> Result<(), StoreError> {
    let mut statement = transaction.prepare_cached("DELETE FROM idempotency WHERE owner = ?1 AND key = ?2")?;
    statement.execute((&request.owner, &request.key))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Store;

    fn request() -> Request {
        Request { owner: "AK_1".to_owned(), key: "k".to_owned(), route: "POST /api/call".to_owned(), body: [7; 32] }
    }

    #[tokio::test]
    async fn a_request_is_done_once_and_answered_as_often_as_it_comes() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        let now: Timestamp = "2026-11-21T08:00:00Z".parse().unwrap();
        let claim = async |request: Request, now| {
            let vault = store.vault().clone();
            store.write(move |transaction| super::claim(transaction, &vault, &request, now)).await.unwrap()
        };
        assert_eq!(claim(request(), now).await, Claim::First);
        assert_eq!(claim(request(), now).await, Claim::Unanswered);
        for other in
            [Request { route: "POST /api/sms".to_owned(), ..request() }, Request { body: [8; 32], ..request() }]
        {
            assert_eq!(claim(other, now).await, Claim::Other);
        }
        let foreign = Request { owner: "AK_2".to_owned(), ..request() };
        assert_eq!(claim(foreign, now).await, Claim::First, "keys are each owner's own");

        let answer = Answer { status: 201, content: Pii::new(b"a token".to_vec()) };
        let (vault, kept) = (store.vault().clone(), answer.clone());
        store.write(move |transaction| keep(transaction, &vault, &request(), &kept)).await.unwrap();
        assert_eq!(claim(request(), now).await, Claim::Answered(answer));
        let bytes = store
            .read(|connection| {
                Ok(connection.query_row("SELECT sealed_answer FROM idempotency WHERE status = 201", [], |row| {
                    row.get::<_, Vec<u8>>(0)
                })?)
            })
            .await
            .unwrap();
        assert!(!bytes.windows(5).any(|part| part == b"token"), "answers hold tokens");

        let later = now + SignedDuration::from_hours(25);
        assert_eq!(claim(request(), later).await, Claim::First, "after a day a key is new again");
        store.write(|transaction| release(transaction, &request())).await.unwrap();
        assert_eq!(claim(request(), later).await, Claim::First, "what was not done may be done");
    }
}
