//! A small HTTP server on a port of its own: files with and without parts, and faults on request.

use std::{
    collections::{HashMap, VecDeque},
    io::{BufRead, BufReader, Write},
    net::{TcpListener, TcpStream},
    sync::{Arc, Condvar, Mutex},
    thread,
};

/// What a server has seen of a request.
#[derive(Clone, Debug, Default)]
pub(crate) struct Request {
    /// The target as it came: a path, or a whole address from a proxy's client.
    pub(crate) target: String,
    /// Headers, their names in lower case.
    pub(crate) headers: HashMap<String, String>,
}

/// What a server has under a path.
#[derive(Clone, Debug)]
pub(crate) struct File {
    pub(crate) body: Vec<u8>,
    pub(crate) content_type: &'static str,
    pub(crate) ranges: bool,
    pub(crate) etag: Option<&'static str>,
}

/// What goes wrong with the next request for a path.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Fault {
    /// This status and no body.
    Status(u16),
    /// The line breaks after so many bytes of the body.
    CutAfter(usize),
    /// So many bytes of the body, then nothing until [`Server::release`].
    StallAfter(usize),
}

#[derive(Default)]
struct State {
    files: HashMap<String, File>,
    faults: HashMap<String, VecDeque<Fault>>,
    requests: Vec<Request>,
    bytes_sent: usize,
    password: Option<&'static str>,
    released: bool,
}

/// Ends with the test's process.
#[derive(Clone)]
pub(crate) struct Server {
    pub(crate) url: String,
    shared: Arc<(Mutex<State>, Condvar)>,
}

impl Server {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let server = Self { url, shared: Arc::default() };
        let accepting = server.clone();
        thread::spawn(move || {
            for stream in listener.incoming() {
                let server = accepting.clone();
                // A client that hangs up is part of the tests.
                thread::spawn(move || drop(server.serve(stream.unwrap())));
            }
        });
        server
    }

    /// A file that is served in parts too.
    pub(crate) fn put(&self, path: &str, body: impl Into<Vec<u8>>) {
        self.put_file(
            path,
            File { body: body.into(), content_type: "application/octet-stream", ranges: true, etag: None },
        );
    }

    pub(crate) fn put_file(&self, path: &str, file: File) {
        self.state(|state| state.files.insert(path.to_owned(), file));
    }

    pub(crate) fn fail(&self, path: &str, faults: impl IntoIterator<Item = Fault>) {
        self.state(|state| state.faults.entry(path.to_owned()).or_default().extend(faults));
    }

    /// Asks every client for this (Base64) user and password.
    pub(crate) fn demand(&self, password: &'static str) {
        self.state(|state| state.password = Some(password));
    }

    /// Lets stalled answers end.
    pub(crate) fn release(&self) {
        self.state(|state| state.released = true);
        self.shared.1.notify_all();
    }

    /// Returns once a request has come.
    pub(crate) fn wait_for_request(&self) {
        let (mutex, changed) = &*self.shared;
        drop(changed.wait_while(mutex.lock().unwrap(), |state| state.requests.is_empty()).unwrap());
    }

    /// The requests for a path since the last time.
    pub(crate) fn take_requests(&self, path: &str) -> Vec<Request> {
        self.state(|state| {
            let (wanted, rest) = state.requests.drain(..).partition(|request| request.target == path);
            state.requests = rest;
            wanted
        })
    }

    /// Bytes of bodies handed to the network so far.
    pub(crate) fn bytes_sent(&self) -> usize {
        self.state(|state| state.bytes_sent)
    }

    fn state<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        change(&mut self.shared.0.lock().unwrap())
    }

    fn serve(&self, mut stream: TcpStream) -> std::io::Result<()> {
        let request = read_request(&stream)?;
        let range = request.headers.get("range").cloned();
        let edition = request.headers.get("if-range").cloned();
        let allowed = |password: &str| request.headers.get("authorization") == Some(&format!("Basic {password}"));
        let (file, fault) = self.state(|state| {
            let file = state.files.get(&request.target).cloned();
            let fault = state.faults.get_mut(&request.target).and_then(VecDeque::pop_front);
            let refused = state.password.is_some_and(|password| !allowed(password));
            state.requests.push(request.clone());
            (file, if refused { Some(Fault::Status(401)) } else { fault })
        });
        self.shared.1.notify_all();
        let (Some(file), false) = (file, matches!(fault, Some(Fault::Status(_)))) else {
            let status = if let Some(Fault::Status(status)) = fault { status } else { 404 };
            return write!(stream, "HTTP/1.1 {status} No\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
        };
        let same = edition.is_none() || edition.as_deref() == file.etag;
        let span = range.filter(|_| file.ranges && same).and_then(|range| parse_range(&range, file.body.len()));
        let mut head = format!("content-type: {}\r\nconnection: close\r\n", file.content_type);
        if let Some(etag) = file.etag {
            head += &format!("etag: {etag}\r\n");
        }
        let (status, body) = match span {
            Some((from, to)) => {
                head += &format!("content-range: bytes {from}-{}/{}\r\n", to - 1, file.body.len());
                (206, &file.body[from..to])
            }
            None => (200, &file.body[..]),
        };
        write!(stream, "HTTP/1.1 {status} OK\r\ncontent-length: {}\r\n{head}\r\n", body.len())?;
        match fault {
            Some(Fault::CutAfter(count)) => self.send(&mut stream, &body[..count]),
            Some(Fault::StallAfter(count)) => {
                self.send(&mut stream, &body[..count])?;
                let (mutex, changed) = &*self.shared;
                drop(changed.wait_while(mutex.lock().unwrap(), |state| !state.released).unwrap());
                self.send(&mut stream, &body[count..])
            }
            _ => self.send(&mut stream, body),
        }
    }

    fn send(&self, stream: &mut TcpStream, body: &[u8]) -> std::io::Result<()> {
        for chunk in body.chunks(4096) {
            stream.write_all(chunk)?;
            self.state(|state| state.bytes_sent += chunk.len());
        }
        stream.flush()
    }
}

fn read_request(stream: &TcpStream) -> std::io::Result<Request> {
    let mut lines = BufReader::new(stream).lines();
    let first = lines.next().transpose()?.unwrap_or_default();
    let mut request = Request { target: first.split(' ').nth(1).unwrap_or_default().to_owned(), ..Request::default() };
    for line in lines {
        let line = line?;
        let Some((name, value)) = line.split_once(": ") else { break };
        request.headers.insert(name.to_lowercase(), value.to_owned());
    }
    Ok(request)
}

fn parse_range(range: &str, length: usize) -> Option<(usize, usize)> {
    let (first, last) = range.strip_prefix("bytes=")?.split_once('-')?;
    Some(match (first, last) {
        ("", count) => (length.saturating_sub(count.parse().ok()?), length),
        (first, "") => (first.parse().ok()?, length),
        (first, last) => (first.parse().ok()?, length.min(last.parse::<usize>().ok()? + 1)),
    })
    .filter(|(from, to)| from < to)
}
