//! Who may call the API: in development mode everybody on this machine, else whoever has a key with the right scope.

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use actix_web::{HttpRequest, http::header, rt};
use jiff::Timestamp;
use sha2::{Digest, Sha256};

use super::{State, error::ApiError, public};
use crate::store::{
    Store, StoreError,
    api_keys::{self, ApiKey, KeySecret, Scope},
};

/// How long a key that was found is not asked for again; so long a revoked one may go on.
const FRESH_FOR: Duration = Duration::from_secs(5);
/// Most keys remembered.
const MOST_REMEMBERED: usize = 1024;

/// Lets the request pass when it may do what `scope` is about.
///
/// # Errors
/// When it has no key, an invalid one, or one without that scope.
pub(super) async fn require(state: &State, request: &HttpRequest, scope: Scope) -> Result<(), ApiError> {
    if state.config.server.dev {
        return Ok(());
    }
    let secret = KeySecret::parse(bearer(request)?).ok_or(ApiError::UnknownKey)?;
    let key = state.api_keys.find(&state.store, secret).await?.ok_or(ApiError::UnknownKey)?;
    if key.may(scope) { Ok(()) } else { Err(ApiError::Scope(scope.as_str())) }
}

/// On whose word a token is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Caller {
    /// Somebody with a key, or in development mode: what they ask for is honoured.
    Trusted,
    /// Anybody, where calls are public: the room is made here.
    Anonymous,
}

/// Lets a caller pass who has a key with the scope `token`, or needs none.
///
/// # Errors
/// As [`require`]; and when somebody without a key asks too often.
pub(super) async fn caller(state: &State, request: &HttpRequest) -> Result<Caller, ApiError> {
    let has_key = request.headers().contains_key(header::AUTHORIZATION);
    if has_key || state.config.server.dev || !state.config.server.public_calls {
        return require(state, request, Scope::Token).await.map(|()| Caller::Trusted);
    }
    let admitted = public::client(state, request).is_some_and(|from| state.visitors.admit(from, Instant::now()));
    if admitted { Ok(Caller::Anonymous) } else { Err(ApiError::TooOften) }
}

/// What follows `Bearer` in the header (RFC 6750, section 2.1).
fn bearer(request: &HttpRequest) -> Result<&str, ApiError> {
    let header = request.headers().get(header::AUTHORIZATION).ok_or(ApiError::NoKey)?;
    let (scheme, key) = header.to_str().ok().and_then(|value| value.split_once(' ')).ok_or(ApiError::NoKey)?;
    if scheme.eq_ignore_ascii_case("bearer") { Ok(key.trim()) } else { Err(ApiError::NoKey) }
}

/// Keys that were used a moment ago, by the digest of their secret, so that a busy front end does not ask the database a
/// thousand times a second. Clones share it.
#[derive(Clone, Default)]
pub struct KeyCache(Arc<Mutex<HashMap<[u8; 32], Remembered>>>);

struct Remembered {
    key: ApiKey,
    found: Instant,
}

impl KeyCache {
    async fn find(&self, store: &Store, secret: KeySecret) -> Result<Option<ApiKey>, StoreError> {
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
    use actix_web::test::TestRequest;

    use super::*;
    use crate::store::api_keys::NewKey;

    #[test]
    fn a_key_is_what_follows_bearer() {
        for (header, key) in [
            ("Bearer csk_1", Some("csk_1")),
            ("bearer  csk_1 ", Some("csk_1")),
            ("Basic csk_1", None),
            ("csk_1", None),
            ("Bearer", None),
        ] {
            let request = TestRequest::default().insert_header(("Authorization", header)).to_http_request();
            assert_eq!(bearer(&request).ok(), key, "{header}");
        }
        assert!(matches!(bearer(&TestRequest::default().to_http_request()), Err(ApiError::NoKey)));
    }

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
        });
    }
}
