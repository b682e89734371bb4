//! WebRTC for one connection at a time: [`Peer`], sans-IO over str0m, and [`net`], the sockets that all peers share.
//!
//! What is negotiated, forwarded and sent is said by whoever owns the peer (a room, or a participant of a LiveKit server).
//! Nothing here knows of rooms, tracks' owners or permissions.

mod datagram;
pub mod net;
pub mod peer;
#[cfg(test)]
pub(crate) mod sim;

pub use datagram::{Datagram, LocalAddress, Transport};
pub use peer::Peer;
/// RFC 2198: takes the payload of a packet with [`peer::Packet::is_red`] apart.
pub use str0m::rtp::{RedBlock, RedDecoder};
