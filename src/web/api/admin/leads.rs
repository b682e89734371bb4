//! `/api/admin/leads`

use actix_web::{HttpResponse, web};
use jiff::Timestamp;
use serde::Deserialize;
use utoipa::{IntoParams, OpenApi, ToSchema};

use super::{
    entity::{self, By, IfMatch},
    input::{self, Checks, Given},
    list::{self, List, Paging, Params, filtered, search},
};
use crate::{
    domain::{Country, LeadId},
    store::{
        leads::{self, Lead, LeadPatch, LeadStatus},
        list::{Facet, Filter},
        persons,
    },
    web::{
        State,
        api::body::Body,
        endpoint::{Access, Endpoint},
        error::ApiError,
        problem::FieldProblem,
    },
};

pub(super) const ENDPOINTS: &[Endpoint] = &[
    Endpoint::get("/api/admin/leads", Access::READ, || web::route().to(list)),
    Endpoint::post("/api/admin/leads", Access::WORK, || web::route().to(create)),
    Endpoint::get("/api/admin/leads/{id}", Access::READ, || web::route().to(find)),
    Endpoint::patch("/api/admin/leads/{id}", Access::WORK, || web::route().to(update)),
    Endpoint::delete("/api/admin/leads/{id}", Access::LEAD, || web::route().to(delete)),
    Endpoint::post("/api/admin/leads/{id}/restore", Access::LEAD, || web::route().to(restore)),
];

/// What the API's document says of them.
#[derive(OpenApi)]
#[openapi(paths(list, create, find, update, delete, restore))]
pub(super) struct Described;

/// A lead as it is given. Absent fields are left as they are, null empties one.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", default)]
pub(in crate::web) struct LeadInput {
    #[schema(value_type = Option<String>)]
    name: Given,
    /// With the country's code, or as it is dialled in the desk's country.
    #[schema(value_type = Option<String>)]
    phone: Given,
    #[schema(value_type = Option<String>)]
    email: Given,
    #[schema(value_type = Option<String>)]
    company: Given,
    /// `new`, `contacted`, `qualified`, `won`, `lost` or `do_not_call`.
    #[schema(value_type = Option<String>)]
    status: Given,
    #[schema(value_type = Option<String>)]
    source: Given,
    #[schema(value_type = Option<String>)]
    language: Given,
    #[schema(value_type = Option<String>)]
    script_id: Given,
    #[schema(value_type = Option<String>)]
    notes: Given,
}

impl LeadInput {
    pub(in crate::web) fn check(self, home: Option<Country>) -> Result<LeadPatch, Vec<FieldProblem>> {
        let mut checks = Checks::default();
        let status = checks.optional("status", self.status, |text| input::word(text, LeadStatus::ALL));
        let patch = LeadPatch {
            name: checks.or_usual("name", self.name, input::personal_line),
            phone: checks.optional("phone", self.phone.or_number(), input::phone(home)),
            email: checks.optional("email", self.email, input::email),
            company: checks.optional("company", self.company, input::personal_line),
            status: status.map(|status| status.unwrap_or(LeadStatus::New)),
            source: checks.optional("source", self.source, input::line),
            language: checks.optional("language", self.language, input::language),
            script: checks.optional("scriptId", self.script_id, input::script),
            notes: checks.or_usual("notes", self.notes, input::personal_text),
        };
        input::checked(checks, patch)
    }
}

/// Which leads.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(in crate::web) struct LeadFilter {
    /// Words, or their beginnings, of names, numbers, addresses, companies and notes.
    pub(in crate::web) q: Option<String>,
    /// Only with this status.
    pub(in crate::web) status: Option<String>,
    /// Only who speaks this language.
    pub(in crate::web) language: Option<String>,
    /// Only from this source.
    pub(in crate::web) source: Option<String>,
}

impl LeadFilter {
    pub(in crate::web) fn check(&self) -> Result<Filter, ApiError> {
        let mut search = search(self.q.as_deref())?;
        if let Some(status) = filtered("status", &self.status, |text| input::word(text, LeadStatus::ALL))? {
            search = search.facet(Facet::Status, status.as_str());
        }
        if let Some(language) = filtered("language", &self.language, input::language)? {
            search = search.facet(Facet::Language, language.code());
        }
        if let Some(source) = &self.source {
            search = search.facet(Facet::Source, source);
        }
        Ok(Filter { search, ..Filter::default() })
    }
}

/// Leads, the latest first. `sort`: `createdAt`, `updatedAt`, `name`.
#[utoipa::path(
    get, path = "/api/admin/leads", tag = "leads", params(Paging, LeadFilter),
    responses((status = 200, description = "A page of leads", body = List<Lead>))
)]
async fn list(paging: Paging, filter: Params<LeadFilter>, state: web::Data<State>) -> Result<HttpResponse, ApiError> {
    list::answer(&state, &leads::TABLE, &paging, filter.0.check()?, leads::page).await
}

/// Makes a lead.
#[utoipa::path(
    post, path = "/api/admin/leads", tag = "leads", request_body = LeadInput,
    responses((status = 201, description = "It was made", body = Lead), (status = 422, description = "Fields are wrong"))
)]
async fn create(by: By, body: Body<LeadInput>, state: web::Data<State>) -> Result<HttpResponse, ApiError> {
    let home = state.store.read(persons::home).await?;
    let patch = body.0.check(home).map_err(ApiError::Fields)?;
    let lead = state.store.change(by.0, Timestamp::now(), move |change| leads::create(change, &patch)).await?;
    Ok(entity::made(format!("/api/admin/leads/{}", lead.id), lead.version, &lead))
}

/// A lead.
#[utoipa::path(
    get, path = "/api/admin/leads/{id}", tag = "leads", params(("id" = String, Path)),
    responses((status = 200, description = "The lead", body = Lead), (status = 404, description = "There is none"))
)]
async fn find(id: web::Path<String>, state: web::Data<State>) -> Result<HttpResponse, ApiError> {
    let id = lead_id(&id)?;
    let lead = state.store.read(move |connection| leads::find(connection, &id)).await?;
    let lead = lead.ok_or(ApiError::NotFound("lead"))?;
    Ok(entity::found(lead.version, &lead))
}

/// Changes a lead. With `If-Match`, only the version that was read.
#[utoipa::path(
    patch, path = "/api/admin/leads/{id}", tag = "leads", params(("id" = String, Path)), request_body = LeadInput,
    responses(
        (status = 200, description = "As it is now", body = Lead),
        (status = 404, description = "There is none"),
        (status = 412, description = "Somebody else has changed it"),
        (status = 422, description = "Fields are wrong"),
    )
)]
async fn update(
    by: By,
    id: web::Path<String>,
    expected: IfMatch,
    body: Body<LeadInput>,
    state: web::Data<State>,
) -> Result<HttpResponse, ApiError> {
    let id = lead_id(&id)?;
    let home = state.store.read(persons::home).await?;
    let patch = body.0.check(home).map_err(ApiError::Fields)?;
    let changed =
        state.store.change(by.0, Timestamp::now(), move |change| leads::update(change, &id, expected.0, &patch));
    let lead = changed.await?;
    Ok(entity::found(lead.version, &lead))
}

/// Deletes a lead. What passed with it is kept.
#[utoipa::path(
    delete, path = "/api/admin/leads/{id}", tag = "leads", params(("id" = String, Path)),
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
    let id = lead_id(&id)?;
    state.store.change(by.0, Timestamp::now(), move |change| leads::delete(change, &id, expected.0)).await?;
    Ok(entity::gone())
}

/// Brings back a lead that was deleted. One that is there stays as it is.
#[utoipa::path(
    post, path = "/api/admin/leads/{id}/restore", tag = "leads", params(("id" = String, Path)),
    responses(
        (status = 200, description = "As it is now", body = Lead),
        (status = 404, description = "There is none, not even a deleted one"),
        (status = 412, description = "Somebody else has changed it"),
    )
)]
async fn restore(
    by: By,
    id: web::Path<String>,
    expected: IfMatch,
    state: web::Data<State>,
) -> Result<HttpResponse, ApiError> {
    let id = lead_id(&id)?;
    let restored = state.store.change(by.0, Timestamp::now(), move |change| leads::restore(change, &id, expected.0));
    let lead = restored.await?;
    Ok(entity::found(lead.version, &lead))
}

/// What is no id is nobody's.
pub(in crate::web) fn lead_id(text: &str) -> Result<LeadId, ApiError> {
    text.parse().map_err(|_| ApiError::NotFound("lead"))
}
