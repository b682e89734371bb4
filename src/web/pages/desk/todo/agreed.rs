//! What was agreed with somebody, and is due: promises and callbacks have the same page. The first due stand first; what is
//! due today or before is marked.

use std::{borrow::Cow, collections::BTreeMap};

use actix_web::{HttpResponse, web};
use askama::Template;
use jiff::{Timestamp, civil::Date};

use super::{
    super::{
        form::{self, Sent},
        frame::Desk,
        listing::{Asked, Listing, lenient},
        undo,
    },
    Who, back, who,
};
use crate::{
    domain::{Currency, Pii},
    store::{
        audit::Actor,
        communications::Contact,
        list::{Filter, Reader, Table},
        settings,
    },
    web::{State, api::entity::IfMatch, error::ApiError, form::StaffForm, problem::FieldProblem},
};

/// In the address: whatever became of them. Without a word only those are shown that are open.
const ANY: &str = "any";
/// What is still to come of one.
pub(super) const OPEN: &str = "open";

/// Promises or callbacks.
pub(super) trait Agreed: 'static {
    type Row: Send + 'static;

    /// What words about one begin with.
    const NAME: &'static str;
    const PATH: &'static str;
    /// By what it is sorted usually.
    const DUE: &'static str;
    const READ: Reader<Self::Row>;

    fn table() -> &'static Table;

    /// What may become of one, [`OPEN`] first.
    fn states() -> Vec<&'static str>;

    /// Those in this state, and what else is asked for.
    fn filter(asked: &Asked, state: Option<String>, desk: &Desk) -> Result<Filter, ApiError>;

    fn show(row: Self::Row, around: &Around<'_>) -> Row;

    /// Notes what became of one.
    async fn change(state: &State, by: Actor, id: &str, version: IfMatch, word: &str) -> Result<(), ApiError>;
}

/// What rows are shown by.
pub(super) struct Around<'a> {
    pub(super) desk: &'a Desk,
    pub(super) currency: Option<Currency>,
}

/// A row of the table.
pub(super) struct Row {
    pub(super) id: String,
    pub(super) version: i64,
    pub(super) contact: Option<Contact>,
    /// As it is shown.
    pub(super) due: String,
    pub(super) due_on: Date,
    /// How much was promised.
    pub(super) amount: Option<String>,
    /// In somebody's words; may be empty.
    pub(super) note: Pii<String>,
    pub(super) state: &'static str,
    /// The call in which it was agreed.
    pub(super) call: Option<String>,
}

#[derive(Template)]
#[template(path = "desk/agreed.html")]
struct AgreedPage {
    desk: Desk,
    name: &'static str,
    due: &'static str,
    list: Listing<(Row, Option<Who>)>,
    /// That are shown.
    state: String,
    states: Vec<&'static str>,
    today: Date,
    problems: Vec<FieldProblem>,
}

impl AgreedPage {
    /// Words about it.
    fn t(&self, key: &str) -> Cow<'static, str> {
        self.desk.t(&format!("{}-{key}", self.name))
    }

    fn heading(&self) -> Cow<'static, str> {
        self.desk.t(&format!("nav-{}s", self.name))
    }

    /// Words of what makes one something else.
    fn make(&self, state: &str) -> Cow<'static, str> {
        self.t(&format!("make-{state}"))
    }

    fn state(&self, state: &str) -> String {
        self.desk.words.word(&format!("{}-state", self.name), state).into_owned()
    }

    /// Whether an open one is due already, in words: `due-today`.
    fn when(&self, row: &Row) -> Option<&'static str> {
        match row.due_on.cmp(&self.today) {
            _ if row.state != OPEN => None,
            std::cmp::Ordering::Less => Some("due-past"),
            std::cmp::Ordering::Equal => Some("due-today"),
            std::cmp::Ordering::Greater => None,
        }
    }

    /// What may become of a row next.
    fn next<'a>(&'a self, row: &'a Row) -> impl Iterator<Item = &'static str> + 'a {
        self.states.iter().copied().filter(move |state| (*state == OPEN) != (row.state == OPEN))
    }

    /// Where only those are that are due today or before.
    fn due_today(&self) -> String {
        format!("{}?dueUntil={}", self.list.all(), self.today)
    }
}

/// `GET /desk/promises`
pub(super) async fn list<A: Agreed>(
    desk: Desk,
    asked: web::Query<BTreeMap<String, String>>,
    state: web::Data<State>,
) -> Result<HttpResponse, ApiError> {
    let asked = Asked::from(asked.into_inner());
    let shown = asked.owned("state").unwrap_or_else(|| OPEN.to_owned());
    let (filter, problems) = lenient(A::filter(&asked, Some(shown.clone()).filter(|it| it != ANY), &desk))?;
    let list = Listing::read(&state, (A::PATH, A::table()), asked, filter, A::READ).await?;
    let currency = state.store.read(settings::read).await?.currency;
    let today = Timestamp::now().to_zoned(desk.zone().clone()).date();
    let around = Around { desk: &desk, currency };
    let list = list.map(|row| A::show(row, &around));
    let mut who = who(&state, list.rows.iter().map(|row| row.contact.clone()).collect()).await?.into_iter();
    let list = list.map(|row| (row, who.next().flatten()));
    let states = A::states();
    Ok(Desk::show(&AgreedPage { desk, name: A::NAME, due: A::DUE, list, state: shown, states, today, problems }))
}

/// `POST /desk/promises/{id}`: what became of it.
pub(super) async fn change<A: Agreed>(
    desk: Desk,
    id: web::Path<String>,
    sent: StaffForm<Sent>,
    state: web::Data<State>,
) -> Result<HttpResponse, ApiError> {
    let version = IfMatch(Some(form::version(&sent.fields)?));
    let word = sent.fields.get("state").ok_or(ApiError::Form)?;
    A::change(&state, desk.actor(), &id, version, word).await?;
    let (back, done) = (back(sent.fields.get("back"), A::PATH), format!("{}-changed", A::NAME));
    undo::offer(&state, &desk, back, &done, &id).await
}
