//! Datagrams of nobody, at the port for media: noise, and what looks like each of the protocols there (RFC 7983).

use std::{
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    time::{Duration, Instant},
};

use rand::RngExt;
use serde::Serialize;
use tokio::net::UdpSocket;

use super::ticks;

/// So many a second, in bursts.
const A_SECOND: u32 = 5000;
const BURST: u32 = 50;
/// They come from so many ports.
const SOURCES: usize = 8;
/// Their lengths; media are not longer.
const LEAST_BYTES: usize = 40;
const MOST_BYTES: usize = 1200;

/// STUN (RFC 8489): a request for a binding, its cookie, and two attributes.
const BINDING_REQUEST: [u8; 2] = [0, 1];
const COOKIE: [u8; 4] = 0x2112_a442_u32.to_be_bytes();
const USERNAME: u16 = 0x0006;
const MESSAGE_INTEGRITY: u16 = 0x0008;
/// DTLS 1.2 (RFC 6347, 4.1): a handshake in the first epoch.
const HANDSHAKE: [u8; 5] = [22, 254, 253, 0, 0];
/// RTP (RFC 3550, 5.1): version 2, and the type that Opus mostly has.
const RTP: [u8; 2] = [0x80, 111];

/// What was sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub(super) struct Datagrams {
    pub(super) sent: u64,
    /// This machine did not take them.
    pub(super) not_sent: u64,
    /// Whatever came back.
    pub(super) answered: u64,
}

/// What a datagram looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Look {
    Noise,
    /// A request of somebody who says that it is for a user whom nobody knows.
    Stun,
    Dtls,
    Rtp,
}

impl Look {
    const ALL: [Self; 4] = [Self::Noise, Self::Stun, Self::Dtls, Self::Rtp];
}

/// Sends until then.
///
/// # Errors
/// When there are no sockets.
pub(super) async fn flood(to: SocketAddr, until: Instant) -> io::Result<Datagrams> {
    let any = if to.is_ipv4() { IpAddr::V4(Ipv4Addr::UNSPECIFIED) } else { IpAddr::V6(Ipv6Addr::UNSPECIFIED) };
    let mut sockets = Vec::new();
    for _ in 0..SOURCES {
        sockets.push(UdpSocket::bind((any, 0)).await?);
    }
    let mut ticks = ticks(Duration::from_secs(1) * BURST / A_SECOND);
    let (mut count, mut buffer) = (Datagrams::default(), [0; MOST_BYTES]);
    let mut kinds = sockets.iter().flat_map(|socket| Look::ALL.map(|look| (socket, look))).cycle();
    while Instant::now() < until {
        ticks.tick().await;
        for (socket, look) in kinds.by_ref().take(BURST as usize) {
            match socket.send_to(&contents(look), to).await {
                Ok(_) => count.sent += 1,
                Err(_) => count.not_sent += 1,
            }
        }
        for socket in &sockets {
            while socket.try_recv_from(&mut buffer).is_ok() {
                count.answered += 1;
            }
        }
    }
    Ok(count)
}

fn contents(look: Look) -> Vec<u8> {
    let mut rng = rand::rng();
    let mut contents = vec![0; rng.random_range(LEAST_BYTES..=MOST_BYTES)];
    rng.fill(&mut contents[..]);
    match look {
        Look::Noise => {}
        Look::Stun => contents = binding_request(),
        Look::Dtls => contents[..HANDSHAKE.len()].copy_from_slice(&HANDSHAKE),
        Look::Rtp => contents[..RTP.len()].copy_from_slice(&RTP),
    }
    contents
}

/// Our server hands requests over to a thread by how the user's name begins: these are for the first two.
fn binding_request() -> Vec<u8> {
    let (thread, user, other) = (rand::random::<u8>() % 2, rand::random::<u32>(), rand::random::<u32>());
    let name = format!("{thread:02x}{user:08x}:{other:08x}");
    let mut attributes = Vec::new();
    for (kind, value) in [(USERNAME, name.as_bytes()), (MESSAGE_INTEGRITY, &rand::random::<[u8; 20]>()[..])] {
        attributes.extend(kind.to_be_bytes());
        attributes.extend(length(value));
        attributes.extend_from_slice(value);
        attributes.resize(attributes.len().next_multiple_of(4), 0);
    }
    let transaction: [u8; 12] = rand::random();
    [&BINDING_REQUEST[..], &length(&attributes), &COOKIE, &transaction, &attributes[..]].concat()
}

fn length(bytes: &[u8]) -> [u8; 2] {
    u16::try_from(bytes.len()).expect("a name and a digest are short").to_be_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rtc::{Datagram, Transport, net::ufrag};

    #[test]
    fn they_look_like_what_they_are_not() {
        let to: SocketAddr = "127.0.0.1:1".parse().unwrap();
        for look in Look::ALL {
            for _ in 0..50 {
                let contents = contents(look);
                assert!((LEAST_BYTES..=MOST_BYTES).contains(&contents.len()), "{look:?}");
                let datagram = Datagram { transport: Transport::Udp, source: to, destination: to, contents };
                let is_seen = match look {
                    Look::Noise => true,
                    Look::Stun => datagram.ufrag().is_some(),
                    Look::Dtls => datagram.is_dtls(),
                    Look::Rtp => (128..192).contains(&datagram.contents[0]),
                };
                assert!(is_seen, "{look:?}");
            }
        }
    }

    #[test]
    fn a_request_is_for_a_user_of_one_of_the_first_threads() {
        let request = binding_request();
        let ufrag = ufrag(&request).unwrap();
        assert!(ufrag.len() == 10 && (ufrag.starts_with("00") || ufrag.starts_with("01")), "{ufrag}");
        assert_eq!(usize::from(u16::from_be_bytes([request[2], request[3]])), request.len() - 20);
    }
}
