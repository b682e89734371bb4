//! Passwords, typed where nobody reads along: the terminal shows nothing of them, and they stand in no command line.

use std::io::{self, BufRead, IsTerminal, Read};

use rustix::termios::{self, LocalModes, OptionalActions, Termios};

use super::{Context, exit::UsageError, runtime};
use crate::people::Password;

/// Longer than any password.
const LONGEST_LINE: u64 = 4096;

/// A new password: asked for twice at a terminal, else the first line of stdin.
///
/// # Errors
/// When the two are not the same, stdin is empty, or the user does not want to wait any longer.
pub(super) fn new_password(context: &Context) -> anyhow::Result<Password> {
    if !io::stdin().is_terminal() {
        return Ok(line(context)?.into());
    }
    // Outlives the thread that reads: the terminal shows again what is typed, however this ends.
    let _quiet = Quiet::begin()?;
    context.output.note("Password (it is not shown):");
    let first = line(context)?;
    context.output.note("Password again:");
    if line(context)? != first {
        return Err(UsageError("the two passwords are not the same: try again".to_owned()).into());
    }
    Ok(first.into())
}

fn line(context: &Context) -> anyhow::Result<String> {
    let read = || -> io::Result<String> {
        let mut line = String::new();
        io::stdin().lock().take(LONGEST_LINE).read_line(&mut line)?;
        Ok(line)
    };
    let line = runtime::read_patiently(&context.interrupt, read)?;
    let line = line.trim_end_matches(['\r', '\n']);
    if line.is_empty() {
        return Err(UsageError("no password was given: type one, or give it on stdin".to_owned()).into());
    }
    Ok(line.to_owned())
}

/// A terminal that does not show what is typed, as long as this lives.
struct Quiet(Termios);

impl Quiet {
    fn begin() -> io::Result<Self> {
        let before = termios::tcgetattr(io::stdin())?;
        let mut quiet = before.clone();
        quiet.local_modes.remove(LocalModes::ECHO);
        quiet.local_modes.insert(LocalModes::ECHONL);
        termios::tcsetattr(io::stdin(), OptionalActions::Flush, &quiet)?;
        Ok(Self(before))
    }
}

impl Drop for Quiet {
    fn drop(&mut self) {
        // There is nobody to tell; the user sees it.
        let _ = termios::tcsetattr(io::stdin(), OptionalActions::Now, &self.0);
    }
}
