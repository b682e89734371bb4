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

    proptest! {
        #[test]
        fn survives_garbage(tail in proptest::collection::vec(any::<u8>(), 0..64), header in any::<bool>()) {
            let mut contents = if header { stun(&[]) } else { Vec::new() };
            contents.extend(tail);
            let _ = (ufrag(&contents), rtp_ssrc(&contents));
        }
    }
}
