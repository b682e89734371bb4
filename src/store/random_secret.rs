//! Secrets that this program gives out and recognises, such as those of sessions and of one-time links. Only their digest is
//! kept: who reads the database can use none of them.

use std::fmt;

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use rand::RngExt;
use sha2::{Digest, Sha256};

const BYTES: usize = 32;

/// 256 random bits. `Debug` redacts them.
#[derive(Clone, PartialEq, Eq)]
pub struct RandomSecret([u8; BYTES]);

impl RandomSecret {
    /// A new one.
    pub fn random() -> Self {
        Self(rand::rng().random())
    }

    /// One as somebody sent it; `None` when it cannot be one.
    pub fn parse(text: &str) -> Option<Self> {
        Some(Self(BASE64_URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok()?))
    }

    /// As its holder keeps it, in letters that a cookie and an address may have: never for a log.
    pub fn reveal(&self) -> String {
        BASE64_URL_SAFE_NO_PAD.encode(self.0)
    }

    pub(super) fn digest(&self) -> [u8; 32] {
        Sha256::digest(self.0).into()
    }
}

impl fmt::Debug for RandomSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[secret]")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_known_again_and_others_are_not() {
        let secret = RandomSecret::random();
        let text = secret.reveal();
        assert_eq!((text.len(), RandomSecret::parse(&text)), (43, Some(secret.clone())));
        assert_ne!(RandomSecret::random(), secret);
        for bad in ["", "short", &text[1..], &format!("{text}A"), &format!("{}=", &text[..42])] {
            assert_eq!(RandomSecret::parse(bad), None, "{bad}");
        }
        assert!(!format!("{secret:?}").contains(&text[..8]));
    }
}
