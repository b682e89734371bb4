//! What a voice's thread does: clause after clause, sound is made, brought to the line's rate, cut into frames, sent, and
//! with each frame the words that begin in it.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use super::{Manner, Said, Voice};
use crate::{
    audio::{FRAME_MS, Frame, Framer, LINE_HZ, Resampler},
    domain::{
        WordStart,
        text::{Limits, Script, clauses, is_speakable, script_runs},
        words as words_of,
    },
    speech::{
        Sentence, SpeechError, Voiced,
        scheduler::{Answers, Scheduler},
    },
};

/// A text so short, in characters, is not cut at its commas: it comes soon enough as it is, and sounds better whole.
const SHORT: usize = 60;
/// Nobody hears what is softer (-54 dBFS). Voices begin with up to 20 ms of that, and models of voices with more.
const INAUDIBLE: f32 = 0.002;

/// Who speaks a sentence.
pub(super) struct Cast {
    pub(super) voice: Arc<dyn Voice>,
    /// Speaks the words in the script that `voice` does not read.
    pub(super) other: Option<Arc<dyn Voice>>,
}

/// A sentence on its way to be spoken.
pub(super) struct Job {
    pub(super) cast: Cast,
    pub(super) sentence: Sentence,
    pub(super) frames: Answers<Voiced>,
}

/// The listener has gone.
struct Gone;

impl Job {
    /// Speaks until the sentence is over, the voice fails, or nobody listens. Blocks while the listener has enough.
    pub(super) fn run(self, scheduler: &Scheduler) {
        let mut sound = Sound::new(&self.frames);
        let mut place = Place { text: &self.sentence.text, at: 0 };
        let spoken = self.parts().into_iter().try_for_each(|(voice, text)| match self.say(voice, &text, scheduler) {
            Some(Ok(mut said)) => {
                said.words = place.find_all(&text, &said.words);
                if sound.taken.is_zero() {
                    begin_with_sound(&mut said);
                }
                sound.push(&said, voice.rate_hz())
            }
            Some(Err(error)) => {
                _ = self.frames.send(Err(error));
                Err(Gone)
            }
            None => Err(Gone),
        });
        if spoken.is_ok() {
            _ = sound.finish();
        }
    }

    /// What is said in one go, and by whom.
    fn parts(&self) -> Vec<(&dyn Voice, String)> {
        let is_short = self.sentence.text.chars().count() <= SHORT;
        let limits = if is_short { Limits::SENTENCES } else { Limits::LIVE };
        let mut parts = Vec::new();
        for clause in clauses(&self.sentence.text, limits) {
            match &self.cast.other {
                None => parts.push((&*self.cast.voice, clause)),
                Some(other) => {
                    let runs = script_runs(&clause).into_iter().filter(|(_, run)| is_speakable(run));
                    parts.extend(runs.map(|(script, run)| (self.reader(other, script), run.trim().to_owned())));
                }
            }
        }
        parts
    }

    fn reader<'a>(&'a self, other: &'a Arc<dyn Voice>, script: Script) -> &'a dyn Voice {
        if self.cast.voice.reads(script) { &*self.cast.voice } else { &**other }
    }

    /// `None` when nobody listens any more.
    fn say(&self, voice: &dyn Voice, text: &str, scheduler: &Scheduler) -> Option<Result<Said, SpeechError>> {
        let is_gone = || self.frames.is_unwanted();
        if is_gone() {
            return None;
        }
        let lease = scheduler.acquire(self.sentence.priority, voice.width());
        if is_gone() {
            return None;
        }
        let speaker = self.sentence.speaker.unwrap_or(0).min(voice.speakers() - 1);
        Some(voice.say(text, &Manner { speed: self.sentence.speed, speaker, threads: lease.threads(), stop: &is_gone }))
    }
}

/// Leaves out the silence before the first sound: somebody waits for that.
fn begin_with_sound(said: &mut Said) {
    let silence = said.samples.iter().position(|sample| sample.abs() > INAUDIBLE).unwrap_or(0);
    said.samples.drain(..silence);
    for (_, begin) in &mut said.words {
        *begin = begin.saturating_sub(silence);
    }
}

/// How far a sentence has been divided into what is said in one go. That is the sentence's words, but not letter for letter:
/// what cannot be spoken is left out.
struct Place<'a> {
    text: &'a str,
    at: usize,
}

impl Place<'_> {
    /// Where `words` of the next `part` (in bytes, with anything) are in the sentence, and goes on behind that part.
    fn find_all(&mut self, part: &str, words: &[(usize, usize)]) -> Vec<(usize, usize)> {
        let mut words = words.iter().peekable();
        let mut found = Vec::new();
        for word in words_of(part) {
            let Some(at) = self.text[self.at..].find(&part[word.clone()]).map(|at| self.at + at) else { continue };
            self.at = at + word.len();
            if let Some((_, sample)) = words.next_if(|(letter, _)| *letter == word.start) {
                found.push((at, *sample));
            }
        }
        found
    }
}

/// One stream of frames out of sound at any rate.
struct Sound<'a> {
    frames: &'a Answers<Voiced>,
    framer: Framer,
    /// With the rate that it takes.
    resampler: Option<(u32, Resampler)>,
    /// How long what came in plays.
    taken: Duration,
    /// How many frames went out.
    given: u32,
    /// Words whose frames have yet to go out.
    words: VecDeque<WordStart>,
}

impl<'a> Sound<'a> {
    fn new(frames: &'a Answers<Voiced>) -> Self {
        let (framer, words) = (Framer::default(), VecDeque::new());
        Self { frames, framer, resampler: None, taken: Duration::ZERO, given: 0, words }
    }

    fn push(&mut self, said: &Said, rate_hz: u32) -> Result<(), Gone> {
        let length = |samples: usize| Duration::from_secs_f64(samples as f64 / f64::from(rate_hz));
        let Said { samples, words, is_estimate } = said;
        let words = words.iter().map(|(letter, sample)| (*letter, self.taken + length(*sample)));
        self.words.extend(words.map(|(letter, at)| WordStart { letter, at, is_estimate: *is_estimate }));
        self.taken += length(samples.len());
        let mut at_line_rate = Vec::new();
        if self.resampler.as_ref().is_none_or(|(rate, _)| *rate != rate_hz) {
            self.drain(&mut at_line_rate);
            self.resampler = Some((rate_hz, Resampler::new(rate_hz, LINE_HZ)));
        }
        if let Some((_, resampler)) = &mut self.resampler {
            resampler.push(samples, &mut at_line_rate);
        }
        self.send(&at_line_rate)
    }

    fn finish(&mut self) -> Result<(), Gone> {
        let mut rest = Vec::new();
        self.drain(&mut rest);
        self.send(&rest)?;
        match self.framer.finish() {
            Some(frame) => self.send_frame(frame),
            None => Ok(()),
        }
    }

    fn drain(&mut self, out: &mut Vec<f32>) {
        if let Some((_, mut resampler)) = self.resampler.take() {
            resampler.finish(out);
        }
    }

    fn send(&mut self, samples: &[f32]) -> Result<(), Gone> {
        let mut frames = Vec::new();
        self.framer.push(samples, |frame| frames.push(frame));
        frames.into_iter().try_for_each(|frame| self.send_frame(frame))
    }

    fn send_frame(&mut self, frame: Frame) -> Result<(), Gone> {
        self.given += 1;
        let end = Duration::from_millis(FRAME_MS.into()) * self.given;
        let words = std::iter::from_fn(|| self.words.pop_front_if(|word| word.at < end)).collect();
        self.frames.send(Ok(Voiced { frame, words })).map_err(|_| Gone)
    }
}
