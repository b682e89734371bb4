//! A small HTTP client under the tests' control: every header is as the test writes it, over TCP or TLS.

use std::{
    io::{self, Read, Write},
    net::{SocketAddr, TcpStream},
};

pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let wanted = |line: &&str| line.split_once(':').is_some_and(|(it, _)| it.eq_ignore_ascii_case(name));
        self.head.lines().find(wanted)?.split_once(':').map(|(_, value)| value.trim())
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap()
    }

    /// The body where it came in chunks (RFC 9112, section 7.1).
    pub(crate) fn chunks(&self) -> String {
        assert_eq!(self.header("transfer-encoding"), Some("chunked"), "{}", self.head);
        let (mut rest, mut whole) = (self.body.as_bytes(), Vec::new());
        loop {
            let end = rest.windows(2).position(|pair| pair == b"\r\n").unwrap();
            let length = usize::from_str_radix(std::str::from_utf8(&rest[..end]).unwrap(), 16).unwrap();
            if length == 0 {
                return String::from_utf8(whole).unwrap();
            }
            whole.extend_from_slice(&rest[end + 2..end + 2 + length]);
            rest = &rest[end + 2 + length + 2..];
        }
    }

    /// The sentence that says why a program was refused.
    #[track_caller]
    pub(crate) fn message(&self) -> String {
        let json = self.json();
        assert_eq!(self.header("content-type"), Some("application/problem+json"), "{json}");
        assert_eq!(json["status"], self.status, "{json}");
        json["detail"].as_str().unwrap().to_owned()
    }
}

/// One request on a connection of its own. A `host` among the headers takes the usual one's place.
pub(crate) fn ask(address: SocketAddr, method: &str, path: &str, headers: &[(&str, &str)]) -> Answer {
    request(address, method, path, headers, b"")
}

/// The same with a body.
pub(crate) fn request(address: SocketAddr, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
    send(&mut TcpStream::connect(address).unwrap(), &address.to_string(), method, path, headers, body)
}

/// JSON, posted on a connection of its own.
pub(crate) fn post(address: SocketAddr, path: &str, headers: &[(&str, &str)], body: &serde_json::Value) -> Answer {
    let headers = [&[("Content-Type", "application/json")], headers].concat();
    post_bytes(address, path, &headers, body.to_string().as_bytes())
}

pub(crate) fn post_bytes(address: SocketAddr, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
    request(address, "POST", path, headers, body)
}

/// One request, and the connection is done.
pub(crate) fn send(
    stream: &mut (impl Read + Write),
    host: &str,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> Answer {
    try_send(stream, host, method, path, headers, body).unwrap()
}

/// The same where the server may go meanwhile: an answer is one only when it is whole.
pub(crate) fn try_send(
    stream: &mut (impl Read + Write),
    host: &str,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> io::Result<Answer> {
    let mut request = format!("{method} {path} HTTP/1.1\r\nConnection: close\r\n");
    if !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("host")) {
        request += &format!("Host: {host}\r\n");
    }
    if !body.is_empty() {
        request += &format!("Content-Length: {}\r\n", body.len());
    }
    for (name, value) in headers {
        request += &format!("{name}: {value}\r\n");
    }
    stream.write_all(&[format!("{request}\r\n").as_bytes(), body].concat())?;
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes)?;
    let text = String::from_utf8_lossy(&bytes);
    let (head, body) = text.split_once("\r\n\r\n").ok_or(io::ErrorKind::UnexpectedEof)?;
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    let answer = Answer { status, head: head.to_owned(), body: body.to_owned() };
    let is_whole = method == "HEAD" || answer.header("content-length").is_none_or(|it| it == body.len().to_string());
    if is_whole { Ok(answer) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
}
