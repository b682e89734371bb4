//! How good a connection is for a call: livekit-server's scale over the E-model (ITU-T G.107, simplified), from loss and
//! round trip.

use std::time::{Duration, Instant};

use livekit_protocol::{self as proto, signal_response::Message};

use super::{Key, Room, participant::Participant};
use crate::rtc::peer::Quality;

/// How often it is looked at.
pub(super) const INTERVAL: Duration = Duration::from_secs(5);
const BEST: f64 = 100.0;
/// A percent of lost packets costs this much, with Opus' own error correction.
const LOSS_WEIGHT: f64 = 8.0 / 1.5;
/// A falling score is believed sooner than a rising one.
const FALL: f64 = 0.8;
const RISE: f64 = 0.4;

/// A score that follows what is measured.
#[derive(Clone, Copy, Debug)]
pub(super) struct Score(f64);

impl Default for Score {
    fn default() -> Self {
        Self(BEST)
    }
}

impl Score {
    /// Takes in the newest measurement.
    pub(super) fn update(&mut self, quality: &Quality) {
        let measured = measure(quality);
        let factor = if measured < self.0 { FALL } else { RISE };
        self.0 += (measured - self.0) * factor;
    }

    /// As clients are told: a level and a mean opinion score (1 to 4.5).
    pub(super) fn tell(self) -> (proto::ConnectionQuality, f32) {
        let level = match self.0 {
            score if score > 80.0 => proto::ConnectionQuality::Excellent,
            score if score > 40.0 => proto::ConnectionQuality::Good,
            _ => proto::ConnectionQuality::Poor,
        };
        (level, opinion(self.0))
    }
}

impl Room {
    /// When any client's quality is another now, tells each about itself and about those whom it receives.
    pub(super) fn tell_quality(&mut self, now: Instant) {
        if now < self.quality_due {
            return;
        }
        self.quality_due = now + INTERVAL;
        let mut is_changed = false;
        for participant in self.participants.values_mut().filter(|participant| participant.is_active()) {
            if let Some(client) = participant.client_mut() {
                let level = Some(client.score.tell().0);
                is_changed |= client.told != level;
                client.told = level;
            }
        }
        let receivers: Vec<Key> = self.participants.keys().copied().filter(|_| is_changed).collect();
        for key in receivers {
            let updates = self.qualities_for(key);
            if !updates.is_empty() {
                self.send(key, Message::ConnectionQuality(proto::ConnectionQualityUpdate { updates }));
            }
        }
    }

    fn qualities_for(&self, key: Key) -> Vec<proto::ConnectionQualityInfo> {
        let Some(client) = self.client(key) else { return Vec::new() };
        let mut shown: Vec<Key> = client.subscriptions.values().map(|subscription| subscription.publisher).collect();
        shown.push(key);
        shown.sort_unstable();
        shown.dedup();
        shown.iter().filter_map(|key| quality_of(self.participants.get(key)?)).collect()
    }
}

fn quality_of(participant: &Participant) -> Option<proto::ConnectionQualityInfo> {
    let (level, score) = participant.client().filter(|_| participant.is_active())?.score.tell();
    Some(proto::ConnectionQualityInfo { participant_sid: participant.sid.to_string(), quality: level.into(), score })
}

fn measure(quality: &Quality) -> f64 {
    let delay_ms = quality.round_trip.map_or(0.0, |trip| trip.as_secs_f64() * 1000.0 / 2.0);
    let delay_effect = if delay_ms > 160.0 { (delay_ms - 120.0) / 10.0 } else { delay_ms / 40.0 };
    let loss_percent = f64::from(quality.loss_up.max(quality.loss_down)).clamp(0.0, 1.0) * 100.0;
    (BEST - delay_effect - loss_percent * LOSS_WEIGHT).max(0.0)
}

/// ITU-T G.107 Annex B, with the ends as livekit-server has them.
fn opinion(score: f64) -> f32 {
    let curve = 0.000_007 * score * (score - 60.0) * (100.0 - score);
    (1.0 + 0.035 * score + curve).clamp(1.0, 4.5) as f32
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proto::ConnectionQuality::{Excellent, Good, Poor};

    use super::*;

    #[test]
    fn loss_and_delay_cost_quality() {
        for (loss_up, loss_down, trip_ms, expect) in [
            (0.0, 0.0, 20, Excellent),
            (0.02, 0.0, 100, Excellent),
            (0.0, 0.06, 20, Good),
            (0.15, 0.0, 20, Poor),
            (0.0, 0.0, 1000, Good),
            (f32::NAN, 9.0, 0, Poor),
        ] {
            let mut score = Score::default();
            let quality = Quality { loss_up, loss_down, round_trip: Some(Duration::from_millis(trip_ms)) };
            (0..10).for_each(|_| score.update(&quality));
            let (level, opinion) = score.tell();
            assert_eq!(level, expect, "{quality:?}");
            assert!((1.0..=4.5).contains(&opinion), "{opinion}");
        }
    }

    #[test]
    fn a_good_connection_is_worth_the_most() {
        assert_eq!(Score::default().tell(), (Excellent, 4.5));
    }
}
