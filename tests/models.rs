//! Models: fetching them from a server that can misbehave, and the commands around them.

#[path = "models/program.rs"]
mod program;
#[path = "models/pull.rs"]
mod pull;
#[path = "models/server.rs"]
mod server;
