//! The body of a request: a JSON object, as a whole ([`Body`]) or its fields one by one ([`Fields`]), so that each refusal
//! can name the field.

use std::{borrow::Cow, str::FromStr, time::Duration};

use actix_multipart::MultipartError;
use actix_web::{
    FromRequest, HttpRequest, dev,
    error::PayloadError,
    http::header::{self, HeaderValue},
    web::{self, Bytes},
};
use futures_util::{Stream, StreamExt, future::LocalBoxFuture};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use tokio::time::timeout;

use crate::{
    domain::{BadName, Language, Pii, cards, display_name},
    web::error::ApiError,
};

/// Most bytes in a body: room for LiveKit's 512 KiB of metadata, so that what is too much can be said in words.
pub(in crate::web) const MAX_BODY: usize = 1024 * 1024;
/// A client that takes longer to send its body is cut off.
const BODY_TIMEOUT: Duration = Duration::from_secs(5);

/// The fields of a body that was a JSON object.
pub(super) struct Fields(Map<String, Value>);

impl Fields {
    /// Reads the body, if there is one.
    pub(super) async fn read_if_any(request: &HttpRequest, payload: web::Payload) -> Result<Self, ApiError> {
        let says_nothing = !request.headers().contains_key(header::CONTENT_TYPE);
        let is_empty = |name| request.headers().get(name).is_none_or(|length| length == "0");
        if says_nothing
            && is_empty(header::CONTENT_LENGTH)
            && !request.headers().contains_key(header::TRANSFER_ENCODING)
        {
            return Ok(Self(Map::new()));
        }
        Self::read(request, payload).await
    }

    /// Reads the body.
    pub(super) async fn read(request: &HttpRequest, payload: web::Payload) -> Result<Self, ApiError> {
        Self::parse(&json_bytes(request, payload).await?)
    }

    fn parse(body: &[u8]) -> Result<Self, ApiError> {
        match serde_json::from_slice(body).map_err(ApiError::Json)? {
            Value::Object(fields) => Ok(Self(fields)),
            _ => Err(ApiError::NotAnObject),
        }
    }

    /// Whether there is such a field.
    pub(super) fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// A name that must be there: of a room, of a participant.
    pub(super) fn name<T: FromStr<Err = BadName>>(&self, name: &'static str) -> Result<T, ApiError> {
        let text = self.text(name)?.ok_or_else(|| field(name, "is missing"))?;
        text.parse().map_err(|bad: BadName| field(name, bad))
    }

    /// What people see of a person.
    pub(super) fn display_name(&self, name: &'static str) -> Result<Pii<String>, ApiError> {
        self.display_name_if_any(name)?.ok_or_else(|| field(name, "is missing"))
    }

    /// The same where it may be missing. Nobody must give a name: it may be blank. A card's number that somebody typed there
    /// is masked.
    pub(super) fn display_name_if_any(&self, name: &'static str) -> Result<Option<Pii<String>>, ApiError> {
        let Some(text) = self.text(name)? else { return Ok(None) };
        if text.trim().is_empty() {
            return Ok(Some(Pii::default()));
        }
        display_name(&cards::mask(text)).map(Some).map_err(|bad| field(name, bad))
    }

    /// The language that is to be spoken; `auto` and nothing at all leave it to the agent's profile.
    pub(super) fn language(&self) -> Result<Option<Language>, ApiError> {
        language(self.text("language")?.unwrap_or_default())
    }

    /// An id; `thing` is what it would be of.
    pub(super) fn id<T: FromStr>(&self, name: &'static str, thing: &str) -> Result<Option<T>, ApiError> {
        let Some(text) = self.text(name)?.filter(|text| !text.is_empty()) else { return Ok(None) };
        text.parse().map(Some).map_err(|_| field(name, format!("names no {thing}")))
    }

    /// A text that may be missing; null counts as missing.
    pub(super) fn text(&self, name: &'static str) -> Result<Option<&str>, ApiError> {
        match self.0.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(field(name, "must be a string")),
        }
    }

    /// The same where a number counts as its digits: what the desk's own books call somebody.
    pub(super) fn text_or_number(&self, name: &'static str) -> Result<Option<Cow<'_, str>>, ApiError> {
        match self.0.get(name) {
            Some(Value::Number(number)) => Ok(Some(number.to_string().into())),
            _ => Ok(self.text(name)?.map(Cow::from)),
        }
    }

    /// What is known of a participant, as text: an object or a string, or nothing. Card numbers are masked.
    pub(super) fn metadata(&self, name: &'static str) -> Result<String, ApiError> {
        let masked = |mut value| {
            cards::mask_json(&mut value);
            value.to_string()
        };
        match self.0.get(name) {
            None | Some(Value::Null) => Ok(String::new()),
            Some(Value::String(text)) => Ok(match serde_json::from_str(text) {
                Ok(value @ (Value::Object(_) | Value::Array(_))) => masked(value),
                _ => cards::mask(text),
            }),
            Some(value @ Value::Object(_)) => Ok(masked(value.clone())),
            Some(_) => Err(field(name, "must be an object or a string")),
        }
    }
}

/// A language as requests name it; `auto` and nothing at all name none.
pub(super) fn language(text: &str) -> Result<Option<Language>, ApiError> {
    let text = text.trim();
    if text.is_empty() || text == "auto" {
        return Ok(None);
    }
    text.parse().map(Some).map_err(|_| {
        let known: Vec<_> = Language::all().map(Language::code).collect();
        field("language", format!("is unknown: give one of auto, {}", known.join(", ")))
    })
}

pub(super) fn field(name: &'static str, problem: impl ToString) -> ApiError {
    ApiError::field(name, problem)
}

/// A body of which each field has one type: the handler's argument. What is wrong is said with the field's name.
pub(in crate::web) struct Body<T>(pub(in crate::web) T);

impl<T: DeserializeOwned + 'static> FromRequest for Body<T> {
    type Error = ApiError;
    type Future = LocalBoxFuture<'static, Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, payload: &mut dev::Payload) -> Self::Future {
        let (request, payload) = (request.clone(), web::Payload::from_request(request, payload).into_inner());
        Box::pin(async move {
            let bytes = json_bytes(&request, payload.map_err(|_| ApiError::Broken)?).await?;
            parse(&bytes).map(Self)
        })
    }
}

/// Syntax first, so that what is no JSON at all is not said to be a wrong field.
fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, ApiError> {
    let value: Value = serde_json::from_slice(bytes).map_err(ApiError::Json)?;
    if !value.is_object() {
        return Err(ApiError::NotAnObject);
    }
    serde_path_to_error::deserialize(value).map_err(|error| {
        let (path, problem) = (error.path().to_string(), error.into_inner().to_string());
        match problem.strip_prefix("missing field `").and_then(|rest| rest.strip_suffix('`')) {
            Some(name) if path == "." => ApiError::field(name, "is missing"),
            Some(name) => ApiError::field(format!("{path}.{name}"), "is missing"),
            None => ApiError::field(path, format!("is wrong: {problem}")),
        }
    })
}

/// The body's bytes, if they are said to be JSON.
async fn json_bytes(request: &HttpRequest, payload: web::Payload) -> Result<Bytes, ApiError> {
    if !request.headers().get(header::CONTENT_TYPE).is_some_and(is_json) {
        return Err(ApiError::ContentType);
    }
    bytes(payload, MAX_BODY).await
}

/// A body of any kind, if it is not too long and comes in time.
pub(in crate::web) async fn bytes(payload: web::Payload, most: usize) -> Result<Bytes, ApiError> {
    let body = timeout(BODY_TIMEOUT, payload.to_bytes_limited(most)).await.map_err(|_| ApiError::Slow)?;
    body.map_err(|_| ApiError::TooLarge(most))?.map_err(|_| ApiError::Broken)
}

/// The same for a form, which would else go on for ever: a part of it, its head too, lies in memory until it is whole.
pub(in crate::web) fn bounded(payload: web::Payload, most: usize) -> impl Stream<Item = Result<Bytes, PayloadError>> {
    let mut left = most;
    payload.map(move |chunk| {
        let chunk = chunk?;
        left = left.checked_sub(chunk.len()).ok_or(PayloadError::Overflow)?;
        Ok(chunk)
    })
}

/// Why such a form cannot be read, of which `most` bytes are the file's.
pub(in crate::web) fn broken_form(error: &MultipartError, most: usize) -> ApiError {
    match error {
        MultipartError::Payload(PayloadError::Overflow) => ApiError::TooLarge(most),
        _ => ApiError::Broken,
    }
}

/// `application/json`, with or without parameters.
fn is_json(value: &HeaderValue) -> bool {
    let essence = value.to_str().ok().and_then(|value| value.split(';').next());
    essence.is_some_and(|essence| essence.trim().eq_ignore_ascii_case("application/json"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::domain::RoomName;

    fn fields(body: &Value) -> Fields {
        Fields::parse(body.to_string().as_bytes()).unwrap()
    }

    #[test]
    fn each_field_is_refused_by_its_name() {
        let room = |value: Value| fields(&json!({ "room": value })).name::<RoomName>("room").map(|it| it.to_string());
        assert_eq!(room(json!("support/🎧")).unwrap(), "support/🎧");
        for (value, says) in [
            (Value::Null, "room is missing"),
            (json!(7), "room must be a string"),
            (json!(["a"]), "room must be a string"),
            (json!(""), "room is empty"),
            (json!("a\nb"), "room has control characters in it"),
            (json!("x".repeat(10_240)), "room is longer than 256 bytes"),
        ] {
            assert_eq!(room(value).unwrap_err().to_string(), says);
        }
        for body in ["", "{", "nonsense", "[]", "null", "\u{feff}{}", "{\"a\":1}{}"] {
            assert!(Fields::parse(body.as_bytes()).is_err(), "{body}");
        }
        assert!(Fields::parse("[".repeat(100_000).as_bytes()).is_err());
        assert!(Fields::parse(b"{\"room\":\"\xff\"}").is_err());
    }

    #[test]
    fn cards_are_masked_wherever_they_stand() {
        let card = "4111111111111111";
        let metadata = |value: Value| fields(&json!({ "metadata": value })).metadata("metadata");
        for value in [
            json!({ "creditCardNumber": card, "plan": "gold" }),
            json!({ "deep": [{ "creditCardNumber": 4_111_111_111_111_111_u64 }] }),
            json!(json!({ "creditCardNumber": card }).to_string()),
            json!(format!("pays with {card}")),
        ] {
            let shown = metadata(value).unwrap();
            assert!(!shown.contains(card) && !shown.contains("11111111") && shown.contains("1111"), "{shown}");
        }
        assert_eq!(metadata(json!({ "plan": "gold" })).unwrap(), r#"{"plan":"gold"}"#);
        assert_eq!(metadata(json!("VIP")).unwrap(), "VIP");
        assert_eq!(metadata(Value::Null).unwrap(), "");
        assert_eq!(metadata(json!(7)).unwrap_err().to_string(), "metadata must be an object or a string");
        let name = fields(&json!({ "name": card })).display_name("name").unwrap();
        assert!(!name.reveal().contains(card));
    }
}
