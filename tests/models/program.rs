//! `callstead models …` as a user has it.

use std::{
    fs,
    io::Write,
    os::unix::fs::PermissionsExt,
    path::Path,
    process::{Command, Output, Stdio},
};

use serde_json::Value;

use crate::server::Server;

const PROGRAM: &str = env!("CARGO_BIN_EXE_callstead");
const STARTER: &str = "ggml-starter.en-ts-q5_0.bin";

/// The program, with nothing of this machine's settings.
fn callstead(data_dir: &Path, words: &[&str]) -> Command {
    let mut command = Command::new(PROGRAM);
    prepare(command.args(words), data_dir);
    command
}

fn prepare(command: &mut Command, data_dir: &Path) {
    command.env_clear().env("PATH", "/usr/bin:/bin").env("CALLSTEAD_DATA_DIR", data_dir);
    // Nothing is fetched from outside: whoever needs a server sets one.
    command.env("PIP_INDEX_URL", "http://127.0.0.1:9/simple").env("HF_ENDPOINT", "http://127.0.0.1:9");
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A hint that works on this folder as it stands.
fn hint(data_dir: &Path, words: &str) -> String {
    format!("`{PROGRAM} --data-dir {} {words}`", data_dir.display())
}

/// The error that a command ends with, once it is sure that it is one line.
fn error(output: &Output, code: i32) -> String {
    let stderr = text(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{stderr}");
    let errors: Vec<_> = stderr.lines().filter_map(|line| line.strip_prefix("error: ")).collect();
    assert_eq!(errors.len(), 1, "{stderr}");
    errors[0].to_owned()
}

fn json(output: &Output) -> Value {
    serde_json::from_str(text(&output.stdout).lines().next().unwrap()).unwrap()
}

#[test]
fn models_come_go_and_are_checked() {
    let dir = tempfile::tempdir().unwrap();
    let run = |words: &[&str]| callstead(dir.path(), words).output().unwrap();
    let state = || {
        let list = json(&run(&["models", "list", "--json"]));
        let models = list["models"].as_array().unwrap().clone();
        let model = models.iter().find(|model| model["id"] == "starter-stt").unwrap().clone();
        assert_eq!(model["sets"][0], "starter");
        model["state"].as_str().unwrap().to_owned()
    };
    assert_eq!(state(), "missing");
    assert_eq!(json(&run(&["models", "pull", "starter-stt", "--json"]))["models"][0]["outcome"], "pulled");
    assert_eq!(state(), "installed");
    assert_eq!(json(&run(&["models", "pull", "starter-stt", "--json"]))["models"][0]["outcome"], "present");
    assert!(run(&["models", "verify"]).status.success());
    let removed = json(&run(&["models", "rm", "starter-stt", "--json"]));
    assert_eq!(removed[0]["freed_bytes"], 11_762_326);
    assert_eq!(state(), "missing");
    assert_eq!(
        error(&run(&["models", "rm", "starter-sst"]), 4),
        format!("unknown model 'starter-sst' (did you mean starter-stt?): see {}", hint(dir.path(), "models list"))
    );
    assert_eq!(
        error(&run(&["models", "verify", "starter-stt"]), 4),
        format!("model starter-stt is missing: run {}", hint(dir.path(), "models pull starter-stt"))
    );
}

#[test]
fn a_truncated_or_altered_model_is_found_out_and_mended() {
    let dir = tempfile::tempdir().unwrap();
    let run = |words: &[&str]| callstead(dir.path(), words).output().unwrap();
    assert!(run(&["models", "pull", "starter-stt"]).status.success());
    let path = dir.path().join("models").join(STARTER);
    let whole = fs::read(&path).unwrap();
    let mut altered = whole.clone();
    altered[1_000_000] ^= 1;
    for (content, expect) in [
        (&whole[..1_000_000], format!("{STARTER} has 1000000 bytes and should have 11762326")),
        (&altered, format!("{STARTER} its digest is not the one expected")),
    ] {
        fs::write(&path, content).unwrap();
        assert_eq!(
            error(&run(&["models", "verify"]), 4),
            format!("model starter-stt is unusable: {expect}; run {}", hint(dir.path(), "models pull starter-stt"))
        );
        assert!(run(&["models", "pull", "starter-stt"]).status.success());
        assert!(fs::read(&path).unwrap() == whole);
    }
}

#[test]
fn a_file_of_another_kind_does_not_open() {
    let dir = tempfile::tempdir().unwrap();
    let page = dir.path().join("page.bin");
    fs::write(&page, "<!DOCTYPE html>").unwrap();
    for kind in ["stt", "llm", "tts", "vad", "turn"] {
        let output = callstead(dir.path(), &["models", "probe", kind, page.to_str().unwrap()]).output().unwrap();
        assert!(error(&output, 4).contains(page.to_str().unwrap()), "{kind}");
    }
}

#[test]
fn a_folder_that_only_a_flag_names_is_enough() {
    let dir = tempfile::tempdir().unwrap();
    let data_dir = dir.path().join("box");
    let mut command = Command::new(PROGRAM);
    command.env_clear().arg("--data-dir").arg(&data_dir).args(["models", "pull", "starter-stt"]);
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert_eq!(fs::metadata(&data_dir).unwrap().permissions().mode() & 0o777, 0o700, "its owner's only");
}

#[test]
fn what_cannot_be_fetched_is_said_without_passwords() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start();
    let index = format!("{}/hunter2/simple", server.url.replace("http://", "http://user:hunter2@"));
    let output = callstead(dir.path(), &["models", "pull", "silero-vad", "--json", "--log-level", "trace"])
        .env("PIP_INDEX_URL", index)
        .output()
        .unwrap();
    let why = error(&output, 5);
    assert!(
        why.starts_with("could not get silero-vad: silero_vad.onnx from package pipecat-ai 1.14.0: http://127"),
        "{why}"
    );
    assert!(why.ends_with(&format!("{}: not there (404)", server.url)), "{why}");
    assert_eq!(json(&output)["models"][0]["outcome"], "failed");
    let said = text(&output.stdout) + &text(&output.stderr);
    assert!(!said.contains("hunter2"), "{said}");
    assert_eq!(server.take_requests("/hunter2/simple/pipecat-ai/").len(), 1);
    assert_eq!(fs::read_dir(dir.path().join("models")).unwrap().count(), 1, "only the lock");
}

#[test]
fn downloads_go_through_the_proxy() {
    let dir = tempfile::tempdir().unwrap();
    let proxy = Server::start();
    let output = callstead(dir.path(), &["models", "pull", "whisper-tiny-q5_1"])
        .env("HF_ENDPOINT", "http://hub.invalid")
        .env("HTTP_PROXY", &proxy.url)
        .output()
        .unwrap();
    error(&output, 5);
    let asked = proxy.take_requests("http://hub.invalid/ggerganov/whisper.cpp/resolve/main/ggml-tiny-q5_1.bin");
    assert_eq!(asked.len(), 1);
}

#[test]
fn of_two_pulls_at_once_one_is_told_so_and_ctrl_c_ends_the_other_cleanly() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start();
    let page = "/simple/pipecat-ai/";
    server.put(page, "<html>");
    server.fail(page, [crate::server::Fault::StallAfter(0)]);
    let first = callstead(dir.path(), &["models", "pull", "silero-vad"])
        .env("PIP_INDEX_URL", format!("{}/simple", server.url))
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    server.wait_for_request();
    for words in [["models", "pull", "starter-stt"], ["models", "rm", "starter-stt"]] {
        let second = callstead(dir.path(), &words).output().unwrap();
        assert!(error(&second, 6).starts_with("another pull or removal is under way in "));
    }
    let pid = first.id().to_string();
    assert!(Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
    let output = first.wait_with_output().unwrap();
    assert_eq!(error(&output, 130), "interrupted");
    assert!(text(&output.stderr).contains("stopped: what was fetched so far is kept"));
    server.release();
    assert!(callstead(dir.path(), &["models", "pull", "starter-stt"]).status().unwrap().success(), "the lock is gone");
}

/// Runs as another user; says why when that cannot be.
fn as_nobody(data_dir: &Path, words: &[&str]) -> Option<Output> {
    if !rustix::process::geteuid().is_root() {
        println!("skipped: only root can become another user");
        return None;
    }
    let mut command = Command::new("setpriv");
    command.args(["--reuid=65534", "--clear-groups", PROGRAM]).args(words);
    prepare(&mut command, data_dir);
    Some(command.output().expect("setpriv is there on Debian"))
}

#[test]
fn without_permission_nothing_is_written_and_the_reason_is_said() {
    let dir = tempfile::tempdir().unwrap();
    fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let Some(output) = as_nobody(dir.path(), &["models", "pull", "starter-stt"]) else { return };
    let models = dir.path().join("models");
    assert_eq!(error(&output, 1), format!("cannot write {}: permission denied", models.display()));
    assert!(!models.exists());

    assert!(callstead(dir.path(), &["models", "pull", "starter-stt"]).status().unwrap().success());
    fs::set_permissions(models.join(STARTER), fs::Permissions::from_mode(0o600)).unwrap();
    let output = as_nobody(dir.path(), &["models", "verify"]).unwrap();
    assert!(error(&output, 4).contains("cannot be read: permission denied"));
    let output = as_nobody(dir.path(), &["models", "rm", "starter-stt"]).unwrap();
    assert!(error(&output, 1).ends_with("permission denied"));
    assert!(models.join(STARTER).exists());
}

/// A file system of a few megabytes, gone with the value.
struct SmallDisk(tempfile::TempDir);

impl SmallDisk {
    fn new(megabytes: u32) -> Option<Self> {
        let dir = tempfile::tempdir().unwrap();
        let size = format!("size={megabytes}m");
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", &size, "tmpfs"]).arg(dir.path()).output();
        match mounted {
            Ok(output) if output.status.success() => Some(Self(dir)),
            other => {
                println!("skipped: a small file system cannot be mounted here: {other:?}");
                None
            }
        }
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(self.0.path()).status();
    }
}

#[test]
fn a_full_disk_is_said_and_nothing_half_written_is_left() {
    let Some(disk) = SmallDisk::new(4) else { return };
    let output = callstead(disk.0.path(), &["models", "pull", "starter-stt"]).output().unwrap();
    let why = error(&output, 5);
    assert!(why.contains(" is full (11.8 MB needed, ") && why.ends_with("free some space, then try again"), "{why}");

    // A file whose length nobody knows: the disk fills while it comes.
    let server = Server::start();
    let file = "/rhasspy/piper-voices/resolve/main/ar/ar_JO/kareem/medium/ar_JO-kareem-medium.onnx";
    server.put(file, vec![8; 8_000_000]);
    let output = callstead(disk.0.path(), &["models", "pull", "ar_JO-kareem-medium", "--allow-unverified"])
        .env("HF_ENDPOINT", &server.url)
        .output()
        .unwrap();
    assert!(error(&output, 5).contains(" is full: free some space"));
    let left: u64 = walk(&disk.0.path().join("models"));
    assert!(left < 100_000, "{left} bytes are left");
    let mut probe = fs::File::create(disk.0.path().join("probe")).unwrap();
    probe.write_all(&vec![0; 3_000_000]).expect("the room is free again");
}

fn walk(dir: &Path) -> u64 {
    let entries = fs::read_dir(dir).unwrap().map(Result::unwrap);
    entries.map(|entry| if entry.path().is_dir() { walk(&entry.path()) } else { entry.metadata().unwrap().len() }).sum()
}
