//! Calls: what answers them, and whether they can be answered.

pub mod readiness;
