//! A priority that may rise while the work is under way.

use std::sync::{
    Arc,
    atomic::{AtomicU8, Ordering},
};

use super::Priority;

/// How urgent a piece of work is at present. Clones share it: who asked for the work keeps one, and raises it when a guess
/// turns out to be right, without starting over.
#[derive(Clone, Debug)]
pub struct Urgency {
    level: Arc<AtomicU8>,
}

impl Urgency {
    /// Work that is as urgent as `priority`, for now.
    pub fn new(priority: Priority) -> Self {
        Self { level: Arc::new(AtomicU8::new(priority as u8)) }
    }

    /// How urgent the work is now.
    pub fn now(&self) -> Priority {
        // Nothing else depends on the moment at which it rises.
        let level = self.level.load(Ordering::Relaxed);
        Priority::ALL.into_iter().find(|priority| *priority as u8 == level).unwrap_or(Priority::Batch)
    }

    /// Makes the work at least as urgent as `priority`: whoever does it sees that at their next step.
    pub fn raise(&self, priority: Priority) {
        self.level.fetch_max(priority as u8, Ordering::Relaxed);
    }
}

impl From<Priority> for Urgency {
    fn from(priority: Priority) -> Self {
        Self::new(priority)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urgency_rises_for_all_who_share_it_and_never_falls() {
        for priority in Priority::ALL {
            assert_eq!(Urgency::from(priority).now(), priority);
        }
        let asked = Urgency::new(Priority::Speculation);
        let done = asked.clone();
        asked.raise(Priority::Reply);
        asked.raise(Priority::Batch);
        assert_eq!(done.now(), Priority::Reply);
    }
}
