//! One request over HTTP and never a second: no redirections, no repeats, no connection of an earlier request, whose end
//! might only be noticed when it is too late to know what arrived.

use std::time::Duration;

use jiff::{Timestamp, fmt::rfc2822};
use reqwest::{Client, RequestBuilder, Response, StatusCode, header::RETRY_AFTER, redirect, retry};
use url::Url;

use super::Outcome;

/// More of an answer is not read.
const LONGEST_ANSWER: usize = 64 * 1024;
/// The part of the whole time within which a connection must stand. What fails before that was certainly not sent.
const CONNECT_PART: f64 = 0.5;
const NO_CONNECTION: &str = "the service cannot be reached";
const NO_ANSWER: &str = "the service did not answer in time: it may have taken the message";
const BROKEN: &str = "the service did not answer properly: it may have taken the message";

#[derive(Debug)]
pub(super) struct Http(Client);

/// What the service said to a message that it did not refuse.
pub(super) struct Answer {
    /// `None`: it did not arrive whole, or is too long.
    pub(super) body: Option<Vec<u8>>,
}

impl Http {
    /// Certificates are the system's (or SSL_CERT_FILE), and so are proxies (HTTPS_PROXY, HTTP_PROXY, NO_PROXY).
    pub(super) fn new(timeout: Duration) -> reqwest::Result<Self> {
        // Fails only when there is one already, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = Client::builder()
            .user_agent(concat!("callstead/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(timeout.mul_f64(CONNECT_PART))
            .timeout(timeout)
            .redirect(redirect::Policy::none())
            .retry(retry::never())
            .pool_max_idle_per_host(0)
            .http1_only();
        client.build().map(Self)
    }

    pub(super) fn post(&self, url: &Url) -> RequestBuilder {
        self.0.post(url.clone())
    }

    pub(super) fn get(&self, url: &Url) -> RequestBuilder {
        self.0.get(url.clone())
    }

    pub(super) fn head(&self, url: &Url) -> RequestBuilder {
        self.0.head(url.clone())
    }
}

/// Makes a request. An answer is one with a status from 200 to 299; everything else is an outcome already. `code` finds the
/// service's own number for an error in the body.
pub(super) async fn send(request: RequestBuilder, code: fn(&[u8]) -> Option<i64>) -> Result<Answer, Outcome> {
    let response = request.send().await.map_err(failed)?;
    let (status, wish) = (response.status(), retry_after(&response, Timestamp::now()));
    let body = whole(response).await;
    if status.is_success() {
        return Ok(Answer { body });
    }
    let code = body.and_then(|body| code(&body)).map(|code| format!(", code {code}")).unwrap_or_default();
    Err(refused(status, &code, wish))
}

/// The status with which somebody answers; `None`: nobody does.
pub(super) async fn status(request: RequestBuilder) -> Option<StatusCode> {
    let answered = request.send().await.map_err(reqwest::Error::without_url);
    answered
        .inspect_err(|error| tracing::debug!(?error, "asking whether the text message service is there"))
        .ok()
        .map(|response| response.status())
}

/// What a status means. Only two say that nothing was done: 429 (RFC 6585, section 4) and 503 (RFC 9110, section 15.6.4). After a 500 the
/// message may be on its way, and a 502 or 504 comes from somebody who passed it on.
fn refused(status: StatusCode, code: &str, wish: Option<Duration>) -> Outcome {
    let number = status.as_u16();
    match status {
        StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => {
            Outcome::NotTaken { problem: format!("the service is busy ({number}{code})"), wish }
        }
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Outcome::Refused {
            problem: format!("the service refuses us ({number}{code}): check sms.account and sms.secret"),
        },
        _ if status.is_redirection() => {
            Outcome::Refused { problem: format!("the service is elsewhere ({number}): set sms.url to its own address") }
        }
        _ if status.is_client_error() => {
            Outcome::Refused { problem: format!("the service refuses the message ({number}{code})") }
        }
        _ => {
            Outcome::Unclear { problem: format!("the service failed ({number}{code}): it may have taken the message") }
        }
    }
}

/// No connection, no message. All else may have happened after it had arrived.
fn failed(error: reqwest::Error) -> Outcome {
    let error = error.without_url();
    tracing::warn!(error = ?error, "asking the text message service");
    if error.is_connect() {
        return Outcome::NotTaken { problem: NO_CONNECTION.to_owned(), wish: None };
    }
    if error.is_builder() {
        return Outcome::Refused { problem: "the request cannot be made".to_owned() };
    }
    Outcome::unclear(if error.is_timeout() { NO_ANSWER } else { BROKEN })
}

async fn whole(mut response: Response) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await.ok()? {
        if bytes.len() + chunk.len() > LONGEST_ANSWER {
            return None;
        }
        bytes.extend_from_slice(&chunk);
    }
    Some(bytes)
}

/// Seconds or a date (RFC 9110, section 10.2.3).
fn retry_after(response: &Response, now: Timestamp) -> Option<Duration> {
    read_retry_after(response.headers().get(RETRY_AFTER)?.to_str().ok()?, now)
}

fn read_retry_after(text: &str, now: Timestamp) -> Option<Duration> {
    if let Ok(seconds) = text.trim().parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = rfc2822::parse(text.trim()).ok()?.timestamp();
    Duration::try_from(date.duration_since(now)).ok()
}

/// A service's name for a message, if it can be one.
pub(in crate::sms) fn reference(text: &str) -> Option<String> {
    const LONGEST: usize = 128;
    let fits = (1..=LONGEST).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
    fits.then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_status_says_something_else() {
        for (status, outcome) in [
            (301, "refused"),
            (307, "refused"),
            (400, "refused"),
            (401, "refused"),
            (404, "refused"),
            (408, "refused"),
            (429, "not_taken"),
            (500, "unclear"),
            (502, "unclear"),
            (503, "not_taken"),
            (504, "unclear"),
            (599, "unclear"),
        ] {
            assert_eq!(refused(StatusCode::from_u16(status).unwrap(), "", None).name(), outcome, "{status}");
        }
    }

    #[tokio::test]
    async fn without_a_connection_nothing_was_sent() {
        let address = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let http = Http::new(Duration::from_secs(10)).unwrap();
        // Nobody listens there any more; nobody has this name; nobody speaks TLS there.
        let deaf = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let no_tls = format!("https://{}", deaf.local_addr().unwrap());
        std::thread::spawn(move || deaf.accept().map(drop));
        for url in [format!("http://{address}"), "http://nobody.invalid".to_owned(), no_tls] {
            let request = http.post(&url.parse().unwrap()).body("message");
            let outcome = send(request, |_| None).await.map(|_| ()).unwrap_err();
            assert_eq!(outcome, Outcome::NotTaken { problem: NO_CONNECTION.to_owned(), wish: None }, "{url}");
        }
    }

    #[test]
    fn a_wish_is_in_seconds_or_a_date() {
        let now: Timestamp = "2026-11-21T08:00:00Z".parse().unwrap();
        for (text, seconds) in [
            ("120", Some(120)),
            (" 0 ", Some(0)),
            ("18446744073709551615", Some(u64::MAX)),
            ("Sat, 21 Nov 2026 08:01:00 GMT", Some(60)),
            ("Sat, 21 Nov 2026 07:00:00 GMT", None),
            ("-1", None),
            ("soon", None),
            ("", None),
        ] {
            assert_eq!(read_retry_after(text, now), seconds.map(Duration::from_secs), "{text}");
        }
    }
}
