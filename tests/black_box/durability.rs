//! The server is killed in the middle of its work, as a power cut would: what was answered is there when it comes back.

use std::{net::TcpStream, sync::mpsc, thread};

use callstead::{
    domain::{CallId, Pii},
    store::{
        Store,
        api_keys::Scope,
        calls::{self, About, Direction, NewCall},
    },
};
use serde_json::{Value, json};

use crate::{
    http::{Answer, ask, post, try_send},
    support::{Desk, NO_LIMIT, Server, json, key},
};

/// Programs that write at the same time, so that commits are shared.
const WRITERS: usize = 8;
/// Answers that are there before the server is killed.
const ENOUGH: usize = 200;

/// Has many write at once, one after the other each, with what `request` makes of the number of a write; kills the server
/// in the midst of that. Gives the writes that were answered.
fn kill_amid(
    server: Server,
    path: &'static str,
    key: &str,
    request: impl Fn(usize) -> Value + Send + Copy + 'static,
) -> Vec<(usize, Answer)> {
    let (answers, answered) = mpsc::channel();
    let writers: Vec<_> = (0..WRITERS)
        .map(|writer| {
            let (answers, key, address) = (answers.clone(), key.to_owned(), server.address);
            thread::spawn(move || {
                for number in (writer..).step_by(WRITERS) {
                    let Ok(mut stream) = TcpStream::connect(address) else { return };
                    let (host, idempotency) = (address.to_string(), format!("write-{number}"));
                    let headers = [
                        ("Authorization", key.as_str()),
                        ("Content-Type", "application/json"),
                        ("Idempotency-Key", &idempotency),
                    ];
                    let body = request(number).to_string();
                    let Ok(answer) = try_send(&mut stream, &host, "POST", path, &headers, body.as_bytes()) else {
                        return;
                    };
                    if answers.send((number, answer)).is_err() {
                        return;
                    }
                }
            })
        })
        .collect();
    drop(answers);
    let mut all: Vec<_> = answered.iter().take(ENOUGH).collect();
    server.kill();
    all.extend(answered.iter());
    for writer in writers {
        writer.join().unwrap();
    }
    all
}

/// A call that goes on, as the server that is about to be killed would have it.
fn open_call(desk: &Desk) -> CallId {
    let id = CallId::random();
    let call = NewCall {
        id: id.clone(),
        room: "call-7".parse().unwrap(),
        caller: "browser-1".parse().unwrap(),
        caller_name: Pii::default(),
        language: None,
        profile: "default".to_owned(),
        direction: Direction::Inbound,
        started_at: jiff::Timestamp::now(),
        about: About::default(),
    };
    let store = Store::open(&desk.data_dir()).unwrap();
    let write = store.write(move |transaction| calls::start(transaction, &call));
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(write).unwrap();
    id
}

#[test]
fn answers_outlive_the_server() {
    let desk = Desk::new();
    let server = Server::start(&desk, &[], &NO_LIMIT);
    let (key, call) = (key(&desk, &[Scope::Dispatch]), open_call(&desk));
    let path = "/api/dispatch-agent";
    let request = |number| json!({ "room_name": format!("room-{number}") });
    let answered = kill_amid(server, path, &key, request);
    assert!(answered.len() >= ENOUGH);

    let server = Server::start(&desk, &[], &NO_LIMIT);
    for (number, first) in &answered {
        assert_eq!(first.status, 200, "{}", first.body);
        let idempotency = format!("write-{number}");
        let headers = [("Authorization", key.as_str()), ("Idempotency-Key", &idempotency)];
        let again = post(server.address, path, &headers, &request(*number));
        assert_eq!(again.header("idempotency-replayed"), Some("true"), "write {number}: {}", again.body);
        assert_eq!((again.status, &again.body), (first.status, &first.body));
    }
    // Agents are sent once the calls that were cut off have been seen to.
    assert_eq!(post(server.address, path, &[("Authorization", &key)], &request(0)).status, 200);
    let listed = json(&desk.run(&["calls", "list", "--json"]));
    let calls = listed["calls"].as_array().unwrap();
    let cut_off = calls.iter().find(|it| it["id"] == call.as_str()).unwrap();
    assert_eq!(cut_off["end_reason"], "interrupted");
}

#[test]
fn no_answered_lead_is_lost() {
    let desk = Desk::new();
    let server = Server::start(&desk, &[], &NO_LIMIT);
    let key = key(&desk, &[Scope::Desk]);
    let name = |number: usize| format!("Lead {number}");
    let answered = kill_amid(server, "/api/admin/leads", &key, move |number| json!({ "name": name(number) }));
    assert!(answered.len() >= ENOUGH);

    let server = Server::start(&desk, &[], &NO_LIMIT);
    for (number, answer) in &answered {
        assert_eq!(answer.status, 201, "{}", answer.body);
        let location = answer.header("location").unwrap();
        let kept = ask(server.address, "GET", location, &[("Authorization", &key)]);
        assert_eq!(kept.status, 200, "write {number}: {}", kept.body);
        assert_eq!(kept.json()["name"], name(*number));
    }
}
