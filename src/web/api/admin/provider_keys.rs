//! `/api/admin/provider-keys`: keys of other services. They are put in, and never shown again.

use actix_web::{HttpResponse, http::header, web};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::{OpenApi, ToSchema};

use super::{
    entity::{self, By},
    input::{Checks, Given},
};
use crate::{
    domain::Pii,
    store::provider_keys::{self, ProviderKey},
    web::{
        State,
        api::body::Body,
        endpoint::{Access, Endpoint},
        error::ApiError,
        problem::FieldProblem,
    },
};

/// Longest key, in bytes.
const LONGEST: usize = 4096;
/// Longest name of a provider.
const LONGEST_PROVIDER: usize = 40;

pub(super) const ENDPOINTS: &[Endpoint] = &[
    Endpoint::get("/api/admin/provider-keys", Access::ADMIN, || web::route().to(list)),
    Endpoint::put("/api/admin/provider-keys/{provider}", Access::ADMIN, || web::route().to(put)),
    Endpoint::delete("/api/admin/provider-keys/{provider}", Access::ADMIN, || web::route().to(delete)),
];

/// What the API's document says of them.
#[derive(OpenApi)]
#[openapi(paths(list, put, delete))]
pub(super) struct Described;

/// A key as it is given.
#[derive(Clone, Default, Deserialize, ToSchema)]
#[serde(default)]
pub(in crate::web) struct KeyInput {
    #[schema(value_type = String)]
    key: Given,
}

impl KeyInput {
    pub(in crate::web) fn check(self) -> Result<Pii<String>, Vec<FieldProblem>> {
        let mut checks = Checks::default();
        let key = checks.required("key", self.key, key);
        key.ok_or_else(|| checks.problems())
    }
}

/// All keys there are: few.
#[derive(Debug, Serialize, ToSchema)]
struct Keys {
    items: Vec<ProviderKey>,
}

/// Whose keys there are, and their last characters.
#[utoipa::path(
    get, path = "/api/admin/provider-keys", tag = "provider-keys",
    responses((status = 200, description = "The keys, without themselves", body = Keys))
)]
async fn list(state: web::Data<State>) -> Result<HttpResponse, ApiError> {
    let items = state.store.read(provider_keys::list).await?;
    Ok(HttpResponse::Ok().insert_header((header::CACHE_CONTROL, "no-store")).json(Keys { items }))
}

/// Puts a key in, in the place of the one before.
#[utoipa::path(
    put, path = "/api/admin/provider-keys/{provider}", tag = "provider-keys", params(("provider" = String, Path)),
    request_body = KeyInput,
    responses((status = 200, description = "It is in", body = ProviderKey), (status = 422, description = "Fields are wrong"))
)]
async fn put(
    by: By,
    name: web::Path<String>,
    body: Body<KeyInput>,
    state: web::Data<State>,
) -> Result<HttpResponse, ApiError> {
    let (name, key) = (provider(name.into_inner())?, body.0.check().map_err(ApiError::Fields)?);
    let put = state.store.change(by.0, Timestamp::now(), move |change| provider_keys::put(change, &name, &key));
    Ok(HttpResponse::Ok().insert_header((header::CACHE_CONTROL, "no-store")).json(put.await?))
}

/// Takes a key out.
#[utoipa::path(
    delete, path = "/api/admin/provider-keys/{provider}", tag = "provider-keys", params(("provider" = String, Path)),
    responses((status = 204, description = "It is no more"), (status = 404, description = "There is none"))
)]
async fn delete(by: By, name: web::Path<String>, state: web::Data<State>) -> Result<HttpResponse, ApiError> {
    let name = provider(name.into_inner())?;
    let deleted = state.store.change(by.0, Timestamp::now(), move |change| provider_keys::delete(change, &name));
    if deleted.await? { Ok(entity::gone()) } else { Err(ApiError::NotFound("provider key")) }
}

/// `openai`, `twilio`: what settings call it.
pub(in crate::web) fn provider(name: String) -> Result<String, ApiError> {
    let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'_');
    let fits = (1..=LONGEST_PROVIDER).contains(&name.len()) && name.bytes().all(is_plain);
    let problem = "must be 1 to 40 small letters, digits and dashes";
    if fits { Ok(name) } else { Err(ApiError::field("provider", problem)) }
}

/// What a header could carry.
fn key(text: &str) -> Result<Pii<String>, &'static str> {
    match text {
        _ if text.len() > LONGEST => Err("is longer than 4096 bytes"),
        _ if !text.bytes().all(|byte| byte.is_ascii_graphic()) => Err("must be one word of letters, digits and signs"),
        _ => Ok(Pii::new(text.to_owned())),
    }
}
