//! Ctrl-C, as something that long work can ask about.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

/// Whether the user (or the service manager) wants the work to end.
#[derive(Clone, Debug, Default)]
pub struct Interrupt(Arc<AtomicBool>);

impl Interrupt {
    /// Asks the work to end.
    pub fn raise(&self) {
        self.0.store(true, Ordering::SeqCst);
    }

    /// Whether the work should end.
    pub fn is_raised(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }
}
