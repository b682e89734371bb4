//! The desk's pages in Chromium: an administrator's session, and a file of tests for each part of the desk.

use std::{
    io::Write,
    process::{Command, Stdio},
};

use callstead::store::Store;
use jiff::{Timestamp, ToSpan};

use super::{GREETING, KEYS, drive, first_link, screenshots, settings};
use crate::{
    calls,
    support::{Desk, LLM, STT, Server, TURN, VAD, model, program, text},
};

const EMAIL: &str = "nadia@example.com";
const PASSWORD: &str = "correct horse battery";

/// Makes the administrator of a new desk, as its owner does on the console.
fn make_admin(desk: &Desk) {
    let mut command: Command = program(&desk.data_dir(), &["admin", "create", "--email", EMAIL, "--name", "Nadia"]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(PASSWORD.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", text(&output.stderr));
}

/// Runs a file of `tests/browser` against a desk that has nothing but its administrator.
fn drive_desk(file: &str) {
    let desk = Desk::new();
    make_admin(&desk);
    drive_made(&desk, &Server::start(&desk, &[], &KEYS), file);
}

/// The same against a desk that has more.
fn drive_made(desk: &Desk, server: &Server, file: &str) {
    let variables = [("CALLSTEAD_EMAIL", EMAIL), ("CALLSTEAD_PASSWORD", PASSWORD), ("CALLSTEAD_GREETING", GREETING)];
    drive(desk, server, (file, ""), &screenshots(), &variables);
}

#[test]
fn leads_are_found_written_and_changed_together() {
    drive_desk("desk-leads.test.mjs");
}

/// Some calls were made before, and one is made.
#[test]
fn calls_are_found_followed_and_judged() {
    let desk = Desk::with_models();
    desk.put("data/config.toml", settings().as_bytes());
    make_admin(&desk);
    let store = Store::open(&desk.data_dir()).unwrap();
    for (name, ago) in [("Amanda Brown", 2.hours()), ("سارة الحسن", 30.minutes()), ("", 48.hours())] {
        calls::keep(&store, Timestamp::now() - ago, name);
    }
    drop(store);
    drive_made(&desk, &Server::start(&desk, &[], &KEYS).when_ready(), "desk-calls.test.mjs");
}

#[test]
fn a_supervisor_listens_in_takes_over_and_gives_back() {
    let desk = Desk::with_models();
    desk.put("data/config.toml", settings().as_bytes());
    make_admin(&desk);
    // Callers whose browser is closed may come back for a while, and keep their line as long.
    let variables = [&KEYS[..], &[("CALLSTEAD_MAX_CALLS", "8")]].concat();
    drive_made(&desk, &Server::start(&desk, &[], &variables).when_ready(), "desk-takeover.test.mjs");
}

#[test]
fn customers_are_written_to_promised_and_left_alone() {
    drive_desk("desk-people.test.mjs");
}

#[test]
fn administrators_lead_the_desk() {
    drive_desk("desk-admin.test.mjs");
}

#[test]
fn scripts_are_written_tried_and_taken_live() {
    drive_desk("desk-scripts.test.mjs");
}

/// From the link for the first administrator to the first call, on a box to which models come later.
#[test]
fn the_first_administrator_is_led_through_the_set_up() {
    let desk = Desk::with_engines();
    let server = Server::start(&desk, &[], &KEYS);
    let (welcome, models) = (first_link(&desk, &server), desk.models_dir());
    let files = serde_json::json!([STT, LLM, VAD, TURN].map(model)).to_string();
    let variables = [
        ("CALLSTEAD_EMAIL", EMAIL),
        ("CALLSTEAD_PASSWORD", PASSWORD),
        ("CALLSTEAD_WELCOME", &welcome),
        ("CALLSTEAD_MODEL_FILES", &files),
        ("CALLSTEAD_MODELS", models.to_str().unwrap()),
    ];
    drive(&desk, &server, ("desk-setup.test.mjs", ""), &screenshots(), &variables);
}

#[test]
fn many_are_changed_together_and_what_was_done_is_taken_back() {
    drive_desk("desk-undo.test.mjs");
}

/// By somebody who knows no TOML.
#[test]
fn scripts_are_written_by_form() {
    drive_desk("desk-form.test.mjs");
}

#[test]
fn profiles_and_rules_are_written() {
    drive_desk("desk-agents.test.mjs");
}

/// In both languages, in light and dark, on a desk and on a phone.
#[test]
fn every_page_of_a_desk_in_use_can_be_read() {
    let desk = Desk::new();
    make_admin(&desk);
    let output = program(&desk.data_dir(), &["demo", "seed"]).output().unwrap();
    assert!(output.status.success(), "{}", text(&output.stderr));
    drive_made(&desk, &Server::start(&desk, &[], &KEYS), "desk-pages.test.mjs");
}
