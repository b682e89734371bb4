//! Leads.

use std::collections::BTreeMap;

use actix_web::{HttpResponse, web};
use askama::Template;

use super::{
    super::{
        form::{Field, Form, Kind as Input},
        frame::Desk,
        listing::{Asked, Listing, lenient},
    },
    Party, PatchOf, Person, Scripts,
    page::{all_scripts, languages, scripts_to_choose},
    table::{Group, acts},
};
use crate::{
    domain::{Language, LeadId, Pii},
    locale::Locale,
    store::{
        Change, Connection, Refusal, StoreError,
        audit::Actor,
        communications::Contact,
        leads::{self, Lead, LeadPatch, LeadStatus},
        list::{Condition, Filter, Reader, Table},
    },
    web::{
        State,
        api::admin::{
            exports,
            leads::{LeadFilter, LeadInput},
        },
        error::ApiError,
        problem::FieldProblem,
    },
};

/// See the module.
pub(super) enum Leads {}

#[derive(Template)]
#[template(path = "desk/leads.html")]
struct LeadsPage {
    desk: Desk,
    list: Listing<Lead>,
    /// What can be done with those that are chosen.
    acts: Vec<Group>,
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

impl Leads {
    /// `GET /desk/leads`
    pub(super) async fn list(
        desk: Desk,
        asked: web::Query<BTreeMap<String, String>>,
        state: web::Data<State>,
    ) -> Result<HttpResponse, ApiError> {
        let asked = Asked::from(asked.into_inner());
        let (filter, problems) = lenient(Self::filter(&asked))?;
        let list = Listing::read(&state, (Self::PATH, &leads::TABLE), asked, filter, leads::page).await?;
        let acts = acts::<Self>(desk.words, &state.store.read(all_scripts).await?);
        Ok(Desk::show(&LeadsPage { desk, list, acts, problems }))
    }
}

impl Party for Leads {
    type Id = LeadId;
    type Row = Lead;
    type Input = LeadInput;

    const NAME: &'static str = "lead";
    const PATH: &'static str = "/desk/leads";

    fn contact(id: LeadId) -> Contact {
        Contact::Lead(id)
    }

    fn find(connection: &Connection, id: &LeadId) -> Result<Option<Lead>, StoreError> {
        leads::find(connection, id)
    }

    fn person(lead: &Lead) -> Person {
        let facts = [
            ("lead-company", lead.company.clone()),
            ("lead-source", lead.source.clone().map(Pii::new)),
            ("lead-notes", Some(lead.notes.clone()).filter(|notes| !notes.reveal().is_empty())),
        ];
        Person {
            contact: Contact::Lead(lead.id.clone()),
            path: Self::path_of(&lead.id),
            name: lead.name.clone(),
            phone: lead.phone.clone(),
            must_not_be_called: lead.must_not_be_called(),
            language: lead.language,
            script: lead.script.clone(),
            facts: facts.into_iter().filter_map(|(label, fact)| Some((label, fact?))).collect(),
        }
    }

    fn form(words: &'static Locale, lead: Option<&Lead>, scripts: &Scripts) -> Form {
        let of = |value: fn(&Lead) -> Option<String>| lead.and_then(value).unwrap_or_default();
        let status = |it: &LeadStatus| (it.to_string(), words.word("lead-status", it.as_str()).into_owned());
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
            Field::new(words, "status", "lead-status", Input::Choice(statuses))
                .value(lead.map_or(LeadStatus::New, |lead| lead.status).as_str()),
            Field::line(words, "source", "lead-source").value(of(|lead| lead.source.clone())),
            Field::new(words, "language", "lead-language", Input::Choice(languages(words)))
                .value(of(|lead| lead.language.map(|language: Language| language.code().to_owned()))),
            Field::new(words, "scriptId", "lead-script", Input::Choice(scripts_to_choose(words, scripts)))
                .value(of(|lead| lead.script.as_ref().map(ToString::to_string))),
            Field::new(words, "notes", "lead-notes", Input::Text { rows: 5 })
                .value(of(|lead| Some(lead.notes.reveal().clone()))),
        ]);
        match lead {
            Some(lead) => form.of_version(lead.version),
            None => form,
        }
    }

    fn create(change: &Change<'_>, patch: &LeadPatch) -> Result<Lead, Refusal> {
        leads::create(change, patch)
    }

    fn update(change: &Change<'_>, id: &LeadId, version: Option<i64>, patch: &PatchOf<Self>) -> Result<Lead, Refusal> {
        leads::update(change, id, version, patch)
    }

    fn delete(change: &Change<'_>, id: &LeadId, version: Option<i64>) -> Result<(), Refusal> {
        leads::delete(change, id, version)
    }

    const READ: Reader<Lead> = leads::page;

    fn table() -> &'static Table {
        &leads::TABLE
    }

    fn filter(asked: &Asked) -> Result<Filter, ApiError> {
        let wanted = LeadFilter {
            q: asked.owned("q"),
            status: asked.owned("status"),
            language: asked.owned("language"),
            source: asked.owned("source"),
        };
        wanted.check()
    }

    fn among(ids: &[LeadId]) -> Condition {
        leads::among(ids)
    }

    fn seen(lead: &Lead) -> (LeadId, i64) {
        (lead.id.clone(), lead.version)
    }

    async fn export(state: &State, by: Actor, filter: Filter) -> Result<HttpResponse, ApiError> {
        exports::chosen_leads(state, by, filter).await
    }
}
