//! LiveKit-compatible rooms in this process.
//!
//! [`Rooms`] is the handle that the rest of the program uses. Behind it are shard threads: each owns some rooms and the peer
//! connections of those in them, and drives them with what comes from sockets, signal connections and the agent's line.
//! A room itself is sans-IO ([`room::Room`]).

pub mod ids;
pub mod local;
pub mod room;
pub mod settings;
pub mod streams;
pub mod token;

use livekit_protocol as proto;
use tokio::sync::mpsc;

use crate::{
    audio::line::Line,
    domain::{Identity, RoomName},
};
pub use token::Claims;

/// Which of the two signalling paths a client uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignalVersion {
    /// `/rtc`: two peer connections, the server offers what the client receives.
    V0,
    /// `/rtc/v1`: one peer connection, the client always offers.
    V1,
}

/// A signal connection that has joined; dropping it is the socket's end, after which the client may resume for a while.
#[derive(Debug)]
pub struct Connection {
    /// What to send, in order; ends when the server closes the connection. A client that does not keep up is dropped.
    pub outgoing: mpsc::Receiver<proto::SignalResponse>,
}

/// Why somebody could not join.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JoinError {
    /// The box takes no more rooms or participants.
    #[error("this server is full: try again later")]
    Full,
    /// Removed from this room after the token was made.
    #[error("removed from this room: a newer token is needed")]
    Removed,
    /// The server stops, or its media thread is overwhelmed.
    #[error("the rooms do not answer: try again in a moment")]
    Unavailable,
}

/// What happens to rooms, for whoever sends agents into them.
#[derive(Clone, Debug)]
pub enum RoomEvent {
    /// Somebody opened a room.
    Opened(RoomName),
    /// The room is no more.
    Closed(RoomName),
}

/// How an agent appears in a room.
#[derive(Clone, Debug)]
pub struct Agent {
    /// Unique in the room.
    pub identity: Identity,
    /// What people see.
    pub name: String,
}

/// See the module. Clones share the rooms.
#[derive(Clone, Debug)]
pub struct Rooms {}

#[expect(unused_variables, clippy::unimplemented, reason = "a sketch")]
impl Rooms {
    /// Lets somebody in, or takes a connection up again (`request.reconnect`).
    ///
    /// # Errors
    /// See [`JoinError`].
    pub async fn join(
        &self,
        claims: Claims,
        version: SignalVersion,
        request: proto::JoinRequest,
    ) -> Result<Connection, JoinError> {
        unimplemented!()
    }

    /// Puts an agent into a room: it publishes one track, and listens to the first caller who does.
    ///
    /// # Errors
    /// When the room is not there (any more).
    pub async fn join_agent(&self, room: &RoomName, agent: Agent) -> Result<Line, JoinError> {
        unimplemented!()
    }

    /// Shows somebody the door; who comes back needs a token made later.
    pub async fn remove(&self, room: &RoomName, identity: &Identity) -> bool {
        unimplemented!()
    }
}

#[expect(unused_variables, clippy::unimplemented, reason = "a sketch")]
impl Connection {
    /// A message from the client. Waits while the room is busy.
    ///
    /// # Errors
    /// When the room has closed this connection.
    pub async fn handle(&self, request: proto::SignalRequest) -> Result<(), JoinError> {
        unimplemented!()
    }
}
