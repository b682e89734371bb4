//! What members of staff see and change of their own account: password, second factor, sessions.

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web};
use askama::Template;
use serde::Deserialize;

use super::{
    fresh, fresh_as,
    login::{logged_out, see},
};
use crate::{
    people::{Factor, PeopleError},
    store::{sessions::Session, users::User},
    web::{
        State,
        access::Who,
        assets,
        error::{self, ApiError, sentence},
        form::StaffForm,
        session::{self, Staff},
    },
};

pub(super) const ACCOUNT_PATH: &str = "/account";

#[derive(Template)]
#[template(path = "account.html")]
struct AccountPage {
    stylesheet: String,
    icon: String,
    /// Shows that a form comes from this page.
    token: String,
    user: User,
    /// A second factor that waits for its first code: its secret, and an address that programs for codes open.
    factor: Option<(String, String)>,
    sessions: Vec<SessionRow>,
    notice: Option<&'static str>,
    problem: Option<(Section, String)>,
}

/// To which part of the page a problem belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Section {
    Password,
    Factor,
    Sessions,
}

struct SessionRow {
    id: String,
    is_this: bool,
    browser: String,
    address: String,
    seen: String,
}

impl SessionRow {
    fn new(session: Session, this: &Staff) -> Self {
        Self {
            is_this: session.id == this.session,
            id: session.id.to_string(),
            browser: browser(&session.agent),
            address: session.address,
            seen: session.seen_at.strftime("%Y-%m-%d %H:%M UTC").to_string(),
        }
    }
}

/// A browser's own words are long, and all of them name all others: what its owner calls it.
fn browser(agent: &str) -> String {
    let named = |names: &[(&str, &'static str)]| names.iter().find(|(part, _)| agent.contains(part)).map(|it| it.1);
    let program = named(&[
        ("Edg/", "Edge"),
        ("OPR/", "Opera"),
        ("Firefox/", "Firefox"),
        ("Chrome/", "Chrome"),
        ("Safari/", "Safari"),
    ]);
    let system = named(&[
        ("Android", "Android"),
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Windows", "Windows"),
        ("Mac OS X", "Mac"),
        ("Linux", "Linux"),
    ]);
    match (program, system) {
        (Some(program), Some(system)) => format!("{program} on {system}"),
        (Some(name), None) | (None, Some(name)) => name.to_owned(),
        (None, None) => "Another program".to_owned(),
    }
}

impl AccountPage {
    async fn new(state: &State, request: &HttpRequest, staff: &Staff) -> Result<Self, ApiError> {
        let at = session::visit(state, request).at;
        let user = state.people.user(&staff.id).await?;
        let sessions = state.people.sessions(&staff.id, at).await?;
        Ok(Self {
            stylesheet: assets::address("app.css"),
            icon: assets::address("icon.svg"),
            token: session::form_token(state, &staff.session),
            user,
            factor: None,
            sessions: sessions.into_iter().map(|it| SessionRow::new(it, staff)).collect(),
            notice: None,
            problem: None,
        })
    }

    fn with_factor(mut self, factor: &Factor) -> Self {
        self.factor = Some((in_groups(&factor.base32()), factor.uri(&self.user.email)));
        self
    }

    /// The problem of one part.
    fn problem_of(&self, section: Section) -> Option<&str> {
        self.problem.as_ref().filter(|(of, _)| *of == section).map(|(_, problem)| problem.as_str())
    }
}

/// Four characters at a time, as people copy them.
fn in_groups(text: &str) -> String {
    let letters: Vec<_> = text.chars().collect();
    letters.chunks(4).map(String::from_iter).collect::<Vec<_>>().join(" ")
}

#[derive(Deserialize)]
pub(super) struct Asked {
    done: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct NewPassword {
    password: String,
    new: String,
    again: String,
}

#[derive(Deserialize)]
pub(super) struct Confirmed {
    password: String,
}

#[derive(Deserialize)]
pub(super) struct Code {
    code: String,
}

#[derive(Deserialize)]
pub(super) struct Ended {
    /// A session's id; none: all of them.
    session: Option<String>,
}

/// A form of this page, or why it cannot be used.
type Sent<T> = Result<StaffForm<T>, ApiError>;

/// `GET /account`
pub(super) async fn account(
    request: HttpRequest,
    who: Who,
    asked: web::Query<Asked>,
    state: web::Data<State>,
) -> HttpResponse {
    let Who::Staff(staff) = who else { return error::for_page(&request, &ApiError::NoSession) };
    let notice = match asked.done.as_deref() {
        Some("password") => Some("Your password is changed. You are logged out everywhere else."),
        Some("factor") => Some("From now on you log in with a code too."),
        Some("no-factor") => Some("From now on you log in without a code."),
        Some("session") => Some("That session is ended."),
        _ => None,
    };
    match AccountPage::new(&state, &request, &staff).await {
        Ok(page) => fresh(&AccountPage { notice, ..page }),
        Err(error) => error::for_page(&request, &error),
    }
}

/// `POST /account/password`
pub(super) async fn change_password(
    request: HttpRequest,
    form: Sent<NewPassword>,
    state: web::Data<State>,
) -> HttpResponse {
    let StaffForm { staff, fields } = match form {
        Ok(form) => form,
        Err(error) => return error::for_page(&request, &error),
    };
    if fields.new != fields.again {
        let problem = "The two new passwords are not the same: type both again.".to_owned();
        return with_problem(&request, &state, &staff, Section::Password, problem, None).await;
    }
    let visit = session::visit(&state, &request);
    let (old, new) = (fields.password.into(), fields.new.into());
    let changed = match state.people.user(&staff.id).await {
        Ok(user) => state.people.change_password(&user, &staff.session, old, new, &visit).await,
        Err(error) => Err(error),
    };
    answer(&request, &state, &staff, Section::Password, changed.map(|()| see("/account?done=password")), None).await
}

/// `POST /account/factor`: the page with a new second factor's secret on it, this once.
pub(super) async fn begin_factor(request: HttpRequest, form: Sent<Confirmed>, state: web::Data<State>) -> HttpResponse {
    let StaffForm { staff, fields } = match form {
        Ok(form) => form,
        Err(error) => return error::for_page(&request, &error),
    };
    let visit = session::visit(&state, &request);
    let begun = match state.people.user(&staff.id).await {
        Ok(user) => state.people.begin_factor(&user, fields.password.into(), &visit).await,
        Err(error) => Err(error),
    };
    match (begun, AccountPage::new(&state, &request, &staff).await) {
        (Ok(factor), Ok(page)) => fresh(&page.with_factor(&factor)),
        (_, Err(error)) => error::for_page(&request, &error),
        (Err(error), _) => answer(&request, &state, &staff, Section::Factor, Err(error), None).await,
    }
}

/// `POST /account/factor/confirm`
pub(super) async fn confirm_factor(request: HttpRequest, form: Sent<Code>, state: web::Data<State>) -> HttpResponse {
    let StaffForm { staff, fields } = match form {
        Ok(form) => form,
        Err(error) => return error::for_page(&request, &error),
    };
    let visit = session::visit(&state, &request);
    let confirmed = async {
        let user = state.people.user(&staff.id).await?;
        let confirmed = state.people.confirm_factor(&user, fields.code, &visit).await;
        // A slip of a finger is no reason to begin anew.
        let factor = if confirmed.is_err() { state.people.pending_factor(&user).await? } else { None };
        Ok::<_, PeopleError>((confirmed, factor))
    };
    let (confirmed, factor) = confirmed.await.unwrap_or_else(|error| (Err(error), None));
    let seen = confirmed.map(|()| see("/account?done=factor"));
    answer(&request, &state, &staff, Section::Factor, seen, factor).await
}

/// `POST /account/factor/end`
pub(super) async fn end_factor(request: HttpRequest, form: Sent<Confirmed>, state: web::Data<State>) -> HttpResponse {
    let StaffForm { staff, fields } = match form {
        Ok(form) => form,
        Err(error) => return error::for_page(&request, &error),
    };
    let visit = session::visit(&state, &request);
    let ended = match state.people.user(&staff.id).await {
        Ok(user) => state.people.end_factor(&user, fields.password.into(), &visit).await,
        Err(error) => Err(error),
    };
    answer(&request, &state, &staff, Section::Factor, ended.map(|()| see("/account?done=no-factor")), None).await
}

/// `POST /account/sessions/end`: one session, or all.
pub(super) async fn end_sessions(request: HttpRequest, form: Sent<Ended>, state: web::Data<State>) -> HttpResponse {
    let StaffForm { staff, fields } = match form {
        Ok(form) => form,
        Err(error) => return error::for_page(&request, &error),
    };
    let visit = session::visit(&state, &request);
    let ended = async {
        let user = state.people.user(&staff.id).await?;
        let Some(id) = fields.session else {
            state.people.end_all_sessions(&user, &visit).await?;
            return Ok(logged_out(&state, &request));
        };
        let id = id.parse().map_err(|_| PeopleError::UnknownSession)?;
        state.people.end_session(&user, &id, &visit).await?;
        Ok(if id == staff.session { logged_out(&state, &request) } else { see("/account?done=session") })
    };
    let ended = ended.await;
    answer(&request, &state, &staff, Section::Sessions, ended, None).await
}

/// What was done is seen on another page; what was not is said on this one.
async fn answer(
    request: &HttpRequest,
    state: &State,
    staff: &Staff,
    section: Section,
    result: Result<HttpResponse, PeopleError>,
    factor: Option<Factor>,
) -> HttpResponse {
    match result {
        Ok(response) => response,
        Err(error @ PeopleError::Store(_)) => error::for_page(request, &error.into()),
        Err(error) => with_problem(request, state, staff, section, sentence(&error), factor).await,
    }
}

async fn with_problem(
    request: &HttpRequest,
    state: &State,
    staff: &Staff,
    section: Section,
    problem: String,
    factor: Option<Factor>,
) -> HttpResponse {
    match AccountPage::new(state, request, staff).await {
        Ok(page) => {
            let page = AccountPage { problem: Some((section, problem)), ..page };
            let page = factor.iter().fold(page, AccountPage::with_factor);
            fresh_as(StatusCode::UNPROCESSABLE_ENTITY, &page)
        }
        Err(error) => error::for_page(request, &error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn browsers_are_called_as_their_owners_call_them() {
        for (agent, name) in [
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/131.0 Safari/537.36 Edg/131.0",
                "Edge on Windows",
            ),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Mobile Safari/604.1",
                "Safari on iPhone",
            ),
            ("Mozilla/5.0 (X11; Linux x86_64; rv:133.0) Gecko/20100101 Firefox/133.0", "Firefox on Linux"),
            ("curl/8.5", "Another program"),
            ("", "Another program"),
        ] {
            assert_eq!(browser(agent), name);
        }
    }

    #[test]
    fn a_secret_is_shown_as_people_copy_it() {
        assert_eq!(in_groups("ABCDEFGHIJ"), "ABCD EFGH IJ");
    }
}
