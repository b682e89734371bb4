//! Calls to be made.

use jiff::{SignedDuration, civil::Date, tz::TimeZone};
use serde_json::json;

use super::{
    super::{form, frame::Desk, listing::Asked},
    agreed::{Agreed, Around, Row},
};
use crate::{
    store::{
        audit::Actor,
        callbacks::{self, Callback, State as CallbackState},
        communications::Contact,
        list::{Filter, Reader, Table},
    },
    web::{
        State,
        api::{
            admin::callbacks::{CallbackFilter, change},
            entity::IfMatch,
        },
        error::ApiError,
    },
};

pub(super) const PATH: &str = "/desk/callbacks";

/// See the module.
pub(super) enum Callbacks {}

/// The end of a day of the desk's, as the API has it. What is no day stays as it is.
fn end_of(day: &str, zone: &TimeZone) -> String {
    let next = day.parse::<Date>().ok().and_then(|day| day.tomorrow().ok()?.to_zoned(zone.clone()).ok());
    let end = next.and_then(|next| next.timestamp().checked_sub(SignedDuration::from_millis(1)).ok());
    end.map_or_else(|| day.to_owned(), |end| end.to_string())
}

impl Agreed for Callbacks {
    type Row = Callback;

    const NAME: &'static str = "callback";
    const PATH: &'static str = PATH;
    const DUE: &'static str = "dueAt";
    const READ: Reader<Callback> = callbacks::page;

    fn table() -> &'static Table {
        &callbacks::TABLE
    }

    fn states() -> Vec<&'static str> {
        CallbackState::ALL.iter().map(|state| state.as_str()).collect()
    }

    fn filter(asked: &Asked, state: Option<String>, desk: &Desk) -> Result<Filter, ApiError> {
        let due_until = asked.get("dueUntil").map(|day| end_of(day, desk.zone()));
        CallbackFilter { state, due_until, ..CallbackFilter::default() }.check()
    }

    fn show(callback: Callback, around: &Around<'_>) -> Row {
        let at = callback.terms.due_at;
        Row {
            id: callback.id.to_string(),
            version: callback.version,
            contact: Contact::of(&callback.lead, &callback.customer),
            due: around.desk.moment(&at),
            due_on: at.to_zoned(around.desk.zone().clone()).date(),
            amount: None,
            note: callback.terms.reason,
            state: callback.terms.state.as_str(),
            call: callback.call.map(|call| call.to_string()),
        }
    }

    async fn change(state: &State, by: Actor, id: &str, version: IfMatch, word: &str) -> Result<(), ApiError> {
        let given = form::input_of([("state".to_owned(), json!(word))].into_iter().collect())?;
        change(state, by, id, version, given).await.map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_over_where_the_desk_is() {
        let cairo = TimeZone::fixed(jiff::tz::offset(2));
        for (day, expected) in [("2026-11-21", "2026-11-21T21:59:59.999Z"), ("soon", "soon")] {
            assert_eq!(end_of(day, &cairo), expected);
        }
    }
}
