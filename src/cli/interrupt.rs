//! Ctrl-C and SIGTERM, as something that long work can ask about. The first asks the work to end; the second ends the
//! program at once.
#![expect(unsafe_code, reason = "ending at once is a call of the C library that has no safe wrapper")]

use std::{io, sync::Arc, thread};

use tokio::{
    runtime,
    signal::unix::{Signal, SignalKind, signal},
    sync::watch,
};

use super::exit::Exit;

/// Whether the user (or the service manager) wants the work to end. Clones tell of the same wish.
#[derive(Clone, Debug, Default)]
pub struct Interrupt(Arc<watch::Sender<bool>>);

/// The work ended because the user wanted it to: exit code 130.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("interrupted")]
pub struct Interrupted;

impl Interrupt {
    /// Asks the work to end.
    pub fn raise(&self) {
        self.0.send_replace(true);
    }

    /// Whether the work should end.
    pub fn is_raised(&self) -> bool {
        *self.0.borrow()
    }

    /// Ends the work with `?` where it should end.
    ///
    /// # Errors
    /// [`Interrupted`] once the interrupt was raised.
    pub fn check(&self) -> Result<(), Interrupted> {
        if self.is_raised() { Err(Interrupted) } else { Ok(()) }
    }

    /// Waits until the work should end.
    pub async fn raised(&self) {
        // An error would mean that the sender is gone, and it is a part of `self`.
        let _ = self.0.subscribe().wait_for(|raised| *raised).await;
    }

    /// Raises on the first SIGINT or SIGTERM from now on; the second ends the program.
    ///
    /// # Errors
    /// When the system refuses the thread or the handlers.
    pub(super) fn listen(&self) -> io::Result<()> {
        let runtime = runtime::Builder::new_current_thread().enable_io().build()?;
        let (ctrl_c, terminate) = {
            let _entered = runtime.enter();
            (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?)
        };
        let interrupt = self.clone();
        let thread = thread::Builder::new().name("signals".to_owned());
        thread.spawn(move || runtime.block_on(interrupt.follow(ctrl_c, terminate)))?;
        Ok(())
    }

    async fn follow(self, mut ctrl_c: Signal, mut terminate: Signal) {
        loop {
            tokio::select! {
                _ = ctrl_c.recv() => {}
                _ = terminate.recv() => {}
            }
            if self.is_raised() {
                end_at_once(Exit::Interrupted);
            }
            self.raise();
        }
    }
}

/// Ends the program without running exit handlers: the engines' C++ ones would run beside engine threads that still
/// compute, and crash.
fn end_at_once(exit: Exit) -> ! {
    // SAFETY: `_exit` takes no pointers, may be called from any thread at any time, and does not return.
    unsafe { libc::_exit(exit.code().into()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn clones_hear_of_it() {
        let interrupt = Interrupt::default();
        let clone = interrupt.clone();
        assert_eq!(clone.check(), Ok(()));
        interrupt.raise();
        clone.raised().await;
        assert_eq!(clone.check(), Err(Interrupted));
    }
}
