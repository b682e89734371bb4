//! The other ways to the agent, from outside: recordings that are sent, conversations in writing, rooms that the desk books.

use std::{thread::sleep, time::Duration};

use callstead::{
    audio::Clip,
    domain::Pii,
    store::{
        Store, StoreError,
        api_keys::Scope,
        audit::Actor,
        calls::{self, Filter, Medium},
        do_not_call, turns,
    },
};
use hound::SampleFormat;
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::{
    containers,
    http::{Answer, ask, post, post_bytes},
    support::{Desk, Server, key, recording, repository, wav},
};

const ASKED: &str = "utt21.wav";
const WORDS: &str = "Transfer me to a live agent.";
/// A short answer is as good as a long one here.
const SHORT: (&str, &str) = ("CALLSTEAD_MAX_TOKENS", "16");

/// Waits until the engines are loaded.
fn ready(server: &Server) {
    while ask(server.address, "GET", "/api/health", &[]).status != 200 {
        sleep(Duration::from_millis(100));
    }
}

fn form(field: &str, content: &[u8]) -> Vec<u8> {
    let head = format!("--limit\r\nContent-Disposition: form-data; name=\"{field}\"; filename=\"a\"\r\n\r\n");
    let language = "\r\n--limit\r\nContent-Disposition: form-data; name=\"language\"\r\n\r\nenglish\r\n--limit--\r\n";
    [head.as_bytes(), content, language.as_bytes()].concat()
}

fn transcribe(server: &Server, field: Option<&str>, recording: &[u8]) -> Answer {
    match field {
        Some(field) => {
            let headers = [("Content-Type", "multipart/form-data; boundary=limit")];
            post_bytes(server.address, "/api/transcribe", &headers, &form(field, recording))
        }
        None => post_bytes(server.address, "/api/transcribe?language=en&words=true", &[], recording),
    }
}

fn done<T>(work: impl Future<Output = Result<T, StoreError>>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(work).unwrap()
}

// ---- with models ----

#[test]
fn recordings_become_text_and_messages_are_answered() {
    let desk = Desk::with_models();
    let server = Server::start(&desk, &["--dev"], &[SHORT]);
    let early = post(server.address, "/api/voice/conversation", &[], &json!({ "message": "Hello" }));
    assert!([200, 503].contains(&early.status), "{}", early.body);
    ready(&server);
    every_format_is_heard(&server);
    what_is_no_recording_is_refused(&server);
    a_conversation_remembers(&desk, &server);
    a_room_is_made_for_who_wants_to_talk(&server);
}

fn every_format_is_heard(server: &Server) {
    let clip = recording(ASKED);
    let tone = |name: &str| std::fs::read(repository("tests/fixtures/audio").join(name)).unwrap();
    let plain = wav(&clip.samples, clip.rate_hz, 1, 16, SampleFormat::Int);
    for (what, field, file, words, seconds) in [
        ("WAV", None, plain.clone(), WORDS, clip.duration().as_secs_f64()),
        ("WAV in a form", Some("file"), plain, WORDS, clip.duration().as_secs_f64()),
        ("Ogg", Some("audio"), containers::ogg(&clip, 500), WORDS, clip.duration().as_secs_f64()),
        ("WebM", None, containers::webm(&clip, None), WORDS, clip.duration().as_secs_f64()),
        ("FLAC", None, tone("tone.flac"), "", 0.5),
        ("MP3", None, tone("tone.mp3"), "", 0.5),
    ] {
        let answer = transcribe(server, field, &file);
        assert_eq!(answer.status, 200, "{what}: {}", answer.body);
        let heard = answer.json();
        assert_eq!((&heard["text"], &heard["language"]), (&json!(words), &json!("en")), "{what}: {heard}");
        let duration = heard["duration"].as_f64().unwrap();
        assert!((duration - seconds).abs() < 0.1, "{what}: {duration} instead of {seconds}");
        let segments = heard["segments"].as_array().unwrap();
        assert_eq!(segments.is_empty(), words.is_empty(), "{what}: {heard}");
        // The one that is sent without a form asks for words, too.
        let has_words =
            |segment: &Value| segment.get("words").is_some_and(|words| !words.as_array().unwrap().is_empty());
        assert!(segments.iter().all(|segment| has_words(segment) == field.is_none()), "{what}: {heard}");
        let timings = ["wait", "decode", "transcribe"].map(|step| heard["timings_ms"][step].is_u64());
        assert_eq!(timings, [true; 3], "{heard}");
    }
}

fn what_is_no_recording_is_refused(server: &Server) {
    let refused = |answer: Answer| (answer.status, answer.message());
    let (status, says) = refused(transcribe(server, None, b"these are words, however long one listens to them"));
    assert_eq!((status, says.starts_with("file is not a recording: use WAV")), (422, true), "{says}");
    let (status, says) = refused(transcribe(server, Some("video"), b"something"));
    assert_eq!((status, says.starts_with("file is missing")), (422, true), "{says}");
    let long = Clip { rate_hz: 4_000, samples: vec![0.0; 31 * 60 * 4_000] };
    let (status, says) = refused(transcribe(server, None, &wav(&long.samples, 4_000, 1, 8, SampleFormat::Int)));
    assert_eq!((status, says.contains("longer than 30 minutes")), (422, true), "{says}");
    let answer = post_bytes(server.address, "/api/transcribe?language=klingon", &[], b"x");
    assert_eq!((answer.status, answer.message().starts_with("language is unknown")), (422, true));
}

fn a_conversation_remembers(desk: &Desk, server: &Server) {
    let say = |body: &Value| post(server.address, "/api/voice/conversation", &[], body);
    let before = json!([{ "role": "user", "content": "My card is 4111 1111 1111 1111." }, { "role": "assistant", "text": "Thank you." }]);
    let first = say(&json!({ "message": "What is your name?", "history": before, "context": { "plan": "gold" } }));
    assert_eq!(first.status, 200, "{}", first.body);
    let first = first.json();
    let id = first["conversationId"].as_str().unwrap().to_owned();
    assert!(first["success"] == json!(true) && !first["reply"].as_str().unwrap().is_empty(), "{first}");
    let second = say(&json!({ "message": "And where are you?", "conversationId": id })).json();
    assert_eq!(second["conversationId"], id.as_str(), "{second}");
    let path = format!("/api/conversations/{id}/message");
    let third = post(server.address, &path, &[], &json!({ "text": "Goodbye." })).json();
    assert_eq!((&third["call_id"], &third["success"]), (&json!(id), &json!(true)), "{third}");

    let wanted = id.parse().unwrap();
    let store = Store::open(&desk.data_dir()).unwrap();
    let read = move |connection: &_| Ok((calls::find(connection, &wanted)?, turns::of_call(connection, &wanted)?));
    let (call, said) = done(store.read(read));
    let served: Vec<_> = said.iter().map(|turn| (turn.turn.providers.clone(), turn.turn.tokens)).collect();
    let said: Vec<_> = said.iter().map(|turn| turn.turn.text.reveal().as_str()).collect();
    assert_eq!(call.unwrap().medium, Medium::Text);
    assert_eq!((said.len(), said[2], said[6]), (8, "What is your name?", "Goodbye."));
    let (providers, tokens) = &served[7];
    let llm = providers.llm.as_ref().map(ToString::to_string).unwrap_or_default();
    assert!(llm.starts_with("local/llama:") && providers.stt.is_none() && providers.tts.is_none(), "{providers:?}");
    assert!(tokens.is_some_and(|it| it.cached > 0 && it.cached < it.prompt && it.generated > 0), "{tokens:?}");
    assert!(!said[0].contains("1111 1111") && said[7] == third["reply"], "{said:?}");

    for (path, body, status) in [
        ("/api/conversations/CA_23456789ABCD/message", json!({ "message": "Hello" }), 404),
        ("/api/conversations/no-such-room/message", json!({ "message": "Hello" }), 404),
        (&path, json!({ "message": " " }), 422),
        (&path, json!({}), 422),
        ("/api/voice/conversation", json!({ "message": "x".repeat(2001) }), 422),
        ("/api/voice/conversation", json!({ "message": "Hello", "conversationId": "CA_23456789ABCD" }), 404),
        ("/api/voice/conversation", json!({ "message": "Hello", "history": [{ "role": "boss", "content": "" }] }), 422),
        ("/api/voice/conversation", json!({ "message": "Hello", "context": 7 }), 422),
    ] {
        let answer = post(server.address, path, &[], &body);
        assert_eq!(answer.status, status, "{path} {body}: {}", answer.body);
    }
}

fn a_room_is_made_for_who_wants_to_talk(server: &Server) {
    let answer =
        post(server.address, "/api/voice/realtime", &[], &json!({ "userName": "Amanda", "context": "has a dog" }));
    let way = answer.json();
    assert!(way["roomName"].as_str().unwrap().starts_with("voice-support-1"), "{way}");
    assert_eq!((&way["agent_available"], &way["agentName"]), (&json!(true), &json!("callstead")), "{way}");
    assert!(way["url"] == way["serverUrl"] && way["token"].is_string() && way.get("conversationId").is_none(), "{way}");
}

// ---- without models ----

#[test]
fn when_no_agent_is_free_a_conversation_in_writing_is_begun() {
    let desk = Desk::with_engines();
    let server = Server::start(&desk, &["--dev"], &[]);
    ready(&server);
    let answer = post_bytes(server.address, "/api/voice/realtime", &[], b"");
    let way = answer.json();
    assert_eq!((answer.status, &way["agent_available"]), (200, &json!(false)), "{way}");
    assert!(way["message"].as_str().unwrap().contains("No model") && way["token"].is_string(), "{way}");
    let path = format!("/api/conversations/{}/message", way["conversationId"].as_str().unwrap());
    assert_eq!(post(server.address, &path, &[], &json!({ "text": "Hello" })).status, 503);
    assert_eq!(post_bytes(server.address, "/api/transcribe", &[], b"RIFF").status, 503);
    for field in ["leadId", "customerId", "scriptId"] {
        let body = json!({ field: if field == "scriptId" { "SC_23456789ABCD" } else { "LE_23456789ABCD" } });
        assert_eq!(post(server.address, "/api/voice/realtime", &[], &body).status, 401, "{field}");
    }
}

#[test]
fn who_is_called_gets_a_link_and_the_agent_their_facts() {
    let desk = Desk::new();
    // Nobody speaks the lead's language by themselves.
    let profile = "[[agent.profiles]]\nname = 'default'\nlanguage = 'en'\n";
    std::fs::write(desk.data_dir().join("config.toml"), profile).unwrap();
    let server = Server::start(&desk, &[], &[]);
    let (desks, dispatches) = (key(&desk, &[Scope::Desk]), key(&desk, &[Scope::Dispatch]));
    let send = |key: &str, path: &str, body: &Value| post(server.address, path, &[("Authorization", key)], body);
    let lead =
        send(&desks, "/api/admin/leads", &json!({ "name": "Amanda", "phone": "+442079460958", "language": "ar" }));
    let id = lead.json()["id"].as_str().unwrap().to_owned();
    let path = format!("/api/admin/leads/{id}/call");

    let called = post_bytes(server.address, &path, &[("Authorization", &desks)], b"");
    let way = called.json();
    assert_eq!(called.status, 200, "{way}");
    let (address, link) = way["joinUrl"].as_str().unwrap().split_once("#join=").unwrap();
    assert_eq!(address, format!("http://{}/callcenter/call-with-audio?lang=ar", server.address));
    assert!(way["expiresAt"].as_str().unwrap().ends_with('Z') && way["agent_available"] == json!(false), "{way}");
    let page = ask(server.address, "GET", "/callcenter/call-with-audio?lang=ar", &[("Accept-Language", "en")]);
    assert!(page.body.contains(r#"<html lang="ar" dir="rtl">"#), "{}", page.body);
    let joined = post(server.address, "/api/room/join", &[], &json!({ "link": link })).json();
    assert_eq!((&joined["room_name"], &joined["user_name"]), (&way["roomName"], &json!("Amanda")), "{joined}");
    for wrong in [link.to_ascii_lowercase().as_str(), "", "x"] {
        let answer = post(server.address, "/api/room/join", &[], &json!({ "link": wrong }));
        assert_eq!((answer.status, answer.message().contains("expired")), (404, true));
    }
    let passed = ask(server.address, "GET", &path.replace("/call", "/communications"), &[("Authorization", &desks)]);
    let passed = passed.json();
    let note = &passed["items"][0];
    assert_eq!((&note["kind"], &note["outcome"]), (&json!("call"), &json!("invited")), "{passed}");

    let mode = send(&desks, &path, &json!({ "mode": "phone" }));
    assert_eq!((mode.status, mode.message().contains("no telephone line")), (409, true));
    assert_eq!(send(&desks, &path, &json!({ "mode": "pigeon" })).status, 422);
    assert_eq!(send(&desks, "/api/admin/leads/LE_23456789ABCD/call", &json!({})).status, 404);
    assert_eq!(send(&dispatches, &path, &json!({})).status, 403);
    let realtime = json!({ "leadId": id });
    assert_eq!(send(&dispatches, "/api/voice/realtime", &realtime).status, 403);
    let both = key(&desk, &[Scope::Desk, Scope::Dispatch]);
    assert_eq!(send(&both, "/api/voice/realtime", &realtime).status, 200);
    assert_eq!(send(&both, "/api/voice/realtime", &json!({ "leadId": "LE_23456789ABCD" })).status, 404);

    let customer = json!({ "userId": "C 77", "userName": "Bilal", "userPhone": "+442079460959" });
    assert_eq!(send(&desks, "/api/admin/customers", &customer).status, 201);
    let called = send(&desks, "/api/admin/customers/C%2077/call", &json!({})).json();
    assert_eq!(called["roomName"], "call-C 77", "{called}");

    let store = Store::open(&desk.data_dir()).unwrap();
    let add = store.change(Actor::console(), Timestamp::now(), |change| {
        do_not_call::add(change, &"+442079460958".parse().unwrap(), &Pii::default())
    });
    done(add);
    let refused = send(&desks, &path, &json!({}));
    assert_eq!((refused.status, refused.message().contains("do-not-call")), (409, true));
}

#[test]
fn a_conversation_belongs_to_who_began_it() {
    let desk = Desk::with_models();
    let server = Server::start(&desk, &[], &[SHORT]);
    ready(&server);
    let keys = [Scope::Converse, Scope::Converse].map(|scope| key(&desk, &[scope]));
    let say =
        |key: &str, body: &Value| post(server.address, "/api/voice/conversation", &[("Authorization", key)], body);
    let begun = say(&keys[0], &json!({ "message": "Hello." })).json();
    let further = json!({ "message": "Are you there?", "conversationId": begun["conversationId"] });
    assert_eq!(say(&keys[1], &further).status, 404);
    assert_eq!(say(&keys[0], &further).status, 200);
    assert_eq!(say("Bearer csk_0123456789012345678901234567890", &further).status, 401);
    drop(server);
    let server = Server::start(&desk, &[], &[SHORT]);
    let say =
        |key: &str, body: &Value| post(server.address, "/api/voice/conversation", &[("Authorization", key)], body);
    assert_eq!(say(&keys[0], &further).status, 409, "it ended with the process");
    let store = Store::open(&desk.data_dir()).unwrap();
    let calls = done(store.read(|connection| calls::list(connection, Filter { since: None, limit: 10 })));
    assert!(calls.iter().all(|call| call.ended.is_some()), "{calls:?}");
}
