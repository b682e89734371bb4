//! `/rtc` and `/rtc/v1`: LiveKit's signal connections. The handler lets a WebSocket in and carries messages between it and
//! its room; what they mean is the room's business. Tokens are the guard, so pages of any origin may ask.

use std::time::{Duration, SystemTime};

use actix_cors::Cors;
use actix_web::{
    HttpRequest, HttpResponse, Route,
    http::{Method, header},
    rt, web,
};
use actix_ws::{AggregatedMessage, AggregatedMessageStream, CloseCode, CloseReason, ProtocolError, Session};
use livekit_protocol as proto;
use tokio::time::{Instant, MissedTickBehavior, interval, timeout};

use super::{State, error};
use crate::rooms::{
    Claims, Connection, JoinError, SignalVersion,
    signal::{self, SignalError},
    token::{self, TokenError},
};

/// How often a client is asked whether it is still there; stock clients say so themselves every 5 s, too.
const PING_INTERVAL: Duration = Duration::from_secs(5);
/// A client that has been silent for so long is gone; the same as it is told to wait for us.
const SILENCE: Duration = Duration::from_secs(15);
/// A client that takes nothing for so long does not read.
const SEND_TIMEOUT: Duration = Duration::from_secs(5);
/// What lies in buffers when a socket goes is there at once.
const LAST_WORDS: Duration = Duration::from_millis(100);
const MOST_LAST_WORDS: usize = 64;
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
    validate(SignalVersion::V0, &request, &state)
}

async fn validate_v1(request: HttpRequest, state: web::Data<State>) -> HttpResponse {
    validate(SignalVersion::V1, &request, &state)
}

async fn join_v0(request: HttpRequest, payload: web::Payload, state: web::Data<State>) -> HttpResponse {
    join(SignalVersion::V0, &request, payload, &state).await
}

async fn join_v1(request: HttpRequest, payload: web::Payload, state: web::Data<State>) -> HttpResponse {
    join(SignalVersion::V1, &request, payload, &state).await
}

/// Whether somebody would be let in; asked by clients that were not, to learn why.
fn validate(path: SignalVersion, request: &HttpRequest, state: &State) -> HttpResponse {
    match admit(path, request, state) {
        Ok(_) => HttpResponse::Ok().content_type("text/plain").body("success"),
        Err(refusal) => error::refused_join(&refusal),
    }
}

/// Joins first and upgrades then, so that who is not let in gets a status that says why.
async fn join(path: SignalVersion, request: &HttpRequest, payload: web::Payload, state: &State) -> HttpResponse {
    if !is_upgrade(request) {
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
    match actix_ws::handle(request, payload) {
        Ok((response, session, messages)) => {
            let messages = messages.max_frame_size(signal::MAX_MESSAGE).aggregate_continuations();
            let socket = Socket { session, messages: messages.max_continuation_size(signal::MAX_MESSAGE) };
            rt::spawn(socket.serve(connection));
            response
        }
        Err(error) => error.error_response(),
    }
}

/// Checks the token, and reads what the client wants.
fn admit(
    path: SignalVersion,
    request: &HttpRequest,
    state: &State,
) -> Result<(Claims, SignalVersion, proto::JoinRequest), Refusal> {
    let token = token(request).ok_or(Refusal::NoToken)?;
    let claims = token::verify(&state.keys, &token, SystemTime::now())?;
    let (version, wanted) = signal::join_request(path, request.query_string())?;
    Ok((claims, version, wanted))
}

fn token(request: &HttpRequest) -> Option<String> {
    if let Some(header) = request.headers().get(header::AUTHORIZATION) {
        return header.to_str().ok()?.strip_prefix("Bearer ").map(|token| token.trim().to_owned());
    }
    let mut parameters = url::form_urlencoded::parse(request.query_string().as_bytes());
    parameters.find(|(name, _)| name == "access_token").map(|(_, token)| token.into_owned())
}

fn is_upgrade(request: &HttpRequest) -> bool {
    let upgrade = request.headers().get(header::UPGRADE).and_then(|value| value.to_str().ok());
    upgrade.is_some_and(|value| value.eq_ignore_ascii_case("websocket"))
}

/// A client's end of a signal connection.
struct Socket {
    session: Session,
    messages: AggregatedMessageStream,
}

/// Why a signal connection ended.
#[derive(Debug)]
enum End {
    /// The client closed it.
    Left,
    /// The client is gone.
    Lost,
    /// The client does not answer, or does not read.
    Silent,
    /// The room closed it, after all that it had to say.
    Closed,
    /// The client sent what is not understood, or too much of it.
    Refused(CloseCode, String),
}

impl Socket {
    /// Carries messages until either side ends. Dropping the connection tells the room.
    async fn serve(mut self, mut connection: Connection) {
        let end = self.carry(&mut connection).await;
        if matches!(end, End::Lost) {
            self.hear_out(&connection).await;
        }
        drop(connection);
        tracing::debug!(?end, "a signal connection ended");
        let reason = match end {
            // A socket that takes nothing takes no good-bye either.
            End::Lost | End::Silent => return,
            End::Left | End::Closed => CloseReason::from(CloseCode::Normal),
            End::Refused(code, why) => CloseReason::from((code, why)),
        };
        drop(timeout(SEND_TIMEOUT, self.session.close(Some(reason))).await);
    }

    /// What a client said before its socket went: a good-bye, for one. actix-ws tells of the end before it gives the last
    /// frames, and who sends may notice it earlier still.
    async fn hear_out(&mut self, connection: &Connection) {
        for _ in 0..MOST_LAST_WORDS {
            match timeout(LAST_WORDS, self.messages.recv()).await {
                Ok(message @ Some(Ok(AggregatedMessage::Binary(_)))) => {
                    if self.receive(connection, message).await.is_err() {
                        return;
                    }
                }
                Ok(Some(Ok(_))) => {}
                Ok(None | Some(Err(_))) | Err(_) => return,
            }
        }
    }

    async fn carry(&mut self, connection: &mut Connection) -> End {
        let mut heard = Instant::now();
        let mut ping = interval(PING_INTERVAL);
        ping.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let step = tokio::select! {
                response = connection.outgoing.recv() => match response {
                    Some(response) => taken(self.session.binary(response.into_bytes())).await,
                    None => Err(End::Closed),
                },
                message = self.messages.recv() => {
                    heard = Instant::now();
                    self.receive(connection, message).await
                }
                _ = ping.tick() => match heard.elapsed() > SILENCE {
                    true => Err(End::Silent),
                    false => taken(self.session.ping(b"")).await,
                },
            };
            if let Err(end) = step {
                return end;
            }
        }
    }

    async fn receive(
        &mut self,
        connection: &Connection,
        message: Option<Result<AggregatedMessage, ProtocolError>>,
    ) -> Result<(), End> {
        match message {
            Some(Ok(AggregatedMessage::Binary(bytes))) => {
                let request = signal::request(&bytes).map_err(|error| match error {
                    SignalError::MessageTooLarge => End::Refused(CloseCode::Size, error.to_string()),
                    _ => End::Refused(CloseCode::Invalid, error.to_string()),
                })?;
                connection.handle(request).await.map_err(|_| End::Closed)
            }
            Some(Ok(AggregatedMessage::Ping(bytes))) => taken(self.session.pong(&bytes)).await,
            Some(Ok(AggregatedMessage::Pong(_))) => Ok(()),
            Some(Ok(AggregatedMessage::Text(_))) => {
                Err(End::Refused(CloseCode::Unsupported, "messages are protobuf in binary frames".to_owned()))
            }
            Some(Err(ProtocolError::Overflow)) => {
                Err(End::Refused(CloseCode::Size, SignalError::MessageTooLarge.to_string()))
            }
            // Too long in pieces, or a socket that has gone without a word; the two look the same.
            Some(Err(ProtocolError::Io(_))) | None => Err(End::Lost),
            Some(Ok(AggregatedMessage::Close(_))) => Err(End::Left),
            Some(Err(error)) => Err(End::Refused(CloseCode::Protocol, error.to_string())),
        }
    }
}

/// Whether the client took it.
async fn taken(sending: impl Future<Output = Result<(), actix_ws::Closed>>) -> Result<(), End> {
    match timeout(SEND_TIMEOUT, sending).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(_)) => Err(End::Lost),
        Err(_) => Err(End::Silent),
    }
}
