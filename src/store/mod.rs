//! The database: SQLite in one file of the data folder. One thread writes, a few connections read; other processes (the
//! command line) may do the same at the same time.
//!
//! A record whose write was answered survives a power cut. SQL stands only here, as functions on `&Connection` (reading) and
//! `&Transaction` (writing), one file for each entity; [`Store::read`] and [`Store::write`] bring those to a connection. A
//! database error is never turned into "not found".

pub mod api_keys;
pub mod audit;
pub mod bookings;
pub mod callbacks;
pub mod calls;
pub mod communications;
pub mod customers;
pub mod do_not_call;
pub mod erasure;
mod error;
pub mod figures;
pub mod handovers;
pub mod idempotency;
pub mod imports;
mod json;
pub mod known_networks;
pub mod leads;
pub mod list;
pub mod new_key;
pub mod persons;
mod private;
pub mod profiles;
pub mod promises;
pub mod provider_keys;
mod random_secret;
mod refusal;
pub mod retention;
mod rows;
pub mod rules;
mod schema;
pub mod scripts;
pub mod search_later;
pub mod sessions;
pub mod settings;
pub mod sms_outbox;
pub mod turns;
pub mod upkeep;
pub mod user_links;
pub mod users;
mod vault;
mod wipe;
mod writer;

use std::{
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

use deadpool_sqlite::{Hook, HookError, Manager, Pool, Runtime};
use jiff::Timestamp;
/// What is read from, for functions that read several entities; what can be asked of one stands in this module.
pub use rusqlite::Connection;
use rusqlite::Transaction;
use tokio::{
    runtime::{Builder, Handle},
    task::spawn_blocking,
};

use audit::Actor;
pub use error::StoreError;
pub use random_secret::RandomSecret;
pub use refusal::Refusal;
pub use rows::UnknownWord;
pub use vault::{KEY_FILE, Purpose, Vault};
use writer::Writer;

/// The database's file in the data folder.
pub const FILE: &str = "callstead.db";
/// Connections that read: pages and API calls at the same time, each for milliseconds.
const READERS: usize = 4;

/// The database. Clones share it; when the last one goes, what was queued is written first.
#[derive(Clone, Debug)]
pub struct Store {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    readers: Pool,
    writer: Writer,
    vault: Vault,
    path: PathBuf,
}

impl Drop for Inner {
    /// The pool closes its connections on a runtime's threads, and panics without one; a server's last handle goes when its
    /// runtime has ended.
    fn drop(&mut self) {
        let own = Handle::try_current().is_err().then(|| Builder::new_current_thread().build());
        match &own {
            Some(Ok(runtime)) => {
                let _inside = runtime.enter();
                self.readers.close();
            }
            _ => self.readers.close(),
        }
    }
}

impl Store {
    /// Opens the database in `data_dir`, a folder that is there; makes it if need be, for its owner only. Brings an older one
    /// to this version, keeping a copy of it. Blocks.
    ///
    /// # Errors
    /// When the file cannot be opened, is damaged, is of a newer version, or belongs to another key. It is then as it was.
    pub fn open(data_dir: &Path) -> Result<Self, StoreError> {
        // A relative path might begin with `file:`, which SQLite would take for an address.
        let failed = StoreError::file(data_dir.join(FILE));
        let path = std::path::absolute(data_dir).map_err(&failed)?.join(FILE);
        let connection = schema::open(&path)?;
        let vault = Vault::open(path.parent().unwrap_or(data_dir))?;
        vault.check(&connection)?;
        let set_up = Hook::async_fn(|connection, _| {
            Box::pin(async move {
                let set_up = connection.interact(|connection| schema::set_up_reader(connection)).await;
                set_up.map_err(|error| HookError::message(error.to_string()))?.map_err(HookError::Backend)
            })
        });
        let manager = Manager::from_config(&deadpool_sqlite::Config::new(path.clone()), Runtime::Tokio1);
        let readers = Pool::builder(manager).max_size(READERS).runtime(Runtime::Tokio1).post_create(set_up).build();
        let readers = readers.expect("a pool without time limits needs nothing else");
        let writer = Writer::start(connection).map_err(&failed)?;
        Ok(Self { inner: Arc::new(Inner { readers, writer, vault, path }) })
    }

    /// Runs `work` in a transaction, in turn with all other writes. An `Ok` is on the disk; with an `Err` nothing of `work`
    /// was written. Once this was polled, `work` may be done even if nobody waits for it any more.
    ///
    /// # Errors
    /// That of `work`, or [`StoreError::Busy`], [`StoreError::Full`], …
    pub async fn write<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Transaction<'_>) -> Result<T, StoreError> + Send + 'static,
    {
        self.inner.writer.write(work).await
    }

    /// As [`Store::write`], for what somebody changes: `work` gets what it needs to record that in the audit log, and may
    /// refuse with an error of its own; then too nothing is written.
    ///
    /// # Errors
    /// That of `work`, or as [`Store::write`].
    pub async fn change<T, E, F>(&self, actor: Actor, now: Timestamp, work: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
        F: FnOnce(&Change<'_>) -> Result<T, E> + Send + 'static,
    {
        let now = exact(now);
        let vault = self.inner.vault.clone();
        self.inner.writer.write(move |transaction| work(&Change { transaction, vault: &vault, actor, now })).await
    }

    /// As [`Store::change`], for thousands of rows. Everybody else waits for all of them.
    ///
    /// # Errors
    /// As [`Store::change`].
    pub async fn change_alone<T, E, F>(&self, actor: Actor, now: Timestamp, work: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
        F: FnOnce(&Change<'_>) -> Result<T, E> + Send + 'static,
    {
        let (now, vault) = (exact(now), self.inner.vault.clone());
        self.inner.writer.write_alone(move |transaction| work(&Change { transaction, vault: &vault, actor, now })).await
    }

    /// As [`Store::write`], for work that deletes what people said or who they are: afterwards it is neither in a row nor in
    /// the log, unless another process was just reading; then the next one does that. SQLite overwrites what it deletes,
    /// but may have moved it within the file before and left a copy: [`Store::wipe`] leaves none.
    ///
    /// # Errors
    /// As [`Store::write`].
    pub async fn erase<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Transaction<'_>) -> Result<T, StoreError> + Send + 'static,
    {
        let result = self.write(work).await?;
        self.empty_log().await?;
        Ok(result)
    }

    /// To be called after a [`Store::change`] that deletes what people said or who they are: see [`Store::erase`].
    ///
    /// # Errors
    /// When the database fails.
    pub async fn empty_log(&self) -> Result<(), StoreError> {
        if !self.inner.writer.empty_log().await? {
            tracing::warn!("another process is reading the database: what was deleted stays in its log for a while");
        }
        Ok(())
    }

    /// To be called after [`erasure::erase`]: writes the whole database anew, so that no byte of what was deleted is left in
    /// it. Meanwhile nobody else writes, for about a second per 100 MB, and memory holds a second copy.
    ///
    /// # Errors
    /// When the database fails, or the disk has no room for a second copy.
    pub async fn wipe(&self) -> Result<(), StoreError> {
        self.inner.writer.rebuild().await?;
        self.write(wipe::done).await?;
        self.empty_log().await
    }

    /// The names of the copies that were kept before the schema was changed: they hold what was erased since.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub async fn copies(&self) -> Result<Vec<String>, StoreError> {
        self.at_files(schema::copies).await
    }

    /// Deletes those copies, and gives the names of those that are there all the same.
    ///
    /// # Errors
    /// When they cannot be deleted.
    pub async fn delete_copies(&self) -> Result<Vec<String>, StoreError> {
        self.at_files(schema::delete_copies).await?;
        self.copies().await
    }

    async fn at_files<T: Send + 'static>(&self, work: fn(&Path) -> io::Result<T>) -> Result<T, StoreError> {
        let path = self.inner.path.clone();
        let done = spawn_blocking(move || work(&path).map_err(StoreError::file(path))).await;
        done.unwrap_or(Err(StoreError::Stopped))
    }

    /// Runs `work` on a connection that only reads. It sees all that was answered before.
    ///
    /// # Errors
    /// That of `work`, or when there is no connection to be had.
    pub async fn read<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    {
        let connection = self.inner.readers.get().await.map_err(|error| match error {
            deadpool_sqlite::PoolError::Backend(error) => error.into(),
            error => {
                tracing::error!("no connection to the database: {error}");
                StoreError::Stopped
            }
        })?;
        connection.interact(move |connection| work(connection)).await.unwrap_or_else(|error| {
            tracing::error!("reading the database stopped: {error}");
            Err(StoreError::Stopped)
        })
    }

    /// What is kept encrypted is sealed and opened with this.
    pub fn vault(&self) -> &Vault {
        &self.inner.vault
    }
}

/// This moment, to the millisecond, as moments are kept.
pub fn now() -> Timestamp {
    exact(Timestamp::now())
}

/// As exact as moments are stored: what is answered now is what is read later.
fn exact(now: Timestamp) -> Timestamp {
    Timestamp::from_millisecond(now.as_millisecond()).unwrap_or(now)
}

/// A transaction in somebody's name.
#[derive(Debug)]
pub struct Change<'a> {
    /// Where it is written.
    pub transaction: &'a Transaction<'a>,
    /// Seals and recognises.
    pub vault: &'a Vault,
    /// Who changes something.
    pub actor: Actor,
    /// When, for everything that it writes.
    pub now: Timestamp,
}

impl Change<'_> {
    /// Adds to the audit log, in the same transaction.
    ///
    /// # Errors
    /// When the database fails.
    pub fn record(&self, entry: &audit::Entry) -> Result<(), StoreError> {
        audit::record(self.transaction, self.vault, &self.actor, self.now, entry)
    }
}

#[cfg(test)]
mod tests;
