//! `callstead bench voice`: that its callers are served and measured, not how fast.

use std::fs;

use hound::SampleFormat;

use crate::support::{Desk, error, json, recording, wav};

/// A folder with one recording, under a name of its own.
fn callers(desk: &Desk) {
    let asked = recording("utt21.wav");
    fs::create_dir(desk.file("callers")).unwrap();
    desk.put("callers/asked.wav", &wav(&asked.samples, asked.rate_hz, 1, 16, SampleFormat::Int));
}

#[test]
fn a_call_is_measured_where_it_is_heard_and_by_the_server() {
    let desk = Desk::with_models();
    callers(&desk);
    let mut command = desk.command(&["bench", "voice", "--wav", "callers", "--turns", "1", "--json"]);
    let report = json(&command.env("CALLSTEAD_MAX_TOKENS", "16").output().unwrap());
    assert_eq!((&report["calls"], &report["failures"]), (&1.into(), &serde_json::json!([])), "{report}");
    let turn = &report["turns"][0];
    assert_eq!(turn["recording"], "asked.wav");
    let (answer, stages) = (turn["answer_ms"].as_u64().unwrap(), &turn["stages_ms"]);
    let end_of_turn = stages["end_of_turn"].as_u64().unwrap();
    assert!(end_of_turn > 0 && answer > end_of_turn, "{turn}");
    assert!(report["processor_percent"]["server"].as_f64().unwrap() > 0.0, "{report}");
    assert!(fs::read_dir(desk.data_dir()).unwrap().all(|entry| entry.unwrap().file_name() == "models"));
}

#[test]
fn what_cannot_be_measured_is_told_in_one_line() {
    let desk = Desk::new();
    let refused = |words: &[&str]| desk.run(&[&["bench", "voice", "--wav"], words].concat());
    assert!(error(&refused(&["missing"]), 3).contains("cannot read the folder missing"));
    callers(&desk);
    let nowhere = refused(&["callers", "--url", "ws://127.0.0.1:9"]);
    assert_eq!(error(&nowhere, 1), "1 of 1 calls failed");
    assert!(crate::support::text(&nowhere.stdout).contains("cannot reach 127.0.0.1:9"));
}
