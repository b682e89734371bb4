//! API keys, for administrators.

use actix_web::{HttpResponse, http::header, web};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{
    domain::ApiKeyId,
    people::{self, PeopleError},
    store::{
        self,
        api_keys::{self, ApiKey, NewKey, Scope, Wanted},
        audit::Actor,
        list::Filter,
    },
    web::{
        State,
        api::{
            body::Body,
            entity::{self, By},
            list::{self, List, Paging, Params, filtered, words},
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

/// Which keys.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(in crate::web) struct KeyFilter {
    /// Words, or parts of words, of names; or how a secret begins.
    pub(in crate::web) q: Option<String>,
    /// `true`: only those that were revoked; `false`: only those that were not.
    pub(in crate::web) revoked: Option<bool>,
    /// Only those with this scope.
    pub(in crate::web) scope: Option<String>,
}

impl KeyFilter {
    pub(in crate::web) fn check(&self) -> Result<Filter, ApiError> {
        let wanted = Wanted {
            words: words(self.q.as_deref())?.unwrap_or_default().to_owned(),
            is_revoked: self.revoked,
            scope: filtered("scope", &self.scope, scope)?,
        };
        Ok(wanted.filter())
    }
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
    pub(in crate::web) name: String,
    /// What its holder may do.
    pub(in crate::web) scopes: Vec<String>,
}

impl KeyWanted {
    pub(in crate::web) fn parse(self, created_at: Timestamp) -> Result<NewKey, ApiError> {
        let name = people::parse_name(&self.name);
        let name = name.map_err(|problem| ApiError::field("name", format!("is wrong: {problem}")))?;
        let scopes: Result<Vec<_>, _> = self.scopes.iter().map(|text| scope(text)).collect();
        let mut scopes = scopes.map_err(|problem| ApiError::field("scopes", problem))?;
        scopes.sort_unstable();
        scopes.dedup();
        if scopes.is_empty() {
            return Err(ApiError::field("scopes", format!("is empty: give some of {}", known_scopes())));
        }
        Ok(NewKey { name, scopes, created_at })
    }
}

fn scope(text: &str) -> Result<Scope, String> {
    text.parse().map_err(|_| format!("names one that is not known: the scopes are {}", known_scopes()))
}

fn known_scopes() -> String {
    Scope::ALL.iter().map(|scope| scope.as_str()).collect::<Vec<_>>().join(", ")
}

/// Lists API keys, the latest first; those that were revoked too. `sort`: `createdAt`, `name`.
#[utoipa::path(
    get,
    path = "/api/admin/api-keys",
    tag = "api keys",
    params(Paging, KeyFilter),
    responses((status = 200, description = "A page of keys", body = List<KeyItem>)),
)]
pub(in crate::web) async fn list(
    paging: Paging,
    filter: Params<KeyFilter>,
    state: web::Data<State>,
) -> Result<HttpResponse, ApiError> {
    let show = |key| KeyItem::from(&key);
    list::answer_as(&state, &api_keys::TABLE, &paging, filter.0.check()?, api_keys::page, show).await
}

/// One API key, without its secret.
#[utoipa::path(
    get,
    path = "/api/admin/api-keys/{id}",
    tag = "api keys",
    params(("id" = String, Path)),
    responses((status = 200, description = "Found", body = KeyItem), (status = 404, description = "No such key")),
)]
pub(in crate::web) async fn read(key: web::Path<String>, state: web::Data<State>) -> Result<HttpResponse, ApiError> {
    let unknown = || ApiError::NotFound("API key");
    let id: ApiKeyId = key.parse().map_err(|_| unknown())?;
    let key = state.store.read(move |connection| api_keys::with_id(connection, &id)).await?.ok_or_else(unknown)?;
    Ok(HttpResponse::Ok().insert_header((header::CACHE_CONTROL, "no-store")).json(KeyItem::from(&key)))
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
    Ok(HttpResponse::Created().insert_header((header::CACHE_CONTROL, "no-store")).json(body))
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
    forbid(&state, by.0, &key).await?;
    Ok(entity::gone())
}

/// Makes the key with this id invalid, here too, where it was used a moment ago.
pub(in crate::web) async fn forbid(state: &State, actor: Actor, id: &str) -> Result<(), ApiError> {
    let id: ApiKeyId = id.parse().map_err(|_| PeopleError::UnknownKey)?;
    let revoked = id.clone();
    state.store.change(actor, store::now(), move |change| people::revoke_key(change, &revoked)).await?;
    state.api_keys.forget(&id);
    Ok(())
}
