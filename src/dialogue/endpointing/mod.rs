//! When a caller begins to speak, pauses, and has finished.
//!
//! Voice activity alone cannot tell a pause for thought from the end of a turn, so a pause is only a question: the
//! [`Endpointer`] announces early that the voice has stopped, and whoever runs it asks a turn detector; then that it is a
//! pause, and the work on the answer begins. What the detector says of the sound and the text rule of the words decides how
//! much longer to wait (`patience`); so does how long this caller's own pauses are. Nobody has to say anything: then a
//! middling wait applies. All time is media time: it moves with the audio, so a window must come in for every 32 ms, silent
//! or not.

mod patience;

use std::{collections::VecDeque, ops::Range, time::Duration};

use crate::{domain::MediaTime, spoken::Hanging};
pub use patience::Expectation;
pub(super) use patience::patience_with;
use patience::{LONGEST_OF_ALL, LONGEST_PAUSE, Opinions, Rhythm};

/// Audio that one probability of voice stands for: 512 samples at 16 kHz.
pub const WINDOW: Duration = Duration::from_millis(32);

/// From this probability on a window is voice: Silero's own recommendation.
const VOICED: f32 = 0.5;
/// Below this probability voice has stopped. The gap to [`VOICED`] keeps soft word ends from flickering.
const UNVOICED: f32 = 0.35;
/// Voice for less than this is a click or a breath. The shortest answers ("no", "yes") are longer than 150 ms.
const MIN_SPEECH: Duration = Duration::from_millis(96);
/// Silence after which a pause is announced. It may be no more than the closure of a stop consonant, and then what is begun is
/// for nothing; but if it is the end, the words are there as soon as the turn can be over. Any shorter, and soft word ends
/// would be missing from what is transcribed; a turn detector is asked sooner, for it is given silence to hear.
const PAUSE: Duration = Duration::from_millis(64);
/// Silence that is shorter interrupts nobody: people answer each other after about 200 ms.
pub(super) const BRIEF: Duration = Duration::from_millis(200);
/// A turn that is so long ends at the next gap between words: whoever transcribes cannot keep it for ever, and it may be
/// music, which has no end. Hardly anybody speaks for so long without being heard to pause.
const LONG: Duration = Duration::from_secs(45);
/// A turn ends here even within a word.
const LONGEST: Duration = Duration::from_secs(50);

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
    /// What the text rule says of the words.
    Words {
        /// Of those up to this pause; otherwise of those in the midst of the utterance, as far as they are known, or of one
        /// that is over.
        pause: Option<PauseId>,
        /// The answer.
        hanging: Hanging,
    },
    /// What the caller is going to say, from now on.
    Expect(Expectation),
}

/// What the endpointer decides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    /// Voice, for one window: speech begins, or it is a click or a breath.
    Stirred,
    /// It was a click or a breath.
    Settled,
    /// The caller speaks, since `at`.
    SpeechStarted {
        /// The beginning of the first window with voice. The very first sound may lie before: keep some audio from
        /// before it, too.
        at: MediaTime,
    },
    /// The voice has stopped: within a word, for a pause, or for good. The moment to ask a turn detector, which takes longest
    /// to know what it thinks.
    Stopped {
        /// To be named in the verdict.
        id: PauseId,
    },
    /// The caller paused. The moment to begin with what may be needed if this is the end.
    Pause {
        /// To be named with the words.
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
    /// Speech that stopped too recently to be a pause.
    Stopping(Silence),
    /// A pause that has been announced.
    Paused(Silence),
}

/// A silence after speech, perhaps within it.
#[derive(Clone, Copy, Debug)]
struct Silence {
    id: PauseId,
    /// Where the speech began, and where it stopped.
    start: MediaTime,
    end: MediaTime,
    opinions: Opinions,
}

/// Decides when turns begin and end. Give it inputs by [`handle`](Self::handle), then take decisions by
/// [`poll`](Self::poll) until there are none.
#[derive(Debug)]
pub struct Endpointer {
    state: State,
    rhythm: Rhythm,
    expected: Expectation,
    /// In the midst of this utterance, or at the end of the one before, a number was being read out.
    dictating: bool,
    /// Where the last turn ended.
    last_end: Option<MediaTime>,
    next_pause: PauseId,
    decided: VecDeque<Output>,
}

impl Default for Endpointer {
    fn default() -> Self {
        Self {
            state: State::Silent,
            rhythm: Rhythm::default(),
            expected: Expectation::default(),
            dictating: false,
            last_end: None,
            next_pause: PauseId::default(),
            decided: VecDeque::new(),
        }
    }
}

impl Endpointer {
    /// Takes what happened at `now`; moments must not go backwards.
    pub fn handle(&mut self, now: MediaTime, input: Input) {
        match input {
            Input::Voice(probability) if probability >= VOICED => self.voiced(now),
            Input::Voice(probability) if probability < UNVOICED => self.unvoiced(now),
            Input::Voice(_) => {}
            Input::Verdict { pause, complete } => self.judge(pause, |opinions| opinions.sound = Some(complete)),
            Input::Words { pause, hanging } => {
                self.dictating = hanging == Hanging::Dictating;
                if let Some(pause) = pause {
                    self.judge(pause, |opinions| opinions.words = Some(hanging));
                }
            }
            Input::Expect(expected) => self.expect(expected),
        }
        self.let_time_pass(now);
    }

    /// Where the voice stopped, while the end of the turn is open.
    pub fn stopped_at(&self) -> Option<MediaTime> {
        match self.state {
            State::Stopping(silence) | State::Paused(silence) => Some(silence.end),
            State::Silent | State::Onset { .. } | State::Speaking { .. } => None,
        }
    }

    /// The next decision.
    pub fn poll(&mut self) -> Option<Output> {
        self.decided.pop_front()
    }

    fn voiced(&mut self, now: MediaTime) {
        self.state = match self.state {
            State::Silent => {
                self.decided.push_back(Output::Stirred);
                State::Onset { start: now - WINDOW }
            }
            State::Stopping(Silence { start, .. }) => State::Speaking { start },
            // At once, not after MIN_SPEECH: work begun for nothing is cheaper than interrupting the caller.
            State::Paused(Silence { start, end, .. }) => {
                let pause = (now - WINDOW).since(end);
                if pause >= BRIEF {
                    self.rhythm.observe(pause);
                }
                self.decided.push_back(Output::SpeechResumed);
                State::Speaking { start }
            }
            state @ (State::Onset { .. } | State::Speaking { .. }) => state,
        };
    }

    fn unvoiced(&mut self, now: MediaTime) {
        self.state = match self.state {
            State::Onset { .. } => {
                self.decided.push_back(Output::Settled);
                State::Silent
            }
            State::Speaking { start } => State::Stopping(self.stop(start, now - WINDOW)),
            state @ (State::Silent | State::Stopping(_) | State::Paused(_)) => state,
        };
    }

    fn stop(&mut self, start: MediaTime, end: MediaTime) -> Silence {
        let id = self.next_pause;
        self.next_pause = PauseId(id.0 + 1);
        self.decided.push_back(Output::Stopped { id });
        Silence { id, start, end, opinions: Opinions { expected: self.expected, ..Opinions::default() } }
    }

    fn judge(&mut self, pause: PauseId, say: impl FnOnce(&mut Opinions)) {
        if let State::Stopping(silence) | State::Paused(silence) = &mut self.state
            && silence.id == pause
        {
            say(&mut silence.opinions);
        }
    }

    fn expect(&mut self, expected: Expectation) {
        self.expected = expected;
        if let State::Stopping(silence) | State::Paused(silence) = &mut self.state {
            silence.opinions.expected = expected;
        }
    }

    /// Takes every step for which enough time has passed at `now`.
    fn let_time_pass(&mut self, now: MediaTime) {
        match self.state {
            State::Onset { start } if now.since(start) >= MIN_SPEECH => self.begin(start),
            State::Stopping(Silence { start, end, .. }) | State::Paused(Silence { start, end, .. })
                if now.since(start) >= LONG =>
            {
                self.end(start..end);
            }
            State::Speaking { start } if now.since(start) >= LONGEST => self.end(start..now),
            State::Stopping(silence) if now.since(silence.end) >= PAUSE => self.pause(silence),
            State::Paused(Silence { start, end, opinions, .. })
                if now.since(end) >= opinions.patience(&self.rhythm) =>
            {
                self.end(start..end);
            }
            _ => {}
        }
    }

    fn begin(&mut self, start: MediaTime) {
        // Sooner than anybody could have answered: that was no end, but a pause, and it was cut.
        let silence = self.last_end.take().map(|end| start.since(end));
        if let Some(pause) = silence.filter(|silence| (BRIEF..LONGEST_PAUSE).contains(silence)) {
            self.rhythm.observe(pause);
        }
        // A number goes on where it was cut.
        self.dictating &= silence.is_some_and(|silence| silence < LONGEST_OF_ALL);
        self.decided.push_back(Output::SpeechStarted { at: start });
        self.state = State::Speaking { start };
    }

    fn pause(&mut self, mut silence: Silence) {
        let Silence { id, end, opinions, .. } = &mut silence;
        // As long as the words up to here are not known, those before them count.
        opinions.words = self.dictating.then_some(Hanging::Dictating);
        self.decided.push_back(Output::Pause { id: *id, at: *end });
        self.state = State::Paused(silence);
    }

    fn end(&mut self, speech: Range<MediaTime>) {
        self.last_end = Some(speech.end);
        self.decided.push_back(Output::EndOfTurn { speech });
        self.state = State::Silent;
    }
}

#[cfg(test)]
mod tests;
