//! Where one-time links lead: the first administrator, somebody who was invited, somebody who forgot the password.

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web};
use askama::Template;
use serde::Deserialize;

use super::{
    desk::{detail, said},
    fresh, fresh_as,
    login::see,
    visitor::Visitor,
};
use crate::{
    domain::BadEmail,
    locale::Locale,
    people::{self, Arrival, Guest, PeopleError},
    store::RandomSecret,
    web::{State, error::ApiError, form::PublicForm, session},
};

pub(super) const WELCOME_PATH: &str = "/welcome/{link}";

/// Where the link with this secret leads.
pub(in crate::web) fn path_of(link: &RandomSecret) -> String {
    WELCOME_PATH.replace("{link}", &link.reveal())
}

#[derive(Template)]
#[template(path = "welcome.html")]
struct WelcomePage {
    visitor: Visitor,
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
    fn new(visitor: Visitor, guest: &Guest) -> Self {
        let (kind, email, name) = match guest {
            Guest::FirstAdmin => (Kind::FirstAdmin, "", ""),
            Guest::Member(user) if user.has_password => (Kind::Forgot, user.email.as_str(), user.name.as_str()),
            Guest::Member(user) => (Kind::Invited, user.email.as_str(), user.name.as_str()),
        };
        Self { visitor, problem: None, kind, email: email.to_owned(), name: name.to_owned() }
    }
}

/// `GET /welcome/{link}`
pub(super) async fn form(
    request: HttpRequest,
    link: web::Path<String>,
    state: web::Data<State>,
) -> Result<HttpResponse, ApiError> {
    let (_, guest) = guest(&state, &request, &link).await?;
    Ok(fresh(&WelcomePage::new(Visitor::of(&request), &guest)))
}

/// `POST /welcome/{link}`
pub(super) async fn arrive(
    request: HttpRequest,
    link: web::Path<String>,
    form: PublicForm<Typed>,
    state: web::Data<State>,
) -> Result<HttpResponse, ApiError> {
    let (PublicForm(typed), (link, guest)) = (form, guest(&state, &request, &link).await?);
    let mut page = WelcomePage::new(Visitor::of(&request), &guest);
    let words = page.visitor.words;
    page.name.clone_from(&typed.name);
    if guest == Guest::FirstAdmin {
        page.email = typed.email.clone().unwrap_or_default();
    }
    let problem = match arrival(words, typed, &guest) {
        Err(problem) => problem,
        Ok(arrival) => match state.people.welcome(link, arrival, &session::visit(&state, &request)).await {
            Ok(_) if guest == Guest::FirstAdmin => return Ok(see("/login?done=welcome&next=%2Fdesk%2Fsetup")),
            Ok(_) => return Ok(see("/login?done=welcome")),
            Err(error @ (PeopleError::Password(_) | PeopleError::Busy)) => said(words, &error),
            Err(error) => return Err(error.into()),
        },
    };
    page.problem = Some(problem);
    Ok(fresh_as(StatusCode::UNPROCESSABLE_ENTITY, &page))
}

async fn guest(state: &State, request: &HttpRequest, link: &str) -> Result<(RandomSecret, Guest), ApiError> {
    let link = RandomSecret::parse(link).ok_or(PeopleError::LinkOver)?;
    let guest = state.people.guest(link.clone(), session::visit(state, request).at).await?;
    Ok((link, guest))
}

/// What was typed, if all of it can be used; else a sentence.
fn arrival(words: &'static Locale, typed: Typed, guest: &Guest) -> Result<Arrival, String> {
    let wrong = |field: &str, problem: &str| format!("{}: {}.", words.text(field), detail(words, problem));
    let email = match (guest, typed.email) {
        (Guest::FirstAdmin, email) => {
            Some(email.unwrap_or_default().parse().map_err(|problem: BadEmail| wrong("email", &problem.to_string()))?)
        }
        (Guest::Member(_), _) => None,
    };
    let name = people::parse_name(&typed.name).map_err(|problem| wrong("your-name", &problem))?;
    if typed.password != typed.again {
        return Err(words.text("passwords-differ").into_owned());
    }
    Ok(Arrival { email, name, password: typed.password.into() })
}
