//! One peer connection, sans-IO: what comes from the network and from its owner goes in with the present time, what is to
//! be sent and told comes out of [`Peer::poll`]. RTP passes through as it came (no reordering, no decoding).

use std::{
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};

/// Which end of a connection a peer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// Waits to be found at its advertised addresses (ICE lite).
    Server,
    /// Looks for the other side.
    Client,
}

/// What a peer needs to begin.
#[derive(Clone, Debug)]
pub struct Options {
    /// Which end it is.
    pub side: Side,
    /// The local ICE user name fragment: how a demultiplexer finds the peer. `None`: a random one.
    pub ufrag: Option<String>,
    /// Where it can be reached.
    pub addresses: Vec<LocalAddress>,
}

/// UDP, or TCP with RFC 4571 framing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Transport {
    /// Plain datagrams.
    Udp,
    /// ICE-TCP (RFC 6544), passive on the server's side.
    Tcp,
}

/// An address offered as a host candidate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct LocalAddress {
    /// How it is reached.
    pub transport: Transport,
    /// As the other side sees it.
    pub address: SocketAddr,
}

/// Bytes on their way to or from the network.
#[derive(Clone, Debug)]
pub struct Datagram {
    /// Over which of the two.
    pub transport: Transport,
    /// Who sends it. For a received datagram: the other side.
    pub source: SocketAddr,
    /// Who gets it. For a received datagram: the advertised address ([`LocalAddress::address`]) that it came to.
    pub destination: SocketAddr,
    /// One packet: STUN, DTLS, RTP or RTCP.
    pub contents: Vec<u8>,
}

/// A media section's name (`a=mid`).
pub type Mid = str0m::media::Mid;

/// What kind of media a section carries.
pub type Kind = str0m::media::MediaKind;

/// `a=msid`: the names of a media stream and of a track in it, as the other side will see them.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Msid {
    /// LiveKit: `PA_x|TR_y`, whose track it is; or for a publisher whatever it chose.
    pub stream: String,
    /// LiveKit: `TR_y`; for a publisher the track's client id.
    pub track: String,
}

/// A media section of the other side's latest description.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Section {
    /// Its name.
    pub mid: Mid,
    /// Audio or video.
    pub kind: Kind,
    /// Whether the other side sends in it.
    pub sends: bool,
    /// Whether the other side wants to receive in it.
    pub receives: bool,
    /// The track it announces.
    pub msid: Option<Msid>,
}

/// LiveKit's data channels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Channel {
    /// `_reliable`: ordered, retransmitted.
    Reliable,
    /// `_lossy`: unordered, sent once.
    Lossy,
}

/// One RTP packet of Opus (or of RED around Opus) between two peers.
#[derive(Clone, Debug)]
pub struct Packet {
    /// Without header, shared by all who get it.
    pub payload: Arc<[u8]>,
    /// Sequence number with its roll-overs.
    pub seq: u64,
    /// RTP time with its roll-overs, at the codec's clock (48 kHz for audio).
    pub time: u64,
    /// Begins a talk spurt.
    pub marker: bool,
    /// Whether the payload is RFC 2198 RED.
    pub is_red: bool,
    /// From RFC 6464's header extension.
    pub level: Option<AudioLevel>,
    /// When it came in.
    pub arrived: Instant,
}

/// How loud a packet is, as its sender says (RFC 6464).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AudioLevel {
    /// -127 (silence) to 0 (overload), in dBov.
    pub dbov: i8,
    /// The sender takes it for voice.
    pub voice: bool,
}

/// How well a connection works, about every two seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Quality {
    /// Of the packets that the other side sends us, lost on the way: 0.0 to 1.0.
    pub loss_up: f32,
    /// Of the packets that we send, lost on the way: 0.0 to 1.0.
    pub loss_down: f32,
    /// There and back, as far as it is known.
    pub round_trip: Option<Duration>,
}

/// What happens on a connection.
#[derive(Clone, Debug)]
pub enum Event {
    /// Media and data can flow.
    Connected,
    /// The other side has not been heard for so long that it is given up, or it closed the connection.
    Disconnected,
    /// Media of a section.
    Media(Mid, Packet),
    /// A data channel can be written.
    ChannelOpen(Channel),
    /// A message came.
    Data(Channel, Vec<u8>),
    /// Periodic news.
    Quality(Quality),
}

/// What a peer wants of its owner.
#[derive(Debug)]
pub enum Output {
    /// To be sent now.
    Transmit(Datagram),
    /// Something happened.
    Event(Event),
    /// Nothing more, until input comes or this moment has come ([`Peer::handle_timeout`]).
    Timeout(Instant),
}

/// Why something could not be done.
#[derive(Debug, thiserror::Error)]
pub enum PeerError {
    /// The other side's description cannot be read, or asks for what is refused (too many sections, for one).
    #[error("the session description is refused: {0}")]
    Description(String),
    /// An answer came that nobody waits for.
    #[error("no offer waits for this answer")]
    NoOffer,
    /// The channel is not open yet, or has too much waiting.
    #[error("the data channel cannot take more")]
    ChannelBusy,
}

/// See the module.
#[derive(Debug)]
pub struct Peer {}

#[expect(unused_variables, clippy::unimplemented, reason = "a sketch")]
impl Peer {
    /// A connection that waits for a description.
    pub fn new(now: Instant, options: &Options) -> Self {
        unimplemented!()
    }

    /// The local ICE user name fragment.
    pub fn ufrag(&self) -> &str {
        unimplemented!()
    }

    /// Whether `datagram` is for this peer: its source has been proved by ICE, or it is a STUN message with the right
    /// user name and integrity.
    pub fn accepts(&self, datagram: &Datagram) -> bool {
        unimplemented!()
    }

    // ---- negotiation ----

    /// Takes the other side's offer and gives the answer. Sections that the other side wants to receive in and that no
    /// [`assign`](Self::assign) names are answered inactive; assigned ones sendonly with their msid.
    pub fn accept_offer(&mut self, now: Instant, sdp: &str) -> Result<String, PeerError> {
        unimplemented!()
    }

    /// The sections of the other side's latest description.
    pub fn sections(&self) -> &[Section] {
        unimplemented!()
    }

    /// Sends a track in a section that the other side opened for receiving; takes effect with the next answer.
    pub fn assign(&mut self, mid: Mid, msid: Msid) {
        unimplemented!()
    }

    /// A new section of ours that sends a track; takes effect with the next offer.
    pub fn add_sender(&mut self, kind: Kind, msid: Msid) -> Mid {
        unimplemented!()
    }

    /// Sends nothing more in this section; it may be assigned or used again.
    pub fn release(&mut self, mid: Mid) {
        unimplemented!()
    }

    /// Opens LiveKit's data channels with the next offer (a server's subscriber connection).
    pub fn add_channels(&mut self) {
        unimplemented!()
    }

    /// An offer of what has changed since the last one; `None` when nothing has, or while one waits for its answer.
    pub fn offer(&mut self, now: Instant) -> Option<String> {
        unimplemented!()
    }

    /// Like [`offer`](Self::offer), with new ICE credentials, even when nothing else has changed.
    pub fn restart_ice(&mut self, now: Instant) -> Option<String> {
        unimplemented!()
    }

    /// The other side's answer to our latest offer.
    pub fn accept_answer(&mut self, now: Instant, sdp: &str) -> Result<(), PeerError> {
        unimplemented!()
    }

    /// A candidate of the other side (`candidate:…`). Those that cannot be used (`.local` names) are ignored.
    pub fn add_candidate(&mut self, candidate: &str) {
        unimplemented!()
    }

    // ---- media and data ----

    /// Sends a packet in a section. `seq` and `time` are the section's own: strictly the sender's to keep continuous.
    /// Dropped when the section is not (yet) one that sends.
    pub fn send(&mut self, now: Instant, mid: Mid, packet: &Packet) {
        unimplemented!()
    }

    /// Whether RED was negotiated for what this peer sends in the section.
    pub fn takes_red(&self, mid: Mid) -> bool {
        unimplemented!()
    }

    /// Sends a message.
    ///
    /// # Errors
    /// [`PeerError::ChannelBusy`]: nothing was sent.
    pub fn send_data(&mut self, channel: Channel, message: &[u8]) -> Result<(), PeerError> {
        unimplemented!()
    }

    // ---- network and time ----

    /// A packet for this peer came.
    pub fn handle_datagram(&mut self, now: Instant, datagram: &Datagram) {
        unimplemented!()
    }

    /// Time has passed.
    pub fn handle_timeout(&mut self, now: Instant) {
        unimplemented!()
    }

    /// The next thing to do, until [`Output::Timeout`].
    pub fn poll(&mut self) -> Output {
        unimplemented!()
    }

    /// Says good-bye to the other side; poll what is to be sent.
    pub fn close(&mut self, now: Instant) {
        unimplemented!()
    }
}
