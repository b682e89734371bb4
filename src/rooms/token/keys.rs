//! The key pair: given by the owner, or made once and kept.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use rand::{RngExt, distr::Alphanumeric};
use serde::{Deserialize, Serialize};

use crate::config::{self, Livekit, Secret};

/// Fewest bytes of a secret: as many as HMAC-SHA-256 puts out (RFC 7518, section 3.2).
pub const SHORTEST_SECRET: usize = 32;
const FILE: &str = "livekit-keys.toml";

/// The pair that signs tokens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Keys {
    /// The token's issuer.
    pub api_key: String,
    /// Signs it; at least 32 bytes.
    pub api_secret: Secret,
}

/// Why there is no key pair.
#[derive(Debug, thiserror::Error)]
pub enum KeysError {
    /// One of the two is set, the other is not.
    #[error("livekit.api_key and livekit.api_secret go together: set both, or neither and a pair is made")]
    Half,
    /// Guessable.
    #[error(
        "livekit.api_secret is too short: it must have at least {SHORTEST_SECRET} bytes (`openssl rand -hex 32` makes one)"
    )]
    Short,
    /// The file is there and is not what was written.
    #[error("{} does not hold an API key and a secret of at least {SHORTEST_SECRET} bytes: delete it and a new pair is made", .0.display())]
    Damaged(PathBuf),
    /// The file cannot be read or written.
    #[error("cannot keep the API key pair in {}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeysFile {
    api_key: String,
    api_secret: String,
}

impl Keys {
    /// The pair that is set; else the one kept in `data_dir`; else a new one, which is then kept there (mode 0600).
    ///
    /// # Errors
    /// See [`KeysError`].
    pub fn open(settings: &Livekit, data_dir: &Path) -> Result<Self, KeysError> {
        match (&settings.api_key, &settings.api_secret) {
            (Some(api_key), Some(api_secret)) => Self::checked(api_key, api_secret.clone()).ok_or(KeysError::Short),
            (None, None) => Self::kept_or_made(&data_dir.join(FILE)),
            _ => Err(KeysError::Half),
        }
    }

    fn checked(api_key: &str, api_secret: Secret) -> Option<Self> {
        let is_long = api_secret.reveal().len() >= SHORTEST_SECRET;
        is_long.then(|| Self { api_key: api_key.to_owned(), api_secret })
    }

    fn kept_or_made(path: &Path) -> Result<Self, KeysError> {
        let failed = |source| KeysError::File { path: path.to_owned(), source };
        match fs::read_to_string(path) {
            Ok(text) => {
                let kept = toml::from_str::<KeysFile>(&text).ok();
                let kept = kept.filter(|kept| !kept.api_key.is_empty());
                kept.and_then(|kept| Self::checked(&kept.api_key, kept.api_secret.into()))
                    .ok_or_else(|| KeysError::Damaged(path.to_owned()))
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let made = Self::made();
                made.keep(path).map_err(failed)?;
                Ok(made)
            }
            Err(error) => Err(failed(error)),
        }
    }

    /// The key looks like LiveKit's own: `API` and 13 letters and digits. The secret has 256 random bits.
    fn made() -> Self {
        let mut rng = rand::rng();
        let letters: String = (0..13).map(|_| char::from(rng.sample(Alphanumeric))).collect();
        let secret: [u8; 32] = rng.random();
        Self { api_key: format!("API{letters}"), api_secret: BASE64_URL_SAFE_NO_PAD.encode(secret).into() }
    }

    fn keep(&self, path: &Path) -> io::Result<()> {
        let content = KeysFile { api_key: self.api_key.clone(), api_secret: self.api_secret.reveal().to_owned() };
        let content = toml::to_string(&content).map_err(io::Error::other)?;
        let note = "# Signs the tokens that let people into rooms. Made by callstead; keep it to yourself.\n";
        config::write_private(path, format!("{note}{content}").as_bytes())
    }
}
