//! Sessions of members of staff: the cookie, and who is behind it.

use actix_web::{HttpRequest, http::header};

use super::{State, error::ApiError, public};
use crate::{
    domain::{SessionId, UserId},
    store::users::Role,
};

/// A member of staff who is logged in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Staff {
    pub(super) id: UserId,
    pub(super) session: SessionId,
    pub(super) name: String,
    pub(super) role: Role,
}

/// Who is logged in; `None`: nobody, or not any more.
///
/// # Errors
/// When the database fails.
pub(super) async fn of(_state: &State, _request: &HttpRequest) -> Result<Option<Staff>, ApiError> {
    Ok(None)
}

/// Whether a browser sends this from a page of ours: it says where from, and nobody can make it say something else
/// (Fetch Metadata; `Origin`, RFC 6454).
pub(super) fn is_from_our_page(state: &State, request: &HttpRequest) -> bool {
    let text = |name: &str| request.headers().get(name)?.to_str().ok();
    match text("sec-fetch-site") {
        Some(site) => site == "same-origin",
        None => text(header::ORIGIN.as_str()).is_some_and(|origin| origin == public::origin(state, request)),
    }
}
