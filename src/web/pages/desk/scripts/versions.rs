//! A script's versions: what each says and how two differ, which of them new calls run; and what else is done with a script as a
//! whole.

use std::collections::BTreeMap;

use actix_web::{HttpResponse, web};
use askama::Template;

use super::{
    super::{
        form::{self, Sent},
        frame::Desk,
        undo,
    },
    PATH,
    diff::Diff,
    path_of,
};
use crate::{
    domain::ScriptId,
    store::{
        StoreError,
        scripts::{self, Script, Version},
    },
    web::{
        State,
        api::{
            admin::scripts::{self as admin, ScriptInput, script_id},
            entity::IfMatch,
        },
        error::ApiError,
        form::StaffForm,
    },
};

/// A copy's name, in characters: as long as the API takes one.
const LONGEST_NAME: usize = 200;

#[derive(Template)]
#[template(path = "desk/script_version.html")]
struct VersionPage {
    desk: Desk,
    script: Script,
    version: Version,
    /// The version that it is compared with, and what the two differ in.
    with: Option<(u32, Diff)>,
}

impl VersionPage {
    fn path(&self) -> String {
        path_of(&self.script.id)
    }

    fn is_live(&self) -> bool {
        self.script.live == Some(self.version.number)
    }

    /// Versions that it can be compared with, the nearest ones.
    fn others(&self) -> Vec<u32> {
        const MOST: u32 = 50;
        let first = self.script.latest.saturating_sub(MOST).max(1);
        (first..=self.script.latest).rev().filter(|number| *number != self.version.number).collect()
    }

    fn is_compared_with(&self, number: &u32) -> bool {
        self.with.as_ref().is_some_and(|(with, _)| with == number)
    }
}

/// `GET /desk/scripts/{id}/versions/{number}`: compared with the one before it, or another (`?with=2`).
pub(in super::super) async fn version(
    desk: Desk,
    path: web::Path<(String, String)>,
    asked: web::Query<BTreeMap<String, String>>,
    state: web::Data<State>,
) -> Result<HttpResponse, ApiError> {
    let (id, number) = path.into_inner();
    let (id, number) = (script_id(&id)?, number.parse::<u32>().map_err(|_| ApiError::NotFound("version"))?);
    let with = asked.get("with").and_then(|with| with.parse::<u32>().ok()).unwrap_or_else(|| number.saturating_sub(1));
    let read = state.store.read(move |connection| {
        let script = scripts::find(connection, &id)?;
        let version = scripts::version(connection, &id, number)?;
        Ok((script, version, scripts::version(connection, &id, with)?))
    });
    let (script, version, with) = read.await?;
    let (Some(script), Some(version)) = (script, version) else { return Err(ApiError::NotFound("version")) };
    let with = match with.filter(|with| with.number != version.number) {
        Some(with) => {
            let (number, new) = (with.number, version.content.clone());
            let diff = web::block(move || Diff::of(&with.content, &new)).await;
            Some((number, diff.map_err(|_| ApiError::Store(StoreError::Stopped))?))
        }
        None => None,
    };
    Ok(Desk::show(&VersionPage { desk, script, version, with }))
}

/// `POST /desk/scripts/{id}/live`: the version that new calls run; a blank one is none.
pub(in super::super) async fn live(
    desk: Desk,
    id: web::Path<String>,
    sent: StaffForm<Sent>,
    state: web::Data<State>,
) -> Result<HttpResponse, ApiError> {
    let id = script_id(&id)?;
    let number = match sent.fields.get("number").map(|number| number.trim()) {
        Some("") => None,
        Some(number) => Some(number.parse().map_err(|_| ApiError::Form)?),
        None => return Err(ApiError::Form),
    };
    let done = if number.is_some() { "script-live" } else { "script-not-live" };
    match admin::make_live(&state, desk.actor(), id.clone(), seen(&sent.fields)?, number).await {
        Ok(_) => undo::offer(&state, &desk, &path_of(&id), done, id.as_str()).await,
        // Its text has faults: they stand beside it.
        Err(ApiError::Fields(_)) => {
            let version = number.map(|number| format!("?version={number}")).unwrap_or_default();
            Ok(Desk::see(&format!("{}{version}", path_of(&id)), "script-faulty"))
        }
        Err(error) => Err(error),
    }
}

/// `POST /desk/scripts/{id}/duplicate`: another one with the same text, which no call runs.
pub(in super::super) async fn duplicate(
    desk: Desk,
    id: web::Path<String>,
    _sent: StaffForm<Sent>,
    state: web::Data<State>,
) -> Result<HttpResponse, ApiError> {
    let id = script_id(&id)?;
    let read = state.store.read(move |connection| {
        let Some(script) = scripts::find(connection, &id)? else { return Ok(None) };
        let latest = scripts::version(connection, &id, script.latest)?;
        Ok(latest.map(|latest| (script.about, latest.content)))
    });
    let (about, content) = read.await?.ok_or(ApiError::NotFound("script"))?;
    let name = desk.words.named("script-copy-of", &about.name).replace(['\u{2068}', '\u{2069}'], "");
    let name: String = name.chars().take(LONGEST_NAME).collect();
    let input: ScriptInput = serde_json::from_value(serde_json::json!({
        "name": name,
        "language": about.language.map(|language| language.code()),
        "description": about.description,
        "content": content,
        "live": false,
    }))
    .map_err(|_| ApiError::Form)?;
    let made = admin::make(&state, desk.actor(), input.check().map_err(ApiError::Fields)?).await?;
    Ok(Desk::see(&path_of(&made.script.id), "script-copied"))
}

/// `POST /desk/scripts/{id}/delete`
pub(in super::super) async fn delete(
    desk: Desk,
    id: web::Path<String>,
    sent: StaffForm<Sent>,
    state: web::Data<State>,
) -> Result<HttpResponse, ApiError> {
    let id: ScriptId = script_id(&id)?;
    admin::remove(&state, desk.actor(), id.clone(), seen(&sent.fields)?).await?;
    undo::offer(&state, &desk, PATH, "script-deleted", id.as_str()).await
}

/// What its reader has seen.
fn seen(sent: &Sent) -> Result<IfMatch, ApiError> {
    Ok(IfMatch(Some(form::version(sent)?)))
}
