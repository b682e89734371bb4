//! API keys: which programs may do what.
//!
//! Of a key's secret only the SHA-256 is kept, and a key is found by it. That needs neither salt nor a slow hash, which
//! protect what people make up: a secret has 190 random bits, and nobody can try them all. Nor does it need a comparison in
//! constant time: what a look-up's duration could tell is about the digest, which nobody can steer.

use std::fmt;

use jiff::Timestamp;
use rand::{RngExt, distr::Alphanumeric};
use rusqlite::{Connection, OptionalExtension, Row, Transaction, named_params, types::Type};
use sha2::{Digest, Sha256};

use super::{
    StoreError,
    list::{self, Condition, Filter, Page, Rows, Sort, Table},
    rows::{moment, moment_if_any, parsed, words},
};
use crate::domain::ApiKeyId;

/// What every secret begins with, so that people, and programs that look for leaked secrets, know it.
const PREFIX: &str = "csk_";
/// Random letters and digits after it: 190 bits.
const RANDOM: usize = 32;
/// Of those, so many are shown, to tell keys apart by.
const SHOWN: usize = 4;
/// A key's last use is noted once in this time, not at each request.
const LAST_USED_MS: i64 = 60_000;

words! {
    /// What a key's holder may do.
    Scope {
        /// Make tokens for rooms.
        Token = "token",
        /// Send agents into rooms.
        Dispatch = "dispatch",
        /// Converse with the agent.
        Converse = "converse",
        /// Turn recordings into text.
        Transcribe = "transcribe",
        /// Read what the desk works with: leads, customers, scripts, calls.
        Read = "read",
        /// Work with leads and customers: read, change, call, write.
        Desk = "desk",
        /// Administrate everything; has `desk` and `read` in it.
        Admin = "admin",
        /// Read the metrics.
        Metrics = "metrics",
        /// Use what is compatible with OpenAI's API.
        Openai = "openai",
    }
}

/// How keys are listed. They are few: no order has an index.
pub static TABLE: Table = Table {
    name: "api_keys",
    columns: "api_keys.*",
    tie: "id",
    alive: None,
    search: None,
    sorts: &[
        Sort { name: "createdAt", by: "created_at", index: None },
        Sort { name: "name", by: "lower(name)", index: None },
    ],
    usual: "-createdAt",
};

/// A key's secret, as its holder sends it. `Debug` redacts it.
#[derive(Clone, PartialEq, Eq)]
pub struct KeySecret(String);

impl KeySecret {
    fn random() -> Self {
        let random = rand::rng().sample_iter(Alphanumeric).take(RANDOM).map(char::from);
        Self(PREFIX.chars().chain(random).collect())
    }

    /// A secret as somebody sent it; `None` when it cannot be one.
    pub fn parse(text: &str) -> Option<Self> {
        let random = text.strip_prefix(PREFIX)?;
        let fits = random.len() == RANDOM && random.bytes().all(|byte| byte.is_ascii_alphanumeric());
        fits.then(|| Self(text.to_owned()))
    }

    /// The secret itself, for its holder: never for a log.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    fn digest(&self) -> [u8; 32] {
        Sha256::digest(self.0.as_bytes()).into()
    }

    fn beginning(&self) -> &str {
        &self.0[..PREFIX.len() + SHOWN]
    }
}

impl fmt::Debug for KeySecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[secret]")
    }
}

/// A key to be made.
#[derive(Clone, Debug)]
pub struct NewKey {
    /// What it is for, in its owner's words.
    pub name: String,
    /// What its holder may do.
    pub scopes: Vec<Scope>,
    /// When it is made.
    pub created_at: Timestamp,
}

/// A key as it is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiKey {
    /// Its id, by which it is revoked.
    pub id: ApiKeyId,
    /// What it is for, in its owner's words.
    pub name: String,
    /// What its holder may do.
    pub scopes: Vec<Scope>,
    /// The beginning of its secret.
    pub prefix: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last used, to the minute.
    pub last_used_at: Option<Timestamp>,
    /// Since when it is not valid any more.
    pub revoked_at: Option<Timestamp>,
}

impl ApiKey {
    /// Whether its holder may do this.
    pub fn may(&self, scope: Scope) -> bool {
        let holds = |wider: &[Scope]| self.scopes.iter().any(|held| wider.contains(held));
        match scope {
            Scope::Read => holds(&[Scope::Read, Scope::Desk, Scope::Admin]),
            Scope::Desk => holds(&[Scope::Desk, Scope::Admin]),
            scope => holds(&[scope]),
        }
    }
}

/// Makes a key. Its secret is given here and never again.
///
/// # Errors
/// When the database fails.
pub fn create(transaction: &Transaction<'_>, new: &NewKey) -> Result<(ApiKey, KeySecret), StoreError> {
    let secret = KeySecret::random();
    let key = ApiKey {
        id: ApiKeyId::random(),
        name: new.name.clone(),
        scopes: new.scopes.clone(),
        prefix: secret.beginning().to_owned(),
        created_at: new.created_at,
        last_used_at: None,
        revoked_at: None,
    };
    let scopes: Vec<_> = key.scopes.iter().map(|scope| scope.as_str()).collect();
    transaction.execute(
        "INSERT INTO api_keys (id, name, scopes, digest, prefix, created_at)
         VALUES (:id, :name, :scopes, :digest, :prefix, :created_at)",
        named_params! {
            ":id": key.id.as_str(),
            ":name": key.name,
            ":scopes": scopes.join(" "),
            ":digest": secret.digest(),
            ":prefix": key.prefix,
            ":created_at": key.created_at.as_millisecond(),
        },
    )?;
    Ok((key, secret))
}

/// The key with this secret, unless it was revoked.
///
/// # Errors
/// When the database fails.
pub fn find(connection: &Connection, secret: &KeySecret) -> Result<Option<ApiKey>, StoreError> {
    let mut statement = connection.prepare_cached("SELECT * FROM api_keys WHERE digest = ?1 AND revoked_at IS NULL")?;
    Ok(statement.query_row([secret.digest()], key).optional()?)
}

/// Whether a use `now` has to be noted by [`note_use`]: not more often than once a minute.
pub fn is_use_worth_noting(key: &ApiKey, now: Timestamp) -> bool {
    key.last_used_at.is_none_or(|last| now.as_millisecond() - last.as_millisecond() >= LAST_USED_MS)
}

/// Notes that a key was used.
///
/// # Errors
/// When the database fails.
pub fn note_use(transaction: &Transaction<'_>, id: &ApiKeyId, now: Timestamp) -> Result<(), StoreError> {
    let mut statement = transaction.prepare_cached("UPDATE api_keys SET last_used_at = ?2 WHERE id = ?1")?;
    statement.execute((id.as_str(), now.as_millisecond()))?;
    Ok(())
}

/// All keys, the latest first; those that were revoked too.
///
/// # Errors
/// When the database fails.
pub fn list(connection: &Connection) -> Result<Vec<ApiKey>, StoreError> {
    let mut statement = connection.prepare("SELECT * FROM api_keys ORDER BY created_at DESC, id")?;
    let keys = statement.query_map([], key)?;
    Ok(keys.collect::<Result<_, _>>()?)
}

/// The key with this id; also one that was revoked.
///
/// # Errors
/// When the database fails.
pub fn with_id(connection: &Connection, id: &ApiKeyId) -> Result<Option<ApiKey>, StoreError> {
    let mut statement = connection.prepare_cached("SELECT * FROM api_keys WHERE id = ?1")?;
    Ok(statement.query_row([id.as_str()], key).optional()?)
}

/// Which keys to list.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// Words, or parts of words, of names and of what is shown of secrets.
    pub words: String,
    /// Whether they were revoked.
    pub is_revoked: Option<bool>,
    /// With this scope.
    pub scope: Option<Scope>,
}

impl Wanted {
    /// What holds for them.
    pub fn filter(&self) -> Filter {
        let words = Condition::for_words("instr(lower(name || ' ' || prefix), ?)", &self.words.to_lowercase());
        let others = [
            self.is_revoked.map(|is_revoked| Condition("(revoked_at IS NOT NULL) = ?", is_revoked.into())),
            self.scope.map(|scope| Condition("instr(' ' || scopes || ' ', ?)", format!(" {scope} ").into())),
        ];
        Filter { conditions: words.into_iter().chain(others.into_iter().flatten()).collect(), ..Filter::default() }
    }
}

/// A page of keys.
///
/// # Errors
/// When the database fails.
pub fn page(connection: &Connection, filter: &Filter, page: &Page) -> Result<Rows<ApiKey>, StoreError> {
    list::page(connection, &TABLE, filter, page, key)
}

/// Makes a key invalid from now on, for good. False when there is no such key that is valid.
///
/// # Errors
/// When the database fails.
pub fn revoke(transaction: &Transaction<'_>, id: &ApiKeyId, now: Timestamp) -> Result<bool, StoreError> {
    let revoked = transaction.execute(
        "UPDATE api_keys SET revoked_at = ?2 WHERE id = ?1 AND revoked_at IS NULL",
        (id.as_str(), now.as_millisecond()),
    )?;
    Ok(revoked > 0)
}

fn key(row: &Row<'_>) -> rusqlite::Result<ApiKey> {
    let scopes: String = row.get("scopes")?;
    let scopes: Result<_, _> = scopes.split_whitespace().map(str::parse).collect();
    let failed = |error| rusqlite::Error::FromSqlConversionFailure(0, Type::Text, Box::new(error));
    Ok(ApiKey {
        id: parsed(row, "id")?,
        name: row.get("name")?,
        scopes: scopes.map_err(failed)?,
        prefix: row.get("prefix")?,
        created_at: moment(row, "created_at")?,
        last_used_at: moment_if_any(row, "last_used_at")?,
        revoked_at: moment_if_any(row, "revoked_at")?,
    })
}
