//! What a room is told and what it wants done, and how both name connections.

use std::sync::Arc;

use livekit_protocol as proto;

use super::Control;
use crate::{
    audio::line::LineEnd,
    domain::Identity,
    rooms::{Agent, Claims, JoinError, RoomChange, SignalVersion},
    rtc::Datagram,
};

/// A signal connection, unique in the process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConnectionId(pub u64);

/// A peer connection, unique in its room.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PeerId(pub u64);

impl PeerId {
    pub(super) const fn new(participant: Key, target: Target) -> Self {
        Self(participant.0 * 2 + target as u64)
    }

    pub(super) const fn participant(self) -> Key {
        Key(self.0 / 2)
    }

    pub(super) const fn target(self) -> Target {
        if self.0.is_multiple_of(2) { Target::Publisher } else { Target::Subscriber }
    }
}

/// What a peer connection is for. A single one is a publisher that receives too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Target {
    Publisher = 0,
    Subscriber = 1,
}

/// A participant's place, in the order of their coming; never given twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key(pub(super) u64);

/// A published track; never given twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct TrackId(pub(super) u64);

/// What a room is told.
#[derive(Debug)]
pub enum Input {
    /// Somebody with a checked token wants in, or (`request.reconnect`) to take a connection up again.
    Join {
        /// The new signal connection.
        connection: ConnectionId,
        /// What the token says.
        claims: Claims,
        /// Which path the client came by.
        version: SignalVersion,
        /// What the client says; for v0 as far as it has words for it.
        request: Box<proto::JoinRequest>,
    },
    /// A client's message.
    Signal {
        /// Where it came from; an unknown one is ignored.
        connection: ConnectionId,
        /// The message.
        request: Box<proto::SignalRequest>,
    },
    /// A signal connection has ended; its participant may take it up again.
    SignalClosed {
        /// Which one.
        connection: ConnectionId,
    },
    /// A packet from the network.
    Datagram {
        /// Whom it is for.
        peer: PeerId,
        /// The packet.
        datagram: Datagram,
    },
    /// An agent of this process comes in.
    JoinAgent {
        /// How it appears.
        agent: Agent,
        /// Its ear and mouth.
        line: LineEnd,
    },
    /// Somebody is shown the door, and needs a token that is made later.
    Remove {
        /// Who.
        identity: Identity,
    },
    /// The server API asks for something.
    Control(Box<Control>),
    /// [`Room::next_timeout`](super::Room::next_timeout) has come.
    Timeout,
    /// The server stops: everybody is told, and the room is of no use any more.
    Close,
}

/// What a room wants done, in this order.
#[derive(Debug)]
pub enum Output {
    /// A message to a client.
    Signal {
        /// Where to.
        connection: ConnectionId,
        /// The message; the same one for all when it is to many.
        response: Arc<proto::SignalResponse>,
    },
    /// No more messages for this connection.
    CloseSignal {
        /// Which one.
        connection: ConnectionId,
    },
    /// A join failed.
    Refused {
        /// Whose.
        connection: ConnectionId,
        /// Why.
        error: JoinError,
    },
    /// A packet for the network.
    Transmit(Datagram),
    /// A peer connection is found by this ICE user name fragment, ICE restarts included.
    PeerOpened {
        /// Which one.
        peer: PeerId,
        /// Its fragment.
        ufrag: String,
    },
    /// A peer connection is no more.
    PeerClosed {
        /// Which one.
        peer: PeerId,
    },
    /// Something for whoever listens to what happens in rooms.
    Event(RoomChange),
    /// Empty for long enough: forget the room. Nothing follows.
    Closed,
}
