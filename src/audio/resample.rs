//! Changes the rate of mono audio, by rubato's synchronous FFT resampler: for rates in a fixed ratio it costs least.

use rubato::{Fft, FixedSync, Resampler as _, audioadapter_buffers::direct::SequentialSlice};

use super::Clip;

/// Audio is converted in blocks of at least this length. Shorter ones would make the low-pass filter, which is as long
/// as a block, take more from the highest frequencies.
const BLOCK_MS: u32 = 10;

/// Changes the rate of a stream. What comes out is aligned with what went in (the filter's delay is taken out), and
/// exactly `round(n * to / from)` samples long for `n` samples in.
///
/// Latency: at most one and a half blocks. A block is 10 ms, rounded up to an even multiple of what the two rates need
/// to meet (their ratio in lowest terms): so 15 ms between 8, 16, 24, 32 and 48 kHz, 20 ms from 22.05 to 48 kHz, 30 ms
/// from 44.1 kHz and 60 ms from 22.05 kHz to 16 kHz. Rates without a common measure, such as 44,101 Hz, take seconds.
#[derive(Debug)]
pub struct Resampler {
    /// `None` when the rates are the same.
    converter: Option<Converter>,
}

#[derive(Debug)]
struct Converter {
    fft: Fft<f32>,
    from_hz: u32,
    to_hz: u32,
    /// What has come in and fills no block yet.
    pending: Vec<f32>,
    converted: Vec<f32>,
    /// Samples of filter delay still to be left out.
    skip: usize,
    taken: u64,
    given: u64,
}

impl Resampler {
    /// A resampler from one rate to another, in Hz.
    ///
    /// # Panics
    /// When a rate is zero.
    pub fn new(from_hz: u32, to_hz: u32) -> Self {
        Self { converter: (from_hz != to_hz).then(|| Converter::new(from_hz, to_hz)) }
    }

    /// Takes samples, and appends to `output` those that are ready. Allocates nothing but what `output` needs.
    pub fn push(&mut self, samples: &[f32], output: &mut Vec<f32>) {
        match &mut self.converter {
            Some(converter) => converter.push(samples, output),
            None => output.extend_from_slice(samples),
        }
    }

    /// Appends the rest of the stream to `output`. The next [`push`](Self::push) begins a new stream.
    pub fn finish(&mut self, output: &mut Vec<f32>) {
        if let Some(converter) = &mut self.converter {
            converter.finish(output);
        }
    }
}

impl Converter {
    fn new(from_hz: u32, to_hz: u32) -> Self {
        let least = from_hz / greatest_common_divisor(from_hz, to_hz);
        // The delay is half a block: of an odd one, it would be no whole number of samples.
        let step = if least.is_multiple_of(2) { least } else { 2 * least };
        let block = (from_hz * BLOCK_MS / 1000).div_ceil(step).max(1) as usize * step as usize;
        let fft = Fft::new(from_hz as usize, to_hz as usize, block, 1, FixedSync::Both)
            .expect("neither the rates nor the block is zero");
        Self {
            pending: Vec::with_capacity(fft.input_frames_next()),
            converted: vec![0.0; fft.output_frames_next()],
            skip: fft.output_delay(),
            fft,
            from_hz,
            to_hz,
            taken: 0,
            given: 0,
        }
    }

    fn push(&mut self, mut samples: &[f32], output: &mut Vec<f32>) {
        self.taken += samples.len() as u64;
        while !samples.is_empty() {
            let (now, later) = samples.split_at(samples.len().min(self.fft.input_frames_next() - self.pending.len()));
            self.pending.extend_from_slice(now);
            samples = later;
            if self.pending.len() == self.fft.input_frames_next() {
                self.convert(output);
            }
        }
    }

    fn finish(&mut self, output: &mut Vec<f32>) {
        let (from, to) = (u64::from(self.from_hz), u64::from(self.to_hz));
        let total = (self.taken * to + from / 2) / from;
        while self.given < total {
            self.pending.resize(self.fft.input_frames_next(), 0.0);
            self.convert(output);
        }
        output.truncate(output.len() - (self.given - total) as usize);
        self.fft.reset();
        self.pending.clear();
        self.skip = self.fft.output_delay();
        (self.taken, self.given) = (0, 0);
    }

    /// Converts the one block that is pending.
    fn convert(&mut self, output: &mut Vec<f32>) {
        const FITS: &str = "the buffers are as long as the resampler said";
        let block_out = self.converted.len();
        let input = SequentialSlice::new(&self.pending, 1, self.pending.len()).expect(FITS);
        let mut converted = SequentialSlice::new_mut(&mut self.converted, 1, block_out).expect(FITS);
        self.fft.process_into_buffer(&input, &mut converted, None).expect(FITS);
        self.pending.clear();
        let skipped = self.skip.min(block_out);
        self.skip -= skipped;
        self.given += (block_out - skipped) as u64;
        output.extend_from_slice(&self.converted[skipped..]);
    }
}

fn greatest_common_divisor(a: u32, b: u32) -> u32 {
    if b == 0 { a } else { greatest_common_divisor(b, a % b) }
}

/// `clip` at another rate, in Hz.
///
/// # Panics
/// When a rate is zero.
pub fn resample(clip: &Clip, rate_hz: u32) -> Clip {
    let mut resampler = Resampler::new(clip.rate_hz, rate_hz);
    let mut samples = Vec::new();
    resampler.push(&clip.samples, &mut samples);
    resampler.finish(&mut samples);
    Clip { rate_hz, samples }
}

#[cfg(test)]
mod tests {
    use std::f64::consts::TAU;

    use super::*;

    /// The pairs in use: files, voices and lines to engines and lines.
    const RATES: [(u32, u32); 10] = [
        (8_000, 16_000),
        (11_025, 16_000),
        (22_050, 16_000),
        (44_100, 16_000),
        (48_000, 16_000),
        (96_000, 16_000),
        (16_000, 48_000),
        (22_050, 48_000),
        (24_000, 48_000),
        (44_100, 48_000),
    ];

    fn tone(frequency: f64, rate_hz: u32, count: usize) -> Vec<f32> {
        (0..count).map(|n| 0.5 * (TAU * frequency * n as f64 / f64::from(rate_hz)).sin() as f32).collect()
    }

    fn loudest(samples: &[f32]) -> f32 {
        samples.iter().fold(0.0, |loudest, sample| sample.abs().max(loudest))
    }

    #[test]
    fn a_tone_keeps_its_level_frequency_and_place() {
        for (from, to) in RATES {
            let clip = Clip { rate_hz: from, samples: tone(1000.0, from, from as usize) };
            let out = resample(&clip, to);
            let expected = tone(1000.0, to, to as usize);
            // At the ends the tone begins and stops suddenly, which no band-limited signal does.
            let middle = to as usize / 10..to as usize * 9 / 10;
            let worst = middle.map(|n| (out.samples[n] - expected[n]).abs()).fold(0.0, f32::max);
            assert!(worst < 0.001, "{from} -> {to}: off by {worst}");
        }
    }

    #[test]
    fn what_the_lower_rate_cannot_carry_is_removed() {
        for from in [22_050, 44_100, 48_000, 96_000] {
            let clip = Clip { rate_hz: from, samples: tone(10_000.0, from, from as usize) };
            let out = resample(&clip, 16_000).samples;
            let alias = loudest(&out[1600..14_400]);
            assert!(alias < 0.0005, "{from}: {alias} of 0.5 is more than -60 dB");
        }
    }

    #[test]
    fn what_both_rates_carry_is_kept() {
        for (from, to) in RATES.into_iter().filter(|(from, _)| *from >= 16_000) {
            let out = resample(&Clip { rate_hz: from, samples: tone(6_500.0, from, from as usize) }, to).samples;
            let level = loudest(&out[to as usize / 10..to as usize * 9 / 10]);
            assert!((0.47..0.53).contains(&level), "{from} -> {to}: {level}");
        }
    }

    #[test]
    fn the_length_is_exact() {
        for (from, to) in RATES.into_iter().chain([(16_000, 16_000), (44_101, 16_000)]) {
            for count in [0, 1, 2, 159, 160, 4_801, 30_011] {
                let out = resample(&Clip { rate_hz: from, samples: vec![0.1; count] }, to);
                let expected = (count as f64 * f64::from(to) / f64::from(from)).round() as usize;
                assert_eq!(out.samples.len(), expected, "{count} samples, {from} -> {to}");
            }
        }
    }

    #[test]
    fn pieces_of_any_size_give_the_same_as_all_at_once_and_streams_do_not_mix() {
        for (from, to) in RATES.into_iter().chain([(16_000, 16_000)]) {
            let samples = tone(700.0, from, 20_011);
            let whole = resample(&Clip { rate_hz: from, samples: samples.clone() }, to).samples;
            let mut resampler = Resampler::new(from, to);
            for size in [1, 7, 441, 960, 5_003] {
                let mut out = Vec::new();
                samples.chunks(size).for_each(|piece| resampler.push(piece, &mut out));
                resampler.finish(&mut out);
                assert_eq!(out, whole, "{from} -> {to} in pieces of {size}");
            }
        }
    }
}
