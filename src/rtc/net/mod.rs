//! The sockets that all peers share: one UDP port and, with the same number, one port for ICE-TCP.
//!
//! One thread reads everything and hands each datagram to a shard: a STUN request by the beginning of the user name fragment
//! that it is for, all else by its source's address, once a shard has [learnt](Sender::learn) that one. Whatever comes from
//! strangers can fill no table and no queue: what fits nowhere is dropped and counted.

mod ports;
mod routes;
mod tcp;
#[cfg(test)]
mod tests;
mod udp;

use std::{
    io,
    net::{IpAddr, SocketAddr},
    sync::{Arc, PoisonError},
    thread::{self, JoinHandle},
};

use crossbeam_channel::Receiver;
use tokio::{runtime, sync::oneshot};

use self::{ports::Ports, routes::Routes, tcp::Connections, udp::Sockets};
use super::{Datagram, LocalAddress, Transport};
use crate::config::Config;
pub use crate::rtc::datagram::ufrag;

/// Datagrams that may wait for a shard: about a second of 20 calls' media.
const INBOX: usize = 2048;

/// What is opened.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// For UDP and TCP; 0: any that is free for both.
    pub port: u16,
    /// Nobody beyond this machine can reach it.
    pub loopback_only: bool,
    /// Addresses that lead here by way of a router (1:1 NAT), instead of this machine's own.
    pub advertised: Vec<IpAddr>,
    /// How many readers there are: 1 to 256.
    pub shards: usize,
}

impl Options {
    /// As the configuration says.
    pub fn new(config: &Config, loopback_only: bool, shards: usize) -> Self {
        Self { port: config.server.rtc_port, loopback_only, advertised: config.rtc.addresses.clone(), shards }
    }
}

/// What one shard reads.
#[derive(Debug)]
pub struct Inbox {
    /// How the user name fragments of its peers must begin, for their datagrams to come here.
    pub ufrag_prefix: String,
    /// Bounded; a shard that does not keep up loses the latest.
    pub datagrams: Receiver<Datagram>,
}

/// See the module. The ports are closed when this and all its [`Sender`]s are dropped.
#[derive(Debug)]
pub struct Net {
    running: Arc<Running>,
    addresses: Vec<LocalAddress>,
}

impl Net {
    /// Opens the ports, and reads them from now on.
    ///
    /// # Errors
    /// When a port is in use, no address is left, or the system refuses a thread; in one line.
    pub fn start(options: &Options) -> io::Result<(Self, Vec<Inbox>)> {
        let ports = Ports::open(options)?;
        let addresses = ports.addresses();
        let (senders, receivers): (Vec<_>, Vec<_>) =
            (0..options.shards.clamp(1, routes::MOST_SHARDS)).map(|_| crossbeam_channel::bounded(INBOX)).unzip();
        let routes = Arc::new(Routes::new(senders));
        let connections = Arc::new(Connections::default());
        let runtime = runtime::Builder::new_current_thread().enable_io().enable_time().build()?;
        let sockets = {
            let _entered = runtime.enter();
            let sockets = Sockets::read(ports.udp, &routes)?;
            tcp::listen(ports.tcp, &routes, &connections)?;
            sockets
        };
        let (stop, stopped) = oneshot::channel::<()>();
        let thread = thread::Builder::new().name("rtc-net".to_owned()).spawn(move || {
            // Ends when the sender is dropped.
            let _ = runtime.block_on(stopped);
        })?;
        let inboxes = receivers.into_iter().enumerate();
        let inboxes = inboxes.map(|(shard, datagrams)| Inbox { ufrag_prefix: routes::prefix(shard), datagrams });
        let inboxes = inboxes.collect();
        let running = Arc::new(Running { sockets, connections, routes, stop: Some(stop), thread: Some(thread) });
        Ok((Self { running, addresses }, inboxes))
    }

    /// Where peers can be reached: their host candidates.
    pub fn addresses(&self) -> &[LocalAddress] {
        &self.addresses
    }

    /// The first of the addresses, for people.
    pub fn address(&self) -> SocketAddr {
        self.addresses.first().map_or_else(|| SocketAddr::from(([0, 0, 0, 0], 0)), |local| local.address)
    }

    /// For the shard's thread.
    pub fn sender(&self, shard: usize) -> Sender {
        Sender { running: self.running.clone(), shard }
    }

    /// As if it had come by a socket.
    #[cfg(test)]
    pub(crate) fn deliver(&self, datagram: &Datagram) {
        let Datagram { transport, source, destination, contents } = datagram;
        self.running.routes.deliver(*transport, *source, *destination, contents);
    }

    /// Datagrams that were dropped since the start, because a queue was full.
    pub fn dropped(&self) -> u64 {
        self.running.routes.dropped()
    }
}

/// A shard's way out.
#[derive(Clone, Debug)]
pub struct Sender {
    running: Arc<Running>,
    shard: usize,
}

impl Sender {
    /// Never waits: what a socket does not take now is lost, as it may be on the network; a TCP connection that does not
    /// keep up is closed.
    pub fn send(&self, datagram: &Datagram) {
        match datagram.transport {
            Transport::Udp => self.running.sockets.send(datagram),
            Transport::Tcp => self.running.connections.send(datagram),
        }
    }

    /// What comes from there is for this shard, from now on.
    pub fn learn(&self, transport: Transport, address: SocketAddr) {
        self.running.routes.learn(transport, address, self.shard);
    }

    /// No longer; a TCP connection is closed.
    pub fn forget(&self, transport: Transport, address: SocketAddr) {
        if self.running.routes.forget(transport, address, self.shard) && transport == Transport::Tcp {
            self.running.connections.close(address);
        }
    }
}

#[derive(Debug)]
struct Running {
    sockets: Sockets,
    connections: Arc<Connections>,
    routes: Arc<Routes>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// What a lock guards here is whole at all times: each change is one insertion or removal.
fn unpoisoned<T>(locked: Result<T, PoisonError<T>>) -> T {
    locked.unwrap_or_else(PoisonError::into_inner)
}
