//! How loud somebody is, from the levels in their packets (RFC 6464), smoothed as livekit-server does it: by windows of
//! 400 ms; active is whose level lies above the threshold for two fifths of one.

use std::time::{Duration, Instant};

use crate::rtc::peer::{AudioLevel, Packet};

/// How often levels are told, and how long a window is.
pub(super) const INTERVAL: Duration = Duration::from_millis(400);
const WINDOW_MS: u64 = 400;
/// Without packets for this long somebody is silent.
const STALE: Duration = Duration::from_millis(800);
/// Below overload: quieter is silence.
const ACTIVE_DB: f64 = 35.0;
/// Of a window, in milliseconds.
const LEAST_ACTIVE_MS: u64 = 160;
/// The weight of the newest window in a moving average over two.
const SMOOTHING: f64 = 2.0 / 3.0;
/// Told levels are rounded up to eighths: small changes are not worth a message.
const STEPS: f64 = 8.0;

/// The level of one track.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Level {
    smoothed: f64,
    window: Window,
    /// The newest packet: its RTP time, and when it came.
    newest: Option<(u64, Instant)>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Window {
    observed_ms: u64,
    active_ms: u64,
    /// Decibels below overload; `None`: nothing active yet.
    loudest: Option<f64>,
}

impl Level {
    /// A packet with its level came.
    pub(super) fn observe(&mut self, packet: &Packet, level: AudioLevel) {
        let duration_ms = match self.newest {
            Some((time, _)) if packet.time <= time => return,
            // A frame lasts at most 120 ms; after a longer gap (DTX) only that much was heard.
            Some((time, _)) => ((packet.time - time) / 48).min(120),
            None => 0,
        };
        if self.is_stale(packet.arrived) {
            self.silence();
        }
        self.newest = Some((packet.time, packet.arrived));
        self.window.add(duration_ms, -f64::from(level.dbov));
        if self.window.observed_ms >= WINDOW_MS {
            self.smoothed = self.window.close(self.smoothed);
            self.window = Window::default();
        }
    }

    /// Not active any more.
    pub(super) fn silence(&mut self) {
        self.smoothed = 0.0;
        self.window = Window::default();
    }

    /// From 0 to 1, in eighths; `None`: silent.
    pub(super) fn active(&self, now: Instant) -> Option<f32> {
        let active = self.smoothed >= linear(ACTIVE_DB) && !self.is_stale(now);
        active.then(|| ((self.smoothed * STEPS).ceil() / STEPS).min(1.0) as f32)
    }

    fn is_stale(&self, now: Instant) -> bool {
        self.newest.is_none_or(|(_, arrived)| now.saturating_duration_since(arrived) >= STALE)
    }
}

impl Window {
    fn add(&mut self, duration_ms: u64, decibels: f64) {
        self.observed_ms += duration_ms;
        if decibels <= ACTIVE_DB {
            self.active_ms += duration_ms;
            self.loudest = Some(self.loudest.map_or(decibels, |loudest| loudest.min(decibels)));
        }
    }

    /// The loudest level, less what the window was not active, averaged with what came before.
    fn close(self, before: f64) -> f64 {
        match self.loudest {
            Some(loudest) if self.active_ms >= LEAST_ACTIVE_MS => {
                let share = self.active_ms as f64 / WINDOW_MS as f64;
                let level = linear(loudest - 20.0 * share.log10());
                before + (level - before) * SMOOTHING
            }
            _ => 0.0,
        }
    }
}

/// Decibels below overload as an amplitude.
fn linear(decibels: f64) -> f64 {
    10f64.powf(-decibels / 20.0)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    /// Packets of 20 ms, each with this level; then the level `later_ms` after the last.
    fn level_after(levels: &[i8], later_ms: u64) -> Option<f32> {
        let begin = Instant::now();
        let mut level = Level::default();
        let mut now = begin;
        for (nth, dbov) in levels.iter().enumerate() {
            now = begin + Duration::from_millis(20 * nth as u64);
            let packet = Packet {
                payload: Arc::from(&b"opus"[..]),
                seq: nth as u64,
                time: 960 * nth as u64,
                marker: false,
                is_red: false,
                level: None,
                video: None,
                arrived: now,
            };
            level.observe(&packet, AudioLevel { dbov: *dbov, voice: true });
        }
        level.active(now + Duration::from_millis(later_ms))
    }

    #[test]
    fn speech_is_active_and_noise_is_not() {
        let mixed: Vec<i8> = [[-20, -20, -60, -60, -60]; 20].concat();
        let seldom: Vec<i8> = [[-20, -60, -60, -60, -60]; 20].concat();
        for (levels, later_ms, active) in [
            (vec![-20; 100], 0, true),
            (vec![-60; 100], 0, false),
            (vec![-127; 100], 0, false),
            (vec![0; 100], 0, true),
            // Two fifths of the time are enough, one is not.
            (mixed, 0, true),
            (seldom, 0, false),
            // Less than a window says nothing yet; old packets say nothing any more.
            (vec![-20; 10], 0, false),
            (vec![-20; 100], 900, false),
        ] {
            assert_eq!(level_after(&levels, later_ms).is_some(), active, "{:?} {later_ms}", &levels[..5]);
        }
    }

    #[test]
    fn louder_is_more() {
        let levels = [-30, -12, -6, 0].map(|dbov| level_after(&[dbov; 100], 0).unwrap());
        assert!(levels.is_sorted() && levels[0] < levels[3], "{levels:?}");
        assert_eq!(levels[3], 1.0);
    }
}
