//! A subscription's own sequence numbers and RTP time, whatever its source does.
//!
//! Within one run of the source they follow it: what was lost on the way in stays a gap (the receiver conceals it), what is
//! late takes its place. Between runs (muted in between, another source) the numbers go on without a gap, so that nothing
//! is taken for lost, and the time goes on as the clock does. So do the numbers that pictures have of their own. What is
//! left out of a run leaves no gap either.

use std::{collections::VecDeque, time::Instant};

use crate::rtc::peer::{Numbers, Shift};

/// What the first packet is called: not zero, so that nothing before it wraps.
const FIRST_SEQ: u64 = 1;
/// A larger step than this, in packets (a minute of audio), is another source, not a gap.
const LARGEST_STEP: u64 = 3000;
/// Opus' RTP clock, per millisecond.
const AUDIO_TICKS: u64 = 48;
/// Video's.
const VIDEO_TICKS: u64 = 90;
/// One frame of audio, or as much of a picture's time: the least by which time moves on between runs, in milliseconds.
const LEAST_STEP_MS: u64 = 20;

/// Where a packet goes in the subscription's stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Position {
    pub(super) seq: u64,
    pub(super) time: u64,
    /// A picture's.
    pub(super) numbers: Numbers,
}

/// So many packets that were left out are remembered, to know where late ones go: a second or two of a large picture.
const MOST_SKIPPED: usize = 512;

/// See the module.
#[derive(Clone, Debug)]
pub(super) struct Rewriter {
    ticks_per_ms: u64,
    /// The newest packet that was sent, and when.
    sent: Option<(Position, Instant)>,
    run: Option<Run>,
    /// What was left out of the run lately, by the source's numbers, in order.
    skipped: VecDeque<u64>,
}

/// A stretch of packets that follows its source.
#[derive(Clone, Copy, Debug)]
struct Run {
    source: Position,
    own: Position,
    /// From the source's numbers of pictures to our own.
    shift: Shift,
    /// The newest of the source.
    newest: u64,
    /// How many were left out of it.
    skipped: u64,
}

impl Rewriter {
    pub(super) const fn audio() -> Self {
        Self::new(AUDIO_TICKS)
    }

    pub(super) const fn video() -> Self {
        Self::new(VIDEO_TICKS)
    }

    const fn new(ticks_per_ms: u64) -> Self {
        Self { ticks_per_ms, sent: None, run: None, skipped: VecDeque::new() }
    }

    /// Where a packet of the source goes, and what is to be added to its pictures' numbers; `None`: nowhere, it is older
    /// than this run.
    pub(super) fn place(&mut self, now: Instant, source: Position) -> Option<(Position, Shift)> {
        let run = match self.run {
            Some(run) if source.seq.abs_diff(run.newest) <= LARGEST_STEP => run,
            _ => self.begin(now, source),
        };
        if source.seq < run.source.seq {
            return None;
        }
        let skipped = self.skipped_before(&run, source.seq)?;
        self.run = Some(Run { newest: run.newest.max(source.seq), ..run });
        let Numbers { picture, base_layer } = source.numbers;
        let place = Position {
            seq: run.own.seq + (source.seq - run.source.seq) - skipped,
            time: run.own.time.wrapping_add(source.time.wrapping_sub(run.source.time)),
            numbers: Numbers {
                picture: picture.map(|number| number.wrapping_add(run.shift.picture)),
                base_layer: base_layer.map(|index| index.wrapping_add(run.shift.base_layer)),
            },
        };
        if self.sent.is_none_or(|(newest, _)| place.seq > newest.seq) {
            self.sent = Some((place, now));
        }
        Some((place, run.shift))
    }

    /// What comes next does not follow what came before.
    pub(super) fn interrupt(&mut self) {
        self.run = None;
    }

    /// A packet of the run is left out. One that is late has left a gap already.
    pub(super) fn skip(&mut self, seq: u64) {
        let is_next = |run: &&mut Run| seq > run.newest && seq - run.newest <= LARGEST_STEP;
        let Some(run) = self.run.as_mut().filter(is_next) else { return };
        (run.newest, run.skipped) = (seq, run.skipped + 1);
        if self.skipped.len() == MOST_SKIPPED {
            self.skipped.pop_front();
        }
        self.skipped.push_back(seq);
    }

    /// How many were left out of the run before `seq`; `None`: that is too long ago, or it was one of them.
    fn skipped_before(&self, run: &Run, seq: u64) -> Option<u64> {
        let later = self.skipped.iter().rev().take_while(|skipped| **skipped >= seq).count();
        let is_known = later < MOST_SKIPPED && !self.skipped.iter().rev().take(later).any(|skipped| *skipped == seq);
        is_known.then(|| run.skipped.saturating_sub(later as u64))
    }

    fn begin(&mut self, now: Instant, source: Position) -> Run {
        self.skipped.clear();
        let Some((newest, at)) = self.sent else {
            let own = Position { seq: FIRST_SEQ, ..source };
            return Run { source, own, shift: Shift::default(), newest: source.seq, skipped: 0 };
        };
        let passed = u64::try_from(now.saturating_duration_since(at).as_millis()).unwrap_or(u64::MAX);
        let ticks = passed.max(LEAST_STEP_MS).saturating_mul(self.ticks_per_ms);
        let own = Position { seq: newest.seq + 1, time: newest.time.wrapping_add(ticks), ..source };
        Run { source, own, shift: shift(newest.numbers, source.numbers), newest: source.seq, skipped: 0 }
    }
}

/// What makes the first numbers of a run the next ones.
fn shift(newest: Numbers, first: Numbers) -> Shift {
    let picture = newest.picture.zip(first.picture);
    let base_layer = newest.base_layer.zip(first.base_layer);
    Shift {
        picture: picture.map_or(0, |(newest, first)| newest.wrapping_add(1).wrapping_sub(first)),
        base_layer: base_layer.map_or(0, |(newest, first)| newest.wrapping_add(1).wrapping_sub(first)),
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
        let mut rewriter = Rewriter::audio();
        let mut got = Vec::new();
        for step in script {
            match *step {
                None => rewriter.interrupt(),
                Some((at, seq, time)) => {
                    let source = Position { seq, time, numbers: Numbers::default() };
                    let place = rewriter.place(begin + Duration::from_millis(at), source);
                    got.push(place.map(|(place, _)| (place.seq, place.time)));
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

    #[test]
    fn what_is_left_out_leaves_no_gap() {
        let now = Instant::now();
        let mut rewriter = Rewriter::video();
        let place = |rewriter: &mut Rewriter, seq| {
            let source = Position { seq, time: seq * 10, numbers: Numbers::default() };
            rewriter.place(now, source).map(|(place, _)| place.seq)
        };
        assert_eq!(place(&mut rewriter, 100), Some(1));
        rewriter.skip(101);
        assert_eq!(place(&mut rewriter, 103), Some(3), "102 is lost");
        rewriter.skip(104);
        rewriter.skip(105);
        assert_eq!(place(&mut rewriter, 106), Some(4));
        assert_eq!(place(&mut rewriter, 102), Some(2), "and late");
        assert_eq!(place(&mut rewriter, 104), None);
        rewriter.skip(99);
        rewriter.skip(106);
        assert_eq!(place(&mut rewriter, 107), Some(5));
        (0..2 * MOST_SKIPPED as u64).for_each(|nth| rewriter.skip(108 + nth));
        assert_eq!(place(&mut rewriter, 108 + 2 * MOST_SKIPPED as u64), Some(6));
        assert_eq!(place(&mut rewriter, 107), None, "too long ago");
    }

    #[test]
    fn pictures_are_counted_on_from_one_stream_to_the_next() {
        let begin = Instant::now();
        let mut rewriter = Rewriter::video();
        let mut got = Vec::new();
        // A stream, another one, and the first again; one picture has two packets.
        for (at, seq, picture, base_layer, switches) in [
            (0, 9, 700, 3, false),
            (33, 10, 701, 4, false),
            (66, 500, 65_535, 255, true),
            (66, 501, 65_535, 255, false),
        ] {
            if switches {
                rewriter.interrupt();
            }
            let numbers = Numbers { picture: Some(picture), base_layer: Some(base_layer) };
            let source = Position { seq, time: at * 90, numbers };
            let (place, shift) = rewriter.place(begin + Duration::from_millis(at), source).unwrap();
            assert_eq!(place.numbers.picture, Some(picture.wrapping_add(shift.picture)));
            got.push((place.seq, place.time, place.numbers.picture.unwrap(), place.numbers.base_layer.unwrap()));
        }
        assert_eq!(got, [(1, 0, 700, 3), (2, 2970, 701, 4), (3, 5940, 702, 5), (4, 5940, 702, 5)]);
    }

    proptest! {
        #[test]
        fn numbers_grow_by_what_the_source_sends_and_never_repeat(
            steps in prop::collection::vec((any::<u64>(), any::<u64>(), any::<bool>(), 0..u64::from(u32::MAX)), 1..100),
        ) {
            let begin = Instant::now();
            let mut rewriter = Rewriter::video();
            let mut newest = 0;
            for (seq, time, interrupt, at) in steps {
                if interrupt {
                    rewriter.interrupt();
                }
                let source = Position { seq, time, numbers: Numbers { picture: Some(seq as u16), base_layer: None } };
                if let Some((place, _)) = rewriter.place(begin + Duration::from_millis(at), source) {
                    prop_assert!(place.seq >= 1 && place.seq <= newest + LARGEST_STEP + 1);
                    newest = newest.max(place.seq);
                }
            }
        }
    }
}
