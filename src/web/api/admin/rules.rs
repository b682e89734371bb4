//! `/api/admin/room-rules`: which rooms get an agent by themselves. Those of the configuration file are asked after these,
//! and are changed there.

use actix_web::{HttpResponse, http::header, web};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::{OpenApi, ToSchema};

use super::{
    entity::{self, By, IfMatch},
    input::{self, Checks, Given},
    profiles::{CONFIGURED, Source, in_file, is_known},
};
use crate::{
    config::Config,
    domain::RuleId,
    store::{
        Change,
        audit::Actor,
        rules::{self, MOST, Rule},
    },
    web::{
        State,
        api::body::Body,
        endpoint::{Access, Endpoint},
        error::ApiError,
        problem::FieldProblem,
    },
};

pub(super) const ENDPOINTS: &[Endpoint] = &[
    Endpoint::get("/api/admin/room-rules", Access::READ, || web::route().to(list)),
    Endpoint::post("/api/admin/room-rules", Access::LEAD, || web::route().to(create)),
    Endpoint::get("/api/admin/room-rules/{id}", Access::READ, || web::route().to(find)),
    Endpoint::patch("/api/admin/room-rules/{id}", Access::LEAD, || web::route().to(update)),
    Endpoint::delete("/api/admin/room-rules/{id}", Access::LEAD, || web::route().to(delete)),
];

/// What the API's document says of them.
#[derive(OpenApi)]
#[openapi(paths(list, create, find, update, delete))]
pub(super) struct Described;

/// A rule as it is given. Absent fields are left as they are.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(default)]
pub(in crate::web) struct RuleInput {
    /// For the room's name; `*` stands for anything: `sales-*`.
    #[schema(value_type = String)]
    pattern: Given,
    /// A profile's name; null: nobody joins by itself.
    #[schema(value_type = Option<String>)]
    profile: Given,
    /// Its place among the rules, from 1; others make room.
    #[schema(value_type = Option<u32>)]
    place: Given,
}

/// What is wanted of a rule, checked.
pub(in crate::web) struct Patch {
    pattern: Option<String>,
    profile: Option<Option<String>>,
    pub(in crate::web) place: Option<u32>,
}

impl RuleInput {
    pub(in crate::web) fn check(self) -> Result<Patch, Vec<FieldProblem>> {
        let mut checks = Checks::default();
        let patch = Patch {
            pattern: checks.kept("pattern", self.pattern, input::line),
            profile: checks.optional("profile", self.profile, input::line),
            place: checks.optional("place", self.place.or_number(), place).flatten(),
        };
        input::checked(checks, patch)
    }
}

/// A rule as it is shown.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
#[schema(as = ShownRule)]
enum Shown {
    Desk(OfDesk),
    Configuration(OfConfiguration),
}

/// One of the database.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = StoredRule)]
struct OfDesk {
    #[serde(flatten)]
    rule: Rule,
    source: Source,
}

/// One of the configuration file.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ConfiguredRule)]
struct OfConfiguration {
    /// `configuration:` and its number in the file, from 1.
    id: String,
    /// After all those of the database.
    place: usize,
    pattern: String,
    profile: Option<String>,
    source: Source,
}

/// All rules: few.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = RoomRules)]
struct All {
    items: Vec<Shown>,
    /// Always null: all are on one page.
    next_cursor: Option<String>,
    total: usize,
}

/// All rules, in the order in which they are asked.
#[utoipa::path(
    get, path = "/api/admin/room-rules", tag = "room-rules",
    responses((status = 200, description = "The rules", body = All))
)]
async fn list(state: web::Data<State>) -> Result<HttpResponse, ApiError> {
    let stored = state.store.read(rules::list).await?;
    let before = stored.len();
    let configured = (1..).zip(&state.config.agent.rules).map(|(number, rule)| {
        Shown::Configuration(OfConfiguration {
            id: format!("{CONFIGURED}{number}"),
            place: before + number,
            pattern: rule.rooms.clone(),
            profile: rule.profile.clone(),
            source: Source::Configuration,
        })
    });
    let stored = stored.into_iter().map(|rule| Shown::Desk(OfDesk { rule, source: Source::Desk }));
    let items: Vec<_> = stored.chain(configured).collect();
    let all = All { total: items.len(), items, next_cursor: None };
    Ok(HttpResponse::Ok().insert_header((header::CACHE_CONTROL, "no-store")).json(all))
}

/// Makes a rule, after the others of the database or at a `place` among them.
#[utoipa::path(
    post, path = "/api/admin/room-rules", tag = "room-rules", request_body = RuleInput,
    responses((status = 201, description = "It was made", body = OfDesk), (status = 422, description = "Fields are wrong"))
)]
async fn create(by: By, body: Body<RuleInput>, state: web::Data<State>) -> Result<HttpResponse, ApiError> {
    let rule = make(&state, by.0, body.0.check().map_err(ApiError::Fields)?).await?;
    let (address, version) = (format!("/api/admin/room-rules/{}", rule.id), rule.version);
    Ok(entity::made(address, version, &OfDesk { rule, source: Source::Desk }))
}

/// Makes a rule; see [`create`].
pub(in crate::web) async fn make(state: &State, by: Actor, patch: Patch) -> Result<Rule, ApiError> {
    let Patch { pattern, profile, place } = patch;
    let mut checks = Checks::default();
    if pattern.is_none() {
        checks.wrong("pattern", "is missing");
    }
    if profile.is_none() {
        checks.wrong("profile", "is missing: give a profile's name, or null for nobody");
    }
    let (Some(pattern), Some(profile)) = (pattern, profile) else { return Err(ApiError::Fields(checks.problems())) };
    let config = state.config.clone();
    let made = state.store.change(by, Timestamp::now(), move |change| {
        if rules::list(change.transaction)?.len() >= MOST {
            return Err(ApiError::Conflict(format!("there are {MOST} rules: delete one first")));
        }
        known(change, &config, profile.as_deref())?;
        Ok(rules::create(change, &pattern, profile.as_deref(), place)?)
    });
    made.await
}

/// A rule of the database.
#[utoipa::path(
    get, path = "/api/admin/room-rules/{id}", tag = "room-rules", params(("id" = String, Path)),
    responses((status = 200, description = "The rule", body = OfDesk), (status = 404, description = "There is none"))
)]
async fn find(id: web::Path<String>, state: web::Data<State>) -> Result<HttpResponse, ApiError> {
    let id = id.parse().map_err(|_| ApiError::NotFound("rule"))?;
    let rule = state.store.read(move |connection| rules::find(connection, &id)).await?;
    let rule = rule.ok_or(ApiError::NotFound("rule"))?;
    Ok(entity::found(rule.version, &OfDesk { rule, source: Source::Desk }))
}

/// Changes a rule, or its place.
#[utoipa::path(
    patch, path = "/api/admin/room-rules/{id}", tag = "room-rules", params(("id" = String, Path)),
    request_body = RuleInput,
    responses(
        (status = 200, description = "As it is now", body = OfDesk),
        (status = 404, description = "There is none"),
        (status = 409, description = "It is of the configuration file"),
        (status = 412, description = "Somebody else has changed it"),
        (status = 422, description = "Fields are wrong"),
    )
)]
async fn update(
    by: By,
    id: web::Path<String>,
    expected: IfMatch,
    body: Body<RuleInput>,
    state: web::Data<State>,
) -> Result<HttpResponse, ApiError> {
    let id = rule_id(&id, &state.config)?;
    let rule = save(&state, by.0, id, expected, body.0.check().map_err(ApiError::Fields)?).await?;
    Ok(entity::found(rule.version, &OfDesk { rule, source: Source::Desk }))
}

/// Changes a rule, or its place; see [`update`].
pub(in crate::web) async fn save(
    state: &State,
    by: Actor,
    id: RuleId,
    expected: IfMatch,
    patch: Patch,
) -> Result<Rule, ApiError> {
    let Patch { pattern, profile, place } = patch;
    let config = state.config.clone();
    let changed = state.store.change(by, Timestamp::now(), move |change| {
        let old = there(change, &id, &expected)?;
        if let Some(profile) = &profile {
            known(change, &config, profile.as_deref())?;
        }
        let pattern = pattern.unwrap_or_else(|| old.pattern.clone());
        let profile = profile.unwrap_or_else(|| old.profile.clone());
        Ok::<_, ApiError>(rules::update(change, &old, pattern, profile, place.unwrap_or(old.place))?)
    });
    changed.await
}

/// Deletes a rule.
#[utoipa::path(
    delete, path = "/api/admin/room-rules/{id}", tag = "room-rules", params(("id" = String, Path)),
    responses(
        (status = 204, description = "It is no more"),
        (status = 404, description = "There is none"),
        (status = 409, description = "It is of the configuration file"),
        (status = 412, description = "Somebody else has changed it"),
    )
)]
async fn delete(
    by: By,
    id: web::Path<String>,
    expected: IfMatch,
    state: web::Data<State>,
) -> Result<HttpResponse, ApiError> {
    remove(&state, by.0, rule_id(&id, &state.config)?, expected).await?;
    Ok(entity::gone())
}

/// Deletes a rule; see [`delete`].
pub(in crate::web) async fn remove(state: &State, by: Actor, id: RuleId, expected: IfMatch) -> Result<(), ApiError> {
    let deleted = state.store.change(by, Timestamp::now(), move |change| {
        let rule = there(change, &id, &expected)?;
        Ok::<_, ApiError>(rules::delete(change, &rule)?)
    });
    deleted.await
}

/// The rule, in the version that was read.
fn there(change: &Change<'_>, id: &RuleId, expected: &IfMatch) -> Result<Rule, ApiError> {
    let rule = rules::find(change.transaction, id)?.ok_or(ApiError::NotFound("rule"))?;
    expected.fits(rule.version)?;
    Ok(rule)
}

fn known(change: &Change<'_>, config: &Config, profile: Option<&str>) -> Result<(), ApiError> {
    match profile.map(|profile| is_known(change, config, profile)).transpose()? {
        Some(false) => Err(ApiError::field("profile", "is not known: make such a profile first")),
        Some(true) | None => Ok(()),
    }
}

/// The id of one that can be changed.
pub(in crate::web) fn rule_id(text: &str, config: &Config) -> Result<RuleId, ApiError> {
    let number: Option<usize> = text.strip_prefix(CONFIGURED).and_then(|number| number.parse().ok());
    match number.filter(|number| (1..=config.agent.rules.len()).contains(number)) {
        Some(_) => Err(in_file("rule")),
        None => text.parse().map_err(|_| ApiError::NotFound("rule")),
    }
}

fn place(text: &str) -> Result<u32, &'static str> {
    text.parse().ok().filter(|place| *place > 0).ok_or("must be a whole number from 1")
}
