//! What strangers show: good tokens, and those that are none, are another server's, or have expired.

use std::{
    str::FromStr,
    time::{Duration, SystemTime},
};

use rand::distr::{Alphanumeric, SampleString};

use crate::{
    config::Secret,
    domain::BadName,
    rooms::{
        Claims,
        token::{Keys, SHORTEST_SECRET, mint},
    },
};

/// How long a token is good for.
const LIFETIME: Duration = Duration::from_mins(10);
/// When one that has expired was made.
const AGE: Duration = Duration::from_hours(2);
/// Of what is no token at all.
const LENGTH: usize = 200;

/// Makes them.
pub(super) struct Tokens {
    keys: Keys,
    /// Of the same name, with another secret.
    others: Keys,
    /// Tells the rooms of one flood from those of another.
    flood: u32,
}

impl Tokens {
    pub(super) fn new(keys: &Keys) -> Self {
        let secret = Secret::from(Alphanumeric.sample_string(&mut rand::rng(), SHORTEST_SECRET));
        let others = Keys { api_key: keys.api_key.clone(), api_secret: secret };
        Self { keys: keys.clone(), others, flood: rand::random() }
    }

    /// Lets somebody new into a room of the flood.
    pub(super) fn good(&self, room: &str) -> String {
        mint(&self.keys, &self.claims(room, SystemTime::now()))
    }

    /// The same for somebody who may change what others read of them.
    pub(super) fn talkative(&self, room: &str) -> String {
        let mut claims = self.claims(room, SystemTime::now());
        claims.grants.can_update_own_metadata = true;
        mint(&self.keys, &claims)
    }

    /// Lets nobody in; each kind in turn.
    pub(super) fn bad(&self, nth: u64) -> String {
        let now = SystemTime::now();
        match nth % 3 {
            0 => Alphanumeric.sample_string(&mut rand::rng(), LENGTH),
            1 => mint(&self.others, &self.claims("bad", now)),
            _ => mint(&self.keys, &self.claims("bad", now - AGE)),
        }
    }

    fn claims(&self, room: &str, now: SystemTime) -> Claims {
        let identity = name(&format!("stranger-{:016x}", rand::random::<u64>()));
        Claims::new(identity, name(&format!("flood-{:08x}-{room}", self.flood)), now, LIFETIME)
    }
}

fn name<T: FromStr<Err = BadName>>(text: &str) -> T {
    text.parse().expect("a few letters, digits and hyphens are a name")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rooms::token::{TokenError, verify};

    #[test]
    fn good_tokens_are_good_and_bad_ones_are_bad() {
        let keys = Keys { api_key: "key".to_owned(), api_secret: Secret::from("a secret of at least 32 bytes ..") };
        let tokens = Tokens::new(&keys);
        let read = |token: &str| verify(&keys, token, SystemTime::now());
        let (one, two) = (read(&tokens.good("1")).unwrap(), read(&tokens.talkative("1")).unwrap());
        assert!(one.room == two.room && one.room.as_str().ends_with("-1"));
        assert!(one.identity != two.identity);
        assert!(!one.grants.can_update_own_metadata && two.grants.can_update_own_metadata);
        for (nth, expected) in [TokenError::Malformed, TokenError::Signature, TokenError::Expired].iter().enumerate() {
            assert_eq!(read(&tokens.bad(nth as u64)).err().as_ref(), Some(expected));
        }
    }
}
