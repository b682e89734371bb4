//! The language of the pages: what somebody has chosen in this browser, else what the browser asks for.

use std::borrow::Cow;

use actix_web::{
    HttpRequest, HttpResponse,
    cookie::{Cookie, SameSite, time::Duration},
    http::header::{self, AcceptLanguage, Header, Preference},
};
use serde::Deserialize;

use super::login::{is_of_this_server, see};
use crate::{
    domain::Language,
    locale::Locale,
    web::{error::ApiError, form::PublicForm},
};

/// Its code. No secret, and nobody's.
const COOKIE: &str = "callstead-language";

/// The language of a visitor: what they have chosen, then what their browser asks for.
pub(in crate::web) fn wanted_language(request: &HttpRequest) -> &'static Locale {
    let chosen = request.cookie(COOKIE).and_then(|cookie: Cookie<'_>| cookie.value().parse::<Language>().ok());
    let accepted = AcceptLanguage::parse(request).map(|header| header.ranked()).unwrap_or_default();
    let accepted = accepted.into_iter().filter_map(|it| match it {
        Preference::Specific(tag) => tag.primary_language().parse().ok(),
        Preference::Any => None,
    });
    Locale::first(chosen.into_iter().chain(accepted))
}

/// The languages that a page can be had in besides its own: code, and name in its own words.
pub(super) fn other_languages(words: &'static Locale) -> Vec<(&'static str, Cow<'static, str>)> {
    let others = Locale::all().iter().filter(|it| !std::ptr::eq(*it, words));
    others.map(|it| (it.language().code(), it.text("language-name"))).collect()
}

#[derive(Deserialize)]
pub(super) struct Chosen {
    language: String,
    /// Where they were.
    next: String,
}

/// `POST /language`
pub(super) async fn choose(form: PublicForm<Chosen>) -> Result<HttpResponse, ApiError> {
    let PublicForm(Chosen { language, next }) = form;
    let language = language.parse::<Language>().ok().and_then(Locale::of).ok_or(ApiError::Form)?.language();
    let cookie = Cookie::build(COOKIE, language.code())
        .path("/")
        .http_only(true)
        .same_site(SameSite::Lax)
        .max_age(Duration::days(365))
        .finish();
    let mut response = see(if is_of_this_server(&next) { &next } else { "/" });
    if let Ok(value) = header::HeaderValue::try_from(cookie.to_string()) {
        response.headers_mut().append(header::SET_COOKIE, value);
    }
    Ok(response)
}
