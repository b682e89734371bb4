//! One file out of a wheel. A wheel is a zip with its table of contents at the end: from a server that serves parts of a
//! file, only the table and the file's own bytes are fetched; from others, the whole wheel.

use std::{
    fs::File,
    io::{self, BufReader, Read, Seek, SeekFrom, Write},
    ops::Range,
    path::{Path, PathBuf},
};

use zip::{CompressionMethod, ZipArchive, result::ZipError};

use super::{
    download::{Blob, Length, download},
    http::{Address, FetchError, Http},
    index::Wheel,
    partial::Partial,
};
use crate::models::{Digest, PullError, digest::Hash};

/// How much of a wheel's end is fetched to find its table of contents: more when the first does not hold it.
const TAILS: [u64; 3] = [128 << 10, 2 << 20, 16 << 20];
/// Fixed part of the header before each file in a zip, whose last four bytes tell the lengths of name and extras
/// (APPNOTE.TXT, 4.3.7).
const LOCAL_HEADER: u64 = 30;
const LOCAL_SIGNATURE: &[u8] = b"PK\x03\x04";

/// What is to be taken out of a wheel.
#[derive(Clone, Copy, Debug)]
pub(super) struct Member<'a> {
    /// Its name inside the wheel.
    pub(super) name: &'a str,
    /// Its length, once it is unpacked.
    pub(super) bytes: u64,
}

/// Where a file is inside a wheel, as its table of contents says.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Entry {
    header: u64,
    packed_bytes: u64,
    bytes: u64,
    method: CompressionMethod,
}

/// Fetches the member into `partial` by parts; its digest is the caller's to check.
///
/// # Errors
/// [`FetchError::NoRanges`] when the server does not serve parts.
pub(super) async fn fetch_member(
    http: &Http,
    wheel: &Wheel,
    member: Member<'_>,
    partial: &Partial,
    advance: &(dyn Fn(u64) + Sync),
) -> Result<Digest, FetchError> {
    let entry = look_up(http, &wheel.address, member.name).await?;
    entry.check(member)?;
    let head = entry.head()?;
    let header = http.part(&wheel.address, head.clone()).await?;
    let span = entry.data(head.end, &header)?;
    let length = Length::Exactly(entry.packed_bytes);
    let blob = Blob { address: &wheel.address, span: Some(span), length, has_digest: true };
    match entry.method {
        CompressionMethod::Stored => download(http, &blob, &partial.path, advance).await,
        CompressionMethod::Deflated => {
            // Shown as bytes of the file itself, which is what the total counts.
            let scaled = |have: u64| advance(scale(have, entry.packed_bytes, entry.bytes));
            download(http, &blob, &partial.packed, &scaled).await?;
            let (packed, path, bytes) = (partial.packed.clone(), partial.path.clone(), member.bytes);
            blocking(move || {
                let source = File::open(&packed).map_err(unpacking)?;
                let result = unpack(flate2::read::DeflateDecoder::new(BufReader::new(source)), &path, bytes);
                // Unpacked or not, it has served: a broken one must not be gone on from.
                let _ = std::fs::remove_file(&packed);
                result
            })
            .await
        }
        other => Err(FetchError::Final(format!("{} is packed in a way not known here: {other}", member.name))),
    }
}

/// Takes the member out of a whole wheel on the disk.
pub(super) async fn extract_member(
    wheel: PathBuf,
    member: Member<'_>,
    partial: &Partial,
) -> Result<Digest, FetchError> {
    let (name, bytes, path) = (member.name.to_owned(), member.bytes, partial.path.clone());
    blocking(move || {
        let file = BufReader::new(File::open(wheel).map_err(unpacking)?);
        let mut archive = ZipArchive::new(file).map_err(|error| no_zip(&error))?;
        let source = archive.by_name(&name).map_err(|_| no_member(&name))?;
        unpack(source, &path, bytes)
    })
    .await
}

async fn look_up(http: &Http, address: &Address, member: &str) -> Result<Entry, FetchError> {
    let mut problem = None;
    for count in TAILS {
        let (bytes, start) = http.tail(address, count).await?;
        match entry_in(Tail { bytes: &bytes, start, position: 0 }, member) {
            Ok(entry) => return entry.ok_or_else(|| no_member(member)),
            Err(error) if start == 0 => return Err(no_zip(&error)),
            Err(error) => problem = Some(error),
        }
    }
    Err(problem.map_or(FetchError::NoRanges, |error| no_zip(&error)))
}

fn entry_in(tail: Tail<'_>, member: &str) -> Result<Option<Entry>, ZipError> {
    let archive = ZipArchive::new(tail)?;
    let Some(index) = archive.index_for_name(member) else { return Ok(None) };
    let data = archive.by_index_data(index)?;
    Ok(Some(Entry {
        header: data.header_start(),
        packed_bytes: data.compressed_size(),
        bytes: data.size(),
        method: data.compression(),
    }))
}

impl Entry {
    /// A member that has another length than it should, or is larger packed than it would be plain, is not fetched.
    fn check(&self, member: Member<'_>) -> Result<(), FetchError> {
        let Member { name, bytes } = member;
        if self.bytes != bytes {
            return Err(FetchError::Final(format!("{name} has {} bytes instead of {bytes}", self.bytes)));
        }
        // Deflate adds five bytes to each 64 KiB that it cannot shrink (RFC 1951, 3.2.4), some writers more.
        if self.packed_bytes > bytes.saturating_add(bytes / 64).saturating_add(1024) {
            return Err(damaged());
        }
        Ok(())
    }

    /// The fixed part of the header before the file.
    fn head(&self) -> Result<Range<u64>, FetchError> {
        let end = self.header.checked_add(LOCAL_HEADER).ok_or_else(damaged)?;
        Ok(self.header..end)
    }

    /// The file's own bytes, after the `header` that ends at `head_end` and the name and extras that it tells of.
    fn data(&self, head_end: u64, header: &[u8]) -> Result<Range<u64>, FetchError> {
        let start = head_end.checked_add(local_lengths(header)?).ok_or_else(damaged)?;
        let end = start.checked_add(self.packed_bytes).ok_or_else(damaged)?;
        Ok(start..end)
    }
}

fn local_lengths(header: &[u8]) -> Result<u64, FetchError> {
    match header {
        [a, b, c, d, .., n0, n1, e0, e1]
            if [*a, *b, *c, *d] == *LOCAL_SIGNATURE && header.len() as u64 == LOCAL_HEADER =>
        {
            Ok(u64::from(u16::from_le_bytes([*n0, *n1])) + u64::from(u16::from_le_bytes([*e0, *e1])))
        }
        _ => Err(damaged()),
    }
}

/// Unpacks a file of exactly so many bytes, and gives its digest; nothing is left of one that is longer or shorter,
/// whatever its packed form would swell to.
fn unpack(source: impl Read, path: &Path, bytes: u64) -> Result<Digest, FetchError> {
    let result = unpack_into(path, source.take(bytes.saturating_add(1)), bytes);
    if result.is_err() {
        // The error that there is says more than one about this.
        let _ = std::fs::remove_file(path);
    }
    result
}

fn unpack_into(path: &Path, mut source: impl Read, bytes: u64) -> Result<Digest, FetchError> {
    let local = |error| FetchError::Local(PullError::writing(path, error));
    let mut target = File::create(path).map_err(local)?;
    let mut hash = Hash::default();
    let mut buffer = vec![0; 256 * 1024];
    let mut left = bytes;
    loop {
        match source.read(&mut buffer).map_err(unpacking)? {
            0 if left == 0 => return Ok(hash.finish()),
            0 => return Err(FetchError::Final(format!("unpacked, it is shorter than {bytes} bytes"))),
            read => {
                let Some(rest) = left.checked_sub(read as u64) else {
                    return Err(FetchError::Final(format!("unpacked, it is longer than {bytes} bytes")));
                };
                left = rest;
                target.write_all(&buffer[..read]).map_err(local)?;
                hash.update(&buffer[..read]);
            }
        }
    }
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, FetchError> + Send + 'static,
) -> Result<T, FetchError> {
    tokio::task::spawn_blocking(work).await.map_err(|error| unpacking(io::Error::other(error)))?
}

fn unpacking(error: io::Error) -> FetchError {
    FetchError::Final(format!("the wheel cannot be unpacked: {error}"))
}

fn damaged() -> FetchError {
    FetchError::Final("the wheel is damaged".to_owned())
}

fn no_zip(error: &ZipError) -> FetchError {
    FetchError::Final(format!("the wheel is no zip file: {error}"))
}

fn no_member(member: &str) -> FetchError {
    FetchError::Final(format!("the wheel has no {member}"))
}

fn scale(have: u64, of: u64, to: u64) -> u64 {
    match of {
        0 => to,
        _ => (u128::from(have) * u128::from(to) / u128::from(of)) as u64,
    }
}

/// The end of a file, read as if it were the whole file; the part that is not there cannot be read.
#[derive(Debug)]
struct Tail<'a> {
    bytes: &'a [u8],
    start: u64,
    position: u64,
}

impl Tail<'_> {
    fn span(&self) -> Range<u64> {
        self.start..self.start + self.bytes.len() as u64
    }
}

impl Read for Tail<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let span = self.span();
        if self.position < span.start {
            return Err(io::Error::other("the table of contents begins further to the front"));
        }
        let from = (self.position.min(span.end) - span.start) as usize;
        let count = buffer.len().min(self.bytes.len() - from);
        buffer[..count].copy_from_slice(&self.bytes[from..from + count]);
        self.position += count as u64;
        Ok(count)
    }
}

impl Seek for Tail<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let position = match to {
            SeekFrom::Start(position) => Some(position),
            SeekFrom::End(offset) => self.span().end.checked_add_signed(offset),
            SeekFrom::Current(offset) => self.position.checked_add_signed(offset),
        };
        self.position = position.ok_or_else(|| io::Error::from(io::ErrorKind::InvalidInput))?;
        Ok(self.position)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use zip::{ZipWriter, write::SimpleFileOptions};

    use super::*;

    /// A zip of 200 files, a stored and a deflated one among them.
    fn archive() -> Vec<u8> {
        let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
        for index in 0..200 {
            let method = if index % 2 == 0 { CompressionMethod::Stored } else { CompressionMethod::Deflated };
            let options = SimpleFileOptions::default().compression_method(method);
            writer.start_file(format!("package/{index}.onnx"), options).unwrap();
            writer.write_all(format!("content of {index} ").repeat(500).as_bytes()).unwrap();
        }
        writer.finish().unwrap().into_inner()
    }

    #[test]
    fn a_member_is_found_from_the_end_of_the_file_alone() {
        let bytes = archive();
        let start = bytes.len() - 32 * 1024;
        for (index, method) in [(7, CompressionMethod::Deflated), (198, CompressionMethod::Stored)] {
            let tail = Tail { bytes: &bytes[start..], start: start as u64, position: 0 };
            let entry = entry_in(tail, &format!("package/{index}.onnx")).unwrap().unwrap();
            assert_eq!((entry.method, entry.bytes), (method, format!("content of {index} ").len() as u64 * 500));
            let header = &bytes[entry.header as usize..][..LOCAL_HEADER as usize];
            let data = entry.data(entry.head().unwrap().end, header).unwrap();
            let data = &bytes[data.start as usize..data.end as usize];
            let mut text = String::new();
            match method {
                CompressionMethod::Stored => text = String::from_utf8(data.to_vec()).unwrap(),
                _ => _ = flate2::read::DeflateDecoder::new(data).read_to_string(&mut text).unwrap(),
            }
            assert_eq!(text, format!("content of {index} ").repeat(500));
        }
    }

    #[test]
    fn places_that_cannot_be_are_refused() {
        let mut header = [0; LOCAL_HEADER as usize];
        header[..4].copy_from_slice(LOCAL_SIGNATURE);
        header[26] = 9;
        let entry = |header, packed_bytes| Entry { header, packed_bytes, bytes: 9, method: CompressionMethod::Stored };
        assert_eq!(entry(100, 5).head().unwrap(), 100..130);
        assert_eq!(entry(100, 5).data(130, &header).unwrap(), 139..144);
        assert!(entry(u64::MAX - 29, 5).head().is_err());
        assert!(entry(0, 5).data(u64::MAX - 8, &header).is_err());
        assert!(entry(0, u64::MAX - 38).data(30, &header).is_err());
        assert!(entry(0, 5).data(30, &[&header[..], &header[..]].concat()).is_err(), "more than asked for");
    }

    #[test]
    fn a_member_of_another_size_is_refused() {
        let entry = |bytes, packed_bytes| Entry { header: 0, packed_bytes, bytes, method: CompressionMethod::Deflated };
        for (entry, bytes, fits) in [
            (entry(100, 60), 100, true),
            (entry(100, 105), 100, true),
            (entry(u64::MAX, u64::MAX), u64::MAX, true),
            (entry(u64::MAX, 60), 100, false),
            (entry(100, 1 << 40), 100, false),
        ] {
            assert_eq!(entry.check(Member { name: "m", bytes }).is_ok(), fits, "{entry:?}");
        }
    }

    #[test]
    fn what_swells_beyond_its_length_leaves_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("m.bin");
        for (length, expect) in [
            (1000, Ok(Digest::of(&[0; 1000]))),
            (999, Err("unpacked, it is shorter than 1000 bytes")),
            (50_000_000, Err("unpacked, it is longer than 1000 bytes")),
        ] {
            let result = unpack(io::repeat(0).take(length), &path, 1000).map_err(|error| error.to_string());
            assert_eq!(result, expect.map_err(str::to_owned));
            assert_eq!(path.exists(), result.is_ok());
        }
    }

    #[test]
    fn a_tail_without_the_whole_table_is_an_error_and_a_stranger_is_none() {
        let bytes = archive();
        let tail = |start: usize| Tail { bytes: &bytes[start..], start: start as u64, position: 0 };
        assert!(entry_in(tail(bytes.len() - 500), "package/7.onnx").is_err());
        assert_eq!(entry_in(tail(0), "package/nothing.onnx").unwrap(), None);
        assert!(local_lengths(&bytes[1..31]).is_err());
    }
}
