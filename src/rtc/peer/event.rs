//! What goes into a peer and comes out of it.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

pub use super::video::{Numbers, Place, Shift, Templates, Video, VideoCodec};
use crate::rtc::{Datagram, LocalAddress};

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
    /// The local ICE user name fragment: how a demultiplexer finds the peer. At least four letters or digits.
    /// `None`: a random one.
    pub ufrag: Option<String>,
    /// Where it can be reached.
    pub addresses: Vec<LocalAddress>,
}

/// A media section's name (`a=mid`).
pub type Mid = str0m::media::Mid;

/// A simulcast layer's name (`a=rid`), and so a stream's within a section.
pub type Rid = str0m::media::Rid;

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
    /// The simulcast layers that it sends, in its order; none: one stream.
    pub rids: Vec<Rid>,
    /// The codec that it would rather send than others, as it writes it (`VP8`).
    pub codec: Option<String>,
}

/// LiveKit's data channels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Channel {
    /// `_reliable`: ordered, retransmitted.
    Reliable,
    /// `_lossy`: unordered, sent once.
    Lossy,
    /// `_data_track`: unordered, sent once, packets of data tracks.
    DataTrack,
}

impl Channel {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Reliable, Self::Lossy, Self::DataTrack];

    /// What it is called on the wire.
    pub fn label(self) -> &'static str {
        match self {
            Self::Reliable => "_reliable",
            Self::Lossy => "_lossy",
            Self::DataTrack => "_data_track",
        }
    }
}

/// One RTP packet of Opus (or of RED around Opus) or of video between two peers.
#[derive(Clone, Debug)]
pub struct Packet {
    /// Without header, shared by all who get it.
    pub payload: Arc<[u8]>,
    /// Sequence number with its roll-overs.
    pub seq: u64,
    /// RTP time with its roll-overs, at the codec's clock (48 kHz for audio, 90 kHz for video).
    pub time: u64,
    /// Begins a talk spurt; ends a picture.
    pub marker: bool,
    /// Whether the payload is RFC 2198 RED.
    pub is_red: bool,
    /// From RFC 6464's header extension.
    pub level: Option<AudioLevel>,
    /// Of video: how it is encoded.
    pub video: Option<Video>,
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
    /// Media and data can flow (again).
    Connected,
    /// The other side has not been heard for 15 s, did not connect within 30 s, or closed the connection. Unless it closed
    /// it, it may come back: [`Event::Connected`] then comes again.
    Disconnected,
    /// Media of a section.
    Media(Mid, Packet),
    /// A data channel can be written.
    ChannelOpen(Channel),
    /// A message came.
    Data(Channel, Vec<u8>),
    /// Periodic news.
    Quality(Quality),
    /// The other side cannot go on in a section without a key frame.
    KeyFrameWanted(Mid),
    /// The other side can take about so much of us, in bits per second (transport-wide congestion control).
    Bandwidth(u64),
}

/// What a peer wants of its owner.
#[derive(Debug)]
pub enum Output {
    /// To be sent now.
    Transmit(Datagram),
    /// Something happened.
    Event(Event),
    /// Nothing more, until input comes or this moment has come ([`Peer::handle_timeout`](super::Peer::handle_timeout)).
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
