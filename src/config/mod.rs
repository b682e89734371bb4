//! Settings: one plain struct a section, loaded once. A file's value is overridden by the environment's, that by a
//! flag's. An unknown key is refused with a suggestion. Every key is documented here, in docs/configuration.md and in
//! packaging/env.example.

mod agent;
mod command;
mod environment;
mod error;
mod keys;
mod layers;
mod livekit;
mod log;
mod models;
mod rtc;
mod secret;
mod server;
mod sessions;
mod sms;
mod speech;
mod telemetry;
#[cfg(test)]
mod tests;
mod tls;
mod values;
mod webhooks;

use std::{
    fs,
    io::{self, Write},
    net::SocketAddr,
    os::unix::fs::{DirBuilderExt, PermissionsExt},
    path::{self, Path, PathBuf},
};

pub use agent::{Agent, Open, Profile, Rule, ScriptSource};
pub use environment::Environment;
pub use error::{ConfigError, Origin};
pub use keys::{CONFIG_VARIABLE, JSON_VARIABLE, LATER_VARIABLES, keys, variables};
use layers::Settings;
pub use livekit::Livekit;
pub use log::{Log, LogFormat, parse_log_level};
pub use models::Models;
pub use rtc::Rtc;
pub use secret::Secret;
pub use server::{Server, parse_address};
pub use sessions::Sessions;
pub use sms::{Sms, SmsTransport};
pub use speech::Speech;
pub use telemetry::Telemetry;
pub use tls::{Tls, TlsMode};
use values::set;
pub use webhooks::Webhooks;

const FOLDER: &str = "the path of a folder";

/// Everything that can be set.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// Where things are kept.
    pub paths: Paths,
    /// The HTTP server and the media port.
    pub server: Server,
    /// What is logged, and how.
    pub log: Log,
    /// Where models come from.
    pub models: Models,
    /// The engines.
    pub speech: Speech,
    /// What the agent is told.
    pub agent: Agent,
    /// Media: addresses and ICE.
    pub rtc: Rtc,
    /// HTTPS.
    pub tls: Tls,
    /// How long members of staff stay logged in.
    pub sessions: Sessions,
    /// LiveKit's key pair, and an outside server.
    pub livekit: Livekit,
    /// How text messages leave, if they do.
    pub sms: Sms,
    /// Who is told what happens in rooms.
    pub webhooks: Webhooks,
    /// Where traces of calls go.
    pub telemetry: Telemetry,
}

/// `[paths]`
#[derive(Clone, Debug, PartialEq)]
pub struct Paths {
    /// `data_dir`: everything that is kept.
    pub data_dir: PathBuf,
    /// `models_dir`: model files; `models` inside the data folder unless set.
    pub models_dir: PathBuf,
}

/// What flags say: over everything that is written elsewhere.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Overrides {
    /// `--config`: read this file instead of `config.toml` in the data folder; it must then be there.
    pub config_file: Option<PathBuf>,
    /// `--data-dir`
    pub data_dir: Option<PathBuf>,
    /// `--models-dir`
    pub models_dir: Option<PathBuf>,
    /// No flag: for a command whose result is all that is wanted of it. Only warnings are logged unless a level is set.
    pub quiet: bool,
    /// `--log-level`
    pub log_level: Option<String>,
    /// `--log-format`
    pub log_format: Option<LogFormat>,
    /// `serve --listen`
    pub listen: Option<SocketAddr>,
    /// `serve --rtc-port`
    pub rtc_port: Option<u16>,
    /// `serve --dev`
    pub dev: bool,
}

impl Config {
    /// The settings in force.
    ///
    /// # Errors
    /// When a file cannot be read, names an unknown key, or a value anywhere is not allowed.
    pub fn load(overrides: &Overrides, environment: &Environment) -> Result<Self, ConfigError> {
        let mut settings = Settings::default();
        if let Some(file) = config_file(overrides, environment) {
            settings.add_file(&file)?;
        }
        settings.add_environment(environment)?;
        let written_dir = settings.read("paths.data_dir", FOLDER, values::path)?;
        let data_dir = match overrides.data_dir.clone().or(written_dir) {
            Some(dir) => dir,
            None => usual_data_dir(environment).ok_or(ConfigError::NoHome)?,
        };
        let mut config = Self::defaults(&data_dir);
        if overrides.quiet {
            config.log.level = "warn".to_owned();
        }
        config.apply(&settings)?;
        config.override_with(overrides);
        Ok(config)
    }

    /// The settings of a box whose owner has set nothing but the data folder.
    pub fn defaults(data_dir: &Path) -> Self {
        let data_dir = path::absolute(data_dir).unwrap_or_else(|_| data_dir.to_owned());
        Self {
            paths: Paths { models_dir: data_dir.join("models"), data_dir },
            server: Server::defaults(),
            log: Log::defaults(),
            models: Models::defaults(),
            speech: Speech::defaults(),
            agent: Agent::defaults(),
            rtc: Rtc::default(),
            tls: Tls::defaults(),
            sessions: Sessions::defaults(),
            livekit: Livekit::defaults(),
            sms: Sms::defaults(),
            webhooks: Webhooks::default(),
            telemetry: Telemetry::default(),
        }
    }

    fn apply(&mut self, written: &Settings) -> Result<(), ConfigError> {
        set(&mut self.paths.models_dir, written.read("paths.models_dir", FOLDER, values::path)?);
        self.server.apply(written)?;
        self.log.apply(written)?;
        self.models.apply(written)?;
        self.speech.apply(written)?;
        self.agent.apply(written, &self.speech)?;
        self.rtc.apply(written)?;
        self.tls.apply(written)?;
        self.sessions.apply(written)?;
        self.livekit.apply(written)?;
        self.sms.apply(written)?;
        self.webhooks.apply(written)?;
        self.telemetry.apply(written)
    }

    fn override_with(&mut self, overrides: &Overrides) {
        set(&mut self.paths.models_dir, overrides.models_dir.clone());
        set(&mut self.server.listen, overrides.listen);
        set(&mut self.server.rtc_port, overrides.rtc_port);
        self.server.dev |= overrides.dev;
        if self.server.dev {
            // For this machine only, where a browser asks for no certificate.
            self.tls.mode = TlsMode::Off;
        }
        set(&mut self.log.level, overrides.log_level.clone());
        set(&mut self.log.format, overrides.log_format);
    }
}

/// Makes the data folder, and those above it, for their owner only (mode 0700), if it is not there.
///
/// # Errors
/// When it cannot be made, or something else stands in its place.
pub fn make_data_dir(dir: &Path) -> io::Result<()> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(dir)
}

/// Writes a file for its owner only (mode 0600), whole or not at all: beside its place first, then moved.
///
/// # Errors
/// When it cannot be written there.
pub fn write_private(path: &Path, content: &[u8]) -> io::Result<()> {
    let dir = path.parent().unwrap_or(Path::new("."));
    let mut file = tempfile::Builder::new().permissions(fs::Permissions::from_mode(0o600)).tempfile_in(dir)?;
    file.write_all(content)?;
    file.as_file().sync_all()?;
    file.persist(path)?;
    Ok(())
}

fn config_file(overrides: &Overrides, environment: &Environment) -> Option<PathBuf> {
    let named = || overrides.config_file.clone().or_else(|| environment.get(CONFIG_VARIABLE).map(PathBuf::from));
    let in_data_dir = || {
        let set = || environment.get("CALLSTEAD_DATA_DIR").map(PathBuf::from);
        let data_dir = overrides.data_dir.clone().or_else(set).or_else(|| usual_data_dir(environment))?;
        Some(data_dir.join("config.toml")).filter(|file| file.is_file())
    };
    named().or_else(in_data_dir)
}

/// `$XDG_DATA_HOME/callstead`, by default `~/.local/share/callstead` (XDG Base Directory Specification 0.8).
fn usual_data_dir(environment: &Environment) -> Option<PathBuf> {
    let folder = |name| environment.get(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let base = folder("XDG_DATA_HOME").or_else(|| Some(folder("HOME")?.join(".local/share")))?;
    Some(base.join("callstead"))
}
