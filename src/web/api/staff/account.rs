//! One's own account: who one is, password, second factor, sessions.

use actix_web::{HttpRequest, HttpResponse, web};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::staff;
use crate::{
    people::{PeopleError, Visit},
    store::{sessions::Session, users::User},
    web::{
        State,
        access::Who,
        api::{body::Body, entity},
        error::ApiError,
        session,
    },
};

/// Who is logged in.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(in crate::web) struct Account {
    id: String,
    email: String,
    name: String,
    /// `viewer`, `agent`, `supervisor` or `admin`.
    role: &'static str,
    /// The language of the pages; null: what the browser asks for.
    language: Option<String>,
    /// Whether a code is asked for at the log-in.
    totp: bool,
    #[schema(format = DateTime)]
    created_at: String,
    #[schema(format = DateTime)]
    last_login_at: Option<String>,
}

impl From<&User> for Account {
    fn from(user: &User) -> Self {
        Self {
            id: user.id.to_string(),
            email: user.email.to_string(),
            name: user.name.clone(),
            role: user.role.as_str(),
            language: user.language.clone(),
            totp: user.has_totp,
            created_at: user.created_at.to_string(),
            last_login_at: user.last_login_at.map(|at| at.to_string()),
        }
    }
}

/// A password, and the one that takes its place.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(in crate::web) struct PasswordChange {
    password: String,
    /// Ten characters at least, 1024 bytes at most, and not the e-mail address.
    new_password: String,
}

/// The password, asked for again.
#[derive(Deserialize, ToSchema)]
pub(in crate::web) struct Confirmed {
    password: String,
}

/// A code of the second factor.
#[derive(Deserialize, ToSchema)]
pub(in crate::web) struct Code {
    code: String,
}

/// A second factor that waits for its first code.
#[derive(Serialize, ToSchema)]
pub(in crate::web) struct NewFactor {
    /// Base32, to be typed into a program for codes.
    secret: String,
    /// The same as an `otpauth:` address, for a QR code.
    uri: String,
}

/// Where one is logged in.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(in crate::web) struct SessionItem {
    id: String,
    /// Whether it is the one that asks.
    current: bool,
    #[schema(format = DateTime)]
    created_at: String,
    /// To the minute.
    #[schema(format = DateTime)]
    seen_at: String,
    /// From where it was begun.
    address: String,
    /// The browser, in its own words.
    agent: String,
}

/// Sessions, the latest used first.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(in crate::web) struct SessionList {
    items: Vec<SessionItem>,
    /// Always null: all are given.
    next_cursor: Option<String>,
}

/// Who asks, as they are now.
async fn member(who: Who, request: &HttpRequest, state: &State) -> Result<(session::Staff, User, Visit), ApiError> {
    let staff = staff(who)?;
    let user = state.people.user(&staff.id).await?;
    Ok((staff, user, session::visit(state, request)))
}

/// Who is logged in.
#[utoipa::path(
    get,
    path = "/api/account",
    tag = "account",
    responses((status = 200, description = "The account", body = Account)),
)]
pub(in crate::web) async fn account(
    who: Who,
    request: HttpRequest,
    state: web::Data<State>,
) -> Result<HttpResponse, ApiError> {
    let (_, user, _) = member(who, &request, &state).await?;
    Ok(entity::found(user.version, &Account::from(&user)))
}

/// Changes the password; the other sessions end.
#[utoipa::path(
    post,
    path = "/api/account/password",
    tag = "account",
    request_body = PasswordChange,
    responses(
        (status = 204, description = "Changed"),
        (status = 422, description = "The password is wrong, or the new one is not good enough"),
        (status = 429, description = "Too many attempts"),
    ),
)]
pub(in crate::web) async fn change_password(
    who: Who,
    request: HttpRequest,
    body: Body<PasswordChange>,
    state: web::Data<State>,
) -> Result<HttpResponse, ApiError> {
    let (staff, user, visit) = member(who, &request, &state).await?;
    let Body(PasswordChange { password, new_password }) = body;
    let changed =
        state.people.change_password(&user, &staff.session, password.into(), new_password.into(), &visit).await;
    changed.map_err(|error| match error {
        PeopleError::Password(problem) => ApiError::field("newPassword", problem),
        error => error.into(),
    })?;
    Ok(HttpResponse::NoContent().finish())
}

/// Makes a second factor, which counts once its first code was given.
#[utoipa::path(
    post,
    path = "/api/account/totp",
    tag = "account",
    request_body = Confirmed,
    responses(
        (status = 200, description = "The secret, shown once", body = NewFactor),
        (status = 409, description = "There is one already"),
        (status = 422, description = "The password is wrong"),
    ),
)]
pub(in crate::web) async fn begin_factor(
    who: Who,
    request: HttpRequest,
    body: Body<Confirmed>,
    state: web::Data<State>,
) -> Result<HttpResponse, ApiError> {
    let (_, user, visit) = member(who, &request, &state).await?;
    let factor = state.people.begin_factor(&user, body.0.password.into(), &visit).await?;
    Ok(HttpResponse::Ok().json(NewFactor { secret: factor.base32(), uri: factor.uri(&user.email) }))
}

/// Turns the second factor on, with its first code.
#[utoipa::path(
    post,
    path = "/api/account/totp/confirm",
    tag = "account",
    request_body = Code,
    responses(
        (status = 204, description = "From now on a code is asked for"),
        (status = 409, description = "None waits for its first code"),
        (status = 422, description = "The code is wrong"),
    ),
)]
pub(in crate::web) async fn confirm_factor(
    who: Who,
    request: HttpRequest,
    body: Body<Code>,
    state: web::Data<State>,
) -> Result<HttpResponse, ApiError> {
    let (_, user, visit) = member(who, &request, &state).await?;
    let confirmed = state.people.confirm_factor(&user, body.0.code, &visit).await;
    confirmed.map_err(|error| match error {
        PeopleError::WrongCode => ApiError::field("code", "is wrong"),
        error => error.into(),
    })?;
    Ok(HttpResponse::NoContent().finish())
}

/// Turns the second factor off.
#[utoipa::path(
    delete,
    path = "/api/account/totp",
    tag = "account",
    request_body = Confirmed,
    responses((status = 204, description = "Off"), (status = 422, description = "The password is wrong")),
)]
pub(in crate::web) async fn end_factor(
    who: Who,
    request: HttpRequest,
    body: Body<Confirmed>,
    state: web::Data<State>,
) -> Result<HttpResponse, ApiError> {
    let (_, user, visit) = member(who, &request, &state).await?;
    state.people.end_factor(&user, body.0.password.into(), &visit).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Where one is logged in.
#[utoipa::path(
    get,
    path = "/api/account/sessions",
    tag = "account",
    responses((status = 200, description = "The sessions", body = SessionList)),
)]
pub(in crate::web) async fn sessions(
    who: Who,
    request: HttpRequest,
    state: web::Data<State>,
) -> Result<HttpResponse, ApiError> {
    let (staff, user, visit) = member(who, &request, &state).await?;
    let sessions = state.people.sessions(&user.id, visit.at).await?;
    let item = |session: Session| SessionItem {
        current: session.id == staff.session,
        id: session.id.to_string(),
        created_at: session.created_at.to_string(),
        seen_at: session.seen_at.to_string(),
        address: session.address,
        agent: session.agent,
    };
    let items = sessions.into_iter().map(item).collect();
    Ok(HttpResponse::Ok().json(SessionList { items, next_cursor: None }))
}

/// Ends one session.
#[utoipa::path(
    delete,
    path = "/api/account/sessions/{id}",
    tag = "account",
    params(("id" = String, Path, description = "The session")),
    responses((status = 204, description = "Ended"), (status = 404, description = "No such session")),
)]
pub(in crate::web) async fn end_session(
    who: Who,
    request: HttpRequest,
    id: web::Path<String>,
    state: web::Data<State>,
) -> Result<HttpResponse, ApiError> {
    let (_, user, visit) = member(who, &request, &state).await?;
    let id = id.parse().map_err(|_| PeopleError::UnknownSession)?;
    state.people.end_session(&user, &id, &visit).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Ends all sessions, this one too.
#[utoipa::path(
    delete,
    path = "/api/account/sessions",
    tag = "account",
    responses((status = 204, description = "Logged out everywhere")),
)]
pub(in crate::web) async fn end_sessions(
    who: Who,
    request: HttpRequest,
    state: web::Data<State>,
) -> Result<HttpResponse, ApiError> {
    let (_, user, visit) = member(who, &request, &state).await?;
    state.people.end_all_sessions(&user, &visit).await?;
    Ok(session::with_cookie(HttpResponse::NoContent().finish(), &state, &request, None))
}
