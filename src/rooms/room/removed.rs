//! Who was shown the door, and since when a token must be to let them in again.

use std::{
    collections::BTreeMap,
    time::{SystemTime, UNIX_EPOCH},
};

use crate::{domain::Identity, rooms::Claims};

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Removed(BTreeMap<Identity, u64>);

impl Removed {
    /// Of more than `most` the one who was removed first is forgotten.
    pub(super) fn add(&mut self, identity: Identity, at: SystemTime, most: usize) {
        let seconds = at.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        self.0.insert(identity, seconds);
        while self.0.len() > most {
            let Some(oldest) = self.0.iter().min_by_key(|(_, at)| **at).map(|(identity, _)| identity.clone()) else {
                return;
            };
            self.0.remove(&oldest);
        }
    }

    /// Whether a token with these claims is too old. Tokens have whole seconds: one made in the second of the removal may
    /// be older than that.
    pub(super) fn refuses(&self, claims: &Claims) -> bool {
        self.0.get(&claims.identity).is_some_and(|removed| claims.not_before <= *removed)
    }
}
