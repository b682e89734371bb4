//! Agent profiles: how the agent presents itself. Those here go before those of the configuration with the same name.

use std::collections::BTreeMap;

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, named_params, types::Type};
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    Change, StoreError,
    audit::{Action, Entity, Entry},
    json::{shown, shown_if_any},
    rows::{moment, parsed, parsed_if_any},
};
use crate::domain::{Language, ProfileId, ScriptId};

/// So many at most: all of them are read for each call.
pub const MOST: usize = 500;

/// A profile as it is stored.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = AgentProfile)]
pub struct Profile {
    /// Its id.
    #[serde(serialize_with = "shown")]
    #[schema(value_type = String)]
    pub id: ProfileId,
    /// What it says.
    #[serde(flatten)]
    pub content: Content,
    /// The script of its calls.
    #[serde(rename = "scriptId", serialize_with = "shown_if_any")]
    #[schema(value_type = Option<String>)]
    pub script: Option<ScriptId>,
    /// When it was made.
    #[serde(serialize_with = "shown")]
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    /// When it was last changed.
    #[serde(serialize_with = "shown")]
    #[schema(value_type = String, format = DateTime)]
    pub updated_at: Timestamp,
    /// How often it was changed, for ETags.
    pub version: i64,
}

/// What a profile says, but for its script.
#[derive(Clone, Debug, Default, PartialEq, Serialize, ToSchema)]
#[schema(as = AgentProfileContent)]
pub struct Content {
    /// What rules and dispatches call it: no other stored profile is called that.
    pub name: String,
    /// Spoken first, and assumed of the caller; `None`: recognised.
    #[schema(value_type = Option<String>)]
    pub language: Option<Language>,
    /// The voice's id; `None`: the language's usual one.
    pub voice: Option<String>,
    /// 0.5 to 2.
    pub speed: f32,
    /// What the agent is told about its task; empty: as the configuration says.
    pub prompt: String,
    /// Said first, by the languages' codes.
    pub greetings: BTreeMap<String, String>,
    /// After so much silence the agent asks whether the caller is still there; `None`: as the configuration says.
    #[serde(rename = "silenceSeconds")]
    pub silence_seconds: Option<u32>,
    /// No call is longer; `None`: as the configuration says.
    #[serde(rename = "maxMinutes")]
    pub max_minutes: Option<u32>,
}

/// Makes a profile.
///
/// # Errors
/// When the database fails.
pub fn create(change: &Change<'_>, content: &Content, script: Option<&ScriptId>) -> Result<Profile, StoreError> {
    let profile = Profile {
        id: ProfileId::random(),
        content: content.clone(),
        script: script.cloned(),
        created_at: change.now,
        updated_at: change.now,
        version: 1,
    };
    write(
        change,
        &profile,
        "INSERT INTO agent_profiles (id, name, language, voice, speed, prompt, greetings, silence_seconds,
             max_minutes, script, created_at, updated_at, version)
         VALUES (:id, :name, :language, :voice, :speed, :prompt, :greetings, :silence_seconds, :max_minutes, :script,
             :updated_at, :updated_at, :version)",
    )?;
    change.record(&Entry::new(Action::Create, Entity::Profile, &profile.id).after(&profile))?;
    Ok(profile)
}

/// Puts this in the place of `old`, which was read in this transaction.
///
/// # Errors
/// When the database fails.
pub fn update(
    change: &Change<'_>,
    old: &Profile,
    content: Content,
    script: Option<ScriptId>,
) -> Result<Profile, StoreError> {
    let profile = Profile { content, script, updated_at: change.now, version: old.version + 1, ..old.clone() };
    write(
        change,
        &profile,
        "UPDATE agent_profiles SET name = :name, language = :language, voice = :voice, speed = :speed, prompt = :prompt,
             greetings = :greetings, silence_seconds = :silence_seconds, max_minutes = :max_minutes, script = :script,
             updated_at = :updated_at, version = :version WHERE id = :id",
    )?;
    let entry = Entry::new(Action::Update, Entity::Profile, &profile.id);
    change.record(&entry.before(old).after(&profile))?;
    Ok(profile)
}

/// Deletes a profile.
///
/// # Errors
/// When the database fails.
pub fn delete(change: &Change<'_>, profile: &Profile) -> Result<(), StoreError> {
    change.transaction.execute("DELETE FROM agent_profiles WHERE id = ?1", [profile.id.as_str()])?;
    change.record(&Entry::new(Action::Delete, Entity::Profile, &profile.id).before(profile))
}

/// All profiles, by their names.
///
/// # Errors
/// When the database fails.
pub fn list(connection: &Connection) -> Result<Vec<Profile>, StoreError> {
    let mut statement = connection.prepare_cached("SELECT * FROM agent_profiles ORDER BY name")?;
    let profiles = statement.query_map([], profile)?;
    Ok(profiles.collect::<Result<_, _>>()?)
}

/// The profile with this id.
///
/// # Errors
/// When the database fails.
pub fn find(connection: &Connection, id: &ProfileId) -> Result<Option<Profile>, StoreError> {
    let mut statement = connection.prepare_cached("SELECT * FROM agent_profiles WHERE id = ?1")?;
    Ok(statement.query_row([id.as_str()], profile).optional()?)
}

/// The profile with this name.
///
/// # Errors
/// When the database fails.
pub fn named(connection: &Connection, name: &str) -> Result<Option<Profile>, StoreError> {
    let mut statement = connection.prepare_cached("SELECT * FROM agent_profiles WHERE name = ?1")?;
    Ok(statement.query_row([name], profile).optional()?)
}

/// The name of a profile that runs this script, if there is one.
///
/// # Errors
/// When the database fails.
pub fn with_script(connection: &Connection, script: &ScriptId) -> Result<Option<String>, StoreError> {
    let mut statement = connection.prepare_cached("SELECT name FROM agent_profiles WHERE script = ?1 LIMIT 1")?;
    Ok(statement.query_row([script.as_str()], |row| row.get(0)).optional()?)
}

fn write(change: &Change<'_>, profile: &Profile, sql: &str) -> Result<(), StoreError> {
    let content = &profile.content;
    let greetings = serde_json::to_string(&content.greetings).map_err(unreadable)?;
    change.transaction.execute(
        sql,
        named_params! {
            ":id": profile.id.as_str(),
            ":name": content.name,
            ":language": content.language.map(Language::code),
            ":voice": content.voice,
            ":speed": content.speed,
            ":prompt": content.prompt,
            ":greetings": greetings,
            ":silence_seconds": content.silence_seconds,
            ":max_minutes": content.max_minutes,
            ":script": profile.script.as_ref().map(ScriptId::as_str),
            ":updated_at": profile.updated_at.as_millisecond(),
            ":version": profile.version,
        },
    )?;
    Ok(())
}

fn profile(row: &Row<'_>) -> rusqlite::Result<Profile> {
    let greetings: String = row.get("greetings")?;
    let content = Content {
        name: row.get("name")?,
        language: parsed_if_any(row, "language")?,
        voice: row.get("voice")?,
        speed: row.get("speed")?,
        prompt: row.get("prompt")?,
        greetings: serde_json::from_str(&greetings).map_err(unreadable)?,
        silence_seconds: row.get("silence_seconds")?,
        max_minutes: row.get("max_minutes")?,
    };
    Ok(Profile {
        id: parsed(row, "id")?,
        content,
        script: parsed_if_any(row, "script")?,
        created_at: moment(row, "created_at")?,
        updated_at: moment(row, "updated_at")?,
        version: row.get("version")?,
    })
}

fn unreadable(error: serde_json::Error) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(0, Type::Text, Box::new(error))
}
