//! What stands around every page of the desk: who looks at it, in which language, where in the desk it is, and where else one
//! can go.

use std::{
    borrow::Cow,
    future::{Ready, ready},
};

use actix_web::{
    FromRequest, HttpMessage, HttpRequest, HttpResponse,
    cookie::Cookie,
    dev::Payload,
    http::{
        StatusCode,
        header::{self, AcceptLanguage, Header, Preference},
    },
    web,
};
use askama::Template;
use jiff::{Timestamp, tz::TimeZone};
use serde::Serialize;

use super::{
    super::{fresh, fresh_as, login::see},
    DESK_PATH,
    language::LANGUAGE_COOKIE,
};
use crate::{
    domain::Language,
    locale::Locale,
    store::{audit::Actor, users::Role},
    web::{
        State,
        access::Who,
        assets,
        error::ApiError,
        public,
        session::{self, Staff},
    },
};

/// A part of the desk, as the menu names it: `nav-leads`.
struct Part {
    name: &'static str,
    path: &'static str,
    /// Who may open it.
    role: Role,
}

/// The menu.
const PARTS: &[Part] = &[
    Part { name: "dashboard", path: DESK_PATH, role: Role::Viewer },
    Part { name: "leads", path: "/desk/leads", role: Role::Viewer },
    Part { name: "scripts", path: "/desk/scripts", role: Role::Viewer },
    Part { name: "profiles", path: "/desk/profiles", role: Role::Viewer },
    Part { name: "rules", path: "/desk/rules", role: Role::Viewer },
];

/// A link of the menu.
pub(super) struct Link<'a> {
    pub(super) words: Cow<'a, str>,
    pub(super) path: &'static str,
    pub(super) is_here: bool,
}

/// See the module.
pub(super) struct Desk {
    pub(super) staff: Staff,
    pub(super) words: &'static Locale,
    /// What a form carries, so that no page of another site can send it.
    pub(super) token: String,
    /// Of this page, without what follows a `?`.
    path: String,
    /// What was done just now: the word after `?done=`.
    done: Option<String>,
    zone: TimeZone,
    actor: Actor,
}

impl FromRequest for Desk {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let state = request.app_data::<web::Data<State>>().expect("the application has its state");
        let who = request.extensions().get::<Who>().cloned();
        ready(match who {
            Some(Who::Staff(staff)) => Ok(Self::new(state, request, staff)),
            _ => Err(ApiError::NoSession),
        })
    }
}

impl Desk {
    fn new(state: &State, request: &HttpRequest, staff: Staff) -> Self {
        let mut query = url::form_urlencoded::parse(request.query_string().as_bytes());
        Self {
            words: wanted_language(request),
            token: session::form_token(state, &staff.session),
            path: request.path().to_owned(),
            done: query.find(|(name, _)| name == "done").map(|(_, value)| value.into_owned()),
            zone: TimeZone::system(),
            actor: Actor::user(&staff.id, &staff.name, public::client(state, request)),
            staff,
        }
    }

    /// In whose name something is changed.
    pub(super) fn actor(&self) -> Actor {
        self.actor.clone()
    }

    /// Answers with a page.
    pub(super) fn show(page: &impl Template) -> HttpResponse {
        fresh(page)
    }

    /// Answers with a page whose form has something wrong in it.
    pub(super) fn show_again(page: &impl Template) -> HttpResponse {
        fresh_as(StatusCode::UNPROCESSABLE_ENTITY, page)
    }

    /// Sends the browser on, and has said there what was done: the words of `done-…`.
    pub(super) fn see(path: &str, done: &str) -> HttpResponse {
        let mark = if path.contains('?') { '&' } else { '?' };
        see(&format!("{path}{mark}done={done}"))
    }

    // ---- for templates ----

    pub(super) fn stylesheet(&self) -> String {
        assets::address("app.css")
    }

    pub(super) fn desk_stylesheet(&self) -> String {
        assets::address("desk.css")
    }

    pub(super) fn script(&self) -> String {
        assets::address("desk.js")
    }

    pub(super) fn icon(&self) -> String {
        assets::address("icon.svg")
    }

    /// Short for the words of a key.
    pub(super) fn t(&self, key: &str) -> Cow<'static, str> {
        self.words.text(key)
    }

    pub(super) fn is_at_least(&self, role: Role) -> bool {
        self.staff.role >= role
    }

    /// Whether they may change leads, customers and calls.
    pub(super) fn may_work(&self) -> bool {
        self.is_at_least(Role::Agent)
    }

    /// Whether they may change scripts, profiles and rules, and delete.
    pub(super) fn may_lead(&self) -> bool {
        self.is_at_least(Role::Supervisor)
    }

    pub(super) fn menu(&self) -> Vec<Link<'_>> {
        let here = PARTS.iter().filter(|part| is_within(&self.path, part.path)).max_by_key(|part| part.path.len());
        let here = here.map(|part| part.path);
        let open = PARTS.iter().filter(|part| self.is_at_least(part.role));
        let link = |part: &'static Part| Link {
            words: Cow::Owned(self.words.text(&format!("nav-{}", part.name)).into_owned()),
            path: part.path,
            is_here: here == Some(part.path),
        };
        open.map(link).collect()
    }

    /// What was done just now, in words.
    pub(super) fn notice(&self) -> Option<Cow<'_, str>> {
        let key = format!("done-{}", self.done.as_deref()?);
        self.words.has(&key).then(|| Cow::Owned(self.words.text(&key).into_owned()))
    }

    /// The pages' languages, each in its own words, and whether it is this one's.
    pub(super) fn languages(&self) -> Vec<(&'static str, Cow<'static, str>, bool)> {
        let name = |it: &'static Locale| (it.language().code(), it.text("language-name"), std::ptr::eq(it, self.words));
        Locale::all().iter().map(name).collect()
    }

    /// Where this page is, for who comes back to it.
    pub(super) fn here(&self) -> &str {
        &self.path
    }

    pub(super) fn moment(&self, at: &Timestamp) -> String {
        self.words.moment(*at, &self.zone)
    }
}

/// Whether `path` is `root` or below it.
fn is_within(path: &str, root: &str) -> bool {
    path.strip_prefix(root).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// The language of a visitor: what they have chosen, then what their browser asks for.
pub(in crate::web) fn wanted_language(request: &HttpRequest) -> &'static Locale {
    let chosen = request.cookie(LANGUAGE_COOKIE).and_then(|cookie: Cookie<'_>| cookie.value().parse::<Language>().ok());
    let accepted = AcceptLanguage::parse(request).map(|header| header.ranked()).unwrap_or_default();
    let accepted = accepted.into_iter().filter_map(|it| match it {
        Preference::Specific(tag) => tag.primary_language().parse().ok(),
        Preference::Any => None,
    });
    Locale::first(chosen.into_iter().chain(accepted))
}

#[derive(Serialize)]
struct Token {
    token: String,
}

/// `GET /desk/form-token`: for a page whose session ended, and whose reader has logged in again on it.
pub(super) async fn token(desk: Desk) -> HttpResponse {
    HttpResponse::Ok().insert_header((header::CACHE_CONTROL, "no-store")).json(Token { token: desk.token })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_of_the_desk_is_all_below_it() {
        for (path, root, expected) in [
            ("/desk/leads", "/desk/leads", true),
            ("/desk/leads/LE_1", "/desk/leads", true),
            ("/desk/leadsx", "/desk/leads", false),
            ("/desk", "/desk/leads", false),
        ] {
            assert_eq!(is_within(path, root), expected, "{path} {root}");
        }
    }
}
