//! Taking back what one has just done. The page that says what was done has a button for it ([`super::notice`]), whose form
//! says only when that was. What was done then, and by whom, the audit log knows; nobody takes back what somebody else did, and
//! nothing that was changed since.

use actix_web::{HttpResponse, web};
use jiff::Timestamp;
use serde_json::{Map, Value};

use super::{
    form::{self, Sent},
    frame::Desk,
    notice::{Done, Tally, UNDO_WITHIN},
};
use crate::{
    domain::{Country, CustomerId, DoNotCallId, LeadId, PhoneNumber, Pii, ScriptId},
    store::{
        Change, Refusal, StoreError,
        audit::{self, Action, Actor, Entity, Logged},
        customers, do_not_call, leads, persons, scripts,
    },
    web::{
        State,
        api::{
            admin::{
                callbacks,
                customers::CustomerInput,
                imports::Form,
                leads::LeadInput,
                profiles::{self, ProfileInput},
                promises,
                rules::{self, RuleInput},
                scripts as admin,
            },
            entity::IfMatch,
        },
        error::ApiError,
        form::StaffForm,
    },
};

pub(super) const PATH: &str = "/desk/undo";

/// So many are taken back in one transaction, so that nobody who writes meanwhile waits for long.
pub(super) const STEP: usize = 100;

/// Why a number is off the list again.
const MISTAKE: &str = "put on the list by mistake";

/// What takes an entry of the audit log back.
#[derive(Debug)]
enum Back {
    /// Within one transaction with others.
    Stored(Stored),
    /// With the checks that making or changing it has.
    Checked(Checked),
}

#[derive(Debug)]
enum Stored {
    Lead(LeadId, i64),
    Customer(CustomerId, i64),
    Script(ScriptId, i64, Option<u32>),
    /// What these fields were before.
    LeadFields(LeadId, i64, Map<String, Value>),
    CustomerFields(CustomerId, i64, Map<String, Value>),
    Block(PhoneNumber, Pii<String>),
    Unblock(DoNotCallId),
}

#[derive(Debug)]
enum Checked {
    /// The version that was live.
    Live(ScriptId, i64, Option<u32>),
    /// What a promise or callback was: `open`.
    Promise(String, i64, Value),
    Callback(String, i64, Value),
    Profile(Value),
    Rule(Value),
}

impl Back {
    /// None: such a thing is not taken back here.
    fn of(logged: &Logged) -> Option<Self> {
        let (before, after) = (&logged.detail["before"], &logged.detail["after"]);
        let (id, version) = (&logged.entity_id, after["version"].as_i64());
        let deleted = || before["version"].as_i64().map(|version| version + 1);
        let number = |value: &Value| value.as_u64().and_then(|number| u32::try_from(number).ok());
        Some(match (logged.action, logged.entity) {
            (Action::Delete, Entity::Lead) => Self::Stored(Stored::Lead(id.parse().ok()?, deleted()?)),
            (Action::Delete, Entity::Customer) => Self::Stored(Stored::Customer(id.parse().ok()?, deleted()?)),
            (Action::Delete, Entity::Script) => {
                Self::Stored(Stored::Script(id.parse().ok()?, deleted()?, number(&before["liveVersion"])))
            }
            (Action::Update, Entity::Lead) => {
                Self::Stored(Stored::LeadFields(id.parse().ok()?, version?, changed::<LeadInput>(before, after)?))
            }
            (Action::Update, Entity::Customer) => Self::Stored(Stored::CustomerFields(
                id.parse().ok()?,
                version?,
                changed::<CustomerInput>(before, after)?,
            )),
            (Action::Delete, Entity::DoNotCall) => Self::Stored(Stored::Block(
                before["phone"].as_str()?.parse().ok()?,
                Pii::new(before["reason"].as_str()?.to_owned()),
            )),
            (Action::Create, Entity::DoNotCall) => Self::Stored(Stored::Unblock(id.parse().ok()?)),
            (Action::Update, Entity::Script) if before["liveVersion"] != after["liveVersion"] => {
                Self::Checked(Checked::Live(id.parse().ok()?, version?, number(&before["liveVersion"])))
            }
            (Action::Update, Entity::Promise) if before["state"] != after["state"] => {
                Self::Checked(Checked::Promise(id.clone(), version?, before["state"].clone()))
            }
            (Action::Update, Entity::Callback) if before["state"] != after["state"] => {
                Self::Checked(Checked::Callback(id.clone(), version?, before["state"].clone()))
            }
            (Action::Delete, Entity::Profile) => Self::Checked(Checked::Profile(before.clone())),
            (Action::Delete, Entity::Rule) => Self::Checked(Checked::Rule(before.clone())),
            _ => return None,
        })
    }

    /// Whether everybody who works at the desk may take it back; else those who lead it.
    const fn is_work(&self) -> bool {
        matches!(self, Self::Checked(Checked::Promise(..) | Checked::Callback(..)))
    }
}

/// What fields that people fill in were before they were changed; none: none were.
fn changed<F: Form>(before: &Value, after: &Value) -> Option<Map<String, Value>> {
    let is_changed = |field: &&str| before.get(*field).is_some() && before[*field] != after[*field];
    let fields = F::FIELDS.iter().map(|(field, _)| *field).filter(is_changed);
    let fields: Map<_, _> = fields.map(|field| (field.to_owned(), before[field].clone())).collect();
    (!fields.is_empty()).then_some(fields)
}

impl Stored {
    fn take_back(&self, change: &Change<'_>, home: Option<Country>) -> Result<(), Refusal> {
        match self {
            Self::Lead(id, version) => leads::restore(change, id, Some(*version)).map(drop),
            Self::Customer(id, version) => customers::restore(change, id, Some(*version)).map(drop),
            Self::Script(id, version, live) => scripts::restore(change, id, Some(*version), *live).map(drop),
            Self::LeadFields(id, version, fields) => {
                let patch = LeadInput::check_values(fields, home).map_err(|_| CHANGED)?;
                leads::update(change, id, Some(*version), &patch).map(drop)
            }
            Self::CustomerFields(id, version, fields) => {
                let patch = CustomerInput::check_values(fields, home).map_err(|_| CHANGED)?;
                customers::update(change, id, Some(*version), &patch).map(drop)
            }
            Self::Block(phone, reason) => Ok(do_not_call::add(change, phone, reason).map(drop)?),
            Self::Unblock(id) => do_not_call::remove(change, id, None, &Pii::new(MISTAKE.to_owned())),
        }
    }
}

/// What is there now stands against it.
const CHANGED: Refusal = Refusal::Conflict("this cannot be taken back any more: what it was about is not as it was");

impl Checked {
    async fn take_back(self, state: &State, by: Actor) -> Result<(), ApiError> {
        match self {
            Self::Live(id, version, live) => {
                admin::make_live(state, by, id, IfMatch(Some(version)), live).await.map(drop)
            }
            Self::Promise(id, version, was) => {
                let given = form::input_of([("state".to_owned(), was)].into_iter().collect())?;
                promises::change(state, by, &id, IfMatch(Some(version)), given).await.map(drop)
            }
            Self::Callback(id, version, was) => {
                let given = form::input_of([("state".to_owned(), was)].into_iter().collect())?;
                callbacks::change(state, by, &id, IfMatch(Some(version)), given).await.map(drop)
            }
            Self::Profile(was) => {
                let given: ProfileInput = serde_json::from_value(was).map_err(ApiError::Json)?;
                profiles::make(state, by, given.check().map_err(ApiError::Fields)?).await.map(drop)
            }
            Self::Rule(was) => {
                let given: RuleInput = serde_json::from_value(was).map_err(ApiError::Json)?;
                rules::make(state, by, given.check().map_err(ApiError::Fields)?).await.map(drop)
            }
        }
    }
}

/// Sends the browser on, and says there what was done to the thing with this `id`, with a button that takes it back.
///
/// # Errors
/// When the database fails.
pub(super) async fn offer(
    state: &State,
    desk: &Desk,
    path: &str,
    done: &str,
    id: &str,
) -> Result<HttpResponse, ApiError> {
    let undo = latest(state, desk, id).await?;
    Ok(Desk::see_done(path, &Done { word: done, tally: None, undo }))
}

/// When this member of staff did the latest thing to what has this `id`; none where that cannot be taken back.
pub(super) async fn latest(state: &State, desk: &Desk, id: &str) -> Result<Option<Timestamp>, ApiError> {
    let vault = state.store.vault().clone();
    let (actor, entity_id) = (Some(desk.actor().id), Some(id.to_owned()));
    let filter = audit::Filter { actor, entity_id, limit: 1, ..audit::Filter::default() };
    let found = state.store.read(move |connection| audit::list(connection, &vault, &filter)).await?;
    Ok(found.first().filter(|logged| Back::of(logged).is_some()).map(|logged| logged.at))
}

/// `POST /desk/undo`: takes back all that its sender did at this moment.
pub(super) async fn undo(desk: Desk, sent: StaffForm<Sent>, state: web::Data<State>) -> Result<HttpResponse, ApiError> {
    let at = sent.fields.get("at").and_then(|at| at.parse().ok());
    let at = at.and_then(|at| Timestamp::from_millisecond(at).ok()).ok_or(ApiError::Form)?;
    if Timestamp::now().duration_since(at) > UNDO_WITHIN {
        return Err(CHANGED.into());
    }
    let (vault, actor) = (state.store.vault().clone(), desk.actor());
    let act = state
        .store
        .read(move |connection| Ok((audit::act(connection, &vault, &actor.id, at)?, persons::home(connection)?)));
    let (act, home) = act.await?;
    let mut tally = take_back(&state, &desk, act, home).await?;
    if let Some(refusal) = tally.only_refusal() {
        return Err(refusal.into());
    }
    if !tally.has_changed() {
        return Err(CHANGED.into());
    }
    let back = back(sent.fields.get("back"));
    let done = Done { word: "undone", tally: Some(&tally), undo: None };
    Ok(match sent.fields.contains_key("side") {
        true => Desk::go(&format!("{back}?did=undone")),
        false => Desk::see_done(back, &done),
    })
}

async fn take_back(state: &State, desk: &Desk, act: Vec<Logged>, home: Option<Country>) -> Result<Tally, ApiError> {
    let mut backs: Vec<_> = act.iter().filter_map(Back::of).collect();
    if !desk.may_lead() {
        backs.retain(Back::is_work);
    }
    let (mut tally, mut stored) = (Tally::default(), Vec::new());
    for back in backs {
        match back {
            Back::Stored(back) => stored.push(back),
            Back::Checked(back) => {
                // Only one such thing is done at a time: why it is refused is said as it is.
                back.take_back(state, desk.actor()).await?;
                tally.count(Ok(None))?;
            }
        }
    }
    let now = Timestamp::now();
    while !stored.is_empty() {
        let step: Vec<_> = stored.drain(..STEP.min(stored.len())).collect();
        let done = state.store.change(desk.actor(), now, move |change| {
            let mut tally = Tally::default();
            for back in &step {
                tally.count(back.take_back(change, home).map(|()| None))?;
            }
            Ok::<_, StoreError>(tally)
        });
        tally.add(done.await?);
    }
    Ok(tally)
}

/// The page of the desk that a form names, or the desk.
fn back(asked: Option<&String>) -> &str {
    let is_there = |it: &&String| {
        it.strip_prefix(super::DESK_PATH).is_some_and(|rest| {
            (rest.is_empty() || rest.starts_with(['/', '?'])) && rest.bytes().all(|byte| byte.is_ascii_graphic())
        })
    };
    asked.filter(is_there).map_or(super::DESK_PATH, String::as_str)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::store::audit::ActorKind;

    fn logged(action: Action, entity: Entity, detail: Value) -> Logged {
        Logged {
            seq: 1,
            at: Timestamp::UNIX_EPOCH,
            actor_kind: ActorKind::User,
            actor: "US_1".to_owned(),
            actor_name: "Nadia".to_owned(),
            origin: String::new(),
            action,
            entity,
            entity_id: LeadId::random().to_string(),
            detail,
            erased: false,
        }
    }

    #[test]
    fn fields_that_were_changed_are_what_they_were() {
        let (before, after) = (json!({ "status": "new", "version": 1 }), json!({ "status": "won", "version": 2 }));
        let detail = json!({ "before": before, "after": after });
        match Back::of(&logged(Action::Update, Entity::Lead, detail)) {
            Some(Back::Stored(Stored::LeadFields(_, 2, fields))) => {
                assert_eq!(json!(fields), json!({ "status": "new" }))
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn what_cannot_be_taken_back_is_not() {
        for (action, entity, detail) in [
            (Action::Create, Entity::Lead, json!({ "after": { "version": 1 } })),
            (Action::Delete, Entity::Call, json!({ "before": { "version": 1 } })),
            (Action::Update, Entity::Lead, json!({ "before": { "version": 1 }, "after": { "version": 2 } })),
            (Action::Delete, Entity::DoNotCall, json!({ "before": { "phone": null, "reason": "" } })),
            // Whom it was about was erased: nobody can read it.
            (Action::Delete, Entity::Lead, Value::Null),
            (Action::Export, Entity::Lead, Value::Null),
        ] {
            assert!(Back::of(&logged(action, entity, detail)).is_none(), "{action} {entity}");
        }
    }

    #[test]
    fn it_leads_back_to_the_desk_only() {
        for (asked, expected) in [
            ("/desk/leads?q=a&status=won", "/desk/leads?q=a&status=won"),
            ("/desk", "/desk"),
            ("/deskx", "/desk"),
            ("//evil.example/desk", "/desk"),
            ("/desk/leads\r\nX: y", "/desk"),
        ] {
            assert_eq!(back(Some(&asked.to_owned())), expected, "{asked:?}");
        }
        assert_eq!(back(None), "/desk");
    }
}
