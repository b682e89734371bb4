//! One file, or a part of one, into a partial file: goes on where an earlier try stopped.

use std::{fs, io, ops::Range, path::Path};

use reqwest::{Response, StatusCode, header::ETAG};
use tokio::{
    fs::{File, OpenOptions},
    io::AsyncWriteExt,
};

use super::{
    http::{Address, FetchError, Http, OTHER_PART, Part, broken, content_range},
    partial,
};
use crate::models::{Digest, PullError, digest::Hash, error::size};

/// What is to be fetched.
#[derive(Clone, Debug)]
pub(super) struct Blob<'a> {
    /// Where the file is.
    pub(super) address: &'a Address,
    /// Which bytes of it, `None` for all.
    pub(super) span: Option<Range<u64>>,
    /// How many bytes that is.
    pub(super) length: Length,
    /// Whether the caller knows the digest. Then any server's bytes may go on from any other's; otherwise only the same
    /// edition from the same address may.
    pub(super) has_digest: bool,
}

/// What is known of a length.
#[derive(Clone, Copy, Debug)]
pub(super) enum Length {
    /// So many bytes.
    Exactly(u64),
    /// Any number up to this: what does not end must not fill the disk.
    AtMost(u64),
}

impl Length {
    fn exact(self) -> Option<u64> {
        match self {
            Self::Exactly(bytes) => Some(bytes),
            Self::AtMost(_) => None,
        }
    }

    fn most(self) -> u64 {
        match self {
            Self::Exactly(bytes) | Self::AtMost(bytes) => bytes,
        }
    }
}

/// Fetches what is still missing into `path`, telling `advance` how many bytes are there. Gives the digest of all of it.
pub(super) async fn download(
    http: &Http,
    blob: &Blob<'_>,
    path: &Path,
    advance: &(dyn Fn(u64) + Sync),
) -> Result<Digest, FetchError> {
    let local = |error| FetchError::Local(PullError::writing(path, error));
    let mut edition = read_edition(path, blob.address);
    let mut have = partial::length(path);
    let exact = blob.length.exact();
    if have > blob.length.most() || (!blob.has_digest && edition.is_none()) {
        (have, edition) = (0, None);
    }
    if exact == Some(have) && have > 0 {
        return digest_so_far(path).await.map(Hash::finish).map_err(local);
    }
    let response = ask(http, blob, have, edition, path).await?;
    let (mut hash, have) = match content_range(&response) {
        Some(range) if range.start == start(blob) + have && have > 0 => {
            (digest_so_far(path).await.map_err(local)?, have)
        }
        Some(range) if range.start == start(blob) && have == 0 => (Hash::default(), 0),
        Some(_) => return Err(FetchError::Final(OTHER_PART.to_owned())),
        None if blob.span.is_some() => return Err(FetchError::NoRanges),
        None => (Hash::default(), 0),
    };
    let total = expected_length(response.content_length(), blob.length, have)?;
    let mut file = open(path, have).await.map_err(local)?;
    write_edition(path, blob.address, &response).map_err(local)?;
    receive(response, &mut file, &mut hash, (have, total), path, advance).await?;
    Ok(hash.finish())
}

async fn ask(
    http: &Http,
    blob: &Blob<'_>,
    have: u64,
    edition: Option<String>,
    path: &Path,
) -> Result<Response, FetchError> {
    let from = (have > 0 || blob.span.is_some()).then_some(start(blob) + have);
    let part = Part { from, to: blob.span.as_ref().map(|span| span.end), edition };
    match http.file(blob.address, &part).await {
        // What we have is longer than what is there: another edition, or garbage.
        Err(FetchError::NoRanges) if blob.span.is_none() && have > 0 => {
            let _ = fs::remove_file(path);
            Err(FetchError::Again("the server cannot go on from where we stopped".to_owned()))
        }
        other => other,
    }
}

async fn receive(
    mut response: Response,
    file: &mut File,
    hash: &mut Hash,
    (mut have, total): (u64, Length),
    path: &Path,
    advance: &(dyn Fn(u64) + Sync),
) -> Result<(), FetchError> {
    let local = |error| FetchError::Local(PullError::writing(path, error));
    advance(have);
    let end = loop {
        let chunk = match response.chunk().await {
            Ok(Some(chunk)) => chunk,
            Ok(None) => break Ok(()),
            Err(error) => break Err(broken(&error)),
        };
        have += chunk.len() as u64;
        if have > total.most() {
            return Err(FetchError::Final(format!("it is longer than {}", size(total.most()))));
        }
        file.write_all(&chunk).await.map_err(local)?;
        hash.update(&chunk);
        advance(have);
    };
    // Also what came before the line broke is kept: the next try goes on from there.
    file.flush().await.map_err(local)?;
    end?;
    match total.exact() {
        Some(total) if have < total => Err(FetchError::Again(format!("the line broke after {}", size(have)))),
        _ => Ok(()),
    }
}

fn start(blob: &Blob<'_>) -> u64 {
    blob.span.as_ref().map_or(0, |span| span.start)
}

/// How long the whole has to become, when the server says that `rest` follows what we `have`; an error when that is
/// something else than expected.
fn expected_length(rest: Option<u64>, expect: Length, have: u64) -> Result<Length, FetchError> {
    let Some(rest) = rest else { return Ok(expect) };
    let announced = rest.checked_add(have).filter(|announced| *announced <= expect.most());
    match (expect, announced) {
        (Length::Exactly(bytes), _) if announced != Some(bytes) => {
            Err(FetchError::Final(format!("it has {} bytes instead of {bytes}", rest.saturating_add(have))))
        }
        (Length::AtMost(most), None) => Err(FetchError::Final(format!("it is longer than {}", size(most)))),
        (_, Some(announced)) => Ok(Length::Exactly(announced)),
        (expect, None) => Ok(expect),
    }
}

async fn open(path: &Path, have: u64) -> io::Result<File> {
    let file = OpenOptions::new().write(true).create(true).truncate(have == 0).open(path).await?;
    file.set_len(have).await?;
    drop(file);
    OpenOptions::new().append(true).open(path).await
}

async fn digest_so_far(path: &Path) -> io::Result<Hash> {
    let path = path.to_owned();
    tokio::task::spawn_blocking(move || {
        let mut hash = Hash::default();
        hash.read_all(&path)?;
        Ok(hash)
    })
    .await
    .map_err(io::Error::other)?
}

/// Two lines: the digest of the address, and the edition as the server named it.
fn read_edition(path: &Path, address: &Address) -> Option<String> {
    let text = fs::read_to_string(partial::tag(path)).ok()?;
    let (written_for, edition) = text.trim_end().split_once('\n')?;
    (written_for == address.fingerprint().to_string()).then(|| edition.to_owned())
}

fn write_edition(path: &Path, address: &Address, response: &Response) -> io::Result<()> {
    let edition = response.headers().get(ETAG).and_then(|value| value.to_str().ok());
    // A weak edition may name bytes that differ (RFC 9110, 8.8.1).
    match edition.filter(|edition| edition.starts_with('"')) {
        Some(edition) => fs::write(partial::tag(path), format!("{}\n{edition}\n", address.fingerprint())),
        None if response.status() == StatusCode::OK => match fs::remove_file(partial::tag(path)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        },
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::models::pull::http::tests::{answering, client, refused};

    async fn fetch(address: &Address, length: Length, path: &Path) -> Result<Digest, FetchError> {
        let blob = Blob { address, span: None, length, has_digest: true };
        download(&client(), &blob, path, &|_| {}).await
    }

    #[tokio::test]
    async fn a_length_that_cannot_be_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.bin");
        fs::write(&path, "abc").unwrap();
        let address = answering("206 Part\r\ncontent-length: 18446744073709551613\r\ncontent-range: bytes 3-3/4", b"d");
        for (length, expect) in [
            (Length::Exactly(4), "it has 18446744073709551615 bytes instead of 4"),
            (Length::AtMost(1 << 20), "it is longer than 1.0 MB"),
        ] {
            assert_eq!(refused(fetch(&address, length, &path).await), expect);
        }
    }

    #[tokio::test]
    async fn what_does_not_end_is_not_kept_on_taking() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.bin");
        let address = answering("200 OK\r\ncontent-type: x", &[7; 100_000]);
        assert_eq!(refused(fetch(&address, Length::AtMost(50_000), &path).await), "it is longer than 50.0 kB");
        assert!(partial::length(&path) <= 50_000);
        let digest = fetch(&address, Length::AtMost(100_000), &path).await.unwrap();
        assert_eq!(digest, Digest::of(&[7; 100_000]));
    }

    #[tokio::test]
    async fn what_is_noted_of_an_address_does_not_tell_it() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.bin");
        let address = answering("200 OK\r\netag: \"e\"\r\ncontent-length: 2", b"ab").inside("hunter2");
        fetch(&address, Length::Exactly(2), &path).await.unwrap();
        let noted = fs::read_to_string(partial::tag(&path)).unwrap();
        assert!(!noted.contains("hunter2") && !noted.contains("http"), "{noted}");
        assert_eq!(read_edition(&path, &address).as_deref(), Some("\"e\""));
        assert_eq!(read_edition(&path, &address.inside("other")), None);
    }
}
