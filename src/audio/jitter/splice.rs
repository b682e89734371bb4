//! Makes quiet audio a little shorter or longer, which is how a delay is changed without anybody hearing it.

use crate::audio::LINE_HZ;

/// Where two pieces meet they are blended over 2.5 ms.
const BLEND: usize = (LINE_HZ / 400) as usize;
/// Always quiet, whatever went before: about -56 dBFS.
const SILENT_RMS: f32 = 50.0;
/// Never quiet: about -30 dBFS.
const LOUD_RMS: f32 = 1_000.0;
/// How much above the noise still counts as noise.
const OVER_NOISE: f32 = 1.6;
/// The noise is the quietest of the last seconds: what is louder moves the measure up slowly (twice as much in 1.4 s).
const NOISE_RISE: f32 = 1.01;

/// Tells speech from the noise between words.
#[derive(Debug)]
pub(super) struct Noise {
    rms: f32,
}

impl Noise {
    pub(super) const fn new() -> Self {
        Self { rms: LOUD_RMS }
    }

    /// Whether nobody speaks in the next piece of a stream, as far as loudness tells.
    pub(super) fn is_quiet(&mut self, samples: &[i16]) -> bool {
        let rms = rms(samples);
        self.rms = rms.min(self.rms * NOISE_RISE).max(1.0);
        rms < SILENT_RMS || (rms < LOUD_RMS && rms < self.rms * OVER_NOISE)
    }
}

/// The root of the mean square; 0 of nothing.
pub(super) fn rms(samples: &[i16]) -> f32 {
    let energy: f64 = samples.iter().map(|sample| f64::from(*sample).powi(2)).sum();
    (energy / samples.len().max(1) as f64).sqrt() as f32
}

/// Takes up to `count` samples out of those from `start` on; returns how many.
pub(super) fn shorten(samples: &mut Vec<i16>, start: usize, count: usize) -> usize {
    let count = count.min((samples.len() - start).saturating_sub(BLEND));
    if count == 0 {
        return 0;
    }
    for n in 0..BLEND {
        samples[start + n] = blend(samples[start + n], samples[start + count + n], n);
    }
    samples.drain(start + BLEND..start + BLEND + count);
    count
}

/// Repeats up to the last `count` samples of those from `start` on; returns how many.
pub(super) fn lengthen(samples: &mut Vec<i16>, start: usize, count: usize) -> usize {
    let count = count.min((samples.len() - start).saturating_sub(BLEND));
    if count == 0 {
        return 0;
    }
    let end = samples.len();
    samples.extend_from_within(end - count..);
    // Backwards: what is blended may itself be what a later sample is blended with.
    for n in (0..BLEND).rev() {
        let at = end - BLEND + n;
        samples[at] = blend(samples[at], samples[at - count], n);
    }
    count
}

/// From `a` to `b`, at sample `n` of the blend.
fn blend(a: i16, b: i16, n: usize) -> i16 {
    let (n, whole) = (n as i32, BLEND as i32);
    ((i32::from(a) * (whole - n) + i32::from(b) * n) / whole) as i16
}

#[cfg(test)]
mod tests {
    use std::f32::consts::TAU;

    use super::*;

    fn tone(count: usize) -> Vec<i16> {
        (0..count).map(|n| (300.0 * (TAU * 100.0 * n as f32 / 48_000.0).sin()) as i16).collect()
    }

    fn steepest(samples: &[i16]) -> u16 {
        samples.windows(2).map(|pair| pair[0].abs_diff(pair[1])).max().unwrap_or(0)
    }

    #[test]
    fn the_length_changes_and_nothing_clicks() {
        for count in [1, 100, 480, 600] {
            let mut samples = tone(960);
            assert_eq!(shorten(&mut samples, 0, count), count);
            assert_eq!(samples.len(), 960 - count);
            assert!(steepest(&samples) < 12, "{count} less: {}", steepest(&samples));

            let mut samples = tone(960);
            assert_eq!(lengthen(&mut samples, 0, count), count);
            assert_eq!(samples.len(), 960 + count);
            assert!(steepest(&samples) < 12, "{count} more: {}", steepest(&samples));
        }
    }

    #[test]
    fn what_is_before_stays_and_what_is_too_short_too() {
        let mut samples = tone(960);
        assert_eq!((shorten(&mut samples, 900, 100), lengthen(&mut samples, 900, 100)), (0, 0));
        assert_eq!(samples, tone(960));
        shorten(&mut samples, 480, 200);
        lengthen(&mut samples, 480, 200);
        assert_eq!(samples[..480], tone(960)[..480]);
    }

    #[test]
    fn noise_is_told_from_speech() {
        let mut noise = Noise::new();
        let level = |level: i16| [level; 960];
        assert!(noise.is_quiet(&level(0)), "silence");
        assert!(!noise.is_quiet(&level(5_000)), "speech");
        for _ in 0..1_000 {
            noise.is_quiet(&level(400));
        }
        assert!(noise.is_quiet(&level(450)), "the same noise for 20 s");
        assert!(!noise.is_quiet(&level(900)), "speech in noise");
        assert!(!noise.is_quiet(&level(8_000)), "however long it goes on");
    }
}
