//! One room, sans-IO: a placeholder with the contract's signatures.

use std::{
    sync::Arc,
    time::{Instant, SystemTime},
};

use livekit_protocol as proto;

use super::{Agent, Claims, JoinError, SignalVersion, settings::Settings};
use crate::{
    audio::line::LineEnd,
    domain::{Identity, RoomName},
    rtc::peer::Datagram,
};

/// Given by the shell, unique in the process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ConnectionId(pub u64);
/// Given by the room, unique in the room.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PeerId(pub u64);

#[derive(Debug)]
pub struct Room;

#[derive(Debug)]
pub enum Input {
    Join { connection: ConnectionId, claims: Claims, version: SignalVersion, request: Box<proto::JoinRequest> },
    Signal { connection: ConnectionId, request: Box<proto::SignalRequest> },
    SignalClosed { connection: ConnectionId },
    Datagram { peer: PeerId, datagram: Datagram },
    JoinAgent { agent: Agent, line: LineEnd },
    Remove { identity: Identity, now_wall: SystemTime },
    Timeout,
    Close,
}
#[derive(Debug)]
pub enum Output {
    Signal { connection: ConnectionId, response: Box<proto::SignalResponse> },
    CloseSignal { connection: ConnectionId },
    Refused { connection: ConnectionId, error: JoinError },
    Transmit(Datagram),
    PeerOpened { peer: PeerId, ufrag: String },
    PeerClosed { peer: PeerId },
    Closed,
}
#[expect(unused_variables, reason = "a placeholder")]
impl Room {
    pub fn new(now: Instant, wall: SystemTime, name: RoomName, settings: Arc<Settings>) -> Self {
        Self
    }
    pub fn handle(&mut self, now: Instant, input: Input) {}
    pub fn poll(&mut self) -> Option<Output> {
        None
    }
    pub fn next_timeout(&self) -> Option<Instant> {
        None
    }
    pub fn accepts(&self, peer: PeerId, datagram: &Datagram) -> bool {
        false
    }
}
