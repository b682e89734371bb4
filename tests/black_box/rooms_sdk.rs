//! LiveKit's Python libraries in our rooms: its client, its server API, its agents. The tests are those of `tests/sdk/rooms`,
//! which pass against the real livekit-server, too (docs/development.md).

use std::{net::TcpListener, process::Command};

use crate::{
    sdk::python,
    support::{Desk, NO_LIMIT, Server, repository, text},
};

const KEY: &str = "APItests";
const SECRET: &str = "a-secret-of-tests-that-is-long-enough";
/// Nobody of ours in these rooms: an agent would be one too many.
const CONFIG: &[u8] = b"[[agent.rules]]\nrooms = \"*\"\nprofile = \"none\"\n";

/// Runs those tests whose names begin so, against a server of its own. Each that went well is a line that begins with `ok`.
#[track_caller]
fn judge(area: &str) {
    let (client, agents) = (python(&[]), python(&["agents"]));
    let desk = Desk::new();
    desk.put("data/config.toml", CONFIG);
    // Free until the tests listen there.
    let webhooks = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let told = format!("http://{webhooks}/");
    let own = [("LIVEKIT_API_KEY", KEY), ("LIVEKIT_API_SECRET", SECRET), ("CALLSTEAD_WEBHOOKS_URLS", told.as_str())];
    let server = Server::start(&desk, &["--dev"], &[&own[..], &NO_LIMIT].concat());
    let output = Command::new(client)
        .arg("-B")
        .arg(repository("tests/sdk/rooms/run.py"))
        .arg(area)
        .env("ROOMS_PEER", "callstead")
        .env("ROOMS_URL", format!("ws://{}", server.address))
        .env("ROOMS_KEY", KEY)
        .env("ROOMS_SECRET", SECRET)
        .env("ROOMS_WEBHOOKS", webhooks.port().to_string())
        .env("AGENTS_PYTHON", agents)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}{}", text(&output.stdout), text(&output.stderr));
}

#[test]
#[ignore = "takes minutes, and most of a machine: `make rooms-here`"]
fn the_server_api_answers() {
    judge("server_api.");
}

#[test]
#[ignore = "takes minutes, and most of a machine: `make rooms-here`"]
fn webhooks_tell_what_happens() {
    judge("webhooks.");
}

#[test]
#[ignore = "takes minutes, and most of a machine: `make rooms-here`"]
fn lost_connections_come_back() {
    judge("sessions.");
}

#[test]
#[ignore = "takes minutes, and most of a machine: `make rooms-here`"]
fn packets_streams_and_calls_arrive() {
    judge("data.");
}

#[test]
#[ignore = "takes minutes, and most of a machine: `make rooms-here`"]
fn sound_and_pictures_arrive() {
    judge("media.");
}

#[test]
#[ignore = "takes minutes, and most of a machine: `make rooms-here`"]
fn rooms_are_moderated() {
    judge("moderation.");
}

#[test]
#[ignore = "takes minutes, and most of a machine: `make rooms-here`"]
fn workers_get_jobs() {
    judge("worker_");
}

#[test]
#[ignore = "takes minutes, and most of a machine: `make rooms-here`"]
fn agents_come_when_they_are_called() {
    judge("agents.");
}

#[test]
#[ignore = "takes minutes, and most of a machine: `make rooms-here`"]
fn a_caller_is_handed_over_to_a_person() {
    judge("transfer.");
}
