//! Pages for people. Each template's struct sits beside its handler.

mod call;
mod start;
mod try_out;

use actix_web::{HttpResponse, http::header, web};
use askama::Template;

use super::{
    endpoint::{Access, Endpoint},
    error,
};

pub(super) use call::CALL_PATH;

/// Everything that people open.
pub(super) const ENDPOINTS: &[Endpoint] = &[
    Endpoint::get("/", Access::Open, || web::route().to(start::start)),
    Endpoint::get(CALL_PATH, Access::Open, || web::route().to(call::call)),
    Endpoint::get(try_out::PATH, Access::Open, || web::route().to(try_out::page)),
    Endpoint::get(try_out::FILES_PATH, Access::Open, || web::route().to(try_out::file)),
];

/// A page that tells how things are at this moment: it is not kept.
fn fresh(page: &impl Template) -> HttpResponse {
    match page.render() {
        Ok(html) => HttpResponse::Ok()
            .content_type("text/html; charset=utf-8")
            .insert_header((header::CACHE_CONTROL, "no-store"))
            .body(html),
        Err(error) => error::failed(&error),
    }
}
