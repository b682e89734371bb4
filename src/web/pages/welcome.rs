//! Where one-time links lead: the first administrator, somebody who was invited, somebody who forgot the password.

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web};
use askama::Template;
use serde::Deserialize;

use super::{fresh, fresh_as, login::see};
use crate::{
    people::{self, Arrival, Guest, PeopleError},
    store::RandomSecret,
    web::{
        State, assets,
        error::{self, ApiError, sentence},
        form::PublicForm,
        session,
    },
};

pub(super) const WELCOME_PATH: &str = "/welcome/{link}";

/// Where the link with this secret leads.
pub(in crate::web) fn path_of(link: &RandomSecret) -> String {
    WELCOME_PATH.replace("{link}", &link.reveal())
}

#[derive(Template)]
#[template(path = "welcome.html")]
struct WelcomePage {
    stylesheet: String,
    icon: String,
    problem: Option<String>,
    kind: Kind,
    email: String,
    name: String,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    FirstAdmin,
    Invited,
    Forgot,
}

#[derive(Deserialize)]
pub(super) struct Typed {
    email: Option<String>,
    name: String,
    password: String,
    again: String,
}

impl WelcomePage {
    fn new(guest: &Guest) -> Self {
        let (kind, email, name) = match guest {
            Guest::FirstAdmin => (Kind::FirstAdmin, "", ""),
            Guest::Member(user) if user.has_password => (Kind::Forgot, user.email.as_str(), user.name.as_str()),
            Guest::Member(user) => (Kind::Invited, user.email.as_str(), user.name.as_str()),
        };
        Self {
            stylesheet: assets::address("app.css"),
            icon: assets::address("icon.svg"),
            problem: None,
            kind,
            email: email.to_owned(),
            name: name.to_owned(),
        }
    }
}

/// `GET /welcome/{link}`
pub(super) async fn form(request: HttpRequest, link: web::Path<String>, state: web::Data<State>) -> HttpResponse {
    match guest(&state, &request, &link).await {
        Ok((_, guest)) => fresh(&WelcomePage::new(&guest)),
        Err(error) => error::for_page(&request, &error),
    }
}

/// `POST /welcome/{link}`
pub(super) async fn arrive(
    request: HttpRequest,
    link: web::Path<String>,
    form: Result<PublicForm<Typed>, ApiError>,
    state: web::Data<State>,
) -> HttpResponse {
    let typed = form.map(|PublicForm(typed)| typed);
    let (typed, (link, guest)) = match (typed, guest(&state, &request, &link).await) {
        (Ok(typed), Ok(guest)) => (typed, guest),
        (Err(error), _) | (_, Err(error)) => return error::for_page(&request, &error),
    };
    let mut page = WelcomePage::new(&guest);
    page.name.clone_from(&typed.name);
    if guest == Guest::FirstAdmin {
        page.email = typed.email.clone().unwrap_or_default();
    }
    let problem = match arrival(typed, &guest) {
        Err(problem) => problem,
        Ok(arrival) => match state.people.welcome(link, arrival, &session::visit(&state, &request)).await {
            Ok(_) => return see("/login?done=welcome"),
            Err(error @ (PeopleError::Password(_) | PeopleError::Busy)) => sentence(&error),
            Err(error) => return error::for_page(&request, &error.into()),
        },
    };
    page.problem = Some(problem);
    fresh_as(StatusCode::UNPROCESSABLE_ENTITY, &page)
}

async fn guest(state: &State, request: &HttpRequest, link: &str) -> Result<(RandomSecret, Guest), ApiError> {
    let link = RandomSecret::parse(link).ok_or(PeopleError::LinkOver)?;
    let guest = state.people.guest(link.clone(), session::visit(state, request).at).await?;
    Ok((link, guest))
}

/// What was typed, if all of it can be used; else a sentence.
fn arrival(typed: Typed, guest: &Guest) -> Result<Arrival, String> {
    let email = match (guest, typed.email) {
        (Guest::FirstAdmin, email) => {
            let email = email.unwrap_or_default().parse();
            Some(email.map_err(|problem| format!("The e-mail address {problem}."))?)
        }
        (Guest::Member(_), _) => None,
    };
    let name = people::parse_name(&typed.name).map_err(|problem| format!("The name: {problem}."))?;
    if typed.password != typed.again {
        return Err("The two passwords are not the same: type both again.".to_owned());
    }
    Ok(Arrival { email, name, password: typed.password.into() })
}
