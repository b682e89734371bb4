//! Claims as they stand in the token, where anything may be missing or null.

use std::collections::BTreeMap;

use livekit_protocol::participant_info::Kind;
use serde::{Deserialize, Serialize};

use super::{Claims, Grants, Keys, TokenError};

#[derive(Serialize, Deserialize)]
pub(super) struct WireClaims {
    pub(super) iss: Option<String>,
    sub: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) aud: Option<Audience>,
    /// RFC 7519 allows fractions of seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    nbf: Option<serde_json::Number>,
    exp: Option<serde_json::Number>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    kind: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    metadata: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    attributes: Option<BTreeMap<String, String>>,
    video: Option<Video>,
}

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
pub(super) enum Audience {
    One(String),
    Many(Vec<String>),
}

impl Audience {
    pub(super) fn contains(&self, name: &str) -> bool {
        match self {
            Self::One(one) => one == name,
            Self::Many(many) => many.iter().any(|one| one == name),
        }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Video {
    room: Option<String>,
    room_join: Option<bool>,
    can_publish: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    can_publish_sources: Option<Vec<String>>,
    can_subscribe: Option<bool>,
    can_publish_data: Option<bool>,
    can_update_own_metadata: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hidden: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    agent: Option<bool>,
}

impl WireClaims {
    pub(super) fn new(keys: &Keys, claims: &Claims) -> Self {
        let grants = &claims.grants;
        let some = |text: &String| (!text.is_empty()).then(|| text.clone());
        Self {
            iss: Some(keys.api_key.clone()),
            sub: Some(claims.identity.as_str().to_owned()),
            aud: None,
            nbf: (claims.not_before > 0).then(|| claims.not_before.into()),
            exp: Some(claims.expires.into()),
            name: some(&claims.name),
            kind: (claims.kind != Kind::Standard).then(|| claims.kind.as_str_name().to_ascii_lowercase()),
            metadata: some(&claims.metadata),
            attributes: (!claims.attributes.is_empty()).then(|| claims.attributes.clone()),
            video: Some(Video {
                room: Some(claims.room.as_str().to_owned()),
                room_join: Some(true),
                can_publish: Some(grants.can_publish),
                can_publish_sources: (!grants.can_publish_sources.is_empty())
                    .then(|| grants.can_publish_sources.clone()),
                can_subscribe: Some(grants.can_subscribe),
                can_publish_data: Some(grants.can_publish_data),
                can_update_own_metadata: Some(grants.can_update_own_metadata),
                hidden: grants.hidden.then_some(true),
                agent: grants.agent.then_some(true),
            }),
        }
    }

    pub(super) fn expires(&self) -> Option<u64> {
        self.exp.as_ref().map(whole_seconds)
    }

    pub(super) fn not_before(&self) -> u64 {
        self.nbf.as_ref().map_or(0, whole_seconds)
    }

    /// What the claims mean, once signature and times are known to be right.
    pub(super) fn parse(self) -> Result<Claims, TokenError> {
        let (not_before, expires) = (self.not_before(), self.expires().ok_or(TokenError::NoExpiry)?);
        let video = self.video.filter(|video| video.room_join == Some(true)).ok_or(TokenError::NoJoin)?;
        let room = video.room.as_deref().unwrap_or_default().parse().map_err(TokenError::Room)?;
        let identity = self.sub.as_deref().unwrap_or_default().parse().map_err(TokenError::Identity)?;
        let grants = Grants::from(video);
        Ok(Claims {
            identity,
            name: self.name.unwrap_or_default(),
            kind: if grants.agent { Kind::Agent } else { kind(self.kind.as_deref()) },
            room,
            grants,
            metadata: self.metadata.unwrap_or_default(),
            attributes: self.attributes.unwrap_or_default(),
            not_before,
            expires,
        })
    }
}

impl From<Video> for Grants {
    /// What is absent means what it means to livekit-server (`VideoGrant` in its `auth` package).
    fn from(video: Video) -> Self {
        let can_publish = video.can_publish.unwrap_or(true);
        let mut sources = video.can_publish_sources.unwrap_or_default();
        sources.iter_mut().for_each(|source| source.make_ascii_lowercase());
        Self {
            can_publish,
            can_publish_sources: sources,
            can_subscribe: video.can_subscribe.unwrap_or(true),
            can_publish_data: video.can_publish_data.unwrap_or(can_publish),
            can_update_own_metadata: video.can_update_own_metadata.unwrap_or(false),
            hidden: video.hidden.unwrap_or(false),
            agent: video.agent.unwrap_or(false),
        }
    }
}

/// `agent`, `sip`, …; a kind that nobody knows is an ordinary participant.
fn kind(name: Option<&str>) -> Kind {
    name.and_then(|name| Kind::from_str_name(&name.to_ascii_uppercase())).unwrap_or(Kind::Standard)
}

/// Negative times lie before all tokens, enormous ones after.
fn whole_seconds(number: &serde_json::Number) -> u64 {
    number.as_u64().unwrap_or_else(|| number.as_f64().unwrap_or(0.0) as u64)
}
