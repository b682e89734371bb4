//! What a server tells of itself: metrics, the log, the document of its API, and the doctor's question.

use std::{
    io::{BufRead, BufReader, Read},
    net::SocketAddr,
    process::{Child, Stdio},
};

use callstead::store::api_keys::Scope;
use serde_json::Value;

use crate::{
    http::{ask, post},
    support::{Desk, Server, json, key},
};

#[test]
fn metrics_count_by_route_and_never_by_address() {
    let desk = Desk::new();
    let server = Server::start(&desk, &[], &[]);
    for path in ["/health", "/health?token=secret", "/api/room/token", "/call/+4915112345678"] {
        ask(server.address, "GET", path, &[]);
    }
    ask(server.address, "BREW", "/health", &[]);
    let answer = ask(server.address, "GET", "/metrics", &[]);
    assert_eq!(answer.header("content-type"), Some("text/plain; version=0.0.4; charset=utf-8"));
    let shown = &answer.body;
    for line in [
        r#"callstead_http_requests_total{method="GET",route="/health",status="200"} 2"#,
        r#"callstead_http_requests_total{method="GET",route="/api/room/token",status="405"} 1"#,
        r#"callstead_http_requests_total{method="GET",route="none",status="404"} 1"#,
        r#"callstead_http_requests_total{method="other",route="/health",status="405"} 1"#,
        r#"callstead_http_request_duration_seconds_count{method="GET",route="/health"} 2"#,
        "callstead_calls 0",
        "callstead_rooms 0",
    ] {
        assert!(shown.lines().any(|it| it == line), "{line} is not in\n{shown}");
    }
    assert!(!shown.contains("secret") && !shown.contains("+49"), "{shown}");
    let families = shown.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next());
    for family in families {
        assert!(shown.contains(&format!("# HELP {family} ")), "nothing says what {family} is");
    }
    let from_a_proxy = [("X-Forwarded-For", "192.0.2.1")];
    assert_eq!(ask(server.address, "GET", "/metrics", &from_a_proxy).status, 401);
    let [metrics, token] = [Scope::Metrics, Scope::Token].map(|scope| key(&desk, &[scope]));
    for (key, status) in [(metrics, 200), (token, 403)] {
        let headers = [from_a_proxy[0], ("Authorization", &key)];
        assert_eq!(ask(server.address, "GET", "/metrics", &headers).status, status);
    }
}

#[test]
fn doctor_tells_how_requests_went() {
    let desk = Desk::new();
    let server = Server::start(&desk, &[], &[]);
    for path in ["/health", "/nowhere"] {
        ask(server.address, "GET", path, &[]);
    }
    // It is found though it was started with --listen, which no setting says.
    let report = json(&desk.run(&["doctor", "--json"]));
    let checks = report["checks"].as_array().unwrap();
    let check = |name: &str| checks.iter().find(|check| check["check"] == name).unwrap();
    assert_eq!(check("pages' port")["found"], format!("TCP {} is where callstead answers", server.address));
    assert_eq!(check("text messages")["found"], "are kept and not sent: sms.transport is outbox");
    let requests = check("requests");
    assert_eq!(requests["found"], "2 in the last hour, 1 refused (4xx), 0 failed (5xx)");
    assert_eq!(requests["outcome"], "ok");
}

/// A server that logs as JSON, and where it is.
fn logging(desk: &Desk, variables: &[(&str, &str)]) -> (Child, SocketAddr) {
    let mut command = desk.command(&["serve", "--json", "--listen", "127.0.0.1:0", "--rtc-port", "0"]);
    command.args(["--log-format", "json"]).envs(variables.iter().copied());
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut first = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut first).unwrap();
    let started: Value = serde_json::from_str(&first).unwrap();
    let address = started["url"].as_str().unwrap().trim_start_matches("http://").parse().unwrap();
    (child, address)
}

/// Stops it, and gives its log.
fn stopped(mut child: Child) -> String {
    let pid = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    child.wait().unwrap();
    let mut log = String::new();
    child.stderr.take().unwrap().read_to_string(&mut log).unwrap();
    log
}

#[test]
fn a_proxy_that_is_not_listed_is_warned_of_once() {
    const SAYS: &str = "server.trusted_proxies";
    for (listed, warnings) in [("192.0.2.0/24", 1), ("127.0.0.1", 0)] {
        let desk = Desk::new();
        let (child, address) = logging(&desk, &[("CALLSTEAD_TRUSTED_PROXIES", listed)]);
        for client in ["192.0.2.7", "192.0.2.8"] {
            ask(address, "GET", "/health", &[("X-Forwarded-For", client)]);
        }
        ask(address, "GET", "/health", &[]);
        let log = stopped(child);
        assert_eq!(log.lines().filter(|line| line.contains(SAYS)).count(), warnings, "{listed}: {log}");
    }
}

/// A proxy's name for a request is taken over only where it is plain; and no query string is in a log.
#[test]
fn the_log_names_requests() {
    let desk = Desk::new();
    let (child, address) = logging(&desk, &[("CALLSTEAD_TRUSTED_PROXIES", "127.0.0.1")]);
    let named = ask(address, "GET", "/nowhere?access_token=secret", &[("X-Request-Id", "proxy-7.a")]);
    assert_eq!(named.header("x-request-id"), Some("proxy-7.a"));
    let refused = post(address, "/api/token", &[("X-Request-Id", "a b")], &Value::Null);
    let own = refused.header("x-request-id").unwrap();
    assert_eq!((own.len(), &refused.json()["request_id"]), (16, &own.into()));
    let log = stopped(child);
    let lines: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let of = |id: &str| lines.iter().find(|line| line["span"]["request.id"] == id).unwrap();
    assert_eq!(of("proxy-7.a")["http.path"], "/nowhere");
    assert_eq!(of(own)["http.status"], 401);
    assert!(!log.contains("secret"), "{log}");
}

#[test]
fn the_api_describes_itself_and_can_be_tried_out() {
    let desk = Desk::new();
    let server = Server::start(&desk, &[], &[]);
    let document = ask(server.address, "GET", "/api/openapi.json", &[]).json();
    assert_eq!(document["openapi"], "3.1.0");
    assert!(document["paths"]["/api/dispatch-agent"]["post"].is_object());

    let page = ask(server.address, "GET", "/api/docs", &[]);
    let policy = page.header("content-security-policy").unwrap();
    assert!(policy.contains("script-src 'self'") && !policy.contains("http"), "{policy}");
    assert!(!page.body.contains("http://") && !page.body.contains("https://"), "{}", page.body);
    let addresses = page.body.split('"').filter(|text| text.starts_with("/api/docs/") || text.starts_with("/assets/"));
    assert_eq!(addresses.clone().count(), 4);
    for address in addresses {
        assert_eq!(ask(server.address, "GET", address, &[]).status, 200, "{address}");
    }
    for address in ["/api/docs/swagger-initializer.js", "/api/docs/index.html", "/api/docs/..%2fx"] {
        assert_eq!(ask(server.address, "GET", address, &[]).status, 404, "{address}");
    }
    let elsewhere = ask(server.address, "GET", "/", &[]);
    assert!(!elsewhere.header("content-security-policy").unwrap().contains("unsafe-inline"));
}
