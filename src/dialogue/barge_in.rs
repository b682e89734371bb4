//! Whether speech over the agent's is an interruption.
//!
//! At once the agent becomes softer: so the caller hears that somebody listens. It stops when the speech goes on, or has
//! words that want something; a cough or a "mm-hm" lets it go on at its usual volume.

use std::time::Duration;

use super::endpointing::WINDOW;
use crate::domain::MediaTime;

/// Speech for so long, pauses not counted, is an interruption whatever its words. Most "mm-hm" and "okay" are shorter.
const INTERRUPTION: Duration = Duration::from_millis(700);

/// Words by which listeners say that they listen. Alone, or one after the other, they ask for nothing.
const BACKCHANNELS: [&str; 35] = [
    "ah", "aha", "alright", "cool", "fine", "good", "great", "hm", "hmm", "huh", "i", "mhm", "mm", "mmhm", "nice",
    "oh", "ok", "okay", "right", "see", "sure", "true", "uh", "uhhuh", "um", "well", "yeah", "yep", "yes", "آه", "أجل",
    "تمام", "طيب", "نعم", "حسنا",
];

/// What happens to the caller's side while the agent has the floor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Overlap<'a> {
    /// Speech began at this moment.
    Started(MediaTime),
    /// A pause, since this moment.
    Paused(MediaTime),
    /// Speech goes on after a pause.
    Resumed,
    /// Time has passed.
    Tick,
    /// These are its words, as far as they are known.
    Words(&'a str),
}

/// What follows for the agent's audio.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Softer.
    Duck,
    /// As usual again.
    Restore,
    /// The caller has the floor.
    Stop,
}

/// One stretch of speech over the agent's. To be made anew when the agent or the caller has finished.
#[derive(Clone, Copy, Debug, Default)]
pub struct BargeIn {
    state: State,
}

#[derive(Clone, Copy, Debug, Default)]
enum State {
    #[default]
    Quiet,
    /// The caller speaks since `since`, and has spoken for `before` before the last pause.
    Speaking {
        since: MediaTime,
        before: Duration,
    },
    Paused {
        spoken: Duration,
    },
    /// It is an interruption: nothing is left to decide.
    Stopped,
}

impl BargeIn {
    /// Whether the agent is softer because of it.
    pub fn ducks(&self) -> bool {
        matches!(self.state, State::Speaking { .. })
    }

    /// Takes what happened at `now`; moments must not go backwards.
    pub fn handle(&mut self, now: MediaTime, overlap: Overlap<'_>) -> Option<Decision> {
        let (state, decision) = match (self.state, overlap) {
            (State::Stopped, _) => return None,
            (_, Overlap::Started(since)) => (State::Speaking { since, before: Duration::ZERO }, Some(Decision::Duck)),
            (State::Speaking { since, before }, Overlap::Paused(at)) => {
                (State::Paused { spoken: before + at.since(since) }, Some(Decision::Restore))
            }
            (State::Paused { spoken }, Overlap::Resumed) => {
                (State::Speaking { since: now - WINDOW, before: spoken }, Some(Decision::Duck))
            }
            (State::Speaking { since, before }, Overlap::Tick) if before + now.since(since) >= INTERRUPTION => {
                (State::Stopped, Some(Decision::Stop))
            }
            (State::Speaking { .. } | State::Paused { .. }, Overlap::Words(words)) if !is_backchannel(words) => {
                (State::Stopped, Some(Decision::Stop))
            }
            (state, _) => (state, None),
        };
        self.state = state;
        decision
    }
}

/// Whether `words` ask for nothing: none at all, or only such as show that somebody listens.
pub fn is_backchannel(words: &str) -> bool {
    words.split_whitespace().all(|word| {
        // Arabic's vowel marks are written or not.
        let letters = word.chars().filter(|c| c.is_alphanumeric() && !matches!(c, '\u{64b}'..='\u{652}'));
        let bare: String = letters.flat_map(char::to_lowercase).collect();
        bare.is_empty() || BACKCHANNELS.contains(&bare.as_str())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    enum Step {
        Started,
        Paused,
        Resumed,
        /// So many milliseconds pass, by windows.
        Pass(u64),
        Words(&'static str),
    }
    use Step::{Pass, Paused, Resumed, Started, Words};

    #[track_caller]
    fn check(script: &[Step], expected: &[(u64, Decision)]) {
        let (mut barge_in, mut now, mut log) = (BargeIn::default(), MediaTime::ZERO, Vec::new());
        for step in script {
            let overlap = match *step {
                Started => Overlap::Started(now),
                Paused => Overlap::Paused(now),
                Resumed => Overlap::Resumed,
                Words(words) => Overlap::Words(words),
                Pass(millis) => {
                    for _ in 0..millis / 32 {
                        now = now + WINDOW;
                        log.extend(barge_in.handle(now, Overlap::Tick).map(|decision| (now.as_millis(), decision)));
                    }
                    continue;
                }
            };
            log.extend(barge_in.handle(now, overlap).map(|decision| (now.as_millis(), decision)));
        }
        assert_eq!(log, expected);
    }

    #[test]
    fn speech_that_goes_on_stops_the_agent() {
        check(&[Pass(320), Started, Pass(960)], &[(320, Decision::Duck), (1024, Decision::Stop)]);
    }

    #[test]
    fn a_cough_lets_the_agent_go_on() {
        check(
            &[Started, Pass(256), Paused, Pass(960), Words(""), Pass(960)],
            &[(0, Decision::Duck), (256, Decision::Restore)],
        );
    }

    #[test]
    fn a_short_word_that_wants_something_stops_the_agent() {
        for (words, stops) in
            [("Stop.", true), ("Mm-hm.", false), ("Yes, yes.", false), ("Yes, but", true), ("No", true)]
        {
            let mut expected = vec![(0, Decision::Duck), (256, Decision::Restore)];
            expected.extend(stops.then_some((256, Decision::Stop)));
            check(&[Started, Pass(256), Paused, Words(words), Words(words)], &expected);
        }
    }

    #[test]
    fn pauses_do_not_count() {
        check(
            &[Started, Pass(320), Paused, Pass(1600), Resumed, Pass(640)],
            &[(0, Decision::Duck), (320, Decision::Restore), (1920, Decision::Duck), (2272, Decision::Stop)],
        );
    }

    #[test]
    fn without_speech_words_change_nothing() {
        check(&[Pass(960), Words("Stop."), Paused, Resumed], &[]);
    }

    #[test]
    fn listening_is_said_in_two_languages() {
        for words in ["", "…", "Mhm.", "Uh-huh", "Okay, I see.", "نعم", "حسنًا", "طيب، تمام"] {
            assert!(is_backchannel(words), "{words}");
        }
        for words in ["Wait.", "no", "I see a problem", "لا", "لحظة"] {
            assert!(!is_backchannel(words), "{words}");
        }
    }
}
