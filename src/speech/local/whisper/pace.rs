//! How many threads a window of speech gets, learned from how fast windows were.
//!
//! whisper.cpp makes new threads for every step, and they meet at a barrier after each operation. With a small model the
//! operations are so short that it depends on the operating system's mood whether a second thread helps (36 ms for a
//! clip of 2.6 s on two cores) or hurts (300 ms, for minutes on end), where one thread always takes 57 ms. With a large
//! model more threads are always better. So it is tried, and tried again from time to time.

use std::time::Duration;

/// Every so many windows the slower way is tried again: the mood changes.
const TRIAL_EVERY: u32 = 32;
/// The weight of the newest window in the mean.
const NEWEST: f64 = 0.3;

/// Each way is tried so often before it is judged. The first time of all, the model is read from the disk.
const TRIES: u32 = 2;

/// What is known about the two ways: one thread, and all that were granted.
#[derive(Debug, Default)]
pub(super) struct Pace {
    narrow: Track,
    wide: Track,
    since_trial: u32,
}

/// One way's speed.
#[derive(Debug, Default)]
struct Track {
    windows: u32,
    /// Seconds for each position of the encoder's context.
    mean: f64,
}

impl Track {
    fn note(&mut self, newest: f64) {
        self.windows = self.windows.saturating_add(1);
        self.mean = if self.windows <= TRIES { newest } else { self.mean + NEWEST * (newest - self.mean) };
    }
}

impl Pace {
    /// How many of `granted` threads to use for the next window.
    pub(super) fn threads(&mut self, granted: usize) -> usize {
        if self.wide.windows < TRIES && self.wide.windows <= self.narrow.windows {
            return granted;
        }
        if self.narrow.windows < TRIES {
            return 1;
        }
        let is_narrow_better = self.narrow.mean < self.wide.mean;
        self.since_trial += 1;
        let is_trial = self.since_trial >= TRIAL_EVERY;
        if is_trial {
            self.since_trial = 0;
        }
        if is_narrow_better == is_trial { granted } else { 1 }
    }

    /// A window with an encoder context of `positions` took so long on `threads` threads.
    pub(super) fn note(&mut self, threads: usize, positions: usize, took: Duration) {
        let track = if threads == 1 { &mut self.narrow } else { &mut self.wide };
        track.note(took.as_secs_f64() / positions.max(1) as f64);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Plays windows that take `narrow` or `wide` milliseconds; gives how many of `count` used one thread.
    fn narrow_windows(pace: &mut Pace, narrow: u64, wide: u64, count: usize) -> usize {
        let threads: Vec<_> = (0..count)
            .map(|_| {
                let threads = pace.threads(2);
                pace.note(threads, 256, Duration::from_millis(if threads == 1 { narrow } else { wide }));
                threads
            })
            .collect();
        threads.into_iter().filter(|threads| *threads == 1).count()
    }

    #[test]
    fn the_faster_way_is_taken_and_the_other_tried_now_and_then() {
        let mut pace = Pace::default();
        assert!((2..=5).contains(&narrow_windows(&mut pace, 57, 36, 100)), "two threads help");
        assert!(narrow_windows(&mut pace, 57, 300, 100) > 90, "two threads hurt");
        let narrow = narrow_windows(&mut pace, 57, 36, 500);
        assert!(narrow < 350, "{narrow}: they help again, and that is found out");
    }

    #[test]
    fn one_core_is_one_thread() {
        let mut pace = Pace::default();
        assert_eq!(pace.threads(1), 1);
        pace.note(1, 256, Duration::from_millis(57));
        assert_eq!(pace.threads(1), 1);
    }
}
