//! Numbers that nobody calls or writes to.

use std::collections::BTreeMap;

use actix_web::{HttpResponse, web};
use askama::Template;

use super::super::{
    form::{self, Field, Form, Kind, Saved, Sent},
    frame::Desk,
    listing::{Asked, Listing, lenient},
    problems, undo,
};
use crate::{
    locale::Locale,
    store::do_not_call::{self, Entry},
    web::{
        State,
        api::admin::do_not_call::{EntryFilter, Removal, entry_id, put, take_off},
        error::ApiError,
        form::StaffForm,
        problem::FieldProblem,
    },
};

pub(super) const PATH: &str = "/desk/do-not-call";

#[derive(Template)]
#[template(path = "desk/do-not-call.html")]
struct ListPage {
    desk: Desk,
    list: Listing<Entry>,
    /// For another number.
    form: Form,
    problems: Vec<FieldProblem>,
}

impl ListPage {
    fn detail(&self, detail: &str) -> String {
        problems::detail(self.desk.words, detail)
    }
}

#[derive(Template)]
#[template(path = "desk/do-not-call-entry.html")]
struct EntryPage {
    desk: Desk,
    entry: Entry,
    /// Why they may be called again.
    form: Form,
}

impl EntryPage {
    fn title(&self) -> String {
        let phone = self.entry.phone.as_ref().map(|phone| phone.reveal().to_string());
        phone.unwrap_or_else(|| self.desk.t("blocked-erased").into_owned())
    }
}

fn form_to_add(words: &'static Locale) -> Form {
    Form::new(vec![
        Field::typed(words, "phone", "lead-phone", "tel").required().hint(words.text("lead-phone-hint")),
        Field::line(words, "reason", "act-block-why"),
    ])
}

fn form_to_remove(words: &'static Locale) -> Form {
    Form::new(vec![Field::line(words, "reason", "act-unblock-why").required().hint(words.text("act-unblock-hint"))])
}

async fn read(state: &State, asked: Asked) -> Result<(Listing<Entry>, Vec<FieldProblem>), ApiError> {
    let filter = EntryFilter { phone: asked.owned("phone") };
    let (filter, problems) = lenient(filter.check(state).await)?;
    let list = Listing::read(state, (PATH, &do_not_call::TABLE), asked, filter, do_not_call::page).await?;
    Ok((list, problems))
}

/// `GET /desk/do-not-call`
pub(super) async fn list(
    desk: Desk,
    asked: web::Query<BTreeMap<String, String>>,
    state: web::Data<State>,
) -> Result<HttpResponse, ApiError> {
    let (list, problems) = read(&state, Asked::from(asked.into_inner())).await?;
    let form = form_to_add(desk.words);
    Ok(Desk::show(&ListPage { desk, list, form, problems }))
}

/// `POST /desk/do-not-call`
pub(super) async fn add(desk: Desk, sent: StaffForm<Sent>, state: web::Data<State>) -> Result<HttpResponse, ApiError> {
    let form = form_to_add(desk.words).typed(&sent.fields);
    let added = match form::input(&form, &sent.fields) {
        Ok(input) => put(&state, desk.actor(), input).await,
        Err(error) => Err(error),
    };
    let (list, problems) = read(&state, Asked::default()).await?;
    let saved = Saved { path: added.map(|_| PATH.to_owned()), done: "blocked" };
    saved.answer(desk, form, None, |desk, form| Desk::show_again(&ListPage { desk, list, form, problems }))
}

async fn find(state: &State, id: &str) -> Result<Entry, ApiError> {
    let id = entry_id(id)?;
    let entry = state.store.read(move |connection| do_not_call::find(connection, &id)).await?;
    entry.ok_or(ApiError::NotFound("entry"))
}

/// `GET /desk/do-not-call/{id}`: why it stands there, and a form to take it off.
pub(super) async fn entry(
    desk: Desk,
    id: web::Path<String>,
    state: web::Data<State>,
) -> Result<HttpResponse, ApiError> {
    let entry = find(&state, &id).await?;
    let form = form_to_remove(desk.words);
    Ok(Desk::show(&EntryPage { desk, entry, form }))
}

/// `POST /desk/do-not-call/{id}`
pub(super) async fn remove(
    desk: Desk,
    id: web::Path<String>,
    sent: StaffForm<Sent>,
    state: web::Data<State>,
) -> Result<HttpResponse, ApiError> {
    let entry = find(&state, &id).await?;
    let form = form_to_remove(desk.words).typed(&sent.fields);
    let removal = Removal { reason: sent.fields.get("reason").cloned() };
    let removed = take_off(&state, desk.actor(), entry.id.clone(), None, &removal).await;
    if removed.is_ok() {
        return undo::offer(&state, &desk, PATH, "unblocked", &id).await;
    }
    let saved = Saved { path: removed.map(|()| PATH.to_owned()), done: "unblocked" };
    saved.answer(desk, form, None, |desk, form| Desk::show_again(&EntryPage { desk, entry, form }))
}
