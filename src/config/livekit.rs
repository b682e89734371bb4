//! `[livekit]`: the key pair of tokens, the agent's name, and an outside server. The variables are those that LiveKit's
//! own tools read.

use super::{
    ConfigError, Secret,
    layers::Settings,
    values::{Value, set, words},
};

const DEFAULT_AGENT_NAME: &str = "callstead";
const SERVER: &str = "an address that begins with wss://, ws://, https:// or http://";
const AGENT_NAME: &str = "a name of at most 64 bytes, without control characters";
const LONGEST_AGENT_NAME: usize = 64;

/// `[livekit]`
#[derive(Clone, Debug, PartialEq)]
pub struct Livekit {
    /// `url`: a LiveKit server to use instead of the built-in rooms; not supported yet.
    pub url: Option<String>,
    /// `api_key`: the issuer of tokens; made and kept in the data folder unless set.
    pub api_key: Option<String>,
    /// `api_secret`: signs them; at least 32 bytes.
    pub api_secret: Option<Secret>,
    /// `agent_name`: what people see as the agent's name in rooms; at most 64 bytes.
    pub agent_name: String,
}

impl Livekit {
    pub(super) fn defaults() -> Self {
        Self { url: None, api_key: None, api_secret: None, agent_name: DEFAULT_AGENT_NAME.to_owned() }
    }

    pub(super) fn apply(&mut self, written: &Settings) -> Result<(), ConfigError> {
        self.url = written.read("livekit.url", SERVER, server)?;
        self.api_key = written.read("livekit.api_key", "the name of a key", words)?;
        self.api_secret = written.read("livekit.api_secret", "a secret", words)?.map(Secret::from);
        set(&mut self.agent_name, written.read("livekit.agent_name", AGENT_NAME, agent_name)?);
        Ok(())
    }
}

fn server(value: &Value) -> Option<String> {
    let address: url::Url = value.text()?.trim().parse().ok()?;
    let is_known = matches!(address.scheme(), "wss" | "ws" | "https" | "http") && address.has_host();
    is_known.then(|| address.as_str().trim_end_matches('/').to_owned())
}

fn agent_name(value: &Value) -> Option<String> {
    words(value).filter(|name| name.len() <= LONGEST_AGENT_NAME && !name.chars().any(char::is_control))
}
