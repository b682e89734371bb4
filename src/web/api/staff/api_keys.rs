//! API keys, for administrators.

use std::str::FromStr;

use actix_web::{HttpResponse, web};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    domain::ApiKeyId,
    people::{self, PeopleError},
    store::{
        self,
        api_keys::{self, ApiKey, NewKey, Scope},
    },
    web::{
        State,
        api::{
            body::Body,
            entity::{self, By},
        },
        error::ApiError,
    },
};

/// An API key, without its secret.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(in crate::web) struct KeyItem {
    id: String,
    name: String,
    /// `token`, `dispatch`, `converse`, `transcribe`, `read`, `desk`, `admin`, `metrics`, `openai`.
    scopes: Vec<&'static str>,
    /// The beginning of its secret, to tell it by.
    prefix: String,
    #[schema(format = DateTime)]
    created_at: String,
    /// To the minute.
    #[schema(format = DateTime)]
    last_used_at: Option<String>,
    #[schema(format = DateTime)]
    revoked_at: Option<String>,
}

impl From<&ApiKey> for KeyItem {
    fn from(key: &ApiKey) -> Self {
        Self {
            id: key.id.to_string(),
            name: key.name.clone(),
            scopes: key.scopes.iter().map(|scope| scope.as_str()).collect(),
            prefix: key.prefix.clone(),
            created_at: key.created_at.to_string(),
            last_used_at: key.last_used_at.map(|at| at.to_string()),
            revoked_at: key.revoked_at.map(|at| at.to_string()),
        }
    }
}

/// All keys, the latest first; those that were revoked too.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(in crate::web) struct KeyList {
    items: Vec<KeyItem>,
    /// Always null: all are given.
    next_cursor: Option<String>,
}

/// A key that was just made.
#[derive(Serialize, ToSchema)]
pub(in crate::web) struct MadeKey {
    #[serde(flatten)]
    item: KeyItem,
    /// The secret, shown here and never again.
    key: String,
}

/// A key to be made.
#[derive(Deserialize, ToSchema)]
pub(in crate::web) struct KeyWanted {
    /// What it is for.
    name: String,
    /// What its holder may do.
    scopes: Vec<String>,
}

impl KeyWanted {
    fn parse(self, created_at: Timestamp) -> Result<NewKey, ApiError> {
        let name = people::parse_name(&self.name);
        let name = name.map_err(|problem| ApiError::field("name", format!("is wrong: {problem}")))?;
        let known = || Scope::ALL.iter().map(|scope| scope.as_str()).collect::<Vec<_>>().join(", ");
        let unknown = |_| ApiError::field("scopes", format!("names one that is not known: the scopes are {}", known()));
        let scopes: Result<Vec<_>, _> = self.scopes.iter().map(|scope| Scope::from_str(scope)).collect();
        let mut scopes = scopes.map_err(unknown)?;
        scopes.sort_unstable();
        scopes.dedup();
        if scopes.is_empty() {
            return Err(ApiError::field("scopes", format!("is empty: give some of {}", known())));
        }
        Ok(NewKey { name, scopes, created_at })
    }
}

/// Lists API keys.
#[utoipa::path(
    get,
    path = "/api/admin/api-keys",
    tag = "api keys",
    responses((status = 200, description = "All keys", body = KeyList)),
)]
pub(in crate::web) async fn list(state: web::Data<State>) -> Result<HttpResponse, ApiError> {
    let keys = state.store.read(api_keys::list).await?;
    Ok(HttpResponse::Ok().json(KeyList { items: keys.iter().map(KeyItem::from).collect(), next_cursor: None }))
}

/// Makes an API key.
#[utoipa::path(
    post,
    path = "/api/admin/api-keys",
    tag = "api keys",
    request_body = KeyWanted,
    responses(
        (status = 201, description = "Made; `key` is shown once", body = MadeKey),
        (status = 422, description = "A field is wrong"),
    ),
)]
pub(in crate::web) async fn create(
    by: By,
    body: Body<KeyWanted>,
    state: web::Data<State>,
) -> Result<HttpResponse, ApiError> {
    let now = store::now();
    let new = body.0.parse(now)?;
    let made = state.store.change(by.0, now, move |change| people::create_key(change, &new)).await;
    let (key, secret) = made?;
    let body = MadeKey { item: KeyItem::from(&key), key: secret.reveal().to_owned() };
    Ok(HttpResponse::Created().insert_header(("Cache-Control", "no-store")).json(body))
}

/// Makes an API key invalid, for good.
#[utoipa::path(
    delete,
    path = "/api/admin/api-keys/{id}",
    tag = "api keys",
    params(("id" = String, Path)),
    responses((status = 204, description = "Revoked"), (status = 404, description = "No valid key")),
)]
pub(in crate::web) async fn revoke(
    by: By,
    key: web::Path<String>,
    state: web::Data<State>,
) -> Result<HttpResponse, ApiError> {
    let id: ApiKeyId = key.parse().map_err(|_| PeopleError::UnknownKey)?;
    let revoked = id.clone();
    state.store.change(by.0, store::now(), move |change| people::revoke_key(change, &revoked)).await?;
    state.api_keys.forget(&id);
    Ok(entity::gone())
}
