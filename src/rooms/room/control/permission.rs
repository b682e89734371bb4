//! What is said about a participant, and what it may do, changed by the server API. What it may do no longer ends at once:
//! its tracks are unpublished, its subscriptions are taken away, and its next token says the same.

use std::time::Instant;

use livekit_protocol::{self as proto, TrackSource, participant_info::State, signal_response::Message};

use super::super::{
    Key, Room, TrackId,
    participant::{self, may_publish},
    publication::Publication,
};
use crate::{
    domain::Identity,
    rooms::{ControlError, token::Grants},
};

impl Room {
    pub(super) fn update_participant(
        &mut self,
        now: Instant,
        request: proto::UpdateParticipantRequest,
    ) -> Result<proto::ParticipantInfo, ControlError> {
        let (key, participant) = self.named(&request.identity)?;
        let wanted = request.permission.as_ref().map(grants);
        if wanted.is_some() && participant.client().is_none() {
            return Err(ControlError::OwnAgent);
        }
        let update = proto::UpdateParticipantMetadata {
            name: request.name,
            metadata: request.metadata,
            attributes: request.attributes,
            ..Default::default()
        };
        let (limits, others) = (self.settings.limits, self.profiles_but(key));
        let Some(participant) = self.participants.get_mut(&key) else { return Err(ControlError::NoParticipant) };
        let is_changed =
            participant.profile.change(&update, &limits, others).map_err(|text| ControlError::TooLarge(told(text)))?;
        let is_granted = wanted.is_some_and(|grants| self.grant(now, key, grants));
        if is_changed || is_granted {
            self.refresh_soon(now, key);
        }
        if is_changed && !is_granted {
            self.announce(now, key);
        }
        Ok(self.named(&request.identity)?.1.info())
    }

    /// Takes from somebody what others would hear or read of them, until they come with another token.
    pub(in crate::rooms::room) fn silence(&mut self, now: Instant, identity: &Identity) {
        let Some(key) = self.find(identity.as_str()) else { return };
        let Some(participant) = self.participants.get(&key) else { return };
        let grants = Grants { can_publish: false, can_publish_data: false, ..participant.grants.clone() };
        self.grant(now, key, grants);
    }

    /// Whether that is anything new, and so told to all.
    fn grant(&mut self, now: Instant, key: Key, grants: Grants) -> bool {
        let Some(participant) = self.participants.get_mut(&key) else { return false };
        if participant.grants == grants {
            return false;
        }
        let before = std::mem::replace(&mut participant.grants, grants.clone());
        if let Some(client) = participant.client_mut() {
            client.grant(grants.clone());
        }
        self.unpublish_refused(now, key, &grants);
        if !grants.can_publish_data {
            self.unpublish_data(key, |_| true);
        }
        // Before the media comes.
        self.announce(now, key);
        if before.can_subscribe != grants.can_subscribe {
            self.subscribe_as_allowed(now, key, grants.can_subscribe);
        }
        if before.hidden != grants.hidden {
            self.show(now, key, !grants.hidden);
        }
        true
    }

    /// Takes back what `key` publishes, or is about to, and may not.
    fn unpublish_refused(&mut self, now: Instant, key: Key, grants: &Grants) {
        let before = self.tracks_of(key);
        let Some(participant) = self.participants.get_mut(&key) else { return };
        if let Some(client) = participant.client_mut() {
            client.retain_announced(|info| may_publish(grants, info.source));
        }
        let refused = |publication: &mut Publication| !may_publish(grants, publication.info.source);
        let gone: Vec<Publication> = participant.publications.extract_if(.., refused).collect();
        if gone.is_empty() {
            return;
        }
        let tracks: Vec<TrackId> = gone.iter().map(|publication| publication.id).collect();
        self.drop_tracks(now, &tracks);
        self.note_count(now);
        self.tell_tracks(key, &before);
        for publication in gone {
            let track_sid = publication.info.sid;
            self.send(key, Message::TrackUnpublished(proto::TrackUnpublishedResponse { track_sid }));
        }
    }

    fn subscribe_as_allowed(&mut self, now: Instant, key: Key, is_allowed: bool) {
        let Some(client) = self.client(key) else { return };
        if !is_allowed {
            let tracks: Vec<TrackId> = client.subscriptions.keys().copied().collect();
            tracks.into_iter().for_each(|track| self.unsubscribe(key, track));
            self.end_data_subscriptions(key);
        } else if client.auto_subscribe {
            self.subscribe_to_all(key);
        }
        if is_allowed {
            self.subscribe_to_all_data(key);
        }
        self.negotiate(now, key);
    }

    /// Others see `key` from now on, or it is gone for them.
    fn show(&mut self, now: Instant, key: Key, is_visible: bool) {
        let Some(participant) = self.participants.get(&key) else { return };
        let tracks: Vec<TrackId> = participant.publications.iter().map(|publication| publication.id).collect();
        let data_tracks: Vec<TrackId> = participant.data_tracks.iter().map(|track| track.id).collect();
        let info = participant.info();
        self.changed = true;
        self.note_count(now);
        if is_visible {
            tracks.into_iter().for_each(|track| self.offer_to_all(now, key, track));
            data_tracks.into_iter().for_each(|track| self.offer_data_to_all(now, key, track));
            return;
        }
        let gone = proto::ParticipantInfo {
            state: State::Disconnected.into(),
            tracks: Vec::new(),
            data_tracks: Vec::new(),
            ..info
        };
        self.drop_tracks(now, &tracks);
        self.drop_data_tracks(&data_tracks);
        self.broadcast_but(Some(key), participant::update(vec![gone]));
    }
}

/// What the server API says where a client is told `text`.
fn told(text: &'static str) -> &'static str {
    match text {
        _ if text.contains("attributes") => "attribute size exceeds limits",
        _ if text.contains("name") => "name length exceeds limits",
        _ => "metadata size exceeds limits",
    }
}

/// What a permission grants. All of it counts: what is not set is taken away, as livekit-server does.
#[expect(deprecated, reason = "agents and recorders are still told of by their permission")]
fn grants(permission: &proto::ParticipantPermission) -> Grants {
    // One that does not exist stays: a list with nothing in it would allow everything.
    let name = |number: &i32| match TrackSource::try_from(*number) {
        Ok(source) => source.as_str_name().to_ascii_lowercase(),
        Err(_) => number.to_string(),
    };
    Grants {
        can_publish: permission.can_publish,
        can_publish_sources: permission.can_publish_sources.iter().map(name).collect(),
        can_subscribe: permission.can_subscribe,
        can_publish_data: permission.can_publish_data,
        can_update_own_metadata: permission.can_update_metadata,
        hidden: permission.hidden,
        agent: permission.agent,
        recorder: permission.recorder,
        can_subscribe_metrics: permission.can_subscribe_metrics,
        can_manage_agent_session: permission.can_manage_agent_session,
    }
}
