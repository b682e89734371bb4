//! What the desk works with, over HTTP with keys, on a real server and its database.

use callstead::store::{Store, api_keys::Scope};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::{
    calls::keep,
    http::{Answer, request},
    support::{Desk, Server, error, json as printed, key},
};

/// A server, and a key with a scope.
struct Office {
    desk: Desk,
    server: Server,
    key: String,
}

impl Office {
    fn new(scopes: &[Scope]) -> Self {
        Self::on(Desk::new(), scopes)
    }

    fn on(desk: Desk, scopes: &[Scope]) -> Self {
        let key = key(&desk, scopes);
        let server = Server::start(&desk, &[], &[]);
        Self { desk, server, key }
    }

    fn ask(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &Value) -> Answer {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let usual = [("Authorization", self.key.as_str()), ("Content-Type", "application/json")];
        request(self.server.address, method, path, &[&usual, headers].concat(), body.as_bytes())
    }

    #[track_caller]
    fn get(&self, path: &str) -> Value {
        self.expect("GET", path, &Value::Null, 200)
    }

    /// The answer to a request that is answered with this status; its body as JSON, if it has one.
    #[track_caller]
    fn expect(&self, method: &str, path: &str, body: &Value, status: u16) -> Value {
        let answer = self.ask(method, path, &[], body);
        assert_eq!(answer.status, status, "{method} {path}: {}", answer.body);
        if answer.body.is_empty() { Value::Null } else { answer.json() }
    }

    /// The sentence that refuses a request.
    #[track_caller]
    fn refused(&self, method: &str, path: &str, body: &Value, status: u16) -> String {
        self.expect(method, path, body, status)["detail"].as_str().unwrap().to_owned()
    }

    /// Makes something: its id.
    #[track_caller]
    fn make(&self, path: &str, body: &Value) -> String {
        let answer = self.ask("POST", path, &[], body);
        assert_eq!(answer.status, 201, "{path}: {}", answer.body);
        let made = answer.json();
        let id = made["id"].as_str().unwrap().to_owned();
        assert_eq!(answer.header("location"), Some(format!("{path}/{id}").as_str()));
        assert_eq!(answer.header("etag"), Some("\"1\""));
        if path != "/api/admin/leads" {
            assert_eq!(self.get(&format!("{path}/{id}")), made, "what was made is what is found");
        }
        id
    }
}

fn lead(office: &Office, name: &str, phone: &str) -> String {
    office.make("/api/admin/leads", &json!({ "name": name, "phone": phone }))
}

fn ids(list: &Value) -> Vec<&str> {
    list["items"].as_array().unwrap().iter().map(|item| item["id"].as_str().unwrap()).collect()
}

#[test]
fn a_script_has_versions_and_one_is_live() {
    let office = Office::new(&[Scope::Admin]);
    let scripts = "/api/admin/scripts";
    let content = "Say the amount.\nThen ask for a day. — \u{202b}مرحبا";
    let id = office.make(scripts, &json!({ "name": "Dunning", "content": content, "language": "Arabic" }));
    let at = format!("{scripts}/{id}");
    let made = office.get(&at);
    assert_eq!(
        (&made["content"], &made["language"], &made["description"]),
        (&json!(content), &json!("ar"), &json!(""))
    );
    assert_eq!((&made["liveVersion"], &made["latestVersion"]), (&json!(1), &json!(1)));

    let saved = office.expect("PATCH", &at, &json!({ "content": "Shorter.", "live": false }), 200);
    assert_eq!((&saved["liveVersion"], &saved["latestVersion"], &saved["version"]), (&json!(1), &json!(2), &json!(2)));
    let versions = office.get(&format!("{at}/versions"));
    assert_eq!((&versions["items"][0]["number"], &versions["items"][1]["author"]), (&json!(2), &json!("test")));
    assert_eq!(office.get(&format!("{at}/versions/1"))["content"], content);
    for (body, says) in [
        (json!({ "version": 3 }), "version is none of this script's, which are 1 to 2"),
        (json!({ "version": "x" }), "version must be a version's number, or null"),
        (json!({}), "version is missing"),
    ] {
        assert_eq!(office.refused("POST", &format!("{at}/live"), &body, 422), says);
    }
    assert_eq!(office.expect("POST", &format!("{at}/live"), &json!({ "version": 2 }), 200)["liveVersion"], 2);
    assert_eq!(
        office.expect("POST", &format!("{at}/live"), &json!({ "version": null }), 200)["liveVersion"],
        Value::Null
    );

    let other = office.make(scripts, &json!({ "name": "Welcome", "content": "Hello.", "description": "for new ones" }));
    assert_eq!(ids(&office.get(&format!("{scripts}?q=WELC"))), [other.as_str()]);
    assert_eq!(ids(&office.get(&format!("{scripts}?q=new+welcome&language=en"))), Vec::<&str>::new());
    let first = office.get(&format!("{scripts}?limit=1&sort=name"));
    let cursor = first["nextCursor"].as_str().unwrap();
    let second = office.get(&format!("{scripts}?limit=1&sort=name&cursor={cursor}"));
    assert_eq!((ids(&first), ids(&second)), (vec![id.as_str()], vec![other.as_str()]));

    let profile = json!({ "name": "collector", "scriptId": id });
    let profile = office.make("/api/admin/agent-profiles", &profile);
    assert!(office.refused("DELETE", &at, &Value::Null, 409).contains("the profile 'collector' runs this script"));
    office.expect("PATCH", &format!("/api/admin/agent-profiles/{profile}"), &json!({ "scriptId": null }), 200);
    office.expect("DELETE", &at, &Value::Null, 204);
    assert_eq!(office.refused("GET", &at, &Value::Null, 404), "there is no script with this id");
    assert_eq!(office.get(&format!("{at}/versions/2"))["content"], "Shorter.", "calls name it");
    let long = "x".repeat(256 * 1024 + 1);
    let refused = office.refused("POST", scripts, &json!({ "name": "n", "content": long }), 422);
    assert_eq!(refused, "content is longer than 256 KiB");
}

#[test]
fn stored_profiles_and_rules_are_in_force_at_once() {
    let desk = Desk::new();
    let config =
        "[[agent.profiles]]\nname = 'sales'\nprompt = 'Sell.'\n[[agent.rules]]\nrooms = 'sales-*'\nprofile = 'sales'\n";
    std::fs::write(desk.data_dir().join("config.toml"), config).unwrap();
    let office = Office::on(desk, &[Scope::Admin, Scope::Dispatch]);
    let (profiles, rules) = ("/api/admin/agent-profiles", "/api/admin/room-rules");
    let dispatch = |room: &str, profile: &str| {
        let body = json!({ "roomName": room, "profile": profile });
        office.ask("POST", "/api/dispatch-agent", &[], &body)
    };
    assert_eq!(dispatch("a", "support").status, 422);
    let id = office
        .make(profiles, &json!({ "name": "support", "language": "ar", "greetings": { "ar": "مرحبا", "en": " " } }));
    let made = office.get(&format!("{profiles}/{id}"));
    assert_eq!(
        (&made["greetings"], &made["speed"], &made["source"]),
        (&json!({ "ar": "مرحبا" }), &json!(1.0), &json!("desk"))
    );
    let patient =
        office.expect("PATCH", &format!("{profiles}/{id}"), &json!({ "silenceSeconds": 5, "maxMinutes": "720" }), 200);
    assert_eq!((&patient["silenceSeconds"], &patient["maxMinutes"]), (&json!(5), &json!(720)));
    let usual = office.expect("PATCH", &format!("{profiles}/{id}"), &json!({ "silenceSeconds": null }), 200);
    assert_eq!((&usual["silenceSeconds"], &usual["maxMinutes"]), (&Value::Null, &json!(720)));
    assert_eq!(dispatch("a", "support").status, 200);

    let joins = |room: &str| dispatch(room, "support").json()["note"] == "An agent joins this room by itself.";
    assert!(joins("sales-1") && !joins("support-1"));
    let sent = office.make(rules, &json!({ "pattern": "support-*", "profile": "support" }));
    let quiet = office.make(rules, &json!({ "pattern": "*-1", "profile": null, "place": 1 }));
    assert!(!joins("sales-1") && !joins("support-1") && joins("support-2") && joins("sales-2"));
    office.expect("PATCH", &format!("{rules}/{quiet}"), &json!({ "place": 2 }), 200);
    assert!(joins("support-1") && !joins("sales-1"));
    let listed = office.get(rules);
    assert_eq!(ids(&listed), [sent.as_str(), &quiet, "configuration:1"]);
    assert_eq!((&listed["items"][2]["place"], &listed["items"][2]["source"]), (&json!(3), &json!("configuration")));

    assert!(
        office.refused("DELETE", &format!("{profiles}/{id}"), &Value::Null, 409).contains("room rules send 'support'")
    );
    assert!(office.refused("PATCH", &format!("{profiles}/{id}"), &json!({ "name": "s" }), 409).contains("room rules"));
    let unknown = json!({ "pattern": "x", "profile": "nobody" });
    assert_eq!(office.refused("POST", rules, &unknown, 422), "profile is not known: make such a profile first");
    office.expect("DELETE", &format!("{rules}/{sent}"), &Value::Null, 204);
    office.expect("DELETE", &format!("{profiles}/{id}"), &Value::Null, 204);

    for (method, path) in [
        ("PATCH", format!("{profiles}/configuration:sales")),
        ("DELETE", format!("{profiles}/configuration:default")),
        ("PATCH", format!("{rules}/configuration:1")),
    ] {
        let body = if method == "PATCH" { json!({}) } else { Value::Null };
        assert!(office.refused(method, &path, &body, 409).contains("is of the configuration file"), "{path}");
    }
    assert_eq!(office.get(&format!("{profiles}/configuration:sales"))["isReplaced"], false);
    office.make(profiles, &json!({ "name": "sales" }));
    assert_eq!(office.get(&format!("{profiles}/configuration:sales"))["isReplaced"], true);
    assert!(
        office
            .refused("POST", profiles, &json!({ "name": "sales" }), 409)
            .contains("another profile is called 'sales'")
    );
    for (body, says) in [
        (json!({}), "name is missing"),
        (json!({ "name": "none" }), "name must not be none"),
        (json!({ "name": "n", "speed": 3 }), "speed must be a number from 0.5 to 2"),
        (json!({ "name": "n", "speed": "NaN" }), "speed must be a number from 0.5 to 2"),
        (json!({ "name": "n", "silenceSeconds": 4 }), "silenceSeconds must be a whole number from 5 to 600"),
        (json!({ "name": "n", "maxMinutes": 721 }), "maxMinutes must be a whole number from 1 to 720"),
        (json!({ "name": "n", "greetings": { "xx": "?" } }), "greetings has 'xx', which is no language's code"),
        (json!({ "name": "n", "scriptId": "SC_23456789ABCD" }), "scriptId is not known"),
    ] {
        assert_eq!(office.refused("POST", profiles, &body, 422), says);
    }
}

#[test]
fn promises_and_callbacks_are_kept_and_listed_by_when_they_are_due() {
    let office = Office::new(&[Scope::Desk]);
    let (one, two) = (lead(&office, "Amanda", "+442079460958"), lead(&office, "Bernadette", "+442079460959"));
    let promises = "/api/admin/promises";
    let promise =
        |lead: &str, day: &str| office.make(promises, &json!({ "leadId": lead, "amount": "12.5", "dueOn": day }));
    let (late, soon) = (promise(&one, "2026-12-24"), promise(&two, "2026-12-01"));
    assert_eq!(ids(&office.get(promises)), [soon.as_str(), &late]);
    assert_eq!(ids(&office.get(&format!("{promises}?sort=-dueOn&leadId={one}"))), [late.as_str()]);
    assert_eq!(ids(&office.get(&format!("{promises}?dueUntil=2026-12-01"))), [soon.as_str()]);
    let kept =
        office.expect("PATCH", &format!("{promises}/{soon}"), &json!({ "state": "kept", "note": "in cash" }), 200);
    assert_eq!((&kept["amount"], &kept["note"], &kept["version"]), (&json!(12.5), &json!("in cash"), &json!(2)));
    assert_eq!(ids(&office.get(&format!("{promises}?state=open"))), [late.as_str()]);
    let at = format!("{promises}/{late}");
    assert_eq!(office.ask("PATCH", &at, &[("If-Match", "\"7\"")], &json!({ "state": "kept" })).status, 412);
    assert_eq!(office.ask("PATCH", &at, &[("If-Match", "\"1\"")], &json!({ "state": "broken" })).status, 200);
    for (body, fields) in [
        (json!({}), &["amount", "dueOn", "leadId"][..]),
        (
            json!({ "leadId": one, "customerId": "CU_23456789ABCD", "amount": -1, "dueOn": "soon" }),
            &["customerId", "amount", "dueOn"],
        ),
        (json!({ "leadId": "LE_23456789ABCD", "amount": 1, "dueOn": "2026-12-01" }), &["leadId"]),
        (json!({ "leadId": one, "callId": "CA_23456789ABCD", "amount": 1, "dueOn": "2026-12-01" }), &["callId"]),
    ] {
        let refused = office.expect("POST", promises, &body, 422);
        let wrong: Vec<_> =
            refused["errors"].as_array().unwrap().iter().map(|it| it["field"].as_str().unwrap()).collect();
        assert_eq!(wrong, fields, "{refused}");
    }

    let callbacks = "/api/admin/callbacks";
    let body = json!({ "leadId": one, "dueAt": "2026-12-01T09:00:00+02:00", "reason": "wants to ask her bank" });
    let id = office.make(callbacks, &body);
    assert_eq!(office.get(&format!("{callbacks}/{id}"))["dueAt"], "2026-12-01T07:00:00Z");
    assert_eq!(ids(&office.get(&format!("{callbacks}?dueUntil=2026-12-01T06:59:59Z"))), Vec::<&str>::new());
    office.expect("PATCH", &format!("{callbacks}/{id}"), &json!({ "state": "done" }), 200);
    assert_eq!(ids(&office.get(&format!("{callbacks}?state=done&dueUntil=2026-12-01T07:00:00Z"))), [id.as_str()]);
    assert_eq!(
        office.refused("PATCH", &format!("{callbacks}/{id}"), &json!({ "dueAt": null }), 422),
        "dueAt must not be empty"
    );
}

#[test]
fn promises_and_callbacks_are_deleted_and_written_to_files() {
    let office = Office::new(&[Scope::Admin]);
    let one = lead(&office, "Amanda", "+442079460958");
    let promise = json!({ "leadId": one, "amount": 12.5, "dueOn": "2026-12-01", "note": "=cash, \"today\"" });
    let callback = json!({ "leadId": one, "dueAt": "2026-12-01T07:00:00Z", "reason": "wants to ask her bank" });
    for (list, body, line) in [
        ("promises", promise, format!("{one},,,12.5,2026-12-01,open,\"'=cash, \"\"today\"\"\",")),
        ("callbacks", callback, format!("{one},,,2026-12-01T07:00:00Z,wants to ask her bank,open,")),
    ] {
        let path = format!("/api/admin/{list}");
        let (gone, kept) = (office.make(&path, &body), office.make(&path, &body));
        let file = office.ask("GET", &format!("{path}.csv?leadId={one}"), &[], &Value::Null);
        assert_eq!((file.status, file.header("content-type")), (200, Some("text/csv; charset=utf-8")));
        assert!(file.body.contains(&format!("{kept},{line}")) && file.body.contains(&gone), "{}", file.body);
        let says = format!("format must be json at this address; the list as CSV is at {path}.csv");
        assert_eq!(office.refused("GET", &format!("{path}?format=csv"), &Value::Null, 422), says);

        let at = format!("{path}/{gone}");
        assert_eq!(office.ask("DELETE", &at, &[("If-Match", "\"2\"")], &Value::Null).status, 412);
        assert_eq!(office.ask("DELETE", &at, &[("If-Match", "\"1\"")], &Value::Null).status, 204);
        for method in ["GET", "DELETE"] {
            office.expect(method, &at, &Value::Null, 404);
        }
        office.expect("PATCH", &at, &json!({}), 404);
        assert_eq!(ids(&office.get(&path)), [kept.as_str()]);
        assert!(!office.ask("GET", &format!("{path}.csv"), &[], &Value::Null).body.contains(&gone));
        let entries = office.get(&format!("/api/admin/audit?entityId={gone}&action=delete"));
        assert_eq!(entries["items"][0]["detail"]["before"]["leadId"], json!(one), "what it was stays known");
    }
    assert_eq!(office.expect("GET", "/api/admin/sms?format=csv", &Value::Null, 422)["errors"][0]["field"], "format");
}

#[test]
fn numbers_on_the_list_are_known_in_any_spelling() {
    let office = Office::new(&[Scope::Admin]);
    let list = "/api/admin/do-not-call";
    assert!(office.refused("POST", list, &json!({ "phone": "020 7946 0958" }), 422).contains("set the desk's country"));
    office.expect("PATCH", "/api/admin/settings", &json!({ "country": "gb" }), 200);
    let id = office.make(list, &json!({ "phone": "020 7946 0958", "reason": "asked for it" }));
    let again = office.expect("POST", list, &json!({ "phone": "+44 20 7946 0958" }), 200);
    assert_eq!(
        (&again["id"], &again["reason"], &again["author"]),
        (&json!(id), &json!("asked for it"), &json!("test"))
    );
    assert_eq!(ids(&office.get(&format!("{list}?phone=00442079460958"))), [id.as_str()]);
    assert_eq!(ids(&office.get(&format!("{list}?phone=%2B442079460950"))), Vec::<&str>::new());
    assert!(office.refused("DELETE", &format!("{list}/{id}"), &Value::Null, 422).starts_with("reason is missing"));
    let removed = format!("{list}/{id}?reason=a+mistake");
    assert_eq!(office.ask("DELETE", &removed, &[("If-Match", "\"2\"")], &Value::Null).status, 412);
    office.expect("DELETE", &removed, &Value::Null, 204);
    office.expect("DELETE", &format!("{list}/{id}?reason=a+mistake"), &Value::Null, 404);
}

#[test]
fn who_saves_a_guided_script_is_told_what_is_wrong_with_it() {
    let office = Office::new(&[Scope::Admin]);
    let guided = "name = 'x'\n[[step]]\nid = 'ask'\ntool = 'https://crm.example.com/x'\non.failed = 'end'\n\
        [[step]]\nid = 'end'\nend = 'done'\n";
    let scripts = "/api/admin/scripts";
    let made = office.expect("POST", scripts, &json!({ "name": "Guided", "content": guided }), 201);
    let warnings = made["warnings"].as_array().unwrap();
    assert_eq!((warnings.len(), &warnings[0]["line"]), (1, &json!(2)));
    assert!(warnings[0]["message"].as_str().unwrap().contains("`crm.example.com`"), "{warnings:?}");
    office.expect("PATCH", "/api/admin/settings", &json!({ "scriptHosts": ["crm.example.com"] }), 200);
    let at = format!("{scripts}/{}", made["id"].as_str().unwrap());
    assert_eq!(office.get(&at)["warnings"], json!([]));
    // No call is led by one with faults: it is kept as a draft, or not at all.
    let faulty = "[[step]]\nid = 'a'\nsay = 'x'\nnext = 'b'";
    let refused = office.refused("PATCH", &at, &json!({ "content": faulty }), 422);
    assert!(refused.starts_with("content has faults") && refused.contains("line 1"), "{refused}");
    assert!(office.refused("POST", scripts, &json!({ "name": "n", "content": faulty }), 422).contains("live false"));
    let draft = office.expect("PATCH", &at, &json!({ "content": faulty, "live": false }), 200);
    assert!(!draft["warnings"].as_array().unwrap().is_empty(), "{draft}");
    assert_eq!((&draft["liveVersion"], &draft["latestVersion"]), (&json!(1), &json!(2)));
    let to_be_live = office.refused("POST", &format!("{at}/live"), &json!({ "version": 2 }), 422);
    assert!(to_be_live.starts_with("content has faults"), "{to_be_live}");
    let mended = office.expect("PATCH", &at, &json!({ "content": "Be nice.", "live": true }), 200);
    assert_eq!((&mended["warnings"], &mended["liveVersion"]), (&json!([]), &json!(3)));
}

#[test]
fn settings_are_checked_and_keys_of_others_are_never_shown() {
    let office = Office::new(&[Scope::Admin]);
    let settings = "/api/admin/settings";
    let none = office.get(settings);
    assert_eq!(
        (&none["country"], &none["retentionDays"], &none["version"]),
        (&Value::Null, &json!({ "transcripts": null, "messages": null }), &json!(1))
    );
    let body =
        json!({ "deskName": "Wardour", "currency": "egp", "country": "EG", "retentionDays": { "transcripts": 30 } });
    let set = office.expect("PATCH", settings, &body, 200);
    assert_eq!((&set["currency"], &set["retentionDays"]["transcripts"]), (&json!("EGP"), &json!(30)));
    let set = office.expect("PATCH", settings, &json!({ "deskName": null, "retentionDays": { "messages": 90 } }), 200);
    assert_eq!(set["retentionDays"], json!({ "transcripts": 30, "messages": 90 }));
    assert_eq!((&set["deskName"], &set["country"]), (&Value::Null, &json!("EG")));
    let hosts = json!({ "scriptHosts": ["CRM.example.com", "127.0.0.1:9000", "crm.example.com:443"] });
    let set = office.expect("PATCH", settings, &hosts, 200);
    assert_eq!(set["scriptHosts"], json!(["crm.example.com", "127.0.0.1:9000"]));
    let spoken = json!({ "languages": ["ar", "english"], "voices": { "ar": "kareem" }, "publicCalls": true });
    let set = office.expect("PATCH", settings, &spoken, 200);
    assert_eq!((&set["languages"], &set["voices"]), (&json!(["ar", "en"]), &json!({ "en": null, "ar": "kareem" })));
    let set = office.expect("PATCH", settings, &json!({ "voices": { "en": "espeak" }, "languages": null }), 200);
    assert_eq!((&set["languages"], &set["voices"]), (&json!([]), &json!({ "en": "espeak", "ar": "kareem" })));
    assert_eq!((&set["publicCalls"], &set["setup"]), (&json!(true), &json!({ "isFinished": false, "skipped": [] })));
    assert_eq!(office.get(settings), set);
    assert_eq!(office.ask("PATCH", settings, &[("If-Match", "\"1\"")], &json!({ "country": null })).status, 412);
    for (body, field) in [
        (json!({ "country": "Egypt" }), "country"),
        (json!({ "currency": "£" }), "currency"),
        (json!({ "retentionDays": { "transcripts": 0 } }), "retentionDays.transcripts"),
        (json!({ "retentionDays": { "messages": 0 } }), "retentionDays.messages"),
        (json!({ "retentionDays": 30 }), "retentionDays"),
        (json!({ "scriptHosts": ["https://crm.example.com"] }), "scriptHosts"),
        (json!({ "scriptHosts": "crm.example.com" }), "scriptHosts"),
        (json!({ "languages": ["klingon"] }), "languages"),
        (json!({ "voices": { "ar": 7 } }), "voices.ar"),
        (json!({ "publicCalls": "yes" }), "publicCalls"),
    ] {
        assert_eq!(office.expect("PATCH", settings, &body, 422)["errors"][0]["field"], field);
    }

    let keys = "/api/admin/provider-keys";
    let secret = "sk-live-0123456789abcdef";
    let put = office.expect("PUT", &format!("{keys}/openai"), &json!({ "key": secret }), 200);
    assert_eq!((&put["provider"], &put["hint"]), (&json!("openai"), &json!("cdef")));
    let listed = office.ask("GET", keys, &[], &Value::Null);
    assert!(listed.body.contains("openai") && !listed.body.contains(secret));
    for (path, body) in
        [("openai", json!({})), ("openai", json!({ "key": "two words" })), ("Open%20AI", json!({ "key": "k" }))]
    {
        office.expect("PUT", &format!("{keys}/{path}"), &body, 422);
    }
    office.expect("DELETE", &format!("{keys}/openai"), &Value::Null, 204);
    office.expect("DELETE", &format!("{keys}/openai"), &Value::Null, 404);
}

#[test]
fn calls_are_read_marked_and_deleted() {
    let desk = Desk::new();
    let started: Timestamp = "2025-11-09T19:50:30.123Z".parse().unwrap();
    let (id, other) = {
        let store = Store::open(&desk.data_dir()).unwrap();
        (keep(&store, started, "Amanda"), keep(&store, started - std::time::Duration::from_secs(60), ""))
    };
    let office = Office::on(desk, &[Scope::Admin]);
    let calls = "/api/admin/calls";
    assert_eq!(ids(&office.get(calls)), [id.as_str(), other.as_str()]);
    for (query, expected) in [
        ("since=2025-11-09T19:50:00Z", &[id.as_str()][..]),
        ("until=2025-11-09T19:50:00Z", &[other.as_str()]),
        ("endReason=caller_left&profile=default", &[id.as_str(), other.as_str()]),
        ("language=ar", &[]),
        ("leadId=LE_23456789ABCD", &[]),
        ("outcome=promised", &[]),
    ] {
        assert_eq!(ids(&office.get(&format!("{calls}?{query}"))), expected, "{query}");
    }
    for bad in ["since=yesterday", "endReason=bored", "leadId=7", "sort=room", "limit=0", "cursor=x"] {
        office.expect("GET", &format!("{calls}?{bad}"), &Value::Null, 422);
    }
    let at = format!("{calls}/{id}");
    let whole = office.get(&at);
    assert_eq!(
        (&whole["callerName"], &whole["endReason"], &whole["medium"]),
        (&json!("Amanda"), &json!("caller_left"), &json!("voice"))
    );
    let turn = &whole["turns"][1];
    assert_eq!(
        (&turn["who"], &turn["startedMs"], &turn["stages"]["firstAudioMs"]),
        (&json!("agent"), &json!(4000), &json!(530))
    );
    assert_eq!(turn["providers"], json!({ "stt": null, "llm": "local/llama:starter-llm", "tts": "local/espeak:ar" }));
    assert_eq!(office.expect("PATCH", &at, &json!({ "outcome": "promised" }), 200)["version"], 2);
    assert_eq!(ids(&office.get(&format!("{calls}?outcome=promised"))), [id.as_str()]);
    office.expect("DELETE", &at, &Value::Null, 204);
    office.expect("GET", &at, &Value::Null, 404);
    assert_eq!(ids(&office.get(calls)), [other.as_str()]);
}

/// What may be asked for depends on the key's scope.
#[test]
fn keys_reach_as_far_as_their_scopes() {
    for (scope, reads, works, administrates) in [
        (Scope::Token, 403, 403, 403),
        (Scope::Read, 200, 403, 403),
        (Scope::Desk, 200, 422, 403),
        (Scope::Admin, 200, 422, 422),
    ] {
        let office = Office::new(&[scope]);
        let body = json!({});
        for (method, path, status) in [
            ("GET", "/api/admin/calls", reads),
            ("GET", "/api/admin/agent-profiles", reads),
            ("POST", "/api/admin/promises", works),
            ("POST", "/api/admin/do-not-call", works),
            ("POST", "/api/admin/scripts", administrates),
            ("POST", "/api/admin/room-rules", administrates),
            ("PUT", "/api/admin/provider-keys/openai", administrates),
            ("POST", "/api/admin/persons/erase", administrates),
        ] {
            assert_eq!(office.ask(method, path, &[], &body).status, status, "{scope} {method} {path}");
        }
    }
}

/// The words that any file of the data folder has in it.
fn found<'a>(desk: &Desk, words: &[&'a str]) -> Vec<&'a str> {
    let files = std::fs::read_dir(desk.data_dir()).unwrap().map(|entry| entry.unwrap().path());
    let files: Vec<_> = files.filter(|path| path.is_file()).map(|path| std::fs::read(path).unwrap()).collect();
    let is_in = |word: &str| files.iter().any(|bytes| bytes.windows(word.len()).any(|part| part == word.as_bytes()));
    words.iter().copied().filter(|word| is_in(word)).collect()
}

#[test]
fn an_erased_person_is_gone_from_all_files_of_a_running_server() {
    let desk = Desk::new();
    let store = Store::open(&desk.data_dir()).unwrap();
    let call = keep(&store, Timestamp::now(), "Zephyrine Quattlebaum");
    let office = Office::on(desk, &[Scope::Admin]);
    let erase = "/api/admin/persons/erase";
    let one = office.make("/api/admin/leads", &json!({
        "name": "Zephyrine Quattlebaum", "phone": "+442079460958", "notes": "شهرزاد القرنفلي", "email": "zq@perfume.example",
    }));
    let other = lead(&office, "Bernadette", "+442079460111");
    let (tied_call, tied_lead) = (call.to_string(), one.clone());
    let tie = store.write(move |transaction| {
        let sql = "UPDATE calls SET lead = ?2 WHERE id = ?1";
        Ok(transaction.execute(sql, [tied_call, tied_lead])?)
    });
    assert_eq!(tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(tie).unwrap(), 1);
    drop(store);
    office.make(
        "/api/admin/promises",
        &json!({ "leadId": one, "amount": 1, "dueOn": "2026-12-01", "note": "by Quattlebaum" }),
    );
    office.make("/api/admin/do-not-call", &json!({ "phone": "+442079460958", "reason": "Quattlebaum asked" }));
    let words = ["Quattlebaum", "quattlebaum", "zephyrine", "القرنفلي", "zq@perfume", "442079460958", "كيف حالك"];
    assert_eq!(found(&office.desk, &words), words);
    std::fs::write(office.desk.data_dir().join("callstead.db.v1"), "old").unwrap();

    for body in [json!({}), json!({ "leadId": one, "phone": "+442079460958" }), json!({ "leadId": "x" })] {
        office.expect("POST", erase, &body, 422);
    }
    let answer = office.expect("POST", erase, &json!({ "leadId": one }), 200);
    assert_eq!((&answer["isWiped"], &answer["copies"]), (&json!(true), &json!(["callstead.db.v1"])));
    let counts = ["leads", "calls", "turns", "promises"].map(|what| answer["erased"][what].as_u64().unwrap());
    assert_eq!(counts, [1, 1, 2, 1]);
    assert_eq!(found(&office.desk, &words), Vec::<&str>::new());
    assert_eq!(found(&office.desk, &["Bernadette"]), ["Bernadette"]);

    office.expect("GET", &format!("/api/admin/leads/{one}"), &Value::Null, 404);
    let gone = office.get(&format!("/api/admin/calls/{call}"));
    assert_eq!(
        (&gone["callerName"], &gone["leadId"], &gone["turns"][0]["text"]),
        (&json!(""), &Value::Null, &json!(""))
    );
    let listed = office.get("/api/admin/do-not-call?phone=%2B442079460958");
    assert_eq!((&listed["total"], &listed["items"][0]["phone"]), (&json!(1), &Value::Null));
    office.expect("POST", erase, &json!({ "phone": "+442079460958" }), 404);

    // The command line does the same beside the server.
    let run = |words: &[&str]| office.desk.run(&[&["admin", "erase", "--phone"], words].concat());
    assert!(error(&run(&["07", "--yes"]), 2).contains("after --phone is not a telephone number"));
    assert!(error(&run(&["+442079460112", "--yes"]), 3).contains("nothing is kept of such a person"));
    let done = printed(&run(&["+44 20 7946 0111", "--yes", "--also-copies", "--json"]));
    assert_eq!((&done["erased"]["leads"], &done["copies"]), (&json!(1), &json!([])));
    assert!(!office.desk.data_dir().join("callstead.db.v1").exists());
    office.expect("GET", &format!("/api/admin/leads/{other}"), &Value::Null, 404);
}
