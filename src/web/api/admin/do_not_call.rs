//! `/api/admin/do-not-call`: who must not be called or written to.

use actix_web::{HttpResponse, web};
use jiff::Timestamp;
use serde::Deserialize;
use utoipa::{IntoParams, OpenApi, ToSchema};

use super::{
    entity::{self, By, IfMatch},
    input::{self, Checks, Given},
    list::{self, List, Paging, Params},
};
use crate::{
    domain::DoNotCallId,
    store::{
        audit::Actor,
        do_not_call::{self, Entry},
        list::Filter,
        persons,
    },
    web::{
        State,
        api::body::Body,
        endpoint::{Access, Endpoint},
        error::ApiError,
    },
};

pub(super) const ENDPOINTS: &[Endpoint] = &[
    Endpoint::get("/api/admin/do-not-call", Access::READ, || web::route().to(list)),
    Endpoint::post("/api/admin/do-not-call", Access::WORK, || web::route().to(add)),
    Endpoint::get("/api/admin/do-not-call/{id}", Access::READ, || web::route().to(find)),
    Endpoint::delete("/api/admin/do-not-call/{id}", Access::LEAD, || web::route().to(remove)),
];

/// What the API's document says of them.
#[derive(OpenApi)]
#[openapi(paths(list, add, find, remove))]
pub(super) struct Described;

/// Whom not to call, and why.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(default)]
pub(in crate::web) struct EntryInput {
    /// With the country's code, or as it is dialled in the desk's country.
    #[schema(value_type = String)]
    phone: Given,
    #[schema(value_type = Option<String>)]
    reason: Given,
}

/// Why somebody may be called again.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(in crate::web) struct Removal {
    /// In a few words, for the audit log. Needed.
    pub(in crate::web) reason: Option<String>,
}

/// Which entries.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(in crate::web) struct EntryFilter {
    /// Only the entry of this number, however it is written. It is found after the number itself was erased, too.
    pub(in crate::web) phone: Option<String>,
}

impl EntryFilter {
    /// What holds for them.
    ///
    /// # Errors
    /// When that is no telephone number, or the database fails.
    pub(in crate::web) async fn check(&self, state: &State) -> Result<Filter, ApiError> {
        let home = state.store.read(persons::home).await?;
        let phone = self.phone.as_deref().map(input::phone(home)).transpose();
        let phone = phone.map_err(|problem| ApiError::field("phone", problem))?;
        Ok(do_not_call::of_phone(state.store.vault(), phone.as_ref().map(|phone| phone.reveal())))
    }
}

/// Entries, the latest first. `sort`: `createdAt`.
#[utoipa::path(
    get, path = "/api/admin/do-not-call", tag = "do-not-call", params(Paging, EntryFilter),
    responses((status = 200, description = "A page of entries", body = List<Entry>))
)]
async fn list(paging: Paging, filter: Params<EntryFilter>, state: web::Data<State>) -> Result<HttpResponse, ApiError> {
    let filter = filter.0.check(&state).await?;
    list::answer(&state, &do_not_call::TABLE, &paging, filter, do_not_call::page).await
}

/// Adds a number. One that is there already stays as it is.
#[utoipa::path(
    post, path = "/api/admin/do-not-call", tag = "do-not-call", request_body = EntryInput,
    responses(
        (status = 201, description = "It was added", body = Entry),
        (status = 200, description = "It was there already", body = Entry),
        (status = 422, description = "Fields are wrong"),
    )
)]
async fn add(by: By, body: Body<EntryInput>, state: web::Data<State>) -> Result<HttpResponse, ApiError> {
    let (entry, is_new) = put(&state, by.0, body.0).await?;
    Ok(if is_new {
        entity::made(format!("/api/admin/do-not-call/{}", entry.id), do_not_call::VERSION, &entry)
    } else {
        entity::found(do_not_call::VERSION, &entry)
    })
}

/// Puts a number on the list. Gives the entry, and whether it is new.
///
/// # Errors
/// When fields are wrong, or the database fails.
pub(in crate::web) async fn put(state: &State, by: Actor, input: EntryInput) -> Result<(Entry, bool), ApiError> {
    let home = state.store.read(persons::home).await?;
    let mut checks = Checks::default();
    let phone = checks.required("phone", input.phone.or_number(), input::phone(home));
    let reason = checks.or_usual("reason", input.reason, input::personal_text).unwrap_or_default();
    let Some(phone) = phone else { return Err(ApiError::Fields(checks.problems())) };
    let reason = input::checked(checks, reason).map_err(ApiError::Fields)?;
    let now = Timestamp::now();
    Ok(state.store.change(by, now, move |change| do_not_call::add(change, phone.reveal(), &reason)).await?)
}

/// An entry.
#[utoipa::path(
    get, path = "/api/admin/do-not-call/{id}", tag = "do-not-call", params(("id" = String, Path)),
    responses((status = 200, description = "The entry", body = Entry), (status = 404, description = "There is none"))
)]
async fn find(id: web::Path<String>, state: web::Data<State>) -> Result<HttpResponse, ApiError> {
    let id = entry_id(&id)?;
    let entry = state.store.read(move |connection| do_not_call::find(connection, &id)).await?;
    Ok(entity::found(do_not_call::VERSION, &entry.ok_or(ApiError::NotFound("entry"))?))
}

/// Takes a number off the list.
#[utoipa::path(
    delete, path = "/api/admin/do-not-call/{id}", tag = "do-not-call", params(("id" = String, Path), Removal),
    responses(
        (status = 204, description = "It is no more"),
        (status = 404, description = "There is none"),
        (status = 412, description = "It is another one than was read"),
        (status = 422, description = "There is no reason"),
    )
)]
async fn remove(
    by: By,
    id: web::Path<String>,
    expected: IfMatch,
    removal: Params<Removal>,
    state: web::Data<State>,
) -> Result<HttpResponse, ApiError> {
    take_off(&state, by.0, entry_id(&id)?, expected.0, &removal.0).await?;
    Ok(entity::gone())
}

/// Takes an entry off the list.
///
/// # Errors
/// When it is not there or not at this version, there is no reason, or the database fails.
pub(in crate::web) async fn take_off(
    state: &State,
    by: Actor,
    id: DoNotCallId,
    expected: Option<i64>,
    removal: &Removal,
) -> Result<(), ApiError> {
    let reason = removal.reason.as_deref().map(str::trim).filter(|reason| !reason.is_empty());
    let reason = reason.ok_or_else(|| ApiError::field("reason", "is missing: say why, as ?reason=…"))?;
    let reason = input::personal_text(reason).map_err(|problem| ApiError::field("reason", problem))?;
    let now = Timestamp::now();
    Ok(state.store.change(by, now, move |change| do_not_call::remove(change, &id, expected, &reason)).await?)
}

/// What is no id is nobody's.
pub(in crate::web) fn entry_id(text: &str) -> Result<DoNotCallId, ApiError> {
    text.parse().map_err(|_| ApiError::NotFound("entry"))
}
