//! A participant that takes part over the network: its signal connection, its peer connections, what it wants to receive.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use livekit_protocol::{self as proto, DisconnectReason, client_info::Capability};

use super::{
    ConnectionId, Key, PeerId, Target, TrackId,
    allowance::Allowance,
    data::Held,
    data_tracks::DataSubscriptions,
    link::{Link, Reach},
    publication::Pending,
    quality::Score,
    simulate::Simulated,
    subscription::{Resting, Subscription},
    video::Bandwidth,
};
use crate::{
    rooms::{Claims, SignalVersion, settings::Settings, token::Grants},
    rtc::{LocalAddress, peer::Mid},
};

/// More than LiveKit has: the rest is not passed on, nor what nobody knows.
const LONGEST_CAPABILITIES: usize = 16;

/// See the module.
#[derive(Debug)]
pub(super) struct Client {
    pub(super) signal: Signal,
    /// As its latest token has them.
    claims: Claims,
    /// The latest `nbf` of all its tokens. Where the clock was set back it is not that of the latest.
    newest_token: u64,
    /// What its software can do; others choose by it how to talk to it.
    pub(super) protocol: i32,
    pub(super) capabilities: Vec<i32>,
    pub(super) publisher: Link,
    pub(super) mode: Mode,
    pub(super) auto_subscribe: bool,
    pub(super) pending: Vec<Pending>,
    pub(super) subscriptions: BTreeMap<TrackId, Subscription>,
    pub(super) data_subscriptions: DataSubscriptions,
    /// On a single connection: sections that carried a track before.
    pub(super) resting: BTreeMap<Mid, Resting>,
    /// The newest reliable message that it sent.
    pub(super) newest_message: u32,
    pub(super) data: Allowance,
    /// Who does not take its messages as fast as they come.
    pub(super) held_by: Option<Held>,
    /// When a datagram of it passes though it is held back.
    pub(super) trickles_at: Instant,
    pub(super) requests: Allowance,
    /// What it makes the room tell others, in bytes for each of them.
    pub(super) caused: Allowance,
    /// Others do not know yet how it is now.
    pub(super) is_unannounced: bool,
    pub(super) score: Score,
    /// For pictures.
    pub(super) bandwidth: Bandwidth,
    /// What the client was last told of it.
    pub(super) told: Option<proto::ConnectionQuality>,
    pub(super) refresh_due: Option<Instant>,
    pub(super) simulated: Option<Simulated>,
}

/// The signal connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Signal {
    Open(ConnectionId),
    /// Until it is taken up again, or too late.
    Gone(Instant),
}

/// One peer connection or two.
#[derive(Debug)]
pub(super) enum Mode {
    /// `/rtc`: the server offers what the client receives, on a connection of its own.
    Dual {
        subscriber: Box<Link>,
        /// The id of the latest offer.
        offer: u32,
    },
    /// `/rtc/v1`: the client always offers; the server asks it to.
    Single {
        /// Whether it has been asked and has not offered yet.
        asked: bool,
        /// Whether it is to be asked though no section lacks: one was released.
        released: bool,
    },
}

impl Client {
    pub(super) fn new(
        now: Instant,
        key: Key,
        (connection, version): (ConnectionId, SignalVersion),
        (claims, request): (Claims, &proto::JoinRequest),
        addresses: &[LocalAddress],
        settings: &Settings,
    ) -> Self {
        let link = |target| Link::new(now, PeerId::new(key, target), addresses.to_vec(), settings);
        let mode = match version {
            SignalVersion::V0 => Mode::Dual { subscriber: Box::new(link(Target::Subscriber)), offer: 0 },
            SignalVersion::V1 => Mode::Single { asked: false, released: false },
        };
        let info = request.client_info.as_ref();
        let capabilities = info.into_iter().flat_map(|info| info.capabilities.iter().copied());
        let known = |number: &i32| Capability::try_from(*number).is_ok();
        let capabilities = capabilities.filter(known).take(LONGEST_CAPABILITIES).collect();
        Self {
            signal: Signal::Open(connection),
            newest_token: claims.not_before,
            claims,
            protocol: info.map_or(0, |info| info.client_protocol),
            capabilities,
            publisher: link(Target::Publisher),
            mode,
            auto_subscribe: request.connection_settings.as_ref().is_none_or(|settings| settings.auto_subscribe),
            pending: Vec::new(),
            subscriptions: BTreeMap::new(),
            data_subscriptions: DataSubscriptions::new(request.connection_settings.as_ref()),
            resting: BTreeMap::new(),
            newest_message: 0,
            data: Allowance::new(now, settings.limits.data_rate),
            held_by: None,
            trickles_at: now,
            requests: Allowance::new(now, settings.limits.requests),
            caused: Allowance::new(now, settings.limits.fanout),
            is_unannounced: false,
            score: Score::default(),
            bandwidth: Bandwidth::default(),
            told: None,
            refresh_due: settings.token_refresh.as_ref().map(|_| now),
            simulated: None,
        }
    }

    pub(super) const fn claims(&self) -> &Claims {
        &self.claims
    }

    /// It has another token from us.
    pub(super) fn refresh(&mut self, claims: Claims) {
        self.newest_token = self.newest_token.max(claims.not_before);
        self.claims = claims;
    }

    /// What it may do has changed: its next token says so.
    pub(super) fn grant(&mut self, grants: Grants) {
        self.claims.grants = grants;
    }

    /// It came back with this token. With one that is older than what it has it does not take back what was said since.
    pub(super) fn show(&mut self, claims: Claims) {
        if claims.not_before > self.newest_token {
            self.refresh(claims);
        }
    }

    /// After this its tokens were made, by their own word.
    pub(super) fn newest_token(&self) -> SystemTime {
        UNIX_EPOCH.checked_add(Duration::from_secs(self.newest_token)).unwrap_or(UNIX_EPOCH)
    }

    pub(super) fn connection(&self) -> Option<ConnectionId> {
        match self.signal {
            Signal::Open(connection) => Some(connection),
            Signal::Gone(_) => None,
        }
    }

    pub(super) fn link(&self, target: Target) -> Option<&Link> {
        match (target, &self.mode) {
            (Target::Publisher, _) => Some(&self.publisher),
            (Target::Subscriber, Mode::Dual { subscriber, .. }) => Some(subscriber),
            (Target::Subscriber, Mode::Single { .. }) => None,
        }
    }

    pub(super) fn link_mut(&mut self, target: Target) -> Option<&mut Link> {
        match (target, &mut self.mode) {
            (Target::Publisher, _) => Some(&mut self.publisher),
            (Target::Subscriber, Mode::Dual { subscriber, .. }) => Some(subscriber),
            (Target::Subscriber, Mode::Single { .. }) => None,
        }
    }

    /// By which it receives; the one that has to be connected for it to take part.
    pub(super) fn receiver(&self) -> &Link {
        match &self.mode {
            Mode::Dual { subscriber, .. } => subscriber,
            Mode::Single { .. } => &self.publisher,
        }
    }

    /// See [`receiver`](Self::receiver).
    pub(super) fn receiver_mut(&mut self) -> &mut Link {
        match &mut self.mode {
            Mode::Dual { subscriber, .. } => subscriber,
            Mode::Single { .. } => &mut self.publisher,
        }
    }

    pub(super) fn links(&self) -> impl Iterator<Item = &Link> {
        let subscriber = match &self.mode {
            Mode::Dual { subscriber, .. } => Some(&**subscriber),
            Mode::Single { .. } => None,
        };
        std::iter::once(&self.publisher).chain(subscriber)
    }

    pub(super) fn links_mut(&mut self) -> impl Iterator<Item = &mut Link> {
        let subscriber = match &mut self.mode {
            Mode::Dual { subscriber, .. } => Some(&mut **subscriber),
            Mode::Single { .. } => None,
        };
        std::iter::once(&mut self.publisher).chain(subscriber)
    }

    /// When it is given up, unless it gets connected before, and why.
    pub(super) fn given_up(&self, settings: &Settings) -> Option<(Instant, DisconnectReason)> {
        let timeouts = &settings.timeouts;
        let signal = match self.signal {
            Signal::Open(_) => None,
            Signal::Gone(since) => Some((since + timeouts.resume, DisconnectReason::SignalClose)),
        };
        let joining = match self.receiver().reach {
            Reach::Connecting(since) => Some((since + timeouts.connect, DisconnectReason::JoinFailure)),
            Reach::Connected | Reach::Lost(_) => None,
        };
        let lost = self.links().filter_map(|link| match link.reach {
            Reach::Lost(since) => Some((since + timeouts.lost, DisconnectReason::ConnectionTimeout)),
            Reach::Connecting(_) | Reach::Connected => None,
        });
        signal.into_iter().chain(joining).chain(lost).min_by_key(|(at, _)| *at)
    }
}
