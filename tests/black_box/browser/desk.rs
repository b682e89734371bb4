//! The desk's pages in Chromium: an administrator's session, and a file of tests for each part of the desk.

use std::{
    io::Write,
    process::{Command, Stdio},
};

use super::{KEYS, drive, screenshots};
use crate::support::{Desk, Server, program, text};

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
    let server = Server::start(&desk, &[], &KEYS);
    let variables = [("CALLSTEAD_EMAIL", EMAIL), ("CALLSTEAD_PASSWORD", PASSWORD)];
    drive(&desk, &server, (file, ""), &screenshots(), &variables);
}

#[test]
fn leads_are_found_written_and_changed_together() {
    drive_desk("desk-leads.test.mjs");
}

#[test]
fn scripts_are_written_tried_and_taken_live() {
    drive_desk("desk-scripts.test.mjs");
}

#[test]
fn profiles_and_rules_are_written() {
    drive_desk("desk-agents.test.mjs");
}
