//! Tokens for rooms, in the three forms that front ends ask for. A token lets one person into one room; who is in a room
//! gets fresh ones from there.

use std::time::{Duration, SystemTime};

use actix_web::{HttpRequest, HttpResponse, web};
use serde::Serialize;
use utoipa::ToSchema;

use super::body::{Fields, field};
use crate::{
    domain::{Identity, Pii, RoomName, ids::random_name},
    rooms::token::{self, Claims},
    web::{State, access::Who, error::ApiError, public},
};

/// How long somebody may take to join, or to come back with the first token after everything was lost.
const LIFETIME: Duration = Duration::from_secs(60 * 60);

/// The answer to `/api/room/token`.
#[derive(Serialize, ToSchema)]
pub(super) struct RoomToken<'a> {
    pub(super) token: String,
    pub(super) room_name: &'a str,
    pub(super) url: &'a str,
    pub(super) user_name: &'a str,
}

/// The answer to both other forms.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Token<'a> {
    token: String,
    url: &'a str,
    server_url: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    room_name: Option<&'a str>,
}

/// What `/api/room/token` is asked.
#[derive(ToSchema)]
#[expect(dead_code, reason = "for the API's document: the handler reads the fields one by one")]
struct RoomTokenRequest {
    #[schema(example = "support-1")]
    room_name: String,
    /// What others see; may be empty.
    #[schema(example = "Amanda")]
    user_name: String,
    /// What the agent shall speak: a code or a name; `auto` and nothing leave it to the profile.
    #[schema(example = "auto")]
    language: Option<String>,
}

/// What `/api/token` is asked.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
#[expect(dead_code, reason = "for the API's document: the handler reads the fields one by one")]
struct IdentityTokenRequest {
    #[schema(example = "support-1")]
    room_name: String,
    /// Unique in the room: a second participant takes the first one's place.
    #[schema(example = "desk-7")]
    identity: String,
}

/// What `/api/livekit-token` is asked.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
#[expect(dead_code, reason = "for the API's document: the handler reads the fields one by one")]
struct ParticipantTokenRequest {
    #[schema(example = "support-1")]
    room_name: String,
    /// What others see; may be empty.
    #[schema(example = "Amanda")]
    participant_name: String,
    /// An object or a string; card numbers in it are masked.
    #[schema(value_type = Option<Object>)]
    metadata: Option<serde_json::Value>,
}

/// `POST /api/room/token {room_name, user_name, language?}`. Where calls are public, one who has no key gets a room of their
/// own, whatever they name. The agent that joins that room by itself will speak the language.
#[utoipa::path(
    post,
    path = "/api/room/token",
    tag = "tokens",
    summary = "A token for a caller",
    request_body = RoomTokenRequest,
    responses((status = 200, description = "A token for one room, and where to connect", body = RoomToken))
)]
pub(super) async fn of_room(
    who: Who,
    request: HttpRequest,
    payload: web::Payload,
    state: web::Data<State>,
) -> Result<HttpResponse, ApiError> {
    let fields = Fields::read(&request, payload).await?;
    let room = if who.is_trusted() { fields.name("room_name")? } else { unguessable_room() };
    let user_name = fields.display_name("user_name")?;
    if let Some(language) = fields.language()? {
        state.desk.expect(room.clone(), language).await;
    }
    let token = token::mint(&state.keys, &Claims { name: user_name.reveal().clone(), ..claims(anybody(), &room) });
    let url = public::signal_url(&state, &request);
    let answer = RoomToken { token, room_name: room.as_str(), url: &url, user_name: user_name.reveal() };
    Ok(HttpResponse::Ok().json(answer))
}

/// `POST /api/token {roomName, identity}`
#[utoipa::path(
    post,
    path = "/api/token",
    tag = "tokens",
    summary = "A token for a participant with an identity",
    request_body = IdentityTokenRequest,
    responses((status = 200, description = "A token for one room, and where to connect", body = Token))
)]
pub(super) async fn of_identity(
    request: HttpRequest,
    payload: web::Payload,
    state: web::Data<State>,
) -> Result<HttpResponse, ApiError> {
    let fields = Fields::read(&request, payload).await?;
    let (room, identity) = (fields.name("roomName")?, fields.name("identity")?);
    let token = token::mint(&state.keys, &claims(identity, &room));
    let url = public::signal_url(&state, &request);
    Ok(HttpResponse::Ok().json(Token { token, url: &url, server_url: &url, room_name: None }))
}

/// `POST /api/livekit-token {roomName, participantName, metadata}`
#[utoipa::path(
    post,
    path = "/api/livekit-token",
    tag = "tokens",
    summary = "A token for a participant with metadata",
    request_body = ParticipantTokenRequest,
    responses((status = 200, description = "A token for one room, and where to connect", body = Token))
)]
pub(super) async fn of_participant(
    request: HttpRequest,
    payload: web::Payload,
    state: web::Data<State>,
) -> Result<HttpResponse, ApiError> {
    let fields = Fields::read(&request, payload).await?;
    let room = fields.name::<RoomName>("roomName")?;
    let name = fields.display_name("participantName").map(Pii::into_inner)?;
    let metadata = fields.metadata("metadata")?;
    let token = token::mint(&state.keys, &Claims { name, metadata, ..claims(anybody(), &room) });
    if token.len() > token::MAX_BYTES {
        let most = token::MAX_BYTES / 1024;
        let problem =
            format!("makes the token longer than {most} KiB, more than an address can carry: send less of it");
        return Err(field("metadata", problem));
    }
    let url = public::signal_url(&state, &request);
    Ok(HttpResponse::Ok().json(Token { token, url: &url, server_url: &url, room_name: Some(room.as_str()) }))
}

pub(super) fn claims(identity: Identity, room: &RoomName) -> Claims {
    Claims::new(identity, room.clone(), SystemTime::now(), LIFETIME)
}

/// An identity that nobody else has: one participant's evicts another of the same.
pub(super) fn anybody() -> Identity {
    random_name("user-", 12).parse().expect("letters and digits are a name")
}

/// A room that nobody else finds: 116 bits.
pub(super) fn unguessable_room() -> RoomName {
    random_name("call-", 20).parse().expect("letters and digits are a name")
}
