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
    judge_with(area, &[]);
}

/// The same, with LiveKit's agents.
#[track_caller]
fn judge_agents(area: &str) {
    judge_with(area, &[("AGENTS_PYTHON", python(&["agents"]))]);
}

#[track_caller]
fn judge_with(area: &str, variables: &[(&str, String)]) {
    let (client, desk) = (python(&[]), desk());
    let (_server, peer) = judged(&desk, &["--dev"], &[]);
    let output = Command::new(client)
        .arg("-B")
        .arg(repository("tests/sdk/rooms/run.py"))
        .arg(area)
        .envs(peer)
        .envs(variables.iter().cloned())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}{}", text(&output.stdout), text(&output.stderr));
}

#[test]
fn the_server_api_answers() {
    judge("server_api.");
}

#[test]
fn webhooks_tell_what_happens() {
    judge("webhooks.");
}

#[test]
#[ignore = "takes minutes, and most of a machine: `make rooms-here`"]
fn lost_connections_come_back() {
    judge("sessions.");
}

#[test]
fn packets_streams_and_calls_arrive() {
    judge("data.");
}

#[test]
#[ignore = "takes minutes, and most of a machine: `make rooms-here`"]
fn sound_and_pictures_arrive() {
    judge("media.");
}

#[test]
fn rooms_are_moderated() {
    judge("moderation.");
}

#[test]
fn workers_get_jobs() {
    judge("worker_");
}

#[test]
#[ignore = "takes minutes, and most of a machine: `make rooms-here`"]
fn agents_come_when_they_are_called() {
    judge_agents("agents.");
}

#[test]
#[ignore = "takes minutes, and most of a machine: `make rooms-here`"]
fn a_caller_is_handed_over_to_a_person() {
    judge_agents("transfer.");
}
