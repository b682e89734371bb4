//! Logging in: e-mail address and password, and for some a code, at once or in a second step. An account that is not there
//! takes as long, and is answered the same, as a wrong password.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use jiff::Timestamp;
use serde_json::json;
use sha2::{Digest, Sha256};

use super::{Factor, Password, People, PeopleError, Visit, hasher::Verdict, themselves, throttle::AccountKey};
use crate::{
    domain::{Email, SessionId, UserId},
    store::{
        Change, Purpose, RandomSecret, StoreError,
        audit::{Action, Actor, Entity, Entry},
        known_networks, sessions,
        users::{self, Credentials, User},
    },
};

/// How long the code may come after the password.
const TICKET_MS: i64 = 5 * 60 * 1000;
const TICKET_OF: &str = "log-in";
/// Most characters of what a browser says of itself that are kept.
const LONGEST_AGENT: usize = 200;

/// What somebody typed to log in.
#[derive(Clone, Debug)]
pub struct Attempt {
    /// The e-mail address; anything at all.
    pub email: String,
    /// The password.
    pub password: Password,
    /// The second factor's code, if it was given at once; blank counts as not given.
    pub code: Option<String>,
}

/// A session that has begun.
#[derive(Clone, Debug)]
pub struct Begun {
    /// Whose it is.
    pub user: User,
    /// Its id.
    pub session: SessionId,
    /// Proves it; given here and never again.
    pub secret: RandomSecret,
}

/// An attempt that the throttle let pass.
#[derive(Clone, Copy, Debug)]
struct Admitted {
    account: AccountKey,
    known: bool,
}

impl People {
    /// Logs somebody in.
    ///
    /// # Errors
    /// [`PeopleError::Credentials`], [`PeopleError::CodeNeeded`], [`PeopleError::WrongCode`], [`PeopleError::Wait`],
    /// [`PeopleError::Busy`], and when the database fails.
    pub async fn log_in(&self, attempt: Attempt, visit: &Visit) -> Result<Begun, PeopleError> {
        let email: Option<Email> = attempt.email.parse().ok();
        let credentials = self.credentials_by_email(email).await?;
        let admitted = self.admit(&attempt.email, credentials.as_ref().map(|it| &it.user.id), visit).await?;
        let usable = credentials.filter(|it| it.user.disabled_at.is_none());
        let hash = usable.as_ref().and_then(|it| it.password.clone());
        let compared = self.hasher.compare(attempt.password, hash).await;
        let verdict = compared.inspect_err(|_| self.forgive(admitted, visit))?;
        let (credentials, rehashed) = match (verdict, usable) {
            (Verdict::Right { rehashed }, Some(credentials)) => (credentials, rehashed),
            (_, usable) => {
                self.note_failure(usable.as_ref().map(|it| &it.user), "password", visit).await?;
                return Err(PeopleError::Credentials);
            }
        };
        if let Some(hash) = rehashed {
            let id = credentials.user.id.clone();
            self.store.write(move |transaction| users::rehash_password(transaction, &id, &hash)).await?;
        }
        let code = attempt.code.filter(|code| !code.trim().is_empty());
        if credentials.totp.is_some() && code.is_none() {
            self.forgive(admitted, visit);
            return Err(PeopleError::CodeNeeded { ticket: self.ticket(&credentials.user, visit.at) });
        }
        self.finish(credentials, code, admitted, visit).await
    }

    /// The second step, with the ticket that [`PeopleError::CodeNeeded`] gave.
    ///
    /// # Errors
    /// As [`People::log_in`], and [`PeopleError::TicketOld`].
    pub async fn log_in_with_code(&self, ticket: &str, code: String, visit: &Visit) -> Result<Begun, PeopleError> {
        let (id, version) = self.read_ticket(ticket, visit.at).ok_or(PeopleError::TicketOld)?;
        let credentials = self.store.read(move |connection| users::credentials(connection, &id)).await?;
        let unchanged = credentials.filter(|it| it.user.version == version && it.user.disabled_at.is_none());
        let credentials = unchanged.ok_or(PeopleError::TicketOld)?;
        let admitted = self.admit(credentials.user.email.as_str(), Some(&credentials.user.id), visit).await?;
        self.finish(credentials, Some(code), admitted, visit).await
    }

    /// Compares the password of somebody who is logged in, as slowly as at the log-in: a stolen session is no way to try
    /// passwords.
    pub(super) async fn confirm(
        &self,
        id: &UserId,
        password: Password,
        visit: &Visit,
    ) -> Result<Credentials, PeopleError> {
        let wanted = id.clone();
        let credentials = self.store.read(move |connection| users::credentials(connection, &wanted)).await?;
        let credentials = credentials.ok_or(PeopleError::UnknownUser)?;
        let admitted = self.admit(credentials.user.email.as_str(), Some(id), visit).await?;
        let compared = self.hasher.compare(password, credentials.password.clone()).await;
        match compared.inspect_err(|_| self.forgive(admitted, visit))? {
            Verdict::Right { .. } => {
                self.throttle().succeeded(admitted.account, visit.address(), admitted.known);
                Ok(credentials)
            }
            Verdict::Wrong => {
                self.note_failure(Some(&credentials.user), "password", visit).await?;
                Err(PeopleError::WrongPassword)
            }
        }
    }

    async fn credentials_by_email(&self, email: Option<Email>) -> Result<Option<Credentials>, StoreError> {
        let Some(email) = email else { return Ok(None) };
        let find = move |connection: &_| match users::find_by_email(connection, &email)? {
            Some(user) => users::credentials(connection, &user.id),
            None => Ok(None),
        };
        self.store.read(find).await
    }

    /// Counts an attempt, or says how long to wait.
    async fn admit(&self, email: &str, user: Option<&UserId>, visit: &Visit) -> Result<Admitted, PeopleError> {
        let account = Sha256::digest(email.trim().to_lowercase().as_bytes()).into();
        let (from, at) = (visit.address(), visit.at);
        let known = match user.cloned() {
            Some(user) => {
                self.store.read(move |connection| known_networks::is_known(connection, &user, from, at)).await?
            }
            None => false,
        };
        self.throttle().attempt(account, from, known, visit.clock).map_err(PeopleError::Wait)?;
        Ok(Admitted { account, known })
    }

    fn forgive(&self, admitted: Admitted, visit: &Visit) {
        self.throttle().forgive(admitted.account, visit.address(), admitted.known);
    }

    /// The password was right.
    async fn finish(
        &self,
        credentials: Credentials,
        code: Option<String>,
        admitted: Admitted,
        visit: &Visit,
    ) -> Result<Begun, PeopleError> {
        let begun = match self.step_of(&credentials, code.as_deref(), visit.at)? {
            Some(step) => self.begin(&credentials.user, step, visit).await,
            None => Err(PeopleError::WrongCode),
        };
        match &begun {
            Ok(_) => self.throttle().succeeded(admitted.account, visit.address(), admitted.known),
            Err(PeopleError::WrongCode) => self.note_failure(Some(&credentials.user), "code", visit).await?,
            Err(_) => self.forgive(admitted, visit),
        }
        begun
    }

    /// The step of which the code is; `Some(None)`: none is needed; `None`: it is wrong.
    fn step_of(
        &self,
        credentials: &Credentials,
        code: Option<&str>,
        now: Timestamp,
    ) -> Result<Option<Option<i64>>, PeopleError> {
        let Some(sealed) = &credentials.totp else { return Ok(Some(None)) };
        let factor = Factor::unseal(self.store.vault(), &credentials.user.id, sealed).ok_or(StoreError::Sealed)?;
        Ok(code.and_then(|code| factor.step_of(code, now)).map(Some))
    }

    async fn begin(&self, user: &User, step: Option<i64>, visit: &Visit) -> Result<Begun, PeopleError> {
        let (expected, limits) = (user.clone(), self.limits);
        let Visit { from, at, .. } = *visit;
        let address = from.map(|ip| ip.to_canonical().to_string()).unwrap_or_default();
        let agent: String = visit.agent.chars().filter(|c| !c.is_control()).take(LONGEST_AGENT).collect();
        let work = move |change: &Change<'_>| {
            let transaction = change.transaction;
            let user = users::find(transaction, &expected.id)?;
            // Meanwhile somebody may have changed the password, or closed the account.
            let unchanged = user.filter(|it| it.version == expected.version && it.disabled_at.is_none());
            let user = unchanged.ok_or(PeopleError::TicketOld)?;
            if let Some(step) = step
                && !users::use_code(transaction, &user.id, step)?
            {
                return Err(PeopleError::WrongCode);
            }
            sessions::forget_old(change, limits)?;
            let (session, secret) = sessions::create(transaction, &user.id, &address, &agent, at)?;
            users::note_login(transaction, &user.id, at)?;
            if let Some(from) = from {
                known_networks::note(transaction, &user.id, from, at)?;
            }
            let detail = json!({ "session": session.as_str(), "code": step.is_some() });
            change.record(&Entry::new(Action::Login, Entity::User, &user.id).after(&detail))?;
            Ok(Begun { user, session, secret })
        };
        self.store.change(themselves(user, visit), at, work).await
    }

    /// What was typed is not kept where there is no such account: it may be a password in the wrong field.
    async fn note_failure(&self, user: Option<&User>, reason: &str, visit: &Visit) -> Result<(), PeopleError> {
        let id = user.map(|user| user.id.to_string()).unwrap_or_default();
        let reason = if user.is_some() { reason } else { "account" };
        let entry = Entry::new(Action::LoginFailed, Entity::User, id).after(&json!({ "reason": reason }));
        let nobody = Actor { origin: visit.from, ..Actor::system() };
        self.store.change(nobody, visit.at, move |change| Ok(change.record(&entry)?)).await
    }

    fn ticket(&self, user: &User, now: Timestamp) -> String {
        let until = now.as_millisecond().saturating_add(TICKET_MS);
        let text = format!("{} {} {until}", user.id, user.version);
        BASE64_URL_SAFE_NO_PAD.encode(self.store.vault().seal(Purpose::Ticket, TICKET_OF, text.as_bytes()))
    }

    fn read_ticket(&self, ticket: &str, now: Timestamp) -> Option<(UserId, i64)> {
        let sealed = BASE64_URL_SAFE_NO_PAD.decode(ticket).ok()?;
        let text = String::from_utf8(self.store.vault().unseal(Purpose::Ticket, TICKET_OF, &sealed)?).ok()?;
        let mut words = text.split(' ');
        let (id, version) = (words.next()?.parse().ok()?, words.next()?.parse().ok()?);
        let until: i64 = words.next()?.parse().ok()?;
        (now.as_millisecond() < until).then_some((id, version))
    }
}
