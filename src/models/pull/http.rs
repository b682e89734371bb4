//! HTTP for downloads: the system's certificates and proxies, addresses that never show their credentials, and errors in
//! a few words that say whether another try may help.

use std::{error::Error as _, fmt, ops::Range, time::Duration};

use reqwest::{
    Client, Response, StatusCode,
    header::{ACCEPT, CONTENT_RANGE, HeaderValue, IF_RANGE, RANGE},
};
use url::Url;

use crate::models::{Digest, PullError};

/// Larger answers than this are not taken into memory.
const LARGEST_PAGE: usize = 64 << 20;
/// A server that lies.
pub(super) const OTHER_PART: &str = "the server sends another part than asked for";

/// An address that may hold credentials: in its name and password, its path (`https://host/TOKEN/simple`), or its query.
/// Only scheme, host and port are ever shown.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Address(Url);

/// Why something was not fetched.
#[derive(Debug)]
pub(super) enum FetchError {
    /// Another try may help.
    Again(String),
    /// This source cannot give it.
    Final(String),
    /// The server does not serve parts of a file.
    NoRanges,
    /// Nothing will help: this machine cannot store it.
    Local(PullError),
}

/// A client.
#[derive(Clone, Debug)]
pub(super) struct Http(Client);

/// Which part of which edition of a file is asked for.
#[derive(Clone, Debug, Default)]
pub(super) struct Part {
    /// From this byte, `None` for the whole file.
    pub(super) from: Option<u64>,
    /// Up to before this byte.
    pub(super) to: Option<u64>,
    /// The edition that it has to be a part of, as the server named it (RFC 9110, If-Range).
    pub(super) edition: Option<String>,
}

impl Address {
    /// # Errors
    /// In a few words, without repeating the address.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let url = Url::parse(text.trim()).map_err(|error| error.to_string())?;
        match url.scheme() {
            "http" | "https" if url.has_host() => Ok(Self(url)),
            _ => Err("it has to begin with https:// or http://".to_owned()),
        }
    }

    /// This address as a folder, and `path` in it.
    pub(super) fn inside(&self, path: &str) -> Self {
        let mut url = self.0.clone();
        url.set_path(&format!("{}/{path}", self.0.path().trim_end_matches('/')));
        Self(url)
    }

    /// What a link on the page at `page` means. Credentials of this address go along as long as it leads to the same
    /// server, as pip does it.
    pub(super) fn follow(&self, page: &Url, link: &str) -> Result<Self, String> {
        let mut url = page.join(link).map_err(|error| error.to_string())?;
        if url.origin() == self.0.origin() && url.username().is_empty() {
            // Both fail only for addresses without a host, which share no origin with ours.
            let _ = url.set_username(self.0.username());
            let _ = url.set_password(self.0.password());
        }
        Self::parse(url.as_str())
    }

    /// The last part of the path, decoded: a file's name.
    pub(super) fn file_name(&self) -> String {
        let last = self.0.path_segments().and_then(|mut segments| segments.next_back()).unwrap_or_default();
        percent_encoding::percent_decode_str(last).decode_utf8_lossy().into_owned()
    }

    /// Tells addresses apart on the disk, where their text may hold what is not to be read. Credentials outside the path
    /// do not count: they change while the file stays the same.
    pub(super) fn fingerprint(&self) -> Digest {
        Digest::of(format!("{self}{}", self.0.path()).as_bytes())
    }

    /// What follows `#`.
    pub(super) fn fragment(&self) -> Option<&str> {
        self.0.fragment()
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let port = self.0.port().map(|port| format!(":{port}")).unwrap_or_default();
        write!(f, "{}://{}{port}", self.0.scheme(), self.0.host_str().unwrap_or_default())
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Http {
    /// A client that gives up on a server which says nothing for `stall`. Proxies come from the environment
    /// (HTTPS_PROXY, HTTP_PROXY, NO_PROXY), certificates from the system (or SSL_CERT_FILE).
    pub(super) fn new(stall: Duration) -> Result<Self, PullError> {
        // Fails only when there is one already, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        Client::builder()
            .user_agent(concat!("callstead/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(stall)
            .read_timeout(stall)
            .build()
            .map(Self)
            .map_err(|error| PullError::Setting(format!("cannot download: {}", reason(&error))))
    }

    /// A page, whole: its address after redirections, its content type, its bytes.
    pub(super) async fn page(
        &self,
        address: &Address,
        accept: &'static str,
    ) -> Result<(Url, String, Vec<u8>), FetchError> {
        let request = self.0.get(address.0.clone()).header(ACCEPT, accept);
        let response = checked(request.send().await)?;
        let url = response.url().clone();
        let content_type = response.headers().get("content-type").and_then(|value| value.to_str().ok());
        let content_type = content_type.unwrap_or_default().to_ascii_lowercase();
        Ok((url, content_type, whole(response).await?))
    }

    /// Asks for a file or a part of it; the answer's status is 200 (whole) or 206 (the part).
    pub(super) async fn file(&self, address: &Address, part: &Part) -> Result<Response, FetchError> {
        let mut request = self.0.get(address.0.clone());
        if let Some(from) = part.from {
            let to = part.to.map(|to| (to - 1).to_string()).unwrap_or_default();
            request = request.header(RANGE, format!("bytes={from}-{to}"));
            if let Some(edition) = part.edition.as_deref().and_then(|tag| HeaderValue::from_str(tag).ok()) {
                request = request.header(IF_RANGE, edition);
            }
        }
        checked(request.send().await)
    }

    /// The last bytes of a file, at most `count`, and where they begin.
    ///
    /// # Errors
    /// [`FetchError::NoRanges`] when the server does not serve parts.
    pub(super) async fn tail(&self, address: &Address, count: u64) -> Result<(Vec<u8>, u64), FetchError> {
        let response = checked(self.0.get(address.0.clone()).header(RANGE, format!("bytes=-{count}")).send().await)?;
        let range = content_range(&response).ok_or(FetchError::NoRanges)?;
        let bytes = whole(response).await?;
        match range.start.checked_add(bytes.len() as u64) {
            Some(end) if end == range.end => Ok((bytes, range.start)),
            _ => Err(FetchError::Final(OTHER_PART.to_owned())),
        }
    }

    /// A small part of a file.
    pub(super) async fn part(&self, address: &Address, span: Range<u64>) -> Result<Vec<u8>, FetchError> {
        let part = Part { from: Some(span.start), to: Some(span.end), edition: None };
        let response = self.file(address, &part).await?;
        match content_range(&response) {
            Some(range) if range.start == span.start => whole(response).await,
            Some(_) => Err(FetchError::Final(OTHER_PART.to_owned())),
            None => Err(FetchError::NoRanges),
        }
    }
}

/// Which bytes a 206 answer holds; the end is open when the server does not say.
pub(super) fn content_range(response: &Response) -> Option<Range<u64>> {
    if response.status() != StatusCode::PARTIAL_CONTENT {
        return None;
    }
    let text = response.headers().get(CONTENT_RANGE)?.to_str().ok()?;
    let (span, _) = text.strip_prefix("bytes ")?.split_once('/')?;
    let (first, last) = span.split_once('-')?;
    Some(first.parse().ok()?..last.parse::<u64>().ok()?.checked_add(1)?)
}

/// What went wrong on the way, in a few words.
pub(super) fn broken(error: &reqwest::Error) -> FetchError {
    FetchError::Again(reason(error))
}

async fn whole(mut response: Response) -> Result<Vec<u8>, FetchError> {
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| broken(&error))? {
        if bytes.len() + chunk.len() > LARGEST_PAGE {
            return Err(FetchError::Final("the answer is too long".to_owned()));
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

fn checked(result: reqwest::Result<Response>) -> Result<Response, FetchError> {
    let response = result.map_err(|error| match error.is_redirect() || error.is_builder() {
        true => FetchError::Final(reason(&error)),
        false => broken(&error),
    })?;
    let status = response.status();
    let code = status.as_u16();
    match status {
        StatusCode::OK | StatusCode::PARTIAL_CONTENT => Ok(response),
        StatusCode::NOT_FOUND | StatusCode::GONE => Err(FetchError::Final(format!("not there ({code})"))),
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN | StatusCode::PROXY_AUTHENTICATION_REQUIRED => {
            Err(FetchError::Final(format!("access refused ({code})")))
        }
        StatusCode::RANGE_NOT_SATISFIABLE | StatusCode::NOT_IMPLEMENTED => Err(FetchError::NoRanges),
        StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_MANY_REQUESTS => {
            Err(FetchError::Again(format!("the server is busy ({code})")))
        }
        _ if status.is_server_error() => Err(FetchError::Again(format!("the server failed ({code})"))),
        _ => Err(FetchError::Final(format!("unexpected answer ({code})"))),
    }
}

/// The innermost cause: the outer layers only repeat the address, which may hold credentials.
fn reason(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        return "the server says nothing".to_owned();
    }
    let mut cause = error.source();
    while let Some(inner) = cause.and_then(|cause| cause.source()) {
        cause = Some(inner);
    }
    cause.map_or_else(
        || "the request failed".to_owned(),
        |cause| {
            let words = cause.to_string();
            match words.split_once(" (os error ") {
                Some((words, _)) => words.to_lowercase(),
                None => words,
            }
        },
    )
}

#[cfg(test)]
pub(super) mod tests {
    use std::{
        io::{BufRead, BufReader, Write},
        net::TcpListener,
        thread,
    };

    use super::*;

    #[test]
    fn credentials_are_never_shown() {
        for text in [
            "https://user:secret@index.example:8443/simple/",
            "https://secret@index.example:8443/simple/?token=secret#secret",
            "https://index.example:8443/secret/simple/",
        ] {
            let address = Address::parse(text).unwrap();
            assert_eq!(address.to_string(), "https://index.example:8443");
            assert_eq!(format!("{address:?}"), "https://index.example:8443");
        }
        for text in ["secret", "ftp://user:secret@host/", "https://", "file:///secret"] {
            assert!(!Address::parse(text).unwrap_err().contains("secret"), "{text}");
        }
    }

    #[test]
    fn addresses_are_told_apart_by_where_they_lead() {
        let fingerprint = |text: &str| Address::parse(text).unwrap().fingerprint();
        let one = fingerprint("https://index.example/a/simple");
        assert_eq!(fingerprint("https://user:secret@index.example/a/simple?token=secret#secret"), one);
        assert_ne!(fingerprint("https://index.example/b/simple"), one);
        assert_ne!(fingerprint("https://index.example:8443/a/simple"), one);
    }

    /// An address where each request gets the same answer, whatever it asks for.
    pub(in crate::models::pull) fn answering(head: &str, body: &[u8]) -> Address {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = Address::parse(&format!("http://{}/file", listener.local_addr().unwrap())).unwrap();
        let answer = [format!("HTTP/1.1 {head}\r\nconnection: close\r\n\r\n").as_bytes(), body].concat();
        thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let request = BufReader::new(&stream).lines().map_while(Result::ok);
                request.take_while(|line| !line.is_empty()).for_each(drop);
                // A client that has heard enough is part of the tests.
                let _ = stream.write_all(&answer);
            }
        });
        address
    }

    pub(in crate::models::pull) fn client() -> Http {
        Http::new(Duration::from_secs(30)).unwrap()
    }

    /// What a server says that cannot be.
    pub(in crate::models::pull) fn refused<T>(result: Result<T, FetchError>) -> String {
        match result {
            Err(FetchError::Final(why)) => why,
            Err(other) => panic!("{other:?}"),
            Ok(_) => panic!("taken"),
        }
    }

    #[tokio::test]
    async fn a_part_that_cannot_be_is_refused() {
        for range in [
            "bytes 18446744073709551613-18446744073709551614/18446744073709551615",
            "bytes 0-1/18446744073709551615",
            "bytes 7-2/10",
        ] {
            let address = answering(&format!("206 Part\r\ncontent-length: 4\r\ncontent-range: {range}"), b"abcd");
            assert_eq!(refused(client().tail(&address, 4).await), OTHER_PART, "{range}");
            assert_eq!(refused(client().part(&address, 40..44).await), OTHER_PART, "{range}");
        }
    }

    #[test]
    fn credentials_go_along_to_the_same_server_only() {
        let index = Address::parse("https://user:secret@index.example/simple").unwrap();
        let page = Url::parse("https://index.example/simple/pkg/").unwrap();
        for (link, expect, password) in [
            ("../../files/a.whl#sha256=00", "https://index.example/files/a.whl", Some("secret")),
            ("/a.whl", "https://index.example/a.whl", Some("secret")),
            ("https://files.example/a%20b.whl", "https://files.example/a%20b.whl", None),
            ("http://index.example/a.whl", "http://index.example/a.whl", None),
        ] {
            let mut address = index.follow(&page, link).unwrap().0;
            assert_eq!(address.password(), password);
            address.set_username("").unwrap();
            address.set_password(None).unwrap();
            address.set_fragment(None);
            assert_eq!(address.as_str(), expect);
        }
        assert_eq!(index.follow(&page, "https://files.example/a%20b.whl").unwrap().file_name(), "a b.whl");
        assert_eq!(index.inside("pkg/").0.path(), "/simple/pkg/");
    }
}
