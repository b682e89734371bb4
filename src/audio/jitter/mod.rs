//! A caller's audio on the media clock: packets go in as they come, a frame comes out every 20 ms.
//!
//! [`Playout`] holds packets back for as long as the network's jitter demands ([`delay`]), puts them in order, conceals what
//! is lost (with copies from RED and from Opus' own forward error correction where there are any), and fills with silence
//! what the sender did not send. Where nobody speaks it becomes quicker or slower ([`splice`]) as jitter and the drift
//! of the sender's clock ask for. It never waits and never reads a clock: whoever pulls it says what time it is.

mod delay;
mod splice;
#[cfg(test)]
mod tests;
mod units;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use super::{
    FRAME_SAMPLES, Frame, LINE_HZ,
    opus::{self, Decoder, MAX_PACKET_SAMPLES, PACKET_STEP},
    red::{self, Block},
};
use delay::Delay;
use splice::Noise;
use units::{Added, Unit, Units};

const MS: i64 = (LINE_HZ / 1000) as i64;
/// What is missing is concealed for so long, ever softer; then there is silence.
const FADE: usize = 100 * MS as usize;
/// Caught up by leaving audio out, even where somebody speaks: after the network stood still and then delivered all at
/// once. More than a telephone would have, because a transcriber needs words more than it needs them soon.
const MOST_DELAY: i64 = 500 * MS;
/// How much sooner and how much later than aimed at packets may be used before anything is done about it. A frame is
/// pulled at a time, so this moves in steps of 20 ms: less tolerance would make it go to and fro.
const TOO_SOON: i64 = 5 * MS;
const TOO_LATE: i64 = 20 * MS;
/// Packets wait for so long at least where people listen: a late one is heard as a gap.
const LEAST: i64 = 20 * MS;
/// The same for engines, to whom a gap of some milliseconds is nothing.
const LEAST_FOR_ENGINES: i64 = 10 * MS;
/// By so much the next pull may be sooner than 20 ms after the last one: 0.5 ms, a fortieth.
const MOST_SOONER: i64 = MS / 2;
/// A packet this much earlier or later than its RTP time says belongs to a new time base.
const NEW_BASE: i64 = 2_000 * MS;
/// Two packets of the same time base agree to this.
const SAME_BASE: i64 = 500 * MS;
/// So many packets lost in a row are counted; it makes no difference beyond.
const MOST_LOST: i64 = 50;

/// What a packet brings.
#[derive(Clone, Debug)]
pub struct Incoming {
    /// Opus, or RED around Opus.
    pub payload: Arc<[u8]>,
    /// Sequence number with its roll-overs.
    pub seq: u64,
    /// RTP time with its roll-overs, in samples at 48 kHz.
    pub time: u64,
    /// Whether the payload is RED.
    pub is_red: bool,
    /// When it came.
    pub arrived: Instant,
}

/// What has been done so far, in packets unless it says otherwise.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Decoded.
    pub decoded: u64,
    /// Of these, from a redundant block.
    pub from_red: u64,
    /// Came twice.
    pub duplicates: u64,
    /// Came when their time was over.
    pub late: u64,
    /// Are no Opus.
    pub bad: u64,
    /// Gaps filled with the copy that the next packet carried.
    pub from_fec: u64,
    /// Samples guessed, because nothing was there.
    pub concealed: u64,
    /// Samples taken out (to become quicker).
    pub shortened: u64,
    /// Samples put in (to become slower).
    pub lengthened: u64,
    /// The sender began anew.
    pub restarts: u64,
}

/// See the module.
#[derive(Debug)]
pub struct Playout {
    /// What arrival times are counted from.
    epoch: Instant,
    decoder: Decoder,
    delay: Delay,
    noise: Noise,
    units: Units,
    timeline: Timeline,
    /// What is decoded and not pulled yet: less than a frame between two pulls, plus what a packet is longer than that.
    pcm: Vec<i16>,
    /// Concealed since the last packet.
    faded: usize,
    /// Of this, while it was not known whether the packet is lost or late: it stood for no media time yet.
    stretched: u64,
    /// The newest packet's sequence number.
    newest: Option<u64>,
    suspect: Option<Suspect>,
    stats: Stats,
}

/// Where in the sender's time the output is.
#[derive(Clone, Copy, Debug)]
enum Timeline {
    /// In silence. The next packet that is not before `played` will be played when it is due.
    Waiting { played: Option<u64> },
    /// `next` follows what is decoded; the packet before it had the sequence number `seq`.
    Playing { next: u64, seq: u64 },
}

/// A packet that may be the first of a new time base: the next one tells.
#[derive(Clone, Copy, Debug)]
struct Suspect {
    seq: u64,
    transit: i64,
}

/// By how much `a` is after `b`, in sequence numbers or samples.
const fn after(a: u64, b: u64) -> i64 {
    a.wrapping_sub(b) as i64
}

impl Playout {
    /// Silence, until packets come.
    pub fn new(now: Instant) -> Self {
        Self::with_delay(now, Delay::new(LEAST))
    }

    /// The same for engines that hear instead of people: little is better than late.
    pub fn for_engines(now: Instant) -> Self {
        Self::with_delay(now, Delay::new(LEAST_FOR_ENGINES))
    }

    fn with_delay(now: Instant, delay: Delay) -> Self {
        Self {
            epoch: now,
            decoder: Decoder::new(),
            delay,
            noise: Noise::new(),
            units: Units::new(),
            timeline: Timeline::Waiting { played: None },
            pcm: Vec::with_capacity(FRAME_SAMPLES + 2 * MAX_PACKET_SAMPLES),
            faded: 0,
            stretched: 0,
            newest: None,
            suspect: None,
            stats: Stats::default(),
        }
    }

    /// What has been done so far.
    pub const fn stats(&self) -> Stats {
        self.stats
    }

    /// How long packets wait for those that are late, as it is aimed at.
    pub fn target(&self) -> Duration {
        Duration::from_millis((self.delay.target() / MS).unsigned_abs())
    }

    /// How long after it could have been played at the earliest, the next sample will be: `None` in silence.
    pub fn delay(&self, now: Instant) -> Option<Duration> {
        let Timeline::Playing { next, .. } = self.timeline else { return None };
        Some(Duration::from_millis(self.behind(now, next).max(0).unsigned_abs() / MS.unsigned_abs()))
    }

    /// Whoever is free to choose when to pull may do so by this much sooner after a pull at `now` than 20 ms: packets wait
    /// longer than they have to only because they are pulled at a time. 0.5 ms at most, so that nobody hears it.
    pub fn sooner(&self, now: Instant) -> Duration {
        let Timeline::Playing { next, .. } = self.timeline else { return Duration::ZERO };
        let spare = self.behind(now, next).saturating_add(FRAME_SAMPLES as i64).saturating_sub(self.delay.target());
        let samples = (spare - MOST_SOONER).clamp(0, MOST_SOONER).unsigned_abs();
        Duration::from_micros(samples * 1_000_000 / u64::from(LINE_HZ))
    }

    /// Forgets the sender: another track follows. What is decoded is still played.
    pub fn restart(&mut self) {
        self.delay = self.delay.renewed();
        self.units.clear();
        self.decoder.reset();
        self.timeline = Timeline::Waiting { played: None };
        (self.newest, self.suspect) = (None, None);
        self.stats.restarts += 1;
    }

    // ---- in ----

    /// A packet came.
    pub fn push(&mut self, packet: &Incoming) {
        let arrival = self.samples_at(packet.arrived);
        let transit = arrival.wrapping_sub(packet.time as i64);
        if !self.is_of_this_base(packet.seq, transit) {
            return;
        }
        self.delay.arrived(arrival, transit);
        self.count(packet.seq);
        if !packet.is_red {
            return self.add(packet, 0, Block { offset: 0, range: 0..packet.payload.len() });
        }
        let count = red::blocks(&packet.payload).count();
        for (n, block) in red::blocks(&packet.payload).enumerate() {
            self.add(packet, (count - 1 - n) as u64, block);
        }
        self.stats.bad += u64::from(count == 0);
    }

    /// Whether a packet fits to those before. Of a new base the first packet is dropped, the second begins it: a single
    /// stray one must not throw away what is good.
    fn is_of_this_base(&mut self, seq: u64, transit: i64) -> bool {
        let Some(base) = self.delay.base() else { return true };
        if transit.wrapping_sub(base).unsigned_abs() <= NEW_BASE.unsigned_abs() {
            self.suspect = None;
            return true;
        }
        let confirmed = self.suspect.is_some_and(|suspect| {
            let distance = after(seq, suspect.seq);
            distance != 0
                && distance.unsigned_abs() <= MOST_LOST.unsigned_abs()
                && transit.wrapping_sub(suspect.transit).unsigned_abs() <= SAME_BASE.unsigned_abs()
        });
        if confirmed {
            self.restart();
        } else {
            self.suspect = Some(Suspect { seq, transit });
        }
        confirmed
    }

    /// Counts what was lost before this packet. What comes later than its successor counts as lost: for the delay it is.
    fn count(&mut self, seq: u64) {
        let newer = self.newest.map_or(1, |newest| after(seq, newest));
        if newer > 0 {
            (1..newer.min(MOST_LOST)).for_each(|_| self.delay.count_loss(true));
            self.delay.count_loss(false);
            self.newest = Some(seq);
        }
    }

    /// Keeps the audio of a packet, or that of the one `back` packets before it.
    fn add(&mut self, packet: &Incoming, back: u64, block: Block) {
        let time = packet.time.wrapping_sub(u64::from(block.offset));
        let Some(samples) = opus::packet_samples(&packet.payload[block.range.clone()]) else {
            self.stats.bad += 1;
            return;
        };
        let is_late = match self.timeline {
            Timeline::Waiting { played } => played.is_some_and(|played| after(time, played) < 0),
            Timeline::Playing { next, .. } => after(time, next) < 0,
        };
        if is_late {
            self.stats.late += u64::from(back == 0);
            return;
        }
        let unit = Unit {
            payload: Arc::clone(&packet.payload),
            range: block.range,
            seq: packet.seq.wrapping_sub(back),
            samples,
            is_redundant: back > 0,
        };
        if self.units.add(time, unit) == Added::Known && back == 0 {
            self.stats.duplicates += 1;
        }
    }

    // ---- out ----

    /// The next 20 ms, which will be played at `now`.
    pub fn pull(&mut self, now: Instant) -> Frame {
        self.catch_up(now);
        while self.pcm.len() < FRAME_SAMPLES {
            self.fill(now);
        }
        let mut frame = Frame::SILENCE;
        frame.samples.copy_from_slice(&self.pcm[..FRAME_SAMPLES]);
        self.pcm.drain(..FRAME_SAMPLES);
        frame
    }

    /// Adds to what is decoded, or changes the state so that the next call will.
    fn fill(&mut self, now: Instant) {
        let (next, seq) = match self.timeline {
            Timeline::Waiting { .. } => return self.wait(now),
            Timeline::Playing { next, seq } => (next, seq),
        };
        match self.units.first() {
            None => self.stretch(next),
            Some((time, _)) if after(time, next) < 0 => self.units.drop_first(),
            Some((time, _)) if after(time, next) < PACKET_STEP as i64 => self.decode(now),
            Some((time, unit)) => {
                let is_lost = after(unit.seq, seq) != 1;
                self.bridge(next, time, is_lost);
            }
        }
    }

    /// Silence until the first packet has waited for as long as packets shall.
    fn wait(&mut self, now: Instant) {
        if let Some((time, unit)) = self.units.first()
            && self.waited(now, time) >= self.delay.target()
        {
            self.timeline = Timeline::Playing { next: time, seq: unit.seq.wrapping_sub(1) };
            self.catch_up(now);
        } else {
            self.pcm.resize(FRAME_SAMPLES, 0);
        }
    }

    /// Nothing is there: lost, late or never sent. Time stands still for what is concealed now: a late packet is then
    /// played whole, and the delay has grown by what it was late.
    fn stretch(&mut self, next: u64) {
        if self.faded >= FADE {
            self.timeline = Timeline::Waiting { played: Some(next) };
            return;
        }
        let samples = (FRAME_SAMPLES - self.pcm.len()).next_multiple_of(PACKET_STEP);
        self.conceal(samples);
        self.stretched += samples as u64;
    }

    /// The next packet is there, but something before it is not.
    fn bridge(&mut self, next: u64, time: u64, is_lost: bool) {
        let Timeline::Playing { next: head, .. } = &mut self.timeline else { return };
        // What was concealed while nothing was there stands for it.
        let credit = self.stretched.min(time.wrapping_sub(next));
        self.stretched -= credit;
        *head = next.wrapping_add(credit);
        let gap = time.wrapping_sub(*head) as usize;
        if gap < PACKET_STEP {
            return;
        }
        let fits = gap <= MAX_PACKET_SAMPLES && gap.is_multiple_of(PACKET_STEP);
        if is_lost && fits {
            *head = time;
            self.recover(gap);
        } else if self.faded < FADE {
            let wanted = (FRAME_SAMPLES - self.pcm.len()).next_multiple_of(PACKET_STEP);
            let samples = wanted.min(gap / PACKET_STEP * PACKET_STEP);
            *head = head.wrapping_add(samples as u64);
            self.conceal(samples);
        } else {
            self.timeline = Timeline::Waiting { played: Some(*head) };
        }
    }

    fn decode(&mut self, now: Instant) {
        let Some((time, unit)) = self.units.take_first() else { return };
        let start = self.pcm.len();
        self.stretched = 0;
        // For what a packet of silence holds a decoder guesses, and begins anew with each how loud it was.
        let sound = if unit.is_silence() { None } else { self.decoder.decode(unit.block(), &mut self.pcm).ok() };
        let samples = match sound {
            Some(samples) => {
                self.faded = 0;
                samples
            }
            None => {
                self.stats.bad += u64::from(!unit.is_silence());
                self.conceal(unit.samples);
                unit.samples
            }
        };
        self.stats.decoded += 1;
        self.stats.from_red += u64::from(unit.is_redundant);
        let next = time.wrapping_add(samples as u64);
        self.timeline = Timeline::Playing { next, seq: unit.seq };
        self.adjust(now, time, start);
    }

    /// Fills a gap before the next packet, by that packet's copy of what is lost if it has one.
    fn recover(&mut self, samples: usize) {
        let Some((_, unit)) = self.units.first() else { return };
        let has_copy = opus::has_copy(unit.block());
        self.decoder.recover(unit.block(), samples, &mut self.pcm);
        self.stats.from_fec += u64::from(has_copy);
        self.stats.concealed += samples.saturating_sub(if has_copy { unit.samples } else { 0 }) as u64;
    }

    /// Guesses the next samples, softer and softer.
    fn conceal(&mut self, samples: usize) {
        let start = self.pcm.len();
        self.decoder.conceal(samples, &mut self.pcm);
        for sample in &mut self.pcm[start..] {
            let left = FADE.saturating_sub(self.faded) as i64;
            *sample = (i64::from(*sample) * left / FADE as i64) as i16;
            self.faded += 1;
        }
        self.stats.concealed += samples as u64;
    }

    // ---- delay ----

    fn samples_at(&self, instant: Instant) -> i64 {
        let elapsed = instant.saturating_duration_since(self.epoch);
        i64::try_from(elapsed.as_micros() * u128::from(LINE_HZ) / 1_000_000).unwrap_or(i64::MAX)
    }

    /// How long a packet with this time has waited if it came as quickly as the quickest. It is in time when that is more
    /// than its lateness.
    fn waited(&self, now: Instant, time: u64) -> i64 {
        self.samples_at(now).wrapping_sub(self.delay.base().unwrap_or(0)).wrapping_sub(time as i64)
    }

    /// The same for the next sample to be pulled, when `next` follows what is decoded.
    fn behind(&self, now: Instant, next: u64) -> i64 {
        self.waited(now, next.wrapping_sub(self.pcm.len() as u64))
    }

    /// Brings the delay nearer to its target where nobody speaks: in what is decoded from `start` on, of the packet with
    /// this time.
    fn adjust(&mut self, now: Instant, time: u64, start: usize) {
        let quiet = self.noise.is_quiet(&self.pcm[start..]);
        let excess = self.waited(now, time).saturating_sub(self.delay.target());
        if !quiet || (-TOO_SOON..=TOO_LATE).contains(&excess) {
            return;
        }
        // At most half of it, so that noise stays noise.
        let count = (excess.unsigned_abs() as usize).min((self.pcm.len() - start) / 2);
        if excess > 0 {
            self.stats.shortened += splice::shorten(&mut self.pcm, start, count) as u64;
        } else {
            self.stats.lengthened += splice::lengthen(&mut self.pcm, start, count) as u64;
        }
    }

    /// Leaves audio out when the delay is beyond what can be borne, as far as it comes from waiting here: to leave out what has
    /// just come would make nothing sooner.
    fn catch_up(&mut self, now: Instant) {
        let Timeline::Playing { next, .. } = self.timeline else { return };
        let kept = self.units.end().map_or(0, |end| after(end, next).saturating_add(self.pcm.len() as i64));
        let excess = self.behind(now, next).min(kept).saturating_sub(MOST_DELAY);
        if excess <= 0 {
            return;
        }
        let earliest = next.wrapping_add(excess as u64);
        while self.units.first().is_some_and(|(time, _)| after(time, earliest) < 0) {
            self.units.drop_first();
        }
        self.pcm.clear();
        self.stretched = 0;
        self.timeline = Timeline::Waiting { played: Some(earliest) };
    }
}
