//! What members of staff change of their own account. For each, they show that they are who they say: with the password, or
//! with a code of the new second factor.

use super::{Factor, Password, People, PeopleError, Visit, staff, themselves};
use crate::{
    domain::{Email, SessionId, UserId},
    store::{
        Change, StoreError, sessions, user_links,
        users::{self, User},
    },
};

impl People {
    /// Gives `user` a new password; their other sessions than `kept` end.
    ///
    /// # Errors
    /// [`PeopleError::WrongPassword`], [`PeopleError::Password`], [`PeopleError::Wait`], [`PeopleError::Busy`], and when
    /// the database fails.
    pub async fn change_password(
        &self,
        user: &User,
        kept: &SessionId,
        old: Password,
        new: Password,
        visit: &Visit,
    ) -> Result<(), PeopleError> {
        new.check(&user.email)?;
        self.confirm(&user.id, old, visit).await?;
        let hash = self.hasher.hash(new).await?;
        let (id, kept) = (user.id.clone(), kept.clone());
        let work = move |change: &Change<'_>| set_password(change, &id, &hash, Some(&kept));
        self.store.change(themselves(user, visit), visit.at, work).await
    }

    /// Makes a second factor for `user`, which counts once [`People::confirm_factor`] was given a code of it.
    ///
    /// # Errors
    /// [`PeopleError::WrongPassword`], [`PeopleError::HasFactor`], [`PeopleError::Wait`], [`PeopleError::Busy`], and when
    /// the database fails.
    pub async fn begin_factor(&self, user: &User, password: Password, visit: &Visit) -> Result<Factor, PeopleError> {
        if user.has_totp {
            return Err(PeopleError::HasFactor);
        }
        self.confirm(&user.id, password, visit).await?;
        let factor = Factor::random();
        let (sealed, id) = (factor.seal(self.store.vault(), &user.id), user.id.clone());
        self.store.write(move |transaction| users::set_pending_totp(transaction, &id, &sealed)).await?;
        Ok(factor)
    }

    /// The second factor that waits for its first code, if there is one.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn pending_factor(&self, user: &User) -> Result<Option<Factor>, PeopleError> {
        let id = user.id.clone();
        let credentials = self.store.read(move |connection| users::credentials(connection, &id)).await?;
        let Some(sealed) = credentials.and_then(|it| it.pending_totp) else { return Ok(None) };
        Ok(Some(Factor::unseal(self.store.vault(), &user.id, &sealed).ok_or(StoreError::Sealed)?))
    }

    /// From now on `user` logs in with the second factor that was made last.
    ///
    /// # Errors
    /// [`PeopleError::NoPendingFactor`], [`PeopleError::WrongCode`], and when the database fails.
    pub async fn confirm_factor(&self, user: &User, code: String, visit: &Visit) -> Result<(), PeopleError> {
        let (id, at) = (user.id.clone(), visit.at);
        let work = move |change: &Change<'_>| {
            let credentials = users::credentials(change.transaction, &id)?.ok_or(PeopleError::UnknownUser)?;
            let sealed = credentials.pending_totp.ok_or(PeopleError::NoPendingFactor)?;
            let factor = Factor::unseal(change.vault, &id, &sealed).ok_or(StoreError::Sealed)?;
            let step = factor.step_of(&code, at).ok_or(PeopleError::WrongCode)?;
            users::set_totp(change.transaction, &id, Some((&sealed, step)), at)?;
            staff::record_change(change, &credentials.user)
        };
        self.store.change(themselves(user, visit), visit.at, work).await
    }

    /// From now on `user` logs in without a second factor; one that waits for its first code goes too.
    ///
    /// # Errors
    /// [`PeopleError::WrongPassword`], [`PeopleError::Wait`], [`PeopleError::Busy`], and when the database fails.
    pub async fn end_factor(&self, user: &User, password: Password, visit: &Visit) -> Result<(), PeopleError> {
        let credentials = self.confirm(&user.id, password, visit).await?;
        let work = move |change: &Change<'_>| {
            users::set_totp(change.transaction, &credentials.user.id, None, change.now)?;
            staff::record_change(change, &credentials.user)
        };
        self.store.change(themselves(user, visit), visit.at, work).await
    }

    /// A new password's hash, if it is good enough for the account of `email`.
    pub(super) async fn hash_new(&self, password: Password, email: &Email) -> Result<String, PeopleError> {
        password.check(email)?;
        self.hasher.hash(password).await
    }
}

/// Whoever knew the old password, or had a link for a new one, is out.
pub(super) fn set_password(
    change: &Change<'_>,
    id: &UserId,
    hash: &str,
    kept: Option<&SessionId>,
) -> Result<(), PeopleError> {
    users::set_password(change.transaction, id, hash, change.now)?;
    sessions::end_all(change.transaction, id, kept)?;
    user_links::revoke(change.transaction, &user_links::Purpose::Password(id.clone()))?;
    staff::record_password(change, id)
}
