//! Pages for people. Each template's struct sits beside its handler.

mod call;
mod start;

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
