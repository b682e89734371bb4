//! LiveKit's own software in our rooms: livekit-client in Debian's Chromium, livekit-server-sdk in Node. The tests are those
//! of `tests/rooms`, which the real livekit-server passes (`make rooms`).

use std::{net::TcpListener, process::Command};

use crate::support::{Desk, Server, isolate, repository, text};

const KEY: &str = "APItests";
const SECRET: &str = "a-secret-of-tests-that-is-long-enough";
/// Nobody of ours in these rooms: an agent would be one too many.
const CONFIG: &[u8] = b"[agent]\nrules = []\n";

/// Runs a file of `tests/rooms` against a server of its own; its first failure ends up in the test's own output.
#[track_caller]
fn judge(file: &str) {
    let tests = repository("tests/rooms");
    let modules = tests.join("node_modules/livekit-client");
    assert!(modules.is_dir(), "{} is missing: run `make cargo-test`", modules.display());
    let desk = Desk::new();
    desk.put("data/config.toml", CONFIG);
    // Free until the tests listen there.
    let webhooks = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let webhooks_url = format!("http://{webhooks}/");
    let variables = [
        ("LIVEKIT_API_KEY", KEY),
        ("LIVEKIT_API_SECRET", SECRET),
        ("CALLSTEAD_RTC_ADDRESSES", "127.0.0.1"),
        ("CALLSTEAD_WEBHOOKS_URLS", webhooks_url.as_str()),
        // All of the tests come from one address, and do in a minute what people do in a day.
        ("CALLSTEAD_REQUESTS_PER_SECOND", "1000"),
    ];
    let server = Server::start(&desk, &[], &variables);
    let mut command = Command::new("node");
    isolate(&mut command, &desk.data_dir());
    command.args(["--test", file]).current_dir(tests);
    // Chromium keeps a few things beside its profile.
    command.env("HOME", desk.file("."));
    command.env("ROOMS_PEER", "callstead").env("ROOMS_URL", format!("ws://{}", server.address));
    command.env("ROOMS_KEY", KEY).env("ROOMS_SECRET", SECRET).env("ROOMS_WEBHOOKS", webhooks.port().to_string());
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}{}", text(&output.stdout), text(&output.stderr));
}

#[test]
fn people_come_and_go() {
    judge("join.test.mjs");
}

#[test]
#[ignore = "`force-tcp` is still to come: `make rooms-here`"]
fn broken_connections_come_back() {
    judge("reconnect.test.mjs");
}

#[test]
fn sound_and_pictures_arrive() {
    judge("media.test.mjs");
}

#[test]
#[ignore = "five megabytes at once stand still on a busy machine: `make rooms-here`"]
fn data_arrives() {
    judge("data.test.mjs");
}

#[test]
fn servers_lead_rooms() {
    judge("server.test.mjs");
}

#[test]
#[ignore = "one of its tests fails: `make rooms-here`"]
fn servers_moderate() {
    judge("moderation.test.mjs");
}

#[test]
fn servers_are_told() {
    judge("webhooks.test.mjs");
}
