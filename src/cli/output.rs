//! Where results go: lines for people or JSON for programs on stdout, progress and errors on stderr.

/// How a command prints.
#[derive(Clone, Copy, Debug)]
pub struct Output {
    /// `--json` was given.
    pub json: bool,
}
