//! A turn of the agent's: what of it has been made, and what of that has been heard.

use std::time::Duration;

use super::{
    echo::Said,
    endpointing::Expectation,
    io::{EndReason, Manner, Place},
    phrases::Phrase,
};
use crate::domain::{Language, MediaTime, TurnId, WordStart, cards};

/// What was sent is heard later: by half a round trip and the client's jitter buffer, about so much.
const ON_THE_WAY: Duration = Duration::from_millis(100);
/// When the line does not say that a turn has been played, it is taken to be so long after it should have been.
const REPORT_PATIENCE: Duration = Duration::from_secs(3);
/// A turn that is being made and of which nothing new has come for so long will not be finished. A busy box takes seconds.
const STALLED: Duration = Duration::from_secs(15);

/// Why the agent speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Occasion {
    /// The first words. Not to be interrupted: they say who speaks, and that the call is transcribed.
    Greeting,
    /// To what the caller said.
    Answer,
    /// Fixed words.
    Remark(Phrase),
    /// What somebody of the desk has the agent say. Not to be interrupted: it is said once.
    Interjection,
    /// The last words, not to be interrupted.
    Farewell(EndReason),
}

#[derive(Clone, Debug)]
struct Clause {
    text: String,
    uninterruptible: bool,
    /// Where its audio begins in the turn's.
    start: Duration,
    /// Where its audio ends in the turn's, once that is complete.
    end: Option<Duration>,
    /// When its words begin, as far as that is known.
    words: Vec<WordStart>,
}

impl Clause {
    /// How many bytes of it have been heard when so much of the turn's audio has been: up to the word that is being said, or
    /// the one before where it is not known for sure which that is.
    fn heard(&self, heard: Duration) -> usize {
        let begun = self.words.partition_point(|word| self.start + word.at <= heard);
        let Some(last) = begun.checked_sub(1) else { return 0 };
        let cut = last.saturating_sub(usize::from(self.words[last].is_estimate));
        if cut == 0 { 0 } else { self.words[cut].letter }
    }
}

/// How far the making of a turn is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Making {
    Going,
    Complete,
    Failed,
}

/// See the module.
#[derive(Clone, Debug)]
pub(super) struct Speech {
    pub(super) id: TurnId,
    pub(super) occasion: Occasion,
    pub(super) language: Language,
    /// So much of what is said was heard before, when it is a turn that was held.
    from: Place,
    clauses: Vec<Clause>,
    /// All the audio that was made.
    audio: Duration,
    sent: Duration,
    /// All of it was sent.
    done: bool,
    began: Option<MediaTime>,
    making: Making,
    manner: Manner,
    /// When something new of it was last heard of.
    progress: MediaTime,
    /// On the caller's clock: when its audio would have begun, had it played without a gap.
    origin: Option<MediaTime>,
}

impl Speech {
    pub(super) fn new(now: MediaTime, id: TurnId, occasion: Occasion, language: Language) -> Self {
        Self {
            id,
            occasion,
            language,
            from: Place::default(),
            clauses: Vec::new(),
            audio: Duration::ZERO,
            sent: Duration::ZERO,
            done: false,
            began: None,
            making: Making::Going,
            manner: Manner::default(),
            progress: now,
            origin: None,
        }
    }

    /// What was held, as a new turn.
    pub(super) fn resumed(now: MediaTime, id: TurnId, held: &Held) -> Self {
        Self { from: held.from, manner: held.manner, ..Self::new(now, id, held.occasion, held.language) }
    }

    /// What of it is still to be heard.
    pub(super) fn held(&self) -> Held {
        let Self { id, occasion, language, manner, .. } = *self;
        let from = match self.heard_up_to() {
            Place { clause: 0, letter } => Place { letter: self.from.letter + letter, ..self.from },
            Place { clause, letter } => Place { clause: self.from.clause + clause, letter },
        };
        Held { id, occasion, language, manner, from, asks: self.asks() }
    }

    pub(super) fn can_be_interrupted(&self) -> bool {
        matches!(self.occasion, Occasion::Answer | Occasion::Remark(_))
            && !self.present_clause().is_some_and(|clause| clause.uninterruptible)
    }

    pub(super) fn set_manner(&mut self, manner: Manner) {
        self.manner = manner;
    }

    /// Whether nothing is left to say after it.
    pub(super) fn is_last(&self) -> bool {
        self.manner.is_last
    }

    /// Whether the clause that is being said is a question, or the last before a short answer is expected: "yes" answers it,
    /// and is no mere sign of listening.
    pub(super) fn asks(&self) -> bool {
        let is_last = self.making == Making::Complete && self.clauses_heard() + 1 >= self.clauses.len();
        (is_last && self.manner.expects == Expectation::Short)
            || self.present_clause().is_some_and(|clause| clause.text.trim_end().ends_with(['?', '؟']))
    }

    /// The clause that is being said, or was last.
    fn present_clause(&self) -> Option<&Clause> {
        self.clauses.get(self.clauses_heard()).or(self.clauses.last())
    }

    /// When the first clause was there.
    pub(super) fn began(&self) -> Option<MediaTime> {
        self.began
    }

    pub(super) fn has_failed(&self) -> bool {
        self.making == Making::Failed
    }

    pub(super) fn clause(&mut self, now: MediaTime, text: String, uninterruptible: bool) {
        self.began.get_or_insert(now);
        self.progress = now;
        self.clauses.push(Clause { text, uninterruptible, start: self.audio, end: None, words: Vec::new() });
    }

    /// Of the last clause. One with a number that may be a card's is heard as a whole or not at all: of a part of the number it
    /// could not be told any more.
    pub(super) fn word_starts(&mut self, words: &[WordStart]) {
        if let Some(Clause { text, words: known, .. }) = self.clauses.last_mut()
            && cards::mask(text) == *text
        {
            known.extend(words.iter().filter(|word| text.is_char_boundary(word.letter)));
        }
    }

    pub(super) fn clause_made(&mut self, now: MediaTime, audio: Duration) {
        self.progress = now;
        self.audio += audio;
        if let Some(last) = self.clauses.last_mut() {
            last.end = Some(self.audio);
        }
    }

    pub(super) fn made(&mut self, failed: bool) {
        self.making = if failed { Making::Failed } else { Making::Complete };
    }

    /// The line says so.
    pub(super) fn played(&mut self, now: MediaTime, sent: Duration, done: bool) {
        if sent > self.sent {
            (self.progress, self.origin) = (now, Some(now - sent));
        }
        self.sent = self.sent.max(sent);
        self.done |= done;
    }

    /// Whether nothing more of it will come at `now`: it is complete, and has been played, or has no audio, or the line
    /// has been silent about it for too long.
    pub(super) fn is_over(&self, now: MediaTime) -> bool {
        let overdue = || self.began.is_some_and(|began| now.since(began) > self.audio + REPORT_PATIENCE);
        self.making != Making::Going && (self.done || self.audio.is_zero() || overdue())
    }

    /// Whether it is being made, and nothing has come of that for too long.
    pub(super) fn is_stalled(&self, now: MediaTime) -> bool {
        self.making == Making::Going && now.since(self.progress) >= STALLED
    }

    /// What of it could have been heard, and when.
    pub(super) fn said(&self) -> Option<Said> {
        let origin = self.origin?;
        let starts = [Duration::ZERO].into_iter().chain(self.clauses.iter().filter_map(|clause| clause.end));
        let begun = starts.take_while(|start| *start < self.sent).count();
        Some(Said { words: join(self.clauses.iter().take(begun)), at: origin..origin + self.sent + ON_THE_WAY })
    }

    /// How many of its clauses have been heard to their end at `now`, as best known, counted since its beginning.
    pub(super) fn clauses_until(&self, now: MediaTime) -> usize {
        self.from.clause + if self.is_over(now) { self.clauses.len() } else { self.clauses_heard() }
    }

    /// How much of its audio was sent.
    pub(super) fn sent(&self) -> Duration {
        self.sent
    }

    /// All its words so far.
    pub(super) fn words(&self) -> String {
        join(self.clauses.iter())
    }

    /// What of it has been heard, as best known: its clauses to their end, and of the next one the words.
    pub(super) fn heard(&self) -> String {
        let Place { clause, letter } = self.heard_up_to();
        let mut heard = join(self.clauses[..clause].iter());
        if let Some(next) = self.clauses.get(clause)
            && letter > 0
        {
            heard.extend((!heard.is_empty()).then_some(' '));
            heard.push_str(next.text[..letter].trim_end());
        }
        heard
    }

    /// Counted from its own beginning.
    fn heard_up_to(&self) -> Place {
        let clause = self.clauses_heard();
        let letter = self.clauses.get(clause).map_or(0, |next| next.heard(self.sent_and_heard()));
        Place { clause, letter }
    }

    fn clauses_heard(&self) -> usize {
        let heard = self.sent_and_heard();
        self.clauses.iter().take_while(|clause| clause.end.is_some_and(|end| end <= heard)).count()
    }

    fn sent_and_heard(&self) -> Duration {
        self.sent.saturating_sub(ON_THE_WAY)
    }
}

/// A turn that was stopped for what may be no words at all, and is gone on with then.
#[derive(Clone, Copy, Debug)]
pub(super) struct Held {
    pub(super) id: TurnId,
    pub(super) occasion: Occasion,
    pub(super) language: Language,
    pub(super) manner: Manner,
    /// Up to where it was heard, since the beginning.
    pub(super) from: Place,
    /// That clause is a question.
    pub(super) asks: bool,
}

fn join<'a>(clauses: impl Iterator<Item = &'a Clause>) -> String {
    clauses.map(|clause| clause.text.as_str()).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_clauses_count_as_heard() {
        let mut speech = Speech::new(MediaTime::ZERO, TurnId(1), Occasion::Answer, Language::ENGLISH);
        assert_eq!((speech.heard(), speech.is_over(MediaTime::ZERO)), (String::new(), false));
        for (text, millis) in [("One,", 500), ("two,", 500), ("three.", 500)] {
            speech.clause(MediaTime::ZERO, text.to_owned(), false);
            speech.clause_made(MediaTime::ZERO, Duration::from_millis(millis));
        }
        for (sent, heard) in [(0, ""), (599, ""), (600, "One,"), (1100, "One, two,"), (1500, "One, two,")] {
            speech.played(MediaTime::ZERO, Duration::from_millis(sent), false);
            assert_eq!(speech.heard(), heard, "{sent}");
        }
        assert_eq!(speech.words(), "One, two, three.");
        // Held, resumed, and held again: what was heard before counts.
        let mut speech = Speech::resumed(MediaTime::ZERO, TurnId(2), &speech.held());
        speech.clause(MediaTime::ZERO, "three.".to_owned(), false);
        speech.clause_made(MediaTime::ZERO, Duration::from_millis(500));
        assert_eq!((speech.held().from, speech.words()), (Place { clause: 2, letter: 0 }, "three.".to_owned()));
        speech.played(MediaTime::ZERO, Duration::from_millis(600), false);
        assert_eq!(speech.held().from, Place { clause: 3, letter: 0 });
    }

    /// Two clauses; the second one's words begin after 0, 300 and 600 ms.
    fn with_words(is_estimate: bool) -> Speech {
        let mut speech = Speech::new(MediaTime::ZERO, TurnId(1), Occasion::Answer, Language::ENGLISH);
        speech.clause(MediaTime::ZERO, "Yes,".to_owned(), false);
        speech.clause_made(MediaTime::ZERO, Duration::from_millis(500));
        speech.clause(MediaTime::ZERO, "to big Texas.".to_owned(), false);
        for (letter, millis) in [(0, 0), (3, 300), (7, 600)] {
            speech.word_starts(&[WordStart { letter, at: Duration::from_millis(millis), is_estimate }]);
        }
        speech
    }

    #[test]
    fn words_count_as_heard_when_the_next_one_has_begun() {
        for (sent, sure, estimated) in [
            (550, "", ""),
            (600, "Yes,", "Yes,"),
            (899, "Yes,", "Yes,"),
            (900, "Yes, to", "Yes,"),
            (1200, "Yes, to big", "Yes, to"),
            (2000, "Yes, to big", "Yes, to"),
        ] {
            for (is_estimate, heard) in [(false, sure), (true, estimated)] {
                let mut speech = with_words(is_estimate);
                speech.played(MediaTime::ZERO, Duration::from_millis(sent), false);
                assert_eq!(speech.heard(), heard, "{sent} {is_estimate}");
            }
        }
    }

    #[test]
    fn what_is_left_of_a_clause_is_held_again() {
        let mut speech = with_words(false);
        speech.played(MediaTime::ZERO, Duration::from_millis(950), false);
        assert_eq!(speech.held().from, Place { clause: 1, letter: 3 });
        let mut speech = Speech::resumed(MediaTime::ZERO, TurnId(2), &speech.held());
        speech.clause(MediaTime::ZERO, "big Texas.".to_owned(), false);
        let word = |letter, millis| WordStart { letter, at: Duration::from_millis(millis), is_estimate: false };
        speech.word_starts(&[word(0, 0), word(4, 300)]);
        speech.played(MediaTime::ZERO, Duration::from_millis(450), false);
        assert_eq!((speech.heard().as_str(), speech.held().from), ("big", Place { clause: 1, letter: 7 }));
    }

    #[test]
    fn a_card_number_is_not_cut() {
        let mut speech = Speech::new(MediaTime::ZERO, TurnId(1), Occasion::Answer, Language::ENGLISH);
        speech.clause(MediaTime::ZERO, "It is 4111 1111 1111 1111.".to_owned(), false);
        let word = |letter, millis| WordStart { letter, at: Duration::from_millis(millis), is_estimate: false };
        speech.word_starts(&[word(0, 0), word(3, 100), word(6, 200), word(11, 300)]);
        speech.played(MediaTime::ZERO, Duration::from_secs(2), false);
        assert_eq!(speech.heard(), "");
    }

    #[test]
    fn a_line_that_reports_nothing_does_not_hold_the_call() {
        let mut speech = Speech::new(MediaTime::ZERO, TurnId(1), Occasion::Answer, Language::ENGLISH);
        speech.clause(MediaTime::ZERO, "One.".to_owned(), false);
        speech.clause_made(MediaTime::ZERO, Duration::from_secs(1));
        assert!(!speech.is_over(MediaTime::from_millis(60_000)), "more may be coming");
        speech.made(false);
        assert!(!speech.is_over(MediaTime::from_millis(4000)));
        assert!(speech.is_over(MediaTime::from_millis(4001)));
        speech.played(MediaTime::ZERO, Duration::from_secs(1), true);
        assert!(speech.is_over(MediaTime::ZERO));
    }

    #[test]
    fn a_turn_of_which_nothing_more_comes_is_given_up() {
        let at = MediaTime::from_millis;
        let mut speech = Speech::new(at(0), TurnId(1), Occasion::Answer, Language::ENGLISH);
        assert!(!speech.is_stalled(at(14_999)) && speech.is_stalled(at(15_000)));
        speech.clause(at(14_000), "One.".to_owned(), false);
        speech.clause_made(at(14_500), Duration::from_secs(5));
        speech.played(at(19_500), Duration::from_secs(5), false);
        assert!(!speech.is_stalled(at(34_000)), "it was being heard");
        speech.played(at(34_000), Duration::from_secs(5), false);
        assert!(speech.is_stalled(at(34_500)), "a report of nothing new is no progress");
        speech.made(false);
        assert!(!speech.is_stalled(at(60_000)));
    }

    #[test]
    fn what_was_said_when_is_known_by_what_was_sent() {
        let mut speech = Speech::new(MediaTime::ZERO, TurnId(1), Occasion::Answer, Language::ENGLISH);
        for text in ["One,", "two?", "three."] {
            speech.clause(MediaTime::ZERO, text.to_owned(), false);
            speech.clause_made(MediaTime::ZERO, Duration::from_secs(1));
        }
        assert!(speech.said().is_none() && !speech.asks());
        speech.played(MediaTime::from_millis(2500), Duration::from_millis(1500), false);
        let said = speech.said().unwrap();
        assert_eq!((said.words.as_str(), speech.asks()), ("One, two?", true));
        assert_eq!((said.at.start.as_millis(), said.at.end.as_millis()), (1000, 2600));
    }
}
