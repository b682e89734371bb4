//! The command line: parses arguments, loads the configuration, runs one command, and turns its error into one line and
//! an exit code. Only this layer prints.

mod bench;
mod chat;
mod converse;
mod doctor;
mod exit;
mod interrupt;
mod manual;
mod models;
mod output;
mod say;
mod serve;
mod transcribe;
mod version;

use std::{path::PathBuf, process::ExitCode};

use clap::{Args, Parser, Subcommand};

use crate::config::Config;
pub use interrupt::Interrupt;
pub use output::Output;

/// A call centre in a box: rooms and a voice agent on your own server.
#[derive(Debug, Parser)]
#[command(name = "callstead", disable_version_flag = true)]
struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

/// Flags that every command takes.
#[derive(Debug, Args)]
struct Global {
    /// Where everything is kept
    #[arg(long, global = true, env = "CALLSTEAD_DATA_DIR", value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// Where model files are [default: models in the data folder]
    #[arg(long, global = true, env = "CALLSTEAD_MODELS_DIR", value_name = "DIR")]
    models_dir: Option<PathBuf>,
    /// Configuration file [default: config.toml in the data folder, if it is there]
    #[arg(long, global = true, env = "CALLSTEAD_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
    /// Print JSON, for programs
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the server
    Serve(serve::Args),
    /// List, fetch, check and remove models
    Models(models::Args),
    /// Turn a recording into text
    Transcribe(transcribe::Args),
    /// Turn text into speech
    Say(say::Args),
    /// Talk with the agent by keyboard
    Chat(chat::Args),
    /// Answer a recording with a recording
    Converse(converse::Args),
    /// Measure this machine
    Bench(bench::Args),
    /// Check this installation
    Doctor(doctor::Args),
    /// Print shell completions or the manual page
    Manual(manual::Args),
    /// Print the version
    Version(version::Args),
}

/// What a command works with.
#[derive(Debug)]
pub struct Context {
    /// The settings in force.
    pub config: Config,
    /// Where results go.
    pub output: Output,
    /// Set once the user presses Ctrl-C.
    pub interrupt: Interrupt,
}

/// The whole program.
pub fn main() -> ExitCode {
    let _cli = Cli::parse();
    ExitCode::SUCCESS
}
