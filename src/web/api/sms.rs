//! Text messages: written to leads and customers, listed, sent again, taken back; and what the service reports.

use actix_web::{
    HttpRequest, HttpResponse,
    http::header::{ETAG, LOCATION},
    web,
};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use url::form_urlencoded;
use utoipa::ToSchema;

use super::body::{self, Body};
use crate::{
    domain::{CustomerId, LeadId, Pii, SmsId},
    sms::BadReport,
    store::{
        api_keys::Scope,
        audit::Actor,
        sms_outbox::{self, CallbackSecret, Contact, Filter, NewSms, Sms, SmsRefusal, SmsState, SmsTransport},
        users::Role,
    },
    web::{
        State,
        access::Who,
        endpoint::{Access, Endpoint},
        error::ApiError,
        problem::Problem,
        public,
    },
};

/// Most characters in a message: as many as Twilio takes.
const LONGEST: usize = 1600;
/// Most bytes in a report; Twilio's have about 500.
const LONGEST_REPORT: usize = 16 * 1024;
const USUAL_PAGE: u32 = 50;
const LARGEST_PAGE: u32 = 200;
const READ: Access = Access::Staff(Role::Viewer, Scope::Read);
const WRITE: Access = Access::Staff(Role::Agent, Scope::Desk);

/// Everything about text messages.
pub(in crate::web) const ENDPOINTS: &[Endpoint] = &[
    Endpoint::post("/api/admin/leads/{id}/sms", WRITE, || web::route().to(to_lead)),
    Endpoint::post("/api/admin/customers/{id}/sms", WRITE, || web::route().to(to_customer)),
    Endpoint::get("/api/admin/sms", READ, || web::route().to(list)),
    Endpoint::get("/api/admin/sms/{id}", READ, || web::route().to(one)),
    Endpoint::delete("/api/admin/sms/{id}", WRITE, || web::route().to(cancel)),
    Endpoint::post("/api/admin/sms/{id}/retry", WRITE, || web::route().to(retry)),
    // The address itself holds a secret; Twilio signs besides.
    Endpoint::post("/api/sms/status/{token}", Access::Open, || web::route().to(status)),
];

/// A message to be written.
#[derive(Deserialize, ToSchema)]
pub(super) struct NewMessage {
    /// 1 to 1600 characters. Numbers that may be payment cards are masked.
    message: String,
}

/// What is going to happen with a message.
#[derive(Serialize, ToSchema)]
pub(super) struct Kept {
    /// Always true.
    success: bool,
    /// The message's id.
    id: String,
    /// `queued`, or `held` where no transport is set.
    #[schema(value_type = String)]
    state: SmsState,
    /// The same in one sentence.
    message: &'static str,
}

/// A text message.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Shown {
    /// `SM_` and 12 characters.
    id: String,
    /// The lead it is to, if it is to one.
    lead_id: Option<String>,
    /// The customer it is to, if it is to one.
    customer_id: Option<String>,
    /// E.164.
    phone: String,
    /// The text.
    message: String,
    /// `held`, `queued`, `sending`, `sent`, `delivered`, `failed`, `blocked` or `unknown`.
    #[schema(value_type = String)]
    state: SmsState,
    /// `outbox`, `twilio` or `webhook`.
    #[schema(value_type = String)]
    transport: SmsTransport,
    /// How often it was tried.
    attempts: u32,
    /// When it is tried next.
    due_at: Option<String>,
    /// What the service calls it.
    reference: Option<String>,
    /// Why it was not sent, or may not have been.
    problem: Option<String>,
    /// The name of whoever wrote it; empty: the agent or the system.
    author: String,
    /// When it was written.
    created_at: String,
    /// When its state changed last.
    updated_at: String,
    /// Counts changes.
    version: i64,
}

impl From<&Sms> for Shown {
    fn from(sms: &Sms) -> Self {
        let contact = sms.contact.as_ref();
        Self {
            id: sms.id.to_string(),
            lead_id: contact.and_then(Contact::lead).map(ToString::to_string),
            customer_id: contact.and_then(Contact::customer).map(ToString::to_string),
            phone: sms.phone.reveal().to_string(),
            message: sms.text.reveal().clone(),
            state: sms.state,
            transport: sms.transport,
            attempts: sms.attempts,
            due_at: sms.due_at.map(|at| at.to_string()),
            reference: sms.reference.clone(),
            problem: sms.problem.clone(),
            author: sms.author.clone(),
            created_at: sms.created_at.to_string(),
            updated_at: sms.updated_at.to_string(),
            version: sms.version,
        }
    }
}

/// A page of messages, the latest first.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Page {
    items: Vec<Shown>,
    /// To be given as `cursor` for the next page; null: there is none.
    next_cursor: Option<String>,
}

impl From<SmsRefusal> for ApiError {
    fn from(refusal: SmsRefusal) -> Self {
        match refusal {
            SmsRefusal::Missing => Self::NotFound("text message"),
            SmsRefusal::State(state) => Self::Conflict(format!("this message is {state}: that can no longer be done")),
            SmsRefusal::Store(error) => error.into(),
        }
    }
}

/// Writes to a lead.
#[utoipa::path(
    post, path = "/api/admin/leads/{id}/sms", tag = "Text messages", request_body = NewMessage,
    params(("id" = String, Path, description = "The lead")),
    responses(
        (status = 201, description = "It is kept, and sent if a transport is set", body = Kept),
        (status = 404, description = "There is no such lead", body = Problem),
        (status = 409, description = "There is no telephone number, or it is on the do-not-call list", body = Problem),
        (status = 422, description = "The message is empty or too long", body = Problem),
    ),
)]
pub(super) async fn to_lead(
    who: Who,
    request: HttpRequest,
    id: web::Path<String>,
    body: Body<NewMessage>,
    state: web::Data<State>,
) -> Result<HttpResponse, ApiError> {
    let id: LeadId = id.parse().map_err(|_| ApiError::NotFound("lead"))?;
    send(actor(&who, &request, &state), Contact::Lead(id), &body.0, &state).await
}

/// Writes to a customer.
#[utoipa::path(
    post, path = "/api/admin/customers/{id}/sms", tag = "Text messages", request_body = NewMessage,
    params(("id" = String, Path, description = "The customer")),
    responses(
        (status = 201, description = "It is kept, and sent if a transport is set", body = Kept),
        (status = 404, description = "There is no such customer", body = Problem),
        (status = 409, description = "There is no telephone number, or it is on the do-not-call list", body = Problem),
        (status = 422, description = "The message is empty or too long", body = Problem),
    ),
)]
pub(super) async fn to_customer(
    who: Who,
    request: HttpRequest,
    id: web::Path<String>,
    body: Body<NewMessage>,
    state: web::Data<State>,
) -> Result<HttpResponse, ApiError> {
    let id: CustomerId = id.parse().map_err(|_| ApiError::NotFound("customer"))?;
    send(actor(&who, &request, &state), Contact::Customer(id), &body.0, &state).await
}

async fn send(actor: Actor, contact: Contact, new: &NewMessage, state: &State) -> Result<HttpResponse, ApiError> {
    let text = text(&new.message)?;
    let transport = state.sms.transport();
    let kept = state.store.change(actor, Timestamp::now(), move |change| {
        let what = if contact.lead().is_some() { "lead" } else { "customer" };
        let phone = sms_outbox::phone_of(change.transaction, &contact)?.ok_or(ApiError::NotFound(what))?;
        let phone =
            phone.ok_or_else(|| ApiError::Conflict(format!("this {what} has no telephone number: give one first")))?;
        Ok::<_, ApiError>(sms_outbox::queue(change, &NewSms { contact: Some(contact), phone, text }, transport)?)
    });
    let sms = kept.await?;
    let message = match sms.state {
        SmsState::Blocked => return Err(on_the_list()),
        SmsState::Held => "The message is kept and was not sent: this server has no transport for text messages.",
        _ => "The message is about to be sent.",
    };
    state.sms.wake();
    let kept = Kept { success: true, id: sms.id.to_string(), state: sms.state, message };
    Ok(HttpResponse::Created()
        .insert_header((LOCATION, format!("/api/admin/sms/{}", sms.id)))
        .insert_header((ETAG, format!("\"{}\"", sms.version)))
        .json(kept))
}

/// Messages, the latest first.
#[utoipa::path(
    get, path = "/api/admin/sms", tag = "Text messages",
    params(
        ("state" = Option<String>, Query, description = "Only with this state"),
        ("leadId" = Option<String>, Query, description = "Only to this lead"),
        ("customerId" = Option<String>, Query, description = "Only to this customer"),
        ("limit" = Option<u32>, Query, description = "1 to 200, by default 50"),
        ("cursor" = Option<String>, Query, description = "The `nextCursor` of the page before"),
    ),
    responses(
        (status = 200, description = "A page", body = Page),
        (status = 422, description = "A filter is wrong", body = Problem),
    ),
)]
pub(super) async fn list(request: HttpRequest, state: web::Data<State>) -> Result<HttpResponse, ApiError> {
    let filter = filter(request.query_string())?;
    let wanted = filter.limit as usize;
    // One more tells whether there is a next page.
    let filter = Filter { limit: filter.limit + 1, ..filter };
    let mut messages = state.store.read(move |connection| sms_outbox::list(connection, &filter)).await?;
    let has_more = messages.len() > wanted;
    messages.truncate(wanted);
    let next_cursor = messages.last().filter(|_| has_more).map(cursor);
    Ok(HttpResponse::Ok().json(Page { items: messages.iter().map(Shown::from).collect(), next_cursor }))
}

/// One message.
#[utoipa::path(
    get, path = "/api/admin/sms/{id}", tag = "Text messages",
    params(("id" = String, Path, description = "The message")),
    responses(
        (status = 200, description = "The message", body = Shown),
        (status = 404, description = "There is no such message", body = Problem),
    ),
)]
pub(super) async fn one(id: web::Path<String>, state: web::Data<State>) -> Result<HttpResponse, ApiError> {
    let id = sms_id(&id)?;
    let sms = state.store.read(move |connection| sms_outbox::find(connection, &id)).await?;
    Ok(shown(&sms.ok_or(SmsRefusal::Missing)?))
}

/// Queues a message again that is held, has failed, or may have been sent.
#[utoipa::path(
    post, path = "/api/admin/sms/{id}/retry", tag = "Text messages",
    params(("id" = String, Path, description = "The message")),
    responses(
        (status = 200, description = "It is queued", body = Shown),
        (status = 404, description = "There is no such message", body = Problem),
        (status = 409, description = "No transport is set, its state is another, or its number is on the do-not-call list", body = Problem),
    ),
)]
pub(super) async fn retry(
    who: Who,
    request: HttpRequest,
    id: web::Path<String>,
    state: web::Data<State>,
) -> Result<HttpResponse, ApiError> {
    let (id, transport) = (sms_id(&id)?, state.sms.transport());
    if transport == SmsTransport::Outbox {
        return Err(ApiError::Conflict("this server has no transport for text messages: set sms.transport".to_owned()));
    }
    let actor = actor(&who, &request, &state);
    let queued = state.store.change(actor, Timestamp::now(), move |change| sms_outbox::retry(change, &id, transport));
    let sms = queued.await?;
    if sms.state == SmsState::Blocked {
        return Err(on_the_list());
    }
    state.sms.wake();
    Ok(shown(&sms))
}

/// Takes back a message that was not sent.
#[utoipa::path(
    delete, path = "/api/admin/sms/{id}", tag = "Text messages",
    params(("id" = String, Path, description = "The message")),
    responses(
        (status = 204, description = "It is gone"),
        (status = 404, description = "There is no such message", body = Problem),
        (status = 409, description = "It is neither held nor queued", body = Problem),
    ),
)]
pub(super) async fn cancel(
    who: Who,
    request: HttpRequest,
    id: web::Path<String>,
    state: web::Data<State>,
) -> Result<HttpResponse, ApiError> {
    let id = sms_id(&id)?;
    let actor = actor(&who, &request, &state);
    state.store.change(actor, Timestamp::now(), move |change| sms_outbox::cancel(change, &id)).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// What the service reports: Twilio's form, or a webhook's `{"status"}`.
#[utoipa::path(
    post, path = "/api/sms/status/{token}", tag = "Text messages",
    params(("token" = String, Path, description = "As the service was told it")),
    responses(
        (status = 204, description = "Heard"),
        (status = 400, description = "It cannot be read", body = Problem),
        (status = 403, description = "The signature is not right", body = Problem),
        (status = 404, description = "No report is expected at this address", body = Problem),
    ),
)]
pub(super) async fn status(
    request: HttpRequest,
    token: web::Path<String>,
    payload: web::Payload,
    state: web::Data<State>,
) -> Result<HttpResponse, ApiError> {
    let secret = CallbackSecret::parse(&token).ok_or(BadReport::Unexpected)?;
    let wanted = secret.clone();
    // Reading first keeps strangers away from the one thread that writes.
    let sms = state.store.read(move |connection| sms_outbox::with_callback(connection, &wanted)).await?;
    let sms = sms.ok_or(BadReport::Unexpected)?;
    let body = body::bytes(payload, LONGEST_REPORT).await?;
    let signature = request.headers().get("x-twilio-signature").and_then(|value| value.to_str().ok());
    if let Some(report) = state.sms.read_report(&secret, signature, &body)? {
        let (now, delivery) = (Timestamp::now(), report.delivery);
        let noted = state.store.write(move |it| sms_outbox::report(it, &secret, &report, now)).await?;
        tracing::info!(sms.id = %sms.id, sms.reported = ?delivery, sms.is_new = noted);
    }
    Ok(HttpResponse::NoContent().finish())
}

impl From<BadReport> for ApiError {
    fn from(bad: BadReport) -> Self {
        match bad {
            BadReport::Unexpected => Self::NotFound("text message"),
            BadReport::Signature => Self::Signature,
            BadReport::Unreadable => Self::Broken,
        }
    }
}

fn actor(who: &Who, request: &HttpRequest, state: &State) -> Actor {
    who.actor(public::client(state, request))
}

fn sms_id(text: &str) -> Result<SmsId, ApiError> {
    text.parse().map_err(|_| SmsRefusal::Missing.into())
}

fn shown(sms: &Sms) -> HttpResponse {
    HttpResponse::Ok().insert_header((ETAG, format!("\"{}\"", sms.version))).json(Shown::from(sms))
}

fn on_the_list() -> ApiError {
    ApiError::Conflict("this number is on the do-not-call list: nothing is sent to it".to_owned())
}

/// A message as it may be sent.
fn text(message: &str) -> Result<Pii<String>, ApiError> {
    let text = message.trim();
    let wrong = |problem: String| Err(ApiError::field("message", problem));
    match text.chars().count() {
        0 => wrong("is empty".to_owned()),
        1..=LONGEST if text.chars().any(|c| c.is_control() && !c.is_whitespace()) => {
            wrong("has control characters in it".to_owned())
        }
        1..=LONGEST => Ok(Pii::new(text.to_owned())),
        count => wrong(format!("has {count} characters, {LONGEST} at most")),
    }
}

fn filter(query: &str) -> Result<Filter, ApiError> {
    let mut filter = Filter { limit: USUAL_PAGE, ..Filter::default() };
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        match name.as_ref() {
            "state" => {
                let states: Vec<_> = SmsState::ALL.iter().map(|state| state.as_str()).collect();
                let unknown = |_| ApiError::field("state", format!("must be one of {}", states.join(", ")));
                filter.state = Some(value.parse().map_err(unknown)?);
            }
            "leadId" => {
                filter.contact = Some(Contact::Lead(value.parse().map_err(|bad| ApiError::field("leadId", bad))?));
            }
            "customerId" => {
                let id = value.parse().map_err(|bad| ApiError::field("customerId", bad))?;
                filter.contact = Some(Contact::Customer(id));
            }
            "limit" => {
                let limit = value.parse().ok().filter(|limit| (1..=LARGEST_PAGE).contains(limit));
                let wrong = || ApiError::field("limit", format!("must be a number from 1 to {LARGEST_PAGE}"));
                filter.limit = limit.ok_or_else(wrong)?;
            }
            "cursor" => {
                filter.after = Some(place(&value).ok_or_else(|| ApiError::field("cursor", "is not one of ours"))?)
            }
            _ => {}
        }
    }
    Ok(filter)
}

/// Where a page ends.
fn cursor(last: &Sms) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(format!("{} {}", last.created_at.as_millisecond(), last.id))
}

fn place(cursor: &str) -> Option<(Timestamp, SmsId)> {
    let text = String::from_utf8(BASE64_URL_SAFE_NO_PAD.decode(cursor).ok()?).ok()?;
    let (at, id) = text.split_once(' ')?;
    Some((Timestamp::from_millisecond(at.parse().ok()?).ok()?, id.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_has_something_to_say_and_an_end() {
        let most = "س".repeat(LONGEST);
        for (message, expected) in [
            ("  hello\nworld\t", Ok("hello\nworld")),
            ("مرحبا 👋", Ok("مرحبا 👋")),
            (most.as_str(), Ok(most.as_str())),
            (&format!(" {most} "), Ok(&most)),
            ("", Err("message is empty")),
            (" \n", Err("message is empty")),
            (&format!("{most}!"), Err("message has 1601 characters, 1600 at most")),
            ("a\u{0}b", Err("message has control characters in it")),
        ] {
            let read = text(message).map(Pii::into_inner).map_err(|error| error.to_string());
            assert_eq!(read.as_deref(), expected.map_err(str::to_owned).as_ref().map(|it| *it), "{message}");
        }
    }

    #[test]
    fn filters_are_read_or_refused_by_name() {
        let id = SmsId::random();
        let at = Timestamp::from_millisecond(1_763_712_000_123).unwrap();
        let cursor = BASE64_URL_SAFE_NO_PAD.encode(format!("{} {id}", at.as_millisecond()));
        let read = filter(&format!("state=unknown&limit=200&leadId=LE_23456789ABCD&cursor={cursor}&other=1")).unwrap();
        assert_eq!((read.state, read.limit, read.after), (Some(SmsState::Unknown), 200, Some((at, id))));
        assert_eq!(read.contact, Some(Contact::Lead("LE_23456789ABCD".parse().unwrap())));
        assert_eq!(filter("").unwrap().limit, USUAL_PAGE);
        for (query, field) in [
            ("state=lost", "state"),
            ("leadId=1", "leadId"),
            ("customerId=LE_23456789ABCD", "customerId"),
            ("limit=0", "limit"),
            ("limit=201", "limit"),
            ("cursor=%00", "cursor"),
            ("cursor=MQ", "cursor"),
        ] {
            assert!(filter(query).unwrap_err().to_string().starts_with(field), "{query}");
        }
    }
}
