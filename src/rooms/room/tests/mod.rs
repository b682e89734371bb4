//! The room with real peers as clients, under simulated time.

mod agents;
mod calls;
mod data;
mod fanout;
mod hostile;
mod presence;
mod rights;
mod world;
