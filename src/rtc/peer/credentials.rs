//! The local ICE credentials: a name that a demultiplexer finds the peer by, and a secret that changes with each restart.

use rand::distr::{Alphanumeric, SampleString};
use str0m::IceCreds;

use super::sdp::Credentials;
use crate::rtc::datagram::RESTART_MARK;

/// 142 bits; RFC 8445 asks for 128.
const PASSWORD: usize = 24;
/// RFC 8445 asks for 24 bits: this also keeps the peers of a process apart.
const RANDOM_UFRAG: usize = 16;

/// Who a peer is to ICE.
#[derive(Debug)]
pub(super) struct Identity {
    ufrag: String,
    restarts: u32,
    current: Credentials,
}

impl Identity {
    pub(super) fn new(ufrag: Option<&str>) -> Self {
        let ufrag = ufrag.map_or_else(|| random(RANDOM_UFRAG), str::to_owned);
        let current = Credentials { ufrag: ufrag.clone(), password: random(PASSWORD) };
        Self { ufrag, restarts: 0, current }
    }

    /// The part of the name that stays.
    pub(super) fn ufrag(&self) -> &str {
        &self.ufrag
    }

    pub(super) fn current(&self) -> &Credentials {
        &self.current
    }

    pub(super) fn ice(&self) -> IceCreds {
        ice(&self.current)
    }

    /// New credentials; they count once [`adopt`](Self::adopt)ed. Both parts must differ (RFC 8445, 9).
    pub(super) fn restarted(&mut self) -> Credentials {
        self.restarts = self.restarts.wrapping_add(1);
        Credentials { ufrag: format!("{}{RESTART_MARK}{}", self.ufrag, self.restarts), password: random(PASSWORD) }
    }

    pub(super) fn adopt(&mut self, credentials: Credentials) -> IceCreds {
        self.current = credentials;
        self.ice()
    }
}

fn ice(credentials: &Credentials) -> IceCreds {
    IceCreds { ufrag: credentials.ufrag.clone(), pass: credentials.password.clone() }
}

fn random(length: usize) -> String {
    Alphanumeric.sample_string(&mut rand::rng(), length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_restart_changes_both_parts_and_keeps_the_name() {
        let mut identity = Identity::new(Some("shard1abc"));
        let first = identity.current().clone();
        let second = identity.restarted();
        assert_eq!((first.ufrag.as_str(), second.ufrag.as_str()), ("shard1abc", "shard1abc+1"));
        assert_ne!(first.password, second.password);
        assert_eq!(identity.current(), &first);
        identity.adopt(second.clone());
        assert_eq!((identity.current(), identity.ufrag()), (&second, "shard1abc"));
    }
}
