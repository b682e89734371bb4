//! The mel filter bank that Whisper and its relatives look through.
//!
//! Slaney's mel scale and normalisation (M. Slaney, "Auditory Toolbox", technical report 1998-010, Interval Research),
//! as `librosa.filters.mel(htk=False, norm="slaney")` defines them: triangles between points evenly spaced in mel, each
//! scaled to the same area.

/// Filters in the bank.
pub(super) const MELS: usize = 80;

/// Below this frequency the scale is linear, above logarithmic.
const BREAK_HZ: f64 = 1000.0;
/// Mels at [`BREAK_HZ`]: one for each 200/3 Hz.
const BREAK_MEL: f64 = 15.0;
/// In the logarithmic part, frequency grows 6.4 times in so many mels.
const MELS_PER_6_4: f64 = 27.0;

/// Triangular filters over the bins of a power spectrum.
#[derive(Debug)]
pub(super) struct MelBank {
    filters: Vec<Filter>,
}

/// The bins where a filter is not zero.
#[derive(Debug)]
struct Filter {
    first_bin: usize,
    weights: Vec<f64>,
}

impl MelBank {
    /// A bank of [`MELS`] filters from 0 Hz to half of `rate_hz`, over `bins` bins from 0 Hz to half of `rate_hz`.
    pub(super) fn new(rate_hz: u32, bins: usize) -> Self {
        let top = f64::from(rate_hz) / 2.0;
        let corner = |n: usize| to_hz(to_mel(top) * n as f64 / (MELS + 1) as f64);
        let bin_hz = top / (bins - 1) as f64;
        let filters = (0..MELS).map(|n| Filter::triangle(corner(n), corner(n + 1), corner(n + 2), bin_hz, bins));
        Self { filters: filters.collect() }
    }

    /// The power that each filter lets through of a power spectrum.
    pub(super) fn apply<'a>(&'a self, power: &'a [f64]) -> impl Iterator<Item = f64> + 'a {
        self.filters.iter().map(|filter| {
            let seen = &power[filter.first_bin..];
            filter.weights.iter().zip(seen).map(|(weight, power)| weight * power).sum()
        })
    }
}

impl Filter {
    /// Rises from `low` to `peak` and falls to `high`, all in Hz; its area is 1 Hz.
    fn triangle(low: f64, peak: f64, high: f64, bin_hz: f64, bins: usize) -> Self {
        let height = 2.0 / (high - low);
        let weight = |bin: usize| {
            let hz = bin as f64 * bin_hz;
            height * ((hz - low) / (peak - low)).min((high - hz) / (high - peak)).max(0.0)
        };
        let first_bin = (low / bin_hz) as usize;
        let last_bin = ((high / bin_hz).ceil() as usize).min(bins - 1);
        Self { first_bin, weights: (first_bin..=last_bin).map(weight).collect() }
    }
}

fn to_mel(hz: f64) -> f64 {
    if hz < BREAK_HZ {
        hz * BREAK_MEL / BREAK_HZ
    } else {
        BREAK_MEL + (hz / BREAK_HZ).ln() * MELS_PER_6_4 / 6.4_f64.ln()
    }
}

fn to_hz(mel: f64) -> f64 {
    if mel < BREAK_MEL {
        mel * BREAK_HZ / BREAK_MEL
    } else {
        BREAK_HZ * ((mel - BREAK_MEL) * 6.4_f64.ln() / MELS_PER_6_4).exp()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scale_goes_both_ways() {
        for hz in [0.0, 250.0, 999.0, 1000.0, 1001.0, 6400.0, 8000.0] {
            assert!((to_hz(to_mel(hz)) - hz).abs() < 1e-9);
        }
        assert!((to_mel(6400.0) - 42.0).abs() < 1e-9);
    }

    #[test]
    fn a_tone_passes_the_filters_around_it_only() {
        let bank = MelBank::new(16_000, 201);
        let mut power = [0.0; 201];
        power[50] = 1.0; // 2000 Hz, 25.1 mel of 45.2 in 81 steps
        let through: Vec<_> = bank.apply(&power).collect();
        let open: Vec<_> = (0..MELS).filter(|n| through[*n] > 0.0).collect();
        assert_eq!(open, [43, 44]);
    }
}
