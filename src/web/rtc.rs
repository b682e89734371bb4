//! `/rtc` and `/rtc/v1`: LiveKit's signal connections. The handler lets a WebSocket in, which then carries messages between its
//! client and the room; what they mean is the room's business. Tokens are the guard, so pages of any origin may ask.

use std::time::SystemTime;

use actix_cors::Cors;
use actix_web::{HttpRequest, HttpResponse, Route, http::Method, web};
use actix_ws::CloseCode;
use livekit_protocol as proto;

use super::{
    State, error,
    socket::{self, End, Frame, Partner},
};
use crate::rooms::{
    Claims, Connection, JoinError, SignalVersion,
    signal::{self, SignalError},
    token::{self, TokenError},
};

/// Browsers may keep the answer to a preflight request.
const PREFLIGHT_SECONDS: usize = 86_400;

/// Why somebody is not let in.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Refusal {
    /// Neither in the query nor in a header.
    #[error("no access token: give it as access_token or as Authorization: Bearer")]
    NoToken,
    #[error("invalid token: {0}")]
    Token(#[from] TokenError),
    #[error("{0}")]
    Signal(#[from] SignalError),
    #[error("{0}")]
    Join(#[from] JoinError),
}

/// Everything below `/rtc`. Some clients are given an address with a slash at its end, and put another one behind it.
pub(super) fn routes(config: &mut web::ServiceConfig) {
    let reads = |path: &str, route: Route| {
        web::resource([path.to_owned(), format!("{path}/")]).route(route.guard(super::reading()))
    };
    for root in ["/rtc", "//rtc"] {
        let cors = Cors::default()
            .allow_any_origin()
            .send_wildcard()
            .allowed_methods([Method::GET, Method::HEAD])
            .allow_any_header()
            .max_age(PREFLIGHT_SECONDS);
        let signalling = web::scope(root)
            .service(reads("", web::route().to(join_v0)))
            .service(reads("/v1", web::route().to(join_v1)))
            .service(reads("/validate", web::route().to(validate_v0)))
            .service(reads("/v1/validate", web::route().to(validate_v1)));
        config.service(signalling.wrap(cors));
    }
}

async fn validate_v0(request: HttpRequest, state: web::Data<State>) -> HttpResponse {
    validate(SignalVersion::V0, &request, &state).await
}

async fn validate_v1(request: HttpRequest, state: web::Data<State>) -> HttpResponse {
    validate(SignalVersion::V1, &request, &state).await
}

async fn join_v0(request: HttpRequest, payload: web::Payload, state: web::Data<State>) -> HttpResponse {
    join(SignalVersion::V0, &request, payload, &state).await
}

async fn join_v1(request: HttpRequest, payload: web::Payload, state: web::Data<State>) -> HttpResponse {
    join(SignalVersion::V1, &request, payload, &state).await
}

/// Whether somebody would be let in; asked by clients that were not, to learn why.
async fn validate(path: SignalVersion, request: &HttpRequest, state: &State) -> HttpResponse {
    let admitted = async {
        let (claims, ..) = admit(path, request, state)?;
        if state.rooms.refuses(&claims).await? { Err(Refusal::Join(JoinError::Removed)) } else { Ok(()) }
    };
    match admitted.await {
        Ok(()) => HttpResponse::Ok().content_type("text/plain").body("success"),
        Err(refusal) => error::refused_join(&refusal),
    }
}

/// Joins first and upgrades then, so that who is not let in gets a status that says why.
async fn join(path: SignalVersion, request: &HttpRequest, payload: web::Payload, state: &State) -> HttpResponse {
    if !socket::is_upgrade(request) {
        return error::no_websocket();
    }
    let joined = async {
        let (claims, version, wanted) = admit(path, request, state)?;
        Ok::<_, Refusal>(state.rooms.join(claims, version, wanted).await?)
    };
    let connection = match joined.await {
        Ok(connection) => connection,
        Err(refusal) => return error::refused_join(&refusal),
    };
    socket::serve(request, payload, signal::MAX_MESSAGE, connection)
}

/// Checks the token, and reads what the client wants.
fn admit(
    path: SignalVersion,
    request: &HttpRequest,
    state: &State,
) -> Result<(Claims, SignalVersion, proto::JoinRequest), Refusal> {
    let token = socket::token(request).ok_or(Refusal::NoToken)?;
    let claims = token::verify(&state.keys, &token, SystemTime::now())?;
    let (version, wanted) = signal::join_request(path, request.query_string())?;
    Ok((claims, version, wanted))
}

impl Partner for Connection {
    async fn next(&mut self) -> Result<Frame, End> {
        let response = self.outgoing.recv().await.ok_or(End::Closed)?;
        Ok(Frame::Binary(response.into_bytes()))
    }

    async fn hear(&mut self, frame: Frame) -> Result<(), End> {
        let Frame::Binary(bytes) = frame else {
            return Err(End::Refused(CloseCode::Unsupported, "messages are protobuf in binary frames".to_owned()));
        };
        let request = signal::request(&bytes).map_err(|error| match error {
            SignalError::MessageTooLarge => End::Refused(CloseCode::Size, error.to_string()),
            _ => End::Refused(CloseCode::Invalid, error.to_string()),
        })?;
        self.handle(request).await.map_err(|_| End::Closed)
    }
}
