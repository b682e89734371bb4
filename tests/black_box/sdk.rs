//! LiveKit's own Python client in our rooms, in both of its ways to connect; and strangers who try what they should not.
//! The scripts are in `tests/sdk`.

use std::{
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
};

use serde_json::Value;

use crate::support::{Desk, repository, text};

const KEY: &str = "APItests";
const SECRET: &str = "a-secret-of-tests-that-is-long-enough";
/// Nobody of ours in these rooms: an agent would speak in between.
const CONFIG: &str = "[[agent.rules]]\nrooms = \"*\"\nprofile = \"none\"\n";

/// `callstead serve` on ports of its own; it ends when this is dropped.
struct Server {
    process: Child,
    url: String,
    _desk: Desk,
}

impl Server {
    fn start() -> Self {
        let desk = Desk::new();
        std::fs::write(desk.data_dir().join("config.toml"), CONFIG).unwrap();
        let mut command = desk.command(&["--json", "serve", "--dev", "--listen", "127.0.0.1:0", "--rtc-port", "0"]);
        command.env("LIVEKIT_API_KEY", KEY).env("LIVEKIT_API_SECRET", SECRET).env("CALLSTEAD_LOG_LEVEL", "error");
        let mut process = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let told: Value = serde_json::from_str(&line).unwrap();
        assert_ne!(told["rtc_port"], 0, "{told}");
        let url = told["url"].as_str().unwrap().replacen("http", "ws", 1);
        Self { process, url, _desk: desk }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = Command::new("/bin/kill").arg(self.process.id().to_string()).status();
        let _ = self.process.wait();
    }
}

/// Runs a script against a server; each step that went well is a line that begins with `ok`.
fn run(script: &str, arguments: &[&str], steps: usize) {
    let python = Command::new(repository("scripts/sdk-python")).output().unwrap();
    assert!(python.status.success(), "{}", text(&python.stderr));
    let server = Server::start();
    let output = Command::new(text(&python.stdout).trim_end())
        .arg("-B")
        .arg(repository("tests/sdk").join(script))
        .arg(&server.url)
        .args(arguments)
        .env("LIVEKIT_API_KEY", KEY)
        .env("LIVEKIT_API_SECRET", SECRET)
        .env("SERVER_PID", server.process.id().to_string())
        .output()
        .unwrap();
    let (said, complaints) = (text(&output.stdout), text(&output.stderr));
    assert!(output.status.success(), "{said}{complaints}");
    assert_eq!(said.lines().filter(|line| line.starts_with("ok ")).count(), steps, "{said}{complaints}");
}

#[test]
fn two_peer_connections() {
    run("rooms.py", &["dual"], 15);
}

#[test]
fn one_peer_connection() {
    run("rooms.py", &["single"], 15);
}

#[test]
fn strangers_disturb_nobody() {
    run("strangers.py", &[], 7);
}

#[test]
fn who_does_not_answer_is_dropped() {
    run("silent.py", &[], 5);
}
