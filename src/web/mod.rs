//! The HTTP server: pages for people, an API for programs. Nothing here blocks, and nothing decides: handlers read what
//! others know and show it.

mod access;
mod agent;
mod api;
mod assets;
mod connections;
mod endpoint;
mod error;
mod form;
mod guard;
mod headers;
mod idempotency;
mod key_cache;
mod limits;
mod pages;
mod problem;
mod public;
mod pulls;
mod request_id;
mod rtc;
mod session;
mod socket;
#[cfg(test)]
mod tests;
pub mod tls;
mod traffic;
mod twirp;

use std::{io, net::TcpListener, sync::Arc, time::Duration};

use actix_web::{
    App, HttpRequest, HttpResponse, HttpServer,
    dev::Server,
    guard::{Any, Get, Guard, Head},
    http::header,
    middleware::{Compress, from_fn},
    web::{self, PayloadConfig, ServiceConfig},
};

use tokio::time::{MissedTickBehavior, interval};

use crate::{
    call::{
        desk::Desk,
        readiness::{ReadinessReceiver, Reload},
        rehearsal::Rehearsals,
        transcribe::Scribe,
        written::Written,
    },
    config::Config,
    people::People,
    rooms::{Rooms, token::Keys},
    sms::Sms,
    store::{RandomSecret, Store},
    telemetry,
    workers::Workers,
};
use connections::Connections;
use endpoint::{Access, Endpoint};
pub use idempotency::Running;
pub use key_cache::KeyCache;
pub use limits::Limits;
pub use pulls::Pulls;
use tls::{Authority, Certificate};
pub use traffic::Traffic;

/// Where the certificate of this box's own authority can be had.
pub const AUTHORITY_PATH: &str = "/ca.crt";
/// Most bytes in the body of a request; nothing that is posted here is long.
const MAX_BODY: usize = 64 * 1024;
/// Most connections at a time, for each worker; [`connections`] has what one address may hold of them.
const MAX_CONNECTIONS: usize = 512;
/// A client that takes longer to send the head of a request, or to shake hands for TLS, is cut off.
const HEAD_TIMEOUT: Duration = Duration::from_secs(5);
/// A connection that says nothing is closed.
const IDLE_TIMEOUT: Duration = Duration::from_secs(30);
/// What is still running this long after a stop is cut off.
const DRAIN_SECONDS: u64 = 10;
/// How often memory is tidied up.
const UPKEEP: Duration = Duration::from_secs(10);
/// Handlers never compute: two threads serve more people than a box of this size has calls.
const WORKERS: usize = 2;

/// What handlers know. Clones share it.
#[derive(Clone, Debug)]
pub struct State {
    /// Whether a call could be served.
    pub readiness: ReadinessReceiver,
    /// Has the engines loaded again.
    pub reload: Reload,
    /// The settings in force.
    pub config: Arc<Config>,
    /// Where callers and agents meet.
    pub rooms: Rooms,
    /// What tokens are signed with.
    pub keys: Arc<Keys>,
    /// Calls, and who may use the API.
    pub store: Store,
    /// API keys that were used a moment ago.
    pub api_keys: KeyCache,
    /// Members of staff.
    pub people: People,
    /// Who asks how often.
    pub limits: Limits,
    /// Requests with an idempotency key that are being answered.
    pub running: Running,
    /// What was asked lately, and how it went.
    pub traffic: Traffic,
    /// Who sends agents into rooms.
    pub desk: Desk,
    /// Outside workers, and who dispatches agents by name.
    pub workers: Workers,
    /// Text messages on their way out.
    pub sms: Sms,
    /// Who makes text of recordings.
    pub scribe: Scribe,
    /// Conversations in writing.
    pub written: Written,
    /// Models that are being fetched from a page.
    pub pulls: Pulls,
    /// Who tries scripts and voices.
    pub rehearsals: Rehearsals,
    /// This box's own certificate authority, when it has one.
    pub authority: Option<Arc<Authority>>,
}

/// Where a one-time link leads, from this server's address on.
pub fn welcome_path(link: &RandomSecret) -> String {
    pages::welcome_path(link)
}

/// A server on `listener`, to be awaited; its handle stops it. With a `certificate` it speaks HTTPS only. Needs an actix
/// system around it.
///
/// # Errors
/// When the system refuses the socket.
pub fn server(listener: TcpListener, state: State, certificate: Option<&Certificate>) -> io::Result<Server> {
    let connections = Connections::new(&state.config.server);
    let server = HttpServer::new(move || {
        let headers = headers::security(&state.config.tls.mode);
        App::new()
            .app_data(web::Data::new(state.clone()))
            .app_data(PayloadConfig::new(MAX_BODY))
            .configure(|config| routes(config, &state))
            .default_service(web::route().to(error::not_found))
            .wrap(Compress::default())
            .wrap(from_fn(guard::local_only_in_dev))
            .wrap(headers)
            .wrap(from_fn(request_id::log))
    });
    let server = server
        .workers(WORKERS)
        .max_connections(MAX_CONNECTIONS)
        .client_request_timeout(HEAD_TIMEOUT)
        .tls_handshake_timeout(HEAD_TIMEOUT)
        .keep_alive(IDLE_TIMEOUT)
        .shutdown_timeout(DRAIN_SECONDS)
        .on_connect(move |connection, data| connections.admit(connection, data))
        .disable_signals();
    let server = match certificate {
        Some(certificate) => server.listen_rustls_0_23(listener, (*certificate.server).clone())?,
        None => server.listen(listener)?,
    };
    Ok(server.run())
}

/// Forgets, from time to time, what need not be remembered any more.
pub async fn upkeep(limits: Limits) {
    let mut due = interval(UPKEEP);
    due.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        due.tick().await;
        limits.forget();
        telemetry::metrics().upkeep();
    }
}

/// What is neither a page nor for programs.
const ENDPOINTS: &[Endpoint] = &[
    Endpoint::get("/assets/{hash}/{name}", Access::Open, || web::route().to(assets::asset)),
    Endpoint::get(AUTHORITY_PATH, Access::Open, || web::route().to(authority)),
];

fn routes(config: &mut ServiceConfig, state: &State) {
    config
        .configure(rtc::routes)
        .configure(agent::routes)
        .configure(twirp::routes)
        .configure(|config| endpoint::routes(config, state));
}

/// The certificate that makes a phone trust this machine. It is no secret.
async fn authority(request: HttpRequest, state: web::Data<State>) -> HttpResponse {
    let Some(authority) = &state.authority else { return error::not_found(request).await };
    HttpResponse::Ok()
        .content_type("application/x-x509-ca-cert")
        .insert_header((header::CONTENT_DISPOSITION, "attachment; filename=\"callstead-ca.crt\""))
        .body(authority.pem.clone())
}

fn reading() -> impl Guard {
    Any(Get()).or(Head())
}
