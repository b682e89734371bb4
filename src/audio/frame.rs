//! The pieces in which audio travels.

use std::{fmt, time::Duration};

use super::LINE_HZ;

/// Length of a [`Frame`] in milliseconds.
pub const FRAME_MS: u32 = 20;
/// Samples in a [`Frame`].
pub const FRAME_SAMPLES: usize = (LINE_HZ / 1000 * FRAME_MS) as usize;

/// 20 ms of mono audio at 48 kHz, signed 16 bit: what a line sends and an Opus encoder takes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Frame {
    /// The samples.
    pub samples: [i16; FRAME_SAMPLES],
}

impl Frame {
    /// 20 ms of silence.
    pub const SILENCE: Self = Self { samples: [0; FRAME_SAMPLES] };
}

impl fmt::Debug for Frame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let peak = self.samples.iter().map(|sample| sample.unsigned_abs()).max().unwrap_or(0);
        write!(f, "Frame {{ peak: {peak} }}")
    }
}

/// Mono audio in memory at some rate, samples within -1.0 to 1.0.
#[derive(Clone, PartialEq)]
pub struct Clip {
    /// Samples a second.
    pub rate_hz: u32,
    /// The samples, -1.0 to 1.0.
    pub samples: Vec<f32>,
}

impl Clip {
    /// What `frames` hold, one after the other.
    pub fn from_frames(frames: &[Frame]) -> Self {
        let samples = frames.iter().flat_map(|frame| frame.samples);
        Self { rate_hz: LINE_HZ, samples: samples.map(|sample| f32::from(sample) / f32::from(i16::MAX)).collect() }
    }

    /// How long it plays.
    pub fn duration(&self) -> Duration {
        Duration::from_secs_f64(self.samples.len() as f64 / f64::from(self.rate_hz))
    }
}

impl fmt::Debug for Clip {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Clip {{ {} Hz, {:?} }}", self.rate_hz, self.duration())
    }
}

/// Cuts 48 kHz samples of any number into [`Frame`]s.
#[derive(Debug, Default)]
pub struct Framer {
    pending: Vec<i16>,
}

impl Framer {
    /// Takes samples at 48 kHz, within -1.0 to 1.0 (beyond: clipped), and hands every whole frame to `emit`.
    pub fn push(&mut self, samples: &[f32], mut emit: impl FnMut(Frame)) {
        for sample in samples {
            self.pending.push((sample.clamp(-1.0, 1.0) * f32::from(i16::MAX)) as i16);
            if self.pending.len() == FRAME_SAMPLES {
                let mut frame = Frame::SILENCE;
                frame.samples.copy_from_slice(&self.pending);
                self.pending.clear();
                emit(frame);
            }
        }
    }

    /// The rest as a last frame, filled up with silence; `None` when nothing is left.
    pub fn finish(&mut self) -> Option<Frame> {
        if self.pending.is_empty() {
            return None;
        }
        let mut frame = Frame::SILENCE;
        frame.samples[..self.pending.len()].copy_from_slice(&self.pending);
        self.pending.clear();
        Some(frame)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_framer_loses_nothing() {
        let mut framer = Framer::default();
        let mut frames = Vec::new();
        for _ in 0..7 {
            framer.push(&[0.5; 333], |frame| frames.push(frame));
        }
        frames.extend(framer.finish());
        let loud = frames.iter().flat_map(|frame| frame.samples).filter(|sample| *sample != 0).count();
        assert_eq!((frames.len(), loud), (3, 7 * 333));
        assert_eq!(framer.finish(), None);
    }

    #[test]
    fn frames_make_a_clip_of_the_same_samples() {
        let loud = Frame { samples: [i16::MAX; FRAME_SAMPLES] };
        let clip = Clip::from_frames(&[Frame::SILENCE, loud]);
        assert_eq!((clip.rate_hz, clip.duration()), (LINE_HZ, Duration::from_millis(40)));
        assert_eq!((clip.samples[FRAME_SAMPLES - 1], clip.samples[FRAME_SAMPLES]), (0.0, 1.0));
        let mut frames = Vec::new();
        Framer::default().push(&clip.samples, |frame| frames.push(frame));
        assert_eq!(frames, [Frame::SILENCE, loud]);
    }

    #[test]
    fn samples_beyond_full_scale_are_clipped() {
        let mut framer = Framer::default();
        framer.push(&[7.0, -7.0], |_| unreachable!("two samples are no frame"));
        let frame = framer.finish().unwrap();
        assert_eq!(frame.samples[..2], [i16::MAX, -i16::MAX]);
    }
}
