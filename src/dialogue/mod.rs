//! Turn taking, sans-IO: what was heard goes in with the media time at which it was heard, decisions come out. Nothing
//! here reads a clock, waits, or knows an engine.
//!
//! [`endpointing`] says when the caller's turns begin and end, [`barge_in`] whether speech over the agent's is an
//! interruption, [`history`] is what the language model will read; [`Dialogue`] makes a conversation of them.

pub mod barge_in;
mod caller;
mod conversation;
mod echo;
pub mod endpointing;
pub mod guide;
pub mod history;
mod io;
mod parting;
pub mod phrases;
mod speech;

pub use conversation::Dialogue;
pub use io::{
    Cue, EndReason, Incident, Input, Lead, Line, Manner, Notice, Output, Patience, Phase, Place, Return, Setup, Side,
    Spoken, Take, Words,
};

#[cfg(test)]
mod tests;
