//! How commands wait: never longer than the user wants to.

use std::{future::Future, thread};

use anyhow::Context;
use tokio::{runtime::Builder, sync::oneshot};

use super::interrupt::{Interrupt, Interrupted};

/// Runs `future` to its end, or until the user wants it to end. Engines compute on threads of their own: one thread here
/// is enough.
///
/// # Errors
/// Those of `future`, or [`Interrupted`].
pub(super) fn block_on<T, E>(interrupt: &Interrupt, future: impl Future<Output = Result<T, E>>) -> anyhow::Result<T>
where
    anyhow::Error: From<E>,
{
    Builder::new_current_thread().enable_all().build()?.block_on(async {
        tokio::select! {
            result = future => Ok(result?),
            () = interrupt.raised() => Err(Interrupted.into()),
        }
    })
}

/// Reads something that may keep us waiting for ever, such as a terminal. The thread that waits is left behind when the
/// user does not want to wait any longer.
///
/// # Errors
/// Those of `read`, or [`Interrupted`].
pub(super) fn read_patiently<T, E>(
    interrupt: &Interrupt,
    read: impl FnOnce() -> Result<T, E> + Send + 'static,
) -> anyhow::Result<T>
where
    T: Send + 'static,
    E: Send + 'static,
    anyhow::Error: From<E>,
{
    let (sender, result) = oneshot::channel();
    thread::Builder::new().name("reader".to_owned()).spawn(move || drop(sender.send(read())))?;
    let read = async { Ok(result.await.context("reading stopped unexpectedly")??) };
    block_on::<_, anyhow::Error>(interrupt, read)
}
