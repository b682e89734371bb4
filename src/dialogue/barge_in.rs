//! Whether speech over the agent's is an interruption.
//!
//! At the first sound the agent becomes softer: so the caller hears that somebody listens. It stops when the speech goes on, or has
//! words that want something; a cough, a "mm-hm" or the agent's own words, heard back, let it go on at its usual volume.

use std::time::Duration;

use super::endpointing::WINDOW;
use crate::domain::{MediaTime, fold};

/// Speech for so long, pauses not counted, is an interruption whatever its words. Most "mm-hm" and "okay" are shorter.
const INTERRUPTION: Duration = Duration::from_millis(700);
/// The same on a line where the agent hears itself: only words tell, and they are known by then.
const INTERRUPTION_OVER_ECHO: Duration = Duration::from_millis(2500);
/// After a pause of so long the agent is not kept softer for words that may still come.
const SOFT: Duration = Duration::from_millis(1000);

/// Words by which listeners say that they listen, folded. Alone, or one after the other, they ask for nothing.
const BACKCHANNELS: [&str; 36] = [
    "ah", "aha", "alright", "cool", "fine", "good", "great", "hm", "hmm", "huh", "i", "mhm", "mm", "mmhm", "nice",
    "oh", "ok", "okay", "right", "see", "sure", "true", "uh", "uhhuh", "um", "well", "yeah", "yep", "yes", "اه", "اجل",
    "ايوه", "تمام", "طيب", "نعم", "حسنا",
];

/// What words that are heard while the agent speaks mean for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meaning {
    /// There are none, or they are the agent's own.
    Nothing,
    /// The caller listens.
    Listening,
    /// The caller wants something.
    Wish,
}

/// What happens to the caller's side while the agent has the floor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Overlap {
    /// Something is heard that may be speech.
    Stirred,
    /// It was none.
    Settled,
    /// Speech began at this moment.
    Started(MediaTime),
    /// A pause, since this moment.
    Paused(MediaTime),
    /// Speech goes on after a pause.
    Resumed,
    /// Time has passed.
    Tick,
    /// Its words are known, or those so far.
    Words(Meaning),
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
#[derive(Clone, Copy, Debug)]
pub struct BargeIn {
    state: State,
    interruption: Duration,
}

#[derive(Clone, Copy, Debug, Default)]
enum State {
    #[default]
    Quiet,
    /// The caller speaks since `since`, and has spoken for `before` before the last pause.
    Speaking { since: MediaTime, before: Duration },
    /// Words may still come; until `until` the agent stays soft for them.
    Paused { spoken: Duration, until: Option<MediaTime> },
    /// It is an interruption: nothing is left to decide.
    Stopped,
}

impl BargeIn {
    /// Nobody speaks over the agent. `echoes`: on this line it has heard itself before.
    pub fn new(echoes: bool) -> Self {
        let interruption = if echoes { INTERRUPTION_OVER_ECHO } else { INTERRUPTION };
        Self { state: State::Quiet, interruption }
    }

    /// Takes what happened at `now`; moments must not go backwards.
    pub fn handle(&mut self, now: MediaTime, overlap: Overlap) -> Option<Decision> {
        let (state, decision) = match (self.state, overlap) {
            (State::Stopped, _) => return None,
            // While the agent is kept soft for words that may still come, it makes no difference.
            (state @ (State::Quiet | State::Paused { until: None, .. }), Overlap::Stirred) => {
                (state, Some(Decision::Duck))
            }
            (state @ (State::Quiet | State::Paused { until: None, .. }), Overlap::Settled) => {
                (state, Some(Decision::Restore))
            }
            (_, Overlap::Started(since)) => (State::Speaking { since, before: Duration::ZERO }, Some(Decision::Duck)),
            (State::Speaking { since, before }, Overlap::Paused(at)) => {
                (State::Paused { spoken: before + at.since(since), until: Some(now + SOFT) }, None)
            }
            (State::Paused { spoken, .. }, Overlap::Resumed) => {
                (State::Speaking { since: now - WINDOW, before: spoken }, Some(Decision::Duck))
            }
            (State::Speaking { since, before }, Overlap::Tick) if before + now.since(since) >= self.interruption => {
                (State::Stopped, Some(Decision::Stop))
            }
            (State::Paused { spoken, until: Some(until) }, Overlap::Tick) if now >= until => {
                (State::Paused { spoken, until: None }, Some(Decision::Restore))
            }
            (State::Speaking { .. } | State::Paused { .. }, Overlap::Words(Meaning::Wish)) => {
                (State::Stopped, Some(Decision::Stop))
            }
            (State::Paused { spoken, until: Some(_) }, Overlap::Words(_)) => {
                (State::Paused { spoken, until: None }, Some(Decision::Restore))
            }
            (state, _) => (state, None),
        };
        self.state = state;
        decision
    }
}

/// Whether `words` ask for nothing: none at all, or only such as show that somebody listens.
pub fn is_backchannel(words: &str) -> bool {
    fold(words).split(' ').all(|word| {
        let bare: String = word.chars().filter(|c| c.is_alphanumeric()).collect();
        bare.is_empty() || BACKCHANNELS.contains(&bare.as_str())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    enum Step {
        Stirred,
        Settled,
        Started,
        Paused,
        Resumed,
        /// So many milliseconds pass, by windows.
        Pass(u64),
        Words(Meaning),
    }
    use Step::{Pass, Paused, Resumed, Settled, Started, Stirred, Words};

    #[track_caller]
    fn check(script: &[Step], expected: &[(u64, Decision)]) {
        check_on_line(false, script, expected);
    }

    #[track_caller]
    fn check_on_line(echoes: bool, script: &[Step], expected: &[(u64, Decision)]) {
        let (mut barge_in, mut now, mut log) = (BargeIn::new(echoes), MediaTime::ZERO, Vec::new());
        for step in script {
            let overlap = match *step {
                Stirred => Overlap::Stirred,
                Settled => Overlap::Settled,
                Started => Overlap::Started(now),
                Paused => Overlap::Paused(now),
                Resumed => Overlap::Resumed,
                Words(meaning) => Overlap::Words(meaning),
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
    fn the_agent_is_soft_from_the_first_sound_on() {
        check(
            &[Stirred, Pass(64), Settled, Pass(64), Stirred, Pass(64), Started, Pass(256), Paused, Stirred, Settled],
            &[(0, Decision::Duck), (64, Decision::Restore), (128, Decision::Duck), (192, Decision::Duck)],
        );
        let given_up = [Started, Paused, Words(Meaning::Nothing), Stirred, Settled];
        check(&given_up, &[Decision::Duck, Decision::Restore, Decision::Duck, Decision::Restore].map(|it| (0, it)));
    }

    #[test]
    fn a_cough_and_a_listener_let_the_agent_go_on() {
        for meaning in [Meaning::Nothing, Meaning::Listening] {
            check(
                &[Started, Pass(256), Paused, Pass(320), Words(meaning), Pass(960), Words(meaning)],
                &[(0, Decision::Duck), (576, Decision::Restore)],
            );
        }
    }

    #[test]
    fn when_no_words_come_the_agent_goes_on() {
        check(&[Started, Pass(256), Paused, Pass(1600)], &[(0, Decision::Duck), (1280, Decision::Restore)]);
        // They count all the same when they come at last.
        check(
            &[Started, Pass(256), Paused, Pass(1600), Words(Meaning::Wish)],
            &[(0, Decision::Duck), (1280, Decision::Restore), (1856, Decision::Stop)],
        );
    }

    #[test]
    fn a_wish_stops_the_agent_at_once() {
        check(
            &[Started, Pass(256), Paused, Words(Meaning::Wish), Words(Meaning::Wish)],
            &[(0, Decision::Duck), (256, Decision::Stop)],
        );
        check(&[Started, Pass(256), Words(Meaning::Wish)], &[(0, Decision::Duck), (256, Decision::Stop)]);
    }

    #[test]
    fn pauses_do_not_count() {
        check(
            &[Started, Pass(320), Paused, Pass(1600), Resumed, Pass(640)],
            &[(0, Decision::Duck), (1344, Decision::Restore), (1920, Decision::Duck), (2272, Decision::Stop)],
        );
        let soft = [Started, Pass(320), Paused, Pass(640), Resumed, Pass(640)];
        check(&soft, &[(0, Decision::Duck), (960, Decision::Duck), (1312, Decision::Stop)]);
    }

    #[test]
    fn without_speech_words_change_nothing() {
        check(&[Pass(960), Words(Meaning::Wish), Paused, Resumed], &[]);
    }

    #[test]
    fn where_the_agent_hears_itself_only_words_stop_it_soon() {
        let over = |words| [Started, Pass(960), Words(words), Pass(1920)];
        check_on_line(true, &over(Meaning::Nothing), &[(0, Decision::Duck), (2528, Decision::Stop)]);
        check_on_line(true, &over(Meaning::Wish), &[(0, Decision::Duck), (960, Decision::Stop)]);
    }

    #[test]
    fn listening_is_said_in_two_languages() {
        for words in ["", "…", "Mhm.", "Uh-huh", "Okay, I see.", "نعم", "حسنًا", "طيب، تمام", "أيوة"]
        {
            assert!(is_backchannel(words), "{words}");
        }
        for words in ["Wait.", "no", "I see a problem", "لا", "لحظة"] {
            assert!(!is_backchannel(words), "{words}");
        }
    }
}
