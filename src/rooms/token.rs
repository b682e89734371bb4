//! LiveKit's access tokens: JWT, HS256 only.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{
    config::Secret,
    domain::{Identity, RoomName},
};

/// The pair that signs tokens.
#[derive(Clone, Debug)]
pub struct Keys {
    /// The token's issuer.
    pub api_key: String,
    /// Signs it; at least 32 bytes.
    pub api_secret: Secret,
}

/// A token that has been checked.
#[derive(Clone, Debug)]
pub struct Claims {
    /// Who joins.
    pub identity: Identity,
    /// The display name; may be empty.
    pub name: String,
    /// Which room.
    pub room: RoomName,
    /// What its holder may do.
    pub grants: Grants,
    /// About the participant, for others to read; may be empty.
    pub metadata: String,
    /// The same, piece by piece.
    pub attributes: BTreeMap<String, String>,
    /// Seconds since the Unix epoch.
    pub not_before: u64,
    /// Seconds since the Unix epoch.
    pub expires: u64,
}

/// What a participant may do: LiveKit's `video` grants, absent ones as LiveKit takes them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Grants {
    /// Publish tracks.
    pub can_publish: bool,
    /// Only of these sources (`microphone`, `camera`, …); empty: of all.
    pub can_publish_sources: Vec<String>,
    /// Hear and see others.
    pub can_subscribe: bool,
    /// Send data messages.
    pub can_publish_data: bool,
    /// Change one's own name, metadata and attributes.
    pub can_update_own_metadata: bool,
    /// Others do not see that one is there.
    pub hidden: bool,
    /// Counts as an agent.
    pub agent: bool,
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
        }
    }
}
