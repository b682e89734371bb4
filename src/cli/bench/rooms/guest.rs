//! One participant: joins, sends from the moment on that it is heard, notes what arrives of the other, until all are done.

use std::time::{Duration, Instant};

use tokio::sync::{oneshot, watch};

use super::media::{Source, Tally, Window};
use crate::{
    config::Secret,
    livekit::{Event, Line, ParticipantError, Trust, participant::PATIENCE},
    rtc::peer::Kind,
};

/// How far the measurement is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    Joining,
    Measuring(Window),
    Over,
}

/// What a participant needs to know.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    pub(super) url: String,
    pub(super) token: Secret,
    pub(super) trust: Trust,
    pub(super) kind: Kind,
    /// When the clock of all packets began.
    pub(super) began: Instant,
    pub(super) stage: watch::Receiver<Stage>,
}

/// Takes part to the end. `joined` is told how long joining took: from the first packet to the server until it is heard.
///
/// # Errors
/// See [`ParticipantError`].
pub(super) async fn take_part(plan: Plan, joined: oneshot::Sender<Duration>) -> Result<Tally, ParticipantError> {
    let asked = Instant::now();
    let mut line = Line::open(&plan.url, &plan.token, &plan.trust, plan.kind).await?;
    let mut joined = Some(joined);
    let mut due = asked + PATIENCE;
    let (mut source, mut tally) = (Source::new(plan.kind, plan.began), Tally::default());
    loop {
        let event = line.next(due).await?;
        let stage = *plan.stage.borrow();
        match event {
            Some(Event::Published) => {
                if let Some(joined) = joined.take() {
                    // Who does not wait any more does not need to know.
                    let _ = joined.send(asked.elapsed());
                    due = Instant::now();
                }
            }
            Some(Event::Media(packet)) => {
                if let Stage::Measuring(window) = stage {
                    tally.note_received(plan.began, plan.kind, &packet, window);
                }
            }
            Some(Event::KeyFrameWanted) => source.make_key_frame(),
            Some(Event::Voice) => {}
            Some(Event::Left(why)) => return Err(ParticipantError::Left(why)),
            Some(Event::Lost(_)) => return Err(ParticipantError::Lost),
            None if joined.is_some() => return Err(ParticipantError::NotPublished),
            None if stage == Stage::Over => {
                line.leave()?;
                return Ok(tally);
            }
            None => {
                let now = Instant::now();
                let packets = source.next(now);
                packets.iter().for_each(|packet| line.send(now, packet));
                if let Stage::Measuring(window) = stage {
                    tally.note_sent(now, packets.len(), window);
                }
                due += source.every();
            }
        }
    }
}
