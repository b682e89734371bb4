//! `callstead admin`: who may use this box. Works beside a running server, and without one.

mod keys;
mod new_key;
mod staff;

use clap::Subcommand;
use jiff::Timestamp;

use super::{Context, erase};
use crate::people::People;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    #[command(flatten)]
    Staff(staff::Command),
    /// Make, list and revoke keys for programs
    #[command(subcommand)]
    ApiKey(keys::Command),
    /// Erase what is kept of one person, everywhere and for good
    Erase(erase::Args),
    /// Go on with a new key where secret.key is lost. What only the old one could read is given up
    NewKey(new_key::Args),
}

pub(super) fn run(args: Args, context: &Context) -> anyhow::Result<()> {
    match args.command {
        Command::Staff(command) => {
            staff::run(command, &People::new(context.store()?, &context.config.sessions), context)
        }
        Command::ApiKey(command) => keys::run(command, &context.store()?, context),
        Command::Erase(args) => erase::run(&args, &context.store()?, context),
        // Without its key the database cannot be opened.
        Command::NewKey(args) => new_key::run(&args, context),
    }
}

fn day(moment: Timestamp) -> String {
    moment.strftime("%Y-%m-%d").to_string()
}
