//! The async runtime of commands that need one for a while.

use std::future::Future;

use tokio::runtime::Builder;

/// Runs `future` to its end. Engines compute on threads of their own: one thread here is enough.
pub(super) fn block_on<T, E>(future: impl Future<Output = Result<T, E>>) -> anyhow::Result<T>
where
    anyhow::Error: From<E>,
{
    Ok(Builder::new_current_thread().enable_all().build()?.block_on(future)?)
}
