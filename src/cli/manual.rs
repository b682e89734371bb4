//! `callstead manual`

use clap::{CommandFactory, Subcommand};
use clap_complete::Shell;

use super::{Cli, Context};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Print what lets a shell complete commands and flags by the Tab key
    Completions {
        /// Which shell
        shell: Shell,
    },
    /// Print a page of the manual, in troff
    Page {
        /// The page of one command instead of the whole program's
        command: Option<String>,
    },
}

pub(super) fn run(args: Args, context: &Context) -> anyhow::Result<()> {
    let text = match args.what {
        What::Completions { shell } => completions(shell),
        What::Page { command } => page(command.as_deref())?,
    };
    Ok(context.output.bytes(&text)?)
}

fn completions(shell: Shell) -> Vec<u8> {
    let mut text = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "callstead", &mut text);
    text
}

fn page(name: Option<&str>) -> anyhow::Result<Vec<u8>> {
    let mut program = Cli::command();
    program.build();
    let command = match name {
        None => program,
        Some(name) => {
            let command = program.find_subcommand(name).cloned();
            let command =
                command.ok_or_else(|| anyhow::anyhow!("there is no command '{name}': see callstead --help"))?;
            command.name(format!("callstead-{name}"))
        }
    };
    let mut text = Vec::new();
    clap_mangen::Man::new(command).render(&mut text)?;
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_has_a_page() {
        let program = Cli::command();
        let names = program.get_subcommands().map(|command| Some(command.get_name()));
        for name in names.chain([None]) {
            let text = String::from_utf8(page(name).unwrap()).unwrap();
            assert!(text.contains(".SH SYNOPSIS"), "{name:?}");
        }
        assert!(page(Some("nothing")).is_err());
    }
}
