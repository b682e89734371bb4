//! Handovers: colleagues who talked with a caller in the agent's place.

use jiff::Timestamp;
use rusqlite::{Connection, Row, Transaction};

use super::{
    StoreError,
    rows::{moment, moment_if_any, parsed_if_any, words},
};
use crate::domain::CallId;

words! {
    /// How a colleague came to have a call no more that went on.
    Returned {
        /// They gave it back.
        GivenBack = "given_back",
        /// They were gone, and the agent came back by itself.
        ColleagueGone = "colleague_gone",
        /// Another colleague took it over from them.
        PassedOn = "passed_on",
    }
}

/// A colleague had a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Handover {
    /// The name of the member of staff, or of the key.
    pub by: String,
    /// Since when.
    pub taken_at: Timestamp,
    /// Until when, and how it ended; `None` when the call ended first, or goes on.
    pub returned: Option<(Timestamp, Returned)>,
}

/// Notes that a colleague takes a call over; whoever has it passes it on.
///
/// # Errors
/// When the database fails, or there is no such call.
pub fn take(transaction: &Transaction<'_>, call: &CallId, by: &str, at: Timestamp) -> Result<(), StoreError> {
    give_back(transaction, call, at, Returned::PassedOn)?;
    let mut statement = transaction.prepare_cached(
        "INSERT INTO handovers (call, seq, by_name, taken_at)
         VALUES (?1, (SELECT coalesce(max(seq), 0) + 1 FROM handovers WHERE call = ?1), ?2, ?3)",
    )?;
    statement.execute((call.as_str(), by, at.as_millisecond()))?;
    Ok(())
}

/// Notes that the agent has a call again. False when it had it.
///
/// # Errors
/// When the database fails.
pub fn give_back(
    transaction: &Transaction<'_>,
    call: &CallId,
    at: Timestamp,
    how: Returned,
) -> Result<bool, StoreError> {
    let mut statement = transaction
        .prepare_cached("UPDATE handovers SET returned_at = ?2, how = ?3 WHERE call = ?1 AND returned_at IS NULL")?;
    Ok(statement.execute((call.as_str(), at.as_millisecond(), how.as_str()))? > 0)
}

/// Those of a call, in their order.
///
/// # Errors
/// When the database fails.
pub fn of_call(connection: &Connection, call: &CallId) -> Result<Vec<Handover>, StoreError> {
    let mut statement = connection.prepare_cached("SELECT * FROM handovers WHERE call = ?1 ORDER BY seq")?;
    let handovers = statement.query_map([call.as_str()], handover)?;
    Ok(handovers.collect::<Result<_, _>>()?)
}

fn handover(row: &Row<'_>) -> rusqlite::Result<Handover> {
    let returned = match (moment_if_any(row, "returned_at")?, parsed_if_any(row, "how")?) {
        (Some(at), Some(how)) => Some((at, how)),
        _ => None,
    };
    Ok(Handover { by: row.get("by_name")?, taken_at: moment(row, "taken_at")?, returned })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{
        calls,
        tests::{at, new_call, start, store},
    };

    #[tokio::test]
    async fn a_call_has_one_colleague_at_a_time() {
        let (_folder, store) = store();
        let call = new_call(at(0));
        start(&store, &call).await;
        let id = call.id.clone();
        let changes = store.write(move |transaction| {
            let before = give_back(transaction, &id, at(1), Returned::GivenBack)?;
            take(transaction, &id, "Nadia", at(2))?;
            take(transaction, &id, "Omar", at(3))?;
            let given = give_back(transaction, &id, at(4), Returned::ColleagueGone)?;
            take(transaction, &id, "Nadia", at(5))?;
            Ok((before, given))
        });
        assert_eq!(changes.await.unwrap(), (false, true));
        let id = call.id.clone();
        let kept = store.read(move |connection| of_call(connection, &id)).await.unwrap();
        let kept: Vec<_> = kept.iter().map(|it| (it.by.as_str(), it.taken_at, it.returned)).collect();
        let expected = [
            ("Nadia", at(2), Some((at(3), Returned::PassedOn))),
            ("Omar", at(3), Some((at(4), Returned::ColleagueGone))),
            ("Nadia", at(5), None),
        ];
        assert_eq!(kept, expected);
        let id = call.id.clone();
        assert!(store.erase(move |transaction| calls::delete(transaction, &id)).await.unwrap());
        let id = call.id.clone();
        assert!(store.read(move |connection| of_call(connection, &id)).await.unwrap().is_empty());
        let nobody = store.write(move |transaction| take(transaction, &call.id, "Nadia", at(6))).await;
        assert!(nobody.is_err(), "there is no such call any more");
    }
}
