//! `/api/admin/calls`: who called, what was said, and what came of it.

use actix_web::{HttpResponse, web};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, OpenApi, ToSchema};

use super::{
    entity::{self, By, IfMatch},
    input::{self, Checks, Given},
    list::{self, List, Paging, Params, filtered},
    supervision::{ShownHandover, TakenOver},
};
use crate::{
    domain::{CallId, Language},
    store::{
        Change,
        audit::Actor,
        calls::{self, Call, EndReason, Wanted},
        handovers,
        list::Filter,
        turns::{self, Providers, Timings, Tokens, Turn},
    },
    web::{
        State,
        api::body::Body,
        endpoint::{Access, Endpoint},
        error::ApiError,
        problem::FieldProblem,
    },
};

pub(super) const ENDPOINTS: &[Endpoint] = &[
    Endpoint::get("/api/admin/calls", Access::READ, || web::route().to(list)),
    Endpoint::get("/api/admin/calls/{id}", Access::READ, || web::route().to(find)),
    Endpoint::patch("/api/admin/calls/{id}", Access::WORK, || web::route().to(update)),
    Endpoint::delete("/api/admin/calls/{id}", Access::LEAD, || web::route().to(delete)),
];

/// What the API's document says of them.
#[derive(OpenApi)]
#[openapi(paths(list, find, update, delete))]
pub(super) struct Described;

/// A call as it is shown.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Call)]
pub(super) struct Shown {
    /// `CA_` and 12 characters.
    id: String,
    room: String,
    /// The identity of who called.
    caller: String,
    /// May be empty.
    caller_name: String,
    /// Null: recognised.
    #[schema(value_type = Option<String>)]
    language: Option<Language>,
    /// The agent's profile.
    profile: String,
    /// `inbound` or `outbound`.
    direction: &'static str,
    /// `voice` or `text`.
    medium: &'static str,
    #[schema(format = DateTime)]
    started_at: String,
    /// When the agent began to speak.
    #[schema(format = DateTime)]
    answered_at: Option<String>,
    /// Null while it goes on.
    #[schema(format = DateTime)]
    ended_at: Option<String>,
    /// Null while it goes on.
    end_reason: Option<&'static str>,
    lead_id: Option<String>,
    customer_id: Option<String>,
    script: Option<ShownScript>,
    /// What came of it, in a word of the desk's.
    outcome: Option<String>,
    /// Since then, what was said is gone.
    #[schema(format = DateTime)]
    erased_at: Option<String>,
    version: i64,
}

/// The script that a call ran.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CallScript)]
struct ShownScript {
    id: String,
    version: u32,
}

impl From<Call> for Shown {
    fn from(call: Call) -> Self {
        Self {
            id: call.id.to_string(),
            room: call.room.to_string(),
            caller: call.caller.to_string(),
            caller_name: call.caller_name.into_inner(),
            language: call.language,
            profile: call.profile,
            direction: call.direction.as_str(),
            medium: call.medium.as_str(),
            started_at: call.started_at.to_string(),
            answered_at: call.answered_at.map(|at| at.to_string()),
            ended_at: call.ended.map(|ended| ended.at.to_string()),
            end_reason: call.ended.map(|ended| ended.reason.as_str()),
            lead_id: call.lead.map(|id| id.to_string()),
            customer_id: call.customer.map(|id| id.to_string()),
            script: call.script.map(|(id, version)| ShownScript { id: id.to_string(), version }),
            outcome: call.outcome,
            erased_at: call.erased_at.map(|at| at.to_string()),
            version: call.version,
        }
    }
}

/// A call with what was said.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = WholeCall)]
struct Whole {
    #[serde(flatten)]
    call: Shown,
    turns: Vec<ShownTurn>,
    /// Who talks with the caller in the agent's place now.
    #[serde(rename = "takenOver")]
    taken_over: Option<TakenOver>,
    /// Who did, and when.
    handovers: Vec<ShownHandover>,
}

/// A turn as it is shown.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Turn)]
struct ShownTurn {
    /// From 1.
    seq: u32,
    /// `caller` or `agent`.
    who: &'static str,
    /// Empty once it was erased.
    text: String,
    /// Since the call's start.
    started_ms: u64,
    /// Since the call's start.
    ended_ms: u64,
    /// How much of an agent's turn was heard.
    heard_ms: Option<u64>,
    interrupted: bool,
    stages: Stages,
    providers: Providers,
    /// What an answer of the language model cost; null where none did.
    tokens: Option<Tokens>,
}

/// When each stage of an answer was done: milliseconds since the caller's last word; null: there was no such stage.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Stages {
    end_of_turn_ms: Option<u32>,
    transcript_ms: Option<u32>,
    first_words_ms: Option<u32>,
    first_clause_ms: Option<u32>,
    first_audio_ms: Option<u32>,
    total_ms: Option<u32>,
}

impl From<Timings> for Stages {
    fn from(timings: Timings) -> Self {
        Self {
            end_of_turn_ms: timings.end_of_turn,
            transcript_ms: timings.transcript,
            first_words_ms: timings.first_words,
            first_clause_ms: timings.first_clause,
            first_audio_ms: timings.first_audio,
            total_ms: timings.total,
        }
    }
}

impl From<Turn> for ShownTurn {
    fn from(Turn { seq, turn }: Turn) -> Self {
        let millis = |span: std::time::Duration| u64::try_from(span.as_millis()).unwrap_or(u64::MAX);
        Self {
            seq,
            who: turn.who.as_str(),
            text: turn.text.into_inner(),
            started_ms: millis(turn.started),
            ended_ms: millis(turn.ended),
            heard_ms: turn.heard.map(millis),
            interrupted: turn.interrupted,
            stages: turn.timings.into(),
            providers: turn.providers,
            tokens: turn.tokens,
        }
    }
}

/// Which calls.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub(in crate::web) struct CallFilter {
    /// Words, or parts of them, of the caller's name or identity or the room's name.
    pub(in crate::web) q: Option<String>,
    /// Only those that started then or later.
    pub(in crate::web) since: Option<String>,
    /// Only those that started before.
    pub(in crate::web) until: Option<String>,
    /// Only those in this language.
    pub(in crate::web) language: Option<String>,
    /// Only those with this profile.
    pub(in crate::web) profile: Option<String>,
    /// Only those with this outcome.
    pub(in crate::web) outcome: Option<String>,
    /// Only those that ended so: `caller_left`, …
    pub(in crate::web) end_reason: Option<String>,
    /// Only those that ran this script.
    pub(in crate::web) script_id: Option<String>,
    /// Only those with this lead.
    pub(in crate::web) lead_id: Option<String>,
    /// Only those with this customer.
    pub(in crate::web) customer_id: Option<String>,
}

impl CallFilter {
    pub(in crate::web) fn check(self) -> Result<Filter, ApiError> {
        let reason = |text: &str| input::word(text, EndReason::ALL);
        let wanted = Wanted {
            words: list::words(self.q.as_deref())?.map(str::to_owned),
            script: filtered("scriptId", &self.script_id, input::id)?,
            since: filtered("since", &self.since, input::moment)?,
            until: filtered("until", &self.until, input::moment)?,
            language: filtered("language", &self.language, input::language)?,
            end_reason: filtered("endReason", &self.end_reason, reason)?,
            lead: filtered("leadId", &self.lead_id, input::id)?,
            customer: filtered("customerId", &self.customer_id, input::id)?,
            profile: self.profile,
            outcome: self.outcome,
        };
        Ok(wanted.filter())
    }
}

/// What came of a call.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(default)]
pub(in crate::web) struct CallInput {
    /// In a word of the desk's: `promised`, `wrong number`. Null takes it back.
    #[schema(value_type = Option<String>)]
    outcome: Given,
}

impl CallInput {
    /// The outcome: `None` is left as it is, `Some(None)` takes it back.
    pub(in crate::web) fn check(self) -> Result<Option<Option<String>>, Vec<FieldProblem>> {
        let mut checks = Checks::default();
        let outcome = checks.optional("outcome", self.outcome, input::line);
        input::checked(checks, outcome)
    }
}

/// Calls without what was said, the latest first. `sort`: `startedAt`.
#[utoipa::path(
    get, path = "/api/admin/calls", tag = "calls", params(Paging, CallFilter),
    responses((status = 200, description = "A page of calls", body = List<Shown>))
)]
async fn list(paging: Paging, filter: Params<CallFilter>, state: web::Data<State>) -> Result<HttpResponse, ApiError> {
    list::answer_as(&state, &calls::TABLE, &paging, filter.0.check()?, calls::page, Shown::from).await
}

/// A call with its turns: who said what, how long each stage of an answer took, and who served it.
#[utoipa::path(
    get, path = "/api/admin/calls/{id}", tag = "calls", params(("id" = String, Path)),
    responses((status = 200, description = "The call", body = Whole), (status = 404, description = "There is none"))
)]
async fn find(id: web::Path<String>, state: web::Data<State>) -> Result<HttpResponse, ApiError> {
    let id = call_id(&id)?;
    let taken_over = state.desk.follow(&id).and_then(|it| it.scene.borrow().handover.as_ref().map(TakenOver::from));
    let read = state.store.read(move |connection| {
        let Some(call) = calls::find(connection, &id)? else { return Ok(None) };
        Ok(Some((call, turns::of_call(connection, &id)?, handovers::of_call(connection, &id)?)))
    });
    let (call, turns, handovers) = read.await?.ok_or(ApiError::NotFound("call"))?;
    let whole = Whole {
        call: call.into(),
        turns: turns.into_iter().map(ShownTurn::from).collect(),
        taken_over,
        handovers: handovers.into_iter().map(ShownHandover::from).collect(),
    };
    Ok(entity::found(whole.call.version, &whole))
}

/// Notes what came of a call.
#[utoipa::path(
    patch, path = "/api/admin/calls/{id}", tag = "calls", params(("id" = String, Path)), request_body = CallInput,
    responses(
        (status = 200, description = "As it is now", body = Shown),
        (status = 404, description = "There is none"),
        (status = 412, description = "Somebody else has changed it"),
        (status = 422, description = "Fields are wrong"),
    )
)]
async fn update(
    by: By,
    id: web::Path<String>,
    expected: IfMatch,
    body: Body<CallInput>,
    state: web::Data<State>,
) -> Result<HttpResponse, ApiError> {
    let (id, outcome) = (call_id(&id)?, body.0.check().map_err(ApiError::Fields)?);
    let call = note_outcome(&state, by.0, id, expected.0, outcome).await?;
    Ok(entity::found(call.version, &Shown::from(call)))
}

/// Deletes a call that is over, and what was said in it, for good.
#[utoipa::path(
    delete, path = "/api/admin/calls/{id}", tag = "calls", params(("id" = String, Path)),
    responses(
        (status = 204, description = "It is no more"),
        (status = 404, description = "There is none"),
        (status = 409, description = "It is going on"),
        (status = 412, description = "Somebody else has changed it"),
    )
)]
async fn delete(
    by: By,
    id: web::Path<String>,
    expected: IfMatch,
    state: web::Data<State>,
) -> Result<HttpResponse, ApiError> {
    erase(&state, by.0, call_id(&id)?, expected.0).await?;
    Ok(entity::gone())
}

/// Notes what came of a call, if anything is said of that.
pub(in crate::web) async fn note_outcome(
    state: &State,
    actor: Actor,
    id: CallId,
    expected: Option<i64>,
    outcome: Option<Option<String>>,
) -> Result<Call, ApiError> {
    let changed = state.store.change(actor, Timestamp::now(), move |change| {
        let call = there(change, &id, expected)?;
        match outcome {
            Some(outcome) => Ok::<_, ApiError>(calls::set_outcome(change, &call, outcome)?),
            None => Ok(call),
        }
    });
    changed.await
}

/// Deletes a call that is over, for good.
pub(in crate::web) async fn erase(
    state: &State,
    actor: Actor,
    id: CallId,
    expected: Option<i64>,
) -> Result<(), ApiError> {
    let deleted = state.store.change(actor, Timestamp::now(), move |change| {
        let call = there(change, &id, expected)?;
        if call.ended.is_none() {
            return Err(ApiError::Conflict("this call is going on: delete it when it is over".to_owned()));
        }
        Ok(calls::erase(change, &call)?)
    });
    deleted.await?;
    Ok(state.store.empty_log().await?)
}

/// The call, in the version that was read.
fn there(change: &Change<'_>, id: &CallId, expected: Option<i64>) -> Result<Call, ApiError> {
    let call = calls::find(change.transaction, id)?.ok_or(ApiError::NotFound("call"))?;
    IfMatch(expected).fits(call.version)?;
    Ok(call)
}

pub(in crate::web) fn call_id(text: &str) -> Result<CallId, ApiError> {
    text.parse().map_err(|_| ApiError::NotFound("call"))
}
