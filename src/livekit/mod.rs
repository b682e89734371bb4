//! A participant of a LiveKit server, seen from outside: ours or anybody's. [`Client`] is the protocol, sans-IO: signalling
//! on `/rtc` (the older way, which every server knows: the client offers what it publishes, the server what the client hears)
//! and two peer connections. [`Line`] is the thin shell around it: a WebSocket and two UDP sockets. [`participant`] adds sound
//! and a clock of 20 ms.
//!
//! It publishes one microphone and hears one voice: the agent's where there is an agent, else the first other person's who
//! publishes. What it says and what is done with what it hears is up to a [`Device`]. A line can carry pictures as well, the
//! packets as they are.

mod client;
mod line;
pub mod participant;
mod signal;
mod trust;

pub use client::{Client, Connection, Event, Output};
pub use line::{Line, LineError};
pub use participant::{Device, Heard, ParticipantError, Step, participate};
pub use signal::{PROTOCOL, SignalError};
pub use trust::{Trust, TrustError};
