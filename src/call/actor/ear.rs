//! The caller's audio on its way from the line to turn taking.

use std::sync::Arc;

use crate::{
    audio::{ENGINE_HZ, FRAME_MS, Frame, LINE_HZ, Resampler},
    call::listen::Listener,
    dialogue::endpointing::{Input, Output},
    domain::MediaTime,
    speech::{
        SpeechError,
        local::vad::{VAD_WINDOW, Vad},
    },
};

/// Brings frames to the engines' rate, cuts them into the detector's windows, and keeps the utterance. Without a detector
/// it only keeps the time.
pub(super) struct Ear {
    listener: Option<Listener>,
    resampler: Resampler,
    /// Samples of the window to come.
    pending: Vec<f32>,
    frames: u64,
}

impl Ear {
    pub(super) fn new(vad: Option<&Vad>) -> Self {
        Self {
            listener: vad.map(Listener::new),
            resampler: Resampler::new(LINE_HZ, ENGINE_HZ),
            pending: Vec::with_capacity(2 * VAD_WINDOW),
            frames: 0,
        }
    }

    /// Takes the next 20 ms; [`next_window`](Self::next_window) then hears them.
    pub(super) fn push(&mut self, frame: &Frame) {
        self.frames += 1;
        if self.listener.is_some() {
            let samples = frame.samples.map(|sample| f32::from(sample) / f32::from(i16::MAX));
            self.resampler.push(&samples, &mut self.pending);
        }
    }

    /// So many frames were not heard and never will be; nobody was speaking. Only the time goes on.
    pub(super) fn skip(&mut self, frames: u32) {
        self.frames += u64::from(frames);
        if let Some(listener) = &mut self.listener {
            listener.skip(frames as usize * (ENGINE_HZ * FRAME_MS / 1000) as usize);
        }
    }

    /// Hears one more window, if there is one. [`poll`](Self::poll) then tells what was noticed.
    pub(super) fn next_window(&mut self) -> Result<bool, SpeechError> {
        let Some(listener) = &mut self.listener else { return Ok(false) };
        let Some(window) = self.pending.first_chunk::<VAD_WINDOW>() else { return Ok(false) };
        listener.push(window)?;
        self.pending.drain(..VAD_WINDOW);
        Ok(true)
    }

    /// What was noticed.
    pub(super) fn poll(&mut self) -> Option<Output> {
        self.listener.as_mut()?.poll()
    }

    /// What is said of a pause, of words, or of what is to be expected.
    pub(super) fn tell(&mut self, input: Input) {
        if let Some(listener) = &mut self.listener {
            listener.tell(input);
        }
    }

    /// Hears nothing from now on, and only keeps the time.
    pub(super) fn close(&mut self) {
        self.frames = self.now().as_millis() / u64::from(FRAME_MS) + 1;
        self.listener = None;
    }

    /// How much has been heard.
    pub(super) fn now(&self) -> MediaTime {
        match &self.listener {
            Some(listener) => listener.now(),
            None => MediaTime::from_millis(self.frames * u64::from(FRAME_MS)),
        }
    }

    /// The present utterance so far.
    pub(super) fn utterance(&self) -> Option<Arc<[f32]>> {
        self.listener.as_ref().map(Listener::utterance)
    }

    /// The same for a turn detector; `None` while the caller does not pause.
    pub(super) fn paused_utterance(&self) -> Option<Arc<[f32]>> {
        self.listener.as_ref()?.paused_utterance()
    }
}
