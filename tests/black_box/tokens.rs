//! Tokens and dispatch from outside: the forms, who may ask, and what is refused how.

use std::{fs, os::unix::fs::PermissionsExt, time::SystemTime};

use callstead::{
    domain::Language,
    rooms::token::{self, Claims, Keys},
    store::api_keys::Scope,
};
use serde_json::{Value, json};

use crate::{
    http::{ask, post, post_bytes, request},
    support::{Desk, Server, error, key},
};

const SECRET: &str = "secret-of-the-tests-32-bytes-long";
const PAIR: [(&str, &str); 2] = [("LIVEKIT_API_KEY", "APItest"), ("LIVEKIT_API_SECRET", SECRET)];

/// Every path, with a body that is right for it.
fn right() -> [(&'static str, Value); 5] {
    [
        ("/api/room/token", json!({ "room_name": "call-7", "user_name": "Amanda" })),
        ("/api/token", json!({ "roomName": "call-7", "identity": "amanda" })),
        (
            "/api/livekit-token",
            json!({ "roomName": "call-7", "participantName": "Amanda", "metadata": { "vip": true } }),
        ),
        ("/api/dispatch-agent", json!({ "roomName": "call-7" })),
        ("/api/dispatch-agent", json!({ "room_name": "call-7", "user_name": "Amanda", "language": "ar" })),
    ]
}

fn claims(answer: &Value) -> Claims {
    let keys = Keys { api_key: "APItest".to_owned(), api_secret: SECRET.into() };
    token::verify(&keys, answer["token"].as_str().unwrap(), SystemTime::now()).unwrap()
}

#[test]
fn each_form_gives_what_its_front_end_expects() {
    let desk = Desk::new();
    let server = Server::start(&desk, &["--dev"], &PAIR);
    let [room, identity, participant, short, long] =
        right().map(|(path, body)| post(server.address, path, &[], &body)).map(|answer| {
            assert_eq!(answer.status, 200, "{}", answer.body);
            answer.json()
        });
    let url = format!("ws://{}", server.address);

    let names = |answer: &Value| answer.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&room), ["token", "room_name", "url", "user_name"]);
    assert_eq!(
        (&room["room_name"], &room["url"], &room["user_name"]),
        (&json!("call-7"), &json!(url), &json!("Amanda"))
    );
    let first = claims(&room);
    assert_eq!((first.room.as_str(), first.name.as_str()), ("call-7", "Amanda"));
    assert!(first.identity.as_str().starts_with("user-"));
    let (path, body) = &right()[0];
    assert_ne!(claims(&post(server.address, path, &[], body).json()).identity, first.identity);

    assert_eq!(names(&identity), ["token", "url", "serverUrl"]);
    assert_eq!((&identity["url"], &identity["serverUrl"]), (&json!(url), &json!(url)));
    assert_eq!(claims(&identity).identity.as_str(), "amanda");

    assert_eq!(names(&participant), ["token", "url", "serverUrl", "roomName"]);
    let third = claims(&participant);
    assert_eq!((third.name.as_str(), third.metadata.as_str()), ("Amanda", r#"{"vip":true}"#));

    assert_eq!(names(&short), ["success", "message", "note"]);
    assert_eq!((&long["success"], &long["room_name"]), (&json!(true), &json!("call-7")));
    let job = long["job_id"].as_str().unwrap().strip_prefix("job-").unwrap();
    assert!(job.len() == 8 && job.bytes().all(|it| it.is_ascii_hexdigit()), "{job}");
    let time = long["timestamp"].as_str().unwrap();
    assert!(time.len() == 26 && format!("{time}Z").parse::<jiff::Timestamp>().is_ok(), "{time}");
}

#[test]
fn a_caller_may_choose_a_language() {
    let desk = Desk::new();
    let server = Server::start(&desk, &["--dev"], &PAIR);
    let choose = |language: Value| {
        let body = json!({ "room_name": "call-7", "user_name": "Amanda", "language": language });
        post(server.address, "/api/room/token", &[], &body)
    };
    for language in [json!("ar"), json!("Arabic"), json!("auto"), Value::Null] {
        assert_eq!(choose(language).status, 200);
    }
    let refused = choose(json!("xx"));
    assert_eq!((refused.status, &refused.json()["type"]), (422, &json!("urn:callstead:problem:fields")));
    assert!(refused.message().contains("language is unknown") && refused.message().contains("en, ar"));
    let page = |headers: &[(&str, &str)]| ask(server.address, "GET", "/callcenter/call-with-audio", headers).body;
    assert!(page(&[("Accept-Language", "ar")]).contains(r#"<html lang="ar" dir="rtl">"#));
    assert!(page(&[]).contains(r#"<html lang="en" dir="ltr">"#));
}

#[test]
fn where_calls_are_public_a_stranger_gets_a_room_of_their_own() {
    let desk = Desk::new();
    let server = Server::start(&desk, &[], &[PAIR[0], PAIR[1], ("CALLSTEAD_PUBLIC_CALLS", "true")]);
    let [(path, body), others @ ..] = &right();
    let mut rooms: Vec<String> = (0..5)
        .map(|_| {
            let answer = post(server.address, path, &[], body);
            assert_eq!(answer.status, 200, "{}", answer.body);
            let room = answer.json()["room_name"].as_str().unwrap().to_owned();
            assert_eq!(claims(&answer.json()).room.as_str(), room);
            assert!(room.starts_with("call-") && room.len() == 25, "{room}");
            room
        })
        .collect();
    rooms.sort_unstable();
    rooms.dedup();
    assert_eq!(rooms.len(), 5, "nobody walks into somebody's room");
    let refused = post(server.address, path, &[], body);
    assert_eq!((refused.status, refused.message().contains("too many calls")), (429, true), "{}", refused.body);
    for (path, body) in others {
        assert_eq!(post(server.address, path, &[], body).status, 401, "{path} needs a key all the same");
    }
    let key = key(&desk, &[Scope::Token]);
    let honoured = post(server.address, path, &[("Authorization", &key)], body);
    assert_eq!(honoured.json()["room_name"], json!("call-7"));
}

#[test]
fn administrators_open_the_callers_page_unless_the_configuration_says_it() {
    for (variables, asked, admitted) in [
        (&[][..], None, false),
        (&[], Some(true), true),
        (&[], Some(false), false),
        (&[("CALLSTEAD_PUBLIC_CALLS", "false")], Some(true), false),
        (&[("CALLSTEAD_PUBLIC_CALLS", "true")], Some(false), true),
    ] {
        let desk = Desk::new();
        let key = key(&desk, &[Scope::Admin]);
        let server = Server::start(&desk, &[], &[&PAIR, variables].concat());
        if let Some(asked) = asked {
            let headers = [("Authorization", key.as_str()), ("Content-Type", "application/json")];
            let body = json!({ "publicCalls": asked }).to_string();
            let set = request(server.address, "PATCH", "/api/admin/settings", &headers, body.as_bytes());
            assert_eq!((set.status, &set.json()["publicCalls"]), (200, &json!(asked)));
        }
        let [(path, body), ..] = &right();
        let status = if admitted { 200 } else { 401 };
        assert_eq!(post(server.address, path, &[], body).status, status, "{variables:?} {asked:?}");
    }
}

#[test]
fn a_card_never_travels_in_a_token() {
    let desk = Desk::new();
    let server = Server::start(&desk, &["--dev"], &PAIR);
    for metadata in [
        json!({ "customer": { "creditCardNumber": "4111 1111 1111 1111" } }),
        json!({ "creditCardNumber": 4_111_111_111_111_111_u64 }).to_string().into(),
    ] {
        let body = json!({ "roomName": "r", "participantName": "p", "metadata": metadata });
        let metadata = claims(&post(server.address, "/api/livekit-token", &[], &body).json()).metadata;
        let digits: String = metadata.chars().filter(char::is_ascii_digit).collect();
        assert!(digits.len() <= 10 && digits.ends_with("1111"), "{metadata}");
    }
}

#[test]
fn without_development_mode_a_key_with_the_right_scope_is_needed() {
    let desk = Desk::new();
    let server = Server::start(&desk, &[], &PAIR);
    let (token, dispatch) = (key(&desk, &[Scope::Token]), key(&desk, &[Scope::Dispatch, Scope::Admin]));
    let unknown = format!("Bearer csk_{}", "0".repeat(32));
    for (path, body) in right() {
        let ask = |key: Option<&str>| {
            let headers: Vec<_> = key.map(|key| ("Authorization", key)).into_iter().collect();
            post(server.address, path, &headers, &body)
        };
        for (key, says) in [
            (None, "needs an API key"),
            (Some("Basic abc"), "needs an API key"),
            (Some("Bearer abc"), "not valid"),
            (Some(unknown.as_str()), "not valid"),
        ] {
            let answer = ask(key);
            assert_eq!((answer.status, answer.header("www-authenticate")), (401, Some("Bearer")), "{path} {key:?}");
            assert!(answer.message().contains(says), "{}", answer.body);
        }
        let (right, wrong) = if path.contains("dispatch") { (&dispatch, &token) } else { (&token, &dispatch) };
        assert_eq!(ask(Some(right)).status, 200, "{path}");
        let refused = ask(Some(wrong));
        assert_eq!(refused.status, 403, "{path}");
        assert!(refused.message().contains("needs the scope"), "{}", refused.body);
    }
}

#[test]
fn each_field_that_is_wrong_is_named() {
    let desk = Desk::new();
    let server = Server::start(&desk, &["--dev"], &PAIR);
    let long_name = "x".repeat(10_240);
    for (path, body, field, says) in [
        ("/api/room/token", json!({ "user_name": "a" }), "room_name", "is missing"),
        ("/api/room/token", json!({ "room_name": "", "user_name": "a" }), "room_name", "is empty"),
        ("/api/room/token", json!({ "room_name": long_name, "user_name": "a" }), "room_name", "longer than 256 bytes"),
        ("/api/room/token", json!({ "room_name": 7, "user_name": "a" }), "room_name", "must be a string"),
        ("/api/room/token", json!({ "room_name": "r" }), "user_name", "is missing"),
        ("/api/room/token", json!({ "room_name": "r", "user_name": "a\u{7}" }), "user_name", "control characters"),
        ("/api/token", json!({ "identity": "a" }), "roomName", "is missing"),
        ("/api/token", json!({ "roomName": "r", "identity": null }), "identity", "is missing"),
        ("/api/livekit-token", json!({ "roomName": "r" }), "participantName", "is missing"),
        (
            "/api/livekit-token",
            json!({ "roomName": "r", "participantName": "p", "metadata": [] }),
            "metadata",
            "object or a string",
        ),
        (
            "/api/livekit-token",
            json!({ "roomName": "r", "participantName": "p", "metadata": "m".repeat(600 * 1024) }),
            "metadata",
            "56 KiB",
        ),
        ("/api/dispatch-agent", json!({}), "room_name", "is missing"),
        ("/api/dispatch-agent", json!({ "roomName": " " }), "roomName", "is empty"),
        ("/api/dispatch-agent", json!({ "room_name": "r", "user_name": {} }), "user_name", "must be a string"),
        ("/api/dispatch-agent", json!({ "room_name": "r", "language": "xx" }), "language", "en, ar, zh"),
        ("/api/dispatch-agent", json!({ "room_name": "r", "profile": "x" }), "profile", "one of default"),
        ("/api/dispatch-agent", json!({ "room_name": "r", "metadata": 7 }), "metadata", "an object or a string"),
        (
            "/api/dispatch-agent",
            json!({ "room_name": "r", "metadata": { "notes": "x".repeat(2_000) } }),
            "metadata",
            "longer than 2000 bytes",
        ),
    ] {
        let answer = post(server.address, path, &[], &body);
        assert_eq!(answer.status, 422, "{path} {body:.80} {:.200}", answer.body);
        assert_eq!(answer.json()["errors"][0]["field"], field);
        assert!(answer.message().starts_with(field) && answer.message().contains(says), "{}", answer.body);
    }
    let unknown = post(server.address, "/api/dispatch-agent", &[], &json!({ "room_name": "r", "language": "xx" }));
    assert!(Language::all().all(|language| unknown.message().contains(language.code())));
}

#[test]
fn what_is_unusual_and_right_is_served() {
    let desk = Desk::new();
    let server = Server::start(&desk, &["--dev"], &PAIR);
    for room in ["support/عربي", "📞", "a/b/../c", &"x".repeat(256)] {
        let answer = post(server.address, "/api/token", &[], &json!({ "roomName": room, "identity": "amanda" }));
        assert_eq!(claims(&answer.json()).room.as_str(), room);
    }
    for language in [json!("Arabic"), json!("ar-JO"), json!("auto"), Value::Null] {
        let body = json!({ "room_name": "r", "user_name": "a", "language": language });
        assert_eq!(post(server.address, "/api/dispatch-agent", &[], &body).status, 200, "{body}");
    }
}

#[test]
fn bodies_that_are_no_json_are_refused_clearly() {
    let desk = Desk::new();
    let server = Server::start(&desk, &["--dev"], &PAIR);
    let json = ("Content-Type", "application/json; charset=utf-8");
    let long = vec![b' '; 1024 * 1024 + 1];
    let deep = "[".repeat(100_000);
    for (headers, body, status, says) in [
        (&[json][..], &b"{"[..], 400, "not JSON"),
        (&[json], b"[1]", 400, "must be a JSON object"),
        (&[json], b"\xff", 400, "not JSON"),
        (&[json], deep.as_bytes(), 400, "not JSON"),
        (&[json], &long, 413, "longer than 1 MiB"),
        (&[], b"{}", 415, "Content-Type"),
        (&[("Content-Type", "text/plain")], b"{}", 415, "Content-Type"),
        (&[("Content-Type", "application/x-www-form-urlencoded")], b"roomName=r", 415, "Content-Type"),
    ] {
        let answer = post_bytes(server.address, "/api/token", headers, body);
        assert_eq!(answer.status, status, "{headers:?}: {}", answer.body);
        assert!(answer.message().contains(says), "{}", answer.body);
    }
    let read = ask(server.address, "GET", "/api/token", &[]);
    assert_eq!((read.status, read.header("allow")), (405, Some("POST")));
}

#[test]
fn pages_of_listed_sites_may_call() {
    let desk = Desk::new();
    let server = Server::start(&desk, &[], &[("CALLSTEAD_CORS_ORIGINS", "https://app.example.com")]);
    let preflight = |origin| {
        let headers = [
            ("Origin", origin),
            ("Access-Control-Request-Method", "POST"),
            ("Access-Control-Request-Headers", "authorization,content-type"),
        ];
        ask(server.address, "OPTIONS", "/api/token", &headers)
    };
    let allowed = preflight("https://app.example.com");
    assert_eq!(allowed.status, 200);
    assert_eq!(allowed.header("access-control-allow-origin"), Some("https://app.example.com"));
    for origin in ["https://evil.example", "http://app.example.com", "https://app.example.com:8443", "null"] {
        let refused = preflight(origin);
        assert_eq!(refused.header("access-control-allow-origin"), None, "{origin}");
    }
    // A refusal can be read by the page too.
    let (path, body) = &right()[1];
    let refused = post(server.address, path, &[("Origin", "https://app.example.com")], body);
    assert_eq!(refused.status, 401);
    assert_eq!(refused.header("access-control-allow-origin"), Some("https://app.example.com"));
}

#[test]
fn a_front_end_on_this_machine_may_call_in_development_mode() {
    let desk = Desk::new();
    let server = Server::start(&desk, &["--dev"], &PAIR);
    let (path, body) = &right()[1];
    let local = post(server.address, path, &[("Origin", "http://localhost:3000")], body);
    assert_eq!((local.status, local.header("access-control-allow-origin")), (200, Some("http://localhost:3000")));
    assert_eq!(post(server.address, path, &[("Origin", "https://evil.example")], body).status, 403);
}

#[test]
fn the_address_is_the_one_that_the_client_knows() {
    let desk = Desk::new();
    let url = |server: &Server, headers: &[(&str, &str)], key: &str| {
        let (path, body) = &right()[1];
        let headers = [headers, &[("Authorization", key)]].concat();
        let answer = post(server.address, path, &headers, body);
        answer.json()["url"].as_str().unwrap().to_owned()
    };
    let forwarded = [("Host", "box:1"), ("X-Forwarded-Host", "calls.example.com"), ("X-Forwarded-Proto", "https")];
    let standard = [("Host", "box:1"), ("Forwarded", "for=192.0.2.1;host=calls.example.com;proto=https")];
    {
        let server = Server::start(&desk, &[], &[]);
        let key = key(&desk, &[Scope::Token]);
        assert_eq!(url(&server, &[("Host", "desk.lan:9000")], &key), "ws://desk.lan:9000");
        assert_eq!(url(&server, &forwarded, &key), "ws://box:1", "nobody is trusted unless set");
        assert_eq!(url(&server, &standard, &key), "ws://box:1");
    }
    {
        let server = Server::start(&desk, &[], &[("CALLSTEAD_TRUSTED_PROXIES", "127.0.0.0/8")]);
        let key = key(&desk, &[Scope::Token]);
        assert_eq!(url(&server, &forwarded, &key), "wss://calls.example.com");
        assert_eq!(url(&server, &standard, &key), "wss://calls.example.com");
    }
    let server = Server::start(&desk, &[], &[("CALLSTEAD_PUBLIC_URL", "https://calls.example.com/")]);
    let key = key(&desk, &[Scope::Token]);
    assert_eq!(url(&server, &forwarded, &key), "wss://calls.example.com");
}

#[test]
fn a_key_pair_is_made_once_and_kept_to_its_owner() {
    let desk = Desk::new();
    let issue = || {
        let server = Server::start(&desk, &["--dev"], &[]);
        let (path, body) = &right()[0];
        post(server.address, path, &[], body).json()["token"].as_str().unwrap().to_owned()
    };
    let token = issue();
    let file = desk.data_dir().join("livekit-keys.toml");
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let kept: toml::Table = fs::read_to_string(&file).unwrap().parse().unwrap();
    let text = |name: &str| kept[name].as_str().unwrap().to_owned();
    let keys = Keys { api_key: text("api_key"), api_secret: text("api_secret").into() };
    for token in [token, issue()] {
        assert!(token::verify(&keys, &token, SystemTime::now()).is_ok());
    }
}

#[test]
fn settings_that_are_not_safe_stop_the_start() {
    let desk = Desk::new();
    let start = |variables: &[(&str, &str)]| {
        let mut command = desk.command(&["serve", "--listen", "127.0.0.1:0", "--rtc-port", "0"]);
        error(&command.envs(variables.iter().copied()).output().unwrap(), 7)
    };
    let short = start(&[("LIVEKIT_API_KEY", "APItest"), ("LIVEKIT_API_SECRET", "hunter2")]);
    assert!(short.contains("at least 32 bytes") && !short.contains("hunter2"), "{short}");
    assert!(start(&PAIR[..1]).contains("go together"));
    fs::write(desk.data_dir().join("config.toml"), "[agent]\n[[agent.rules]]\nrooms = '*'\nprofile = 'x'\n").unwrap();
    let rule = start(&[]);
    assert!(rule.contains("config.toml line 4: agent.rules.profile is 'x'"), "{rule}");
}
