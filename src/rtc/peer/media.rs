//! What flows over a connection: RTP in both directions, messages, and how well that works.

use std::{
    mem,
    sync::Arc,
    time::{Duration, Instant},
};

use str0m::{
    Rtc,
    bwe::Bitrate,
    channel::ChannelId,
    format::{Codec, PayloadParams},
    media::{KeyframeRequestKind, MediaKind, Pt},
    rtp::{ExtensionValues, RedDecoder, RtpPacket, RtpWrite},
    stats::{MediaEgressStats, MediaIngressStats, PeerStats},
};
use tracing::debug;

use super::{
    AudioLevel, Channel, Event, Kind, MOST_STRANGE_CHANNELS, MOST_WAITING_FRAMES, Mid, Msid, Packet, Peer, PeerError,
    Quality, Rid, Section, Video, video::Rewritten,
};
use crate::rtc::datagram;

/// In bytes, so that header, extensions and authentication fit into what every path carries. Opus frames have a tenth.
const MOST_PAYLOAD: usize = 1200;
/// The same of video, whose senders choose by the path that they know.
const MOST_VIDEO_PAYLOAD: usize = 1400;
const AUDIO_HZ: u64 = 48_000;
const VIDEO_HZ: u64 = 90_000;
/// Streams that are remembered; each of a layer of simulcast is one.
const MOST_VOICES: usize = 256;
/// Before media is let into a reused section, at the least: as if one packet of 20 ms had passed.
const STEPS_PER_SECOND: u64 = 50;

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
    /// The payload type of what was sent last, by how that was encoded; none where the other side does not take that.
    numbers: Option<(PayloadParams, Option<Pt>)>,
}

impl Sender {
    pub(super) fn new(mid: Mid, kind: Kind, msid: Option<Msid>, is_ours: bool) -> Self {
        Self { mid, kind, msid, is_ours, clock: Clock::default(), numbers: None }
    }

    /// Of RTP time, per second.
    const fn hz(&self) -> u64 {
        match self.kind {
            Kind::Audio => AUDIO_HZ,
            Kind::Video => VIDEO_HZ,
        }
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
    fn place(&mut self, now: Instant, packet: &Packet, hz: u64) -> Option<(u64, u64)> {
        let last = self.last;
        let shift = *self.track.get_or_insert_with(|| {
            // SRTP's roll-over counter starts at zero for its receiver.
            let (seq, time) = last.map_or((packet.seq & 0xffff, packet.time), |(seq, time, sent)| {
                (seq.wrapping_add(1), time.wrapping_add(ticks(now - sent, hz).max(hz / STEPS_PER_SECOND)))
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

fn ticks(time: Duration, hz: u64) -> u64 {
    u64::try_from(time.as_micros().saturating_mul(u128::from(hz)) / 1_000_000).unwrap_or(u64::MAX)
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
        let write = match &packet.video {
            None => self.audio(mid, packet),
            Some(video) => self.video(mid, packet, video),
        };
        let Some(write) = write else { return };
        self.with(|rtc| {
            if let Some(stream) = rtc.direct_api().stream_tx_by_mid(mid, None) {
                stream.write_rtp(write);
            }
        });
        self.step();
        self.drain();
    }

    fn audio(&mut self, mid: Mid, packet: &Packet) -> Option<RtpWrite> {
        let (opus, red) = self.payload_types(mid)?;
        let (pt, payload) = payload_for(packet, opus, red)?;
        let write = self.placed(mid, packet, pt, payload)?;
        Some(write.ext_vals(extensions(packet.level)))
    }

    fn video(&mut self, mid: Mid, packet: &Packet, video: &Video) -> Option<RtpWrite> {
        if packet.payload.len() > MOST_VIDEO_PAYLOAD {
            return None;
        }
        let pt = self.payload_type(mid, &video.params)?;
        let write = match video.rewritten(&packet.payload) {
            Rewritten::Same(payload) => self.placed(mid, packet, pt, payload)?,
            Rewritten::Patched(payload, patch) => self.placed(mid, packet, pt, payload)?.vp8_patch(patch),
        };
        Some(write.ext_vals(video.extensions()).nackable(true))
    }

    /// A packet in the section's own numbers; `None` when the section carries nothing, or the packet has no place there.
    fn placed(&mut self, mid: Mid, packet: &Packet, pt: Pt, payload: Arc<[u8]>) -> Option<RtpWrite> {
        let now = self.now;
        let sender = self.senders.iter_mut().find(|sender| sender.mid == mid && sender.msid.is_some())?;
        let hz = sender.hz();
        let (seq, time) = sender.clock.place(now, packet, hz)?;
        #[expect(clippy::cast_possible_truncation, reason = "RTP's header has the low 32 bits")]
        let time = time as u32;
        Some(RtpWrite::new(pt, seq.into(), time, now, payload).marker(packet.marker))
    }

    /// The number that the other side has given to how video is encoded, if it takes that.
    fn payload_type(&mut self, mid: Mid, params: &PayloadParams) -> Option<Pt> {
        let sender = self.senders.iter_mut().find(|sender| sender.mid == mid)?;
        if let Some((_, pt)) = sender.numbers.filter(|(known, _)| known == params) {
            return pt;
        }
        let pt = self.engine.ask(|rtc| {
            let media = rtc.media(mid).filter(|media| media.direction().is_sending())?;
            let ours = rtc.codec_config().match_params(*params)?;
            media.remote_pts().contains(&ours.pt()).then(|| ours.pt())
        });
        let pt = pt.flatten();
        sender.numbers = Some((*params, pt));
        pt
    }

    /// Something else may have been agreed on.
    pub(super) fn forget_numbers(&mut self) {
        self.senders.iter_mut().for_each(|sender| sender.numbers = None);
    }

    /// Asks the other side for a key frame in a section, of one layer where there are several.
    pub fn ask_for_key_frame(&mut self, now: Instant, mid: Mid, rid: Option<Rid>) {
        self.advance(now);
        self.with(|rtc| {
            if let Some(stream) = rtc.direct_api().stream_rx_by_mid(mid, rid) {
                stream.request_keyframe(KeyframeRequestKind::Pli);
            }
        });
        self.step();
        self.drain();
    }

    /// How much there is to be sent if there is room, in bits per second: so far the bandwidth is looked for.
    pub fn want_bandwidth(&mut self, bits_per_second: u64) {
        self.with(|rtc| rtc.bwe().set_desired_bitrate(Bitrate::bps(bits_per_second)));
    }

    /// Whether RED was negotiated for what this peer sends in the section.
    pub fn takes_red(&self, mid: Mid) -> bool {
        self.payload_types(mid).is_some_and(|(_, red)| red.is_some())
    }

    /// Sends a message; one of a data track only where few wait, for it is not to come late.
    ///
    /// # Errors
    /// [`PeerError::ChannelBusy`]: nothing was sent.
    pub fn send_data(&mut self, channel: Channel, message: &[u8]) -> Result<(), PeerError> {
        let id = self.channels[channel as usize].filter(|_| self.is_connected()).ok_or(PeerError::ChannelBusy)?;
        let is_frame = channel == Channel::DataTrack;
        let written = self.guarded(|rtc| {
            let Some(mut channel) = rtc.channel(id) else { return Ok(false) };
            let would_be_late = is_frame && channel.buffered_amount() > MOST_WAITING_FRAMES;
            if would_be_late { Ok(false) } else { channel.write(true, message) }
        });
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

    /// Whether a packet says that it is of somebody new where all who may speak are known. str0m believes a new source
    /// before it has checked the packet, and would no longer hear the one before: whoever can send from the other side's
    /// address could silence it. A true change of source comes with a new description.
    pub(super) fn is_forged(&self, contents: &[u8]) -> bool {
        let Some(ssrc) = datagram::rtp_ssrc(contents) else { return false };
        if self.voices.iter().any(|(_, known)| *known == ssrc) {
            return false;
        }
        // Without the name of a section str0m believes it only where it was told of the source.
        let named = self.negotiation.mid_extension().and_then(|number| datagram::rtp_extension(contents, number));
        let is_heard = |section: &Section| self.voices.iter().any(|(of, _)| *of == section.mid);
        let mut speakers = self.sections().iter().filter(|section| section.sends);
        match named {
            // Pictures have several sources: layers, and what is sent again.
            Some(named) => speakers
                .any(|section| section.mid.as_bytes() == named && section.kind == Kind::Audio && is_heard(section)),
            None => speakers.all(|section| section.kind == Kind::Audio && is_heard(section)),
        }
    }

    pub(super) fn handle_packet(&mut self, packet: RtpPacket) {
        let header = &packet.header;
        let (ssrc, payload_type) = (header.ssrc, header.payload_type);
        let heard = self.with(|rtc| {
            let (mid, rid) = rtc.direct_api().stream_rx(&ssrc).map(|stream| (stream.mid(), stream.rid()))?;
            let is_audio = rtc.media(mid)?.kind() == MediaKind::Audio;
            let of_type = |params: &PayloadParams| params.pt() == payload_type || params.red() == Some(payload_type);
            let params = *rtc.codec_config().find(of_type)?;
            (is_audio == params.spec().codec.is_audio()).then_some((mid, rid, params))
        });
        let Some((mid, rid, params)) = heard.flatten() else { return };
        if !self.voices.contains(&(mid, *header.ssrc)) && self.voices.len() < MOST_VOICES {
            self.voices.push((mid, *header.ssrc));
        }
        let level = header
            .ext_vals
            .audio_level
            .map(|dbov| AudioLevel { dbov, voice: header.ext_vals.voice_activity.unwrap_or(false) });
        let is_video = params.spec().codec.is_video();
        let media = Packet {
            seq: *packet.seq_no,
            time: packet.time.numer(),
            marker: header.marker,
            is_red: params.red() == Some(payload_type),
            level,
            video: is_video.then(|| Video::new(params, rid, &packet.payload, &header.ext_vals)),
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
            // What comes in it is dropped.
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
