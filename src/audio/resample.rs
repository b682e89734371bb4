//! (skeleton)

use super::Clip;

/// Changes the rate of a stream. (skeleton)
#[derive(Debug)]
pub struct Resampler {}

/// `clip` at `rate_hz`. (skeleton)
pub fn resample(clip: &Clip, rate_hz: u32) -> Clip {
    Clip { rate_hz, samples: clip.samples.clone() }
}
