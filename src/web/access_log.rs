//! One log line a request. Query strings are left out: they carry tokens.

use std::time::Instant;

use actix_web::{
    Error,
    body::MessageBody,
    dev::{ServiceRequest, ServiceResponse},
    middleware::Next,
};

pub(super) async fn log(
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let began = Instant::now();
    let (method, path) = (request.method().clone(), request.path().to_owned());
    let result = next.call(request).await;
    let status = match &result {
        Ok(response) => response.status(),
        Err(error) => error.as_response_error().status_code(),
    };
    let (status, duration_ms) = (status.as_u16(), began.elapsed().as_secs_f64() * 1000.0);
    // What is asked for every second says nothing new.
    if path.ends_with("/health") || path.starts_with("/assets/") {
        tracing::debug!(http.method = %method, http.path = path, http.status = status, http.duration_ms = duration_ms);
    } else {
        tracing::info!(http.method = %method, http.path = path, http.status = status, http.duration_ms = duration_ms);
    }
    result
}
