//! (skeleton)

pub mod probe;
