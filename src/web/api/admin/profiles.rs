//! `/api/admin/agent-profiles`: how agents present themselves. Those of the configuration file are shown, and changed there.

use std::collections::BTreeMap;

use actix_web::{HttpResponse, http::header, web};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::{OpenApi, ToSchema};

use super::{
    entity::{self, By, IfMatch},
    input::{self, Checks, Given},
};
use crate::{
    config::{self, Config},
    domain::{Language, ProfileId, ScriptId},
    store::{
        Change, StoreError,
        audit::Actor,
        profiles::{self, Content, MOST, Profile},
        rules, scripts,
    },
    web::{
        State,
        api::body::Body,
        endpoint::{Access, Endpoint},
        error::ApiError,
        problem::FieldProblem,
    },
};

/// Longest instructions, in bytes.
const LONGEST_PROMPT: usize = 16 * 1024;
/// Longest greeting, in characters.
const LONGEST_GREETING: usize = 1000;
/// Stands before the names of those of the configuration file, as their ids.
pub(in crate::web) const CONFIGURED: &str = "configuration:";

pub(super) const ENDPOINTS: &[Endpoint] = &[
    Endpoint::get("/api/admin/agent-profiles", Access::READ, || web::route().to(list)),
    Endpoint::post("/api/admin/agent-profiles", Access::LEAD, || web::route().to(create)),
    Endpoint::get("/api/admin/agent-profiles/{id}", Access::READ, || web::route().to(find)),
    Endpoint::patch("/api/admin/agent-profiles/{id}", Access::LEAD, || web::route().to(update)),
    Endpoint::delete("/api/admin/agent-profiles/{id}", Access::LEAD, || web::route().to(delete)),
];

/// What the API's document says of them.
#[derive(OpenApi)]
#[openapi(paths(list, create, find, update, delete))]
pub(super) struct Described;

/// Where a profile or rule is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum Source {
    /// In the database: it can be changed here.
    Desk,
    /// In the configuration file: it is changed there.
    Configuration,
}

/// A profile as it is given. Absent fields are left as they are, null empties one.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", default)]
pub(in crate::web) struct ProfileInput {
    /// What rules and dispatches call it.
    #[schema(value_type = String)]
    name: Given,
    /// Spoken first; null: the caller's.
    #[schema(value_type = Option<String>)]
    language: Given,
    /// The voice's id; null: the language's usual one.
    #[schema(value_type = Option<String>)]
    voice: Given,
    /// 0.5 to 2.
    #[schema(value_type = Option<f32>)]
    speed: Given,
    /// What the agent is told about its task; null: as `agent.prompt` of the configuration says.
    #[schema(value_type = Option<String>)]
    prompt: Given,
    /// Said first, by languages' codes. It must say that an automated agent speaks and that the call is transcribed.
    greetings: Option<BTreeMap<String, String>>,
    /// 5 to 600: after so much silence the agent asks whether the caller is still there, twice, and then takes its leave; null: as
    /// `agent.silence_seconds` of the configuration says.
    #[schema(value_type = Option<u32>)]
    silence_seconds: Given,
    /// 1 to 720: no call is longer, and a minute before its end the agent says so; null: as `agent.max_minutes` of the configuration
    /// says.
    #[schema(value_type = Option<u32>)]
    max_minutes: Given,
    #[schema(value_type = Option<String>)]
    script_id: Given,
}

/// What is wanted of a profile, checked.
pub(in crate::web) struct Patch {
    name: Option<String>,
    language: Option<Option<Language>>,
    voice: Option<Option<String>>,
    speed: Option<f32>,
    prompt: Option<String>,
    greetings: Option<BTreeMap<String, String>>,
    silence_seconds: Option<Option<u32>>,
    max_minutes: Option<Option<u32>>,
    script: Option<Option<ScriptId>>,
}

impl ProfileInput {
    pub(in crate::web) fn check(self) -> Result<Patch, Vec<FieldProblem>> {
        let mut checks = Checks::default();
        let patch = Patch {
            name: checks.kept("name", self.name, name),
            language: checks.optional("language", self.language, input::language),
            voice: checks.optional("voice", self.voice, input::line),
            speed: checks.optional("speed", self.speed.or_number(), speed).map(|speed| speed.unwrap_or(1.0)),
            prompt: checks.or_usual("prompt", self.prompt, input::plain_text(LONGEST_PROMPT)),
            greetings: self.greetings.map(|given| greetings(given, &mut checks)),
            silence_seconds: checks.optional("silenceSeconds", self.silence_seconds.or_number(), from_to(5, 600)),
            max_minutes: checks.optional("maxMinutes", self.max_minutes.or_number(), from_to(1, 720)),
            script: checks.optional("scriptId", self.script_id, input::script),
        };
        input::checked(checks, patch)
    }
}

impl Patch {
    pub(in crate::web) fn apply(self, old: Content) -> Content {
        Content {
            name: self.name.unwrap_or(old.name),
            language: self.language.unwrap_or(old.language),
            voice: self.voice.unwrap_or(old.voice),
            speed: self.speed.unwrap_or(old.speed),
            prompt: self.prompt.unwrap_or(old.prompt),
            greetings: self.greetings.unwrap_or(old.greetings),
            silence_seconds: self.silence_seconds.unwrap_or(old.silence_seconds),
            max_minutes: self.max_minutes.unwrap_or(old.max_minutes),
        }
    }
}

/// A profile as it is shown.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
enum Shown {
    Desk(OfDesk),
    Configuration(OfConfiguration),
}

/// One of the database.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = StoredProfile)]
struct OfDesk {
    #[serde(flatten)]
    profile: Profile,
    source: Source,
}

/// One of the configuration file.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ConfiguredProfile)]
struct OfConfiguration {
    /// `configuration:` and its name.
    id: String,
    #[serde(flatten)]
    content: Content,
    source: Source,
    /// A profile of the same name in the database takes its place.
    is_replaced: bool,
}

/// All profiles: few.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = AgentProfiles)]
struct All {
    items: Vec<Shown>,
    /// Always null: all are on one page.
    next_cursor: Option<String>,
    total: usize,
}

/// All profiles: those of the database by their names, then those of the configuration file.
#[utoipa::path(
    get, path = "/api/admin/agent-profiles", tag = "agent-profiles",
    responses((status = 200, description = "The profiles", body = All))
)]
async fn list(state: web::Data<State>) -> Result<HttpResponse, ApiError> {
    let stored = state.store.read(profiles::list).await?;
    let configured = state.config.agent.profiles.iter().map(|profile| of_configuration(profile, &stored));
    let configured: Vec<_> = configured.map(Shown::Configuration).collect();
    let stored = stored.into_iter().map(|profile| Shown::Desk(OfDesk { profile, source: Source::Desk }));
    let items: Vec<_> = stored.chain(configured).collect();
    let all = All { total: items.len(), items, next_cursor: None };
    Ok(HttpResponse::Ok().insert_header((header::CACHE_CONTROL, "no-store")).json(all))
}

/// Makes a profile. One with the name of a profile in the configuration file takes that one's place.
#[utoipa::path(
    post, path = "/api/admin/agent-profiles", tag = "agent-profiles", request_body = ProfileInput,
    responses(
        (status = 201, description = "It was made", body = OfDesk),
        (status = 409, description = "Another profile has this name"),
        (status = 422, description = "Fields are wrong"),
    )
)]
async fn create(by: By, body: Body<ProfileInput>, state: web::Data<State>) -> Result<HttpResponse, ApiError> {
    let profile = make(&state, by.0, body.0.check().map_err(ApiError::Fields)?).await?;
    let (address, version) = (format!("/api/admin/agent-profiles/{}", profile.id), profile.version);
    Ok(entity::made(address, version, &OfDesk { profile, source: Source::Desk }))
}

/// Makes a profile; see [`create`].
pub(in crate::web) async fn make(state: &State, by: Actor, patch: Patch) -> Result<Profile, ApiError> {
    if patch.name.is_none() {
        return Err(ApiError::field("name", "is missing"));
    }
    let made = state.store.change(by, Timestamp::now(), move |change| {
        if profiles::list(change.transaction)?.len() >= MOST {
            return Err(ApiError::Conflict(format!("there are {MOST} profiles: delete one first")));
        }
        let script = patch.script.clone().flatten();
        let content = patch.apply(Content { speed: 1.0, ..Content::default() });
        fits(change, &content, script.as_ref(), None)?;
        Ok(profiles::create(change, &content, script.as_ref())?)
    });
    made.await
}

/// A profile.
#[utoipa::path(
    get, path = "/api/admin/agent-profiles/{id}", tag = "agent-profiles", params(("id" = String, Path)),
    responses((status = 200, description = "The profile", body = Shown), (status = 404, description = "There is none"))
)]
async fn find(id: web::Path<String>, state: web::Data<State>) -> Result<HttpResponse, ApiError> {
    if let Some(name) = id.strip_prefix(CONFIGURED) {
        let profile = state.config.agent.profiles.iter().find(|profile| profile.name == name);
        let profile = profile.ok_or(ApiError::NotFound("profile"))?;
        let stored = state.store.read(profiles::list).await?;
        return Ok(HttpResponse::Ok().json(of_configuration(profile, &stored)));
    }
    let id = profile_id(&id, &state.config)?;
    let profile = state.store.read(move |connection| profiles::find(connection, &id)).await?;
    let profile = profile.ok_or(ApiError::NotFound("profile"))?;
    Ok(entity::found(profile.version, &OfDesk { profile, source: Source::Desk }))
}

/// Changes a profile. Calls that have begun keep what they began with.
#[utoipa::path(
    patch, path = "/api/admin/agent-profiles/{id}", tag = "agent-profiles", params(("id" = String, Path)),
    request_body = ProfileInput,
    responses(
        (status = 200, description = "As it is now", body = OfDesk),
        (status = 404, description = "There is none"),
        (status = 409, description = "Another profile has this name, rules name it, or it is of the configuration file"),
        (status = 412, description = "Somebody else has changed it"),
        (status = 422, description = "Fields are wrong"),
    )
)]
async fn update(
    by: By,
    id: web::Path<String>,
    expected: IfMatch,
    body: Body<ProfileInput>,
    state: web::Data<State>,
) -> Result<HttpResponse, ApiError> {
    let id = profile_id(&id, &state.config)?;
    let profile = save(&state, by.0, id, expected, body.0.check().map_err(ApiError::Fields)?).await?;
    Ok(entity::found(profile.version, &OfDesk { profile, source: Source::Desk }))
}

/// Changes a profile; see [`update`].
pub(in crate::web) async fn save(
    state: &State,
    by: Actor,
    id: ProfileId,
    expected: IfMatch,
    patch: Patch,
) -> Result<Profile, ApiError> {
    let config = state.config.clone();
    let changed = state.store.change(by, Timestamp::now(), move |change| {
        let old = profiles::find(change.transaction, &id)?.ok_or(ApiError::NotFound("profile"))?;
        expected.fits(old.version)?;
        let script = patch.script.clone().unwrap_or(old.script.clone());
        let content = patch.apply(old.content.clone());
        if content.name != old.content.name {
            unnamed(change, &config, &old.content.name)?;
        }
        fits(change, &content, script.as_ref(), Some(&id))?;
        Ok::<_, ApiError>(profiles::update(change, &old, content, script)?)
    });
    changed.await
}

/// Deletes a profile.
#[utoipa::path(
    delete, path = "/api/admin/agent-profiles/{id}", tag = "agent-profiles", params(("id" = String, Path)),
    responses(
        (status = 204, description = "It is no more"),
        (status = 404, description = "There is none"),
        (status = 409, description = "Rules name it, or it is of the configuration file"),
        (status = 412, description = "Somebody else has changed it"),
    )
)]
async fn delete(
    by: By,
    id: web::Path<String>,
    expected: IfMatch,
    state: web::Data<State>,
) -> Result<HttpResponse, ApiError> {
    remove(&state, by.0, profile_id(&id, &state.config)?, expected).await?;
    Ok(entity::gone())
}

/// Deletes a profile; see [`delete`].
pub(in crate::web) async fn remove(state: &State, by: Actor, id: ProfileId, expected: IfMatch) -> Result<(), ApiError> {
    let config = state.config.clone();
    let deleted = state.store.change(by, Timestamp::now(), move |change| {
        let profile = profiles::find(change.transaction, &id)?.ok_or(ApiError::NotFound("profile"))?;
        expected.fits(profile.version)?;
        unnamed(change, &config, &profile.content.name)?;
        Ok::<_, ApiError>(profiles::delete(change, &profile)?)
    });
    deleted.await
}

/// Whether a rule may name this profile.
pub(super) fn is_known(change: &Change<'_>, config: &Config, name: &str) -> Result<bool, StoreError> {
    let is_configured = config.agent.profiles.iter().any(|profile| profile.name == name);
    Ok(is_configured || profiles::named(change.transaction, name)?.is_some())
}

/// Holds that no rule would be left without its profile.
fn unnamed(change: &Change<'_>, config: &Config, name: &str) -> Result<(), ApiError> {
    let stays = config.agent.profiles.iter().any(|profile| profile.name == name);
    if !stays && rules::is_sent(change.transaction, name)? {
        return Err(ApiError::Conflict(format!("room rules send '{name}': let them send another profile first")));
    }
    Ok(())
}

/// Holds that the name is free, and the script is there.
fn fits(
    change: &Change<'_>,
    content: &Content,
    script: Option<&ScriptId>,
    own: Option<&ProfileId>,
) -> Result<(), ApiError> {
    let other = profiles::named(change.transaction, &content.name)?;
    if other.is_some_and(|other| own != Some(&other.id)) {
        return Err(ApiError::Conflict(format!("another profile is called '{}'", content.name)));
    }
    match script.map(|script| scripts::find(change.transaction, script)).transpose()? {
        Some(None) => Err(ApiError::field("scriptId", "is not known")),
        Some(Some(_)) | None => Ok(()),
    }
}

fn of_configuration(profile: &config::Profile, stored: &[Profile]) -> OfConfiguration {
    OfConfiguration {
        id: format!("{CONFIGURED}{}", profile.name),
        content: content(profile),
        source: Source::Configuration,
        is_replaced: stored.iter().any(|stored| stored.content.name == profile.name),
    }
}

/// What a profile of the configuration file says.
pub(in crate::web) fn content(profile: &config::Profile) -> Content {
    let greetings = profile.greetings.iter().map(|(language, text)| (language.code().to_owned(), text.clone()));
    Content {
        name: profile.name.clone(),
        language: profile.language,
        voice: profile.voice.clone(),
        speed: profile.speed,
        prompt: profile.prompt.clone(),
        greetings: greetings.collect(),
        silence_seconds: profile.silence.and_then(|silence| silence.as_secs().try_into().ok()),
        max_minutes: profile.longest.and_then(|longest| (longest.as_secs() / 60).try_into().ok()),
    }
}

/// The id of one that can be changed.
pub(in crate::web) fn profile_id(text: &str, config: &Config) -> Result<ProfileId, ApiError> {
    let configured = text.strip_prefix(CONFIGURED);
    match configured.filter(|name| config.agent.profiles.iter().any(|profile| profile.name == *name)) {
        Some(_) => Err(in_file("profile")),
        None => text.parse().map_err(|_| ApiError::NotFound("profile")),
    }
}

pub(super) fn in_file(what: &str) -> ApiError {
    ApiError::Conflict(format!("this {what} is of the configuration file: change it there, and start the server again"))
}

/// `none` stands for nobody in the configuration.
fn name(text: &str) -> Result<String, String> {
    if text == "none" { Err("must not be none".to_owned()) } else { input::line(text) }
}

fn speed(text: &str) -> Result<f32, &'static str> {
    let speed = text.parse().ok().filter(|speed| (0.5..=2.0).contains(speed));
    speed.ok_or("must be a number from 0.5 to 2")
}

fn from_to(least: u32, most: u32) -> impl FnOnce(&str) -> Result<u32, String> {
    move |text| {
        let number = text.parse().ok().filter(|number| (least..=most).contains(number));
        number.ok_or_else(|| format!("must be a whole number from {least} to {most}"))
    }
}

/// By codes of languages, without those that are blank.
fn greetings(given: BTreeMap<String, String>, checks: &mut Checks) -> BTreeMap<String, String> {
    let mut greetings = BTreeMap::new();
    for (code, text) in given {
        match code.parse::<Language>() {
            Ok(language) if language.code() == code => {}
            _ => checks.wrong("greetings", format!("has '{}', which is no language's code", code.escape_debug())),
        }
        if text.chars().count() > LONGEST_GREETING {
            checks.wrong("greetings", format!("has one longer than {LONGEST_GREETING} characters"));
        }
        if !text.trim().is_empty() {
            greetings.insert(code, text.trim().to_owned());
        }
    }
    greetings
}
