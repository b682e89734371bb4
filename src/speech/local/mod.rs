//! Engines that run on this machine.

#[cfg(test)]
mod golden;
mod graph;
pub mod turn;
pub mod vad;
