//! `/health` and `/api/health`.

use actix_web::{HttpResponse, http::header, web};
use serde::Serialize;

use crate::call::readiness::{Missing, Readiness};
use crate::web::State;

const SERVICE: &str = "call-center-api";

#[derive(Serialize)]
struct Health {
    status: &'static str,
    service: &'static str,
}

#[derive(Serialize)]
struct ReadinessReport<'a> {
    status: &'static str,
    service: &'static str,
    version: &'static str,
    missing: &'a [Missing],
}

/// Whether the process answers: always the same.
pub(super) async fn health() -> HttpResponse {
    never_stored(HttpResponse::Ok()).json(Health { status: "ok", service: SERVICE })
}

/// Whether a call could be served, and if not, what is missing. 503 only while that is still being found out.
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
