//! Things with an id and a version: how they are answered, and which version somebody has read (RFC 9110, sections 8.8.3 and
//! 13.1.1).

use actix_web::{
    HttpRequest, HttpResponse, HttpResponseBuilder,
    http::header::{self, ETag, EntityTag},
};
use serde::Serialize;

use crate::web::error::ApiError;

/// The thing at this version.
pub(super) fn answer(mut response: HttpResponseBuilder, version: i64, body: &impl Serialize) -> HttpResponse {
    response.insert_header(ETag(EntityTag::new_strong(version.to_string())));
    response.insert_header((header::CACHE_CONTROL, "no-store")).json(body)
}

/// A thing that was just made at `path`.
pub(super) fn created(path: &str, version: i64, body: &impl Serialize) -> HttpResponse {
    let mut response = HttpResponse::Created();
    response.insert_header((header::LOCATION, path));
    answer(response, version, body)
}

/// The version that somebody has read and wants to change; `None`: whichever it is now.
///
/// # Errors
/// [`ApiError::Stale`] when it names no version of ours.
pub(super) fn if_match(request: &HttpRequest) -> Result<Option<i64>, ApiError> {
    let Some(value) = request.headers().get(header::IF_MATCH) else { return Ok(None) };
    let text = value.to_str().map_err(|_| ApiError::Stale)?.trim();
    if text == "*" {
        return Ok(None);
    }
    // What compresses answers makes their tags weak.
    let text = text.strip_prefix("W/").unwrap_or(text);
    let version = text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).and_then(|text| text.parse().ok());
    version.map(Some).ok_or(ApiError::Stale)
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    #[test]
    fn a_version_is_named_as_it_was_given() {
        let read =
            |value: &str| if_match(&TestRequest::default().insert_header((header::IF_MATCH, value)).to_http_request());
        assert!(
            matches!(read("\"7\""), Ok(Some(7)))
                && matches!(read("W/\"7\""), Ok(Some(7)))
                && matches!(read("*"), Ok(None))
        );
        for bad in ["7", "\"x\"", "\"\"", ""] {
            assert!(matches!(read(bad), Err(ApiError::Stale)), "{bad}");
        }
        assert!(matches!(if_match(&TestRequest::default().to_http_request()), Ok(None)));
    }
}
