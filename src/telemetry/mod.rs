//! Logs, metrics and traces. Modules speak through `tracing`, `metrics` and `opentelemetry`; only this one says where it goes: logs
//! to stderr, so that stdout is for results, metrics to whoever asks for them ([`metrics()`]), traces to a collector where one
//! is set ([`Traces`]).

mod metrics;
mod traces;

use std::io::{self, IsTerminal};

use tracing_subscriber::{EnvFilter, fmt};

use crate::config::{Log, LogFormat};
pub use metrics::{CONTENT_TYPE, Metrics, metrics, resident_bytes};
pub use traces::{Traces, TracesError};

/// The log level is no filter that `tracing` understands.
#[derive(Debug, thiserror::Error)]
#[error("log level '{level}': {reason}")]
pub struct BadFilter {
    level: String,
    reason: String,
}

/// Sends what modules say to stderr, from now on, once a process; a second call changes nothing.
///
/// # Errors
/// When the level is no filter.
pub fn install(log: &Log) -> Result<(), BadFilter> {
    // At the usual level the HTTP library tells of its own threads, which helps nobody. What the decoders complain of
    // comes back as an error, and is said as one line.
    let level = if log.level == "info" { "info,actix_server=warn" } else { &log.level };
    let directives = format!("symphonia=off,{level}");
    let filter = EnvFilter::builder()
        .parse(directives)
        .map_err(|error| BadFilter { level: log.level.clone(), reason: error.to_string() })?;
    let logger = fmt().with_env_filter(filter).with_writer(io::stderr).with_ansi(io::stderr().is_terminal());
    // An error means that a logger is there already, in tests that share a process.
    let _ = match log.format {
        LogFormat::Text => logger.try_init(),
        LogFormat::Json => logger.json().flatten_event(true).try_init(),
    };
    Ok(())
}
