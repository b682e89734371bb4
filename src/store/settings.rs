//! What an administrator may set while the desk runs, as opposed to the configuration, which says how the program runs.
//! Each setting is a row; those of a later version stay as they are.

use jiff::Timestamp;
use rusqlite::{Connection, types::Type};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use utoipa::ToSchema;

use super::{
    Change, StoreError,
    audit::{Action, Entity, Entry},
    json::shown_if_any,
};
use crate::domain::{Country, Currency, Host, Language};

/// The settings in force. Fields are named as they are stored and shown.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct Settings {
    /// What the desk calls itself.
    pub desk_name: Option<String>,
    /// Where telephone numbers without a country's code are from.
    #[schema(value_type = Option<String>)]
    pub country: Option<Country>,
    /// Which currency amounts are in.
    #[schema(value_type = Option<String>)]
    pub currency: Option<Currency>,
    /// What is spoken in calls whose invitation, rule and profile say nothing: the first is spoken first, and who calls is
    /// followed into the others. None: all that the box speaks, as the configuration has it.
    #[schema(value_type = Vec<String>)]
    pub languages: Vec<Language>,
    /// Who speaks where a profile names no voice.
    pub voices: UsualVoices,
    /// Whether callers of the page need no key, unless the configuration says it.
    pub public_calls: bool,
    /// The hosts that scripts may ask.
    #[schema(value_type = Vec<String>)]
    pub script_hosts: Vec<Host>,
    /// How long things are kept.
    pub retention_days: RetentionDays,
    /// How far the guided set-up is; only its page changes that.
    pub setup: SetUp,
}

/// The voice of each language, by its id; `None`: as the configuration has it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct UsualVoices {
    /// English
    pub en: Option<String>,
    /// Arabic
    pub ar: Option<String>,
}

impl UsualVoices {
    /// Those that are set.
    pub fn all(&self) -> impl Iterator<Item = (Language, &String)> {
        let each = [(Language::ENGLISH, &self.en), (Language::ARABIC, &self.ar)];
        each.into_iter().filter_map(|(language, voice)| Some((language, voice.as_ref()?)))
    }
}

/// What of the guided set-up cannot be seen from the desk itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct SetUp {
    /// An administrator has ended it.
    pub is_finished: bool,
    /// Steps that were left for later.
    pub skipped: Vec<SetUpStep>,
}

/// A step of the guided set-up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum SetUpStep {
    /// There is an administrator.
    Account,
    /// The desk has a name, a country and a currency.
    Desk,
    /// Callers reach it over HTTPS.
    Reach,
    /// What a call needs is loaded.
    Models,
    /// The agent was talked with.
    Call,
}

/// In days; `None`: for ever.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct RetentionDays {
    /// What was said in calls, and the callers' names.
    pub transcripts: Option<u32>,
    /// Text messages that are sent, or will not be.
    pub messages: Option<u32>,
}

/// The settings as they are stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = StoredSettings)]
pub struct Stored {
    /// What they are.
    #[serde(flatten)]
    pub settings: Settings,
    /// Rises with each change of any of them, from 1.
    pub version: i64,
    /// When one was last changed; `None`: never.
    #[serde(serialize_with = "shown_if_any")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub updated_at: Option<Timestamp>,
}

/// The settings.
///
/// # Errors
/// When the database fails.
pub fn read(connection: &Connection) -> Result<Settings, StoreError> {
    Ok(stored(connection)?.settings)
}

/// The settings, and which version of them.
///
/// # Errors
/// When the database fails.
pub fn stored(connection: &Connection) -> Result<Stored, StoreError> {
    let (mut values, mut version, mut updated_at) = (Map::new(), 1, None);
    let mut statement = connection.prepare_cached("SELECT name, value, version, updated_at FROM settings")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let value: String = row.get("value")?;
        values.insert(row.get("name")?, serde_json::from_str(&value).map_err(unreadable)?);
        version += row.get::<_, i64>("version")?;
        updated_at = updated_at.max(Some(super::rows::moment(row, "updated_at")?));
    }
    let settings = serde_json::from_value(Value::Object(values)).map_err(unreadable)?;
    Ok(Stored { settings, version, updated_at })
}

/// Puts these settings in the place of those in force, and records what is different.
///
/// # Errors
/// When the database fails.
pub fn replace(change: &Change<'_>, settings: &Settings) -> Result<Stored, StoreError> {
    let (before, after) = (values(&read(change.transaction)?), values(settings));
    let mut statement = change.transaction.prepare_cached(
        "INSERT INTO settings (name, value, updated_at) VALUES (?1, ?2, ?3)
         ON CONFLICT (name) DO UPDATE SET value = ?2, updated_at = ?3, version = version + 1",
    )?;
    for (name, value) in after {
        if before.get(&name) == Some(&value) {
            continue;
        }
        statement.execute((&name, value.to_string(), change.now.as_millisecond()))?;
        let entry = Entry::new(Action::Update, Entity::Setting, &name);
        change.record(&entry.before(&before.get(&name)).after(&value))?;
    }
    stored(change.transaction)
}

/// By the names under which they are stored.
fn values(settings: &Settings) -> Map<String, Value> {
    match json!(settings) {
        Value::Object(values) => values,
        _ => Map::new(),
    }
}

fn unreadable(error: serde_json::Error) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(0, Type::Text, Box::new(error))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{
        Store,
        audit::{self, Actor, Filter},
    };

    #[tokio::test]
    async fn what_is_set_is_kept_and_recorded() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        let none = store.read(stored).await.unwrap();
        assert_eq!((none.settings.clone(), none.version, none.updated_at), (Settings::default(), 1, None));
        let set = async |settings: Settings| {
            let actor = Actor::console();
            store.change(actor, Timestamp::UNIX_EPOCH, move |change| replace(change, &settings)).await.unwrap()
        };
        let wanted = Settings {
            country: "eg".parse().ok(),
            currency: "EGP".parse().ok(),
            script_hosts: vec!["crm.example.com".parse().unwrap(), "127.0.0.1:9000".parse().unwrap()],
            retention_days: RetentionDays { transcripts: Some(30), messages: Some(90) },
            languages: vec![Language::ARABIC, Language::ENGLISH],
            voices: UsualVoices { ar: Some("kareem".to_owned()), en: None },
            setup: SetUp { is_finished: false, skipped: vec![SetUpStep::Reach] },
            ..Settings::default()
        };
        let first = set(wanted.clone()).await;
        assert_eq!((&first.settings, first.updated_at), (&wanted, Some(Timestamp::UNIX_EPOCH)));
        assert_eq!(set(wanted.clone()).await, first, "nothing is different");
        let changed = set(Settings { country: None, ..wanted.clone() }).await;
        assert!(changed.version > first.version && changed.settings.country.is_none());

        let vault = store.vault().clone();
        let filter = Filter { entity: Some(Entity::Setting), limit: 10, ..Filter::default() };
        let log = store.read(move |connection| audit::list(connection, &vault, &filter)).await.unwrap();
        assert_eq!((log[0].entity_id.as_str(), &log[0].detail), ("country", &json!({ "before": "EG", "after": null })));
        drop(store);
        assert_eq!(Store::open(folder.path()).unwrap().read(stored).await.unwrap(), changed);
    }

    #[tokio::test]
    async fn settings_of_a_later_version_stay() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        let insert = "INSERT INTO settings (name, value, updated_at) VALUES ('colour', '\"red\"', 0)";
        store.write(move |transaction| Ok(transaction.execute(insert, [])?)).await.unwrap();
        assert_eq!(store.read(read).await.unwrap(), Settings::default());
    }
}
