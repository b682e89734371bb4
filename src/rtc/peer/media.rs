//! What flows over a connection: RTP in both directions, messages, and how well that works.

use std::{
    mem,
    sync::Arc,
    time::{Duration, Instant},
};

use str0m::{
    Rtc,
    channel::ChannelId,
    format::Codec,
    media::{MediaKind, Pt},
    rtp::{ExtensionValues, RedDecoder, RtpPacket, RtpWrite},
    stats::{MediaEgressStats, MediaIngressStats, PeerStats},
};
use tracing::debug;

use super::{AudioLevel, Channel, Event, Kind, MOST_STRANGE_CHANNELS, Mid, Msid, Packet, Peer, PeerError, Quality};
use crate::rtc::datagram;

/// In bytes, so that header, extensions and authentication fit into what every path carries. Opus frames have a tenth.
const MOST_PAYLOAD: usize = 1200;
const AUDIO_HZ: u64 = 48_000;
/// Before media is let into a reused section, at the least: as if one packet of 20 ms had passed.
const STEP: u64 = AUDIO_HZ / 50;

/// A section that we send in.
#[derive(Debug)]
pub(super) struct Sender {
    pub(super) mid: Mid,
    pub(super) kind: Kind,
    /// Whose track it carries; `None`: nobody's, it may be used again.
    pub(super) msid: Option<Msid>,
    /// We opened the section, not the other side.
    pub(super) is_ours: bool,
    clock: Clock,
}

impl Sender {
    pub(super) fn new(mid: Mid, kind: Kind, msid: Option<Msid>, is_ours: bool) -> Self {
        Self { mid, kind, msid, is_ours, clock: Clock::default() }
    }

    /// Another track takes the section over, or none.
    pub(super) fn carry(&mut self, msid: Option<Msid>) {
        if self.msid != msid {
            self.msid = msid;
            self.clock.track = None;
        }
    }

    /// The section sends another stream.
    pub(super) fn begin_anew(&mut self) {
        self.clock = Clock::default();
    }
}

/// Keeps a section's numbers continuous when another track takes it over: to its receiver it is one stream, and SRTP
/// cannot follow a jump.
#[derive(Debug, Default)]
struct Clock {
    track: Option<Shift>,
    /// The highest of the section's numbers, and when that was sent.
    last: Option<(u64, u64, Instant)>,
}

/// How the present track's numbers become the section's: these are added, wrapping.
#[derive(Clone, Copy, Debug)]
struct Shift {
    seq: u64,
    time: u64,
    /// The track's first packet. What was overtaken by it would take a number that was given away.
    first: u64,
}

impl Clock {
    /// The section's sequence number and time for a packet; `None` when it has no place there.
    fn place(&mut self, now: Instant, packet: &Packet) -> Option<(u64, u64)> {
        let last = self.last;
        let shift = *self.track.get_or_insert_with(|| {
            // SRTP's roll-over counter starts at zero for its receiver.
            let (seq, time) = last.map_or((packet.seq & 0xffff, packet.time), |(seq, time, sent)| {
                (seq.wrapping_add(1), time.wrapping_add(ticks(now - sent).max(STEP)))
            });
            Shift { seq: seq.wrapping_sub(packet.seq), time: time.wrapping_sub(packet.time), first: packet.seq }
        });
        if packet.seq < shift.first {
            return None;
        }
        let (seq, time) = (packet.seq.wrapping_add(shift.seq), packet.time.wrapping_add(shift.time));
        if last.is_none_or(|(last, ..)| seq > last) {
            self.last = Some((seq, time, now));
        }
        Some((seq, time))
    }
}

fn ticks(time: Duration) -> u64 {
    u64::try_from(time.as_micros().saturating_mul(u128::from(AUDIO_HZ)) / 1_000_000).unwrap_or(u64::MAX)
}

impl Peer {
    /// Sends a packet in a section. Within one track `seq` and `time` are the sender's to keep continuous; when another
    /// track takes the section over, its packets follow on from those before. RED is unwrapped for who does not take it.
    /// Dropped when the section is not (yet) one that sends.
    pub fn send(&mut self, now: Instant, mid: Mid, packet: &Packet) {
        self.advance(now);
        if !self.is_connected() {
            return;
        }
        let Some((opus, red)) = self.payload_types(mid) else { return };
        let Some(sender) = self.senders.iter_mut().find(|sender| sender.mid == mid && sender.msid.is_some()) else {
            return;
        };
        let Some((pt, payload)) = payload_for(packet, opus, red) else { return };
        let Some((seq, time)) = sender.clock.place(self.now, packet) else { return };
        #[expect(clippy::cast_possible_truncation, reason = "RTP's header has the low 32 bits")]
        let write = RtpWrite::new(pt, seq.into(), time as u32, self.now, payload)
            .marker(packet.marker)
            .ext_vals(extensions(packet.level));
        self.with(|rtc| {
            if let Some(stream) = rtc.direct_api().stream_tx_by_mid(mid, None) {
                stream.write_rtp(write);
            }
        });
        self.step();
        self.drain();
    }

    /// Whether RED was negotiated for what this peer sends in the section.
    pub fn takes_red(&self, mid: Mid) -> bool {
        self.payload_types(mid).is_some_and(|(_, red)| red.is_some())
    }

    /// Sends a message.
    ///
    /// # Errors
    /// [`PeerError::ChannelBusy`]: nothing was sent.
    pub fn send_data(&mut self, channel: Channel, message: &[u8]) -> Result<(), PeerError> {
        let id = self.channels[channel as usize].filter(|_| self.is_connected()).ok_or(PeerError::ChannelBusy)?;
        let written = self.guarded(|rtc| rtc.channel(id).map_or(Ok(false), |mut channel| channel.write(true, message)));
        self.drain();
        if written == Some(true) { Ok(()) } else { Err(PeerError::ChannelBusy) }
    }

    /// The numbers that Opus and RED have in a section where we may send audio.
    fn payload_types(&self, mid: Mid) -> Option<(Pt, Option<Pt>)> {
        let numbers = |rtc: &Rtc| {
            let media = rtc.media(mid).filter(|media| media.direction().is_sending())?;
            let params = rtc.codec_config().params().iter();
            let mut opus = params.filter(|params| params.spec().codec == Codec::Opus);
            let opus = opus.find(|params| media.remote_pts().contains(&params.pt()))?;
            Some((opus.pt(), opus.red()))
        };
        self.engine.ask(numbers).flatten()
    }

    /// Whether a packet says that it is of somebody new, when all who may speak are known. str0m believes a new source
    /// before it has checked the packet, and would no longer hear the one before: whoever can send from the other side's
    /// address could silence it. A true change of source comes with a new description.
    pub(super) fn is_forged(&self, contents: &[u8]) -> bool {
        let Some(ssrc) = datagram::rtp_ssrc(contents) else { return false };
        let is_heard = |mid| self.voices.iter().any(|(of, _)| *of == mid);
        let mut speakers = self.sections().iter().filter(|section| section.sends);
        !self.voices.iter().any(|(_, known)| *known == ssrc)
            && speakers.all(|section| section.kind == Kind::Audio && is_heard(section.mid))
    }

    pub(super) fn handle_packet(&mut self, packet: RtpPacket) {
        let header = &packet.header;
        let (ssrc, payload_type) = (header.ssrc, header.payload_type);
        let heard = self.with(|rtc| {
            let mid = rtc.direct_api().stream_rx(&ssrc).map(|stream| stream.mid())?;
            let is_red = rtc.codec_config().params().iter().any(|params| params.red() == Some(payload_type));
            // Video comes with its own packet type, key frames and layers; until then it ends here.
            let is_audio = rtc.media(mid).is_some_and(|media| media.kind() == MediaKind::Audio);
            is_audio.then_some((mid, is_red))
        });
        let Some((mid, is_red)) = heard.flatten() else { return };
        if !self.voices.iter().any(|(of, _)| *of == mid) {
            self.voices.push((mid, *header.ssrc));
        }
        let level = header
            .ext_vals
            .audio_level
            .map(|dbov| AudioLevel { dbov, voice: header.ext_vals.voice_activity.unwrap_or(false) });
        let media = Packet {
            seq: *packet.seq_no,
            time: packet.time.numer(),
            marker: header.marker,
            is_red,
            level,
            arrived: packet.timestamp,
            payload: packet.payload,
        };
        self.tell(Event::Media(mid, media));
    }

    // ---- data channels ----

    pub(super) fn channel(&self, id: ChannelId) -> Option<Channel> {
        Channel::ALL.into_iter().find(|channel| self.channels[*channel as usize] == Some(id))
    }

    pub(super) fn handle_channel(&mut self, id: ChannelId, label: &str) {
        let known = Channel::ALL.into_iter().find(|channel| channel.label() == label);
        if let Some(channel) = known.filter(|channel| self.channels[*channel as usize].is_none()) {
            self.channels[channel as usize] = Some(id);
            self.tell(Event::ChannelOpen(channel));
        } else if self.strange_channels >= MOST_STRANGE_CHANNELS {
            debug!("a peer opens too many data channels");
            self.fail();
        } else {
            // `_data_track` for one: what comes in it is dropped.
            self.strange_channels += 1;
        }
    }

    pub(super) fn forget_channel(&mut self, id: ChannelId) {
        if let Some(channel) = self.channel(id) {
            self.channels[channel as usize] = None;
        }
    }

    // ---- statistics: str0m gives the connection's first, then those of each stream ----

    pub(super) fn tell_quality(&mut self, stats: &PeerStats) {
        let pair = stats.selected_candidate_pair.as_ref();
        let round_trip = pair.and_then(|pair| pair.current_round_trip_time).or(self.quality.round_trip);
        // Losses are of an interval, the round trip holds until another is measured.
        let quality = mem::replace(&mut self.quality, Quality { round_trip, ..Quality::default() });
        if self.is_connected() {
            self.tell(Event::Quality(Quality { round_trip, ..quality }));
        }
    }

    pub(super) fn note_ingress(&mut self, stats: &MediaIngressStats) {
        self.quality.loss_up = self.quality.loss_up.max(stats.loss.unwrap_or(0.0));
    }

    pub(super) fn note_egress(&mut self, stats: &MediaEgressStats) {
        self.quality.loss_down = self.quality.loss_down.max(stats.loss.unwrap_or(0.0));
        self.quality.round_trip = stats.rtt.or(self.quality.round_trip);
    }
}

/// The payload type and bytes that a receiver with these numbers understands.
fn payload_for(packet: &Packet, opus: Pt, red: Option<Pt>) -> Option<(Pt, Arc<[u8]>)> {
    if packet.payload.len() > MOST_PAYLOAD {
        return None;
    }
    if !packet.is_red {
        return Some((opus, packet.payload.clone()));
    }
    let blocks = RedDecoder::decode(&packet.payload).ok()?;
    if let Some(red) = red.filter(|_| blocks.iter().all(|block| block.pt == *opus)) {
        return Some((red, packet.payload.clone()));
    }
    let primary = blocks.iter().find(|block| block.is_primary)?;
    Some((opus, primary.payload.into()))
}

fn extensions(level: Option<AudioLevel>) -> ExtensionValues {
    ExtensionValues {
        audio_level: level.map(|level| level.dbov.clamp(-127, 0)),
        voice_activity: level.map(|level| level.voice),
        ..ExtensionValues::default()
    }
}
