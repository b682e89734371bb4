//! Names of rooms and of those in them, parsed at the edge.

use std::{fmt, str::FromStr};

use super::Pii;

/// Longest name in bytes: livekit-server's own limits for rooms and identities.
const MAX_BYTES: usize = 256;

/// Why a name is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadName {
    /// Nothing, or only blanks.
    #[error("is empty")]
    Empty,
    /// Longer than 256 bytes.
    #[error("is longer than {MAX_BYTES} bytes")]
    TooLong,
    /// Line breaks and other control characters make log lines and headers lie.
    #[error("has control characters in it")]
    Control,
}

fn checked(name: &str) -> Result<&str, BadName> {
    match name {
        _ if name.trim().is_empty() => Err(BadName::Empty),
        _ if name.len() > MAX_BYTES => Err(BadName::TooLong),
        _ if name.chars().any(char::is_control) => Err(BadName::Control),
        _ => Ok(name),
    }
}

/// What people see of a participant: the same rules as for the names below, but personal.
///
/// # Errors
/// See [`BadName`].
pub fn display_name(text: &str) -> Result<Pii<String>, BadName> {
    checked(text).map(|name| Pii::new(name.to_owned()))
}

macro_rules! name {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(String);

        impl $name {
            /// The name as it was given.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = BadName;

            fn from_str(text: &str) -> Result<Self, BadName> {
                checked(text).map(|name| Self(name.to_owned()))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

name! {
    /// A room's name: 1 to 256 bytes of any script, slashes and emoji too, without control characters.
    RoomName
}
name! {
    /// What a participant is called within a room, unique there: the same rules as for [`RoomName`]. What people see is
    /// the participant's display name, which is personal data; this is not.
    Identity
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_short_and_printable() {
        for good in ["call-7", "support/عربي", "room 🎧", &"x".repeat(256)] {
            assert_eq!(good.parse::<RoomName>().map(|name| name.to_string()), Ok(good.to_owned()));
        }
        for (bad, why) in [
            ("", BadName::Empty),
            ("  ", BadName::Empty),
            (&"x".repeat(257), BadName::TooLong),
            ("two\nlines", BadName::Control),
        ] {
            assert_eq!(bad.parse::<Identity>(), Err(why), "{bad:?}");
        }
    }
}
