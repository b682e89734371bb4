//! How long each stage of an answer took, as histograms under the names of LiveKit's agents.

use crate::store::turns::{Stages, Timings};

/// An answer has begun.
pub(super) fn measure(timings: &Timings) {
    let stages = Stages::from(timings);
    for (metric, ms) in [
        ("callstead_e2e_latency_seconds", timings.first_audio),
        ("callstead_end_of_turn_delay_seconds", stages.end_of_turn),
        ("callstead_llm_ttft_seconds", stages.llm_first_words),
        ("callstead_tts_ttfb_seconds", stages.tts_first_audio),
    ] {
        if let Some(ms) = ms {
            metrics::histogram!(metric).record(f64::from(ms) / 1000.0);
        }
    }
}
