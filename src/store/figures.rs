//! The desk in figures: what a day has brought, and how long callers waited for answers.

use std::collections::BTreeMap;

use jiff::{Timestamp, ToSpan};
use rusqlite::Connection;

use super::StoreError;

/// More answers than a full box gives in a day are not looked at.
const MOST_ANSWERS: u32 = 50_000;

/// What a day has brought.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// Calls that began.
    pub calls: u32,
    /// Those of them in which the agent spoke.
    pub answered: u32,
    /// Promises that were given.
    pub promises: u32,
    /// Open callbacks whose time comes by its end, those of earlier days too.
    pub callbacks_due: u32,
}

/// The figures of the day from `begin` to `end`.
///
/// # Errors
/// When the database fails.
pub fn of_day(connection: &Connection, begin: Timestamp, end: Timestamp) -> Result<Figures, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT (SELECT count(*) FROM calls WHERE started_at >= ?1 AND started_at < ?2),
             (SELECT count(*) FROM calls WHERE started_at >= ?1 AND started_at < ?2 AND answered_at IS NOT NULL),
             (SELECT count(*) FROM promises WHERE created_at >= ?1 AND created_at < ?2 AND deleted_at IS NULL),
             (SELECT count(*) FROM callbacks WHERE state = 'open' AND due_at < ?2 AND deleted_at IS NULL)",
    )?;
    let figures = statement.query_row((begin.as_millisecond(), end.as_millisecond()), |row| {
        Ok(Figures { calls: row.get(0)?, answered: row.get(1)?, promises: row.get(2)?, callbacks_due: row.get(3)? })
    });
    Ok(figures?)
}

/// Whether an agent has ever spoken in a call that is still known.
///
/// # Errors
/// When the database fails.
pub fn has_spoken(connection: &Connection) -> Result<bool, StoreError> {
    let sql = "SELECT EXISTS (SELECT 1 FROM calls WHERE answered_at IS NOT NULL AND medium = 'voice')";
    Ok(connection.prepare_cached(sql)?.query_row([], |row| row.get(0))?)
}

/// How long callers waited in an hour, from their last word to the first sound of the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hour {
    /// When it began.
    pub at: Timestamp,
    /// So many answers.
    pub answers: u32,
    /// Half of them came sooner, in milliseconds.
    pub median_ms: u32,
    /// One in twenty came later, in milliseconds.
    pub slow_ms: u32,
}

/// The hours of the day before `now` in which anybody was answered, the first first.
///
/// # Errors
/// When the database fails.
pub fn waiting(connection: &Connection, now: Timestamp) -> Result<Vec<Hour>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT calls.started_at + turns.started_ms, turns.first_audio_ms
         FROM calls CROSS JOIN turns ON turns.call = calls.id
         WHERE calls.started_at >= ?1 AND turns.first_audio_ms IS NOT NULL
         ORDER BY calls.started_at DESC LIMIT ?2",
    )?;
    let since = now.checked_sub(24.hours()).unwrap_or(Timestamp::MIN).as_millisecond();
    let answers = statement.query_map((since, MOST_ANSWERS), |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(by_hour(answers.collect::<Result<Vec<(i64, u32)>, _>>()?))
}

/// Answers, by when they were given in milliseconds and how long they took, hour by hour.
fn by_hour(answers: Vec<(i64, u32)>) -> Vec<Hour> {
    const HOUR: i64 = 3_600_000;
    let mut hours: BTreeMap<i64, Vec<u32>> = BTreeMap::new();
    for (at, waited) in answers {
        hours.entry(at.div_euclid(HOUR)).or_default().push(waited);
    }
    let hour = |(hour, mut waited): (i64, Vec<u32>)| {
        waited.sort_unstable();
        let share = |twentieths: usize| waited[(waited.len() * twentieths / 20).min(waited.len() - 1)];
        let at = Timestamp::from_millisecond(hour * HOUR).ok()?;
        Some(Hour { at, answers: waited.len() as u32, median_ms: share(10), slow_ms: share(19) })
    };
    hours.into_iter().filter_map(hour).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_hour_has_a_median_and_a_slow_answer() {
        let begin = 1_763_000_000_000 / 3_600_000 * 3_600_000;
        let many = (1..=100).rev().map(|n| (begin + 3_600_000 + n, n as u32 * 10));
        let hours = by_hour([(begin + 5, 700)].into_iter().chain(many).collect());
        let shown: Vec<_> = hours.iter().map(|hour| (hour.answers, hour.median_ms, hour.slow_ms)).collect();
        assert_eq!(shown, [(1, 700, 700), (100, 510, 960)]);
        assert_eq!(hours[1].at.as_millisecond() - hours[0].at.as_millisecond(), 3_600_000);
        assert_eq!(by_hour(Vec::new()), []);
    }
}
