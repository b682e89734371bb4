//! `callstead calls`, on a database that a server might just be writing.
use std::{io::Write, process::Stdio, time::Duration};

use callstead::{
    domain::{CallId, Pii, Provider},
    store::{
        Store,
        calls::{self, About, Direction, EndReason, Ended, NewCall},
        turns::{self, NewTurn, Providers, Timings, Tokens, Who},
    },
};
use jiff::Timestamp;

use crate::support::{Desk, error, error_after_notes, first_json, json, text};

/// A call of two turns, kept by a store that stays open as a server's would.
pub(crate) fn keep(store: &Store, started_at: Timestamp, name: &str) -> CallId {
    let id = CallId::random();
    let call = NewCall {
        id: id.clone(),
        room: "call-7".parse().unwrap(),
        caller: "browser-1".parse().unwrap(),
        caller_name: Pii::new(name.to_owned()),
        language: None,
        profile: "default".to_owned(),
        direction: Direction::Inbound,
        started_at,
        about: About::default(),
    };
    let turn = |who, text: &str, at, timings| NewTurn {
        who,
        text: Pii::new(text.to_owned()),
        started: Duration::from_millis(at),
        ended: Duration::from_millis(at + 1500),
        heard: None,
        interrupted: false,
        timings,
        providers: Providers::default(),
        tokens: None,
    };
    let said = [
        turn(Who::Caller, "مرحبا، كيف حالك؟", 2000, Timings::default()),
        NewTurn {
            providers: Providers {
                stt: None,
                llm: Some(Provider::local("llama", "starter-llm")),
                tts: Some(Provider::local("espeak", "ar")),
            },
            tokens: Some(Tokens { prompt: 210, cached: 190, generated: 12 }),
            ..turn(Who::Agent, "\u{1b}[2JVery well.", 4000, Timings { first_audio: Some(530), ..Timings::default() })
        },
    ];
    let ended = Ended { at: started_at + Duration::from_secs(83), reason: EndReason::CallerLeft };
    let write = store.write(move |transaction| {
        calls::start(transaction, &call)?;
        for turn in &said {
            turns::add(transaction, &call.id, turn)?;
        }
        calls::end(transaction, &call.id, ended)
    });
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    assert!(runtime.block_on(write).unwrap());
    id
}

#[test]
fn calls_are_listed_shown_and_deleted_while_the_database_is_open() {
    let desk = Desk::new();
    let store = Store::open(&desk.data_dir()).unwrap();
    let started: Timestamp = "2025-11-09T19:50:30.123Z".parse().unwrap();
    let (id, other) = (keep(&store, started, "Amanda"), keep(&store, started - Duration::from_secs(60), ""));

    let listed = json(&desk.run(&["calls", "list", "--json"]));
    let ids: Vec<_> = listed["calls"].as_array().unwrap().iter().map(|call| call["id"].as_str().unwrap()).collect();
    assert_eq!(ids, [id.as_str(), other.as_str()]);
    let first = &listed["calls"][0];
    assert_eq!(first["started_at"], "2025-11-09T19:50:30.123Z");
    assert_eq!((&first["caller_name"], &first["end_reason"]), (&"Amanda".into(), &"caller_left".into()));
    let recent = json(&desk.run(&["calls", "list", "--since", "2025-11-09T19:50:00Z", "--json"]));
    assert_eq!(recent["calls"].as_array().unwrap().len(), 1);
    let table = text(&desk.run(&["calls", "list", "--limit", "1"]).stdout);
    assert!(table.contains(id.as_str()) && table.contains("1:23") && table.lines().count() == 2, "{table}");

    let shown = json(&desk.run(&["calls", "show", id.as_str(), "--json"]));
    assert_eq!(shown["turns"][0]["text"], "مرحبا، كيف حالك؟");
    let (providers, tokens) = (&shown["turns"][1]["providers"], &shown["turns"][1]["tokens"]);
    assert_eq!(
        *providers,
        serde_json::json!({ "stt": null, "llm": "local/llama:starter-llm", "tts": "local/espeak:ar" })
    );
    assert_eq!(*tokens, serde_json::json!({ "prompt": 210, "cached": 190, "generated": 12 }));
    assert_eq!(shown["turns"][1]["timings_ms"]["first_audio"], 530);
    assert_eq!(shown["turns"][1]["spoken_ms"], serde_json::json!([4000, 5500]));
    let transcript = text(&desk.run(&["calls", "show", id.as_str()]).stdout);
    assert!(transcript.contains("caller  \u{2068}مرحبا، كيف حالك؟\u{2069}\n"), "{transcript}");
    assert!(transcript.contains("[2JVery well.") && !transcript.contains('\u{1b}'), "{transcript}");

    let deleted = json(&desk.run(&["calls", "delete", id.as_str(), "--yes", "--json"]));
    assert_eq!(deleted, serde_json::json!({ "id": id.as_str(), "deleted": true }));
    let gone = error(&desk.run(&["calls", "show", id.as_str()]), 3);
    assert!(gone.contains(&format!("no call '{id}'")) && gone.contains("calls list"), "{gone}");
}

#[test]
fn a_call_is_deleted_only_when_the_user_says_so() {
    let desk = Desk::new();
    let store = Store::open(&desk.data_dir()).unwrap();
    let id = keep(&store, Timestamp::now(), "Amanda");
    let delete = |answer: &str| {
        let mut command = desk.command(&["calls", "delete", id.as_str()]);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        child.stdin.take().unwrap().write_all(answer.as_bytes()).unwrap();
        child.wait_with_output().unwrap()
    };
    for answer in ["", "n\n", "\n", "delete\n"] {
        assert!(error_after_notes(&delete(answer), 1).contains("nothing was deleted"), "{answer:?}");
    }
    assert!(desk.run(&["calls", "show", id.as_str()]).status.success());
    assert!(delete("y\n").status.success());
    error(&desk.run(&["calls", "show", id.as_str()]), 3);
}

#[test]
fn a_call_that_is_not_there_is_told_in_one_line() {
    let desk = Desk::new();
    for id in ["CA_23456789ABCD", "7", "", "../../etc/passwd"] {
        for words in [&["calls", "show", id][..], &["calls", "delete", id, "--yes"]] {
            assert!(error(&desk.run(words), 3).contains("there is no call"), "{words:?}");
        }
    }
    let told = desk.run(&["calls", "show", "7", "--json"]);
    assert_eq!(first_json(&told)["error"]["kind"], "input");
    for words in [&["calls", "list", "--since", "tomorrow-ish"][..], &["calls", "list", "--limit", "0"], &["calls"]] {
        assert_eq!(desk.run(words).status.code(), Some(2), "{words:?}");
    }
}

#[test]
fn a_database_that_cannot_be_used_is_told_and_left_alone() {
    let desk = Desk::new();
    let file = desk.data_dir().join("callstead.db");
    std::fs::write(&file, "no database at all, but long enough to be read as one by its first bytes").unwrap();
    let told = error(&desk.run(&["calls", "list"]), 1);
    assert!(told.contains("is damaged") && told.contains("callstead.db"), "{told}");
    assert!(std::fs::read_to_string(&file).unwrap().starts_with("no database"));
}
