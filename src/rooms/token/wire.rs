//! Claims as they stand in the token, where anything may be missing or null.

use std::collections::BTreeMap;

use livekit_protocol::{RoomConfiguration, participant_info::Kind};
use serde::{Deserialize, Serialize};

use super::{ApiClaims, ApiGrants, Claims, Grants, Keys, TokenError};

/// How long a token that vouches for a body is good, in seconds.
const BODY_FOR: u64 = 5 * 60;

#[derive(Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct WireClaims {
    pub(super) iss: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
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
    #[serde(skip_serializing_if = "Option::is_none")]
    room_config: Option<Box<RoomConfiguration>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    room_preset: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sha256: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
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

#[derive(Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Video {
    room: Option<String>,
    room_join: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    room_create: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    room_list: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    room_record: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    room_admin: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    destination_room: Option<String>,
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
    #[serde(skip_serializing_if = "Option::is_none")]
    recorder: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    can_subscribe_metrics: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    can_manage_agent_session: Option<bool>,
}

impl WireClaims {
    pub(super) fn new(keys: &Keys, claims: &Claims) -> Self {
        let (grants, api) = (&claims.grants, &claims.api);
        let some = |text: &String| (!text.is_empty()).then(|| text.clone());
        let set = |flag: bool| flag.then_some(true);
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
            room_config: claims.room_config.clone(),
            room_preset: some(&claims.room_preset),
            sha256: None,
            video: Some(Video {
                room: Some(claims.room.as_str().to_owned()),
                room_join: Some(true),
                room_create: set(api.room_create),
                room_list: set(api.room_list),
                room_record: set(api.room_record),
                room_admin: set(api.room_admin),
                destination_room: some(&api.destination_room),
                can_publish: Some(grants.can_publish),
                can_publish_sources: (!grants.can_publish_sources.is_empty())
                    .then(|| grants.can_publish_sources.clone()),
                can_subscribe: Some(grants.can_subscribe),
                can_publish_data: Some(grants.can_publish_data),
                can_update_own_metadata: Some(grants.can_update_own_metadata),
                hidden: set(grants.hidden),
                agent: set(grants.agent),
                recorder: set(grants.recorder),
                can_subscribe_metrics: set(grants.can_subscribe_metrics),
                can_manage_agent_session: set(grants.can_manage_agent_session),
            }),
        }
    }

    /// Claims that vouch for a body, made at `now` (seconds since the Unix epoch).
    pub(super) fn of_body(keys: &Keys, sha256: String, now: u64) -> Self {
        Self {
            iss: Some(keys.api_key.clone()),
            nbf: Some(now.into()),
            exp: Some(now.saturating_add(BODY_FOR).into()),
            sha256: Some(sha256),
            ..Self::default()
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
        let (api, grants) = (ApiGrants::from(&video), Grants::from(video));
        Ok(Claims {
            identity,
            name: self.name.unwrap_or_default(),
            kind: if grants.agent { Kind::Agent } else { kind(self.kind.as_deref()) },
            room,
            grants,
            api,
            room_config: self.room_config,
            room_preset: self.room_preset.unwrap_or_default(),
            metadata: self.metadata.unwrap_or_default(),
            attributes: self.attributes.unwrap_or_default(),
            not_before,
            expires,
        })
    }

    /// What they allow beside joining.
    pub(super) fn parse_api(self) -> ApiClaims {
        let video = self.video.unwrap_or_default();
        let grants = ApiGrants::from(&video);
        ApiClaims { grants, agent: video.agent == Some(true), room: video.room.unwrap_or_default() }
    }
}

impl From<&Video> for ApiGrants {
    fn from(video: &Video) -> Self {
        Self {
            room_create: video.room_create == Some(true),
            room_list: video.room_list == Some(true),
            room_record: video.room_record == Some(true),
            room_admin: video.room_admin == Some(true),
            destination_room: video.destination_room.clone().unwrap_or_default(),
        }
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
            recorder: video.recorder.unwrap_or(false),
            can_subscribe_metrics: video.can_subscribe_metrics.unwrap_or(false),
            can_manage_agent_session: video.can_manage_agent_session.unwrap_or(false),
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
