//! Room rules: which rooms get an agent by themselves, and which. They are asked in the order of their places, before those
//! of the configuration; the first that fits decides.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row};
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    Change, StoreError,
    audit::{Action, Entity, Entry},
    json::shown,
    rows::{moment, parsed},
};
use crate::domain::RuleId;

/// So many at most: all of them are read for each call.
pub const MOST: usize = 500;

/// A rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = RoomRule)]
pub struct Rule {
    /// Its id.
    #[serde(serialize_with = "shown")]
    #[schema(value_type = String)]
    pub id: RuleId,
    /// Where it stands among the others, from 1.
    pub place: u32,
    /// A pattern for the room's name; `*` stands for anything.
    pub pattern: String,
    /// A profile's name; `None`: nobody joins by itself.
    pub profile: Option<String>,
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

/// Makes a rule at this place, or after all others.
///
/// # Errors
/// When the database fails.
pub fn create(
    change: &Change<'_>,
    pattern: &str,
    profile: Option<&str>,
    place: Option<u32>,
) -> Result<Rule, StoreError> {
    let (id, now) = (RuleId::random(), change.now.as_millisecond());
    change.transaction.execute(
        "INSERT INTO room_rules (id, place, pattern, profile, created_at, updated_at)
         VALUES (?1, 1 + (SELECT coalesce(max(place), 0) FROM room_rules), ?2, ?3, ?4, ?4)",
        (id.as_str(), pattern, profile, now),
    )?;
    let place = put(change, &id, place)?;
    let (pattern, profile) = (pattern.to_owned(), profile.map(str::to_owned));
    let rule = Rule { id, place, pattern, profile, created_at: change.now, updated_at: change.now, version: 1 };
    change.record(&Entry::new(Action::Create, Entity::Rule, &rule.id).after(&rule))?;
    Ok(rule)
}

/// Puts this in the place of `old`, which was read in this transaction.
///
/// # Errors
/// When the database fails.
pub fn update(
    change: &Change<'_>,
    old: &Rule,
    pattern: String,
    profile: Option<String>,
    place: u32,
) -> Result<Rule, StoreError> {
    let version = old.version + 1;
    change.transaction.execute(
        "UPDATE room_rules SET pattern = ?2, profile = ?3, updated_at = ?4, version = ?5 WHERE id = ?1",
        (old.id.as_str(), &pattern, &profile, change.now.as_millisecond(), version),
    )?;
    let place = put(change, &old.id, Some(place))?;
    let rule = Rule { place, pattern, profile, updated_at: change.now, version, ..old.clone() };
    let entry = Entry::new(Action::Update, Entity::Rule, &rule.id);
    change.record(&entry.before(old).after(&rule))?;
    Ok(rule)
}

/// Deletes a rule.
///
/// # Errors
/// When the database fails.
pub fn delete(change: &Change<'_>, rule: &Rule) -> Result<(), StoreError> {
    change.transaction.execute("DELETE FROM room_rules WHERE id = ?1", [rule.id.as_str()])?;
    change.record(&Entry::new(Action::Delete, Entity::Rule, &rule.id).before(rule))
}

const ALL: &str = "SELECT *, row_number() OVER (ORDER BY place, id) AS nth FROM room_rules";

/// All rules, in their order.
///
/// # Errors
/// When the database fails.
pub fn list(connection: &Connection) -> Result<Vec<Rule>, StoreError> {
    let mut statement = connection.prepare_cached(&format!("{ALL} ORDER BY nth"))?;
    let rules = statement.query_map([], rule)?;
    Ok(rules.collect::<Result<_, _>>()?)
}

/// The rule with this id.
///
/// # Errors
/// When the database fails.
pub fn find(connection: &Connection, id: &RuleId) -> Result<Option<Rule>, StoreError> {
    let mut statement = connection.prepare_cached(&format!("SELECT * FROM ({ALL}) WHERE id = ?1"))?;
    Ok(statement.query_row([id.as_str()], rule).optional()?)
}

/// Whether a rule sends this profile.
///
/// # Errors
/// When the database fails.
pub fn is_sent(connection: &Connection, profile: &str) -> Result<bool, StoreError> {
    Ok(connection.prepare_cached("SELECT 1 FROM room_rules WHERE profile = ?1")?.exists([profile])?)
}

/// Gives a rule this place, or the last one, and numbers all anew from 1. The place that it has then.
fn put(change: &Change<'_>, id: &RuleId, place: Option<u32>) -> Result<u32, StoreError> {
    let mut ids: Vec<_> = list(change.transaction)?.into_iter().map(|rule| rule.id).filter(|it| it != id).collect();
    let index = place.map_or(ids.len(), |place| (place.saturating_sub(1) as usize).min(ids.len()));
    ids.insert(index, id.clone());
    let mut statement =
        change.transaction.prepare_cached("UPDATE room_rules SET place = ?2 WHERE id = ?1 AND place != ?2")?;
    let mut given = 0;
    for (place, other) in (1..).zip(&ids) {
        statement.execute((other.as_str(), place))?;
        if other == id {
            given = place;
        }
    }
    Ok(given)
}

fn rule(row: &Row<'_>) -> rusqlite::Result<Rule> {
    Ok(Rule {
        id: parsed(row, "id")?,
        place: row.get("nth")?,
        pattern: row.get("pattern")?,
        profile: row.get("profile")?,
        created_at: moment(row, "created_at")?,
        updated_at: moment(row, "updated_at")?,
        version: row.get("version")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{Store, audit::Actor};

    #[tokio::test]
    async fn a_rule_takes_the_place_that_it_is_given() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        let orders = store.change(Actor::console(), Timestamp::UNIX_EPOCH, |change| {
            let mut orders = Vec::new();
            let mut note = || -> Result<(), StoreError> {
                let rules = list(change.transaction)?;
                assert!(rules.iter().zip(1..).all(|(rule, place)| rule.place == place));
                orders.push(rules.into_iter().map(|rule| rule.pattern).collect::<String>());
                Ok(())
            };
            let [a, b, c] = ["a", "b", "c"].map(|pattern| create(change, pattern, Some("default"), None));
            let (a, b, c) = (a?, b?, c?);
            note()?;
            update(change, &c, "C".to_owned(), None, 1)?;
            note()?;
            update(change, &a, "A".to_owned(), None, 100)?;
            note()?;
            create(change, "d", None, Some(2))?;
            delete(change, &b)?;
            note()?;
            let last = find(change.transaction, &a.id)?.unwrap();
            assert_eq!((last.place, last.version, is_sent(change.transaction, "default")?), (3, 2, false));
            Ok::<_, StoreError>(orders)
        });
        assert_eq!(orders.await.unwrap(), ["abc", "Cab", "CbA", "CdA"]);
    }
}
