//! LiveKit's own software in our rooms: livekit-client in Debian's Chromium, livekit-server-sdk in Node. The tests are those
//! of `tests/rooms`, which the real livekit-server passes (`make rooms`).

use std::net::TcpListener;

use crate::{
    sdk::{KEY, SECRET, VARIABLES, desk},
    support::{Desk, NO_LIMIT, Server, engines, node_tests, text},
};

/// Starts a server with these `words` and `variables`; gives it, and what tells tests where it is and where it sends webhooks.
pub(crate) fn judged(desk: &Desk, words: &[&str], variables: &[(&str, &str)]) -> (Server, [(&'static str, String); 5]) {
    // Free until the tests listen there.
    let webhooks = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let told = format!("http://{webhooks}/");
    let told = [("CALLSTEAD_WEBHOOKS_URLS", told.as_str())];
    let server = Server::start(desk, words, &[&VARIABLES[..], &NO_LIMIT, &told, variables].concat());
    let peer = [
        ("ROOMS_PEER", "callstead".to_owned()),
        ("ROOMS_URL", format!("ws://{}", server.address)),
        ("ROOMS_KEY", KEY.to_owned()),
        ("ROOMS_SECRET", SECRET.to_owned()),
        ("ROOMS_WEBHOOKS", webhooks.port().to_string()),
    ];
    (server, peer)
}

/// Runs a file of `tests/rooms` against a server of its own; its first failure ends up in the test's own output.
#[track_caller]
fn judge(file: &str) {
    let desk = desk();
    let (_server, peer) = judged(&desk, &[], &[("CALLSTEAD_RTC_ADDRESSES", "127.0.0.1")]);
    let output = node_tests("rooms", &desk).arg(file).envs(peer).output().unwrap();
    assert!(output.status.success(), "{}{}", text(&output.stdout), text(&output.stderr));
}

#[test]
fn people_come_and_go() {
    judge("join.test.mjs");
}

#[test]
fn broken_connections_come_back() {
    judge("reconnect.test.mjs");
}

/// Chromium encodes on all cores: beside an engine neither would get far.
#[test]
fn sound_and_pictures_arrive() {
    let _turn = engines();
    judge("media.test.mjs");
}

/// Five megabytes at once need a core.
#[test]
fn data_arrives() {
    let _turn = engines();
    judge("data.test.mjs");
}

#[test]
fn servers_lead_rooms() {
    judge("server.test.mjs");
}

#[test]
fn servers_moderate() {
    judge("moderation.test.mjs");
}

#[test]
fn servers_are_told() {
    judge("webhooks.test.mjs");
}
