use rusqlite_migration::M;
use tempfile::TempDir;

use super::*;

fn folder() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("callstead.db");
    (folder, path)
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

fn pragma(connection: &Connection, name: &str) -> String {
    let value = connection.pragma_query_value(None, name, |row| row.get::<_, rusqlite::types::Value>(0)).unwrap();
    match value {
        rusqlite::types::Value::Text(text) => text,
        rusqlite::types::Value::Integer(number) => number.to_string(),
        other => format!("{other:?}"),
    }
}

#[test]
fn what_is_written_is_durable_and_what_is_deleted_is_overwritten() {
    let (_folder, path) = folder();
    let connection = open(&path).unwrap();
    const FULL: &str = "2";
    for (name, value) in [
        ("journal_mode", "wal"),
        ("synchronous", FULL),
        ("foreign_keys", "1"),
        ("secure_delete", "1"),
        ("busy_timeout", "5000"),
    ] {
        assert_eq!(pragma(&connection, name), value, "{name}");
    }
}

#[test]
fn a_reader_cannot_write() {
    let (_folder, path) = folder();
    open(&path).unwrap();
    let reader = Connection::open(&path).unwrap();
    set_up_reader(&reader).unwrap();
    assert!(matches!(reader.execute("DELETE FROM calls", []).unwrap_err().into(), StoreError::ReadOnly));
}

#[test]
fn all_files_are_for_their_owner_only() {
    let (folder, path) = folder();
    let connection = open(&path).unwrap();
    connection.execute("DELETE FROM calls", []).unwrap();
    let files: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert_eq!(files.len(), 3, "the database, its log and its index: {files:?}");
    for file in &files {
        assert_eq!(mode(file), OWNER_ONLY, "{}", file.display());
    }
    drop(connection);
    fs::set_permissions(&path, Permissions::from_mode(0o644)).unwrap();
    open(&path).unwrap();
    assert_eq!(mode(&path), OWNER_ONLY);
}

#[test]
fn the_migrations_are_sound() {
    Migrations::from_directory(&MIGRATIONS).unwrap().validate().unwrap();
}

const FIRST: &str = "CREATE TABLE things (name TEXT) STRICT;";
const SECOND: &str = "ALTER TABLE things ADD COLUMN size INTEGER;";

#[test]
fn an_older_database_is_copied_aside_and_brought_up() {
    let (_folder, path) = folder();
    let connection = open_with(&path, &Migrations::new(vec![M::up(FIRST)])).unwrap();
    connection.execute("INSERT INTO things VALUES ('chair')", []).unwrap();
    drop(connection);
    // A leftover of an attempt that was cut off is in nobody's way.
    fs::write(beside(&path, ".v1.part"), "garbage").unwrap();
    let connection = open_with(&path, &Migrations::new(vec![M::up(FIRST), M::up(SECOND)])).unwrap();
    let row = connection.query_row("SELECT name, size FROM things", [], |row| Ok((row.get(0)?, row.get(1)?)));
    assert_eq!(row, Ok(("chair".to_owned(), None::<i64>)));
    let copy = beside(&path, ".v1");
    assert_eq!(mode(&copy), OWNER_ONLY);
    assert!(!beside(&path, ".v1.part").exists());
    let copied = open_with(&copy, &Migrations::new(vec![M::up(FIRST)])).unwrap();
    assert_eq!(copied.query_row("SELECT name FROM things", [], |row| row.get(0)), Ok("chair".to_owned()));
}

#[test]
fn a_migration_that_fails_leaves_the_database_as_it_was() {
    let (_folder, path) = folder();
    drop(open_with(&path, &Migrations::new(vec![M::up(FIRST)])).unwrap());
    let broken =
        open_with(&path, &Migrations::new(vec![M::up(FIRST), M::up("DROP TABLE things; DROP TABLE nothing;")]));
    assert!(broken.is_err());
    let connection = open_with(&path, &Migrations::new(vec![M::up(FIRST)])).unwrap();
    assert_eq!(connection.query_row("SELECT count(*) FROM things", [], |row| row.get(0)), Ok(0));
}

#[test]
fn a_newer_database_is_refused_and_left_alone() {
    let (_folder, path) = folder();
    drop(open_with(&path, &Migrations::new(vec![M::up(FIRST), M::up(SECOND)])).unwrap());
    let before = fs::read(&path).unwrap();
    let error = open_with(&path, &Migrations::new(vec![M::up(FIRST)])).unwrap_err();
    assert!(matches!(error, StoreError::Newer { found: 2, known: 1, .. }), "{error}");
    assert_eq!(fs::read(&path).unwrap(), before);
}

#[test]
fn a_damaged_database_is_never_replaced() {
    for content in [&b"this is no database, whatever its name says, and it is long enough"[..], &[0xff; 8192]] {
        let (_folder, path) = folder();
        fs::write(&path, content).unwrap();
        let error = open(&path).unwrap_err();
        assert!(matches!(error, StoreError::Damaged { .. }), "{error:?}");
        let line = error.to_string();
        assert!(line.contains("callstead.db is damaged") && !line.contains('\n'), "{line}");
        assert_eq!(fs::read(&path).unwrap(), content);
    }
}

#[test]
fn a_folder_that_is_not_there_is_told() {
    let (folder, _) = folder();
    let error = open(&folder.path().join("nowhere/callstead.db")).unwrap_err();
    assert!(matches!(error, StoreError::Open { .. }) && error.to_string().contains("nowhere/callstead.db"), "{error}");
}

/// A database of each version before the present one, the oldest first, as it was left by the program of its time.
const DUMPS: &[&str] = &[
    include_str!("dumps/v1.sql"),
    include_str!("dumps/v2.sql"),
    include_str!("dumps/v3.sql"),
    include_str!("dumps/v4.sql"),
];

/// It has a row within a transaction only.
const NEVER_LEFT: &str = "search_later";

/// The rows of a query, each as one text, in the order of those.
fn rows(connection: &Connection, sql: &str) -> Vec<String> {
    let mut statement = connection.prepare(sql).unwrap();
    let columns = statement.column_count();
    let row = |row: &rusqlite::Row<'_>| {
        let cells: rusqlite::Result<Vec<_>> =
            (0..columns).map(|at| row.get::<_, rusqlite::types::Value>(at).map(|it| format!("{it:?}"))).collect();
        Ok(cells?.join(" "))
    };
    let mut rows: Vec<_> = statement.query_map([], row).unwrap().collect::<Result<_, _>>().unwrap();
    rows.sort();
    rows
}

#[test]
fn databases_of_all_versions_are_brought_up_whole() {
    let known = MIGRATIONS.dirs().count();
    assert_eq!(DUMPS.len() + 1, known, "each migration comes with a dump of the version before (docs/development.md)");
    for (at, dump) in DUMPS.iter().enumerate() {
        let version = at + 1;
        let (_folder, path) = folder();
        let old = Connection::open(&path).unwrap();
        old.execute_batch(dump).unwrap();
        let tables = rows(&old, "SELECT name FROM pragma_table_list WHERE type = 'table' AND name NOT LIKE 'sqlite_%'");
        let tables = tables.into_iter().filter(|name| !name.contains(NEVER_LEFT)).collect::<Vec<_>>();
        let names: Vec<_> = tables.iter().map(|name| name.replace("Text(\"", "").replace("\")", "")).collect();
        let columns = |table: &str| {
            rows(&old, &format!("SELECT name FROM pragma_table_info('{table}')"))
                .join(", ")
                .replace("Text(\"", "\"")
                .replace("\")", "\"")
        };
        let queries: Vec<_> =
            names.iter().map(|table| format!("SELECT {} FROM {table} ORDER BY 1", columns(table))).collect();
        let before: Vec<_> = queries.iter().map(|query| rows(&old, query)).collect();
        assert!(before.iter().all(|rows| !rows.is_empty()), "version {version}: a table without rows shows nothing");
        drop(old);

        let connection = open(&path).unwrap();
        assert_eq!(pragma(&connection, "user_version"), known.to_string());
        let after: Vec<_> = queries.iter().map(|query| rows(&connection, query)).collect();
        assert_eq!(after, before, "version {version}");
        assert_eq!(rows(&connection, "PRAGMA integrity_check"), ["Text(\"ok\")"]);
        assert_eq!(rows(&connection, "PRAGMA foreign_key_check"), [] as [&str; 0]);
        let copy = beside(&path, &format!(".v{version}"));
        assert_eq!(mode(&copy), OWNER_ONLY);
        let copied = Connection::open(&copy).unwrap();
        assert_eq!(queries.iter().map(|query| rows(&copied, query)).collect::<Vec<_>>(), before);
        assert_eq!(pragma(&copied, "user_version"), version.to_string());
        assert_words_are_found(&connection);
    }
}

/// The index of words follows its table.
fn assert_words_are_found(connection: &Connection) {
    let found =
        |word: &str| rows(connection, &format!("SELECT rowid FROM leads_search WHERE leads_search MATCH '{word}'"));
    connection
        .execute_batch(
            "INSERT INTO persons (id) VALUES ('PE_1');
             INSERT INTO leads (seq, id, person, name, name_key, status, notes, created_at, updated_at, search)
             VALUES (7, 'LE_1', 'PE_1', 'سارة', 'ساره', 'new', '', 0, 0, 'ساره sara');",
        )
        .unwrap();
    assert_eq!((found("ساره"), found("sa*")), (vec!["Integer(7)".to_owned()], vec!["Integer(7)".to_owned()]));
    connection.execute("UPDATE leads SET search = 'omar' WHERE seq = 7", []).unwrap();
    assert_eq!((found("sara").len(), found("omar").len()), (0, 1));
    connection.execute_batch("INSERT INTO leads_search (leads_search) VALUES ('integrity-check')").unwrap();
}
