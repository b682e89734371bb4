use std::{fs, os::unix::fs::PermissionsExt};

use livekit_protocol::participant_info::Kind;
use serde_json::{Value, json};

use super::*;
use crate::config::{Livekit, Secret};

const SECRET: &str = "secret-of-the-tests-32-bytes-long";
/// When the tokens below were made, by LiveKit's own libraries; they live for ten minutes.
const MADE: u64 = 1_795_240_440;
/// npm livekit-server-sdk 2
const OF_NODE: &str = concat!(
    "eyJhbGciOiJIUzI1NiJ9.eyJtZXRhZGF0YSI6IntcImFcIjoxfSIsImF0dHJpYnV0ZXMiOnsiayI6InYifSwibmFtZSI6IkFtYW5kYSIsInZpZGVvI",
    "jp7InJvb20iOiJjYWxsLTciLCJyb29tSm9pbiI6dHJ1ZSwiY2FuUHVibGlzaCI6dHJ1ZSwiY2FuU3Vic2NyaWJlIjp0cnVlLCJjYW5QdWJsaXNoU29",
    "1cmNlcyI6WyJtaWNyb3Bob25lIl19LCJpc3MiOiJBUEl0ZXN0IiwiZXhwIjoxNzk1MjQxMDQwLCJuYmYiOjE3OTUyNDA0NDAsInN1YiI6Im5vZGUtY",
    "2FsbGVyIn0.lBYlLsdBklhFql8Vc4x6U4aT4UM3l_hEwuVBK9T-ya0",
);
/// PyPI livekit-api 1
const OF_PYTHON: &str = concat!(
    "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJuYW1lIjoiXHUwNjIzXHUwNjQ1XHUwNjI3XHUwNjQ2XHUwNjJmXHUwNjI3Iiwia2luZCI6ImFnZ",
    "W50IiwibWV0YWRhdGEiOiJ4IiwidmlkZW8iOnsicm9vbUpvaW4iOnRydWUsInJvb20iOiJzdXBwb3J0L1x1MDYzOVx1MDYzMVx1MDYyOFx1MDY0YSI",
    "sImNhblB1Ymxpc2giOnRydWUsImNhblN1YnNjcmliZSI6dHJ1ZSwiY2FuUHVibGlzaERhdGEiOnRydWUsImNhblB1Ymxpc2hTb3VyY2VzIjpbIm1pY",
    "3JvcGhvbmUiXSwiY2FuVXBkYXRlT3duTWV0YWRhdGEiOnRydWUsImhpZGRlbiI6dHJ1ZX0sImF0dHJpYnV0ZXMiOnsiayI6InYifSwic3ViIjoicHk",
    "tY2FsbGVyIiwiaXNzIjoiQVBJdGVzdCIsIm5iZiI6MTc5NTI0MDQ0MCwiZXhwIjoxNzk1MjQxMDQwfQ.tpekT787yhgbWxEQR-vXdv3SNyyZv1qNpp",
    "cP1LoBZ00",
);

fn keys() -> Keys {
    Keys { api_key: "APItest".to_owned(), api_secret: SECRET.into() }
}

fn at(seconds: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(seconds)
}

/// A token of these claims under this header, signed with `secret`.
fn signed(header: &Value, claims: &Value, secret: &str) -> String {
    let part = |value: &Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
    let message = format!("{}.{}", part(header), part(claims));
    let key = EncodingKey::from_secret(secret.as_bytes());
    let signature = jsonwebtoken::crypto::sign(message.as_bytes(), &key, Algorithm::HS256).unwrap();
    format!("{message}.{signature}")
}

fn good() -> Value {
    json!({ "iss": "APItest", "sub": "me", "exp": MADE + 600, "video": { "room": "r", "roomJoin": true } })
}

/// The result for good claims with `changes` over them; null takes a claim away.
fn changed(changes: &Value) -> Result<Claims, TokenError> {
    let mut claims = good();
    for (name, value) in changes.as_object().unwrap() {
        claims[name] = value.clone();
    }
    verify(&keys(), &signed(&json!({ "alg": "HS256" }), &claims, SECRET), at(MADE))
}

#[test]
fn tokens_of_livekits_libraries_are_understood() {
    let node = verify(&keys(), OF_NODE, at(MADE)).unwrap();
    assert_eq!((node.identity.as_str(), node.room.as_str(), node.name.as_str()), ("node-caller", "call-7", "Amanda"));
    assert_eq!((node.metadata.as_str(), node.attributes["k"].as_str(), node.kind), (r#"{"a":1}"#, "v", Kind::Standard));
    assert_eq!((node.not_before, node.expires), (MADE, MADE + 600));
    let only_microphone = Grants { can_publish_sources: vec!["microphone".to_owned()], ..Grants::default() };
    assert_eq!(node.grants, only_microphone);

    let python = verify(&keys(), OF_PYTHON, at(MADE)).unwrap();
    assert_eq!((python.room.as_str(), python.name.as_str()), ("support/عربي", "أماندا"));
    assert_eq!(python.kind, Kind::Agent);
    assert_eq!(python.grants, Grants { can_update_own_metadata: true, hidden: true, ..only_microphone });
}

#[test]
fn what_is_minted_is_verified() {
    let mut claims = Claims::new("me".parse().unwrap(), "r/🎧".parse().unwrap(), at(MADE), Duration::from_secs(60));
    for kind in [Kind::Standard, Kind::Agent, Kind::Sip] {
        claims.kind = kind;
        claims.grants.agent = kind == Kind::Agent;
        assert_eq!(verify(&keys(), &mint(&keys(), &claims), at(MADE)), Ok(claims.clone()));
        claims.name = "Amanda".to_owned();
        claims.metadata = "about \"her\"".to_owned();
        claims.attributes.insert("k".to_owned(), "v".to_owned());
        claims.grants.can_publish_data = false;
        claims.not_before = 0;
    }
    assert!(!format!("{claims:?}").contains("Amanda"));
}

#[test]
fn absent_grants_are_as_livekit_takes_them() {
    let grants = |video: Value| {
        let mut video = video;
        video["room"] = json!("r");
        video["roomJoin"] = json!(true);
        changed(&json!({ "video": video })).unwrap().grants
    };
    assert_eq!(grants(json!({ "canPublish": null, "agent": null, "roomAdmin": true })), Grants::default());
    let silent = Grants { can_publish: false, can_publish_data: false, ..Grants::default() };
    assert_eq!(grants(json!({ "canPublish": false })), silent);
    assert_eq!(changed(&json!({ "kind": "toaster", "sha256": "x", "roomConfig": {} })).unwrap().kind, Kind::Standard);
}

#[test]
fn the_server_api_needs_no_room_to_join() {
    let api = |video: Value| {
        let claims = json!({ "iss": keys().api_key, "exp": MADE + 60, "video": video });
        verify_api(&keys(), &signed(&json!({ "alg": "HS256" }), &claims, SECRET), at(MADE))
    };
    assert_eq!(
        api(json!(null)).unwrap(),
        ApiClaims { grants: ApiGrants::default(), room: String::new(), agent: false }
    );
    let admin = api(json!({ "roomAdmin": true, "room": "r", "destinationRoom": "s", "agent": true })).unwrap();
    assert!(admin.administers("r") && !admin.administers("s") && admin.agent);
    assert!(admin.moves("r", "s") && !admin.moves("r", "t") && !admin.moves("s", "s"));
    assert!(!api(json!({ "room": "r" })).unwrap().administers("r"));
    let wide = api(json!({ "roomCreate": true, "roomList": true, "roomRecord": null })).unwrap().grants;
    assert_eq!((wide.room_create, wide.room_list, wide.room_record), (true, true, false));
    assert_eq!(verify(&keys(), &mint_for_body(&keys(), "x".to_owned(), at(MADE)), at(MADE)), Err(TokenError::NoJoin));
}

#[test]
fn a_refreshed_token_keeps_what_its_room_is_to_be() {
    let config = json!({ "emptyTimeout": 7, "agents": [{ "agentName": "helper" }], "madeUp": 1 });
    let video = json!({ "room": "r", "roomJoin": true, "roomAdmin": true, "canManageAgentSession": true });
    let claims = changed(&json!({ "video": video, "roomConfig": config, "roomPreset": "p" })).unwrap();
    assert_eq!(claims.room_config.as_ref().unwrap().agents[0].agent_name, "helper");
    assert!(claims.api.room_admin && claims.grants.can_manage_agent_session);
    assert_eq!(verify(&keys(), &mint(&keys(), &claims), at(MADE)), Ok(claims));
}

#[test]
fn the_limits_of_time_have_a_little_leeway() {
    let leeway = LEEWAY.as_secs();
    for (claim, now, expected) in [
        ("exp", MADE + leeway - 1, Ok(())),
        ("exp", MADE + leeway, Err(TokenError::Expired)),
        ("nbf", MADE - leeway, Ok(())),
        ("nbf", MADE - leeway - 1, Err(TokenError::NotYet)),
    ] {
        for time in [json!(MADE), json!(MADE as f64 + 0.5)] {
            let mut claims = good();
            claims[claim] = time;
            let token = signed(&json!({ "alg": "HS256" }), &claims, SECRET);
            assert_eq!(verify(&keys(), &token, at(now)).map(drop), expected, "{claim} at {now}");
        }
    }
    assert!(changed(&json!({ "exp": u64::MAX, "nbf": -1 })).is_ok());
    assert_eq!(changed(&json!({ "exp": -1 })), Err(TokenError::Expired));
    assert_eq!(changed(&json!({ "nbf": 1e300 })), Err(TokenError::NotYet));
}

#[test]
fn each_fault_has_its_error() {
    for (changes, error) in [
        (json!({ "exp": null }), TokenError::NoExpiry),
        (json!({ "exp": "tomorrow" }), TokenError::Malformed),
        (json!({ "iss": "APIother" }), TokenError::Issuer),
        (json!({ "iss": null }), TokenError::Issuer),
        (json!({ "aud": "somebody" }), TokenError::Audience),
        (json!({ "aud": [] }), TokenError::Audience),
        (json!({ "video": null }), TokenError::NoJoin),
        (json!({ "video": { "room": "r" } }), TokenError::NoJoin),
        (json!({ "video": { "room": "r", "roomJoin": false } }), TokenError::NoJoin),
        (json!({ "video": { "roomJoin": true } }), TokenError::Room(BadName::Empty)),
        (json!({ "video": { "room": "x".repeat(10_240), "roomJoin": true } }), TokenError::Room(BadName::TooLong)),
        (json!({ "sub": null }), TokenError::Identity(BadName::Empty)),
        (json!({ "sub": "a\nb" }), TokenError::Identity(BadName::Control)),
        (json!({ "attributes": [1] }), TokenError::Malformed),
        (json!({ "metadata": "x".repeat(MAX_BYTES) }), TokenError::TooLong),
    ] {
        assert_eq!(changed(&changes), Err(error), "{changes:.80}");
    }
    assert!(changed(&json!({ "aud": AUDIENCE })).is_ok());
    assert!(changed(&json!({ "aud": ["x", AUDIENCE] })).is_ok());
}

#[test]
fn only_our_signature_counts() {
    let check = |token: &str| verify(&keys(), token, at(MADE)).map(drop);
    assert_eq!(check(&signed(&json!({ "alg": "HS256" }), &good(), "another-secret")), Err(TokenError::Signature));
    for algorithm in ["none", "None", "RS256", "HS512", "hs256"] {
        let token = signed(&json!({ "alg": algorithm }), &good(), SECRET);
        assert_eq!(check(&token), Err(TokenError::Algorithm), "{algorithm}");
        let unsigned = &token[..=token.rfind('.').unwrap()];
        assert_eq!(check(unsigned), Err(TokenError::Algorithm), "{algorithm}");
    }
    let (message, _) = OF_NODE.rsplit_once('.').unwrap();
    assert_eq!(check(&format!("{message}.")), Err(TokenError::Signature));
    assert_eq!(check(message), Err(TokenError::Malformed));
    for garbage in ["", ".", "..", "a.b.c", "😀.😀.😀", &format!("{OF_NODE}.x")] {
        assert_eq!(check(garbage), Err(TokenError::Malformed), "{garbage}");
    }
}

#[test]
fn a_refreshed_token_lives_no_longer_than_the_first() {
    let claims = |life| Claims::new("me".parse().unwrap(), "r".parse().unwrap(), at(MADE), Duration::from_secs(life));
    let life = |claims: Claims| {
        let later = claims.refreshed(at(MADE + 50));
        (later.not_before - MADE, later.expires - MADE)
    };
    assert_eq!(life(claims(60)), (50, 110));
    assert_eq!(life(claims(24 * 60 * 60)), (50, 650));
    let of_old = Claims { not_before: 0, ..claims(60) };
    assert_eq!(of_old.refreshed(at(MADE + 50)), of_old);
}

fn settings(api_key: Option<&str>, api_secret: Option<&str>) -> Livekit {
    Livekit {
        url: None,
        api_key: api_key.map(str::to_owned),
        api_secret: api_secret.map(Secret::from),
        agent_name: "callstead".to_owned(),
    }
}

#[test]
fn a_pair_that_is_set_is_used_when_it_is_safe() {
    let folder = tempfile::tempdir().unwrap();
    let open = |key, secret| Keys::open(&settings(key, secret), folder.path());
    assert_eq!(open(Some("APItest"), Some(SECRET)).unwrap(), keys());
    assert!(matches!(open(Some("APItest"), Some("short")), Err(KeysError::Short)));
    assert!(matches!(open(Some("APItest"), None), Err(KeysError::Half)));
    assert!(matches!(open(None, Some(SECRET)), Err(KeysError::Half)));
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn a_pair_is_made_once_and_is_the_owners_only() {
    let folder = tempfile::tempdir().unwrap();
    let open = || Keys::open(&settings(None, None), folder.path());
    let made = open().unwrap();
    assert_eq!(open().unwrap(), made);
    assert!(made.api_key.starts_with("API") && made.api_secret.reveal().len() >= SHORTEST_SECRET);
    let file = folder.path().join("livekit-keys.toml");
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    for damaged in ["", "api_key = ''", "api_key = 'x'\napi_secret = 'short'", "\0"] {
        fs::write(&file, damaged).unwrap();
        assert!(matches!(open(), Err(KeysError::Damaged(_))), "{damaged}");
    }
    fs::remove_file(&file).unwrap();
    fs::create_dir(&file).unwrap();
    assert!(matches!(open(), Err(KeysError::File { .. })));
}
