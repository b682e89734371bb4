//! Pages for people. Each template's struct sits beside its handler.

mod call;
pub(super) mod desk;
mod language;
mod login;
mod start;
mod try_out;
mod visitor;
mod welcome;

use actix_web::{
    HttpResponse,
    http::{StatusCode, header},
    web,
};
use askama::Template;

use super::{
    endpoint::{Access, Endpoint},
    error,
};

use crate::store::users::Role;
pub(super) use call::CALL_PATH;
use desk::DESK_PATH;
pub(super) use desk::{localized, said};
pub(super) use language::wanted_language;
use login::LOGIN_PATH;
pub(super) use login::to_log_in;
pub(super) use visitor::Visitor;
use welcome::WELCOME_PATH;
pub(super) use welcome::path_of as welcome_path;

/// Every member of staff, in their own name.
const MEMBER: Access = Access::Person(Role::Viewer);

/// Everything that people open.
pub(super) const ENDPOINTS: &[Endpoint] = &[
    Endpoint::get("/", Access::Open, || web::route().to(start::start)),
    Endpoint::get(CALL_PATH, Access::Open, || web::route().to(call::call)),
    Endpoint::get(try_out::PATH, Access::Open, || web::route().to(try_out::page)),
    Endpoint::get(try_out::FILES_PATH, Access::Open, || web::route().to(try_out::file)),
    Endpoint::post("/language", Access::Open, || web::route().to(language::choose)),
    Endpoint::get(LOGIN_PATH, Access::Open, || web::route().to(login::form)),
    Endpoint::post(LOGIN_PATH, Access::Open, || web::route().to(login::log_in)),
    Endpoint::post("/logout", MEMBER, || web::route().to(login::log_out)),
    Endpoint::get(WELCOME_PATH, Access::Open, || web::route().to(welcome::form)),
    Endpoint::post(WELCOME_PATH, Access::Open, || web::route().to(welcome::arrive)),
];

/// A page that tells how things are at this moment: it is not kept.
fn fresh(page: &impl Template) -> HttpResponse {
    fresh_as(StatusCode::OK, page)
}

fn fresh_as(status: StatusCode, page: &impl Template) -> HttpResponse {
    match page.render() {
        Ok(html) => HttpResponse::build(status)
            .content_type("text/html; charset=utf-8")
            .insert_header((header::CACHE_CONTROL, "no-store"))
            .body(html),
        Err(error) => error::failed(&error),
    }
}
