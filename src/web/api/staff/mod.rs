//! Members of staff: logging in from front ends of this origin, one's own account, and what administrators manage: users, keys
//! and the audit log.

pub(in crate::web) mod account;
pub(in crate::web) mod api_keys;
pub(in crate::web) mod audit;
pub(in crate::web) mod log_in;
pub(in crate::web) mod users;

use actix_web::web;
use utoipa::OpenApi;

use crate::{
    store::users::Role,
    web::{
        access::Who,
        endpoint::{Access, Endpoint},
        error::ApiError,
        session::Staff,
    },
};

/// Every member of staff, in their own name.
const MEMBER: Access = Access::Person(Role::Viewer);

pub(in crate::web) const ENDPOINTS: &[Endpoint] = &[
    Endpoint::post("/api/session", Access::Open, || web::route().to(log_in::log_in)),
    Endpoint::delete("/api/session", MEMBER, || web::route().to(log_in::log_out)),
    Endpoint::get("/api/account", MEMBER, || web::route().to(account::account)),
    Endpoint::post("/api/account/password", MEMBER, || web::route().to(account::change_password)),
    Endpoint::post("/api/account/totp", MEMBER, || web::route().to(account::begin_factor)),
    Endpoint::delete("/api/account/totp", MEMBER, || web::route().to(account::end_factor)),
    Endpoint::post("/api/account/totp/confirm", MEMBER, || web::route().to(account::confirm_factor)),
    Endpoint::get("/api/account/sessions", MEMBER, || web::route().to(account::sessions)),
    Endpoint::delete("/api/account/sessions", MEMBER, || web::route().to(account::end_sessions)),
    Endpoint::delete("/api/account/sessions/{id}", MEMBER, || web::route().to(account::end_session)),
    Endpoint::get("/api/admin/users", Access::ADMIN, || web::route().to(users::list)),
    Endpoint::post("/api/admin/users", Access::ADMIN, || web::route().to(users::create)),
    Endpoint::get("/api/admin/users/{id}", Access::ADMIN, || web::route().to(users::read)),
    Endpoint::patch("/api/admin/users/{id}", Access::ADMIN, || web::route().to(users::update)),
    Endpoint::delete("/api/admin/users/{id}", Access::ADMIN, || web::route().to(users::delete)),
    Endpoint::post("/api/admin/users/{id}/link", Access::ADMIN, || web::route().to(users::link)),
    Endpoint::get("/api/admin/api-keys", Access::ADMIN, || web::route().to(api_keys::list)),
    Endpoint::post("/api/admin/api-keys", Access::ADMIN, || web::route().to(api_keys::create)),
    Endpoint::get("/api/admin/api-keys/{id}", Access::ADMIN, || web::route().to(api_keys::read)),
    Endpoint::delete("/api/admin/api-keys/{id}", Access::ADMIN, || web::route().to(api_keys::revoke)),
    Endpoint::get("/api/admin/audit", Access::ADMIN, || web::route().to(audit::list)),
];

/// What the API's document says of them.
#[derive(OpenApi)]
#[openapi(paths(
    log_in::log_in,
    log_in::log_out,
    account::account,
    account::change_password,
    account::begin_factor,
    account::end_factor,
    account::confirm_factor,
    account::sessions,
    account::end_sessions,
    account::end_session,
    users::list,
    users::create,
    users::read,
    users::update,
    users::delete,
    users::link,
    api_keys::list,
    api_keys::create,
    api_keys::read,
    api_keys::revoke,
    audit::list
))]
pub(super) struct Described;

/// The member of staff who asks, at an endpoint that is for those only.
fn staff(who: Who) -> Result<Staff, ApiError> {
    if let Who::Staff(staff) = who { Ok(staff) } else { Err(ApiError::NoSession) }
}
