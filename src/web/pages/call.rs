//! The caller's page: a name, a microphone, a call. What it does stands in `frontend/src`; here is only what the server
//! knows before the call: whether it could be answered, and whether the agent could hear.

use actix_web::{HttpResponse, web};
use askama::Template;

use super::fresh;
use crate::{
    call::readiness::{EngineKind, Readiness},
    web::{State, assets},
};

/// Where callers come; other programs link to it.
pub(in crate::web) const CALL_PATH: &str = "/callcenter/call-with-audio";

/// Everything on the page, in words; what the script says is in `frontend/src/strings.js`.
#[derive(Template)]
#[template(path = "call.html")]
struct CallPage {
    stylesheet: String,
    script: String,
    icon: String,
    licences: String,
    dev: bool,
    can: Can,
}

/// What a caller can expect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Can {
    /// To be heard and answered.
    Talk,
    /// To be answered: there is no model that hears.
    Type,
    /// To wait: the engines are being loaded.
    Wait,
    /// Nothing: there is nobody who could answer.
    Nothing,
}

pub(in crate::web) async fn call(state: web::Data<State>) -> HttpResponse {
    let can = Can::with(&state.readiness.borrow());
    fresh(&CallPage::new(can, state.config.server.dev))
}

impl CallPage {
    fn new(can: Can, dev: bool) -> Self {
        Self {
            stylesheet: assets::address("app.css"),
            script: assets::address("call.js"),
            icon: assets::address("icon.svg"),
            licences: assets::address("licences.txt"),
            dev,
            can,
        }
    }
}

impl Can {
    fn with(readiness: &Readiness) -> Self {
        match readiness {
            Readiness::Starting { .. } => Self::Wait,
            Readiness::Healthy { .. } => Self::Talk,
            Readiness::Degraded { missing, .. } => {
                let lacks = |kinds: &[EngineKind]| missing.iter().any(|it| kinds.contains(&it.kind));
                if lacks(&[EngineKind::Llm, EngineKind::Tts]) {
                    Self::Nothing
                } else if lacks(&[EngineKind::Stt, EngineKind::Vad]) {
                    Self::Type
                } else {
                    Self::Talk
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::readiness::Missing;

    #[test]
    fn says_what_a_caller_can_expect() {
        let lacking = |kinds: &[EngineKind]| Readiness::Degraded {
            missing: kinds
                .iter()
                .map(|kind| Missing { kind: *kind, what: String::new(), how: String::new() })
                .collect(),
            engines: Vec::new(),
        };
        let starting = Readiness::Starting { done: 0, total: 1, what: String::new() };
        for (readiness, can, says) in [
            (starting, Can::Wait, "still getting ready"),
            (Readiness::Healthy { engines: Vec::new() }, Can::Talk, "Start call"),
            (lacking(&[EngineKind::Turn]), Can::Talk, "Start call"),
            (lacking(&[EngineKind::Stt]), Can::Type, "cannot hear you"),
            (lacking(&[EngineKind::Stt, EngineKind::Llm]), Can::Nothing, "cannot answer calls"),
        ] {
            assert_eq!(Can::with(&readiness), can);
            let html = CallPage::new(can, true).render().unwrap();
            assert!(html.contains(says), "{can:?}: {says}");
        }
    }
}
