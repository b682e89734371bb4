//! `callstead admin`: who may use this box. Works beside a running server, and without one.

use clap::Subcommand;
use jiff::Timestamp;
use serde::Serialize;

use super::{Context, erase, exit::NotFound, foreign::shown, runtime};
use crate::{
    domain::ApiKeyId,
    store::{
        Store,
        api_keys::{self, ApiKey, KeySecret, NewKey, Scope},
    },
};

/// Longest name of a key, in characters: it stands in one line of a table.
const LONGEST_NAME: usize = 100;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Make, list and revoke keys for programs
    #[command(subcommand)]
    ApiKey(KeyCommand),
    /// Erase what is kept of one person, everywhere and for good
    Erase(erase::Args),
}

#[derive(Debug, Subcommand)]
enum KeyCommand {
    /// Make a key, and print it: it is not shown again
    Create {
        /// What its holder may do: token, dispatch, converse, transcribe, read, desk, admin, metrics, openai; several with commas
        #[arg(long = "scope", required = true, value_name = "SCOPE", value_delimiter = ',', value_parser = scope)]
        scopes: Vec<Scope>,
        /// What it is for
        #[arg(long, value_parser = name)]
        name: String,
    },
    /// List keys, the latest first
    List,
    /// Make a key invalid, from now on and for good
    Revoke {
        /// The key's id (AK_…)
        id: String,
    },
}

pub(super) fn run(args: Args, context: &Context) -> anyhow::Result<()> {
    let store = context.store()?;
    match args.command {
        Command::ApiKey(KeyCommand::Create { scopes, name }) => create(&store, scopes, name, context),
        Command::ApiKey(KeyCommand::List) => list(&store, context),
        Command::ApiKey(KeyCommand::Revoke { id }) => revoke(&store, &id, context),
        Command::Erase(args) => erase::run(&args, &store, context),
    }
}

fn scope(text: &str) -> Result<Scope, String> {
    let known = || Scope::ALL.iter().map(|scope| scope.as_str()).collect::<Vec<_>>().join(", ");
    text.trim().parse().map_err(|_| format!("the scopes are {}", known()))
}

fn name(text: &str) -> Result<String, String> {
    let text = text.trim();
    let fits = !text.is_empty() && text.chars().count() <= LONGEST_NAME && !text.chars().any(char::is_control);
    fits.then(|| text.to_owned()).ok_or_else(|| format!("give 1 to {LONGEST_NAME} characters on one line"))
}

/// To the millisecond, as it is kept.
fn now() -> Timestamp {
    let now = Timestamp::now();
    Timestamp::from_millisecond(now.as_millisecond()).unwrap_or(now)
}

/// A key for programs; `key`, its secret, only when it is made.
#[derive(Serialize)]
struct Row<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<&'a str>,
    id: &'a str,
    name: &'a str,
    scopes: &'a [Scope],
    prefix: &'a str,
    created_at: String,
    last_used_at: Option<String>,
    revoked_at: Option<String>,
}

impl<'a> Row<'a> {
    fn new(key: &'a ApiKey, secret: Option<&'a KeySecret>) -> Self {
        Self {
            key: secret.map(KeySecret::reveal),
            id: key.id.as_str(),
            name: &key.name,
            scopes: &key.scopes,
            prefix: &key.prefix,
            created_at: key.created_at.to_string(),
            last_used_at: key.last_used_at.map(|at| at.to_string()),
            revoked_at: key.revoked_at.map(|at| at.to_string()),
        }
    }
}

fn create(store: &Store, mut scopes: Vec<Scope>, name: String, context: &Context) -> anyhow::Result<()> {
    scopes.sort_unstable();
    scopes.dedup();
    let new = NewKey { name, scopes, created_at: now() };
    let write = store.write(move |transaction| api_keys::create(transaction, &new));
    let (key, secret) = runtime::block_on(&context.interrupt, write)?;
    context.output.result(&Row::new(&key, Some(&secret)), |_| secret.reveal().to_owned())?;
    if !context.output.json {
        context.output.note(format_args!(
            "Keep it: it is not shown again. `callstead admin api-key revoke {}` revokes it.",
            key.id
        ));
    }
    Ok(())
}

/// `admin api-key list --json`
#[derive(Serialize)]
struct Listing<'a> {
    api_keys: Vec<Row<'a>>,
}

fn list(store: &Store, context: &Context) -> anyhow::Result<()> {
    let keys = runtime::block_on(&context.interrupt, store.read(api_keys::list))?;
    let listing = Listing { api_keys: keys.iter().map(|key| Row::new(key, None)).collect() };
    Ok(context.output.result(&listing, |_| table(&keys))?)
}

fn table(keys: &[ApiKey]) -> String {
    let day = |moment: Timestamp| moment.strftime("%Y-%m-%d").to_string();
    let mut lines = vec![format!(
        "{:15} {:9} {:10} {:10} {:18} {:24} {}",
        "ID", "KEY", "CREATED", "LAST USED", "STATE", "SCOPES", "NAME"
    )];
    lines.extend(keys.iter().map(|key| {
        let scopes: Vec<_> = key.scopes.iter().map(|scope| scope.as_str()).collect();
        let used = key.last_used_at.map_or_else(|| "never".to_owned(), day);
        let state = key.revoked_at.map_or_else(|| "valid".to_owned(), |at| format!("revoked {}", day(at)));
        let (prefix, created, scopes, name) =
            (format!("{}…", key.prefix), day(key.created_at), scopes.join(","), shown(&key.name));
        format!("{:15} {prefix:9} {created:10} {used:10} {state:18} {scopes:24} {name}", key.id)
    }));
    lines.join("\n")
}

/// `admin api-key revoke --json`
#[derive(Serialize)]
struct Revoked<'a> {
    id: &'a str,
    revoked: bool,
}

fn revoke(store: &Store, id: &str, context: &Context) -> anyhow::Result<()> {
    let missing = || NotFound { what: "valid API key", id: id.to_owned(), list: "admin api-key list" };
    let key: ApiKeyId = id.parse().map_err(|_| missing())?;
    let write = store.write(move |transaction| api_keys::revoke(transaction, &key, now()));
    if !runtime::block_on(&context.interrupt, write)? {
        return Err(missing().into());
    }
    Ok(context.output.result(&Revoked { id, revoked: true }, |_| format!("{id}: revoked"))?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_are_known_by_name() {
        assert_eq!(scope("token"), Ok(Scope::Token));
        assert_eq!(scope(" metrics "), Ok(Scope::Metrics));
        assert_eq!(
            scope("root"),
            Err("the scopes are token, dispatch, converse, transcribe, read, desk, admin, metrics, openai".to_owned())
        );
    }

    #[test]
    fn names_are_short_lines() {
        assert_eq!(name(" front end ").as_deref(), Ok("front end"));
        for bad in ["", " ", "two\nlines", &"x".repeat(101)] {
            assert!(name(bad).is_err(), "{bad:?}");
        }
    }
}
