//! `callstead manual`

use clap::{CommandFactory, Subcommand, builder::Resettable};
use clap_complete::Shell;

use super::{Cli, Context, exit::UsageError};

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
        /// The page of one command, such as `serve` or `models pull`, instead of the whole program's
        command: Vec<String>,
    },
}

pub(super) fn run(args: Args, context: &Context) -> anyhow::Result<()> {
    let text = match args.what {
        What::Completions { shell } => completions(shell),
        What::Page { command } => page(&command.join(" "))?,
    };
    Ok(context.output.bytes(&text)?)
}

fn completions(shell: Shell) -> Vec<u8> {
    let mut text = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "callstead", &mut text);
    text
}

/// The page of the command with these `words`; of the whole program without any.
fn page(words: &str) -> anyhow::Result<Vec<u8>> {
    let mut command = Cli::command();
    command.build();
    let mut name = "callstead".to_owned();
    for word in words.split_whitespace() {
        let found = command.find_subcommand(word).cloned();
        command = found.ok_or_else(|| UsageError(format!("there is no command '{words}': see callstead --help")))?;
        name = format!("{name}-{word}");
    }
    // Examples are shown as they were typed, not filled.
    let examples = command.get_after_help().map(ToString::to_string);
    let mut text = Vec::new();
    let man = clap_mangen::Man::new(command.name(name).after_help(Resettable::Reset));
    man.render(&mut text)?;
    if let Some(examples) = examples {
        let examples = examples.trim_start_matches("Examples:\n");
        let typed = examples.replace('\\', "\\e").lines().map(as_typed).collect::<Vec<_>>().join("\n");
        text.extend_from_slice(format!(".SH EXAMPLES\n.nf\n{typed}\n.fi\n").as_bytes());
    }
    Ok(text)
}

/// A line that troff does not take for a request.
fn as_typed(line: &str) -> String {
    if line.starts_with(['.', '\'']) { format!("\\&{line}") } else { line.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_has_a_page() {
        let program = Cli::command();
        let mut names = vec![String::new(), "models pull".to_owned()];
        names.extend(program.get_subcommands().map(|command| command.get_name().to_owned()));
        for name in names {
            let text = String::from_utf8(page(&name).unwrap()).unwrap();
            assert!(text.contains(".SH SYNOPSIS"), "{name}");
        }
        assert!(String::from_utf8(page("say").unwrap()).unwrap().contains(".SH EXAMPLES\n.nf\n  callstead say"));
        for unknown in ["nothing", "models nothing"] {
            assert!(page(unknown).unwrap_err().is::<UsageError>());
        }
    }
}
