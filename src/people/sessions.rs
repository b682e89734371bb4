//! Sessions that have begun: whose they are, and how they end.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::json;
use tokio::time::{MissedTickBehavior, interval};

use super::{People, PeopleError, Visit, themselves};
use crate::{
    domain::{SessionId, UserId},
    store::{
        self, Change, RandomSecret, Store, StoreError,
        audit::{Action, Actor, Entity, Entry},
        sessions::{self, Found, Session},
        users::User,
    },
};

/// How often sessions that are over are forgotten, besides when somebody logs in or comes back with one.
const FORGET: Duration = Duration::from_secs(10 * 60);

async fn note_seen(store: &Store, id: SessionId, now: Timestamp) {
    if let Err(error) = store.write(move |transaction| sessions::note_seen(transaction, &id, now)).await {
        tracing::warn!(%error, "noting the use of a session");
    }
}

impl People {
    /// The session with this secret, and whose it is; `None` when it is over. That it is in use is noted in the background.
    /// To be called in a runtime.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn session(&self, secret: RandomSecret, now: Timestamp) -> Result<Option<(Session, User)>, StoreError> {
        let limits = self.limits;
        let found = self.store.read(move |connection| sessions::find(connection, &secret, limits, now)).await?;
        match found {
            Found::Nothing => Ok(None),
            Found::Over => {
                let people = self.clone();
                tokio::spawn(async move { people.forget_old_sessions(now).await });
                Ok(None)
            }
            Found::Alive(found) => {
                let session = &found.0;
                if session.is_worth_noting(now) {
                    let (store, id) = (self.store.clone(), session.id.clone());
                    tokio::spawn(async move { note_seen(&store, id, now).await });
                }
                Ok(Some(*found))
            }
        }
    }

    /// Whether the session with this secret goes on. To ask is no use of it: a page that only listens keeps nobody logged in.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn is_alive(&self, secret: RandomSecret, now: Timestamp) -> Result<bool, StoreError> {
        let limits = self.limits;
        let found = self.store.read(move |connection| sessions::find(connection, &secret, limits, now)).await?;
        Ok(matches!(found, Found::Alive(_)))
    }

    /// Forgets sessions that have reached a limit, now and then, until it is dropped: that they ended is in the audit log
    /// even if nobody comes back.
    pub async fn watch_sessions(self) {
        let mut due = interval(FORGET);
        due.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            due.tick().await;
            self.forget_old_sessions(store::now()).await;
        }
    }

    async fn forget_old_sessions(&self, now: Timestamp) {
        let limits = self.limits;
        let forgotten = self.store.change(Actor::system(), now, move |change| sessions::forget_old(change, limits));
        if let Err(error) = forgotten.await {
            tracing::warn!(%error, "forgetting sessions that are over");
        }
    }

    /// The sessions of a member of staff, the latest used first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn sessions(&self, user: &UserId, now: Timestamp) -> Result<Vec<Session>, StoreError> {
        let (user, limits) = (user.clone(), self.limits);
        self.store.read(move |connection| sessions::of_user(connection, &user, limits, now)).await
    }

    /// Ends one session of `user`.
    ///
    /// # Errors
    /// [`PeopleError::UnknownSession`], and when the database fails.
    pub async fn end_session(&self, user: &User, session: &SessionId, visit: &Visit) -> Result<(), PeopleError> {
        let (id, session) = (user.id.clone(), session.clone());
        let work = move |change: &Change<'_>| {
            if !sessions::end(change.transaction, &id, &session)? {
                return Err(PeopleError::UnknownSession);
            }
            Ok(change.record(&Entry::new(Action::Logout, Entity::Session, &session))?)
        };
        self.store.change(themselves(user, visit), visit.at, work).await
    }

    /// Ends all sessions of `user`.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn end_all_sessions(&self, user: &User, visit: &Visit) -> Result<(), PeopleError> {
        let id = user.id.clone();
        let work = move |change: &Change<'_>| {
            let ended = sessions::end_all(change.transaction, &id, None)?;
            let detail = json!({ "sessions": ended });
            Ok(change.record(&Entry::new(Action::Logout, Entity::User, &id).after(&detail))?)
        };
        self.store.change(themselves(user, visit), visit.at, work).await
    }
}
