//! `POST /api/admin/leads/{id}/call` and the same for customers: a room for somebody that the desk calls, an agent in it, and
//! a link by which that person gets in.

use std::time::Duration;

use actix_web::{HttpRequest, HttpResponse, http::header, web};
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use super::booking::{self, Known, Wanted, Way};
use crate::{
    call::{bookings::CUSTOMER_ROOM, desk::Dispatched},
    domain::{Language, RoomName},
    store::{
        Change,
        audit::Actor,
        bookings::{Booking, Link},
        calls::Direction,
        communications::{self, Communication, Whose},
    },
    web::{
        State,
        api::{body::Fields, entity::By, tokens::unguessable_room},
        error::ApiError,
        pages::CALL_PATH,
        public,
    },
};

/// How long the link lets the person in.
const LASTS: Duration = Duration::from_secs(24 * 60 * 60);

#[derive(Serialize, ToSchema)]
pub(super) struct Answer {
    #[serde(flatten)]
    way: Way,
    /// For the person who is called: opens the call page. Good for a day.
    #[serde(rename = "joinUrl")]
    join_url: String,
    #[serde(rename = "expiresAt")]
    expires_at: String,
}

/// Calls a lead: makes a room with an agent, and a link for the lead. Fields: `mode` (`browser`), `scriptId`, `context`,
/// `userName`, `language`; all may be left out, and so may the body.
#[utoipa::path(
    post, path = "/api/admin/leads/{id}/call", tag = "leads", params(("id" = String, Path)),
    request_body = serde_json::Value,
    responses(
        (status = 200, description = "The room, and the link", body = Answer),
        (status = 404, description = "There is no such lead"),
        (status = 409, description = "The number is on the do-not-call list, or there is no telephone line"),
    )
)]
pub(super) async fn call_lead(
    by: By,
    id: web::Path<String>,
    request: HttpRequest,
    payload: web::Payload,
    state: web::Data<State>,
) -> Result<HttpResponse, ApiError> {
    let whose = Whose::Lead(id.parse().map_err(|_| ApiError::NotFound("lead"))?);
    call(&state, by, &request, payload, whose).await
}

/// Calls a customer, in the room `call-{userId}`. As with leads.
#[utoipa::path(
    post, path = "/api/admin/customers/{id}/call", tag = "customers", params(("id" = String, Path)),
    request_body = serde_json::Value,
    responses(
        (status = 200, description = "The room, and the link", body = Answer),
        (status = 404, description = "There is no such customer"),
        (status = 409, description = "The number is on the do-not-call list, or there is no telephone line"),
    )
)]
pub(super) async fn call_customer(
    by: By,
    id: web::Path<String>,
    request: HttpRequest,
    payload: web::Payload,
    state: web::Data<State>,
) -> Result<HttpResponse, ApiError> {
    call(&state, by, &request, payload, Whose::Customer(id.into_inner())).await
}

async fn call(
    state: &State,
    by: By,
    request: &HttpRequest,
    payload: web::Payload,
    whose: Whose,
) -> Result<HttpResponse, ApiError> {
    let fields = Fields::read_if_any(request, payload).await?;
    check_mode(&fields)?;
    let Invitation { booking, sent, join_url, expires_at } =
        invite_as(state, by.0, request, &whose, Wanted::read(&fields)?).await?;
    let answer = Answer {
        way: Way::into_room(state, request, &booking, &sent),
        join_url,
        expires_at: expires_at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
    };
    Ok(HttpResponse::Ok().insert_header((header::CACHE_CONTROL, "no-store")).json(answer))
}

/// A room that was made for somebody.
pub(in crate::web) struct Invitation {
    booking: Booking,
    /// Whether an agent comes, or why not, in one sentence.
    pub(in crate::web) sent: Result<Dispatched, String>,
    /// For the person who is called: opens the call page.
    pub(in crate::web) join_url: String,
    /// So long the link is good.
    pub(in crate::web) expires_at: Timestamp,
}

/// Makes a room for a lead or a customer as the desk knows them, and sends an agent there.
///
/// # Errors
/// When there is nobody of that name, or they must not be called.
pub(in crate::web) async fn invite(
    state: &State,
    by: Actor,
    request: &HttpRequest,
    whose: &Whose,
) -> Result<Invitation, ApiError> {
    invite_as(state, by, request, whose, Wanted::default()).await
}

async fn invite_as(
    state: &State,
    by: Actor,
    request: &HttpRequest,
    whose: &Whose,
    wanted: Wanted,
) -> Result<Invitation, ApiError> {
    let (now, link, whose) = (Timestamp::now(), Link::random(), whose.clone());
    let (expires_at, secret) = (now + LASTS, link.clone());
    let kept = state.store.change(by, now, move |change| {
        let known = Known::find(change, &whose)?;
        keep(change, &wanted, &known, expires_at, &secret)
    });
    let booking = kept.await?;
    let sent = booking::send_agent(state, &booking).await;
    let language = booking.language.or(sent.as_ref().ok().and_then(|dispatched| dispatched.language));
    let join_url = join_url(state, request, language, &link);
    Ok(Invitation { booking, sent, join_url, expires_at })
}

fn check_mode(fields: &Fields) -> Result<(), ApiError> {
    match fields.text("mode")? {
        None | Some("" | "browser") => Ok(()),
        Some("phone") => Err(ApiError::Conflict(
            "no telephone line is configured: leave mode out, and send the link of the answer to whom you call"
                .to_owned(),
        )),
        Some(_) => Err(ApiError::field("mode", "is unknown: give one of browser, phone")),
    }
}

/// The booking, and what the desk's records say of it.
fn keep(
    change: &Change<'_>,
    wanted: &Wanted,
    known: &Known,
    expires_at: Timestamp,
    link: &Link,
) -> Result<Booking, ApiError> {
    if known.do_not_call {
        return Err(ApiError::Conflict(
            "this lead or customer is on the do-not-call list: nobody may call them".to_owned(),
        ));
    }
    let room = match &known.user_id {
        Some(user_id) => room_of(user_id)?,
        None => unguessable_room(),
    };
    let booking = booking::keep(change, &room, wanted, Some(known), Direction::Outbound, expires_at, Some(link))?;
    let invitation = Communication::invitation(&change.actor.name, change.now);
    communications::add(change.transaction, &known.party, &invitation)?;
    Ok(booking)
}

fn room_of(user_id: &str) -> Result<RoomName, ApiError> {
    format!("{CUSTOMER_ROOM}{user_id}").parse().map_err(|bad| {
        ApiError::Conflict(format!("the userId cannot be in a room's name, which {bad}: give the customer another one"))
    })
}

/// The page is in what will be spoken: the person's own language, else the agent's; where that is open, the browser's. The link
/// stands behind `#`: it is not sent to any server but by the page itself, and so stands in no log.
fn join_url(state: &State, request: &HttpRequest, language: Option<Language>, link: &Link) -> String {
    let language = language.map(|language| format!("?lang={}", language.code())).unwrap_or_default();
    format!("{}{CALL_PATH}{language}#join={}", public::origin(state, request), link.reveal())
}
