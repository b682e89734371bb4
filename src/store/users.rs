//! Members of staff, and what their roles are.

use std::fmt;

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, Transaction, named_params};

use super::{
    StoreError,
    list::{self, Condition, Filter, Page, Rows, Sort, Table},
    rows::{moment, moment_if_any, parsed, words},
};
use crate::domain::{Email, UserId};

words! {
    /// What a member of staff may do; each may do what those before it may.
    Role {
        /// Look at everything that the desk works with.
        Viewer = "viewer",
        /// Work with leads and customers: call, write, note.
        Agent = "agent",
        /// Lead the desk: scripts, profiles, rules, deleting.
        Supervisor = "supervisor",
        /// Administrate: staff, keys, settings, the audit log.
        Admin = "admin",
    }
}

words! {
    /// Whether a member of staff can log in.
    State {
        /// Not yet: they have no password.
        Invited = "invited",
        /// Yes.
        Active = "active",
        /// Not any more.
        Disabled = "disabled",
    }
}

/// [`User::state`], for the database.
const STATE: &str =
    "CASE WHEN disabled_at IS NOT NULL THEN 'disabled' WHEN password IS NULL THEN 'invited' ELSE 'active' END = ?";

/// How members of staff are listed. They are few: only the usual order has an index.
pub static TABLE: Table = Table {
    name: "users",
    columns: "users.*",
    tie: "id",
    alive: None,
    search: None,
    sorts: &[
        Sort { name: "email", by: "email_key", index: None },
        Sort { name: "name", by: "lower(name)", index: None },
        Sort { name: "createdAt", by: "created_at", index: None },
    ],
    usual: "email",
};

/// A member of staff.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// Its id.
    pub id: UserId,
    /// What they log in with; nobody else's.
    pub email: Email,
    /// What others see.
    pub name: String,
    /// What they may do.
    pub role: Role,
    /// The language of their pages; `None`: what their browser asks for.
    pub language: Option<String>,
    /// Whether they have set a password: they can log in.
    pub has_password: bool,
    /// Whether they log in with a second factor.
    pub has_totp: bool,
    /// When they were made.
    pub created_at: Timestamp,
    /// When something of this was last changed.
    pub updated_at: Timestamp,
    /// When they last logged in.
    pub last_login_at: Option<Timestamp>,
    /// Since when they may not.
    pub disabled_at: Option<Timestamp>,
    /// Counts the changes.
    pub version: i64,
}

impl User {
    /// Whether they can log in.
    pub fn state(&self) -> State {
        match (self.disabled_at, self.has_password) {
            (Some(_), _) => State::Disabled,
            (None, true) => State::Active,
            (None, false) => State::Invited,
        }
    }
}

/// A member of staff to be made.
#[derive(Clone, Debug)]
pub struct NewUser {
    /// What they log in with.
    pub email: Email,
    /// What others see.
    pub name: String,
    /// What they may do.
    pub role: Role,
}

/// What somebody logs in with, as it is kept. `Debug` redacts it.
#[derive(Clone)]
pub struct Credentials {
    /// Whose.
    pub user: User,
    /// The password's hash (a PHC string); `None`: none was set yet.
    pub password: Option<String>,
    /// The second factor's secret, sealed for [`super::Purpose::Totp`] and the user's id.
    pub totp: Option<Vec<u8>>,
    /// The same of one that waits for its first code.
    pub pending_totp: Option<Vec<u8>>,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials").field("user", &self.user.id).finish_non_exhaustive()
    }
}

/// Makes a member of staff, who can log in once they have a password; `None` when somebody has this e-mail address.
///
/// # Errors
/// When the database fails.
pub fn create(transaction: &Transaction<'_>, new: &NewUser, now: Timestamp) -> Result<Option<User>, StoreError> {
    let id = UserId::random();
    let made = transaction.execute(
        "INSERT INTO users (id, email, email_key, name, role, created_at, updated_at)
         VALUES (:id, :email, :email_key, :name, :role, :now, :now) ON CONFLICT (email_key) DO NOTHING",
        named_params! {
            ":id": id.as_str(),
            ":email": new.email.as_str(),
            ":email_key": new.email.key(),
            ":name": new.name,
            ":role": new.role.as_str(),
            ":now": now.as_millisecond(),
        },
    )?;
    if made == 0 { Ok(None) } else { find(transaction, &id) }
}

/// The member of staff with this id.
///
/// # Errors
/// When the database fails.
pub fn find(connection: &Connection, id: &UserId) -> Result<Option<User>, StoreError> {
    let mut statement = connection.prepare_cached("SELECT * FROM users WHERE id = ?1")?;
    Ok(statement.query_row([id.as_str()], user).optional()?)
}

/// The member of staff with this e-mail address, however it is written.
///
/// # Errors
/// When the database fails.
pub fn find_by_email(connection: &Connection, email: &Email) -> Result<Option<User>, StoreError> {
    let mut statement = connection.prepare_cached("SELECT * FROM users WHERE email_key = ?1")?;
    Ok(statement.query_row([email.key()], user).optional()?)
}

/// What this member of staff logs in with.
///
/// # Errors
/// When the database fails.
pub fn credentials(connection: &Connection, id: &UserId) -> Result<Option<Credentials>, StoreError> {
    let mut statement = connection.prepare_cached("SELECT * FROM users WHERE id = ?1")?;
    let credentials = statement.query_row([id.as_str()], |row| {
        Ok(Credentials {
            user: user(row)?,
            password: row.get("password")?,
            totp: row.get("sealed_totp")?,
            pending_totp: row.get("sealed_totp_new")?,
        })
    });
    Ok(credentials.optional()?)
}

/// Which members of staff to list.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// Words, or parts of words, of names and e-mail addresses.
    pub words: String,
    /// With this role.
    pub role: Option<Role>,
    /// In this state.
    pub state: Option<State>,
}

impl Wanted {
    /// What holds for them.
    pub fn filter(&self) -> Filter {
        let words = Condition::for_words("instr(lower(name || ' ' || email), ?)", &self.words.to_lowercase());
        let others = [
            self.role.map(|role| Condition("role = ?", role.as_str().to_owned().into())),
            self.state.map(|state| Condition(STATE, state.as_str().to_owned().into())),
        ];
        Filter { conditions: words.into_iter().chain(others.into_iter().flatten()).collect(), ..Filter::default() }
    }
}

/// A page of members of staff.
///
/// # Errors
/// When the database fails.
pub fn page(connection: &Connection, filter: &Filter, page: &Page) -> Result<Rows<User>, StoreError> {
    list::page(connection, &TABLE, filter, page, user)
}

/// Whether there is nobody yet.
///
/// # Errors
/// When the database fails.
pub fn is_empty(connection: &Connection) -> Result<bool, StoreError> {
    Ok(!connection.query_row("SELECT EXISTS (SELECT 1 FROM users)", [], |row| row.get::<_, bool>(0))?)
}

/// Whether somebody besides this one can log in as an administrator.
///
/// # Errors
/// When the database fails.
pub fn is_other_admin(connection: &Connection, besides: &UserId) -> Result<bool, StoreError> {
    let found = connection.query_row(
        "SELECT EXISTS (SELECT 1 FROM users
         WHERE role = ?1 AND password IS NOT NULL AND disabled_at IS NULL AND id IS NOT ?2)",
        (Role::Admin.as_str(), besides.as_str()),
        |row| row.get(0),
    );
    Ok(found?)
}

/// Writes name, e-mail address, role, language and whether they are disabled; the e-mail address must be nobody else's.
///
/// # Errors
/// When the database fails.
pub fn update(transaction: &Transaction<'_>, changed: &User, now: Timestamp) -> Result<(), StoreError> {
    transaction.execute(
        "UPDATE users SET email = :email, email_key = :email_key, name = :name, role = :role, language = :language,
             disabled_at = :disabled_at, updated_at = :now, version = version + 1
         WHERE id = :id",
        named_params! {
            ":id": changed.id.as_str(),
            ":email": changed.email.as_str(),
            ":email_key": changed.email.key(),
            ":name": changed.name,
            ":role": changed.role.as_str(),
            ":language": changed.language,
            ":disabled_at": changed.disabled_at.map(Timestamp::as_millisecond),
            ":now": now.as_millisecond(),
        },
    )?;
    Ok(())
}

/// Keeps a new password's hash.
///
/// # Errors
/// When the database fails.
pub fn set_password(transaction: &Transaction<'_>, id: &UserId, hash: &str, now: Timestamp) -> Result<(), StoreError> {
    transaction.execute(
        "UPDATE users SET password = ?2, updated_at = ?3, version = version + 1 WHERE id = ?1",
        (id.as_str(), hash, now.as_millisecond()),
    )?;
    Ok(())
}

/// Keeps another hash of the same password.
///
/// # Errors
/// When the database fails.
pub fn rehash_password(transaction: &Transaction<'_>, id: &UserId, hash: &str) -> Result<(), StoreError> {
    transaction.execute("UPDATE users SET password = ?2 WHERE id = ?1", (id.as_str(), hash))?;
    Ok(())
}

/// Keeps a second factor that waits for its first code.
///
/// # Errors
/// When the database fails.
pub fn set_pending_totp(transaction: &Transaction<'_>, id: &UserId, sealed: &[u8]) -> Result<(), StoreError> {
    transaction.execute("UPDATE users SET sealed_totp_new = ?2 WHERE id = ?1", (id.as_str(), sealed))?;
    Ok(())
}

/// Keeps a second factor, of which the code of `step` was used; or, with `None`, no longer one.
///
/// # Errors
/// When the database fails.
pub fn set_totp(
    transaction: &Transaction<'_>,
    id: &UserId,
    totp: Option<(&[u8], i64)>,
    now: Timestamp,
) -> Result<(), StoreError> {
    let (sealed, step) = totp.unzip();
    transaction.execute(
        "UPDATE users SET sealed_totp = ?2, totp_step = ?3, sealed_totp_new = NULL, updated_at = ?4, version = version + 1
         WHERE id = ?1",
        (id.as_str(), sealed, step, now.as_millisecond()),
    )?;
    Ok(())
}

/// Notes that the code of a time step was used; false when that one, or a later one, was before.
///
/// # Errors
/// When the database fails.
pub fn use_code(transaction: &Transaction<'_>, id: &UserId, step: i64) -> Result<bool, StoreError> {
    let used = transaction.execute(
        "UPDATE users SET totp_step = ?2 WHERE id = ?1 AND (totp_step IS NULL OR totp_step < ?2)",
        (id.as_str(), step),
    )?;
    Ok(used > 0)
}

/// Notes that somebody has logged in.
///
/// # Errors
/// When the database fails.
pub fn note_login(transaction: &Transaction<'_>, id: &UserId, now: Timestamp) -> Result<(), StoreError> {
    transaction.execute("UPDATE users SET last_login_at = ?2 WHERE id = ?1", (id.as_str(), now.as_millisecond()))?;
    Ok(())
}

/// Deletes a member of staff with all sessions and links. False when there is no such one.
///
/// # Errors
/// When the database fails.
pub fn delete(transaction: &Transaction<'_>, id: &UserId) -> Result<bool, StoreError> {
    Ok(transaction.execute("DELETE FROM users WHERE id = ?1", [id.as_str()])? > 0)
}

fn user(row: &Row<'_>) -> rusqlite::Result<User> {
    Ok(User {
        id: parsed(row, "id")?,
        email: parsed(row, "email")?,
        name: row.get("name")?,
        role: parsed(row, "role")?,
        language: row.get("language")?,
        has_password: row.get::<_, Option<String>>("password")?.is_some(),
        has_totp: row.get::<_, Option<Vec<u8>>>("sealed_totp")?.is_some(),
        created_at: moment(row, "created_at")?,
        updated_at: moment(row, "updated_at")?,
        last_login_at: moment_if_any(row, "last_login_at")?,
        disabled_at: moment_if_any(row, "disabled_at")?,
        version: row.get("version")?,
    })
}
