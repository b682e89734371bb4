//! How much somebody may still send, or cause, now: a bucket that fills with time (RFC 2698's idea, one rate).

use std::time::{Duration, Instant};

/// How many seconds' worth may be spent at once.
const BURST_S: u32 = 4;

/// See the module.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Allowance {
    per_second: u32,
    /// Below zero: a debt that time pays.
    left: f64,
    at: Instant,
}

impl Allowance {
    pub(crate) fn new(now: Instant, per_second: u32) -> Self {
        Self { per_second, left: f64::from(per_second) * f64::from(BURST_S), at: now }
    }

    /// Takes `amount`, if there is as much.
    pub(crate) fn take(&mut self, now: Instant, amount: usize) -> bool {
        let enough = amount as f64 <= self.left_at(now);
        if enough {
            self.charge(now, amount);
        }
        enough
    }

    /// Takes `amount`, however much that is, if there is anything.
    pub(super) fn spend(&mut self, now: Instant, amount: usize) -> bool {
        let is_open = self.is_open(now);
        if is_open {
            self.charge(now, amount);
        }
        is_open
    }

    /// Takes `amount`: it has been spent already.
    pub(super) fn charge(&mut self, now: Instant, amount: usize) {
        self.left = self.left_at(now) - amount as f64;
        self.at = self.at.max(now);
    }

    /// Whether there is anything.
    pub(super) fn is_open(&self, now: Instant) -> bool {
        self.left_at(now) > 0.0
    }

    /// When there will be something.
    pub(super) fn opens_at(&self) -> Instant {
        // A little more than nothing, whatever is lost by rounding.
        let lacking = (1.0 - self.left).max(0.0) / f64::from(self.per_second.max(1));
        self.at + Duration::try_from_secs_f64(lacking).unwrap_or(Duration::MAX / 2)
    }

    fn left_at(&self, now: Instant) -> f64 {
        let rate = f64::from(self.per_second);
        let gained = now.saturating_duration_since(self.at).as_secs_f64() * rate;
        (self.left + gained).min(rate * f64::from(BURST_S))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bursts_pass_and_floods_do_not() {
        let begin = Instant::now();
        let mut allowance = Allowance::new(begin, 10);
        assert_eq!((0..100).filter(|_| allowance.take(begin, 1)).count(), 40);
        let later = begin + Duration::from_secs(1);
        assert_eq!((0..100).filter(|_| allowance.take(later, 1)).count(), 10);
        assert!(!allowance.take(later + Duration::from_hours(1), 41), "never more than a burst");
    }

    #[test]
    fn a_debt_is_paid_by_time() {
        let begin = Instant::now();
        let mut allowance = Allowance::new(begin, 10);
        assert!(allowance.spend(begin, 140), "however much");
        assert!(!allowance.spend(begin, 1) && !allowance.is_open(begin + Duration::from_secs(10)));
        let open = allowance.opens_at();
        assert!((10..11).contains(&(open - begin).as_secs()), "{:?}", open - begin);
        assert!(allowance.is_open(open) && allowance.spend(open, 1));
        allowance.charge(open, 1000);
        allowance.charge(open, usize::MAX);
        assert!(!allowance.is_open(open + Duration::from_hours(1)) && allowance.opens_at() > open);
    }
}
