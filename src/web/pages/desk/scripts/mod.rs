//! Scripts: the table, what one can begin with, the editor with its checks and its drawing, versions, and trying a script before a
//! caller hears it.

pub(super) mod check;
mod diff;
pub(super) mod editor;
pub(super) mod sheet;
pub(super) mod trial;
pub(super) mod versions;

use std::collections::BTreeMap;

use actix_web::{HttpResponse, web};
use askama::Template;

use super::{
    form::Sent,
    frame::Desk,
    listing::{Asked, Listing, lenient},
};
use crate::{
    domain::{Host, Language, ScriptId},
    locale::Locale,
    script::{Script as Guided, builtin},
    store::{
        StoreError,
        scripts::{self, Script},
        settings::{self, Settings},
    },
    web::{
        State,
        api::admin::scripts::{LONGEST, ScriptFilter},
        error::ApiError,
        form::StaffForm,
        problem::FieldProblem,
    },
};

pub(super) const PATH: &str = "/desk/scripts";

/// Most bytes of a form with a script in it: of each byte a browser may make three, and there is room for what stands around it.
const MOST_FORM: usize = 3 * LONGEST + 128 * 1024;

/// A form with a script in it.
pub(super) type LongForm = StaffForm<Sent, MOST_FORM>;

/// The text that a form has sent, with the ends of lines that we use.
fn text_of(sent: &Sent) -> String {
    sent.get("content").map(|text| text.replace("\r\n", "\n")).unwrap_or_default()
}

fn path_of(id: &ScriptId) -> String {
    format!("{PATH}/{id}")
}

/// A language in the reader's words.
fn language_name(words: &'static Locale, language: Option<Language>) -> String {
    language.map(|language| words.word("language", language.code()).into_owned()).unwrap_or_default()
}

/// Reads what may be long.
async fn parsed(text: String) -> Result<Result<Guided, Vec<crate::script::Fault>>, ApiError> {
    web::block(move || Guided::parse(&text)).await.map_err(|_| ApiError::Store(StoreError::Stopped))
}

async fn settings(state: &State) -> Result<Settings, ApiError> {
    Ok(state.store.read(settings::read).await?)
}

/// Whom scripts may ask.
async fn hosts(state: &State) -> Result<Vec<Host>, ApiError> {
    Ok(settings(state).await?.script_hosts)
}

// ---- the table ----

#[derive(Template)]
#[template(path = "desk/scripts.html")]
struct ScriptsPage {
    desk: Desk,
    list: Listing<Script>,
    problems: Vec<FieldProblem>,
}

impl ScriptsPage {
    fn language(&self, language: &Option<Language>) -> String {
        language_name(self.desk.words, *language)
    }

    fn languages(&self) -> [(&'static str, String); 2] {
        [Language::ENGLISH, Language::ARABIC].map(|it| (it.code(), language_name(self.desk.words, Some(it))))
    }
}

/// `GET /desk/scripts`
pub(super) async fn list(
    desk: Desk,
    asked: web::Query<BTreeMap<String, String>>,
    state: web::Data<State>,
) -> Result<HttpResponse, ApiError> {
    let asked = Asked::from(asked.into_inner());
    let filter = ScriptFilter { q: asked.owned("q"), language: asked.owned("language") };
    let (filter, problems) = lenient(filter.check())?;
    let list = Listing::read(&state, (PATH, &scripts::TABLE), asked, filter, scripts::page).await?;
    Ok(Desk::show(&ScriptsPage { desk, list, problems }))
}

// ---- what one begins with ----

#[derive(Template)]
#[template(path = "desk/script_begin.html")]
struct BeginPage {
    desk: Desk,
    beginnings: Vec<Beginning>,
}

/// A script of ours.
struct Beginning {
    /// As `?from=` has it.
    from: &'static str,
    name: String,
    description: String,
    language: Language,
}

/// `GET /desk/scripts/begin`
pub(super) async fn begin(desk: Desk) -> HttpResponse {
    let read = |(from, document): (&'static str, &str)| {
        let Guided { name, description, language, .. } = Guided::parse(document).ok()?;
        Some(Beginning { from, name, description, language })
    };
    let mut beginnings: Vec<_> = builtin::ALL.into_iter().filter_map(read).collect();
    // Those that the reader can read come first.
    beginnings.sort_by_key(|it| it.language != desk.words.language());
    Desk::show(&BeginPage { desk, beginnings })
}
