//! The page where members of staff log in: e-mail address and password, then a code where there is a second factor. It works
//! without any script.

use std::borrow::Cow;

use actix_web::{
    HttpRequest, HttpResponse, ResponseError,
    http::{StatusCode, Uri, header},
    web,
};
use askama::Template;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;

use super::{DESK_PATH, desk::said, fresh, fresh_as, visitor::Visitor};
use crate::{
    people::{Attempt, Begun, PeopleError},
    web::{
        State,
        error::ApiError,
        form::{PublicForm, StaffForm},
        session,
    },
};

pub(super) const LOGIN_PATH: &str = "/login";
/// Longest address to which somebody is sent on.
const LONGEST_NEXT: usize = 2048;

#[derive(Template)]
#[template(path = "login.html")]
struct LoginPage {
    visitor: Visitor,
    /// What was wrong the last time.
    problem: Option<String>,
    /// What went well just now.
    notice: Option<Cow<'static, str>>,
    next: String,
    step: Step,
}

enum Step {
    /// With the address that was typed.
    Password { email: String },
    /// With what shows that the password was right.
    Code { ticket: String },
}

/// What the address says: where somebody wanted to go, and what has just happened.
#[derive(Deserialize)]
pub(super) struct Asked {
    next: Option<String>,
    done: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct Typed {
    email: Option<String>,
    password: Option<String>,
    ticket: Option<String>,
    code: Option<String>,
    next: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct Nothing {}

impl LoginPage {
    fn new(visitor: Visitor, next: Option<&str>, step: Step) -> Self {
        Self { visitor, problem: None, notice: None, next: next.unwrap_or_default().to_owned(), step }
    }
}

/// `GET /login?next=…`
pub(super) async fn form(
    request: HttpRequest,
    asked: web::Query<Asked>,
    state: web::Data<State>,
) -> Result<HttpResponse, ApiError> {
    let next = asked.next.as_deref().and_then(local);
    if session::of(&state, &request).await?.is_some() {
        return Ok(see(next.unwrap_or(DESK_PATH)));
    }
    let visitor = Visitor::of(&request);
    let notice = asked.done.as_deref().map(|done| format!("done-{done}")).filter(|key| visitor.words.has(key));
    let notice = notice.map(|key| Cow::Owned(visitor.t(&key).into_owned()));
    Ok(fresh(&LoginPage { notice, ..LoginPage::new(visitor, next, Step::Password { email: String::new() }) }))
}

/// `POST /login`
pub(super) async fn log_in(
    request: HttpRequest,
    form: PublicForm<Typed>,
    state: web::Data<State>,
) -> Result<HttpResponse, ApiError> {
    let PublicForm(typed) = form;
    let next = typed.next.as_deref().and_then(local);
    let visit = session::visit(&state, &request);
    let email = typed.email.unwrap_or_default();
    let result = match &typed.ticket {
        Some(ticket) => state.people.log_in_with_code(ticket, typed.code.unwrap_or_default(), &visit).await,
        None => {
            let password = typed.password.unwrap_or_default().into();
            state.people.log_in(Attempt { email: email.clone(), password, code: typed.code }, &visit).await
        }
    };
    match result {
        Ok(Begun { secret, .. }) => {
            Ok(session::with_cookie(see(next.unwrap_or(DESK_PATH)), &state, &request, Some(&secret)))
        }
        Err(error) => again(Visitor::of(&request), error, next, email, typed.ticket),
    }
}

/// The page again, with what was wrong.
fn again(
    visitor: Visitor,
    error: PeopleError,
    next: Option<&str>,
    email: String,
    ticket: Option<String>,
) -> Result<HttpResponse, ApiError> {
    let problem = said(visitor.words, &error);
    let (status, step, problem) = match error {
        PeopleError::CodeNeeded { ticket } => (StatusCode::OK, Step::Code { ticket }, None),
        PeopleError::Store(_) => return Err(error.into()),
        error => {
            let is_over = matches!(error, PeopleError::TicketOld);
            let step = match ticket.filter(|_| !is_over) {
                Some(ticket) => Step::Code { ticket },
                None => Step::Password { email },
            };
            (ApiError::from(error).status_code(), step, Some(problem))
        }
    };
    Ok(fresh_as(status, &LoginPage { problem, ..LoginPage::new(visitor, next, step) }))
}

/// `POST /logout`
pub(super) async fn log_out(
    request: HttpRequest,
    form: StaffForm<Nothing>,
    state: web::Data<State>,
) -> Result<HttpResponse, ApiError> {
    let staff = form.staff;
    let user = state.people.user(&staff.id).await?;
    state.people.end_session(&user, &staff.session, &session::visit(&state, &request)).await?;
    Ok(logged_out(&state, &request))
}

/// There is no session any more: back to the log-in.
pub(super) fn logged_out(state: &State, request: &HttpRequest) -> HttpResponse {
    session::with_cookie(see("/login?done=logout"), state, request, None)
}

/// Sends a browser to the log-in, and from there back to what it asked for, or to the page whose form it has sent. Whose
/// session is over is told so.
pub(in crate::web) fn to_log_in(request: &HttpRequest) -> HttpResponse {
    let is_safe = request.method().is_safe();
    let asked = if is_safe { request.uri().path_and_query().map(ToString::to_string) } else { page_of_form(request) };
    let next =
        asked.as_deref().and_then(local).map(|next| format!("next={}", utf8_percent_encode(next, NON_ALPHANUMERIC)));
    let done = session::is_held(request).then(|| format!("done={}", if is_safe { "over" } else { "late" }));
    match [next, done].into_iter().flatten().reduce(|query, more| format!("{query}&{more}")) {
        Some(query) => see(&format!("{LOGIN_PATH}?{query}")),
        None => see(LOGIN_PATH),
    }
}

/// The path of the page on which a form stood.
pub(super) fn page_of_form(request: &HttpRequest) -> Option<String> {
    let page: Uri = request.headers().get(header::REFERER)?.to_str().ok()?.parse().ok()?;
    Some(page.path().to_owned())
}

/// Sends a browser on, whatever it has just sent.
pub(super) fn see(path: &str) -> HttpResponse {
    HttpResponse::SeeOther()
        .insert_header((header::LOCATION, path))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .finish()
}

/// Where somebody may go on after the log-in: a path of this server that does not end there again.
pub(super) fn local(next: &str) -> Option<&str> {
    let is_end = next.starts_with(LOGIN_PATH) || next.starts_with("/logout");
    (is_of_this_server(next) && !is_end).then_some(next)
}

/// Whether this is a path of this server, and of no other, however a browser reads it: `//evil.example`, `/\evil.example` and
/// `/<tab>/evil…` are addresses of others.
pub(super) fn is_of_this_server(next: &str) -> bool {
    let begins = next.starts_with('/') && !next.starts_with("//");
    begins && next.len() <= LONGEST_NEXT && next.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\')
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    #[test]
    fn nobody_is_sent_to_another_site() {
        for (next, followed) in [
            ("/account", true),
            ("/leads?q=a%20b&sort=-createdAt", true),
            ("/", true),
            ("", false),
            ("account", false),
            ("https://evil.example", false),
            ("//evil.example", false),
            ("/\\evil.example", false),
            ("\\\\evil.example", false),
            ("/\t/evil.example", false),
            ("/\n/evil.example", false),
            ("javascript:alert(1)", false),
            (" /account", false),
            ("/a b", false),
            ("/\u{2f}/é", false),
            ("/login?next=/login", false),
            ("/logout", false),
            (&format!("/{}", "a".repeat(LONGEST_NEXT)), false),
        ] {
            assert_eq!(local(next).is_some(), followed, "{next:?}");
        }
    }

    #[test]
    fn who_is_not_logged_in_comes_back_afterwards() {
        let location = |request: TestRequest| {
            let response = to_log_in(&request.to_http_request());
            response.headers().get(header::LOCATION).unwrap().to_str().unwrap().to_owned()
        };
        assert_eq!(location(TestRequest::with_uri("/leads?q=1&a=b")), "/login?next=%2Fleads%3Fq%3D1%26a%3Db");
        assert_eq!(location(TestRequest::post().uri("/account/password")), "/login");
        assert_eq!(location(TestRequest::with_uri("//evil.example/x")), "/login");
        let cookie = ("Cookie", format!("callstead-session={}", "A".repeat(43)));
        let over = TestRequest::with_uri("/leads").insert_header(cookie.clone());
        assert_eq!(location(over), "/login?next=%2Fleads&done=over");
        let late = TestRequest::post().uri("/account/password").insert_header(cookie);
        let late = late.insert_header(("Referer", "http://localhost/account?done=session"));
        assert_eq!(location(late), "/login?next=%2Faccount&done=late");
    }
}
