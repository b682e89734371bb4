//! What is sent, and what is noted of it where it arrives. Each packet says which it is and when it was sent, by the clock of
//! this process, in which all senders and receivers are.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use crate::rtc::peer::{Kind, Packet, Video, VideoCodec, video::vp8};

/// A packet that takes so much longer than none at all misses the moment it is played at.
const LATE: Duration = Duration::from_millis(20);

/// Sound: 32 kbit/s of Opus in packets of 20 ms.
const SOUND_BYTES: usize = 80;
const SOUND_EVERY: Duration = Duration::from_millis(20);
/// Opus' first byte: CELT, full band, 20 ms, one channel, one frame (RFC 6716, 3.1).
const OPUS: [u8; 1] = [0xf8];
/// Pictures: 1 Mbit/s of VP8, 30 pictures a second in four packets each.
const PICTURE_BYTES: usize = 1050;
const PICTURE_EVERY: Duration = Duration::from_micros(33_333);
const PACKETS_A_PICTURE: u64 = 4;
/// A picture's further packets: a descriptor with its number that does not begin a partition (RFC 7741, 4.2).
const GOES_ON: u8 = 0x80;

/// RTP time of one packet's or picture's length.
const SOUND_TIME: u64 = 960;
const PICTURE_TIME: u64 = 3000;

/// The packets of one participant.
#[derive(Debug)]
pub(super) struct Source {
    kind: Kind,
    began: Instant,
    /// Packets so far.
    count: u64,
    wants_key_frame: bool,
}

impl Source {
    pub(super) fn new(kind: Kind, began: Instant) -> Self {
        Self { kind, began, count: 0, wants_key_frame: true }
    }

    pub(super) fn every(&self) -> Duration {
        match self.kind {
            Kind::Audio => SOUND_EVERY,
            Kind::Video => PICTURE_EVERY,
        }
    }

    /// The next picture can be begun with.
    pub(super) fn make_key_frame(&mut self) {
        self.wants_key_frame = true;
    }

    /// What is to be sent now: a packet of sound, or those of a picture.
    pub(super) fn next(&mut self, now: Instant) -> Vec<Packet> {
        match self.kind {
            Kind::Audio => vec![self.packet(now, &OPUS, SOUND_BYTES)],
            Kind::Video => {
                let is_key = std::mem::take(&mut self.wants_key_frame);
                let first = vp8((self.count / PACKETS_A_PICTURE) as u16 & 0x7fff, is_key);
                let rest = [GOES_ON, first[1], first[2], first[3], first[4]];
                (0..PACKETS_A_PICTURE)
                    .map(|nth| self.packet(now, if nth == 0 { &first } else { &rest }, PICTURE_BYTES))
                    .collect()
            }
        }
    }

    fn packet(&mut self, now: Instant, head: &[u8], length: usize) -> Packet {
        let count = self.count;
        self.count += 1;
        let mut payload = Vec::with_capacity(length);
        payload.extend_from_slice(head);
        payload.extend_from_slice(&count.to_be_bytes());
        payload.extend_from_slice(&micros(now - self.began).to_be_bytes());
        payload.resize(length, 0x55);
        let payload: Arc<[u8]> = payload.into();
        let (time, marker, video) = match self.kind {
            Kind::Audio => (count * SOUND_TIME, count == 0, None),
            Kind::Video => (
                count / PACKETS_A_PICTURE * PICTURE_TIME,
                count % PACKETS_A_PICTURE == PACKETS_A_PICTURE - 1,
                Some(Video::of(VideoCodec::Vp8, &payload, None)),
            ),
        };
        Packet { payload, seq: count, time, marker, is_red: false, level: None, video, arrived: now }
    }
}

/// What counts: what was sent in this time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Window {
    pub(super) from: Instant,
    pub(super) until: Instant,
}

/// What one participant has sent and received.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) sent: u64,
    /// Nothing twice.
    pub(super) received: u64,
    pub(super) late: u64,
    /// How long packets took, in microseconds.
    pub(super) way_us: Vec<u64>,
    /// The newest packet, and which of the 64 before it have come.
    newest: Option<(u64, u64)>,
}

impl Tally {
    pub(super) fn note_sent(&mut self, now: Instant, packets: usize, window: Window) {
        if (window.from..window.until).contains(&now) {
            self.sent += packets as u64;
        }
    }

    /// A packet has arrived. What is not one of ours is passed over.
    pub(super) fn note_received(&mut self, began: Instant, kind: Kind, packet: &Packet, window: Window) {
        let head = if kind == Kind::Audio { OPUS.len() } else { vp8(0, false).len() };
        let number = |at: usize| Some(u64::from_be_bytes(packet.payload.get(at..at + 8)?.try_into().ok()?));
        let (Some(count), Some(sent)) = (number(head), number(head + 8)) else { return };
        let sent = began + Duration::from_micros(sent);
        if !self.is_new(count) || !(window.from..window.until).contains(&sent) {
            return;
        }
        let way = packet.arrived.saturating_duration_since(sent);
        self.received += 1;
        self.late += u64::from(way > LATE);
        self.way_us.push(micros(way));
    }

    fn is_new(&mut self, count: u64) -> bool {
        let (newest, seen) = self.newest.unwrap_or((count, 0));
        let (newest, seen) = match count.checked_sub(newest) {
            Some(ahead) => (count, seen.checked_shl(u32::try_from(ahead).unwrap_or(64)).unwrap_or(0)),
            None => (newest, seen),
        };
        let bit = 1_u64.checked_shl(u32::try_from(newest - count).unwrap_or(64)).unwrap_or(0);
        self.newest = Some((newest, seen | bit));
        bit != 0 && seen & bit == 0
    }

    pub(super) fn add(&mut self, other: Self) {
        self.sent += other.sent;
        self.received += other.received;
        self.late += other.late;
        self.way_us.extend(other.way_us);
    }
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window(now: Instant) -> Window {
        Window { from: now, until: now + Duration::from_secs(1) }
    }

    #[test]
    fn what_arrives_is_counted_once_and_by_when_it_was_sent() {
        for kind in [Kind::Audio, Kind::Video] {
            let began = Instant::now();
            let (mut source, mut tally) = (Source::new(kind, began), Tally::default());
            let mut packets = Vec::new();
            for nth in 0..60 {
                let now = began + Duration::from_millis(20) * nth;
                let next = source.next(now);
                tally.note_sent(now, next.len(), window(began));
                packets.extend(next);
            }
            let in_window = 50 * source.next(began).len() as u64;
            assert_eq!(tally.sent, in_window);
            // One is lost, two come in the wrong order, one comes twice, one late.
            packets.remove(30);
            packets.swap(3, 4);
            packets.insert(10, packets[8].clone());
            for (nth, packet) in packets.iter().enumerate() {
                let way = Duration::from_millis(if nth == 20 { 21 } else { 5 });
                let packet = Packet { arrived: packet.arrived + way, ..packet.clone() };
                tally.note_received(began, kind, &packet, window(began));
            }
            assert_eq!((tally.received, tally.late), (in_window - 1, 1), "{kind:?}");
            assert_eq!(tally.way_us.iter().max(), Some(&21_000));
        }
    }

    #[test]
    fn pictures_begin_with_a_key_frame_and_have_one_when_it_is_asked_for() {
        let now = Instant::now();
        let mut source = Source::new(Kind::Video, now);
        let mut begins = || {
            let picture = source.next(now);
            assert!(picture.iter().rev().skip(1).all(|packet| !packet.marker) && picture[3].marker);
            let keys = picture.iter().map(|packet| packet.video.as_ref().is_some_and(|video| video.begins_key_frame));
            keys.collect::<Vec<_>>()
        };
        assert_eq!(begins(), [true, false, false, false]);
        assert_eq!(begins(), [false; 4]);
        source.make_key_frame();
        assert!(source.next(now)[0].video.as_ref().is_some_and(|video| video.begins_key_frame));
    }
}
