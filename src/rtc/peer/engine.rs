//! str0m behind a wall: what it cannot stand ends one connection and no other. A hostile packet or description may hit a
//! mistake in code that is not ours; there is no other way to str0m than through here.

use std::panic::{AssertUnwindSafe, catch_unwind};

use str0m::Rtc;
use tracing::error;

/// See the module.
pub(super) struct Engine {
    rtc: Rtc,
    /// After a panic its state may be anything: it is not asked again.
    is_broken: bool,
}

impl Engine {
    pub(super) const fn new(rtc: Rtc) -> Self {
        Self { rtc, is_broken: false }
    }

    /// Lets str0m do something; `None` when it panics, and ever after.
    pub(super) fn run<T>(&mut self, work: impl FnOnce(&mut Rtc) -> T) -> Option<T> {
        if self.is_broken {
            return None;
        }
        let done = catch_unwind(AssertUnwindSafe(|| work(&mut self.rtc))).ok();
        if done.is_none() {
            error!("a peer connection is given up after a panic");
            self.is_broken = true;
        }
        done
    }

    /// Looks something up; `None` when that panics, or something has before.
    pub(super) fn ask<T>(&self, question: impl FnOnce(&Rtc) -> T) -> Option<T> {
        if self.is_broken {
            return None;
        }
        catch_unwind(AssertUnwindSafe(|| question(&self.rtc))).ok()
    }
}
