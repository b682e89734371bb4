//! What outside listeners hear of a room, as livekit-server's webhooks do: a participant has joined when media can flow,
//! a track is published when its section is there.

use livekit_protocol::{self as proto, DisconnectReason, participant_info::State};

use super::{Key, Output, Room, participant::Participant};
use crate::rooms::RoomChange;

impl Room {
    pub(super) fn tell(&mut self, change: RoomChange) {
        self.outputs.push_back(Output::Event(change));
    }

    /// A participant takes part from now on.
    pub(super) fn tell_joined(&mut self, key: Key) {
        let Some(info) = self.participants.get(&key).map(Participant::info) else { return };
        self.tell(RoomChange::ParticipantJoined(Box::new(info)));
    }

    /// A participant who is not in the room any more: first its tracks end.
    pub(super) fn tell_left(&mut self, participant: &Participant, reason: DisconnectReason) {
        let mut info = proto::ParticipantInfo { disconnect_reason: reason.into(), ..participant.info() };
        let tracks = std::mem::take(&mut info.tracks);
        info.is_publisher = false;
        for track in tracks {
            self.tell(RoomChange::TrackUnpublished(Box::new(info.clone()), Box::new(track)));
        }
        let was_active = participant.is_active();
        info.state = State::Disconnected.into();
        let info = Box::new(info);
        self.tell(match was_active {
            true => RoomChange::ParticipantLeft(info),
            false => RoomChange::ConnectionAborted(info),
        });
    }

    /// What a participant publishes, to be compared afterwards.
    pub(super) fn tracks_of(&self, key: Key) -> Vec<proto::TrackInfo> {
        let publications = self.participants.get(&key).into_iter().flat_map(|participant| &participant.publications);
        publications.map(|publication| publication.info.clone()).collect()
    }

    /// Tells which tracks `key` has begun and ended to publish, since it published those `before`.
    pub(super) fn tell_tracks(&mut self, key: Key, before: &[proto::TrackInfo]) {
        let Some(participant) = self.participants.get(&key) else { return };
        let info = participant.info();
        let lacks = |tracks: &[proto::TrackInfo], sid: &str| tracks.iter().all(|track| track.sid != sid);
        let gone = before.iter().filter(|track| lacks(&info.tracks, &track.sid));
        let gone: Vec<_> =
            gone.map(|track| RoomChange::TrackUnpublished(Box::new(info.clone()), Box::new(track.clone()))).collect();
        let come = info.tracks.iter().filter(|track| lacks(before, &track.sid));
        let come = come.map(|track| RoomChange::TrackPublished(Box::new(info.clone()), Box::new(track.clone())));
        self.outputs.extend(gone.into_iter().chain(come).map(Output::Event));
    }
}
