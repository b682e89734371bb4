//! `callstead say` as scripts see it.

use std::{
    fs,
    io::Write,
    process::{Output, Stdio},
};

use crate::support::{Desk, SmallDisk, assert_speaks, error, first_json, json, repository, text};

fn say(desk: &Desk, words: &[&str], input: &[u8]) -> Output {
    let mut command = desk.command(&[&["say"], words].concat());
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // A program that refuses its arguments need not read.
    _ = child.stdin.take().unwrap().write_all(input);
    child.wait_with_output().unwrap()
}

/// How long the sound is that these words and this input make.
fn seconds(desk: &Desk, words: &[&str], input: &[u8]) -> f64 {
    let output = say(desk, &[words, &["-o", "said.wav"]].concat(), input);
    assert!(output.status.success(), "{words:?}: {}", text(&output.stderr));
    assert_speaks(&fs::read(desk.file("said.wav")).unwrap())
}

fn starter() -> String {
    repository("models/starter-voice/starter.onnx").to_str().unwrap().to_owned()
}

#[test]
fn all_kinds_of_text_are_spoken() {
    let desk = Desk::with_engines();
    for (words, input, least) in [
        (&["Good morning, how can I help you?"][..], "", 1.0),
        (&["a"], "", 0.1),
        (&["مرحبا، كيف حالك؟"], "", 0.8),
        (&["Call سامي at 5:30, من فضلك."], "", 1.5),
        (&["قل hello الآن", "--language", "ar"], "", 1.0),
        (&["be\u{7}ll\u{1b}[0m \u{200f}😀"], "", 0.3),
        (&["-"], "This comes from standard input.\n", 1.0),
        (&["Cheers", "--voice", "espeak:en-gb-x-rp"], "", 0.2),
    ] {
        let length = seconds(&desk, words, input.as_bytes());
        assert!((least..8.0).contains(&length), "{words:?}: {length} s");
    }
}

#[test]
fn a_piper_voice_speaks_at_any_speed() {
    let desk = Desk::with_engines();
    let starter = starter();
    let text = "Your balance is forty two dollars.";
    let at_speed = |speed: &str| seconds(&desk, &[text, "--voice", &starter, "--speed", speed], b"");
    let (slow, normal, fast) = (at_speed("0.5"), at_speed("1"), at_speed("2"));
    assert!(slow > 1.5 * normal && normal > 1.5 * fast, "{slow}, {normal}, {fast}");
}

#[test]
fn an_installed_voice_speaks_by_its_name_or_as_the_usual_one() {
    let desk = Desk::with_engines();
    let voice = |words: &[&str], variable: &str| {
        let mut command = desk.command(&[&["say", "Hello there", "-o", "said.wav", "--json"], words].concat());
        json(&command.env("CALLSTEAD_VOICE", variable).output().unwrap())["voice"].as_str().unwrap().to_owned()
    };
    assert_eq!(voice(&[], ""), "espeak:en-us");
    let missing = say(&desk, &["Hi", "-o", "said.wav", "--voice", "starter-voice"], b"");
    assert!(error(&missing, 4).contains("models pull starter-voice`"));
    json(&desk.run(&["models", "pull", "starter-voice", "--json"]));
    assert_eq!(voice(&["--voice", "starter-voice"], ""), "starter-voice");
    assert_eq!(voice(&[], "starter-voice"), "starter-voice");
    assert_eq!(voice(&[], ""), "starter-voice", "better than the built-in one");
    assert_eq!(voice(&["--language", "ar"], ""), "espeak:ar");
}

#[test]
fn programs_get_a_report_or_the_sound_itself() {
    let desk = Desk::with_engines();
    let output = say(&desk, &["Hello there", "-o", "hello.wav", "--voice", &starter(), "--json"], b"");
    let report = json(&output);
    assert_eq!(
        (&report["file"], &report["voice"], &report["language"]),
        (&"hello.wav".into(), &"starter".into(), &"en".into())
    );
    assert!(report["seconds"].as_f64().unwrap() > 0.3);
    let timings = &report["timings_ms"];
    assert!(timings["first_audio"].as_f64().unwrap() <= timings["total"].as_f64().unwrap());

    let output = say(&desk, &["Hello there", "-o", "-"], b"");
    assert!(output.status.success() && output.stderr.is_empty());
    assert_speaks(&output.stdout);
}

#[test]
fn what_cannot_be_said_is_refused_in_one_line() {
    let desk = Desk::with_engines();
    let starter = starter();
    let long = "word ".repeat(20_000);
    fs::write(desk.file("text.onnx"), "not a model").unwrap();
    fs::copy(format!("{starter}.json"), desk.file("text.onnx.json")).unwrap();
    for (words, input, code, says) in [
        (&["😀 🎉"][..], &b""[..], 3, "there is nothing to say"),
        (&[""], b"", 3, "there is nothing to say"),
        (&["-"], b"\x00\x07\n", 3, "there is nothing to say"),
        (&["-"], b"caf\xe9 au lait", 3, "not UTF-8"),
        (&["-"], long.as_bytes(), 3, "at most 20000"),
        (&[long.as_str()], b"", 3, "the text has 100000 characters"),
        (&["Hi", "--voice", "amy"], b"", 3, "unknown voice 'amy': there are espeak:ar, espeak:en"),
        (&["Hi", "--language", "fr"], b"", 3, "no voice speaks french"),
        (&["Hi", "--speed", "9"], b"", 3, "give one from 0.5 to 2"),
        (&["Hi", "--speaker", "1"], b"", 3, "has one speaker"),
        (&["Hi", "--voice", "text.onnx"], b"", 4, "text.onnx is not a Piper voice"),
        (&["Hi", "--voice", "none.onnx"], b"", 4, "none.onnx.json: No such file"),
    ] {
        let output = say(&desk, &[words, &["-o", "said.wav"]].concat(), input);
        let shown: String = words.concat().chars().take(40).collect();
        let error = error(&output, code);
        assert!(error.contains(says), "{shown}: {error}");
        assert!(!desk.file("said.wav").exists(), "{shown}");
    }
    assert_eq!(say(&desk, &["Hi", "--language", "klingon", "-o", "said.wav"], b"").status.code(), Some(2));
}

#[test]
fn sound_that_has_no_room_is_refused_and_leaves_nothing_behind() {
    let desk = Desk::with_engines();
    let mixed = say(&desk, &["Hi", "--json", "-o", "-"], b"");
    assert!(error(&mixed, 2).contains("give a file"));
    assert_eq!(first_json(&mixed)["error"]["code"], 2);
    for (file, says) in [("nowhere/said.wav", "No such file"), ("/dev/full", "the disk is full"), (".", "directory")] {
        let error = error(&say(&desk, &["Hi", "-o", file], b""), 1);
        assert!(error.starts_with(&format!("cannot write {file}")) && error.contains(says), "{error}");
    }
    let Some(disk) = SmallDisk::new("16k") else { return };
    let file = disk.path().join("said.wav");
    let output = say(&desk, &["Good morning", "-o", file.to_str().unwrap()], b"");
    assert!(error(&output, 1).contains("the disk is full"));
    assert_eq!(fs::read_dir(disk.path()).unwrap().count(), 0);
}
