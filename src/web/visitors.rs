//! How often somebody without a key may ask: so many times at once from one address, then so many a minute.

use std::{
    collections::HashMap,
    fmt,
    net::IpAddr,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use crate::domain::network;

/// Calls that one address may begin at once: a household, or a few people behind one router.
const BURST: u32 = 5;
/// One more after so long.
const REFILL: Duration = Duration::from_secs(10);
/// Most addresses remembered. With more, all that are not known wait.
const MOST_REMEMBERED: usize = 10_000;

/// Who has asked lately. Clones share it.
#[derive(Clone, Default)]
pub struct Visitors(Arc<Mutex<HashMap<IpAddr, Instant>>>);

impl Visitors {
    /// Whether this address may ask at `now`; if so, it has. For each address there is only the moment at which it will have
    /// spent nothing (a virtual scheduling algorithm, ITU-T I.371).
    pub(super) fn admit(&self, from: IpAddr, now: Instant) -> bool {
        let from = network(from);
        let mut even = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if even.len() >= MOST_REMEMBERED {
            even.retain(|_, at| *at > now);
        }
        if even.len() >= MOST_REMEMBERED && !even.contains_key(&from) {
            return false;
        }
        let next = even.get(&from).map_or(now, |at| now.max(*at)) + REFILL;
        let admitted = next <= now + REFILL * BURST;
        if admitted {
            even.insert(from, next);
        }
        admitted
    }
}

impl fmt::Debug for Visitors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Visitors")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn admitted(visitors: &Visitors, from: &str, now: Instant) -> usize {
        (0..20).filter(|_| visitors.admit(from.parse().unwrap(), now)).count()
    }

    #[test]
    fn an_address_may_ask_a_few_times_and_then_now_and_then() {
        let (visitors, begin) = (Visitors::default(), Instant::now());
        assert_eq!(admitted(&visitors, "192.0.2.1", begin), 5);
        assert_eq!(admitted(&visitors, "192.0.2.2", begin), 5);
        assert_eq!(admitted(&visitors, "192.0.2.1", begin + REFILL), 1);
        assert_eq!(admitted(&visitors, "192.0.2.1", begin + REFILL * 100), 5);
    }

    #[test]
    fn a_network_is_one_visitor() {
        let (visitors, begin) = (Visitors::default(), Instant::now());
        assert_eq!(admitted(&visitors, "2001:db8::1", begin), 5);
        assert_eq!(admitted(&visitors, "2001:db8::2", begin), 0);
        assert_eq!(admitted(&visitors, "::ffff:192.0.2.1", begin), 5);
        assert_eq!(admitted(&visitors, "192.0.2.1", begin), 0);
    }

    #[test]
    fn no_number_of_addresses_fills_the_memory() {
        let (visitors, begin) = (Visitors::default(), Instant::now());
        for number in 0..2 * MOST_REMEMBERED as u32 {
            visitors.admit(IpAddr::V4(number.into()), begin);
        }
        assert_eq!(visitors.0.lock().unwrap().len(), MOST_REMEMBERED);
        assert!(!visitors.admit(IpAddr::V4(u32::MAX.into()), begin));
        assert!(visitors.admit(IpAddr::V4(u32::MAX.into()), begin + REFILL), "the others are forgotten");
    }
}
