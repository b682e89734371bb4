//! The server from outside, on port 0 with a data folder of its own.
use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpStream},
    process::{Child, Command, Stdio},
    thread,
};

use callstead::{
    app::Application,
    call::readiness::{self, EngineInfo, EngineKind, Missing, Readiness, ReadinessSender},
    config::Config,
};
use tokio::sync::{oneshot, watch};

use crate::{
    http::{Answer, ask},
    support::{Desk, error},
};

/// A server inside this process; it ends when this is dropped.
struct Service {
    address: SocketAddr,
    readiness: ReadinessSender,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<thread::JoinHandle<()>>,
    _folder: tempfile::TempDir,
}

impl Service {
    fn start(dev: bool) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut config = Config::defaults(folder.path());
        config.server.listen = "127.0.0.1:0".parse().unwrap();
        config.server.rtc_port = 0;
        config.server.dev = dev;
        config.server.requests_per_second = 1_000_000.try_into().unwrap();
        let (readiness, receiver) = readiness::channel();
        let application = Application::build(&config, receiver, watch::channel(None).1).unwrap();
        let address = application.address();
        let (stop, stopped) = oneshot::channel::<()>();
        let thread = thread::spawn(move || {
            let stop = async { stopped.await.unwrap_or_default() };
            actix_web::rt::System::new().block_on(application.run_until_stopped(stop)).unwrap();
        });
        Self { address, readiness, stop: Some(stop), thread: Some(thread), _folder: folder }
    }

    fn get(&self, path: &str, headers: &[(&str, &str)]) -> Answer {
        ask(self.address, "GET", path, headers)
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap();
        }
    }
}

fn missing() -> Missing {
    Missing { kind: EngineKind::Stt, what: "no ears".to_owned(), how: "callstead models pull starter".to_owned() }
}

#[test]
fn health_is_exactly_what_others_expect() {
    let server = Service::start(false);
    let answer = server.get("/health", &[]);
    assert_eq!((answer.status, answer.body.as_str()), (200, r#"{"status":"ok","service":"call-center-api"}"#));
    assert_eq!(answer.header("content-type"), Some("application/json"));
    let head = ask(server.address, "HEAD", "/health", &[]);
    assert_eq!((head.status, head.body.as_str()), (200, ""));
    assert_eq!(ask(server.address, "POST", "/health", &[("Content-Length", "0")]).status, 405);
}

#[test]
fn readiness_goes_from_starting_to_what_there_is() {
    let server = Service::start(false);
    let health = |status: &str, missing: serde_json::Value| {
        let version = env!("CARGO_PKG_VERSION");
        serde_json::json!({ "status": status, "service": "call-center-api", "version": version, "missing": missing })
    };
    let starting = server.get("/api/health", &[]);
    assert_eq!((starting.status, starting.json()), (503, health("starting", serde_json::json!([]))));
    assert!(server.get("/", &[]).body.contains("Getting ready"));

    server.readiness.send_replace(Readiness::Degraded { missing: vec![missing()], engines: Vec::new() });
    let degraded = server.get("/api/health", &[]);
    let entry = serde_json::json!({ "kind": "stt", "what": "no ears", "how": "callstead models pull starter" });
    assert_eq!((degraded.status, degraded.json()), (200, health("degraded", serde_json::json!([entry]))));
    assert!(server.get("/", &[]).body.contains("no ears"));

    let engine = EngineInfo { kind: EngineKind::Stt, name: "starter-ears".to_owned() };
    server.readiness.send_replace(Readiness::Healthy { engines: vec![engine] });
    let healthy = server.get("/api/health", &[]);
    assert_eq!((healthy.status, healthy.json()), (200, health("healthy", serde_json::json!([]))));
    assert!(server.get("/", &[]).body.contains("starter-ears"));
}

#[test]
fn every_answer_is_guarded() {
    let server = Service::start(false);
    for path in ["/", "/health", "/nothing", "/assets/0/app.css"] {
        let answer = server.get(path, &[]);
        let policy = answer.header("content-security-policy").unwrap();
        assert!(policy.contains("default-src 'none'") && !policy.contains("unsafe"), "{path}");
        assert!(policy.contains("frame-ancestors 'none'"), "{path}");
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"), "{path}");
        assert_eq!(answer.header("referrer-policy"), Some("same-origin"), "{path}");
    }
}

#[test]
fn pages_bring_nothing_inline_and_their_assets_may_be_kept() {
    let server = Service::start(false);
    let pages = ["/", "/callcenter/call-with-audio"].map(|path| server.get(path, &[]).body);
    let mut addresses = Vec::new();
    for page in &pages {
        assert!(!page.contains("<style") && !page.contains(" style=") && !page.contains("onclick"));
        assert!(page.matches("<script").count() == page.matches("<script src=\"/assets/").count());
        addresses.extend(page.split('"').filter(|text| text.starts_with("/assets/")));
    }
    assert_eq!(addresses.len(), 7, "{addresses:?}");
    for address in addresses {
        let asset = server.get(address, &[]);
        assert_eq!(asset.status, 200, "{address}");
        assert!(asset.header("cache-control").unwrap().contains("immutable"));
        let tag = asset.header("etag").unwrap();
        assert_eq!(server.get(address, &[("If-None-Match", tag)]).status, 304);
        assert_eq!(server.get(address, &[("If-None-Match", "\"other\"")]).status, 200);
        let packed = server.get(address, &[("Accept-Encoding", "gzip")]);
        assert_eq!(packed.header("content-encoding"), Some("gzip"));
    }
    assert_eq!(server.get("/assets/0/app.css", &[]).header("cache-control"), Some("no-cache"));
    assert_eq!(server.get("/assets/0/..%2fCargo.toml", &[]).status, 404);
}

#[test]
fn one_address_does_not_take_all_connections() {
    let server = Service::start(false);
    let mut held: Vec<_> = (0..128).map(|_| TcpStream::connect(server.address).unwrap()).collect();
    assert!(held.iter_mut().all(is_served));
    assert!(!is_served(&mut TcpStream::connect(server.address).unwrap()), "one too many");
    assert!(is_served(&mut connect_from("127.0.0.2:0", server.address)), "others do not suffer");
    assert!(held.iter_mut().all(is_served), "those that stand are left alone");
    held.truncate(64);
    // The server learns of the end of the others in its own time.
    assert!((0..10_000).any(|_| is_served(&mut TcpStream::connect(server.address).unwrap())));
}

/// Whether a request is answered; the connection stays open.
fn is_served(stream: &mut TcpStream) -> bool {
    let mut begin = [0; 12];
    let asked = stream.write_all(b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n");
    if asked.and_then(|()| stream.read_exact(&mut begin)).is_err() {
        return false;
    }
    assert_eq!(&begin, b"HTTP/1.1 200");
    let mut rest = [0; 4096];
    let mut answer = Vec::new();
    while !answer.ends_with(b"}") {
        let count = stream.read(&mut rest).unwrap();
        assert_ne!(count, 0, "the answer is not whole");
        answer.extend_from_slice(&rest[..count]);
    }
    true
}

fn connect_from(own: &str, server: SocketAddr) -> TcpStream {
    let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
    socket.bind(&own.parse::<SocketAddr>().unwrap().into()).unwrap();
    socket.connect(&server.into()).unwrap();
    socket.into()
}

#[test]
fn what_is_not_there_is_said_to_people_and_programs() {
    let server = Service::start(false);
    let page = server.get("/nothing", &[("Accept", "text/html,*/*;q=0.8")]);
    assert_eq!(page.status, 404);
    assert!(page.header("content-type").unwrap().starts_with("text/html") && page.body.contains("Nothing is here"));
    let json = server.get("/nothing", &[("Accept", "*/*")]);
    assert_eq!((json.status, &json.json()["status"]), (404, &serde_json::json!(404)));
}

#[test]
fn development_mode_serves_this_machine_only() {
    let server = Service::start(true);
    assert_eq!(server.get("/", &[("host", "localhost:1")]).status, 200);
    for header in [
        ("host", "attacker.example"),
        ("X-Forwarded-For", "127.0.0.1"),
        ("Forwarded", "for=127.0.0.1"),
        ("Origin", "https://attacker.example"),
    ] {
        let refused = server.get("/health", &[header]);
        assert_eq!(refused.status, 403, "{header:?}");
        assert!(refused.header("content-security-policy").is_some());
    }
    drop(server);
    let open = Service::start(false);
    assert_eq!(open.get("/health", &[("host", "desk.example"), ("X-Forwarded-For", "192.0.2.1")]).status, 200);
}

/// The program itself, serving on a port of its own.
struct Process {
    child: Child,
    address: SocketAddr,
}

impl Process {
    fn start(desk: &Desk) -> Self {
        let mut child = command(desk, "127.0.0.1:0").spawn().unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let address = lines.find_map(|line| {
            let line = line.unwrap();
            let (_, rest) = line.split_once("http://")?;
            rest.split(' ').next()?.parse().ok()
        });
        // Whatever else it says is read, so that it never waits for a reader.
        thread::spawn(move || lines.count());
        Self { child, address: address.unwrap() }
    }

    fn signal(&self, signal: rustix::process::Signal) {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, signal).unwrap();
    }
}

fn command(desk: &Desk, listen: &str) -> Command {
    let mut command = desk.command(&["serve", "--listen", listen, "--rtc-port", "0"]);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

#[test]
fn the_program_serves_until_it_is_told_to_stop() {
    let desk = Desk::new();
    for signal in [rustix::process::Signal::TERM, rustix::process::Signal::INT] {
        let mut process = Process::start(&desk);
        // A connection that is kept open does not hold the end up.
        let mut idle = TcpStream::connect(process.address).unwrap();
        idle.write_all(format!("GET /health HTTP/1.1\r\nHost: {}\r\n\r\n", process.address).as_bytes()).unwrap();
        idle.read_exact(&mut [0; 16]).unwrap();
        assert_eq!(ask(process.address, "GET", "/health", &[]).status, 200);
        process.signal(signal);
        assert_eq!(process.child.wait().unwrap().code(), Some(0));
    }
}

#[test]
fn a_second_instance_is_refused_clearly() {
    let (one, two) = (Desk::new(), Desk::new());
    let mut first = Process::start(&one);
    let address = first.address.to_string();
    for (desk, says) in
        [(&one, format!("process {}", first.child.id())), (&two, format!("port {}", first.address.port()))]
    {
        let output = command(desk, &address).output().unwrap();
        let error = error(&output, 6);
        assert!(error.contains(&says), "{error}");
    }
    first.signal(rustix::process::Signal::TERM);
    assert_eq!(first.child.wait().unwrap().code(), Some(0));
}

#[test]
fn query_strings_are_not_logged() {
    let desk = Desk::new();
    let words = ["--log-level", "trace", "--log-format", "json", "--json"];
    let mut child = command(&desk, "127.0.0.1:0").args(words).spawn().unwrap();
    let mut first = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut first).unwrap();
    let started: serde_json::Value = serde_json::from_str(&first).unwrap();
    let address = started["url"].as_str().unwrap().trim_start_matches("http://").parse().unwrap();
    let lines = BufReader::new(child.stderr.take().unwrap()).lines().map(Result::unwrap);
    ask(address, "GET", "/nothing?token=hunter2", &[]);
    rustix::process::kill_process(rustix::process::Pid::from_child(&child), rustix::process::Signal::TERM).unwrap();
    let log: Vec<String> = lines.collect();
    assert_eq!(child.wait().unwrap().code(), Some(0));
    assert!(log.iter().any(|line| line.contains(r#""http.path":"/nothing""#)), "{log:?}");
    assert!(!log.iter().any(|line| line.contains("hunter2")), "{log:?}");
}
