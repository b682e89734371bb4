//! Leads: the table, and one lead to be read and changed.

use std::collections::BTreeMap;

use actix_web::{HttpResponse, web};
use askama::Template;
use jiff::Timestamp;

use super::{
    form::{self, Field, Form, Kind, Saved, Sent},
    frame::Desk,
    listing::{Asked, Listing, lenient},
};
use crate::{
    domain::{Language, LeadId, ScriptId},
    locale::Locale,
    store::{
        Refusal, StoreError,
        leads::{self, Lead, LeadStatus},
        list::Page,
        persons, scripts,
    },
    web::{
        State,
        api::admin::leads::{LeadFilter, LeadInput, lead_id},
        error::ApiError,
        form::{StaffForm, StaffPairs},
        problem::FieldProblem,
    },
};

pub(super) const PATH: &str = "/desk/leads";
/// Most leads that are changed together: those of one page.
const MOST_TOGETHER: usize = 200;
/// Scripts that a lead can be given.
const MOST_SCRIPTS: u32 = 200;

// ---- the table ----

#[derive(Template)]
#[template(path = "desk/leads.html")]
struct LeadsPage {
    desk: Desk,
    list: Listing<Lead>,
    /// What the address asks for and cannot be.
    problems: Vec<FieldProblem>,
}

impl LeadsPage {
    fn statuses(&self) -> &'static [LeadStatus] {
        LeadStatus::ALL
    }

    fn status(&self, status: &LeadStatus) -> String {
        self.desk.words.word("lead-status", status.as_str()).into_owned()
    }
}

/// `GET /desk/leads`
pub(super) async fn list(
    desk: Desk,
    asked: web::Query<BTreeMap<String, String>>,
    state: web::Data<State>,
) -> Result<HttpResponse, ApiError> {
    let asked = Asked::from(asked.into_inner());
    let filter = LeadFilter {
        q: asked.owned("q"),
        status: asked.owned("status"),
        language: asked.owned("language"),
        source: asked.owned("source"),
    };
    let (filter, problems) = lenient(filter.check())?;
    let list = Listing::read(&state, (PATH, &leads::TABLE), asked, filter, leads::page).await?;
    Ok(Desk::show(&LeadsPage { desk, list, problems }))
}

/// `POST /desk/leads/bulk`: what is done with all leads whose box is ticked.
pub(super) async fn bulk(
    desk: Desk,
    StaffPairs(sent): StaffPairs,
    state: web::Data<State>,
) -> Result<HttpResponse, ApiError> {
    let act = sent.iter().find(|(name, _)| name == "act").map(|(_, act)| act.as_str());
    let ids = sent.iter().filter(|(name, _)| name == "id").take(MOST_TOGETHER).map(|(_, id)| lead_id(id));
    let ids: Vec<LeadId> = ids.collect::<Result<_, _>>()?;
    if ids.is_empty() {
        return Ok(Desk::see(PATH, "nothing-ticked"));
    }
    let patch = match act {
        Some("delete") => None,
        Some(status) => {
            let status = status.parse::<LeadStatus>().map_err(|_| ApiError::Form)?;
            Some(leads::LeadPatch { status: Some(status), ..leads::LeadPatch::default() })
        }
        None => return Err(ApiError::Form),
    };
    let done = if patch.is_some() { "leads-changed" } else { "leads-deleted" };
    let changed = state.store.change(desk.actor(), Timestamp::now(), move |change| {
        for id in &ids {
            let changed = match &patch {
                Some(patch) => leads::update(change, id, None, patch).map(drop),
                None => leads::delete(change, id, None),
            };
            match changed {
                // Somebody else was quicker.
                Ok(()) | Err(Refusal::Missing(_)) => {}
                Err(refusal) => return Err(refusal),
            }
        }
        Ok(())
    });
    changed.await?;
    Ok(Desk::see(PATH, done))
}

// ---- one lead ----

#[derive(Template)]
#[template(path = "desk/lead.html")]
struct LeadPage {
    desk: Desk,
    /// None: a new one.
    lead: Option<Lead>,
    form: Form,
}

impl LeadPage {
    fn path(&self) -> String {
        self.lead.as_ref().map_or_else(|| PATH.to_owned(), |lead| path_of(&lead.id))
    }

    fn title(&self) -> String {
        match &self.lead {
            None => self.desk.t("lead-new").into_owned(),
            Some(lead) if lead.name.reveal().is_empty() => {
                lead.phone.as_ref().map(|phone| phone.reveal().to_string()).unwrap_or_default()
            }
            Some(lead) => lead.name.reveal().clone(),
        }
    }
}

fn path_of(id: &LeadId) -> String {
    format!("{PATH}/{id}")
}

/// The scripts that there are, by name.
async fn scripts(state: &State) -> Result<Vec<(ScriptId, String)>, StoreError> {
    let page = Page::first(&scripts::TABLE, MOST_SCRIPTS);
    let rows = state.store.read(move |connection| scripts::page(connection, &Default::default(), &page)).await?;
    Ok(rows.items.into_iter().map(|script| (script.id, script.about.name)).collect())
}

fn form_of(words: &'static Locale, lead: Option<&Lead>, scripts: &[(ScriptId, String)]) -> Form {
    let of = |value: fn(&Lead) -> Option<String>| lead.and_then(value).unwrap_or_default();
    let status = |it: &LeadStatus| (it.to_string(), words.word("lead-status", it.as_str()).into_owned());
    let language =
        |it: &Locale| (it.language().code().to_owned(), words.word("language", it.language().code()).into_owned());
    let nothing = || (String::new(), words.text("choice-none").into_owned());
    let languages = [nothing()].into_iter().chain(Locale::all().iter().map(language)).collect();
    let scripts = scripts.iter().map(|(id, name)| (id.to_string(), name.clone()));
    let scripts = [nothing()].into_iter().chain(scripts).collect();
    let statuses = LeadStatus::ALL.iter().map(status).collect();
    let form = Form::new(vec![
        Field::line(words, "name", "lead-name").value(of(|lead| Some(lead.name.reveal().clone()))),
        Field::typed(words, "phone", "lead-phone", "tel")
            .value(of(|lead| lead.phone.as_ref().map(|phone| phone.reveal().to_string())))
            .hint(words.text("lead-phone-hint")),
        Field::typed(words, "email", "lead-email", "email")
            .value(of(|lead| lead.email.as_ref().map(|email| email.reveal().to_string()))),
        Field::line(words, "company", "lead-company")
            .value(of(|lead| lead.company.as_ref().map(|company| company.reveal().clone()))),
        Field::new(words, "status", "lead-status", Kind::Choice(statuses))
            .value(lead.map_or(LeadStatus::New, |lead| lead.status).as_str()),
        Field::line(words, "source", "lead-source").value(of(|lead| lead.source.clone())),
        Field::new(words, "language", "lead-language", Kind::Choice(languages))
            .value(of(|lead| lead.language.map(|language: Language| language.code().to_owned()))),
        Field::new(words, "scriptId", "lead-script", Kind::Choice(scripts))
            .value(of(|lead| lead.script.as_ref().map(ToString::to_string))),
        Field::new(words, "notes", "lead-notes", Kind::Text { rows: 5 })
            .value(of(|lead| Some(lead.notes.reveal().clone()))),
    ]);
    match lead {
        Some(lead) => form.of_version(lead.version),
        None => form,
    }
}

async fn read(state: &State, id: &str) -> Result<Lead, ApiError> {
    let id = lead_id(id)?;
    let lead = state.store.read(move |connection| leads::find(connection, &id)).await?;
    lead.ok_or(ApiError::NotFound("lead"))
}

/// `GET /desk/leads/new`
pub(super) async fn blank(desk: Desk, state: web::Data<State>) -> Result<HttpResponse, ApiError> {
    let form = form_of(desk.words, None, &scripts(&state).await?);
    Ok(Desk::show(&LeadPage { desk, lead: None, form }))
}

/// `GET /desk/leads/{id}`
pub(super) async fn lead(desk: Desk, id: web::Path<String>, state: web::Data<State>) -> Result<HttpResponse, ApiError> {
    let lead = read(&state, &id).await?;
    let form = form_of(desk.words, Some(&lead), &scripts(&state).await?);
    Ok(Desk::show(&LeadPage { desk, lead: Some(lead), form }))
}

/// `POST /desk/leads`
pub(super) async fn create(
    desk: Desk,
    sent: StaffForm<Sent>,
    state: web::Data<State>,
) -> Result<HttpResponse, ApiError> {
    let form = form_of(desk.words, None, &scripts(&state).await?).typed(&sent.fields);
    let saved = save(&desk, &state, None, &form, &sent.fields).await;
    let saved = Saved { path: saved.map(|lead| path_of(&lead.id)), done: "lead-made" };
    saved.answer(desk, form, None, |desk, form| Desk::show_again(&LeadPage { desk, lead: None, form }))
}

/// `POST /desk/leads/{id}`
pub(super) async fn update(
    desk: Desk,
    id: web::Path<String>,
    sent: StaffForm<Sent>,
    state: web::Data<State>,
) -> Result<HttpResponse, ApiError> {
    let (lead, scripts) = (read(&state, &id).await?, scripts(&state).await?);
    let stored = form_of(desk.words, Some(&lead), &scripts);
    let form = form_of(desk.words, Some(&lead), &scripts).typed(&sent.fields);
    let saved = save(&desk, &state, Some(&lead.id), &form, &sent.fields).await;
    let saved = Saved { path: saved.map(|lead| path_of(&lead.id)), done: "lead-saved" };
    let page = |desk, form| Desk::show_again(&LeadPage { desk, lead: Some(lead), form });
    saved.answer(desk, form, Some(&stored), page)
}

async fn save(desk: &Desk, state: &State, id: Option<&LeadId>, form: &Form, sent: &Sent) -> Result<Lead, ApiError> {
    let home = state.store.read(persons::home).await?;
    let patch = form::input::<LeadInput>(form, sent)?.check(home).map_err(ApiError::Fields)?;
    let saved = match id.cloned() {
        None => state.store.change(desk.actor(), Timestamp::now(), move |change| leads::create(change, &patch)).await,
        Some(id) => {
            let version = form::version(sent)?;
            let now = Timestamp::now();
            state.store.change(desk.actor(), now, move |change| leads::update(change, &id, Some(version), &patch)).await
        }
    };
    Ok(saved?)
}

/// `POST /desk/leads/{id}/delete`
pub(super) async fn delete(
    desk: Desk,
    id: web::Path<String>,
    _sent: StaffForm<Sent>,
    state: web::Data<State>,
) -> Result<HttpResponse, ApiError> {
    let id = lead_id(&id)?;
    state.store.change(desk.actor(), Timestamp::now(), move |change| leads::delete(change, &id, None)).await?;
    Ok(Desk::see(PATH, "lead-deleted"))
}
