//! The caller's side of a conversation: samples in, decisions out.

use std::sync::Arc;

use crate::{
    audio::ENGINE_HZ,
    dialogue::endpointing::{Endpointer, Input, Output},
    domain::MediaTime,
    speech::{
        SpeechError,
        local::vad::{VAD_WINDOW, Vad, VadStream},
    },
};

/// Speech begins before the detector is sure of it: so many samples before its beginning belong to it (300 ms).
const PREROLL: usize = ENGINE_HZ as usize * 3 / 10;
/// What a turn detector wants to hear of a pause, in samples (200 ms): what it was trained on.
const JUDGED_PAUSE: usize = ENGINE_HZ as usize / 5;
/// With nobody speaking only the latest samples are kept: the preroll, and as much again for the detector's delay.
const KEPT: usize = 2 * PREROLL;
/// The longest utterance that could be kept, one minute. The endpointer ends turns before that: nothing is forgotten.
const LONGEST: usize = 60 * ENGINE_HZ as usize;

/// Hears one caller. Time is media time: it stands still while nothing is pushed.
pub(super) struct Listener {
    vad: VadStream,
    endpointer: Endpointer,
    kept: Kept,
}

impl Listener {
    pub(super) fn new(vad: &Vad) -> Self {
        Self { vad: vad.stream(), endpointer: Endpointer::default(), kept: Kept::default() }
    }

    /// Hears the next 32 ms at 16 kHz.
    pub(super) fn push(&mut self, chunk: &[f32; VAD_WINDOW]) -> Result<(), SpeechError> {
        let probability = self.vad.push(chunk)?;
        self.kept.push(chunk);
        self.endpointer.handle(self.now(), Input::Voice(probability));
        Ok(())
    }

    /// So many samples were not heard, and never will be. Nobody may be speaking.
    pub(super) fn skip(&mut self, samples: usize) {
        self.kept.skip(samples);
    }

    /// What is said of a pause, of words, or of what is to be expected.
    pub(super) fn tell(&mut self, input: Input) {
        self.endpointer.handle(self.now(), input);
    }

    /// The next decision.
    pub(super) fn poll(&mut self) -> Option<Output> {
        let output = self.endpointer.poll()?;
        match &output {
            Output::SpeechStarted { at } => self.kept.begin(*at),
            Output::EndOfTurn { speech } => self.kept.end(speech.end),
            Output::Stirred
            | Output::Settled
            | Output::Stopped { .. }
            | Output::Pause { .. }
            | Output::SpeechResumed => {}
        }
        Some(output)
    }

    /// How much has been heard.
    pub(super) fn now(&self) -> MediaTime {
        self.kept.now()
    }

    /// The present utterance so far, with some lead-in.
    pub(super) fn utterance(&self) -> Arc<[f32]> {
        self.kept.samples.as_slice().into()
    }

    /// The same for a turn detector; `None` while the caller does not pause, however briefly. A pause that is still short is
    /// as long as detectors know pauses: what is yet to come of it is silence, or the caller goes on and nobody asks any
    /// more.
    pub(super) fn paused_utterance(&self) -> Option<Arc<[f32]>> {
        let since = sample_of(self.endpointer.stopped_at()?);
        let mut samples = self.kept.samples.clone();
        let missing = JUDGED_PAUSE.saturating_sub(sample_of(self.now()).saturating_sub(since));
        samples.resize(samples.len() + missing, 0.0);
        Some(samples.into())
    }
}

/// What has been heard, as far as it may still be needed.
#[derive(Debug, Default)]
struct Kept {
    /// What has been heard since `origin`.
    samples: Vec<f32>,
    /// How many samples came before `samples`.
    origin: usize,
    speaking: bool,
    /// Where the last utterance ended: what belongs to it does not belong to the next one too.
    taken: usize,
}

impl Kept {
    fn push(&mut self, chunk: &[f32]) {
        self.samples.extend_from_slice(chunk);
        let kept = if self.speaking { LONGEST } else { KEPT };
        self.forget(self.samples.len().saturating_sub(kept));
    }

    /// Somebody speaks since `at`.
    fn begin(&mut self, at: MediaTime) {
        let start = sample_of(at).saturating_sub(PREROLL).max(self.taken);
        self.forget(start.saturating_sub(self.origin));
        self.speaking = true;
    }

    /// Somebody spoke until `at`.
    fn end(&mut self, at: MediaTime) {
        self.speaking = false;
        self.taken = sample_of(at);
    }

    fn skip(&mut self, samples: usize) {
        if samples > 0 {
            self.origin += self.samples.len() + samples;
            self.samples.clear();
        }
    }

    fn now(&self) -> MediaTime {
        MediaTime::from_samples((self.origin + self.samples.len()) as u64, ENGINE_HZ)
    }

    /// So many of the oldest samples.
    fn forget(&mut self, count: usize) {
        let count = count.min(self.samples.len());
        self.samples.drain(..count);
        self.origin += count;
    }
}

fn sample_of(time: MediaTime) -> usize {
    usize::try_from(time.as_samples() * u64::from(ENGINE_HZ) / MediaTime::HZ).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Hears so many seconds, with the sample's number as its value.
    fn hear(kept: &mut Kept, seconds: usize) {
        let next = kept.origin + kept.samples.len();
        let samples: Vec<f32> = (next..next + seconds * ENGINE_HZ as usize).map(|number| number as f32).collect();
        samples.chunks(VAD_WINDOW).for_each(|chunk| kept.push(chunk));
    }

    fn second(seconds: usize) -> MediaTime {
        MediaTime::from_samples((seconds * ENGINE_HZ as usize) as u64, ENGINE_HZ)
    }

    #[test]
    fn nothing_of_an_endless_talk_is_lost_or_heard_twice() {
        let mut kept = Kept::default();
        hear(&mut kept, 10);
        assert_eq!(kept.samples.len(), KEPT);
        kept.begin(second(10));
        hear(&mut kept, 50);
        kept.end(second(60));
        let first = kept.samples.clone();
        // The detector is sure that it goes on some windows later.
        kept.push(&[960_000.0; VAD_WINDOW]);
        kept.begin(second(60));
        assert_eq!(first.first(), Some(&((10 * ENGINE_HZ as usize - PREROLL) as f32)));
        assert_eq!((first.last(), kept.samples.first()), (Some(&959_999.0), Some(&960_000.0)));
        assert_eq!(kept.samples.len(), VAD_WINDOW);
    }

    #[test]
    fn who_begins_anew_is_heard_with_some_lead_in() {
        let mut kept = Kept::default();
        kept.begin(MediaTime::ZERO);
        hear(&mut kept, 2);
        kept.end(second(1));
        hear(&mut kept, 3);
        kept.begin(second(5));
        assert_eq!(kept.samples.len(), PREROLL);
    }

    #[test]
    fn what_was_missed_counts_as_time() {
        let mut kept = Kept::default();
        hear(&mut kept, 5);
        kept.skip(0);
        assert_eq!((kept.now(), kept.samples.len()), (second(5), KEPT));
        kept.skip(3600 * ENGINE_HZ as usize);
        assert_eq!((kept.now(), kept.samples.len()), (second(3605), 0));
        hear(&mut kept, 1);
        kept.begin(second(3606));
        assert_eq!((kept.now(), kept.samples.len()), (second(3606), PREROLL));
    }
}
