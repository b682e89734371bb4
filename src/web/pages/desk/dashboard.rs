//! What is going on: calls now, what the day has brought, how long callers wait, and how the box does.

use std::borrow::Cow;

use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use jiff::{Timestamp, ToSpan, tz::TimeZone};

use super::{
    calls,
    frame::Desk,
    setup::{self, Progress},
    stream::{self, Feed},
};
use crate::{
    call::{
        Following, desk,
        readiness::{EngineInfo, EngineKind, Missing, Readiness},
    },
    config::Config,
    locale::Locale,
    models::{self, Library, ModelState},
    store::{
        figures::{self, Figures, Hour},
        users::Role,
    },
    web::{State, assets, error::ApiError},
};

pub(super) const EVENTS_PATH: &str = "/desk/events";

/// The calls that are under way, as a piece of the page.
#[derive(Template)]
#[template(path = "desk/calls_now.html")]
struct CallsNow {
    words: &'static Locale,
    zone: TimeZone,
    calls: Vec<Following>,
    capacity: usize,
}

impl CallsNow {
    fn new(words: &'static Locale, zone: &TimeZone, desk: &desk::Desk) -> Self {
        Self { words, zone: zone.clone(), calls: desk.calls(), capacity: desk.capacity() }
    }

    /// How many lines are taken, of how many.
    fn lines(&self) -> Cow<'static, str> {
        self.words.with("now-lines", &[("count", self.calls.len().into()), ("capacity", self.capacity.into())])
    }

    fn caller<'a>(&self, following: &'a Following) -> &'a str {
        calls::caller(following.call.caller_name.reveal(), following.call.caller.as_str())
    }

    /// When it began, on the desk's clocks.
    fn since(&self, following: &Following) -> String {
        following.call.started_at.to_zoned(self.zone.clone()).strftime("%H:%M").to_string()
    }
}

/// One of the jobs that a call needs done.
pub(super) struct Job<'a> {
    kind: EngineKind,
    /// Who does it.
    pub(super) engine: Option<&'a EngineInfo>,
    /// What is missing for it.
    pub(super) missing: Option<&'a Missing>,
}

impl<'a> Job<'a> {
    /// All there are, as they are done now.
    pub(super) fn all(readiness: &'a Readiness) -> Vec<Self> {
        let (engines, missing): (&[_], &[_]) = match readiness {
            Readiness::Starting { .. } => (&[], &[]),
            Readiness::Healthy { engines } => (engines, &[]),
            Readiness::Degraded { missing, engines } => (engines, missing),
        };
        let job = |kind| Self {
            kind,
            engine: engines.iter().find(|it| it.kind == kind),
            missing: missing.iter().find(|it| it.kind == kind),
        };
        EngineKind::ALL.map(job).into()
    }

    /// What it is, in words.
    pub(super) fn words(&self, words: &'static Locale) -> Cow<'static, str> {
        let word = match self.kind {
            EngineKind::Vad => "vad",
            EngineKind::Stt => "stt",
            EngineKind::Turn => "turn",
            EngineKind::Llm => "llm",
            EngineKind::Tts => "tts",
        };
        words.word("job", word)
    }
}

/// A model file, or a voice's two.
struct InstalledModel {
    id: &'static str,
    size: String,
    licence: &'static str,
}

/// What the disk has and has room for.
struct Stock {
    models: Vec<InstalledModel>,
    free: Option<String>,
}

#[derive(Template)]
#[template(path = "desk/dashboard.html")]
struct DashboardPage {
    desk: Desk,
    now: CallsNow,
    figures: Figures,
    hours: Vec<Hour>,
    readiness: Readiness,
    stock: Stock,
    /// Today, as the calls' table filters by it.
    today: String,
    /// How far the set-up is, for who can go on with it; none: it is over.
    setup: Option<Progress>,
}

impl DashboardPage {
    /// `starting`, `healthy` or `degraded`, as `/api/health` says it.
    fn health(&self) -> &'static str {
        match self.readiness {
            Readiness::Starting { .. } => "starting",
            Readiness::Healthy { .. } => "healthy",
            Readiness::Degraded { .. } => "degraded",
        }
    }

    fn jobs(&self) -> Vec<Job<'_>> {
        Job::all(&self.readiness)
    }

    fn hour(&self, hour: &Hour) -> String {
        hour.at.to_zoned(self.desk.zone().clone()).strftime("%H:%M").to_string()
    }

    /// What the desk's clocks show then, as seconds since 1970 on those clocks.
    fn wall(&self, hour: &Hour) -> i64 {
        hour.at.as_second() + i64::from(self.desk.zone().to_offset(hour.at).seconds())
    }

    fn seconds(&self, millis: &u32) -> String {
        format!("{:.2}", f64::from(*millis) / 1000.0)
    }

    fn chart_script(&self) -> String {
        assets::address("charts.js")
    }

    fn chart_style(&self) -> String {
        assets::address("charts.css")
    }
}

/// `GET /desk`
pub(super) async fn page(desk: Desk, request: HttpRequest, state: web::Data<State>) -> Result<HttpResponse, ApiError> {
    let config = state.config.clone();
    let stock = web::block(move || Stock::take(&config)).await.map_err(|_| ApiError::Failed)?;
    let now = Timestamp::now();
    let day = now.to_zoned(desk.zone().clone()).date();
    let begin = |day: jiff::civil::Date| day.to_zoned(desk.zone().clone()).map_or(now, |begin| begin.timestamp());
    let (begin, end) = (begin(day), begin(day.saturating_add(1.day())));
    let read = state
        .store
        .read(move |connection| Ok((figures::of_day(connection, begin, end)?, figures::waiting(connection, now)?)));
    let (figures, hours) = read.await?;
    let setup = match desk.is_at_least(Role::Admin) {
        true => Some(Progress::read(&state, &request).await?).filter(|progress| !progress.is_finished()),
        false => None,
    };
    let page = DashboardPage {
        now: CallsNow::new(desk.words, desk.zone(), &state.desk),
        desk,
        figures,
        hours,
        readiness: state.readiness.borrow().clone(),
        stock,
        today: day.to_string(),
        setup,
    };
    Ok(Desk::show(&page))
}

impl Stock {
    /// Looks at the disk: to be called where waiting is no harm.
    fn take(config: &Config) -> Self {
        let library = Library::of(config);
        let is_here =
            |model: &&models::Model| matches!(library.state(model), ModelState::Installed | ModelState::Unverified);
        let shown = |model: &'static models::Model| InstalledModel {
            id: &model.id,
            size: model.bytes().map(models::size).unwrap_or_default(),
            licence: &model.licence,
        };
        let here = library.manifest().models.iter().filter(is_here);
        Self { models: here.map(shown).collect(), free: models::free_bytes(&config.paths.data_dir).map(models::size) }
    }
}

/// `GET /desk/events`: the calls that are under way, whenever one begins or ends.
pub(super) async fn events(
    desk: Desk,
    request: HttpRequest,
    state: web::Data<State>,
) -> Result<HttpResponse, ApiError> {
    let (words, zone, calls) = (desk.words, desk.zone().clone(), state.desk.clone());
    let feed = Feed {
        changes: state.desk.changes(),
        show: Box::new(move |goes_on: bool| {
            let now = goes_on.then(|| CallsNow::new(words, &zone, &calls));
            now.and_then(|now| now.render().ok())
        }),
        last: Box::pin(async {}),
    };
    stream::answer(&state, &request, feed)
}
