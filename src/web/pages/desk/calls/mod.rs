//! Calls: the table, and one call with what was said, how long answers took, and what came of it.

pub(super) mod live;
mod whole;

use std::{borrow::Cow, collections::BTreeMap};

use actix_web::{HttpResponse, web};
use askama::Template;
use jiff::{civil::Date, tz::TimeZone};

use super::{
    form::{self, Saved, Sent},
    frame::Desk,
    listing::{Asked, Listing, lenient},
    people::all_scripts,
};
use crate::{
    domain::{ScriptId, clock},
    locale::Locale,
    store::calls::{self, Call, EndReason},
    web::{
        State,
        api::admin::calls::{CallFilter, CallInput, call_id, erase, note_outcome},
        error::ApiError,
        form::StaffForm,
        problem::FieldProblem,
    },
};
use whole::{CallPage, outcome_form, read};

pub(super) const PATH: &str = "/desk/calls";
/// Where the same list is as a file.
const EXPORT_PATH: &str = "/api/admin/calls.csv";

fn path_of(call: &Call) -> String {
    format!("{PATH}/{}", call.id)
}

/// The outcomes of our scripts, which have words in each language. There may be any other.
const OUTCOMES: [&str; 17] = [
    "callback",
    "cancelled",
    "complaint",
    "confirmed",
    "disputed",
    "do-not-call",
    "done",
    "handed-over",
    "moved",
    "no-answer",
    "no-data",
    "not-interested",
    "promised",
    "qualified",
    "refused",
    "urgent",
    "wrong-person",
];

/// Whom people know by a name, others by their identity.
pub(super) fn caller<'a>(name: &'a str, identity: &'a str) -> &'a str {
    if name.is_empty() { identity } else { name }
}

// ---- the table ----

#[derive(Template)]
#[template(path = "desk/calls.html")]
struct CallsPage {
    desk: Desk,
    list: Listing<Call>,
    problems: Vec<FieldProblem>,
    scripts: Vec<(ScriptId, String)>,
    /// Where the list is as a file, for those who may take it out.
    export: Option<String>,
}

impl CallsPage {
    fn languages(&self) -> &'static [Locale] {
        Locale::all()
    }

    fn ends(&self) -> &'static [EndReason] {
        EndReason::ALL
    }

    fn outcomes(&self) -> [&'static str; 17] {
        OUTCOMES
    }

    fn end(&self, reason: &EndReason) -> Cow<'static, str> {
        self.desk.words.word("call-end", reason.as_str())
    }

    fn language(&self, code: &str) -> Cow<'static, str> {
        self.desk.words.word("language", code)
    }

    fn length(&self, call: &Call) -> Option<String> {
        call.ended.map(|ended| clock(ended.after(call.started_at)))
    }

    fn caller<'a>(&self, call: &'a Call) -> &'a str {
        caller(call.caller_name.reveal(), call.caller.as_str())
    }
}

/// `GET /desk/calls`
pub(super) async fn list(
    desk: Desk,
    asked: web::Query<BTreeMap<String, String>>,
    state: web::Data<State>,
) -> Result<HttpResponse, ApiError> {
    let asked = Asked::from(asked.into_inner());
    let since = asked.get("since").map(|day| beginning(day, desk.zone()));
    let filter = CallFilter {
        q: asked.owned("q"),
        since: since.clone(),
        language: asked.owned("language"),
        outcome: asked.owned("outcome"),
        end_reason: asked.owned("endReason"),
        script_id: asked.owned("scriptId"),
        ..CallFilter::default()
    };
    let (filter, problems) = lenient(filter.check())?;
    let changes = [("since", since.as_deref()), ("cursor", None), ("bom", Some("1"))];
    let export = desk.may_lead().then(|| format!("{EXPORT_PATH}?{}", asked.with(&changes)));
    let list = Listing::read(&state, (PATH, &calls::TABLE), asked, filter, calls::page).await?;
    let scripts = state.store.read(all_scripts).await?;
    Ok(Desk::show(&CallsPage { desk, list, problems, scripts, export }))
}

/// When a day begins on the desk's clocks, as the API takes it. What is no day is left to it to refuse.
fn beginning(day: &str, zone: &TimeZone) -> String {
    let begins = day.parse::<Date>().ok().and_then(|day| day.to_zoned(zone.clone()).ok());
    begins.map_or_else(|| day.to_owned(), |begins| begins.timestamp().to_string())
}

// ---- one call ----

/// `GET /desk/calls/{id}`
pub(super) async fn call(desk: Desk, id: web::Path<String>, state: web::Data<State>) -> Result<HttpResponse, ApiError> {
    let whole = read(&state, call_id(&id)?).await?;
    Ok(Desk::show(&CallPage::new(desk, &state, whole)))
}

/// `POST /desk/calls/{id}`: what came of it.
pub(super) async fn update(
    desk: Desk,
    id: web::Path<String>,
    sent: StaffForm<Sent>,
    state: web::Data<State>,
) -> Result<HttpResponse, ApiError> {
    let id = call_id(&id)?;
    let whole = read(&state, id.clone()).await?;
    let stored = outcome_form(desk.words, &whole.call);
    let form = outcome_form(desk.words, &whole.call).typed(&sent.fields);
    let input = form::input::<CallInput>(&form, &sent.fields)?.check().map_err(ApiError::Fields);
    let saved = match (input, form::version(&sent.fields)?) {
        (Ok(outcome), version) => note_outcome(&state, desk.actor(), id, Some(version), outcome).await,
        (Err(error), _) => Err(error),
    };
    let saved = Saved { path: saved.map(|call| path_of(&call)), done: "call-saved" };
    let again = |desk, form| Desk::show_again(&CallPage::new(desk, &state, whole).with_outcome(form));
    saved.answer(desk, form, Some(&stored), again)
}

/// `POST /desk/calls/{id}/delete`
pub(super) async fn delete(
    desk: Desk,
    id: web::Path<String>,
    _sent: StaffForm<Sent>,
    state: web::Data<State>,
) -> Result<HttpResponse, ApiError> {
    erase(&state, desk.actor(), call_id(&id)?, None).await?;
    Ok(Desk::see(PATH, "call-deleted"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_begins_on_the_desks_clocks() {
        let east = TimeZone::fixed(jiff::tz::offset(2));
        assert_eq!(beginning("2026-11-21", &east), "2026-11-20T22:00:00Z");
        assert_eq!(beginning("yesterday", &east), "yesterday");
    }
}
