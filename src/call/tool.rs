//! Carries out what a guided script asks of other programs ([`ToolCall`]): one request to a host that the desk lists, never a second, and
//! a bounded answer within the time that a caller waits.
//!
//! Redirections are not followed and proxies of the environment not used, so that nobody is asked who is not listed. A listed
//! name may belong to an address of a private network: desks ask their own programs. Logs have the host and the status, never
//! more of the address, and nothing of what is sent and answered.

use std::{sync::Arc, time::Duration};

use reqwest::{Client, Response, StatusCode, header::ACCEPT, redirect, retry};
use serde_json::Value;
use tokio::sync::{OnceCell, Semaphore};

use crate::{dialogue::guide::ToolCall, domain::Host};

/// So many programs are asked at once, for all calls; further calls wait, within their time.
const AT_ONCE: usize = 16;
/// No caller waits longer, whatever a script says.
const LONGEST_WAIT: Duration = Duration::from_secs(10);
/// More of an answer is not read.
const LONGEST_ANSWER: usize = 64 * 1024;

/// Why there is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum ToolError {
    #[error("it is neither https:// nor on this machine: ask it by HTTPS")]
    Plain,
    #[error("it is not on the list: an administrator has to add it to the setting scriptHosts")]
    Unlisted,
    #[error("no HTTPS client can be made: see that the system's certificates are installed")]
    NoClient,
    #[error("it cannot be reached: see that it runs, and that its certificate is good")]
    Unreachable,
    #[error("it did not answer in time: make it faster, or give the step more time, 10 seconds at most")]
    Late,
    #[error("it answers from elsewhere (status {0}): write that address into the script")]
    Elsewhere(u16),
    #[error("it refused (status {0}): its own log may say why")]
    Refused(u16),
    #[error("its answer is longer than 64 KiB: let it answer with what the script needs")]
    TooLong,
    #[error("its answer broke off: its own log may say why")]
    Broken,
    #[error("its answer is no JSON: let it answer with a JSON object")]
    NotJson,
}

/// Asks other programs. Clones share what is bounded.
#[derive(Clone, Debug)]
pub(super) struct Tools {
    /// Made when it is first needed: a box whose scripts ask nobody needs no certificates.
    client: Arc<OnceCell<Client>>,
    free: Arc<Semaphore>,
}

impl Default for Tools {
    fn default() -> Self {
        Self { client: Arc::default(), free: Arc::new(Semaphore::new(AT_ONCE)) }
    }
}

impl Tools {
    /// The JSON with which a program answers; null where it answers that there is nothing to say (204, RFC 9110, section 15.3.5).
    /// Has to run on a tokio runtime with I/O. A POST has a body, a GET has none.
    ///
    /// # Errors
    /// See [`ToolError`]; it is in the log already.
    pub(super) async fn ask(&self, call: &ToolCall, allowed: &[Host]) -> Result<Value, ToolError> {
        let host = Host::of(call.url.reveal());
        let limit = call.timeout.min(LONGEST_WAIT);
        let answer = match &host {
            None => Err(ToolError::Plain),
            Some(host) if !allowed.contains(host) => Err(ToolError::Unlisted),
            Some(_) => tokio::time::timeout(limit, self.answer(call)).await.unwrap_or(Err(ToolError::Late)),
        };
        let host = host.as_ref().map(Host::as_str);
        match &answer {
            Ok((_, status)) => {
                tracing::info!(tool.host = host, http.status = status.as_u16(), "a script asked a program")
            }
            Err(error) => tracing::warn!(tool.host = host, %error, "a script asked a program in vain"),
        }
        answer.map(|(answer, _)| answer)
    }

    async fn answer(&self, call: &ToolCall) -> Result<(Value, StatusCode), ToolError> {
        // Nobody closes it.
        let _turn = self.free.acquire().await;
        let client = self.client.get_or_try_init(client).await?;
        let url = call.url.reveal().clone();
        let request = match &call.body {
            Some(body) => client.post(url).json(body.reveal()),
            None => client.get(url),
        };
        let response = request.header(ACCEPT, "application/json").send().await.map_err(|error| match error {
            error if error.is_connect() => ToolError::Unreachable,
            _ => ToolError::Broken,
        })?;
        let status = response.status();
        match status {
            StatusCode::NO_CONTENT => return Ok((Value::Null, status)),
            _ if status.is_redirection() => return Err(ToolError::Elsewhere(status.as_u16())),
            _ if !status.is_success() => return Err(ToolError::Refused(status.as_u16())),
            _ => {}
        }
        let body = whole(response).await?;
        serde_json::from_slice(&body).map(|answer| (answer, status)).map_err(|_| ToolError::NotJson)
    }
}

/// Reading the system's certificates takes a while: not on a thread that serves calls.
async fn client() -> Result<Client, ToolError> {
    let build = || {
        // Fails only when there is one already, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = Client::builder()
            .user_agent(concat!("callstead/", env!("CARGO_PKG_VERSION")))
            .no_proxy()
            .redirect(redirect::Policy::none())
            .retry(retry::never())
            .pool_max_idle_per_host(0)
            .http1_only();
        client.build()
    };
    let built = tokio::task::spawn_blocking(build).await.map_err(|_| ToolError::NoClient)?;
    built.map_err(|error| {
        tracing::error!(%error, "making an HTTPS client for scripts");
        ToolError::NoClient
    })
}

async fn whole(mut response: Response) -> Result<Vec<u8>, ToolError> {
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|_| ToolError::Broken)? {
        if bytes.len() + chunk.len() > LONGEST_ANSWER {
            return Err(ToolError::TooLong);
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use std::{
        io::{self, BufRead, BufReader, Read, Write},
        net::{SocketAddr, TcpListener},
        sync::mpsc,
        thread,
    };

    use serde_json::json;

    use super::*;
    use crate::{dialogue::guide::Method, domain::Pii};

    /// A program that answers every request with the same, and what it was asked.
    struct Program {
        address: SocketAddr,
        asked: mpsc::Receiver<String>,
    }

    impl Program {
        /// `answer` is all of a response; nothing: it never answers.
        fn new(answer: impl Into<Vec<u8>>) -> Self {
            let listener = TcpListener::bind("127.0.0.1:0").unwrap();
            let (address, answer) = (listener.local_addr().unwrap(), answer.into());
            let (heard, asked) = mpsc::channel();
            thread::spawn(move || {
                let mut open = Vec::new();
                for stream in listener.incoming() {
                    let mut stream = stream.unwrap();
                    // Who did not wait may be gone before all of it was said.
                    let Ok(request) = request(&stream) else { continue };
                    if heard.send(request).is_err() {
                        return;
                    }
                    // Who asks may not read all of it.
                    let _ = stream.write_all(&answer);
                    if answer.is_empty() {
                        open.push(stream);
                    }
                }
            });
            Self { address, asked }
        }

        fn host(&self) -> Host {
            self.address.to_string().parse().unwrap()
        }

        fn call(&self, body: Option<Value>) -> ToolCall {
            let url = format!("http://{}/customers/77?secret=x", self.address);
            let method = if body.is_some() { Method::Post } else { Method::Get };
            let timeout = Duration::from_secs(10);
            ToolCall { method, url: Pii::new(url.parse().unwrap()), body: body.map(Pii::new), timeout }
        }

        async fn ask(&self) -> Result<Value, ToolError> {
            Tools::default().ask(&self.call(None), &[self.host()]).await
        }
    }

    /// A request's head and body.
    fn request(stream: &std::net::TcpStream) -> io::Result<String> {
        let (mut reader, mut head) = (BufReader::new(stream), String::new());
        while !head.ends_with("\r\n\r\n") {
            if reader.read_line(&mut head)? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
        let length =
            head.lines().find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok());
        let mut body = vec![0; length.unwrap_or(0)];
        reader.read_exact(&mut body)?;
        Ok(head + &String::from_utf8(body).unwrap())
    }

    fn response(status: &str, body: &str) -> String {
        format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\n\r\n{body}", body.len())
    }

    #[tokio::test]
    async fn a_listed_program_is_asked_once_and_answers_with_json() {
        let program = Program::new(response("200 OK", r#"{"balance": 12.5}"#));
        assert_eq!(program.ask().await, Ok(json!({ "balance": 12.5 })));
        let asked = program.asked.recv().unwrap();
        assert!(asked.starts_with("GET /customers/77?secret=x HTTP/1.1\r\n"), "{asked}");
        let agent = format!("user-agent: callstead/{}\r\n", env!("CARGO_PKG_VERSION"));
        assert!(asked.contains(&agent) && asked.contains("accept: application/json\r\n"), "{asked}");

        let call = program.call(Some(json!({ "name": "Amanda" })));
        assert!(Tools::default().ask(&call, &[program.host()]).await.is_ok());
        let asked = program.asked.recv().unwrap();
        assert!(asked.starts_with("POST ") && asked.ends_with(r#"{"name":"Amanda"}"#), "{asked}");
        assert!(program.asked.try_recv().is_err());
    }

    #[tokio::test]
    async fn who_is_not_listed_is_not_asked() {
        let program = Program::new(response("200 OK", "{}"));
        for (allowed, url, error) in [
            (vec![], None, ToolError::Unlisted),
            (vec!["127.0.0.1", "localhost"], None, ToolError::Unlisted),
            (vec!["crm.example.com"], Some("https://crm.example.com.evil.example/"), ToolError::Unlisted),
            (vec!["crm.example.com"], Some("https://crm.example.com@evil.example/"), ToolError::Unlisted),
            (vec!["crm.example.com"], Some("http://crm.example.com/"), ToolError::Plain),
        ] {
            let mut call = program.call(None);
            if let Some(url) = url {
                call.url = Pii::new(url.parse().unwrap());
            }
            let allowed: Vec<Host> = allowed.iter().map(|host| host.parse().unwrap()).collect();
            assert_eq!(Tools::default().ask(&call, &allowed).await, Err(error), "{url:?}");
        }
        assert!(program.asked.try_recv().is_err());
    }

    #[tokio::test]
    async fn an_answer_that_is_of_no_use_is_told_from_others() {
        let longest = format!("\"{}\"", "x".repeat(LONGEST_ANSWER - 2));
        let endless = format!("HTTP/1.1 200 OK\r\n\r\n{}", "x".repeat(LONGEST_ANSWER + 1));
        let elsewhere = "HTTP/1.1 307 Temporary Redirect\r\nLocation: /\r\nContent-Length: 0\r\n\r\n".to_owned();
        for (response, expected) in [
            (response("200 OK", &longest), Ok(())),
            (response("201 Created", "[1]"), Ok(())),
            (response("204 No Content", ""), Ok(())),
            (response("200 OK", &format!("{longest} ")), Err(ToolError::TooLong)),
            (endless, Err(ToolError::TooLong)),
            (elsewhere, Err(ToolError::Elsewhere(307))),
            (response("404 Not Found", "{}"), Err(ToolError::Refused(404))),
            (response("500 Internal Server Error", "{}"), Err(ToolError::Refused(500))),
            (response("200 OK", "<p>Hello"), Err(ToolError::NotJson)),
            (response("200 OK", ""), Err(ToolError::NotJson)),
            (response("200 OK", &"[".repeat(2000)), Err(ToolError::NotJson)),
            ("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{".to_owned(), Err(ToolError::Broken)),
            ("nothing that is known here\r\n\r\n".to_owned(), Err(ToolError::Broken)),
        ] {
            let program = Program::new(response.clone());
            assert_eq!(program.ask().await.map(|_| ()), expected, "{}", &response[..response.len().min(60)]);
            assert_eq!(program.asked.try_iter().count(), 1, "never a second time");
        }
    }

    #[tokio::test]
    async fn a_caller_does_not_wait_for_long() {
        let program = Program::new("");
        let tools = Tools::default();
        let call = ToolCall { timeout: Duration::from_millis(20), ..program.call(None) };
        let allowed = [program.host()];
        let asks = (0..AT_ONCE + 4).map(|_| tools.ask(&call, &allowed));
        assert!(futures_util::future::join_all(asks).await.iter().all(|answer| *answer == Err(ToolError::Late)));
        assert_eq!(tools.free.available_permits(), AT_ONCE);
        assert!(program.asked.try_iter().count() <= AT_ONCE);
    }

    #[tokio::test]
    async fn where_nobody_listens_nobody_answers() {
        let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        // Nobody speaks TLS there.
        let deaf = TcpListener::bind("127.0.0.1:0").unwrap();
        let no_tls = format!("https://{}", deaf.local_addr().unwrap());
        thread::spawn(move || deaf.accept().map(drop));
        for url in [format!("http://{address}/"), no_tls] {
            let call = ToolCall {
                method: Method::Get,
                url: Pii::new(url.parse().unwrap()),
                body: None,
                timeout: Duration::from_secs(10),
            };
            let allowed = [Host::of(call.url.reveal()).unwrap()];
            assert_eq!(Tools::default().ask(&call, &allowed).await, Err(ToolError::Unreachable), "{url}");
        }
    }
}
