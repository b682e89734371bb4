//! The language of the pages, as somebody has chosen it in this browser.

use actix_web::{
    HttpResponse,
    cookie::{Cookie, SameSite, time::Duration},
    http::header,
};
use serde::Deserialize;

use super::{
    super::login::{local, see},
    DESK_PATH,
};
use crate::{
    domain::Language,
    locale::Locale,
    web::{error::ApiError, form::StaffForm},
};

/// Its code. No secret, and nobody's.
pub(super) const LANGUAGE_COOKIE: &str = "callstead-language";

#[derive(Deserialize)]
pub(super) struct Chosen {
    language: String,
    /// Where they were.
    next: String,
}

/// `POST /desk/language`
pub(super) async fn choose(form: StaffForm<Chosen>) -> Result<HttpResponse, ApiError> {
    let Chosen { language, next } = form.fields;
    let language = language.parse::<Language>().ok().and_then(Locale::of).ok_or(ApiError::Form)?.language();
    let cookie = Cookie::build(LANGUAGE_COOKIE, language.code())
        .path("/")
        .http_only(true)
        .same_site(SameSite::Lax)
        .max_age(Duration::days(365))
        .finish();
    let mut response = see(local(&next).unwrap_or(DESK_PATH));
    if let Ok(value) = header::HeaderValue::try_from(cookie.to_string()) {
        response.headers_mut().append(header::SET_COOKIE, value);
    }
    Ok(response)
}
