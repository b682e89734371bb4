//! How late tokens are: a server of its own, asked at a steady rate.
//!
//! `cargo bench --bench tokens`. To reach: p99 of at most 2 ms at 1,000 requests a second.
#![expect(clippy::print_stdout, reason = "a bench's result")]

mod open_loop;

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpStream},
    process::{Child, Command, Stdio},
    thread,
    time::Duration,
};

use open_loop::Load;

const LOAD: Load = Load { rate: 1000, seconds: 10, askers: 8 };
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
    let late = LOAD.run(|| asker(address));
    println!("tokens at {} a second: {}", LOAD.rate, late.summary());
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

/// Asks on a connection of its own.
fn asker(address: SocketAddr) -> impl FnMut(u32) + Send + 'static {
    let mut stream = TcpStream::connect(address).expect("a connection");
    stream.set_nodelay(true).expect("no delay");
    let request = format!(
        "POST /api/room/token HTTP/1.1\r\nHost: {address}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{BODY}",
        BODY.len()
    );
    let mut buffer = vec![0; 16 * 1024];
    move |_| {
        stream.write_all(request.as_bytes()).expect("the request is sent");
        read_answer(&mut stream, &mut buffer);
    }
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
