//! The beginning of a WAV file, mended. A program that writes WAV into a pipe cannot know its length: ffmpeg leaves
//! 0xFFFF_FFFF in the header, sox a number near 0x7FFF_FFFF, others zero. A decoder that believes those numbers refuses
//! the file or reads past its end.
//!
//! Layout: "Multimedia Programming Interface and Data Specifications 1.0", IBM and Microsoft, 1991.

use std::io::{self, Read};

/// What a length that is not known is written as in a mended header.
const UNKNOWN: [u8; 4] = u32::MAX.to_le_bytes();
/// From here on a length is a placeholder: sox writes 0x7FFF_FFFF less the header, rounded down to its block.
const PLACEHOLDERS: u32 = 0x7FFF_0000;
/// Chunks before the samples (titles, cover art) together take at most this many bytes.
const MAX_HEADER: usize = 16 << 20;

/// How a file begins.
pub(super) enum Start {
    /// A WAV file, read up to its first sample.
    Wave {
        /// The mended header; the samples follow in the reader.
        header: Vec<u8>,
        /// Whether the header says how many samples there are.
        has_length: bool,
    },
    /// Something else; so many bytes of it have been read.
    Other(Vec<u8>),
}

/// Reads the beginning of a file, in a WAV file up to the first sample.
pub(super) fn start(reader: &mut impl Read) -> io::Result<Start> {
    let mut header = Vec::new();
    if !extend(reader, &mut header, 12)? || !header.starts_with(b"RIFF") || header[8..] != *b"WAVE" {
        return Ok(Start::Other(header));
    }
    // The length of the whole only limits those of its parts, which are checked against what is there.
    header[4..8].copy_from_slice(&UNKNOWN);
    loop {
        let chunk = header.len();
        if !extend(reader, &mut header, 8)? {
            return Ok(Start::Other(header));
        }
        let length = u32::from_le_bytes([header[chunk + 4], header[chunk + 5], header[chunk + 6], header[chunk + 7]]);
        if header[chunk..].starts_with(b"data") {
            let has_length = (1..PLACEHOLDERS).contains(&length);
            if !has_length {
                header[chunk + 4..].copy_from_slice(&UNKNOWN);
            }
            return Ok(Start::Wave { header, has_length });
        }
        let padded = length as usize + (length & 1) as usize;
        if header.len() + padded > MAX_HEADER || !extend(reader, &mut header, padded)? {
            return Ok(Start::Other(header));
        }
    }
}

/// Appends `count` bytes; false when the file ends before.
fn extend(reader: &mut impl Read, bytes: &mut Vec<u8>, count: usize) -> io::Result<bool> {
    Ok(reader.take(count as u64).read_to_end(bytes)? == count)
}
