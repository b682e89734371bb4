//! Promises to pay.

use serde_json::json;

use super::{
    super::{form, frame::Desk, listing::Asked},
    agreed::{Agreed, Around, Row},
};
use crate::{
    store::{
        audit::Actor,
        communications::Contact,
        list::{Filter, Reader, Table},
        promises::{self, Promise, State as PromiseState},
    },
    web::{
        State,
        api::{
            admin::promises::{PromiseFilter, change},
            entity::IfMatch,
        },
        error::ApiError,
    },
};

pub(super) const PATH: &str = "/desk/promises";

/// See the module.
pub(super) enum Promises {}

impl Agreed for Promises {
    type Row = Promise;

    const NAME: &'static str = "promise";
    const PATH: &'static str = PATH;
    const DUE: &'static str = "dueOn";
    const READ: Reader<Promise> = promises::page;

    fn table() -> &'static Table {
        &promises::TABLE
    }

    fn states() -> Vec<&'static str> {
        PromiseState::ALL.iter().map(|state| state.as_str()).collect()
    }

    fn filter(asked: &Asked, state: Option<String>, _desk: &Desk) -> Result<Filter, ApiError> {
        PromiseFilter { state, due_until: asked.owned("dueUntil"), ..PromiseFilter::default() }.check()
    }

    fn show(promise: Promise, around: &Around<'_>) -> Row {
        let amount = promise.terms.amount.to_string();
        Row {
            id: promise.id.to_string(),
            version: promise.version,
            contact: Contact::of(&promise.lead, &promise.customer),
            due: around.desk.words.day(promise.terms.due_on),
            due_on: promise.terms.due_on,
            amount: Some(around.currency.map_or_else(|| amount.clone(), |currency| format!("{amount} {currency}"))),
            note: promise.terms.note,
            state: promise.terms.state.as_str(),
            call: promise.call.map(|call| call.to_string()),
        }
    }

    async fn change(state: &State, by: Actor, id: &str, version: IfMatch, word: &str) -> Result<(), ApiError> {
        let given = form::input_of([("state".to_owned(), json!(word))].into_iter().collect())?;
        change(state, by, id, version, given).await.map(drop)
    }
}
