//! Settings: one plain struct a section, loaded once. A file's value is overridden by the environment's, that by a
//! flag's. An unknown key is refused with a suggestion. Every key is documented here and in packaging/env.example.

use std::{net::SocketAddr, path::PathBuf};

use crate::domain::Language;

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
    /// `serve --dev` only: opens the caller-facing endpoints on loopback.
    pub dev: bool,
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
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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
    pub index_url: Option<String>,
    /// `extra_index_urls`: more indexes, asked after the first; `PIP_EXTRA_INDEX_URL` too, separated by blanks. May hold
    /// credentials: never printed.
    pub extra_index_urls: Vec<String>,
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
}
