//! Turn taking, sans-IO: what was heard goes in with the media time at which it was heard, decisions come out. Nothing
//! here reads a clock, waits, or knows an engine.

pub mod endpointing;
pub mod history;
