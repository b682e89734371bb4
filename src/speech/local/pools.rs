//! Threads for rten, kept between runs.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rten::ThreadPool;

/// Pools that nobody uses at the moment. A pool is lent to one run at a time, so that two runs of one core each compute
/// side by side; there are never more pools than runs at once. New threads inherit how nice the thread is that takes a pool.
#[derive(Debug, Default)]
pub(super) struct Pools {
    idle: Mutex<Vec<(usize, Arc<ThreadPool>)>>,
}

/// A pool on loan.
pub(super) struct Loan<'a> {
    pools: &'a Pools,
    threads: usize,
    pool: Arc<ThreadPool>,
}

impl Pools {
    /// A pool of exactly `threads` threads.
    pub(super) fn take(&self, threads: usize) -> Loan<'_> {
        let mut idle = self.idle();
        let found = idle.iter().position(|(size, _)| *size == threads).map(|at| idle.swap_remove(at).1);
        drop(idle);
        let pool = found.unwrap_or_else(|| Arc::new(ThreadPool::with_num_threads(threads)));
        Loan { pools: self, threads, pool }
    }

    fn idle(&self) -> MutexGuard<'_, Vec<(usize, Arc<ThreadPool>)>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Loan<'_> {
    pub(super) fn pool(&self) -> Arc<ThreadPool> {
        Arc::clone(&self.pool)
    }
}

impl Drop for Loan<'_> {
    fn drop(&mut self) {
        self.pools.idle().push((self.threads, Arc::clone(&self.pool)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pool_serves_one_run_at_a_time_and_then_the_next() {
        let pools = Pools::default();
        let first = pools.take(1);
        let (one, second) = (first.pool(), pools.take(1));
        assert!(!Arc::ptr_eq(&one, &second.pool()));
        drop((first, second));
        assert_eq!(pools.idle().len(), 2);
        _ = (pools.take(1), pools.take(2));
        assert_eq!(pools.idle().len(), 3);
    }
}
