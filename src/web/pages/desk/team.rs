//! The team: who works at the desk, and what they may do. Who is invited, or forgot the password, is given a one-time link.

use std::{borrow::Cow, collections::BTreeMap};

use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;

use super::{
    form::{self, Field, Form, Kind, Saved, Sent},
    frame::Desk,
    listing::{Asked, Listing, lenient},
};
use crate::{
    locale::Locale,
    people::UserChange,
    store::{
        RandomSecret, now,
        users::{self, Role, State as UserState, User},
    },
    web::{
        State,
        api::staff::users::{MemberChange, NewMember, UserFilter, address, id},
        error::ApiError,
        form::StaffForm,
    },
};

pub(super) const PATH: &str = "/desk/team";

fn path_of(user: &User) -> String {
    format!("{PATH}/{}", user.id)
}

// ---- everybody ----

#[derive(Template)]
#[template(path = "desk/team.html")]
struct TeamPage {
    desk: Desk,
    list: Listing<User>,
}

impl TeamPage {
    fn roles(&self) -> &'static [Role] {
        Role::ALL
    }

    fn states(&self) -> &'static [UserState] {
        UserState::ALL
    }

    fn role(&self, role: &Role) -> Cow<'_, str> {
        self.desk.words.word("role", role.as_str())
    }

    fn state(&self, state: &UserState) -> Cow<'_, str> {
        self.desk.words.word("member-state", state.as_str())
    }

    fn state_of(&self, user: &User) -> Cow<'_, str> {
        self.state(&user.state())
    }
}

/// `GET /desk/team`
pub(super) async fn list(
    desk: Desk,
    asked: web::Query<BTreeMap<String, String>>,
    state: web::Data<State>,
) -> Result<HttpResponse, ApiError> {
    let asked = Asked::from(asked.into_inner());
    let filter = UserFilter { q: asked.owned("q"), role: asked.owned("role"), state: asked.owned("state") };
    let (filter, _) = lenient(filter.check())?;
    let list = Listing::read(&state, (PATH, &users::TABLE), asked, filter, users::page).await?;
    Ok(Desk::show(&TeamPage { desk, list }))
}

// ---- one of them ----

#[derive(Template)]
#[template(path = "desk/member.html")]
struct MemberPage {
    desk: Desk,
    /// None: somebody new.
    member: Option<User>,
    form: Form,
}

impl MemberPage {
    fn path(&self) -> String {
        self.member.as_ref().map_or_else(|| PATH.to_owned(), path_of)
    }

    fn title(&self) -> Cow<'_, str> {
        match &self.member {
            Some(member) => Cow::Borrowed(&member.name),
            None => self.desk.t("member-new"),
        }
    }

    /// Whether this is the reader themselves.
    fn is_reader(&self) -> bool {
        self.member.as_ref().is_some_and(|member| member.id == self.desk.staff.id)
    }
}

fn form_of(words: &'static Locale, member: Option<&User>) -> Form {
    let choice = |role: &Role| {
        let key = format!("role-{role}");
        (role.to_string(), format!("{}: {}", words.text(&key), words.text(&format!("{key}-may"))))
    };
    let role = member.map_or(Role::Agent, |member| member.role);
    let fields = vec![
        Field::line(words, "name", "member-name").required().value(member.map_or("", |it| &it.name)),
        Field::typed(words, "email", "email", "email").required().value(member.map_or("", |it| it.email.as_str())),
        Field::new(words, "role", "member-role", Kind::Choice(Role::ALL.iter().map(choice).collect()))
            .value(role.as_str()),
    ];
    let Some(member) = member else { return Form::new(fields) };
    let disabled = Field::new(words, "disabled", "member-disabled", Kind::Check)
        .hint(words.text("member-disabled-hint"))
        .ticked(member.disabled_at.is_some());
    Form::new(fields.into_iter().chain([disabled]).collect()).of_version(member.version)
}

/// `GET /desk/team/new`
pub(super) async fn blank(desk: Desk) -> Result<HttpResponse, ApiError> {
    let form = form_of(desk.words, None);
    Ok(Desk::show(&MemberPage { desk, member: None, form }))
}

/// `GET /desk/team/{id}`
pub(super) async fn member(
    desk: Desk,
    member: web::Path<String>,
    state: web::Data<State>,
) -> Result<HttpResponse, ApiError> {
    let member = state.people.user(&id(&member)?).await?;
    let form = form_of(desk.words, Some(&member));
    Ok(Desk::show(&MemberPage { desk, member: Some(member), form }))
}

/// `POST /desk/team`: the page with the link, this once.
pub(super) async fn invite(
    request: HttpRequest,
    desk: Desk,
    sent: StaffForm<Sent>,
    state: web::Data<State>,
) -> Result<HttpResponse, ApiError> {
    let form = form_of(desk.words, None).typed(&sent.fields);
    let invited = async {
        let new = form::input::<NewMember>(&form, &sent.fields)?.check()?;
        Ok::<_, ApiError>(state.people.invite(new, desk.actor(), now()).await?)
    };
    match invited.await {
        Ok((member, link)) => Ok(show_link(desk, &request, &state, member, &link)),
        Err(error) => {
            let refused = Saved { path: Err(error), done: "" };
            refused.answer(desk, form, None, |desk, form| Desk::show_again(&MemberPage { desk, member: None, form }))
        }
    }
}

/// `POST /desk/team/{id}`
pub(super) async fn update(
    desk: Desk,
    member: web::Path<String>,
    sent: StaffForm<Sent>,
    state: web::Data<State>,
) -> Result<HttpResponse, ApiError> {
    let member = state.people.user(&id(&member)?).await?;
    let stored = form_of(desk.words, Some(&member));
    let form = form_of(desk.words, Some(&member)).typed(&sent.fields);
    let saved = async {
        let change = form::input::<MemberChange>(&form, &sent.fields)?.parse()?;
        let (version, own) = (form::version(&sent.fields)?, desk.staff.session.clone());
        let id = member.id.clone();
        Ok(state.people.update(id, change, Some(version), Some(own), desk.actor(), now()).await?)
    };
    let saved = Saved { path: saved.await.map(|user: User| path_of(&user)), done: "member-saved" };
    let page = |desk, form| Desk::show_again(&MemberPage { desk, member: Some(member), form });
    saved.answer(desk, form, Some(&stored), page)
}

/// `POST /desk/team/{id}/factor/end`: the member has lost it.
pub(super) async fn end_factor(
    desk: Desk,
    member: web::Path<String>,
    sent: StaffForm<Sent>,
    state: web::Data<State>,
) -> Result<HttpResponse, ApiError> {
    let change = UserChange { forget_factor: true, ..UserChange::default() };
    let own = Some(sent.staff.session);
    let member = state.people.update(id(&member)?, change, None, own, desk.actor(), now()).await?;
    Ok(Desk::see(&path_of(&member), "member-factor"))
}

/// `POST /desk/team/{id}/delete`
pub(super) async fn delete(
    desk: Desk,
    member: web::Path<String>,
    _sent: StaffForm<Sent>,
    state: web::Data<State>,
) -> Result<HttpResponse, ApiError> {
    state.people.delete(id(&member)?, None, desk.actor(), now()).await?;
    Ok(Desk::see(PATH, "member-deleted"))
}

// ---- the link ----

#[derive(Template)]
#[template(path = "desk/member_link.html")]
struct LinkPage {
    desk: Desk,
    member: User,
    link: String,
}

/// `POST /desk/team/{id}/link`: for who forgot the password, or whose invitation is too old.
pub(super) async fn link(
    request: HttpRequest,
    desk: Desk,
    member: web::Path<String>,
    _sent: StaffForm<Sent>,
    state: web::Data<State>,
) -> Result<HttpResponse, ApiError> {
    let id = id(&member)?;
    let link = state.people.link(id.clone(), desk.actor(), now()).await?;
    let member = state.people.user(&id).await?;
    Ok(show_link(desk, &request, &state, member, &link))
}

fn show_link(desk: Desk, request: &HttpRequest, state: &State, member: User, link: &RandomSecret) -> HttpResponse {
    let link = address(state, request, link);
    Desk::show(&LinkPage { desk, member, link })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Language;

    #[test]
    fn each_role_says_what_it_may() {
        for language in [Language::ENGLISH, Language::ARABIC] {
            let form = form_of(Locale::of(language).unwrap(), None);
            let Kind::Choice(roles) = &form.fields[2].kind else { panic!("a role is chosen") };
            assert_eq!(roles.len(), Role::ALL.len());
            assert!(roles.iter().all(|(role, words)| !words.contains(&format!("role-{role}"))), "{roles:?}");
            assert_eq!(form.fields[2].value, "agent");
        }
    }
}
