//! Text messages: `…/{id}/sms` of leads and customers, and `/api/admin/sms`.

use actix_web::{HttpResponse, web};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, OpenApi, ToSchema};

use super::{
    entity::{self, By, IfMatch},
    input::{self, Checks, Given},
    leads::lead_id,
    list::{self, List, Paging, Params, filtered},
};
use crate::{
    domain::{Pii, SmsId},
    store::{
        audit::Actor,
        communications::Whose,
        sms_outbox::{self, Sms, SmsState, SmsTransport, Wanted},
    },
    web::{
        State,
        api::body::Body,
        endpoint::{Access, Endpoint},
        error::ApiError,
    },
};

/// Most characters in a message: as many as Twilio takes.
const LONGEST: usize = 1600;

pub(super) const ENDPOINTS: &[Endpoint] = &[
    Endpoint::post("/api/admin/leads/{id}/sms", Access::WORK, || web::route().to(to_lead)).idempotent(),
    Endpoint::post("/api/admin/customers/{id}/sms", Access::WORK, || web::route().to(to_customer)).idempotent(),
    Endpoint::get("/api/admin/sms", Access::READ, || web::route().to(list)),
    Endpoint::get("/api/admin/sms/{id}", Access::READ, || web::route().to(find)),
    Endpoint::delete("/api/admin/sms/{id}", Access::WORK, || web::route().to(cancel)),
    Endpoint::post("/api/admin/sms/{id}/retry", Access::WORK, || web::route().to(retry)).idempotent(),
];

/// What the API's document says of them.
#[derive(OpenApi)]
#[openapi(paths(to_lead, to_customer, list, find, cancel, retry))]
pub(super) struct Described;

/// A message as it is given.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(default)]
pub(in crate::web) struct SmsInput {
    /// 1 to 1600 characters. Numbers that may be payment cards are masked.
    #[schema(value_type = String)]
    message: Given,
}

/// What is going to happen with a message.
#[derive(Serialize, ToSchema)]
struct SmsKept {
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

/// Which messages.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase")]
pub(in crate::web) struct SmsFilter {
    /// Only with this state: `held`, `queued`, `sending`, `sent`, `delivered`, `failed`, `blocked` or `unknown`.
    pub(in crate::web) state: Option<String>,
    /// Only to this lead.
    pub(in crate::web) lead_id: Option<String>,
    /// Only to this customer.
    pub(in crate::web) customer_id: Option<String>,
}

impl SmsFilter {
    pub(in crate::web) fn check(&self) -> Result<Wanted, ApiError> {
        Ok(Wanted {
            state: filtered("state", &self.state, |text| input::word(text, SmsState::ALL))?,
            lead: filtered("leadId", &self.lead_id, input::id)?,
            customer: filtered("customerId", &self.customer_id, input::id)?,
        })
    }
}

/// Writes a text message to a lead.
#[utoipa::path(
    post, path = "/api/admin/leads/{id}/sms", tag = "text messages", params(("id" = String, Path)),
    request_body = SmsInput,
    responses(
        (status = 201, description = "It is kept, and sent if a transport is set", body = SmsKept),
        (status = 404, description = "There is no such lead"),
        (status = 409, description = "There is no telephone number, or it is on the do-not-call list"),
        (status = 422, description = "The message is missing or too long"),
    )
)]
async fn to_lead(
    by: By,
    id: web::Path<String>,
    body: Body<SmsInput>,
    state: web::Data<State>,
) -> Result<HttpResponse, ApiError> {
    let sms = send(&state, by.0, Whose::Lead(lead_id(&id)?), body.0).await?;
    Ok(answer_kept(&sms))
}

/// Writes a text message to a customer.
#[utoipa::path(
    post, path = "/api/admin/customers/{id}/sms", tag = "text messages", params(("id" = String, Path)),
    request_body = SmsInput,
    responses(
        (status = 201, description = "It is kept, and sent if a transport is set", body = SmsKept),
        (status = 404, description = "There is no such customer"),
        (status = 409, description = "There is no telephone number, or it is on the do-not-call list"),
        (status = 422, description = "The message is missing or too long"),
    )
)]
async fn to_customer(
    by: By,
    id: web::Path<String>,
    body: Body<SmsInput>,
    state: web::Data<State>,
) -> Result<HttpResponse, ApiError> {
    let sms = send(&state, by.0, Whose::Customer(id.into_inner()), body.0).await?;
    Ok(answer_kept(&sms))
}

fn answer_kept(sms: &Sms) -> HttpResponse {
    let message = match sms.state {
        SmsState::Held => "The message is kept and was not sent: this server has no transport for text messages.",
        _ => "The message is about to be sent.",
    };
    let kept = SmsKept { success: true, id: sms.id.to_string(), state: sms.state, message };
    entity::made(format!("/api/admin/sms/{}", sms.id), sms.version, &kept)
}

/// Writes to a lead or a customer.
///
/// # Errors
/// When there is nobody of that name, no number or one that is on the do-not-call list, or the text is wrong.
pub(in crate::web) async fn send(state: &State, by: Actor, to: Whose, input: SmsInput) -> Result<Sms, ApiError> {
    let mut checks = Checks::default();
    let text = checks.required("message", input.message, message);
    let Some(text) = text else { return Err(ApiError::Fields(checks.problems())) };
    let transport = state.sms.transport();
    let kept = state.store.change(by, Timestamp::now(), move |change| sms_outbox::write(change, &to, text, transport));
    on_its_way(state, kept.await?)
}

/// Text messages, the latest first. `sort`: `createdAt`.
#[utoipa::path(
    get, path = "/api/admin/sms", tag = "text messages", params(Paging, SmsFilter),
    responses((status = 200, description = "A page of messages", body = List<Sms>))
)]
async fn list(paging: Paging, filter: Params<SmsFilter>, state: web::Data<State>) -> Result<HttpResponse, ApiError> {
    list::answer(&state, &sms_outbox::TABLE, &paging, filter.0.check()?.filter(), sms_outbox::page).await
}

/// A text message.
#[utoipa::path(
    get, path = "/api/admin/sms/{id}", tag = "text messages", params(("id" = String, Path)),
    responses((status = 200, description = "The message", body = Sms), (status = 404, description = "There is none"))
)]
async fn find(id: web::Path<String>, state: web::Data<State>) -> Result<HttpResponse, ApiError> {
    let id = sms_id(&id)?;
    let sms = state.store.read(move |connection| sms_outbox::find(connection, &id)).await?;
    let sms = sms.ok_or(ApiError::NotFound(sms_outbox::NAME))?;
    Ok(entity::found(sms.version, &sms))
}

/// Queues a message again that is held, has failed, or may have been sent.
#[utoipa::path(
    post, path = "/api/admin/sms/{id}/retry", tag = "text messages", params(("id" = String, Path)),
    responses(
        (status = 200, description = "It is queued", body = Sms),
        (status = 404, description = "There is none"),
        (status = 409, description = "No transport is set, its state is another, or its number is on the do-not-call list"),
        (status = 412, description = "It has changed since it was read"),
    )
)]
async fn retry(
    by: By,
    id: web::Path<String>,
    expected: IfMatch,
    state: web::Data<State>,
) -> Result<HttpResponse, ApiError> {
    let sms = queue_again(&state, by.0, &id, expected.0).await?;
    Ok(entity::found(sms.version, &sms))
}

/// Queues a message again.
///
/// # Errors
/// As the address that does it.
pub(in crate::web) async fn queue_again(
    state: &State,
    by: Actor,
    id: &str,
    expected: Option<i64>,
) -> Result<Sms, ApiError> {
    let (id, transport) = (sms_id(id)?, state.sms.transport());
    if transport == SmsTransport::Outbox {
        let advice = "this server has no transport for text messages: set sms.transport";
        return Err(ApiError::Conflict(advice.to_owned()));
    }
    let queued =
        state.store.change(by, Timestamp::now(), move |change| sms_outbox::retry(change, &id, expected, transport));
    on_its_way(state, queued.await?)
}

/// Has a message sent that was kept, unless it must not be.
fn on_its_way(state: &State, sms: Sms) -> Result<Sms, ApiError> {
    if sms.state == SmsState::Blocked {
        return Err(ApiError::Conflict("this number is on the do-not-call list: nothing is sent to it".to_owned()));
    }
    state.sms.wake();
    Ok(sms)
}

/// Takes back a message that was not sent.
#[utoipa::path(
    delete, path = "/api/admin/sms/{id}", tag = "text messages", params(("id" = String, Path)),
    responses(
        (status = 204, description = "It is no more"),
        (status = 404, description = "There is none"),
        (status = 409, description = "It is neither held nor queued"),
        (status = 412, description = "It has changed since it was read"),
    )
)]
async fn cancel(
    by: By,
    id: web::Path<String>,
    expected: IfMatch,
    state: web::Data<State>,
) -> Result<HttpResponse, ApiError> {
    take_back(&state, by.0, &id, expected.0).await?;
    Ok(entity::gone())
}

/// Takes back a message.
///
/// # Errors
/// As the address that does it.
pub(in crate::web) async fn take_back(
    state: &State,
    by: Actor,
    id: &str,
    expected: Option<i64>,
) -> Result<(), ApiError> {
    let id = sms_id(id)?;
    Ok(state.store.change(by, Timestamp::now(), move |change| sms_outbox::cancel(change, &id, expected)).await?)
}

fn sms_id(text: &str) -> Result<SmsId, ApiError> {
    text.parse().map_err(|_| ApiError::NotFound(sms_outbox::NAME))
}

fn message(text: &str) -> Result<Pii<String>, String> {
    match text.chars().count() {
        0..=LONGEST => input::personal_text(text),
        count => Err(format!("has {count} characters, {LONGEST} at most")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_has_an_end() {
        let most = "س".repeat(LONGEST);
        for (text, expected) in [
            ("hello\nworld", Ok("hello\nworld")),
            ("مرحبا 👋", Ok("مرحبا 👋")),
            (most.as_str(), Ok(most.as_str())),
            (&format!("{most}!"), Err("has 1601 characters, 1600 at most")),
            ("a\u{0}b", Err("has control characters in it")),
        ] {
            let read = message(text).map(Pii::into_inner);
            assert_eq!(read.as_deref().map_err(String::as_str), expected, "{text}");
        }
    }

    #[test]
    fn filters_are_refused_by_name() {
        let filter = |query: &str| web::Query::<SmsFilter>::from_query(query).unwrap().check();
        let wanted = filter("state=unknown&leadId=LE_23456789ABCD&other=1").unwrap();
        assert_eq!((wanted.state, wanted.lead), (Some(SmsState::Unknown), "LE_23456789ABCD".parse().ok()));
        for (query, field) in
            [("state=lost", "state"), ("leadId=1", "leadId"), ("customerId=LE_23456789ABCD", "customerId")]
        {
            assert!(filter(query).unwrap_err().to_string().starts_with(field), "{query}");
        }
    }
}
