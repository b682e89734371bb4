//! Which peer a datagram is for: by the ICE user name fragment in a STUN request, by its source's address for all else,
//! once that peer has proved to be there.

use std::{collections::HashMap, net::SocketAddr};

use super::RoomKey;
use crate::{
    rooms::room::PeerId,
    rtc::peer::{Datagram, Transport},
};

/// Addresses that one peer may be reached from at a time: a client has a few candidates, and gets new ones when it changes networks.
const ADDRESSES_PER_PEER: usize = 8;

/// A peer of this shard.
pub(super) type Place = (RoomKey, PeerId);

/// Where a datagram comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Source {
    /// UDP and TCP ports are different things.
    pub(super) transport: Transport,
    /// The other side's address.
    pub(super) address: SocketAddr,
}

impl Source {
    pub(super) fn of(datagram: &Datagram) -> Self {
        Self { transport: datagram.transport, address: datagram.source }
    }
}

#[derive(Debug)]
struct Known {
    ufrag: String,
    /// The one heard of last is last.
    sources: Vec<Source>,
}

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Routes {
    by_ufrag: HashMap<String, Place>,
    by_source: HashMap<Source, Place>,
    peers: HashMap<Place, Known>,
}

impl Routes {
    /// A peer can be found from now on; under another fragment than before, if it is known. Whether it is new.
    pub(super) fn open(&mut self, place: Place, ufrag: String) -> bool {
        let known = self.peers.remove(&place);
        let is_new = known.is_none();
        if let Some(known) = &known {
            self.by_ufrag.remove(&known.ufrag);
        }
        let sources = known.map(|known| known.sources).unwrap_or_default();
        self.by_ufrag.insert(ufrag.clone(), place);
        self.peers.insert(place, Known { ufrag, sources });
        is_new
    }

    /// A peer is gone. Gives the addresses that were its own.
    pub(super) fn close(&mut self, place: Place) -> Vec<Source> {
        let Some(known) = self.peers.remove(&place) else { return Vec::new() };
        self.by_ufrag.remove(&known.ufrag);
        let mut own = known.sources;
        own.retain(|source| self.by_source.get(source) == Some(&place));
        for source in &own {
            self.by_source.remove(source);
        }
        own
    }

    /// A whole room is gone.
    pub(super) fn close_room(&mut self, room: RoomKey) -> Vec<Source> {
        let places: Vec<Place> = self.peers.keys().filter(|(key, _)| *key == room).copied().collect();
        places.into_iter().flat_map(|place| self.close(place)).collect()
    }

    /// Whose user name fragment this is.
    pub(super) fn by_ufrag(&self, ufrag: &str) -> Option<Place> {
        self.by_ufrag.get(ufrag).copied()
    }

    /// Who sends from there.
    pub(super) fn by_source(&self, source: Source) -> Option<Place> {
        self.by_source.get(&source).copied()
    }

    /// A peer has proved that it sends from there; what was known of that address before is no longer true. `None` when
    /// this is nothing new, otherwise the address that is given up for it, if there were too many.
    pub(super) fn learn(&mut self, source: Source, place: Place) -> Option<Learnt> {
        if self.by_source.get(&source) == Some(&place) {
            return None;
        }
        let known = self.peers.get_mut(&place)?;
        let oldest = (known.sources.len() >= ADDRESSES_PER_PEER).then(|| known.sources.remove(0));
        known.sources.push(source);
        let forgotten = oldest.filter(|oldest| self.by_source.get(oldest) == Some(&place));
        if let Some(forgotten) = forgotten {
            self.by_source.remove(&forgotten);
        }
        self.by_source.insert(source, place);
        Some(Learnt { forgotten })
    }

    /// How many peers there are.
    pub(super) fn len(&self) -> usize {
        self.peers.len()
    }
}

/// A new address is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Learnt {
    /// The address that had to go for it.
    pub(super) forgotten: Option<Source>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(port: u16) -> Source {
        Source { transport: Transport::Udp, address: SocketAddr::from(([192, 0, 2, 1], port)) }
    }

    const ANN: Place = (RoomKey(1), PeerId(1));
    const BOB: Place = (RoomKey(1), PeerId(2));
    const EVE: Place = (RoomKey(2), PeerId(1));

    fn routes() -> Routes {
        let mut routes = Routes::default();
        for (place, ufrag) in [(ANN, "ann"), (BOB, "bob"), (EVE, "eve")] {
            assert!(routes.open(place, ufrag.to_owned()));
        }
        routes
    }

    #[test]
    fn a_peer_is_found_by_fragment_and_by_what_it_proved() {
        let mut routes = routes();
        assert_eq!(routes.by_ufrag("bob"), Some(BOB));
        assert_eq!(routes.by_source(source(1)), None);
        assert_eq!(routes.learn(source(1), BOB), Some(Learnt { forgotten: None }));
        assert_eq!(routes.learn(source(1), BOB), None, "nothing new");
        assert_eq!(routes.by_source(source(1)), Some(BOB));
        let tcp = Source { transport: Transport::Tcp, ..source(1) };
        assert_eq!(routes.by_source(tcp), None, "the same port of TCP is another one");
    }

    #[test]
    fn a_restarted_peer_keeps_its_addresses() {
        let mut routes = routes();
        routes.learn(source(1), ANN);
        assert!(!routes.open(ANN, "ann2".to_owned()));
        assert_eq!((routes.by_ufrag("ann"), routes.by_ufrag("ann2")), (None, Some(ANN)));
        assert_eq!((routes.by_source(source(1)), routes.len()), (Some(ANN), 3));
    }

    #[test]
    fn an_address_belongs_to_who_proved_it_last() {
        let mut routes = routes();
        routes.learn(source(1), ANN);
        routes.learn(source(1), EVE);
        assert_eq!(routes.by_source(source(1)), Some(EVE));
        assert_eq!(routes.close(ANN), [], "no longer its own");
        assert_eq!(routes.by_source(source(1)), Some(EVE));
        assert_eq!(routes.close(EVE), [source(1)]);
        assert_eq!((routes.by_source(source(1)), routes.by_ufrag("eve")), (None, None));
        assert_eq!(routes.learn(source(1), EVE), None, "it is gone");
    }

    #[test]
    fn one_peer_cannot_take_all_addresses() {
        let mut routes = routes();
        for port in 0..100_u16 {
            let forgotten = port.checked_sub(ADDRESSES_PER_PEER as u16).map(source);
            assert_eq!(routes.learn(source(port), ANN), Some(Learnt { forgotten }));
        }
        assert_eq!(routes.close_room(RoomKey(1)).len(), ADDRESSES_PER_PEER);
        assert_eq!(routes.len(), 1);
        assert!(routes.by_source.is_empty() && routes.by_ufrag.len() == 1);
    }
}
