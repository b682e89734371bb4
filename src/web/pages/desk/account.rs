//! What members of staff see and change of their own account: password, second factor, sessions.

use std::borrow::Cow;

use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use serde::Deserialize;

use super::{super::login::logged_out, frame::Desk, problems::said};
use crate::{
    locale::Locale,
    people::{Factor, PeopleError},
    store::{sessions::Session, users::User},
    web::{State, error::ApiError, form::StaffForm, session},
};

pub(super) const PATH: &str = "/account";

#[derive(Template)]
#[template(path = "desk/account.html")]
struct AccountPage {
    desk: Desk,
    user: User,
    /// A second factor that waits for its first code: its secret, and an address that programs for codes open.
    factor: Option<(String, String)>,
    sessions: Vec<SessionRow>,
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
    fn new(session: Session, desk: &Desk) -> Self {
        Self {
            is_this: session.id == desk.staff.session,
            id: session.id.to_string(),
            browser: browser(desk.words, &session.agent).into_owned(),
            address: session.address,
            seen: desk.moment(&session.seen_at),
        }
    }
}

/// A browser's own words are long, and all of them name all others: what its owner calls it.
fn browser(words: &'static Locale, agent: &str) -> Cow<'static, str> {
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
        (Some(program), Some(system)) => {
            words.with("account-browser", &[("program", program.into()), ("system", system.into())])
        }
        (Some(name), None) | (None, Some(name)) => Cow::Borrowed(name),
        (None, None) => words.text("account-program"),
    }
}

impl AccountPage {
    async fn new(state: &State, request: &HttpRequest, desk: Desk) -> Result<Self, ApiError> {
        let at = session::visit(state, request).at;
        let user = state.people.user(&desk.staff.id).await?;
        let sessions = state.people.sessions(&desk.staff.id, at).await?;
        let sessions = sessions.into_iter().map(|it| SessionRow::new(it, &desk)).collect();
        Ok(Self { desk, user, factor: None, sessions, problem: None })
    }

    fn with_factor(mut self, factor: &Factor) -> Self {
        self.factor = Some((in_groups(&factor.base32()), factor.uri(&self.user.email)));
        self
    }

    fn role(&self) -> Cow<'_, str> {
        self.desk.words.word("role", self.user.role.as_str())
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

/// `GET /account`
pub(super) async fn account(
    request: HttpRequest,
    desk: Desk,
    state: web::Data<State>,
) -> Result<HttpResponse, ApiError> {
    Ok(Desk::show(&AccountPage::new(&state, &request, desk).await?))
}

/// `POST /account/password`
pub(super) async fn change_password(
    request: HttpRequest,
    desk: Desk,
    form: StaffForm<NewPassword>,
    state: web::Data<State>,
) -> Result<HttpResponse, ApiError> {
    let StaffForm { staff, fields } = form;
    let page = AccountPage::new(&state, &request, desk).await?;
    if fields.new != fields.again {
        let problem = page.desk.t("passwords-differ").into_owned();
        return Ok(page.again(Section::Password, problem));
    }
    let visit = session::visit(&state, &request);
    let (old, new) = (fields.password.into(), fields.new.into());
    let changed = state.people.change_password(&page.user, &staff.session, old, new, &visit).await;
    page.answer(Section::Password, changed.map(|()| Desk::see(PATH, "password")))
}

/// `POST /account/factor`: the page with a new second factor's secret on it, this once.
pub(super) async fn begin_factor(
    request: HttpRequest,
    desk: Desk,
    form: StaffForm<Confirmed>,
    state: web::Data<State>,
) -> Result<HttpResponse, ApiError> {
    let page = AccountPage::new(&state, &request, desk).await?;
    let visit = session::visit(&state, &request);
    match state.people.begin_factor(&page.user, form.fields.password.into(), &visit).await {
        Ok(factor) => Ok(Desk::show(&page.with_factor(&factor))),
        Err(error) => page.answer(Section::Factor, Err(error)),
    }
}

/// `POST /account/factor/confirm`
pub(super) async fn confirm_factor(
    request: HttpRequest,
    desk: Desk,
    form: StaffForm<Code>,
    state: web::Data<State>,
) -> Result<HttpResponse, ApiError> {
    let page = AccountPage::new(&state, &request, desk).await?;
    let visit = session::visit(&state, &request);
    let confirmed = state.people.confirm_factor(&page.user, form.fields.code, &visit).await;
    // A slip of a finger is no reason to begin anew.
    let factor = if confirmed.is_err() { state.people.pending_factor(&page.user).await? } else { None };
    let page = factor.iter().fold(page, AccountPage::with_factor);
    page.answer(Section::Factor, confirmed.map(|()| Desk::see(PATH, "factor")))
}

/// `POST /account/factor/end`
pub(super) async fn end_factor(
    request: HttpRequest,
    desk: Desk,
    form: StaffForm<Confirmed>,
    state: web::Data<State>,
) -> Result<HttpResponse, ApiError> {
    let page = AccountPage::new(&state, &request, desk).await?;
    let visit = session::visit(&state, &request);
    let ended = state.people.end_factor(&page.user, form.fields.password.into(), &visit).await;
    page.answer(Section::Factor, ended.map(|()| Desk::see(PATH, "no-factor")))
}

/// `POST /account/sessions/end`: one session, or all.
pub(super) async fn end_sessions(
    request: HttpRequest,
    desk: Desk,
    form: StaffForm<Ended>,
    state: web::Data<State>,
) -> Result<HttpResponse, ApiError> {
    let StaffForm { staff, fields } = form;
    let page = AccountPage::new(&state, &request, desk).await?;
    let visit = session::visit(&state, &request);
    let ended = async {
        let Some(id) = fields.session else {
            state.people.end_all_sessions(&page.user, &visit).await?;
            return Ok(logged_out(&state, &request));
        };
        let id = id.parse().map_err(|_| PeopleError::UnknownSession)?;
        state.people.end_session(&page.user, &id, &visit).await?;
        Ok(if id == staff.session { logged_out(&state, &request) } else { Desk::see(PATH, "session") })
    };
    let ended = ended.await;
    page.answer(Section::Sessions, ended)
}

impl AccountPage {
    /// What was done is seen on another page; what was not is said on this one.
    fn answer(self, section: Section, result: Result<HttpResponse, PeopleError>) -> Result<HttpResponse, ApiError> {
        match result {
            Ok(response) => Ok(response),
            Err(error @ PeopleError::Store(_)) => Err(error.into()),
            Err(error) => {
                let problem = said(self.desk.words, &error);
                Ok(self.again(section, problem))
            }
        }
    }

    fn again(self, section: Section, problem: String) -> HttpResponse {
        Desk::show_again(&Self { problem: Some((section, problem)), ..self })
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
            assert_eq!(browser(Locale::first([]), agent), name);
        }
    }

    #[test]
    fn a_secret_is_shown_as_people_copy_it() {
        assert_eq!(in_groups("ABCDEFGHIJ"), "ABCD EFGH IJ");
    }
}
