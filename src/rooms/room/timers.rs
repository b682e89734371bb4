//! What a room does when time has passed.

use std::time::{Duration, Instant};

use livekit_protocol::{self as proto, DisconnectReason, leave_request::Action, signal_response::Message};

use super::{
    Key, Output, Room,
    client::Client,
    participant::{Participant, Profile, Seat},
};
use crate::rooms::Claims;

/// All are told how many there are so often at the most.
const COUNT_INTERVAL: Duration = Duration::from_secs(1);
/// However short tokens live.
const SOONEST_REFRESH: Duration = Duration::from_secs(10);

/// Whether the room is worth keeping. Agents do not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Occupancy {
    /// Nobody has come yet.
    Unvisited,
    Occupied,
    /// The last one left then.
    Empty(Instant),
    Closed,
}

impl Room {
    /// When to call [`handle`](Self::handle) with [`Input::Timeout`](super::Input::Timeout), if nothing happens before.
    pub fn next_timeout(&self) -> Option<Instant> {
        let participants = self.participants.values().flat_map(|participant| self.due(participant));
        let quality = (!self.participants.is_empty()).then_some(self.quality_due);
        let others =
            [quality, self.speakers.due(), self.rpcs.due(), self.closes_at(), self.video_due(), self.count_due];
        participants.chain(others.into_iter().flatten()).min()
    }

    fn due(&self, participant: &Participant) -> Option<Instant> {
        match &participant.seat {
            Seat::Agent(agent) => Some(agent.local.next_timeout()),
            Seat::Client(client) => {
                let links = client.links().map(|link| link.due);
                let given_up = client.given_up(&self.settings).map(|(at, _)| at);
                let announced = client.is_unannounced.then(|| client.caused.opens_at());
                links.chain(given_up).chain(client.refresh_due).chain(announced).min()
            }
        }
    }

    pub(super) fn handle_timeout(&mut self, now: Instant) {
        self.wake_peers(now);
        self.give_up(now);
        self.announce_late(now);
        self.refresh_tokens(now);
        self.choose_video(now);
        self.tell_count(now);
        self.tell_speakers(now);
        self.tell_quality(now);
        self.time_out_rpcs(now);
        self.close_when_empty(now);
    }

    fn wake_peers(&mut self, now: Instant) {
        for (key, participant) in &mut self.participants {
            match &mut participant.seat {
                Seat::Agent(agent) if agent.local.next_timeout() <= now => {
                    agent.local.handle_timeout(now);
                    self.woken.push(*key);
                }
                Seat::Agent(_) => {}
                Seat::Client(client) => {
                    for link in client.links_mut().filter(|link| link.due <= now) {
                        link.peer.handle_timeout(now);
                        link.flush();
                        link.touch(&mut self.touched);
                    }
                }
            }
        }
    }

    /// Those who did not connect, or did not come back, in time.
    fn give_up(&mut self, now: Instant) {
        let settings = &self.settings;
        let late = self.participants.iter().filter_map(|(key, participant)| {
            let (at, reason) = participant.client()?.given_up(settings)?;
            (at <= now).then_some((*key, reason))
        });
        let late: Vec<(Key, DisconnectReason)> = late.collect();
        for (key, reason) in late {
            // Who could not connect at all cannot do so now either.
            let action = if reason == DisconnectReason::JoinFailure { Action::Disconnect } else { Action::Reconnect };
            self.remove(now, key, reason, Some(action));
        }
    }

    /// Those who had caused too much when something about them changed.
    fn announce_late(&mut self, now: Instant) {
        let is_due = |client: &Client| client.is_unannounced && client.caused.is_open(now);
        let due = self.participants.iter().filter(|(_, participant)| participant.client().is_some_and(is_due));
        let due: Vec<Key> = due.map(|(key, _)| *key).collect();
        for key in due {
            self.announce(now, key);
        }
    }

    // ---- tokens ----

    /// Sends another token with the next timeout.
    pub(super) fn refresh_soon(&mut self, now: Instant, key: Key) {
        let refreshes = self.settings.token_refresh.is_some();
        if let Some(client) = self.client_mut(key).filter(|_| refreshes) {
            client.refresh_due = Some(now);
        }
    }

    fn refresh_tokens(&mut self, now: Instant) {
        let is_due = |client: &Client| client.refresh_due.is_some_and(|due| due <= now);
        let due = self.participants.iter().filter(|(_, participant)| participant.client().is_some_and(is_due));
        let due: Vec<Key> = due.map(|(key, _)| *key).collect();
        for key in due {
            self.refresh_token(now, key);
        }
    }

    fn refresh_token(&mut self, now: Instant, key: Key) {
        let Some(sign) = self.settings.token_refresh.clone() else { return };
        let Some(claims) = self.refreshed(now, key) else { return };
        let life = Duration::from_secs(claims.expires.saturating_sub(claims.not_before));
        let again = now + (life / 2).clamp(SOONEST_REFRESH, self.settings.timeouts.refresh);
        let Some(client) = self.client_mut(key) else { return };
        client.refresh_due = Some(again);
        client.refresh(claims.clone());
        self.send(key, Message::RefreshToken(sign(&claims)));
    }

    /// What a client's token says from now on: who is removed later cannot come back with it. Its rights are those that
    /// it came with, or was given since.
    pub(super) fn refreshed(&self, now: Instant, key: Key) -> Option<Claims> {
        let participant = self.participants.get(&key)?;
        let Profile { name, metadata, attributes } = participant.profile.clone();
        Some(Claims { name, metadata, attributes, ..participant.client()?.claims().refreshed(self.wall(now)) })
    }

    // ---- the room itself ----

    /// Somebody came or went.
    pub(super) fn note_occupancy(&mut self, now: Instant) {
        self.note_count(now);
        let is_occupied = self.participants.values().any(|participant| !participant.is_agent());
        self.occupancy = match self.occupancy {
            Occupancy::Closed => Occupancy::Closed,
            _ if is_occupied => Occupancy::Occupied,
            Occupancy::Occupied => Occupancy::Empty(now),
            same => same,
        };
    }

    /// There are more or fewer participants, or publishers, than before.
    pub(super) fn note_count(&mut self, now: Instant) {
        self.count_due.get_or_insert(now + COUNT_INTERVAL);
    }

    fn tell_count(&mut self, now: Instant) {
        if self.count_due.is_some_and(|due| due <= now) {
            self.count_due = None;
            self.broadcast(Message::RoomUpdate(proto::RoomUpdate { room: Some(self.info()) }));
        }
    }

    pub(super) fn is_closed(&self) -> bool {
        self.occupancy == Occupancy::Closed
    }

    pub(super) fn empty_timeout(&self) -> Duration {
        self.options.empty_timeout.unwrap_or(self.settings.timeouts.empty)
    }

    pub(super) fn departure_timeout(&self) -> Duration {
        self.options.departure_timeout.unwrap_or(self.settings.timeouts.departure)
    }

    fn closes_at(&self) -> Option<Instant> {
        match self.occupancy {
            Occupancy::Unvisited => Some(self.opened.0 + self.empty_timeout()),
            Occupancy::Empty(since) => Some(since + self.departure_timeout()),
            Occupancy::Occupied | Occupancy::Closed => None,
        }
    }

    fn close_when_empty(&mut self, now: Instant) {
        if self.closes_at().is_none_or(|at| now < at) {
            return;
        }
        self.occupancy = Occupancy::Closed;
        let left: Vec<Key> = self.participants.keys().copied().collect();
        for key in left {
            self.remove(now, key, DisconnectReason::RoomClosed, Some(Action::Disconnect));
        }
        self.outputs.push_back(Output::Closed);
    }
}
