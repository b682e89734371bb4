//! `callstead say` as scripts see it.
#![expect(clippy::unwrap_used, reason = "helpers of tests are tests too")]

use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use callstead::config;

/// A folder for one test. espeak-ng's data is unpacked once for all of them.
struct Desk {
    folder: tempfile::TempDir,
}

impl Desk {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn say(&self, words: &[&str], input: &[u8]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_callstead"));
        for variable in config::variables() {
            command.env_remove(variable);
        }
        let data_dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join("say-data");
        command.env("CALLSTEAD_DATA_DIR", data_dir).current_dir(self.folder.path()).arg("say").args(words);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        // A program that refuses its arguments need not read.
        _ = child.stdin.take().unwrap().write_all(input);
        child.wait_with_output().unwrap()
    }

    /// The sound that saying `text` writes, in seconds.
    fn seconds(&self, words: &[&str], input: &[u8]) -> f64 {
        let file = self.file("said.wav");
        let output = self.say(&[words, &["-o", file.to_str().unwrap()]].concat(), input);
        assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
        let sound = hound::WavReader::open(&file).unwrap();
        let spec = sound.spec();
        assert_eq!((spec.channels, spec.sample_rate, spec.bits_per_sample), (1, 48_000, 16));
        let seconds = f64::from(sound.duration()) / 48_000.0;
        let loud = sound.into_samples::<i16>().filter(|sample| sample.as_ref().unwrap().unsigned_abs() > 1000).count();
        assert!(loud > 500, "{words:?}: {loud} samples can be heard");
        seconds
    }
}

fn starter() -> String {
    format!("{}/models/starter-voice/starter.onnx", env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn all_kinds_of_text_are_spoken() {
    let desk = Desk::new();
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
        let seconds = desk.seconds(words, input.as_bytes());
        assert!((least..8.0).contains(&seconds), "{words:?}: {seconds} s");
    }
}

#[test]
fn a_piper_voice_speaks_at_any_speed() {
    let desk = Desk::new();
    let starter = starter();
    let text = "Your balance is forty two dollars.";
    let seconds = |speed: &str| desk.seconds(&[text, "--voice", &starter, "--speed", speed], b"");
    let (slow, normal, fast) = (seconds("0.5"), seconds("1"), seconds("2"));
    assert!(slow > 1.5 * normal && normal > 1.5 * fast, "{slow}, {normal}, {fast}");
}

#[test]
fn programs_get_a_report_or_the_sound_itself() {
    let desk = Desk::new();
    let output = desk.say(&["Hello there", "-o", "hello.wav", "--voice", &starter(), "--json"], b"");
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(
        (&report["file"], &report["voice"], &report["language"]),
        (&"hello.wav".into(), &"starter".into(), &"en".into())
    );
    assert!(report["seconds"].as_f64().unwrap() > 0.3);
    let timings = &report["timings_ms"];
    assert!(timings["first_audio"].as_f64().unwrap() <= timings["total"].as_f64().unwrap());

    let output = desk.say(&["Hello there", "-o", "-"], b"");
    assert!(output.stdout.starts_with(b"RIFF") && output.status.success());
    hound::WavReader::new(&output.stdout[..]).unwrap();
}

#[test]
fn what_cannot_be_said_is_refused_in_one_line() {
    let desk = Desk::new();
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
        (&["Hi", "--voice", "text.onnx"], b"", 1, "text.onnx is not a Piper voice"),
        (&["Hi", "--voice", "none.onnx"], b"", 1, "none.onnx.json: No such file"),
    ] {
        let output = desk.say(&[words, &["-o", "said.wav"]].concat(), input);
        let error = String::from_utf8(output.stderr).unwrap();
        let shown: String = words.concat().chars().take(40).collect();
        assert_eq!(output.status.code(), Some(code), "{shown}: {error}");
        assert!(error.starts_with("error: ") && error.contains(says) && error.lines().count() == 1, "{shown}: {error}");
        assert!(!desk.file("said.wav").exists(), "{shown}");
    }
    assert_eq!(desk.say(&["Hi", "--language", "klingon", "-o", "said.wav"], b"").status.code(), Some(2));
    assert_eq!(desk.say(&["Hi", "--json", "-o", "-"], b"").status.code(), Some(1));
    assert_eq!(desk.say(&["Hi", "-o", "nowhere/said.wav"], b"").status.code(), Some(3));
}
