//! Engines that run on this machine.

pub mod espeak;
pub mod piper;
pub mod voices;
