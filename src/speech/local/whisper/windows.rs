//! Cuts speech into windows that the encoder can take whole.

use std::{ops::Range, time::Duration};

use crate::audio::ENGINE_HZ;

/// Encoder positions a second: 1,500 for whisper's 30 s.
const POSITIONS_PER_SECOND: usize = 50;
/// With flash attention, whisper.cpp 1.8.3 attends over `GGML_PAD(audio_ctx, 256)` rows without a mask: with any other
/// context the rest of those rows still holds an earlier clip, another caller's words among them.
const CONTEXT_STEP: usize = 256;
/// The largest such context within whisper's 1,500 positions: 25.6 s.
const LONGEST_CONTEXT: usize = 1280;
/// Positions beyond the end of the speech: cut to the sample, the decoder starts to repeat itself.
const CONTEXT_MARGIN: usize = 10;
/// Longer windows would not fit into [`LONGEST_CONTEXT`].
const LONGEST_WINDOW: usize = (LONGEST_CONTEXT - CONTEXT_MARGIN) * SAMPLES_PER_POSITION;
/// Where a cut is looked for: the last third of a window.
const EARLIEST_CUT: usize = LONGEST_WINDOW * 2 / 3;
/// 40 ms: loudness is compared over pieces of this many samples.
const PIECE: usize = ENGINE_HZ as usize / 25;
const SAMPLES_PER_POSITION: usize = ENGINE_HZ as usize / POSITIONS_PER_SECOND;

/// Windows over `samples` (16 kHz), in order and without gaps; each ends at the quietest place near its limit.
pub(super) fn cut(samples: &[f32]) -> impl Iterator<Item = Range<usize>> {
    let mut start = 0;
    std::iter::from_fn(move || {
        if start >= samples.len() {
            return None;
        }
        let rest = samples.len() - start;
        let end = if rest <= LONGEST_WINDOW { samples.len() } else { start + quietest(&samples[start..]) };
        let window = start..end;
        start = end;
        Some(window)
    })
}

/// The encoder context for `samples` samples: as many positions as needed and some margin, a multiple of 256.
pub(super) fn context_for(samples: usize) -> usize {
    let needed = samples.div_ceil(SAMPLES_PER_POSITION) + CONTEXT_MARGIN;
    needed.next_multiple_of(CONTEXT_STEP).min(LONGEST_CONTEXT)
}

/// The context of the one retry: as long as may be.
pub(super) const fn longest_context() -> usize {
    LONGEST_CONTEXT
}

/// How long `samples` samples play.
pub(super) fn time_of(samples: usize) -> Duration {
    Duration::from_secs_f64(samples as f64 / f64::from(ENGINE_HZ))
}

/// The middle of the quietest 40 ms in the last third of the longest window.
fn quietest(samples: &[f32]) -> usize {
    let energy = |piece: &[f32]| piece.iter().map(|sample| sample * sample).sum::<f32>();
    samples[EARLIEST_CUT..LONGEST_WINDOW]
        .chunks_exact(PIECE)
        .enumerate()
        .min_by(|(_, a), (_, b)| energy(a).total_cmp(&energy(b)))
        .map_or(LONGEST_WINDOW, |(index, _)| EARLIEST_CUT + index * PIECE + PIECE / 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_context_is_a_multiple_of_256_and_covers_the_speech() {
        for (millis, context) in [(100, 256), (4_900, 256), (5_000, 512), (10_000, 512), (25_400, 1280)] {
            assert_eq!(context_for(millis * 16), context, "{millis} ms");
        }
        for samples in (1..LONGEST_WINDOW).step_by(997) {
            let context = context_for(samples);
            assert!(context.is_multiple_of(256) && context * SAMPLES_PER_POSITION >= samples);
        }
    }

    #[test]
    fn long_speech_is_cut_where_it_is_quiet() {
        let mut samples = vec![0.5_f32; 60 * 16_000];
        let (quiet_from, quiet_to) = (20 * 16_000, 20 * 16_000 + 2 * PIECE);
        samples[quiet_from..quiet_to].fill(0.0);
        let windows: Vec<_> = cut(&samples).collect();
        assert!((quiet_from..quiet_to).contains(&windows[0].end), "{windows:?}");
        assert!(windows.iter().all(|window| window.len() <= LONGEST_WINDOW));
        assert_eq!(windows.iter().map(Range::len).sum::<usize>(), samples.len());
        assert!(windows.windows(2).all(|pair| pair[0].end == pair[1].start));
    }

    #[test]
    fn nothing_gives_no_window() {
        assert_eq!(cut(&[]).count(), 0);
        assert!(cut(&[0.0]).eq(std::iter::once(0..1)));
    }
}
