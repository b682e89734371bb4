//! `callstead script`, as those who write scripts use it: no server, and a model only where it plays a caller or is asked.

use std::{fs, io::Write, process::Stdio};

use serde_json::Value;

use crate::support::{Desk, error, first_json, text};

#[test]
fn scripts_to_begin_with_are_listed_shown_checked_and_drawn() {
    let desk = Desk::new();
    let listed = text(&desk.run(&["script", "list"]).stdout);
    assert_eq!(listed.lines().count(), 10, "{listed}");
    let shown = desk.run(&["script", "show", "payment-ar"]);
    let mine = desk.put("mine.toml", &shown.stdout);
    let checked = desk.run(&["script", "check", mine]);
    assert!(checked.status.success() && text(&checked.stdout).contains("no faults"), "{}", text(&checked.stderr));
    let drawing = desk.put("mine.svg", b"");
    assert!(desk.run(&["script", "graph", mine, "-o", drawing]).status.success());
    assert!(fs::read_to_string(desk.file(drawing)).unwrap().starts_with("<svg "));
}

#[test]
fn faults_are_told_line_by_line() {
    let desk = Desk::new();
    let bad = desk.put("bad.toml", b"name = 'x'\n[[step]]\nid = 'a'\nsay = 'Hi {{who}}.'\nnext = 'b'\n");
    let output = desk.run(&["script", "check", bad]);
    assert!(error(&output, 3).contains("has 2 faults"), "{}", text(&output.stderr));
    let told = text(&output.stdout);
    assert!(told.contains("bad.toml:4:7: there is no variable `who`"), "{told}");
    assert!(told.contains("bad.toml:5:8: step `b` does not exist"), "{told}");
    let output = desk.run(&["script", "check", bad, "--json"]);
    let result = first_json(&output);
    assert_eq!((&result["valid"], &result["faults"][1]["line"]), (&Value::from(false), &Value::from(5)));
    let asking = "name = 'x'\n[[step]]\nid = 'a'\ntool = 'https://crm.example.com/'\non.failed = 'b'\n[[step]]\nid = 'b'\nend = 'x'\n";
    let asking = desk.put("asking.toml", asking.as_bytes());
    for (words, code) in [
        (&["script", "check", asking][..], 0),
        (&["script", "check", asking, "--hosts", "other.example.com,crm.example.com"], 0),
        (&["script", "check", asking, "--hosts", "other.example.com"], 3),
        (&["script", "check", asking, "--hosts", "https://crm.example.com"], 2),
        (&["script", "check", "/nowhere/x.toml"], 3),
        (&["script", "check", "builtin:nothing"], 3),
        (&["script", "chat", "builtin:payment-en", "--set", "amountDue=lots"], 2),
        (&["script", "chat", "builtin:payment-en", "--set", "nothing=1"], 2),
        (&["script", "simulate", "builtin:payment-en", "--persona", "nobody"], 2),
        (&["script", "simulate", "builtin:payment-en", "--caller", "llama"], 2),
    ] {
        assert_eq!(desk.run(words).status.code(), Some(code), "{words:?}");
    }
    let bare = error(&desk.run(&["script", "check", "payment-en"]), 3);
    assert!(bare.contains("builtin:payment-en"), "{bare}");
}

#[test]
fn a_weak_model_plays_callers_and_is_not_asked_what_they_mean() {
    let desk = Desk::with_models();
    let played =
        desk.run(&["script", "simulate", "builtin:support-en", "--caller", "llama", "--persona", "terse", "--json"]);
    let result = first_json(&played);
    assert_eq!((&result["persona"], &result["runs"]), (&Value::from("terse"), &Value::from(1)));
    assert!(result["turns"].as_f64().is_some_and(|turns| (1.0..=30.0).contains(&turns)), "{result}");

    let words =
        ["script", "chat", "builtin:payment-en", "--explain", "--set", "userName=Sam", "--set", "amountDue=250"];
    for (more, says_why) in [(&[][..], true), (&["--rules-only"], false)] {
        let mut command = desk.command(&[&words, more].concat());
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(b"yes\nblue bananas\n/quit\n").unwrap();
        let output = child.wait_with_output().unwrap();
        let explained = text(&output.stdout);
        assert!(explained.contains("  (by rules, from identify to willing)\n"), "{explained}");
        assert!(explained.contains("  (by rules, still at willing)\n"), "{explained}");
        assert_eq!(text(&output.stderr).contains("too weak to be asked"), says_why);
    }
}

#[test]
fn a_script_is_simulated_and_held_to_its_tests() {
    let desk = Desk::new();
    let good = desk.run(&["script", "simulate", "builtin:payment-en"]);
    assert!(good.status.success(), "{}", text(&good.stdout));
    let shown = desk.run(&["script", "show", "payment-en"]);
    let changed = text(&shown.stdout).replace("expect = { outcome = \"disputed\"", "expect = { outcome = \"promised\"");
    let changed = desk.put("changed.toml", changed.as_bytes());
    let output = desk.run(&["script", "simulate", changed]);
    assert!(error(&output, 1).contains("1 simulated call did not go as expected"), "{}", text(&output.stderr));
    let table = desk.run(&["script", "simulate", "builtin:lead-ar", "--persona", "all", "--runs", "5", "--json"]);
    assert_eq!(text(&table.stdout).lines().count(), 6, "{}", text(&table.stderr));
}

#[test]
fn a_script_is_tried_by_keyboard() {
    let desk = Desk::new();
    let said = b"yes\nI will pay\nall of it\ntomorrow\nyes\n";
    let words = [
        "script",
        "chat",
        "builtin:payment-en",
        "--set",
        "userName=Sam",
        "--set",
        "amountDue=250",
        "--currency",
        "GBP",
    ];
    let mut child = desk.command(&words).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(said).unwrap();
    let output = child.wait_with_output().unwrap();
    let shown = text(&output.stdout);
    assert!(shown.contains("agent: Our records show that two hundred and fifty pounds is outstanding"), "{shown}");
    assert!(shown.contains("* promise: 250 on "), "{shown}");
    assert!(shown.ends_with("* outcome: promised\n"), "{shown}");
}
