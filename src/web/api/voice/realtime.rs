//! `POST /api/voice/realtime`: a room for somebody who wants to talk now, with an agent who knows what the desk knows. When
//! no agent is free, a conversation in writing is begun instead.

use std::time::Duration;

use actix_web::{HttpRequest, HttpResponse, web};
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    KNOWS,
    booking::{self, Known, Wanted, Way},
    conversation::owner,
};
use crate::{
    call::{bookings, written::Opening},
    domain::{RoomName, ids::random_name},
    store::{bookings::Booking, calls::Direction, communications::Whose},
    web::{
        State,
        access::{self, Who},
        api::{body::Fields, entity::By},
        error::ApiError,
    },
};

/// A room that is made to be entered now; whoever loses the connection may come back with the same token for an hour.
const LASTS: Duration = Duration::from_secs(2 * 60 * 60);

#[derive(Serialize, ToSchema)]
pub(super) struct Answer {
    #[serde(flatten)]
    way: Way,
    /// The conversation in writing that was begun because no agent is free.
    #[serde(rename = "conversationId", skip_serializing_if = "Option::is_none")]
    conversation_id: Option<String>,
}

/// Makes a room for somebody who wants to talk to the agent now. Fields: `leadId`, `customerId` (ours or the desk's own),
/// `scriptId`, `context`, `userName`, `language`; all may be left out. The first three need the scope `desk`.
#[utoipa::path(
    post, path = "/api/voice/realtime", tag = "voice", request_body = serde_json::Value,
    responses(
        (status = 200, description = "The way in; `agent_available` says whether an agent comes", body = Answer),
        (status = 403, description = "The key may not have the agent know leads, customers or scripts"),
        (status = 404, description = "There is no such lead or customer"),
        (status = 422, description = "A field is wrong"),
    )
)]
pub(super) async fn realtime(
    who: Who,
    by: By,
    request: HttpRequest,
    payload: web::Payload,
    state: web::Data<State>,
) -> Result<HttpResponse, ApiError> {
    let fields = Fields::read_if_any(&request, payload).await?;
    let (wanted, whose) = (Wanted::read(&fields)?, whose(&fields)?);
    if whose.is_some() || wanted.script.is_some() {
        access::may(&who, KNOWS)?;
    }
    let now = Timestamp::now();
    let room: RoomName = random_name(&format!("voice-support-{}-", now.as_millisecond()), 12)
        .parse()
        .expect("letters and digits are a name");
    let kept = state.store.change(by.0, now, move |change| {
        let known = whose.map(|whose| Known::find(change, &whose)).transpose()?;
        booking::keep(change, &room, &wanted, known.as_ref(), Direction::Inbound, now + LASTS, None)
    });
    let booking = kept.await?;
    let sent = booking::send_agent(&state, &booking).await;
    let conversation_id = if sent.is_ok() { None } else { Some(in_writing(&state, &who, &booking).await?) };
    Ok(HttpResponse::Ok().json(Answer { way: Way::into_room(&state, &request, &booking, &sent), conversation_id }))
}

fn whose(fields: &Fields) -> Result<Option<Whose>, ApiError> {
    let lead = fields.text("leadId")?.filter(|id| !id.is_empty());
    let customer = fields.text_or_number("customerId")?.filter(|id| !id.is_empty());
    match (lead, customer) {
        (Some(_), Some(_)) => Err(ApiError::field("customerId", "stands beside leadId: give one of them")),
        (Some(id), None) => id.parse().map(|id| Some(Whose::Lead(id))).map_err(|_| ApiError::NotFound("lead")),
        (None, customer) => Ok(customer.map(|name| Whose::Customer(name.into_owned()))),
    }
}

/// Begins a conversation in which the agent knows what it would have known in the room.
async fn in_writing(state: &State, who: &Who, booking: &Booking) -> Result<String, ApiError> {
    let known = bookings::Known::of_room(&state.store, &booking.room, Timestamp::now()).await?;
    let opening = Opening { known, language: booking.language, ..Opening::default() };
    let id = state.written.begin(owner(who), opening).await?;
    Ok(id.to_string())
}
