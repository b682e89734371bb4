//! `/api/admin/callbacks`: calls to be made.

use actix_web::{HttpResponse, web};
use jiff::Timestamp;
use serde::Deserialize;
use utoipa::{IntoParams, OpenApi, ToSchema};

use super::{
    entity::{self, By, IfMatch},
    input::{self, Checks, Given},
    list::{self, List, Paging, Params, filtered},
    promises::{About, exist, missing},
};
use crate::{
    domain::CallbackId,
    store::{
        Change,
        audit::Actor,
        callbacks::{self, Callback, State as CallbackState, Terms, Wanted},
        list::Filter,
    },
    web::{
        State,
        api::body::Body,
        endpoint::{Access, Endpoint},
        error::ApiError,
    },
};

pub(super) const ENDPOINTS: &[Endpoint] = &[
    Endpoint::get("/api/admin/callbacks", Access::READ, || web::route().to(list)),
    Endpoint::post("/api/admin/callbacks", Access::WORK, || web::route().to(create)),
    Endpoint::get("/api/admin/callbacks/{id}", Access::READ, || web::route().to(find)),
    Endpoint::patch("/api/admin/callbacks/{id}", Access::WORK, || web::route().to(update)),
    Endpoint::delete("/api/admin/callbacks/{id}", Access::LEAD, || web::route().to(delete)),
];

/// What the API's document says of them.
#[derive(OpenApi)]
#[openapi(paths(list, create, find, update, delete))]
pub(super) struct Described;

/// A callback as it is given. Of `leadId` and `customerId`, one; neither can be changed later, nor can `callId`.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", default)]
pub(in crate::web) struct CallbackInput {
    #[serde(flatten)]
    about: About,
    #[schema(value_type = String, format = DateTime)]
    due_at: Given,
    #[schema(value_type = Option<String>)]
    reason: Given,
    /// `open` (usual), `done` or `dropped`.
    #[schema(value_type = Option<String>)]
    state: Given,
}

/// Which callbacks.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub(in crate::web) struct CallbackFilter {
    /// Only in this state: `open`, `done` or `dropped`.
    pub(in crate::web) state: Option<String>,
    /// Only those due then or before.
    pub(in crate::web) due_until: Option<String>,
    /// Only of this lead.
    pub(in crate::web) lead_id: Option<String>,
    /// Only of this customer.
    pub(in crate::web) customer_id: Option<String>,
}

impl CallbackFilter {
    pub(in crate::web) fn check(&self) -> Result<Filter, ApiError> {
        let wanted = Wanted {
            state: filtered("state", &self.state, state)?,
            due_until: filtered("dueUntil", &self.due_until, input::moment)?,
            lead: filtered("leadId", &self.lead_id, input::id)?,
            customer: filtered("customerId", &self.customer_id, input::id)?,
        };
        Ok(wanted.filter())
    }
}

/// Callbacks, the first due first. `sort`: `dueAt`, `createdAt`.
#[utoipa::path(
    get, path = "/api/admin/callbacks", tag = "callbacks", params(Paging, CallbackFilter),
    responses((status = 200, description = "A page of callbacks", body = List<Callback>))
)]
async fn list(
    paging: Paging,
    filter: Params<CallbackFilter>,
    state: web::Data<State>,
) -> Result<HttpResponse, ApiError> {
    list::answer(&state, &callbacks::TABLE, &paging, filter.0.check()?, callbacks::page).await
}

/// Notes a callback.
#[utoipa::path(
    post, path = "/api/admin/callbacks", tag = "callbacks", request_body = CallbackInput,
    responses(
        (status = 201, description = "It is noted", body = Callback),
        (status = 422, description = "Fields are wrong"),
    )
)]
async fn create(by: By, body: Body<CallbackInput>, state: web::Data<State>) -> Result<HttpResponse, ApiError> {
    let callback = make(&state, by.0, body.0).await?;
    Ok(entity::made(format!("/api/admin/callbacks/{}", callback.id), callback.version, &callback))
}

/// Notes a callback.
///
/// # Errors
/// When fields are wrong, or the database fails.
pub(in crate::web) async fn make(web_state: &State, by: Actor, given: CallbackInput) -> Result<Callback, ApiError> {
    let mut checks = Checks::default();
    let (contact, call) = given.about.check(&mut checks);
    let due_at = checks.required("dueAt", given.due_at, input::moment);
    let reason = checks.or_usual("reason", given.reason, input::personal_text).unwrap_or_default();
    let state = checks.optional("state", given.state, state).flatten().unwrap_or(CallbackState::Open);
    let (contact, due_at) = match (contact, due_at) {
        (Some(contact), Some(due_at)) => (contact, due_at),
        (contact, _) => return Err(missing(contact.is_none(), checks)),
    };
    let terms = input::checked(checks, Terms { due_at, reason, state }).map_err(ApiError::Fields)?;
    let made = web_state.store.change(by, Timestamp::now(), move |change| {
        exist(change, &contact, call.as_ref())?;
        Ok::<_, ApiError>(callbacks::create(change, &contact, call.as_ref(), &terms)?)
    });
    made.await
}

/// A callback.
#[utoipa::path(
    get, path = "/api/admin/callbacks/{id}", tag = "callbacks", params(("id" = String, Path)),
    responses((status = 200, description = "The callback", body = Callback), (status = 404, description = "There is none"))
)]
async fn find(id: web::Path<String>, state: web::Data<State>) -> Result<HttpResponse, ApiError> {
    let id = callback_id(&id)?;
    let callback = state.store.read(move |connection| callbacks::find(connection, &id)).await?;
    let callback = callback.ok_or(ApiError::NotFound("callback"))?;
    Ok(entity::found(callback.version, &callback))
}

/// Changes a callback: what became of it, for one.
#[utoipa::path(
    patch, path = "/api/admin/callbacks/{id}", tag = "callbacks", params(("id" = String, Path)),
    request_body = CallbackInput,
    responses(
        (status = 200, description = "As it is now", body = Callback),
        (status = 404, description = "There is none"),
        (status = 412, description = "Somebody else has changed it"),
        (status = 422, description = "Fields are wrong"),
    )
)]
async fn update(
    by: By,
    id: web::Path<String>,
    expected: IfMatch,
    body: Body<CallbackInput>,
    state: web::Data<State>,
) -> Result<HttpResponse, ApiError> {
    let callback = change(&state, by.0, &id, expected, body.0).await?;
    Ok(entity::found(callback.version, &callback))
}

/// Changes a callback.
///
/// # Errors
/// When it is not there or not at this version, fields are wrong, or the database fails.
pub(in crate::web) async fn change(
    web_state: &State,
    by: Actor,
    id: &str,
    expected: IfMatch,
    given: CallbackInput,
) -> Result<Callback, ApiError> {
    let (id, mut checks) = (callback_id(id)?, Checks::default());
    let due_at = checks.kept("dueAt", given.due_at, input::moment);
    let reason = checks.or_usual("reason", given.reason, input::personal_text);
    let state = checks.kept("state", given.state, state);
    input::checked(checks, ()).map_err(ApiError::Fields)?;
    let changed = web_state.store.change(by, Timestamp::now(), move |change| {
        let old = there(change, &id, &expected)?;
        let terms = Terms {
            due_at: due_at.unwrap_or(old.terms.due_at),
            reason: reason.unwrap_or_else(|| old.terms.reason.clone()),
            state: state.unwrap_or(old.terms.state),
        };
        Ok::<_, ApiError>(callbacks::update(change, &old, terms)?)
    });
    changed.await
}

/// Deletes a callback. The audit log keeps what it was.
#[utoipa::path(
    delete, path = "/api/admin/callbacks/{id}", tag = "callbacks", params(("id" = String, Path)),
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
    let id = callback_id(&id)?;
    let deleted = state.store.change(by.0, Timestamp::now(), move |change| {
        let callback = there(change, &id, &expected)?;
        Ok::<_, ApiError>(callbacks::delete(change, &callback)?)
    });
    deleted.await?;
    Ok(entity::gone())
}

/// The callback, in the version that was read.
fn there(change: &Change<'_>, id: &CallbackId, expected: &IfMatch) -> Result<Callback, ApiError> {
    let callback = callbacks::find(change.transaction, id)?.ok_or(ApiError::NotFound("callback"))?;
    expected.fits(callback.version)?;
    Ok(callback)
}

fn state(text: &str) -> Result<CallbackState, String> {
    input::word(text, CallbackState::ALL)
}

fn callback_id(text: &str) -> Result<CallbackId, ApiError> {
    text.parse().map_err(|_| ApiError::NotFound("callback"))
}
