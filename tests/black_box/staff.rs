//! Members of staff from outside: logging in by page and by API, what a cookie looks like, who is refused, and how they are
//! made on the command line.

use std::{
    io::Write,
    net::SocketAddr,
    process::{Output, Stdio},
};

use serde_json::{Value, json};
use totp_rs::{Builder, Secret};

use crate::{
    http::{self, Answer, ask, post},
    support::{Desk, Server, error, json as printed, text},
    tls::{self, SELF_SIGNED},
};

const PASSWORD: &str = "correct horse";
const OWNER: &str = "nadia@example.com";
const HTML: (&str, &str) = ("Accept", "text/html");
const OURS: (&str, &str) = ("Sec-Fetch-Site", "same-origin");

/// A command that reads `typed` from stdin.
fn run_with(desk: &Desk, words: &[&str], typed: &str) -> Output {
    let mut command = desk.command(words);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(typed.as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

/// A desk with one administrator, served.
fn served() -> (Desk, Server) {
    let desk = Desk::new();
    printed(&run_with(&desk, &["admin", "create", "--email", OWNER, "--name", "Nadia", "--json"], PASSWORD));
    let server = Server::start(&desk, &[], &[]);
    (desk, server)
}

/// A browser, as far as that matters here: it keeps a cookie and says that a page of ours asks.
struct Browser {
    server: SocketAddr,
    cookie: String,
}

impl Browser {
    fn new(server: &Server) -> Self {
        Self { server: server.address, cookie: String::new() }
    }

    fn logged_in(server: &Server, email: &str, password: &str) -> Self {
        let mut browser = Self::new(server);
        let answer = browser.post("/api/session", &json!({ "email": email, "password": password }));
        assert_eq!(answer.status, 201, "{}", answer.body);
        browser.keep(&answer);
        browser
    }

    fn keep(&mut self, answer: &Answer) {
        let cookie = answer.header("set-cookie").unwrap();
        self.cookie = cookie.split(';').next().unwrap().to_owned();
    }

    fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        let mut stream = std::net::TcpStream::connect(self.server).unwrap();
        let headers = [&[("Cookie", self.cookie.as_str()), OURS], headers].concat();
        http::send(&mut stream, &self.server.to_string(), method, path, &headers, body)
    }

    fn page(&self, path: &str) -> Answer {
        self.send("GET", path, &[HTML], b"")
    }

    fn get(&self, path: &str) -> Answer {
        self.send("GET", path, &[], b"")
    }

    fn delete(&self, path: &str) -> Answer {
        self.send("DELETE", path, &[], b"")
    }

    fn json(&self, method: &str, path: &str, body: &Value) -> Answer {
        self.send(method, path, &[("Content-Type", "application/json")], body.to_string().as_bytes())
    }

    fn post(&self, path: &str, body: &Value) -> Answer {
        self.json("POST", path, body)
    }

    /// What a form sends; blanks and signs must be written as in an address.
    fn form(&self, path: &str, fields: &str) -> Answer {
        let form = ("Content-Type", "application/x-www-form-urlencoded");
        self.send("POST", path, &[HTML, form], fields.as_bytes())
    }

    /// The token that this page's forms carry.
    fn token(&self) -> String {
        between(&self.page("/account").body, "name=\"token\" value=\"").to_owned()
    }
}

#[track_caller]
fn between<'a>(html: &'a str, before: &str) -> &'a str {
    let (_, rest) = html.split_once(before).unwrap_or_else(|| panic!("{before} is not in {html}"));
    rest.split('"').next().unwrap()
}

fn login_form(password: &str, next: &str) -> String {
    format!("email=nadia%40example.com&password={}&next={next}", password.replace(' ', "+"))
}

fn code_of(secret: &str) -> String {
    let secret = Secret::try_from_base32(secret.replace(' ', "")).unwrap();
    Builder::new().with_secret(secret).with_account_name("a").build().unwrap().generate_current().to_string()
}

#[test]
fn a_person_logs_in_on_the_page_and_out_again() {
    let (_desk, server) = served();
    let mut browser = Browser::new(&server);
    let sent_away = browser.page("/account?x=1");
    assert_eq!((sent_away.status, sent_away.header("location")), (303, Some("/login?next=%2Faccount%3Fx%3D1")));
    assert_eq!(browser.get("/account").status, 401, "a program is not sent anywhere");
    assert!(browser.page("/login?next=/account").body.contains("value=\"/account\""));

    let wrong = browser.form("/login", &login_form("wrong", ""));
    assert_eq!((wrong.status, wrong.header("set-cookie")), (401, None));
    assert!(wrong.body.contains("password is wrong") && wrong.body.contains(OWNER), "{}", wrong.body);

    let foreign = ("Origin", "https://evil.example");
    for headers in [&[foreign][..], &[("Sec-Fetch-Site", "cross-site")], &[("Sec-Fetch-Site", "none")], &[]] {
        let headers = [headers, &[("Content-Type", "application/x-www-form-urlencoded"), HTML]].concat();
        let answer = http::post_bytes(server.address, "/login", &headers, login_form(PASSWORD, "").as_bytes());
        assert_eq!((answer.status, answer.header("set-cookie")), (403, None), "{headers:?}");
    }

    for (next, location) in [
        ("", "/desk"),
        ("/account?x=1", "/account?x=1"),
        ("//evil.example", "/desk"),
        ("https://evil.example", "/desk"),
        ("/%5Cevil.example", "/desk"),
    ] {
        let entered = browser.form("/login", &login_form(PASSWORD, next));
        assert_eq!((entered.status, entered.header("location")), (303, Some(location)), "{next}");
        let cookie = entered.header("set-cookie").unwrap();
        assert!(cookie.starts_with("callstead-session=") && cookie.ends_with("; Path=/; HttpOnly; SameSite=Lax"));
    }
    browser.keep(&browser.form("/login", &login_form(PASSWORD, "")));
    let account = browser.page("/account");
    assert!(account.status == 200 && account.body.contains("Nadia") && account.body.contains("127.0.0.1"));
    assert_eq!(browser.page("/login").header("location"), Some("/desk"));
    assert_eq!(browser.page("/").header("location"), Some("/desk"));

    for token in ["", "nonsense", "AAAA"] {
        assert_eq!(browser.form("/logout", &format!("token={token}")).status, 403, "{token}");
    }
    assert_eq!(browser.form("/logout", "x=1").status, 400);
    let out = browser.form("/logout", &format!("token={}", browser.token()));
    assert!(out.header("set-cookie").unwrap().contains("Max-Age=0"));
    assert_eq!(browser.page("/account").status, 303);
}

#[test]
fn a_second_factor_is_set_up_and_asked_for() {
    let (desk, server) = served();
    let mut browser = Browser::logged_in(&server, OWNER, PASSWORD);
    let token = browser.token();
    let begun = browser.form("/account/factor", &format!("token={token}&password=correct+horse"));
    let secret = begun.body.split_once("<code dir=\"ltr\">").unwrap().1.split('<').next().unwrap().to_owned();
    assert!(begun.body.contains("otpauth://totp/Callstead"), "{}", begun.body);
    let slip = browser.form("/account/factor/confirm", &format!("token={token}&code=abc"));
    assert!(slip.status == 422 && slip.body.contains(&secret), "one need not begin anew");
    let code = code_of(&secret);
    let confirm = format!("token={token}&code={code}");
    assert_eq!(browser.form("/account/factor/confirm", &confirm).header("location"), Some("/account?done=factor"));

    let body = json!({ "email": OWNER, "password": PASSWORD });
    let needed = browser.post("/api/session", &body);
    assert_eq!((needed.status, &needed.json()["type"]), (401, &json!("urn:callstead:problem:code-needed")));
    let step = browser.form("/login", &login_form(PASSWORD, "/account"));
    let ticket = between(&step.body, "name=\"ticket\" value=\"").to_owned();
    assert!(step.status == 200 && step.header("set-cookie").is_none());
    let used = browser.form("/login", &format!("ticket={ticket}&code={code}"));
    assert!(used.status == 401 && used.body.contains("used already"), "{}", used.body);

    // Lost: whoever sits at the machine takes it off.
    assert!(desk.run(&["admin", "reset-totp", OWNER]).status.success());
    let entered = browser.post("/api/session", &body);
    assert_eq!((entered.status, &entered.json()["totp"]), (201, &json!(false)));
    browser.keep(&entered);

    let begun = browser.post("/api/account/totp", &json!({ "password": PASSWORD })).json();
    let code = json!({ "code": code_of(begun["secret"].as_str().unwrap()) });
    assert_eq!(browser.post("/api/account/totp/confirm", &code).status, 204);
    assert_eq!(browser.post("/api/account/totp/confirm", &code).status, 409);
    assert_eq!(browser.json("DELETE", "/api/account/totp", &json!({ "password": "wrong" })).status, 422);
    assert_eq!(browser.json("DELETE", "/api/account/totp", &json!({ "password": PASSWORD })).status, 204);
}

#[test]
fn guesses_become_slow() {
    let (_desk, server) = served();
    let browser = Browser::new(&server);
    let guess = || browser.post("/api/session", &json!({ "email": "nobody@example.com", "password": "x" }));
    for _ in 0..5 {
        assert_eq!(guess().message(), "the e-mail address or the password is wrong");
    }
    let refused = guess();
    assert_eq!((refused.status, refused.header("retry-after").is_some()), (429, true), "{}", refused.body);
    assert!(refused.message().contains("try again in"));
    Browser::logged_in(&server, OWNER, PASSWORD);
}

#[test]
fn cookies_are_bound_to_the_host_behind_a_tls_proxy() {
    let (desk, server) = served();
    drop(server);
    let proxy = [("CALLSTEAD_TRUSTED_PROXIES", "127.0.0.1")];
    let server = Server::start(&desk, &[], &proxy);
    let https =
        [("X-Forwarded-Proto", "https"), ("X-Forwarded-Host", "calls.example.com"), ("X-Forwarded-For", "192.0.2.7")];
    let body = json!({ "email": OWNER, "password": PASSWORD });
    let origin = [("Origin", "https://calls.example.com")];
    let entered = post(server.address, "/api/session", &[&https[..], &origin].concat(), &body);
    let cookie = entered.header("set-cookie").unwrap();
    assert!(cookie.starts_with("__Host-callstead=") && cookie.ends_with("; Path=/; HttpOnly; SameSite=Lax; Secure"));
    let secret = cookie.split(';').next().unwrap();
    let with = |cookie: &str| ask(server.address, "GET", "/api/account", &[&https[..], &[("Cookie", cookie)]].concat());
    assert_eq!(with(secret).status, 200);
    assert_eq!(with(&secret.replace("__Host-callstead", "callstead-session")).status, 401, "set in the clear");
    let sessions = ask(server.address, "GET", "/api/account/sessions", &[&https[..], &[("Cookie", secret)]].concat());
    assert_eq!(sessions.json()["items"][0]["address"], "192.0.2.7");
}

#[test]
fn cookies_are_bound_to_the_host_over_tls_of_our_own() {
    let (desk, server) = served();
    drop(server);
    let server = Server::start(&desk, &[], &SELF_SIGNED);
    let authority = desk.data_dir().join("tls/ca.crt");
    let host = format!("localhost:{}", server.address.port());
    let origin = format!("https://{host}");
    let send = |method: &str, path: &str, headers: &[(&str, &str)], body: &str| {
        let mut stream = tls::connect(&server, Some(&authority), "localhost").unwrap();
        http::send(&mut stream, &host, method, path, headers, body.as_bytes())
    };
    let form = [("Content-Type", "application/x-www-form-urlencoded"), ("Origin", origin.as_str()), HTML];
    let entered = send("POST", "/login", &form, &login_form(PASSWORD, ""));
    let cookie = entered.header("set-cookie").unwrap();
    assert!(cookie.starts_with("__Host-callstead=") && cookie.ends_with("; Path=/; HttpOnly; SameSite=Lax; Secure"));
    let cookie = cookie.split(';').next().unwrap();
    assert_eq!(send("GET", "/account", &[("Cookie", cookie)], "").status, 200);
}

#[test]
fn what_a_cookie_changes_comes_from_a_page_of_ours() {
    let (_desk, server) = served();
    let browser = Browser::logged_in(&server, OWNER, PASSWORD);
    let origin = format!("http://{}", server.address);
    let cookie = ("Cookie", browser.cookie.as_str());
    for (headers, status) in [
        (&[][..], 403),
        (&[("Origin", "https://evil.example")], 403),
        (&[("Origin", "null")], 403),
        (&[("Sec-Fetch-Site", "same-site")], 403),
        (&[("Sec-Fetch-Site", "cross-site"), ("Origin", origin.as_str())], 403),
        (&[("Upgrade", "websocket"), ("Connection", "Upgrade")], 403),
        (&[("Origin", origin.as_str())], 204),
    ] {
        let method = if headers.iter().any(|(name, _)| *name == "Upgrade") { "GET" } else { "DELETE" };
        let path = if method == "GET" { "/api/account" } else { "/api/session" };
        let answer = ask(server.address, method, path, &[&[cookie], headers].concat());
        assert_eq!(answer.status, status, "{headers:?} {}", answer.body);
    }
    let body = json!({ "email": OWNER, "password": PASSWORD });
    let foreign = post(server.address, "/api/session", &[("Origin", "https://evil.example")], &body);
    assert_eq!((foreign.status, foreign.header("set-cookie")), (403, None));
    assert_eq!(post(server.address, "/api/session", &[], &body).status, 201, "a program says nothing");
}

#[test]
fn sessions_are_seen_and_ended() {
    let (_desk, server) = served();
    let (one, two) = (Browser::logged_in(&server, OWNER, PASSWORD), Browser::logged_in(&server, OWNER, PASSWORD));
    let items = one.get("/api/account/sessions").json()["items"].as_array().unwrap().clone();
    let current: Vec<_> = items.iter().filter(|item| item["current"] == true).collect();
    assert_eq!((items.len(), current.len()), (2, 1));
    let other = items.iter().find(|item| item["current"] == false).unwrap()["id"].as_str().unwrap();
    let path = format!("/api/account/sessions/{other}");
    assert_eq!((one.delete(&path).status, one.delete(&path).status), (204, 404));
    assert_eq!((one.get("/api/account").status, two.get("/api/account").status), (200, 401));

    let two = Browser::logged_in(&server, OWNER, PASSWORD);
    let change = json!({ "password": PASSWORD, "newPassword": "battery staple" });
    assert!(
        one.post("/api/account/password", &json!({ "password": PASSWORD, "newPassword": "x" }))
            .message()
            .starts_with("newPassword is too short")
    );
    assert_eq!(one.post("/api/account/password", &change).status, 204);
    assert_eq!((one.get("/api/account").status, two.get("/api/account").status), (200, 401));

    let two = Browser::logged_in(&server, OWNER, "battery staple");
    let out = two.form("/account/sessions/end", &format!("token={}", two.token()));
    assert_eq!(out.header("location"), Some("/login?done=logout"));
    assert_eq!((one.get("/api/account").status, two.get("/api/account").status), (401, 401));
}

#[test]
fn an_administrator_invites_promotes_and_disables() {
    let (_desk, server) = served();
    let admin = Browser::logged_in(&server, OWNER, PASSWORD);
    let new = json!({ "email": "omar@example.com", "name": "Omar", "role": "agent", "more": 1 });
    let made = admin.post("/api/admin/users", &new);
    assert_eq!((made.status, made.header("etag")), (201, Some("\"1\"")), "{}", made.body);
    let user = made.json();
    let path = format!("/api/admin/users/{}", user["id"].as_str().unwrap());
    assert_eq!((made.header("location"), &user["state"]), (Some(path.as_str()), &json!("invited")));
    assert_eq!(admin.post("/api/admin/users", &new).message(), "email is somebody else's");
    for (field, value) in [("email", json!("x")), ("name", json!("")), ("role", json!("root")), ("role", json!(7))] {
        let mut wrong = new.clone();
        wrong[field] = value;
        let refused = admin.post("/api/admin/users", &wrong);
        assert_eq!((refused.status, &refused.json()["errors"][0]["field"]), (422, &json!(field)));
    }

    let link = user["link"].as_str().unwrap();
    let link = link.strip_prefix(&format!("http://{}", server.address)).unwrap();
    let guest = Browser::new(&server);
    assert!(guest.page(link).body.contains("omar@example.com"));
    let typed = "name=Omar+K&password=battery+staple&again=battery+staple";
    let slip = guest.form(link, "name=Omar&password=battery+staple&again=battery+stable");
    assert!(slip.status == 422 && slip.body.contains("not the same"));
    assert_eq!(guest.form(link, typed).header("location"), Some("/login?done=welcome"));
    assert_eq!((guest.form(link, typed).status, guest.page(link).status), (409, 409), "it counts once");

    let omar = Browser::logged_in(&server, "omar@example.com", "battery staple");
    assert_eq!((omar.get("/api/account").status, omar.get("/api/admin/users").status), (200, 403));
    let found = admin.get(&path).json();
    assert_eq!((&found["state"], &found["name"]), (&json!("active"), &json!("Omar K")));
    let tag = format!("\"{}\"", found["version"]);
    let change = |tag: &str, body: Value| {
        let headers = [("Content-Type", "application/json"), ("If-Match", tag)];
        admin.send("PATCH", &path, &headers, body.to_string().as_bytes())
    };
    assert_eq!(change("\"1\"", json!({ "role": "admin" })).status, 412);
    assert_eq!(change(&tag, json!({ "role": "admin" })).json()["role"], "admin");
    assert_eq!(omar.get("/api/account").status, 401, "other rights, another session");
    let omar = Browser::logged_in(&server, "omar@example.com", "battery staple");
    assert_eq!(omar.get("/api/admin/users").status, 200);
    assert_eq!(change("*", json!({ "disabled": true })).json()["state"], "disabled");
    assert_eq!(omar.get("/api/account").status, 401, "at once");
    let own = admin.get("/api/account").json()["id"].as_str().unwrap().to_owned();
    let last = admin.json("PATCH", &format!("/api/admin/users/{own}"), &json!({ "role": "viewer" }));
    assert!(last.status == 409 && last.message().contains("only administrator"));

    let first = admin.get("/api/admin/users?limit=1").json();
    let cursor = first["nextCursor"].as_str().unwrap();
    let second = admin.get(&format!("/api/admin/users?limit=1&cursor={cursor}")).json();
    assert_eq!(
        (&first["items"][0]["email"], &second["items"][0]["email"]),
        (&json!(OWNER), &json!("omar@example.com"))
    );
    assert!(second["nextCursor"].is_null());
    for query in ["limit=0", "limit=201", "limit=x", "cursor=-"] {
        assert_eq!(admin.get(&format!("/api/admin/users?{query}")).status, 422, "{query}");
    }

    assert_eq!(admin.post(&format!("{path}/link"), &json!({})).status, 201);
    assert_eq!((admin.delete(&path).status, admin.delete(&path).status), (204, 404));
}

#[test]
fn keys_are_made_and_revoked_and_all_of_it_is_in_the_audit_log() {
    let (desk, server) = served();
    let admin = Browser::logged_in(&server, OWNER, PASSWORD);
    let made =
        admin.post("/api/admin/api-keys", &json!({ "name": "desk", "scopes": ["admin", "read", "admin"] })).json();
    let bearer = format!("Bearer {}", made["key"].as_str().unwrap());
    let with_key = |method: &str, path: &str| ask(server.address, method, path, &[("Authorization", &bearer)]);
    assert_eq!(made["scopes"], json!(["read", "admin"]));
    for scopes in [json!([]), json!(["root"]), json!("admin")] {
        assert_eq!(admin.post("/api/admin/api-keys", &json!({ "name": "desk", "scopes": scopes })).status, 422);
    }
    let listed = with_key("GET", "/api/admin/api-keys");
    assert!(listed.status == 200 && !listed.body.contains(made["key"].as_str().unwrap()), "{}", listed.body);
    assert_eq!(with_key("GET", "/api/account").status, 403, "a program is nobody");
    let id = made["id"].as_str().unwrap();
    let path = format!("/api/admin/api-keys/{id}");
    assert_eq!((admin.delete(&path).status, admin.delete(&path).status), (204, 404));
    assert_eq!(with_key("GET", "/api/admin/users").status, 401, "at once");

    let made = printed(&desk.run(&["admin", "api-key", "create", "--scope", "read", "--name", "n", "--json"]));
    let on_console = admin.get(&format!("/api/admin/audit?entity=api_key&entityId={}", made["id"].as_str().unwrap()));
    assert_eq!(on_console.json()["items"][0]["actorKind"], "console");
    let entries = admin.get(&format!("/api/admin/audit?entity=api_key&entityId={id}")).json();
    let actions: Vec<_> =
        entries["items"].as_array().unwrap().iter().map(|it| it["action"].as_str().unwrap()).collect();
    assert_eq!(actions, ["delete", "create"]);
    let own = admin.get("/api/account").json()["id"].as_str().unwrap().to_owned();
    let page = admin.get(&format!("/api/admin/audit?actor={own}&limit=2")).json();
    assert_eq!((page["items"].as_array().unwrap().len(), &page["items"][0]["actorName"]), (2, &json!("Nadia")));
    let rest =
        admin.get(&format!("/api/admin/audit?actor={own}&cursor={}", page["nextCursor"].as_str().unwrap())).json();
    assert_eq!((&rest["items"][0]["action"], &rest["items"][0]["origin"]), (&json!("login"), &json!("127.0.0.1")));
    assert_eq!(admin.get("/api/admin/audit?entity=nonsense").status, 422);
}

#[test]
fn staff_and_keys_are_listed_like_everything_else() {
    let (_desk, server) = served();
    let admin = Browser::logged_in(&server, OWNER, PASSWORD);
    let invite = |email: &str, name: &str, role: &str| {
        let answer = admin.post("/api/admin/users", &json!({ "email": email, "name": name, "role": role }));
        assert_eq!(answer.status, 201, "{}", answer.body);
    };
    invite("z.adams@example.com", "Adams Zoe", "agent");
    invite("omar@example.org", "عمر حداد", "viewer");
    let emails = |query: &str| {
        let list = admin.get(&format!("/api/admin/users?{query}")).json();
        let items = list["items"].as_array().unwrap_or_else(|| panic!("{list}")).clone();
        let emails: Vec<_> = items.iter().map(|it| it["email"].as_str().unwrap()[..1].to_owned()).collect();
        (emails.join(""), list["nextCursor"].as_str().map(str::to_owned), list["total"].as_u64().unwrap())
    };
    for (query, found) in [
        ("", "noz"),
        ("sort=-email", "zon"),
        ("sort=name", "zno"),
        ("sort=createdAt", "nzo"),
        ("q=ZOE+adams", "z"),
        ("q=example.com", "nz"),
        ("q=%D8%AD%D8%AF%D8%A7%D8%AF", "o"),
        ("q=nobody", ""),
        ("role=viewer", "o"),
        ("state=active", "n"),
        ("state=invited&role=agent", "z"),
    ] {
        assert_eq!(emails(query).0, found, "{query}");
    }
    let (first, next, total) = emails("limit=2&sort=name");
    assert_eq!((first.as_str(), total), ("zn", 3));
    assert_eq!(emails(&format!("limit=2&sort=name&cursor={}", next.unwrap())), ("o".to_owned(), None, 3));
    for query in ["role=root", "state=away", "sort=role", "limit=0", "cursor=x", "format=csv"] {
        assert_eq!(admin.get(&format!("/api/admin/users?{query}")).status, 422, "{query}");
    }

    let key = |name: &str, scope: &str| {
        let made = admin.post("/api/admin/api-keys", &json!({ "name": name, "scopes": [scope] })).json();
        made["id"].as_str().unwrap().to_owned()
    };
    let (desk, metrics) = (key("Front desk", "desk"), key("metrics of the house", "metrics"));
    let at = format!("/api/admin/api-keys/{desk}");
    assert_eq!(admin.get(&at).json()["revokedAt"], Value::Null);
    assert_eq!(admin.delete(&at).status, 204);
    assert!(admin.get(&at).json()["revokedAt"].is_string());
    assert_eq!(admin.get("/api/admin/api-keys/AK_23456789ABCD").status, 404);
    for (query, found) in [
        ("sort=name", &[&desk, &metrics][..]),
        ("sort=-name", &[&metrics, &desk]),
        ("q=FRONT", &[&desk]),
        ("scope=metrics", &[&metrics]),
        ("revoked=true", &[&desk]),
        ("revoked=false", &[&metrics]),
        ("scope=desk&revoked=false", &[]),
    ] {
        let list = admin.get(&format!("/api/admin/api-keys?{query}")).json();
        let ids: Vec<_> = list["items"].as_array().unwrap().iter().map(|it| it["id"].as_str().unwrap()).collect();
        assert_eq!(ids, found.iter().map(|id| id.as_str()).collect::<Vec<_>>(), "{query}");
    }
    assert_eq!(admin.get("/api/admin/api-keys?scope=root").status, 422);
}

#[test]
fn administrators_are_made_at_the_machine() {
    let desk = Desk::new();
    let create = ["admin", "create", "--email", OWNER];
    assert!(error(&run_with(&desk, &create, "short\n"), 3).contains("too short"));
    assert!(error(&run_with(&desk, &create, ""), 2).contains("no password"));
    let made = run_with(&desk, &[&create[..], &["--json"]].concat(), "correct horse\r\nmore\n");
    assert_eq!((&printed(&made)["name"], &printed(&made)["role"]), (&json!("nadia"), &json!("admin")));
    assert!(error(&run_with(&desk, &create, PASSWORD), 3).contains("e-mail address"));
    assert_eq!(desk.run(&["admin", "create", "--email", "x"]).status.code(), Some(2));

    let server = Server::start(&desk, &[], &[]);
    let browser = Browser::logged_in(&server, OWNER, PASSWORD);
    let reset = run_with(&desk, &["admin", "reset-password", OWNER], "battery staple");
    assert!(reset.status.success(), "{}", text(&reset.stderr));
    assert_eq!(browser.get("/api/account").status, 401);
    Browser::logged_in(&server, OWNER, "battery staple");
    assert!(error(&desk.run(&["admin", "disable", OWNER]), 3).contains("only administrator"));
    assert!(error(&desk.run(&["admin", "disable", "nobody@example.com"]), 3).contains("callstead admin list"));
    run_with(&desk, &["admin", "create", "--email", "omar@example.com"], PASSWORD);
    let disabled = printed(&desk.run(&["admin", "disable", OWNER, "--json"]));
    assert_eq!(disabled["state"], "disabled");
    let table = text(&desk.run(&["admin", "list"]).stdout);
    assert!(table.contains("disabled") && table.contains("omar@example.com"), "{table}");
    assert!(desk.run(&["admin", "enable", OWNER]).status.success());
}

#[test]
fn a_log_gets_no_link_for_the_first_admin() {
    let desk = Desk::new();
    let server = Server::start(&desk, &[], &[]);
    assert!(!server.started.to_string().contains("/welcome/"));
    let guest = Browser::new(&server);
    assert_eq!(guest.page(&format!("/welcome/{}", "A".repeat(43))).status, 409);
    assert_eq!(guest.page("/welcome/nonsense").status, 409);
}
