//! `[sessions]`: how long members of staff stay logged in.

use std::time::Duration;

use super::{
    ConfigError,
    layers::Settings,
    values::{set, within},
};

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;

/// `[sessions]`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sessions {
    /// `idle_minutes`: after the last request.
    pub idle: Duration,
    /// `max_hours`: after logging in, whatever happens meanwhile.
    pub whole: Duration,
}

impl Sessions {
    pub(super) const fn defaults() -> Self {
        Self { idle: Duration::from_secs(60 * MINUTE), whole: Duration::from_secs(12 * HOUR) }
    }

    pub(super) fn apply(&mut self, written: &Settings) -> Result<(), ConfigError> {
        let minutes = written.read("sessions.idle_minutes", "from 5 to 1440", within(5, 1440))?;
        set(&mut self.idle, minutes.map(|minutes: u64| Duration::from_secs(minutes * MINUTE)));
        let hours = written.read("sessions.max_hours", "from 1 to 720", within(1, 720))?;
        set(&mut self.whole, hours.map(|hours: u64| Duration::from_secs(hours * HOUR)));
        Ok(())
    }
}
