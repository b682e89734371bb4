//! `/api/admin/promises`: promises to pay.

use actix_web::{HttpResponse, web};
use jiff::{Timestamp, civil::Date};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, OpenApi, ToSchema};

use super::{
    entity::{self, By, IfMatch},
    input::{self, Checks, Given},
    list::{self, List, Paging, Params, filtered},
};
use crate::{
    domain::{CallId, PromiseId},
    store::{
        Change,
        audit::Actor,
        calls,
        communications::Contact,
        list::Filter,
        promises::{self, Promise, State as PromiseState, Terms, Wanted},
    },
    web::{
        State,
        api::body::Body,
        endpoint::{Access, Endpoint},
        error::ApiError,
    },
};

pub(super) const ENDPOINTS: &[Endpoint] = &[
    Endpoint::get("/api/admin/promises", Access::READ, || web::route().to(list)),
    Endpoint::post("/api/admin/promises", Access::WORK, || web::route().to(create)),
    Endpoint::get("/api/admin/promises/{id}", Access::READ, || web::route().to(find)),
    Endpoint::patch("/api/admin/promises/{id}", Access::WORK, || web::route().to(update)),
    Endpoint::delete("/api/admin/promises/{id}", Access::LEAD, || web::route().to(delete)),
];

/// What the API's document says of them.
#[derive(OpenApi)]
#[openapi(paths(list, create, find, update, delete))]
pub(super) struct Described;

/// A promise as it is given. Of `leadId` and `customerId`, one; neither can be changed later, nor can `callId`.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", default)]
pub(in crate::web) struct PromiseInput {
    #[serde(flatten)]
    about: About,
    #[schema(value_type = f64)]
    amount: Given,
    #[schema(value_type = String, format = Date)]
    due_on: Given,
    /// `open` (usual), `kept` or `broken`.
    #[schema(value_type = Option<String>)]
    state: Given,
    #[schema(value_type = Option<String>)]
    note: Given,
}

/// Whom something is about, and the call in which it was said.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", default)]
#[schema(as = WhomAndWhere)]
pub(super) struct About {
    #[schema(value_type = Option<String>)]
    lead_id: Given,
    #[schema(value_type = Option<String>)]
    customer_id: Given,
    #[schema(value_type = Option<String>)]
    call_id: Given,
}

impl About {
    /// Whom, if that is said as it must be, and the call.
    pub(super) fn check(self, checks: &mut Checks) -> (Option<Contact>, Option<CallId>) {
        let call = checks.optional("callId", self.call_id, input::id).flatten();
        let lead = checks.optional("leadId", self.lead_id, input::id);
        let customer = checks.optional("customerId", self.customer_id, input::id);
        let contact = match (lead.flatten(), customer.flatten()) {
            (Some(lead), None) => Some(Contact::Lead(lead)),
            (None, Some(customer)) => Some(Contact::Customer(customer)),
            (None, None) => None,
            (Some(_), Some(_)) => {
                checks.wrong("customerId", "must not be given beside leadId");
                None
            }
        };
        (contact, call)
    }
}

/// Holds that what something is about is there.
pub(super) fn exist(change: &Change<'_>, contact: &Contact, call: Option<&CallId>) -> Result<(), ApiError> {
    if !contact.exists(change.transaction)? {
        let field = if contact.lead().is_some() { "leadId" } else { "customerId" };
        return Err(ApiError::field(field, "is not known"));
    }
    match call.map(|call| calls::find(change.transaction, call)).transpose()? {
        Some(None) => Err(ApiError::field("callId", "is not known")),
        Some(Some(_)) | None => Ok(()),
    }
}

/// Which promises.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub(in crate::web) struct PromiseFilter {
    /// Only in this state: `open`, `kept` or `broken`.
    pub(in crate::web) state: Option<String>,
    /// Only those due on this day or before.
    pub(in crate::web) due_until: Option<String>,
    /// Only of this lead.
    pub(in crate::web) lead_id: Option<String>,
    /// Only of this customer.
    pub(in crate::web) customer_id: Option<String>,
}

impl PromiseFilter {
    pub(in crate::web) fn check(&self) -> Result<Filter, ApiError> {
        let wanted = Wanted {
            state: filtered("state", &self.state, state)?,
            due_until: filtered("dueUntil", &self.due_until, day)?,
            lead: filtered("leadId", &self.lead_id, input::id)?,
            customer: filtered("customerId", &self.customer_id, input::id)?,
        };
        Ok(wanted.filter())
    }
}

/// Promises, the first due first. `sort`: `dueOn`, `createdAt`.
#[utoipa::path(
    get, path = "/api/admin/promises", tag = "promises", params(Paging, PromiseFilter),
    responses((status = 200, description = "A page of promises", body = List<Promise>))
)]
async fn list(
    paging: Paging,
    filter: Params<PromiseFilter>,
    state: web::Data<State>,
) -> Result<HttpResponse, ApiError> {
    list::answer(&state, &promises::TABLE, &paging, filter.0.check()?, promises::page).await
}

/// Notes a promise.
#[utoipa::path(
    post, path = "/api/admin/promises", tag = "promises", request_body = PromiseInput,
    responses((status = 201, description = "It is noted", body = Promise), (status = 422, description = "Fields are wrong"))
)]
async fn create(by: By, body: Body<PromiseInput>, state: web::Data<State>) -> Result<HttpResponse, ApiError> {
    let promise = make(&state, by.0, body.0).await?;
    Ok(entity::made(format!("/api/admin/promises/{}", promise.id), promise.version, &promise))
}

/// Notes a promise.
///
/// # Errors
/// When fields are wrong, or the database fails.
pub(in crate::web) async fn make(web_state: &State, by: Actor, given: PromiseInput) -> Result<Promise, ApiError> {
    let mut checks = Checks::default();
    let (contact, call) = given.about.check(&mut checks);
    let amount = checks.required("amount", given.amount.or_number(), str::parse);
    let due_on = checks.required("dueOn", given.due_on, day);
    let state = checks.optional("state", given.state, state).flatten().unwrap_or(PromiseState::Open);
    let note = checks.or_usual("note", given.note, input::personal_text).unwrap_or_default();
    let (contact, amount, due_on) = match (contact, amount, due_on) {
        (Some(contact), Some(amount), Some(due_on)) => (contact, amount, due_on),
        (contact, ..) => return Err(missing(contact.is_none(), checks)),
    };
    let terms = Terms { amount, due_on, state, note };
    let terms = input::checked(checks, terms).map_err(ApiError::Fields)?;
    let made = web_state.store.change(by, Timestamp::now(), move |change| {
        exist(change, &contact, call.as_ref())?;
        Ok::<_, ApiError>(promises::create(change, &contact, call.as_ref(), &terms)?)
    });
    made.await
}

/// What is wrong, and also that nobody was named, unless that was given and wrong.
pub(super) fn missing(has_no_contact: bool, mut checks: Checks) -> ApiError {
    if has_no_contact && !checks.is_wrong(&["leadId", "customerId"]) {
        checks.wrong("leadId", "is missing: give it, or customerId");
    }
    ApiError::Fields(checks.problems())
}

/// A promise.
#[utoipa::path(
    get, path = "/api/admin/promises/{id}", tag = "promises", params(("id" = String, Path)),
    responses((status = 200, description = "The promise", body = Promise), (status = 404, description = "There is none"))
)]
async fn find(id: web::Path<String>, state: web::Data<State>) -> Result<HttpResponse, ApiError> {
    let id = promise_id(&id)?;
    let promise = state.store.read(move |connection| promises::find(connection, &id)).await?;
    let promise = promise.ok_or(ApiError::NotFound("promise"))?;
    Ok(entity::found(promise.version, &promise))
}

/// Changes a promise: what became of it, for one.
#[utoipa::path(
    patch, path = "/api/admin/promises/{id}", tag = "promises", params(("id" = String, Path)),
    request_body = PromiseInput,
    responses(
        (status = 200, description = "As it is now", body = Promise),
        (status = 404, description = "There is none"),
        (status = 412, description = "Somebody else has changed it"),
        (status = 422, description = "Fields are wrong"),
    )
)]
async fn update(
    by: By,
    id: web::Path<String>,
    expected: IfMatch,
    body: Body<PromiseInput>,
    state: web::Data<State>,
) -> Result<HttpResponse, ApiError> {
    let promise = change(&state, by.0, &id, expected, body.0).await?;
    Ok(entity::found(promise.version, &promise))
}

/// Changes a promise.
///
/// # Errors
/// When it is not there or not at this version, fields are wrong, or the database fails.
pub(in crate::web) async fn change(
    web_state: &State,
    by: Actor,
    id: &str,
    expected: IfMatch,
    given: PromiseInput,
) -> Result<Promise, ApiError> {
    let (id, mut checks) = (promise_id(id)?, Checks::default());
    let amount = checks.kept("amount", given.amount.or_number(), str::parse);
    let due_on = checks.kept("dueOn", given.due_on, day);
    let state = checks.kept("state", given.state, state);
    let note = checks.or_usual("note", given.note, input::personal_text);
    input::checked(checks, ()).map_err(ApiError::Fields)?;
    let changed = web_state.store.change(by, Timestamp::now(), move |change| {
        let old = there(change, &id, &expected)?;
        let terms = Terms {
            amount: amount.unwrap_or(old.terms.amount),
            due_on: due_on.unwrap_or(old.terms.due_on),
            state: state.unwrap_or(old.terms.state),
            note: note.unwrap_or_else(|| old.terms.note.clone()),
        };
        Ok::<_, ApiError>(promises::update(change, &old, terms)?)
    });
    changed.await
}

/// Deletes a promise. The audit log keeps what it was.
#[utoipa::path(
    delete, path = "/api/admin/promises/{id}", tag = "promises", params(("id" = String, Path)),
    responses(
        (status = 204, description = "It is no more"),
        (status = 404, description = "There is none"),
        (status = 412, description = "Somebody else has changed it"),
    )
)]
async fn delete(
    by: By,
    id: web::Path<String>,
    expected: IfMatch,
    state: web::Data<State>,
) -> Result<HttpResponse, ApiError> {
    let id = promise_id(&id)?;
    let deleted = state.store.change(by.0, Timestamp::now(), move |change| {
        let promise = there(change, &id, &expected)?;
        Ok::<_, ApiError>(promises::delete(change, &promise)?)
    });
    deleted.await?;
    Ok(entity::gone())
}

/// The promise, in the version that was read.
fn there(change: &Change<'_>, id: &PromiseId, expected: &IfMatch) -> Result<Promise, ApiError> {
    let promise = promises::find(change.transaction, id)?.ok_or(ApiError::NotFound("promise"))?;
    expected.fits(promise.version)?;
    Ok(promise)
}

fn state(text: &str) -> Result<PromiseState, String> {
    input::word(text, PromiseState::ALL)
}

fn day(text: &str) -> Result<Date, &'static str> {
    text.parse().map_err(|_| "must be a day such as 2026-11-21")
}

fn promise_id(text: &str) -> Result<PromiseId, ApiError> {
    text.parse().map_err(|_| ApiError::NotFound("promise"))
}
