//! The start page: what the box can do, and what to do next.

use actix_web::{HttpResponse, web};
use askama::Template;

use super::{CALL_PATH, fresh};
use crate::{
    call::readiness::{EngineInfo, EngineKind, Missing, Readiness},
    config::{Config, TlsMode},
    web::{AUTHORITY_PATH, State, assets},
};

/// Everything on the page, in words.
#[derive(Template)]
#[template(path = "start.html")]
struct StartPage<'a> {
    stylesheet: String,
    script: String,
    icon: String,
    version: &'static str,
    dev: bool,
    /// An outside LiveKit server is set, which this version cannot use.
    outside_rooms: bool,
    /// Where the certificate lies that makes a phone trust this machine.
    authority: Option<&'static str>,
    /// `starting`, `healthy` or `degraded`, as `/api/health` says it.
    status: &'static str,
    title: &'static str,
    lead: &'static str,
    call: &'static str,
    progress: Option<Progress<'a>>,
    engines: Vec<EngineRow<'a>>,
    steps: Vec<Step>,
}

struct Progress<'a> {
    done: usize,
    total: usize,
    what: &'a str,
}

/// One of the engines that a call needs.
struct EngineRow<'a> {
    verb: &'static str,
    job: &'static str,
    state: EngineState<'a>,
}

enum EngineState<'a> {
    Ready(&'a str),
    Missing(&'a str),
    Waiting,
    /// Nothing is known of it, and nothing is wanted.
    Unused,
}

/// Something to do, and the command that does it.
struct Step {
    what: &'static str,
    command: Option<String>,
}

pub(in crate::web) async fn start(state: web::Data<State>) -> HttpResponse {
    let readiness = state.readiness.borrow().clone();
    fresh(&StartPage::new(&readiness, &state.config))
}

impl<'a> StartPage<'a> {
    fn new(readiness: &'a Readiness, config: &Config) -> Self {
        let (status, title, lead) = headline(readiness);
        Self {
            stylesheet: assets::address("app.css"),
            script: assets::address("start.js"),
            icon: assets::address("icon.svg"),
            version: env!("CARGO_PKG_VERSION"),
            dev: config.server.dev,
            outside_rooms: config.livekit.url.is_some(),
            authority: (config.tls.mode == TlsMode::SelfSigned).then_some(AUTHORITY_PATH),
            status,
            title,
            lead,
            call: CALL_PATH,
            progress: match readiness {
                Readiness::Starting { done, total, what } => Some(Progress { done: *done, total: *total, what }),
                Readiness::Healthy { .. } | Readiness::Degraded { .. } => None,
            },
            engines: EngineKind::ALL.map(|kind| EngineRow::new(kind, readiness)).into(),
            steps: steps(readiness, config),
        }
    }
}

fn headline(readiness: &Readiness) -> (&'static str, &'static str, &'static str) {
    match readiness {
        Readiness::Starting { .. } => {
            ("starting", "Getting ready", "The engines are being loaded. This page follows along by itself.")
        }
        Readiness::Healthy { .. } => {
            ("healthy", "Ready", "It hears, thinks and speaks on this machine; nothing leaves the box.")
        }
        Readiness::Degraded { .. } => (
            "degraded",
            "Not ready for calls yet",
            "The server runs, but models are missing. The steps below bring them.",
        ),
    }
}

fn steps(readiness: &Readiness, config: &Config) -> Vec<Step> {
    let step = |what, command| Step { what, command: Some(command) };
    match readiness {
        Readiness::Starting { .. } => Vec::new(),
        Readiness::Healthy { .. } => vec![
            step("Make a recording of a caller", config.command("say \"What are your opening hours?\" -o caller.wav")),
            step("Answer it with a recording", config.command("converse caller.wav -o reply.wav")),
            step("Talk with the agent by keyboard", config.command("chat")),
            step("Measure what this machine can do", config.command("bench engines")),
        ],
        Readiness::Degraded { missing, .. } => {
            let mut commands: Vec<&String> = Vec::new();
            for command in missing.iter().map(|it| &it.how) {
                if !commands.contains(&command) {
                    commands.push(command);
                }
            }
            let mut steps: Vec<_> =
                commands.into_iter().map(|command| step("Fetch what is missing", command.clone())).collect();
            steps.push(step("Start the server again (Ctrl-C stops the one that runs)", config.serve_command()));
            steps.push(Step { what: "Come back here: this page notices by itself", command: None });
            steps
        }
    }
}

impl<'a> EngineRow<'a> {
    fn new(kind: EngineKind, readiness: &'a Readiness) -> Self {
        let (verb, job) = match kind {
            EngineKind::Vad => ("Listens", "tells speech from silence"),
            EngineKind::Stt => ("Hears", "turns speech into text"),
            EngineKind::Turn => ("Takes turns", "knows when a caller has finished"),
            EngineKind::Llm => ("Thinks", "finds the answer"),
            EngineKind::Tts => ("Speaks", "turns text into speech"),
        };
        Self { verb, job, state: EngineState::of(kind, readiness) }
    }
}

impl<'a> EngineState<'a> {
    fn of(kind: EngineKind, readiness: &'a Readiness) -> Self {
        let ready = |engines: &'a [EngineInfo]| engines.iter().find(|engine| engine.kind == kind);
        let lacking = |missing: &'a [Missing]| missing.iter().find(|it| it.kind == kind);
        match readiness {
            Readiness::Starting { .. } => Self::Waiting,
            Readiness::Healthy { engines } => ready(engines).map_or(Self::Unused, |it| Self::Ready(&it.name)),
            Readiness::Degraded { missing, engines } => match (lacking(missing), ready(engines)) {
                (Some(it), _) => Self::Missing(&it.what),
                (None, Some(it)) => Self::Ready(&it.name),
                (None, None) => Self::Unused,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn page(readiness: &Readiness) -> String {
        let mut config = Config::defaults(Path::new("/data"));
        config.server.dev = true;
        StartPage::new(readiness, &config).render().unwrap()
    }

    #[test]
    fn tells_what_is_set_and_not_as_one_might_think() {
        let ready = Readiness::Healthy { engines: Vec::new() };
        let plain = Config::defaults(Path::new("/data"));
        let mut config = plain.clone();
        config.livekit.url = Some("wss://livekit.example.com".to_owned());
        config.tls.mode = TlsMode::SelfSigned;
        for (text, config, there) in [
            ("LIVEKIT_URL", &config, true),
            ("LIVEKIT_URL", &plain, false),
            (r#"href="/ca.crt""#, &config, true),
            (r#"href="/ca.crt""#, &plain, false),
        ] {
            assert_eq!(StartPage::new(&ready, config).render().unwrap().contains(text), there, "{text}");
        }
    }

    #[test]
    fn says_what_is_missing_and_how_to_get_it_once() {
        let missing =
            |kind, what: &str| Missing { kind, what: what.to_owned(), how: "callstead models pull <x>".to_owned() };
        let html = page(&Readiness::Degraded {
            missing: vec![missing(EngineKind::Stt, "no ears"), missing(EngineKind::Llm, "no brain")],
            engines: vec![EngineInfo { kind: EngineKind::Tts, name: "espeak <en>".to_owned() }],
        });
        for text in ["no ears", "no brain", "espeak &#60;en&#62;", "serve --dev", "Development mode"] {
            assert!(html.contains(text), "{text}");
        }
        assert_eq!(html.matches(r#"data-copy="callstead models pull &#60;x&#62;""#).count(), 1);
    }

    #[test]
    fn follows_the_start_and_then_offers_what_to_try() {
        let starting = Readiness::Starting { done: 1, total: 3, what: "loading whisper".to_owned() };
        let html = page(&starting);
        assert!(html.contains(r#"<progress value="1" max="3""#) && html.contains("loading whisper"));
        let html = page(&Readiness::Healthy { engines: Vec::new() });
        assert!(html.contains(CALL_PATH) && html.contains("/data chat") && !html.contains("<progress"));
    }
}
