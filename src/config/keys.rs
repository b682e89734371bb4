//! The names of things: every key of the file, every variable of the environment.

use super::agent::greeting_language;

/// A key and the variables that set it. docs/configuration.md and packaging/env.example describe each.
#[derive(Debug)]
pub(super) struct Key {
    /// Section and key: `server.listen`.
    pub(super) name: &'static str,
    /// Ours first; the others are names that other programs use for the same thing, asked when ours is not set.
    pub(super) variables: &'static [&'static str],
    /// Whether the value may hold a password, and so is never shown.
    pub(super) secret: bool,
}

impl Key {
    const fn new(name: &'static str, variables: &'static [&'static str]) -> Self {
        Self { name, variables, secret: false }
    }

    const fn secret(name: &'static str, variables: &'static [&'static str]) -> Self {
        Self { name, variables, secret: true }
    }
}

/// All keys.
pub(super) const KEYS: [Key; 50] = [
    Key::new("paths.data_dir", &["CALLSTEAD_DATA_DIR"]),
    Key::new("paths.models_dir", &["CALLSTEAD_MODELS_DIR"]),
    Key::new("server.listen", &["CALLSTEAD_LISTEN"]),
    Key::new("server.rtc_port", &["CALLSTEAD_RTC_PORT"]),
    Key::new("server.dev", &["CALLSTEAD_DEV"]),
    Key::new("server.public_calls", &["CALLSTEAD_PUBLIC_CALLS"]),
    Key::new("server.public_url", &["CALLSTEAD_PUBLIC_URL"]),
    Key::new("server.trusted_proxies", &["CALLSTEAD_TRUSTED_PROXIES"]),
    Key::new("server.cors_origins", &["CALLSTEAD_CORS_ORIGINS"]),
    Key::new("server.requests_per_second", &["CALLSTEAD_REQUESTS_PER_SECOND"]),
    Key::new("rtc.addresses", &["CALLSTEAD_RTC_ADDRESSES"]),
    Key::new("rtc.ice_servers", &["CALLSTEAD_ICE_SERVERS"]),
    Key::secret("rtc.turn_secret", &["CALLSTEAD_TURN_SECRET"]),
    Key::new("rtc.remote_unmute", &["CALLSTEAD_REMOTE_UNMUTE"]),
    Key::new("tls.mode", &["CALLSTEAD_TLS_MODE"]),
    Key::new("tls.cert", &["CALLSTEAD_TLS_CERT"]),
    Key::new("tls.key", &["CALLSTEAD_TLS_KEY"]),
    Key::new("tls.names", &["CALLSTEAD_TLS_NAMES"]),
    Key::new("sessions.idle_minutes", &["CALLSTEAD_SESSION_IDLE_MINUTES"]),
    Key::new("sessions.max_hours", &["CALLSTEAD_SESSION_MAX_HOURS"]),
    Key::new("livekit.url", &["LIVEKIT_URL"]),
    Key::new("livekit.api_key", &["LIVEKIT_API_KEY"]),
    Key::secret("livekit.api_secret", &["LIVEKIT_API_SECRET"]),
    Key::new("livekit.agent_name", &["LIVEKIT_AGENT_NAME"]),
    Key::new("sms.transport", &["CALLSTEAD_SMS_TRANSPORT"]),
    Key::new("sms.url", &["CALLSTEAD_SMS_URL"]),
    Key::new("sms.account", &["CALLSTEAD_SMS_ACCOUNT"]),
    Key::secret("sms.secret", &["CALLSTEAD_SMS_SECRET"]),
    Key::new("sms.from", &["CALLSTEAD_SMS_FROM"]),
    Key::new("sms.timeout_seconds", &["CALLSTEAD_SMS_TIMEOUT_SECONDS"]),
    Key::secret("webhooks.urls", &["CALLSTEAD_WEBHOOKS_URLS"]),
    Key::new("log.level", &["CALLSTEAD_LOG_LEVEL"]),
    Key::new("log.format", &["CALLSTEAD_LOG_FORMAT"]),
    Key::new("telemetry.otlp_endpoint", &["CALLSTEAD_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT"]),
    Key::new("models.hub_url", &["CALLSTEAD_HUB_URL", "HF_ENDPOINT"]),
    Key::secret("models.index_url", &["CALLSTEAD_INDEX_URL", "PIP_INDEX_URL"]),
    Key::secret("models.extra_index_urls", &["CALLSTEAD_EXTRA_INDEX_URLS", "PIP_EXTRA_INDEX_URL"]),
    Key::new("speech.language", &["CALLSTEAD_LANGUAGE"]),
    Key::new("speech.voice", &["CALLSTEAD_VOICE"]),
    Key::new("speech.speed", &["CALLSTEAD_SPEED"]),
    Key::new("speech.stt_model", &["CALLSTEAD_STT_MODEL"]),
    Key::new("speech.llm_model", &["CALLSTEAD_LLM_MODEL"]),
    Key::new("speech.threads", &["CALLSTEAD_THREADS"]),
    Key::new("speech.context_tokens", &["CALLSTEAD_CONTEXT_TOKENS"]),
    Key::new("agent.prompt", &["CALLSTEAD_PROMPT"]),
    Key::new("agent.script", &["CALLSTEAD_SCRIPT"]),
    Key::new("agent.max_tokens", &["CALLSTEAD_MAX_TOKENS"]),
    Key::new("agent.silence_seconds", &["CALLSTEAD_SILENCE_SECONDS"]),
    Key::new("agent.max_minutes", &["CALLSTEAD_MAX_MINUTES"]),
    Key::new("agent.max_calls", &["CALLSTEAD_MAX_CALLS"]),
];

/// An array of tables in the file (`[[agent.profiles]]`) and the keys of each. The environment cannot set them.
#[derive(Debug)]
pub(super) struct ArrayKey {
    /// Section and name: `agent.profiles`.
    pub(super) name: &'static str,
    /// What may stand in each table.
    pub(super) keys: &'static [&'static str],
    /// What else may: keys that are no fixed list.
    also: fn(&str) -> bool,
}

impl ArrayKey {
    pub(super) fn has(&self, key: &str) -> bool {
        self.keys.contains(&key) || (self.also)(key)
    }
}

/// All arrays of tables.
pub(super) const TABLES: [ArrayKey; 2] = [
    ArrayKey {
        name: "agent.profiles",
        keys: &[
            "name",
            "language",
            "voice",
            "speed",
            "prompt",
            "script",
            "greeting_en",
            "greeting_ar",
            "silence_seconds",
            "max_minutes",
        ],
        also: |key| greeting_language(key).is_some(),
    },
    ArrayKey { name: "agent.rules", keys: &["rooms", "profile"], also: |_| false },
];

/// The variable that names the configuration file.
pub const CONFIG_VARIABLE: &str = "CALLSTEAD_CONFIG";
/// The variable that stands for `--json`.
pub const JSON_VARIABLE: &str = "CALLSTEAD_JSON";

/// Variables of capabilities that are still to come: known, documented, and ignored.
pub const LATER_VARIABLES: [&str; 8] = [
    "LIVEKIT_AGENT_ID",
    "OPENAI_API_KEY",
    "ELEVENLABS_API_KEY",
    "ELEVENLABS_VOICE_ID",
    "TAVUS_API_KEY",
    "TAVUS_PERSONA_ID",
    "TAVUS_REPLICA_ID",
    "AVATAR_PROVIDER",
];

/// Every variable that has a meaning here, now or later.
pub fn variables() -> impl Iterator<Item = &'static str> {
    let ours = KEYS.iter().flat_map(|key| key.variables.iter().copied());
    ours.chain([CONFIG_VARIABLE, JSON_VARIABLE]).chain(LATER_VARIABLES)
}

/// Every key of the file, with its section: `server.listen`; of arrays of tables their names: `agent.profiles`.
pub fn keys() -> impl Iterator<Item = &'static str> {
    KEYS.iter().map(|key| key.name).chain(TABLES.iter().map(|table| table.name))
}

/// The nearest of `known` to what someone typed, if one is near enough to be meant.
pub(super) fn nearest(typed: &str, known: impl Iterator<Item = &'static str>) -> Option<&'static str> {
    const NEAR_ENOUGH: f64 = 0.8;
    known
        .map(|name| (strsim::jaro_winkler(typed, name), name))
        .filter(|(likeness, _)| *likeness >= NEAR_ENOUGH)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_finds_the_key_and_nonsense_none() {
        for (typed, meant) in [
            ("server.lisen", Some("server.listen")),
            ("server.port", Some("server.rtc_port")),
            ("speech.lang", Some("speech.language")),
            ("xyz", None),
        ] {
            assert_eq!(nearest(typed, keys()), meant, "{typed}");
        }
        assert_eq!(nearest("CALLSTEAD_DATADIR", variables()), Some("CALLSTEAD_DATA_DIR"));
    }
}
