//! An engine's threads, and the way to them.

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use tokio::sync::mpsc::{self, error::TrySendError};

use super::{Inbox, Requests, Scheduler, Urgency, inbox::Refusal};
use crate::speech::{Results, SpeechError};

/// How often a thread looks whether a slow reader has room again, or its engine is to end. Readers that matter leave
/// room; a blocking send would not see the engine's end.
const READER_PATIENCE: Duration = Duration::from_millis(5);

/// The threads of one engine and their inbox. When it is dropped the threads stop at their next step, and are waited for:
/// an engine must not compute while the process takes down what it computes with.
#[derive(Debug)]
pub struct Crew<J> {
    engine: &'static str,
    /// `None` only while being dropped.
    inbox: Option<Inbox<J>>,
    stopping: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

/// The way back to whoever asked: the sending end of [`Results`].
#[derive(Debug)]
pub struct Answers<T> {
    sender: mpsc::Sender<Result<T, SpeechError>>,
    stopping: Arc<AtomicBool>,
}

/// Nobody waits for the answer any more, or the engine is to end.
#[derive(Debug, PartialEq, Eq)]
pub struct Unwanted;

impl<T> Answers<T> {
    /// Whether to stop working on the answer.
    pub fn is_unwanted(&self) -> bool {
        self.sender.is_closed() || self.stopping.load(Ordering::Relaxed)
    }

    /// Hands a result over if there is room for it. `Ok(Some(_))` gives it back: there is none at present.
    ///
    /// # Errors
    /// [`Unwanted`], as [`Answers::is_unwanted`] says.
    pub fn offer(&self, result: Result<T, SpeechError>) -> Result<Option<Result<T, SpeechError>>, Unwanted> {
        match self.sender.try_send(result) {
            Ok(()) => Ok(None),
            Err(TrySendError::Full(_)) if self.stopping.load(Ordering::Relaxed) => Err(Unwanted),
            Err(TrySendError::Full(result)) => Ok(Some(result)),
            Err(TrySendError::Closed(_)) => Err(Unwanted),
        }
    }

    /// Hands a result over, and waits for a slow reader to make room for it. Not to be called while holding a lease:
    /// the reader would hold everybody back.
    ///
    /// # Errors
    /// [`Unwanted`], as [`Answers::is_unwanted`] says.
    pub fn send(&self, mut result: Result<T, SpeechError>) -> Result<(), Unwanted> {
        while let Some(unsent) = self.offer(result)? {
            result = unsent;
            thread::sleep(READER_PATIENCE);
        }
        Ok(())
    }
}

impl<J: Send + 'static> Crew<J> {
    /// A crew for `engine`, nobody in it yet, that lets `waiting` requests wait; and the end that its threads take them
    /// from.
    pub fn new(engine: &'static str, waiting: usize) -> (Self, Requests<J>) {
        let (inbox, requests) = Inbox::new(waiting);
        (Self { engine, inbox: Some(inbox), stopping: Arc::default(), threads: Vec::new() }, requests)
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
    /// already, the stream holds [`SpeechError::Overloaded`]; when the threads have died, [`SpeechError::Failed`].
    pub fn ask<T>(
        &self,
        urgency: impl Into<Urgency>,
        ahead: usize,
        request: impl FnOnce(Answers<T>) -> J,
    ) -> Results<T> {
        let (sender, results) = mpsc::channel(ahead);
        let request = request(Answers { sender, stopping: Arc::clone(&self.stopping) });
        let refusal = match &self.inbox {
            Some(inbox) => inbox.submit(urgency.into(), request).err(),
            None => Some(Refusal::Closed),
        };
        match refusal {
            None => results,
            Some(Refusal::Full) => refuse(SpeechError::Overloaded(self.engine)),
            Some(Refusal::Closed) => refuse(SpeechError::Failed {
                engine: self.engine,
                reason: "it has stopped: restart callstead".to_owned(),
            }),
        }
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
        self.stopping.store(true, Ordering::Relaxed);
        self.inbox = None;
        for thread in self.threads.drain(..) {
            // A panic has been reported by the thread itself.
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{speech::Priority, testing::scheduler};

    /// A crew whose one thread answers every job with 1, 2, 3 … until nobody wants more.
    fn counters(waiting: usize) -> Crew<Answers<u32>> {
        let (mut crew, requests) = Crew::<Answers<u32>>::new("test", waiting);
        let work = |answers: Answers<u32>| while (1..=9).all(|count| answers.send(Ok(count)).is_ok()) {};
        crew.enlist(&scheduler(), move || requests.serve(work)).unwrap();
        crew
    }

    #[test]
    fn a_crew_can_be_dropped_while_a_reader_leaves_no_room() {
        let crew = counters(8);
        let mut results: Vec<_> = (0..5).map(|_| crew.ask(Priority::Batch, 2, |answers| answers)).collect();
        assert_eq!(results[0].blocking_recv(), Some(Ok(1)));
        drop(crew);
        for results in &mut results {
            while results.blocking_recv().is_some() {}
        }
    }

    #[test]
    fn too_much_waiting_is_an_answer_too() {
        let (crew, _requests) = Crew::<Answers<u32>>::new("test", 1);
        let mut first = crew.ask(Priority::Batch, 1, |answers| answers);
        let mut second = crew.ask(Priority::Batch, 1, |answers| answers);
        assert_eq!(second.blocking_recv(), Some(Err(SpeechError::Overloaded("test"))));
        assert!(first.try_recv().is_err(), "it still waits");
    }

    #[test]
    fn a_panic_ends_one_answer_and_not_the_engine() {
        let (mut crew, requests) = Crew::<(bool, Answers<u32>)>::new("test", 8);
        let work = |(panics, answers): (bool, Answers<u32>)| {
            assert!(!panics, "as it was told to");
            answers.send(Ok(7)).unwrap();
        };
        crew.enlist(&scheduler(), move || requests.serve(work)).unwrap();
        assert_eq!(crew.ask(Priority::Batch, 1, |answers| (true, answers)).blocking_recv(), None);
        assert_eq!(crew.ask(Priority::Batch, 1, |answers| (false, answers)).blocking_recv(), Some(Ok(7)));
    }

    #[test]
    fn nobody_waits_for_threads_that_have_died() {
        let (mut crew, requests) = Crew::<Answers<u32>>::new("test", 8);
        let mut waiting = crew.ask(Priority::Batch, 1, |answers| answers);
        crew.enlist(&scheduler(), move || drop(requests)).unwrap();
        assert_eq!(waiting.blocking_recv(), None, "what waited has ended");
        let answer = crew.ask(Priority::Batch, 1, |answers| answers).blocking_recv();
        assert!(matches!(answer, Some(Err(SpeechError::Failed { engine: "test", .. }))));
    }
}
