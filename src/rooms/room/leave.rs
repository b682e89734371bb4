//! Going: by themselves, lost, too slow, or shown the door.

use std::time::{Instant, SystemTime};

use livekit_protocol::{DisconnectReason, leave_request::Action, participant_info::State};

use super::{
    Key, Output, PeerId, Room, TrackId, join,
    link::{Link, Reach},
    participant::{self, Participant, Seat},
};
use crate::{audio::line::Hangup, domain::Identity, rtc};

impl Room {
    /// Takes somebody out, tells them (with `farewell`) and those who remain.
    pub(super) fn remove(&mut self, now: Instant, key: Key, reason: DisconnectReason, farewell: Option<Action>) {
        if let Some(action) = farewell {
            self.send(key, join::leave(reason, action));
        }
        self.close_signal(now, key);
        let Some(mut participant) = self.participants.remove(&key) else { return };
        match &mut participant.seat {
            Seat::Client(client) => client.links_mut().for_each(|link| close(now, link, &mut self.outputs)),
            Seat::Agent(agent) => agent.local.closing(hangup(reason)),
        }
        self.speakers.forget(key);
        self.tell_gone(&mut participant, reason);
        let tracks: Vec<TrackId> = participant.publications.iter().map(|publication| publication.id).collect();
        self.drop_tracks(now, &tracks);
        self.note_occupancy(now);
    }

    /// The server stops.
    pub(super) fn handle_close(&mut self, now: Instant) {
        while let Some(key) = self.participants.keys().next().copied() {
            self.remove(now, key, DisconnectReason::ServerShutdown, Some(Action::Disconnect));
        }
    }

    fn tell_gone(&mut self, participant: &mut Participant, reason: DisconnectReason) {
        if participant.grants.hidden {
            return;
        }
        participant.state = State::Disconnected;
        participant.version = participant.version.wrapping_add(1);
        let mut info = participant.info();
        info.tracks.clear();
        info.disconnect_reason = reason.into();
        self.changed = true;
        self.broadcast(None, &participant::update(vec![info]));
    }

    /// One of its media connections is not heard of any more.
    pub(super) fn handle_lost(&mut self, now: Instant, peer: PeerId) {
        if let Some(link) = self.link_mut(peer) {
            link.reach = Reach::Lost(now);
        }
    }

    /// It does not take what is sent to it.
    pub(super) fn drop_slow(&mut self, now: Instant, key: Key) {
        tracing::info!("a client that does not keep up with data messages is dropped");
        self.remove(now, key, DisconnectReason::MediaFailure, Some(Action::Reconnect));
    }

    /// Shows somebody the door, and keeps it shut for their old tokens.
    pub(super) fn handle_removal(&mut self, now: Instant, identity: Identity, wall: SystemTime) {
        if let Some(key) = self.find(identity.as_str()) {
            self.remove(now, key, DisconnectReason::ParticipantRemoved, Some(Action::Disconnect));
        }
        self.removed.add(identity, wall, self.settings.limits.removed);
    }
}

/// Why an agent's line ends, when it is the room that ends it.
fn hangup(reason: DisconnectReason) -> Hangup {
    match reason {
        DisconnectReason::ServerShutdown => Hangup::ServerStopped,
        _ => Hangup::RoomClosed,
    }
}

fn close(now: Instant, link: &mut Link, outputs: &mut std::collections::VecDeque<Output>) {
    link.peer.close(now);
    while let rtc::peer::Output::Transmit(datagram) = link.peer.poll() {
        outputs.push_back(Output::Transmit(datagram));
    }
    outputs.push_back(Output::PeerClosed { peer: link.id });
}
