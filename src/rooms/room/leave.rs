//! Going: by themselves, lost, too slow, or shown the door.

use std::time::Instant;

use livekit_protocol::{self as proto, DisconnectReason, leave_request::Action, participant_info::State};

use super::{
    Key, Output, PeerId, Room, TrackId, join,
    link::{Link, Reach},
    participant::{self, Participant, Profile, Seat},
};
use crate::{audio::line::Hangup, domain::Identity, rtc};

/// What somebody said about themselves is told once more when they go, unless it is more than this, in bytes.
const LONGEST_FAREWELL: usize = 4096;

impl Room {
    /// Takes somebody out, tells them (with `farewell`) and those who remain.
    pub(super) fn remove(&mut self, now: Instant, key: Key, reason: DisconnectReason, farewell: Option<Action>) {
        if let Some(action) = farewell {
            self.send(key, join::leave(reason, action));
        }
        self.close_signal(now, key);
        let Some(mut participant) = self.participants.remove(&key) else { return };
        match &mut participant.seat {
            Seat::Client(client) => {
                self.debtors.note(now, &participant.identity, client.caused.opens_at());
                client.links_mut().for_each(|link| close(now, link, &mut self.outputs));
            }
            Seat::Agent(agent) => agent.local.closing(hangup(reason)),
        }
        self.speakers.forget(key);
        self.fail_rpcs(key);
        self.tell_left(&participant, reason);
        self.tell_gone(&mut participant, reason);
        let tracks: Vec<TrackId> = participant.publications.iter().map(|publication| publication.id).collect();
        self.drop_tracks(now, &tracks);
        let tracks: Vec<TrackId> = participant.data_tracks.iter().map(|track| track.id).collect();
        self.drop_data_tracks(&tracks);
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
        // All know it already; some clients take it for a change when it is missing.
        if participant.profile.bytes() > LONGEST_FAREWELL {
            participant.profile = Profile::default();
        }
        let info = proto::ParticipantInfo {
            tracks: Vec::new(),
            data_tracks: Vec::new(),
            disconnect_reason: reason.into(),
            ..participant.info()
        };
        self.changed = true;
        self.broadcast(participant::update(vec![info]));
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
    pub(super) fn handle_removal(&mut self, now: Instant, identity: Identity) {
        let mut at = self.wall(now);
        if let Some(key) = self.find(identity.as_str()) {
            // Where the clock was set back, a token that they hold seems to be made later.
            at = self.client(key).map_or(at, |client| client.newest_token().max(at));
            self.remove(now, key, DisconnectReason::ParticipantRemoved, Some(Action::Disconnect));
        }
        self.removed.add(identity, at, self.settings.limits.removed);
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
