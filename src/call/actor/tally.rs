//! Counts of what is under way in all calls of a box.

use tokio::sync::watch;

/// How many there are of something. Clones share the count.
#[derive(Clone, Debug, Default)]
pub(in crate::call) struct Tally(watch::Sender<usize>);

impl Tally {
    pub(super) fn is_zero(&self) -> bool {
        *self.0.borrow() == 0
    }

    /// Waits until there is none.
    pub(super) async fn zero(&self) {
        // The count outlasts whoever waits here.
        let _ = self.0.subscribe().wait_for(|count| *count == 0).await;
    }

    pub(super) fn one_more(&self) -> Counted {
        self.0.send_modify(|count| *count += 1);
        Counted(self.clone())
    }
}

/// One of them, until it is dropped.
#[derive(Debug)]
pub(super) struct Counted(Tally);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.0.send_modify(|count| *count -= 1);
    }
}

#[cfg(test)]
mod tests {
    use futures_util::poll;

    use super::*;

    #[tokio::test]
    async fn what_is_under_way_counts_until_it_is_dropped() {
        let tally = Tally::default();
        tally.zero().await;
        let (first, second) = (tally.one_more(), tally.clone().one_more());
        let mut zero = Box::pin(tally.zero());
        drop(first);
        assert!(!tally.is_zero() && poll!(&mut zero).is_pending());
        drop(second);
        assert!(tally.is_zero() && poll!(&mut zero).is_ready());
    }
}
