//! A clause with its sound, which stays until the clause has been heard: one that was cut goes on with any of its words, and
//! nothing is made twice.

use std::{sync::Arc, time::Duration};

use super::{
    prepared::{Key, Prepared, Recording},
    session::count_incident,
    stand_in::{FirstSound, VOICE_FAILED, first_sound},
};
use crate::{
    audio::{FRAME_MS, FRAME_SAMPLES, Frame, LINE_HZ},
    dialogue::guide::LineId,
    domain::WordStart,
    speech::{Results, Sentence, Synthesizer, Voiced},
};

/// What begins in the midst of sound is faded in, so that it does not click. It is done before the word begins.
const FADE: Duration = Duration::from_millis(10);

/// See the module.
pub(super) struct Clause {
    /// Counted from 0 since the turn's beginning.
    pub(super) number: usize,
    /// So many bytes of the clause were said before, and are not in `sentence`.
    pub(super) skipped: usize,
    /// The line of a script's that it belongs to.
    pub(super) line: Option<LineId>,
    /// The caller does not interrupt it.
    pub(super) uninterruptible: bool,
    pub(super) sentence: Sentence,
    pub(super) sound: Sound,
}

/// A clause's sound.
pub(super) enum Sound {
    /// All of it.
    Whole(Arc<Recording>),
    /// Being made.
    Coming(Coming),
    /// To be read.
    None,
}

/// Sound that is being made.
pub(super) struct Coming {
    pub(super) so_far: Recording,
    pub(super) rest: Results<Voiced>,
    /// Where it is kept for others, too, when it is whole.
    pub(super) keep: Option<(Prepared, Key)>,
}

/// How far a clause's sound has been said, from a word on.
pub(super) struct Cursor {
    /// The first frame to be said.
    first: usize,
    /// In samples: before there is silence.
    begins: usize,
    /// In the sentence.
    letter: usize,
    frame: usize,
    /// Words that were told of.
    word: usize,
}

impl Clause {
    /// Waits for its first sound; a voice that fails is stood in for by another of `voices`.
    pub(super) async fn begin(mut self, voices: Option<&dyn Synthesizer>) -> Self {
        let Sound::Coming(Coming { mut so_far, rest, keep }) = self.sound else { return self };
        let first = match voices {
            Some(voices) => first_sound(voices, &self.sentence, rest).await,
            None => FirstSound::waited_for(rest).await,
        };
        self.sound = match first.voiced {
            Some(Ok(voiced)) => {
                so_far.push(voiced);
                // Next time the voice may not fail.
                let keep = keep.filter(|_| first.is_own);
                Sound::Coming(Coming { so_far, rest: first.rest, keep })
            }
            _ => Sound::None,
        };
        self
    }

    /// Whether it can go on where so many bytes of it have been said.
    pub(super) fn goes_on_at(&self, letter: usize) -> bool {
        letter == self.skipped || self.words().iter().any(|word| word.letter + self.skipped == letter)
    }

    /// What is left of its words then.
    pub(super) fn rest(&self, letter: usize) -> &str {
        self.sentence.text.get(letter.saturating_sub(self.skipped)..).unwrap_or(&self.sentence.text)
    }

    /// Goes through its sound from there on.
    pub(super) fn cursor(&self, letter: usize) -> Cursor {
        let letter = letter.saturating_sub(self.skipped);
        let word = self.words().iter().position(|word| word.letter == letter).filter(|_| letter > 0).unwrap_or(0);
        let begins = match self.words().get(word) {
            Some(found) if letter > 0 => samples(found.at.saturating_sub(FADE)),
            _ => 0,
        };
        let first = begins / FRAME_SAMPLES;
        Cursor { first, begins, letter, frame: first, word }
    }

    /// The next of its sound, with the words that begin in it, as if it began where the cursor did.
    pub(super) async fn next(&mut self, cursor: &mut Cursor) -> Option<Voiced> {
        while cursor.frame >= self.frames().len() {
            if !self.hear_more().await {
                return None;
            }
        }
        let frame = cursor.faded(self.frames()[cursor.frame]);
        cursor.frame += 1;
        let (from, to) = (time(cursor.first), time(cursor.frame));
        let begun = self.words()[cursor.word..].iter().take_while(|word| word.at < to);
        let words = begun.map(|word| WordStart {
            letter: word.letter.saturating_sub(cursor.letter),
            at: word.at.saturating_sub(from),
            ..*word
        });
        let words: Vec<_> = words.collect();
        cursor.word += words.len();
        Some(Voiced { frame, words })
    }

    /// Takes all of its sound, so that no voice waits for it to be said.
    pub(super) async fn finish(&mut self) {
        while self.hear_more().await {}
    }

    /// Whether there was more. To be dropped loses nothing.
    async fn hear_more(&mut self) -> bool {
        let Sound::Coming(Coming { so_far, rest, keep }) = &mut self.sound else { return false };
        match rest.recv().await {
            Some(Ok(voiced)) => {
                so_far.push(voiced);
                return true;
            }
            Some(Err(error)) => {
                tracing::warn!(%error, "a clause could not be spoken to its end");
                count_incident(VOICE_FAILED);
                *keep = None;
            }
            None => {}
        }
        let (whole, keep) = (Arc::new(std::mem::take(so_far)), keep.take());
        if let Some((prepared, key)) = keep {
            prepared.keep(key, &self.sentence, Arc::clone(&whole));
        }
        self.sound = Sound::Whole(whole);
        false
    }

    fn recording(&self) -> Option<&Recording> {
        match &self.sound {
            Sound::Whole(recording) => Some(recording),
            Sound::Coming(coming) => Some(&coming.so_far),
            Sound::None => None,
        }
    }

    fn frames(&self) -> &[Frame] {
        self.recording().map_or(&[], |recording| &recording.frames)
    }

    fn words(&self) -> &[WordStart] {
        self.recording().map_or(&[], |recording| &recording.words)
    }
}

impl Cursor {
    fn faded(&self, mut frame: Frame) -> Frame {
        let fade = samples(FADE);
        if self.begins == 0 || self.frame * FRAME_SAMPLES >= self.begins + fade {
            return frame;
        }
        for (at, sample) in (self.frame * FRAME_SAMPLES..).zip(&mut frame.samples) {
            let gain = at.saturating_sub(self.begins).min(fade) as f32 / fade as f32;
            *sample = (f32::from(*sample) * gain) as i16;
        }
        frame
    }
}

fn samples(time: Duration) -> usize {
    (time.as_secs_f64() * f64::from(LINE_HZ)) as usize
}

fn time(frames: usize) -> Duration {
    Duration::from_millis(frames as u64 * u64::from(FRAME_MS))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Language;

    const LOUD: Frame = Frame { samples: [10_000; FRAME_SAMPLES] };

    /// "one two three", whose words begin after 0, 105 and 200 ms of 300.
    fn clause(skipped: usize) -> Clause {
        let word = |(letter, millis)| WordStart { letter, at: Duration::from_millis(millis), is_estimate: false };
        let words = [(0, 0), (4, 105), (8, 200)].map(word).to_vec();
        let sound = Sound::Whole(Arc::new(Recording { frames: vec![LOUD; 15], words }));
        let sentence = Sentence::new("one two three", Language::ENGLISH);
        Clause { number: 0, skipped, line: None, uninterruptible: false, sentence, sound }
    }

    async fn said(clause: &mut Clause, letter: usize) -> (Vec<i16>, Vec<(usize, u128)>) {
        let (mut sound, mut words) = (Vec::new(), Vec::new());
        let mut cursor = clause.cursor(letter);
        while let Some(voiced) = clause.next(&mut cursor).await {
            sound.extend(voiced.frame.samples);
            words.extend(voiced.words.iter().map(|word| (word.letter, word.at.as_millis())));
        }
        (sound, words)
    }

    #[tokio::test]
    async fn a_clause_goes_on_with_a_word() {
        let mut whole = clause(0);
        assert_eq!(said(&mut whole, 0).await, (vec![10_000; 15 * FRAME_SAMPLES], vec![(0, 0), (4, 105), (8, 200)]));
        // Ten milliseconds before the word, in the midst of a frame.
        let (sound, words) = said(&mut whole, 4).await;
        assert_eq!(words, [(0, 25), (4, 120)]);
        let (begins, word) = (15 * 48, 25 * 48);
        assert!(
            sound[..begins].iter().all(|sample| *sample == 0) && sound[word..].iter().all(|sample| *sample == 10_000)
        );
        assert!(sound.windows(2).all(|pair| pair[1] - pair[0] <= 21), "nothing clicks");
        assert_eq!((sound.len(), whole.rest(4)), (11 * FRAME_SAMPLES, "two three"));
    }

    #[tokio::test]
    async fn what_was_skipped_counts() {
        let mut later = clause(20);
        assert!([20, 24, 28].iter().all(|letter| later.goes_on_at(*letter)));
        assert!(!later.goes_on_at(0) && !later.goes_on_at(25));
        assert_eq!(said(&mut later, 28).await.1, [(0, 20)]);
        assert_eq!((later.rest(20), later.rest(28)), ("one two three", "three"));
        later.sound = Sound::None;
        assert!(later.goes_on_at(20) && !later.goes_on_at(24));
        assert!(later.next(&mut later.cursor(20)).await.is_none());
    }
}
