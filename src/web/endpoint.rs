//! Every address that this server answers at, and who may use it: the one list from which routes, access, refusals of wrong
//! methods, labels of metrics and the API's document are made. A handler cannot be reached but through it.

use actix_cors::Cors;
use actix_web::{
    Route,
    guard::fn_guard,
    http::{Method, header},
    middleware::{DefaultHeaders, from_fn},
    web::{self, ServiceConfig},
};

use super::{State, access, error, guard as dev, idempotency, request_id};
use crate::store::{api_keys::Scope, users::Role};

/// How long a browser may remember what another site's page may send.
const PREFLIGHT_SECONDS: usize = 600;

/// Who may use an endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Access {
    /// Everybody; or the handler itself asks for something (a token of LiveKit's, the password).
    Open,
    /// Members of staff with at least this role, and keys with this scope. Development mode asks for nothing.
    Caller(Role, Scope),
    /// As `Caller` for every member of staff; and anybody, now and then, where calls are public.
    Public(Scope),
    /// As `Caller` for every member of staff; and whoever is on this machine.
    Local(Scope),
    /// Members of staff with at least this role, and keys with this scope.
    Staff(Role, Scope),
    /// Members of staff with at least this role, in their own name: no program.
    Person(Role),
}

impl Access {
    /// Who may look at what the desk works with.
    pub(super) const READ: Self = Self::Staff(Role::Viewer, Scope::Read);
    /// Who works with leads and customers.
    pub(super) const WORK: Self = Self::Staff(Role::Agent, Scope::Desk);
    /// Who leads the desk: scripts, profiles, rules, deleting, files.
    pub(super) const LEAD: Self = Self::Staff(Role::Supervisor, Scope::Admin);
    /// Who administrates: staff, keys, settings, the audit log.
    pub(super) const ADMIN: Self = Self::Staff(Role::Admin, Scope::Admin);
}

/// An HTTP method that some endpoint has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verb {
    /// `GET` and `HEAD`.
    Get,
    Post,
    Put,
    Patch,
    Delete,
}

impl Verb {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }

    fn is(self, method: &Method) -> bool {
        method.as_str() == self.name() || (self == Self::Get && method == Method::HEAD)
    }
}

/// An address with a method.
#[derive(Clone, Copy, Debug)]
pub(super) struct Endpoint {
    pub(super) verb: Verb,
    /// As actix writes it: `/api/admin/leads/{id}`.
    pub(super) path: &'static str,
    pub(super) access: Access,
    /// Whether an `Idempotency-Key` counts ([`idempotency`]).
    pub(super) is_idempotent: bool,
    /// The handler.
    route: fn() -> Route,
}

impl Endpoint {
    const fn new(verb: Verb, path: &'static str, access: Access, route: fn() -> Route) -> Self {
        Self { verb, path, access, is_idempotent: false, route }
    }

    pub(super) const fn get(path: &'static str, access: Access, route: fn() -> Route) -> Self {
        Self::new(Verb::Get, path, access, route)
    }

    pub(super) const fn post(path: &'static str, access: Access, route: fn() -> Route) -> Self {
        Self::new(Verb::Post, path, access, route)
    }

    pub(super) const fn put(path: &'static str, access: Access, route: fn() -> Route) -> Self {
        Self::new(Verb::Put, path, access, route)
    }

    pub(super) const fn patch(path: &'static str, access: Access, route: fn() -> Route) -> Self {
        Self::new(Verb::Patch, path, access, route)
    }

    pub(super) const fn delete(path: &'static str, access: Access, route: fn() -> Route) -> Self {
        Self::new(Verb::Delete, path, access, route)
    }

    /// For what must not be done twice, such as a call: a request may be repeated with the same `Idempotency-Key`. The
    /// handler answers 5xx only when nothing was done.
    pub(super) const fn idempotent(self) -> Self {
        Self { is_idempotent: true, ..self }
    }

    /// The handler with all that comes before it. What is wrapped later is asked earlier.
    fn checked_route(&self) -> Route {
        let (verb, access) = (self.verb, self.access);
        let route = (self.route)().guard(fn_guard(move |context| verb.is(&context.head().method)));
        let route = if self.is_idempotent { route.wrap(from_fn(idempotency::once)) } else { route };
        let route = if self.is_api() { route } else { route.wrap(from_fn(error::as_page)) };
        route.wrap(from_fn(move |request, next| access::check(access, request, next)))
    }

    pub(super) fn is_api(&self) -> bool {
        self.path.starts_with("/api/")
    }
}

/// Puts all endpoints in their places.
pub(super) fn routes(config: &mut ServiceConfig, state: &State) {
    let endpoints: Vec<&Endpoint> = all().collect();
    let mut done: Vec<&str> = Vec::new();
    for endpoint in &endpoints {
        if done.contains(&endpoint.path) {
            continue;
        }
        done.push(endpoint.path);
        let here: Vec<_> = endpoints.iter().filter(|it| it.path == endpoint.path).collect();
        let mut resource = web::resource(endpoint.path);
        for endpoint in &here {
            resource = resource.route(endpoint.checked_route());
        }
        let allowed: Vec<_> = here.iter().map(|it| it.verb).collect();
        let resource =
            resource.default_service(web::route().to(move |request| error::not_allowed(request, allowed.clone())));
        if endpoint.is_api() {
            config.service(resource.wrap(not_kept()).wrap(cors(state)));
        } else {
            config.service(resource);
        }
    }
}

/// All there are, but for LiveKit's signal connections (`rtc::routes`), workers (`agent::routes`) and server API
/// (`twirp::routes`), whose guard is their token.
pub(super) fn all() -> impl Iterator<Item = &'static Endpoint> {
    let tables = [
        super::ENDPOINTS,
        super::api::ENDPOINTS,
        super::api::staff::ENDPOINTS,
        super::api::voice::ENDPOINTS,
        super::pages::ENDPOINTS,
        super::pages::desk::ENDPOINTS,
    ];
    let more = super::pages::desk::TABLES.iter().chain(super::api::admin::ENDPOINTS);
    tables.into_iter().chain(more.copied()).flatten()
}

/// What the API says is about people, or lets somebody in: nobody between keeps it, unless a handler knows better.
fn not_kept() -> DefaultHeaders {
    DefaultHeaders::new().add((header::CACHE_CONTROL, "no-store"))
}

/// Pages of the sites that are set may call the API; in development mode those of this machine too, where a front end often
/// has a server of its own. They bring a key: a session's cookie is not sent from there.
fn cors(state: &State) -> Cors {
    let config = state.config.clone();
    Cors::default()
        .allowed_origin_fn(move |origin, _| {
            let Ok(origin) = origin.to_str() else { return false };
            let is_listed = config.server.cors_origins.iter().any(|listed| listed.eq_ignore_ascii_case(origin));
            is_listed || (config.server.dev && dev::is_local_origin(origin))
        })
        .allowed_methods([Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE])
        .allowed_headers([header::AUTHORIZATION, header::CONTENT_TYPE, header::IF_MATCH])
        .allowed_header(idempotency::KEY)
        .expose_headers([header::ETAG, header::LINK, header::LOCATION, header::RETRY_AFTER])
        .expose_headers([idempotency::REPLAYED, request_id::HEADER])
        .max_age(PREFLIGHT_SECONDS)
}
