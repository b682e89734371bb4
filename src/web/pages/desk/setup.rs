//! The guided set-up: from the first administrator to the first call with the agent, in five steps on one page. Which of them are
//! done is seen from the desk itself; kept is only which ones were left for later, and that somebody has ended it.

use std::borrow::Cow;

use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use jiff::Timestamp;
use serde::Deserialize;

use super::{
    form::{Form, Kind, Saved, Sent},
    frame::Desk,
    models::EnginesPart,
    settings,
};
use crate::{
    call::readiness::Readiness,
    config::TlsMode,
    domain::Language,
    locale::Locale,
    models::{Library, Set},
    store::{
        figures,
        settings::{self as stored, SetUp, SetUpStep, Settings, Stored},
    },
    web::{
        AUTHORITY_PATH, State, assets,
        error::ApiError,
        form::StaffForm,
        public,
        pulls::{PullState, Seen},
    },
};

pub(super) const PATH: &str = "/desk/setup";
/// What makes a call here; where no agent is free, it begins a conversation in writing.
const CALL_ADDRESS: &str = "/api/voice/realtime";

/// What the configuration needs for callers elsewhere: a certificate that is made here, and one of the owner's.
const SELF_SIGNED: &str = "[server]\nlisten = \"0.0.0.0:8443\"\n\n[tls]\nmode = \"self-signed\"";
const FILES: &str = "[server]\nlisten = \"0.0.0.0:443\"\n\n[tls]\nmode = \"files\"\ncert = \"/etc/callstead/fullchain.pem\"\n\
    key = \"/etc/callstead/privkey.pem\"";

impl SetUpStep {
    const ALL: [Self; 5] = [Self::Account, Self::Desk, Self::Reach, Self::Models, Self::Call];

    /// Its word in words: `setup-desk`.
    const fn word(self) -> &'static str {
        match self {
            Self::Account => "account",
            Self::Desk => "desk",
            Self::Reach => "reach",
            Self::Models => "models",
            Self::Call => "call",
        }
    }
}

/// How a step is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum StepState {
    Done,
    /// Left for later.
    Skipped,
    Open,
}

/// How far the set-up is.
pub(super) struct Progress {
    kept: SetUp,
    done: Vec<SetUpStep>,
}

impl Progress {
    pub(super) async fn read(state: &State, request: &HttpRequest) -> Result<Self, ApiError> {
        let read = |connection: &_| Ok((stored::read(connection)?, figures::has_spoken(connection)?));
        let (settings, has_spoken) = state.store.read(read).await?;
        Ok(Self::new(&settings, Reach::of(state, request), &state.readiness.borrow(), has_spoken))
    }

    fn new(settings: &Settings, reach: Reach, readiness: &Readiness, has_spoken: bool) -> Self {
        let is_done = |step: &SetUpStep| match step {
            // Or nobody could look.
            SetUpStep::Account => true,
            SetUpStep::Desk => {
                settings.desk_name.is_some() && settings.country.is_some() && settings.currency.is_some()
            }
            SetUpStep::Reach => reach != Reach::Here,
            SetUpStep::Models => matches!(readiness, Readiness::Healthy { .. }),
            SetUpStep::Call => has_spoken,
        };
        Self { kept: settings.setup.clone(), done: SetUpStep::ALL.into_iter().filter(is_done).collect() }
    }

    pub(super) fn is_finished(&self) -> bool {
        self.kept.is_finished
    }

    /// "Set-up: 2 of 5 done".
    pub(super) fn words(&self, words: &'static Locale) -> Cow<'static, str> {
        words.with("setup-progress", &[("done", self.done.len().into()), ("all", SetUpStep::ALL.len().into())])
    }

    fn state(&self, step: SetUpStep) -> StepState {
        match step {
            _ if self.done.contains(&step) => StepState::Done,
            _ if self.kept.skipped.contains(&step) => StepState::Skipped,
            _ => StepState::Open,
        }
    }

    /// The step that comes next.
    fn next(&self) -> Option<SetUpStep> {
        SetUpStep::ALL.into_iter().find(|step| self.state(*step) == StepState::Open)
    }
}

/// How callers reach this box.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reach {
    /// In the clear, from this machine only.
    Here,
    /// A proxy has the certificate.
    Proxy,
    /// With a certificate that was made here.
    SelfSigned,
    /// With one of the owner's.
    Files,
}

impl Reach {
    fn of(state: &State, request: &HttpRequest) -> Self {
        match state.config.tls.mode {
            TlsMode::SelfSigned => Self::SelfSigned,
            TlsMode::Files { .. } => Self::Files,
            TlsMode::Off if public::origin(state, request).starts_with("https:") => Self::Proxy,
            TlsMode::Off => Self::Here,
        }
    }

    const fn word(self) -> &'static str {
        match self {
            Self::Here => "here",
            Self::Proxy => "proxy",
            Self::SelfSigned => "self-signed",
            Self::Files => "files",
        }
    }
}

/// All that the page tells besides its form.
struct View {
    progress: Progress,
    reach: Reach,
    /// Where a phone finds this box with a certificate that was made here.
    addresses: Vec<String>,
    can_call: bool,
    engines: EnginesPart,
    sets: Vec<(&'static String, &'static Set)>,
    /// The set that speaks what the desk speaks first.
    fitting: String,
    seen: Option<Seen>,
    restart: String,
}

impl View {
    fn new(desk: &Desk, state: &State, request: &HttpRequest, progress: Progress, settings: &Settings) -> Self {
        let port = request.app_config().local_addr().port();
        let names = state.authority.iter().flat_map(|authority| &authority.names);
        let speaks = settings.languages.first().copied().unwrap_or(Language::ENGLISH);
        Self {
            can_call: progress.done.contains(&SetUpStep::Models),
            progress,
            reach: Reach::of(state, request),
            addresses: names.map(|name| format!("https://{name}:{port}")).collect(),
            engines: EnginesPart::new(desk.words, state, false),
            sets: Library::of(&state.config).manifest().sets.iter().collect(),
            fitting: format!("standard-{speaks}"),
            seen: state.pulls.seen(),
            restart: state.config.serve_command(),
        }
    }

    async fn read(desk: &Desk, state: &State, request: &HttpRequest) -> Result<(Self, Stored), ApiError> {
        let stored = state.store.read(stored::stored).await?;
        let progress = Progress::read(state, request).await?;
        Ok((Self::new(desk, state, request, progress, &stored.settings), stored))
    }
}

#[derive(Template)]
#[template(path = "desk/setup.html")]
struct SetupPage {
    desk: Desk,
    form: Form,
    view: View,
    seen: Option<Seen>,
    /// The address that makes the call, where the agent can answer.
    address: Option<&'static str>,
}

impl SetupPage {
    fn new(desk: Desk, form: Form, mut view: View) -> Self {
        Self { desk, form, seen: view.seen.take(), address: view.can_call.then_some(CALL_ADDRESS), view }
    }

    // ---- for the template ----

    fn steps(&self) -> [SetUpStep; 5] {
        SetUpStep::ALL
    }

    fn title(&self, step: &SetUpStep) -> Cow<'static, str> {
        self.desk.words.word("setup", step.word())
    }

    fn state_words(&self, step: &SetUpStep) -> Cow<'static, str> {
        self.desk.words.word("setup-state", self.state_word(step))
    }

    fn state_word(&self, step: &SetUpStep) -> &'static str {
        match self.view.progress.state(*step) {
            StepState::Done => "done",
            StepState::Skipped => "skipped",
            StepState::Open => "open",
        }
    }

    fn can_skip(&self, step: &SetUpStep) -> bool {
        self.view.progress.state(*step) == StepState::Open
    }

    /// Whether its part of the page is open: the next one's, and that of what was just done or typed.
    fn is_open(&self, step: &SetUpStep) -> bool {
        let is_asked = match step {
            SetUpStep::Desk => self.form.problem.is_some() || self.form.is_overtaken,
            // There is something to be followed, or to be used.
            SetUpStep::Models => {
                self.desk.has_done("models-loading")
                    || self.seen.as_ref().is_some_and(|seen| seen.state != PullState::Stopped)
            }
            SetUpStep::Account | SetUpStep::Reach | SetUpStep::Call => false,
        };
        is_asked || self.view.progress.next() == Some(*step)
    }

    fn reach_words(&self) -> Cow<'static, str> {
        self.desk.words.word("setup-reach", self.view.reach.word())
    }

    /// What makes the call; it is loaded when the call begins.
    fn program(&self) -> String {
        assets::address("agent-call.js")
    }
}

fn form_of(words: &'static Locale, stored: &Stored) -> Form {
    Form::new(settings::desk_fields(words, &stored.settings)).of_version(stored.version)
}

/// `GET /desk/setup`
pub(super) async fn page(desk: Desk, request: HttpRequest, state: web::Data<State>) -> Result<HttpResponse, ApiError> {
    let (view, stored) = View::read(&desk, &state, &request).await?;
    let form = form_of(desk.words, &stored);
    Ok(Desk::show(&SetupPage::new(desk, form, view)))
}

/// `POST /desk/setup`: what the desk is called, where it is, what it speaks.
pub(super) async fn save(
    desk: Desk,
    request: HttpRequest,
    sent: StaffForm<Sent>,
    state: web::Data<State>,
) -> Result<HttpResponse, ApiError> {
    let (view, stored) = View::read(&desk, &state, &request).await?;
    let now = form_of(desk.words, &stored);
    let form = form_of(desk.words, &stored).typed(&sent.fields);
    let saved = settings::store(&desk, &state, &form, &sent.fields).await;
    let saved = Saved { path: saved.map(|()| PATH.to_owned()), done: "settings-saved" };
    saved.answer(desk, form, Some(&now), |desk, form| Desk::show_again(&SetupPage::new(desk, form, view)))
}

#[derive(Deserialize)]
pub(super) struct Skipped {
    step: SetUpStep,
}

/// `POST /desk/setup/skip`
pub(super) async fn skip(
    desk: Desk,
    sent: StaffForm<Skipped>,
    state: web::Data<State>,
) -> Result<HttpResponse, ApiError> {
    let step = sent.fields.step;
    note(&desk, &state, move |setup| {
        if !setup.skipped.contains(&step) {
            setup.skipped.push(step);
        }
    })
    .await?;
    Ok(Desk::go(PATH))
}

#[derive(Deserialize)]
pub(super) struct Nothing {}

/// `POST /desk/setup/finish`
pub(super) async fn finish(
    desk: Desk,
    _sent: StaffForm<Nothing>,
    state: web::Data<State>,
) -> Result<HttpResponse, ApiError> {
    note(&desk, &state, |setup| setup.is_finished = true).await?;
    Ok(Desk::see(PATH, "setup-finished"))
}

/// Keeps what cannot be seen from the desk itself.
async fn note(desk: &Desk, state: &State, noted: impl FnOnce(&mut SetUp) + Send + 'static) -> Result<(), ApiError> {
    let changed = state.store.change(desk.actor(), Timestamp::now(), move |change| {
        let mut settings = stored::read(change.transaction)?;
        noted(&mut settings.setup);
        stored::replace(change, &settings).map(drop)
    });
    Ok(changed.await?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_done_left_for_later_or_next() {
        use SetUpStep::{Account, Call, Desk, Models, Reach as ReachStep};
        let named = Settings {
            desk_name: Some("Wardour".to_owned()),
            country: "gb".parse().ok(),
            currency: "GBP".parse().ok(),
            ..Settings::default()
        };
        let skipping = |settings: &Settings, skipped: &[SetUpStep]| Settings {
            setup: SetUp { is_finished: false, skipped: skipped.to_vec() },
            ..settings.clone()
        };
        let (cold, warm) =
            (Readiness::Starting { done: 0, total: 1, what: String::new() }, Readiness::Healthy { engines: vec![] });
        for (settings, reach, readiness, has_spoken, done, next) in [
            (Settings::default(), Reach::Here, &cold, false, vec![Account], Some(Desk)),
            (named.clone(), Reach::Here, &cold, false, vec![Account, Desk], Some(ReachStep)),
            (skipping(&named, &[ReachStep]), Reach::Here, &cold, false, vec![Account, Desk], Some(Models)),
            (skipping(&named, &[Desk]), Reach::Proxy, &warm, false, vec![Account, Desk, ReachStep, Models], Some(Call)),
            (skipping(&named, &[ReachStep]), Reach::Here, &warm, true, vec![Account, Desk, Models, Call], None),
        ] {
            let progress = Progress::new(&settings, reach, readiness, has_spoken);
            assert_eq!((&progress.done, progress.next()), (&done, next), "{settings:?}");
        }
        let skipped = Progress::new(&skipping(&named, &[ReachStep]), Reach::Here, &cold, false);
        assert_eq!((skipped.state(ReachStep), skipped.state(Desk)), (StepState::Skipped, StepState::Done));
    }

    /// What is shown as an example must be one.
    #[test]
    fn what_is_to_be_written_into_the_configuration_can_be_read() {
        for example in [SELF_SIGNED, FILES] {
            toml::from_str::<toml::Table>(example).unwrap();
        }
    }
}
