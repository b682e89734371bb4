//! How long packets have to wait so that most of the late ones are still in time.
//!
//! A packet's *transit* is its arrival, less its RTP time: meaningless by itself, for the two clocks begin anywhere, but what
//! it exceeds the quickest of the last seconds by is how *late* it was. Both clocks' drift moves the quickest one, slowly; a
//! sender that stood still, or a longer way, moves it at once. All values are in samples at 48 kHz.

use crate::audio::LINE_HZ;

const MS: i64 = (LINE_HZ / 1000) as i64;
/// The delay is at most this.
const MOST: i64 = 200 * MS;
/// The least while packets get lost: the packet after a lost one, with the copy that helps, comes 20 ms later.
const LEAST_WITH_LOSS: i64 = 40 * MS;
const LOSSY: f32 = 0.005;
/// Of the packets, so many shall be in time.
const IN_TIME: f32 = 0.97;
/// Lateness is counted in steps of this.
const BIN: i64 = 5 * MS;
const BINS: usize = 50;
/// How much of what was counted remains with each packet: half of it after 170, 3.5 s.
const MEMORY: f32 = 0.996;
/// Below so many packets there is little to go by.
const FEW: f32 = 15.0;
/// The quickest packet counts for one to two such spans.
const WINDOW: i64 = 5_000 * MS;
/// When all packets of so long come later than they could be waited for, the quickest of them is the measure. After a network
/// stood still, those that it kept come at once.
const DETOUR: i64 = 300 * MS;

/// See the module.
#[derive(Debug)]
pub(super) struct Delay {
    /// The delay is at least this.
    least: i64,
    quickest: Option<Quickest>,
    detour: Option<Detour>,
    /// How many packets were so late, in steps of [`BIN`]; old ones count less.
    lateness: [f32; BINS],
    /// Share of packets lost, lately.
    loss: f32,
}

/// The least transit of the present window and of the one before.
#[derive(Clone, Copy, Debug)]
struct Quickest {
    since: i64,
    now: i64,
    before: i64,
}

/// Packets in a row, each later than [`MOST`].
#[derive(Clone, Copy, Debug)]
struct Detour {
    /// When the first of them came.
    since: i64,
    /// The least transit of them.
    quickest: i64,
}

impl Delay {
    /// Nothing is known yet; packets shall wait for `least` at least.
    pub(super) const fn new(least: i64) -> Self {
        Self { least, quickest: None, detour: None, lateness: [0.0; BINS], loss: 0.0 }
    }

    /// The same for another sender.
    pub(super) const fn renewed(&self) -> Self {
        Self::new(self.least)
    }

    /// The transit of the quickest packet lately.
    pub(super) fn base(&self) -> Option<i64> {
        self.quickest.map(|quickest| quickest.now.min(quickest.before))
    }

    /// A packet came at `arrival` with this transit.
    pub(super) fn arrived(&mut self, arrival: i64, transit: i64) {
        let before = self.base();
        self.quickest = Some(match self.quickest {
            Some(Quickest { since, now, before }) if arrival.saturating_sub(since) < WINDOW => {
                Quickest { since, now: now.min(transit), before }
            }
            Some(Quickest { since, now, .. }) if arrival.saturating_sub(since) < 2 * WINDOW => {
                Quickest { since: arrival, now: transit, before: now }
            }
            _ => Quickest { since: arrival, now: transit, before: transit },
        });
        self.follow(arrival, transit);
        let base = self.base().unwrap_or(transit);
        self.rebase(base.saturating_sub(before.unwrap_or(base)) / BIN);
        self.lateness.iter_mut().for_each(|count| *count *= MEMORY);
        let late = (transit.saturating_sub(base) / BIN).clamp(0, BINS as i64 - 1);
        self.lateness[late as usize] += 1.0;
    }

    /// Notices that the sender stood still, or that the way has become longer for good.
    fn follow(&mut self, arrival: i64, transit: i64) {
        let is_late = self.base().is_some_and(|base| transit.saturating_sub(base) > MOST);
        self.detour = is_late.then(|| match self.detour {
            Some(Detour { since, quickest }) => Detour { since, quickest: quickest.min(transit) },
            None => Detour { since: arrival, quickest: transit },
        });
        if let Some(detour) = self.detour.take_if(|detour| arrival.saturating_sub(detour.since) >= DETOUR) {
            self.quickest = Some(Quickest { since: arrival, now: detour.quickest, before: detour.quickest });
        }
    }

    /// The quickest transit has moved by so many bins: what was counted is late by as much less.
    fn rebase(&mut self, bins: i64) {
        let by = usize::try_from(bins.unsigned_abs()).unwrap_or(BINS).min(BINS - 1);
        let last = BINS - 1;
        if bins > 0 {
            let in_time: f32 = self.lateness[..by].iter().sum();
            self.lateness.copy_within(by.., 0);
            self.lateness[BINS - by..].fill(0.0);
            self.lateness[0] += in_time;
        } else if bins < 0 {
            let latest: f32 = self.lateness[BINS - by..].iter().sum();
            self.lateness.copy_within(..BINS - by, by);
            self.lateness[..by].fill(0.0);
            self.lateness[last] += latest;
        }
    }

    /// Of the packets that should have come lately, this one did or did not.
    pub(super) fn count_loss(&mut self, lost: bool) {
        self.loss += (f32::from(u8::from(lost)) - self.loss) * 0.01;
    }

    /// How long packets should wait, after the quickest would have come.
    pub(super) fn target(&self) -> i64 {
        let total: f32 = self.lateness.iter().sum();
        let mut counted = 0.0;
        let enough = self.lateness.iter().position(|count| {
            counted += count;
            counted >= total * IN_TIME
        });
        let needed = (enough.unwrap_or(0) as i64 + 1) * BIN;
        let least = if self.loss > LOSSY || total < FEW { LEAST_WITH_LOSS.max(self.least) } else { self.least };
        needed.clamp(least, MOST)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The target after packets every 20 ms, late by what `late` says of each (in ms).
    fn target_ms(delay: &mut Delay, packets: i64, late: impl Fn(i64) -> i64) -> i64 {
        for n in 0..packets {
            delay.arrived(n * 20 * MS, late(n) * MS);
        }
        delay.target() / MS
    }

    #[test]
    fn grows_with_jitter_only() {
        for (late, expected) in [
            ((|_| 0) as fn(i64) -> i64, 20),
            (|n| n % 3 * 5, 20),
            (|n| n % 4 * 20, 65),
            (|n| if n % 100 == 0 { 150 } else { 0 }, 20),
            (|n| n % 2 * 900, 200),
        ] {
            assert_eq!(target_ms(&mut Delay::new(20 * MS), 2_000, late), expected);
        }
    }

    #[test]
    fn begins_with_some_caution() {
        assert_eq!(Delay::new(20 * MS).target(), 40 * MS);
        assert_eq!(target_ms(&mut Delay::new(20 * MS), 5, |_| 0), 40);
    }

    #[test]
    fn who_is_in_a_hurry_waits_for_jitter_only() {
        let hurried = |late: fn(i64) -> i64| target_ms(&mut Delay::new(10 * MS), 2_000, late);
        assert_eq!((hurried(|_| 0), hurried(|n| n % 3 * 5), hurried(|n| n % 4 * 20)), (10, 15, 65));
    }

    #[test]
    fn a_longer_way_is_no_jitter() {
        let mut delay = Delay::new(20 * MS);
        for n in 0..3_000 {
            let way = if n < 1_000 { 0 } else { 100 * MS };
            delay.arrived(n * 20 * MS, way);
        }
        assert_eq!((delay.base(), delay.target()), (Some(100 * MS), 20 * MS));
    }

    #[test]
    fn who_stood_still_is_followed_at_once() {
        let mut delay = Delay::new(20 * MS);
        target_ms(&mut delay, 100, |_| 0);
        for n in 0..=15 {
            assert_eq!(delay.base(), Some(0), "after {n} packets");
            delay.arrived((100 + n) * 20 * MS, (900 + n % 2 * 5) * MS);
        }
        assert_eq!((delay.base(), delay.target()), (Some(900 * MS), 20 * MS));
    }

    #[test]
    fn packets_that_a_network_kept_are_no_longer_way() {
        let mut delay = Delay::new(20 * MS);
        target_ms(&mut delay, 100, |_| 0);
        // A second of them within a fifth.
        for n in 0..50 {
            delay.arrived(3_000 * MS + n * 4 * MS, (1_000 - n * 16) * MS);
        }
        delay.arrived(3_220 * MS, 0);
        assert_eq!(delay.base(), Some(0));
    }

    #[test]
    fn a_shorter_way_makes_the_earlier_packets_late() {
        let mut delay = Delay::new(20 * MS);
        assert_eq!(target_ms(&mut delay, 200, |_| 100), 20);
        delay.arrived(200 * 20 * MS, 0);
        assert_eq!((delay.base(), delay.target()), (Some(0), 105 * MS));
    }

    #[test]
    fn loss_makes_it_wait_for_the_next_packet() {
        let mut delay = Delay::new(20 * MS);
        target_ms(&mut delay, 100, |_| 0);
        (0..200).for_each(|n| delay.count_loss(n % 50 == 0));
        assert_eq!(delay.target(), 40 * MS);
        (0..1_000).for_each(|_| delay.count_loss(false));
        assert_eq!(delay.target(), 20 * MS);
    }
}
