//! The engines of this machine.

pub mod llama;
pub mod whisper;
