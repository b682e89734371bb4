//! What stands around every page of the desk: who looks at it, in which language, where in the desk it is, and where else one
//! can go.

use std::{
    borrow::Cow,
    future::{Ready, ready},
};

use actix_web::{
    FromRequest, HttpMessage, HttpRequest, HttpResponse,
    dev::Payload,
    http::{StatusCode, header},
    web,
};
use askama::Template;
use jiff::{Timestamp, tz::TimeZone};
use serde::Serialize;

use super::{
    super::{
        fresh, fresh_as,
        language::{other_languages, wanted_language},
        login::{page_of_form, see},
    },
    DESK_PATH, faults,
    listing::Asked,
    notice::{Done, Notice},
};
use crate::{
    locale::Locale,
    script::Fault,
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
    Part { name: "calls", path: "/desk/calls", role: Role::Viewer },
    Part { name: "leads", path: "/desk/leads", role: Role::Viewer },
    Part { name: "customers", path: "/desk/customers", role: Role::Viewer },
    Part { name: "scripts", path: "/desk/scripts", role: Role::Viewer },
    Part { name: "promises", path: "/desk/promises", role: Role::Viewer },
    Part { name: "callbacks", path: "/desk/callbacks", role: Role::Viewer },
    Part { name: "do-not-call", path: "/desk/do-not-call", role: Role::Viewer },
    Part { name: "sms", path: "/desk/sms", role: Role::Viewer },
    Part { name: "profiles", path: "/desk/profiles", role: Role::Viewer },
    Part { name: "rules", path: "/desk/rules", role: Role::Viewer },
    Part { name: "settings", path: "/desk/settings", role: Role::Admin },
    Part { name: "models", path: "/desk/models", role: Role::Admin },
    Part { name: "team", path: "/desk/team", role: Role::Admin },
    Part { name: "keys", path: "/desk/keys", role: Role::Admin },
    Part { name: "audit", path: "/desk/audit", role: Role::Admin },
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
    /// Of this page, without what follows a `?`; of the page whose form was sent.
    path: String,
    /// The same with what was asked for on it, for who comes back to it.
    address: String,
    /// What was done just now.
    notice: Notice,
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
        let path = page_of(request);
        let query = if request.method().is_safe() { request.query_string() } else { "" };
        let asked = Asked::parse(query).with(&[]);
        Self {
            words: wanted_language(request),
            token: session::form_token(state, &staff.session),
            address: if asked.is_empty() { path.clone() } else { format!("{path}?{asked}") },
            path,
            notice: Notice::read(query),
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

    /// Answers with a page whose form has something wrong in it. The browser stays at the form's own address.
    pub(super) fn show_again(page: &impl Template) -> HttpResponse {
        let mut response = fresh_as(StatusCode::UNPROCESSABLE_ENTITY, page);
        let push_url = header::HeaderName::from_static("hx-push-url");
        response.headers_mut().insert(push_url, header::HeaderValue::from_static("false"));
        response
    }

    /// Sends the browser on.
    pub(super) fn go(path: &str) -> HttpResponse {
        see(path)
    }

    /// Where the desk is in time.
    pub(super) fn zone(&self) -> &TimeZone {
        &self.zone
    }

    /// Sends the browser on, and has said there what was done: the words of `done-…`.
    pub(super) fn see(path: &str, done: &str) -> HttpResponse {
        Self::see_done(path, &Done { word: done, ..Done::default() })
    }

    /// The same with more to say, or with what takes it back.
    pub(super) fn see_done(path: &str, done: &Done<'_>) -> HttpResponse {
        see(&done.at(path))
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
    pub(super) fn notice(&self) -> Option<String> {
        self.notice.words(self.words)
    }

    /// When it was done, where whoever did it can take it back: what the form for that sends.
    pub(super) fn undo(&self) -> Option<i64> {
        self.notice.undo(Timestamp::now()).filter(|_| self.may_work())
    }

    /// This page with what is asked for on it.
    pub(super) fn address(&self) -> &str {
        &self.address
    }

    /// Whether this was done just now.
    pub(super) fn has_done(&self, what: &str) -> bool {
        self.notice.says(what)
    }

    /// The languages that this page can be had in besides its own: code, and name in its own words.
    pub(super) fn other_languages(&self) -> Vec<(&'static str, Cow<'static, str>)> {
        other_languages(self.words)
    }

    /// Where this page is, for who comes back to it.
    pub(super) fn here(&self) -> &str {
        &self.path
    }

    /// What is wrong with a script, in words.
    pub(super) fn fault(&self, fault: &Fault) -> String {
        faults::said(self.words, &fault.problem)
    }

    pub(super) fn moment(&self, at: &Timestamp) -> String {
        self.words.moment(*at, &self.zone)
    }
}

/// The path of the page that is asked for, or whose form was sent.
fn page_of(request: &HttpRequest) -> String {
    let form = if request.method().is_safe() { None } else { page_of_form(request) };
    form.unwrap_or_else(|| request.path().to_owned())
}

/// Whether `path` is `root` or below it.
fn is_within(path: &str, root: &str) -> bool {
    path.strip_prefix(root).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
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
    use actix_web::test::TestRequest;

    use super::*;

    #[test]
    fn a_form_that_is_shown_again_is_where_it_was() {
        let page = ("Referer", "http://localhost/desk/leads/new?x=1");
        for (request, expected) in [
            (TestRequest::with_uri("/desk/leads?q=a").insert_header(page), "/desk/leads"),
            (TestRequest::post().uri("/desk/leads").insert_header(page), "/desk/leads/new"),
            (TestRequest::post().uri("/desk/leads"), "/desk/leads"),
        ] {
            assert_eq!(page_of(&request.to_http_request()), expected);
        }
    }

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
