//! `/agent`: where outside workers register, LiveKit's agents among them. Their token is the guard: it has the grant `agent`, and
//! needs no room. What they say is the business of `workers`.

use std::time::SystemTime;

use actix_web::{HttpRequest, HttpResponse, web};
use actix_ws::CloseCode;

use super::{
    State, error,
    socket::{self, End, Frame, Partner},
};
use crate::{
    rooms::token::{self, TokenError},
    workers::{
        ConnectError, Connection, Outgoing,
        wire::{self, WireError},
    },
};

/// Why a worker is not let in.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Refusal {
    /// Neither in the query nor in a header.
    #[error("no access token: give it as Authorization: Bearer or as access_token")]
    NoToken,
    #[error("invalid token: {0}")]
    Token(#[from] TokenError),
    /// `agent` is missing or false.
    #[error("the token does not allow to be a worker: grant 'agent'")]
    NoGrant,
    #[error("{0}")]
    Connect(#[from] ConnectError),
}

/// Some workers are given an address with a slash at its end, and put another one behind it.
pub(super) fn routes(config: &mut web::ServiceConfig) {
    config.service(web::resource(["/agent", "/agent/", "//agent"]).route(web::get().to(connect)));
}

async fn connect(request: HttpRequest, payload: web::Payload, state: web::Data<State>) -> HttpResponse {
    if !socket::is_upgrade(&request) {
        return error::no_websocket();
    }
    match admit(&request, &state).await {
        Ok(connection) => {
            socket::serve(&request, payload, wire::MAX_MESSAGE, Worker { connection, form: Form::Binary })
        }
        Err(refusal) => error::refused_worker(&refusal),
    }
}

async fn admit(request: &HttpRequest, state: &State) -> Result<Connection, Refusal> {
    let token = socket::token(request).ok_or(Refusal::NoToken)?;
    if !token::verify_api(&state.keys, &token, SystemTime::now())?.agent {
        return Err(Refusal::NoGrant);
    }
    Ok(state.workers.connect().await?)
}

/// How messages are written.
enum Form {
    Binary,
    Text,
}

/// A worker's partner, who writes as the worker last did.
struct Worker {
    connection: Connection,
    form: Form,
}

impl Partner for Worker {
    async fn next(&mut self) -> Result<Frame, End> {
        match self.connection.next().await.ok_or(End::Closed)? {
            Outgoing::Message(message) => Ok(match self.form {
                Form::Binary => Frame::Binary(wire::write_binary(&message).into()),
                Form::Text => Frame::Text(wire::write_text(&message).ok_or_else(|| {
                    End::Refused(CloseCode::Unsupported, "this job has no form in JSON: speak protobuf".to_owned())
                })?),
            }),
            Outgoing::Close(why) => Err(End::Refused(CloseCode::Policy, why)),
        }
    }

    async fn hear(&mut self, frame: Frame) -> Result<(), End> {
        let message = match frame {
            Frame::Binary(bytes) => {
                self.form = Form::Binary;
                wire::read_binary(&bytes)
            }
            Frame::Text(text) => {
                self.form = Form::Text;
                wire::read_text(&text)
            }
        };
        let message = message.map_err(|error| match error {
            WireError::TooLarge => End::Refused(CloseCode::Size, error.to_string()),
            WireError::Malformed => End::Refused(CloseCode::Invalid, error.to_string()),
        })?;
        self.connection.handle(message).await.map_err(|error| match error {
            ConnectError::TooOften => End::Refused(CloseCode::Policy, error.to_string()),
            ConnectError::Full | ConnectError::Stopped => End::Closed,
        })
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use actix_web::{
        App,
        http::header,
        test::{TestRequest, call_service, init_service, read_body},
    };

    use super::*;
    use crate::{
        rooms::{Claims, token::Grants},
        web::tests::in_an_application,
    };

    /// A token for a room, whose holder is an agent or is not.
    fn token(state: &State, agent: bool) -> String {
        let claims =
            Claims::new("worker".parse().unwrap(), "call".parse().unwrap(), SystemTime::now(), Duration::from_secs(60));
        let grants = Grants { agent, ..Grants::default() };
        token::mint(&state.keys, &Claims { grants, ..claims })
    }

    #[test]
    fn only_workers_are_let_in() {
        in_an_application(
            |_| (),
            |state| async move {
                let (caller, worker) = (token(&state, false), token(&state, true));
                for (token, is_upgrade, status, says) in [
                    ("", true, 401, "token"),
                    ("x", true, 401, "this is not an access token"),
                    (caller.as_str(), true, 401, "grant 'agent'"),
                    (worker.as_str(), false, 404, "WebSockets"),
                ] {
                    for path in ["/agent", "/agent/", "//agent"] {
                        for in_query in [false, true] {
                            let (found, body) = ask(&state, path, token, in_query, is_upgrade).await;
                            assert_eq!(found, status, "{path} {in_query} {says}");
                            assert!(body.contains(says), "{path} {in_query}: {body}");
                        }
                    }
                }
            },
        );
    }

    async fn ask(state: &State, path: &str, token: &str, in_query: bool, is_upgrade: bool) -> (u16, String) {
        let app = init_service(App::new().app_data(web::Data::new(state.clone())).configure(routes)).await;
        let mut request = match (in_query, token) {
            (true, token) => TestRequest::get().uri(&format!("{path}?protocol=1&access_token={token}")),
            (false, "") => TestRequest::get().uri(path),
            (false, token) => {
                TestRequest::get().uri(path).insert_header((header::AUTHORIZATION, format!("Bearer {token}")))
            }
        };
        if is_upgrade {
            request = request.insert_header((header::UPGRADE, "websocket"));
        }
        let response = call_service(&app, request.to_request()).await;
        let status = response.status().as_u16();
        (status, String::from_utf8_lossy(&read_body(response).await).into_owned())
    }
}
