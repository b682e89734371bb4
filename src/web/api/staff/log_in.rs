//! Logging in and out from front ends that are served from this origin.

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web};
use serde::Deserialize;
use utoipa::ToSchema;

use super::{account::Account, staff};
use crate::{
    people::{Attempt, Begun},
    web::{
        State,
        access::Who,
        api::{body::Body, entity},
        error::ApiError,
        session,
    },
};

/// What somebody logs in with.
#[derive(Deserialize, ToSchema)]
pub(in crate::web) struct NewSession {
    /// The e-mail address.
    email: String,
    /// The password.
    password: String,
    /// The second factor's code, where there is one.
    code: Option<String>,
}

/// Logs a member of staff in: the answer sets the session's cookie.
#[utoipa::path(
    post,
    path = "/api/session",
    tag = "account",
    request_body = NewSession,
    responses(
        (status = 201, description = "Logged in; the cookie is set", body = Account),
        (status = 401, description = "`credentials`: wrong; `code-needed`, `wrong-code`: the second factor's code"),
        (status = 429, description = "Too many attempts; `Retry-After` says how long to wait"),
    )
)]
pub(in crate::web) async fn log_in(
    request: HttpRequest,
    body: Body<NewSession>,
    state: web::Data<State>,
) -> Result<HttpResponse, ApiError> {
    // Otherwise somebody else's page could log its visitors in under a name of its own.
    if session::is_from_foreign_page(&state, &request) {
        return Err(ApiError::ForeignPage);
    }
    let Body(NewSession { email, password, code }) = body;
    let attempt = Attempt { email, password: password.into(), code };
    let Begun { user, secret, .. } = state.people.log_in(attempt, &session::visit(&state, &request)).await?;
    let mut response = entity::found(user.version, &Account::from(&user));
    *response.status_mut() = StatusCode::CREATED;
    Ok(session::with_cookie(response, &state, &request, Some(&secret)))
}

/// Logs out: the session ends.
#[utoipa::path(
    delete,
    path = "/api/session",
    tag = "account",
    responses((status = 204, description = "Logged out"), (status = 401, description = "Nobody is logged in")),
)]
pub(in crate::web) async fn log_out(
    who: Who,
    request: HttpRequest,
    state: web::Data<State>,
) -> Result<HttpResponse, ApiError> {
    let staff = staff(who)?;
    let user = state.people.user(&staff.id).await?;
    state.people.end_session(&user, &staff.session, &session::visit(&state, &request)).await?;
    Ok(session::with_cookie(HttpResponse::NoContent().finish(), &state, &request, None))
}
