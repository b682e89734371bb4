//! A [`Line`] with sound and a clock: joins, and asks a [`Device`] every 20 ms for what the microphone takes, with what the
//! loudspeaker gives. The device's clock is that of the media: its ticks are due at absolute moments, and one that could not be
//! on time is made up for, as a sound card's buffer would.

use std::time::{Duration, Instant};

use super::{
    client::Event,
    line::{Line, LineError},
    trust::Trust,
};
use crate::{
    audio::{
        FRAME_MS, FRAME_SAMPLES, Frame,
        jitter::{Incoming, Playout},
        opus::{Encoder, OpusError},
    },
    config::Secret,
    rtc::peer::{Kind, Packet},
};

const TICK: Duration = Duration::from_millis(FRAME_MS as u64);
/// From the open signal connection to the published microphone.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// Why somebody could not take part, or not to the end.
#[derive(Debug, thiserror::Error)]
pub enum ParticipantError {
    /// There is no line, or no longer.
    #[error(transparent)]
    Line(#[from] LineError),
    /// libopus refuses.
    #[error(transparent)]
    Opus(#[from] OpusError),
    /// The microphone is not connected in time: is UDP let through?
    #[error("the media do not connect within {} s: is UDP let through?", PATIENCE.as_secs())]
    NotPublished,
    /// The media are not heard any more.
    #[error("the media connection is lost")]
    Lost,
    /// The server said so, in its own word.
    #[error("the server ended it: {0}")]
    Left(String),
}

/// What comes with a tick.
#[derive(Debug)]
pub struct Heard<'a> {
    /// What the loudspeaker plays in the next 20 ms, from this tick on; silence while there is nothing to be heard.
    pub frame: &'a Frame,
    /// How much later than due the tick is made.
    pub late: Duration,
    /// How long the sound waits in the jitter buffer; `None` in silence.
    pub buffered: Option<Duration>,
}

/// What is to be done after a tick.
#[derive(Debug)]
pub enum Step<'a> {
    /// The microphone took this in the 20 ms before this tick.
    Say(&'a Frame),
    /// Leave.
    Leave,
}

/// A microphone and a loudspeaker on one clock.
pub trait Device {
    /// The next 20 ms. Must not wait: network and clock wait for it.
    fn tick(&mut self, heard: Heard<'_>) -> Step<'_>;
}

/// Joins the room that `token` is for, at the LiveKit server `server`, which over TLS has to be one that `trust` believes; from
/// the moment on that its microphone is heard, ticks `device`, until that leaves.
///
/// # Errors
/// See [`ParticipantError`].
pub async fn participate(
    server: &str,
    token: &Secret,
    trust: &Trust,
    device: &mut impl Device,
) -> Result<(), ParticipantError> {
    let line = Line::open(server, token, trust, Kind::Audio).await?;
    Participant { line, studio: None, give_up: Instant::now() + PATIENCE }.run(device).await
}

struct Participant {
    line: Line,
    /// From the moment on that the microphone is heard.
    studio: Option<Studio>,
    give_up: Instant,
}

impl Participant {
    async fn run(mut self, device: &mut impl Device) -> Result<(), ParticipantError> {
        loop {
            let due = self.studio.as_ref().map_or(self.give_up, |studio| studio.due);
            match self.line.next(due).await? {
                Some(event) => self.handle(event)?,
                None if self.studio.is_none() => return Err(ParticipantError::NotPublished),
                None => {
                    if self.tick(device)? {
                        return Ok(self.line.leave()?);
                    }
                }
            }
        }
    }

    fn handle(&mut self, event: Event) -> Result<(), ParticipantError> {
        match (event, &mut self.studio) {
            (Event::Published, None) => self.studio = Some(Studio::new(Instant::now())),
            (Event::Voice, Some(studio)) => studio.ear.restart(),
            (Event::Media(packet), Some(studio)) => studio.hear(packet),
            (Event::Left(why), _) => return Err(ParticipantError::Left(why)),
            (Event::Lost(_), _) => return Err(ParticipantError::Lost),
            // Nothing is heard before the microphone is, and sound has no key frames.
            (Event::Published | Event::Voice | Event::Media(_) | Event::KeyFrameWanted, _) => {}
        }
        Ok(())
    }

    /// All ticks that are due; whether the device leaves.
    fn tick(&mut self, device: &mut impl Device) -> Result<bool, ParticipantError> {
        let Some(studio) = &mut self.studio else { return Ok(false) };
        let now = Instant::now();
        while studio.due <= now {
            let heard = studio.ear.pull(studio.due);
            let late = now - studio.due;
            studio.due += TICK;
            let buffered = studio.ear.delay(studio.due);
            match device.tick(Heard { frame: &heard, late, buffered }) {
                Step::Say(frame) => {
                    let packet = studio.packet(now, frame)?;
                    self.line.send(now, &packet);
                }
                Step::Leave => return Ok(true),
            }
        }
        Ok(false)
    }
}

/// Sound in both directions.
struct Studio {
    /// The next tick.
    due: Instant,
    ear: Playout,
    encoder: Encoder,
    seq: u64,
}

impl Studio {
    fn new(now: Instant) -> Self {
        Self { due: now + TICK, ear: Playout::new(now), encoder: Encoder::new(), seq: 0 }
    }

    fn hear(&mut self, packet: Packet) {
        let Packet { payload, seq, time, is_red, arrived, .. } = packet;
        self.ear.push(&Incoming { payload, seq, time, is_red, arrived });
    }

    fn packet(&mut self, now: Instant, frame: &Frame) -> Result<Packet, ParticipantError> {
        let payload = self.encoder.encode(frame)?;
        let (seq, time) = (self.seq, self.seq.wrapping_mul(FRAME_SAMPLES as u64));
        self.seq = self.seq.wrapping_add(1);
        Ok(Packet { payload, seq, time, marker: seq == 0, is_red: false, level: None, video: None, arrived: now })
    }
}
