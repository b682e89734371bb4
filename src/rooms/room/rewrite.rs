//! A subscription's own sequence numbers and RTP time, whatever its source does.
//!
//! Within one run of the source they follow it: what was lost on the way in stays a gap (the receiver conceals it), what is
//! late takes its place. Between runs (muted in between, another source) the numbers go on without a gap, so that nothing
//! is taken for lost, and the time goes on as the clock does.

use std::time::Instant;

/// What the first packet is called: not zero, so that nothing before it wraps.
const FIRST_SEQ: u64 = 1;
/// A larger step than this, in packets (a minute of audio), is another source, not a gap.
const LARGEST_STEP: u64 = 3000;
/// Opus' RTP clock, per millisecond.
const TICKS_PER_MS: u64 = 48;
/// One frame of 20 ms: the least by which time moves on between runs.
const FRAME_TICKS: u64 = 20 * TICKS_PER_MS;

/// Where a packet goes in the subscription's stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Position {
    pub(super) seq: u64,
    pub(super) time: u64,
}

/// See the module.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Rewriter {
    /// The newest packet that was sent, and when.
    sent: Option<(Position, Instant)>,
    run: Option<Run>,
}

/// A stretch of packets that follows its source.
#[derive(Clone, Copy, Debug)]
struct Run {
    source: Position,
    own: Position,
    /// The newest of the source.
    newest: u64,
}

impl Rewriter {
    /// Where a packet of the source goes; `None`: nowhere, it is older than this run.
    pub(super) fn place(&mut self, now: Instant, source: Position) -> Option<Position> {
        let run = match self.run {
            Some(run) if source.seq.abs_diff(run.newest) <= LARGEST_STEP => run,
            _ => self.begin(now, source),
        };
        if source.seq < run.source.seq {
            return None;
        }
        self.run = Some(Run { newest: run.newest.max(source.seq), ..run });
        let place = Position {
            seq: run.own.seq + (source.seq - run.source.seq),
            time: run.own.time.wrapping_add(source.time.wrapping_sub(run.source.time)),
        };
        if self.sent.is_none_or(|(newest, _)| place.seq > newest.seq) {
            self.sent = Some((place, now));
        }
        Some(place)
    }

    /// What comes next does not follow what came before.
    pub(super) fn interrupt(&mut self) {
        self.run = None;
    }

    fn begin(&self, now: Instant, source: Position) -> Run {
        let own = match self.sent {
            None => Position { seq: FIRST_SEQ, time: source.time },
            Some((newest, at)) => {
                let passed = u64::try_from(now.saturating_duration_since(at).as_millis()).unwrap_or(u64::MAX);
                let ticks = passed.saturating_mul(TICKS_PER_MS).max(FRAME_TICKS);
                Position { seq: newest.seq + 1, time: newest.time.wrapping_add(ticks) }
            }
        };
        Run { source, own, newest: source.seq }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::*;

    /// Feeds `(milliseconds, seq, time)`; `None` interrupts.
    fn check(script: &[Option<(u64, u64, u64)>], expect: &[Option<(u64, u64)>]) {
        let begin = Instant::now();
        let mut rewriter = Rewriter::default();
        let mut got = Vec::new();
        for step in script {
            match *step {
                None => rewriter.interrupt(),
                Some((at, seq, time)) => {
                    let place = rewriter.place(begin + Duration::from_millis(at), Position { seq, time });
                    got.push(place.map(|place| (place.seq, place.time)));
                }
            }
        }
        assert_eq!(got, expect, "{script:?}");
    }

    #[test]
    fn follows_its_source() {
        // A gap stays a gap, a late packet takes its place, DTX lets time run on.
        check(
            &[Some((0, 70, 960)), Some((40, 72, 2880)), Some((41, 71, 1920)), Some((400, 73, 19200))],
            &[Some((1, 960)), Some((3, 2880)), Some((2, 1920)), Some((4, 19200))],
        );
    }

    #[test]
    fn goes_on_after_an_interruption() {
        // Muted from 20 ms to 1,020 ms: no gap in the numbers, one second in the time; what is older than that is dropped.
        check(
            &[Some((0, 70, 0)), Some((20, 71, 960)), None, Some((1020, 120, 49_000)), Some((1021, 119, 48_040))],
            &[Some((1, 0)), Some((2, 960)), Some((3, 960 + 48_000)), None],
        );
    }

    #[test]
    fn another_source_goes_on_where_the_last_one_was() {
        check(
            &[Some((0, 70, 0)), Some((10, 50_000, 7)), Some((30, 50_001, 967))],
            &[Some((1, 0)), Some((2, 960)), Some((3, 1920))],
        );
    }

    proptest! {
        #[test]
        fn numbers_grow_by_what_the_source_sends_and_never_repeat(
            steps in prop::collection::vec((any::<u64>(), any::<u64>(), any::<bool>(), 0..u64::from(u32::MAX)), 1..100),
        ) {
            let begin = Instant::now();
            let mut rewriter = Rewriter::default();
            let mut newest = 0;
            for (seq, time, interrupt, at) in steps {
                if interrupt {
                    rewriter.interrupt();
                }
                if let Some(place) = rewriter.place(begin + Duration::from_millis(at), Position { seq, time }) {
                    prop_assert!(place.seq >= 1 && place.seq <= newest + LARGEST_STEP + 1);
                    newest = newest.max(place.seq);
                }
            }
        }
    }
}
