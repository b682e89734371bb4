//! How much somebody may still send now: a bucket that fills with time (RFC 2698's idea, one rate).

use std::time::Instant;

/// How many seconds' worth may be spent at once.
const BURST_S: u32 = 4;

/// See the module.
#[derive(Clone, Copy, Debug)]
pub(super) struct Allowance {
    per_second: u32,
    left: f64,
    at: Instant,
}

impl Allowance {
    pub(super) fn new(now: Instant, per_second: u32) -> Self {
        Self { per_second, left: f64::from(per_second) * f64::from(BURST_S), at: now }
    }

    /// Takes `amount`, if there is as much.
    pub(super) fn take(&mut self, now: Instant, amount: usize) -> bool {
        let rate = f64::from(self.per_second);
        let gained = now.saturating_duration_since(self.at).as_secs_f64() * rate;
        self.left = (self.left + gained).min(rate * f64::from(BURST_S));
        self.at = self.at.max(now);
        let amount = amount as f64;
        let enough = amount <= self.left;
        if enough {
            self.left -= amount;
        }
        enough
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

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
}
