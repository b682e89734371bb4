//! Which encoding a file has: it says so itself (a byte order mark), or its bytes show it.

use std::borrow::Cow;

use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252, WINDOWS_1256};

/// A file's text. UTF-8 and UTF-16, and what older programs write: Windows-1256 (Arabic), Windows-1252 (western Europe).
pub(in crate::web::api::admin) fn decode(bytes: &[u8]) -> Cow<'_, str> {
    let (encoding, mark) = Encoding::for_bom(bytes).unwrap_or_else(|| (guess(bytes), 0));
    let (text, _) = encoding.decode_without_bom_handling(&bytes[mark..]);
    text
}

fn guess(bytes: &[u8]) -> &'static Encoding {
    // Text in single bytes has no zeros; in pairs of bytes at least the separators have one each.
    let zeros = |at: usize| bytes.iter().skip(at).step_by(2).filter(|byte| **byte == 0).count();
    match (zeros(0), zeros(1)) {
        (0, 0) if std::str::from_utf8(bytes).is_ok() => UTF_8,
        (0, 0) => older(bytes),
        (even, odd) if even > odd => UTF_16BE,
        _ => UTF_16LE,
    }
}

/// Letters beyond ASCII stand alone among others in western words; Arabic words have nothing else.
fn older(bytes: &[u8]) -> &'static Encoding {
    let is_letter = |byte: u8| byte >= 0xc0;
    let letters = bytes.iter().filter(|byte| is_letter(**byte)).count();
    let followed = bytes.windows(2).filter(|pair| is_letter(pair[0]) && is_letter(pair[1])).count();
    if followed * 2 >= letters { WINDOWS_1256 } else { WINDOWS_1252 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encodings_are_told_by_their_bytes() {
        let (arabic, western) = ("الاسم,الهاتف\nسارة أحمد,+201001234567\n", "Name,Phone\nJosé Müller,+49 30 123456\n");
        let utf16 =
            |text: &str, to_bytes: fn(u16) -> [u8; 2]| text.encode_utf16().flat_map(to_bytes).collect::<Vec<_>>();
        for text in [arabic, western] {
            let marked = format!("\u{feff}{text}");
            for bytes in [
                text.as_bytes().to_vec(),
                marked.clone().into_bytes(),
                utf16(text, u16::to_le_bytes),
                utf16(text, u16::to_be_bytes),
                utf16(&marked, u16::to_le_bytes),
                utf16(&marked, u16::to_be_bytes),
            ] {
                assert_eq!(decode(&bytes), text, "{bytes:x?}");
            }
        }
        assert_eq!(decode(&WINDOWS_1256.encode(arabic).0), arabic);
        assert_eq!(decode(&WINDOWS_1252.encode(western).0), western);
        assert_eq!(decode(b""), "");
        // Whatever it is, it is read as something.
        assert!(!decode(&[0xff, 0x00, 0x80, 0xfe]).is_empty());
    }
}
