//! The audit log: who did what to what, and how it was before and after.

use std::{borrow::Cow, collections::BTreeMap};

use actix_web::{HttpResponse, web};
use askama::Template;
use serde_json::Value;

use super::{frame::Desk, listing::Asked};
use crate::{
    store::audit::{Action, ActorKind, Entity, Logged},
    web::{
        State,
        api::staff::audit::{self, Listing},
        error::ApiError,
    },
};

pub(super) const PATH: &str = "/desk/audit";
/// Longest value that is shown of one field; the API has all of it.
const LONGEST_SHOWN: usize = 300;

#[derive(Template)]
#[template(path = "desk/audit.html")]
struct AuditPage {
    desk: Desk,
    entries: Vec<Entry>,
    asked: Asked,
    next: Option<String>,
    first: Option<String>,
}

/// An entry, and what is different after it.
struct Entry {
    logged: Logged,
    changes: Vec<Difference>,
}

/// A field that is not as it was.
#[derive(Debug, PartialEq, Eq)]
struct Difference {
    /// Empty where all of it is one value.
    field: String,
    before: Option<String>,
    after: Option<String>,
}

impl AuditPage {
    fn actions(&self) -> &'static [Action] {
        Action::ALL
    }

    fn entities(&self) -> &'static [Entity] {
        Entity::ALL
    }

    fn action(&self, action: &Action) -> Cow<'_, str> {
        self.desk.words.word("audit-action", action.as_str())
    }

    fn entity(&self, entity: &Entity) -> Cow<'_, str> {
        self.desk.words.word("audit-entity", entity.as_str())
    }

    /// Whoever did it, by the name of then.
    fn actor<'a>(&'a self, logged: &'a Logged) -> Cow<'a, str> {
        match logged.actor_kind {
            ActorKind::User | ActorKind::Key if !logged.actor_name.is_empty() => Cow::Borrowed(&logged.actor_name),
            kind => self.desk.words.word("audit-actor", kind.as_str()),
        }
    }

    /// Where all is that they did.
    fn all_of_actor(&self, logged: &Logged) -> String {
        format!("{PATH}?actor={}", logged.actor)
    }

    /// Where all is that was done to the same thing.
    fn all_of_thing(&self, logged: &Logged) -> String {
        let thing = [("entity", logged.entity.as_str()), ("entityId", logged.entity_id.as_str())];
        format!("{PATH}?{}", url::form_urlencoded::Serializer::new(String::new()).extend_pairs(thing).finish())
    }

    fn value(&self, name: &str) -> &str {
        self.asked.get(name).unwrap_or_default()
    }

    fn is_filtered(&self) -> bool {
        ["entity", "entityId", "actor", "action"].into_iter().any(|name| self.asked.get(name).is_some())
    }
}

/// `GET /desk/audit`
pub(super) async fn list(
    desk: Desk,
    asked: web::Query<BTreeMap<String, String>>,
    state: web::Data<State>,
) -> Result<HttpResponse, ApiError> {
    let asked = Asked::from(asked.into_inner());
    let listing = Listing {
        limit: None,
        cursor: asked.owned("cursor"),
        entity: asked.owned("entity"),
        entity_id: asked.owned("entityId"),
        actor: asked.owned("actor"),
        action: asked.owned("action"),
    };
    let (entries, next) = audit::page(&state, listing.filter()?).await?;
    let entries = entries.into_iter().map(|logged| Entry { changes: differences(&logged.detail), logged }).collect();
    let address = |cursor: Option<&str>| format!("{PATH}?{}", asked.with(&[("cursor", cursor)]));
    let (next, first) = (next.as_deref().map(|it| address(Some(it))), asked.get("cursor").map(|_| address(None)));
    Ok(Desk::show(&AuditPage { desk, entries, asked, next, first }))
}

/// What is different in `{"before", "after"}`, field by field.
fn differences(detail: &Value) -> Vec<Difference> {
    let (before, after) = (&detail["before"], &detail["after"]);
    let (Some(fields), true) = (fields(before, after), before.is_object() || after.is_object()) else {
        let difference = Difference { field: String::new(), before: shown(before), after: shown(after) };
        return if difference.before == difference.after { Vec::new() } else { vec![difference] };
    };
    let difference = |field: &String| Difference {
        field: field.clone(),
        before: shown(&before[field.as_str()]),
        after: shown(&after[field.as_str()]),
    };
    fields.into_iter().map(difference).filter(|it| it.before != it.after).collect()
}

/// The names of the fields of both; `None`: one of them has none.
fn fields<'a>(before: &'a Value, after: &'a Value) -> Option<Vec<&'a String>> {
    let mut names = Vec::new();
    for value in [before, after].into_iter().filter(|value| !value.is_null()) {
        for name in value.as_object()?.keys() {
            if !names.contains(&name) {
                names.push(name);
            }
        }
    }
    Some(names)
}

/// A value as it is read; `None`: there is none.
fn shown(value: &Value) -> Option<String> {
    let text = match value {
        Value::Null => return None,
        Value::String(text) => text.clone(),
        value => value.to_string(),
    };
    match text.char_indices().nth(LONGEST_SHOWN) {
        Some((end, _)) => Some(format!("{}…", &text[..end])),
        None => Some(text),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn difference(field: &str, before: Option<&str>, after: Option<&str>) -> Difference {
        Difference { field: field.to_owned(), before: before.map(str::to_owned), after: after.map(str::to_owned) }
    }

    #[test]
    fn what_is_the_same_is_left_out() {
        for (detail, expected) in [
            (
                json!({ "before": { "name": "Sara", "role": "agent" }, "after": { "name": "Sara", "role": "admin" } }),
                vec![difference("role", Some("agent"), Some("admin"))],
            ),
            (
                json!({ "before": null, "after": { "name": "Sara", "tags": ["a"], "notes": null } }),
                vec![difference("name", None, Some("Sara")), difference("tags", None, Some("[\"a\"]"))],
            ),
            (json!({ "before": { "x": true }, "after": null }), vec![difference("x", Some("true"), None)]),
            (json!({ "before": 30, "after": 60 }), vec![difference("", Some("30"), Some("60"))]),
            (json!({ "before": null, "after": "EG" }), vec![difference("", None, Some("EG"))]),
            (json!({ "before": { "x": 1 }, "after": 2 }), vec![difference("", Some("{\"x\":1}"), Some("2"))]),
            (Value::Null, vec![]),
        ] {
            assert_eq!(differences(&detail), expected, "{detail}");
        }
        let long = differences(&json!({ "before": null, "after": { "content": "ش".repeat(1000) } }));
        assert_eq!(long[0].after.as_ref().unwrap().chars().count(), LONGEST_SHOWN + 1);
    }
}
