//! API keys: made and revoked in somebody's name.

use serde_json::json;

use super::PeopleError;
use crate::{
    domain::ApiKeyId,
    store::{
        Change,
        api_keys::{self, ApiKey, KeySecret, NewKey},
        audit::{Action, Entity, Entry},
    },
};

/// Makes a key. Its secret is given here and never again.
///
/// # Errors
/// When the database fails.
pub fn create_key(change: &Change<'_>, new: &NewKey) -> Result<(ApiKey, KeySecret), PeopleError> {
    let (key, secret) = api_keys::create(change.transaction, new)?;
    let after = json!({ "name": key.name, "scopes": key.scopes, "prefix": key.prefix });
    change.record(&Entry::new(Action::Create, Entity::ApiKey, &key.id).after(&after))?;
    Ok((key, secret))
}

/// Makes a key invalid, for good.
///
/// # Errors
/// [`PeopleError::UnknownKey`] when there is none that is valid, and when the database fails.
pub fn revoke_key(change: &Change<'_>, id: &ApiKeyId) -> Result<(), PeopleError> {
    if !api_keys::revoke(change.transaction, id, change.now)? {
        return Err(PeopleError::UnknownKey);
    }
    Ok(change.record(&Entry::new(Action::Delete, Entity::ApiKey, id))?)
}
