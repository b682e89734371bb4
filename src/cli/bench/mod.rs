//! `callstead bench`

mod engines;
mod processor;
mod rooms;
mod server;
mod spread;
mod voice;

use clap::Subcommand;

use super::Context;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// How fast the installed models hear, think and speak here
    Engines(engines::Args),
    /// How long callers wait: real calls over WebRTC, measured where they are heard
    Voice(voice::Args),
    /// What rooms cost: people in twos who send sound or pictures, to this server or to another LiveKit server
    Rooms(rooms::Args),
}

pub(super) fn run(args: Args, context: &Context) -> anyhow::Result<()> {
    match args.what {
        What::Engines(args) => engines::run(args, context),
        What::Voice(args) => voice::run(args, context),
        What::Rooms(args) => rooms::run(args, context),
    }
}
