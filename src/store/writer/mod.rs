//! The one thread that writes. Those who write at the same time share a transaction, and so one wait for the disk (group
//! commit); each has a savepoint of its own, so that what fails takes nobody along. Answers are given after the commit.
//!
//! What writes very many rows has a transaction alone, and no savepoint: SQLite goes through all pages that were changed since a
//! savepoint at the end of each statement after it, which makes fifty thousand rows ten times as slow.

use std::{
    io,
    panic::{AssertUnwindSafe, catch_unwind},
    thread::{self, JoinHandle},
};

use rusqlite::{Connection, Transaction, TransactionBehavior};
use tokio::sync::{mpsc, oneshot};

use super::{StoreError, schema};

/// Writes that wait; whoever comes then waits to be let in.
const QUEUE: usize = 256;
/// Writes that share a transaction at most: the first of them waits for all.
const GROUP: usize = 64;

/// Something to write, and whom to tell.
trait Write: Send {
    /// Does it. What fails has to be rolled back by the caller.
    fn run(&mut self, transaction: &Transaction<'_>) -> bool;
    /// Tells what came of it; `lost` when the whole transaction was.
    fn answer(self: Box<Self>, lost: Option<StoreError>);
}

enum Request {
    Write(Box<dyn Write>),
    WriteAlone(Box<dyn Write>),
    EmptyLog(oneshot::Sender<Result<bool, StoreError>>),
    Rebuild(oneshot::Sender<Result<(), StoreError>>),
}

/// The way to the thread. When it goes, what was queued is written first.
#[derive(Debug)]
pub(super) struct Writer {
    requests: Option<mpsc::Sender<Request>>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    pub(super) fn start(connection: Connection) -> io::Result<Self> {
        let (requests, queue) = mpsc::channel(QUEUE);
        let thread = thread::Builder::new().name("store".to_owned()).spawn(move || serve(connection, queue))?;
        Ok(Self { requests: Some(requests), thread: Some(thread) })
    }

    pub(super) async fn write<T, E, F>(&self, work: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
        F: FnOnce(&Transaction<'_>) -> Result<T, E> + Send + 'static,
    {
        let (answer, answered) = oneshot::channel();
        self.request(Request::Write(Box::new(Job::Waiting { work, answer }))).await?;
        answered.await.unwrap_or(Err(StoreError::Stopped.into()))
    }

    /// As [`Writer::write`], for very many rows.
    pub(super) async fn write_alone<T, E, F>(&self, work: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
        F: FnOnce(&Transaction<'_>) -> Result<T, E> + Send + 'static,
    {
        let (answer, answered) = oneshot::channel();
        self.request(Request::WriteAlone(Box::new(Job::Waiting { work, answer }))).await?;
        answered.await.unwrap_or(Err(StoreError::Stopped.into()))
    }

    pub(super) async fn empty_log(&self) -> Result<bool, StoreError> {
        let (answer, answered) = oneshot::channel();
        self.request(Request::EmptyLog(answer)).await?;
        answered.await.unwrap_or(Err(StoreError::Stopped))
    }

    pub(super) async fn rebuild(&self) -> Result<(), StoreError> {
        let (answer, answered) = oneshot::channel();
        self.request(Request::Rebuild(answer)).await?;
        answered.await.unwrap_or(Err(StoreError::Stopped))
    }

    async fn request(&self, request: Request) -> Result<(), StoreError> {
        let requests = self.requests.as_ref().ok_or(StoreError::Stopped)?;
        requests.send(request).await.map_err(|_| StoreError::Stopped)
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        drop(self.requests.take());
        // The last handle may be dropped by a write itself, on that very thread.
        if let Some(thread) = self.thread.take()
            && thread.thread().id() != thread::current().id()
        {
            // It catches panics; there is nothing to hear from it.
            let _ = thread.join();
        }
    }
}

/// The stages of a piece of work.
enum Job<T, E, F> {
    Waiting { work: F, answer: oneshot::Sender<Result<T, E>> },
    Done { result: Result<T, E>, answer: oneshot::Sender<Result<T, E>> },
    Panicked { answer: oneshot::Sender<Result<T, E>> },
    Taken,
}

impl<T, E, F> Write for Job<T, E, F>
where
    T: Send,
    E: From<StoreError> + Send,
    F: FnOnce(&Transaction<'_>) -> Result<T, E> + Send,
{
    fn run(&mut self, transaction: &Transaction<'_>) -> bool {
        let Self::Waiting { work, answer } = std::mem::replace(self, Self::Taken) else { return false };
        *self = match catch_unwind(AssertUnwindSafe(|| work(transaction))) {
            Ok(result) => Self::Done { result, answer },
            Err(_) => {
                tracing::error!("a write to the database panicked and was undone");
                Self::Panicked { answer }
            }
        };
        matches!(self, Self::Done { result: Ok(_), .. })
    }

    fn answer(self: Box<Self>, lost: Option<StoreError>) {
        let (result, answer) = match (*self, lost) {
            (Self::Taken, _) => return,
            (Self::Done { result: Err(error), answer }, _) => (Err(error), answer),
            (Self::Done { answer, .. } | Self::Waiting { answer, .. } | Self::Panicked { answer }, Some(error)) => {
                (Err(error.into()), answer)
            }
            (Self::Done { result, answer }, None) => (result, answer),
            (Self::Waiting { answer, .. } | Self::Panicked { answer }, None) => {
                (Err(StoreError::Stopped.into()), answer)
            }
        };
        // Whoever asked may have gone; what was written stays.
        let _ = answer.send(result);
    }
}

fn serve(mut connection: Connection, mut queue: mpsc::Receiver<Request>) {
    let mut group = Vec::new();
    while let Some(first) = queue.blocking_recv() {
        let mut next = Some(first);
        while let Some(Request::Write(write)) = next {
            group.push(write);
            next = if group.len() < GROUP { queue.try_recv().ok() } else { None };
        }
        if !group.is_empty() {
            write_group(&mut connection, &mut group);
        }
        // Whoever asked may have gone.
        match next {
            Some(Request::WriteAlone(write)) => write_group(&mut connection, &mut vec![write]),
            Some(Request::EmptyLog(answer)) => drop(answer.send(schema::empty_log(&connection))),
            Some(Request::Rebuild(answer)) => drop(answer.send(schema::rebuild(&connection))),
            Some(Request::Write(_)) | None => {}
        }
    }
}

fn write_group(connection: &mut Connection, group: &mut Vec<Box<dyn Write>>) {
    let lost = commit_group(connection, group).err();
    for write in group.drain(..) {
        write.answer(lost.clone());
    }
}

/// Runs all of `group` in one transaction.
///
/// # Errors
/// When nothing of it was written.
fn commit_group(connection: &mut Connection, group: &mut [Box<dyn Write>]) -> Result<(), StoreError> {
    // Immediate: takes the write lock now, where waiting for another process is safe; a transaction that has read first
    // could no longer get it.
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    if let [alone] = group {
        let ended = if alone.run(&transaction) { transaction.commit() } else { transaction.rollback() };
        return Ok(ended?);
    }
    for write in group {
        transaction.execute_batch("SAVEPOINT write")?;
        if !write.run(&transaction) {
            // A full disk, for one, may have ended the whole transaction: then this fails, and so do all.
            transaction.execute_batch("ROLLBACK TO write")?;
        }
        transaction.execute_batch("RELEASE write")?;
    }
    Ok(transaction.commit()?)
}

#[cfg(test)]
mod tests;
