//! Passwords: which are good enough, and how they are kept. Argon2id with the parameters that OWASP names as the least; who
//! logs in with a hash of other parameters gets a new one. Rules are NIST's (SP 800-63B, section 3.1.1): length counts, not
//! what kinds of characters there are.
//!
//! A hash takes 40 ms of a core and 19 MiB: it is made in [`super::hasher`], not where others wait.

use std::{fmt, sync::LazyLock};

use argon2::{Algorithm, Argon2, Params, PasswordHasher, PasswordVerifier, Version, password_hash::phc::PasswordHash};

use crate::domain::Email;

/// Fewest characters.
const SHORTEST: usize = 10;
/// Most bytes: what is longer is no password, but work for us.
const LONGEST_BYTES: usize = 1024;

/// KiB of memory, rounds over it, lanes (OWASP's Password Storage Cheat Sheet: 19 MiB, 2, 1).
const PARAMS: (u32, u32, u32) = (19 * 1024, 2, 1);

/// A password as somebody typed it. `Debug` redacts it.
#[derive(Clone, PartialEq, Eq)]
pub struct Password(String);

/// Why a password is not good enough; to be read after its field's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadPassword {
    /// It can be guessed by trying.
    #[error("is too short: give {SHORTEST} characters at least")]
    Short,
    /// It is no password.
    #[error("is longer than {LONGEST_BYTES} bytes")]
    Long,
    /// Who knows the address knows it.
    #[error("is the e-mail address: give one that nobody can guess")]
    Email,
    /// One character over and over.
    #[error("is one character again and again: give one that nobody can guess")]
    Uniform,
}

impl Password {
    /// What somebody typed, as it is: blanks count.
    pub fn new(text: String) -> Self {
        Self(text)
    }

    /// Whether it may become the password of an account.
    ///
    /// # Errors
    /// Why not.
    pub fn check(&self, email: &Email) -> Result<(), BadPassword> {
        if self.0.len() > LONGEST_BYTES {
            return Err(BadPassword::Long);
        }
        if self.0.chars().count() < SHORTEST {
            return Err(BadPassword::Short);
        }
        let folded = self.0.trim().to_lowercase();
        let local_part = email.key().split('@').next().map(str::to_owned);
        if folded == email.key() || Some(&folded) == local_part.as_ref() {
            return Err(BadPassword::Email);
        }
        let first = self.0.chars().next();
        if self.0.chars().all(|c| Some(c) == first) { Err(BadPassword::Uniform) } else { Ok(()) }
    }

    /// Its hash, as a PHC string. Takes 40 ms.
    pub(super) fn hash(&self) -> String {
        let hash = argon2().hash_password(self.0.as_bytes());
        hash.expect("Argon2 hashes every text with parameters that are right").to_string()
    }

    /// Whether this is the password that `hash` was made of. Takes as long as [`Password::hash`].
    pub(super) fn is_of(&self, hash: &str) -> bool {
        // What is longer cannot have become a password.
        self.0.len() <= LONGEST_BYTES
            && PasswordHash::new(hash).is_ok_and(|hash| argon2().verify_password(self.0.as_bytes(), &hash).is_ok())
    }
}

impl From<String> for Password {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[secret]")
    }
}

/// Whether `hash` was made with other parameters than those of today.
pub(super) fn is_outdated(hash: &str) -> bool {
    let params = PasswordHash::new(hash).ok().and_then(|hash| Params::try_from(&hash).ok());
    params.is_none_or(|params| (params.m_cost(), params.t_cost(), params.p_cost()) != PARAMS)
}

/// A hash that nobody knows a password of: what is compared for an account that is not there, so that time does not tell.
pub(super) fn nobodys() -> &'static str {
    static HASH: LazyLock<String> = LazyLock::new(|| {
        let nobody_knows: [u8; 32] = rand::random();
        let hash = argon2().hash_password(&nobody_knows);
        hash.expect("Argon2 hashes every text with parameters that are right").to_string()
    });
    &HASH
}

fn argon2() -> Argon2<'static> {
    let (memory, rounds, lanes) = PARAMS;
    let params = Params::new(memory, rounds, lanes, None).expect("these parameters are within Argon2's bounds");
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn password(text: &str) -> Password {
        Password::new(text.to_owned())
    }

    #[test]
    fn length_counts_and_not_what_it_is_made_of() {
        let email = "nadia.karim@example.com".parse().unwrap();
        for (text, verdict) in [
            ("correct horse", Ok(())),
            ("كلمة سر طويلة", Ok(())),
            ("123456789", Err(BadPassword::Short)),
            ("ééééééééé", Err(BadPassword::Short)),
            ("Nadia.Karim@example.com ", Err(BadPassword::Email)),
            ("NADIA.KARIM", Err(BadPassword::Email)),
            ("aaaaaaaaaaaa", Err(BadPassword::Uniform)),
            (&"ab".repeat(512), Ok(())),
            (&"ab".repeat(513), Err(BadPassword::Long)),
        ] {
            assert_eq!(password(text).check(&email), verdict, "{text}");
        }
    }

    #[test]
    fn a_hash_is_known_by_its_password_only() {
        let hash = password("correct horse").hash();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        assert!(password("correct horse").is_of(&hash) && !password("correct horse ").is_of(&hash));
        assert!(!password("correct horse").is_of("nonsense") && !password("").is_of(nobodys()));
        assert_ne!(password("correct horse").hash(), hash, "each has a salt of its own");
        assert!(!format!("{:?}", password("correct horse")).contains("horse"));
    }

    #[test]
    fn hashes_of_other_parameters_are_outdated() {
        let weak = Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::new(8 * 1024, 1, 1, None).unwrap());
        let weak = weak.hash_password(b"correct horse").unwrap().to_string();
        assert!(is_outdated(&weak) && is_outdated("nonsense") && !is_outdated(nobodys()));
        assert!(password("correct horse").is_of(&weak), "it still opens the account");
    }
}
