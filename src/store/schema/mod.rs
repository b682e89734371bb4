//! Opening the database file: who may read it, how safely it is written, and which version it has.

use std::{
    fs::{self, File, Permissions},
    io,
    num::NonZeroUsize,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use include_dir::{Dir, include_dir};
use rusqlite::Connection;
use rusqlite_migration::{Migrations, SchemaVersion};

use super::{
    StoreError,
    private::{self, OWNER_ONLY},
};

static MIGRATIONS: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/migrations");

/// How long a statement waits for another process that writes.
const PATIENCE: Duration = Duration::from_secs(5);
/// The same while the log is emptied: meanwhile nobody writes.
const PATIENCE_WITH_READERS: Duration = Duration::from_millis(250);

/// Opens the database at `path` for writing and brings it to this program's version; makes it if it is not there.
pub(super) fn open(path: &Path) -> Result<Connection, StoreError> {
    let migrations = Migrations::from_directory(&MIGRATIONS)
        .map_err(|reason| StoreError::Migration { path: path.to_owned(), reason: Arc::new(reason) })?;
    open_with(path, &migrations)
}

fn open_with(path: &Path, migrations: &Migrations<'_>) -> Result<Connection, StoreError> {
    let failed = StoreError::file(path.to_owned());
    // One process at a time makes or migrates it. The folder's own lock needs no file; the system lets go of it when the
    // process ends, however it ends.
    let folder = File::open(folder_of(path)).map_err(&failed)?;
    folder.lock().map_err(&failed)?;
    make_private(path).map_err(&failed)?;
    let mut connection = Connection::open(path).map_err(StoreError::opening(path.to_owned()))?;
    let current = migrations.current_version(&connection).map_err(|error| migration_error(path, error))?;
    let pending = migrations.pending_migrations(&connection).map_err(|error| migration_error(path, error))?;
    match current {
        SchemaVersion::Outside(found) => {
            let known = usize::from(found).saturating_sub(pending.unsigned_abs() as usize);
            return Err(StoreError::Newer { path: path.to_owned(), found: found.into(), known });
        }
        SchemaVersion::Inside(version) if pending > 0 => keep_copy(&connection, path, version)?,
        SchemaVersion::Inside(_) | SchemaVersion::NoneSet => {}
    }
    set_up_writer(&connection).map_err(StoreError::opening(path.to_owned()))?;
    migrations.to_latest(&mut connection).map_err(|error| migration_error(path, error))?;
    folder.sync_all().map_err(&failed)?;
    Ok(connection)
}

/// Makes the file if it is not there. SQLite gives the files that it makes beside it the same owner and permissions.
fn make_private(path: &Path) -> io::Result<()> {
    match private::make(path) {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            // Never opened here: closing the file would drop the locks that SQLite holds on it in this process.
            if fs::metadata(path)?.permissions().mode() & 0o777 != OWNER_ONLY {
                fs::set_permissions(path, Permissions::from_mode(OWNER_ONLY))?;
            }
            Ok(())
        }
        Err(error) => Err(error),
    }
}

/// `FULL`: a commit is answered once it would survive a power cut. What is deleted is overwritten, for people have a right
/// to be forgotten.
fn set_up_writer(connection: &Connection) -> rusqlite::Result<()> {
    connection.busy_timeout(PATIENCE)?;
    connection.pragma_update(None, "journal_mode", "wal")?;
    connection.pragma_update(None, "synchronous", "full")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.pragma_update(None, "secure_delete", true)?;
    // What is sorted or joined on the side is not written to a file of its own.
    connection.pragma_update(None, "temp_store", "memory")
}

/// A reader cannot write, whatever it is asked.
pub(super) fn set_up_reader(connection: &Connection) -> rusqlite::Result<()> {
    connection.busy_timeout(PATIENCE)?;
    connection.pragma_update(None, "query_only", true)?;
    connection.pragma_update(None, "temp_store", "memory")
}

/// Moves all that is in the write-ahead log into the database, and empties the log: text that was deleted is then in
/// neither. False when another process was reading, so that the log stays for now.
pub(super) fn empty_log(connection: &Connection) -> Result<bool, StoreError> {
    connection.busy_timeout(PATIENCE_WITH_READERS)?;
    let busy = connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get::<_, i64>(0));
    connection.busy_timeout(PATIENCE)?;
    Ok(busy? == 0)
}

/// Copies the database to `callstead.db.vN`; whole or not at all.
fn keep_copy(connection: &Connection, path: &Path, version: NonZeroUsize) -> Result<(), StoreError> {
    let failed = StoreError::file(path.to_owned());
    let copy = beside(path, &format!(".v{version}"));
    let unfinished = beside(path, &format!(".v{version}.part"));
    let name = unfinished.to_str().ok_or_else(|| failed(io::Error::other("the folder's name is not UTF-8")))?;
    // An empty file of ours, for SQLite would make one that everybody can read.
    match fs::remove_file(&unfinished) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(error)),
        _ => {}
    }
    private::make(&unfinished).map_err(&failed)?;
    connection.execute("VACUUM INTO ?1", [name]).map_err(StoreError::opening(path.to_owned()))?;
    File::open(&unfinished).and_then(|file| file.sync_all()).map_err(&failed)?;
    fs::rename(&unfinished, &copy).map_err(&failed)?;
    tracing::info!(copy = %copy.display(), "the database is of an older version: a copy is kept");
    Ok(())
}

/// The names of the copies that [`keep_copy`] has made, or was making.
pub(super) fn copies(path: &Path) -> io::Result<Vec<String>> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let is_copy = |file: &str| {
        let version = file.strip_prefix(&*name).and_then(|rest| rest.strip_prefix(".v"));
        let version = version.map(|version| version.strip_suffix(".part").unwrap_or(version));
        version.is_some_and(|version| !version.is_empty() && version.bytes().all(|byte| byte.is_ascii_digit()))
    };
    let files = fs::read_dir(folder_of(path))?.collect::<io::Result<Vec<_>>>()?;
    let names = files.iter().map(|file| file.file_name().to_string_lossy().into_owned());
    let mut copies: Vec<_> = names.filter(|name| is_copy(name)).collect();
    copies.sort();
    Ok(copies)
}

/// Deletes them.
pub(super) fn delete_copies(path: &Path) -> io::Result<()> {
    for name in copies(path)? {
        fs::remove_file(folder_of(path).join(name))?;
    }
    Ok(())
}

fn folder_of(path: &Path) -> &Path {
    path.parent().unwrap_or(Path::new("."))
}

/// Writes the whole database anew: deleted text that was moved within the file before is then nowhere in it.
pub(super) fn rebuild(connection: &Connection) -> Result<(), StoreError> {
    Ok(connection.execute_batch("VACUUM")?)
}

fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

fn migration_error(path: &Path, error: rusqlite_migration::Error) -> StoreError {
    match error {
        rusqlite_migration::Error::RusqliteError { err, .. } => StoreError::opening(path.to_owned())(err),
        other => StoreError::Migration { path: path.to_owned(), reason: Arc::new(other) },
    }
}

#[cfg(test)]
mod tests;
