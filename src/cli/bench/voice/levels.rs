//! What the agent's sound tells of a call, heard at the client: when it answered, when it was ducked and stopped, whether it
//! cut somebody off. All moments are samples of the client's media clock ([`Moment`]).

use std::{ops::Range, time::Duration};

use crate::audio::{Frame, LINE_HZ};

/// Samples at 48 kHz since the microphone was first heard.
pub(super) type Moment = u64;

/// Above this a sample is speech: -35 dBFS. What Opus makes of silence is far below.
pub(super) const LOUD: u16 = 600;
/// Below this nothing is heard: -55 dBFS. Ducked speech is above.
const AUDIBLE: u16 = 60;
/// In samples: 5 ms, the resolution of what is measured.
const BIN: usize = 240;
/// Speech has gaps; one of so many bins (300 ms) is none.
const GAP: usize = 60;
/// How loud the agent was is taken from so many bins (1 s) before it was interrupted.
const BEFORE: usize = 200;

/// One utterance of the caller, as it was played.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Spoken {
    /// Its recording's place in the list.
    pub(super) recording: usize,
    /// The first sample that is speech.
    pub(super) start: Moment,
    /// After the last one.
    pub(super) end: Moment,
    /// It was said on purpose while the agent spoke.
    pub(super) interrupts: bool,
}

/// What came of an utterance.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Answered {
    /// From the utterance's end to the answer's first sound.
    pub(super) answer: Option<Duration>,
    /// When the answer began.
    pub(super) answered_at: Option<Moment>,
    /// The agent spoke before the caller, who did not interrupt it, was done.
    pub(super) cut_off: bool,
    /// Of an interruption that stopped the agent: from its start to the last moment at full volume, which is ducked speech's
    /// beginning unless the agent paused just then.
    pub(super) duck: Option<Duration>,
    /// Of an interruption: from its start to the silence in which the caller comes to an end.
    pub(super) stop: Option<Duration>,
}

/// How loud the agent was, from the first moment on.
#[derive(Debug, Default)]
pub(super) struct Levels {
    /// The greatest amplitude of each [`BIN`].
    peaks: Vec<u16>,
}

impl Levels {
    /// The next 20 ms.
    pub(super) fn push(&mut self, frame: &Frame) {
        let peak = |bin: &[i16]| bin.iter().map(|sample| sample.unsigned_abs()).max().unwrap_or(0);
        self.peaks.extend(frame.samples.chunks(BIN).map(peak));
    }

    /// The first speech.
    pub(super) fn first(&self) -> Option<Moment> {
        self.find(0..self.peaks.len(), LOUD).map(moment)
    }

    /// What came of each of `spoken`, which are in order.
    pub(super) fn answers(&self, spoken: &[Spoken]) -> Vec<Answered> {
        let ends = spoken.iter().skip(1).map(|next| bin(next.start)).chain([self.peaks.len()]);
        spoken.iter().zip(ends).map(|(one, until)| self.answer(one, until.min(self.peaks.len()))).collect()
    }

    fn answer(&self, spoken: &Spoken, until: usize) -> Answered {
        let (start, end) = (bin(spoken.start).min(until), bin(spoken.end).min(until));
        let mut found = Answered::default();
        let mut quiet = end;
        if spoken.interrupts {
            // An agent that pauses just then has nothing that could be stopped.
            if let Some(last) = self.find_last(start..end, AUDIBLE) {
                let Some(stopped) = self.lull(last + 1..until, AUDIBLE) else { return found };
                let since = |bin: usize| time(moment(bin).saturating_sub(spoken.start));
                found.stop = Some(since(stopped));
                found.duck = self.find_last(start..stopped, self.half_before(start)).map(|last| since(last + 1));
                quiet = quiet.max(stopped);
            }
        } else {
            found.cut_off = self.find(start..end, LOUD).is_some();
        }
        if !found.cut_off {
            found.answered_at = self.find(quiet..until, LOUD).map(moment);
            found.answer = found.answered_at.map(|at| time(at.saturating_sub(spoken.end)));
        }
        found
    }

    /// Half of how loud the agent was just before; ducked, it is softer.
    fn half_before(&self, start: usize) -> u16 {
        let before = &self.peaks[start.saturating_sub(BEFORE)..start];
        (before.iter().max().copied().unwrap_or(0) / 2).max(AUDIBLE)
    }

    /// The first bin that is louder.
    fn find(&self, mut bins: Range<usize>, than: u16) -> Option<usize> {
        bins.find(|bin| self.peaks[*bin] > than)
    }

    fn find_last(&self, bins: Range<usize>, than: u16) -> Option<usize> {
        bins.rev().find(|bin| self.peaks[*bin] > than)
    }

    /// The first bin from which on nothing is louder for as long as [`GAP`].
    fn lull(&self, bins: Range<usize>, than: u16) -> Option<usize> {
        let mut begins = bins.start;
        for bin in bins {
            if self.peaks[bin] > than {
                begins = bin + 1;
            } else if bin + 1 - begins >= GAP {
                return Some(begins);
            }
        }
        None
    }
}

fn bin(moment: Moment) -> usize {
    usize::try_from(moment).unwrap_or(usize::MAX) / BIN
}

fn moment(bin: usize) -> Moment {
    (bin * BIN) as Moment
}

/// So many samples.
pub(super) fn time(samples: u64) -> Duration {
    Duration::from_micros(samples.saturating_mul(1000) / u64::from(LINE_HZ / 1000))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: u64 = LINE_HZ as u64 / 1000;

    /// From how many milliseconds of which amplitude.
    fn levels(parts: &[(usize, u16)]) -> Levels {
        Levels { peaks: parts.iter().flat_map(|(ms, peak)| vec![*peak; ms / 5]).collect() }
    }

    fn spoken(start_ms: u64, end_ms: u64, interrupts: bool) -> Spoken {
        Spoken { recording: 0, start: start_ms * MS, end: end_ms * MS, interrupts }
    }

    fn ms(ms: u64) -> Option<Duration> {
        Some(Duration::from_millis(ms))
    }

    #[test]
    fn an_answer_is_late_by_the_silence_before_it() {
        let heard = levels(&[(1000, 8000), (3500, 0), (1000, 8000), (500, 0)]);
        assert_eq!(heard.first(), Some(0));
        let found = heard.answers(&[spoken(2000, 4000, false)]);
        assert_eq!((found[0].answer, found[0].cut_off), (ms(500), false));
        assert_eq!(found[0].answered_at, Some(4500 * MS));
    }

    #[test]
    fn what_is_said_next_ends_the_time_for_an_answer() {
        let heard = levels(&[(5000, 0), (1000, 8000)]);
        let found = heard.answers(&[spoken(1000, 2000, false), spoken(3000, 4000, false)]);
        assert_eq!((found[0].answer, found[1].answer), (None, ms(1000)));
    }

    #[test]
    fn who_is_not_done_and_hears_the_agent_is_cut_off() {
        let heard = levels(&[(2500, 0), (1000, 8000), (500, 0)]);
        let found = heard.answers(&[spoken(1000, 3000, false)]);
        assert_eq!((found[0].answer, found[0].cut_off), (None, true));
    }

    #[test]
    fn an_interruption_ducks_and_then_stops_the_agent() {
        // With a gap between two words before it, and one within what is ducked.
        let parts = [(900, 8000), (100, 0), (1150, 8000), (200, 1400), (100, 0), (150, 1400), (1400, 0), (500, 8000)];
        let found = levels(&parts).answers(&[spoken(2000, 3000, true)]);
        assert_eq!((found[0].duck, found[0].stop), (ms(150), ms(600)));
        assert_eq!((found[0].answer, found[0].cut_off), (ms(1000), false));
    }

    #[test]
    fn an_agent_that_goes_on_was_not_stopped() {
        let found = levels(&[(2000, 8000), (600, 1400), (3000, 8000)]).answers(&[spoken(1800, 2300, true)]);
        assert_eq!(found[0], Answered::default());
    }

    #[test]
    fn pauses_of_the_agent_are_no_silence() {
        // Half a second between two clauses, of which the second is stopped.
        let heard = levels(&[(2000, 8000), (500, 0), (400, 8000), (1600, 0), (500, 8000)]);
        let found = heard.answers(&[spoken(1800, 3500, true)]);
        assert_eq!((found[0].duck, found[0].stop, found[0].answer), (ms(1100), ms(1100), ms(1000)));
        // One that lasts until the caller is done: nothing was stopped.
        let found = heard.answers(&[spoken(2050, 2450, true)]);
        assert_eq!((found[0].duck, found[0].stop, found[0].answer), (None, None, ms(50)));
    }

    #[test]
    fn frames_become_levels_of_five_milliseconds() {
        let mut frame = Frame::SILENCE;
        frame.samples[BIN] = i16::MIN;
        let mut heard = Levels::default();
        heard.push(&frame);
        assert_eq!(heard.peaks, [0, 32_768, 0, 0]);
        assert_eq!(heard.first(), Some(BIN as Moment));
    }
}
