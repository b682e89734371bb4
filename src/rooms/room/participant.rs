//! Somebody in the room: a client with its connections, or an agent of this process.

use std::{collections::BTreeMap, time::SystemTime};

use livekit_protocol::{self as proto, participant_info, signal_response::Message};

use super::{
    TrackId, agent::LocalAgent, client::Client, data_tracks::DataTrack, publication::Publication,
    subscription::Audience, unix_ms,
};
use crate::{
    domain::Identity,
    rooms::{Claims, bounds::attribute_bytes, ids::ParticipantSid, token::Grants},
};

/// See the module.
#[derive(Debug)]
pub(super) struct Participant {
    pub(super) sid: ParticipantSid,
    pub(super) identity: Identity,
    pub(super) profile: Profile,
    pub(super) kind: participant_info::Kind,
    pub(super) grants: Grants,
    pub(super) state: participant_info::State,
    pub(super) joined: SystemTime,
    /// Grows with each update that others are sent.
    pub(super) version: u32,
    pub(super) publications: Vec<Publication>,
    pub(super) data_tracks: Vec<DataTrack>,
    /// Who may receive what it publishes.
    pub(super) audience: Audience,
    pub(super) seat: Seat,
}

/// What is said about a participant, for others to read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Profile {
    pub(super) name: String,
    pub(super) metadata: String,
    pub(super) attributes: BTreeMap<String, String>,
}

impl Profile {
    /// What the token says.
    pub(super) fn of(claims: &Claims) -> Self {
        let Claims { name, metadata, attributes, .. } = claims;
        Self { name: name.clone(), metadata: metadata.clone(), attributes: attributes.clone() }
    }

    /// How much others have to read.
    pub(super) fn bytes(&self) -> usize {
        self.name.len() + self.metadata.len() + attribute_bytes(&self.attributes)
    }
}

/// How a participant takes part.
#[derive(Debug)]
pub(super) enum Seat {
    /// Over the network.
    Client(Box<Client>),
    /// In this process.
    Agent(Box<LocalAgent>),
}

impl Participant {
    pub(super) fn client(&self) -> Option<&Client> {
        match &self.seat {
            Seat::Client(client) => Some(client),
            Seat::Agent(_) => None,
        }
    }

    pub(super) fn client_mut(&mut self) -> Option<&mut Client> {
        match &mut self.seat {
            Seat::Client(client) => Some(client),
            Seat::Agent(_) => None,
        }
    }

    /// Agents come and go with those whom they serve: alone they do not keep a room open.
    pub(super) fn is_agent(&self) -> bool {
        self.kind == participant_info::Kind::Agent
    }

    pub(super) fn is_active(&self) -> bool {
        self.state == participant_info::State::Active
    }

    pub(super) fn is_publisher(&self) -> bool {
        !self.publications.is_empty() || !self.data_tracks.is_empty()
    }

    /// What clients call a track of its, of media or of data.
    pub(super) fn track_sid(&self, track: TrackId) -> Option<&str> {
        let of_data = || self.data_tracks.iter().find(|one| one.id == track).map(|one| one.info.sid.as_str());
        self.publication(track).map(|publication| publication.info.sid.as_str()).or_else(of_data)
    }

    pub(super) fn publication(&self, track: TrackId) -> Option<&Publication> {
        self.publications.iter().find(|publication| publication.id == track)
    }

    pub(super) fn publication_mut(&mut self, track: TrackId) -> Option<&mut Publication> {
        self.publications.iter_mut().find(|publication| publication.id == track)
    }

    /// How others see it.
    pub(super) fn info(&self) -> proto::ParticipantInfo {
        let joined_ms = unix_ms(self.joined);
        let client = self.client();
        proto::ParticipantInfo {
            sid: self.sid.to_string(),
            identity: self.identity.to_string(),
            state: self.state.into(),
            tracks: self.publications.iter().map(|publication| publication.info.clone()).collect(),
            metadata: self.profile.metadata.clone(),
            joined_at: joined_ms / 1000,
            joined_at_ms: joined_ms,
            name: self.profile.name.clone(),
            version: self.version,
            permission: Some(permission(&self.grants)),
            is_publisher: self.is_publisher(),
            kind: self.kind.into(),
            attributes: self.profile.attributes.clone().into_iter().collect(),
            client_protocol: client.map_or(0, |client| client.protocol),
            data_tracks: self.data_tracks.iter().map(|track| track.info.clone()).collect(),
            capabilities: client.map(|client| client.capabilities.clone()).unwrap_or_default(),
            ..Default::default()
        }
    }
}

/// The message that tells of them.
pub(super) fn update(participants: Vec<proto::ParticipantInfo>) -> Message {
    Message::Update(proto::ParticipantUpdate { participants })
}

#[expect(deprecated, reason = "clients older than participant kinds look at these permissions")]
fn permission(grants: &Grants) -> proto::ParticipantPermission {
    let sources = grants.can_publish_sources.iter().filter_map(|name| source(name));
    proto::ParticipantPermission {
        can_subscribe: grants.can_subscribe,
        can_publish: grants.can_publish,
        can_publish_data: grants.can_publish_data,
        can_publish_sources: sources.map(Into::into).collect(),
        hidden: grants.hidden,
        can_update_metadata: grants.can_update_own_metadata,
        agent: grants.agent,
        recorder: grants.recorder,
        can_subscribe_metrics: grants.can_subscribe_metrics,
        can_manage_agent_session: grants.can_manage_agent_session,
    }
}

/// A track's source by its name in a token (`microphone`).
fn source(name: &str) -> Option<proto::TrackSource> {
    proto::TrackSource::from_str_name(&name.to_ascii_uppercase())
}

/// Whether `grants` let somebody publish a track of this source.
pub(super) fn may_publish(grants: &Grants, source_number: i32) -> bool {
    let names = &grants.can_publish_sources;
    let among = || names.iter().filter_map(|name| source(name)).any(|source| i32::from(source) == source_number);
    grants.can_publish && (names.is_empty() || among())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_limit_what_may_be_published() {
        let grants = |can_publish, sources: &[&str]| Grants {
            can_publish,
            can_publish_sources: sources.iter().map(|source| (*source).to_owned()).collect(),
            ..Grants::default()
        };
        for (grants, source, expect) in [
            (grants(true, &[]), proto::TrackSource::Camera, true),
            (grants(false, &[]), proto::TrackSource::Microphone, false),
            (grants(true, &["microphone"]), proto::TrackSource::Microphone, true),
            (grants(true, &["microphone"]), proto::TrackSource::Camera, false),
            (grants(true, &["screen_share", "screen_share_audio"]), proto::TrackSource::ScreenShareAudio, true),
            (grants(true, &["nonsense"]), proto::TrackSource::Unknown, false),
            (grants(false, &["microphone"]), proto::TrackSource::Microphone, false),
        ] {
            assert_eq!(may_publish(&grants, source.into()), expect, "{grants:?} {source:?}");
        }
    }
}
