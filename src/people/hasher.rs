//! Where passwords are hashed: on threads that may block, two at once, and with a short queue, so that a flood of log-ins costs
//! neither the server's threads nor the calls their cores.

use std::sync::Arc;

use tokio::sync::Semaphore;

use super::{
    PeopleError,
    password::{self, Password},
};

/// Hashes at once: 40 ms of a core and 19 MiB each.
const AT_ONCE: usize = 2;
/// Hashes that are made or wait: a second's worth.
const QUEUE: usize = 48;

/// What came of comparing a password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Wrong,
    Right {
        /// To be kept in the old one's place, whose parameters are not today's.
        rehashed: Option<String>,
    },
}

/// Makes and compares hashes. Clones share the queue.
#[derive(Clone, Debug)]
pub(super) struct Hasher {
    queue: Arc<Semaphore>,
    running: Arc<Semaphore>,
}

impl Hasher {
    pub(super) fn new() -> Self {
        Self { queue: Arc::new(Semaphore::new(QUEUE)), running: Arc::new(Semaphore::new(AT_ONCE)) }
    }

    pub(super) async fn hash(&self, password: Password) -> Result<String, PeopleError> {
        self.run(move || password.hash()).await
    }

    /// With no hash it takes as long, and nothing fits.
    pub(super) async fn compare(&self, password: Password, hash: Option<String>) -> Result<Verdict, PeopleError> {
        let compare = move || match hash {
            Some(hash) if password.is_of(&hash) => {
                Verdict::Right { rehashed: password::is_outdated(&hash).then(|| password.hash()) }
            }
            Some(_) => Verdict::Wrong,
            None => {
                password.is_of(password::nobodys());
                Verdict::Wrong
            }
        };
        self.run(compare).await
    }

    async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, PeopleError> {
        let place = Arc::clone(&self.queue).try_acquire_owned().map_err(|_| PeopleError::Busy)?;
        let turn = Arc::clone(&self.running).acquire_owned().await.map_err(|_| PeopleError::Busy)?;
        let result = tokio::task::spawn_blocking(move || {
            // Held by the work and not by who waits for it: a client that leaves does not make room before its hash is done.
            let _held = (place, turn);
            work()
        });
        result.await.map_err(|_| PeopleError::Busy)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn passwords_are_compared_and_old_hashes_renewed() {
        let hasher = Hasher::new();
        let password = Password::new("correct horse".to_owned());
        let hash = hasher.hash(password.clone()).await.unwrap();
        let compare =
            async |hash: Option<&str>| hasher.compare(password.clone(), hash.map(str::to_owned)).await.unwrap();
        assert_eq!(compare(Some(&hash)).await, Verdict::Right { rehashed: None });
        assert_eq!(compare(None).await, Verdict::Wrong);
        assert_eq!(compare(Some(password::nobodys())).await, Verdict::Wrong);
    }

    #[tokio::test]
    async fn a_flood_is_turned_away() {
        let hasher = Hasher::new();
        let _places = hasher.queue.clone().try_acquire_many_owned(QUEUE as u32).unwrap();
        let refused = hasher.hash(Password::new(String::new())).await;
        assert!(matches!(refused, Err(PeopleError::Busy)), "{refused:?}");
    }
}
