//! The caller's page: a language, a name, a microphone, a call. What it does stands in `frontend/src`; here is only what the
//! server knows before the call: whether it could be answered, whether the agent could hear, and which languages there are.

mod words;

use actix_web::{
    HttpRequest, HttpResponse,
    http::header::{AcceptLanguage, Header, Preference},
    web,
};
use askama::Template;

use super::fresh;
use crate::{
    call::readiness::{EngineKind, Readiness},
    domain::Language,
    web::{State, assets},
};
use words::Words;

/// Where callers come; other programs link to it.
pub(in crate::web) const CALL_PATH: &str = "/callcenter/call-with-audio";

/// Everything on the page, in words.
#[derive(Template)]
#[template(path = "call.html")]
struct CallPage {
    script: String,
    licences: String,
    dev: bool,
    can: Can,
    words: &'static Words,
    /// Of the words.
    language: Language,
    /// What callers may choose from.
    languages: Vec<Language>,
    /// What is chosen unless they do.
    chosen: Option<Language>,
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

pub(in crate::web) async fn call(request: HttpRequest, state: web::Data<State>) -> HttpResponse {
    let can = Can::with(&state.readiness.borrow());
    let dev = state.config.server.dev;
    fresh(&CallPage::new(can, dev, &Wanted::of(&request), state.desk.languages()))
}

impl CallPage {
    /// The page is in the language that the address asks for. Without one, it is in that which will be spoken, if it can be: the
    /// first of the browser's that is among `languages`.
    fn new(can: Can, dev: bool, wanted: &Wanted, languages: Vec<Language>) -> Self {
        let asked = wanted.asked.into_iter();
        let accepted = wanted.accepted.iter().copied();
        let mut all = asked.clone().chain(accepted.clone());
        let chosen = all.find(|it| languages.contains(it)).or(languages.first().copied());
        let mut candidates = asked.chain(chosen).chain(accepted).chain([Language::ENGLISH]);
        let (language, words) = candidates
            .find_map(|language| Some((language, Words::of(language)?)))
            .expect("the page is written in English");
        Self {
            script: assets::address("call.js"),
            licences: assets::address("licences.txt"),
            dev,
            can,
            words,
            language,
            languages,
            chosen,
        }
    }

    fn is_chosen(&self, language: &Language) -> bool {
        self.chosen.as_ref() == Some(language)
    }
}

/// What a visitor wants to read and speak.
struct Wanted {
    /// In the address (`?lang=ar`): whoever made a link to this page knew for whom, or the visitor has chosen.
    asked: Option<Language>,
    /// The browser's, the most wanted first.
    accepted: Vec<Language>,
}

impl Wanted {
    fn of(request: &HttpRequest) -> Self {
        let mut parameters = url::form_urlencoded::parse(request.query_string().as_bytes());
        let asked = parameters.find(|(name, _)| name == "lang").and_then(|(_, value)| value.parse().ok());
        let accepted = AcceptLanguage::parse(request).map(|header| header.ranked()).unwrap_or_default();
        let accepted = accepted.into_iter().filter_map(|it| match it {
            Preference::Specific(tag) => tag.primary_language().parse().ok(),
            Preference::Any => None,
        });
        Self { asked, accepted: accepted.collect() }
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
    use actix_web::{http::header::ACCEPT_LANGUAGE, test::TestRequest};

    use super::*;
    use crate::call::readiness::Missing;

    const BOTH: [Language; 2] = [Language::ENGLISH, Language::ARABIC];

    #[test]
    fn the_address_goes_before_the_browser_and_both_before_the_box() {
        let codes = |languages: &[Language]| languages.iter().map(|it| it.code()).collect::<Vec<_>>().join(" ");
        for (query, header, asked, accepted, of_page, chosen) in [
            ("", "", "", "", "en", "en"),
            ("", "ar-JO, en;q=0.5", "", "ar en", "ar", "ar"),
            ("", "de, ar;q=0.1, *;q=0.5", "", "de ar", "ar", "ar"),
            ("?lang=ar", "en", "ar", "en", "ar", "ar"),
            ("?lang=en&lang=ar", "ar", "en", "ar", "en", "en"),
            ("?lang=%ff%3Cb%3E", "fr, 7;q=x", "", "fr", "en", "en"),
        ] {
            let request = TestRequest::with_uri(&format!("/{query}")).insert_header((ACCEPT_LANGUAGE, header));
            let wanted = Wanted::of(&request.to_http_request());
            assert_eq!(
                (codes(wanted.asked.as_slice()), codes(&wanted.accepted)),
                (asked.into(), accepted.into()),
                "{query}"
            );
            let page = CallPage::new(Can::Talk, false, &wanted, BOTH.into());
            assert_eq!((page.language.code(), page.chosen.map(Language::code)), (of_page, Some(chosen)), "{header}");
        }
    }

    #[test]
    fn a_page_is_in_the_language_that_will_be_spoken() {
        let [english, arabic] = BOTH;
        let german: Language = "de".parse().unwrap();
        let selected = |code: &str| format!(r#"<option value="{code}" lang="{code}" selected>"#);
        let html = |code: &str, dir: &str| format!(r#"<html lang="{code}" dir="{dir}">"#);
        let named = "اسمك".to_owned();
        for (asked, accepted, offered, of_page, shown) in [
            (None, vec![arabic], vec![english, arabic], arabic, selected("ar")),
            (None, vec![arabic], vec![english, arabic], arabic, html("ar", "rtl")),
            (None, vec![german, arabic], vec![english, german], arabic, selected("de")),
            (None, vec![arabic], vec![english], english, html("en", "ltr")),
            (None, vec![arabic], vec![], arabic, named.clone()),
            // Somebody was invited whose language no profile speaks by itself: the agent speaks it with them.
            (Some(arabic), vec![english], vec![english], arabic, named),
            (Some(arabic), vec![english], vec![english, german], arabic, selected("en")),
            (Some(german), vec![arabic], vec![english, german], arabic, selected("de")),
            (Some(german), vec![], vec![english], english, html("en", "ltr")),
        ] {
            let wanted = Wanted { asked, accepted };
            let page = CallPage::new(Can::Talk, false, &wanted, offered.clone());
            let html = page.render().unwrap();
            assert_eq!(page.language, of_page, "{asked:?} {:?} {offered:?}", wanted.accepted);
            assert!(html.contains(&shown), "{shown}");
            assert_eq!(html.contains("<select id=\"language\""), offered.len() > 1);
        }
    }

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
            let html =
                CallPage::new(can, true, &Wanted { asked: None, accepted: Vec::new() }, Vec::new()).render().unwrap();
            assert!(html.contains(says), "{can:?}: {says}");
        }
    }
}
