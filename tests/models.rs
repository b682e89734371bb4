//! Models: fetching them from a server that can misbehave, and the commands around them.
#![expect(clippy::unwrap_used, reason = "helpers of tests are tests too")]
#![expect(clippy::print_stdout, reason = "a test that is skipped says why")]

#[path = "models/program.rs"]
mod program;
#[path = "models/pull.rs"]
mod pull;
#[path = "models/server.rs"]
mod server;
