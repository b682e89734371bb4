//! What the two ways to a booked room share: whom it is for, which script the agent goes by, the booking itself, and whether
//! an agent is free to come.

use actix_web::HttpRequest;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::json;
use tokio::time::timeout;
use utoipa::ToSchema;

use crate::{
    call::{
        Facts,
        desk::{Dispatch, Dispatched},
        readiness::{EngineKind, Readiness},
    },
    domain::{Language, PersonId, Pii, RoomName, ScriptId},
    rooms::token::{self, Claims},
    store::{
        Change, StoreError,
        audit::{Action, Entity, Entry},
        bookings::{self, Booking, Link},
        calls::Direction,
        communications::{Contact, Whose},
        customers, leads, scripts,
    },
    web::{
        State,
        api::{
            body::{Fields, field},
            dispatch::PATIENCE,
            tokens::{anybody, claims},
        },
        error::ApiError,
        public,
    },
};

/// Somebody that the desk knows, as far as a booking goes.
pub(super) struct Known {
    pub(super) party: Contact,
    person: PersonId,
    /// What the desk's own books call a customer.
    pub(super) user_id: Option<String>,
    pub(super) do_not_call: bool,
    name: Pii<String>,
    language: Option<Language>,
    script: Option<ScriptId>,
}

impl Known {
    /// The lead or customer that is meant.
    pub(super) fn find(change: &Change<'_>, whose: &Whose) -> Result<Self, ApiError> {
        match whose {
            Whose::Lead(id) => {
                let lead = leads::find(change.transaction, id)?.ok_or(ApiError::NotFound("lead"))?;
                let do_not_call = lead.must_not_be_called();
                Ok(Self {
                    party: Contact::Lead(lead.id),
                    person: lead.person,
                    user_id: None,
                    do_not_call,
                    name: lead.name,
                    language: lead.language,
                    script: lead.script,
                })
            }
            Whose::Customer(name) => {
                let found = customers::named(change.transaction, name)?;
                let customer = found.ok_or(ApiError::NotFound("customer"))?;
                Ok(Self {
                    party: Contact::Customer(customer.id),
                    person: customer.person,
                    user_id: Some(customer.user_id),
                    do_not_call: customer.do_not_call,
                    name: customer.name,
                    language: customer.language,
                    script: customer.script,
                })
            }
        }
    }
}

/// What a request says of the call that it wants.
#[derive(Clone, Debug, Default)]
pub(super) struct Wanted {
    /// `scriptId`
    pub(super) script: Option<ScriptId>,
    /// `language`
    pub(super) language: Option<Language>,
    /// `userName`
    pub(super) user_name: Option<Pii<String>>,
    /// `context`
    context: Pii<String>,
}

impl Wanted {
    pub(super) fn read(fields: &Fields) -> Result<Self, ApiError> {
        let context = fields.metadata("context")?;
        Facts::parse(&context).map_err(|too_long| field("context", too_long))?;
        Ok(Self {
            script: fields.id("scriptId", "script")?,
            language: fields.language()?,
            user_name: fields.display_name_if_any("userName")?,
            context: Pii::new(context),
        })
    }
}

/// Keeps a booking of `room` until `expires_at`, and in whose name that was done.
pub(super) fn keep(
    change: &Change<'_>,
    room: &RoomName,
    wanted: &Wanted,
    known: Option<&Known>,
    direction: Direction,
    expires_at: Timestamp,
    link: Option<&Link>,
) -> Result<Booking, ApiError> {
    let user_name = wanted.user_name.clone().filter(|name| !name.reveal().is_empty());
    let booking = Booking {
        room: room.clone(),
        party: known.map(|known| known.party.clone()),
        script: script(change, wanted, known)?,
        profile: None,
        language: wanted.language.or(known.and_then(|known| known.language)),
        caller_name: user_name.or(known.map(|known| known.name.clone())).unwrap_or_default(),
        context: wanted.context.clone(),
        direction,
        created_at: change.now,
        expires_at,
    };
    bookings::keep(change, &booking, link)?;
    record(change, room, known)?;
    Ok(booking)
}

/// In the audit log: with whom there is to be a call, if the desk knows them; else only where.
fn record(change: &Change<'_>, room: &RoomName, known: Option<&Known>) -> Result<(), StoreError> {
    let detail = json!({ "room": room.as_str(), "mode": "browser" });
    let entry = |entity, id: &str| Entry::new(Action::Call, entity, id).after(&detail);
    change.record(&match known {
        Some(Known { party: Contact::Lead(id), person, .. }) => entry(Entity::Lead, id.as_str()).about(person),
        Some(Known { party: Contact::Customer(id), person, .. }) => entry(Entity::Customer, id.as_str()).about(person),
        None => entry(Entity::Call, room.as_str()),
    })
}

/// The script asked for, else that of the lead or customer, in its live version.
fn script(change: &Change<'_>, wanted: &Wanted, known: Option<&Known>) -> Result<Option<(ScriptId, u32)>, ApiError> {
    if let Some(id) = &wanted.script {
        let script = scripts::find(change.transaction, id)?.ok_or_else(|| field("scriptId", "names no script"))?;
        let live = script.live.ok_or_else(|| field("scriptId", "names a script of which no version is live"))?;
        return Ok(Some((id.clone(), live)));
    }
    let Some(id) = known.and_then(|known| known.script.clone()) else { return Ok(None) };
    Ok(scripts::live(change.transaction, &id)?.map(|version| (id, version.number)))
}

/// Sends an agent into a booked room.
///
/// # Errors
/// Why none is free, in one sentence.
pub(super) async fn send_agent(state: &State, booking: &Booking) -> Result<Dispatched, String> {
    can_answer(&state.readiness.borrow()).map_err(str::to_owned)?;
    if state.desk.live() >= state.desk.capacity() {
        return Err("All lines are busy.".to_owned());
    }
    let wanted = Dispatch { language: booking.language, ..Dispatch::to(booking.room.clone()) };
    match timeout(PATIENCE, state.desk.dispatch(wanted)).await {
        Ok(Ok(dispatched)) => Ok(dispatched),
        Ok(Err(error)) => Err(format!("No agent can be sent: {error}.")),
        Err(_) => Err("No agent answered in time.".to_owned()),
    }
}

fn can_answer(readiness: &Readiness) -> Result<(), &'static str> {
    let is_vital = |kind| matches!(kind, EngineKind::Llm | EngineKind::Tts);
    match readiness {
        Readiness::Starting { .. } => Err("The server is still getting ready."),
        Readiness::Degraded { missing, .. } if missing.iter().any(|it| is_vital(it.kind)) => {
            Err("No model can answer calls on this server.")
        }
        Readiness::Degraded { .. } | Readiness::Healthy { .. } => Ok(()),
    }
}

/// The way into a room, in the words of the front ends that ask for one.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Way {
    success: bool,
    room_name: String,
    /// LiveKit's, for an hour.
    token: String,
    url: String,
    server_url: String,
    /// What others see as the agent's name.
    agent_name: String,
    #[serde(rename = "agent_available")]
    agent_available: bool,
    message: String,
}

impl Way {
    /// For the one whom the room is for. `sent` is whether an agent comes, or why not.
    pub(super) fn into_room(
        state: &State,
        request: &HttpRequest,
        booking: &Booking,
        sent: &Result<Dispatched, String>,
    ) -> Self {
        let name = booking.caller_name.reveal().clone();
        let url = public::signal_url(state, request);
        Self {
            success: true,
            room_name: booking.room.to_string(),
            token: token::mint(&state.keys, &Claims { name, ..claims(anybody(), &booking.room) }),
            server_url: url.clone(),
            url,
            agent_name: state.config.livekit.agent_name.clone(),
            agent_available: sent.is_ok(),
            message: match sent {
                Ok(_) => "The agent joins when the room is open.".to_owned(),
                Err(why) => why.clone(),
            },
        }
    }
}
