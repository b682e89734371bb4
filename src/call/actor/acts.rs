//! What a script wants written down, in the desk's records.
//!
//! Promises and callbacks belong to somebody: a caller whom the desk does not know becomes a lead, or what the agent has just
//! promised them would be kept by nobody.

use jiff::{civil::DateTime, tz::TimeZone};

use crate::{
    dialogue::guide::Act,
    domain::{CallId, Pii},
    store::{
        Change, Refusal, StoreError, callbacks,
        calls::{self, Call},
        communications::{self, Communication, Contact},
        customers, do_not_call,
        leads::{self, LeadPatch, LeadStatus},
        promises,
    },
};

/// Where leads come from whom the desk knew nothing of before they called.
const SOURCE: &str = "call";
/// Why a number is on the do-not-call list.
const WISH: &str = "said so in a call";

/// Writes down what a script wants, of a call whose beginning is written.
///
/// # Errors
/// When the call was deleted meanwhile, something does not fit, or the database fails.
pub(super) fn keep(change: &Change<'_>, id: &CallId, act: &Act) -> Result<(), Refusal> {
    let call = calls::find(change.transaction, id)?.ok_or(Refusal::Missing("call"))?;
    match act {
        Act::Promise { amount, date } => {
            let (amount, due_on) = (*amount, *date);
            let terms = promises::Terms { amount, due_on, state: promises::State::Open, note: Pii::default() };
            promises::create(change, &contact(change, &call)?, Some(id), &terms)?;
        }
        Act::Callback { at, reason } => {
            let due_at = at.and_then(moment).unwrap_or(change.now);
            let terms = callbacks::Terms { due_at, reason: reason.clone(), state: callbacks::State::Open };
            callbacks::create(change, &contact(change, &call)?, Some(id), &terms)?;
        }
        Act::DoNotCall => no_more_calls(change, &call)?,
        Act::Outcome(outcome) => drop(calls::set_outcome(change, &call, Some(outcome.clone()))?),
        Act::Note(text) => note(change, &call, text.clone())?,
        Act::Trouble(trouble) => note(change, &call, Pii::new(trouble.to_string()))?,
    }
    Ok(())
}

/// As clocks on the desk's wall say it. A moment that they skip is an hour later.
fn moment(at: DateTime) -> Option<jiff::Timestamp> {
    at.to_zoned(TimeZone::system()).ok().map(|at| at.timestamp())
}

/// Whom the call is with.
fn contact(change: &Change<'_>, call: &Call) -> Result<Contact, Refusal> {
    if let Some(contact) = call.contact() {
        return Ok(contact);
    }
    let name = Some(call.caller_name.reveal()).filter(|name| !name.is_empty());
    let name = name.map_or_else(|| call.caller.to_string(), String::clone);
    let patch = LeadPatch {
        name: Some(Pii::new(name)),
        source: Some(Some(SOURCE.to_owned())),
        language: Some(call.language),
        ..LeadPatch::default()
    };
    let contact = Contact::Lead(leads::create(change, &patch)?.id);
    calls::set_contact(change.transaction, &call.id, &contact)?;
    Ok(contact)
}

/// The list is what calls and messages are held to. Who is not known has no number that could be called.
fn no_more_calls(change: &Change<'_>, call: &Call) -> Result<(), Refusal> {
    match call.contact() {
        Some(Contact::Lead(id)) => {
            let patch = LeadPatch { status: Some(LeadStatus::DoNotCall), ..LeadPatch::default() };
            leads::update(change, &id, None, &patch)?;
        }
        Some(Contact::Customer(id)) => {
            let customer = customers::find(change.transaction, &id)?.ok_or(Refusal::Missing("customer"))?;
            if let Some(phone) = customer.phone {
                do_not_call::add(change, phone.reveal(), &Pii::new(WISH.to_owned()))?;
            }
        }
        None => {}
    }
    Ok(())
}

/// Of somebody who is not known there is only the call itself.
fn note(change: &Change<'_>, call: &Call, text: Pii<String>) -> Result<(), StoreError> {
    let Some(contact) = call.contact() else { return Ok(()) };
    let note = Communication { call: Some(call.id.clone()), ..Communication::note(text, "", change.now) };
    communications::add(change.transaction, &contact, &note)
}
