//! `[log]`

use super::{
    ConfigError,
    layers::Settings,
    values::{Value, set},
};

pub(super) const LEVEL: &str = "off, error, warn, info, debug, trace, or a filter such as callstead=debug,warn";

/// `[log]`
#[derive(Clone, Debug, PartialEq)]
pub struct Log {
    /// `level`: a tracing filter such as `info` or `callstead=debug`.
    pub level: String,
    /// `format`: `text` or `json`.
    pub format: LogFormat,
}

/// How a log line looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

impl Log {
    pub(super) fn defaults() -> Self {
        Self { level: "info".to_owned(), format: LogFormat::Text }
    }

    pub(super) fn apply(&mut self, written: &Settings) -> Result<(), ConfigError> {
        set(&mut self.level, written.read("log.level", LEVEL, |value| parse_log_level(value.text()?))?);
        set(&mut self.format, written.read("log.format", "text or json", log_format)?);
        Ok(())
    }
}

/// A log level or filter. A lone word must be a level: as a filter it would name a module that does not exist, and a
/// slip such as `inof` would silence everything.
pub fn parse_log_level(text: &str) -> Option<String> {
    const LEVELS: [&str; 6] = ["off", "error", "warn", "info", "debug", "trace"];
    let is_level = |word: &str| LEVELS.contains(&word.to_ascii_lowercase().as_str());
    let is_directive = |part: &str| match part.rsplit_once('=') {
        Some((target, level)) => !target.is_empty() && is_level(level),
        None => is_level(part),
    };
    let text = text.trim();
    text.split(',').map(str::trim).all(is_directive).then(|| text.to_owned())
}

fn log_format(value: &Value) -> Option<LogFormat> {
    clap::ValueEnum::from_str(value.text()?, true).ok()
}
