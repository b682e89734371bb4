//! When a caller begins to speak, pauses, and has finished.
//!
//! Voice activity alone cannot tell a pause for thought from the end of a turn, so a pause is only a question: the
//! [`Endpointer`] announces it early, whoever runs it asks a turn detector and begins to work on the answer, and the
//! verdict decides how much longer to wait. Without a verdict a middling wait applies. All time is media time: it moves
//! with the audio, so a window must come in for every 32 ms, silent or not.

use std::{collections::VecDeque, ops::Range, time::Duration};

use crate::domain::MediaTime;

/// Audio that one probability of voice stands for: 512 samples at 16 kHz.
pub const WINDOW: Duration = Duration::from_millis(32);

/// From this probability on a window is voice: Silero's own recommendation.
const VOICED: f32 = 0.5;
/// Below this probability voice has stopped. The gap to [`VOICED`] keeps soft word ends from flickering.
const UNVOICED: f32 = 0.35;
/// Voice for less than this is a click or a breath. The shortest answers ("no", "yes") are longer than 150 ms.
const MIN_SPEECH: Duration = Duration::from_millis(96);
/// Silence after which a pause is announced. The closure of a stop consonant is silent for up to about 150 ms; people
/// answer each other after about 200 ms.
pub(super) const PAUSE: Duration = Duration::from_millis(200);
/// Silence that ends a turn when nobody says whether it is complete: longer than most pauses within a sentence.
const PATIENCE_UNKNOWN: Duration = Duration::from_millis(700);
/// Silence that ends a turn although it seems unfinished. Longer, and the caller wonders whether anyone is there.
const PATIENCE_UNFINISHED: Duration = Duration::from_millis(1000);
/// A turn that is so long ends at the next gap between words: whoever transcribes cannot keep it for ever, and it may be
/// music, which has no end. Hardly anybody speaks for so long without being heard to pause.
const LONG: Duration = Duration::from_secs(45);
/// A turn ends here even within a word.
const LONGEST: Duration = Duration::from_secs(50);
/// From this probability on a turn detector's verdict means: complete. It is where the detector was trained to decide.
const COMPLETE: f32 = 0.5;

/// Which pause a verdict is about. A verdict on an older pause is ignored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PauseId(u64);

/// What the endpointer is told.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Input {
    /// The probability, 0.0 to 1.0, that the [`WINDOW`] that ends now holds voice.
    Voice(f32),
    /// The probability, 0.0 to 1.0, that the caller had finished when this pause began.
    Verdict {
        /// The pause that was asked about.
        pause: PauseId,
        /// The answer.
        complete: f32,
    },
}

/// What the endpointer decides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    /// The caller speaks, since `at`.
    SpeechStarted {
        /// The beginning of the first window with voice. The very first sound may lie before: keep some audio from
        /// before it, too.
        at: MediaTime,
    },
    /// The caller paused. The moment to ask a turn detector, and to begin with what may be needed if this is the end.
    Pause {
        /// To be named in the verdict.
        id: PauseId,
        /// Where the voice stopped.
        at: MediaTime,
    },
    /// The caller goes on: whatever was begun at the last pause is for nothing.
    SpeechResumed,
    /// The caller has finished; or has spoken for so long that the turn is cut, and the next one follows at once.
    EndOfTurn {
        /// From the first window with voice to where the voice stopped, or the cut.
        speech: Range<MediaTime>,
    },
}

#[derive(Clone, Copy, Debug)]
enum State {
    /// Nobody speaks.
    Silent,
    /// Voice since `start`, not yet long enough to be speech.
    Onset { start: MediaTime },
    /// Speech since `start`.
    Speaking { start: MediaTime },
    /// Speech that stopped at `end`, too recently to be a pause.
    Stopping { start: MediaTime, end: MediaTime },
    /// A pause that has been announced.
    Paused { start: MediaTime, end: MediaTime, id: PauseId, verdict: Option<f32> },
}

/// Decides when turns begin and end. Give it inputs by [`handle`](Self::handle), then take decisions by
/// [`poll`](Self::poll) until there are none.
#[derive(Debug)]
pub struct Endpointer {
    state: State,
    next_pause: PauseId,
    decided: VecDeque<Output>,
}

impl Default for Endpointer {
    fn default() -> Self {
        Self { state: State::Silent, next_pause: PauseId::default(), decided: VecDeque::new() }
    }
}

impl Endpointer {
    /// Takes what happened at `now`; moments must not go backwards.
    pub fn handle(&mut self, now: MediaTime, input: Input) {
        match input {
            Input::Voice(probability) if probability >= VOICED => self.voiced(now),
            Input::Voice(probability) if probability < UNVOICED => self.unvoiced(now),
            Input::Voice(_) => {}
            Input::Verdict { pause, complete } => self.judged(pause, complete),
        }
        self.let_time_pass(now);
    }

    /// The next decision.
    pub fn poll(&mut self) -> Option<Output> {
        self.decided.pop_front()
    }

    fn voiced(&mut self, now: MediaTime) {
        self.state = match self.state {
            State::Silent => State::Onset { start: now - WINDOW },
            State::Stopping { start, .. } => State::Speaking { start },
            // At once, not after MIN_SPEECH: work begun for nothing is cheaper than interrupting the caller.
            State::Paused { start, .. } => {
                self.decided.push_back(Output::SpeechResumed);
                State::Speaking { start }
            }
            state @ (State::Onset { .. } | State::Speaking { .. }) => state,
        };
    }

    fn unvoiced(&mut self, now: MediaTime) {
        self.state = match self.state {
            State::Onset { .. } => State::Silent,
            State::Speaking { start } => State::Stopping { start, end: now - WINDOW },
            state @ (State::Silent | State::Stopping { .. } | State::Paused { .. }) => state,
        };
    }

    fn judged(&mut self, pause: PauseId, complete: f32) {
        if let State::Paused { id, verdict, .. } = &mut self.state
            && *id == pause
        {
            *verdict = Some(complete);
        }
    }

    /// Takes every step for which enough time has passed at `now`.
    fn let_time_pass(&mut self, now: MediaTime) {
        match self.state {
            State::Onset { start } if now.since(start) >= MIN_SPEECH => {
                self.decided.push_back(Output::SpeechStarted { at: start });
                self.state = State::Speaking { start };
            }
            State::Stopping { start, end } | State::Paused { start, end, .. } if now.since(start) >= LONG => {
                self.end(start..end);
            }
            State::Speaking { start } if now.since(start) >= LONGEST => self.end(start..now),
            State::Stopping { start, end } if now.since(end) >= PAUSE => {
                let id = self.next_pause;
                self.next_pause = PauseId(id.0 + 1);
                self.decided.push_back(Output::Pause { id, at: end });
                self.state = State::Paused { start, end, id, verdict: None };
            }
            State::Paused { start, end, verdict, .. } if now.since(end) >= patience(verdict) => self.end(start..end),
            _ => {}
        }
    }

    fn end(&mut self, speech: Range<MediaTime>) {
        self.decided.push_back(Output::EndOfTurn { speech });
        self.state = State::Silent;
    }
}

/// Silence that ends a turn, counted from where the voice stopped.
fn patience(verdict: Option<f32>) -> Duration {
    match verdict {
        None => PATIENCE_UNKNOWN,
        // The pause was long enough to be asked about; that is all the proof a complete turn needs.
        Some(complete) if complete >= COMPLETE => PAUSE,
        Some(_) => PATIENCE_UNFINISHED,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A step of a simulated call.
    enum Step {
        /// Windows of a probability, for so many milliseconds (a multiple of 32).
        Heard(f32, u64),
        /// A verdict on the pause with this number.
        Judged(u64, f32),
    }
    use Step::{Heard, Judged};

    const LOUD: f32 = 0.9;
    const QUIET: f32 = 0.05;
    /// Between the two thresholds.
    const UNSURE: f32 = 0.42;

    /// What is decided, and at which millisecond: `+` speech, `?` pause, `>` resumed, `.` end of turn with its speech.
    fn decisions(script: &[Step]) -> Vec<String> {
        let (mut endpointer, mut now, mut log) = (Endpointer::default(), MediaTime::ZERO, Vec::new());
        let mut tell = |now: MediaTime, input| {
            endpointer.handle(now, input);
            while let Some(output) = endpointer.poll() {
                let what = match output {
                    Output::SpeechStarted { at } => format!("+{}", at.as_millis()),
                    Output::Pause { id, at } => format!("?{} {}", id.0, at.as_millis()),
                    Output::SpeechResumed => ">".to_owned(),
                    Output::EndOfTurn { speech } => {
                        format!(".{}-{}", speech.start.as_millis(), speech.end.as_millis())
                    }
                };
                log.push(format!("{} {what}", now.as_millis()));
            }
        };
        for step in script {
            match *step {
                Heard(probability, millis) => {
                    for _ in 0..millis / 32 {
                        now = now + WINDOW;
                        tell(now, Input::Voice(probability));
                    }
                }
                Judged(pause, complete) => tell(now, Input::Verdict { pause: PauseId(pause), complete }),
            }
        }
        log
    }

    #[track_caller]
    fn check(script: &[Step], expected: &[&str]) {
        assert_eq!(decisions(script), expected);
    }

    #[test]
    fn silence_and_clicks_are_no_speech() {
        check(&[Heard(QUIET, 3200)], &[]);
        check(&[Heard(QUIET, 320), Heard(LOUD, 64), Heard(QUIET, 3200)], &[]);
        check(&[Heard(UNSURE, 3200)], &[]);
    }

    #[test]
    fn without_a_verdict_a_middling_silence_ends_the_turn() {
        check(
            &[Heard(QUIET, 320), Heard(LOUD, 640), Heard(QUIET, 3200)],
            &["416 +320", "1184 ?0 960", "1664 .320-960"],
        );
    }

    #[test]
    fn a_complete_turn_ends_with_the_verdict() {
        check(
            &[Heard(LOUD, 640), Heard(QUIET, 320), Judged(0, 0.97), Heard(QUIET, 3200)],
            &["96 +0", "864 ?0 640", "960 .0-640"],
        );
    }

    #[test]
    fn an_unfinished_turn_is_given_time() {
        check(
            &[Heard(LOUD, 640), Heard(QUIET, 320), Judged(0, 0.02), Heard(QUIET, 3200)],
            &["96 +0", "864 ?0 640", "1664 .0-640"],
        );
    }

    #[test]
    fn a_caller_who_goes_on_is_not_interrupted() {
        check(
            &[
                Heard(LOUD, 640),
                Heard(QUIET, 320),
                Judged(0, 0.02),
                Heard(QUIET, 640),
                Heard(LOUD, 320),
                Heard(QUIET, 256),
                Judged(1, 0.9),
            ],
            &["96 +0", "864 ?0 640", "1632 >", "2144 ?1 1920", "2176 .0-1920"],
        );
    }

    #[test]
    fn a_verdict_that_comes_too_late_changes_nothing() {
        let stale = [Heard(LOUD, 640), Heard(QUIET, 256), Heard(LOUD, 320), Heard(QUIET, 256), Judged(0, 0.99)];
        check(&stale, &["96 +0", "864 ?0 640", "928 >", "1440 ?1 1216"]);
        check(&[Judged(0, 0.99), Heard(LOUD, 320), Judged(0, 0.99)], &["96 +0"]);
        check(
            &[Heard(LOUD, 320), Heard(QUIET, 960), Judged(0, 0.99), Judged(0, 0.01)],
            &["96 +0", "544 ?0 320", "1024 .0-320"],
        );
    }

    #[test]
    fn gaps_within_words_are_no_pauses() {
        check(&[Heard(LOUD, 320), Heard(QUIET, 160), Heard(LOUD, 320), Heard(UNSURE, 960)], &["96 +0"]);
    }

    #[test]
    fn an_unsure_window_neither_ends_silence_nor_speech() {
        check(&[Heard(LOUD, 320), Heard(QUIET, 32), Heard(UNSURE, 960)], &["96 +0", "544 ?0 320", "1024 .0-320"]);
    }

    #[test]
    fn turns_follow_each_other() {
        let turn = || [Heard(LOUD, 320), Heard(QUIET, 960)];
        let script: Vec<Step> = turn().into_iter().chain(turn()).collect();
        check(&script, &["96 +0", "544 ?0 320", "1024 .0-320", "1376 +1280", "1824 ?1 1600", "2304 .1280-1600"]);
    }

    #[test]
    fn a_turn_that_is_long_ends_at_the_next_gap_and_an_endless_one_in_the_midst_of_it() {
        check(
            &[Heard(LOUD, 45_056), Heard(QUIET, 32), Heard(LOUD, 960), Heard(QUIET, 960)],
            &["96 +0", "45088 .0-45056", "45184 +45088", "46272 ?0 46048", "46752 .45088-46048"],
        );
        check(
            &[Heard(LOUD, 44_800), Heard(QUIET, 256), Heard(LOUD, 320)],
            &["96 +0", "45024 .0-44800", "45152 +45056"],
        );
        check(&[Heard(LOUD, 100_096)], &["96 +0", "50016 .0-50016", "50112 +50016", "100032 .50016-100032"]);
    }

    #[test]
    fn a_probability_that_is_no_number_is_ignored() {
        check(&[Heard(f32::NAN, 320), Heard(LOUD, 320), Heard(f32::NAN, 320)], &["416 +320"]);
    }
}
