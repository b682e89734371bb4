//! What a checked token says.

use std::{
    collections::BTreeMap,
    time::{Duration, SystemTime},
};

use livekit_protocol::{RoomConfiguration, participant_info::Kind};

use super::{ApiGrants, seconds};
use crate::domain::{Identity, RoomName};

/// Longest life of a refreshed token: livekit-server's.
const REFRESHED_FOR: Duration = Duration::from_secs(10 * 60);

/// A token that has been checked, or one to be made.
#[derive(Clone, PartialEq)]
pub struct Claims {
    /// Who joins.
    pub identity: Identity,
    /// The display name; may be empty.
    pub name: String,
    /// What kind of participant joins.
    pub kind: Kind,
    /// Which room.
    pub room: RoomName,
    /// What its holder may do.
    pub grants: Grants,
    /// What its holder may do with the server API.
    pub api: ApiGrants,
    /// How the room is opened if this is who opens it.
    pub room_config: Option<Box<RoomConfiguration>>,
    /// The name of such a configuration; there are none here, and it is only passed on.
    pub room_preset: String,
    /// About the participant, for others to read; may be empty.
    pub metadata: String,
    /// The same, piece by piece.
    pub attributes: BTreeMap<String, String>,
    /// Seconds since the Unix epoch; 0 when the token does not say.
    pub not_before: u64,
    /// Seconds since the Unix epoch.
    pub expires: u64,
}

/// What a participant may do: LiveKit's `video` grants, absent ones as LiveKit takes them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grants {
    /// Publish tracks.
    pub can_publish: bool,
    /// Only of these sources (`microphone`, `camera`, `screen_share`, `screen_share_audio`); empty: of all.
    pub can_publish_sources: Vec<String>,
    /// Hear and see others.
    pub can_subscribe: bool,
    /// Send data messages; absent: whoever may publish may.
    pub can_publish_data: bool,
    /// Change one's own name, metadata and attributes.
    pub can_update_own_metadata: bool,
    /// Others do not see that one is there.
    pub hidden: bool,
    /// Counts as an agent.
    pub agent: bool,
    /// Counts as a recorder.
    pub recorder: bool,
    /// Receive metrics of others.
    pub can_subscribe_metrics: bool,
    /// Steer an agent's session.
    pub can_manage_agent_session: bool,
}

impl Claims {
    /// Lets `identity` into `room` as an ordinary participant, from `now` on for `lifetime`.
    pub fn new(identity: Identity, room: RoomName, now: SystemTime, lifetime: Duration) -> Self {
        let now = seconds(now);
        Self {
            identity,
            name: String::new(),
            kind: Kind::Standard,
            room,
            grants: Grants::default(),
            api: ApiGrants::default(),
            room_config: None,
            room_preset: String::new(),
            metadata: String::new(),
            attributes: BTreeMap::new(),
            not_before: now,
            expires: now.saturating_add(lifetime.as_secs()),
        }
    }

    /// The same for the time after `now`, for somebody who is in the room and may have to come back. A refreshed token
    /// lives ten minutes at most and never longer than the first one did, so that a short life stays one; without a
    /// beginning that life is unknown, and the end stays where it is.
    pub fn refreshed(&self, now: SystemTime) -> Self {
        if self.not_before == 0 {
            return self.clone();
        }
        let now = seconds(now);
        let lifetime = self.expires.saturating_sub(self.not_before).min(REFRESHED_FOR.as_secs());
        Self { not_before: now, expires: now.saturating_add(lifetime), ..self.clone() }
    }
}

/// Without what is about the person.
impl std::fmt::Debug for Claims {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Claims")
            .field("identity", &self.identity)
            .field("kind", &self.kind)
            .field("room", &self.room)
            .field("grants", &self.grants)
            .field("not_before", &self.not_before)
            .field("expires", &self.expires)
            .finish_non_exhaustive()
    }
}

impl Default for Grants {
    fn default() -> Self {
        Self {
            can_publish: true,
            can_publish_sources: Vec::new(),
            can_subscribe: true,
            can_publish_data: true,
            can_update_own_metadata: false,
            hidden: false,
            agent: false,
            recorder: false,
            can_subscribe_metrics: false,
            can_manage_agent_session: false,
        }
    }
}
