//! `callstead transcribe` and `callstead converse` with the starter models: what they make of a recording, and of
//! everything that can be wrong with one. The words expected are within what the starter model's card promises.

use std::{
    fs,
    io::Write,
    iter,
    os::unix::fs::PermissionsExt,
    process::{Command, Output, Stdio},
};

use callstead::audio::{Clip, ENGINE_HZ, resample};
use hound::SampleFormat;
use serde_json::Value;

use crate::support::{
    Desk, LLM, PROGRAM, STT, SmallDisk, TURN, VAD, assert_speaks, error, first_json, isolate, json, model,
    program_as_nobody, recording, text, wav,
};

/// A recording that the starter model understands at every rate and depth, and its words.
const ASKED: &str = "utt21.wav";
const WORDS: &str = "Transfer me to a live agent.";
/// A short answer is as good as a long one here.
const MAX_TOKENS: (&str, &str) = ("CALLSTEAD_MAX_TOKENS", "16");

/// 16-bit mono, as most recordings are.
fn plain_wav(clip: &Clip) -> Vec<u8> {
    wav(&clip.samples, clip.rate_hz, 1, 16, SampleFormat::Int)
}

fn silence(seconds: usize) -> Clip {
    Clip { rate_hz: ENGINE_HZ, samples: vec![0.0; seconds * ENGINE_HZ as usize] }
}

/// White noise, half of full scale, by xorshift.
fn noise(seconds: usize) -> Clip {
    let mut state = 1_u32;
    let next = || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state as f32 / u32::MAX as f32 - 0.5
    };
    Clip { rate_hz: ENGINE_HZ, samples: iter::repeat_with(next).take(seconds * ENGINE_HZ as usize).collect() }
}

fn converse(desk: &Desk, words: &[&str]) -> Output {
    let (name, value) = MAX_TOKENS;
    desk.command(&[&["converse"], words].concat()).env(name, value).output().unwrap()
}

fn transcribe(desk: &Desk, file: &str) -> Value {
    json(&desk.run(&["transcribe", file, "--json"]))
}

#[test]
fn the_time_of_each_word_is_told_when_it_is_asked_for() {
    let desk = Desk::with_models();
    let file = desk.put("asked.wav", &plain_wav(&recording(ASKED)));
    let plain = transcribe(&desk, file);
    assert!(plain["segments"][0].get("words").is_none(), "{plain}");
    let timed = json(&desk.run(&["transcribe", file, "--words", "--json"]));
    let words = timed["segments"][0]["words"].as_array().unwrap();
    let texts: Vec<_> = words.iter().map(|word| word["text"].as_str().unwrap()).collect();
    assert_eq!(texts.join(" "), WORDS);
    assert!(words.is_sorted_by_key(|word| word["start"].as_f64().unwrap()), "{words:?}");
}

// ---- what is heard ----

#[test]
fn the_same_words_are_heard_in_every_format() {
    use SampleFormat::{Float, Int};
    let desk = Desk::with_models();
    let original = recording(ASKED);
    for (rate_hz, channels, bits, format) in [
        (16_000, 1, 16, Int),
        (8_000, 1, 16, Int),
        (44_100, 2, 16, Int),
        (96_000, 1, 24, Int),
        (16_000, 1, 8, Int),
        (16_000, 2, 32, Float),
    ] {
        let samples = resample(&original, rate_hz).samples;
        let file = desk.put("asked.wav", &wav(&samples, rate_hz, channels, bits, format));
        assert_eq!(transcribe(&desk, file)["text"], WORDS, "{rate_hz} Hz, {channels} × {bits} bits");
    }
}

#[test]
fn a_recording_that_clips_is_understood() {
    let desk = Desk::with_models();
    let mut clip = recording("utt37.wav");
    let loudest = clip.samples.iter().fold(0.0_f32, |loudest, sample| loudest.max(sample.abs()));
    clip.samples.iter_mut().for_each(|sample| *sample *= 4.0 / loudest);
    assert_eq!(transcribe(&desk, desk.put("loud.wav", &plain_wav(&clip)))["text"], "We have less than $75 a month.");
}

#[test]
fn one_utterance_in_ten_minutes_is_found_where_it_is() {
    let desk = Desk::with_models();
    let (mut clip, asked) = (silence(600), recording(ASKED));
    let start = 300 * ENGINE_HZ as usize;
    clip.samples[start..start + asked.samples.len()].copy_from_slice(&asked.samples);
    let transcript = transcribe(&desk, desk.put("long.wav", &plain_wav(&clip)));
    assert_eq!((&transcript["text"], &transcript["language"]), (&WORDS.into(), &"en".into()));
    assert_eq!(transcript["duration"], 600.0);
    let segments = transcript["segments"].as_array().unwrap();
    assert!(!segments.is_empty());
    let mut end_before = 299.0;
    for segment in segments {
        let (start, end) = (segment["start"].as_f64().unwrap(), segment["end"].as_f64().unwrap());
        assert!(end_before <= start && start <= end && end <= 303.0, "{segments:?}");
        assert!(WORDS.contains(segment["text"].as_str().unwrap()), "{segments:?}");
        end_before = end;
    }
}

#[test]
fn a_recording_comes_from_standard_input_too() {
    let desk = Desk::with_models();
    let mut command = desk.command(&["transcribe", "-"]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(&plain_wav(&recording(ASKED))).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), text(&output.stdout).trim()), (Some(0), WORDS));
}

#[test]
fn where_nobody_speaks_nothing_is_heard_and_nothing_answered() {
    let desk = Desk::with_models();
    for (name, clip) in [("silence.wav", silence(3)), ("noise.wav", noise(3))] {
        desk.put(name, &plain_wav(&clip));
        let output = desk.run(&["transcribe", name]);
        assert_eq!((output.status.code(), text(&output.stdout).trim()), (Some(0), ""), "{name}");
        assert!(text(&output.stderr).contains("nobody speaks in this recording"), "{name}");
        let transcript = transcribe(&desk, name);
        assert_eq!((&transcript["text"], &transcript["segments"]), (&"".into(), &Value::Array(Vec::new())), "{name}");

        let error = error(&converse(&desk, &[name, "-o", "answer.wav"]), 3);
        assert!(error.starts_with("nobody speaks in this recording"), "{name}: {error}");
        assert!(!desk.file("answer.wav").exists(), "{name}");
    }
}

// ---- what is answered ----

/// Runs `callstead converse` where no network can be reached; says why when that cannot be.
fn converse_unplugged(desk: &Desk, words: &[&str]) -> Option<Output> {
    if !rustix::process::geteuid().is_root() {
        println!("skipped: only root can take the network away");
        return None;
    }
    let mut command = Command::new("unshare");
    isolate(command.args(["--net", PROGRAM, "converse"]).args(words), &desk.data_dir());
    let (name, value) = MAX_TOKENS;
    Some(command.current_dir(desk.file("")).env(name, value).output().unwrap())
}

#[test]
fn a_recording_is_answered_with_a_recording_and_without_a_network_with_the_same() {
    let desk = Desk::with_models();
    let file = desk.put("asked.wav", &plain_wav(&recording(ASKED)));
    let answer = json(&converse(&desk, &[file, "-o", "answer.wav", "--json"]));
    assert_eq!(answer["heard"], WORDS);
    let reply = answer["reply"].as_str().unwrap();
    assert!(reply.len() > 10 && !reply.contains("<|"), "{reply}");

    let timings = answer["timings_ms"].as_object().unwrap();
    let (names, moments): (Vec<_>, Vec<_>) =
        timings.iter().map(|(name, moment)| (name.as_str(), moment.as_u64().unwrap())).unzip();
    assert_eq!(names, ["end_of_turn", "transcript", "first_words", "first_clause", "first_audio", "total"]);
    assert!(moments.is_sorted() && moments[0] > 0, "{timings:?}");
    let seconds = assert_speaks(&fs::read(desk.file("answer.wav")).unwrap());
    assert!((answer["reply_seconds"].as_f64().unwrap() - seconds).abs() < 0.001);

    let Some(output) = converse_unplugged(&desk, &[file, "-o", "unplugged.wav", "--json"]) else { return };
    let unplugged = json(&output);
    assert_eq!((&unplugged["heard"], &unplugged["reply"]), (&answer["heard"], &answer["reply"]));
    assert_speaks(&fs::read(desk.file("unplugged.wav")).unwrap());
}

#[test]
fn a_piper_voice_answers_and_can_be_heard() {
    let desk = Desk::with_models();
    json(&desk.run(&["models", "pull", "starter-voice", "--json"]));
    let file = desk.put("asked.wav", &plain_wav(&recording(ASKED)));
    let output = converse(&desk, &[file, "-o", "-", "--voice", "starter-voice"]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert!(text(&output.stderr).contains(&format!("caller: {WORDS}")), "the words, beside the sound");
    assert!(!desk.file("-").exists());
    assert_speaks(&output.stdout);
    // The voice says phonemes that no model understands well; that somebody speaks can be heard all the same.
    let heard = transcribe(&desk, desk.put("answer.wav", &output.stdout));
    assert_ne!(heard["text"], "");
}

#[test]
fn ctrl_c_ends_a_conversation_and_leaves_no_answer() {
    let desk = Desk::with_models();
    let words = ["converse", "-", "-o", "answer.wav", "--realtime"];
    let mut command = desk.command(&words);
    let mut child = command.stdin(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // More than a pipe holds: once it is written the program has begun to read, and is ready for signals. It would
    // listen to this for a minute.
    child.stdin.take().unwrap().write_all(&plain_wav(&silence(60))).unwrap();
    rustix::process::kill_process(rustix::process::Pid::from_child(&child), rustix::process::Signal::INT).unwrap();
    assert_eq!(error(&child.wait_with_output().unwrap(), 130), "interrupted");
    assert!(!desk.file("answer.wav").exists());
}

// ---- what cannot be used ----

/// No models are needed: what is wrong with a recording is said before any is loaded.
#[test]
fn a_bad_recording_is_refused_in_one_line() {
    let desk = Desk::new();
    let whole = plain_wav(&recording(ASKED));
    let program = fs::read(PROGRAM).unwrap();
    let cases: [(&str, &[u8], &str); 6] = [
        ("words.wav", b"these are words and no samples at all, however long one looks", "is not a recording"),
        ("program.wav", &program[..100_000], "is not a recording"),
        ("empty.wav", b"", "is empty"),
        ("header.wav", &whole[..44], "is cut short"),
        ("half.wav", &whole[..whole.len() / 2], "is cut short after 1.1 s"),
        ("none.wav", &plain_wav(&silence(0)), "holds no audio"),
    ];
    for (name, content, _) in cases {
        desk.put(name, content);
    }
    let others = [("missing.wav", "No such file"), (".", "directory")];
    for (name, says) in cases.map(|(name, _, says)| (name, says)).into_iter().chain(others) {
        for words in [&["transcribe", name][..], &["converse", name, "-o", "answer.wav"]] {
            let error = error(&desk.run(words), 3);
            assert!(error.contains(name) && error.contains(says), "{words:?}: {error}");
            assert!(!desk.file("answer.wav").exists(), "{words:?}");
        }
    }
    let refused = desk.run(&["transcribe", "empty.wav", "--json"]);
    assert_eq!(first_json(&refused)["error"]["kind"], "input");
}

#[test]
fn what_a_user_may_not_read_is_said() {
    let desk = Desk::with_models();
    let readable = desk.put("asked.wav", &plain_wav(&recording(ASKED)));
    let secret = desk.put("secret.wav", &plain_wav(&recording(ASKED)));
    let stt = desk.models_dir().join(STT);
    fs::remove_file(&stt).unwrap();
    fs::copy(model(STT), &stt).unwrap();
    for path in [desk.file(secret), stt] {
        fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
    }
    for (name, code, says) in [(secret, 3, "ermission denied"), (readable, 4, STT)] {
        let file = desk.file(name);
        let words = ["transcribe", file.to_str().unwrap()];
        let Some(mut command) = program_as_nobody(&desk.data_dir(), &words) else { return };
        let error = error(&command.output().unwrap(), code);
        assert!(error.contains(says), "{error}");
    }
}

#[test]
fn an_answer_that_cannot_be_kept_is_refused_before_any_work() {
    let desk = Desk::new();
    let file = desk.put("asked.wav", &plain_wav(&recording(ASKED)));
    for (output, code, says) in [("nowhere/answer.wav", 1, "No such file"), ("asked.wav/answer.wav", 1, "irectory")] {
        let error = error(&converse(&desk, &[file, "-o", output]), code);
        assert!(error.starts_with(&format!("cannot write {output}")) && error.contains(says), "{error}");
    }
    let mixed = converse(&desk, &[file, "-o", "-", "--json"]);
    assert!(error(&mixed, 2).contains("give a file"));
}

#[test]
fn a_full_disk_keeps_no_half_of_an_answer() {
    let Some(disk) = SmallDisk::new("16k") else { return };
    let desk = Desk::with_models();
    let file = desk.put("asked.wav", &plain_wav(&recording(ASKED)));
    let answer = disk.path().join("answer.wav");
    let error = error(&converse(&desk, &[file, "-o", answer.to_str().unwrap()]), 1);
    assert!(error.starts_with("cannot write ") && error.contains("the disk is full"), "{error}");
    assert_eq!(fs::read_dir(disk.path()).unwrap().count(), 0);
}

#[test]
fn an_unknown_language_or_voice_is_refused() {
    let desk = Desk::with_models();
    let file = desk.put("asked.wav", &plain_wav(&recording(ASKED)));
    let output = converse(&desk, &[file, "-o", "answer.wav", "--language", "klingon"]);
    let said = text(&output.stderr);
    assert!(output.status.code() == Some(2) && said.starts_with("error: ") && said.contains("'klingon'"), "{said}");
    for (words, code, says) in [
        // The starter model knows English only.
        (["--language", "ar"], 4, " models pull standard-ar`"),
        (["--voice", "amy"], 3, "unknown voice 'amy'"),
        (["--voice", "starter-voice"], 4, " models pull starter-voice`"),
    ] {
        let error = error(&converse(&desk, &[&[file, "-o", "answer.wav"][..], &words].concat()), code);
        assert!(error.contains(says), "{words:?}: {error}");
    }
    assert!(error(&desk.run(&["transcribe", file, "--language", "ar"]), 4).contains("models pull standard-ar"));
    assert!(!desk.file("answer.wav").exists());
}

#[test]
fn a_missing_model_is_named_with_the_command_that_gets_it() {
    let desk = Desk::with_models();
    let file = desk.put("asked.wav", &plain_wav(&recording(ASKED)));
    // From the first that is asked for to the last, so that nothing is loaded for long.
    for (missing, says) in [(VAD, "voice activity"), (LLM, "language"), (STT, "speech recognition")] {
        fs::remove_file(desk.models_dir().join(missing)).unwrap();
        let error = error(&converse(&desk, &[file, "-o", "answer.wav"]), 4);
        let expect = format!("no {says} model is installed: run `");
        assert!(error.starts_with(&expect) && error.contains(" models pull "), "{missing}: {error}");
    }
    assert!(error(&desk.run(&["transcribe", file]), 4).contains(" models pull "));
    assert!(!desk.file("answer.wav").exists());
}

/// A model's file as it should not be: `whole` is the right one, `other` that of another kind.
fn spoiled(whole: &[u8], other: &[u8]) -> [(&'static str, Vec<u8>); 5] {
    let padded = |begin: &[u8]| begin.iter().copied().chain(iter::repeat(0)).take(whole.len()).collect();
    [
        ("empty", Vec::new()),
        ("cut short", whole[..whole.len() / 2].to_vec()),
        ("of another kind", other.to_vec()),
        ("of another kind and the right length", padded(other)),
        ("begun and not finished", padded(&whole[..1000])),
    ]
}

#[test]
fn a_spoiled_model_is_an_error_and_no_crash() {
    let desk = Desk::with_models();
    let file = desk.put("asked.wav", &plain_wav(&recording(ASKED)));
    let answer = || converse(&desk, &[file, "-o", "answer.wav"]);
    let transcript = || desk.run(&["transcribe", file]);
    let check = |name: &str, other: &str, run: &dyn Fn() -> Output| {
        let path = desk.models_dir().join(name);
        let whole = fs::read(&path).unwrap();
        for (how, content) in spoiled(&whole, &fs::read(model(other)).unwrap()) {
            fs::remove_file(&path).unwrap();
            fs::write(&path, content).unwrap();
            let error = error(&run(), 4);
            assert!(error.contains(name), "{how}: {error}");
        }
        fs::write(&path, whole).unwrap();
    };
    check(STT, VAD, &transcript);
    check(VAD, STT, &answer);
    // The language model is asked for before these two.
    for name in [VAD, TURN] {
        fs::remove_file(desk.models_dir().join(name)).unwrap();
    }
    check(LLM, STT, &answer);
    assert!(!desk.file("answer.wav").exists());
}

#[test]
fn a_spoiled_turn_detector_is_a_warning() {
    let desk = Desk::with_models();
    let file = desk.put("asked.wav", &plain_wav(&recording(ASKED)));
    let path = desk.models_dir().join(TURN);
    fs::remove_file(&path).unwrap();
    fs::write(&path, b"").unwrap();
    let output = converse(&desk, &[file, "-o", "answer.wav"]);
    let said = text(&output.stderr);
    assert!(output.status.success() && said.contains("pauses alone told") && said.contains(TURN), "{said}");
    assert_speaks(&fs::read(desk.file("answer.wav")).unwrap());
}
