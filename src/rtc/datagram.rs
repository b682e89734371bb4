//! Bytes on their way to or from the network, and what can be told of them without knowing their connection (RFC 7983).

use std::net::SocketAddr;

/// UDP, or TCP with RFC 4571 framing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Transport {
    /// Plain datagrams.
    Udp,
    /// ICE-TCP (RFC 6544), passive on the server's side.
    Tcp,
}

/// An address offered as a host candidate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct LocalAddress {
    /// How it is reached.
    pub transport: Transport,
    /// As the other side sees it.
    pub address: SocketAddr,
}

/// Bytes on their way to or from the network.
#[derive(Clone, Debug)]
pub struct Datagram {
    /// Over which of the two.
    pub transport: Transport,
    /// Who sends it. For a received datagram: the other side.
    pub source: SocketAddr,
    /// Who gets it. For a received datagram: the advertised address ([`LocalAddress::address`]) that it came to.
    pub destination: SocketAddr,
    /// One packet: STUN, DTLS, RTP or RTCP.
    pub contents: Vec<u8>,
}

impl Datagram {
    /// The user name fragment of the peer that a STUN binding request is for ([`Peer::ufrag`](super::Peer::ufrag)).
    /// `None` for everything else: that belongs to the peer that its source was proved for.
    pub fn ufrag(&self) -> Option<&str> {
        ufrag(&self.contents)
    }

    /// Whether it is DTLS: a handshake, or after that data.
    pub fn is_dtls(&self) -> bool {
        matches!(self.contents.first(), Some(20..=63))
    }
}

/// The first byte of a message names the protocol (RFC 7983).
pub(super) fn is_stun(contents: &[u8]) -> bool {
    contents.len() >= STUN_HEADER && contents[0] < 4 && contents[4..8] == STUN_COOKIE
}

/// Who a packet says that it is of; `None` for all but RTP. RTCP has packet types where RTP has 64 to 95 (RFC 5761).
pub(super) fn rtp_ssrc(contents: &[u8]) -> Option<u32> {
    let is_rtp = contents[..]
        .first_chunk::<2>()
        .is_some_and(|[first, second]| (128..192).contains(first) && !(64..96).contains(&(second & 0x7f)));
    let ssrc = contents.get(8..)?.first_chunk()?;
    is_rtp.then(|| u32::from_be_bytes(*ssrc))
}

/// A header extension of an RTP packet, in either form (RFC 8285); `None` where it has none of this number.
pub(super) fn rtp_extension(contents: &[u8], wanted: u8) -> Option<&[u8]> {
    let first = *contents.first()?;
    let fixed = RTP_HEADER + usize::from(first & 0x0f) * 4;
    let (head, rest) = contents.get(fixed..)?.split_first_chunk::<4>().filter(|_| first & 0x10 != 0)?;
    let mut rest = rest.get(..usize::from(u16::from_be_bytes([head[2], head[3]])) * 4)?;
    let is_long = match u16::from_be_bytes([head[0], head[1]]) {
        0xbede => false,
        form if form & 0xfff0 == 0x1000 => true,
        _ => return None,
    };
    loop {
        let (&tag, after) = rest.split_first()?;
        let (number, length, after) = match (tag, is_long) {
            // Padding.
            (0, _) => {
                rest = after;
                continue;
            }
            (_, true) => (tag, usize::from(*after.first()?), after.get(1..)?),
            (_, false) => (tag >> 4, usize::from(tag & 0x0f) + 1, after),
        };
        let (value, after) = after.split_at_checked(length)?;
        if number == wanted {
            return Some(value);
        }
        rest = after;
    }
}

/// Without what else may be in it (RFC 3550, 5.1).
const RTP_HEADER: usize = 12;

/// A restart's number is not part of the name that a peer is found by.
pub(super) const RESTART_MARK: char = '+';

const STUN_HEADER: usize = 20;
const STUN_COOKIE: [u8; 4] = 0x2112_A442_u32.to_be_bytes();
const STUN_USERNAME: u16 = 0x0006;

/// The user name fragment of the peer that a STUN binding request is for, without what a restart adds to it.
///
/// RFC 8489: a header of 20 bytes, then attributes (type, length, value padded to four bytes). USERNAME is
/// `local:remote` as the receiver sees it (RFC 8445, 7.2.2).
pub fn ufrag(contents: &[u8]) -> Option<&str> {
    if !is_stun(contents) {
        return None;
    }
    let mut attributes = &contents[STUN_HEADER..];
    while let [a, b, c, d, rest @ ..] = attributes {
        let (kind, length) = (u16::from_be_bytes([*a, *b]), usize::from(u16::from_be_bytes([*c, *d])));
        if kind == STUN_USERNAME {
            let (local, _) = std::str::from_utf8(rest.get(..length)?).ok()?.split_once(':')?;
            return local.split(RESTART_MARK).next();
        }
        attributes = rest.get(length.next_multiple_of(4)..)?;
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn stun(attributes: &[(u16, &[u8])]) -> Vec<u8> {
        let mut contents = vec![0, 1, 0, 0];
        contents.extend(STUN_COOKIE);
        contents.extend([7; 12]);
        for (kind, value) in attributes {
            contents.extend(kind.to_be_bytes());
            contents.extend(u16::try_from(value.len()).unwrap().to_be_bytes());
            contents.extend_from_slice(value);
            contents.resize(contents.len().next_multiple_of(4), 0);
        }
        contents
    }

    #[test]
    fn finds_the_peer_that_a_request_is_for() {
        let check = |attributes: &[(u16, &[u8])], expected| assert_eq!(ufrag(&stun(attributes)), expected);
        check(&[(STUN_USERNAME, b"mine:yours")], Some("mine"));
        check(&[(0x8022, b"an odd length"), (STUN_USERNAME, b"mine+3:yours")], Some("mine"));
        check(&[(STUN_USERNAME, b"mine")], None);
        check(&[(STUN_USERNAME, b"\xff\xff:yours")], None);
        check(&[(0x8022, b"client")], None);
        check(&[], None);
    }

    #[test]
    fn media_is_not_stun() {
        let mut contents = stun(&[(STUN_USERNAME, b"mine:yours")]);
        contents[0] = 0x80;
        assert!(!is_stun(&contents));
        assert_eq!(ufrag(&contents), None);
    }

    #[test]
    fn only_media_has_a_source() {
        let packet = |kind: u8| [128, kind, 0, 1, 0, 0, 0, 0, 0, 0, 1, 2, 9];
        assert_eq!(rtp_ssrc(&packet(111)), Some(258));
        assert_eq!(rtp_ssrc(&packet(128 + 111)), Some(258), "with its marker");
        assert_eq!(rtp_ssrc(&packet(200)), None, "a sender report");
        assert_eq!(rtp_ssrc(&packet(111)[..11]), None);
        assert_eq!(rtp_ssrc(&stun(&[])), None);
    }

    #[test]
    fn finds_header_extensions() {
        let packet = |first: u8, extensions: &[u8]| {
            let mut contents = vec![first, 111, 0, 1, 0, 0, 0, 0, 0, 0, 1, 2];
            contents.resize(12 + usize::from(first & 0x0f) * 4, 7);
            contents.extend_from_slice(extensions);
            contents
        };
        // The level in 1, padding, the name "ab" in 4.
        let short = [0xbe, 0xde, 0, 2, 0x10, 0xaa, 0, 0x41, b'a', b'b', 0, 0];
        let long = [0x10, 0x00, 0, 2, 1, 0, 0, 4, 2, b'a', b'b', 0];
        for first in [0x90, 0x92] {
            assert_eq!(rtp_extension(&packet(first, &short), 4), Some(&b"ab"[..]));
            assert_eq!(rtp_extension(&packet(first, &long), 4), Some(&b"ab"[..]));
            assert_eq!(rtp_extension(&packet(first, &short), 5), None);
        }
        assert_eq!(rtp_extension(&packet(0x80, &short), 4), None, "no extensions");
        assert_eq!(rtp_extension(&packet(0x90, &short[..10]), 4), None, "cut");
        assert_eq!(rtp_extension(&packet(0x90, &[0xbe, 0xde, 0, 1, 0x4f, b'a', b'b', 0]), 4), None, "too short");
    }

    proptest! {
        #[test]
        fn survives_garbage(tail in proptest::collection::vec(any::<u8>(), 0..64), header in any::<bool>()) {
            let mut contents = if header { stun(&[]) } else { Vec::new() };
            contents.extend(tail);
            let _ = (ufrag(&contents), rtp_ssrc(&contents), rtp_extension(&contents, 4));
        }
    }
}
