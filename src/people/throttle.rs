//! How often somebody may try to log in. Guessing is slow, and nobody can lock somebody else out by guessing wrong:
//!
//! - An account from a network where its owner has logged in lately ("known") has delays of its own, which only failures from
//!   there make longer.
//! - From elsewhere there are besides: an allowance for each network, over all accounts, and one for each account, over all
//!   networks. Strangers who use up the latter keep other strangers out, and the owner only where the owner never was.
//!
//! An attempt counts as failed until it has succeeded, so that many at once are no way around. Sans-IO: it is told the time.

use std::{
    collections::HashMap,
    hash::Hash,
    net::IpAddr,
    time::{Duration, Instant},
};

use crate::domain::network;

/// Which account is tried: its e-mail address's digest, whether there is such an account or not.
pub(super) type AccountKey = [u8; 32];

/// Failures that cost nothing: people mistype.
const FREE_FAILURES: u32 = 5;
/// The first delay; each failure doubles it.
const FIRST_DELAY: Duration = Duration::from_secs(1);
const LONGEST_DELAY: Duration = Duration::from_secs(15 * 60);
/// Failures are forgotten after so long without one more.
const MEMORY: Duration = Duration::from_secs(60 * 60);
/// What one network may try: an office at nine o'clock.
const OF_NETWORK: Allowance = Allowance { burst: 30, refill: Duration::from_secs(6) };
/// What all unknown networks together may try with one account.
const OF_ACCOUNT: Allowance = Allowance { burst: 60, refill: Duration::from_secs(60) };
/// Most entries of each table.
const MOST_REMEMBERED: usize = 10_000;

/// So many at once, then one more after so long.
#[derive(Clone, Copy, Debug)]
struct Allowance {
    burst: u32,
    refill: Duration,
}

/// Of each key, the moment at which it will have spent nothing (a virtual scheduling algorithm, ITU-T I.371).
#[derive(Debug)]
struct Meter<K> {
    allowance: Allowance,
    even: HashMap<K, Instant>,
    /// Stands for those for whom there was no place.
    others: Option<Instant>,
}

impl<K: Eq + Hash> Meter<K> {
    fn new(allowance: Allowance) -> Self {
        Self { allowance, even: HashMap::new(), others: None }
    }

    /// How long `key` must wait until it may spend.
    fn wait(&mut self, key: &K, now: Instant) -> Duration {
        let Allowance { burst, refill } = self.allowance;
        let even = self.place(key, now).map_or(now, |at| at.max(now));
        (even + refill).saturating_duration_since(now + refill * burst)
    }

    fn spend(&mut self, key: K, now: Instant) {
        let next = self.place(&key, now).map_or(now, |at| at.max(now)) + self.allowance.refill;
        if self.even.contains_key(&key) || self.even.len() < MOST_REMEMBERED {
            self.even.insert(key, next);
        } else {
            self.others = Some(next);
        }
    }

    fn give_back(&mut self, key: &K) {
        if let Some(at) = self.even.get_mut(key) {
            *at = at.checked_sub(self.allowance.refill).unwrap_or(*at);
        }
    }

    fn place(&mut self, key: &K, now: Instant) -> Option<Instant> {
        if self.even.len() >= MOST_REMEMBERED {
            self.even.retain(|_, at| *at > now);
        }
        let known = self.even.get(key).copied();
        if self.even.len() < MOST_REMEMBERED { known } else { known.or(self.others) }
    }
}

#[derive(Clone, Copy, Debug)]
struct Failures {
    count: u32,
    last: Instant,
}

impl Failures {
    fn next_try(&self) -> Instant {
        let Some(doublings) = self.count.checked_sub(FREE_FAILURES) else { return self.last };
        let delay = FIRST_DELAY.saturating_mul(1_u32.checked_shl(doublings).unwrap_or(u32::MAX));
        self.last + delay.min(LONGEST_DELAY)
    }
}

/// Who has tried lately.
#[derive(Debug)]
pub(super) struct Throttle {
    failures: HashMap<(AccountKey, IpAddr), Failures>,
    networks: Meter<IpAddr>,
    accounts: Meter<AccountKey>,
}

impl Default for Throttle {
    fn default() -> Self {
        let (networks, accounts) = (Meter::new(OF_NETWORK), Meter::new(OF_ACCOUNT));
        Self { failures: HashMap::new(), networks, accounts }
    }
}

impl Throttle {
    /// Whether somebody at `from` may try to log in to `account` at `now`; if so, they have, and failed until
    /// [`Throttle::succeeded`]. `known`: its owner has logged in from there lately.
    ///
    /// # Errors
    /// How long to wait.
    pub(super) fn attempt(
        &mut self,
        account: AccountKey,
        from: IpAddr,
        known: bool,
        now: Instant,
    ) -> Result<(), Duration> {
        let from = network(from);
        let failures = self.failures.get(&(account, from)).filter(|it| now.saturating_duration_since(it.last) < MEMORY);
        let failures = failures.copied();
        let mut wait = failures.map_or(Duration::ZERO, |it| it.next_try().saturating_duration_since(now));
        if !known {
            wait = wait.max(self.networks.wait(&from, now)).max(self.accounts.wait(&account, now));
        }
        if !wait.is_zero() {
            return Err(wait);
        }
        let count = failures.map_or(0, |it| it.count).saturating_add(1);
        self.remember((account, from), Failures { count, last: now });
        if !known {
            self.networks.spend(from, now);
            self.accounts.spend(account, now);
        }
        Ok(())
    }

    /// The last attempt came to its end: whoever it was may log in. Earlier failures are forgotten.
    pub(super) fn succeeded(&mut self, account: AccountKey, from: IpAddr, known: bool) {
        self.forgive(account, from, known);
        self.failures.remove(&(account, network(from)));
    }

    /// The last attempt was no wrong guess, and proves nothing either: it does not count, and those before it still do.
    pub(super) fn forgive(&mut self, account: AccountKey, from: IpAddr, known: bool) {
        let from = network(from);
        if let Some(failures) = self.failures.get_mut(&(account, from)) {
            failures.count = failures.count.saturating_sub(1);
        }
        if !known {
            self.networks.give_back(&from);
            self.accounts.give_back(&account);
        }
    }

    /// When there is no place, the one that failed longest ago goes.
    fn remember(&mut self, key: (AccountKey, IpAddr), failures: Failures) {
        if self.failures.len() >= MOST_REMEMBERED && !self.failures.contains_key(&key) {
            self.failures.retain(|_, it| failures.last.saturating_duration_since(it.last) < MEMORY);
        }
        if self.failures.len() >= MOST_REMEMBERED && !self.failures.contains_key(&key) {
            let oldest = self.failures.iter().min_by_key(|(_, it)| it.last).map(|(key, _)| *key);
            oldest.and_then(|key| self.failures.remove(&key));
        }
        self.failures.insert(key, failures);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OWNER: AccountKey = [1; 32];
    const HOME: &str = "192.0.2.1";
    const SECOND: Duration = Duration::from_secs(1);

    fn attempt(throttle: &mut Throttle, from: &str, known: bool, now: Instant) -> Result<(), Duration> {
        throttle.attempt(OWNER, from.parse().unwrap(), known, now)
    }

    fn address(number: u32) -> IpAddr {
        IpAddr::V4((0x0a00_0000 + number).into())
    }

    #[test]
    fn delays_grow_with_failures_and_are_forgotten() {
        for known in [true, false] {
            let (mut throttle, mut now) = (Throttle::default(), Instant::now());
            for _ in 0..FREE_FAILURES {
                assert_eq!(attempt(&mut throttle, HOME, known, now), Ok(()));
            }
            let mut waited = Vec::new();
            for _ in 0..12 {
                let wait = attempt(&mut throttle, HOME, known, now).unwrap_err();
                waited.push(wait.as_secs());
                assert!(attempt(&mut throttle, HOME, known, now + wait - SECOND / 10).is_err());
                now += wait;
                assert_eq!(attempt(&mut throttle, HOME, known, now), Ok(()));
            }
            assert_eq!(waited, [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900], "{known}");
            now += MEMORY;
            assert_eq!(attempt(&mut throttle, HOME, known, now), Ok(()));
            assert_eq!(attempt(&mut throttle, HOME, known, now), Ok(()), "the count begins anew");
        }
    }

    #[test]
    fn who_succeeds_begins_anew() {
        let (mut throttle, now) = (Throttle::default(), Instant::now());
        for _ in 0..100 {
            assert_eq!(attempt(&mut throttle, HOME, false, now), Ok(()));
            throttle.succeeded(OWNER, HOME.parse().unwrap(), false);
        }
    }

    #[test]
    fn who_knows_half_of_it_has_no_more_guesses_at_the_rest() {
        let (mut throttle, now) = (Throttle::default(), Instant::now());
        for _ in 0..FREE_FAILURES {
            assert_eq!(attempt(&mut throttle, HOME, true, now), Ok(()));
            throttle.forgive(OWNER, HOME.parse().unwrap(), true);
            assert_eq!(attempt(&mut throttle, HOME, true, now), Ok(()), "a wrong code");
        }
        assert!(attempt(&mut throttle, HOME, true, now).is_err());
    }

    #[test]
    fn strangers_cannot_lock_the_owner_out() {
        let (mut throttle, now) = (Throttle::default(), Instant::now());
        let guesses = (0..5000).filter(|number| throttle.attempt(OWNER, address(*number), false, now).is_ok()).count();
        assert_eq!(guesses, OF_ACCOUNT.burst as usize);
        let stranger = attempt(&mut throttle, HOME, false, now);
        assert_eq!(stranger, Err(OF_ACCOUNT.refill), "one more guess a minute");
        assert_eq!(attempt(&mut throttle, HOME, true, now), Ok(()));
        assert_eq!(throttle.attempt([2; 32], HOME.parse().unwrap(), false, now), Ok(()), "others are not concerned");
    }

    #[test]
    fn a_network_has_one_allowance_for_all_accounts() {
        let (mut throttle, now) = (Throttle::default(), Instant::now());
        let mut guess = |number: u8, from: &str, now| throttle.attempt([number; 32], from.parse().unwrap(), false, now);
        let at_once = (0..200).filter(|number| guess(*number, "2001:db8::1", now).is_ok()).count();
        assert_eq!(at_once, OF_NETWORK.burst as usize);
        assert_eq!(guess(201, "2001:db8::ffff", now), Err(OF_NETWORK.refill));
        assert_eq!(guess(201, "2001:db8::ffff", now + OF_NETWORK.refill), Ok(()));
        assert_eq!(guess(202, HOME, now), Ok(()));
    }

    #[test]
    fn no_number_of_addresses_fills_the_memory_or_shuts_known_ones_out() {
        let (mut throttle, now) = (Throttle::default(), Instant::now());
        for number in 0..2 * MOST_REMEMBERED as u32 {
            let mut account = [0; 32];
            account[..4].copy_from_slice(&number.to_be_bytes());
            // What comes of each does not matter here.
            let _ = throttle.attempt(account, address(number), false, now);
        }
        let sizes = [throttle.failures.len(), throttle.networks.even.len(), throttle.accounts.even.len()];
        assert!(sizes.into_iter().all(|size| size <= MOST_REMEMBERED), "{sizes:?}");
        assert!(attempt(&mut throttle, HOME, false, now).is_err(), "newcomers share what is left");
        assert_eq!(attempt(&mut throttle, HOME, true, now), Ok(()));
        assert_eq!(attempt(&mut throttle, HOME, false, now + MEMORY), Ok(()));
    }
}
