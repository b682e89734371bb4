//! The command line: parses arguments, loads the configuration, runs one command, and turns its error into one line and
//! an exit code. Only this layer prints.

mod admin;
mod bench;
mod calls;
mod chat;
mod converse;
mod demo;
mod doctor;
mod erase;
mod examples;
mod exit;
mod foreign;
mod interrupt;
mod manual;
mod models;
mod output;
mod recording;
mod runtime;
mod say;
mod script;
mod serve;
mod terminal;
mod transcribe;
mod version;

use std::{
    env,
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::{Args, Parser, Subcommand, error::ErrorKind};
use serde_json::json;

use crate::{
    app::StartError,
    config::{self, Config, Environment, JSON_VARIABLE, LogFormat, Overrides},
    store::Store,
    telemetry,
};
use exit::Exit;
pub use interrupt::{Interrupt, Interrupted};
pub use output::{Output, OutputError, Progress};

/// A call centre in a box: rooms and a voice agent on your own server.
#[derive(Debug, Parser)]
#[command(name = "callstead", version, after_help = examples::PROGRAM, max_term_width = 100)]
struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

/// Flags that every command takes. Their variables are read with the rest of the environment, by [`Config::load`].
#[derive(Debug, Args)]
#[command(next_help_heading = "Global options")]
struct Global {
    /// Where everything is kept [env: CALLSTEAD_DATA_DIR] [default: ~/.local/share/callstead]
    #[arg(long, global = true, value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// Where model files are [env: CALLSTEAD_MODELS_DIR] [default: models in the data folder]
    #[arg(long, global = true, value_name = "DIR")]
    models_dir: Option<PathBuf>,
    /// Configuration file [env: CALLSTEAD_CONFIG] [default: config.toml in the data folder, if it is there]
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Print JSON, for programs [env: CALLSTEAD_JSON]
    #[arg(long, global = true)]
    json: bool,
    /// What is logged on stderr: error, warn, info, debug, trace, or a filter [env: CALLSTEAD_LOG_LEVEL]
    #[arg(long, global = true, value_name = "LEVEL", value_parser = log_level)]
    log_level: Option<String>,
    /// How a log line looks [env: CALLSTEAD_LOG_FORMAT]
    #[arg(long, global = true, value_name = "FORMAT", value_enum)]
    log_format: Option<LogFormat>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the server
    #[command(after_help = examples::SERVE)]
    Serve(serve::Args),
    /// List, fetch, check and remove models
    #[command(after_help = examples::MODELS)]
    Models(models::Args),
    /// Turn a recording into text
    #[command(after_help = examples::TRANSCRIBE)]
    Transcribe(transcribe::Args),
    /// Turn text into speech
    #[command(after_help = examples::SAY)]
    Say(say::Args),
    /// Talk with the agent by keyboard
    #[command(after_help = examples::CHAT)]
    Chat(chat::Args),
    /// Check, draw and try guided scripts
    #[command(after_help = examples::SCRIPT)]
    Script(script::Args),
    /// Answer a recording with a recording
    #[command(after_help = examples::CONVERSE)]
    Converse(converse::Args),
    /// List, show and delete calls
    #[command(after_help = examples::CALLS)]
    Calls(calls::Args),
    /// Members of staff, and keys for programs; erase a person's data
    #[command(after_help = examples::ADMIN)]
    Admin(admin::Args),
    /// Fill an empty desk, to look at its pages
    #[command(after_help = examples::DEMO)]
    Demo(demo::Args),
    /// Measure this machine
    #[command(after_help = examples::BENCH)]
    Bench(bench::Args),
    /// Check this installation
    #[command(after_help = examples::DOCTOR)]
    Doctor(doctor::Args),
    /// Print shell completions or the manual page
    #[command(after_help = examples::MANUAL)]
    Manual(manual::Args),
    /// Print the version
    #[command(after_help = examples::VERSION)]
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

impl Context {
    /// The database, made if it is not there. A server may be running on it.
    ///
    /// # Errors
    /// When it cannot be opened.
    pub(crate) fn store(&self) -> anyhow::Result<Store> {
        let dir = &self.config.paths.data_dir;
        config::make_data_dir(dir).map_err(|source| StartError::DataDir { dir: dir.clone(), source })?;
        Ok(Store::open(dir)?)
    }
}

/// The whole program.
pub fn main() -> ExitCode {
    let environment = Environment::of_this_process();
    let json = environment.is_true(JSON_VARIABLE);
    match Cli::try_parse() {
        Ok(cli) => {
            let output = Output::new(json || cli.global.json);
            let result = start(cli, &environment, &output);
            finish(result, &output).into()
        }
        Err(error) => {
            // Parsing failed, so the flag itself has to be looked for among the words.
            let output = Output::new(json || env::args_os().any(|word| word == "--json"));
            usage(&error, &output).into()
        }
    }
}

fn start(cli: Cli, environment: &Environment, output: &Output) -> anyhow::Result<()> {
    let loaded = Config::load(&cli.overrides(), environment);
    if let (Err(error), Command::Doctor(_)) = (&loaded, &cli.command) {
        return doctor::report_settings(error, output);
    }
    let config = match loaded {
        Err(_) if cli.command.works_without_settings() => Config::defaults(Path::new(".")),
        loaded => loaded?,
    };
    let context = Context { config, output: output.clone(), interrupt: Interrupt::default() };
    telemetry::install(&context.config.log)?;
    for slip in environment.slips() {
        tracing::warn!("{slip}");
    }
    if matches!(cli.command, Command::Serve(_)) {
        for name in config::LATER_VARIABLES.into_iter().filter(|name| environment.get(name).is_some()) {
            tracing::info!("environment variable {name} is for a later capability and is ignored today");
        }
    }
    context.interrupt.listen()?;
    let result = cli.command.run(&context);
    // Work that was told to end may have failed in its own words because of it. A server ends well when it is told to.
    if result.is_err() {
        context.interrupt.check()?
    }
    result
}

impl Cli {
    fn overrides(&self) -> Overrides {
        let global = &self.global;
        let mut overrides = Overrides {
            config_file: global.config.clone(),
            data_dir: global.data_dir.clone(),
            models_dir: global.models_dir.clone(),
            quiet: true,
            log_level: global.log_level.clone(),
            log_format: global.log_format,
            ..Overrides::default()
        };
        if let Command::Serve(args) = &self.command {
            args.override_settings(&mut overrides);
        }
        overrides
    }
}

impl Command {
    /// Whether it says the same whatever is set; these are asked for when something is wrong.
    fn works_without_settings(&self) -> bool {
        match self {
            Self::Manual(_) | Self::Version(_) => true,
            Self::Models(args) => args.is_probe(),
            _ => false,
        }
    }

    fn run(self, context: &Context) -> anyhow::Result<()> {
        match self {
            Self::Serve(args) => serve::run(args, context),
            Self::Models(args) => models::run(args, context),
            Self::Transcribe(args) => transcribe::run(args, context),
            Self::Say(args) => say::run(args, context),
            Self::Chat(args) => chat::run(args, context),
            Self::Script(args) => script::run(args, context),
            Self::Converse(args) => converse::run(args, context),
            Self::Calls(args) => calls::run(args, context),
            Self::Admin(args) => admin::run(args, context),
            Self::Demo(args) => demo::run(args, context),
            Self::Bench(args) => bench::run(args, context),
            Self::Doctor(args) => doctor::run(args, context),
            Self::Manual(args) => manual::run(args, context),
            Self::Version(args) => version::run(args, context),
        }
    }
}

/// Says how a command ended.
fn finish(result: anyhow::Result<()>, output: &Output) -> Exit {
    let Err(error) = result else { return Exit::Ok };
    if let Some(OutputError::Closed) = error.downcast_ref() {
        return Exit::Ok;
    }
    let exit = Exit::of(&error);
    report(exit, &exit::message(&error), output);
    exit
}

/// Says what is wrong with the command line, or prints the help or version that was asked for.
fn usage(error: &clap::Error, output: &Output) -> Exit {
    let asked_for = matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion);
    if output.json && !asked_for {
        let text = error.to_string();
        let first = text.lines().next().unwrap_or_default();
        report(Exit::Usage, first.trim_start_matches("error: "), output);
    } else {
        // Help that nobody reads to its end is no failure.
        let _ = error.print();
    }
    if asked_for { Exit::Ok } else { Exit::Usage }
}

/// One line on stderr; with `--json` an object on stdout too, where a program looks for the result.
fn report(exit: Exit, message: &str, output: &Output) {
    output.note(format_args!("error: {message}"));
    if output.json {
        let error = json!({ "error": { "code": exit.code(), "kind": exit.kind(), "message": message } });
        // The failure is already told on stderr and by the exit code.
        let _ = output.json(&error);
    }
}

fn log_level(text: &str) -> Result<String, String> {
    config::parse_log_level(text).ok_or_else(|| "give off, error, warn, info, debug, trace, or a filter".to_owned())
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_command_teaches_by_examples() {
        for command in Cli::command().get_subcommands() {
            let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
            let name = command.get_name();
            assert!(help.contains(&format!("callstead {name}")) || name == "serve", "{name}: {help}");
        }
    }

    #[test]
    fn global_flags_go_before_or_after_the_command() {
        for words in [["callstead", "--data-dir", "/x", "version"], ["callstead", "version", "--data-dir", "/x"]] {
            assert_eq!(Cli::try_parse_from(words).unwrap().global.data_dir, Some("/x".into()));
        }
    }
}
