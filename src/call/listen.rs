//! The caller's side of a conversation: samples in, decisions out.

use std::sync::Arc;

use crate::{
    audio::ENGINE_HZ,
    dialogue::endpointing::{Endpointer, Input, Output, PauseId},
    domain::MediaTime,
    speech::{
        SpeechError,
        local::vad::{VAD_WINDOW, Vad, VadStream},
    },
};

/// Speech begins before the detector is sure of it: so many samples before its beginning belong to it (300 ms).
const PREROLL: usize = ENGINE_HZ as usize * 3 / 10;
/// With nobody speaking only the latest samples are kept: the preroll, and as much again for the detector's delay.
const KEPT: usize = 2 * PREROLL;
/// The longest utterance that is kept, one minute: of a longer one the beginning is forgotten. Music is an endless one.
const LONGEST: usize = 60 * ENGINE_HZ as usize;

/// Hears one caller. Time is media time: it stands still while nothing is pushed.
pub(super) struct Listener {
    vad: VadStream,
    endpointer: Endpointer,
    /// What has been heard since `origin`.
    samples: Vec<f32>,
    /// How many samples came before `samples`.
    origin: usize,
    speaking: bool,
}

impl Listener {
    pub(super) fn new(vad: &Vad) -> Self {
        Self { vad: vad.stream(), endpointer: Endpointer::default(), samples: Vec::new(), origin: 0, speaking: false }
    }

    /// Hears the next 32 ms at 16 kHz.
    pub(super) fn push(&mut self, chunk: &[f32; VAD_WINDOW]) -> Result<(), SpeechError> {
        let probability = self.vad.push(chunk)?;
        self.samples.extend_from_slice(chunk);
        let kept = if self.speaking { LONGEST } else { KEPT };
        if self.samples.len() > kept {
            let forgotten = self.samples.len() - kept;
            self.samples.drain(..forgotten);
            self.origin += forgotten;
        }
        self.endpointer.handle(self.now(), Input::Voice(probability));
        Ok(())
    }

    /// What the turn detector says of a pause: the probability that the caller is done.
    pub(super) fn verdict(&mut self, pause: PauseId, probability: f32) {
        self.endpointer.handle(self.now(), Input::Verdict { pause, complete: probability });
    }

    /// The next decision.
    pub(super) fn poll(&mut self) -> Option<Output> {
        let output = self.endpointer.poll()?;
        match &output {
            Output::SpeechStarted { at } => {
                let start = sample_of(*at).saturating_sub(self.origin + PREROLL);
                self.samples.drain(..start.min(self.samples.len()));
                self.origin += start;
                self.speaking = true;
            }
            Output::EndOfTurn { .. } => self.speaking = false,
            _ => {}
        }
        Some(output)
    }

    /// How much has been heard.
    pub(super) fn now(&self) -> MediaTime {
        MediaTime::from_samples((self.origin + self.samples.len()) as u64, ENGINE_HZ)
    }

    /// The present utterance so far, with some lead-in.
    pub(super) fn utterance(&self) -> Arc<[f32]> {
        self.samples.as_slice().into()
    }
}

fn sample_of(time: MediaTime) -> usize {
    usize::try_from(time.as_samples() * u64::from(ENGINE_HZ) / MediaTime::HZ).unwrap_or(usize::MAX)
}
