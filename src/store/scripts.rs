//! Scripts: what agents go by. Their text is never changed: saving makes another version, and a call keeps the one that it
//! ran with. New calls run the version that is live.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, named_params};
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    Change, Refusal, StoreError,
    audit::{Action, Entity, Entry},
    json::shown,
    list::{self, Condition, Filter, Page, Rows, Sort, Table},
    refusal::expect_version,
    rows::{moment, parsed, parsed_if_any},
};
use crate::domain::{Language, ScriptId, fold};

/// How scripts are listed.
pub static TABLE: Table = Table {
    name: "scripts",
    columns: COLUMNS,
    tie: "id",
    alive: Some("deleted_at IS NULL"),
    search: None,
    sorts: &[
        Sort { name: "createdAt", by: "created_at", index: None },
        Sort { name: "updatedAt", by: "updated_at", index: None },
        Sort { name: "name", by: "name", index: None },
    ],
    usual: "-createdAt",
};

const COLUMNS: &str = "scripts.*, (SELECT max(number) FROM script_versions WHERE script = scripts.id) AS latest";

/// A script without its text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Script {
    /// Its id.
    #[serde(serialize_with = "shown")]
    #[schema(value_type = String)]
    pub id: ScriptId,
    /// What it is called.
    #[serde(flatten)]
    pub about: About,
    /// The version that new calls run; `None`: none.
    #[serde(rename = "liveVersion")]
    pub live: Option<u32>,
    /// The version that was saved last, from 1.
    #[serde(rename = "latestVersion")]
    pub latest: u32,
    /// When it was made.
    #[serde(serialize_with = "shown")]
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    /// When it was last changed.
    #[serde(serialize_with = "shown")]
    #[schema(value_type = String, format = DateTime)]
    pub updated_at: Timestamp,
    /// How often it was changed, for ETags: not a version of the text.
    pub version: i64,
}

/// What a script is called.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ScriptAbout)]
pub struct About {
    /// Its name.
    pub name: String,
    /// What it is written in.
    #[schema(value_type = Option<String>)]
    pub language: Option<Language>,
    /// What it is for.
    pub description: String,
}

/// A text, as it was saved once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ScriptVersion)]
pub struct Version {
    /// From 1.
    pub number: u32,
    /// The text.
    pub content: String,
    /// When it was saved.
    #[serde(serialize_with = "shown")]
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    /// The name of whoever saved it.
    pub author: String,
}

/// What is kept of a version in a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ScriptVersionInfo)]
pub struct VersionInfo {
    /// From 1.
    pub number: u32,
    /// The text's length.
    pub bytes: u32,
    /// When it was saved.
    #[serde(serialize_with = "shown")]
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    /// The name of whoever saved it.
    pub author: String,
}

/// Makes a script with a first version, which is live if it is to be.
///
/// # Errors
/// When the database fails.
pub fn create(change: &Change<'_>, about: &About, content: &str, is_live: bool) -> Result<Script, StoreError> {
    let id = ScriptId::random();
    change.transaction.execute(
        "INSERT INTO scripts (id, name, language, description, live_version, created_at, updated_at, search)
         VALUES (:id, :name, :language, :description, :live, :now, :now, :search)",
        named_params! {
            ":id": id.as_str(),
            ":name": about.name,
            ":language": about.language.map(Language::code),
            ":description": about.description,
            ":live": is_live.then_some(1),
            ":now": change.now.as_millisecond(),
            ":search": searched(about),
        },
    )?;
    add_version(change, &id, 1, content)?;
    let script = Script {
        id,
        about: about.clone(),
        live: is_live.then_some(1),
        latest: 1,
        created_at: change.now,
        updated_at: change.now,
        version: 1,
    };
    change.record(&Entry::new(Action::Create, Entity::Script, &script.id).after(&script))?;
    Ok(script)
}

/// Puts `new` in the place of `old`, which was read in this transaction; a `content` that is not the latest one's makes a
/// version. It becomes live when it is said to, or when the latest one is live and nothing is said.
///
/// # Errors
/// When the database fails.
pub fn update(
    change: &Change<'_>,
    old: &Script,
    new: About,
    content: Option<&str>,
    is_live: Option<bool>,
) -> Result<Script, StoreError> {
    let latest = version(change.transaction, &old.id, old.latest)?;
    let content = content.filter(|content| latest.is_none_or(|latest| latest.content != *content));
    let (mut live, mut number) = (old.live, old.latest);
    if let Some(content) = content {
        number += 1;
        add_version(change, &old.id, number, content)?;
    }
    if is_live.unwrap_or(old.live == Some(old.latest)) {
        live = Some(number);
    }
    let script =
        Script { about: new, live, latest: number, updated_at: change.now, version: old.version + 1, ..old.clone() };
    write(change, old, &script)?;
    Ok(script)
}

/// Says which version new calls run. There must be such a version.
///
/// # Errors
/// When the database fails.
pub fn set_live(change: &Change<'_>, old: &Script, live: Option<u32>) -> Result<Script, StoreError> {
    let script = Script { live, updated_at: change.now, version: old.version + 1, ..old.clone() };
    write(change, old, &script)?;
    Ok(script)
}

/// Hides a script: calls that ran it name it.
///
/// # Errors
/// When the database fails.
pub fn delete(change: &Change<'_>, script: &Script) -> Result<(), StoreError> {
    change.transaction.execute(
        "UPDATE scripts SET deleted_at = ?2, live_version = NULL, version = version + 1 WHERE id = ?1",
        (script.id.as_str(), change.now.as_millisecond()),
    )?;
    change.record(&Entry::new(Action::Delete, Entity::Script, &script.id).before(script))
}

/// Brings back a script that was deleted, with this version live.
///
/// # Errors
/// When no such script was deleted or it is not at this version, or the database fails.
pub fn restore(
    change: &Change<'_>,
    id: &ScriptId,
    expected: Option<i64>,
    live: Option<u32>,
) -> Result<Script, Refusal> {
    let sql = format!("SELECT {COLUMNS} FROM scripts WHERE id = ?1 AND deleted_at IS NOT NULL");
    let mut statement = change.transaction.prepare_cached(&sql)?;
    let mut script = statement.query_row([id.as_str()], script).optional()?.ok_or(Refusal::Missing("script"))?;
    expect_version(script.version, expected)?;
    script.live = live.filter(|live| (1..=script.latest).contains(live));
    script.version += 1;
    change.transaction.execute(
        "UPDATE scripts SET deleted_at = NULL, live_version = ?2, version = ?3 WHERE id = ?1",
        (id.as_str(), script.live, script.version),
    )?;
    change.record(&Entry::new(Action::Restore, Entity::Script, id).after(&script))?;
    Ok(script)
}

/// The script with this id, unless it was deleted.
///
/// # Errors
/// When the database fails.
pub fn find(connection: &Connection, id: &ScriptId) -> Result<Option<Script>, StoreError> {
    let mut statement =
        connection.prepare_cached(&format!("SELECT {COLUMNS} FROM scripts WHERE id = ?1 AND deleted_at IS NULL"))?;
    Ok(statement.query_row([id.as_str()], script).optional()?)
}

/// The text that a new call runs: the live version's number and content. `None` when nothing is live, or there is no such
/// script.
///
/// # Errors
/// When the database fails.
pub fn live(connection: &Connection, id: &ScriptId) -> Result<Option<Version>, StoreError> {
    let number = find(connection, id)?.and_then(|script| script.live);
    number.map_or(Ok(None), |number| version(connection, id, number))
}

/// A version of a script, even of a deleted one.
///
/// # Errors
/// When the database fails.
pub fn version(connection: &Connection, id: &ScriptId, number: u32) -> Result<Option<Version>, StoreError> {
    let mut statement = connection.prepare_cached("SELECT * FROM script_versions WHERE script = ?1 AND number = ?2")?;
    let read = |row: &Row<'_>| {
        Ok(Version {
            number,
            content: row.get("content")?,
            created_at: moment(row, "created_at")?,
            author: row.get("author")?,
        })
    };
    Ok(statement.query_row((id.as_str(), number), read).optional()?)
}

/// How a script's versions are listed.
pub static VERSIONS: Table = Table {
    name: "script_versions",
    columns: "number, octet_length(content) AS bytes, created_at, author",
    tie: "number",
    alive: None,
    search: None,
    sorts: &[Sort { name: "number", by: "number", index: None }],
    usual: "-number",
};

/// What holds for this script's versions.
pub fn versions_of(id: &ScriptId) -> Filter {
    Filter { conditions: vec![Condition("script = ?", id.to_string().into())], ..Filter::default() }
}

/// A page of versions.
///
/// # Errors
/// When the database fails.
pub fn versions(connection: &Connection, filter: &Filter, page: &Page) -> Result<Rows<VersionInfo>, StoreError> {
    let read = |row: &Row<'_>| {
        Ok(VersionInfo {
            number: row.get("number")?,
            bytes: row.get("bytes")?,
            created_at: moment(row, "created_at")?,
            author: row.get("author")?,
        })
    };
    list::page(connection, &VERSIONS, filter, page, read)
}

/// What holds for scripts in whose names and descriptions all `words` stand, in part at least, and that are in `language`.
pub fn wanted(words: Option<&str>, language: Option<Language>) -> Filter {
    let words = Condition::for_words("instr(search, ?)", &fold(words.unwrap_or_default()));
    let language = language.map(|language| Condition("language = ?", language.code().to_owned().into()));
    Filter { conditions: words.into_iter().chain(language).collect(), ..Filter::default() }
}

/// A page of scripts.
///
/// # Errors
/// When the database fails.
pub fn page(connection: &Connection, filter: &Filter, page: &Page) -> Result<Rows<Script>, StoreError> {
    list::page(connection, &TABLE, filter, page, script)
}

fn write(change: &Change<'_>, old: &Script, new: &Script) -> Result<(), StoreError> {
    change.transaction.execute(
        "UPDATE scripts SET name = :name, language = :language, description = :description, live_version = :live,
             updated_at = :now, version = :version, search = :search WHERE id = :id",
        named_params! {
            ":id": new.id.as_str(),
            ":name": new.about.name,
            ":language": new.about.language.map(Language::code),
            ":description": new.about.description,
            ":live": new.live,
            ":now": new.updated_at.as_millisecond(),
            ":version": new.version,
            ":search": searched(&new.about),
        },
    )?;
    change.record(&Entry::new(Action::Update, Entity::Script, &new.id).before(old).after(new))
}

fn add_version(change: &Change<'_>, id: &ScriptId, number: u32, content: &str) -> Result<(), StoreError> {
    change.transaction.execute(
        "INSERT INTO script_versions (script, number, content, created_at, author) VALUES (?1, ?2, ?3, ?4, ?5)",
        (id.as_str(), number, content, change.now.as_millisecond(), &change.actor.name),
    )?;
    Ok(())
}

fn searched(about: &About) -> String {
    fold(&format!("{} {}", about.name, about.description))
}

fn script(row: &Row<'_>) -> rusqlite::Result<Script> {
    let about = About {
        name: row.get("name")?,
        language: parsed_if_any(row, "language")?,
        description: row.get("description")?,
    };
    Ok(Script {
        id: parsed(row, "id")?,
        about,
        live: row.get("live_version")?,
        latest: row.get("latest")?,
        created_at: moment(row, "created_at")?,
        updated_at: moment(row, "updated_at")?,
        version: row.get("version")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{Store, audit::Actor};

    fn about(name: &str) -> About {
        About { name: name.to_owned(), language: Some(Language::ARABIC), description: String::new() }
    }

    /// Runs `work` in one change on a new store.
    async fn change<T: Send + 'static>(work: impl FnOnce(&Change<'_>) -> Result<T, StoreError> + Send + 'static) -> T {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        store.change(Actor::console(), Timestamp::UNIX_EPOCH, work).await.unwrap()
    }

    #[tokio::test]
    async fn saving_makes_versions_and_the_live_one_is_run() {
        let lives = change(|change| {
            let (on, mut lives) = (change.transaction, Vec::new());
            let mut script = create(change, &about("Dunning"), "one", true)?;
            for (content, is_live) in [
                (Some("two"), None),
                (Some("two"), None),
                (Some("three"), Some(false)),
                (Some("four"), None),
                (None, Some(true)),
                (Some("one"), None),
            ] {
                script = update(change, &script, script.about.clone(), content, is_live)?;
                assert_eq!(find(on, &script.id)?.as_ref(), Some(&script));
                lives.push((script.latest, script.live, live(on, &script.id)?.map(|it| it.content)));
            }
            let pinned = set_live(change, &script, Some(1))?;
            assert_eq!(live(on, &pinned.id)?.map(|it| (it.number, it.content)), Some((1, "one".to_owned())));
            assert_eq!(live(on, &set_live(change, &pinned, None)?.id)?, None);
            let first = versions(on, &versions_of(&script.id), &Page::first(&VERSIONS, 2))?;
            let numbers: Vec<_> = first.items.iter().map(|it| (it.number, it.bytes)).collect();
            assert_eq!(numbers, [(5, 3), (4, 4)]);
            let rest = Page::first(&VERSIONS, 10).after(&first.next.unwrap());
            assert_eq!(versions(on, &versions_of(&script.id), &rest)?.items.len(), 3);
            delete(change, &script)?;
            assert!(find(on, &script.id)?.is_none());
            assert!(version(on, &script.id, 3)?.is_some(), "calls keep the version that they ran");
            let deleted = pinned.version + 2;
            assert!(matches!(restore(change, &script.id, Some(deleted - 1), None), Err(Refusal::Stale)));
            let back = restore(change, &script.id, Some(deleted), Some(4)).map_err(|refusal| match refusal {
                Refusal::Store(error) => error,
                refusal => panic!("{refusal}"),
            })?;
            assert_eq!((find(on, &script.id)?, back.live), (Some(back.clone()), Some(4)));
            Ok(lives)
        });
        let expected = [(2, 2, "two"), (2, 2, "two"), (3, 2, "two"), (4, 2, "two"), (4, 4, "four"), (5, 5, "one")];
        let expected: Vec<_> = expected.map(|(latest, live, text)| (latest, Some(live), Some(text.to_owned()))).into();
        assert_eq!(lives.await, expected);
    }

    #[tokio::test]
    async fn scripts_are_found_by_words_in_any_spelling() {
        let found = change(|change| {
            for name in ["Dunning, first letter", "تحصيل الفاتورة", "Letter of welcome 100%"] {
                create(change, &about(name), "", false)?;
            }
            let first = Page::first(&TABLE, 10);
            let found = |words| Ok(page(change.transaction, &wanted(Some(words), None), &first)?.items.len());
            ["LETTER", "letter welc", "الفاتوره", "%", "absent", ""]
                .into_iter()
                .map(found)
                .collect::<Result<Vec<_>, _>>()
        });
        assert_eq!(found.await, [2, 1, 1, 1, 0, 3]);
    }
}
