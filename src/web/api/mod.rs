//! The JSON API. Each request is checked in the same order: may this caller do this, is the body JSON, is each field right.
//! What is not is said in one sentence.

pub(super) mod admin;
pub(super) mod body;
mod dispatch;
mod document;
pub(in crate::web) mod entity;
mod health;
mod list;
mod sms;
pub(super) mod staff;
mod status;
mod tokens;
pub(super) mod voice;

use actix_web::web;
use utoipa::OpenApi;

use super::endpoint::{Access, Endpoint};
use crate::store::{api_keys::Scope, users::Role};

/// Everything that programs ask for.
pub(super) const ENDPOINTS: &[Endpoint] = &[
    Endpoint::get("/metrics", Access::Local(Scope::Metrics), || web::route().to(status::metrics)),
    Endpoint::get("/api/status", Access::Local(Scope::Metrics), || web::route().to(status::status)),
    Endpoint::get("/api/openapi.json", Access::Open, || web::route().to(document::document)),
    Endpoint::get("/health", Access::Open, || web::route().to(health::health)),
    Endpoint::get("/api/health", Access::Open, || web::route().to(health::readiness)),
    Endpoint::post("/api/room/token", Access::Public(Scope::Token), || web::route().to(tokens::of_room)),
    Endpoint::post("/api/token", Access::Caller(Role::Agent, Scope::Token), || web::route().to(tokens::of_identity)),
    Endpoint::post("/api/livekit-token", Access::Caller(Role::Agent, Scope::Token), || {
        web::route().to(tokens::of_participant)
    }),
    Endpoint::post("/api/dispatch-agent", Access::Caller(Role::Agent, Scope::Dispatch), || {
        web::route().to(dispatch::dispatch)
    })
    .idempotent(),
    // The address itself holds a secret; Twilio signs besides.
    Endpoint::post("/api/sms/status/{token}", Access::Open, || web::route().to(sms::status)),
];

/// What the API's document says of them. Each table of endpoints has such a list beside it.
#[derive(OpenApi)]
#[openapi(paths(
    health::health,
    health::readiness,
    status::metrics,
    status::status,
    document::document,
    tokens::of_room,
    tokens::of_identity,
    tokens::of_participant,
    dispatch::dispatch,
    sms::status,
))]
struct Described;
