//! What Smart Turn sees of eight seconds of audio: Whisper's log-mel spectrogram (Radford et al., "Robust Speech
//! Recognition via Large-Scale Weak Supervision", 2022, section 2.2) of the waveform brought to mean 0 and variance 1,
//! as Hugging Face's `WhisperFeatureExtractor` with `do_normalize` computes it. In double precision, as there: the
//! silence before a short turn lies eight orders of magnitude below its speech.

use std::{fmt, sync::Arc};

use realfft::{RealFftPlanner, RealToComplex};

use super::mel::{MELS, MelBank};
use crate::audio::ENGINE_HZ;

/// Columns of the spectrogram.
pub(super) const FRAMES: usize = SAMPLES / HOP;

/// Eight seconds.
const SAMPLES: usize = 8 * ENGINE_HZ as usize;
/// 25 ms.
const FFT: usize = 400;
/// 10 ms.
const HOP: usize = 160;
/// Added to the variance, so that silence can be divided by it.
const VARIANCE_FLOOR: f64 = 1e-7;
/// Power below this counts as this.
const POWER_FLOOR: f64 = 1e-10;
/// What lies further below the loudest (in powers of ten) is cut off.
const RANGE: f64 = 8.0;

/// Tables for the features, made once.
pub(super) struct Features {
    fft: Arc<dyn RealToComplex<f64>>,
    window: Vec<f64>,
    mels: MelBank,
}

impl Features {
    pub(super) fn new() -> Self {
        let turn = std::f64::consts::TAU / FFT as f64;
        Self {
            fft: RealFftPlanner::new().plan_fft_forward(FFT),
            // Periodic Hann: the symmetric one of FFT + 1 points without its last.
            window: (0..FFT).map(|n| 0.5 - 0.5 * (turn * n as f64).cos()).collect(),
            mels: MelBank::new(ENGINE_HZ, FFT / 2 + 1),
        }
    }

    /// The features of the last eight seconds of `samples`; what is missing of them is silence before.
    /// [`MELS`] rows of [`FRAMES`] values.
    pub(super) fn extract(&self, samples: &[f32]) -> Vec<f32> {
        let padded = reflect(&normalise(samples));
        let mut log_mels = vec![0.0; MELS * FRAMES];
        let (mut frame, mut spectrum) = (self.fft.make_input_vec(), self.fft.make_output_vec());
        let mut scratch = self.fft.make_scratch_vec();
        let mut power = vec![0.0; spectrum.len()];
        for column in 0..FRAMES {
            let heard = &padded[column * HOP..][..FFT];
            for ((value, sample), weight) in frame.iter_mut().zip(heard).zip(&self.window) {
                *value = sample * weight;
            }
            self.fft
                .process_with_scratch(&mut frame, &mut spectrum, &mut scratch)
                .expect("the buffers are as long as the plan said");
            for (power, bin) in power.iter_mut().zip(&spectrum) {
                *power = bin.norm_sqr();
            }
            for (row, mel) in self.mels.apply(&power).enumerate() {
                log_mels[row * FRAMES + column] = mel.max(POWER_FLOOR).log10();
            }
        }
        let floor = log_mels.iter().copied().fold(f64::NEG_INFINITY, f64::max) - RANGE;
        log_mels.into_iter().map(|value| ((value.max(floor) + 4.0) / 4.0) as f32).collect()
    }
}

impl fmt::Debug for Features {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Features").finish_non_exhaustive()
    }
}

/// Eight seconds with mean 0 and variance 1. The silence before a shorter turn is part of what is measured.
fn normalise(samples: &[f32]) -> Vec<f64> {
    let kept = &samples[samples.len().saturating_sub(SAMPLES)..];
    let mut window = vec![0.0; SAMPLES - kept.len()];
    window.extend(kept.iter().map(|sample| f64::from(*sample)));
    let mean = window.iter().sum::<f64>() / SAMPLES as f64;
    let variance = window.iter().map(|sample| (sample - mean).powi(2)).sum::<f64>() / SAMPLES as f64;
    let scale = (variance + VARIANCE_FLOOR).sqrt();
    window.iter_mut().for_each(|sample| *sample = (*sample - mean) / scale);
    window
}

/// Half a frame more at both ends, mirrored without repeating the outermost sample, so that frames are centred.
fn reflect(samples: &[f64]) -> Vec<f64> {
    let half = FFT / 2;
    let before = samples[1..=half].iter().rev();
    let after = samples[samples.len() - half - 1..samples.len() - 1].iter().rev();
    before.chain(samples).chain(after).copied().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::speech::local::golden;

    #[test]
    fn features_equal_the_reference_extractors() {
        let golden = golden::load();
        let features = Features::new();
        for turn in &golden.turns {
            let ours = features.extract(&turn.samples());
            let name = format!("{:?} to {}", turn.clips, turn.keep);
            let mean = ours.iter().map(|value| f64::from(*value)).sum::<f64>() / ours.len() as f64;
            assert!((mean - turn.mean).abs() < 1e-4, "{name}: mean {mean}, reference {}", turn.mean);
            for (mel, row) in golden.mels.iter().zip(&turn.features) {
                for (frame, reference) in golden.frames.iter().zip(row) {
                    let got = ours[mel * FRAMES + frame];
                    assert!((got - reference).abs() < 1e-3, "{name}, mel {mel}, frame {frame}: {got}, not {reference}");
                }
            }
        }
    }
}
