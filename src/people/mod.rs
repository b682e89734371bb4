//! People and rights: who the members of staff are, how they prove it, and what is kept of that. [`People`] is the way in, for
//! pages, the API and the command line; each change that is made here is in the audit log.
//!
//! Passwords are compared where nobody waits for a processor (`hasher`), guesses are slowed down (`throttle`), codes count
//! once (`totp`). Sessions and rows are in `store`; cookies and forms are in `web`.

mod account;
mod error;
mod hasher;
mod keys;
mod log_in;
mod password;
mod sessions;
mod staff;
mod throttle;
mod totp;
mod welcome;

use std::{
    net::{IpAddr, Ipv4Addr},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Instant,
};

use jiff::Timestamp;

use crate::{
    config,
    store::{Store, audit::Actor, sessions::Limits, users::User},
};
pub use error::PeopleError;
use hasher::Hasher;
pub use keys::{create_key, revoke_key};
pub use log_in::{Attempt, Begun};
pub use password::{BadPassword, Password};
pub use staff::UserChange;
use throttle::Throttle;
pub use totp::Factor;
pub use welcome::{Arrival, Guest};

/// Longest name of a member of staff or a key, in characters: it stands in one line of a table.
const LONGEST_NAME: usize = 100;

/// Members of staff. Clones share it.
#[derive(Clone, Debug)]
pub struct People {
    store: Store,
    limits: Limits,
    hasher: Hasher,
    throttle: Arc<Mutex<Throttle>>,
}

/// From where and when somebody asks.
#[derive(Clone, Debug)]
pub struct Visit {
    /// The address, where it is known.
    pub from: Option<IpAddr>,
    /// The browser, in its own words.
    pub agent: String,
    /// When, by the calendar.
    pub at: Timestamp,
    /// When, by a clock that nobody sets.
    pub clock: Instant,
}

impl Visit {
    /// For counting: those whose address is not known count as one.
    fn address(&self) -> IpAddr {
        self.from.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED))
    }
}

impl People {
    /// Those in `store`.
    pub fn new(store: Store, settings: &config::Sessions) -> Self {
        let limits = Limits { idle: settings.idle, whole: settings.whole };
        Self { store, limits, hasher: Hasher::new(), throttle: Arc::default() }
    }

    fn throttle(&self) -> MutexGuard<'_, Throttle> {
        self.throttle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Somebody in their own name.
fn themselves(user: &User, visit: &Visit) -> Actor {
    Actor::user(&user.id, &user.name, visit.from)
}

/// A name as it is kept: one line, 1 to 100 characters.
///
/// # Errors
/// Says what to give, to be read after the field's name.
pub fn parse_name(text: &str) -> Result<String, String> {
    let text = text.trim();
    let fits = !text.is_empty() && text.chars().count() <= LONGEST_NAME && !text.chars().any(char::is_control);
    fits.then(|| text.to_owned()).ok_or_else(|| format!("give 1 to {LONGEST_NAME} characters on one line"))
}

#[cfg(test)]
mod tests;
