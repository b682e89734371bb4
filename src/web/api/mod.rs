//! The JSON API. Each request is checked in the same order: may this caller do this, is the body JSON, is each field right.
//! What is not is said in one sentence.

mod body;
mod dispatch;
mod health;
mod tokens;

use actix_cors::Cors;
use actix_web::{
    Handler, Responder,
    guard::Post,
    http::{Method, header},
    web::{self, ServiceConfig},
};

use super::{State, error, guard};
pub(super) use body::MAX_BODY;
pub(super) use health::{health, readiness};

/// How long a browser may remember what another site's page may send.
const PREFLIGHT_SECONDS: usize = 600;

/// Everything that programs post.
pub(super) fn routes(config: &mut ServiceConfig, state: &State) {
    config.service(
        web::scope("/api")
            .wrap(cors(state))
            .service(posted("/room/token", tokens::of_room))
            .service(posted("/token", tokens::of_identity))
            .service(posted("/livekit-token", tokens::of_participant))
            .service(posted("/dispatch-agent", dispatch::dispatch)),
    );
}

fn posted<F, Args>(path: &str, handler: F) -> actix_web::Resource
where
    F: Handler<Args>,
    Args: actix_web::FromRequest + 'static,
    F::Output: Responder + 'static,
{
    web::resource(path)
        .route(web::route().guard(Post()).to(handler))
        .default_service(web::route().to(error::only_posted))
}

/// Pages of the sites that are set may call; in development mode those of this machine too, where a front end often has a
/// server of its own.
fn cors(state: &State) -> Cors {
    let config = state.config.clone();
    Cors::default()
        .allowed_origin_fn(move |origin, _| {
            let Ok(origin) = origin.to_str() else { return false };
            let is_listed = config.server.cors_origins.iter().any(|listed| listed.eq_ignore_ascii_case(origin));
            is_listed || (config.server.dev && guard::is_local_origin(origin))
        })
        .allowed_methods([Method::POST])
        .allowed_headers([header::AUTHORIZATION, header::CONTENT_TYPE])
        .max_age(PREFLIGHT_SECONDS)
}
