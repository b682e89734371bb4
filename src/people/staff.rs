//! What administrators, and whoever sits at the machine, change of members of staff.

use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;
use serde_json::json;

use super::{Password, People, PeopleError, account};
use crate::{
    domain::{Email, SessionId, UserId},
    store::{
        Change, RandomSecret, StoreError,
        audit::{Action, Actor, Entity, Entry},
        list::{Filter, Page},
        sessions, user_links,
        users::{self, NewUser, Role, State, User},
    },
};

/// How long somebody may take to follow a link.
const LINK_LIFETIME: Duration = Duration::from_secs(24 * 60 * 60);

/// A member of staff as the audit log has it.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Recorded<'a> {
    email: &'a str,
    name: &'a str,
    role: Role,
    language: Option<&'a str>,
    disabled: bool,
    totp: bool,
}

impl<'a> From<&'a User> for Recorded<'a> {
    fn from(user: &'a User) -> Self {
        Self {
            email: user.email.as_str(),
            name: &user.name,
            role: user.role,
            language: user.language.as_deref(),
            disabled: user.disabled_at.is_some(),
            totp: user.has_totp,
        }
    }
}

/// What is to change; `None` stays as it is.
#[derive(Clone, Debug, Default)]
pub struct UserChange {
    /// What they log in with.
    pub email: Option<Email>,
    /// What others see.
    pub name: Option<String>,
    /// What they may do. Ends their sessions.
    pub role: Option<Role>,
    /// The language of their pages.
    pub language: Option<Option<String>>,
    /// Whether they may not log in. Ends their sessions.
    pub disabled: Option<bool>,
    /// Takes their second factor off: they have lost it.
    pub forget_factor: bool,
}

impl People {
    /// The member of staff with this id.
    ///
    /// # Errors
    /// [`PeopleError::UnknownUser`], and when the database fails.
    pub async fn user(&self, id: &UserId) -> Result<User, PeopleError> {
        let id = id.clone();
        self.store.read(move |connection| users::find(connection, &id)).await?.ok_or(PeopleError::UnknownUser)
    }

    /// The member of staff with this e-mail address, if there is one.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn user_by_email(&self, email: &Email) -> Result<Option<User>, StoreError> {
        let email = email.clone();
        self.store.read(move |connection| users::find_by_email(connection, &email)).await
    }

    /// Members of staff by their e-mail addresses, `limit` at most.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn users(&self, limit: u32) -> Result<Vec<User>, StoreError> {
        let first = Page::first(&users::TABLE, limit);
        Ok(self.store.read(move |connection| users::page(connection, &Filter::default(), &first)).await?.items)
    }

    /// Makes a member of staff, and a link with which they set their password: within a day, once.
    ///
    /// # Errors
    /// [`PeopleError::EmailTaken`], and when the database fails.
    pub async fn invite(
        &self,
        new: NewUser,
        actor: Actor,
        now: Timestamp,
    ) -> Result<(User, RandomSecret), PeopleError> {
        let work = move |change: &Change<'_>| {
            let user = create(change, &new)?;
            Ok((user.clone(), link(change, &user.id)?))
        };
        self.store.change(actor, now, work).await
    }

    /// Makes a member of staff who can log in.
    ///
    /// # Errors
    /// [`PeopleError::EmailTaken`], [`PeopleError::Password`], and when the database fails.
    pub async fn create(
        &self,
        new: NewUser,
        password: Password,
        actor: Actor,
        now: Timestamp,
    ) -> Result<User, PeopleError> {
        let hash = self.hash_new(password, &new.email).await?;
        let work = move |change: &Change<'_>| {
            let user = create(change, &new)?;
            users::set_password(change.transaction, &user.id, &hash, change.now)?;
            Ok(users::find(change.transaction, &user.id)?.unwrap_or(user))
        };
        self.store.change(actor, now, work).await
    }

    /// A link with which a member of staff sets a new password: within a day, once. The old one stays good until then.
    ///
    /// # Errors
    /// [`PeopleError::UnknownUser`], and when the database fails.
    pub async fn link(&self, id: UserId, actor: Actor, now: Timestamp) -> Result<RandomSecret, PeopleError> {
        let work = move |change: &Change<'_>| {
            users::find(change.transaction, &id)?.ok_or(PeopleError::UnknownUser)?;
            change.record(&Entry::new(Action::Update, Entity::User, &id).after(&json!({ "link": true })))?;
            link(change, &id)
        };
        self.store.change(actor, now, work).await
    }

    /// Gives a member of staff a new password, whatever the old one is; their sessions end.
    ///
    /// # Errors
    /// [`PeopleError::UnknownUser`], [`PeopleError::Password`], and when the database fails.
    pub async fn reset_password(
        &self,
        user: &User,
        password: Password,
        actor: Actor,
        now: Timestamp,
    ) -> Result<(), PeopleError> {
        let (id, hash) = (user.id.clone(), self.hash_new(password, &user.email).await?);
        self.store.change(actor, now, move |change| account::set_password(change, &id, &hash, None)).await
    }

    /// Changes a member of staff, who must still be at the `expected` version. When the role changes, or they are disabled,
    /// their sessions end; but not `own`, the one in which somebody changes themselves.
    ///
    /// # Errors
    /// [`PeopleError::UnknownUser`], [`PeopleError::EmailTaken`], [`PeopleError::LastAdmin`], [`PeopleError::Stale`], and
    /// when the database fails.
    pub async fn update(
        &self,
        id: UserId,
        wanted: UserChange,
        expected: Option<i64>,
        own: Option<SessionId>,
        actor: Actor,
        now: Timestamp,
    ) -> Result<User, PeopleError> {
        self.store.change(actor, now, move |change| update(change, &id, wanted, expected, own.as_ref())).await
    }

    /// Deletes a member of staff. What they did stays in the audit log, with their name.
    ///
    /// # Errors
    /// [`PeopleError::UnknownUser`], [`PeopleError::LastAdmin`], [`PeopleError::Stale`], and when the database fails.
    pub async fn delete(
        &self,
        id: UserId,
        expected: Option<i64>,
        actor: Actor,
        now: Timestamp,
    ) -> Result<(), PeopleError> {
        let work = move |change: &Change<'_>| {
            let user = at_version(change, &id, expected)?;
            keep_an_admin(change, &user)?;
            users::delete(change.transaction, &id)?;
            Ok(change.record(&Entry::new(Action::Delete, Entity::User, &id).before(&Recorded::from(&user)))?)
        };
        self.store.change(actor, now, work).await
    }
}

pub(super) fn create(change: &Change<'_>, new: &NewUser) -> Result<User, PeopleError> {
    let user = users::create(change.transaction, new, change.now)?.ok_or(PeopleError::EmailTaken)?;
    change.record(&Entry::new(Action::Create, Entity::User, &user.id).after(&Recorded::from(&user)))?;
    Ok(user)
}

fn link(change: &Change<'_>, id: &UserId) -> Result<RandomSecret, PeopleError> {
    let purpose = user_links::Purpose::Password(id.clone());
    Ok(user_links::create(change.transaction, &purpose, LINK_LIFETIME, change.now)?)
}

fn at_version(change: &Change<'_>, id: &UserId, expected: Option<i64>) -> Result<User, PeopleError> {
    let user = users::find(change.transaction, id)?.ok_or(PeopleError::UnknownUser)?;
    if expected.is_none_or(|version| version == user.version) { Ok(user) } else { Err(PeopleError::Stale) }
}

/// `user` will not be an administrator any more: somebody else must be one.
fn keep_an_admin(change: &Change<'_>, user: &User) -> Result<(), PeopleError> {
    let is_admin = user.role == Role::Admin && user.state() == State::Active;
    if is_admin && !users::is_other_admin(change.transaction, &user.id)? {
        return Err(PeopleError::LastAdmin);
    }
    Ok(())
}

fn update(
    change: &Change<'_>,
    id: &UserId,
    wanted: UserChange,
    expected: Option<i64>,
    own: Option<&SessionId>,
) -> Result<User, PeopleError> {
    let before = at_version(change, id, expected)?;
    let mut after = before.clone();
    if let Some(email) = wanted.email {
        let owner = users::find_by_email(change.transaction, &email)?;
        if owner.is_some_and(|owner| owner.id != *id) {
            return Err(PeopleError::EmailTaken);
        }
        after.email = email;
    }
    after.name = wanted.name.unwrap_or(after.name);
    after.role = wanted.role.unwrap_or(after.role);
    after.language = wanted.language.unwrap_or(after.language);
    if let Some(disabled) = wanted.disabled {
        after.disabled_at = disabled.then(|| before.disabled_at.unwrap_or(change.now));
    }
    if after.role != Role::Admin || after.disabled_at.is_some() {
        keep_an_admin(change, &before)?;
    }
    users::update(change.transaction, &after, change.now)?;
    if wanted.forget_factor {
        users::set_totp(change.transaction, id, None, change.now)?;
    }
    if after.disabled_at.is_some() {
        sessions::end_all(change.transaction, id, None)?;
        user_links::revoke(change.transaction, &user_links::Purpose::Password(id.clone()))?;
    } else if after.role != before.role {
        sessions::end_all(change.transaction, id, own)?;
    }
    record_change(change, &before)?;
    users::find(change.transaction, id)?.ok_or(PeopleError::UnknownUser)
}

/// Notes in the audit log how a member of staff, who was as in `before`, is now.
pub(super) fn record_change(change: &Change<'_>, before: &User) -> Result<(), PeopleError> {
    let after = users::find(change.transaction, &before.id)?.ok_or(PeopleError::UnknownUser)?;
    let entry = Entry::new(Action::Update, Entity::User, &before.id);
    Ok(change.record(&entry.before(&Recorded::from(before)).after(&Recorded::from(&after)))?)
}

/// Notes that there is a new password, and nothing of it.
pub(super) fn record_password(change: &Change<'_>, id: &UserId) -> Result<(), PeopleError> {
    let recorded: Result<(), StoreError> =
        change.record(&Entry::new(Action::Update, Entity::User, id).after(&json!({ "password": true })));
    Ok(recorded?)
}
