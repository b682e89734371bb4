//! A [`Client`] on the network: carries its messages and datagrams, and wakes it when it is due.

use std::{
    io,
    net::{IpAddr, SocketAddr},
    time::Instant,
};

use livekit_protocol as proto;
use tokio::{net::UdpSocket, time::sleep_until};

use super::{
    client::{Client, Connection, Event, Output},
    signal::{Signal, SignalError},
    trust::Trust,
};
use crate::{
    config::Secret,
    rtc::{
        Datagram, LocalAddress, Transport,
        peer::{Kind, Packet, PeerError},
    },
};

/// More than any path carries in one datagram.
const MOST_BYTES: usize = 2048;

/// Why there is no line, or no longer.
#[derive(Debug, thiserror::Error)]
pub enum LineError {
    /// About the signal connection.
    #[error(transparent)]
    Signal(#[from] SignalError),
    /// A session description is refused.
    #[error(transparent)]
    Peer(#[from] PeerError),
    /// No socket for media.
    #[error("cannot open a socket for media: {0}")]
    Socket(#[from] io::Error),
}

/// See the module.
pub struct Line {
    client: Client,
    /// In the order of [`Connection::ALL`].
    sockets: [Socket; 2],
    signal: Signal,
    wake: Instant,
    /// Where the last datagram went.
    sent_to: Option<SocketAddr>,
}

struct Socket {
    udp: UdpSocket,
    address: SocketAddr,
}

/// What ended a wait.
enum Woken {
    Due,
    Timeout,
    Signal(Result<Box<proto::SignalResponse>, SignalError>),
    Datagram(Connection, io::Result<Datagram>),
}

impl Line {
    /// Joins the room that `token` is for, at the LiveKit server `server`, which over TLS has to be one that `trust` believes,
    /// to publish a microphone or a camera.
    ///
    /// # Errors
    /// See [`LineError`].
    pub async fn open(server: &str, token: &Secret, trust: &Trust, kind: Kind) -> Result<Self, LineError> {
        let signal = Signal::open(server, token, trust).await?;
        let sockets = [socket(signal.local).await?, socket(signal.local).await?];
        let local = |socket: &Socket| LocalAddress { transport: Transport::Udp, address: socket.address };
        let client = Client::new(Instant::now(), kind, [local(&sockets[0]), local(&sockets[1])]);
        Ok(Self { client, sockets, signal, wake: Instant::now(), sent_to: None })
    }

    /// The next event; `None` when there is none until `due`. May be dropped and asked again.
    ///
    /// # Errors
    /// See [`LineError`]. Nothing more comes of it.
    pub async fn next(&mut self, due: Instant) -> Result<Option<Event>, LineError> {
        loop {
            if let Some(event) = self.act()? {
                return Ok(Some(event));
            }
            let now = Instant::now;
            match self.wait(due).await {
                Woken::Due => return Ok(None),
                Woken::Timeout => self.client.handle_timeout(now()),
                Woken::Signal(message) => self.client.handle_signal(now(), *message?)?,
                Woken::Datagram(connection, Ok(datagram)) => {
                    self.client.handle_datagram(now(), connection, &datagram);
                }
                // A port that nobody listens on any more is told so: ICE finds out by itself.
                Woken::Datagram(_, Err(_)) => {}
            }
        }
    }

    /// Sends the track's next packet, with the next [`next`](Self::next); dropped until [`Event::Published`].
    pub fn send(&mut self, now: Instant, packet: &Packet) {
        self.client.send(now, packet);
    }

    /// The server's address for media, as far as it is tried: from [`Event::Published`] on, where they go.
    pub fn media_address(&self) -> Option<SocketAddr> {
        self.sent_to
    }

    /// Says good-bye.
    ///
    /// # Errors
    /// When the server is gone already.
    pub fn leave(mut self) -> Result<(), LineError> {
        self.client.leave(Instant::now());
        while self.act()?.is_some() {}
        Ok(())
    }

    /// Does what the client wants, until there is an event.
    fn act(&mut self) -> Result<Option<Event>, LineError> {
        loop {
            match self.client.poll() {
                Output::Signal(request) => self.signal.send(&request)?,
                // What the socket does not take now is lost, as it may be on the network.
                Output::Transmit(connection, datagram) => {
                    self.sent_to = Some(datagram.destination);
                    let socket = &self.sockets[connection as usize].udp;
                    drop(socket.try_send_to(&datagram.contents, datagram.destination));
                }
                Output::Event(event) => return Ok(Some(event)),
                Output::Timeout(at) => {
                    self.wake = at;
                    return Ok(None);
                }
            }
        }
    }

    async fn wait(&mut self, due: Instant) -> Woken {
        let [publisher, subscriber] = &self.sockets;
        tokio::select! {
            biased;
            () = sleep_until(due.into()) => Woken::Due,
            () = sleep_until(self.wake.into()) => Woken::Timeout,
            datagram = publisher.receive() => Woken::Datagram(Connection::Publisher, datagram),
            datagram = subscriber.receive() => Woken::Datagram(Connection::Subscriber, datagram),
            message = self.signal.receive() => Woken::Signal(message.map(Box::new)),
        }
    }
}

async fn socket(local: IpAddr) -> io::Result<Socket> {
    let udp = UdpSocket::bind((local, 0)).await?;
    Ok(Socket { address: udp.local_addr()?, udp })
}

impl Socket {
    async fn receive(&self) -> io::Result<Datagram> {
        let mut buffer = [0; MOST_BYTES];
        let (length, source) = self.udp.recv_from(&mut buffer).await?;
        let contents = buffer[..length].to_vec();
        Ok(Datagram { transport: Transport::Udp, source, destination: self.address, contents })
    }
}
