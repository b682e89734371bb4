//! An engine's threads, and the way to them.

use std::{io, thread::JoinHandle};

use tokio::sync::mpsc;

use super::{Inbox, Priority, Requests, Scheduler};
use crate::speech::{Results, SpeechError};

/// The threads of one engine and their inbox. When it is dropped the threads finish what they are at, and are waited
/// for: an engine must not compute while the process takes down what it computes with.
#[derive(Debug)]
pub struct Crew<J> {
    engine: &'static str,
    /// `None` only while being dropped.
    inbox: Option<Inbox<J>>,
    threads: Vec<JoinHandle<()>>,
}

impl<J: Send + 'static> Crew<J> {
    /// A crew for `engine`, nobody in it yet, that lets `waiting` requests wait; and the end that its threads take them
    /// from.
    pub fn new(engine: &'static str, waiting: usize) -> (Self, Requests<J>) {
        let (inbox, requests) = Inbox::new(waiting);
        (Self { engine, inbox: Some(inbox), threads: Vec::new() }, requests)
    }

    /// Adds a thread that does `work`, which must end when its requests do.
    ///
    /// # Errors
    /// When the operating system gives no thread.
    pub fn enlist(&mut self, scheduler: &Scheduler, work: impl FnOnce() + Send + 'static) -> io::Result<()> {
        self.threads.push(scheduler.spawn(self.engine, work)?);
        Ok(())
    }

    /// Asks the crew for a stream of results, at most `ahead` of which wait for a slow reader. With too much waiting
    /// already, the stream holds [`SpeechError::Overloaded`].
    pub fn ask<T>(
        &self,
        priority: Priority,
        ahead: usize,
        request: impl FnOnce(mpsc::Sender<Result<T, SpeechError>>) -> J,
    ) -> Results<T> {
        let (sender, results) = mpsc::channel(ahead);
        let taken = self.inbox.as_ref().map(|inbox| inbox.submit(priority, request(sender.clone())));
        if !matches!(taken, Some(Ok(()))) {
            // The channel is new: there is room for one.
            let _ = sender.try_send(Err(SpeechError::Overloaded(self.engine)));
        }
        results
    }
}

/// A stream that holds nothing but `error`.
pub fn refuse<T>(error: SpeechError) -> Results<T> {
    let (sender, results) = mpsc::channel(1);
    // The channel is new: there is room for one.
    let _ = sender.try_send(Err(error));
    results
}

impl<J> Drop for Crew<J> {
    fn drop(&mut self) {
        self.inbox = None;
        for thread in self.threads.drain(..) {
            // A panic has been reported by the thread itself.
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    };

    use super::*;
    use crate::testing::scheduler;

    type Job = mpsc::Sender<Result<u32, SpeechError>>;

    #[test]
    fn dropping_a_crew_finishes_what_was_asked() {
        let done = Arc::new(AtomicU32::new(0));
        let (mut crew, requests) = Crew::<Job>::new("test", 8);
        let counter = Arc::clone(&done);
        crew.enlist(&scheduler(), move || {
            while let Some(job) = requests.next() {
                let count = counter.fetch_add(1, Ordering::SeqCst) + 1;
                job.try_send(Ok(count)).unwrap();
            }
        })
        .unwrap();
        let mut results: Vec<_> = (0..5).map(|_| crew.ask(Priority::Batch, 1, |sender| sender)).collect();
        drop(crew);
        assert_eq!(done.load(Ordering::SeqCst), 5);
        assert_eq!(results[4].blocking_recv(), Some(Ok(5)));
    }

    #[test]
    fn too_much_waiting_is_an_answer_too() {
        let (crew, _requests) = Crew::<Job>::new("test", 1);
        let mut first = crew.ask(Priority::Batch, 1, |sender| sender);
        let mut second = crew.ask(Priority::Batch, 1, |sender| sender);
        assert_eq!(second.blocking_recv(), Some(Err(SpeechError::Overloaded("test"))));
        assert!(first.try_recv().is_err(), "it still waits");
    }
}
