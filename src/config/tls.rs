//! `[tls]`: where the certificate of the pages and the API comes from.

use std::path::PathBuf;

use super::{
    ConfigError,
    layers::Settings,
    values::{self, Value, set},
};

const NAMES: &str = "a list of host names and addresses, such as [\"calls.lan\", \"192.168.1.20\"]";

/// `[tls]`
#[derive(Clone, Debug, PartialEq)]
pub struct Tls {
    /// `mode`: `off`, `self-signed` or `files`.
    pub mode: TlsMode,
    /// `names`: the names and addresses that a self-signed certificate is for, beside those of this machine.
    pub names: Vec<String>,
}

/// Where the certificate comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TlsMode {
    /// Plain HTTP, on this machine only.
    Off,
    /// Made here, by a certificate authority of this box.
    SelfSigned,
    /// `cert` and `key`: PEM files.
    Files {
        /// The certificate and those that vouch for it.
        cert: PathBuf,
        /// Its private key.
        key: PathBuf,
    },
}

/// `mode` as it is written.
#[derive(Clone, Copy, PartialEq)]
enum Mode {
    Off,
    SelfSigned,
    Files,
}

impl Tls {
    pub(super) const fn defaults() -> Self {
        Self { mode: TlsMode::Off, names: Vec::new() }
    }

    pub(super) fn apply(&mut self, written: &Settings) -> Result<(), ConfigError> {
        let mode = written.read("tls.mode", "off, self-signed or files", mode)?;
        let cert = written.read("tls.cert", "the path of a PEM file", values::path)?;
        let key = written.read("tls.key", "the path of a PEM file", values::path)?;
        set(&mut self.names, written.read("tls.names", NAMES, |value| value.each(host_name))?);
        self.mode = match (mode.unwrap_or(Mode::Off), cert, key) {
            (Mode::Files, Some(cert), Some(key)) => TlsMode::Files { cert, key },
            (Mode::Files, ..) => return Err(written.incomplete("tls.mode", "is files: set tls.cert and tls.key too")),
            (_, Some(_), _) => return Err(written.incomplete("tls.cert", "needs tls.mode = \"files\"")),
            (_, _, Some(_)) => return Err(written.incomplete("tls.key", "needs tls.mode = \"files\"")),
            (Mode::Off, None, None) => TlsMode::Off,
            (Mode::SelfSigned, None, None) => TlsMode::SelfSigned,
        };
        Ok(())
    }
}

fn mode(value: &Value) -> Option<Mode> {
    match value.text()?.trim() {
        "off" => Some(Mode::Off),
        "self-signed" => Some(Mode::SelfSigned),
        "files" => Some(Mode::Files),
        _ => None,
    }
}

/// A name as DNS has them, or an address.
fn host_name(text: &str) -> Option<String> {
    let is_label = |label: &str| {
        let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '-';
        (1..=63).contains(&label.len()) && label.chars().all(is_plain) && !label.starts_with('-')
    };
    let is_name = text.len() <= 253 && text.split('.').all(is_label);
    (is_name || text.parse::<std::net::IpAddr>().is_ok()).then(|| text.to_ascii_lowercase())
}
