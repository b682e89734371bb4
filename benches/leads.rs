//! How fast a list of 100,000 leads is: filter, search and page, in the store and over HTTP; how long a file of 50,000
//! rows takes to come in, and how long others who write wait for it.
//!
//! `cargo bench --bench leads`. To reach: p99 of at most 30 ms for a page.
#![expect(clippy::print_stdout, reason = "a bench's result")]

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpStream},
    path::Path,
    process::{Child, Command, Stdio},
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use callstead::{
    domain::{Language, Pii},
    store::{
        Refusal, Store,
        api_keys::{self, NewKey, Scope},
        audit::Actor,
        leads::{self, LeadPatch, LeadStatus},
        list::{self, Facet, Filter, Page, Search},
    },
};
use jiff::Timestamp;
use rand::{RngExt, SeedableRng, rngs::SmallRng};

const LEADS: u32 = 100_000;
const BATCH: u32 = 1000;
const QUESTIONS: usize = 2000;
const IMPORTED: u32 = 50_000;

const FIRST: [&str; 24] = [
    "Ahmed",
    "Mohamed",
    "Fatima",
    "Sara",
    "Omar",
    "Layla",
    "John",
    "Mary",
    "Peter",
    "Amanda",
    "Hassan",
    "Youssef",
    "أحمد",
    "محمد",
    "فاطمة",
    "سارة",
    "عمر",
    "ليلى",
    "حسن",
    "علي",
    "يوسف",
    "نور",
    "خالد",
    "مريم",
];
const LAST: [&str; 16] = [
    "Haddad",
    "Khoury",
    "Smith",
    "Jones",
    "Castlemaine",
    "Miller",
    "Saleh",
    "Najjar",
    "الحداد",
    "السيد",
    "المصري",
    "الخوري",
    "النجار",
    "الشريف",
    "منصور",
    "عبد الرحمن",
];
const SOURCES: [&str; 5] = ["web", "fair", "referral", "newspaper", "معرض"];
const ORDERS: [&str; 6] = ["-createdAt", "createdAt", "name", "-name", "-updatedAt", "updatedAt"];

fn one<'a>(rng: &mut SmallRng, of: &[&'a str]) -> &'a str {
    of[rng.random_range(0..of.len())]
}

fn lead(rng: &mut SmallRng, number: u32) -> LeadPatch {
    let name = format!("{} {}", one(rng, &FIRST), one(rng, &LAST));
    // Most are new, and few of them are won: as on a real desk.
    let status = match rng.random_range(0..100) {
        0..60 => LeadStatus::New,
        60..85 => LeadStatus::Contacted,
        85..95 => LeadStatus::Qualified,
        95..99 => LeadStatus::Lost,
        _ => LeadStatus::Won,
    };
    let language = if rng.random_bool(0.5) { Language::ARABIC } else { Language::ENGLISH };
    LeadPatch {
        name: Some(Pii::new(name)),
        phone: Some(format!("+20100{number:07}").parse().ok().map(Pii::new)),
        email: Some(format!("lead{number}@example.com").parse().ok().map(Pii::new)),
        company: Some(Some(Pii::new(format!("{} and sons", one(rng, &LAST))))),
        status: Some(status),
        source: Some(Some(one(rng, &SOURCES).to_owned())),
        language: Some(Some(language)),
        script: None,
        notes: Some(Pii::new("wants to be called back about the offer, in the morning if possible".to_owned())),
    }
}

/// What somebody at the desk asks for.
struct Question {
    words: String,
    status: Option<LeadStatus>,
    source: Option<&'static str>,
    order: &'static str,
    /// So many pages on.
    pages: u32,
}

impl Question {
    fn any(rng: &mut SmallRng) -> Self {
        let word = match rng.random_range(0..6) {
            0 => one(rng, &FIRST).to_owned(),
            1 => one(rng, &FIRST).chars().take(2).collect(),
            2 => format!("{} {}", one(rng, &FIRST), one(rng, &LAST)),
            3 => format!("0100 {:03}", rng.random_range(0..100)),
            4 => one(rng, &["call", "exam", "son", "a", "ال", "m", "offer"]).to_owned(),
            _ => one(rng, &LAST).chars().take(4).collect(),
        };
        let all = LeadStatus::ALL;
        let status = rng.random_bool(0.7).then(|| all[rng.random_range(0..all.len())]);
        let source = rng.random_bool(0.4).then(|| SOURCES[rng.random_range(0..SOURCES.len())]);
        let order = if rng.random_bool(0.6) { ORDERS[0] } else { ORDERS[rng.random_range(0..ORDERS.len())] };
        Self { words: word, status, source, order, pages: rng.random_range(0..3) }
    }

    fn filter(&self) -> Filter {
        let mut search = Search::default().words(&self.words);
        if let Some(status) = self.status {
            search = search.facet(Facet::Status, status.as_str());
        }
        if let Some(source) = self.source {
            search = search.facet(Facet::Source, source);
        }
        Filter { search, ..Filter::default() }
    }

    fn query(&self) -> String {
        let encoded = |text: &str| -> String { text.bytes().map(|byte| format!("%{byte:02X}")).collect() };
        let status = self.status.map(|it| format!("&status={it}")).unwrap_or_default();
        let source = self.source.map(|it| format!("&source={}", encoded(it))).unwrap_or_default();
        format!("/api/admin/leads?q={}{status}{source}&sort={}", encoded(&self.words), self.order)
    }
}

fn main() {
    let folder = tempfile::tempdir().expect("a folder");
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime");
    let mut rng = SmallRng::seed_from_u64(7);
    let key = runtime.block_on(async {
        let store = Store::open(folder.path()).expect("a store");
        let began = Instant::now();
        fill(&store, &mut rng).await;
        println!("{LEADS} leads made in {:?}", began.elapsed());
        in_store(&store, &mut rng).await;
        let new = NewKey { name: "bench".to_owned(), scopes: vec![Scope::Admin], created_at: Timestamp::now() };
        let made = store.write(move |transaction| api_keys::create(transaction, &new)).await;
        made.expect("a key").1.reveal().to_owned()
    });
    let mut server = Server::start(folder.path(), key);
    over_http(&mut server.client, &mut rng);
    import(&mut server.client);
}

async fn fill(store: &Store, rng: &mut SmallRng) {
    for batch in 0..LEADS / BATCH {
        let new: Vec<_> = (0..BATCH).map(|number| lead(rng, batch * BATCH + number)).collect();
        let made = store.change(Actor::console(), Timestamp::now(), move |change| {
            new.iter().try_for_each(|new| leads::create(change, new).map(drop))
        });
        made.await.map_err(|refusal: Refusal| refusal.to_string()).expect("leads");
    }
}

/// A page and the count, as the handler reads them.
async fn in_store(store: &Store, rng: &mut SmallRng) {
    let (mut by_time, mut otherwise) = (Vec::new(), Vec::new());
    for _ in 0..QUESTIONS {
        let question = Question::any(rng);
        let mut page = Page::parse(&leads::TABLE, None, Some(question.order), None).expect("an order");
        for _ in 0..=question.pages {
            let (filter, asked) = (question.filter(), page.clone());
            let began = Instant::now();
            let read = store.read(move |connection| {
                list::count(connection, &leads::TABLE, &filter)?;
                leads::page(connection, &filter, &asked)
            });
            let rows = read.await.expect("a page");
            let took = began.elapsed();
            if question.order.ends_with("createdAt") {
                by_time.push(took)
            } else {
                otherwise.push(took)
            }
            let Some(cursor) = rows.next else { break };
            page = page.after(&cursor);
        }
    }
    let all = [by_time.clone(), otherwise.clone()].concat();
    print("store, all", all);
    print("store, by time", by_time);
    print("store, by name or change", otherwise);
}

fn print(what: &str, mut took: Vec<Duration>) {
    took.sort_unstable();
    let at = |share: f64| took[((took.len() - 1) as f64 * share) as usize];
    println!("{what}: {} of them, p50 {:?}, p99 {:?}, max {:?}", took.len(), at(0.5), at(0.99), at(1.0));
}

/// A server of its own with all that was made.
struct Server {
    child: Child,
    client: Client,
}

impl Server {
    fn start(data_dir: &Path, key: String) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_callstead"))
            .env("CALLSTEAD_REQUESTS_PER_SECOND", "1000000")
            .args(["serve", "--listen", "127.0.0.1:0", "--rtc-port", "0", "--json", "--log-level", "error"])
            .arg("--data-dir")
            .arg(data_dir)
            .stdout(Stdio::piped())
            .spawn()
            .expect("the server starts");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("is piped"))
            .read_line(&mut line)
            .expect("the server says where it is");
        let started: serde_json::Value = serde_json::from_str(&line).expect("as JSON");
        let url = started["url"].as_str().expect("an address");
        let address = url.trim_start_matches("http://").parse().expect("of this machine");
        Self { child, client: Client::connect(address, key) }
    }
}

/// A connection to it.
struct Client {
    address: SocketAddr,
    stream: BufReader<TcpStream>,
    key: String,
}

impl Client {
    fn connect(address: SocketAddr, key: String) -> Self {
        let stream = TcpStream::connect(address).expect("a connection");
        stream.set_nodelay(true).expect("no delay");
        Self { address, stream: BufReader::new(stream), key }
    }

    fn ask(&mut self, method: &str, path: &str, body: &[u8]) -> serde_json::Value {
        let (address, key, length) = (self.address, &self.key, body.len());
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {key}\r\nContent-Length: {length}\r\nContent-Type: application/json\r\n\r\n"
        );
        self.stream.get_mut().write_all(&[head.as_bytes(), body].concat()).expect("the request is sent");
        let (mut length, mut line) = (0, String::new());
        self.stream.read_line(&mut line).expect("a status");
        assert!(line.starts_with("HTTP/1.1 20"), "{line}");
        while line != "\r\n" {
            line.clear();
            self.stream.read_line(&mut line).expect("a header");
            if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().expect("a number");
            }
        }
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body).expect("a body");
        serde_json::from_slice(&body).expect("JSON")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It is ours, and its folder goes too.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn over_http(server: &mut Client, rng: &mut SmallRng) {
    let mut took = Vec::new();
    for _ in 0..QUESTIONS {
        let question = Question::any(rng);
        let (query, mut cursor) = (question.query(), String::new());
        for _ in 0..=question.pages {
            let began = Instant::now();
            let page = server.ask("GET", &format!("{query}{cursor}"), b"");
            took.push(began.elapsed());
            let Some(next) = page["nextCursor"].as_str() else { break };
            cursor = format!("&cursor={next}");
        }
    }
    print("HTTP, all", took);
}

/// A file of new leads: its preview, and writing it while others write too.
fn import(server: &mut Client) {
    let mut file = "name,phone,company,source,notes\n".to_owned();
    for number in 0..IMPORTED {
        file += &format!("سارة {number},+20111{number:07},Acme,web,call back\n");
    }
    let began = Instant::now();
    let preview = server.ask("POST", "/api/admin/leads/import", file.as_bytes());
    println!("{IMPORTED} rows, {} KiB: preview in {:?}", file.len() / 1024, began.elapsed());
    let path = format!("/api/admin/leads/import/{}/confirm", preview["importId"].as_str().expect("all rows are right"));
    let (stop, stopped) = mpsc::channel();
    let mut other = Client::connect(server.address, server.key.clone());
    let others = thread::spawn(move || waits(&mut other, &stopped));
    let began = Instant::now();
    server.ask("POST", &path, b"");
    println!("{IMPORTED} rows written in {:?}", began.elapsed());
    drop(stop);
    print("others who wrote meanwhile", others.join().expect("they are answered"));
}

/// How long each of many small writes took, one after the other until `stopped` is.
fn waits(client: &mut Client, stopped: &mpsc::Receiver<()>) -> Vec<Duration> {
    let mut took = Vec::new();
    while stopped.try_recv() != Err(mpsc::TryRecvError::Disconnected) {
        let body = format!(r#"{{"phone": "+20122{:07}", "reason": "asked"}}"#, took.len());
        let began = Instant::now();
        client.ask("POST", "/api/admin/do-not-call", body.as_bytes());
        took.push(began.elapsed());
        thread::sleep(Duration::from_millis(5));
    }
    took
}
