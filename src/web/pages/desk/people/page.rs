//! The page of one lead or customer: the form, and beside it what passed with them and what can be done.

use std::{borrow::Cow, collections::BTreeMap};

use actix_web::{HttpResponse, web};
use askama::Template;
use jiff::Timestamp;

use super::{
    super::{
        form::{self, Form, Kind, Saved, Sent},
        frame::Desk,
        listing::Asked,
        undo,
    },
    Party, Person, Scripts,
    acts::Act,
};
use crate::{
    locale::Locale,
    store::{
        Connection, StoreError,
        communications::{self, Communication},
        do_not_call::{self, Entry},
        list::{Page, Rows},
        persons, scripts,
    },
    web::{
        State,
        api::{admin::imports::Form as _, voice::invite::Invitation},
        error::ApiError,
        form::StaffForm,
    },
};

/// Scripts that one can be given.
const MOST_SCRIPTS: u32 = 200;
/// Communications that are shown at a time.
const SHOWN: u32 = 20;

/// What stands beside the form.
pub(super) struct Side {
    person: Person,
    /// What passed, the latest first.
    passed: Rows<Communication>,
    /// Why they must not be called.
    entry: Option<Entry>,
    /// What is being done.
    pub(super) act: Option<(Act, Form)>,
    /// What was done just now: the word after `?did=`.
    did: Option<String>,
    /// The link to a call that was made just now.
    pub(super) invitation: Option<Invitation>,
}

impl Side {
    pub(super) fn into_person(self) -> Person {
        self.person
    }
}

#[derive(Template)]
#[template(path = "desk/person.html")]
struct PersonPage {
    desk: Desk,
    /// What words about it begin with.
    name: &'static str,
    /// Where the table is.
    list: &'static str,
    form: Form,
    /// None: somebody new.
    side: Option<Side>,
}

impl PersonPage {
    fn new<K: Party>(desk: Desk, form: Form, side: Option<Side>) -> Self {
        Self { desk, name: K::NAME, list: K::PATH, form, side }
    }

    fn path(&self) -> &str {
        self.side.as_ref().map_or(self.list, |side| side.person.path.as_str())
    }

    fn title(&self) -> String {
        self.side.as_ref().map_or_else(|| self.t("new").into_owned(), |side| side.person.title())
    }

    /// Words about it.
    fn t(&self, key: &str) -> Cow<'static, str> {
        self.desk.t(&format!("{}-{key}", self.name))
    }

    /// What the table is called.
    fn heading(&self) -> Cow<'static, str> {
        self.desk.t(&format!("nav-{}s", self.name))
    }

    /// Words of an act, with what stands behind its name in their key.
    fn act(&self, act: &Act, which: &str) -> Cow<'static, str> {
        self.desk.t(&format!("act-{}{which}", act.word()))
    }

    /// How long an invitation is good.
    fn until(&self, at: &Timestamp) -> String {
        self.desk.words.with("invitation-until", &[("at", self.desk.moment(at).into())]).into_owned()
    }

    /// What can be done with them by whoever looks at it.
    fn acts(&self) -> Vec<Act> {
        let Some(side) = self.side.as_ref().filter(|_| self.desk.may_work()) else { return Vec::new() };
        let has_phone = side.person.phone.is_some();
        let can = |act: &Act| match act {
            Act::Note | Act::Callback | Act::Promise => true,
            Act::Sms => has_phone,
            Act::Block => has_phone && side.entry.is_none(),
            Act::Unblock => side.entry.is_some() && self.desk.may_lead(),
        };
        Act::ALL.iter().copied().filter(can).collect()
    }

    /// What was done just now, in words.
    fn did(&self) -> Option<Cow<'static, str>> {
        let key = format!("did-{}", self.side.as_ref()?.did.as_deref()?);
        self.desk.words.has(&key).then(|| self.desk.t(&key))
    }

    fn outcome(&self, outcome: &str) -> String {
        let said = self.desk.words.word("passed-outcome", outcome);
        if said == outcome { self.desk.words.word("outcome", outcome).into_owned() } else { said.into_owned() }
    }
}

/// One of them, and what their page shows besides.
pub(super) struct Known<K: Party> {
    row: K::Row,
    pub(super) scripts: Scripts,
    pub(super) side: Side,
}

impl<K: Party> Known<K> {
    /// # Errors
    /// When there is no such one, or the database fails.
    pub(super) async fn read(state: &State, id: &str, asked: &Asked) -> Result<Self, ApiError> {
        let (id, vault) = (K::id(id)?, state.store.vault().clone());
        let (cursor, did) = (asked.owned("cursor"), asked.owned("did"));
        let found = state.store.read(move |connection| {
            let Some(row) = K::find(connection, &id)? else { return Ok(None) };
            let person = K::person(&row);
            let first = Page::first(&communications::TABLE, SHOWN);
            let page = match &cursor {
                Some(cursor) => first.after(cursor),
                None => first,
            };
            let passed = communications::page(connection, &communications::with(&person.contact), &page)?;
            let entry = match &person.phone {
                Some(phone) => {
                    let wanted = do_not_call::of_phone(&vault, Some(phone.reveal()));
                    do_not_call::page(connection, &wanted, &Page::first(&do_not_call::TABLE, 1))?.items.pop()
                }
                None => None,
            };
            let side = Side { person, passed, entry, act: None, did, invitation: None };
            Ok(Some(Self { row, scripts: all_scripts(connection)?, side }))
        });
        found.await?.ok_or(ApiError::NotFound(K::NAME))
    }

    pub(super) fn person(&self) -> &Person {
        &self.side.person
    }

    pub(super) fn entry(&self) -> Option<&Entry> {
        self.side.entry.as_ref()
    }

    fn form(&self, words: &'static Locale) -> Form {
        K::form(words, Some(&self.row), &self.scripts)
    }

    pub(super) fn show(self, desk: Desk) -> HttpResponse {
        let form = self.form(desk.words);
        Desk::show(&PersonPage::new::<K>(desk, form, Some(self.side)))
    }

    /// The page with something wrong in what was to be done.
    pub(super) fn show_again(mut self, desk: Desk, act: Act, form: Form) -> HttpResponse {
        self.side.act = Some((act, form));
        let form = self.form(desk.words);
        Desk::show_again(&PersonPage::new::<K>(desk, form, Some(self.side)))
    }
}

pub(in super::super) fn all_scripts(connection: &Connection) -> Result<Scripts, StoreError> {
    let page = Page::first(&scripts::TABLE, MOST_SCRIPTS);
    let rows = scripts::page(connection, &Default::default(), &page)?;
    Ok(rows.items.into_iter().map(|script| (script.id, script.about.name)).collect())
}

fn nothing(words: &'static Locale) -> (String, String) {
    (String::new(), words.text("choice-none").into_owned())
}

/// What somebody may speak.
pub(super) fn languages(words: &'static Locale) -> Vec<(String, String)> {
    let language =
        |it: &Locale| (it.language().code().to_owned(), words.word("language", it.language().code()).into_owned());
    [nothing(words)].into_iter().chain(Locale::all().iter().map(language)).collect()
}

/// What the agent may go by.
pub(super) fn scripts_to_choose(words: &'static Locale, scripts: &Scripts) -> Vec<(String, String)> {
    let scripts = scripts.iter().map(|(id, name)| (id.to_string(), name.clone()));
    [nothing(words)].into_iter().chain(scripts).collect()
}

/// `GET /desk/leads/new`
pub(super) async fn blank<K: Party>(desk: Desk, state: web::Data<State>) -> Result<HttpResponse, ApiError> {
    let form = K::form(desk.words, None, &state.store.read(all_scripts).await?);
    Ok(Desk::show(&PersonPage::new::<K>(desk, form, None)))
}

/// `GET /desk/leads/{id}`; with `?act=note` the form for that is open.
pub(super) async fn page<K: Party>(
    desk: Desk,
    id: web::Path<String>,
    asked: web::Query<BTreeMap<String, String>>,
    state: web::Data<State>,
) -> Result<HttpResponse, ApiError> {
    let asked = Asked::from(asked.into_inner());
    let mut known = Known::<K>::read(&state, &id, &asked).await?;
    let act = asked.get("act").and_then(Act::parse).filter(|_| desk.may_work());
    known.side.act = act.map(|act| (act, act.form(desk.words)));
    Ok(known.show(desk))
}

/// `POST /desk/leads`
pub(super) async fn create<K: Party>(
    desk: Desk,
    sent: StaffForm<Sent>,
    state: web::Data<State>,
) -> Result<HttpResponse, ApiError> {
    let form = K::form(desk.words, None, &state.store.read(all_scripts).await?).typed(&sent.fields);
    let path = save::<K>(&desk, &state, None, &form, &sent.fields).await;
    let saved = Saved { path, done: "person-made" };
    saved.answer(desk, form, None, |desk, form| Desk::show_again(&PersonPage::new::<K>(desk, form, None)))
}

/// `POST /desk/leads/{id}`
pub(super) async fn update<K: Party>(
    desk: Desk,
    id: web::Path<String>,
    sent: StaffForm<Sent>,
    state: web::Data<State>,
) -> Result<HttpResponse, ApiError> {
    let known = Known::<K>::read(&state, &id, &Asked::default()).await?;
    let stored = known.form(desk.words);
    let form = known.form(desk.words).typed(&sent.fields);
    let path = save::<K>(&desk, &state, Some(K::id(&id)?), &form, &sent.fields).await;
    let saved = Saved { path, done: "person-saved" };
    let page = |desk, form| Desk::show_again(&PersonPage::new::<K>(desk, form, Some(known.side)));
    saved.answer(desk, form, Some(&stored), page)
}

/// Gives where they are now.
async fn save<K: Party>(
    desk: &Desk,
    state: &State,
    id: Option<K::Id>,
    form: &Form,
    sent: &Sent,
) -> Result<String, ApiError> {
    let home = state.store.read(persons::home).await?;
    let patch = form::input::<K::Input>(form, sent)?.check(home).map_err(ApiError::Fields)?;
    let version = id.is_some().then(|| form::version(sent)).transpose()?;
    let saved = state.store.change(desk.actor(), Timestamp::now(), move |change| {
        let saved = match &id {
            None => K::create(change, &patch)?,
            Some(id) => K::update(change, id, version, &patch)?,
        };
        Ok::<_, ApiError>(K::person(&saved).path)
    });
    saved.await
}

/// `POST /desk/leads/{id}/delete`
pub(super) async fn delete<K: Party>(
    desk: Desk,
    id: web::Path<String>,
    _sent: StaffForm<Sent>,
    state: web::Data<State>,
) -> Result<HttpResponse, ApiError> {
    let (party, now) = (K::id(&id)?, Timestamp::now());
    state.store.change(desk.actor(), now, move |change| K::delete(change, &party, None)).await?;
    undo::offer(&state, &desk, K::PATH, "person-deleted", &id).await
}
