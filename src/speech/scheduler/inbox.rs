//! An engine's bounded queue of requests, the most urgent first.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use super::{Priority, Urgency};

/// Why a request is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// As many wait as may.
    Full,
    /// Nobody takes requests out any more.
    Closed,
}

/// Requests for one engine, put in here and taken out by the engine's own threads. When this end is gone, those come to
/// an end.
#[derive(Debug)]
pub(super) struct Inbox<J> {
    shared: Arc<Shared<J>>,
}

/// The engine's end of an [`Inbox`].
#[derive(Debug)]
pub struct Requests<J> {
    shared: Arc<Shared<J>>,
}

#[derive(Debug)]
struct Shared<J> {
    capacity: usize,
    state: Mutex<State<J>>,
    changed: Condvar,
}

#[derive(Debug)]
struct State<J> {
    /// In the order in which they came.
    waiting: Vec<(Urgency, J)>,
    is_open: bool,
}

impl<J> Inbox<J> {
    /// An inbox that holds at most `capacity` requests, and the end to take them from.
    pub(super) fn new(capacity: usize) -> (Self, Requests<J>) {
        let state = State { waiting: Vec::new(), is_open: true };
        let shared = Arc::new(Shared { capacity, state: Mutex::new(state), changed: Condvar::new() });
        (Self { shared: Arc::clone(&shared) }, Requests { shared })
    }

    /// Puts a request in; never blocks.
    ///
    /// # Errors
    /// When as many wait as may, or the engine's threads have ended; the request is dropped.
    pub(super) fn submit(&self, urgency: Urgency, request: J) -> Result<(), Refusal> {
        let mut state = self.shared.lock();
        if !state.is_open {
            return Err(Refusal::Closed);
        }
        if state.waiting.len() >= self.shared.capacity {
            return Err(Refusal::Full);
        }
        state.waiting.push((urgency, request));
        drop(state);
        self.shared.changed.notify_one();
        Ok(())
    }
}

impl<J> Requests<J> {
    /// Waits for the most urgent request; `None` once the other end is gone and everything has been taken.
    pub fn next(&self) -> Option<J> {
        let mut state = self.shared.lock();
        loop {
            if let Some(request) = state.take_most_urgent() {
                return Some(request);
            }
            if !state.is_open {
                return None;
            }
            state = self.shared.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// The most urgent request; waits at most for `patience` when there is none.
    pub fn next_within(&self, patience: Duration) -> Option<J> {
        let mut state = self.shared.lock();
        if state.waiting.is_empty() && state.is_open && !patience.is_zero() {
            (state, _) = self.shared.changed.wait_timeout(state, patience).unwrap_or_else(PoisonError::into_inner);
        }
        state.take_most_urgent()
    }

    /// How urgent the most urgent request that waits is.
    pub fn urgency(&self) -> Option<Priority> {
        self.shared.lock().waiting.iter().map(|(urgency, _)| urgency.now()).max()
    }
}

impl<J> State<J> {
    /// Of several that are equally urgent, the one that came first.
    fn take_most_urgent(&mut self) -> Option<J> {
        let urgencies = self.waiting.iter().map(|(urgency, _)| urgency.now()).enumerate();
        let (at, _) = urgencies.rev().max_by_key(|(_, urgency)| *urgency)?;
        Some(self.waiting.remove(at).1)
    }
}

impl<J> Requests<J> {
    /// Works on requests until there are no more. A panic ends the request that it happened in: its results end, and the
    /// next request is taken. (What `work` keeps between requests must bear that.)
    pub fn serve(&self, mut work: impl FnMut(J)) {
        while let Some(request) = self.next() {
            if catch_unwind(AssertUnwindSafe(|| work(request))).is_err() {
                tracing::error!("an engine gave up a request: see the panic above");
            }
        }
    }
}

impl<J> Drop for Requests<J> {
    /// Nobody will take what waits: it is dropped, so that those who asked see the end of their results.
    fn drop(&mut self) {
        let mut state = self.shared.lock();
        state.is_open = false;
        let waiting = std::mem::take(&mut state.waiting);
        drop(state);
        drop(waiting);
    }
}

impl<J> Shared<J> {
    /// No code panics while it holds the lock: poison carries no information.
    fn lock(&self) -> MutexGuard<'_, State<J>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<J> Drop for Inbox<J> {
    fn drop(&mut self) {
        self.shared.lock().is_open = false;
        self.shared.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_urgent_request_comes_first_and_equals_in_order() {
        let (inbox, requests) = Inbox::new(8);
        for (priority, name) in [
            (Priority::Batch, "batch"),
            (Priority::Speech, "first"),
            (Priority::Speculation, "guess"),
            (Priority::Speech, "second"),
        ] {
            inbox.submit(priority.into(), name).unwrap();
        }
        drop(inbox);
        let order: Vec<_> = std::iter::from_fn(|| requests.next()).collect();
        assert_eq!(order, ["first", "second", "guess", "batch"]);
    }

    #[test]
    fn a_full_inbox_takes_no_more() {
        let (inbox, requests) = Inbox::new(1);
        inbox.submit(Priority::Batch.into(), 1).unwrap();
        assert_eq!(inbox.submit(Priority::Speech.into(), 2), Err(Refusal::Full));
        assert_eq!(requests.next(), Some(1));
        inbox.submit(Priority::Speech.into(), 3).unwrap();
    }

    #[test]
    fn a_request_that_has_become_urgent_comes_first() {
        let (inbox, requests) = Inbox::new(8);
        let guess = Urgency::new(Priority::Speculation);
        inbox.submit(Priority::Reply.into(), "reply").unwrap();
        inbox.submit(guess.clone(), "guess").unwrap();
        assert_eq!(requests.urgency(), Some(Priority::Reply));
        guess.raise(Priority::Speech);
        assert_eq!(requests.urgency(), Some(Priority::Speech));
        let order: Vec<_> = std::iter::from_fn(|| requests.next_within(Duration::ZERO)).collect();
        assert_eq!(order, ["guess", "reply"]);
        assert_eq!(requests.urgency(), None);
    }
}
