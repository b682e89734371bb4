//! Room rules: which rooms get which agent by themselves, in the order in which they are asked. Those of the configuration file are
//! asked last, and are changed there.

use actix_web::{HttpResponse, web};
use askama::Template;

use super::{
    form::{self, Field, Form, Kind, Saved, Sent},
    frame::Desk,
    undo,
};
use crate::{
    config::Config,
    locale::Locale,
    store::{
        StoreError, profiles,
        rules::{self, Rule},
    },
    web::{
        State,
        api::{
            admin::rules::{self as admin, RuleInput, rule_id},
            entity::IfMatch,
        },
        error::ApiError,
        form::StaffForm,
    },
};

pub(super) const PATH: &str = "/desk/rules";

#[derive(Template)]
#[template(path = "desk/rules.html")]
struct RulesPage {
    desk: Desk,
    stored: Vec<Rule>,
    /// Pattern and profile.
    configured: Vec<(String, Option<String>)>,
}

impl RulesPage {
    fn is_last(&self, rule: &Rule) -> bool {
        rule.place as usize == self.stored.len()
    }
}

/// `GET /desk/rules`
pub(super) async fn list(desk: Desk, state: web::Data<State>) -> Result<HttpResponse, ApiError> {
    let stored = state.store.read(rules::list).await?;
    let configured = state.config.agent.rules.iter().map(|rule| (rule.rooms.clone(), rule.profile.clone())).collect();
    Ok(Desk::show(&RulesPage { desk, stored, configured }))
}

// ---- one rule ----

#[derive(Template)]
#[template(path = "desk/rule.html")]
struct RulePage {
    desk: Desk,
    /// None: a new one.
    rule: Option<Rule>,
    form: Form,
}

impl RulePage {
    fn path(&self) -> String {
        self.rule.as_ref().map_or_else(|| PATH.to_owned(), |rule| format!("{PATH}/{}", rule.id))
    }

    fn title(&self) -> String {
        self.rule.as_ref().map_or_else(|| self.desk.t("rule-new").into_owned(), |rule| rule.pattern.clone())
    }
}

/// The names of all profiles, each once.
async fn profile_names(state: &State) -> Result<Vec<String>, StoreError> {
    let stored = state.store.read(profiles::list).await?;
    let mut names: Vec<_> = stored.into_iter().map(|profile| profile.content.name).collect();
    names.extend(of_file(&state.config));
    names.sort();
    names.dedup();
    Ok(names)
}

fn of_file(config: &Config) -> impl Iterator<Item = String> {
    config.agent.profiles.iter().map(|profile| profile.name.clone())
}

fn form_of(words: &'static Locale, rule: Option<&Rule>, profiles: Vec<String>) -> Form {
    // As the API has it: a blank one is nobody.
    let nobody = (String::new(), words.text("rule-nobody").into_owned());
    let profiles = [nobody].into_iter().chain(profiles.into_iter().map(|name| (name.clone(), name))).collect();
    let place = rule.map(|rule| rule.place.to_string());
    let form = Form::new(vec![
        Field::line(words, "pattern", "rule-pattern")
            .required()
            .hint(words.text("rule-pattern-hint"))
            .value(rule.map(|rule| rule.pattern.clone()).unwrap_or_default()),
        Field::new(words, "profile", "rule-profile", Kind::Choice(profiles))
            .value(rule.and_then(|rule| rule.profile.clone()).unwrap_or_default()),
        Field::typed(words, "place", "rule-place", "number")
            .hint(words.text("rule-place-hint"))
            .value(place.unwrap_or_default()),
    ]);
    match rule {
        Some(rule) => form.of_version(rule.version),
        None => form,
    }
}

async fn read(state: &State, id: &str) -> Result<Rule, ApiError> {
    let id = rule_id(id, &state.config)?;
    let rule = state.store.read(move |connection| rules::find(connection, &id)).await?;
    rule.ok_or(ApiError::NotFound("rule"))
}

/// `GET /desk/rules/new`
pub(super) async fn blank(desk: Desk, state: web::Data<State>) -> Result<HttpResponse, ApiError> {
    let form = form_of(desk.words, None, profile_names(&state).await?);
    Ok(Desk::show(&RulePage { desk, rule: None, form }))
}

/// `GET /desk/rules/{id}`
pub(super) async fn rule(desk: Desk, id: web::Path<String>, state: web::Data<State>) -> Result<HttpResponse, ApiError> {
    let rule = read(&state, &id).await?;
    let form = form_of(desk.words, Some(&rule), profile_names(&state).await?);
    Ok(Desk::show(&RulePage { desk, rule: Some(rule), form }))
}

/// `POST /desk/rules`
pub(super) async fn create(
    desk: Desk,
    sent: StaffForm<Sent>,
    state: web::Data<State>,
) -> Result<HttpResponse, ApiError> {
    let form = form_of(desk.words, None, profile_names(&state).await?).typed(&sent.fields);
    let made = match form::input::<RuleInput>(&form, &sent.fields)?.check() {
        Ok(patch) => admin::make(&state, desk.actor(), patch).await,
        Err(problems) => Err(ApiError::Fields(problems)),
    };
    let saved = Saved { path: made.map(|_| PATH.to_owned()), done: "rule-made" };
    saved.answer(desk, form, None, |desk, form| Desk::show_again(&RulePage { desk, rule: None, form }))
}

/// `POST /desk/rules/{id}`
pub(super) async fn update(
    desk: Desk,
    id: web::Path<String>,
    sent: StaffForm<Sent>,
    state: web::Data<State>,
) -> Result<HttpResponse, ApiError> {
    let (rule, profiles) = (read(&state, &id).await?, profile_names(&state).await?);
    let stored = form_of(desk.words, Some(&rule), profiles.clone());
    let form = form_of(desk.words, Some(&rule), profiles).typed(&sent.fields);
    let version = IfMatch(Some(form::version(&sent.fields)?));
    let saved = match form::input::<RuleInput>(&form, &sent.fields)?.check() {
        Ok(patch) => admin::save(&state, desk.actor(), rule.id.clone(), version, patch).await,
        Err(problems) => Err(ApiError::Fields(problems)),
    };
    let saved = Saved { path: saved.map(|_| PATH.to_owned()), done: "rule-saved" };
    let page = |desk, form| Desk::show_again(&RulePage { desk, rule: Some(rule), form });
    saved.answer(desk, form, Some(&stored), page)
}

/// `POST /desk/rules/{id}/place`: puts a rule elsewhere among the others.
pub(super) async fn put(
    desk: Desk,
    id: web::Path<String>,
    sent: StaffForm<Sent>,
    state: web::Data<State>,
) -> Result<HttpResponse, ApiError> {
    let place = sent.fields.get("place").cloned().ok_or(ApiError::Form)?;
    let input: RuleInput = serde_json::from_value(serde_json::json!({ "place": place })).map_err(|_| ApiError::Form)?;
    let patch = input.check().map_err(|_| ApiError::Form)?;
    let version = IfMatch(Some(form::version(&sent.fields)?));
    admin::save(&state, desk.actor(), rule_id(&id, &state.config)?, version, patch).await?;
    Ok(Desk::see(PATH, "rule-put"))
}

/// `POST /desk/rules/{id}/delete`
pub(super) async fn delete(
    desk: Desk,
    id: web::Path<String>,
    sent: StaffForm<Sent>,
    state: web::Data<State>,
) -> Result<HttpResponse, ApiError> {
    let version = IfMatch(Some(form::version(&sent.fields)?));
    admin::remove(&state, desk.actor(), rule_id(&id, &state.config)?, version).await?;
    undo::offer(&state, &desk, PATH, "rule-deleted", &id).await
}
