//! LiveKit's own Python client in our rooms, in both of its ways to connect; and strangers who try what they should not.
//! The scripts are in `tests/sdk`.

use std::{net::SocketAddr, process::Command};

use crate::{
    network::{self, Network},
    support::{Desk, Server, json, repository, text},
};

pub(crate) const KEY: &str = "APItests";
pub(crate) const SECRET: &str = "a-secret-of-tests-that-is-long-enough";
/// Nobody of ours in these rooms: an agent would speak in between.
const CONFIG: &str = "[[agent.rules]]\nrooms = \"*\"\nprofile = \"none\"\n";

pub(crate) const VARIABLES: [(&str, &str); 2] = [("LIVEKIT_API_KEY", KEY), ("LIVEKIT_API_SECRET", SECRET)];

pub(crate) fn desk() -> Desk {
    let desk = Desk::new();
    desk.put("data/config.toml", CONFIG.as_bytes());
    desk
}

/// Runs a script against a server; each step that went well is a line that begins with `ok`.
fn run(script: &str, arguments: &[&str], steps: usize) {
    let (python, desk) = (python(&[]), desk());
    let server = Server::start(&desk, &["--dev"], &VARIABLES);
    check(&python, &server, server.address, script, arguments, steps);
}

/// The interpreter that has LiveKit's client, or with `agents` its agents.
pub(crate) fn python(what: &[&str]) -> String {
    let python = Command::new(repository("scripts/sdk-python")).args(what).output().unwrap();
    assert!(python.status.success(), "{}", text(&python.stderr));
    text(&python.stdout).trim_end().to_owned()
}

/// The client reaches the server at `address`.
fn check(python: &str, server: &Server, address: SocketAddr, script: &str, arguments: &[&str], steps: usize) {
    let output = Command::new(python)
        .arg("-B")
        .arg(repository("tests/sdk").join(script))
        .arg(format!("ws://{address}"))
        .args(arguments)
        .envs(VARIABLES)
        .env("SERVER_PID", server.pid().to_string())
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

/// One line, so that a second caller finds it busy. What the agent is told of the caller, the language model reads.
#[test]
fn who_wants_to_talk_is_given_a_room_and_an_agent() {
    let (python, desk) = (python(&[]), Desk::with_models());
    desk.put("data/config.toml", b"[agent]\nmax_calls = 1\nmax_tokens = 8\nprompt = 'Be brief.'\n");
    let server = Server::start(&desk, &["--dev"], &VARIABLES).when_ready();
    check(&python, &server, server.address, "realtime.py", &[], 4);
    drop(server);
    let listed = json(&desk.run(&["calls", "list", "--json"]));
    let tokens_read_for = |name: &str| {
        let call = listed["calls"].as_array().unwrap().iter().find(|call| call["caller_name"] == name).unwrap();
        let call = json(&desk.run(&["calls", "show", call["id"].as_str().unwrap(), "--json"]));
        call["turns"].as_array().unwrap().iter().find_map(|turn| turn["tokens"]["prompt"].as_u64()).unwrap()
    };
    let (known, stranger) = (tokens_read_for("Amanda"), tokens_read_for("Bilal"));
    assert!(known > stranger + 10, "a lot is known of Amanda: {known} and {stranger} tokens");
}

#[test]
fn strangers_disturb_nobody() {
    run("strangers.py", &[], 7);
}

#[test]
fn who_does_not_answer_is_dropped() {
    run("silent.py", &[], 5);
}

#[test]
fn where_no_udp_passes_media_takes_tcp() {
    let Some((callstead, caller)) = Network::without_udp() else { return };
    let (python, desk) = (python(&[]), desk());
    // As behind a proxy, which here carries signal messages only.
    let reachable = [&VARIABLES[..], &[("CALLSTEAD_RTC_ADDRESSES", network::BOX)]].concat();
    let server = callstead.inside(|| Server::start(&desk, &[], &reachable));
    let address = callstead.forward(server.address);
    caller.inside(|| check(&python, &server, address, "blocked.py", &[], 4));
}
