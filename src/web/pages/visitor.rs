//! What stands around the pages that are for everybody: start, log-in, welcome, and what is said when something is not there.

use std::borrow::Cow;

use actix_web::HttpRequest;

use super::language::{other_languages, wanted_language};
use crate::locale::Locale;

/// Whoever reads such a page.
pub(in crate::web) struct Visitor {
    pub(in crate::web) words: &'static Locale,
    /// Where they are, for who comes back in another language.
    here: String,
}

impl Visitor {
    pub(in crate::web) fn of(request: &HttpRequest) -> Self {
        let here =
            if request.method().is_safe() { request.uri().path_and_query().map(ToString::to_string) } else { None };
        Self { words: wanted_language(request), here: here.unwrap_or_else(|| request.path().to_owned()) }
    }

    // ---- for templates ----

    /// Short for the words of a key.
    pub(in crate::web) fn t(&self, key: &str) -> Cow<'static, str> {
        self.words.text(key)
    }

    pub(in crate::web) fn here(&self) -> &str {
        &self.here
    }

    pub(in crate::web) fn other_languages(&self) -> Vec<(&'static str, Cow<'static, str>)> {
        other_languages(self.words)
    }
}

#[cfg(test)]
impl Visitor {
    /// Somebody who reads this language, at the start page.
    pub(super) fn reading(language: crate::domain::Language) -> Self {
        Self { words: Locale::first([language]), here: "/".to_owned() }
    }
}

#[cfg(test)]
mod tests {
    use actix_web::{
        http::{Method, header::ACCEPT_LANGUAGE},
        test::TestRequest,
    };

    use super::*;

    #[test]
    fn who_chooses_a_language_comes_back_to_the_page() {
        for (method, path, language, here, code) in [
            (Method::GET, "/login?next=%2Fdesk", "ar-EG, en;q=0.5", "/login?next=%2Fdesk", "ar"),
            (Method::POST, "/login?x=1", "de", "/login", "en"),
        ] {
            let request = TestRequest::with_uri(path).method(method).insert_header((ACCEPT_LANGUAGE, language));
            let visitor = Visitor::of(&request.to_http_request());
            assert_eq!((visitor.here(), visitor.words.language().code()), (here, code));
            assert!(visitor.other_languages().iter().all(|(other, _)| *other != code));
        }
    }
}
