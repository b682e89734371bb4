//! The beginning of a Matroska or WebM file (RFC 8794, RFC 9559): whether it says how long it is. A browser that records does
//! not know, and what it writes ends wherever it stops.

use std::io::{self, Read, Seek};

const HEADER: [u8; 4] = [0x1A, 0x45, 0xDF, 0xA3];
const SEGMENT: [u8; 4] = [0x18, 0x53, 0x80, 0x67];
/// The header is some forty bytes long, and the segment's own beginning twelve.
const LOOKED_AT: u64 = 256;

/// Whether `source` begins as a file of a length that nobody knew; it is then at its beginning again.
pub(super) fn is_live(source: &mut (impl Read + Seek + ?Sized)) -> io::Result<bool> {
    let mut head = Vec::new();
    source.take(LOOKED_AT).read_to_end(&mut head)?;
    source.rewind()?;
    Ok(segment_length(&head) == Some(None))
}

/// The segment's length, if it says one; `None` when there is no segment.
fn segment_length(head: &[u8]) -> Option<Option<u64>> {
    let (header, width) = length(head.strip_prefix(&HEADER)?)?;
    let segment = usize::try_from(header?).ok()?.checked_add(HEADER.len() + width)?;
    let (length, _) = length(head.get(segment..)?.strip_prefix(&SEGMENT)?)?;
    Some(length)
}

/// A length, if it is known, and how many bytes it takes.
fn length(bytes: &[u8]) -> Option<(Option<u64>, usize)> {
    let width = bytes.first()?.leading_zeros() as usize + 1;
    let bytes = bytes.get(..width).filter(|bytes| bytes.len() <= 8)?;
    let most = (1 << (7 * width)) - 1;
    let value = bytes.iter().fold(0, |value, byte| value << 8 | u64::from(*byte)) & most;
    Some(((value != most).then_some(value), width))
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    #[test]
    fn a_length_that_nobody_knew_is_recognised() {
        for (length, expected) in [
            (&[0xFF][..], Some(None)),
            (&[0x01, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF], Some(None)),
            (&[0x1F, 0xFF, 0xFF, 0xFF], Some(None)),
            (&[0x82], Some(Some(2))),
            (&[0x10, 0, 1, 0], Some(Some(256))),
            (&[0x00, 1, 2, 3, 4, 5, 6, 7, 8, 9], None),
            (&[0x01, 0xFF], None),
            (&[], None),
        ] {
            let file = [&HEADER[..], &[0x82, 7, 7], &SEGMENT, length].concat();
            assert_eq!(segment_length(&file), expected, "{length:x?}");
            let mut source = Cursor::new(file);
            assert_eq!((is_live(&mut source).unwrap(), source.position()), (expected == Some(None), 0));
        }
        let far = [&HEADER[..], &[0x01, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFE]].concat();
        for other in [&b""[..], b"RIFF", &HEADER, &far] {
            assert_eq!(segment_length(other), None);
        }
    }
}
