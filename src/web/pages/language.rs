//! The language of the pages: what somebody has chosen in this browser, else what a member of staff has chosen in another one,
//! else what the browser asks for.

use std::borrow::Cow;

use actix_web::{
    HttpMessage, HttpRequest, HttpResponse,
    cookie::{Cookie, SameSite, time::Duration},
    http::header::{self, AcceptLanguage, Header, Preference},
    web,
};
use jiff::Timestamp;
use serde::Deserialize;

use super::login::{is_of_this_server, see};
use crate::{
    domain::Language,
    locale::Locale,
    people::UserChange,
    store::audit::Actor,
    web::{
        State,
        access::Who,
        error::ApiError,
        form::PublicForm,
        public,
        session::{self, Staff},
    },
};

/// Its code. No secret, and nobody's.
const COOKIE: &str = "callstead-language";

/// The language of a visitor: what they have chosen here, then elsewhere, then what their browser asks for.
pub(in crate::web) fn wanted_language(request: &HttpRequest) -> &'static Locale {
    let chosen = request.cookie(COOKIE).and_then(|cookie: Cookie<'_>| cookie.value().parse::<Language>().ok());
    let own = match request.extensions().get::<Who>() {
        Some(Who::Staff(staff)) => staff.language,
        _ => None,
    };
    let accepted = AcceptLanguage::parse(request).map(|header| header.ranked()).unwrap_or_default();
    let accepted = accepted.into_iter().filter_map(|it| match it {
        Preference::Specific(tag) => tag.primary_language().parse().ok(),
        Preference::Any => None,
    });
    Locale::first(chosen.into_iter().chain(own).chain(accepted))
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

/// `POST /language`: kept in the browser, and with the account of who is logged in.
pub(super) async fn choose(
    request: HttpRequest,
    form: PublicForm<Chosen>,
    state: web::Data<State>,
) -> Result<HttpResponse, ApiError> {
    let PublicForm(Chosen { language, next }) = form;
    let language = language.parse::<Language>().ok().and_then(Locale::of).ok_or(ApiError::Form)?.language();
    if let Some(staff) = session::of(&state, &request).await?.filter(|staff| staff.language != Some(language)) {
        keep(&state, &request, staff, language).await?;
    }
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

async fn keep(state: &State, request: &HttpRequest, staff: Staff, language: Language) -> Result<(), ApiError> {
    let actor = Actor::user(&staff.id, &staff.name, public::client(state, request));
    let wanted = UserChange { language: Some(Some(language.code().to_owned())), ..UserChange::default() };
    state.people.update(staff.id, wanted, None, Some(staff.session), actor, Timestamp::now()).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use actix_web::{http::header::ACCEPT_LANGUAGE, test::TestRequest};

    use super::*;
    use crate::{
        domain::{SessionId, UserId},
        store::users::Role,
    };

    #[test]
    fn the_browsers_choice_goes_before_the_accounts_and_that_before_what_is_asked_for() {
        let (en, ar) = (Some(Language::ENGLISH), Some(Language::ARABIC));
        for (cookie, own, accepted, expected) in [
            ("en", ar, "ar", en),
            ("", ar, "en", ar),
            ("", "de".parse().ok(), "ar", ar),
            ("nonsense", None, "ar-EG", ar),
            ("", None, "de", en),
        ] {
            let request = TestRequest::default()
                .insert_header((ACCEPT_LANGUAGE, accepted))
                .cookie(Cookie::new(COOKIE, cookie))
                .to_http_request();
            request.extensions_mut().insert(Who::Staff(Staff {
                id: UserId::random(),
                session: SessionId::random(),
                name: "Nadia".to_owned(),
                role: Role::Viewer,
                language: own,
            }));
            assert_eq!(Some(wanted_language(&request).language()), expected, "{cookie} {own:?} {accepted}");
        }
    }
}
