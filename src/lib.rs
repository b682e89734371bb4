//! Callstead: a call centre in a box. See ARCHITECTURE.md for the map; each module's `//!` states its contract.

pub mod app;
pub mod audio;
pub mod call;
pub mod cli;
pub mod config;
pub mod cpu;
pub mod dialogue;
pub mod domain;
pub mod livekit;
pub mod locale;
pub mod models;
pub mod people;
pub mod rooms;
pub mod rtc;
pub mod script;
pub mod sms;
pub mod speech;
pub mod spoken;
pub mod store;
pub mod telemetry;
#[cfg(test)]
pub(crate) mod testing;
pub mod web;
pub mod webhooks;
pub mod workers;
