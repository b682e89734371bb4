//! Metrics, as Prometheus reads them (text format 0.0.4). Each has a name and a sentence here; modules count where things
//! happen. Labels come from closed sets only (routes, statuses, words of ours), so that nobody outside can make them grow.

use std::{fmt, fs, sync::OnceLock};

use metrics::{describe_counter, describe_gauge, describe_histogram};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};

/// The media type of what [`Metrics::render`] gives.
pub const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// What only grows.
const COUNTERS: [(&str, &str); 9] = [
    ("callstead_http_requests_total", "Requests answered, by method, route and status."),
    ("callstead_calls_total", "Calls that ended, by the reason."),
    ("callstead_turns_total", "Turns, by who had them and what became of them."),
    ("callstead_incidents_total", "What conversations had to be saved from, by its kind."),
    ("callstead_rooms_opened_total", "Rooms that were opened."),
    ("callstead_room_events_lost_total", "What happened in rooms and a listener had no place for."),
    ("callstead_webhooks_total", "Webhooks, by what became of them."),
    ("callstead_jobs_total", "Jobs of agents that ended, by how."),
    ("callstead_records_lost_total", "Records of calls that could not be kept."),
];
/// What goes up and down.
const GAUGES: [(&str, &str); 7] = [
    ("callstead_calls", "Calls that are being served."),
    ("callstead_calls_capacity", "Calls that can be served at a time."),
    ("callstead_rooms", "Rooms that are open."),
    ("callstead_participants", "Participants in rooms, agents too."),
    ("callstead_peer_connections", "Peer connections; a participant has one or two."),
    ("callstead_workers", "Outside workers that have registered."),
    ("process_resident_memory_bytes", "Memory of this process in RAM."),
];
const HTTP_SECONDS: &str = "callstead_http_request_duration_seconds";
/// LiveKit's agents call it so, as they do the stages below.
const E2E_LATENCY: &str = "callstead_e2e_latency_seconds";
const ANSWER_BOUNDS: &[f64] = &[0.25, 0.35, 0.5, 0.75, 0.9, 1.25, 1.5, 2.0, 3.0, 5.0, 10.0];
const STAGE_BOUNDS: &[f64] = &[0.01, 0.025, 0.05, 0.1, 0.2, 0.35, 0.5, 1.0, 2.0, 5.0];
/// How long things take, with the buckets' bounds in seconds.
const HISTOGRAMS: [(&str, &str, &[f64]); 5] = [
    (
        HTTP_SECONDS,
        "From a request's head to its answer's, by method and route.",
        &[0.001, 0.0025, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0],
    ),
    (E2E_LATENCY, "From a caller's last sound or typed word to the first sound of the answer.", ANSWER_BOUNDS),
    (
        "callstead_end_of_turn_delay_seconds",
        "From a caller's last sound to the decision that the turn is over.",
        ANSWER_BOUNDS,
    ),
    (
        "callstead_llm_ttft_seconds",
        "From the end of a turn and its transcript to the model's first words.",
        STAGE_BOUNDS,
    ),
    ("callstead_tts_ttfb_seconds", "From an answer's first clause to its first sound.", STAGE_BOUNDS),
];

/// This process's metrics.
pub struct Metrics(PrometheusHandle);

impl Metrics {
    fn install() -> Self {
        let mut builder = PrometheusBuilder::new();
        for (name, _, bounds) in HISTOGRAMS {
            let metric = Matcher::Full(name.to_owned());
            builder = builder.set_buckets_for_metric(metric, bounds).expect("there are bounds");
        }
        let recorder = builder.build_recorder();
        let handle = recorder.handle();
        // Fails when there is another recorder already: nobody else here installs one.
        let _ = metrics::set_global_recorder(recorder);
        COUNTERS.iter().for_each(|(name, what)| describe_counter!(*name, *what));
        GAUGES.iter().for_each(|(name, what)| describe_gauge!(*name, *what));
        HISTOGRAMS.iter().for_each(|(name, what, _)| describe_histogram!(*name, *what));
        Self(handle)
    }

    /// As Prometheus reads them.
    pub fn render(&self) -> String {
        self.0.render()
    }

    /// Brings what was measured into its buckets. Until then each measurement takes memory: to be called every few seconds.
    pub fn upkeep(&self) {
        self.0.run_upkeep();
    }
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Metrics")
    }
}

/// The metrics of this process; counting begins with the first call.
pub fn metrics() -> &'static Metrics {
    static METRICS: OnceLock<Metrics> = OnceLock::new();
    METRICS.get_or_init(Metrics::install)
}

/// Memory of this process in RAM, from proc(5); `None` where the kernel does not tell.
pub fn resident_bytes() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kibibytes: u64 = line.split_whitespace().next()?.parse().ok()?;
    Some(kibibytes.saturating_mul(1024))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_counted_is_shown_with_its_meaning() {
        let metrics = metrics();
        metrics::counter!("callstead_turns_total", "who" => "test").increment(2);
        metrics::histogram!(E2E_LATENCY, "who" => "test").record(0.6);
        metrics.upkeep();
        let shown = metrics.render();
        for line in [
            "# HELP callstead_turns_total Turns, by who had them and what became of them.",
            "# TYPE callstead_turns_total counter",
            r#"callstead_turns_total{who="test"} 2"#,
            r#"callstead_e2e_latency_seconds_bucket{who="test",le="0.5"} 0"#,
            r#"callstead_e2e_latency_seconds_bucket{who="test",le="0.75"} 1"#,
        ] {
            assert!(shown.lines().any(|it| it == line), "{line} is not in\n{shown}");
        }
        assert!(resident_bytes().is_some_and(|bytes| bytes > 1024 * 1024));
    }
}
