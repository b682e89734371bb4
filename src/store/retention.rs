//! What is kept no longer than the settings say: transcripts of calls, with the callers' names, and text messages. The calls
//! themselves stay, for counting. Erased is in small steps, so that nobody who writes meanwhile waits for long.

use jiff::{SignedDuration, Timestamp};
use rusqlite::{Connection, Transaction};
use serde_json::json;

use super::{
    Change, Store, StoreError,
    audit::{Action, Actor, Entity, Entry},
    settings::{self, RetentionDays},
    sms_outbox, wipe,
};
use crate::domain::CallId;

/// Calls whose transcripts, and messages that are erased in one step.
const STEP: u32 = 50;
/// The identity of a caller who was erased.
pub(super) const NOBODY: &str = "erased";

/// How much was erased.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Erased {
    /// So many calls have no transcript any more.
    pub calls: usize,
    /// So many turns were in them.
    pub turns: usize,
    /// So many text messages are gone.
    pub messages: usize,
}

/// Erases what is too old at this moment, and says how much that was.
///
/// # Errors
/// When the database fails; what was erased before stays so.
pub async fn run(store: &Store, now: Timestamp) -> Result<Erased, StoreError> {
    let RetentionDays { transcripts, messages } = store.read(settings::read).await?.retention_days;
    let before = |days: Option<u32>| days.and_then(|days| days_before(now, days));
    let mut all = Erased::default();
    if let Some(before) = before(transcripts) {
        let mut is_more = true;
        while is_more {
            let step =
                store.change(Actor::system(), now, move |change| erase_transcripts(change, before, STEP)).await?;
            all = Erased { calls: all.calls + step.calls, turns: all.turns + step.turns, ..all };
            is_more = step.calls == STEP as usize;
        }
    }
    if let Some(before) = before(messages) {
        let mut is_more = true;
        while is_more {
            let step = store.change(Actor::system(), now, move |change| erase_messages(change, before, STEP)).await?;
            all.messages += step;
            is_more = step == STEP as usize;
        }
    }
    if all != Erased::default() {
        store.empty_log().await?;
    }
    Ok(all)
}

fn days_before(now: Timestamp, days: u32) -> Option<Timestamp> {
    now.checked_sub(SignedDuration::from_hours(i64::from(days) * 24)).ok()
}

/// Erases the transcripts of calls that ended `before`, the oldest first, of so many calls at most, and records how many.
///
/// # Errors
/// When the database fails.
pub fn erase_transcripts(change: &Change<'_>, before: Timestamp, most: u32) -> Result<Erased, StoreError> {
    let mut erased = Erased::default();
    for call in too_old(change.transaction, before, most)? {
        erased.turns += erase_transcript(change.transaction, &call, change.now)?;
        erased.calls += 1;
    }
    if erased.calls > 0 {
        let counts = json!({ "calls": erased.calls, "turns": erased.turns, "endedBefore": before.to_string() });
        change.record(&Entry::new(Action::Erase, Entity::Call, "").after(&counts))?;
        wipe::request(change.transaction, change.now)?;
    }
    Ok(erased)
}

/// Deletes text messages that were written `before` and will not be sent any more, so many at most, and what they say from
/// the histories of whom they were to; records how many.
///
/// # Errors
/// When the database fails.
pub fn erase_messages(change: &Change<'_>, before: Timestamp, most: u32) -> Result<usize, StoreError> {
    let messages = sms_outbox::delete_old(change.transaction, before, most)?;
    if messages > 0 {
        let counts = json!({ "messages": messages, "writtenBefore": before.to_string() });
        change.record(&Entry::new(Action::Erase, Entity::Sms, "").after(&counts))?;
        wipe::request(change.transaction, change.now)?;
    }
    Ok(messages)
}

fn too_old(connection: &Connection, before: Timestamp, most: u32) -> Result<Vec<CallId>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT id FROM calls INDEXED BY calls_not_erased
         WHERE erased_at IS NULL AND ended_at IS NOT NULL AND ended_at < ?1 ORDER BY ended_at LIMIT ?2",
    )?;
    let calls = statement.query_map((before.as_millisecond(), most), |row| super::rows::parsed(row, "id"))?;
    Ok(calls.collect::<Result<_, _>>()?)
}

/// Erases what was said in a call, who said it, and what notes of the call say. How many turns that were.
pub(super) fn erase_transcript(
    transaction: &Transaction<'_>,
    call: &CallId,
    now: Timestamp,
) -> Result<usize, StoreError> {
    let id = call.as_str();
    let turns = transaction.prepare_cached("UPDATE turns SET text = '' WHERE call = ?1")?.execute([id])?;
    transaction.prepare_cached("UPDATE communications SET text = '' WHERE call = ?1")?.execute([id])?;
    let mut statement =
        transaction.prepare_cached("UPDATE calls SET caller = ?2, caller_name = '', erased_at = ?3 WHERE id = ?1")?;
    statement.execute((id, NOBODY, now.as_millisecond()))?;
    Ok(turns)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{
        audit::{self, Filter},
        calls::{self, EndReason, Ended},
        settings::Settings,
        tests::{at, is_found, new_call, new_turn, say, start, store},
        turns::{self, Who},
    };

    const DAY: i64 = 24 * 60 * 60;

    async fn set_days(store: &Store, days: Option<u32>) {
        let settings =
            Settings { retention_days: RetentionDays { transcripts: days, messages: None }, ..Settings::default() };
        let set = store.change(Actor::console(), at(0), move |change| settings::replace(change, &settings));
        set.await.unwrap();
    }

    #[tokio::test]
    async fn transcripts_are_erased_when_they_are_too_old() {
        let (folder, store) = store();
        let count = i64::from(STEP) + 3;
        // One a day; the last one still goes on.
        for day in 0..=count {
            let call = new_call(at(day * DAY));
            start(&store, &call).await;
            for seq in 1..=2 {
                say(&store, &call.id, new_turn(Who::Caller, &format!("secret of day {day}.{seq}"))).await.unwrap();
            }
            if day < count {
                let (id, ended) = (call.id, Ended { at: at(day * DAY), reason: EndReason::CallerLeft });
                store.write(move |transaction| calls::end(transaction, &id, ended)).await.unwrap();
            }
        }
        assert_eq!(run(&store, at(1000 * DAY)).await.unwrap(), Erased::default(), "nothing is set: all is kept");
        set_days(&store, Some(1)).await;
        let erased = run(&store, at(count * DAY - 1)).await.unwrap();
        assert_eq!(erased, Erased { calls: count as usize - 1, turns: 2 * (count as usize - 1), messages: 0 });
        for (day, is_kept) in [(0, false), (count - 2, false), (count - 1, true), (count, true)] {
            assert_eq!(is_found(folder.path(), &format!("secret of day {day}.2")), is_kept, "day {day}");
        }
        assert_eq!(run(&store, at(count * DAY - 1)).await.unwrap(), Erased::default(), "once");
        let calls = store.read(|connection| calls::list(connection, calls::Filter { since: None, limit: 1000 })).await;
        let oldest = calls.unwrap().pop().unwrap();
        assert!(oldest.erased_at.is_some() && oldest.caller_name.reveal().is_empty());
        let turns = store.read(move |connection| turns::of_call(connection, &oldest.id)).await.unwrap();
        assert!(turns.len() == 2 && turns.iter().all(|it| it.turn.text.reveal().is_empty()));

        let vault = store.vault().clone();
        let filter = Filter { entity: Some(Entity::Call), limit: 10, ..Filter::default() };
        let log = store.read(move |connection| audit::list(connection, &vault, &filter)).await.unwrap();
        let counts: Vec<_> = log.iter().map(|it| it.detail["after"]["calls"].as_u64().unwrap()).collect();
        assert_eq!(counts, [2, u64::from(STEP)]);
    }

    #[test]
    fn no_number_of_days_is_too_many() {
        assert_eq!(days_before(at(DAY), 1), Some(at(0)));
        assert_eq!(days_before(at(0), u32::MAX), None);
    }
}
