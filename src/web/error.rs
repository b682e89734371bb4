//! Refusals: the only place that knows which HTTP status belongs to which. People get a page, programs get JSON.

use std::{borrow::Cow, time::Duration};

use actix_web::{
    Error, HttpRequest, HttpResponse, ResponseError,
    body::{EitherBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    http::{
        StatusCode,
        header::{self, HeaderValue},
    },
    middleware::Next,
};
use askama::Template;

use super::{
    agent,
    endpoint::{Access, Verb},
    idempotency::MOST_KEY,
    pages::{self, Visitor},
    problem::{FieldProblem, Problem},
    rtc::Refusal,
};
use crate::{
    call::{
        CallError, SpeechError,
        desk::DispatchError,
        rehearsal::RehearsalError,
        transcribe::{self, ScribeError},
        written::WrittenError,
    },
    people::PeopleError,
    rooms::JoinError,
    store::{StoreError, api_keys::Scope, users::Role},
};

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
    Scope(Scope),
    #[error("this is for people: log in on this server's page")]
    NoSession,
    #[error("this is for people, not for programs: log in on this server's page")]
    OnlyPersons,
    #[error("this needs the role '{0}': ask an administrator")]
    Role(Role),
    #[error("this was not sent by a page of this server: open the page again and repeat what you did")]
    ForeignPage,
    #[error("this is not what the page's form sends: open the page again and repeat what you did")]
    Form,
    #[error("{0}")]
    People(PeopleError),
    #[error("send JSON, and say so with 'Content-Type: application/json'")]
    ContentType,
    #[error("the body is longer than {}", bytes(*.0))]
    TooLarge(usize),
    #[error("the body did not arrive in time")]
    Slow,
    #[error("the body did not arrive whole")]
    Broken,
    #[error("the body is not JSON: {0}")]
    Json(serde_json::Error),
    #[error("the body must be a JSON object")]
    NotAnObject,
    /// `room_name is missing`; with more than one wrong, so many.
    #[error("{}", in_words(.0))]
    Fields(Vec<FieldProblem>),
    /// `there is no lead with this id`
    #[error("there is no {0} with this id")]
    NotFound(&'static str),
    #[error("this link has expired, or is not whole: ask for another one")]
    NoLink,
    /// What is there stands against it.
    #[error("{0}")]
    Conflict(String),
    #[error("this was not sent by the service: its signature is not right")]
    Signature,
    #[error("somebody else has changed this since you read it: read it again, and repeat what you changed")]
    Stale,
    /// It can be done, but not now.
    #[error("{0}")]
    Busy(String),
    /// What it takes is not there.
    #[error("{0}")]
    Unavailable(String),
    #[error("no agent answered in time: try again in a moment")]
    Late,
    #[error("too many calls were begun from here: try again in {} s", seconds(.0))]
    TooManyCalls(Duration),
    #[error("too many requests: try again in {} s", seconds(.0))]
    TooOften(Duration),
    #[error("an Idempotency-Key has 1 to {MOST_KEY} visible ASCII characters")]
    BadIdempotencyKey,
    #[error("this Idempotency-Key was sent with another request before: take a new one")]
    OtherRequest,
    #[error("the first request with this Idempotency-Key is still running: its answer will be there in a moment")]
    StillRunning,
    #[error(
        "a request with this Idempotency-Key was begun and has no answer: look whether it was done, and send it with a new key if it was not"
    )]
    NeverAnswered,
    #[error("this request failed: the log says why")]
    Failed,
    #[error("{0}")]
    Dispatch(DispatchError),
    #[error("the database does not answer: the log says why")]
    Store(#[from] StoreError),
}

impl ApiError {
    /// One field is wrong.
    pub(super) fn field(name: impl Into<String>, problem: impl ToString) -> Self {
        Self::Fields(vec![FieldProblem::new(name, problem)])
    }

    /// The kind's word in problem details.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::NoKey => "no-key",
            Self::UnknownKey => "unknown-key",
            Self::Scope(_) => "scope",
            Self::NoSession => "no-session",
            Self::OnlyPersons => "only-persons",
            Self::Role(_) => "role",
            Self::ForeignPage => "foreign-page",
            Self::Form => "form",
            Self::People(error) => people_kind(error),
            Self::ContentType => "content-type",
            Self::TooLarge(_) => "too-large",
            Self::Slow => "slow",
            Self::Broken | Self::Json(_) | Self::NotAnObject => "body",
            Self::Fields(_) => "fields",
            Self::NotFound(_) => "not-found",
            Self::NoLink => "no-link",
            Self::Conflict(_) => "conflict",
            Self::Signature => "signature",
            Self::Stale => "stale",
            Self::Busy(_) => "busy",
            Self::Unavailable(_) => "unavailable",
            Self::Late => "late",
            Self::TooManyCalls(_) | Self::TooOften(_) => "too-often",
            Self::BadIdempotencyKey => "idempotency-key",
            Self::OtherRequest => "idempotency-mismatch",
            Self::StillRunning => "idempotency-running",
            Self::NeverAnswered => "idempotency-unknown",
            Self::Failed => "failed",
            Self::Dispatch(DispatchError::Stopped) => "stopping",
            Self::Dispatch(_) => "busy",
            Self::Store(_) => "store",
        }
    }

    /// When it may be tried again, where that is known.
    fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::TooManyCalls(wait) | Self::TooOften(wait) | Self::People(PeopleError::Wait(wait)) => Some(*wait),
            Self::StillRunning => Some(Duration::from_secs(1)),
            _ => None,
        }
    }
}

/// Whole ones, at least one: as a header says it.
pub(super) fn seconds(wait: &Duration) -> u64 {
    wait.as_secs().saturating_add(u64::from(wait.subsec_nanos() > 0)).max(1)
}

/// Refused log-ins; whatever else people and rights refuse has a kind of its own ([`ApiError::from`]).
fn people_kind(error: &PeopleError) -> &'static str {
    match error {
        PeopleError::CodeNeeded { .. } => "code-needed",
        PeopleError::WrongCode => "wrong-code",
        PeopleError::Wait(_) => "too-often",
        PeopleError::Busy => "busy",
        _ => "credentials",
    }
}

impl From<PeopleError> for ApiError {
    fn from(error: PeopleError) -> Self {
        match error {
            PeopleError::Password(problem) => Self::field("password", problem),
            PeopleError::WrongPassword => Self::field("password", "is wrong"),
            PeopleError::EmailTaken => Self::field("email", "is somebody else's"),
            PeopleError::LastAdmin | PeopleError::LinkOver | PeopleError::NoPendingFactor | PeopleError::HasFactor => {
                Self::Conflict(error.to_string())
            }
            PeopleError::UnknownUser => Self::NotFound("member of staff"),
            PeopleError::UnknownSession => Self::NotFound("session"),
            PeopleError::UnknownKey => Self::NotFound("valid API key"),
            PeopleError::Stale => Self::Stale,
            PeopleError::Store(error) => Self::Store(error),
            PeopleError::Credentials
            | PeopleError::CodeNeeded { .. }
            | PeopleError::WrongCode
            | PeopleError::TicketOld
            | PeopleError::Wait(_)
            | PeopleError::Busy => Self::People(error),
        }
    }
}

fn in_words(fields: &[FieldProblem]) -> String {
    match fields {
        [one] => format!("{} {}", one.field, one.detail),
        more => format!("{} fields are wrong", more.len()),
    }
}

fn bytes(count: usize) -> String {
    const MIB: usize = 1024 * 1024;
    if count.is_multiple_of(MIB) { format!("{} MiB", count / MIB) } else { format!("{} KiB", count / 1024) }
}

impl From<DispatchError> for ApiError {
    fn from(error: DispatchError) -> Self {
        match error {
            DispatchError::UnknownProfile { known, .. } => {
                Self::field("profile", format!("is not known here: give one of {known}"))
            }
            DispatchError::TooMany | DispatchError::Stopped => Self::Dispatch(error),
        }
    }
}

impl From<ScribeError> for ApiError {
    fn from(error: ScribeError) -> Self {
        match error {
            ScribeError::Audio(error) => {
                let text = error.to_string();
                Self::field(transcribe::NAME, text.strip_prefix(transcribe::NAME).unwrap_or(&text).trim_start())
            }
            ScribeError::Busy => Self::Busy(error.to_string()),
            ScribeError::NotReady(why) => Self::Unavailable(why.to_string()),
            ScribeError::Call(error) => error.into(),
        }
    }
}

impl From<CallError> for ApiError {
    fn from(error: CallError) -> Self {
        match error {
            CallError::Speech(SpeechError::Unsupported(why)) => Self::field("language", why),
            CallError::Speech(SpeechError::Overloaded(_)) => Self::Busy(error.to_string()),
            error => Self::Unavailable(error.to_string()),
        }
    }
}

impl From<WrittenError> for ApiError {
    fn from(error: WrittenError) -> Self {
        match error {
            WrittenError::Unknown => Self::NotFound("conversation"),
            WrittenError::Over => Self::Conflict(error.to_string()),
            WrittenError::Busy => Self::Busy(error.to_string()),
            WrittenError::Late => Self::Late,
            WrittenError::NotReady(why) => Self::Unavailable(why.to_string()),
            WrittenError::Call(error) => error.into(),
            WrittenError::Store(error) => Self::Store(error),
        }
    }
}

impl From<RehearsalError> for ApiError {
    fn from(error: RehearsalError) -> Self {
        match error {
            RehearsalError::Busy => Self::Busy(error.to_string()),
            RehearsalError::Late => Self::Unavailable(error.to_string()),
            RehearsalError::NotReady(why) => Self::Unavailable(why.to_string()),
            RehearsalError::Call(error) => error.into(),
        }
    }
}

impl ResponseError for ApiError {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::NoKey | Self::UnknownKey | Self::NoSession => StatusCode::UNAUTHORIZED,
            Self::Scope(_) | Self::OnlyPersons | Self::Role(_) | Self::ForeignPage | Self::Signature => {
                StatusCode::FORBIDDEN
            }
            Self::ContentType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::TooLarge(_) => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Slow => StatusCode::REQUEST_TIMEOUT,
            Self::TooManyCalls(_) | Self::TooOften(_) => StatusCode::TOO_MANY_REQUESTS,
            Self::Broken | Self::Form | Self::Json(_) | Self::NotAnObject | Self::BadIdempotencyKey => {
                StatusCode::BAD_REQUEST
            }
            Self::People(PeopleError::Wait(_)) => StatusCode::TOO_MANY_REQUESTS,
            Self::People(PeopleError::Busy) => StatusCode::SERVICE_UNAVAILABLE,
            Self::People(_) => StatusCode::UNAUTHORIZED,
            Self::Fields(_) | Self::OtherRequest => StatusCode::UNPROCESSABLE_ENTITY,
            Self::NotFound(_) | Self::NoLink => StatusCode::NOT_FOUND,
            Self::Conflict(_) | Self::StillRunning | Self::NeverAnswered => StatusCode::CONFLICT,
            Self::Stale => StatusCode::PRECONDITION_FAILED,
            Self::Failed => StatusCode::INTERNAL_SERVER_ERROR,
            Self::Busy(_) | Self::Unavailable(_) | Self::Late | Self::Dispatch(_) | Self::Store(_) => {
                StatusCode::SERVICE_UNAVAILABLE
            }
        }
    }

    fn error_response(&self) -> HttpResponse {
        if let Self::Store(error) = self {
            tracing::error!(%error, "asking the database for an API request");
        }
        let fields = if let Self::Fields(fields) = self { fields.clone() } else { Vec::new() };
        let problem = Problem::new(self.status_code(), self.kind(), self.to_string()).with_fields(fields);
        let mut response = problem.response();
        if self.status_code() == StatusCode::UNAUTHORIZED {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if let Some(wait) = self.retry_after() {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds(&wait)));
        }
        response
    }
}

/// An endpoint that this request may not use. A member of staff who is not logged in is sent to do that.
pub(super) fn refused(request: &HttpRequest, access: Access, error: &ApiError) -> HttpResponse {
    let is_for_staff = matches!(access, Access::Person(_) | Access::Staff(..));
    match error {
        ApiError::NoSession | ApiError::NoKey if is_for_staff && wants_page(request) && !is_part_of_page(request) => {
            pages::to_log_in(request)
        }
        error => for_page(request, error),
    }
}

/// Says on a page what a page's handler refuses.
pub(super) async fn as_page<B: MessageBody>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>, Error> {
    let response = next.call(request).await?;
    let page = response.response().error().and_then(|error| error.as_error::<ApiError>());
    match page.map(|error| for_page(response.request(), error)) {
        Some(page) => Ok(response.into_response(page).map_into_right_body()),
        None => Ok(response.map_into_left_body()),
    }
}

/// What a request for a page asked for cannot be done.
pub(super) fn for_page(request: &HttpRequest, error: &ApiError) -> HttpResponse {
    if !wants_page(request) {
        return error.error_response();
    }
    if is_part_of_page(request) {
        let detail = pages::localized(pages::wanted_language(request), error);
        return Problem::new(error.status_code(), error.kind(), detail).response();
    }
    if let ApiError::Store(error) = error {
        tracing::error!(%error, "asking the database for a page");
    }
    let title = match error.status_code() {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => "refused-without-leave",
        status if status.is_server_error() => "refused-now",
        _ => "refused-not-possible",
    };
    let visitor = Visitor::of(request);
    let message = pages::localized(visitor.words, error);
    page(visitor, error.status_code(), title, &message)
}

/// What an error says, as a sentence on a page.
pub(super) fn sentence(error: &impl ToString) -> String {
    let mut text = error.to_string();
    if let Some(first) = text.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    text + "."
}

#[derive(Template)]
#[template(path = "error.html")]
struct ErrorPage<'a> {
    visitor: Visitor,
    status: u16,
    title: Cow<'static, str>,
    message: &'a str,
}

pub(super) async fn not_found(request: HttpRequest) -> HttpResponse {
    answer(&request, StatusCode::NOT_FOUND, "not-found", "refused-nothing", "there is no page at this address")
}

/// Something is at this address, but not for this method.
pub(super) async fn not_allowed(request: HttpRequest, allowed: Vec<Verb>) -> HttpResponse {
    let names: Vec<_> = allowed.iter().map(|verb| verb.name()).collect();
    let message = format!("this address takes only one of {}", names.join(", "));
    let mut response = answer(&request, StatusCode::METHOD_NOT_ALLOWED, "method", "refused-method", &message);
    let also_head = if allowed.contains(&Verb::Get) { ", HEAD" } else { "" };
    if let Ok(allow) = HeaderValue::from_str(&format!("{}{also_head}", names.join(", "))) {
        response.headers_mut().insert(header::ALLOW, allow);
    }
    response
}

/// `reason` says why this request is not served in development mode.
pub(super) fn forbidden(request: &HttpRequest, reason: &str) -> HttpResponse {
    answer(request, StatusCode::FORBIDDEN, "not-from-here", "refused-from-here", reason)
}

/// Somebody may not join a room. Plain text, as LiveKit's clients show it; never 404, which sends them to another path.
pub(super) fn refused_join(refusal: &Refusal) -> HttpResponse {
    let status = match refusal {
        Refusal::NoToken | Refusal::Token(_) | Refusal::Join(JoinError::Removed) => StatusCode::UNAUTHORIZED,
        Refusal::Signal(_) | Refusal::Join(JoinError::Config(_)) => StatusCode::BAD_REQUEST,
        Refusal::Join(JoinError::Taken) => StatusCode::FORBIDDEN,
        Refusal::Join(JoinError::TooOften) => StatusCode::TOO_MANY_REQUESTS,
        Refusal::Join(JoinError::Full | JoinError::NoRoom | JoinError::Unavailable) => StatusCode::SERVICE_UNAVAILABLE,
    };
    one_line(status, refusal)
}

/// For programs of LiveKit's.
fn one_line(status: StatusCode, refusal: &impl ToString) -> HttpResponse {
    let mut response = HttpResponse::build(status);
    response.insert_header((header::CACHE_CONTROL, "no-store")).content_type("text/plain; charset=utf-8");
    response.body(refusal.to_string())
}

/// A worker that is not let in. Stock ones try again after a while, whatever the status.
pub(super) fn refused_worker(refusal: &agent::Refusal) -> HttpResponse {
    let status = match refusal {
        agent::Refusal::NoToken | agent::Refusal::Token(_) | agent::Refusal::NoGrant => StatusCode::UNAUTHORIZED,
        agent::Refusal::Connect(_) => StatusCode::SERVICE_UNAVAILABLE,
    };
    one_line(status, refusal)
}

/// Signalling without a WebSocket, as livekit-server answers it.
pub(super) fn no_websocket() -> HttpResponse {
    HttpResponse::NotFound().content_type("text/plain; charset=utf-8").body("this address is for WebSockets")
}

/// `title` is the key of the page's title; `message` is said in English to programs, and to people in their language.
fn answer(request: &HttpRequest, status: StatusCode, kind: &str, title: &str, message: &str) -> HttpResponse {
    if !wants_page(request) {
        return Problem::new(status, kind, sentence(&message)).response();
    }
    let visitor = Visitor::of(request);
    let message = pages::said(visitor.words, &message);
    page(visitor, status, title, &message)
}

fn page(visitor: Visitor, status: StatusCode, title: &str, message: &str) -> HttpResponse {
    let title = visitor.t(title);
    let mut response = HttpResponse::build(status);
    response.insert_header((header::CACHE_CONTROL, "no-store"));
    response.insert_header((header::VARY, "Accept, Accept-Language, Cookie"));
    match (ErrorPage { visitor, status: status.as_u16(), title, message }).render() {
        Ok(html) => response.content_type("text/html; charset=utf-8").body(html),
        Err(error) => failed(&error),
    }
}

/// A page could not be made.
pub(super) fn failed(error: &askama::Error) -> HttpResponse {
    tracing::error!(%error, "rendering a page");
    HttpResponse::InternalServerError().body("This page could not be made. The log says why.")
}

/// Whether a page that is open asks for itself (htmx): it stays as it is, and says what is wrong.
fn is_part_of_page(request: &HttpRequest) -> bool {
    request.headers().contains_key("hx-request")
}

/// Whether a browser asks, rather than a program: it names HTML itself, not `*/*`.
fn wants_page(request: &HttpRequest) -> bool {
    let accept = request.headers().get(header::ACCEPT).and_then(|value| value.to_str().ok());
    accept.is_some_and(|accept| accept.contains("text/html"))
}
