//! The JSON API. Each request is checked in the same order: may this caller do this, is the body JSON, is each field right.
//! What is not is said in one sentence.

pub(super) mod admin;
mod body;
mod dispatch;
mod health;
mod sms;
mod tokens;

use actix_web::web;

use super::endpoint::{Access, Endpoint};
use crate::store::api_keys::Scope;

/// Everything that programs ask for.
pub(super) const ENDPOINTS: &[Endpoint] = &[
    Endpoint::get("/health", Access::Open, || web::route().to(health::health)),
    Endpoint::get("/api/health", Access::Open, || web::route().to(health::readiness)),
    Endpoint::post("/api/room/token", Access::Public(Scope::Token), || web::route().to(tokens::of_room)),
    Endpoint::post("/api/token", Access::Caller(Scope::Token), || web::route().to(tokens::of_identity)),
    Endpoint::post("/api/livekit-token", Access::Caller(Scope::Token), || web::route().to(tokens::of_participant)),
    Endpoint::post("/api/dispatch-agent", Access::Caller(Scope::Dispatch), || web::route().to(dispatch::dispatch)),
    // The address itself holds a secret; Twilio signs besides.
    Endpoint::post("/api/sms/status/{token}", Access::Open, || web::route().to(sms::status)),
];
