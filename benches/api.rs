//! How late the API answers while the server has other things to do: reads of a server that runs already, at a steady rate.
//!
//! `cargo bench --bench api -- ADDRESS:PORT KEY PATH…`, while `tests/sdk/answer.py` calls the agent of the same server; the
//! server needs `CALLSTEAD_REQUESTS_PER_SECOND=1000`. To reach: p99 below 20 ms at 200 requests a second.
#![expect(clippy::print_stdout, reason = "a bench's result")]

mod open_loop;

use std::{
    env,
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
};

use open_loop::Load;

const LOAD: Load = Load { rate: 200, seconds: 30, askers: 8 };

fn main() {
    let words: Vec<_> = env::args().skip(1).filter(|word| !word.starts_with("--")).collect();
    let [address, key, paths @ ..] = words.as_slice() else {
        println!("not run: give the address of a server, an API key, and one path or more");
        return;
    };
    let late = LOAD.run(|| {
        let (address, key, paths) = (address.clone(), key.clone(), paths.to_vec());
        let mut stream = BufReader::new(TcpStream::connect(&address).expect("a connection"));
        stream.get_ref().set_nodelay(true).expect("no delay");
        move |number| {
            let path = &paths[number as usize % paths.len()];
            let request = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {key}\r\n\r\n");
            stream.get_mut().write_all(request.as_bytes()).expect("the request is sent");
            read_answer(&mut stream);
        }
    });
    println!("{} a second of {}: {}", LOAD.rate, paths.join(", "), late.summary());
}

/// One response with a length, as JSON has here.
fn read_answer(stream: &mut BufReader<TcpStream>) {
    let (mut line, mut length) = (String::new(), 0);
    stream.read_line(&mut line).expect("an answer");
    assert!(line.starts_with("HTTP/1.1 200"), "{line}");
    loop {
        line.clear();
        stream.read_line(&mut line).expect("a header");
        if line == "\r\n" {
            break;
        }
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().expect("a number");
        }
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).expect("a body");
}
