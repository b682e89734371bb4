//! API keys that were used a moment ago, so that a busy front end does not ask the database a thousand times a second.

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use actix_web::rt;
use jiff::Timestamp;
use sha2::{Digest, Sha256};

use crate::{
    domain::ApiKeyId,
    store::{
        Store, StoreError,
        api_keys::{self, ApiKey, KeySecret},
    },
};

/// How long a key that was found is not asked for again; so long a revoked one may go on.
const FRESH_FOR: Duration = Duration::from_secs(5);
/// Most keys remembered.
const MOST_REMEMBERED: usize = 1024;

/// Keys by the digest of their secret. Clones share it.
#[derive(Clone, Default)]
pub struct KeyCache(Arc<Mutex<HashMap<[u8; 32], Remembered>>>);

struct Remembered {
    key: ApiKey,
    found: Instant,
}

impl KeyCache {
    /// The key with this secret, unless it was revoked some seconds ago.
    pub(super) async fn find(&self, store: &Store, secret: KeySecret) -> Result<Option<ApiKey>, StoreError> {
        let digest = Sha256::digest(secret.reveal().as_bytes()).into();
        if let Some(key) = self.recall(&digest, Instant::now()) {
            return Ok(Some(key));
        }
        let found = store.read(move |connection| api_keys::find(connection, &secret)).await?;
        if let Some(key) = &found {
            self.remember(digest, key.clone(), Instant::now());
            note_use(store, key);
        }
        Ok(found)
    }

    /// A key was revoked here, and does not go on.
    pub(super) fn forget(&self, id: &ApiKeyId) {
        let mut keys = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        keys.retain(|_, it| it.key.id != *id);
    }

    fn recall(&self, digest: &[u8; 32], now: Instant) -> Option<ApiKey> {
        let keys = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let remembered = keys.get(digest)?;
        (now.duration_since(remembered.found) < FRESH_FOR).then(|| remembered.key.clone())
    }

    fn remember(&self, digest: [u8; 32], key: ApiKey, now: Instant) {
        let mut keys = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if keys.len() >= MOST_REMEMBERED {
            keys.retain(|_, it| now.duration_since(it.found) < FRESH_FOR);
        }
        if keys.len() < MOST_REMEMBERED {
            keys.insert(digest, Remembered { key, found: now });
        }
    }
}

impl fmt::Debug for KeyCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyCache")
    }
}

/// Notes in the background that a key is in use; the request does not wait for the disk.
fn note_use(store: &Store, key: &ApiKey) {
    let now = Timestamp::now();
    if !api_keys::is_use_worth_noting(key, now) {
        return;
    }
    let (store, id) = (store.clone(), key.id.clone());
    rt::spawn(async move {
        if let Err(error) = store.write(move |transaction| api_keys::note_use(transaction, &id, now)).await {
            tracing::warn!(%error, "noting the use of an API key");
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::api_keys::{NewKey, Scope};

    #[test]
    fn a_key_is_remembered_for_a_moment_only() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        actix_web::rt::System::new().block_on(async {
            let new = NewKey { name: "desk".to_owned(), scopes: vec![Scope::Token], created_at: Timestamp::now() };
            let (key, secret) = store.write(move |transaction| api_keys::create(transaction, &new)).await.unwrap();
            let cache = KeyCache::default();
            let found = cache.find(&store, secret.clone()).await.unwrap().unwrap();
            assert_eq!(found.id, key.id);
            let digest: [u8; 32] = Sha256::digest(secret.reveal().as_bytes()).into();
            let now = Instant::now();
            assert!(cache.recall(&digest, now).is_some());
            assert!(cache.recall(&digest, now + FRESH_FOR).is_none());
            assert!(cache.recall(&[0; 32], now).is_none());
            cache.forget(&key.id);
            assert!(cache.recall(&digest, now).is_none());
        });
    }
}
