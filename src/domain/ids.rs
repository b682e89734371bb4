//! Ids that this program gives: a prefix that says of what, and random characters that nobody can guess or mistake for
//! others.

use std::{fmt, str::FromStr};

use rand::RngExt;

/// LiveKit's alphabet for ids (shortuuid's base 57): no 0, 1, I, O or l.
const ALPHABET: &[u8; 57] = b"23456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
/// Random characters after the prefix: 70 bits.
const RANDOM: usize = 12;

/// Why a text is no id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is not an id: one looks like {0} and {RANDOM} letters and digits")]
pub struct BadId(&'static str);

fn random(prefix: &str) -> String {
    let mut rng = rand::rng();
    let random = (0..RANDOM).map(|_| char::from(ALPHABET[rng.random_range(0..ALPHABET.len())]));
    prefix.chars().chain(random).collect()
}

fn is_id(text: &str, prefix: &str) -> bool {
    text.strip_prefix(prefix).is_some_and(|rest| rest.len() == RANDOM && rest.bytes().all(|c| ALPHABET.contains(&c)))
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $prefix:literal) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(String);

        impl $name {
            /// A new one.
            pub fn random() -> Self {
                Self(random($prefix))
            }

            /// As it is written.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = BadId;

            fn from_str(text: &str) -> Result<Self, BadId> {
                if is_id(text, $prefix) { Ok(Self(text.to_owned())) } else { Err(BadId($prefix)) }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }
    };
}

id! {
    /// A call's id: `CA_` and 12 random characters.
    CallId, "CA_"
}
id! {
    /// An API key's id, which is no secret: `AK_` and 12 random characters.
    ApiKeyId, "AK_"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_recognised_and_others_are_not() {
        let id = CallId::random();
        assert_eq!(id.as_str().parse::<CallId>().as_ref(), Ok(&id));
        assert_ne!(CallId::random(), id);
        for bad in ["", "CA_", "CA_234", "CA_2345678901lI", "AK_23456789ABCD", "CA_عربيعربي", "CA_23456789ABCD "]
        {
            assert_eq!(bad.parse::<CallId>(), Err(BadId("CA_")), "{bad}");
        }
        assert!("AK_23456789ABCD".parse::<ApiKeyId>().is_ok());
    }
}
