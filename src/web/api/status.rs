//! How the server does: `/metrics` for Prometheus, `/api/status` for whoever looks after this machine (`callstead doctor`).

use actix_web::{HttpResponse, http::header, web};
use metrics::{counter, gauge};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    telemetry,
    web::{State, traffic::Counts},
};

/// How the server does.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Status {
    version: &'static str,
    uptime_seconds: u64,
    calls: Calls,
    /// Requests in the last hour, or since the start.
    last_hour: Counts,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Calls {
    /// Being served.
    live: usize,
    /// Can be served at a time.
    capacity: usize,
}

/// `GET /metrics`
#[utoipa::path(
    get,
    path = "/metrics",
    tag = "server",
    summary = "Metrics for Prometheus",
    description = "Nothing is asked for on the machine itself.",
    responses((status = 200, description = "Prometheus' text format", content_type = "text/plain", body = String))
)]
pub(super) async fn metrics(state: web::Data<State>) -> HttpResponse {
    let rooms = state.rooms.census();
    gauge!("callstead_rooms").set(rooms.rooms as f64);
    gauge!("callstead_participants").set(rooms.participants as f64);
    gauge!("callstead_peer_connections").set(rooms.peers as f64);
    gauge!("callstead_calls").set(state.desk.live() as f64);
    gauge!("callstead_calls_capacity").set(state.desk.capacity() as f64);
    counter!("callstead_records_lost_total").absolute(state.desk.lost_records());
    if let Some(bytes) = telemetry::resident_bytes() {
        gauge!("process_resident_memory_bytes").set(bytes as f64);
    }
    HttpResponse::Ok()
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .content_type(telemetry::CONTENT_TYPE)
        .body(telemetry::metrics().render())
}

/// `GET /api/status`
#[utoipa::path(
    get,
    path = "/api/status",
    tag = "server",
    summary = "How the server does",
    description = "Nothing is asked for on the machine itself.",
    responses((status = 200, description = "Calls, and requests of the last hour", body = Status))
)]
pub(super) async fn status(state: web::Data<State>) -> HttpResponse {
    HttpResponse::Ok().insert_header((header::CACHE_CONTROL, "no-store")).json(Status {
        version: env!("CARGO_PKG_VERSION"),
        uptime_seconds: state.traffic.uptime().as_secs(),
        calls: Calls { live: state.desk.live(), capacity: state.desk.capacity() },
        last_hour: state.traffic.last_hour(),
    })
}
