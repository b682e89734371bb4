//! The sockets that all peers share: one UDP port and, with the same number, one port for ICE-TCP.
