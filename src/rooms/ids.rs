//! The ids that clients see: LiveKit's prefixes (clients look at them), then twelve random characters.

use std::fmt;

use rand::RngExt;

/// Without those that look alike.
const ALPHABET: &[u8; 57] = b"23456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
/// 57^12: about 70 bits, so that nobody guesses one, and no two are ever the same.
const LENGTH: usize = 12;

fn random_id(prefix: &str) -> String {
    let mut rng = rand::rng();
    let mut id = String::with_capacity(prefix.len() + LENGTH);
    id.push_str(prefix);
    id.extend((0..LENGTH).map(|_| char::from(ALPHABET[rng.random_range(0..ALPHABET.len())])));
    id
}

macro_rules! sid {
    ($(#[$doc:meta])* $name:ident, $prefix:literal) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(String);

        impl $name {
            /// A new one.
            pub fn random() -> Self {
                Self(random_id($prefix))
            }

            /// As clients see it.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

sid! {
    /// One stay of somebody in a room: another after each full reconnect.
    ParticipantSid, "PA_"
}
sid! {
    /// A published track.
    TrackSid, "TR_"
}
sid! {
    /// One life of a room: another each time that it is opened.
    RoomSid, "RM_"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_tell_what_they_name_and_differ() {
        let (a, b) = (TrackSid::random(), TrackSid::random());
        assert!(a.as_str().starts_with("TR_") && a.as_str().len() == 15, "{a}");
        assert!(a.as_str()[3..].bytes().all(|byte| ALPHABET.contains(&byte)), "{a}");
        assert_ne!(a, b);
        assert!(ParticipantSid::random().as_str().starts_with("PA_"));
        assert!(RoomSid::random().as_str().starts_with("RM_"));
    }
}
