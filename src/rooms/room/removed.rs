//! Who was shown the door, and since when a token must be to let them in again.

use std::{
    collections::BTreeMap,
    time::{SystemTime, UNIX_EPOCH},
};

use crate::{domain::Identity, rooms::Claims};

/// See the module.
#[derive(Debug, Default)]
pub(in crate::rooms) struct Removed(BTreeMap<Identity, u64>);

impl Removed {
    /// Of more than `most` the one who was removed first is forgotten.
    pub(in crate::rooms) fn add(&mut self, identity: Identity, at: SystemTime, most: usize) {
        let seconds = at.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        self.0.insert(identity, seconds);
        while self.0.len() > most {
            let Some(oldest) = self.0.iter().min_by_key(|(_, at)| **at).map(|(identity, _)| identity.clone()) else {
                return;
            };
            self.0.remove(&oldest);
        }
    }

    /// When somebody was removed last, in seconds since the Unix epoch; `None` when nobody was.
    pub(in crate::rooms) fn latest(&self) -> Option<u64> {
        self.0.values().copied().max()
    }

    /// Whether a token with these claims is too old. Tokens have whole seconds: one made in the second of the removal may
    /// be older than that.
    pub(in crate::rooms) fn refuses(&self, claims: &Claims) -> bool {
        self.0.get(&claims.identity).is_some_and(|removed| claims.not_before <= *removed)
    }
}
