//! Workers, rooms and those who dispatch, around a registry under simulated time.

mod dispatches;
mod endings;
mod jobs;
mod registration;
mod world;
