//! How late tokens are: a server of its own, asked at a steady rate whether or not it has answered (open loop), so that a
//! slow answer is not hidden by questions that were never asked.
//!
//! `cargo bench --bench tokens`. To reach: p99 of at most 2 ms at 1,000 requests a second.
#![expect(clippy::print_stdout, reason = "a bench's result")]

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpStream},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

const RATE: u32 = 1000;
const SECONDS: u32 = 10;
const CONNECTIONS: u32 = 8;
const BODY: &str = r#"{"room_name":"bench","user_name":"Amanda"}"#;

fn main() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut child = Command::new(env!("CARGO_BIN_EXE_callstead"))
        .args(["serve", "--dev", "--listen", "127.0.0.1:0", "--rtc-port", "0", "--json", "--log-level", "error"])
        .arg("--data-dir")
        .arg(folder.path())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the server starts");
    let address = address(&mut child);
    // What is loaded at the start is not what is measured.
    thread::sleep(Duration::from_secs(3));
    let begin = Instant::now() + Duration::from_millis(100);
    let asking: Vec<_> = (0..CONNECTIONS).map(|number| thread::spawn(move || ask(address, begin, number))).collect();
    let mut late: Vec<Duration> =
        asking.into_iter().flat_map(|asked| asked.join().expect("every question is answered")).collect();
    late.sort_unstable();
    let at = |share: f64| late[((late.len() - 1) as f64 * share) as usize];
    let (count, p50, p99, max) = (late.len(), at(0.5), at(0.99), at(1.0));
    println!("{count} tokens at {RATE} a second: p50 {p50:?}, p99 {p99:?}, max {max:?}");
    // It is ours, and keeps nothing.
    let _ = child.kill();
    let _ = child.wait();
}

fn address(child: &mut Child) -> SocketAddr {
    let mut line = String::new();
    let stdout = child.stdout.take().expect("is piped");
    BufReader::new(stdout).read_line(&mut line).expect("the server says where it is");
    let started: serde_json::Value = serde_json::from_str(&line).expect("as JSON");
    let url = started["url"].as_str().expect("an address");
    url.trim_start_matches("http://").parse().expect("of this machine")
}

/// Every so many requests on one connection; how long after its time each was answered.
fn ask(address: SocketAddr, begin: Instant, number: u32) -> Vec<Duration> {
    let mut stream = TcpStream::connect(address).expect("a connection");
    stream.set_nodelay(true).expect("no delay");
    let request = format!(
        "POST /api/room/token HTTP/1.1\r\nHost: {address}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{BODY}",
        BODY.len()
    );
    let mut buffer = vec![0; 16 * 1024];
    let mut late = Vec::new();
    for index in (number..RATE * SECONDS).step_by(CONNECTIONS as usize) {
        let due = begin + Duration::from_secs(1) / RATE * index;
        thread::sleep(due.saturating_duration_since(Instant::now()));
        stream.write_all(request.as_bytes()).expect("the request is sent");
        read_answer(&mut stream, &mut buffer);
        late.push(due.elapsed());
    }
    late
}

/// One response; it must be a token.
fn read_answer(stream: &mut TcpStream, buffer: &mut [u8]) {
    let mut filled = 0;
    loop {
        let read = stream.read(&mut buffer[filled..]).expect("an answer");
        assert!(read > 0, "the server hung up");
        filled += read;
        let text = String::from_utf8_lossy(&buffer[..filled]);
        if text.starts_with("HTTP/1.1 200") && text.contains("\"token\"") && text.ends_with('}') {
            return;
        }
        assert!(filled < buffer.len() && !text.starts_with("HTTP/1.1 4"), "no token: {text}");
    }
}
