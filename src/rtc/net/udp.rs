//! The UDP sockets.

use std::{
    io,
    net::{SocketAddr, UdpSocket},
    sync::Arc,
    time::Duration,
};

use tokio::time;

use super::{Datagram, Routes, Transport, ports::Port};

/// No path carries more without fragments; what is longer is cut, and fails its integrity check.
const LARGEST: usize = 2048;
/// After an error of the socket, so that one that stays is not asked without pause.
const PAUSE: Duration = Duration::from_millis(10);

/// Sends by any of them; reading is a task for each.
#[derive(Debug)]
pub(super) struct Sockets(Vec<Port<UdpSocket>>);

impl Sockets {
    /// Reads all of them from now on, in tasks of the present runtime.
    ///
    /// # Errors
    /// When the system refuses to share or watch a socket.
    pub(super) fn read(ports: Vec<Port<UdpSocket>>, routes: &Arc<Routes>) -> io::Result<Self> {
        for port in &ports {
            let socket = tokio::net::UdpSocket::from_std(port.socket.try_clone()?)?;
            tokio::spawn(read(socket, port.advertised[0], routes.clone()));
        }
        Ok(Self(ports))
    }

    pub(super) fn send(&self, datagram: &Datagram) {
        let port = self.0.iter().find(|port| port.advertised.contains(&datagram.source));
        if let Some(port) = port {
            // A full buffer, or a network that is away: the datagram is lost.
            let _ = port.socket.send_to(&datagram.contents, datagram.destination);
        }
    }
}

async fn read(socket: tokio::net::UdpSocket, destination: SocketAddr, routes: Arc<Routes>) {
    let mut buffer = [0; LARGEST];
    loop {
        match socket.recv_from(&mut buffer).await {
            Ok((length, source)) => routes.deliver(Transport::Udp, source, destination, &buffer[..length]),
            Err(error) => {
                tracing::debug!(%error, "a media socket cannot be read");
                time::sleep(PAUSE).await;
            }
        }
    }
}
