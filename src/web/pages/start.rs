//! The start page: what the box can do, and what to do next.

use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;

use super::{CALL_PATH, DESK_PATH, fresh, login::see, visitor::Visitor};
use crate::{
    call::readiness::{EngineInfo, EngineKind, Missing, Readiness},
    config::{Config, TlsMode},
    web::{AUTHORITY_PATH, State, assets, error::ApiError, session},
};

/// Everything on the page, in words.
#[derive(Template)]
#[template(path = "start.html")]
struct StartPage<'a> {
    visitor: Visitor,
    script: String,
    version: &'static str,
    dev: bool,
    /// An outside LiveKit server is set, which this version cannot use.
    outside_rooms: bool,
    /// Where the certificate lies that makes a phone trust this machine.
    authority: Option<&'static str>,
    /// `starting`, `healthy` or `degraded`, as `/api/health` says it.
    status: &'static str,
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
    /// As the words name it: `engine-verb-stt`.
    kind: &'static str,
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
    /// The key of what to do.
    what: &'static str,
    command: Option<String>,
}

/// `GET /`: who works at the desk is at home there.
pub(in crate::web) async fn start(request: HttpRequest, state: web::Data<State>) -> Result<HttpResponse, ApiError> {
    if session::of(&state, &request).await?.is_some() {
        return Ok(see(DESK_PATH));
    }
    let readiness = state.readiness.borrow().clone();
    Ok(fresh(&StartPage::new(Visitor::of(&request), &readiness, &state.config)))
}

impl<'a> StartPage<'a> {
    fn new(visitor: Visitor, readiness: &'a Readiness, config: &Config) -> Self {
        Self {
            visitor,
            script: assets::address("start.js"),
            version: env!("CARGO_PKG_VERSION"),
            dev: config.server.dev,
            outside_rooms: config.livekit.url.is_some(),
            authority: (config.tls.mode == TlsMode::SelfSigned).then_some(AUTHORITY_PATH),
            status: match readiness {
                Readiness::Starting { .. } => "starting",
                Readiness::Healthy { .. } => "healthy",
                Readiness::Degraded { .. } => "degraded",
            },
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

fn steps(readiness: &Readiness, config: &Config) -> Vec<Step> {
    let step = |what, command| Step { what, command: Some(command) };
    match readiness {
        Readiness::Starting { .. } => Vec::new(),
        Readiness::Healthy { .. } => vec![
            step("start-step-record", config.command("say \"What are your opening hours?\" -o caller.wav")),
            step("start-step-answer", config.command("converse caller.wav -o reply.wav")),
            step("start-step-chat", config.command("chat")),
            step("start-step-bench", config.command("bench engines")),
        ],
        Readiness::Degraded { missing, .. } => {
            let mut commands: Vec<&String> = Vec::new();
            for command in missing.iter().map(|it| &it.how) {
                if !commands.contains(&command) {
                    commands.push(command);
                }
            }
            let mut steps: Vec<_> =
                commands.into_iter().map(|command| step("start-step-fetch", command.clone())).collect();
            steps.push(step("start-step-again", config.serve_command()));
            steps.push(Step { what: "start-step-back", command: None });
            steps
        }
    }
}

impl<'a> EngineRow<'a> {
    fn new(kind: EngineKind, readiness: &'a Readiness) -> Self {
        let state = EngineState::of(kind, readiness);
        let kind = match kind {
            EngineKind::Vad => "vad",
            EngineKind::Stt => "stt",
            EngineKind::Turn => "turn",
            EngineKind::Llm => "llm",
            EngineKind::Tts => "tts",
        };
        Self { kind, state }
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
    use crate::domain::Language;

    fn page(readiness: &Readiness) -> String {
        let mut config = Config::defaults(Path::new("/data"));
        config.server.dev = true;
        StartPage::new(Visitor::reading(Language::ENGLISH), readiness, &config).render().unwrap()
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
            let page = StartPage::new(Visitor::reading(Language::ENGLISH), &ready, config).render().unwrap();
            assert_eq!(page.contains(text), there, "{text}");
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

    #[test]
    fn speaks_to_its_reader() {
        let config = Config::defaults(Path::new("/data"));
        let ready = Readiness::Healthy { engines: Vec::new() };
        let page = StartPage::new(Visitor::reading(Language::ARABIC), &ready, &config).render().unwrap();
        assert!(page.contains(r#"lang="ar" dir="rtl""#) && page.contains("ابدأ مكالمة"));
        assert!(page.contains(r#"name="language" value="en""#), "and back");
    }
}
