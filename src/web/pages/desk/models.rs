//! Models: which there are, which are here, what they weigh and under which licence they are; fetching them, with progress, and
//! removing them.

use std::borrow::Cow;

use actix_web::{HttpResponse, web};
use askama::Template;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::json;

use super::{dashboard::Job, frame::Desk, setup};
use crate::{
    call::readiness::Readiness,
    locale::Locale,
    models::{Library, Model, ModelState, Set, size},
    store::{
        StoreError,
        audit::{Action, Entity, Entry},
    },
    web::{
        State,
        error::ApiError,
        form::StaffForm,
        pulls::{PullState, Seen},
    },
};

pub(super) const PATH: &str = "/desk/models";

#[derive(Template)]
#[template(path = "desk/models.html")]
struct ModelsPage {
    desk: Desk,
    rows: Vec<Row>,
    sets: Vec<(&'static String, &'static Set)>,
    seen: Option<Seen>,
    engines: EnginesPart,
}

/// A model, and how it is here.
struct Row {
    model: &'static Model,
    state: ModelState,
    /// What fetches one whose digest nobody knows: that is decided at the machine.
    command: Option<String>,
}

impl Row {
    fn size(&self) -> String {
        self.model.bytes().map_or_else(|| "?".to_owned(), size)
    }

    fn languages(&self) -> String {
        self.model.languages.to_string()
    }

    /// The word for how it is here.
    fn state_word(&self) -> &'static str {
        match self.state {
            ModelState::Missing => "missing",
            ModelState::Installed => "installed",
            ModelState::Unverified => "unverified",
            ModelState::Damaged { .. } => "damaged",
        }
    }

    fn is_here(&self) -> bool {
        self.state != ModelState::Missing
    }

    /// What is wrong with it, in English.
    fn damage(&self) -> Option<&str> {
        if let ModelState::Damaged { why } = &self.state { Some(why) } else { None }
    }
}

/// How the pull under way is, to be put in the place of what was shown a second ago.
#[derive(Template)]
#[template(path = "desk/pull.html")]
struct PullPart {
    desk: Desk,
    seen: Option<Seen>,
}

/// What is loaded, and how far the loading is.
#[derive(Template)]
#[template(path = "desk/engines.html")]
pub(super) struct EnginesPart {
    words: &'static Locale,
    readiness: Readiness,
    /// It takes the place of what was shown a second ago.
    is_followed: bool,
}

impl EnginesPart {
    pub(super) fn new(words: &'static Locale, state: &State, is_followed: bool) -> Self {
        Self { words, readiness: state.readiness.borrow().clone(), is_followed }
    }
}

/// `GET /desk/models/engines`: the part of the page that follows the loading.
pub(super) async fn engines(desk: Desk, state: web::Data<State>) -> Result<HttpResponse, ApiError> {
    Ok(Desk::show(&EnginesPart::new(desk.words, &state, true)))
}

/// `POST /desk/models/load`: what was fetched is used from now on.
pub(super) async fn load(
    desk: Desk,
    _sent: StaffForm<Nothing>,
    state: web::Data<State>,
) -> Result<HttpResponse, ApiError> {
    tracing::info!(user = %desk.staff.id, "the engines are to be loaded again");
    state.reload.ask();
    Ok(Desk::see(back(&desk), "models-loading"))
}

/// `GET /desk/models`
pub(super) async fn page(desk: Desk, state: web::Data<State>) -> Result<HttpResponse, ApiError> {
    let library = Library::of(&state.config);
    let rows = web::block(move || {
        let row = |model: &'static Model| Row {
            model,
            state: library.state(model),
            command: (!model.is_verifiable()).then(|| library.pull_command(model)),
        };
        library.manifest().models.iter().map(row).collect::<Vec<_>>()
    });
    let rows = rows.await.map_err(|_| ApiError::Failed)?;
    let sets = Library::of(&state.config).manifest().sets.iter().collect();
    let engines = EnginesPart::new(desk.words, &state, false);
    Ok(Desk::show(&ModelsPage { desk, rows, sets, seen: state.pulls.seen(), engines }))
}

/// `GET /desk/models/pull`: the part of the page that follows a pull.
pub(super) async fn progress(desk: Desk, state: web::Data<State>) -> Result<HttpResponse, ApiError> {
    Ok(Desk::show(&PullPart { desk, seen: state.pulls.seen() }))
}

/// What to fetch: a set, or a model.
#[derive(Deserialize)]
pub(super) struct Wanted {
    name: String,
}

/// `POST /desk/models/pull`
pub(super) async fn pull(
    desk: Desk,
    sent: StaffForm<Wanted>,
    state: web::Data<State>,
) -> Result<HttpResponse, ApiError> {
    let name = sent.fields.name;
    state.pulls.begin(&state.config, &name)?;
    record(&desk, &state, Action::Import, name).await?;
    Ok(Desk::see(back(&desk), "pull-begun"))
}

#[derive(Deserialize)]
pub(super) struct Nothing {}

/// `POST /desk/models/pull/cancel`
pub(super) async fn cancel(
    desk: Desk,
    _sent: StaffForm<Nothing>,
    state: web::Data<State>,
) -> Result<HttpResponse, ApiError> {
    state.pulls.stop();
    Ok(Desk::see(back(&desk), "pull-stopped"))
}

/// The page that shows what becomes of a pull: the one that asked for it.
fn back(desk: &Desk) -> &'static str {
    if desk.here() == setup::PATH { setup::PATH } else { PATH }
}

/// `POST /desk/models/{id}/delete`
pub(super) async fn delete(
    desk: Desk,
    model: web::Path<String>,
    _sent: StaffForm<Nothing>,
    state: web::Data<State>,
) -> Result<HttpResponse, ApiError> {
    let library = Library::of(&state.config);
    let model = library.model(&model).map_err(|_| ApiError::NotFound("model"))?;
    let removed = web::block(move || library.remove(model)).await.map_err(|_| ApiError::Failed)?;
    removed.map_err(|error| ApiError::Conflict(error.to_string()))?;
    record(&desk, &state, Action::Delete, model.id.clone()).await?;
    Ok(Desk::see(PATH, "model-removed"))
}

async fn record(desk: &Desk, state: &State, action: Action, name: String) -> Result<(), StoreError> {
    let entry = Entry::new(action, Entity::Model, &name).after(&json!({ "name": name }));
    let entry = if action == Action::Delete { Entry { after: None, ..entry } } else { entry };
    state.store.change(desk.actor(), Timestamp::now(), move |change| change.record(&entry)).await
}

impl Seen {
    // ---- for the template ----

    pub(super) fn is_running(&self) -> bool {
        self.state == PullState::Running
    }

    pub(super) fn is_done(&self) -> bool {
        self.state == PullState::Done
    }

    pub(super) fn word(&self) -> &'static str {
        match self.state {
            PullState::Running => "pull-running",
            PullState::Done => "pull-done",
            PullState::Stopped => "pull-is-stopped",
            PullState::Failed(_) => "pull-failed",
        }
    }

    /// Why not all is there, in English.
    pub(super) fn problem(&self) -> Option<&str> {
        if let PullState::Failed(why) = &self.state { Some(why) } else { None }
    }

    /// `12 MB of 130 MB`, in a language's words.
    pub(super) fn progress(&self, desk: &Desk) -> Cow<'static, str> {
        let (have, total) = self.bytes();
        desk.words.with("pull-bytes", &[("have", size(have).into()), ("total", size(total).into())])
    }
}
