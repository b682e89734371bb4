//! The audit log, for administrators.

use actix_web::{HttpRequest, HttpResponse, web};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::{limit, query};
use crate::{
    store::audit::{self, Entity, Filter, Logged},
    web::{State, error::ApiError},
};

/// Who did what, and to what.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(in crate::web) struct AuditItem {
    /// Rises with each entry.
    seq: i64,
    #[schema(format = DateTime)]
    at: String,
    /// `user`, `key`, `console` or `system`.
    actor_kind: &'static str,
    /// The id of the user or key; may be empty.
    actor: String,
    /// Its name, as it was then.
    actor_name: String,
    /// The address that the request came from; may be empty.
    origin: String,
    /// `create`, `update`, `delete`, `login`, …
    action: &'static str,
    /// `user`, `lead`, …
    entity: &'static str,
    entity_id: String,
    /// `{"before", "after"}`, or null.
    #[schema(value_type = Object, nullable)]
    detail: Value,
    /// What it said was about somebody who has been erased.
    erased: bool,
}

impl From<Logged> for AuditItem {
    fn from(logged: Logged) -> Self {
        Self {
            seq: logged.seq,
            at: logged.at.to_string(),
            actor_kind: logged.actor_kind.as_str(),
            actor: logged.actor,
            actor_name: logged.actor_name,
            origin: logged.origin,
            action: logged.action.as_str(),
            entity: logged.entity.as_str(),
            entity_id: logged.entity_id,
            detail: logged.detail,
            erased: logged.erased,
        }
    }
}

/// One page, the latest entries first.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(in crate::web) struct AuditList {
    items: Vec<AuditItem>,
    /// For the next page; null: this is the last.
    next_cursor: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Listing {
    limit: Option<u32>,
    cursor: Option<String>,
    entity: Option<String>,
    entity_id: Option<String>,
    actor: Option<String>,
}

impl Listing {
    fn filter(self, limit: u32) -> Result<Filter, ApiError> {
        let entity =
            self.entity.map(|word| word.parse::<Entity>().map_err(|_| ApiError::field("entity", "is not known")));
        let cursor =
            self.cursor.map(|text| text.parse().map_err(|_| ApiError::field("cursor", "is none of this list")));
        Ok(Filter {
            before_seq: cursor.transpose()?,
            entity: entity.transpose()?,
            entity_id: self.entity_id,
            actor: self.actor,
            limit,
        })
    }
}

/// Lists what was done, the latest first.
#[utoipa::path(
    get,
    path = "/api/admin/audit",
    tag = "audit log",
    params(
        ("entity" = Option<String>, Query, description = "Only about things of this kind"),
        ("entityId" = Option<String>, Query, description = "Only about this thing"),
        ("actor" = Option<String>, Query, description = "Only what this user or key did"),
        ("limit" = Option<u32>, Query),
        ("cursor" = Option<String>, Query),
    ),
    responses((status = 200, description = "A page of entries", body = AuditList)),
)]
pub(in crate::web) async fn list(request: HttpRequest, state: web::Data<State>) -> Result<HttpResponse, ApiError> {
    let listing: Listing = query(&request)?;
    let limit = limit(listing.limit)?;
    let filter = listing.filter(limit + 1)?;
    let vault = state.store.vault().clone();
    let mut entries = state.store.read(move |connection| audit::list(connection, &vault, &filter)).await?;
    let is_more = entries.len() > limit as usize;
    entries.truncate(limit as usize);
    let next_cursor = entries.last().filter(|_| is_more).map(|last| last.seq.to_string());
    Ok(HttpResponse::Ok().json(AuditList { items: entries.into_iter().map(AuditItem::from).collect(), next_cursor }))
}
