//! What is done to the database by itself, at the start and each hour: what is too old goes, and what was put off is done.
//! What fails is logged and tried again.

use std::time::Duration;

use jiff::Timestamp;
use rusqlite::Transaction;
use tokio::time::{MissedTickBehavior, interval};

use super::{Store, StoreError, bookings, idempotency, imports, now, retention, search_later, wipe};

/// How often.
const EVERY: Duration = Duration::from_secs(60 * 60);

/// Goes on until it is dropped.
pub async fn watch(store: Store) {
    let mut hours = interval(EVERY);
    hours.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        hours.tick().await;
        run(&store, now()).await;
    }
}

/// Does once what is due at this moment.
pub async fn run(store: &Store, now: Timestamp) {
    if let Err(error) = search_later::catch_up(store).await {
        tracing::error!(%error, "indexing the words of an import");
    }
    match retention::run(store, now).await {
        Ok(erased) if erased == retention::Erased::default() => {}
        Ok(erased) => tracing::info!(
            calls.count = erased.calls,
            sms.count = erased.messages,
            "transcripts or messages were too old and are erased"
        ),
        Err(error) => tracing::error!(%error, "erasing what is too old"),
    }
    if let Err(error) = forget(store, now).await {
        tracing::error!(%error, "deleting what is over");
    }
    if let Err(error) = wipe::run(store, now).await {
        tracing::error!(%error, "writing the database anew after erasing");
    }
}

/// Deletes what is over whatever the settings say, and was good for a day at most.
///
/// # Errors
/// When the database fails.
async fn forget(store: &Store, now: Timestamp) -> Result<(), StoreError> {
    let forget = move |transaction: &Transaction<'_>| {
        let personal = bookings::forget(transaction, now)? + imports::sweep(transaction, now)?;
        idempotency::forget(transaction, now)?;
        Ok(personal)
    };
    if store.write(forget).await? > 0 {
        store.empty_log().await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
