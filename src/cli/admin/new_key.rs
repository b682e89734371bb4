//! `callstead admin new-key`: a database whose `secret.key` is lost can be used again.

use jiff::Timestamp;
use serde::Serialize;

use crate::{
    app::DataDirLock,
    cli::{Context, calls::confirm},
    store::new_key::{self, Forgotten},
};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Yes, what only the lost key could read may be given up: keys of other services, second factors, what the audit log
    /// says of people, stored answers, and the wishes of people who were erased not to be called
    #[arg(long, required = true)]
    forget_secrets: bool,
    /// Do not ask
    #[arg(long)]
    yes: bool,
}

/// `admin new-key --json`
#[derive(Serialize)]
struct Answer {
    /// Null: the database has this key already.
    forgotten: Option<Forgotten>,
}

pub(super) fn run(args: &Args, context: &Context) -> anyhow::Result<()> {
    let dir = &context.config.paths.data_dir;
    // A server would go on with the old key.
    let _lock = DataDirLock::take(dir)?;
    if !args.yes {
        context.output.note(format_args!(
            "If its secret.key is lost, give the database in {} a new one, and give up for good what only the old one could read? Type y and press Enter:",
            dir.display()
        ));
        confirm("changed", context)?;
    }
    let answer = Answer { forgotten: new_key::take(dir, Timestamp::now())? };
    Ok(context.output.result(&answer, shown)?)
}

fn shown(Answer { forgotten }: &Answer) -> String {
    let Some(forgotten) = forgotten else { return "nothing to do: the database has this key already".to_owned() };
    let Forgotten { provider_keys, second_factors, answers, people, wishes } = forgotten;
    format!(
        "the database has a new key; given up: {provider_keys} keys of other services, {second_factors} second factors, \
         {answers} stored answers, the audit log's entries so far on {people} people, {wishes} do-not-call entries of people who were erased"
    )
}
