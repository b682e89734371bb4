//! What passed with a lead or a customer: `…/{id}/communications` and `…/{id}/notes`.

use actix_web::{HttpResponse, http::header, web};
use jiff::Timestamp;
use serde::Deserialize;
use utoipa::{OpenApi, ToSchema};

use super::{
    entity::By,
    input::{self, Checks, Given},
    leads::lead_id,
    list::{self, List, Paging},
};
use crate::{
    store::{
        audit::Actor,
        communications::{self, Communication, Whose},
    },
    web::{
        State,
        api::body::Body,
        endpoint::{Access, Endpoint},
        error::ApiError,
    },
};

pub(super) const ENDPOINTS: &[Endpoint] = &[
    Endpoint::get("/api/admin/leads/{id}/communications", Access::READ, || web::route().to(of_lead)),
    Endpoint::post("/api/admin/leads/{id}/notes", Access::WORK, || web::route().to(note_on_lead)),
    Endpoint::get("/api/admin/customers/{id}/communications", Access::READ, || web::route().to(of_customer)),
    Endpoint::post("/api/admin/customers/{id}/notes", Access::WORK, || web::route().to(note_on_customer)),
];

/// What the API's document says of them.
#[derive(OpenApi)]
#[openapi(paths(of_lead, note_on_lead, of_customer, note_on_customer))]
pub(super) struct Described;

/// A note as it is given.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(default)]
pub(in crate::web) struct NoteInput {
    #[schema(value_type = String)]
    text: Given,
}

/// What passed with a lead, the latest first. `sort`: `at`.
#[utoipa::path(
    get, path = "/api/admin/leads/{id}/communications", tag = "leads", params(("id" = String, Path), Paging),
    responses(
        (status = 200, description = "Calls, messages and notes", body = List<Communication>),
        (status = 404, description = "There is no such lead"),
    )
)]
async fn of_lead(id: web::Path<String>, paging: Paging, state: web::Data<State>) -> Result<HttpResponse, ApiError> {
    let whose = Whose::Lead(lead_id(&id)?);
    answer(&state, whose, &paging).await
}

/// Notes something on a lead.
#[utoipa::path(
    post, path = "/api/admin/leads/{id}/notes", tag = "leads", params(("id" = String, Path)), request_body = NoteInput,
    responses(
        (status = 201, description = "It is noted", body = Communication),
        (status = 404, description = "There is no such lead"),
        (status = 422, description = "There is no text"),
    )
)]
async fn note_on_lead(
    by: By,
    id: web::Path<String>,
    body: Body<NoteInput>,
    state: web::Data<State>,
) -> Result<HttpResponse, ApiError> {
    let noted = note(&state, by.0, Whose::Lead(lead_id(&id)?), body.0).await?;
    Ok(answer_noted(&noted))
}

/// What passed with a customer, the latest first. `sort`: `at`.
#[utoipa::path(
    get, path = "/api/admin/customers/{id}/communications", tag = "customers", params(("id" = String, Path), Paging),
    responses(
        (status = 200, description = "Calls, messages and notes", body = List<Communication>),
        (status = 404, description = "There is no such customer"),
    )
)]
async fn of_customer(id: web::Path<String>, paging: Paging, state: web::Data<State>) -> Result<HttpResponse, ApiError> {
    let whose = Whose::Customer(id.into_inner());
    answer(&state, whose, &paging).await
}

/// Notes something on a customer.
#[utoipa::path(
    post, path = "/api/admin/customers/{id}/notes", tag = "customers", params(("id" = String, Path)),
    request_body = NoteInput,
    responses(
        (status = 201, description = "It is noted", body = Communication),
        (status = 404, description = "There is no such customer"),
        (status = 422, description = "There is no text"),
    )
)]
async fn note_on_customer(
    by: By,
    id: web::Path<String>,
    body: Body<NoteInput>,
    state: web::Data<State>,
) -> Result<HttpResponse, ApiError> {
    let noted = note(&state, by.0, Whose::Customer(id.into_inner()), body.0).await?;
    Ok(answer_noted(&noted))
}

/// A page of what passed, unless there is nobody of that name.
async fn answer(state: &State, whose: Whose, paging: &Paging) -> Result<HttpResponse, ApiError> {
    let missing = ApiError::NotFound(whose.kind());
    let (contact, _) =
        state.store.read(move |connection| communications::whose(connection, &whose)).await?.ok_or(missing)?;
    list::answer(state, &communications::TABLE, paging, communications::with(&contact), communications::page).await
}

/// It has no address of its own: it stands in the list.
fn answer_noted(noted: &Communication) -> HttpResponse {
    HttpResponse::Created().insert_header((header::CACHE_CONTROL, "no-store")).json(noted)
}

/// Notes something on a lead or a customer.
///
/// # Errors
/// When there is nobody of that name, or the text is wrong.
pub(in crate::web) async fn note(
    state: &State,
    by: Actor,
    about: Whose,
    input: NoteInput,
) -> Result<Communication, ApiError> {
    let mut checks = Checks::default();
    let text = checks.required("text", input.text, input::personal_text);
    let Some(text) = text else { return Err(ApiError::Fields(checks.problems())) };
    let noted = state.store.change(by, Timestamp::now(), move |change| communications::note(change, &about, text));
    Ok(noted.await?)
}
