//! `callstead bench`

mod engines;

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
}

pub(super) fn run(args: Args, context: &Context) -> anyhow::Result<()> {
    match args.what {
        What::Engines(args) => engines::run(args, context),
    }
}
