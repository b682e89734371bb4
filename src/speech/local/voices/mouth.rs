//! What a voice's thread does: clause after clause, sound is made, brought to the line's rate, cut into frames, sent.

use std::sync::Arc;

use super::{Manner, Voice};
use crate::{
    audio::{Frame, Framer, LINE_HZ, Resampler},
    domain::text::{Limits, Script, clauses, is_speakable, script_runs},
    speech::{
        Sentence, SpeechError,
        scheduler::{Answers, Scheduler},
    },
};

/// A text so short, in characters, is not cut at its commas: it comes soon enough as it is, and sounds better whole.
const SHORT: usize = 60;

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
    pub(super) frames: Answers<Frame>,
}

/// The listener has gone.
struct Gone;

impl Job {
    /// Speaks until the sentence is over, the voice fails, or nobody listens. Blocks while the listener has enough.
    pub(super) fn run(self, scheduler: &Scheduler) {
        let mut sound = Sound { frames: &self.frames, framer: Framer::default(), resampler: None };
        let spoken = self.parts().into_iter().try_for_each(|(voice, text)| match self.say(voice, &text, scheduler) {
            Some(Ok(samples)) => sound.push(&samples, voice.rate_hz()),
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
    fn say(&self, voice: &dyn Voice, text: &str, scheduler: &Scheduler) -> Option<Result<Vec<f32>, SpeechError>> {
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

/// One stream of frames out of sound at any rate.
struct Sound<'a> {
    frames: &'a Answers<Frame>,
    framer: Framer,
    /// With the rate that it takes.
    resampler: Option<(u32, Resampler)>,
}

impl Sound<'_> {
    fn push(&mut self, samples: &[f32], rate_hz: u32) -> Result<(), Gone> {
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
            Some(frame) => self.frames.send(Ok(frame)).map_err(|_| Gone),
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
        frames.into_iter().try_for_each(|frame| self.frames.send(Ok(frame)).map_err(|_| Gone))
    }
}
