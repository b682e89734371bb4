//! The audit log, for administrators.

use actix_web::{HttpResponse, http::header, web};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

use crate::{
    store::{
        audit::{self, Action, Entity, Filter, Logged},
        list::{BadPage, MOST_LIMIT, USUAL_LIMIT},
    },
    web::{
        State,
        api::list::{Params, filtered},
        error::ApiError,
    },
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

/// Which entries, and how many.
#[derive(Default, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub(in crate::web) struct Listing {
    /// Entries on a page: 1 to 200, 50 by default.
    pub(in crate::web) limit: Option<String>,
    /// `nextCursor` of the page before.
    pub(in crate::web) cursor: Option<String>,
    /// Only about things of this kind.
    pub(in crate::web) entity: Option<String>,
    /// Only about this thing.
    pub(in crate::web) entity_id: Option<String>,
    /// Only what this user or key did.
    pub(in crate::web) actor: Option<String>,
    /// Only this: `create`, `login_failed`, …
    pub(in crate::web) action: Option<String>,
}

impl Listing {
    /// One more than stand on a page, to see whether there is a next one.
    pub(in crate::web) fn filter(self) -> Result<Filter, ApiError> {
        Ok(Filter {
            before_seq: filtered("cursor", &self.cursor, |text| text.parse().map_err(|_| "is none of this list"))?,
            entity: filtered("entity", &self.entity, |text| text.parse::<Entity>().map_err(|_| "is not known"))?,
            action: filtered("action", &self.action, |text| text.parse::<Action>().map_err(|_| "is not known"))?,
            entity_id: self.entity_id,
            actor: self.actor,
            limit: filtered("limit", &self.limit, limit)?.unwrap_or(USUAL_LIMIT) + 1,
        })
    }
}

fn limit(text: &str) -> Result<u32, BadPage> {
    text.parse().ok().filter(|limit| (1..=MOST_LIMIT).contains(limit)).ok_or(BadPage::Limit)
}

/// Lists what was done, the latest first.
#[utoipa::path(
    get,
    path = "/api/admin/audit",
    tag = "audit log",
    params(Listing),
    responses((status = 200, description = "A page of entries", body = AuditList)),
)]
pub(in crate::web) async fn list(listing: Params<Listing>, state: web::Data<State>) -> Result<HttpResponse, ApiError> {
    let (entries, next_cursor) = page(&state, listing.0.filter()?).await?;
    let list = AuditList { items: entries.into_iter().map(AuditItem::from).collect(), next_cursor };
    Ok(HttpResponse::Ok().insert_header((header::CACHE_CONTROL, "no-store")).json(list))
}

/// The entries of a page, and the next page's cursor.
pub(in crate::web) async fn page(state: &State, filter: Filter) -> Result<(Vec<Logged>, Option<String>), ApiError> {
    let (vault, most) = (state.store.vault().clone(), filter.limit as usize - 1);
    let mut entries = state.store.read(move |connection| audit::list(connection, &vault, &filter)).await?;
    let is_more = entries.len() > most;
    entries.truncate(most);
    let next_cursor = entries.last().filter(|_| is_more).map(|last| last.seq.to_string());
    Ok((entries, next_cursor))
}
