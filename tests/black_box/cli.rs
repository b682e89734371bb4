//! The command line as scripts see it: exit codes, streams, and what the documents promise.
use std::{
    collections::BTreeSet,
    fs,
    io::Read,
    path::Path,
    process::{Command, Stdio},
};

use callstead::config;

use crate::support::{Desk, PROGRAM, error, json, repository, text};

#[test]
fn failures_have_their_codes_and_say_why_in_one_line() {
    let desk = Desk::new();
    let bad = desk.put("bad.toml", b"[server]\nlisen = '127.0.0.1:1'\n");
    for (words, code, says) in [
        (&["version"][..], 0, ""),
        (&["--help"], 0, ""),
        (&["--config", bad, "serve"], 7, "did you mean 'server.listen'?"),
        (&["--config", "/nowhere/x.toml", "serve"], 7, "/nowhere/x.toml"),
        (&["serve", "--listen", "0.0.0.0:8080"], 7, "TLS"),
        (&["serve", "--dev", "--listen", "0.0.0.0:8080"], 7, "--dev"),
        (&["--config", bad, "doctor"], 1, "one check failed"),
        (&["manual", "page", "nothing"], 2, "no command 'nothing'"),
    ] {
        let output = desk.run(words);
        if code == 0 {
            assert!(output.status.success(), "{words:?}: {}", text(&output.stderr));
        } else {
            assert!(error(&output, code).contains(says), "{words:?}: {}", text(&output.stderr));
        }
    }
    for words in [&["nonsense"][..], &["serve", "--listen", "here"], &["serve", "--log-level", "inof"], &[]] {
        assert_eq!(desk.run(words).status.code(), Some(2), "{words:?}");
    }
}

#[test]
fn programs_get_errors_as_json() {
    let desk = Desk::new();
    for (words, code, kind) in
        [(&["--json", "serve", "--listen", "0.0.0.0:1"][..], 7, "config"), (&["nonsense", "--json"], 2, "usage")]
    {
        let output = desk.run(words);
        let object: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(object["error"]["code"], code);
        assert_eq!(object["error"]["kind"], kind);
        assert!(!object["error"]["message"].as_str().unwrap().is_empty());
        assert_eq!(output.status.code(), Some(code));
    }
}

#[test]
fn version_tells_the_engines() {
    let desk = Desk::new();
    let output = desk.run(&["version", "--json"]);
    let version: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(version["version"], env!("CARGO_PKG_VERSION"));
    for engine in ["ggml", "whisper.cpp", "llama.cpp", "espeak-ng"] {
        assert!(version["engines"][engine].is_string(), "{engine}");
    }
    let by_variable = desk.command(&["version"]).env("CALLSTEAD_JSON", "1").output().unwrap();
    assert_eq!(by_variable.stdout, output.stdout);
}

#[test]
fn commands_that_need_no_settings_work_with_wrong_ones() {
    let desk = Desk::new();
    let output = desk.command(&["version"]).env("CALLSTEAD_LISTEN", "nonsense").output().unwrap();
    assert!(output.status.success(), "{}", text(&output.stderr));
}

#[test]
fn completions_and_manual_are_complete() {
    let desk = Desk::new();
    for shell in ["bash", "zsh", "fish"] {
        let text = String::from_utf8(desk.run(&["manual", "completions", shell]).stdout).unwrap();
        assert!(text.contains("transcribe") && text.contains("rtc-port"), "{shell}");
    }
    let page = String::from_utf8(desk.run(&["manual", "page"]).stdout).unwrap();
    assert!(page.contains(".TH callstead"));
}

#[test]
fn a_reader_that_leaves_is_no_failure() {
    let desk = Desk::new();
    let mut child =
        desk.command(&["manual", "completions", "bash"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let mut error = String::new();
    child.stderr.take().unwrap().read_to_string(&mut error).unwrap();
    assert_eq!((child.wait().unwrap().code(), error.as_str()), (Some(0), ""));
}

#[test]
fn a_slip_in_a_variable_is_a_warning() {
    let desk = Desk::new();
    let output = desk.command(&["version"]).env("CALLSTEAD_DATADIR", "x").output().unwrap();
    assert!(output.status.success());
    assert!(text(&output.stderr).contains("did you mean CALLSTEAD_DATA_DIR?"), "{}", text(&output.stderr));
}

#[test]
fn doctor_checks_and_says_what_to_do() {
    let desk = Desk::new();
    let output = desk
        .command(&["doctor", "--json"])
        .envs([("CALLSTEAD_LISTEN", "127.0.0.1:0"), ("CALLSTEAD_RTC_PORT", "0")])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", text(&output.stderr));
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let checks = report["checks"].as_array().unwrap();
    assert!(checks.len() >= 8);
    for check in checks.iter().filter(|check| check["outcome"] != "ok") {
        assert!(check["advice"].is_string(), "{check}");
    }
}

#[test]
fn documents_and_code_name_the_same_variables_and_keys() {
    let known: BTreeSet<&str> = config::variables().collect();
    let example = include_str!("../../packaging/env.example");
    let documented: BTreeSet<&str> = example.lines().filter_map(assigned).collect();
    assert_eq!(documented, known);
    let named_in_code: BTreeSet<String> =
        sources(&repository("src")).iter().flat_map(|text| our_variables(text)).collect();
    let strangers: Vec<_> = named_in_code.iter().filter(|name| !known.contains(name.as_str())).collect();
    let of_tests = ["CALLSTEAD_DATADIR", "CALLSTEAD_TEST_MODELS_DIR"];
    assert_eq!(strangers, of_tests, "only a slip in a test and the tests' own variable are unknown");

    let reference = include_str!("../../docs/configuration.md");
    let named = |name: &str| reference.contains(&format!("`{name}`"));
    assert_eq!(config::keys().find(|key| !named(key)), None);
    assert_eq!(known.iter().find(|name| !config::LATER_VARIABLES.contains(name) && !named(name)), None);
}

/// The variable that a line of an environment file sets, commented out or not.
fn assigned(line: &str) -> Option<&str> {
    let (name, _) = line.trim_start_matches('#').split_once('=')?;
    let is_name = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
    (!name.is_empty() && name.chars().all(is_name)).then_some(name)
}

fn sources(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries
        .flat_map(|path| if path.is_dir() { sources(&path) } else { vec![fs::read_to_string(path).unwrap()] })
        .collect()
}

fn our_variables(text: &str) -> Vec<String> {
    let is_part = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
    let words = text.split(|c| !is_part(c));
    words
        .filter(|word| word.strip_prefix("CALLSTEAD_").is_some_and(|rest| !rest.is_empty()))
        .map(str::to_owned)
        .collect()
}

/// On an older processor the program says what it lacks, instead of dying of an illegal instruction. Needs qemu-user.
#[test]
fn an_old_processor_is_told_clearly() {
    if Command::new("qemu-x86_64").arg("--version").output().is_err() {
        eprintln!("skipped: qemu-x86_64 is not installed");
        return;
    }
    let output = Command::new("qemu-x86_64").args(["-cpu", "Nehalem", PROGRAM, "version"]).output().unwrap();
    let error = text(&output.stderr);
    assert!(error.contains("error: this processor lacks AVX2"), "{:?} {error}", output.status);
    assert_eq!((output.status.code(), output.stdout.is_empty()), (Some(1), true));
}

#[test]
fn a_demo_desk_is_filled_once() {
    let desk = Desk::new();
    let seeded = json(&desk.run(&["demo", "seed", "--json"]));
    assert_eq!(seeded, serde_json::json!({ "leads": 12, "customers": 7, "scripts": 10, "calls": 12 }));
    assert!(error(&desk.run(&["demo", "seed"]), 2).contains("--data-dir"));
    let calls = json(&desk.run(&["calls", "list", "--json"]));
    assert_eq!(calls["calls"].as_array().unwrap().len(), 12);
}
