//! What the agent says, as RTP packets: one for each 20 ms of sound, none in silence.
//!
//! [`Mouth::tick`] is called every 20 ms and takes one frame of what waits. It softens, fades and drops as it is told,
//! encodes, and counts of each turn what has been sent. RTP time goes on while nothing is sent, so that a receiver knows
//! how long the pause was.

use std::{sync::Arc, time::Duration};

use tokio::sync::mpsc;

use super::{FRAME_MS, FRAME_SAMPLES, Frame, line::Say, opus::Encoder};
use crate::domain::TurnId;

/// -15 dB.
const DUCKED: f32 = 0.178;
/// What is flushed ends within 10 ms.
const FADE: usize = FRAME_SAMPLES / 2;
/// Sound that just ends does so within 2.5 ms.
const RELEASE: usize = FRAME_SAMPLES / 8;
/// After the sound so much silence is sent, that the receiver's own concealment does not repeat its last bit: 200 ms.
const TAIL: u32 = 10;
/// How often it is told how much has been sent: every 100 ms.
const TELL_EVERY: u32 = 5;
/// More items than ever wait; nobody can keep a tick busy by adding more while it drops them.
const MOST_ITEMS: usize = 64;
/// The least level that RFC 6464 knows, in dBov.
const SILENT_DBOV: i8 = -127;

/// A packet to be sent.
#[derive(Clone, Debug)]
pub struct Spoken {
    /// Opus, 20 ms.
    pub payload: Arc<[u8]>,
    /// Sequence number: one more with each packet.
    pub seq: u64,
    /// RTP time in samples at 48 kHz: 960 more with each tick.
    pub time: u64,
    /// The first one after a pause.
    pub marker: bool,
    /// -127 (silence) to 0 (overload), in dBov.
    pub dbov: i8,
    /// Whether it is a turn's audio, and not the silence after it.
    pub voice: bool,
}

/// How much of a turn has been sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Played {
    /// Which turn.
    pub turn: TurnId,
    /// Since its beginning; what was only faded out does not count.
    pub sent: Duration,
    /// All of it.
    pub done: bool,
}

/// See the module.
#[derive(Debug)]
pub struct Mouth {
    encoder: Encoder,
    gain: f32,
    ducked: bool,
    turn: Option<Turn>,
    /// This turn and all before it are not wanted any more.
    flushed: Option<TurnId>,
    /// Was flushed in the middle of its sound: the next tick needs one more frame of it, to fade it out.
    fading: Option<TurnId>,
    /// The last sample sent.
    last: i16,
    /// Silent ticks since the last sound.
    silent: u32,
    seq: u64,
    time: u64,
    /// Played reports, to be taken.
    told: Vec<Played>,
}

#[derive(Clone, Copy, Debug)]
struct Turn {
    id: TurnId,
    frames: u32,
    told: u32,
}

impl Turn {
    fn played(&mut self, done: bool) -> Played {
        self.told = self.frames;
        Played { turn: self.id, sent: Duration::from_millis(u64::from(self.frames * FRAME_MS)), done }
    }
}

impl Default for Mouth {
    fn default() -> Self {
        Self::new()
    }
}

impl Mouth {
    /// Silent.
    pub fn new() -> Self {
        Self {
            encoder: Encoder::new(),
            gain: 1.0,
            ducked: false,
            turn: None,
            flushed: None,
            fading: None,
            last: 0,
            silent: TAIL,
            seq: 0,
            time: 0,
            told: Vec::new(),
        }
    }

    /// Drops what waits and what still comes of `turn` and of those before it. What sounds ends within 10 ms.
    pub fn flush(&mut self, turn: TurnId) {
        self.flushed = self.flushed.max(Some(turn));
        if let Some(mut current) = self.turn.take_if(|current| current.id <= turn) {
            self.fading = (self.silent == 0).then_some(current.id);
            self.told.push(current.played(false));
        }
    }

    /// Softer, or as usual, within the next frame; stays so over turns.
    pub const fn duck(&mut self, ducked: bool) {
        self.ducked = ducked;
    }

    /// So many ticks could not be made in time: they are left out, not made up for.
    pub fn skip(&mut self, ticks: u32) {
        self.time = self.time.wrapping_add(u64::from(ticks) * FRAME_SAMPLES as u64);
    }

    /// Whether nothing sounds, and has not for so long that a receiver will have played it.
    pub const fn is_silent(&self) -> bool {
        self.silent >= TAIL
    }

    /// What has been sent of which turn, since this was last asked.
    pub fn take_played(&mut self) -> std::vec::Drain<'_, Played> {
        self.told.drain(..)
    }

    /// The next 20 ms: the packet to send, if any.
    pub fn tick(&mut self, waiting: &mut mpsc::Receiver<Say>) -> Option<Spoken> {
        let time = self.time;
        self.skip(1);
        let pausing = self.silent >= TAIL;
        let mut frame = self.next_frame(waiting);
        self.fading = None;
        let voice = frame.is_some();
        match &mut frame {
            Some(frame) => {
                self.scale(frame);
                self.silent = 0;
            }
            None if pausing => return None,
            None => self.silent += 1,
        }
        let frame = frame.unwrap_or_else(|| self.release());
        self.last = frame.samples[FRAME_SAMPLES - 1];
        let payload = match self.encoder.encode(&frame) {
            Ok(payload) => payload,
            Err(error) => {
                tracing::warn!(%error, "20 ms of the agent's audio are lost");
                return None;
            }
        };
        self.seq = self.seq.wrapping_add(1);
        Some(Spoken { payload, seq: self.seq, time, marker: pausing, dbov: dbov(&frame), voice })
    }

    /// The next frame that is still wanted.
    fn next_frame(&mut self, waiting: &mut mpsc::Receiver<Say>) -> Option<Box<Frame>> {
        for _ in 0..MOST_ITEMS {
            match waiting.try_recv().ok()? {
                Say::Audio(turn, frame) if self.fading == Some(turn) => return Some(faded(frame)),
                Say::Audio(turn, _) | Say::End(turn) if self.flushed >= Some(turn) => {}
                Say::Audio(turn, frame) => {
                    self.sent(turn);
                    return Some(frame);
                }
                Say::End(turn) => {
                    let mut ended = self.begin(turn);
                    self.told.push(ended.played(true));
                    self.turn = None;
                }
            }
        }
        None
    }

    /// The turn whose audio comes now; tells how far the one before has come when that has not ended.
    fn begin(&mut self, id: TurnId) -> Turn {
        match self.turn {
            Some(turn) if turn.id == id => turn,
            before => {
                if let Some(mut before) = before {
                    self.told.push(before.played(false));
                }
                Turn { id, frames: 0, told: 0 }
            }
        }
    }

    fn sent(&mut self, id: TurnId) {
        let mut turn = self.begin(id);
        turn.frames = turn.frames.saturating_add(1);
        if turn.frames - turn.told >= TELL_EVERY {
            self.told.push(turn.played(false));
        }
        self.turn = Some(turn);
    }

    /// Makes a frame as loud as it shall be, from as loud as the last one was.
    fn scale(&mut self, frame: &mut Frame) {
        let to = if self.ducked { DUCKED } else { 1.0 };
        let from = std::mem::replace(&mut self.gain, to);
        if from == 1.0 && to == 1.0 {
            return;
        }
        let step = (to - from) / FRAME_SAMPLES as f32;
        for (n, sample) in frame.samples.iter_mut().enumerate() {
            *sample = (f32::from(*sample) * (from + step * n as f32)) as i16;
        }
    }

    /// Silence, into which the last sound ends without a click.
    fn release(&self) -> Box<Frame> {
        let mut frame = Box::new(Frame::SILENCE);
        for (n, sample) in frame.samples[..RELEASE].iter_mut().enumerate() {
            *sample = (i32::from(self.last) * (RELEASE - n) as i32 / RELEASE as i32) as i16;
        }
        frame
    }
}

/// The beginning of a frame, ever softer.
fn faded(mut frame: Box<Frame>) -> Box<Frame> {
    for (n, sample) in frame.samples.iter_mut().enumerate() {
        *sample = (i32::from(*sample) * FADE.saturating_sub(n) as i32 / FADE as i32) as i16;
    }
    frame
}

/// A frame's level: RFC 6464 measures against the loudest possible square wave.
fn dbov(frame: &Frame) -> i8 {
    let energy: f64 = frame.samples.iter().map(|sample| f64::from(*sample).powi(2)).sum();
    let rms = (energy / FRAME_SAMPLES as f64).sqrt() / 32_768.0;
    (20.0 * rms.log10()).round().clamp(f64::from(SILENT_DBOV), 0.0) as i8
}

#[cfg(test)]
mod tests;
