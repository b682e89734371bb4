//! Sessions of members of staff as a browser holds them: the cookie, what shows that a request comes from a page of ours, and
//! who is behind both.
//!
//! Over TLS the cookie is `__Host-callstead`: a browser sends it to this host only, over TLS only, and takes it from nobody
//! else (RFC 6265bis, section 4.1.3.2). On this machine in the clear it is `callstead-session`.

use std::time::Instant;

use actix_web::{
    HttpRequest, HttpResponse,
    http::header::{self, HeaderValue},
};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};

use super::{State, error::ApiError, public};
use crate::{
    domain::{Language, SessionId, UserId},
    people::{People, Visit},
    store::{self, Purpose, RandomSecret, users::Role},
};

const SECURE_NAME: &str = "__Host-callstead";
const PLAIN_NAME: &str = "callstead-session";

/// A member of staff who is logged in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Staff {
    pub(super) id: UserId,
    pub(super) session: SessionId,
    pub(super) name: String,
    pub(super) role: Role,
    /// What they read the pages in, where their browser has no choice of its own.
    pub(super) language: Option<Language>,
}

/// Who is logged in; `None`: nobody, or not any more.
///
/// # Errors
/// When the database fails.
pub(super) async fn of(state: &State, request: &HttpRequest) -> Result<Option<Staff>, ApiError> {
    let Some(secret) = secret(is_tls(state, request), request) else { return Ok(None) };
    let found = state.people.session(secret, store::now()).await?;
    Ok(found.map(|(session, user)| Staff {
        language: user.language.and_then(|code| code.parse().ok()),
        id: user.id,
        session: session.id,
        name: user.name,
        role: user.role,
    }))
}

/// Sees whether a session goes on while something is sent to its browser bit by bit.
pub(super) struct Watch {
    people: People,
    secret: RandomSecret,
}

impl Watch {
    /// Of the session that sends this request.
    ///
    /// # Errors
    /// When there is none.
    pub(super) fn of(state: &State, request: &HttpRequest) -> Result<Self, ApiError> {
        let secret = secret(is_tls(state, request), request).ok_or(ApiError::NoSession)?;
        Ok(Self { people: state.people.clone(), secret })
    }

    /// Whether it does; where the database does not say, it does not.
    pub(super) async fn goes_on(&self) -> bool {
        self.people.is_alive(self.secret.clone(), store::now()).await.unwrap_or_else(|error| {
            tracing::error!(%error, "asking the database whether a session goes on");
            false
        })
    }
}

/// Whether a browser sends this from a page of ours: it says where from, and nobody can make it say something else
/// (Fetch Metadata; `Origin`, RFC 6454).
pub(super) fn is_from_our_page(state: &State, request: &HttpRequest) -> bool {
    says_from_where(state, request) == Some(true)
}

/// Whether it is said that this comes from a page of somebody else. Programs say nothing.
pub(super) fn is_from_foreign_page(state: &State, request: &HttpRequest) -> bool {
    says_from_where(state, request) == Some(false)
}

fn says_from_where(state: &State, request: &HttpRequest) -> Option<bool> {
    let text = |name: &str| Some(request.headers().get(name)?.to_str().unwrap_or_default());
    match text("sec-fetch-site") {
        Some(site) => Some(site == "same-origin"),
        None => text(header::ORIGIN.as_str()).map(|origin| origin == public::origin(state, request)),
    }
}

/// From where and when this request comes.
pub(super) fn visit(state: &State, request: &HttpRequest) -> Visit {
    let agent = request.headers().get(header::USER_AGENT).and_then(|value| value.to_str().ok());
    Visit {
        from: public::client(state, request),
        agent: agent.unwrap_or_default().to_owned(),
        at: store::now(),
        clock: Instant::now(),
    }
}

/// Tells a browser what to send along from now on; `None`: nothing any more.
pub(super) fn with_cookie(
    mut response: HttpResponse,
    state: &State,
    request: &HttpRequest,
    secret: Option<&RandomSecret>,
) -> HttpResponse {
    let cookie = HeaderValue::try_from(set_cookie(is_tls(state, request), secret));
    let cookie = cookie.expect("its letters may all stand in a header");
    response.headers_mut().insert(header::SET_COOKIE, cookie);
    response
}

/// Without an end it goes with the browser; the server ends it earlier.
fn set_cookie(is_tls: bool, secret: Option<&RandomSecret>) -> String {
    let name = name(is_tls);
    let secure = if is_tls { "; Secure" } else { "" };
    let (value, end) = match secret {
        Some(secret) => (secret.reveal(), ""),
        None => (String::new(), "; Max-Age=0"),
    };
    format!("{name}={value}; Path=/; HttpOnly; SameSite=Lax{secure}{end}")
}

/// Whether a browser has a session, perhaps one that is over.
pub(super) fn is_held(request: &HttpRequest) -> bool {
    [true, false].into_iter().any(|is_tls| secret(is_tls, request).is_some())
}

fn secret(is_tls: bool, request: &HttpRequest) -> Option<RandomSecret> {
    let cookies = request.headers().get_all(header::COOKIE).filter_map(|value| value.to_str().ok());
    let mut pairs = cookies.flat_map(|value| value.split(';')).filter_map(|pair| pair.trim().split_once('='));
    let (_, value) = pairs.find(|(name, _)| *name == self::name(is_tls))?;
    RandomSecret::parse(value)
}

/// Over TLS the other name does not count: a page that came in the clear could have set it.
const fn name(is_tls: bool) -> &'static str {
    if is_tls { SECURE_NAME } else { PLAIN_NAME }
}

/// Whether the browser's side of the connection is TLS, here or at a proxy that is trusted.
fn is_tls(state: &State, request: &HttpRequest) -> bool {
    public::origin(state, request).starts_with("https:")
}

/// What a form of ours carries in this session, so that no other page can send one in its owner's name.
pub(super) fn form_token(state: &State, session: &SessionId) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(state.store.vault().digest(Purpose::Form, session.as_str()))
}

/// Whether a form carries it.
pub(super) fn is_form_token(state: &State, session: &SessionId, token: &str) -> bool {
    let token = BASE64_URL_SAFE_NO_PAD.decode(token);
    token.is_ok_and(|token| state.store.vault().is_digest(Purpose::Form, session.as_str(), &token))
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    #[test]
    fn the_cookie_is_for_this_host_and_not_for_scripts() {
        let secret = RandomSecret::random();
        let value = secret.reveal();
        for (is_tls, secret, expected) in [
            (true, Some(&secret), format!("__Host-callstead={value}; Path=/; HttpOnly; SameSite=Lax; Secure")),
            (false, Some(&secret), format!("callstead-session={value}; Path=/; HttpOnly; SameSite=Lax")),
            (true, None, "__Host-callstead=; Path=/; HttpOnly; SameSite=Lax; Secure; Max-Age=0".to_owned()),
        ] {
            assert_eq!(set_cookie(is_tls, secret), expected);
        }
    }

    #[test]
    fn only_the_right_cookie_is_read() {
        let value = RandomSecret::random();
        let text = value.reveal();
        for (header, tls, plain) in [
            (format!("a=b; __Host-callstead={text}"), true, false),
            (format!("callstead-session={text};c"), false, true),
            (format!("callstead-session={text}; __Host-callstead={text}"), true, true),
            (format!("x__Host-callstead={text}"), false, false),
            ("__Host-callstead=nonsense".to_owned(), false, false),
            (String::new(), false, false),
        ] {
            let request = TestRequest::default().insert_header(("cookie", header.as_str())).to_http_request();
            assert_eq!(secret(true, &request).is_some(), tls, "{header}");
            assert_eq!(secret(false, &request).is_some(), plain, "{header}");
        }
    }
}
