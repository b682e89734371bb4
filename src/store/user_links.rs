//! One-time links: the first administrator's, invitations, forgotten passwords. Who has one may set the password of the
//! account that it is for, once, as long as it lasts.

use std::time::Duration;

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, Transaction};

use super::{
    RandomSecret, StoreError,
    rows::{millis, parsed_if_any},
};
use crate::domain::UserId;

/// What a link is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// To make the first administrator.
    FirstAdmin,
    /// To set the password of this member of staff.
    Password(UserId),
}

impl Purpose {
    fn user(&self) -> Option<&str> {
        match self {
            Self::FirstAdmin => None,
            Self::Password(user) => Some(user.as_str()),
        }
    }
}

/// Makes a link; earlier ones for the same are void. Its secret is given here and never again.
///
/// # Errors
/// When the database fails.
pub fn create(
    transaction: &Transaction<'_>,
    purpose: &Purpose,
    lifetime: Duration,
    now: Timestamp,
) -> Result<RandomSecret, StoreError> {
    let (secret, now) = (RandomSecret::random(), now.as_millisecond());
    revoke(transaction, purpose)?;
    transaction.execute("DELETE FROM user_links WHERE expires_at <= ?1", [now])?;
    transaction.execute(
        "INSERT INTO user_links (digest, user, created_at, expires_at) VALUES (?1, ?2, ?3, ?4)",
        (secret.digest(), purpose.user(), now, now.saturating_add(millis(lifetime))),
    )?;
    Ok(secret)
}

/// What the link with this secret is for; `None` when there is none, or it was used, or its time is over.
///
/// # Errors
/// When the database fails.
pub fn find(connection: &Connection, secret: &RandomSecret, now: Timestamp) -> Result<Option<Purpose>, StoreError> {
    let mut statement = connection.prepare("SELECT user FROM user_links WHERE digest = ?1 AND expires_at > ?2")?;
    Ok(statement.query_row((secret.digest(), now.as_millisecond()), purpose).optional()?)
}

/// Uses a link: as [`find`], and it is void from now on.
///
/// # Errors
/// When the database fails.
pub fn take(
    transaction: &Transaction<'_>,
    secret: &RandomSecret,
    now: Timestamp,
) -> Result<Option<Purpose>, StoreError> {
    let mut statement =
        transaction.prepare("DELETE FROM user_links WHERE digest = ?1 AND expires_at > ?2 RETURNING user")?;
    Ok(statement.query_row((secret.digest(), now.as_millisecond()), purpose).optional()?)
}

/// Makes all links for this void.
///
/// # Errors
/// When the database fails.
pub fn revoke(transaction: &Transaction<'_>, purpose: &Purpose) -> Result<(), StoreError> {
    transaction.execute("DELETE FROM user_links WHERE user IS ?1", [purpose.user()])?;
    Ok(())
}

fn purpose(row: &Row<'_>) -> rusqlite::Result<Purpose> {
    Ok(parsed_if_any(row, "user")?.map_or(Purpose::FirstAdmin, Purpose::Password))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Store;

    #[tokio::test]
    async fn a_link_counts_once_and_for_a_while() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        let at = |seconds| Timestamp::from_second(seconds).unwrap();
        let make = async || {
            let hour = Duration::from_secs(3600);
            let made = store.write(move |transaction| create(transaction, &Purpose::FirstAdmin, hour, at(0)));
            made.await.unwrap()
        };
        let found = async |secret: &RandomSecret, now| {
            let secret = secret.clone();
            store.read(move |connection| find(connection, &secret, now)).await.unwrap()
        };
        let old = make().await;
        let link = make().await;
        assert_eq!(found(&old, at(1)).await, None, "a later one takes its place");
        assert_eq!(found(&link, at(3599)).await, Some(Purpose::FirstAdmin));
        assert_eq!(found(&link, at(3600)).await, None);
        assert_eq!(found(&RandomSecret::random(), at(1)).await, None);
        for (seconds, expected) in [(3600, None), (3599, Some(Purpose::FirstAdmin)), (3599, None)] {
            let secret = link.clone();
            let taken = store.write(move |transaction| take(transaction, &secret, at(seconds))).await;
            assert_eq!(taken.unwrap(), expected, "{seconds}");
        }
    }
}
