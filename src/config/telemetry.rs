//! `[telemetry]`: where traces of calls go, if anywhere. The standard's variable is read, too (OpenTelemetry, "Environment Variable
//! Specification").

use url::Url;

use super::{ConfigError, layers::Settings, values::Value};

const ENDPOINT: &str = "an address such as http://127.0.0.1:4318, without user and password";

/// `[telemetry]`
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Telemetry {
    /// `otlp_endpoint`: a collector of traces, which takes OTLP over HTTP; `None`: nothing is made or sent.
    pub otlp_endpoint: Option<Url>,
}

impl Telemetry {
    pub(super) fn apply(&mut self, written: &Settings) -> Result<(), ConfigError> {
        self.otlp_endpoint = written.read("telemetry.otlp_endpoint", ENDPOINT, endpoint)?;
        Ok(())
    }
}

fn endpoint(value: &Value) -> Option<Url> {
    let url: Url = value.text()?.trim().parse().ok()?;
    let is_plain = url.username().is_empty() && url.password().is_none() && url.query().is_none();
    (matches!(url.scheme(), "http" | "https") && url.has_host() && is_plain).then_some(url)
}
