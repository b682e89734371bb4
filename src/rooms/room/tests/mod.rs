//! The room with real peers as clients, under simulated time.

mod agents;
mod calls;
mod control;
mod data;
mod data_tracks;
mod events;
mod fanout;
mod hostile;
mod pictures;
mod presence;
mod rights;
mod world;
