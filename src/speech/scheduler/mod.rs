//! One scheduler owns the cores. ggml's threads spin at their barriers: with more of them than cores, speed does not
//! fall in proportion, it collapses. So nothing computes for long without a [`Lease`], and leases never exceed the cores.
//!
//! An engine's thread is made by [`Scheduler::spawn`] (its priority for the operating system is low, so that sound is
//! never late because of thinking), asks for a lease for each piece of work, and calls [`Lease::checkpoint`] between its
//! steps: there it steps aside for more urgent work.

mod cores;
mod crew;
mod inbox;
mod load;
mod urgency;

use std::{
    io,
    num::NonZeroUsize,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread::{self, JoinHandle},
    time::Duration,
};

use rustix::process::{getpriority_process, setpriority_process};

use cores::{Cores, Ticket};
pub use cores::{Priority, Width};
pub use crew::{Answers, Crew, Unwanted, refuse};
use inbox::Inbox;
pub use inbox::Requests;
use load::LoadWatch;
pub use urgency::Urgency;

/// How much nicer than the rest of the process engine threads are (`setpriority(2)`).
const NICER_BY: i32 = 5;
/// The nicest that a thread can be.
const NICEST: i32 = 19;
/// How often work that waits for cores asks whether it has become more urgent.
const RECONSIDERED: Duration = Duration::from_millis(5);

/// Lends the machine's cores to the engines. Clones share the same cores.
#[derive(Clone, Debug)]
pub struct Scheduler {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    total: NonZeroUsize,
    load: LoadWatch,
    cores: Mutex<Cores>,
    changed: Condvar,
}

impl Scheduler {
    /// A scheduler over `cores` cores.
    pub fn new(cores: NonZeroUsize) -> Self {
        Self {
            shared: Arc::new(Shared {
                total: cores,
                load: LoadWatch::new(cores),
                cores: Mutex::new(Cores::new(cores)),
                changed: Condvar::new(),
            }),
        }
    }

    /// A scheduler over `cores` cores of which other programs always leave `usable`.
    #[cfg(test)]
    pub(crate) fn beside_others(cores: NonZeroUsize, usable: NonZeroUsize) -> Self {
        let load = LoadWatch::fixed(cores, usable);
        let shared = Shared { total: cores, load, cores: Mutex::new(Cores::new(cores)), changed: Condvar::new() };
        Self { shared: Arc::new(shared) }
    }

    /// A scheduler over `wanted` cores, or as many as this process may run on.
    pub fn for_this_machine(wanted: Option<usize>) -> Self {
        let available = thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
        Self::new(wanted.and_then(NonZeroUsize::new).unwrap_or(available).min(available))
    }

    /// How many cores there are to lend.
    pub fn cores(&self) -> NonZeroUsize {
        self.shared.total
    }

    /// How many of the cores other programs leave at present, at least one.
    pub fn usable(&self) -> NonZeroUsize {
        self.shared.load.usable()
    }

    /// Waits until `width` cores are free and nothing more urgent waits. Where other programs keep cores busy, the lease
    /// is narrower, down to the least width. Blocks: not for async code.
    pub fn acquire(&self, priority: Priority, width: Width) -> Lease {
        self.acquire_as(|| priority, width)
    }

    /// The same for work whose priority may change while it waits.
    pub fn acquire_as(&self, priority: impl Fn() -> Priority, width: Width) -> Lease {
        let width = Width { max: width.max.min(self.usable()).max(width.min), ..width };
        let current = priority();
        let mut ticket = self.shared.lock().request(current, width);
        let granted = self.shared.wait_for(&mut ticket, priority);
        Lease { shared: Arc::clone(&self.shared), ticket, granted }
    }

    /// A thread for an engine, of low priority for the operating system; threads that it starts inherit that.
    ///
    /// # Errors
    /// When the operating system gives no thread.
    pub fn spawn(&self, name: &str, work: impl FnOnce() + Send + 'static) -> io::Result<JoinHandle<()>> {
        thread::Builder::new().name(name.to_owned()).spawn(move || {
            let nicer = getpriority_process(None).map_or(NICER_BY, |now| (now + NICER_BY).min(NICEST));
            if let Err(error) = setpriority_process(None, nicer) {
                tracing::warn!(%error, "engine threads run at normal priority");
            }
            work();
        })
    }
}

impl Shared {
    /// Held for a few comparisons at most, and nothing in there panics half-way: poison carries no information.
    fn lock(&self) -> MutexGuard<'_, Cores> {
        self.cores.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait_for(&self, ticket: &mut Ticket, priority: impl Fn() -> Priority) -> usize {
        loop {
            // Asked without the lock: it may take another one.
            let priority = priority();
            let mut cores = self.lock();
            cores.reconsider(ticket, priority);
            if let Some(granted) = cores.try_grant(*ticket) {
                // Whoever is next may fit beside us.
                self.changed.notify_all();
                return granted;
            }
            drop(self.changed.wait_timeout(cores, RECONSIDERED).unwrap_or_else(PoisonError::into_inner));
        }
    }
}

/// Cores lent for one piece of work; given back when dropped.
#[derive(Debug)]
pub struct Lease {
    shared: Arc<Shared>,
    ticket: Ticket,
    granted: usize,
}

impl Lease {
    /// How many threads may compute now.
    pub fn threads(&self) -> usize {
        self.granted
    }

    /// Whether something more urgent waits for these cores.
    pub fn is_wanted(&self) -> bool {
        self.shared.lock().should_step_aside(self.ticket.priority())
    }

    /// To be called between the steps of a longer piece of work, while none of its threads computes: steps aside while
    /// something more urgent waits. The number of threads may have changed afterwards.
    pub fn checkpoint(&mut self) {
        let priority = self.ticket.priority();
        self.checkpoint_as(|| priority);
    }

    /// The same for work whose priority may have changed, and may change while it stands aside.
    pub fn checkpoint_as(&mut self, priority: impl Fn() -> Priority) {
        let current = priority();
        let mut cores = self.shared.lock();
        cores.reconsider(&mut self.ticket, current);
        if !cores.should_step_aside(current) {
            return;
        }
        cores.step_aside(self.ticket, self.granted);
        self.granted = 0;
        drop(cores);
        self.shared.changed.notify_all();
        self.granted = self.shared.wait_for(&mut self.ticket, priority);
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.shared.lock().release(self.granted);
        self.shared.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{
        atomic::{AtomicUsize, Ordering},
        mpsc,
    };

    use super::*;

    fn scheduler(cores: usize) -> Scheduler {
        Scheduler::new(NonZeroUsize::new(cores).unwrap())
    }

    #[test]
    fn leases_never_exceed_the_cores() {
        let scheduler = scheduler(3);
        let (in_use, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
        thread::scope(|scope| {
            for worker in 0..6 {
                let (scheduler, in_use, most) = (&scheduler, &in_use, &most);
                scope.spawn(move || {
                    let priority = if worker % 2 == 0 { Priority::Speech } else { Priority::Batch };
                    for _ in 0..200 {
                        let mut lease = scheduler.acquire(priority, Width::up_to(NonZeroUsize::new(2).unwrap()));
                        most.fetch_max(
                            in_use.fetch_add(lease.threads(), Ordering::SeqCst) + lease.threads(),
                            Ordering::SeqCst,
                        );
                        in_use.fetch_sub(lease.threads(), Ordering::SeqCst);
                        lease.checkpoint();
                        in_use.fetch_add(lease.threads(), Ordering::SeqCst);
                        in_use.fetch_sub(lease.threads(), Ordering::SeqCst);
                    }
                });
            }
        });
        assert!(most.load(Ordering::SeqCst) <= 3);
        let all = scheduler.acquire(Priority::Batch, Width::exactly(scheduler.cores()));
        assert_eq!(all.threads(), 3, "every core came back");
    }

    #[test]
    fn batch_work_steps_aside_for_speech() {
        let scheduler = scheduler(1);
        let mut batch = scheduler.acquire(Priority::Batch, Width::ONE);
        let (sender, order) = mpsc::channel();
        let speech = {
            let (scheduler, sender) = (scheduler.clone(), sender.clone());
            thread::spawn(move || {
                let _lease = scheduler.acquire(Priority::Speech, Width::ONE);
                sender.send("speech").unwrap();
            })
        };
        while !scheduler.shared.lock().should_step_aside(Priority::Batch) {
            thread::yield_now();
        }
        batch.checkpoint();
        sender.send("batch").unwrap();
        speech.join().unwrap();
        assert_eq!(order.try_iter().collect::<Vec<_>>(), ["speech", "batch"]);
    }

    #[test]
    fn engine_threads_are_nicer_than_the_rest() {
        let here = getpriority_process(None).unwrap();
        let (sender, receiver) = mpsc::channel();
        scheduler(1)
            .spawn("test-engine", move || sender.send(getpriority_process(None).unwrap()).unwrap())
            .unwrap()
            .join()
            .unwrap();
        assert_eq!(receiver.recv().unwrap(), (here + NICER_BY).min(NICEST));
    }
}
