//! Leads and customers from outside: what programs send and get, who may, two who write at once, and what must never be kept.

use std::{fs, io, net::SocketAddr};

use callstead::store::api_keys::Scope;
use serde_json::{Value, json};

use crate::{
    http::{Answer, ask, request},
    support::{Desk, NO_LIMIT, Server, key},
};

pub(crate) const CARD: &str = "4111111111111111";

/// The server, and somebody with a key.
pub(crate) struct Client {
    address: SocketAddr,
    key: String,
}

impl Client {
    pub(crate) fn new(desk: &Desk, server: &Server, scope: Scope) -> Self {
        Self { address: server.address, key: key(desk, &[scope]) }
    }

    pub(crate) fn get(&self, path: &str) -> Answer {
        ask(self.address, "GET", path, &[("Authorization", &self.key)])
    }

    pub(crate) fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        let headers = [&[("Authorization", self.key.as_str())], headers].concat();
        request(self.address, method, path, &headers, body)
    }

    pub(crate) fn json(&self, method: &str, path: &str, body: &Value) -> Answer {
        self.send(method, path, &[("Content-Type", "application/json")], body.to_string().as_bytes())
    }

    #[track_caller]
    pub(crate) fn made(&self, path: &str, body: &Value) -> Value {
        let answer = self.json("POST", path, body);
        assert_eq!(answer.status, 201, "{}", answer.body);
        answer.json()
    }
}

pub(crate) fn wrong_fields(answer: &Answer) -> Vec<String> {
    let fields = answer.json()["errors"].as_array().cloned().unwrap_or_default();
    fields.iter().map(|problem| problem["field"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_lead_is_made_read_changed_and_deleted() {
    let desk = Desk::new();
    let server = Server::start(&desk, &[], &NO_LIMIT);
    let admin = Client::new(&desk, &server, Scope::Admin);
    let answer = admin.json(
        "POST",
        "/api/admin/leads",
        &json!({
            "name": " سارة أحمد ", "phone": "0020 100 123 4567", "email": "sara@example.com", "company": "Acme",
            "source": "web", "language": "Arabic", "notes": "wants a call\nin the morning", "unheard": 1,
        }),
    );
    assert_eq!(answer.status, 201, "{}", answer.body);
    let lead = answer.json();
    let path = answer.header("location").unwrap().to_owned();
    assert_eq!(path, format!("/api/admin/leads/{}", lead["id"].as_str().unwrap()));
    assert_eq!((answer.header("etag"), answer.header("cache-control")), (Some("\"1\""), Some("no-store")));
    let fields: Vec<_> = lead.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(
        fields.join(" "),
        "id name phone email company status source language scriptId notes doNotCall createdAt updatedAt version"
    );
    assert_eq!(
        json!([lead["name"], lead["phone"], lead["status"], lead["language"], lead["scriptId"], lead["doNotCall"]]),
        json!(["سارة أحمد", "+201001234567", "new", "ar", null, false])
    );
    assert_eq!(admin.get(&path).json(), lead);

    let changed = admin.json("PATCH", &path, &json!({ "company": null, "status": "Qualified" }));
    let changed = changed.json();
    assert_eq!(
        (&changed["company"], &changed["status"], &changed["version"]),
        (&Value::Null, &json!("qualified"), &json!(2))
    );
    assert_eq!((&changed["notes"], &changed["createdAt"]), (&lead["notes"], &lead["createdAt"]));
    let same = admin.json("PATCH", &path, &json!({ "status": "qualified" })).json();
    assert_eq!(same, changed, "what changes nothing is no change");

    assert_eq!(admin.send("DELETE", &path, &[], b"").status, 204);
    for method in ["GET", "DELETE"] {
        assert_eq!(admin.send(method, &path, &[], b"").status, 404, "{method}");
    }
    assert_eq!(admin.get("/api/admin/leads").json()["items"], json!([]));
    assert_eq!(admin.get("/api/admin/leads?q=sara").json()["total"], 0);

    let restore = format!("{path}/restore");
    assert_eq!(admin.send("POST", &restore, &[("If-Match", "\"2\"")], b"").status, 412);
    let restored = admin.send("POST", &restore, &[("If-Match", "\"3\"")], b"");
    assert_eq!((restored.status, restored.header("etag")), (200, Some("\"4\"")), "{}", restored.body);
    assert_eq!(admin.get(&path).json(), restored.json());
    assert_eq!(admin.get("/api/admin/leads?q=sara").json()["total"], 1);
    assert_eq!(admin.send("POST", &restore, &[], b"").json(), restored.json(), "who is there stays as they are");
    assert_eq!(admin.send("POST", "/api/admin/leads/LE_nobody/restore", &[], b"").status, 404);
}

#[test]
fn a_customer_has_the_fields_that_front_ends_know() {
    let desk = Desk::new();
    let server = Server::start(&desk, &[], &NO_LIMIT);
    let admin = Client::new(&desk, &server, Scope::Admin);
    let customer = admin.made(
        "/api/admin/customers",
        &json!({
            "userId": 1017, "userName": "Omar Haddad", "userPhone": "+44 20 7946 0958", "creditCardNumber": CARD,
            "bank": "First Bank", "amountDue": "1,500.50", "dueMonth": "2026-11", "overduePeriodInDays": 45,
        }),
    );
    assert_eq!(
        json!([
            customer["userId"],
            customer["userName"],
            customer["userPhone"],
            customer["creditCardNumber"],
            customer["bank"],
            customer["amountDue"],
            customer["dueMonth"],
            customer["overduePeriodInDays"],
        ]),
        json!(["1017", "Omar Haddad", "+442079460958", "411111••••••1111", "First Bank", 1500.5, "2026-11", 45])
    );
    let id = customer["id"].as_str().unwrap();
    for path in [format!("/api/admin/customers/{id}"), "/api/admin/customers/1017".to_owned()] {
        assert_eq!(admin.get(&path).json(), customer, "{path}");
    }
    let taken = admin.json("POST", "/api/admin/customers", &json!({ "userId": "1017", "userName": "Nour" }));
    assert_eq!((taken.status, taken.message().contains("userId")), (409, true));
    let unnamed = admin.made("/api/admin/customers", &json!({ "userName": "Nour" }));
    assert_eq!(unnamed["userId"], unnamed["id"], "one is made");
    for (query, found) in [
        ("overdueDaysFrom=45", "1017"),
        ("overdueDaysFrom=46", ""),
        ("bank=first%20bank", "1017"),
        ("q=haddad&bank=FIRST%20BANK&overdueDaysFrom=1&sort=-amountDue", "1017"),
        ("q=1017", "1017"),
        ("q=020%207946", "1017"),
        ("sort=amountDue&limit=2", &format!("{},1017", unnamed["userId"].as_str().unwrap())),
    ] {
        let items = admin.get(&format!("/api/admin/customers?{query}")).json()["items"].as_array().unwrap().clone();
        let ids: Vec<_> = items.iter().map(|it| it["userId"].as_str().unwrap()).collect();
        assert_eq!(ids.join(","), found, "{query}");
    }
    let deleted = admin.get("/api/admin/customers/1017").json()["id"].as_str().unwrap().to_owned();
    assert_eq!(admin.send("DELETE", "/api/admin/customers/1017", &[], b"").status, 204);
    let nour = admin.made("/api/admin/customers", &json!({ "userId": "1017", "userName": "Nour" }));
    let restore = format!("/api/admin/customers/{deleted}/restore");
    assert_eq!(admin.send("POST", &restore, &[], b"").status, 409, "another one has its userId");
    let nour = format!("/api/admin/customers/{}", nour["id"].as_str().unwrap());
    assert_eq!(admin.json("PATCH", &nour, &json!({ "userId": "1018" })).status, 200);
    assert_eq!(admin.send("POST", &restore, &[], b"").json()["userId"], "1017");
}

#[test]
fn all_that_is_wrong_is_said_at_once() {
    let desk = Desk::new();
    let server = Server::start(&desk, &[], &NO_LIMIT);
    let admin = Client::new(&desk, &server, Scope::Admin);
    let long = "x".repeat(20_000);
    for (path, body, wrong) in [
        ("leads", json!({}), "name"),
        ("leads", json!({ "name": "" , "phone": null }), "name"),
        (
            "leads",
            json!({ "name": 7, "phone": "12", "email": "x", "status": "sold", "language": "xx", "scriptId": "1", "notes": long }),
            "status name phone email language scriptId notes",
        ),
        ("leads", json!({ "name": "Sara", "scriptId": "SC_23456789ABCD" }), "scriptId"),
        ("leads", json!({ "name": "Sara", "phone": "020 7946 0958" }), "phone"),
        (
            "customers",
            json!({ "userId": CARD, "userPhone": true, "bank": 7, "amountDue": -1, "overduePeriodInDays": "soon" }),
            "userId userPhone bank amountDue overduePeriodInDays",
        ),
        ("customers", json!({ "userId": 5 }), "userName"),
    ] {
        let answer = admin.json("POST", &format!("/api/admin/{path}"), &body);
        assert_eq!((answer.status, wrong_fields(&answer).join(" ").as_str()), (422, wrong), "{}", answer.body);
    }
    let json_type: [(&str, &str); 1] = [("Content-Type", "application/json")];
    let large = format!("{{\"notes\":\"{}\"}}", "x".repeat(1024 * 1024));
    for (method, path, headers, body, status) in [
        ("POST", "leads", &json_type[..], "{\"name\":", 400),
        ("POST", "leads", &json_type, "[]", 400),
        ("POST", "leads", &json_type, "", 400),
        ("POST", "leads", &[], "{}", 415),
        ("POST", "leads", &json_type, &large, 413),
        ("PUT", "leads", &json_type, "{}", 405),
        ("POST", "leads/LE_23456789ABCD", &json_type, "{}", 405),
        ("GET", "leads/LE_23456789ABCD", &[], "", 404),
        ("GET", "leads/1", &[], "", 404),
        ("PATCH", "leads/LE_23456789ABCD", &json_type, "{}", 404),
        ("PATCH", "customers/nobody", &json_type, "{}", 404),
        ("DELETE", "customers/%00", &[], "", 404),
        ("GET", "leads/LE_23456789ABCD/communications", &[], "", 404),
        ("POST", "customers/nobody/notes", &json_type, "{\"text\":\"x\"}", 404),
        ("GET", "leads?limit=0", &[], "", 422),
        ("GET", "leads?sort=phone", &[], "", 422),
        ("GET", "leads?cursor=abc", &[], "", 422),
        ("GET", "leads?status=sold", &[], "", 422),
        ("GET", "customers?overdueDaysFrom=x", &[], "", 422),
    ] {
        let answer = admin.send(method, &format!("/api/admin/{path}"), headers, body.as_bytes());
        assert_eq!(answer.status, status, "{method} {path}: {}", answer.body);
        assert!(!answer.message().is_empty());
    }
}

#[test]
fn who_is_not_to_be_asked_gets_neither_calls_nor_messages() {
    let desk = Desk::new();
    let server = Server::start(&desk, &[], &NO_LIMIT);
    let admin = Client::new(&desk, &server, Scope::Admin);
    let phone = "+201001234567";
    let lead = admin.made("/api/admin/leads", &json!({ "name": "Sara", "phone": phone }));
    let customer = admin.made("/api/admin/customers", &json!({ "userId": 7, "userName": "Sara", "userPhone": phone }));
    let path = format!("/api/admin/leads/{}", lead["id"].as_str().unwrap());
    let asks = [
        (format!("{path}/sms"), json!({ "message": "hello" })),
        (format!("{path}/call"), json!({})),
        ("/api/admin/customers/7/sms".to_owned(), json!({ "message": "hello" })),
        ("/api/admin/customers/7/call".to_owned(), json!({})),
    ];
    assert_eq!((admin.json("POST", &asks[0].0, &asks[0].1).status, &customer["doNotCall"]), (201, &json!(false)));
    let changed = admin.json("PATCH", &path, &json!({ "status": "do_not_call" })).json();
    assert_eq!((&changed["status"], &changed["doNotCall"]), (&json!("do_not_call"), &json!(true)));
    for (path, body) in &asks {
        let answer = admin.json("POST", path, body);
        assert!(answer.status == 409 && answer.message().contains("do-not-call list"), "{path}: {}", answer.body);
    }
    let listed = admin.get("/api/admin/do-not-call").json();
    assert_eq!((&listed["total"], &listed["items"][0]["phone"]), (&json!(1), &json!(phone)));
    let entry = listed["items"][0]["id"].as_str().unwrap();
    assert_eq!(admin.get(&format!("/api/admin/audit?entityId={entry}")).json()["items"][0]["action"], "create");

    admin.json("PATCH", &path, &json!({ "status": "new" }));
    assert_eq!(admin.get(&path).json()["doNotCall"], true, "that takes a reason");
    let nameless = admin.made("/api/admin/leads", &json!({ "name": "Omar", "status": "do_not_call" }));
    let call = admin.json("POST", &format!("/api/admin/leads/{}/call", nameless["id"].as_str().unwrap()), &json!({}));
    assert_eq!(call.status, 409, "without a number the status counts: {}", call.body);
}

#[test]
fn scopes_decide() {
    let desk = Desk::new();
    let server = Server::start(&desk, &[], &NO_LIMIT);
    let [read, work, admin, token] =
        [Scope::Read, Scope::Desk, Scope::Admin, Scope::Token].map(|scope| Client::new(&desk, &server, scope));
    let lead = work.made("/api/admin/leads", &json!({ "name": "Sara" }));
    let path = format!("/api/admin/leads/{}", lead["id"].as_str().unwrap());
    assert_eq!((read.get(&path).status, token.get(&path).status), (200, 403));
    for (method, path) in [("POST", "/api/admin/leads"), ("PATCH", path.as_str())] {
        assert_eq!(read.json(method, path, &json!({ "name": "x" })).status, 403, "{method}");
    }
    assert_eq!(work.json("PATCH", &path, &json!({ "name": "x" })).status, 200);
    assert_eq!(work.send("DELETE", &path, &[], b"").status, 403);
    assert_eq!(ask(server.address, "GET", &path, &[]).status, 401);
    assert_eq!(admin.send("DELETE", &path, &[], b"").status, 204);
}

#[test]
fn the_second_of_two_writers_is_told() {
    let desk = Desk::new();
    let server = Server::start(&desk, &[], &NO_LIMIT);
    let desk = Client::new(&desk, &server, Scope::Admin);
    for (entities, name) in [("leads", "name"), ("customers", "userName")] {
        let made = desk.made(&format!("/api/admin/{entities}"), &json!({ name: "Sara" }));
        let path = format!("/api/admin/{entities}/{}", made["id"].as_str().unwrap());
        let patch = |tag: &str, notes: &str| {
            let headers = [("Content-Type", "application/json"), ("If-Match", tag)];
            desk.send("PATCH", &path, &headers, json!({ "notes": notes }).to_string().as_bytes())
        };
        let first = patch("\"1\"", "mine");
        assert_eq!((first.status, first.header("etag")), (200, Some("\"2\"")), "{}", first.body);
        let second = patch("\"1\"", "no, mine");
        assert_eq!((second.status, second.message().contains("somebody else")), (412, true));
        assert_eq!(desk.get(&path).json()["notes"], "mine");
        assert_eq!(patch("*", "whatever").status, 200);
        assert_eq!(desk.send("DELETE", &path, &[("If-Match", "\"1\"")], b"").status, 412);
        assert_eq!(desk.send("DELETE", &path, &[("If-Match", "W/\"3\"")], b"").status, 204);
    }
}

#[test]
fn notes_are_listed_with_the_latest_first() {
    let desk = Desk::new();
    let server = Server::start(&desk, &[], &NO_LIMIT);
    let desk = Client::new(&desk, &server, Scope::Desk);
    desk.made("/api/admin/customers", &json!({ "userId": "7", "userName": "Omar" }));
    let path = "/api/admin/customers/7";
    for number in 0..5 {
        let note = desk.made(&format!("{path}/notes"), &json!({ "text": format!("note {number}, card {CARD}") }));
        assert_eq!((&note["kind"], &note["author"]), (&json!("note"), &json!("test")));
    }
    assert_eq!(wrong_fields(&desk.json("POST", &format!("{path}/notes"), &json!({ "text": " " }))), ["text"]);
    let mut seen = Vec::new();
    let mut query = "limit=2".to_owned();
    loop {
        let page = desk.get(&format!("{path}/communications?{query}")).json();
        assert_eq!(page["total"], 5);
        seen.extend(page["items"].as_array().unwrap().iter().map(|it| it["text"].as_str().unwrap()[5..6].to_owned()));
        let Some(cursor) = page["nextCursor"].as_str() else { break };
        query = format!("limit=2&cursor={cursor}");
    }
    seen.sort_unstable();
    assert_eq!(seen.join(""), "01234");
}

#[test]
fn paging_through_many_neither_loses_nor_repeats_while_rows_are_added() {
    let desk = Desk::new();
    let server = Server::start(&desk, &[], &NO_LIMIT);
    let desk = Client::new(&desk, &server, Scope::Desk);
    for number in 0..250 {
        desk.made("/api/admin/leads", &json!({ "name": format!("Sara {number:03}"), "source": "web" }));
    }
    for base in ["sort=name", "sort=-createdAt", "sort=-name&q=sara&source=web"] {
        let (mut seen, mut cursor, mut pages) = (Vec::new(), String::new(), 0);
        loop {
            let page = desk.get(&format!("/api/admin/leads?limit=40&{base}{cursor}")).json();
            seen.extend(page["items"].as_array().unwrap().iter().map(|it| it["name"].as_str().unwrap().to_owned()));
            let Some(next) = page["nextCursor"].as_str() else { break };
            cursor = format!("&cursor={next}");
            pages += 1;
            desk.made("/api/admin/leads", &json!({ "name": format!("Aaron {pages} {base}"), "source": "web" }));
        }
        let count = seen.len();
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen.len(), count, "{base}");
        assert_eq!(seen.iter().filter(|name| name.starts_with("Sara")).count(), 250, "{base}");
    }
}

/// Whether any file of the data folder has these bytes in it. A running server has files there that come and go; what has
/// gone keeps nothing.
pub(crate) fn keeps(desk: &Desk, text: &str) -> bool {
    let mut folders = vec![desk.data_dir()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            match fs::read(&path) {
                Ok(bytes) if bytes.windows(text.len()).any(|bytes| bytes == text.as_bytes()) => return true,
                Ok(_) => {}
                Err(error) => assert_eq!(error.kind(), io::ErrorKind::NotFound, "{}", path.display()),
            }
        }
    }
    false
}

#[test]
fn a_card_number_is_nowhere_in_the_data_folder() {
    let desk = Desk::new();
    {
        let server = Server::start(&desk, &[], &NO_LIMIT);
        let admin = Client::new(&desk, &server, Scope::Admin);
        let spaced = "4111 1111 1111 1111";
        admin.made(
            "/api/admin/customers",
            &json!({
                "userId": "1", "userName": format!("Omar {CARD}"), "creditCardNumber": spaced, "bank": CARD,
                "notes": format!("{CARD} and {spaced}, found-by-this-word"), "dueMonth": CARD,
            }),
        );
        let text = format!("Sara {CARD}");
        let lead = json!({ "name": text, "company": text, "source": text, "email": format!("{CARD}@example.com"), "notes": spaced });
        let lead = admin.made("/api/admin/leads", &lead);
        let path = format!("/api/admin/leads/{}", lead["id"].as_str().unwrap());
        admin.made(&format!("{path}/notes"), &json!({ "text": text }));
        assert_eq!(admin.json("PATCH", &path, &json!({ "notes": { "creditCardNumber": CARD } })).status, 422);
        assert_eq!(admin.json("POST", "/api/admin/customers", &json!({ "userId": CARD, "userName": "x" })).status, 422);
        admin.get(&format!("/api/admin/leads?q={CARD}"));
    }
    assert!(keeps(&desk, "found-by-this-word"), "the search finds what is there");
    for text in [CARD, "4111 1111 1111 1111", "111111111111"] {
        assert!(!keeps(&desk, text), "{text}");
    }
}
