//! How often somebody may ask: a program by its key, a member of staff, and whoever has neither by the address. Each may ask
//! a few times at once and then at a rate (GCRA, ITU-T I.371). What is remembered of them is bounded: once that is full,
//! all that are not known share one allowance.

use std::{
    collections::{HashMap, HashSet},
    fmt,
    hash::Hash,
    net::IpAddr,
    num::NonZeroU32,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use governor::{
    Quota, RateLimiter,
    clock::{Clock, DefaultClock},
    middleware::NoOpMiddleware,
    nanos::Nanos,
    state::{StateStore, keyed::ShrinkableKeyedStateStore},
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::domain::network;

/// So many seconds' requests may come at once.
const BURST_SECONDS: NonZeroU32 = NonZeroU32::new(4).expect("is not zero");
/// Calls that one address may begin at once without a key: a household, or a few people behind one router.
const VISITS: NonZeroU32 = NonZeroU32::new(5).expect("is not zero");
/// One more after so long.
const NEXT_VISIT: Duration = Duration::from_secs(10);
/// Most keys, people or addresses remembered of each kind: what each has spent fits in some bytes.
const MOST_REMEMBERED: usize = 10_000;

/// Pages that are told what happens, at a time: a few for each member of a large desk's staff.
const MOST_STREAMS: usize = 200;

/// Most proxies that are warned of.
const MOST_PROXIES: usize = 8;

/// Who has asked lately. Clones share it.
#[derive(Clone)]
pub struct Limits(Arc<Kinds>);

struct Kinds {
    /// By the id of an API key or a member of staff.
    known: Limiter<String>,
    /// Everybody else, by their network.
    addresses: Limiter<IpAddr>,
    /// Calls begun without a key, by their network.
    visitors: Limiter<IpAddr>,
    /// Proxies that are not listed, of which the log has a warning.
    proxies: Mutex<HashSet<IpAddr>>,
    /// A permit for each answer that goes on and on.
    streams: Arc<Semaphore>,
}

impl Limits {
    /// Each may ask so many times a second.
    pub fn new(per_second: NonZeroU32) -> Self {
        let requests = Quota::per_second(per_second).allow_burst(per_second.saturating_mul(BURST_SECONDS));
        let visits = Quota::with_period(NEXT_VISIT).expect("is not zero").allow_burst(VISITS);
        Self(Arc::new(Kinds {
            known: Limiter::new(requests, DefaultClock::default()),
            addresses: Limiter::new(requests, DefaultClock::default()),
            visitors: Limiter::new(visits, DefaultClock::default()),
            proxies: Mutex::default(),
            streams: Arc::new(Semaphore::new(MOST_STREAMS)),
        }))
    }

    /// Whether nobody was warned of this proxy yet: each is worth one line in the log, and only the first few are.
    pub(super) fn is_news(&self, proxy: IpAddr) -> bool {
        let mut known = self.0.proxies.lock().unwrap_or_else(PoisonError::into_inner);
        known.len() < MOST_PROXIES && known.insert(proxy)
    }

    /// Whether the API key or the member of staff with this id may ask now; if so, they have.
    ///
    /// # Errors
    /// How long to wait.
    pub(super) fn known(&self, id: &str) -> Result<(), Duration> {
        self.0.known.check(&id.to_owned())
    }

    /// The same for somebody who is known by the address only.
    ///
    /// # Errors
    /// How long to wait.
    pub(super) fn address(&self, from: IpAddr) -> Result<(), Duration> {
        self.0.addresses.check(&network(from))
    }

    /// Whether somebody without a key may begin a call now; if so, they have.
    ///
    /// # Errors
    /// How long to wait.
    pub(super) fn visitor(&self, from: IpAddr) -> Result<(), Duration> {
        self.0.visitors.check(&network(from))
    }

    /// Room for an answer that goes on and on; none when there are too many.
    pub(super) fn stream(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.0.streams).try_acquire_owned().ok()
    }

    /// Forgets those who could do no more if they had never asked. To be called every few seconds.
    pub(super) fn forget(&self) {
        self.0.known.0.retain_recent();
        self.0.addresses.0.retain_recent();
        self.0.visitors.0.retain_recent();
    }
}

impl fmt::Debug for Limits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Limits")
    }
}

/// One allowance for each of many.
struct Limiter<K, C: Clock = DefaultClock>(RateLimiter<K, Remembered<K>, C, NoOpMiddleware<C::Instant>>)
where
    K: Hash + Eq + Clone;

impl<K: Hash + Eq + Clone, C: Clock> Limiter<K, C> {
    fn new(quota: Quota, clock: C) -> Self {
        Self(RateLimiter::new(quota, Remembered::default(), clock))
    }

    fn check(&self, who: &K) -> Result<(), Duration> {
        self.0.check_key(who).map_err(|not_until| not_until.wait_time_from(self.0.clock().now()))
    }
}

/// For each the moment at which all will be as if nothing had been asked.
struct Remembered<K>(Mutex<Moments<K>>);

struct Moments<K> {
    of: HashMap<K, Nanos>,
    /// Of all those for whom there is no room.
    of_others: Option<Nanos>,
}

impl<K> Remembered<K> {
    fn moments(&self) -> MutexGuard<'_, Moments<K>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K> Default for Remembered<K> {
    fn default() -> Self {
        Self(Mutex::new(Moments { of: HashMap::new(), of_others: None }))
    }
}

impl<K: Hash + Eq + Clone> StateStore for Remembered<K> {
    type Key = K;

    fn measure_and_replace<T, F, E>(&self, who: &K, measure: F) -> Result<T, E>
    where
        F: Fn(Option<Nanos>) -> Result<(T, Nanos), E>,
    {
        let mut moments = self.moments();
        let known = moments.of.get(who).copied();
        if known.is_none() && moments.of.len() >= MOST_REMEMBERED {
            let (outcome, moment) = measure(moments.of_others)?;
            moments.of_others = Some(moment);
            return Ok(outcome);
        }
        let (outcome, moment) = measure(known)?;
        moments.of.insert(who.clone(), moment);
        Ok(outcome)
    }
}

impl<K: Hash + Eq + Clone> ShrinkableKeyedStateStore<K> for Remembered<K> {
    fn retain_recent(&self, drop_below: Nanos) {
        self.moments().of.retain(|_, moment| *moment > drop_below);
    }

    fn len(&self) -> usize {
        self.moments().of.len()
    }

    fn is_empty(&self) -> bool {
        self.moments().of.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use governor::clock::FakeRelativeClock;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn limiter(clock: &FakeRelativeClock) -> Limiter<u32, FakeRelativeClock> {
        let quota = Quota::with_period(NEXT_VISIT).unwrap().allow_burst(VISITS);
        Limiter::new(quota, clock.clone())
    }

    fn admitted(limiter: &Limiter<u32, FakeRelativeClock>, who: u32) -> usize {
        (0..20).filter(|_| limiter.check(&who).is_ok()).count()
    }

    #[test]
    fn each_may_ask_a_few_times_and_then_now_and_then() {
        let clock = FakeRelativeClock::default();
        let limiter = limiter(&clock);
        assert_eq!(admitted(&limiter, 1), 5);
        assert_eq!(admitted(&limiter, 2), 5);
        clock.advance(4 * SECOND);
        assert_eq!(limiter.check(&1), Err(6 * SECOND), "it is said how long to wait");
        clock.advance(6 * SECOND);
        assert_eq!(admitted(&limiter, 1), 1);
        clock.advance(1000 * SECOND);
        assert_eq!(admitted(&limiter, 1), 5);
    }

    #[test]
    fn no_number_of_them_fills_the_memory() {
        let clock = FakeRelativeClock::default();
        let limiter = limiter(&clock);
        let most = u32::try_from(MOST_REMEMBERED).unwrap();
        for who in 0..2 * most {
            let _ = limiter.check(&who);
        }
        assert_eq!(limiter.0.len(), MOST_REMEMBERED);
        assert_eq!(admitted(&limiter, u32::MAX), 0, "strangers share what is left");
        assert_eq!(admitted(&limiter, 0), 4, "who is known has an allowance as before");
        clock.advance(100 * SECOND);
        limiter.0.retain_recent();
        assert!(limiter.0.is_empty());
        assert_eq!(admitted(&limiter, u32::MAX), 5);
    }

    #[test]
    fn a_network_is_one_visitor() {
        let limits = Limits::new(NonZeroU32::MIN);
        let admitted = |from: &str| (0..20).filter(|_| limits.visitor(from.parse().unwrap()).is_ok()).count();
        assert_eq!(admitted("2001:db8::1"), 5);
        assert_eq!(admitted("2001:db8::2"), 0);
        assert_eq!(admitted("::ffff:192.0.2.1"), 5);
        assert_eq!(admitted("192.0.2.1"), 0);
    }
}
