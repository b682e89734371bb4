//! One peer connection, sans-IO: what comes from the network and from its owner goes in with the present time, what is to
//! be sent and told comes out of [`Peer::poll`]. RTP passes through as it came (no reordering, no decoding).
//!
//! str0m does the work (its RTP mode); this keeps it within bounds, speaks LiveKit's side of the negotiation, and makes
//! one event of several of str0m's where rooms need one.

mod credentials;
mod engine;
mod event;
mod media;
mod negotiation;
mod sdp;
#[cfg(test)]
mod tests;
pub(crate) mod video;

use std::{
    collections::{HashSet, VecDeque},
    fmt, mem,
    net::SocketAddr,
    sync::LazyLock,
    time::{Duration, Instant},
};

use str0m::{
    Candidate, Event as RtcEvent, Input, Output as RtcOutput, Reason, Rtc, RtcConfig, RtcError,
    bwe::{Bitrate, BweKind},
    channel::ChannelId,
    config::DtlsCert,
    crypto,
    net::{Protocol, Receive, TcpType, Transmit},
};
use tracing::debug;

use self::{credentials::Identity, engine::Engine, media::Sender, negotiation::Negotiation};
use crate::rtc::datagram;
pub use crate::rtc::{Datagram, LocalAddress, Transport};
pub use event::{
    AudioLevel, Channel, Event, Kind, Mid, Msid, Numbers, Options, Output, Packet, PeerError, Place, Quality, Rid,
    Section, Shift, Side, Templates, Video, VideoCodec,
};

/// A connection is given up when nothing of the other side came for so long. Browsers ask every 2.5 s whether we are
/// there (RFC 7675 allows 30 s without an answer).
const SILENCE: Duration = Duration::from_secs(15);
/// From the first description of the other side to the end of the DTLS handshake, slow TURN servers included.
const CONNECT: Duration = Duration::from_secs(30);
const STATISTICS: Duration = Duration::from_secs(2);
/// What the way to the other side is taken to carry until it is known, in bits per second: a picture of middling size.
const FIRST_ESTIMATE: u64 = 1_000_000;
/// str0m looks after pictures every 40 ms.
const REST_OF_SOUND: Duration = Duration::from_millis(100);
/// Nothing happens any more.
const REST: Duration = Duration::from_secs(3600);
/// What may wait in all data channels together, in bytes.
const MOST_WAITING: usize = 256 * 1024;
/// Of that, what may wait of data tracks, when another packet comes.
const MOST_WAITING_FRAMES: usize = 32 * 1024;
/// Addresses that the other side may use between two ICE restarts; str0m remembers each.
const MOST_SOURCES: usize = 32;
/// Data channels beside LiveKit's that the other side may open; str0m remembers each.
const MOST_STRANGE_CHANNELS: usize = 8;

/// One for the life of the process: to make one takes longer than all else that a new peer does, and a fingerprint tells
/// nothing that the address does not.
static CERTIFICATE: LazyLock<DtlsCert> = LazyLock::new(|| {
    let provider = crypto::from_feature_flags().dtls_provider;
    provider.generate_certificate().expect("the backend that is built in makes certificates")
});

/// How far a connection is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Nothing was negotiated.
    New,
    /// Looks for a way to the other side until then.
    Connecting { until: Instant },
    /// Media and data flow; last heard of the other side at that time.
    Connected { heard: Instant },
    /// Not heard for too long; it may come back, with or without an ICE restart.
    Lost,
    /// Over.
    Closed,
}

/// See the module.
pub struct Peer {
    engine: Engine,
    state: State,
    side: Side,
    /// The latest time that it was told of.
    now: Instant,
    /// When str0m wants to be called.
    wake: Instant,
    /// When time acted on it last.
    stepped: Instant,
    outputs: VecDeque<Output>,
    identity: Identity,
    negotiation: Negotiation,
    senders: Vec<Sender>,
    /// Sections that the other side was heard in since the latest description, and as whom.
    voices: Vec<(Mid, u32)>,
    channels: [Option<ChannelId>; 3],
    strange_channels: usize,
    quality: Quality,
    sources: HashSet<SocketAddr>,
}

impl fmt::Debug for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Peer").field("side", &self.side).field("state", &self.state).finish_non_exhaustive()
    }
}

impl Peer {
    /// A connection that waits for a description.
    pub fn new(now: Instant, options: &Options) -> Self {
        let identity = Identity::new(options.ufrag.as_deref());
        let (descriptor_id, descriptor) = video::descriptor_extension();
        let rtc = RtcConfig::new()
            .set_rtp_mode(true)
            .set_dtls_cert(CERTIFICATE.clone())
            .set_ice_lite(options.side == Side::Server)
            .set_local_ice_credentials(identity.ice())
            .set_stats_interval(Some(STATISTICS))
            .set_sctp_max_buffered_amount(MOST_WAITING)
            .clear_codecs()
            .enable_opus(true, true)
            .enable_vp8(true)
            .enable_h264(true)
            .enable_vp9(true)
            .enable_av1(true)
            .set_extension(descriptor_id, descriptor)
            .enable_bwe((options.side == Side::Server).then(|| Bitrate::bps(FIRST_ESTIMATE)))
            .build(now);
        let mut engine = Engine::new(rtc);
        for candidate in options.addresses.iter().filter_map(|address| host_candidate(options.side, address)) {
            engine.run(|rtc| rtc.add_local_candidate(candidate).is_some());
        }
        Self {
            engine,
            state: State::New,
            side: options.side,
            now,
            wake: now,
            stepped: now,
            outputs: VecDeque::new(),
            identity,
            negotiation: Negotiation::default(),
            senders: Vec::new(),
            voices: Vec::new(),
            channels: [None; 3],
            strange_channels: 0,
            quality: Quality::default(),
            sources: HashSet::new(),
        }
    }

    /// Another address where it can be reached; told with the next description.
    pub fn add_address(&mut self, address: LocalAddress) {
        if let Some(candidate) = host_candidate(self.side, &address) {
            self.with(|rtc| rtc.add_local_candidate(candidate).is_some());
            self.drain();
        }
    }

    /// The local ICE user name fragment, the same over ICE restarts ([`Datagram::ufrag`] leaves out what a restart adds).
    pub fn ufrag(&self) -> &str {
        self.identity.ufrag()
    }

    /// Whether `datagram` is for this peer: its source has been proved by ICE, or it is a STUN message with the right
    /// user name and integrity.
    pub fn accepts(&self, datagram: &Datagram) -> bool {
        let Some(receive) = receive(datagram) else { return false };
        // What str0m cannot stand is for nobody.
        self.engine.ask(|rtc| rtc.accepts(&Input::Receive(self.now, receive))).unwrap_or_default()
    }

    // ---- network and time ----

    /// A packet for this peer came. What is not for it is ignored.
    pub fn handle_datagram(&mut self, now: Instant, datagram: &Datagram) {
        self.advance(now);
        if self.state == State::Closed {
            return;
        }
        if !self.accepts(datagram) || self.is_forged(&datagram.contents) {
            return;
        }
        if datagram::is_stun(&datagram.contents) && !self.sources.contains(&datagram.source) {
            if self.sources.len() >= MOST_SOURCES {
                return;
            }
            self.sources.insert(datagram.source);
        }
        self.hear();
        let Some(receive) = receive(datagram) else { return };
        let input = Input::Receive(self.now, receive);
        self.guarded(|rtc| rtc.handle_input(input));
        self.drain();
    }

    /// Time has passed.
    pub fn handle_timeout(&mut self, now: Instant) {
        self.advance(now);
        if self.state == State::Closed {
            return;
        }
        if self.deadline().is_some_and(|deadline| deadline <= self.now) {
            debug!(state = ?self.state, "a peer is silent");
            self.state = State::Lost;
            self.tell(Event::Disconnected);
        }
        self.step();
        self.drain();
    }

    /// The next thing to do, until [`Output::Timeout`].
    pub fn poll(&mut self) -> Output {
        self.outputs.pop_front().unwrap_or_else(|| {
            let wake = if self.state == State::Closed { self.now + REST } else { self.wake };
            Output::Timeout(self.deadline().map_or(wake, |deadline| wake.min(deadline)))
        })
    }

    /// Says good-bye to the other side; poll what is to be sent.
    pub fn close(&mut self, now: Instant) {
        self.advance(now);
        if self.state == State::Closed {
            return;
        }
        self.state = State::Closed;
        self.guarded(Rtc::close);
        self.drain();
        self.outputs.retain(|output| matches!(output, Output::Transmit(_)));
    }

    fn advance(&mut self, now: Instant) {
        self.now = self.now.max(now);
    }

    fn deadline(&self) -> Option<Instant> {
        match self.state {
            State::New | State::Lost | State::Closed => None,
            State::Connecting { until } => Some(until),
            State::Connected { heard } => Some(heard + SILENCE),
        }
    }

    /// Something of the other side came.
    fn hear(&mut self) {
        match &mut self.state {
            State::Connected { heard } => *heard = self.now,
            State::Lost if self.engine.ask(Rtc::is_connected).unwrap_or_default() => self.connected(),
            _ => {}
        }
    }

    fn connected(&mut self) {
        self.state = State::Connected { heard: self.now };
        self.tell(Event::Connected);
    }

    /// The other side has described itself: from now on it must connect within a time.
    fn expect_connection(&mut self) {
        if self.state == State::New {
            self.state = State::Connecting { until: self.now + CONNECT };
        }
    }

    fn is_connected(&self) -> bool {
        matches!(self.state, State::Connected { .. })
    }

    fn fail(&mut self) {
        self.engine.run(Rtc::disconnect);
        self.end();
    }

    fn end(&mut self) {
        if !matches!(mem::replace(&mut self.state, State::Closed), State::Lost | State::Closed) {
            self.tell(Event::Disconnected);
        }
    }

    // ---- str0m ----

    /// Lets str0m do something. When that fails the connection is over.
    fn guarded<T>(&mut self, work: impl FnOnce(&mut Rtc) -> Result<T, RtcError>) -> Option<T> {
        match self.engine.run(work) {
            Some(Ok(done)) => return Some(done),
            Some(Err(error)) => debug!(%error, "a peer connection fails"),
            None => {}
        }
        self.fail();
        None
    }

    /// The same for what cannot fail but by a panic.
    fn with<T>(&mut self, work: impl FnOnce(&mut Rtc) -> T) -> Option<T> {
        self.guarded(|rtc| Ok(work(rtc)))
    }

    fn step(&mut self) {
        let now = self.now;
        self.stepped = now;
        self.guarded(|rtc| rtc.handle_input(Input::Timeout(now)));
    }

    /// Takes everything that str0m has: it must be empty before its next input.
    fn drain(&mut self) {
        // It asks to be called again at once after some inputs, and would do so forever if its clock stood still.
        for _ in 0..4 {
            self.drain_once();
            if self.wake > self.now || !self.engine.ask(Rtc::is_alive).unwrap_or_default() {
                return;
            }
            self.step();
        }
        self.drain_once();
    }

    fn drain_once(&mut self) {
        while let Some(output) = self.guarded(Rtc::poll_output) {
            match output {
                RtcOutput::Timeout(wake) => {
                    self.wake = if self.may_rest() { wake.max(self.stepped + REST_OF_SOUND) } else { wake };
                    return;
                }
                RtcOutput::Transmit(transmit) => self.outputs.extend(transmitted(transmit)),
                RtcOutput::Event(event) => self.handle_event(event),
            }
        }
    }

    /// Whether only what spreads pictures over time wants to be called, and there are none. What else may be due by then
    /// can wait as long: sound is sent as it comes, and calls str0m each time.
    fn may_rest(&self) -> bool {
        let is_pace = |reason: Reason| matches!(reason, Reason::Pacer(_) | Reason::BweDelayControl);
        let has_pictures = || {
            let sends = self.senders.iter().any(|sender| sender.kind == Kind::Video && sender.msid.is_some());
            sends || self.sections().iter().any(|section| section.kind == Kind::Video && section.sends)
        };
        self.is_connected() && self.engine.ask(Rtc::last_timeout_reason).is_some_and(is_pace) && !has_pictures()
    }

    fn handle_event(&mut self, event: RtcEvent) {
        match event {
            RtcEvent::Connected if self.state != State::Closed => self.connected(),
            RtcEvent::RtpPacket(packet) => self.handle_packet(packet),
            RtcEvent::ChannelOpen(id, label) => self.handle_channel(id, &label),
            RtcEvent::ChannelClose(id) => self.forget_channel(id),
            RtcEvent::ChannelData(data) => {
                if let Some(channel) = self.channel(data.id) {
                    self.tell(Event::Data(channel, data.data));
                }
            }
            RtcEvent::PeerStats(stats) => self.tell_quality(&stats),
            RtcEvent::MediaIngressStats(stats) => self.note_ingress(&stats),
            RtcEvent::MediaEgressStats(stats) => self.note_egress(&stats),
            RtcEvent::KeyframeRequest(request) => self.tell(Event::KeyFrameWanted(request.mid)),
            RtcEvent::EgressBitrateEstimate(BweKind::Twcc { estimate, can_probe: true }) => {
                self.tell(Event::Bandwidth(estimate.as_u64()));
            }
            // The answer to its good-bye still goes out.
            RtcEvent::Closed => self.end(),
            _ => {}
        }
    }

    fn tell(&mut self, event: Event) {
        self.outputs.push_back(Output::Event(event));
    }
}

fn host_candidate(side: Side, local: &LocalAddress) -> Option<Candidate> {
    let candidate = match (local.transport, side) {
        (Transport::Udp, _) => Candidate::builder().udp().host(local.address).build(),
        (Transport::Tcp, Side::Server) => {
            Candidate::builder().tcp().host(local.address).tcptype(TcpType::Passive).build()
        }
        (Transport::Tcp, Side::Client) => {
            Candidate::builder().tcp().host(local.address).tcptype(TcpType::Active).build()
        }
    };
    candidate.inspect_err(|error| debug!(%error, "an address cannot be offered")).ok()
}

fn receive(datagram: &Datagram) -> Option<Receive<'_>> {
    let protocol = match datagram.transport {
        Transport::Udp => Protocol::Udp,
        Transport::Tcp => Protocol::Tcp,
    };
    Receive::new(protocol, datagram.source, datagram.destination, &datagram.contents).ok()
}

fn transmitted(transmit: Transmit) -> Option<Output> {
    let transport = match transmit.proto {
        Protocol::Udp => Transport::Udp,
        Protocol::Tcp => Transport::Tcp,
        Protocol::SslTcp | Protocol::Tls => return None,
    };
    Some(Output::Transmit(Datagram {
        transport,
        source: transmit.source,
        destination: transmit.destination,
        contents: transmit.contents.into(),
    }))
}
