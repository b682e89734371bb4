//! `callstead converse`

use super::Context;

#[derive(Debug, clap::Args)]
pub(super) struct Args {}

#[expect(dead_code, reason = "skeleton")]
pub(super) fn run(_args: Args, _context: &Context) -> anyhow::Result<()> {
    anyhow::bail!("skeleton")
}
