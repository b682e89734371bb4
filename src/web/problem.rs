//! Refusals as programs read them: problem details (RFC 9457). `type` tells kinds apart, `detail` is one sentence for people,
//! `errors` names each field that is wrong, and `request_id` finds the request in the log.

use actix_web::{
    HttpResponse,
    http::{StatusCode, header},
};
use serde::Serialize;
use utoipa::ToSchema;

use super::request_id;

/// The media type of problem details.
pub(super) const MEDIA_TYPE: &str = "application/problem+json";

/// One field that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(super) struct FieldProblem {
    /// Which: `userPhone`, `rows[3].name`.
    pub(super) field: String,
    /// What is wrong with it, to be read after its name: `is missing`.
    pub(super) detail: String,
}

impl FieldProblem {
    pub(super) fn new(field: impl Into<String>, detail: impl ToString) -> Self {
        Self { field: field.into(), detail: detail.to_string() }
    }
}

/// Problem details.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Problem {
    /// The kind: `urn:callstead:problem:` and a word.
    #[serde(rename = "type")]
    kind: String,
    /// The status's own words.
    title: &'static str,
    /// The HTTP status.
    status: u16,
    /// What is wrong and what to do, in one sentence.
    detail: String,
    /// The fields that are wrong.
    #[serde(skip_serializing_if = "<[FieldProblem]>::is_empty")]
    errors: Vec<FieldProblem>,
    /// What the log calls this request.
    #[serde(skip_serializing_if = "Option::is_none")]
    request_id: Option<String>,
}

impl Problem {
    /// `kind` is a word such as `no-key`.
    pub(super) fn new(status: StatusCode, kind: &str, detail: String) -> Self {
        Self {
            kind: format!("urn:callstead:problem:{kind}"),
            title: status.canonical_reason().unwrap_or("Refused"),
            status: status.as_u16(),
            detail,
            errors: Vec::new(),
            request_id: request_id::current(),
        }
    }

    pub(super) fn with_fields(mut self, errors: Vec<FieldProblem>) -> Self {
        self.errors = errors;
        self
    }

    pub(super) fn response(self) -> HttpResponse {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        HttpResponse::build(status)
            .insert_header((header::CACHE_CONTROL, "no-store"))
            .insert_header((header::VARY, "Accept"))
            .content_type(MEDIA_TYPE)
            .body(serde_json::to_string(&self).expect("texts and numbers have a form in JSON"))
    }
}
