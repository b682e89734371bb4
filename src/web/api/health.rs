//! `/health` and `/api/health`.

use actix_web::{HttpResponse, http::header, web};
use serde::Serialize;
use utoipa::ToSchema;

use crate::call::readiness::{Missing, Readiness};
use crate::web::State;

const SERVICE: &str = "call-center-api";

/// The process answers.
#[derive(Serialize, ToSchema)]
struct Health {
    status: &'static str,
    service: &'static str,
}

/// Whether calls can be served.
#[derive(Serialize, ToSchema)]
struct ReadinessReport<'a> {
    /// `starting`, `healthy` or `degraded`.
    status: &'static str,
    service: &'static str,
    version: &'static str,
    /// What is missing, and the command that brings it.
    #[schema(value_type = Vec<Object>)]
    missing: &'a [Missing],
}

/// Whether the process answers: always the same.
#[utoipa::path(
    get,
    path = "/health",
    tag = "server",
    summary = "Whether the process answers",
    responses((status = 200, description = "It does", body = Health))
)]
pub(super) async fn health() -> HttpResponse {
    never_stored(HttpResponse::Ok()).json(Health { status: "ok", service: SERVICE })
}

/// Whether a call could be served, and if not, what is missing. 503 only while that is still being found out.
#[utoipa::path(
    get,
    path = "/api/health",
    tag = "server",
    summary = "Whether calls can be served",
    responses(
        (status = 200, description = "They can, or what is missing", body = ReadinessReport),
        (status = 503, description = "That is still being found out", body = ReadinessReport)
    )
)]
pub(super) async fn readiness(state: web::Data<State>) -> HttpResponse {
    let readiness = state.readiness.borrow().clone();
    let (response, status, missing) = match &readiness {
        Readiness::Starting { .. } => (HttpResponse::ServiceUnavailable(), "starting", &[][..]),
        Readiness::Healthy { .. } => (HttpResponse::Ok(), "healthy", &[][..]),
        Readiness::Degraded { missing, .. } => (HttpResponse::Ok(), "degraded", missing.as_slice()),
    };
    let report = ReadinessReport { status, service: SERVICE, version: env!("CARGO_PKG_VERSION"), missing };
    never_stored(response).json(report)
}

fn never_stored(mut response: actix_web::HttpResponseBuilder) -> actix_web::HttpResponseBuilder {
    response.insert_header((header::CACHE_CONTROL, "no-store"));
    response
}
