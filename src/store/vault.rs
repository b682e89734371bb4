//! What is kept encrypted in the database, and the key for it, which is not: `secret.key` in the data folder, for its owner
//! only, and no part of a backup. Who has only the database reads none of these values, and cannot try out telephone
//! numbers against the digests in it.
//!
//! XChaCha20-Poly1305 with random nonces; for each purpose a key of its own, derived by HMAC-SHA-256 (as HKDF-Expand with one
//! block does, RFC 5869). The row that a value belongs to is authenticated with it: a value moved to another row cannot be
//! read there.

use std::{
    fmt, fs, io,
    path::{Path, PathBuf},
    sync::Arc,
};

use base64::{Engine, prelude::BASE64_STANDARD_NO_PAD};
use chacha20poly1305::{
    KeyInit, XChaCha20Poly1305, XNonce,
    aead::{Aead, Payload},
};
use hmac::{Hmac, Mac};
use rand::RngExt;
use rusqlite::{Connection, OptionalExtension};
use sha2::Sha256;

use super::{StoreError, private};

/// The key's file in the data folder.
pub const KEY_FILE: &str = "secret.key";
const KEY_BYTES: usize = 32;
const NONCE_BYTES: usize = 24;

/// What a value is for: each has its own key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// The keys under which the audit log keeps what it says of a person.
    PersonKey,
    /// What the audit log says of a person (under that person's key).
    PersonDetail,
    /// Second factors.
    Totp,
    /// Keys of other services.
    ProviderKey,
    /// Answers to be given again.
    Answer,
    /// Tokens in forms of ours.
    Form,
    /// That somebody gave the right password a moment ago, and owes a code.
    Ticket,
    /// Telephone numbers to be recognised.
    Phone,
    /// Tells whether this is the key that a database was written with.
    Check,
}

impl Purpose {
    const fn label(self) -> &'static [u8] {
        match self {
            Self::PersonKey => b"callstead person key",
            Self::PersonDetail => b"callstead person detail",
            Self::Totp => b"callstead totp",
            Self::ProviderKey => b"callstead provider key",
            Self::Answer => b"callstead answer",
            Self::Form => b"callstead form",
            Self::Ticket => b"callstead ticket",
            Self::Phone => b"callstead phone",
            Self::Check => b"callstead check",
        }
    }
}

/// A key, and what can be done with it. `Debug` redacts it; clones share it.
#[derive(Clone)]
pub struct Vault(Arc<[u8; KEY_BYTES]>);

impl Vault {
    /// The key kept in `data_dir`; a new one, which is then kept there, where there is none.
    ///
    /// # Errors
    /// When the file cannot be read or made, or is not what was written.
    pub(super) fn open(data_dir: &Path) -> Result<Self, StoreError> {
        let path = data_dir.join(KEY_FILE);
        match fs::read_to_string(&path) {
            Ok(text) => Self::decode(&text).ok_or(StoreError::KeyDamaged(path)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Self::make(&path),
            Err(reason) => Err(StoreError::file(path)(reason)),
        }
    }

    /// Refuses a database that was written with another key: its do-not-call list, for one, would no longer be respected.
    ///
    /// # Errors
    /// [`StoreError::Sealed`], and when the database fails.
    pub(super) fn check(&self, connection: &Connection) -> Result<(), StoreError> {
        let ours = self.digest(Purpose::Check, "");
        let kept =
            connection.query_row("SELECT key_check FROM vault", [], |row| row.get::<_, [u8; 32]>(0)).optional()?;
        match kept {
            Some(kept) if kept == ours => Ok(()),
            Some(_) => Err(StoreError::Sealed),
            None => {
                connection.execute("INSERT INTO vault (key_check) VALUES (?1)", [ours])?;
                Ok(())
            }
        }
    }

    /// From now on it is this key that [`Vault::check`] takes.
    ///
    /// # Errors
    /// When the database fails.
    pub(super) fn adopt(&self, connection: &Connection) -> Result<(), StoreError> {
        connection.execute("UPDATE vault SET key_check = ?1", [self.digest(Purpose::Check, "")])?;
        Ok(())
    }

    /// Two processes that open a new data folder at once must end up with one key: the first to put its file there wins.
    fn make(path: &PathBuf) -> Result<Self, StoreError> {
        let made = Self::random();
        let text = format!("{}\n", BASE64_STANDARD_NO_PAD.encode(*made.0));
        match private::write_new(path, text.as_bytes()) {
            Ok(()) => Ok(made),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                let text = fs::read_to_string(path).map_err(StoreError::file(path.clone()))?;
                Self::decode(&text).ok_or_else(|| StoreError::KeyDamaged(path.clone()))
            }
            Err(reason) => Err(StoreError::file(path.clone())(reason)),
        }
    }

    fn decode(text: &str) -> Option<Self> {
        let bytes = BASE64_STANDARD_NO_PAD.decode(text.trim()).ok()?;
        Some(Self(Arc::new(bytes.try_into().ok()?)))
    }

    pub(super) fn random() -> Self {
        Self(Arc::new(rand::rng().random()))
    }

    /// A key that [`Vault::bytes`] gave.
    pub(super) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        Some(Self(Arc::new(bytes.try_into().ok()?)))
    }

    /// The key itself, to be sealed under another.
    pub(super) fn bytes(&self) -> &[u8] {
        &*self.0
    }

    /// Encrypts `plain` for `purpose` and the row that `of` names. 40 bytes longer.
    pub fn seal(&self, purpose: Purpose, of: &str, plain: &[u8]) -> Vec<u8> {
        let nonce: [u8; NONCE_BYTES] = rand::rng().random();
        let payload = Payload { msg: plain, aad: of.as_bytes() };
        let sealed = self.cipher(purpose).encrypt(&XNonce::from(nonce), payload);
        let sealed = sealed.expect("only more than 256 GiB cannot be encrypted");
        [nonce.as_slice(), &sealed].concat()
    }

    /// What [`Vault::seal`] was given; `None` when that was with another key, purpose or row, or something was changed.
    pub fn unseal(&self, purpose: Purpose, of: &str, sealed: &[u8]) -> Option<Vec<u8>> {
        let (nonce, sealed) = sealed.split_at_checked(NONCE_BYTES)?;
        let nonce: [u8; NONCE_BYTES] = nonce.try_into().ok()?;
        self.cipher(purpose).decrypt(&XNonce::from(nonce), Payload { msg: sealed, aad: of.as_bytes() }).ok()
    }

    /// The same for the same text, and nothing to learn from without the key (HMAC-SHA-256).
    pub fn digest(&self, purpose: Purpose, text: &str) -> [u8; 32] {
        hmac(&self.key(purpose), text.as_bytes())
    }

    /// Whether [`Vault::digest`] gives `digest` for this text. Takes as long whatever is wrong with it.
    pub fn is_digest(&self, purpose: Purpose, text: &str, digest: &[u8]) -> bool {
        let mut mac = mac(&self.key(purpose));
        mac.update(text.as_bytes());
        mac.verify_slice(digest).is_ok()
    }

    fn cipher(&self, purpose: Purpose) -> XChaCha20Poly1305 {
        XChaCha20Poly1305::new(&self.key(purpose).into())
    }

    fn key(&self, purpose: Purpose) -> [u8; KEY_BYTES] {
        hmac(&*self.0, purpose.label())
    }
}

fn hmac(key: &[u8], text: &[u8]) -> [u8; 32] {
    let mut mac = mac(key);
    mac.update(text);
    mac.finalize().into_bytes().into()
}

fn mac(key: &[u8]) -> Hmac<Sha256> {
    Hmac::new_from_slice(key).expect("HMAC takes keys of any length")
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[secret]")
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn what_is_sealed_is_read_only_as_it_was_sealed() {
        let vault = Vault::random();
        let sealed = vault.seal(Purpose::Totp, "US_1", b"secret");
        assert_eq!(vault.unseal(Purpose::Totp, "US_1", &sealed).as_deref(), Some(&b"secret"[..]));
        assert!(!sealed.windows(6).any(|part| part == b"secret"));
        assert_ne!(vault.seal(Purpose::Totp, "US_1", b"secret"), sealed);
        let mut changed = sealed.clone();
        changed[NONCE_BYTES] ^= 1;
        for (vault, purpose, of, sealed) in [
            (&Vault::random(), Purpose::Totp, "US_1", &sealed[..]),
            (&vault, Purpose::Answer, "US_1", &sealed),
            (&vault, Purpose::Totp, "US_2", &sealed),
            (&vault, Purpose::Totp, "US_1", &changed),
            (&vault, Purpose::Totp, "US_1", &sealed[..10]),
            (&vault, Purpose::Totp, "US_1", &[]),
        ] {
            assert_eq!(vault.unseal(purpose, of, sealed), None);
        }
    }

    #[test]
    fn the_key_is_made_once_for_its_owner_only() {
        let folder = tempfile::tempdir().unwrap();
        let first = Vault::open(folder.path()).unwrap();
        let second = Vault::open(folder.path()).unwrap();
        assert_eq!(first.digest(Purpose::Phone, "+1"), second.digest(Purpose::Phone, "+1"));
        assert_ne!(first.digest(Purpose::Phone, "+1"), Vault::random().digest(Purpose::Phone, "+1"));
        let file = folder.path().join(KEY_FILE);
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        fs::write(&file, "short").unwrap();
        assert!(matches!(Vault::open(folder.path()), Err(StoreError::KeyDamaged(_))));
        assert_eq!(format!("{first:?}"), "[secret]");
    }
}
