//! Conversing with the agent by other ways than a room of one's own making: rooms that the desk makes for somebody, text, and
//! recordings.

mod booking;
mod conversation;
pub(in crate::web) mod invite;
mod join;
mod realtime;
mod transcribe;

use actix_web::web;
use utoipa::OpenApi;

use crate::{
    store::{api_keys::Scope, users::Role},
    web::endpoint::{Access, Endpoint},
};

/// Who may have an agent know what the desk knows of somebody: what it knows, it tells.
const KNOWS: Access = Access::WORK;

/// These addresses.
pub(in crate::web) const ENDPOINTS: &[Endpoint] = &[
    Endpoint::post("/api/transcribe", Access::Caller(Role::Viewer, Scope::Transcribe), || {
        web::route().to(transcribe::transcribe)
    }),
    Endpoint::post("/api/voice/conversation", Access::Caller(Role::Viewer, Scope::Converse), || {
        web::route().to(conversation::converse)
    })
    .idempotent(),
    Endpoint::post("/api/conversations/{call_id}/message", Access::Caller(Role::Agent, Scope::Converse), || {
        web::route().to(conversation::message)
    })
    .idempotent(),
    Endpoint::post("/api/voice/realtime", Access::Caller(Role::Agent, Scope::Dispatch), || {
        web::route().to(realtime::realtime)
    })
    .idempotent(),
    Endpoint::post("/api/room/join", Access::Open, || web::route().to(join::join)),
    Endpoint::post("/api/admin/leads/{id}/call", Access::WORK, || web::route().to(invite::call_lead)).idempotent(),
    Endpoint::post("/api/admin/customers/{id}/call", Access::WORK, || web::route().to(invite::call_customer))
        .idempotent(),
];

/// What the API's document says of them.
#[derive(OpenApi)]
#[openapi(paths(
    transcribe::transcribe,
    conversation::converse,
    conversation::message,
    realtime::realtime,
    join::join,
    invite::call_lead,
    invite::call_customer
))]
pub(super) struct Described;
