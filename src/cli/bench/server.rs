//! The server that is called: one of our own, started for the measurement in a process and a data folder of its own, or one
//! that runs already.

use std::{
    env, fs,
    io::{BufRead, BufReader},
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail};
use rand::distr::{Alphanumeric, SampleString};
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::{sleep, timeout},
};

use crate::{
    cli::Context,
    config::{Config, Secret},
    rooms::token::{Keys, SHORTEST_SECRET},
};

/// Until the models are loaded.
const LOADING: Duration = Duration::from_secs(180);
/// For one look whether they are.
const ANSWER: Duration = Duration::from_secs(5);
const BETWEEN: Duration = Duration::from_millis(200);

/// Where calls are made to.
pub(super) struct Server {
    /// As LiveKit's clients want it.
    pub(super) url: String,
    /// Signs the callers' tokens.
    pub(super) keys: Keys,
    /// Where its records are, if they are on this machine.
    pub(super) data_dir: PathBuf,
    own: Option<Own>,
}

/// What a server of our own is to be.
pub(super) struct Setup {
    /// `None`: it has no models.
    models_dir: Option<PathBuf>,
    variables: Vec<(&'static str, String)>,
    /// Of its configuration file.
    settings: String,
}

impl Setup {
    /// For so many calls with the agent, led by a script if there is one.
    pub(super) fn calls(calls: usize, script: Option<&str>, context: &Context) -> Self {
        let script = script.map(|script| ("CALLSTEAD_SCRIPT", script.to_owned()));
        let variables = [("CALLSTEAD_MAX_CALLS", calls.to_string())].into_iter().chain(script).collect();
        Self { models_dir: Some(context.config.paths.models_dir.clone()), variables, settings: String::new() }
    }

    /// For rooms without an agent.
    pub(super) fn rooms() -> Self {
        Self { models_dir: None, variables: Vec::new(), settings: "[agent]\nrules = []\n".to_owned() }
    }
}

/// A server of our own; it ends with this value, and its data folder after it.
struct Own {
    child: Child,
    address: SocketAddr,
    _folder: TempDir,
}

impl Server {
    /// One that runs already. Tokens are signed as this machine's settings say.
    ///
    /// # Errors
    /// When there is no key.
    pub(super) fn at(url: &str, config: &Config) -> anyhow::Result<Self> {
        let data_dir = config.paths.data_dir.clone();
        Ok(Self { url: url.to_owned(), keys: Keys::open(&config.livekit, &data_dir)?, data_dir, own: None })
    }

    /// A new one, with the environment of this command.
    ///
    /// # Errors
    /// When it cannot be started.
    pub(super) fn start(setup: &Setup, context: &Context) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir().context("making a data folder for the server")?;
        let secret = Alphanumeric.sample_string(&mut rand::rng(), SHORTEST_SECRET);
        let keys = Keys { api_key: "bench".to_owned(), api_secret: Secret::from(secret) };
        let mut command = Command::new(env::current_exe().context("finding this program")?);
        command.args(["serve", "--dev", "--json", "--listen", "127.0.0.1:0", "--rtc-port", "0", "--data-dir"]);
        command.arg(folder.path()).arg("--models-dir").arg(setup.models_dir.as_deref().unwrap_or(folder.path()));
        command.arg("--log-level").arg(&context.config.log.level);
        command.env("LIVEKIT_API_KEY", &keys.api_key).env("LIVEKIT_API_SECRET", keys.api_secret.reveal());
        command.env_remove("LIVEKIT_URL").env_remove("CALLSTEAD_SCRIPT").envs(setup.variables.iter().cloned());
        if !setup.settings.is_empty() {
            let file = folder.path().join("callstead.toml");
            fs::write(&file, &setup.settings).context("writing the server's settings")?;
            command.arg("--config").arg(file);
        }
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().context("starting the server")?;
        let address = address(&mut child).inspect_err(|_| {
            // It may have ended by itself.
            let _ = child.kill();
            let _ = child.wait();
        })?;
        let data_dir = folder.path().to_owned();
        let own = Some(Own { child, address, _folder: folder });
        Ok(Self { url: format!("ws://{address}"), keys, data_dir, own })
    }

    /// Waits until its models are loaded; at once for one that runs already.
    ///
    /// # Errors
    /// When that takes too long.
    pub(super) async fn ready(&self) -> anyhow::Result<()> {
        let Some(own) = &self.own else { return Ok(()) };
        let began = Instant::now();
        while began.elapsed() < LOADING {
            let status = timeout(ANSWER, health(own.address)).await;
            if matches!(status, Ok(Ok(200))) {
                return Ok(());
            }
            sleep(BETWEEN).await;
        }
        bail!("the server's models are not loaded after {} s: see `callstead doctor`", LOADING.as_secs())
    }

    /// Its process, if it is ours.
    pub(super) fn pid(&self) -> Option<u32> {
        self.own.as_ref().map(|own| own.child.id())
    }

    /// Whether its records can be read from here.
    pub(super) fn has_records(&self, file: &str) -> bool {
        Path::new(&self.data_dir).join(file).is_file()
    }
}

/// What it says of itself when it listens.
fn address(child: &mut Child) -> anyhow::Result<SocketAddr> {
    let mut line = String::new();
    let stdout = child.stdout.take().context("the server has no output")?;
    BufReader::new(stdout).read_line(&mut line).context("reading what the server says")?;
    let started: serde_json::Value = serde_json::from_str(&line).unwrap_or_default();
    let url = started["url"].as_str().unwrap_or_default();
    let address = url.split_once("://").and_then(|(_, address)| address.parse().ok());
    address.context("the server does not start: `callstead serve` says why")
}

/// The status of `/api/health`: 503 while models are loaded. It serves this machine only, in plain HTTP.
async fn health(address: SocketAddr) -> std::io::Result<u16> {
    let mut stream = TcpStream::connect(address).await?;
    let request = format!("GET /api/health HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut head = [0; 12];
    stream.read_exact(&mut head).await?;
    // HTTP/1.1 200
    Ok(std::str::from_utf8(&head[9..]).ok().and_then(|status| status.parse().ok()).unwrap_or(0))
}

impl Drop for Own {
    fn drop(&mut self) {
        let pid = rustix::process::Pid::from_child(&self.child);
        // One that has ended already needs no signal.
        let _ = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
        let _ = self.child.wait();
    }
}
