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
    download::{Blob, download},
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

/// Where a file is inside a wheel.
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
    member: &str,
    partial: &Partial,
    advance: &(dyn Fn(u64) + Sync),
) -> Result<Digest, FetchError> {
    let entry = look_up(http, &wheel.address, member).await?;
    let header = http.part(&wheel.address, entry.header..entry.header + LOCAL_HEADER).await?;
    let start = entry.header + LOCAL_HEADER + local_lengths(&header)?;
    let span = start..start + entry.packed_bytes;
    let blob = Blob { address: &wheel.address, span: Some(span), bytes: Some(entry.packed_bytes), has_digest: true };
    match entry.method {
        CompressionMethod::Stored => download(http, &blob, &partial.path, advance).await,
        CompressionMethod::Deflated => {
            // Shown as bytes of the file itself, which is what the total counts.
            let scaled = |have: u64| advance(scale(have, entry.packed_bytes, entry.bytes));
            download(http, &blob, &partial.packed, &scaled).await?;
            let (packed, path) = (partial.packed.clone(), partial.path.clone());
            blocking(move || {
                let source = File::open(&packed).map_err(unpacking)?;
                let result = unpack(flate2::read::DeflateDecoder::new(BufReader::new(source)), &path);
                // Unpacked or not, it has served: a broken one must not be gone on from.
                let _ = std::fs::remove_file(&packed);
                result
            })
            .await
        }
        other => Err(FetchError::Final(format!("{member} is packed in a way not known here: {other}"))),
    }
}

/// Takes the member out of a whole wheel on the disk.
pub(super) async fn extract_member(wheel: PathBuf, member: &str, partial: &Partial) -> Result<Digest, FetchError> {
    let (member, path) = (member.to_owned(), partial.path.clone());
    blocking(move || {
        let file = BufReader::new(File::open(wheel).map_err(unpacking)?);
        let mut archive = ZipArchive::new(file).map_err(|error| no_zip(&error))?;
        let source = archive.by_name(&member).map_err(|_| no_member(&member))?;
        unpack(source, &path)
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

fn local_lengths(header: &[u8]) -> Result<u64, FetchError> {
    match header {
        [a, b, c, d, .., n0, n1, e0, e1] if [*a, *b, *c, *d] == *LOCAL_SIGNATURE => {
            Ok(u64::from(u16::from_le_bytes([*n0, *n1])) + u64::from(u16::from_le_bytes([*e0, *e1])))
        }
        _ => Err(FetchError::Final("the wheel is damaged".to_owned())),
    }
}

fn unpack(mut source: impl Read, path: &Path) -> Result<Digest, FetchError> {
    let local = |error| FetchError::Local(PullError::writing(path, error));
    let mut target = File::create(path).map_err(local)?;
    let mut hash = Hash::default();
    let mut buffer = vec![0; 256 * 1024];
    loop {
        match source.read(&mut buffer).map_err(unpacking)? {
            0 => return Ok(hash.finish()),
            read => {
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
            let data = (entry.header + LOCAL_HEADER + local_lengths(header).unwrap()) as usize;
            let data = &bytes[data..data + entry.packed_bytes as usize];
            let mut text = String::new();
            match method {
                CompressionMethod::Stored => text = String::from_utf8(data.to_vec()).unwrap(),
                _ => _ = flate2::read::DeflateDecoder::new(data).read_to_string(&mut text).unwrap(),
            }
            assert_eq!(text, format!("content of {index} ").repeat(500));
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
