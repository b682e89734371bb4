//! `POST /api/room/join {link}`: what the call page does with the link of somebody whom the desk calls.

use actix_web::{HttpRequest, HttpResponse, http::header, web};
use jiff::Timestamp;

use crate::{
    rooms::token::{self, Claims},
    store::bookings::{self, Link},
    web::{
        State,
        api::{
            body::Fields,
            tokens::{RoomToken, anybody, claims},
        },
        error::ApiError,
        public,
    },
};

/// A token for the room that the link is for. The link itself is the leave to ask; it may be used until it expires, for who
/// loses a call comes back.
#[utoipa::path(
    post, path = "/api/room/join", tag = "rooms", request_body = serde_json::Value,
    responses(
        (status = 200, description = "`token`, `room_name`, `url`, `user_name`"),
        (status = 404, description = "There is no such link, or it has expired"),
    )
)]
pub(super) async fn join(
    request: HttpRequest,
    payload: web::Payload,
    state: web::Data<State>,
) -> Result<HttpResponse, ApiError> {
    let fields = Fields::read(&request, payload).await?;
    let link = fields.text("link")?.ok_or_else(|| ApiError::field("link", "is missing"))?;
    let link = Link::parse(link).ok_or(ApiError::NoLink)?;
    let now = Timestamp::now();
    let found = state.store.read(move |connection| bookings::with_link(connection, &link, now)).await?;
    let booking = found.ok_or(ApiError::NoLink)?;
    let name = booking.caller_name.reveal();
    let token = token::mint(&state.keys, &Claims { name: name.clone(), ..claims(anybody(), &booking.room) });
    let url = public::signal_url(&state, &request);
    let answer = RoomToken { token, room_name: booking.room.as_str(), url: &url, user_name: name };
    Ok(HttpResponse::Ok().insert_header((header::CACHE_CONTROL, "no-store")).json(answer))
}
