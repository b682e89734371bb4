//! Refusals: the only place that knows which HTTP status belongs to which. People get a page, programs get JSON.

use actix_web::{
    HttpRequest, HttpResponse,
    http::{StatusCode, header},
};
use askama::Template;
use serde_json::json;

use super::{assets, rtc::Refusal};
use crate::rooms::JoinError;

#[derive(Template)]
#[template(path = "error.html")]
struct ErrorPage<'a> {
    stylesheet: String,
    icon: String,
    status: u16,
    title: &'a str,
    message: &'a str,
}

pub(super) async fn not_found(request: HttpRequest) -> HttpResponse {
    answer(&request, StatusCode::NOT_FOUND, "Nothing is here", "There is no page at this address.")
}

pub(super) async fn method_not_allowed(request: HttpRequest) -> HttpResponse {
    let message = "This address can only be read: use GET.";
    let mut response = answer(&request, StatusCode::METHOD_NOT_ALLOWED, "This cannot be done here", message);
    response.headers_mut().insert(header::ALLOW, header::HeaderValue::from_static("GET, HEAD"));
    response
}

/// `reason` says why this request is not served in development mode.
pub(super) fn forbidden(request: &HttpRequest, reason: &str) -> HttpResponse {
    answer(request, StatusCode::FORBIDDEN, "Not from here", reason)
}

/// Somebody may not join a room. Plain text, as LiveKit's clients show it; never 404, which sends them to another path.
pub(super) fn refused_join(refusal: &Refusal) -> HttpResponse {
    let status = match refusal {
        Refusal::NoToken | Refusal::Token(_) | Refusal::Join(JoinError::Removed) => StatusCode::UNAUTHORIZED,
        Refusal::Signal(_) => StatusCode::BAD_REQUEST,
        Refusal::Join(JoinError::Full | JoinError::NoRoom | JoinError::Unavailable) => StatusCode::SERVICE_UNAVAILABLE,
    };
    let mut response = HttpResponse::build(status);
    response.insert_header((header::CACHE_CONTROL, "no-store")).content_type("text/plain; charset=utf-8");
    response.body(refusal.to_string())
}

/// Signalling without a WebSocket, as livekit-server answers it.
pub(super) fn no_websocket() -> HttpResponse {
    HttpResponse::NotFound().content_type("text/plain; charset=utf-8").body("this address is for WebSockets")
}

fn answer(request: &HttpRequest, status: StatusCode, title: &str, message: &str) -> HttpResponse {
    let mut response = HttpResponse::build(status);
    response.insert_header((header::CACHE_CONTROL, "no-store")).insert_header((header::VARY, "Accept"));
    if !wants_page(request) {
        return response.json(json!({ "error": { "status": status.as_u16(), "message": message } }));
    }
    let page = ErrorPage {
        stylesheet: assets::address("app.css"),
        icon: assets::address("icon.svg"),
        status: status.as_u16(),
        title,
        message,
    };
    match page.render() {
        Ok(html) => response.content_type("text/html; charset=utf-8").body(html),
        Err(error) => failed(&error),
    }
}

/// A page could not be made.
pub(super) fn failed(error: &askama::Error) -> HttpResponse {
    tracing::error!(%error, "rendering a page");
    HttpResponse::InternalServerError().body("This page could not be made. The log says why.")
}

/// Whether a browser asks, rather than a program: it names HTML itself, not `*/*`.
fn wants_page(request: &HttpRequest) -> bool {
    let accept = request.headers().get(header::ACCEPT).and_then(|value| value.to_str().ok());
    accept.is_some_and(|accept| accept.contains("text/html"))
}
