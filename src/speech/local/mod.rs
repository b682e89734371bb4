//! The engines of this machine.

pub mod whisper;
