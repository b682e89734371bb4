use std::sync::{Arc, Mutex, mpsc::sync_channel};

use futures_util::future::join_all;
use tempfile::TempDir;

use super::*;

fn table() -> (TempDir, Connection, Connection) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("test.db");
    let connection = Connection::open(&path).unwrap();
    connection.pragma_update(None, "journal_mode", "wal").unwrap();
    connection.execute_batch("CREATE TABLE numbers (number INTEGER NOT NULL) STRICT").unwrap();
    (folder, connection, Connection::open(path).unwrap())
}

fn insert(transaction: &Transaction<'_>, number: i64) -> Result<i64, StoreError> {
    transaction.execute("INSERT INTO numbers VALUES (?1)", [number])?;
    Ok(number)
}

fn numbers(connection: &Connection) -> Vec<i64> {
    let mut statement = connection.prepare("SELECT number FROM numbers ORDER BY number").unwrap();
    statement.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap()
}

/// Those that wait while the first one runs share the next transaction: seen from another connection, they appear at once.
#[tokio::test]
async fn those_who_wait_share_a_commit() {
    let (_folder, connection, reader) = table();
    let writer = Writer::start(connection).unwrap();
    let (go, wait) = sync_channel::<()>(0);
    let (began, begun) = oneshot::channel();
    let first = writer.write(move |transaction| {
        began.send(()).unwrap();
        wait.recv().unwrap();
        insert(transaction, 0)
    });
    let seen = Arc::new(Mutex::new(Vec::new()));
    let reader = Arc::new(Mutex::new(reader));
    let others = async {
        begun.await.unwrap();
        let write = |number| {
            let (seen, reader) = (seen.clone(), reader.clone());
            writer.write(move |transaction| {
                seen.lock().unwrap().push(numbers(&reader.lock().unwrap()).len());
                insert(transaction, number)
            })
        };
        join_all((1..=5).map(write)).await
    };
    let release = async {
        while writer.requests.as_ref().unwrap().capacity() > QUEUE - 5 {
            tokio::task::yield_now().await;
        }
        go.send(()).unwrap();
    };
    let (first, others, ()) = tokio::join!(first, others, release);
    assert!(first.is_ok() && others.iter().all(Result::is_ok), "{first:?} {others:?}");
    assert_eq!(*seen.lock().unwrap(), [1; 5], "only the first was committed while they ran");
    assert_eq!(numbers(&reader.lock().unwrap()), [0, 1, 2, 3, 4, 5]);
}

#[tokio::test]
async fn what_fails_takes_nobody_along() {
    let (_folder, connection, reader) = table();
    let writer = Writer::start(connection).unwrap();
    let (good, failed, panicked, refused, last) = tokio::join!(
        writer.write(|transaction| insert(transaction, 1)),
        writer.write(|transaction| {
            insert(transaction, 2)?;
            Err::<(), _>(StoreError::Full)
        }),
        writer.write(|transaction| {
            insert(transaction, 3)?;
            assert!(transaction.is_autocommit(), "a bug in a write");
            Ok(())
        }),
        writer.write(|transaction| Ok(transaction.execute("INSERT INTO numbers VALUES (NULL)", [])?)),
        writer.write(|transaction| insert(transaction, 4)),
    );
    assert!(matches!((good, last), (Ok(1), Ok(4))));
    assert!(matches!(failed, Err(StoreError::Full)));
    assert!(matches!(panicked, Err(StoreError::Stopped)));
    assert!(matches!(refused, Err(StoreError::Failed(_))), "{refused:?}");
    assert_eq!(numbers(&reader), [1, 4]);
}

/// A transaction that is lost as a whole is lost for all in it, and the next one works.
#[tokio::test]
async fn a_lost_transaction_is_answered_to_all() {
    let (_folder, connection, reader) = table();
    let writer = Writer::start(connection).unwrap();
    let (good, lost) = tokio::join!(
        writer.write(|transaction| insert(transaction, 1)),
        writer.write(|transaction| {
            // As SQLite itself does when the disk is full.
            transaction.execute_batch("ROLLBACK")?;
            Err::<(), _>(StoreError::Full)
        }),
    );
    assert!(lost.is_err());
    // Whether they shared a group is the scheduler's choice: an answer has to be true in either case.
    assert_eq!(numbers(&reader), if good.is_ok() { vec![1] } else { vec![] });
    writer.write(|transaction| insert(transaction, 2)).await.unwrap();
    assert!(numbers(&reader).ends_with(&[2]));
}

#[tokio::test]
async fn what_was_queued_is_written_before_the_end() {
    let (_folder, connection, reader) = table();
    let writer = Arc::new(Writer::start(connection).unwrap());
    let (go, wait) = sync_channel::<()>(0);
    let blocked = tokio::spawn({
        let writer = writer.clone();
        async move { writer.write(move |_| wait.recv().map_err(|_| StoreError::Stopped)).await }
    });
    let queued = tokio::spawn({
        let writer = writer.clone();
        async move { writer.write(|transaction| insert(transaction, 1)).await }
    });
    tokio::task::yield_now().await;
    blocked.abort();
    queued.abort();
    drop(go);
    let (_, _) = (blocked.await, queued.await);
    drop(writer);
    assert_eq!(numbers(&reader), [1]);
}
