//! Engines on this machine.

pub mod llama;
