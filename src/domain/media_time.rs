//! Time as counted in samples, not by a wall clock.

use std::{
    fmt,
    ops::{Add, Sub},
    time::Duration,
};

/// A moment in a stream of audio: samples at 48 kHz since the stream began. It stands still when no audio flows and
/// cannot drift against it, which is why everything that decides about speech uses it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MediaTime(u64);

impl MediaTime {
    /// Samples in a second.
    pub const HZ: u64 = 48_000;
    /// The beginning of the stream.
    pub const ZERO: Self = Self(0);

    /// `count` samples at `rate_hz` after the beginning, rounded down to a 48 kHz sample.
    pub const fn from_samples(count: u64, rate_hz: u32) -> Self {
        Self(count * Self::HZ / rate_hz as u64)
    }

    /// `millis` milliseconds after the beginning.
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis * Self::HZ / 1000)
    }

    /// Whole milliseconds since the beginning.
    pub const fn as_millis(self) -> u64 {
        self.0 * 1000 / Self::HZ
    }

    /// 48 kHz samples since the beginning.
    pub const fn as_samples(self) -> u64 {
        self.0
    }

    /// How long after `earlier` this moment is; zero when it is not.
    pub fn since(self, earlier: Self) -> Duration {
        let samples = self.0.saturating_sub(earlier.0);
        let (seconds, rest) = (samples / Self::HZ, samples % Self::HZ);
        Duration::from_secs(seconds) + Duration::from_nanos(rest * 1_000_000_000 / Self::HZ)
    }
}

impl Add<Duration> for MediaTime {
    type Output = Self;

    fn add(self, duration: Duration) -> Self {
        let samples = duration.as_nanos() * u128::from(Self::HZ) / 1_000_000_000;
        Self(self.0.saturating_add(u64::try_from(samples).unwrap_or(u64::MAX)))
    }
}

impl Sub<Duration> for MediaTime {
    type Output = Self;

    fn sub(self, duration: Duration) -> Self {
        let samples = duration.as_nanos() * u128::from(Self::HZ) / 1_000_000_000;
        Self(self.0.saturating_sub(u64::try_from(samples).unwrap_or(u64::MAX)))
    }
}

impl fmt::Display for MediaTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:03} s", self.as_millis() / 1000, self.as_millis() % 1000)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_samples_of_any_rate() {
        assert_eq!(MediaTime::from_samples(16_000, 16_000), MediaTime::from_millis(1000));
        assert_eq!(MediaTime::from_samples(512, 16_000).as_millis(), 32);
        assert_eq!(MediaTime::from_millis(1500).to_string(), "1.500 s");
    }

    #[test]
    fn a_year_is_not_too_long() {
        let year = Duration::from_secs(365 * 86_400);
        assert_eq!((MediaTime::ZERO + year).since(MediaTime::ZERO), year);
    }

    #[test]
    fn differences_do_not_go_below_zero() {
        let (early, late) = (MediaTime::from_millis(20), MediaTime::from_millis(50));
        assert_eq!(late.since(early), Duration::from_millis(30));
        assert_eq!(early.since(late), Duration::ZERO);
        assert_eq!(early - Duration::from_secs(1), MediaTime::ZERO);
        assert_eq!(early + Duration::from_millis(30), late);
    }
}
