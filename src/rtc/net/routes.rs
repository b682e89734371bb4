//! Which shard a datagram is for.

use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{
        RwLock,
        atomic::{AtomicU64, Ordering},
    },
};

use crossbeam_channel::{Sender, TrySendError};

use super::{Datagram, Transport, unpoisoned};

/// Addresses that shards may have learnt together. Each belongs to a peer that a room has let in.
const MOST_ADDRESSES: usize = 65_536;
/// Hexadecimal digits at a fragment's beginning.
const PREFIX: usize = 2;
pub(super) const MOST_SHARDS: usize = 256;

/// What the user name fragments of a shard's peers begin with.
pub(super) fn prefix(shard: usize) -> String {
    format!("{shard:0PREFIX$x}")
}

/// See the module.
#[derive(Debug)]
pub(super) struct Routes {
    inboxes: Vec<Sender<Datagram>>,
    by_address: RwLock<HashMap<(Transport, SocketAddr), usize>>,
    dropped: AtomicU64,
}

impl Routes {
    pub(super) fn new(inboxes: Vec<Sender<Datagram>>) -> Self {
        Self { inboxes, by_address: RwLock::default(), dropped: AtomicU64::new(0) }
    }

    pub(super) fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }

    /// Called again and again while a peer is there: only what is new needs the lock for itself.
    pub(super) fn learn(&self, transport: Transport, address: SocketAddr, shard: usize) {
        if self.owner(transport, address) == Some(shard) {
            return;
        }
        let mut known = unpoisoned(self.by_address.write());
        if known.len() < MOST_ADDRESSES || known.contains_key(&(transport, address)) {
            known.insert((transport, address), shard);
        }
    }

    /// Whether the address was that shard's.
    pub(super) fn forget(&self, transport: Transport, address: SocketAddr, shard: usize) -> bool {
        let mut known = unpoisoned(self.by_address.write());
        let is_its_own = known.get(&(transport, address)) == Some(&shard);
        if is_its_own {
            known.remove(&(transport, address));
        }
        is_its_own
    }

    pub(super) fn is_known(&self, transport: Transport, address: SocketAddr) -> bool {
        self.owner(transport, address).is_some()
    }

    /// The shard that has learnt an address.
    fn owner(&self, transport: Transport, address: SocketAddr) -> Option<usize> {
        unpoisoned(self.by_address.read()).get(&(transport, address)).copied()
    }

    /// The shard that a datagram is for, if any.
    pub(super) fn find(&self, transport: Transport, source: SocketAddr, contents: &[u8]) -> Option<usize> {
        // RFC 7983: STUN, DTLS, RTP and RTCP. The rest (ZRTP, TURN channels) is nobody's.
        if !matches!(contents.first()?, 0..=3 | 20..=63 | 128..=191) {
            return None;
        }
        let shard = match super::ufrag(contents) {
            Some(ufrag) => usize::from_str_radix(ufrag.get(..PREFIX)?, 16).ok()?,
            None => self.owner(transport, source)?,
        };
        (shard < self.inboxes.len()).then_some(shard)
    }

    /// Hands a datagram over, if it is for anybody who has room for it.
    pub(super) fn deliver(&self, transport: Transport, source: SocketAddr, destination: SocketAddr, contents: &[u8]) {
        let Some(shard) = self.find(transport, source, contents) else { return };
        let datagram = Datagram { transport, source, destination, contents: contents.to_vec() };
        if let Err(TrySendError::Full(_)) = self.inboxes[shard].try_send(datagram) {
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const DTLS: [u8; 3] = [22, 254, 253];

    fn address(port: u16) -> SocketAddr {
        SocketAddr::from(([192, 0, 2, 1], port))
    }

    fn request(ufrag: &str) -> Vec<u8> {
        let name = format!("{ufrag}:you");
        let mut contents = vec![0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42];
        contents.extend([0; 12]);
        contents.extend([0, 6, 0, u8::try_from(name.len()).unwrap()]);
        contents.extend(name.bytes());
        contents
    }

    fn routes(shards: usize) -> (Routes, Vec<crossbeam_channel::Receiver<Datagram>>) {
        let (senders, receivers) = (0..shards).map(|_| crossbeam_channel::bounded(2)).unzip();
        (Routes::new(senders), receivers)
    }

    #[test]
    fn requests_go_by_their_prefix_and_the_rest_by_what_was_learnt() {
        let (routes, _inboxes) = routes(2);
        let find = |transport, port, contents: &[u8]| routes.find(transport, address(port), contents);
        for shard in 0..2 {
            assert_eq!(find(Transport::Udp, 1, &request(&format!("{}abc", prefix(shard)))), Some(shard));
        }
        for stranger in ["02abc", "zzabc", "0", "", "ÿÿÿ"] {
            assert_eq!(find(Transport::Udp, 1, &request(stranger)), None, "{stranger}");
        }
        assert_eq!(find(Transport::Udp, 1, &DTLS), None);
        routes.learn(Transport::Udp, address(1), 1);
        assert_eq!(find(Transport::Udp, 1, &DTLS), Some(1));
        assert_eq!(find(Transport::Tcp, 1, &DTLS), None, "the same port of TCP is another one");
        assert_eq!(find(Transport::Udp, 1, &[70, 0, 0]), None, "not ours");
        assert!(!routes.forget(Transport::Udp, address(1), 0), "another shard's");
        assert!(routes.forget(Transport::Udp, address(1), 1));
        assert_eq!(find(Transport::Udp, 1, &DTLS), None);
    }

    #[test]
    fn a_shard_that_does_not_read_loses_the_latest() {
        let (routes, inboxes) = routes(1);
        for _ in 0..5 {
            routes.deliver(Transport::Udp, address(1), address(2), &request("00abc"));
        }
        assert_eq!((inboxes[0].len(), routes.dropped()), (2, 3));
    }

    #[test]
    fn the_table_has_an_end() {
        let (routes, _inboxes) = routes(1);
        let addresses = (0..=u32::try_from(MOST_ADDRESSES).unwrap()).map(|n| SocketAddr::from((n.to_be_bytes(), 1)));
        addresses.for_each(|address| routes.learn(Transport::Udp, address, 0));
        assert_eq!(unpoisoned(routes.by_address.read()).len(), MOST_ADDRESSES);
    }

    proptest! {
        #[test]
        fn survives_garbage(contents in proptest::collection::vec(any::<u8>(), 0..80)) {
            let (routes, _inboxes) = routes(2);
            prop_assert_eq!(routes.find(Transport::Udp, address(1), &contents), None);
        }
    }
}
