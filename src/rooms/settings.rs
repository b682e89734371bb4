//! What all rooms of a shard have in common: where media arrives, how long they wait, how much a stranger may ask for.

use std::{
    fmt,
    sync::Arc,
    time::{Duration, SystemTime},
};

use livekit_protocol as proto;

use super::{ids::NodeId, token::Claims};
use crate::{domain::Identity, rtc::LocalAddress};

/// The livekit-server whose behaviour rooms show; clients switch features on by it.
pub const SERVER_VERSION: &str = "1.13.5";
/// LiveKit's signal protocol. From 18 on single connections have data channels with agreed ids, which we do not offer.
pub const PROTOCOL: i32 = 17;

/// Makes the STUN and TURN servers that a client is told of, with fresh credentials where they need some.
pub type IceServers = Arc<dyn Fn(SystemTime, &Identity) -> Vec<proto::IceServer> + Send + Sync>;
/// Signs claims again: what a client needs to come back when its first token has expired.
pub type TokenRefresh = Arc<dyn Fn(&Claims) -> String + Send + Sync>;

/// See the module.
#[derive(Clone)]
pub struct Settings {
    /// Which server this is, to clients.
    pub node: NodeId,
    /// Where clients reach the media port.
    pub addresses: Vec<LocalAddress>,
    /// What all ICE user name fragments of this shard begin with: the demultiplexer goes by it.
    pub ufrag_prefix: String,
    /// The STUN and TURN servers that clients are told of.
    pub ice_servers: IceServers,
    /// Refreshes tokens of those who are in a room; `None`: nobody gets another token.
    pub token_refresh: Option<TokenRefresh>,
    /// Whether the server API may unmute a track: a microphone that its owner muted.
    pub remote_unmute: bool,
    /// How long a room waits for what.
    pub timeouts: Timeouts,
    /// How much is too much.
    pub limits: Limits,
}

impl Settings {
    /// Rooms as livekit-server has them.
    pub fn new(addresses: Vec<LocalAddress>, ufrag_prefix: String) -> Self {
        Self {
            node: NodeId::random(),
            addresses,
            ufrag_prefix,
            ice_servers: Arc::new(|_, _| Vec::new()),
            token_refresh: None,
            remote_unmute: false,
            timeouts: Timeouts::default(),
            limits: Limits::default(),
        }
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("addresses", &self.addresses)
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}

/// How long a room waits for what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// An opened room for the first to come.
    pub empty: Duration,
    /// A room for somebody to come after the last one has left.
    pub departure: Duration,
    /// A participant's media, after joining.
    pub connect: Duration,
    /// A participant whose signal connection was lost, to take it up again.
    pub resume: Duration,
    /// A participant whose media has not been heard of for 15 s, to come back.
    pub lost: Duration,
    /// Between two refreshed tokens, at the most; half the life of one if that is shorter.
    pub refresh: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            empty: Duration::from_mins(5),
            departure: Duration::from_secs(20),
            connect: Duration::from_secs(15),
            resume: Duration::from_secs(30),
            lost: Duration::from_secs(15),
            refresh: Duration::from_mins(5),
        }
    }
}

/// How much is too much. Everything that a stranger can send has a limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// In one room, agents not counted.
    pub participants: usize,
    /// In one room.
    pub agents: usize,
    /// Published by one participant.
    pub tracks: usize,
    /// Announced by one participant, without media yet.
    pub pending_tracks: usize,
    /// Of one participant.
    pub subscriptions: usize,
    /// A participant's metadata, in bytes.
    pub metadata: usize,
    /// All of a participant's attributes, names and values, in bytes.
    pub attributes: usize,
    /// Names, metadata and attributes of all in one room together, in bytes: whoever comes is told all of it.
    pub profiles: usize,
    /// What one participant makes the room send to others, in bytes per second, for each receiver; four times as much at
    /// once. A larger amount is a debt: until time has paid it nothing more is told.
    pub fanout: u32,
    /// A participant's or a track's name, in bytes; also a client's id for a track.
    pub name: usize,
    /// A data message, in bytes.
    pub message: usize,
    /// Data messages that one participant sends, in bytes per second; four times as much at once.
    pub data_rate: u32,
    /// Signal requests of one participant, per second; four times as many at once. Large ones count more than once.
    pub requests: u32,
    /// Joins and resumptions in one room, per second; four times as many at once.
    pub joins: u32,
    /// Reliable messages that wait for one participant, in bytes. Who falls further behind is dropped.
    pub backlog: usize,
    /// Identities that were removed from a room and need a newer token.
    pub removed: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            participants: 100,
            agents: 16,
            tracks: 16,
            pending_tracks: 8,
            subscriptions: 100,
            metadata: 512 * 1024,
            attributes: 64 * 1024,
            profiles: 4 * 1024 * 1024,
            fanout: 8 * 1024 * 1024,
            name: 256,
            message: 64 * 1024,
            data_rate: 4 * 1024 * 1024,
            requests: 50,
            joins: 20,
            backlog: 1024 * 1024,
            removed: 1024,
        }
    }
}
