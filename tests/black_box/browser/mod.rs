//! The pages of callers, of staff and of the API in Debian's Chromium, which `tests/browser` drives: a recording is its
//! microphone, and what it hears of the agent is transcribed by our own ears.

mod desk;
mod guided;

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use callstead::store::{Store, user_links};
use hound::SampleFormat;
use serde_json::Value;

use crate::{
    network::Network,
    support::{Desk, Server, assert_speaks, json, node_tests, recording, repository, text, wav},
};

/// The caller waits for the greeting to end.
const SILENCE_BEFORE_S: usize = 14;

/// What tokens are signed with, for a test that makes one itself.
const KEYS: [(&str, &str); 2] =
    [("LIVEKIT_API_KEY", "APItest"), ("LIVEKIT_API_SECRET", "secret-of-the-tests-32-bytes-long")];

/// What the agent says first: words that our small model's ears know.
const GREETING: &str = "Hello. Please call me back on Wednesday.";
/// What the caller says then.
const WORDS: &str = "My contract ends in May.";

/// A caller who is silent while the agent greets, and then says [`WORDS`].
fn caller() -> Vec<u8> {
    let clip = recording("utt15.wav");
    let silence = vec![0.0; SILENCE_BEFORE_S * clip.rate_hz as usize];
    wav(&[silence, clip.samples].concat(), clip.rate_hz, 1, 16, SampleFormat::Int)
}

/// One who answers in each of both languages, and rooms that a test brings its own agent into.
fn settings() -> String {
    format!(
        "[[agent.profiles]]\nname = 'default'\nlanguage = 'en'\ngreeting_en = {GREETING:?}\n\
        [[agent.profiles]]\nname = 'arabic'\nlanguage = 'ar'\n\
        [[agent.rules]]\nrooms = 'notice-*'\nprofile = 'none'\n\
        [[agent.rules]]\nrooms = '*'\n"
    )
}

/// Runs those tests of a file of `tests/browser` whose names fit; the first failure ends up in the test's own output.
#[track_caller]
fn drive(desk: &Desk, server: &Server, (file, names): (&str, &str), shots: &Path, variables: &[(&str, &str)]) {
    let mut command = node_tests("browser", desk);
    command.args(["--test-name-pattern", names, file]);
    command.envs(KEYS).env("CALLSTEAD_URL", format!("http://{}", server.address));
    command.env("CALLSTEAD_CALLER", desk.file("caller.wav"));
    command.env("CALLSTEAD_CHATTER", repository("models/starter-stt/test-wavs/utt09.wav"));
    command.env("CALLSTEAD_OUT", desk.file(".")).env("CALLSTEAD_SHOTS", shots);
    command.envs(variables.iter().copied());
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}{}", text(&output.stdout), text(&output.stderr));
}

#[test]
fn a_browser_talks_with_the_box() {
    let desk = Desk::with_models();
    desk.put("caller.wav", &caller());
    desk.put("data/config.toml", settings().as_bytes());
    let shots = screenshots();
    // A page that is opened before says "getting ready", and asks again.
    let server = Server::start(&desk, &["--dev"], &KEYS).when_ready();
    drive(&desk, &server, ("call.test.mjs", ""), &shots, &[]);
    drop(server);

    let heard = fs::read(desk.file("agent.wav")).unwrap();
    assert_speaks(&heard);
    let said: Value = serde_json::from_slice(&fs::read(desk.file("said.json")).unwrap()).unwrap();
    assert_alike(WORDS, said["caller"].as_str().unwrap());
    assert_eq!(said["agent"][0], GREETING);
    assert_served(&desk);
    let transcript = json(&desk.run(&["transcribe", "agent.wav", "--json"]));
    assert_alike(GREETING, transcript["text"].as_str().unwrap());
}

/// As on a machine that has no network at all.
#[test]
fn a_browser_calls_where_there_is_nothing_but_loopback() {
    let Some(alone) = Network::new() else { return };
    let desk = Desk::new();
    desk.put("data/config.toml", b"[[agent.rules]]\nrooms = \"*\"\nprofile = \"none\"\n");
    alone.inside(|| {
        let server = Server::start(&desk, &["--dev"], &KEYS);
        drive(&desk, &server, ("call.test.mjs", "two people"), &desk.file("."), &[]);
    });
}

#[test]
fn the_api_is_tried_out_in_a_browser() {
    let desk = Desk::new();
    let server = Server::start(&desk, &["--dev"], &KEYS);
    drive(&desk, &server, ("api.test.mjs", ""), &screenshots(), &[]);
}

/// From the link for the first administrator to the link for a lead, who then talks with the agent.
#[test]
fn staff_log_in_and_invite_a_lead() {
    let desk = Desk::with_models();
    desk.put("data/config.toml", settings().as_bytes());
    let server = Server::start(&desk, &[], &KEYS).when_ready();
    let welcome = first_link(&desk, &server);
    let variables = [("CALLSTEAD_WELCOME", welcome.as_str()), ("CALLSTEAD_GREETING", GREETING)];
    drive(&desk, &server, ("staff.test.mjs", ""), &screenshots(), &variables);
    drop(server);

    let calls = json(&desk.run(&["calls", "list", "--json"]));
    assert_eq!(
        (&calls["calls"][0]["caller_name"], &calls["calls"][0]["direction"]),
        (&"Amanda".into(), &"outbound".into())
    );
}

/// The link for the first administrator, as the start prints it on a terminal, which there is none of here.
fn first_link(desk: &Desk, server: &Server) -> String {
    let store = Store::open(&desk.data_dir()).unwrap();
    let made = store.write(|transaction| {
        let (lifetime, now) = (Duration::from_secs(600), jiff::Timestamp::now());
        user_links::create(transaction, &user_links::Purpose::FirstAdmin, lifetime, now)
    });
    let link = tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(made).unwrap();
    format!("http://{}/welcome/{}", server.address, link.reveal())
}

fn screenshots() -> PathBuf {
    let shots = repository("target/screenshots");
    fs::create_dir_all(&shots).unwrap();
    shots
}

/// Holds that the record of the first call names who heard, thought and spoke.
#[track_caller]
fn assert_served(desk: &Desk) {
    let calls = json(&desk.run(&["calls", "list", "--json"]));
    let first = calls["calls"].as_array().unwrap().last().unwrap()["id"].as_str().unwrap().to_owned();
    let call = json(&desk.run(&["calls", "show", &first, "--json"]));
    let turn = |number: usize| &call["turns"][number];
    let by = |number: usize, stage: &str| turn(number)["providers"][stage].as_str().unwrap_or("nobody").to_owned();
    let begins = |number, stage, engine| by(number, stage).starts_with(&format!("local/{engine}:"));
    assert!(begins(0, "tts", "espeak") && by(0, "llm") == "nobody", "a greeting: {}", turn(0));
    assert!(begins(1, "stt", "whisper") && by(1, "tts") == "nobody", "what was heard: {}", turn(1));
    assert!(begins(2, "llm", "llama") && begins(2, "tts", "espeak"), "an answer: {}", turn(2));
    assert!(turn(2)["tokens"]["generated"].as_u64().unwrap() > 0, "{}", turn(2));
}

/// Holds that most of the words were heard.
#[track_caller]
fn assert_alike(said: &str, heard: &str) {
    let (said, heard) = (words(said), words(heard));
    let found = said.iter().filter(|word| heard.contains(word)).count();
    assert!(found * 2 > said.len(), "of {said:?} there is in {heard:?} too little");
}

fn words(text: &str) -> Vec<String> {
    let plain = |word: &str| word.to_lowercase().chars().filter(|it| it.is_alphanumeric()).collect::<String>();
    text.split_whitespace().map(plain).filter(|word| !word.is_empty()).collect()
}
