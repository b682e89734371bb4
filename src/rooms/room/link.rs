//! A peer connection of a client, and what a room keeps with it: when it is to be woken, whether it is connected, what
//! waits for it.

use std::{collections::VecDeque, time::Instant};

use rand::RngExt;
use serde::Deserialize;

use super::PeerId;
use crate::{
    rooms::settings::Settings,
    rtc::{
        LocalAddress, Peer,
        peer::{Channel, Options, Side},
    },
};

/// Longer is no candidate.
const LONGEST_CANDIDATE: usize = 2048;

/// See the module.
#[derive(Debug)]
pub(super) struct Link {
    pub(super) id: PeerId,
    pub(super) peer: Peer,
    pub(super) reach: Reach,
    /// When the peer wants to be woken.
    pub(super) due: Instant,
    touched: bool,
    backlog: Backlog,
}

/// Whether media can flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reach {
    /// For the first time, since then.
    Connecting(Instant),
    Connected,
    /// Not heard of any more, as was noticed then; it may come back, by itself or with an ICE restart.
    Lost(Instant),
}

/// Reliable messages that the channel could not take yet.
#[derive(Debug, Default)]
struct Backlog {
    messages: VecDeque<Vec<u8>>,
    bytes: usize,
    /// All that has left it so far.
    taken: u64,
}

/// Somebody does not keep up with what is sent to them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Overflow;

/// `RTCIceCandidateInit`, as clients trickle it.
#[derive(Deserialize)]
struct CandidateInit {
    candidate: String,
}

impl Link {
    /// Found at these of our addresses.
    pub(super) fn new(now: Instant, id: PeerId, addresses: Vec<LocalAddress>, settings: &Settings) -> Self {
        let options = Options { side: Side::Server, ufrag: Some(random_ufrag(&settings.ufrag_prefix)), addresses };
        Self {
            id,
            peer: Peer::new(now, &options),
            reach: Reach::Connecting(now),
            due: now,
            touched: false,
            backlog: Backlog::default(),
        }
    }

    /// Has it polled soon.
    pub(super) fn touch(&mut self, touched: &mut Vec<PeerId>) {
        if !self.touched {
            self.touched = true;
            touched.push(self.id);
        }
    }

    /// The peer has said all that it has to say, until then.
    pub(super) fn rest_until(&mut self, due: Instant) {
        self.due = due;
        self.touched = false;
    }

    /// A trickled candidate. Of too many the peer takes no more.
    pub(super) fn add_candidate(&mut self, init: &str) {
        if init.len() > LONGEST_CANDIDATE {
            return;
        }
        // "End of candidates" is an empty one.
        if let Ok(CandidateInit { candidate }) = serde_json::from_str(init)
            && !candidate.is_empty()
        {
            self.peer.add_candidate(&candidate);
        }
    }

    /// Sends a message; a reliable one waits if it must, up to `most` bytes.
    pub(super) fn send_data(&mut self, channel: Channel, message: &[u8], most: usize) -> Result<(), Overflow> {
        if channel != Channel::Reliable {
            // One that the channel cannot take is lost, as on the network.
            let _ = self.peer.send_data(channel, message);
            return Ok(());
        }
        if self.backlog.messages.is_empty() && self.peer.send_data(channel, message).is_ok() {
            return Ok(());
        }
        self.backlog.add(message, most)
    }

    /// Whether much waits already, of at most `most` bytes.
    pub(super) fn is_congested(&self, most: usize) -> bool {
        self.backlog.bytes > most / 2
    }

    /// What had to wait and has been sent since, in bytes.
    pub(super) fn taken(&self) -> u64 {
        self.backlog.taken
    }

    /// Sends what waits, as far as the channel takes it. Whether anything was sent.
    pub(super) fn flush(&mut self) -> bool {
        let before = self.backlog.messages.len();
        while let Some(message) = self.backlog.messages.front() {
            if self.peer.send_data(Channel::Reliable, message).is_err() {
                break;
            }
            self.backlog.bytes -= message.len();
            self.backlog.taken += message.len() as u64;
            self.backlog.messages.pop_front();
        }
        self.backlog.messages.len() < before
    }
}

impl Backlog {
    fn add(&mut self, message: &[u8], most: usize) -> Result<(), Overflow> {
        if self.bytes + message.len() > most {
            return Err(Overflow);
        }
        self.bytes += message.len();
        self.messages.push_back(message.to_vec());
        Ok(())
    }
}

/// RFC 8445: at least 24 random bits; eight letters and digits are 47.
fn random_ufrag(prefix: &str) -> String {
    const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    let mut rng = rand::rng();
    let random = (0..8).map(|_| char::from(ALPHABET[rng.random_range(0..ALPHABET.len())]));
    prefix.chars().chain(random).collect()
}
