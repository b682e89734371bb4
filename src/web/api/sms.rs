//! `POST /api/sms/status/{token}`: what the service that carries text messages reports of one.

use actix_web::{HttpRequest, HttpResponse, web};
use jiff::Timestamp;

use super::body;
use crate::{
    sms::BadReport,
    store::sms_outbox::{self, CallbackSecret},
    web::{State, error::ApiError, problem::Problem},
};

/// Most bytes in a report; Twilio's have about 500.
const LONGEST_REPORT: usize = 16 * 1024;

/// What the service reports: Twilio's form, or a webhook's `{"status"}`.
#[utoipa::path(
    post, path = "/api/sms/status/{token}", tag = "Text messages",
    params(("token" = String, Path, description = "As the service was told it")),
    responses(
        (status = 204, description = "Heard"),
        (status = 400, description = "It cannot be read", body = Problem),
        (status = 403, description = "The signature is not right", body = Problem),
        (status = 404, description = "No report is expected at this address", body = Problem),
    ),
)]
pub(super) async fn status(
    request: HttpRequest,
    token: web::Path<String>,
    payload: web::Payload,
    state: web::Data<State>,
) -> Result<HttpResponse, ApiError> {
    let secret = CallbackSecret::parse(&token).ok_or(BadReport::Unexpected)?;
    let wanted = secret.clone();
    // Reading first keeps strangers away from the one thread that writes.
    let sms = state.store.read(move |connection| sms_outbox::with_callback(connection, &wanted)).await?;
    let sms = sms.ok_or(BadReport::Unexpected)?;
    let body = body::bytes(payload, LONGEST_REPORT).await?;
    let signature = request.headers().get("x-twilio-signature").and_then(|value| value.to_str().ok());
    if let Some(report) = state.sms.read_report(&secret, signature, &body)? {
        let (now, delivery) = (Timestamp::now(), report.delivery);
        let noted = state.store.write(move |it| sms_outbox::report(it, &secret, &report, now)).await?;
        tracing::info!(sms.id = %sms.id, sms.reported = ?delivery, sms.is_new = noted);
    }
    Ok(HttpResponse::NoContent().finish())
}

impl From<BadReport> for ApiError {
    fn from(bad: BadReport) -> Self {
        match bad {
            BadReport::Unexpected => Self::NotFound("text message"),
            BadReport::Signature => Self::Signature,
            BadReport::Unreadable => Self::Broken,
        }
    }
}
