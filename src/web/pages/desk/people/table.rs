//! What is done with all that are chosen in a table.

use actix_web::{HttpResponse, web};
use jiff::Timestamp;

use super::{super::frame::Desk, Party};
use crate::{
    store::Refusal,
    web::{State, error::ApiError, form::StaffPairs},
};

/// Most that are changed together: those of one page.
const MOST_TOGETHER: usize = 200;

/// `POST /desk/leads/bulk`
pub(super) async fn bulk<K: Party>(
    desk: Desk,
    StaffPairs(sent): StaffPairs,
    state: web::Data<State>,
) -> Result<HttpResponse, ApiError> {
    let act = sent.iter().find(|(name, _)| name == "act").map(|(_, act)| act.as_str());
    let ids = sent.iter().filter(|(name, _)| name == "id").take(MOST_TOGETHER).map(|(_, id)| K::id(id));
    let ids: Vec<K::Id> = ids.collect::<Result<_, _>>()?;
    if ids.is_empty() {
        return Ok(Desk::see(K::PATH, "nothing-ticked"));
    }
    let patch = match act {
        Some("delete") => None,
        Some(act) => Some(K::together(act)?),
        None => return Err(ApiError::Form),
    };
    let done = if patch.is_some() { "changed" } else { "deleted" };
    let changed = state.store.change(desk.actor(), Timestamp::now(), move |change| {
        for id in &ids {
            let changed = match &patch {
                Some(patch) => K::update(change, id, None, patch).map(drop),
                None => K::delete(change, id),
            };
            match changed {
                // Somebody else was quicker.
                Ok(()) | Err(Refusal::Missing(_)) => {}
                Err(refusal) => return Err(refusal),
            }
        }
        Ok(())
    });
    changed.await?;
    Ok(Desk::see(K::PATH, &format!("{}s-{done}", K::NAME)))
}
