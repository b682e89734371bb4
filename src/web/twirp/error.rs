//! Twirp's errors (specification, version 7): a code with its HTTP status, and a sentence. Codes and texts are those of
//! livekit-server where it has the same error.

use std::time::Duration;

use actix_web::{
    HttpResponse,
    http::{StatusCode, header},
};
use serde_json::json;

use crate::{rooms::ControlError, web::error::seconds};

/// See the module.
#[derive(Debug)]
pub(in crate::web) struct TwirpError {
    code: Code,
    message: String,
    /// When it may be tried again.
    retry_after: Option<Duration>,
}

/// Twirp's codes, as far as there is a use for them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::web) enum Code {
    AlreadyExists,
    BadRoute,
    Canceled,
    FailedPrecondition,
    Internal,
    InvalidArgument,
    Malformed,
    NotFound,
    ResourceExhausted,
    Unauthenticated,
    Unavailable,
    Unimplemented,
}

impl Code {
    const fn parts(self) -> (&'static str, StatusCode) {
        match self {
            Self::AlreadyExists => ("already_exists", StatusCode::CONFLICT),
            Self::BadRoute => ("bad_route", StatusCode::NOT_FOUND),
            Self::Canceled => ("canceled", StatusCode::REQUEST_TIMEOUT),
            Self::FailedPrecondition => ("failed_precondition", StatusCode::PRECONDITION_FAILED),
            Self::Internal => ("internal", StatusCode::INTERNAL_SERVER_ERROR),
            Self::InvalidArgument => ("invalid_argument", StatusCode::BAD_REQUEST),
            Self::Malformed => ("malformed", StatusCode::BAD_REQUEST),
            Self::NotFound => ("not_found", StatusCode::NOT_FOUND),
            Self::ResourceExhausted => ("resource_exhausted", StatusCode::TOO_MANY_REQUESTS),
            Self::Unauthenticated => ("unauthenticated", StatusCode::UNAUTHORIZED),
            Self::Unavailable => ("unavailable", StatusCode::SERVICE_UNAVAILABLE),
            Self::Unimplemented => ("unimplemented", StatusCode::NOT_IMPLEMENTED),
        }
    }
}

impl TwirpError {
    pub(in crate::web) fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), retry_after: None }
    }

    /// The token does not allow it, or there is none: `unauthenticated` and not `permission_denied`, as with
    /// livekit-server.
    pub(super) fn not_allowed() -> Self {
        Self::new(Code::Unauthenticated, "permissions denied")
    }

    pub(super) fn unauthenticated(message: impl Into<String>) -> Self {
        Self::new(Code::Unauthenticated, message)
    }

    pub(super) fn bad_route(message: impl Into<String>) -> Self {
        Self::new(Code::BadRoute, message)
    }

    pub(super) fn no_route(path: &str) -> Self {
        Self::bad_route(format!("no handler for path {path:?}"))
    }

    pub(super) fn malformed(what: &str) -> Self {
        Self::new(Code::Malformed, format!("the {what} request could not be decoded"))
    }

    pub(super) fn too_large(most: usize) -> Self {
        Self::new(Code::ResourceExhausted, format!("a request has at most {} KiB", most / 1024))
    }

    pub(super) fn too_often(wait: Duration) -> Self {
        let mut error = Self::new(Code::ResourceExhausted, "too many requests: try again in a moment");
        error.retry_after = Some(wait);
        error
    }

    pub(super) fn response(&self) -> HttpResponse {
        let (code, status) = self.code.parts();
        let mut response = HttpResponse::build(status);
        if let Some(wait) = &self.retry_after {
            response.insert_header((header::RETRY_AFTER, seconds(wait)));
        }
        response.insert_header((header::CACHE_CONTROL, "no-store"));
        response.json(json!({ "code": code, "msg": self.message }))
    }
}

impl From<ControlError> for TwirpError {
    fn from(error: ControlError) -> Self {
        let code = match &error {
            ControlError::NoRoom | ControlError::NoParticipant => Code::NotFound,
            ControlError::NoRemoteUnmute | ControlError::OwnAgent | ControlError::OwnAgentStays => {
                Code::FailedPrecondition
            }
            ControlError::Taken => Code::AlreadyExists,
            ControlError::TooLarge(_) | ControlError::Options(_) => Code::InvalidArgument,
            ControlError::TooMany | ControlError::Full => Code::ResourceExhausted,
            ControlError::Unavailable => Code::Unavailable,
            ControlError::Rpc(error) => of_rpc(error.code),
        };
        Self::new(code, error.to_string())
    }
}

/// By LiveKit's codes of remote procedure calls; those of applications are `internal`.
const fn of_rpc(code: u32) -> Code {
    match code {
        1400 => Code::InvalidArgument,
        1401 => Code::NotFound,
        1402 => Code::Malformed,
        1403 | 1404 => Code::Unimplemented,
        1501 | 1502 => Code::Canceled,
        1503 => Code::Unavailable,
        _ => Code::Internal,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_have_livekits_codes_and_twirps_statuses() {
        for (error, code, status) in [
            (ControlError::NoRoom, "not_found", 404),
            (ControlError::NoRemoteUnmute, "failed_precondition", 412),
            (ControlError::TooLarge("x"), "invalid_argument", 400),
            (ControlError::Full, "resource_exhausted", 429),
            (ControlError::Unavailable, "unavailable", 503),
        ] {
            let (told, of) = TwirpError::from(error.clone()).code.parts();
            assert_eq!((told, of.as_u16()), (code, status), "{error}");
        }
        for (code, expect) in [(1400, Code::InvalidArgument), (1502, Code::Canceled), (7, Code::Internal)] {
            assert_eq!(of_rpc(code), expect);
        }
        let waits = TwirpError::too_often(Duration::from_millis(1200)).response();
        assert_eq!(waits.headers().get(header::RETRY_AFTER).unwrap(), "2");
    }
}
