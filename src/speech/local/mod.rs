//! The engines of this machine.

pub mod espeak;
#[cfg(test)]
mod golden;
mod graph;
pub mod llama;
pub mod piper;
mod pools;
pub mod probe;
pub mod turn;
pub mod vad;
pub mod voices;
pub mod whisper;
