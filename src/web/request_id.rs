//! One name and one log line for each request. The name is in its response (`X-Request-Id`), in refusals and in the log.
//! Query strings are left out: they carry tokens. A proxy that we trust may name it.

use std::time::Instant;

use actix_web::{
    Error,
    body::MessageBody,
    dev::{ServiceRequest, ServiceResponse},
    http::header::{HeaderName, HeaderValue},
    middleware::Next,
    web,
};
use rand::{RngExt, distr::Alphanumeric};
use tracing::Instrument;

use super::{State, public};
use crate::sms;

pub(super) const HEADER: HeaderName = HeaderName::from_static("x-request-id");
/// Letters and digits: enough to find one among a year's.
const LENGTH: usize = 16;
/// Of a name that a proxy gave.
const MOST_LENGTH: usize = 64;

tokio::task_local! {
    static REQUEST_ID: String;
}

/// What the request that is being answered is called; `None` outside of one.
pub(super) fn current() -> Option<String> {
    REQUEST_ID.try_with(Clone::clone).ok()
}

/// A path without the secret at its end, if it has one.
fn shown(path: &str) -> &str {
    if path.starts_with(sms::CALLBACK_PATH) { sms::CALLBACK_PATH } else { path }
}

/// `work` under the name of the request that is being answered, for a task of its own.
pub(super) fn carried<T>(work: impl Future<Output = T>) -> impl Future<Output = T> {
    let id = current();
    let named = async move {
        match id {
            Some(id) => REQUEST_ID.scope(id, work).await,
            None => work.await,
        }
    };
    named.in_current_span()
}

/// Names a request, logs it when it is answered, and counts it.
pub(super) async fn log(
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let began = Instant::now();
    let state = request.app_data::<web::Data<State>>().expect("the application has its state").clone();
    let (method, path) = (request.method().clone(), shown(request.path()).to_owned());
    let id = handed_over(&state, &request).unwrap_or_else(random);
    // Of the level of errors, so that what is logged in it has its name at any level.
    let span = tracing::error_span!("request", request.id = id);
    let mut result = REQUEST_ID.scope(id.clone(), next.call(request).instrument(span.clone())).await;
    let (status, route) = match &mut result {
        Ok(response) => {
            if let Ok(id) = HeaderValue::from_str(&id) {
                response.headers_mut().insert(HEADER, id);
            }
            (response.status(), response.request().match_pattern())
        }
        Err(error) => (error.as_response_error().status_code(), None),
    };
    let _inside = span.enter();
    state.traffic.count(&method, route, status, began.elapsed());
    let (status, duration_ms) = (status.as_u16(), began.elapsed().as_secs_f64() * 1000.0);
    // What is asked for every second says nothing new.
    if path.ends_with("/health") || path == "/metrics" || path.starts_with("/assets/") {
        tracing::debug!(http.method = %method, http.path = path, http.status = status, http.duration_ms = duration_ms);
    } else {
        tracing::info!(http.method = %method, http.path = path, http.status = status, http.duration_ms = duration_ms);
    }
    result
}

/// What a proxy that we trust calls this request.
fn handed_over(state: &State, request: &ServiceRequest) -> Option<String> {
    let peer = request.peer_addr()?.ip();
    let id = request.headers().get(HEADER)?.to_str().ok()?;
    (public::is_trusted(peer, &state.config.server.trusted_proxies) && is_plain(id)).then(|| id.to_owned())
}

fn is_plain(id: &str) -> bool {
    (1..=MOST_LENGTH).contains(&id.len())
        && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
}

fn random() -> String {
    rand::rng().sample_iter(Alphanumeric).take(LENGTH).map(char::from).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_in_a_path_is_not_shown() {
        assert_eq!(shown("/api/sms/status/hunter2"), "/api/sms/status/");
        assert_eq!(shown("/api/admin/sms/SM_23456789ABCD"), "/api/admin/sms/SM_23456789ABCD");
    }

    #[test]
    fn only_plain_names_are_taken_over() {
        for (id, taken) in [
            ("a", true),
            ("01JD8Z-trace.7_x", true),
            (&"x".repeat(64), true),
            (&"x".repeat(65), false),
            ("", false),
            ("a b", false),
            ("a\u{1b}[2J", false),
            ("a\"b", false),
            ("é", false),
        ] {
            assert_eq!(is_plain(id), taken, "{id:?}");
        }
        assert!(is_plain(&random()));
    }
}
