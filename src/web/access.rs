//! Who asks, and whether they may. Every request to an endpoint comes through [`check`] before its handler, and before its
//! body is read.
//!
//! A program shows a key, a member of staff a session's cookie. What a cookie may change must come from a page of ours: a
//! browser sends it along whichever page asks. In development mode callers' endpoints ask for nothing, the desk's own
//! still do.

use std::net::IpAddr;

use actix_web::{
    Error, FromRequest, HttpMessage, HttpRequest,
    body::{EitherBody, MessageBody},
    dev::{Payload, ServiceRequest, ServiceResponse},
    http::header,
    middleware::Next,
    web,
};
use futures_util::future::{Ready, ready};

use super::{State, endpoint::Access, error::ApiError, guard, public, session};
use crate::store::{
    api_keys::{ApiKey, KeySecret},
    audit::Actor,
    settings,
    users::Role,
};

/// Who asks.
#[derive(Clone, Debug)]
pub(super) enum Who {
    /// Nobody in particular.
    Anybody,
    /// Whoever sits at this machine, in development mode.
    Developer,
    /// A program.
    Key(ApiKey),
    /// A member of staff.
    Staff(session::Staff),
}

impl Who {
    /// As the audit log has it.
    pub(super) fn actor(&self, origin: Option<IpAddr>) -> Actor {
        match self {
            Self::Anybody => Actor { origin, ..Actor::system() },
            Self::Developer => Actor { origin, ..Actor::console() },
            Self::Key(key) => Actor::key(&key.id, &key.name, origin),
            Self::Staff(staff) => Actor::user(&staff.id, &staff.name, origin),
        }
    }

    /// Whether what they ask for is honoured: their own choice of a room, for one.
    pub(super) fn is_trusted(&self) -> bool {
        match self {
            Self::Anybody => false,
            Self::Developer | Self::Key(_) => true,
            // Who only looks has no business in other people's calls.
            Self::Staff(staff) => staff.role >= Role::Agent,
        }
    }
}

impl FromRequest for Who {
    type Error = Error;
    type Future = Ready<Result<Self, Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let who = request.extensions().get::<Self>().cloned();
        ready(Ok(who.unwrap_or(Self::Anybody)))
    }
}

/// Lets a request pass to its handler when it may.
pub(super) async fn check<B: MessageBody>(
    access: Access,
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>, Error> {
    match admit(access, request.request()).await {
        Ok(who) => {
            request.extensions_mut().insert(who);
            Ok(next.call(request).await?.map_into_left_body())
        }
        Err(error) => {
            let response = super::error::refused(request.request(), access, &error);
            Ok(request.into_response(response).map_into_right_body())
        }
    }
}

async fn admit(access: Access, request: &HttpRequest) -> Result<Who, ApiError> {
    let state = request.app_data::<web::Data<State>>().expect("the application has its state");
    let who = match access {
        Access::Open => Ok(Who::Anybody),
        _ => identify(state, request).await,
    };
    // Who tries keys out is known by the address, too.
    within_limits(state, request, who.as_ref().unwrap_or(&Who::Anybody))?;
    let who = match (who?, access) {
        (Who::Anybody, Access::Caller(..) | Access::Public(_) | Access::Local(_)) if state.config.server.dev => {
            Who::Developer
        }
        (Who::Anybody, Access::Local(_)) if guard::is_from_this_machine(state, request) => return Ok(Who::Anybody),
        (Who::Anybody, Access::Public(_)) if calls_are_public(state).await? => {
            // Who cannot be told from others is no visitor.
            let from = public::client(state, request).ok_or(ApiError::NoKey)?;
            return state.limits.visitor(from).map(|()| Who::Anybody).map_err(ApiError::TooManyCalls);
        }
        (who, _) => who,
    };
    may(&who, access)?;
    Ok(who)
}

/// Whether callers need no key: as the configuration says, or else the desk's administrators.
async fn calls_are_public(state: &State) -> Result<bool, ApiError> {
    match state.config.server.public_calls {
        Some(is_public) => Ok(is_public),
        None => Ok(state.store.read(settings::read).await?.public_calls),
    }
}

/// In development mode all clients are on this machine, which has its programs under control.
fn within_limits(state: &State, request: &HttpRequest, who: &Who) -> Result<(), ApiError> {
    let checked = match who {
        _ if state.config.server.dev => Ok(()),
        Who::Key(key) => state.limits.known(key.id.as_str()),
        Who::Staff(staff) => state.limits.known(staff.id.as_str()),
        Who::Anybody | Who::Developer => {
            warn_of_proxy(state, request);
            public::client(state, request).map_or(Ok(()), |from| state.limits.address(from))
        }
    };
    checked.map_err(ApiError::TooOften)
}

/// Its clients have one allowance together, which nobody would guess from a 429.
fn warn_of_proxy(state: &State, request: &HttpRequest) {
    let Some(proxy) = public::unlisted_proxy(state, request) else { return };
    if state.limits.is_news(proxy) {
        tracing::warn!(
            proxy.address = %proxy,
            "requests come through a proxy that is not listed, and all of its clients count as one: if it is yours, put its \
             address into server.trusted_proxies (CALLSTEAD_TRUSTED_PROXIES)"
        );
    }
}

/// Whether they may, once it is known who they are.
pub(super) fn may(who: &Who, access: Access) -> Result<(), ApiError> {
    match (access, who) {
        (Access::Open, _)
        | (Access::Caller(..) | Access::Public(_) | Access::Local(_), Who::Developer)
        | (Access::Public(_) | Access::Local(_), Who::Staff(_)) => Ok(()),
        (
            Access::Caller(_, scope) | Access::Public(scope) | Access::Local(scope) | Access::Staff(_, scope),
            Who::Key(key),
        ) => {
            if key.may(scope) {
                Ok(())
            } else {
                Err(ApiError::Scope(scope))
            }
        }
        (Access::Caller(role, _) | Access::Staff(role, _) | Access::Person(role), Who::Staff(staff)) => {
            if staff.role >= role { Ok(()) } else { Err(ApiError::Role(role)) }
        }
        (Access::Person(_), Who::Key(_)) => Err(ApiError::OnlyPersons),
        (Access::Person(_), _) => Err(ApiError::NoSession),
        (Access::Caller(..) | Access::Public(_) | Access::Local(_) | Access::Staff(..), _) => Err(ApiError::NoKey),
    }
}

/// A key that is wrong is not passed over, whatever else there is.
async fn identify(state: &State, request: &HttpRequest) -> Result<Who, ApiError> {
    if request.headers().contains_key(header::AUTHORIZATION) {
        let secret = KeySecret::parse(bearer(request)?).ok_or(ApiError::UnknownKey)?;
        let key = state.api_keys.find(&state.store, secret).await?.ok_or(ApiError::UnknownKey)?;
        return Ok(Who::Key(key));
    }
    let Some(staff) = session::of(state, request).await? else { return Ok(Who::Anybody) };
    // A WebSocket begins as something that is read, and can do more.
    let upgrade = request.headers().get(header::UPGRADE).and_then(|value| value.to_str().ok());
    let is_websocket = upgrade.is_some_and(|protocol| protocol.eq_ignore_ascii_case("websocket"));
    let only_reads = request.method().is_safe() && !is_websocket;
    if only_reads || session::is_from_our_page(state, request) {
        Ok(Who::Staff(staff))
    } else {
        Err(ApiError::ForeignPage)
    }
}

/// What follows `Bearer` in the header (RFC 6750, section 2.1).
fn bearer(request: &HttpRequest) -> Result<&str, ApiError> {
    let header = request.headers().get(header::AUTHORIZATION).ok_or(ApiError::NoKey)?;
    let (scheme, key) = header.to_str().ok().and_then(|value| value.split_once(' ')).ok_or(ApiError::NoKey)?;
    if scheme.eq_ignore_ascii_case("bearer") { Ok(key.trim()) } else { Err(ApiError::NoKey) }
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;
    use jiff::Timestamp;

    use super::*;
    use crate::{
        domain::{ApiKeyId, SessionId, UserId},
        store::api_keys::Scope,
    };

    #[test]
    fn a_key_is_what_follows_bearer() {
        for (header, key) in [
            ("Bearer csk_1", Some("csk_1")),
            ("bearer  csk_1 ", Some("csk_1")),
            ("Basic csk_1", None),
            ("csk_1", None),
            ("Bearer", None),
        ] {
            let request = TestRequest::default().insert_header(("Authorization", header)).to_http_request();
            assert_eq!(bearer(&request).ok(), key, "{header}");
        }
        assert!(matches!(bearer(&TestRequest::default().to_http_request()), Err(ApiError::NoKey)));
    }

    fn staff(role: Role) -> Who {
        Who::Staff(session::Staff {
            id: UserId::random(),
            session: SessionId::random(),
            name: "Nadia".to_owned(),
            role,
            language: None,
        })
    }

    fn key(scope: Scope) -> Who {
        let name = "desk".to_owned();
        let prefix = String::new();
        let created_at = Timestamp::UNIX_EPOCH;
        let id = ApiKeyId::random();
        Who::Key(ApiKey { id, name, scopes: vec![scope], prefix, created_at, last_used_at: None, revoked_at: None })
    }

    #[test]
    fn who_only_looks_is_given_a_room_of_their_own() {
        for (who, is_trusted) in [
            (Who::Anybody, false),
            (staff(Role::Viewer), false),
            (staff(Role::Agent), true),
            (staff(Role::Admin), true),
            (key(Scope::Token), true),
            (Who::Developer, true),
        ] {
            assert_eq!(who.is_trusted(), is_trusted, "{who:?}");
        }
    }

    /// Each kind of access, and each who may pass: everybody else may not.
    #[test]
    fn roles_and_scopes_decide() {
        let everybody = || {
            let keys = Scope::ALL.iter().map(|scope| (format!("key {scope}"), key(*scope)));
            let staff = Role::ALL.iter().map(|role| (role.to_string(), staff(*role)));
            let others = [("anybody".to_owned(), Who::Anybody), ("developer".to_owned(), Who::Developer)];
            others.into_iter().chain(keys).chain(staff)
        };
        let of_staff = ["viewer", "agent", "supervisor", "admin"];
        for (access, admitted) in [
            (Access::Caller(Role::Viewer, Scope::Token), [&["developer", "key token"][..], &of_staff].concat()),
            (Access::Caller(Role::Agent, Scope::Token), [&["developer", "key token"][..], &of_staff[1..]].concat()),
            (Access::Public(Scope::Token), [&["developer", "key token"][..], &of_staff].concat()),
            (
                Access::Staff(Role::Viewer, Scope::Read),
                [&["key desk", "key admin", "key read"][..], &of_staff].concat(),
            ),
            (Access::Staff(Role::Agent, Scope::Desk), vec!["key desk", "key admin", "agent", "supervisor", "admin"]),
            (Access::Staff(Role::Admin, Scope::Admin), vec!["key admin", "admin"]),
            (Access::Person(Role::Supervisor), vec!["supervisor", "admin"]),
        ] {
            for (name, who) in everybody() {
                assert_eq!(may(&who, access).is_ok(), admitted.contains(&name.as_str()), "{access:?} {name}");
            }
        }
        assert!(everybody().all(|(_, who)| may(&who, Access::Open).is_ok()));
    }
}
