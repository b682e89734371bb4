//! What the server wrote down of the calls: the stages of each answer, by its own clock. They are shown beside what was
//! measured at the client and count in none of that.

use std::time::Duration;

use anyhow::Context as _;
use tokio::time::sleep;

use super::levels::{Answered, Moment, time};
use crate::{
    domain::RoomName,
    store::{
        Store,
        calls::{self, Filter},
        turns::{self, Stages, Turn, Who},
    },
};

/// The server waits three seconds for a caller who may come back, before it writes how a call ended.
const WRITTEN: Duration = Duration::from_secs(15);
const BETWEEN: Duration = Duration::from_millis(250);
/// Of one turn, by the server's clock and by the client's, at the most.
const SAME_TURN: Duration = Duration::from_millis(1500);

/// The turns of the call in a room, once the server has written that it is over; empty when it never does.
///
/// # Errors
/// When the database cannot be read.
pub(super) async fn turns_of(store: &Store, room: &RoomName) -> anyhow::Result<Vec<Turn>> {
    let mut waited = Duration::ZERO;
    loop {
        let name = room.clone();
        let read = store.read(move |connection| {
            let calls = calls::list(connection, Filter { since: None, limit: 1000 })?;
            let Some(call) = calls.into_iter().find(|call| call.room == name && call.ended.is_some()) else {
                return Ok(None);
            };
            Ok(Some(turns::of_call(connection, &call.id)?))
        });
        match read.await.context("reading the server's records")? {
            Some(turns) => return Ok(turns),
            None if waited >= WRITTEN => return Ok(Vec::new()),
            None => {
                sleep(BETWEEN).await;
                waited += BETWEEN;
            }
        }
    }
}

/// The stages of each of `answers`. `greeted` is when the client heard the greeting, which is the agent's first turn: it
/// tells how far the two clocks are apart.
pub(super) fn stages(turns: &[Turn], greeted: Moment, answers: &[Answered]) -> Vec<Option<Stages>> {
    let mut spoken = turns.iter().map(|turn| &turn.turn).filter(|turn| turn.who == Who::Agent);
    let Some(greeting) = spoken.next() else { return vec![None; answers.len()] };
    let spoken: Vec<_> = spoken.filter(|turn| turn.timings.first_audio.is_some()).collect();
    let stages = |answer: &Answered| {
        let at = time(answer.answered_at?.saturating_sub(greeted));
        let apart = |started: Duration| started.saturating_sub(greeting.started).abs_diff(at);
        let nearest = spoken.iter().min_by_key(|turn| apart(turn.started))?;
        (apart(nearest.started) <= SAME_TURN).then(|| Stages::from(&nearest.timings))
    };
    answers.iter().map(stages).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        domain::Pii,
        store::turns::{NewTurn, Providers, Timings},
    };

    fn turn(seq: u32, started_ms: u64, first_audio: Option<u32>) -> Turn {
        let turn = NewTurn {
            who: Who::Agent,
            text: Pii::new(String::new()),
            started: Duration::from_millis(started_ms),
            ended: Duration::from_millis(started_ms + 1000),
            heard: None,
            interrupted: false,
            timings: Timings { end_of_turn: Some(300), first_audio, ..Timings::default() },
            providers: Providers::default(),
            tokens: None,
        };
        Turn { seq, turn }
    }

    #[test]
    fn an_answer_is_found_by_when_it_was_heard() {
        let turns = [turn(1, 100, None), turn(2, 8_100, Some(500)), turn(3, 20_100, Some(700))];
        let heard = |ms: u64| Answered { answered_at: Some(ms * 48), ..Answered::default() };
        // The client heard the greeting after 1.1 s, a second later by its clock than by the server's.
        let found = stages(&turns, 1_100 * 48, &[heard(9_200), Answered::default(), heard(21_000), heard(40_000)]);
        let audio: Vec<_> = found.iter().map(|stages| stages.and_then(|stages| stages.tts_first_audio)).collect();
        assert_eq!(audio, [Some(200), None, Some(400), None]);
        assert_eq!(stages(&[], 0, &[heard(1)]), [None]);
    }
}
