//! `/api/admin/calls/{id}/…`: a supervisor listens in on a call, takes it over from the agent, and gives it back.
//!
//! A token is an entrance into the call's room and nothing else. What the agent does about it is the call's: it falls silent at
//! once, and has the call again when it is given back, or when whoever took it over has not been in the room for ten seconds.

use std::time::{Duration, SystemTime};

use actix_web::{HttpRequest, HttpResponse, web};
use jiff::Timestamp;
use serde::Serialize;
use utoipa::{OpenApi, ToSchema};

use super::{
    calls::call_id,
    entity::{self, By},
    input,
};
use crate::{
    call::{
        AskError,
        desk::Desk,
        handover::{Colleague, Handover},
    },
    domain::{CallId, Identity, Pii, ids::random_name},
    rooms::{
        supervisor::{self, Duty},
        token,
    },
    store::{
        audit::Actor,
        calls::{self, Call, Intervention},
        handovers,
    },
    web::{
        State,
        api::body::{Fields, field},
        endpoint::{Access, Endpoint},
        error::ApiError,
        public,
    },
};

pub(super) const ENDPOINTS: &[Endpoint] = &[
    Endpoint::post("/api/admin/calls/{id}/listen", Access::LEAD, || web::route().to(listen)),
    Endpoint::post("/api/admin/calls/{id}/take-over", Access::LEAD, || web::route().to(take_over)),
    Endpoint::post("/api/admin/calls/{id}/give-back", Access::LEAD, || web::route().to(give_back)),
];

/// What the API's document says of them.
#[derive(OpenApi)]
#[openapi(paths(listen, take_over, give_back))]
pub(super) struct Described;

/// For so long a token lets somebody in; who is in the room gets fresh ones there.
const LIFETIME: Duration = Duration::from_secs(5 * 60);

/// A way into a call's room, for a client of LiveKit's.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Entrance {
    token: String,
    /// Where to connect.
    url: String,
    room_name: String,
    /// Who one is in the room.
    identity: String,
}

/// What is asked when a call is taken over; all of it may be left out.
#[derive(ToSchema)]
#[expect(dead_code, reason = "for the API's document: the handler reads the fields one by one")]
struct TakeOver {
    /// What the summary is to be written in: a code. Absent: the call's own language.
    #[schema(example = "en")]
    language: Option<String>,
}

/// What is asked when a call is given back; all of it may be left out.
#[derive(ToSchema)]
#[expect(dead_code, reason = "for the API's document: the handler reads the fields one by one")]
struct GiveBack {
    /// What the agent says then, not interrupted. Absent: that it is back. Empty: nothing.
    words: Option<String>,
}

/// A colleague who has a call in the agent's place, and what they are told of it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct TakenOver {
    /// The member of staff, or the key, by name.
    by: String,
    #[schema(format = DateTime)]
    since: String,
    /// Who that is in the room.
    identity: String,
    /// The id of the step that the script is at.
    step: Option<String>,
    /// What the script knows.
    known: Vec<KnownValue>,
    /// `coming`, `told`, or `none`: then no language model could say.
    summary_state: &'static str,
    /// What the call has been about, in a few sentences.
    summary: Option<String>,
}

/// A variable of a script.
#[derive(Debug, Serialize, ToSchema)]
struct KnownValue {
    name: String,
    /// As people say it.
    value: String,
}

impl From<&Handover> for TakenOver {
    fn from(Handover { colleague, step, known, summary }: &Handover) -> Self {
        let value =
            |(name, value): &(String, Pii<String>)| KnownValue { name: name.clone(), value: value.reveal().clone() };
        Self {
            by: colleague.actor.name.clone(),
            since: colleague.since.to_string(),
            identity: colleague.identity.to_string(),
            step: step.clone(),
            known: known.iter().map(value).collect(),
            summary_state: summary.as_str(),
            summary: summary.text().map(|text| text.reveal().clone()),
        }
    }
}

/// A time during which a colleague had a call.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Handover)]
pub(super) struct ShownHandover {
    /// The member of staff, or the key, by name.
    by: String,
    #[schema(format = DateTime)]
    taken_at: String,
    /// Null: until the call's end.
    #[schema(format = DateTime)]
    returned_at: Option<String>,
    /// `given_back`, `colleague_gone` or `passed_on`; null as long as `returnedAt` is.
    how: Option<&'static str>,
}

impl From<handovers::Handover> for ShownHandover {
    fn from(handovers::Handover { by, taken_at, returned }: handovers::Handover) -> Self {
        Self {
            by,
            taken_at: taken_at.to_string(),
            returned_at: returned.map(|(at, _)| at.to_string()),
            how: returned.map(|(_, how)| how.as_str()),
        }
    }
}

/// A way into a call's room for somebody who hears all and is seen by nobody.
#[utoipa::path(
    post, path = "/api/admin/calls/{id}/listen", tag = "calls", params(("id" = String, Path)),
    responses(
        (status = 200, description = "A token for a hidden participant, and where to connect", body = Entrance),
        (status = 404, description = "There is no such call"),
        (status = 409, description = "It is over"),
    )
)]
async fn listen(
    by: By,
    request: HttpRequest,
    id: web::Path<String>,
    state: web::Data<State>,
) -> Result<HttpResponse, ApiError> {
    let (name, identity) = (name_of(&by.0), anybody());
    let call = intervene(&state, by.0, call_id(&id)?, Intervention::Listened, |desk, id| {
        desk.follow(id).map(drop).ok_or(AskError::NoCall)
    });
    Ok(entrance(&state, &request, Duty::Listen, &call.await?, identity, &name))
}

/// The agent falls silent and listens; whoever enters the room with the token talks with the caller. What the call has been
/// about is written meanwhile: `takenOver` of the call.
#[utoipa::path(
    post, path = "/api/admin/calls/{id}/take-over", tag = "calls", params(("id" = String, Path)),
    request_body = TakeOver,
    responses(
        (status = 200, description = "A token for a participant whom the caller hears, and where to connect", body = Entrance),
        (status = 404, description = "There is no such call"),
        (status = 409, description = "It is over, or somebody else has taken it over"),
    )
)]
async fn take_over(
    by: By,
    request: HttpRequest,
    payload: web::Payload,
    id: web::Path<String>,
    state: web::Data<State>,
) -> Result<HttpResponse, ApiError> {
    let language = Fields::read_if_any(&request, payload).await?.language()?;
    let (name, identity) = (name_of(&by.0), anybody());
    let colleague = Colleague { identity: identity.clone(), actor: by.0.clone(), since: Timestamp::now() };
    let call = intervene(&state, by.0, call_id(&id)?, Intervention::TakenOver, move |desk, id| {
        desk.take_over(id, colleague, language)
    });
    Ok(entrance(&state, &request, Duty::TakeOver, &call.await?, identity, &name))
}

/// The agent has the call again, and says so.
#[utoipa::path(
    post, path = "/api/admin/calls/{id}/give-back", tag = "calls", params(("id" = String, Path)),
    request_body = GiveBack,
    responses(
        (status = 204, description = "The agent has it"),
        (status = 404, description = "There is no such call"),
        (status = 409, description = "It is over, or nobody had taken it over"),
        (status = 422, description = "Fields are wrong"),
    )
)]
async fn give_back(
    by: By,
    request: HttpRequest,
    payload: web::Payload,
    id: web::Path<String>,
    state: web::Data<State>,
) -> Result<HttpResponse, ApiError> {
    let fields = Fields::read_if_any(&request, payload).await?;
    let words = fields.text("words")?.map(words).transpose()?;
    let given =
        intervene(&state, by.0, call_id(&id)?, Intervention::GivenBack, move |desk, id| desk.give_back(id, words));
    given.await?;
    Ok(entity::gone())
}

/// What the agent is to say; may be nothing.
fn words(text: &str) -> Result<Pii<String>, ApiError> {
    match text.trim() {
        "" => Ok(Pii::default()),
        text => input::personal_line(text).map_err(|problem| field("words", problem)),
    }
}

/// Does something to a call that is under way, and notes it in the audit log. What the call does not take is not there either.
async fn intervene(
    state: &State,
    actor: Actor,
    id: CallId,
    intervention: Intervention,
    act: impl FnOnce(&Desk, &CallId) -> Result<(), AskError> + Send + 'static,
) -> Result<Call, ApiError> {
    let desk = state.desk.clone();
    let done = state.store.change(actor, Timestamp::now(), move |change| {
        let call = calls::find(change.transaction, &id)?.ok_or(ApiError::NotFound("call"))?;
        act(&desk, &id).map_err(refused)?;
        calls::intervene(change, &call, intervention)?;
        Ok::<_, ApiError>(call)
    });
    done.await
}

/// The call is known: if it is not under way, it is over.
fn refused(error: AskError) -> ApiError {
    match error {
        AskError::NoCall | AskError::Ended => ApiError::Conflict("this call is over".to_owned()),
        AskError::Busy => ApiError::Busy(error.to_string()),
        AskError::TakenOver => {
            ApiError::Conflict("somebody else has taken this call over: it has to be given back first".to_owned())
        }
        AskError::NotTakenOver => ApiError::Conflict(error.to_string()),
    }
}

fn entrance(
    state: &State,
    request: &HttpRequest,
    duty: Duty,
    call: &Call,
    identity: Identity,
    name: &Pii<String>,
) -> HttpResponse {
    let claims = supervisor::claims(duty, identity.clone(), name, call.room.clone(), SystemTime::now(), LIFETIME);
    HttpResponse::Ok().json(Entrance {
        token: token::mint(&state.keys, &claims),
        url: public::signal_url(state, request),
        room_name: call.room.to_string(),
        identity: identity.to_string(),
    })
}

/// How the caller sees them.
fn name_of(actor: &Actor) -> Pii<String> {
    Pii::new(actor.name.clone())
}

/// An identity that nobody else has, nor had in this call.
fn anybody() -> Identity {
    random_name("staff-", 12).parse().expect("letters and digits are a name")
}

#[cfg(test)]
mod tests {
    use actix_web::ResponseError;

    use super::*;
    use crate::call::handover::Summary;

    #[test]
    fn the_agent_may_come_back_without_a_word() {
        assert_eq!(words(" ").unwrap().reveal(), "");
        assert_eq!(words(" I am back. ").unwrap().reveal(), "I am back.");
        assert!(words("a\nb").is_err() && words(&"a".repeat(1000)).is_err());
    }

    #[test]
    fn what_a_call_does_not_take_is_refused() {
        use AskError::{Busy, Ended, NoCall, NotTakenOver, TakenOver};
        for (error, status) in [(NoCall, 409), (Ended, 409), (Busy, 503), (TakenOver, 409), (NotTakenOver, 409)] {
            assert_eq!(refused(error).status_code().as_u16(), status, "{error:?}");
        }
    }

    #[test]
    fn a_colleague_is_shown_with_what_they_are_told() {
        let colleague = Colleague {
            identity: anybody(),
            actor: Actor { name: "Nadia".to_owned(), ..Actor::console() },
            since: Timestamp::UNIX_EPOCH,
        };
        let known = vec![("amount".to_owned(), Pii::new("ten dinars".to_owned()))];
        let told = Summary::Told(Pii::new("Amanda calls.".to_owned()));
        for (summary, state, text) in
            [(Summary::Coming, "coming", None), (told, "told", Some("Amanda calls.")), (Summary::None, "none", None)]
        {
            let step = Some("ask".to_owned());
            let handover = Handover { colleague: colleague.clone(), step, known: known.clone(), summary };
            let shown = serde_json::to_value(TakenOver::from(&handover)).unwrap();
            assert_eq!((&shown["by"], &shown["since"]), (&"Nadia".into(), &"1970-01-01T00:00:00Z".into()));
            assert_eq!((shown["summaryState"].as_str(), shown["summary"].as_str()), (Some(state), text));
            assert_eq!(shown["known"][0], serde_json::json!({"name": "amount", "value": "ten dinars"}));
        }
    }
}
