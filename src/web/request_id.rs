//! One name and one log line for each request. The name is in its response (`X-Request-Id`), in refusals and in the log.
//! Query strings are left out: they carry tokens.

use std::time::Instant;

use actix_web::{
    Error,
    body::MessageBody,
    dev::{ServiceRequest, ServiceResponse},
    http::header::{HeaderName, HeaderValue},
    middleware::Next,
};
use rand::{RngExt, distr::Alphanumeric};
use tracing::Instrument;

use crate::sms;

const HEADER: HeaderName = HeaderName::from_static("x-request-id");
/// Letters and digits: enough to find one among a year's.
const LENGTH: usize = 16;

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

/// Names a request, and logs it when it is answered.
pub(super) async fn log(
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let began = Instant::now();
    let (method, path) = (request.method().clone(), shown(request.path()).to_owned());
    let id: String = rand::rng().sample_iter(Alphanumeric).take(LENGTH).map(char::from).collect();
    let span = tracing::info_span!("request", request.id = id);
    let mut result = REQUEST_ID.scope(id.clone(), next.call(request).instrument(span.clone())).await;
    let status = match &mut result {
        Ok(response) => {
            if let Ok(id) = HeaderValue::from_str(&id) {
                response.headers_mut().insert(HEADER, id);
            }
            response.status()
        }
        Err(error) => error.as_response_error().status_code(),
    };
    let _inside = span.enter();
    let (status, duration_ms) = (status.as_u16(), began.elapsed().as_secs_f64() * 1000.0);
    // What is asked for every second says nothing new.
    if path.ends_with("/health") || path.starts_with("/assets/") {
        tracing::debug!(http.method = %method, http.path = path, http.status = status, http.duration_ms = duration_ms);
    } else {
        tracing::info!(http.method = %method, http.path = path, http.status = status, http.duration_ms = duration_ms);
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_in_a_path_is_not_shown() {
        assert_eq!(shown("/api/sms/status/hunter2"), "/api/sms/status/");
        assert_eq!(shown("/api/admin/sms/SM_23456789ABCD"), "/api/admin/sms/SM_23456789ABCD");
    }
}
