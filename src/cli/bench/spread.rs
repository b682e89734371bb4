//! Several measurements of one thing.

use serde::Serialize;

/// Milliseconds, mostly.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Spread {
    pub(super) count: usize,
    pub(super) p50: u64,
    pub(super) p95: u64,
    pub(super) max: u64,
}

impl Spread {
    /// By the nearest rank; `None` of nothing.
    pub(super) fn of(values: impl IntoIterator<Item = u64>) -> Option<Self> {
        let mut values: Vec<u64> = values.into_iter().collect();
        values.sort_unstable();
        let rank = |percent: usize| values[(values.len() * percent).div_ceil(100) - 1];
        let max = *values.last()?;
        Some(Self { count: values.len(), p50: rank(50), p95: rank(95), max })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spread_is_by_the_nearest_rank() {
        assert_eq!(Spread::of([]), None);
        assert_eq!(Spread::of([7]), Some(Spread { count: 1, p50: 7, p95: 7, max: 7 }));
        assert_eq!(Spread::of(1..=100), Some(Spread { count: 100, p50: 50, p95: 95, max: 100 }));
        assert_eq!(Spread::of([30, 10, 20]), Some(Spread { count: 3, p50: 20, p95: 30, max: 30 }));
    }
}
