//! What all entities share over HTTP: who changes one, which version of it was read, and how one is answered.

use std::future::{Ready, ready};

use actix_web::{
    FromRequest, HttpMessage, HttpRequest, HttpResponse,
    dev::Payload,
    http::header::{self, HeaderValue},
    web,
};
use serde::Serialize;

use crate::{
    store::{Refusal, audit::Actor},
    web::{State, access::Who, error::ApiError, public},
};

/// In whose name a request changes something.
pub(in crate::web) struct By(pub(super) Actor);

impl FromRequest for By {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let state = request.app_data::<web::Data<State>>().expect("the application has its state");
        let who = request.extensions().get::<Who>().cloned().unwrap_or(Who::Anybody);
        ready(Ok(Self(who.actor(public::client(state, request)))))
    }
}

/// The version that a change is meant for (`If-Match`); `None`: whichever there is.
pub(in crate::web) struct IfMatch(pub(in crate::web) Option<i64>);

impl IfMatch {
    /// Holds that what is there has the version that was read.
    pub(super) fn fits(&self, version: i64) -> Result<(), ApiError> {
        if self.0.is_none_or(|expected| expected == version) { Ok(()) } else { Err(ApiError::Stale) }
    }
}

/// No entity has it: they count from 1.
const NO_VERSION: i64 = 0;

impl FromRequest for IfMatch {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Ok(Self(request.headers().get(header::IF_MATCH).and_then(wanted_version))))
    }
}

/// `"7"`, also as a proxy that compresses changes it (`W/"7"`); `*` is any. What is none of our tags fits nothing.
fn wanted_version(value: &HeaderValue) -> Option<i64> {
    let text = value.to_str().unwrap_or_default().trim();
    if text == "*" {
        return None;
    }
    let tag = text.strip_prefix("W/").unwrap_or(text);
    let number = tag.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).and_then(|number| number.parse().ok());
    Some(number.unwrap_or(NO_VERSION))
}

impl From<Refusal> for ApiError {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Missing(what) => Self::NotFound(what),
            Refusal::Stale => Self::Stale,
            Refusal::Field(name, problem) => Self::field(name, problem),
            Refusal::Conflict(text) => Self::Conflict(text.to_owned()),
            Refusal::Store(error) => Self::Store(error),
        }
    }
}

/// An entity as it is. It is about a person: nobody between keeps it.
pub(super) fn found(version: i64, entity: &impl Serialize) -> HttpResponse {
    HttpResponse::Ok().insert_header(tag(version)).insert_header((header::CACHE_CONTROL, "no-store")).json(entity)
}

/// An entity that was made, and where it is.
pub(super) fn made(address: String, version: i64, entity: &impl Serialize) -> HttpResponse {
    HttpResponse::Created()
        .insert_header((header::LOCATION, address))
        .insert_header(tag(version))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .json(entity)
}

/// It is no more.
pub(super) fn gone() -> HttpResponse {
    HttpResponse::NoContent().finish()
}

fn tag(version: i64) -> (header::HeaderName, String) {
    (header::ETAG, format!("\"{version}\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_is_a_version_in_quotes() {
        for (text, version) in [
            ("\"7\"", Some(7)),
            ("W/\"7\"", Some(7)),
            ("*", None),
            ("7", Some(NO_VERSION)),
            ("\"abc\"", Some(NO_VERSION)),
            ("\"1\", \"2\"", Some(NO_VERSION)),
            ("", Some(NO_VERSION)),
        ] {
            assert_eq!(wanted_version(&HeaderValue::from_static(text)), version, "{text}");
        }
    }
}
