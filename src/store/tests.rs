//! Real files, through the public interface.

use std::{fs, path::Path, time::Duration};

use jiff::Timestamp;
use tempfile::TempDir;

use super::{
    Store, StoreError,
    api_keys::{self, KeySecret, NewKey, Scope},
    audit::Actor,
    calls::{self, About, Call, Direction, EndReason, Ended, Filter, Medium, NewCall},
    communications,
    communications::Contact,
    leads::{self, LeadPatch},
    list,
    turns::{self, NewTurn, Providers, Timings, Tokens, Who},
};
use crate::domain::{CallId, Language, Pii, Provider};

pub(super) fn store() -> (TempDir, Store) {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).unwrap();
    (folder, store)
}

/// So many seconds after some moment.
pub(super) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_762_718_400 + seconds).unwrap()
}

pub(super) fn new_call(started_at: Timestamp) -> NewCall {
    NewCall {
        id: CallId::random(),
        room: "call-7/عربي".parse().unwrap(),
        caller: "browser-1".parse().unwrap(),
        caller_name: Pii::new("Amanda Castlemaine".to_owned()),
        language: Some(Language::ARABIC),
        profile: "default".to_owned(),
        direction: Direction::Inbound,
        started_at,
        about: About::default(),
    }
}

pub(super) fn new_turn(who: Who, text: &str) -> NewTurn {
    NewTurn {
        who,
        text: Pii::new(text.to_owned()),
        started: Duration::from_millis(1200),
        ended: Duration::from_millis(3450),
        heard: (who == Who::Agent).then_some(Duration::from_millis(900)),
        interrupted: who == Who::Agent,
        timings: Timings { end_of_turn: Some(224), total: Some(2100), ..Timings::default() },
        providers: Providers {
            stt: None,
            llm: Some(Provider::local("llama", "starter-llm")),
            tts: Some(Provider { name: "elsewhere".into(), model: None }),
        },
        tokens: Some(Tokens { prompt: 210, cached: 190, generated: 12 }),
    }
}

pub(super) async fn start(store: &Store, call: &NewCall) {
    let call = call.clone();
    store.write(move |transaction| calls::start(transaction, &call)).await.unwrap();
}

pub(super) async fn say(store: &Store, call: &CallId, turn: NewTurn) -> Result<u32, StoreError> {
    let call = call.clone();
    store.write(move |transaction| turns::add(transaction, &call, &turn)).await
}

async fn find(store: &Store, id: &CallId) -> Option<Call> {
    let id = id.clone();
    store.read(move |connection| calls::find(connection, &id)).await.unwrap()
}

#[tokio::test]
async fn a_call_is_kept_from_its_start_to_its_end() {
    let (folder, store) = store();
    let new = new_call(at(0));
    start(&store, &new).await;
    let (id, answered, end) = (new.id.clone(), at(1), Ended { at: at(60), reason: EndReason::CallerLeft });
    let changes = store.write(move |transaction| {
        Ok([
            calls::answer(transaction, &id, answered)?,
            calls::answer(transaction, &id, at(5))?,
            calls::end(transaction, &id, end)?,
            calls::end(transaction, &id, Ended { at: at(90), reason: EndReason::Failed })?,
            calls::end(transaction, &CallId::random(), end)?,
        ])
    });
    assert_eq!(changes.await.unwrap(), [true, true, true, false, false]);
    drop(store);
    let store = Store::open(folder.path()).unwrap();
    let expected = Call {
        id: new.id.clone(),
        room: new.room,
        caller: new.caller,
        caller_name: new.caller_name,
        language: new.language,
        profile: new.profile,
        direction: new.direction,
        started_at: new.started_at,
        answered_at: Some(answered),
        ended: Some(end),
        medium: Medium::Voice,
        lead: None,
        customer: None,
        script: None,
        outcome: None,
        erased_at: None,
        version: 1,
    };
    assert_eq!(find(&store, &new.id).await, Some(expected));
    assert_eq!(find(&store, &CallId::random()).await, None);
}

#[tokio::test]
async fn turns_are_numbered_within_their_call() {
    let (_folder, store) = store();
    let (one, two) = (new_call(at(0)), new_call(at(1)));
    start(&store, &one).await;
    start(&store, &two).await;
    let said = [new_turn(Who::Caller, "مرحبا"), new_turn(Who::Agent, "Hello.")];
    assert_eq!(say(&store, &one.id, said[0].clone()).await.unwrap(), 1);
    assert_eq!(say(&store, &two.id, said[0].clone()).await.unwrap(), 1);
    assert_eq!(say(&store, &one.id, said[1].clone()).await.unwrap(), 2);
    let id = one.id.clone();
    let turns = store.read(move |connection| turns::of_call(connection, &id)).await.unwrap();
    assert_eq!(turns.iter().map(|turn| turn.seq).collect::<Vec<_>>(), [1, 2]);
    assert_eq!(turns.into_iter().map(|turn| turn.turn).collect::<Vec<_>>(), said);
    let stranger = say(&store, &CallId::random(), said[0].clone()).await;
    assert!(matches!(stranger, Err(StoreError::Failed(_))), "{stranger:?}");
}

#[tokio::test]
async fn calls_are_listed_with_the_latest_first() {
    let (_folder, store) = store();
    for seconds in [10, 30, 20] {
        start(&store, &new_call(at(seconds))).await;
    }
    for (since, limit, expected) in
        [(None, 10, &[30, 20, 10][..]), (None, 2, &[30, 20]), (Some(20), 10, &[30, 20]), (Some(31), 10, &[])]
    {
        let filter = Filter { since: since.map(at), limit };
        let calls = store.read(move |connection| calls::list(connection, filter)).await.unwrap();
        let started: Vec<_> = calls.iter().map(|call| call.started_at).collect();
        assert_eq!(started, expected.iter().copied().map(at).collect::<Vec<_>>(), "{filter:?}");
    }
}

#[tokio::test]
async fn calls_that_a_dead_server_left_open_are_closed() {
    let (_folder, store) = store();
    let (silent, spoken, ended) = (new_call(at(0)), new_call(at(10)), new_call(at(20)));
    for call in [&silent, &spoken, &ended] {
        start(&store, call).await;
    }
    say(&store, &spoken.id, new_turn(Who::Caller, "Hello")).await.unwrap();
    let (id, end) = (ended.id.clone(), Ended { at: at(30), reason: EndReason::AgentLeft });
    store.write(move |transaction| calls::end(transaction, &id, end)).await.unwrap();
    assert_eq!(store.write(calls::end_interrupted).await.unwrap(), 2);
    let interrupted = |at| Some(Ended { at, reason: EndReason::Interrupted });
    assert_eq!(find(&store, &silent.id).await.unwrap().ended, interrupted(at(0)));
    let last_word = at(10) + Duration::from_millis(3450);
    assert_eq!(find(&store, &spoken.id).await.unwrap().ended, interrupted(last_word));
    assert_eq!(find(&store, &ended.id).await.unwrap().ended, Some(end));
}

#[tokio::test]
async fn however_a_call_ends_it_stands_with_whom_it_was() {
    let (_folder, store) = store();
    let created = store.change(Actor::console(), at(0), |change| {
        let name = Some(Pii::new("Amanda".to_owned()));
        leads::create(change, &LeadPatch { name, ..LeadPatch::default() })
    });
    let party = Contact::Lead(created.await.unwrap().id);
    let about = About { party: Some(party.clone()), ..About::default() };
    let (hung_up, cut_off) =
        (NewCall { about: about.clone(), ..new_call(at(1)) }, NewCall { about, ..new_call(at(2)) });
    for call in [&hung_up, &cut_off] {
        start(&store, call).await;
    }
    let ended = Ended { at: at(9), reason: EndReason::CallerLeft };
    let over = hung_up.clone();
    for _ in 0..2 {
        let call = over.clone();
        store.write(move |transaction| calls::end_with_note(transaction, &call, ended)).await.unwrap();
    }
    assert_eq!(store.write(calls::end_interrupted).await.unwrap(), 1);
    let with = communications::with(&party);
    let page = list::Page::first(&communications::TABLE, 10);
    let notes = store.read(move |connection| communications::page(connection, &with, &page)).await.unwrap().items;
    let notes: Vec<_> = notes.into_iter().map(|note| (note.call, note.outcome)).collect();
    let expected = [(cut_off.id, "interrupted"), (hung_up.id, "caller_left")];
    assert_eq!(notes, expected.map(|(id, outcome)| (Some(id), Some(outcome.to_owned()))));
}

/// Whether `text` is in any file of `folder`.
pub(super) fn is_found(folder: &Path, text: &str) -> bool {
    let files = fs::read_dir(folder).unwrap().map(|entry| fs::read(entry.unwrap().path()).unwrap());
    files.into_iter().any(|bytes| bytes.windows(text.len()).any(|window| window == text.as_bytes()))
}

#[tokio::test]
async fn what_is_erased_can_no_longer_be_found() {
    let (folder, store) = store();
    let (kept, gone) = (new_call(at(0)), new_call(at(1)));
    for (call, name, text) in [(&kept, "Bernadette", "the yellow house"), (&gone, "Leopoldina", "a purple bicycle")] {
        start(&store, &NewCall { caller_name: Pii::new(name.to_owned()), ..call.clone() }).await;
        for number in 0..40 {
            say(&store, &call.id, new_turn(Who::Caller, &format!("{text} {number}"))).await.unwrap();
        }
    }
    assert!(is_found(folder.path(), "Leopoldina") && is_found(folder.path(), "purple bicycle"));
    for deleted in [true, false] {
        let id = gone.id.clone();
        assert_eq!(store.erase(move |transaction| calls::delete(transaction, &id)).await.unwrap(), deleted);
    }
    assert!(!is_found(folder.path(), "Leopoldina") && !is_found(folder.path(), "purple bicycle"));
    assert!(is_found(folder.path(), "Bernadette") && is_found(folder.path(), "yellow house"));
    let id = gone.id.clone();
    assert!(store.read(move |connection| turns::of_call(connection, &id)).await.unwrap().is_empty());
}

#[tokio::test]
async fn two_stores_on_one_file_do_not_disturb_each_other() {
    let (folder, one) = store();
    let two = Store::open(folder.path()).unwrap();
    for round in 0..10 {
        let (left, right) = (new_call(at(round)), new_call(at(round)));
        tokio::join!(start(&one, &left), start(&two, &right));
        assert!(find(&one, &right.id).await.is_some() && find(&two, &left.id).await.is_some());
    }
}

#[test]
fn the_last_handle_may_go_after_the_runtime() {
    let (_folder, store) = store();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    assert!(runtime.block_on(store.read(api_keys::list)).unwrap().is_empty());
    drop(runtime);
    drop(store);
}

#[tokio::test]
async fn a_key_is_found_by_its_secret_until_it_is_revoked() {
    let (folder, store) = store();
    let new = NewKey { name: "front end".to_owned(), scopes: vec![Scope::Token, Scope::Dispatch], created_at: at(0) };
    let (key, secret) = store.write(move |transaction| api_keys::create(transaction, &new)).await.unwrap();
    assert!(secret.reveal().starts_with(&key.prefix) && secret.reveal().len() == 36, "{}", secret.reveal().len());
    assert_eq!(KeySecret::parse(secret.reveal()).as_ref(), Some(&secret));
    assert!(!is_found(folder.path(), secret.reveal()), "only its digest is kept");
    let find = async |secret: &KeySecret| {
        let secret = secret.clone();
        store.read(move |connection| api_keys::find(connection, &secret)).await.unwrap()
    };
    assert_eq!(find(&secret).await, Some(key.clone()));
    assert!(key.may(Scope::Token) && !key.may(Scope::Admin));
    let other = KeySecret::parse(&format!("csk_{}", "a".repeat(32))).unwrap();
    assert_eq!(find(&other).await, None);
    for bad in ["", "csk_", "csk_é", &format!("csk_{}", "a".repeat(33)), &format!("csk-{}", "a".repeat(32))] {
        assert_eq!(KeySecret::parse(bad), None, "{bad}");
    }

    assert!(api_keys::is_use_worth_noting(&key, at(1)));
    let id = key.id.clone();
    store.write(move |transaction| api_keys::note_use(transaction, &id, at(1))).await.unwrap();
    let used = find(&secret).await.unwrap();
    assert_eq!(used.last_used_at, Some(at(1)));
    assert!(!api_keys::is_use_worth_noting(&used, at(60)) && api_keys::is_use_worth_noting(&used, at(61)));

    for revoked in [true, false] {
        let id = key.id.clone();
        assert_eq!(store.write(move |transaction| api_keys::revoke(transaction, &id, at(9))).await.unwrap(), revoked);
    }
    assert_eq!(find(&secret).await, None);
    let keys = store.read(api_keys::list).await.unwrap();
    assert_eq!(keys.iter().map(|key| key.revoked_at).collect::<Vec<_>>(), [Some(at(9))]);
}

#[test]
fn nothing_personal_is_in_debug_output() {
    let secret = KeySecret::parse(&format!("csk_{}", "a".repeat(32))).unwrap();
    let debug = format!("{:?} {:?} {secret:?}", new_call(at(0)), new_turn(Who::Caller, "my secret"));
    for hidden in ["Amanda", "my secret", "aaaa"] {
        assert!(!debug.contains(hidden), "{debug}");
    }
}
