//! `callstead admin erase`: one person's data goes, wherever it is. Works beside a running server, and without one.

use std::fmt::Write as _;

use jiff::Timestamp;
use serde::Serialize;

use super::{Context, calls::confirm, exit::UsageError, runtime};
use crate::{
    domain::PhoneNumber,
    store::{
        Store,
        audit::Actor,
        erasure::{self, EraseError, Erased, Target},
        persons,
    },
};

#[derive(clap::Args)]
pub(super) struct Args {
    /// The person's telephone number: with the country's code, or as it is dialled in the desk's country
    #[arg(long, value_name = "NUMBER")]
    phone: String,
    /// Also delete the copies of the database that older versions left: they hold everybody's data
    #[arg(long)]
    also_copies: bool,
    /// Do not ask
    #[arg(long)]
    yes: bool,
}

impl std::fmt::Debug for Args {
    /// Without the number: it is somebody's.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Args").field("also_copies", &self.also_copies).field("yes", &self.yes).finish_non_exhaustive()
    }
}

/// `admin erase --json`
#[derive(Serialize)]
struct Answer {
    erased: Erased,
    copies: Vec<String>,
}

pub(super) fn run(args: &Args, store: &Store, context: &Context) -> anyhow::Result<()> {
    let home = runtime::block_on(&context.interrupt, store.read(persons::home))?;
    let phone =
        PhoneNumber::parse(&args.phone, home).map_err(|bad| UsageError(format!("the number after --phone {bad}")))?;
    if !args.yes {
        context.output.note(format_args!(
            "Erase everything that is kept of the person with this number, for good? Type y and press Enter:"
        ));
        confirm("erased", context)?;
    }
    let answer = runtime::block_on(&context.interrupt, erase(store, phone, args.also_copies))?;
    Ok(context.output.result(&answer, shown)?)
}

async fn erase(store: &Store, phone: PhoneNumber, also_copies: bool) -> Result<Answer, EraseError> {
    let target = Target::Phone(phone);
    let erase = store.change(Actor::console(), Timestamp::now(), move |change| erasure::erase(change, &target));
    let erased = erase.await?;
    store.wipe().await?;
    let copies = if also_copies { store.delete_copies().await? } else { store.copies().await? };
    Ok(Answer { erased, copies })
}

fn shown(Answer { erased, copies }: &Answer) -> String {
    let counts = [
        ("leads", erased.leads),
        ("customers", erased.customers),
        ("transcripts", erased.calls),
        ("notes of calls and messages", erased.communications),
        ("promises", erased.promises),
        ("callbacks", erased.callbacks),
        ("rooms", erased.bookings),
        ("text messages", erased.messages),
        ("waiting imports", erased.imports),
    ];
    let counts: Vec<_> = counts.iter().map(|(what, count)| format!("{count} {what}")).collect();
    let mut text = format!("erased: {}", counts.join(", "));
    if !copies.is_empty() {
        let names = copies.join(", ");
        let _ = write!(text, "\nstill in copies of the database: {names}; delete them, or give --also-copies");
    }
    text
}
