//! Refusals: the only place that knows which HTTP status belongs to which. People get a page, programs get JSON.

use actix_web::{
    HttpRequest, HttpResponse, ResponseError,
    http::{StatusCode, header},
};
use askama::Template;
use serde_json::json;

use super::{api, assets, rtc::Refusal};
use crate::{call::desk::DispatchError, rooms::JoinError, store::StoreError};

/// Why a request to the API is not served. The texts are for the caller: they hold nothing of the inside.
#[derive(Debug, thiserror::Error)]
pub(super) enum ApiError {
    #[error(
        "this needs an API key: send it as 'Authorization: Bearer KEY'; `callstead admin api-key create` makes one"
    )]
    NoKey,
    #[error("this API key is not valid: it is mistyped, or it was revoked")]
    UnknownKey,
    #[error("this API key may not do this: it needs the scope '{0}'")]
    Scope(&'static str),
    #[error("send JSON, and say so with 'Content-Type: application/json'")]
    ContentType,
    #[error("the body is longer than {} KiB", api::MAX_BODY / 1024)]
    TooLarge,
    #[error("the body did not arrive in time")]
    Slow,
    #[error("the body did not arrive whole")]
    Broken,
    #[error("the body is not JSON: {0}")]
    Json(serde_json::Error),
    #[error("the body must be a JSON object")]
    NotAnObject,
    /// `room_name is missing`
    #[error("{name} {problem}")]
    Field { name: &'static str, problem: String },
    #[error("no agent answered in time: try again in a moment")]
    Late,
    #[error("too many calls were begun from here: try again in a minute")]
    TooOften,
    #[error("{0}")]
    Dispatch(DispatchError),
    #[error("the database does not answer: the log says why")]
    Store(#[from] StoreError),
}

impl From<DispatchError> for ApiError {
    fn from(error: DispatchError) -> Self {
        match error {
            DispatchError::UnknownProfile { known, .. } => {
                Self::Field { name: "profile", problem: format!("is not known here: give one of {known}") }
            }
            DispatchError::TooMany | DispatchError::Stopped => Self::Dispatch(error),
        }
    }
}

impl ApiError {
    /// The same for programs: a word that stays as it is.
    fn code(&self) -> &'static str {
        match self {
            Self::NoKey => "no_key",
            Self::UnknownKey => "unknown_key",
            Self::Scope(_) => "missing_scope",
            Self::ContentType => "not_json",
            Self::TooLarge => "too_large",
            Self::Slow => "slow_body",
            Self::Broken => "broken_body",
            Self::Json(_) | Self::NotAnObject => "bad_json",
            Self::Field { .. } => "bad_field",
            Self::TooOften => "too_often",
            Self::Late => "no_agent",
            Self::Dispatch(DispatchError::TooMany) => "busy",
            Self::Dispatch(DispatchError::Stopped) => "stopping",
            // Becomes a field's when it comes from the desk.
            Self::Dispatch(DispatchError::UnknownProfile { .. }) => "bad_field",
            Self::Store(_) => "no_database",
        }
    }
}

impl ResponseError for ApiError {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::NoKey | Self::UnknownKey => StatusCode::UNAUTHORIZED,
            Self::Scope(_) => StatusCode::FORBIDDEN,
            Self::ContentType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Slow => StatusCode::REQUEST_TIMEOUT,
            Self::TooOften => StatusCode::TOO_MANY_REQUESTS,
            Self::Broken | Self::Json(_) | Self::NotAnObject => StatusCode::BAD_REQUEST,
            Self::Field { .. } => StatusCode::UNPROCESSABLE_ENTITY,
            Self::Late | Self::Dispatch(_) | Self::Store(_) => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    fn error_response(&self) -> HttpResponse {
        if let Self::Store(error) = self {
            tracing::error!(%error, "asking the database for an API request");
        }
        let status = self.status_code();
        let mut response = HttpResponse::build(status);
        response.insert_header((header::CACHE_CONTROL, "no-store"));
        if status == StatusCode::UNAUTHORIZED {
            response.insert_header((header::WWW_AUTHENTICATE, "Bearer"));
        }
        let mut error = json!({ "status": status.as_u16(), "code": self.code(), "message": self.to_string() });
        if let Self::Field { name, .. } = self {
            error["field"] = json!(name);
        }
        response.json(json!({ "error": error }))
    }
}

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

pub(super) async fn only_posted(request: HttpRequest) -> HttpResponse {
    let message = "This address takes JSON: use POST.";
    let mut response = answer(&request, StatusCode::METHOD_NOT_ALLOWED, "This cannot be done here", message);
    response.headers_mut().insert(header::ALLOW, header::HeaderValue::from_static("POST"));
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
        Refusal::Join(JoinError::Taken) => StatusCode::FORBIDDEN,
        Refusal::Join(JoinError::TooOften) => StatusCode::TOO_MANY_REQUESTS,
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
