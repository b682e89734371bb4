//! `/api/admin/scripts`: scripts, their versions, and which version is live.

use actix_web::{HttpResponse, web};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, OpenApi, ToSchema};

use super::{
    entity::{self, By, IfMatch},
    input::{self, Checks, Given},
    list::{self, List, Paging, Params, filtered, words},
};
use crate::{
    domain::{Host, Language, ScriptId},
    script::{Fault, Script as Guided, is_guided},
    store::{
        Change, Connection, StoreError,
        audit::Actor,
        list::Filter,
        profiles,
        scripts::{self, About, Script, Version, VersionInfo},
        settings,
    },
    web::{
        State,
        api::body::Body,
        endpoint::{Access, Endpoint},
        error::ApiError,
        problem::FieldProblem,
    },
};

/// So many faults are told where a script is refused; all of them are among the warnings of a draft.
const MOST_TOLD: usize = 5;
/// Longest text of a script, in bytes.
pub(in crate::web) const LONGEST: usize = 256 * 1024;
/// Longest description, in bytes.
const LONGEST_DESCRIPTION: usize = 4 * 1024;

pub(super) const ENDPOINTS: &[Endpoint] = &[
    Endpoint::get("/api/admin/scripts", Access::READ, || web::route().to(list)),
    Endpoint::post("/api/admin/scripts", Access::LEAD, || web::route().to(create)),
    Endpoint::get("/api/admin/scripts/{id}", Access::READ, || web::route().to(find)),
    Endpoint::patch("/api/admin/scripts/{id}", Access::LEAD, || web::route().to(update)),
    Endpoint::delete("/api/admin/scripts/{id}", Access::LEAD, || web::route().to(delete)),
    Endpoint::get("/api/admin/scripts/{id}/versions", Access::READ, || web::route().to(versions)),
    Endpoint::get("/api/admin/scripts/{id}/versions/{number}", Access::READ, || web::route().to(version)),
    Endpoint::post("/api/admin/scripts/{id}/live", Access::LEAD, || web::route().to(set_live)),
];

/// What the API's document says of them.
#[derive(OpenApi)]
#[openapi(paths(list, create, find, update, delete, versions, version, set_live))]
pub(super) struct Described;

/// A script as it is given. Absent fields are left as they are, null empties one.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(default)]
pub(in crate::web) struct ScriptInput {
    #[schema(value_type = String)]
    name: Given,
    #[schema(value_type = Option<String>)]
    language: Given,
    #[schema(value_type = Option<String>)]
    description: Given,
    /// The text, up to 256 KiB. Another than the latest makes a version.
    #[schema(value_type = String)]
    content: Given,
    /// Whether new calls run what is saved. Usually they do, unless an older version or none is live.
    live: Option<bool>,
}

/// What is wanted of a script, checked.
#[derive(Clone, Debug)]
pub(in crate::web) struct ScriptPatch {
    name: Option<String>,
    language: Option<Option<Language>>,
    description: Option<String>,
    content: Option<String>,
    live: Option<bool>,
}

impl ScriptInput {
    /// All of them; those that a new script needs are looked for in [`make`].
    pub(in crate::web) fn check(self) -> Result<ScriptPatch, Vec<FieldProblem>> {
        let mut checks = Checks::default();
        let patch = ScriptPatch {
            name: checks.kept("name", self.name, input::line),
            content: checks.kept("content", self.content, input::plain_text(LONGEST)),
            language: checks.optional("language", self.language, input::language),
            description: checks.or_usual("description", self.description, input::plain_text(LONGEST_DESCRIPTION)),
            live: self.live,
        };
        input::checked(checks, patch)
    }
}

/// Which version new calls run.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(default)]
struct LiveInput {
    /// Its number; null: none.
    #[schema(value_type = Option<u32>)]
    version: Given,
}

/// Which scripts.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(in crate::web) struct ScriptFilter {
    /// Words, or parts of words, of names and descriptions.
    pub(in crate::web) q: Option<String>,
    /// Only those in this language.
    pub(in crate::web) language: Option<String>,
}

impl ScriptFilter {
    pub(in crate::web) fn check(&self) -> Result<Filter, ApiError> {
        let language = filtered("language", &self.language, input::language)?;
        Ok(scripts::wanted(words(self.q.as_deref())?, language))
    }
}

/// A script with its latest text.
#[derive(Debug, Serialize, ToSchema)]
struct Whole {
    #[serde(flatten)]
    script: Script,
    /// The latest version's text.
    content: String,
    /// What is wrong with a guided script: faults in its text, tools that ask hosts that are not listed in the settings.
    warnings: Vec<Fault>,
}

/// A script as the store has it.
pub(in crate::web) struct Saved {
    pub(in crate::web) script: Script,
    content: String,
    hosts: Vec<Host>,
}

impl Saved {
    /// Whose `content` is the latest.
    fn read(connection: &Connection, script: Script, content: String) -> Result<Self, StoreError> {
        Ok(Self { script, content, hosts: settings::read(connection)?.script_hosts })
    }

    /// Reads a guided script's text, which may be long.
    async fn whole(self) -> Result<Whole, ApiError> {
        let Self { script, content, hosts } = self;
        if !is_guided(&content) {
            return Ok(Whole { script, content, warnings: Vec::new() });
        }
        let read = move || {
            let warnings = Guided::parse(&content).map_or_else(|faults| faults, |guided| guided.refused_hosts(&hosts));
            Whole { script, content, warnings }
        };
        web::block(read).await.map_err(|_| ApiError::Store(StoreError::Stopped))
    }
}

/// Scripts without their texts, the latest first. `sort`: `createdAt`, `updatedAt`, `name`.
#[utoipa::path(
    get, path = "/api/admin/scripts", tag = "scripts", params(Paging, ScriptFilter),
    responses((status = 200, description = "A page of scripts", body = List<Script>))
)]
async fn list(paging: Paging, filter: Params<ScriptFilter>, state: web::Data<State>) -> Result<HttpResponse, ApiError> {
    list::answer(&state, &scripts::TABLE, &paging, filter.0.check()?, scripts::page).await
}

/// Makes a script, whose first version is live unless `live` is false.
#[utoipa::path(
    post, path = "/api/admin/scripts", tag = "scripts", request_body = ScriptInput,
    responses((status = 201, description = "It was made", body = Whole), (status = 422, description = "Fields are wrong"))
)]
async fn create(by: By, body: Body<ScriptInput>, state: web::Data<State>) -> Result<HttpResponse, ApiError> {
    let whole = make(&state, by.0, body.0.check().map_err(ApiError::Fields)?).await?.whole().await?;
    Ok(entity::made(format!("/api/admin/scripts/{}", whole.script.id), whole.script.version, &whole))
}

/// Makes a script; see [`create`].
pub(in crate::web) async fn make(state: &State, by: Actor, patch: ScriptPatch) -> Result<Saved, ApiError> {
    let missing = [("name", patch.name.is_none()), ("content", patch.content.is_none())];
    let missing = missing.iter().filter(|(_, is_missing)| *is_missing);
    let missing: Vec<_> = missing.map(|(name, _)| FieldProblem::new(*name, "is missing")).collect();
    let (Some(name), Some(content)) = (patch.name, patch.content) else { return Err(ApiError::Fields(missing)) };
    let language = patch.language.flatten();
    let about = About { name, language, description: patch.description.unwrap_or_default() };
    let live = patch.live.unwrap_or(true);
    if live {
        fit_for_calls(content.clone()).await?;
    }
    let made = state.store.change(by, Timestamp::now(), move |change| {
        let script = scripts::create(change, &about, &content, live)?;
        Saved::read(change.transaction, script, content)
    });
    Ok(made.await?)
}

/// A script with its latest text.
#[utoipa::path(
    get, path = "/api/admin/scripts/{id}", tag = "scripts", params(("id" = String, Path)),
    responses((status = 200, description = "The script", body = Whole), (status = 404, description = "There is none"))
)]
async fn find(id: web::Path<String>, state: web::Data<State>) -> Result<HttpResponse, ApiError> {
    let id = script_id(&id)?;
    let read = state.store.read(move |connection| {
        let Some(script) = scripts::find(connection, &id)? else { return Ok(None) };
        let latest = scripts::version(connection, &id, script.latest)?;
        latest.map(|latest| Saved::read(connection, script, latest.content)).transpose()
    });
    let whole = read.await?.ok_or(ApiError::NotFound("script"))?.whole().await?;
    Ok(entity::found(whole.script.version, &whole))
}

/// Changes a script; another text makes a version.
#[utoipa::path(
    patch, path = "/api/admin/scripts/{id}", tag = "scripts", params(("id" = String, Path)), request_body = ScriptInput,
    responses(
        (status = 200, description = "As it is now", body = Whole),
        (status = 404, description = "There is none"),
        (status = 412, description = "Somebody else has changed it"),
        (status = 422, description = "Fields are wrong"),
    )
)]
async fn update(
    by: By,
    id: web::Path<String>,
    expected: IfMatch,
    body: Body<ScriptInput>,
    state: web::Data<State>,
) -> Result<HttpResponse, ApiError> {
    let patch = body.0.check().map_err(ApiError::Fields)?;
    let whole = save(&state, by.0, script_id(&id)?, expected, patch).await?.whole().await?;
    Ok(entity::found(whole.script.version, &whole))
}

/// Changes a script; see [`update`].
pub(in crate::web) async fn save(
    state: &State,
    by: Actor,
    id: ScriptId,
    expected: IfMatch,
    patch: ScriptPatch,
) -> Result<Saved, ApiError> {
    let ScriptPatch { name, language, description, content, live } = patch;
    let fit = match &content {
        Some(content) => fit_for_calls(content.clone()).await,
        None => Ok(()),
    };
    let changed = state.store.change(by, Timestamp::now(), move |change| {
        let old = there(change, &id, &expected)?;
        let about = About {
            name: name.unwrap_or_else(|| old.about.name.clone()),
            language: language.unwrap_or(old.about.language),
            description: description.unwrap_or_else(|| old.about.description.clone()),
        };
        let script = scripts::update(change, &old, about, content.as_deref(), live)?;
        if script.live == Some(script.latest) {
            fit?;
        }
        let latest = scripts::version(change.transaction, &id, script.latest)?.ok_or(ApiError::NotFound("version"))?;
        Ok::<_, ApiError>(Saved::read(change.transaction, script, latest.content)?)
    });
    changed.await
}

/// Deletes a script. Calls that ran it keep their version.
#[utoipa::path(
    delete, path = "/api/admin/scripts/{id}", tag = "scripts", params(("id" = String, Path)),
    responses(
        (status = 204, description = "It is no more"),
        (status = 404, description = "There is none"),
        (status = 409, description = "A profile names it"),
        (status = 412, description = "Somebody else has changed it"),
    )
)]
async fn delete(
    by: By,
    id: web::Path<String>,
    expected: IfMatch,
    state: web::Data<State>,
) -> Result<HttpResponse, ApiError> {
    remove(&state, by.0, script_id(&id)?, expected).await?;
    Ok(entity::gone())
}

/// Deletes a script; see [`delete`].
pub(in crate::web) async fn remove(state: &State, by: Actor, id: ScriptId, expected: IfMatch) -> Result<(), ApiError> {
    let deleted = state.store.change(by, Timestamp::now(), move |change| {
        let script = there(change, &id, &expected)?;
        if let Some(profile) = profiles::with_script(change.transaction, &id)? {
            let problem = format!("the profile '{profile}' runs this script: give that profile another one first");
            return Err(ApiError::Conflict(problem));
        }
        Ok(scripts::delete(change, &script)?)
    });
    deleted.await
}

/// A script's versions without their texts, the latest first. `sort`: `number`.
#[utoipa::path(
    get, path = "/api/admin/scripts/{id}/versions", tag = "scripts", params(("id" = String, Path), Paging),
    responses(
        (status = 200, description = "A page of versions", body = List<VersionInfo>),
        (status = 404, description = "There is no such script"),
    )
)]
async fn versions(id: web::Path<String>, paging: Paging, state: web::Data<State>) -> Result<HttpResponse, ApiError> {
    let id = script_id(&id)?;
    let filter = scripts::versions_of(&id);
    state.store.read(move |connection| scripts::find(connection, &id)).await?.ok_or(ApiError::NotFound("script"))?;
    list::answer(&state, &scripts::VERSIONS, &paging, filter, scripts::versions).await
}

/// A version of a script, even of a deleted one: calls name it.
#[utoipa::path(
    get, path = "/api/admin/scripts/{id}/versions/{number}", tag = "scripts",
    params(("id" = String, Path), ("number" = u32, Path)),
    responses((status = 200, description = "The version", body = Version), (status = 404, description = "There is none"))
)]
async fn version(path: web::Path<(String, String)>, state: web::Data<State>) -> Result<HttpResponse, ApiError> {
    let (id, number) = path.into_inner();
    let id = script_id(&id)?;
    let number: u32 = number.parse().map_err(|_| ApiError::NotFound("version"))?;
    let version = state.store.read(move |connection| scripts::version(connection, &id, number)).await?;
    let version = version.ok_or(ApiError::NotFound("version"))?;
    // A version never changes.
    Ok(entity::found(1, &version))
}

/// Says which version new calls run.
#[utoipa::path(
    post, path = "/api/admin/scripts/{id}/live", tag = "scripts", params(("id" = String, Path)),
    request_body = LiveInput,
    responses(
        (status = 200, description = "The script as it is now", body = Script),
        (status = 404, description = "There is none"),
        (status = 412, description = "Somebody else has changed it"),
        (status = 422, description = "It has no such version"),
    )
)]
async fn set_live(
    by: By,
    id: web::Path<String>,
    expected: IfMatch,
    body: Body<LiveInput>,
    state: web::Data<State>,
) -> Result<HttpResponse, ApiError> {
    let (id, mut checks) = (script_id(&id)?, Checks::default());
    let number = |text: &str| text.parse::<u32>().map_err(|_| "must be a version's number, or null");
    let Some(live) = checks.optional("version", body.0.version.or_number(), number) else {
        input::checked(checks, ()).map_err(ApiError::Fields)?;
        return Err(ApiError::field("version", "is missing"));
    };
    let script = make_live(&state, by.0, id, expected, live).await?;
    Ok(entity::found(script.version, &script))
}

/// Says which version new calls run; see [`set_live`].
pub(in crate::web) async fn make_live(
    state: &State,
    by: Actor,
    id: ScriptId,
    expected: IfMatch,
    live: Option<u32>,
) -> Result<Script, ApiError> {
    if let Some(number) = live {
        let wanted = id.clone();
        let version = state.store.read(move |connection| scripts::version(connection, &wanted, number)).await?;
        fit_for_calls(version.map(|version| version.content).unwrap_or_default()).await?;
    }
    let changed = state.store.change(by, Timestamp::now(), move |change| {
        let old = there(change, &id, &expected)?;
        if live.is_some_and(|live| live == 0 || live > old.latest) {
            return Err(ApiError::field("version", format!("is none of this script's, which are 1 to {}", old.latest)));
        }
        Ok(scripts::set_live(change, &old, live)?)
    });
    changed.await
}

/// No call is led by a guided script with faults. Others have none.
async fn fit_for_calls(content: String) -> Result<(), ApiError> {
    if !is_guided(&content) {
        return Ok(());
    }
    let read = web::block(move || Guided::parse(&content)).await.map_err(|_| ApiError::Store(StoreError::Stopped))?;
    read.map(drop).map_err(|faults| {
        let told: Vec<_> = faults.iter().take(MOST_TOLD).map(ToString::to_string).collect();
        let more = faults.len().saturating_sub(told.len());
        let more = if more == 0 { String::new() } else { format!("; {more} more") };
        let problem = format!("has faults, mend them or save it with live false ({}{more})", told.join("; "));
        ApiError::field("content", problem)
    })
}

/// The script, in the version that was read.
fn there(change: &Change<'_>, id: &ScriptId, expected: &IfMatch) -> Result<Script, ApiError> {
    let script = scripts::find(change.transaction, id)?.ok_or(ApiError::NotFound("script"))?;
    expected.fits(script.version)?;
    Ok(script)
}

pub(in crate::web) fn script_id(text: &str) -> Result<ScriptId, ApiError> {
    text.parse().map_err(|_| ApiError::NotFound("script"))
}
