//! LiveKit's Python libraries in our rooms: its client, its server API, its agents. The tests are those of `tests/sdk/rooms`,
//! which pass against the real livekit-server, too (docs/development.md).

use std::process::Command;

use crate::{
    rooms::judged,
    sdk::{desk, python},
    support::{repository, text},
};

/// Runs those tests whose names begin so, against a server of its own. Each that went well is a line that begins with `ok`.
#[track_caller]
fn judge(area: &str) {
    let (client, agents) = (python(&[]), python(&["agents"]));
    let desk = desk();
    let (_server, peer) = judged(&desk, &["--dev"], &[]);
    let output = Command::new(client)
        .arg("-B")
        .arg(repository("tests/sdk/rooms/run.py"))
        .arg(area)
        .envs(peer)
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
