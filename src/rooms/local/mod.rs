//! PLACEHOLDER with the contract's signatures; the real one replaces this file.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use livekit_protocol as proto;

use crate::{
    audio::line::{Hangup, LineEnd},
    rtc::peer::Packet,
};

/// The agent in a room.
#[derive(Debug)]
pub struct Local {
    due: Instant,
}

/// What it wants of its room.
#[derive(Debug)]
pub enum LocalOutput {
    /// The next packet of its track.
    Media(Packet),
    /// A message from it.
    Data(Box<proto::DataPacket>),
    /// All its attributes.
    Attributes(BTreeMap<String, String>),
    /// It leaves.
    Leave,
}

#[expect(unused_variables, reason = "a placeholder")]
impl Local {
    /// An agent that has just come.
    pub fn new(now: Instant, line: LineEnd) -> Self {
        Self { due: now }
    }

    /// Everybody else who is visible.
    pub fn others(&mut self, now: Instant, others: &[proto::ParticipantInfo]) {}

    /// The track that it wants to be given.
    pub fn listens_to(&self) -> Option<&str> {
        None
    }

    /// A packet of that track.
    pub fn handle_media(&mut self, now: Instant, packet: &Packet) {}

    /// A message to it.
    pub fn handle_data(&mut self, now: Instant, packet: &proto::DataPacket) {}

    /// Every 20 ms.
    pub fn handle_timeout(&mut self, now: Instant) {
        self.due = now + Duration::from_millis(20);
    }

    /// When that is next.
    pub fn next_timeout(&self) -> Instant {
        self.due
    }

    /// What it wants, until `None`.
    pub fn poll(&mut self) -> Option<LocalOutput> {
        None
    }

    /// It is shown out.
    pub fn closing(&mut self, reason: Hangup) {}
}
