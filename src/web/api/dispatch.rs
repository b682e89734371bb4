//! `POST /api/dispatch-agent`, in the two forms that front ends use: `{roomName}` and `{room_name, user_name, language}`.

use std::time::Duration;

use actix_web::{HttpRequest, HttpResponse, web};
use jiff::Timestamp;
use serde::Serialize;
use tokio::time::timeout;
use utoipa::ToSchema;

use super::body::{Fields, field};
use crate::{
    call::{
        Facts,
        desk::{Dispatch, Dispatched},
    },
    domain::RoomName,
    web::{State, error::ApiError},
};

/// An answer is promised within five seconds; the rest of a request takes far less than one.
pub(super) const PATIENCE: Duration = Duration::from_secs(4);
const BY_ITSELF: &str = "An agent joins this room by itself.";
const ON_ITS_WAY: &str = "The agent joins when the room is open.";

/// The answer to `{roomName}`.
#[derive(Serialize, ToSchema)]
struct Short {
    success: bool,
    message: String,
    note: &'static str,
}

/// The answer to `{room_name, …}`.
#[derive(Serialize, ToSchema)]
struct Long<'a> {
    success: bool,
    message: String,
    job_id: &'a str,
    room_name: &'a str,
    /// UTC, to the microsecond, without an offset.
    timestamp: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<&'static str>,
}

/// What is asked: `room_name` with all that follows, or `roomName` alone.
#[derive(ToSchema)]
#[expect(dead_code, reason = "for the API's document: the handler reads the fields one by one")]
struct DispatchRequest {
    #[schema(example = "support-1")]
    room_name: Option<String>,
    /// The other form, which takes nothing else.
    #[schema(rename = "roomName", example = "support-1")]
    short_room_name: Option<String>,
    /// Of the configuration; else the rules decide.
    #[schema(example = "default")]
    profile: Option<String>,
    /// What the agent shall speak: a code or a name; `auto` and nothing leave it to the profile.
    #[schema(example = "auto")]
    language: Option<String>,
    /// For a caller whose token has no name.
    #[schema(example = "Amanda")]
    user_name: Option<String>,
    /// What the agent shall know: an object or a string; card numbers in it are masked.
    #[schema(value_type = Option<Object>)]
    metadata: Option<serde_json::Value>,
}

#[utoipa::path(
    post,
    path = "/api/dispatch-agent",
    tag = "agents",
    summary = "Send an agent into a room",
    request_body = DispatchRequest,
    responses((status = 200, description = "An agent is there, or comes when the room is open", body = Long))
)]
pub(super) async fn dispatch(
    request: HttpRequest,
    payload: web::Payload,
    state: web::Data<State>,
) -> Result<HttpResponse, ApiError> {
    let fields = Fields::read(&request, payload).await?;
    let is_short = fields.has("roomName") && !fields.has("room_name");
    let room: RoomName = fields.name(if is_short { "roomName" } else { "room_name" })?;
    let wanted = Dispatch {
        room: room.clone(),
        profile: fields.text("profile")?.map(str::to_owned),
        language: fields.language()?,
        user_name: fields.display_name_if_any("user_name")?,
        facts: Facts::parse(&fields.metadata("metadata")?).map_err(|too_long| field("metadata", too_long))?,
    };
    let dispatched = timeout(PATIENCE, state.desk.dispatch(wanted)).await.map_err(|_| ApiError::Late)??;
    Ok(if is_short { short(&room, &dispatched) } else { long(&room, &dispatched, Timestamp::now()) })
}

fn short(room: &RoomName, dispatched: &Dispatched) -> HttpResponse {
    let note = if dispatched.joins_by_itself { BY_ITSELF } else { ON_ITS_WAY };
    HttpResponse::Ok().json(Short { success: true, message: message(room), note })
}

fn long(room: &RoomName, dispatched: &Dispatched, now: Timestamp) -> HttpResponse {
    HttpResponse::Ok().json(Long {
        success: true,
        message: message(room),
        job_id: &dispatched.job_id,
        room_name: room.as_str(),
        timestamp: now.strftime("%Y-%m-%dT%H:%M:%S%.6f").to_string(),
        note: dispatched.joins_by_itself.then_some(BY_ITSELF),
    })
}

fn message(room: &RoomName) -> String {
    format!("Agent dispatched to room '{room}'.")
}

#[cfg(test)]
mod tests {
    use actix_web::body::to_bytes;
    use serde_json::{Value, json};

    use super::*;

    fn shown(response: HttpResponse) -> Value {
        let body = actix_web::rt::System::new().block_on(to_bytes(response.into_body())).ok().unwrap();
        serde_json::from_slice(&body).unwrap()
    }

    #[test]
    fn answers_have_the_form_of_their_questions() {
        let room: RoomName = "call-7".parse().unwrap();
        let job = |joins_by_itself| Dispatched { job_id: "job-0a1b2c3d".to_owned(), joins_by_itself, language: None };
        let message = "Agent dispatched to room 'call-7'.";
        let note = |it: &str| json!({ "success": true, "message": message, "note": it });
        assert_eq!(shown(short(&room, &job(true))), note(BY_ITSELF));
        assert_eq!(shown(short(&room, &job(false))), note(ON_ITS_WAY));
        let now = "2025-11-09T19:50:30.1Z".parse().unwrap();
        let mut expected = json!({
            "success": true,
            "message": message,
            "job_id": "job-0a1b2c3d",
            "room_name": "call-7",
            "timestamp": "2025-11-09T19:50:30.100000",
        });
        assert_eq!(shown(long(&room, &job(false), now)), expected);
        expected["note"] = json!(BY_ITSELF);
        assert_eq!(shown(long(&room, &job(true), now)), expected);
    }
}
