//! Where a page ended, as the next request brings it: opaque to the client, and nothing that it could do harm with.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use rusqlite::types::Value;

/// Longer than any that is given.
const LONGEST: usize = 8192;

/// The last row of a page: what the list is sorted by, and what tells rows with the same value apart.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Cursor {
    pub(super) value: Value,
    pub(super) tie: Value,
}

impl Cursor {
    /// For a list in the order `order` (`-createdAt`).
    pub(super) fn write(&self, order: &str) -> String {
        let parts = serde_json::json!([order, to_json(&self.value), to_json(&self.tie)]);
        BASE64_URL_SAFE_NO_PAD.encode(parts.to_string())
    }

    /// `None` when it is none of ours, or of another order.
    pub(super) fn read(text: &str, order: &str) -> Option<Self> {
        if text.len() > LONGEST {
            return None;
        }
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(text).ok()?;
        let (of, value, tie): (String, serde_json::Value, serde_json::Value) = serde_json::from_slice(&bytes).ok()?;
        (of == order).then_some(Self { value: from_json(value)?, tie: from_json(tie)? })
    }
}

/// Lists are sorted by whole numbers and texts.
fn to_json(value: &Value) -> serde_json::Value {
    match value {
        Value::Integer(number) => (*number).into(),
        Value::Text(text) => text.as_str().into(),
        Value::Null | Value::Real(_) | Value::Blob(_) => serde_json::Value::Null,
    }
}

fn from_json(value: serde_json::Value) -> Option<Value> {
    match value {
        serde_json::Value::Number(number) => number.as_i64().map(Value::Integer),
        serde_json::Value::String(text) => Some(Value::Text(text)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_given_is_taken_back() {
        let cursor = Cursor { value: Value::Text("سارة \"x\"".to_owned()), tie: Value::Integer(i64::MAX) };
        let text = cursor.write("name");
        assert_eq!(Cursor::read(&text, "name"), Some(cursor));
        let other = |json: &str| BASE64_URL_SAFE_NO_PAD.encode(json);
        for (bad, order) in [
            (text.as_str(), "-name"),
            (&text[1..], "name"),
            ("", "name"),
            ("%%%", "name"),
            (&other("[]"), "name"),
            (&other(r#"["name", null, 1]"#), "name"),
            (&other(r#"["name", 1.5, 1]"#), "name"),
            (&other(r#"["name", 1, {}]"#), "name"),
            (&"A".repeat(LONGEST + 1), "name"),
        ] {
            assert_eq!(Cursor::read(bad, order), None, "{bad}");
        }
    }
}
