//! How long a silence has to last before a turn is over: by what was said, by how it was said, and by whom.
//!
//! Each opinion is a weight of evidence, the logarithm of the odds that the caller is done, so that opinions add up (Good,
//! "Probability and the Weighing of Evidence", 1950). The wait falls evenly from [`LONGEST_PAUSE`] to [`SHORTEST_PAUSE`] as the odds rise,
//! and is half-way when nothing is known; the end of it is cut off at [`LEAST_PAUSE`].

use std::time::Duration;

use crate::spoken::Hanging;

/// Silence that would end a turn which is surely complete. People answer each other after about 200 ms.
const SHORTEST_PAUSE: Duration = Duration::from_millis(200);
/// No turn ends sooner, however sure, but for a short answer: pauses within a sentence often last 200 to 260 ms, and a turn detector takes what comes
/// before them for complete as often as not.
const LEAST_PAUSE: Duration = Duration::from_millis(288);
/// Silence that ends a turn although it seems unfinished. Longer, and the caller wonders whether anyone is there.
pub(super) const LONGEST_PAUSE: Duration = Duration::from_millis(1200);
/// The same while a number is being read out, group by group, with a look at the card in between.
const DICTATED: [Duration; 2] = [Duration::from_millis(1400), Duration::from_millis(2000)];
/// Silence after which no turn goes on.
pub(super) const LONGEST_OF_ALL: Duration = DICTATED[1];

/// Odds of nine to one, as a weight: sure enough not to wait any longer, or to wait as long as may be.
const SURE: f32 = 2.197;
/// A turn detector is never believed more than this (99 to 1).
const MOST_BELIEVED: f32 = 0.99;
/// What it weighs that the words could be the end: most words can.
const WORDS_CAN_END: f32 = 1.0;
/// What it weighs that they cannot: more than a fairly sure turn detector.
const WORDS_HANG: f32 = -3.0;
/// What it weighs that words which can be the end answer a question that has short answers.
const WORDS_ANSWER: f32 = 1.2;

/// What the caller is going to say next, as far as it matters for how long to wait.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Expectation {
    /// Anything.
    #[default]
    Anything,
    /// A short answer: yes, no, one of a few.
    Short,
    /// A telephone number, a card's, an amount: digit by digit perhaps, with pauses to look them up.
    Digits,
}

/// How long to wait for more when it turns out too late that words hang: the turn was over by the sound of it.
pub(in crate::dialogue) fn patience_with(words: Hanging) -> Duration {
    match words {
        Hanging::No | Hanging::Unsure => Duration::ZERO,
        Hanging::Yes => LONGEST_PAUSE,
        Hanging::Dictating => DICTATED[0],
    }
}

/// What is known of a pause.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Opinions {
    /// The turn detector's: the probability that the caller is done, by how it sounded.
    pub(super) sound: Option<f32>,
    /// That of the words.
    pub(super) words: Option<Hanging>,
    /// What was to be expected.
    pub(super) expected: Expectation,
}

impl Opinions {
    /// How long to wait for a caller with this `rhythm`.
    pub(super) fn patience(self, rhythm: &Rhythm) -> Duration {
        let [shortest, longest] = if self.is_dictation() { DICTATED } else { [SHORTEST_PAUSE, LONGEST_PAUSE] };
        let doubt = ((SURE - self.weight() - rhythm.weight()) / (2.0 * SURE)).clamp(0.0, 1.0);
        (shortest + (longest - shortest).mul_f32(doubt)).max(self.least())
    }

    /// Who has said yes has answered, and what they add after a breath changes nothing.
    fn least(self) -> Duration {
        match (self.expected, self.words) {
            (Expectation::Short, Some(Hanging::No)) => SHORTEST_PAUSE,
            _ => LEAST_PAUSE,
        }
    }

    fn is_dictation(self) -> bool {
        match self.words {
            Some(Hanging::Dictating) => true,
            // "I don't have it here" is no number.
            Some(Hanging::No) => false,
            Some(Hanging::Unsure | Hanging::Yes) | None => self.expected == Expectation::Digits,
        }
    }

    /// For (above 0) and against (below) the end of the turn.
    fn weight(self) -> f32 {
        let sound = self.sound.filter(|probability| !probability.is_nan()).map_or(0.0, |probability| {
            let believed = probability.clamp(1.0 - MOST_BELIEVED, MOST_BELIEVED);
            (believed / (1.0 - believed)).ln()
        });
        let words = match self.words {
            Some(Hanging::No) if self.expected == Expectation::Short => WORDS_CAN_END + WORDS_ANSWER,
            Some(Hanging::No) => WORDS_CAN_END,
            Some(Hanging::Yes) => WORDS_HANG,
            Some(Hanging::Unsure | Hanging::Dictating) | None => 0.0,
        };
        sound + words
    }
}

/// How long a caller's own pauses are: those within a turn, after which they went on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rhythm {
    /// The latest ones; those of an unknown caller until they are replaced.
    pauses: [Duration; PAUSES],
    next: usize,
}

/// So many pauses tell how somebody speaks: enough that two long ones do not, few enough that a call of two minutes does.
const PAUSES: usize = 8;
/// Most pauses of an unknown caller are shorter.
const USUAL: Duration = Duration::from_millis(400);
/// Pauses that are so much longer, or shorter, than usual weigh one.
const WEIGHS_ONE: f32 = 0.2;
/// Who never pauses for long may still do so once.
const HASTE: f32 = 0.5;
/// Who pauses for long is waited for, but not when it is clear that they are done.
const LEISURE: f32 = -1.5;

impl Default for Rhythm {
    fn default() -> Self {
        Self { pauses: [USUAL; PAUSES], next: 0 }
    }
}

impl Rhythm {
    /// The caller went on after a pause of this length.
    pub(super) fn observe(&mut self, pause: Duration) {
        self.pauses[self.next] = pause.min(LONGEST_OF_ALL);
        self.next = (self.next + 1) % PAUSES;
    }

    /// Three in four of the caller's pauses are no longer.
    fn usual(&self) -> Duration {
        let mut pauses = self.pauses;
        pauses.sort_unstable();
        pauses[PAUSES * 3 / 4 - 1]
    }

    /// What it weighs that this caller, after a pause, is done.
    fn weight(&self) -> f32 {
        ((USUAL.as_secs_f32() - self.usual().as_secs_f32()) / WEIGHS_ONE).clamp(LEISURE, HASTE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn millis(sound: Option<f32>, words: Option<Hanging>, rhythm: &Rhythm) -> u128 {
        let patience = Opinions { sound, words, expected: Expectation::Anything }.patience(rhythm).as_millis();
        // To the nearest ten: what lies below is rounding.
        (patience + 5) / 10 * 10
    }

    #[test]
    fn what_is_sure_is_quick_and_doubt_takes_time() {
        let usual = Rhythm::default();
        for (sound, words, expected) in [
            (None, None, 700),
            (None, Some(Hanging::Unsure), 700),
            (Some(0.97), None, 290),
            (Some(0.97), Some(Hanging::No), 290),
            (Some(0.97), Some(Hanging::Yes), 590),
            (Some(0.75), None, 450),
            (Some(0.75), Some(Hanging::No), 290),
            (Some(0.5), Some(Hanging::Yes), 1200),
            (Some(0.25), None, 950),
            (Some(0.25), Some(Hanging::No), 720),
            (Some(0.02), None, 1200),
            (Some(0.02), Some(Hanging::No), 1200),
            // Where no turn detector is installed the words decide.
            (None, Some(Hanging::No), 470),
            (None, Some(Hanging::Yes), 1200),
            // Nonsense is no opinion.
            (Some(f32::NAN), None, 700),
            (Some(7.0), None, 290),
        ] {
            assert_eq!(millis(sound, words, &usual), expected, "{sound:?} {words:?}");
        }
    }

    #[test]
    fn numbers_are_given_time() {
        let patience = |sound, words, expected| {
            Opinions { sound: Some(sound), words, expected }.patience(&Rhythm::default()).as_millis()
        };
        assert_eq!(patience(0.99, Some(Hanging::Dictating), Expectation::Anything), 1400);
        assert_eq!(patience(0.01, Some(Hanging::Dictating), Expectation::Anything), 2000);
        assert_eq!(patience(0.99, None, Expectation::Digits), 1400, "the words are not known yet");
        assert_eq!(patience(0.99, Some(Hanging::No), Expectation::Digits), 288, "it is no number");
    }

    #[test]
    fn a_caller_who_pauses_for_long_is_waited_for_and_a_quick_one_is_not() {
        let after = |millis_each: u64, count: usize| {
            let mut rhythm = Rhythm::default();
            (0..count).for_each(|_| rhythm.observe(Duration::from_millis(millis_each)));
            rhythm
        };
        // One or two pauses for thought tell nothing.
        assert_eq!(millis(None, None, &after(900, 2)), 700);
        assert_eq!(millis(None, None, &after(900, 3)), 1040);
        assert_eq!(millis(Some(0.75), None, &after(900, 3)), 790);
        assert_eq!(millis(Some(0.99), None, &after(900, 3)), 290, "what is clear stays clear");
        assert_eq!(millis(None, None, &after(250, 8)), 590);
        assert_eq!(millis(Some(0.25), None, &after(250, 8)), 840);
        // What was long ago is forgotten.
        let mut rhythm = after(900, 8);
        (0..8).for_each(|_| rhythm.observe(USUAL));
        assert_eq!(millis(None, None, &rhythm), 700);
    }

    #[test]
    fn surer_is_never_slower() {
        for words in [None, Some(Hanging::No), Some(Hanging::Yes), Some(Hanging::Dictating)] {
            let waits: Vec<_> = (0..=100)
                .map(|percent| f32::from(u8::try_from(percent).unwrap()) / 100.0)
                .map(|sound| Opinions { sound: Some(sound), words, ..Opinions::default() }.patience(&Rhythm::default()))
                .collect();
            assert!(waits.is_sorted_by(|less_sure, surer| less_sure >= surer), "{words:?}");
            let steps = waits.windows(2).map(|pair| pair[0] - pair[1]);
            assert!(steps.max().unwrap() < Duration::from_millis(200), "no jumps: {words:?}");
        }
    }
}
