//! A service that carries text messages, on a port of its own: it keeps every request, and answers as a test wants.

use std::{
    collections::{HashMap, VecDeque},
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    sync::{Arc, Condvar, Mutex},
    thread,
};

use url::form_urlencoded;

/// A request as it came.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) target: String,
    /// Names in lower case.
    pub(crate) headers: HashMap<String, String>,
    pub(crate) body: String,
}

impl Request {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }

    /// A field of a form.
    pub(crate) fn field(&self, name: &str) -> Option<String> {
        let mut fields = form_urlencoded::parse(self.body.as_bytes());
        fields.find(|(field, _)| field == name).map(|(_, value)| value.into_owned())
    }
}

/// How a request is answered.
#[derive(Clone, Debug)]
pub(crate) enum Answer {
    /// With these bytes; then the connection is closed.
    Bytes(Vec<u8>),
    /// Not at all, until the client gives up.
    Silence,
}

impl Answer {
    pub(crate) fn status(status: u16, head: &str, body: &str) -> Self {
        let length = body.len();
        let text =
            format!("HTTP/1.1 {status} Words\r\ncontent-length: {length}\r\nconnection: close\r\n{head}\r\n{body}");
        Self::Bytes(text.into_bytes())
    }

    /// As Twilio answers when it has taken a message.
    pub(crate) fn taken(sid: &str) -> Self {
        let body = format!(r#"{{"sid": "{sid}", "status": "queued", "error_code": null}}"#);
        Self::status(201, "content-type: application/json\r\n", &body)
    }
}

#[derive(Debug, Default)]
struct State {
    requests: Vec<Request>,
    answers: VecDeque<Answer>,
}

/// Ends with the test's process. Once its answers are used up, it takes messages.
#[derive(Clone, Debug)]
pub(crate) struct Service {
    pub(crate) url: String,
    shared: Arc<(Mutex<State>, Condvar)>,
}

impl Service {
    pub(crate) fn start(answers: impl IntoIterator<Item = Answer>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let state = State { requests: Vec::new(), answers: answers.into_iter().collect() };
        let service = Self { url, shared: Arc::new((Mutex::new(state), Condvar::new())) };
        let accepting = service.clone();
        thread::spawn(move || {
            for stream in listener.incoming() {
                let service = accepting.clone();
                // A client that hangs up is part of the tests.
                thread::spawn(move || drop(service.serve(stream.unwrap())));
            }
        });
        service
    }

    /// All requests, once there are so many.
    pub(crate) fn requests(&self, count: usize) -> Vec<Request> {
        let (mutex, changed) = &*self.shared;
        changed.wait_while(mutex.lock().unwrap(), |state| state.requests.len() < count).unwrap().requests.clone()
    }

    fn serve(&self, mut stream: TcpStream) -> std::io::Result<()> {
        let request = read(&stream)?;
        let (mutex, changed) = &*self.shared;
        let answer = {
            let mut state = mutex.lock().unwrap();
            state.requests.push(request);
            let sid = format!("SM{}", state.requests.len());
            state.answers.pop_front().unwrap_or_else(|| Answer::taken(&sid))
        };
        changed.notify_all();
        match answer {
            Answer::Bytes(bytes) => stream.write_all(&bytes),
            Answer::Silence => stream.read(&mut [0]).map(drop),
        }
    }
}

fn read(stream: &TcpStream) -> std::io::Result<Request> {
    let mut reader = BufReader::new(stream);
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        match line.trim_end() {
            "" => break,
            text => lines.push(text.to_owned()),
        }
    }
    let mut first = lines.first().map_or("", String::as_str).split(' ').map(str::to_owned);
    let headers = lines.iter().skip(1).filter_map(|line| line.split_once(": "));
    let headers: HashMap<_, _> = headers.map(|(name, value)| (name.to_lowercase(), value.to_owned())).collect();
    let length = headers.get("content-length").and_then(|text| text.parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    let (method, target) = (first.next().unwrap_or_default(), first.next().unwrap_or_default());
    Ok(Request { method, target, headers, body: String::from_utf8_lossy(&body).into_owned() })
}
