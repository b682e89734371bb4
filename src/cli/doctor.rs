//! `callstead doctor`

use std::{
    fs,
    net::{TcpListener, UdpSocket},
    path::Path,
    thread,
    time::Duration,
};

use anyhow::bail;
use indicatif::HumanBytes;
use serde::Serialize;

use super::{Context, Interrupt, Output, runtime};
use crate::{
    app::{DataDirLock, Holder, Listening, StartError},
    config::{self, Config, ConfigError, TlsMode},
    cpu,
    models::{Kind, Library, ModelError},
    sms::{self, Probe},
};

/// A conversation needs two cores: one hears and thinks, one keeps the sound flowing.
const FEWEST_CORES: usize = 2;
/// The starter set's size in memory, with room for the rest of the process.
const LEAST_MEMORY: u64 = 600 << 20;
/// The starter set's size on disk, with room for logs and records.
const LEAST_DISK: u64 = 500 << 20;

/// A server that takes longer to tell how it does is not well.
const PATIENCE: Duration = Duration::from_secs(3);

#[derive(Debug, clap::Args)]
pub(super) struct Args {}

/// What one check found.
#[derive(Debug, PartialEq, Eq, Serialize)]
struct Finding {
    check: &'static str,
    outcome: Outcome,
    /// What is so.
    found: String,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    advice: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Outcome {
    Ok,
    Warn,
    Fail,
}

impl Finding {
    fn ok(check: &'static str, found: impl Into<String>) -> Self {
        Self { check, outcome: Outcome::Ok, found: found.into(), advice: None }
    }

    fn warn(check: &'static str, found: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { check, outcome: Outcome::Warn, found: found.into(), advice: Some(advice.into()) }
    }

    fn fail(check: &'static str, found: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { check, outcome: Outcome::Fail, found: found.into(), advice: Some(advice.into()) }
    }
}

pub(super) fn run(_args: Args, context: &Context) -> anyhow::Result<()> {
    let config = &context.config;
    let (data_dir, holder) = data_dir(config);
    let another_runs = holder.is_some();
    let listening = holder.and_then(|holder| holder.listening);
    let mut findings = vec![
        processor(),
        cores(),
        memory(),
        Finding::ok("settings", "valid"),
        data_dir,
        disk(&config.paths.data_dir),
        models(config),
        page_port(config, another_runs, listening),
        media_port(config, another_runs),
    ];
    if another_runs {
        findings.push(requests(config, listening, &context.interrupt));
    }
    findings.push(text_messages(config, &context.interrupt));
    findings.push(traces(config));
    report(&findings, &context.output)
}

/// Settings that cannot be used leave nothing else to check.
pub(super) fn report_settings(error: &ConfigError, output: &Output) -> anyhow::Result<()> {
    let advice = "set it right; docs/configuration.md lists every key and what it may be";
    report(&[processor(), cores(), memory(), Finding::fail("settings", error.to_string(), advice)], output)
}

fn report(findings: &[Finding], output: &Output) -> anyhow::Result<()> {
    if output.json {
        output.json(&serde_json::json!({ "checks": findings }))?;
    } else {
        for finding in findings {
            output.line(line(finding))?;
        }
    }
    match findings.iter().filter(|finding| finding.outcome == Outcome::Fail).count() {
        0 => Ok(()),
        1 => bail!("one check failed"),
        failed => bail!("{failed} checks failed"),
    }
}

fn line(finding: &Finding) -> String {
    let word = match finding.outcome {
        Outcome::Ok => "ok",
        Outcome::Warn => "warn",
        Outcome::Fail => "FAIL",
    };
    let advice = finding.advice.as_ref().map(|advice| format!("\n{:22}→ {advice}", "")).unwrap_or_default();
    format!("{word:<5} {:<15} {}{advice}", finding.check, finding.found)
}

fn processor() -> Finding {
    match cpu::missing_features().as_slice() {
        [] => Finding::ok("processor", "has all that the engines are compiled for"),
        missing => Finding::fail(
            "processor",
            format!("lacks {}", missing.join(", ")),
            "use a machine of 2013 or later, or let the virtual machine see the host's processor",
        ),
    }
}

fn cores() -> Finding {
    let cores = thread::available_parallelism().map_or(1, Into::into);
    let found = format!("{cores} for this process");
    if cores < FEWEST_CORES {
        return Finding::warn("cores", found, "answers will be late: give it two cores or more");
    }
    Finding::ok("cores", found)
}

fn memory() -> Finding {
    let Some(available) = available_memory() else {
        return Finding::warn("memory", "cannot tell how much is free", "see that /proc/meminfo can be read");
    };
    let found = format!("{} free", HumanBytes(available));
    if available < LEAST_MEMORY {
        let advice = format!("the starter models want {}: end other programs, or add memory", HumanBytes(LEAST_MEMORY));
        return Finding::warn("memory", found, advice);
    }
    Finding::ok("memory", found)
}

/// `MemAvailable` of `/proc/meminfo` (proc(5)), in bytes.
fn available_memory() -> Option<u64> {
    let text = fs::read_to_string("/proc/meminfo").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes.saturating_mul(1024))
}

/// Also says which other instance runs on the folder: its ports are then taken, as they should be.
fn data_dir(config: &Config) -> (Finding, Option<Holder>) {
    let dir = &config.paths.data_dir;
    match DataDirLock::take(dir) {
        Ok(_lock) => (Finding::ok("data folder", format!("{} can be written", dir.display())), None),
        Err(StartError::DataDirInUse { holder, .. }) => {
            let by = holder.pid.map(|pid| format!(" (process {pid})")).unwrap_or_default();
            let found = format!("{} is in use by a running callstead{by}", dir.display());
            (Finding::ok("data folder", found), Some(holder))
        }
        Err(error) => {
            let advice = "give this user the right to write it, or another folder with --data-dir";
            (Finding::fail("data folder", error.to_string(), advice), None)
        }
    }
}

fn disk(data_dir: &Path) -> Finding {
    let existing = data_dir.ancestors().find(|dir| dir.exists()).unwrap_or(Path::new("/"));
    let Ok(stat) = rustix::fs::statvfs(existing) else {
        return Finding::warn("disk", "cannot tell how much is free", "see that the data folder can be read");
    };
    let free = stat.f_bavail.saturating_mul(stat.f_frsize);
    let found = format!("{} free at {}", HumanBytes(free), existing.display());
    if free < LEAST_DISK {
        let advice = format!("models want {} or more: make room, or give another --data-dir", HumanBytes(LEAST_DISK));
        return Finding::warn("disk", found, advice);
    }
    Finding::ok("disk", found)
}

/// Whether there is a model of each kind that a call needs. A voice is always there: espeak-ng's.
fn models(config: &Config) -> Finding {
    let library = Library::of(config);
    let speech = &config.speech;
    let (mut found, mut lacking) = (Vec::new(), Vec::new());
    for kind in Kind::ALL.into_iter().filter(|kind| *kind != Kind::Tts) {
        let preferred = match kind {
            Kind::Stt => speech.stt_model.as_deref(),
            Kind::Llm => speech.llm_model.as_deref(),
            Kind::Tts | Kind::Vad | Kind::Turn => None,
        };
        match library.find(kind, speech.language, preferred) {
            Ok(model) => found.push(model.id),
            Err(error) => lacking.push((kind, error)),
        }
    }
    let Some((_, error)) = lacking.first() else {
        return Finding::ok("models", found.join(", "));
    };
    let what = match error {
        ModelError::NoneInstalled { .. } => {
            let kinds: Vec<_> = lacking.iter().map(|(kind, _)| kind.name()).collect();
            format!("no model for {}", kinds.join(", "))
        }
        ModelError::Missing { id, .. } => format!("model {id} is missing"),
        ModelError::Damaged { id, why, .. } => format!("model {id} is unusable: {why}"),
        unfit => unfit.to_string(),
    };
    let advice = error.command().map_or_else(
        || "choose another with speech.stt_model or speech.llm_model, or none".to_owned(),
        |command| format!("run: {command}"),
    );
    Finding::warn("models", what, advice)
}

fn page_port(config: &Config, another_runs: bool, listening: Option<Listening>) -> Finding {
    if let Some(Listening { address, .. }) = listening {
        return Finding::ok("pages' port", format!("TCP {address} is where callstead answers"));
    }
    let address = config.server.listen;
    port("pages' port", format!("TCP {address}"), TcpListener::bind(address).err(), another_runs, "--listen ADDR:PORT")
}

fn media_port(config: &Config, another_runs: bool) -> Finding {
    let address = (config.server.listen.ip(), config.server.rtc_port);
    let what = format!("UDP port {}", config.server.rtc_port);
    port("media port", what, UdpSocket::bind(address).err(), another_runs, "--rtc-port PORT")
}

fn port(check: &'static str, what: String, error: Option<std::io::Error>, another_runs: bool, flag: &str) -> Finding {
    match error {
        None => Finding::ok(check, format!("{what} is free")),
        Some(_) if another_runs => Finding::ok(check, format!("{what} is in use, as it is while callstead runs")),
        Some(error) => {
            Finding::fail(check, format!("{what}: {error}"), format!("stop what uses it, or give another: {flag}"))
        }
    }
}

/// How the requests of the last hour went, as the server that runs tells it.
fn requests(config: &Config, listening: Option<Listening>, interrupt: &Interrupt) -> Finding {
    let set = Listening { address: config.server.listen, is_tls: config.tls.mode != TlsMode::Off };
    let asked = status(listening.unwrap_or(set).local_url());
    let shown = match runtime::block_on(interrupt, asked) {
        Ok(status) => status,
        Err(error) => {
            let advice = "see its log; it tells this machine only, over a loopback address (127.0.0.1, ::1)";
            return Finding::warn("requests", format!("the server does not tell: {error:#}"), advice);
        }
    };
    let count = |name: &str| shown["lastHour"][name].as_u64().unwrap_or_default();
    let (all, refused, failed) = (count("requests"), count("clientErrors"), count("serverErrors"));
    let found = format!("{all} in the last hour, {refused} refused (4xx), {failed} failed (5xx)");
    if failed > 0 {
        return Finding::warn("requests", found, "the log says why: look for the errors with a request.id");
    }
    Finding::ok("requests", found)
}

/// Asks `/api/status`, which is open to this machine.
async fn status(server: String) -> anyhow::Result<serde_json::Value> {
    // Fails only when there is one already, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    // Nobody stands between us and this machine, and nothing secret is sent: the certificate is for other names.
    let client =
        reqwest::Client::builder().no_proxy().tls_danger_accept_invalid_certs(true).timeout(PATIENCE).build()?;
    let answer = client.get(format!("{server}/api/status")).send().await?;
    Ok(answer.error_for_status()?.json().await?)
}

/// Whether text messages can leave. None is sent.
fn text_messages(config: &Config, interrupt: &Interrupt) -> Finding {
    const CHECK: &str = "text messages";
    let patience = config.sms.timeout.min(PATIENCE);
    let settings = config::Sms { timeout: patience, ..config.sms.clone() };
    let probed = runtime::block_on(interrupt, async move { sms::probe(&settings).await });
    match probed {
        Ok(Probe::Unset) => Finding::ok(CHECK, "are kept and not sent: sms.transport is outbox"),
        Ok(Probe::Takes) => Finding::ok(CHECK, "the service takes sms.account and sms.secret"),
        Ok(Probe::Answers) => {
            Finding::ok(CHECK, "the service answers; only a message shows whether it takes what is sent")
        }
        Ok(Probe::Refuses(status)) => {
            let advice = "set sms.account and sms.secret as the service has them";
            Finding::fail(CHECK, format!("the service refuses sms.account or sms.secret ({status})"), advice)
        }
        Ok(Probe::Unreachable) => {
            let advice = "see that sms.url is right, and that this machine may reach it; messages wait meanwhile";
            Finding::warn(CHECK, "the service cannot be reached", advice)
        }
        Err(error) => {
            Finding::warn(CHECK, format!("cannot be checked: {error:#}"), "see that certificates are installed")
        }
    }
}

/// Whether something of calls leaves the machine for somebody's monitoring. Nobody is asked.
fn traces(config: &Config) -> Finding {
    const CHECK: &str = "traces";
    match &config.telemetry.otlp_endpoint {
        None => Finding::ok(CHECK, "stay here: telemetry.otlp_endpoint is not set"),
        Some(endpoint) => {
            Finding::ok(CHECK, format!("of calls (times, models, tokens; no words, no names) are sent to {endpoint}"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_taken_port_and_a_locked_folder_are_found() {
        let folder = tempfile::tempdir().unwrap();
        let taken = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut config = Config::defaults(folder.path());
        config.server.listen = taken.local_addr().unwrap();
        assert_eq!(page_port(&config, false, None).outcome, Outcome::Fail);
        assert_eq!(page_port(&config, true, None).outcome, Outcome::Ok);
        assert_eq!(data_dir(&config).1, None);
        let _lock = DataDirLock::take(folder.path()).unwrap();
        let holder = data_dir(&config).1.unwrap();
        assert_eq!(holder, Holder { pid: Some(std::process::id()), listening: None });
    }

    #[test]
    fn the_models_that_are_set_are_the_ones_checked() {
        let folder = tempfile::tempdir().unwrap();
        let mut config = Config::defaults(folder.path());
        let name = "ggml-starter.en-ts-q5_0.bin";
        fs::create_dir(&config.paths.models_dir).unwrap();
        fs::copy(Path::new("models/starter-stt").join(name), config.paths.models_dir.join(name)).unwrap();
        for (stt_model, found) in [(None, true), (Some("starter-stt"), true), (Some("whisper-base.en"), false)] {
            config.speech.stt_model = stt_model.map(str::to_owned);
            let finding = models(&config);
            assert!(finding.found.starts_with("no model for voice activity"), "{finding:?}");
            assert_eq!(!finding.found.contains(Kind::Stt.name()), found, "{finding:?}");
        }
    }

    #[test]
    fn where_traces_go_is_said() {
        let mut config = Config::defaults(Path::new("/data"));
        assert!(traces(&config).found.contains("is not set"));
        config.telemetry.otlp_endpoint = "http://collector.lan:4318".parse().ok();
        assert!(traces(&config).found.ends_with("are sent to http://collector.lan:4318/"));
    }

    #[test]
    fn a_folder_that_cannot_be_made_fails() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let config = Config::defaults(&file.path().join("below"));
        assert_eq!(data_dir(&config).0.outcome, Outcome::Fail);
    }

    #[test]
    fn one_failure_fails_the_whole() {
        let output = Output::new(true);
        let warned = [Finding::warn("x", "y", "z")];
        assert!(report(&warned, &output).is_ok());
        assert!(report(&[Finding::fail("x", "y", "z")], &output).is_err());
    }
}
