//! How many connections one address may hold, so that no single host takes them all. A connection is counted when it is
//! there (over TLS: when hands are shaken, which has a time limit of its own) and given back when it ends; one too many is
//! closed before it has said anything.

use std::{
    any::Any,
    collections::HashMap,
    fmt,
    net::{IpAddr, Shutdown},
    sync::{Arc, Mutex, PoisonError},
};

use actix_tls::accept::rustls_0_23::TlsStream;
use actix_web::{dev::Extensions, rt::net::TcpStream};
use ipnet::IpNet;
use socket2::SockRef;

use super::public;
use crate::{config, domain::network};

/// An eighth of all connections: an office behind one router, where each caller has a signal connection and, for a while,
/// those that brought the page.
pub(super) const MOST_FOR_ONE: usize = 128;

/// The connections that each address holds. Clones share them.
#[derive(Clone)]
pub(super) struct Connections(Arc<Shares>);

struct Shares {
    held: Mutex<HashMap<IpAddr, usize>>,
    /// Who speaks for many.
    trusted: Vec<IpNet>,
    /// In development mode all clients are on this machine, which has its programs under control.
    is_limited: bool,
}

/// One connection's place, for as long as the connection lives.
struct Place {
    connections: Connections,
    from: IpAddr,
}

impl Connections {
    pub(super) fn new(server: &config::Server) -> Self {
        let (trusted, is_limited) = (server.trusted_proxies.clone(), !server.dev);
        Self(Arc::new(Shares { held: Mutex::default(), trusted, is_limited }))
    }

    /// Takes in a new connection, which keeps its place in `data`; or closes it. To be called by actix (`on_connect`).
    pub(super) fn admit(&self, connection: &dyn Any, data: &mut Extensions) {
        let tls = || connection.downcast_ref::<TlsStream<TcpStream>>().map(|stream| stream.get_ref().0);
        let Some(stream) = connection.downcast_ref::<TcpStream>().or_else(tls) else { return };
        // Without an address it has ended already.
        let Ok(peer) = stream.peer_addr().map(|address| address.ip()) else { return };
        if !self.0.is_limited || public::is_trusted(peer, &self.0.trusted) {
            return;
        }
        match self.take(network(peer)) {
            Some(place) => {
                data.insert(place);
            }
            None => {
                tracing::debug!(http.peer = %peer, "one address holds too many connections: another one is closed");
                // It may have ended meanwhile.
                let _ = SockRef::from(stream).shutdown(Shutdown::Both);
            }
        }
    }

    fn take(&self, from: IpAddr) -> Option<Place> {
        let mut held = self.0.held.lock().unwrap_or_else(PoisonError::into_inner);
        let count = held.entry(from).or_default();
        // Who is refused holds some: no entry is left behind.
        (*count < MOST_FOR_ONE).then(|| {
            *count += 1;
            Place { connections: self.clone(), from }
        })
    }

    fn give_back(&self, from: IpAddr) {
        let mut held = self.0.held.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(count) = held.get_mut(&from) else { return };
        *count -= 1;
        if *count == 0 {
            held.remove(&from);
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.connections.give_back(self.from);
    }
}

impl fmt::Debug for Connections {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Connections")
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn each_address_has_its_share_and_gives_it_back() {
        let connections = Connections::new(&config::Config::defaults(Path::new("/data")).server);
        let [one, other] = ["192.0.2.1", "2001:db8::"].map(|ip| ip.parse::<IpAddr>().unwrap());
        let mut places: Vec<_> = (0..MOST_FOR_ONE).map(|_| connections.take(one).unwrap()).collect();
        assert!(connections.take(one).is_none());
        assert!(connections.take(other).is_some());
        places.pop();
        places.push(connections.take(one).unwrap());
        assert!(connections.take(one).is_none());
        drop(places);
        assert!(connections.0.held.lock().unwrap().is_empty(), "nothing is left of those who are gone");
    }
}
