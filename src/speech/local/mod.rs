//! The engines of this machine.

pub mod espeak;
pub mod llama;
pub mod piper;
pub mod probe;
pub mod voices;
pub mod whisper;
