//! ICE-TCP for those whose network blocks UDP: passive (RFC 6544), each packet with its length before it (RFC 4571).

use std::{
    collections::HashMap,
    io,
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::mpsc,
    time::{self, Instant},
};

use super::{Datagram, Routes, Transport, ports::Port, unpoisoned};
use crate::domain::network;

/// Together, and from one network (a company behind one router, a customer with IPv6).
const MOST_CONNECTIONS: usize = 512;
const MOST_PER_NETWORK: usize = 32;
/// Packets that may wait for a connection: more than a second of audio, data beside it.
const QUEUE: usize = 128;
/// By then a peer must have proved to be there.
const HALF_OPEN: Duration = Duration::from_secs(10);
/// Browsers send something every few seconds.
const IDLE: Duration = Duration::from_secs(60);
/// For one packet to be taken.
const WRITE: Duration = Duration::from_secs(5);
/// A longer packet is no media: the connection speaks something else.
const LARGEST: usize = 2048;
const LENGTH: usize = 2;
const PAUSE: Duration = Duration::from_millis(100);

/// The connections that there are.
#[derive(Debug, Default)]
pub(super) struct Connections(Mutex<HashMap<SocketAddr, mpsc::Sender<Vec<u8>>>>);

impl Connections {
    pub(super) fn send(&self, datagram: &Datagram) {
        let Ok(length) = u16::try_from(datagram.contents.len()) else { return };
        let mut connections = unpoisoned(self.0.lock());
        let Some(connection) = connections.get(&datagram.destination) else { return };
        let mut framed = Vec::with_capacity(LENGTH + datagram.contents.len());
        framed.extend(length.to_be_bytes());
        framed.extend_from_slice(&datagram.contents);
        if connection.try_send(framed).is_err() {
            // It ends when its queue is dropped.
            connections.remove(&datagram.destination);
        }
    }

    pub(super) fn close(&self, peer: SocketAddr) {
        unpoisoned(self.0.lock()).remove(&peer);
    }

    /// Lets a connection in; `None` when there are too many.
    fn add(&self, peer: SocketAddr) -> Option<mpsc::Receiver<Vec<u8>>> {
        let mut connections = unpoisoned(self.0.lock());
        let from = network(peer.ip());
        let of_network = connections.keys().filter(|other| network(other.ip()) == from).count();
        if connections.len() >= MOST_CONNECTIONS || of_network >= MOST_PER_NETWORK {
            return None;
        }
        let (sender, receiver) = mpsc::channel(QUEUE);
        connections.insert(peer, sender);
        Some(receiver)
    }
}

/// Accepts connections from now on, in tasks of the present runtime.
///
/// # Errors
/// When the system refuses to watch a socket.
pub(super) fn listen(
    ports: Vec<Port<std::net::TcpListener>>,
    routes: &Arc<Routes>,
    connections: &Arc<Connections>,
) -> io::Result<()> {
    for port in ports {
        let listener = TcpListener::from_std(port.socket)?;
        tokio::spawn(accept(listener, port.advertised[0], routes.clone(), connections.clone()));
    }
    Ok(())
}

async fn accept(listener: TcpListener, destination: SocketAddr, routes: Arc<Routes>, connections: Arc<Connections>) {
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => {
                let Some(queue) = connections.add(peer) else { continue };
                let (routes, connections) = (routes.clone(), connections.clone());
                tokio::spawn(async move {
                    Connection { stream, peer, destination, read: Vec::new() }.serve(&routes, queue).await;
                    connections.close(peer);
                });
            }
            // Too many open files, for one.
            Err(error) => {
                tracing::debug!(%error, "a media connection cannot be accepted");
                time::sleep(PAUSE).await;
            }
        }
    }
}

struct Connection {
    stream: TcpStream,
    peer: SocketAddr,
    destination: SocketAddr,
    /// What came and is no whole packet yet.
    read: Vec<u8>,
}

impl Connection {
    /// Until either side has enough of it.
    async fn serve(mut self, routes: &Routes, mut queue: mpsc::Receiver<Vec<u8>>) {
        // Packets are sent one by one, and none shall wait for the next.
        let _ = self.stream.set_nodelay(true);
        let mut deadline = Instant::now() + HALF_OPEN;
        loop {
            tokio::select! {
                read = self.stream.read_buf(&mut self.read) => {
                    if !matches!(read, Ok(1..)) || self.deliver(routes).is_none() {
                        return;
                    }
                    if routes.is_known(Transport::Tcp, self.peer) {
                        deadline = Instant::now() + IDLE;
                    }
                }
                framed = queue.recv() => {
                    let Some(framed) = framed else { return };
                    if !matches!(time::timeout(WRITE, self.stream.write_all(&framed)).await, Ok(Ok(()))) {
                        return;
                    }
                }
                () = time::sleep_until(deadline) => return,
            }
        }
    }

    /// Hands over the whole packets that have come; `None` when this is no media.
    fn deliver(&mut self, routes: &Routes) -> Option<()> {
        let mut rest = &self.read[..];
        while let Some((packet, after)) = unframed(rest)? {
            routes.deliver(Transport::Tcp, self.peer, self.destination, packet);
            rest = after;
        }
        let done = self.read.len() - rest.len();
        self.read.drain(..done);
        Some(())
    }
}

/// The first packet and what follows it, when it is there as a whole; `None` when it is longer than media is.
fn unframed(bytes: &[u8]) -> Option<Option<(&[u8], &[u8])>> {
    let Some((length, rest)) = bytes.split_first_chunk::<LENGTH>() else { return Some(None) };
    let length = usize::from(u16::from_be_bytes(*length));
    if length > LARGEST { None } else { Some(rest.split_at_checked(length)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(host: u8, port: u16) -> SocketAddr {
        SocketAddr::from(([192, 0, 2, host], port))
    }

    #[test]
    fn packets_are_taken_apart() {
        assert_eq!(unframed(&[0]), Some(None));
        assert_eq!(unframed(&[0, 2, 7]), Some(None));
        assert_eq!(unframed(&[0, 2, 7, 8, 9]), Some(Some((&[7, 8][..], &[9][..]))));
        assert_eq!(unframed(&[0, 0, 1]), Some(Some((&[][..], &[1][..]))));
        assert_eq!(unframed(b"GET / HTTP/1.1"), None);
    }

    #[test]
    fn neither_one_network_nor_all_can_take_more_than_their_share() {
        let connections = Connections::default();
        let of_one: Vec<_> = (0..100).filter_map(|port| connections.add(address(1, port))).collect();
        assert_eq!(of_one.len(), MOST_PER_NETWORK);
        let of_all: Vec<_> = (2..=255).flat_map(|host| (0..3).map(move |port| address(host, port))).collect();
        let of_all: Vec<_> = of_all.into_iter().filter_map(|address| connections.add(address)).collect();
        assert_eq!(of_one.len() + of_all.len(), MOST_CONNECTIONS);
    }

    #[test]
    fn all_addresses_of_an_ipv6_customer_share_one_share() {
        let connections = Connections::default();
        let address = |network: u16, host: u16| SocketAddr::from(([0x2001, 0xdb8, 0, network, 0, 0, 0, host], 9));
        let admitted = |network| (0..100).filter_map(|host| connections.add(address(network, host))).count();
        assert_eq!((admitted(1), admitted(2)), (MOST_PER_NETWORK, MOST_PER_NETWORK));
    }

    #[test]
    fn who_does_not_read_is_dropped() {
        let (connections, peer) = (Connections::default(), address(1, 1));
        let mut queue = connections.add(peer).unwrap();
        let datagram =
            Datagram { transport: Transport::Tcp, source: address(9, 9), destination: peer, contents: vec![1, 2, 3] };
        (0..=QUEUE).for_each(|_| connections.send(&datagram));
        assert_eq!(queue.blocking_recv(), Some(vec![0, 3, 1, 2, 3]));
        assert_eq!(std::iter::from_fn(|| queue.blocking_recv()).count(), QUEUE - 1, "then it is closed");
    }
}
