//! Models: fetching them from a server that can misbehave, and the commands around them.

mod program;
mod pull;
mod server;
