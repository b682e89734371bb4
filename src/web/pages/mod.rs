//! Pages for people. Each template's struct sits beside its handler.

mod call;
mod start;

use actix_web::{HttpResponse, http::header};
use askama::Template;

use super::error;

pub(super) use call::{CALL_PATH, call};
pub(super) use start::start;

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
