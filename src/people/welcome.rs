//! One-time links: the first administrator's, which whoever starts the server sees on the terminal; invitations; forgotten
//! passwords.

use std::time::Duration;

use jiff::Timestamp;

use super::{Password, People, PeopleError, Visit, account, staff, themselves};
use crate::{
    domain::{Email, UserId},
    store::{
        Change, RandomSecret, StoreError,
        audit::Actor,
        user_links::{self, Purpose},
        users::{self, NewUser, Role, User},
    },
};

/// How long the first administrator may take.
const FIRST_LIFETIME: Duration = Duration::from_secs(60 * 60);

/// Whom a link is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Guest {
    /// The first administrator, who is yet to be made.
    FirstAdmin,
    /// A member of staff.
    Member(User),
}

/// What somebody gives who follows a link.
#[derive(Clone, Debug)]
pub struct Arrival {
    /// What they log in with; only the first administrator gives it.
    pub email: Option<Email>,
    /// What others see.
    pub name: String,
    /// Their password from now on.
    pub password: Password,
}

impl People {
    /// A link for the first administrator, good for an hour; `None` when there is somebody already. An earlier one is void.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn first_link(&self, now: Timestamp) -> Result<Option<RandomSecret>, StoreError> {
        let make = self.store.write(move |transaction| {
            if !users::is_empty(transaction)? {
                return Ok(None);
            }
            user_links::create(transaction, &Purpose::FirstAdmin, FIRST_LIFETIME, now).map(Some)
        });
        make.await
    }

    /// Whom this link is for, if it is still good.
    ///
    /// # Errors
    /// [`PeopleError::LinkOver`], and when the database fails.
    pub async fn guest(&self, link: RandomSecret, now: Timestamp) -> Result<Guest, PeopleError> {
        let find = move |connection: &_| match user_links::find(connection, &link, now)? {
            Some(Purpose::FirstAdmin) => Ok(users::is_empty(connection)?.then_some(Guest::FirstAdmin)),
            Some(Purpose::Password(id)) => Ok(users::find(connection, &id)?.map(Guest::Member)),
            None => Ok(None),
        };
        self.store.read(find).await?.ok_or(PeopleError::LinkOver)
    }

    /// Uses a link: whoever follows it has a password from now on, and can log in.
    ///
    /// # Errors
    /// [`PeopleError::LinkOver`], [`PeopleError::Password`], [`PeopleError::Busy`], and when the database fails. The link
    /// is then as good as it was.
    pub async fn welcome(&self, link: RandomSecret, arrival: Arrival, visit: &Visit) -> Result<User, PeopleError> {
        let guest = self.guest(link.clone(), visit.at).await?;
        let email = match &guest {
            Guest::FirstAdmin => arrival.email.ok_or(PeopleError::LinkOver)?,
            Guest::Member(user) => user.email.clone(),
        };
        let hash = self.hash_new(arrival.password, &email).await?;
        let actor = match &guest {
            Guest::FirstAdmin => Actor { origin: visit.from, ..Actor::console() },
            Guest::Member(user) => themselves(user, visit),
        };
        let new = NewUser { email, name: arrival.name, role: Role::Admin };
        let work = move |change: &Change<'_>| match user_links::take(change.transaction, &link, change.now)? {
            Some(Purpose::FirstAdmin) if users::is_empty(change.transaction)? => {
                let user = staff::create(change, &new)?;
                enter(change, &user.id, &hash)
            }
            Some(Purpose::Password(id)) => {
                rename(change, &id, new.name)?;
                enter(change, &id, &hash)
            }
            _ => Err(PeopleError::LinkOver),
        };
        self.store.change(actor, visit.at, work).await
    }
}

fn rename(change: &Change<'_>, id: &UserId, name: String) -> Result<(), PeopleError> {
    let before = users::find(change.transaction, id)?.ok_or(PeopleError::LinkOver)?;
    if before.name == name {
        return Ok(());
    }
    users::update(change.transaction, &User { name, ..before.clone() }, change.now)?;
    staff::record_change(change, &before)
}

fn enter(change: &Change<'_>, id: &UserId, hash: &str) -> Result<User, PeopleError> {
    account::set_password(change, id, hash, None)?;
    users::find(change.transaction, id)?.ok_or(PeopleError::LinkOver)
}
