//! LiveKit's server API: Twirp (version 7) at `POST /twirp/{service}/{method}`, in JSON or in protobuf. As for signal
//! connections, a token of LiveKit's is the guard: unless it allows something the body is not read.
//!
//! A service is a function from a [`Call`] and a method's name to a [`Reply`] ([`room_service::serve`] is one), and has its
//! arm in [`answer`]. It reads its request with [`Call::read`], asks [`Call::may`] whether the token allows it, and answers
//! with [`Call::reply`].

mod agent_dispatch;
mod error;
mod json;
mod room_service;
#[cfg(test)]
mod tests;

use std::time::SystemTime;

use actix_web::{
    HttpRequest, HttpResponse,
    http::{Method, header},
    web::{self, Bytes, ServiceConfig},
};
use prost::Message;
use serde::{Serialize, de::DeserializeOwned};

use super::{State, public};
use crate::rooms::token::{self, ApiClaims, ApiGrants};
use error::{Code, TwirpError};

/// Most bytes in a request: two of the longest metadata.
const MAX_BODY: usize = 1024 * 1024;
const JSON: &str = "application/json";
const PROTOBUF: &str = "application/protobuf";

/// Everything below `/twirp`. Some programs are given an address with a slash at its end, and put another one behind it.
pub(super) fn routes(config: &mut ServiceConfig) {
    for root in ["/twirp", "//twirp"] {
        let scope = web::scope(root).route("/{service}/{method}", web::route().to(serve));
        config.service(scope.default_service(web::route().to(no_route)));
    }
}

/// A request whose token is known.
pub(super) struct Call {
    pub(super) state: web::Data<State>,
    /// What the token allows, if it allows anything.
    claims: Option<ApiClaims>,
    encoding: Encoding,
    /// Empty without claims.
    body: Bytes,
}

/// How a request is written, and its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Encoding {
    Json,
    Protobuf,
}

/// An answer as it goes over the wire.
pub(super) struct Reply {
    encoding: Encoding,
    body: Vec<u8>,
}

impl Call {
    /// The request.
    ///
    /// # Errors
    /// When it is none, or comes from somebody who may do nothing.
    pub(super) fn read<T: Message + Default + DeserializeOwned>(&self) -> Result<T, TwirpError> {
        self.may(|_| true)?;
        match self.encoding {
            Encoding::Json => serde_json::from_slice(&self.body).map_err(|_| TwirpError::malformed("json")),
            Encoding::Protobuf => T::decode(self.body.clone()).map_err(|_| TwirpError::malformed("protobuf")),
        }
    }

    /// Whether the token allows what is asked for.
    ///
    /// # Errors
    /// When it does not.
    pub(super) fn may(&self, allows: impl FnOnce(&ApiClaims) -> bool) -> Result<(), TwirpError> {
        if self.claims.as_ref().is_some_and(allows) { Ok(()) } else { Err(TwirpError::not_allowed()) }
    }

    /// The answer.
    pub(super) fn reply<T: Message + Serialize>(&self, message: &T) -> Result<Reply, TwirpError> {
        let body = match self.encoding {
            Encoding::Json => json::write(message).map_err(|error| {
                tracing::warn!(%error, "an answer of the server API has no form in JSON");
                TwirpError::new(Code::Internal, "the answer has no form in JSON: ask for protobuf")
            })?,
            Encoding::Protobuf => message.encode_to_vec(),
        };
        Ok(Reply { encoding: self.encoding, body })
    }
}

async fn serve(
    request: HttpRequest,
    path: web::Path<(String, String)>,
    payload: web::Payload,
    state: web::Data<State>,
) -> HttpResponse {
    let (service, method) = path.into_inner();
    let answered = async {
        let encoding = encoding(&request)?;
        let claims = claims(&request, &state)?;
        within_limits(&request, &state, claims.is_some())?;
        let body = if claims.is_some() { body(payload).await? } else { Bytes::new() };
        answer(&Call { state, claims, encoding, body }, &service, &method, &request).await
    };
    match answered.await {
        Ok(Reply { encoding, body }) => {
            let media_type = match encoding {
                Encoding::Json => JSON,
                Encoding::Protobuf => PROTOBUF,
            };
            let mut response = HttpResponse::Ok();
            response.insert_header((header::CACHE_CONTROL, "no-store")).content_type(media_type).body(body)
        }
        Err(error) => error.response(),
    }
}

/// The services that there are.
async fn answer(call: &Call, service: &str, method: &str, request: &HttpRequest) -> Result<Reply, TwirpError> {
    let reply = match service {
        "livekit.RoomService" => room_service::serve(call, method).await?,
        "livekit.AgentDispatchService" => agent_dispatch::serve(call, method).await?,
        _ => None,
    };
    reply.ok_or_else(|| TwirpError::no_route(request.path()))
}

async fn no_route(request: HttpRequest) -> HttpResponse {
    TwirpError::no_route(request.path()).response()
}

fn encoding(request: &HttpRequest) -> Result<Encoding, TwirpError> {
    if request.method() != Method::POST {
        return Err(TwirpError::bad_route(format!(
            "unsupported method {:?} (only POST is allowed)",
            request.method().as_str()
        )));
    }
    let written = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    match written.split(';').next().unwrap_or_default().trim().to_ascii_lowercase().as_str() {
        JSON => Ok(Encoding::Json),
        PROTOBUF => Ok(Encoding::Protobuf),
        _ => Err(TwirpError::bad_route(format!("unexpected Content-Type: {written:?}"))),
    }
}

/// What the token allows; `None` when that is nothing, as with most participants', or there is no token. Who brings a bad
/// one is told so, whatever was asked for.
fn claims(request: &HttpRequest, state: &State) -> Result<Option<ApiClaims>, TwirpError> {
    let Some(header) = request.headers().get(header::AUTHORIZATION) else { return Ok(None) };
    let token = header.to_str().ok().and_then(|value| value.strip_prefix("Bearer "));
    let Some(token) = token else {
        return Err(TwirpError::unauthenticated("invalid authorization header. Must start with Bearer "));
    };
    match token::verify_api(&state.keys, token.trim(), SystemTime::now()) {
        Ok(claims) => Ok(Some(claims).filter(|claims| claims.grants != ApiGrants::default())),
        Err(error) => {
            let refused = TwirpError::unauthenticated(format!("invalid authorization token: {error}"));
            // Who tries tokens out is known by the address.
            within_limits(request, state, false).and(Err(refused))
        }
    }
}

/// All programs whose tokens allow something are one; whoever has none, as most participants, is known by the address.
fn within_limits(request: &HttpRequest, state: &State, is_known: bool) -> Result<(), TwirpError> {
    let checked = match public::client(state, request) {
        _ if state.config.server.dev => Ok(()),
        _ if is_known => state.limits.known(&state.keys.api_key),
        Some(from) => state.limits.address(from),
        None => Ok(()),
    };
    checked.map_err(TwirpError::too_often)
}

async fn body(payload: web::Payload) -> Result<Bytes, TwirpError> {
    match payload.to_bytes_limited(MAX_BODY).await {
        Ok(Ok(body)) => Ok(body),
        Ok(Err(_)) => Err(TwirpError::malformed("incomplete")),
        Err(_) => Err(TwirpError::too_large(MAX_BODY)),
    }
}
