//! Text: `POST /api/voice/conversation`, a conversation in writing only, and `POST /api/conversations/{call_id}/message`, a
//! message into one of those or into a call that is under way.

use std::{ops::Not, time::Duration};

use actix_web::{
    HttpResponse, ResponseError,
    http::{StatusCode, header},
    web,
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::time::timeout;
use utoipa::ToSchema;

use super::KNOWS;
use crate::{
    call::{AskError, Facts, written::Opening},
    domain::{CallId, Identity, Language, Pii},
    store::turns::Who as Side,
    web::{
        State,
        access::{self, Who},
        api::body::{self, Body, field},
        error::ApiError,
        idempotency::Later,
    },
};

/// Most characters of a message.
const MOST_CHARACTERS: usize = 2000;
/// Of what was said before, so many messages count, the latest ones.
const MOST_HISTORY: usize = 40;
/// How long a message into a call waits for the answer to be heard; then it is answered without.
const PATIENCE: Duration = Duration::from_secs(60);
/// How long the answer is then still waited for, for whoever sends the same message with the same key again.
const LATER_PATIENCE: Duration = Duration::from_secs(10 * 60);

/// What somebody writes.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Asked {
    /// 2,000 characters at most.
    message: String,
    /// What was said before, for a new conversation: the latest 40 count.
    #[serde(default)]
    history: Option<Vec<Said>>,
    /// What the agent has to know, for a new conversation: an object or a text.
    #[serde(default)]
    context: Option<Value>,
    /// The conversation to go on with; a new one unless given.
    #[serde(default)]
    conversation_id: Option<String>,
    /// What is written, for a new conversation.
    #[serde(default)]
    language: Option<String>,
}

/// A message that was said before.
#[derive(Debug, Deserialize, ToSchema)]
struct Said {
    /// `user` or `assistant` (`caller` and `agent` do too).
    role: String,
    #[serde(alias = "text", alias = "message")]
    content: String,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Replied<'a> {
    success: bool,
    conversation_id: &'a str,
    reply: &'a str,
}

/// Converses in writing.
#[utoipa::path(
    post, path = "/api/voice/conversation", tag = "voice", request_body = Asked,
    responses(
        (status = 200, description = "The agent's answer", body = Replied),
        (status = 404, description = "There is no such conversation, or somebody else began it"),
        (status = 409, description = "The conversation is over"),
        (status = 503, description = "Nobody can answer, or not now"),
    )
)]
pub(super) async fn converse(who: Who, asked: Body<Asked>, state: web::Data<State>) -> Result<HttpResponse, ApiError> {
    let asked = asked.0;
    let message = message_text("message", &asked.message)?;
    let id = match asked.conversation_id.as_deref().filter(|id| !id.is_empty()) {
        Some(id) => id.parse().map_err(|_| ApiError::NotFound("conversation"))?,
        None => {
            let opening = opening(&asked)?;
            state.written.can_answer()?;
            state.written.begin(owner(&who), opening).await?
        }
    };
    let reply = state.written.say(&id, Some(&owner(&who)).filter(|_| !is_developer(&who)), &message).await?;
    let answer = Replied { success: true, conversation_id: id.as_str(), reply: reply.reveal() };
    Ok(HttpResponse::Ok().insert_header((header::CACHE_CONTROL, "no-store")).json(answer))
}

fn opening(asked: &Asked) -> Result<Opening, ApiError> {
    let context = match &asked.context {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(value @ Value::Object(_)) => value.to_string(),
        Some(_) => return Err(field("context", "must be an object or a string")),
    };
    let history = asked.history.as_deref().unwrap_or_default();
    let first = history.len().saturating_sub(MOST_HISTORY);
    let said = history.iter().enumerate().skip(first).map(|(index, said)| before(index, said));
    Ok(Opening {
        language: language(asked)?,
        facts: Facts::parse(&context).map_err(|too_long| field("context", too_long))?,
        known: None,
        history: said.collect::<Result<_, _>>()?,
    })
}

fn language(asked: &Asked) -> Result<Option<Language>, ApiError> {
    body::language(asked.language.as_deref().unwrap_or_default())
}

/// What was said before. What is too long of it is cut: it was said, whatever its length.
fn before(index: usize, said: &Said) -> Result<(Side, Pii<String>), ApiError> {
    let side = match said.role.as_str() {
        "user" | "caller" => Side::Caller,
        "assistant" | "agent" => Side::Agent,
        _ => {
            let problem = "is unknown: give one of user, assistant";
            return Err(ApiError::field(format!("history[{index}].role"), problem));
        }
    };
    Ok((side, Pii::new(said.content.chars().take(MOST_CHARACTERS).collect())))
}

/// A message into a call or conversation: `{text}` or `{message}`.
#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct Message {
    /// 2,000 characters at most.
    #[serde(alias = "message")]
    text: String,
}

#[derive(Serialize, ToSchema)]
struct Answered<'a> {
    success: bool,
    call_id: &'a str,
    /// Null while the answer is not there.
    reply: Option<&'a str>,
    /// The message was said, and its answer is not there yet.
    #[serde(skip_serializing_if = "Not::not")]
    pending: bool,
    /// RFC 3339, UTC.
    timestamp: String,
}

/// Says something for the caller in a call that is under way, which may be named by its room too, or in a conversation in
/// writing.
#[utoipa::path(
    post, path = "/api/conversations/{call_id}/message", tag = "voice", params(("call_id" = String, Path)),
    request_body = Message,
    responses(
        (status = 200, description = "What the agent answered; in a call, as far as it was heard", body = Answered),
        (status = 202, description = "It was said in the call; the answer is not there yet", body = Answered),
        (status = 404, description = "There is no such call or conversation"),
        (status = 409, description = "It is over"),
        (status = 503, description = "Nothing was said: try again in a moment"),
    )
)]
pub(super) async fn message(
    who: Who,
    id: web::Path<String>,
    message: Body<Message>,
    state: web::Data<State>,
) -> Result<HttpResponse, ApiError> {
    let text = message_text("text", &message.0.text)?;
    // An id is known to whom it was given. Rooms are called after customers, and what the agent knows of those, it tells.
    if id.parse::<CallId>().is_err() && !is_developer(&who) {
        access::may(&who, KNOWS)?;
    }
    let id = id.into_inner();
    let mut asking = {
        let (state, id, text) = (state.clone(), id.clone(), text.clone());
        Box::pin(async move { state.desk.ask(&id, text).await })
    };
    match timeout(PATIENCE, &mut asking).await {
        Ok(Err(AskError::NoCall)) => {
            let call: CallId = id.parse().map_err(|_| ApiError::NotFound("call"))?;
            let reply = state.written.say(&call, Some(&owner(&who)).filter(|_| !is_developer(&who)), &text).await?;
            Ok(answered(&id, Some(&reply)))
        }
        Ok(heard) => outcome(&id, heard),
        Err(_) => {
            let mut late = answered(&id, None);
            late.extensions_mut().insert(Later::new(async move {
                match timeout(LATER_PATIENCE, asking).await {
                    Ok(heard) => outcome(&id, heard).unwrap_or_else(|error| error.error_response()),
                    Err(_) => answered(&id, None),
                }
            }));
            Ok(late)
        }
    }
}

/// What came of a message into a call.
fn outcome(id: &str, heard: Result<Pii<String>, AskError>) -> Result<HttpResponse, ApiError> {
    match heard {
        Ok(reply) => Ok(answered(id, Some(&reply))),
        Err(AskError::NoCall) => Err(ApiError::NotFound("call")),
        Err(error @ AskError::Busy) => Err(ApiError::Busy(error.to_string())),
        Err(error @ (AskError::Ended | AskError::TakenOver | AskError::NotTakenOver)) => {
            Err(ApiError::Conflict(error.to_string()))
        }
    }
}

fn answered(id: &str, reply: Option<&Pii<String>>) -> HttpResponse {
    let timestamp = Timestamp::now().strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string();
    let reply = reply.map(|reply| reply.reveal().as_str());
    let answer = Answered { success: true, call_id: id, reply, pending: reply.is_none(), timestamp };
    let status = if answer.pending { StatusCode::ACCEPTED } else { StatusCode::OK };
    HttpResponse::build(status).insert_header((header::CACHE_CONTROL, "no-store")).json(answer)
}

fn message_text(name: &'static str, text: &str) -> Result<Pii<String>, ApiError> {
    match text.trim() {
        "" => Err(field(name, "is empty")),
        text if text.chars().count() > MOST_CHARACTERS => {
            Err(field(name, format!("is longer than {MOST_CHARACTERS} characters")))
        }
        text => Ok(Pii::new(text.to_owned())),
    }
}

/// To whom a conversation belongs, in the words of its record.
pub(super) fn owner(who: &Who) -> Identity {
    let owner = match who {
        Who::Anybody => "anybody".to_owned(),
        Who::Developer => "developer".to_owned(),
        Who::Key(key) => format!("key-{}", key.id),
        Who::Staff(staff) => format!("user-{}", staff.id),
    };
    owner.parse().expect("ids are short and printable")
}

fn is_developer(who: &Who) -> bool {
    matches!(who, Who::Developer)
}

#[cfg(test)]
mod tests {
    use actix_web::body::to_bytes;
    use serde_json::json;

    use super::*;

    #[actix_web::test]
    async fn an_answer_that_is_not_there_yet_is_pending() {
        let words = Pii::new("Of course.".to_owned());
        for (response, status, expected) in [
            (
                answered("call-7", Some(&words)),
                200,
                json!({ "success": true, "call_id": "call-7", "reply": "Of course." }),
            ),
            (
                answered("call-7", None),
                202,
                json!({ "success": true, "call_id": "call-7", "reply": null, "pending": true }),
            ),
        ] {
            assert_eq!(response.status().as_u16(), status);
            let mut shown: Value = serde_json::from_slice(&to_bytes(response.into_body()).await.unwrap()).unwrap();
            assert!(shown.as_object_mut().unwrap().remove("timestamp").is_some_and(|at| at.is_string()));
            assert_eq!(shown, expected);
        }
    }

    #[test]
    fn what_a_call_does_not_answer_is_refused() {
        for (error, status) in
            [(AskError::NoCall, 404), (AskError::Busy, 503), (AskError::Ended, 409), (AskError::TakenOver, 409)]
        {
            assert_eq!(outcome("call-7", Err(error)).unwrap_err().status_code().as_u16(), status);
        }
    }
}
