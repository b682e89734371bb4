//! `callstead admin api-key`: keys for programs.

use clap::Subcommand;
use serde::Serialize;

use super::day;
use crate::{
    cli::{Context, exit::NotFound, foreign::shown, runtime},
    domain::ApiKeyId,
    people::{self, PeopleError},
    store::{
        self, Change, Store,
        api_keys::{self, ApiKey, KeySecret, NewKey, Scope},
        audit::Actor,
    },
};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Make a key, and print it: it is not shown again
    Create {
        /// What its holder may do: token, dispatch, converse, transcribe, read, desk, admin, metrics, openai; several with commas
        #[arg(long = "scope", required = true, value_name = "SCOPE", value_delimiter = ',', value_parser = scope)]
        scopes: Vec<Scope>,
        /// What it is for
        #[arg(long, value_parser = people::parse_name)]
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

pub(super) fn run(command: Command, store: &Store, context: &Context) -> anyhow::Result<()> {
    match command {
        Command::Create { scopes, name } => create(store, scopes, name, context),
        Command::List => list(store, context),
        Command::Revoke { id } => revoke(store, &id, context),
    }
}

fn scope(text: &str) -> Result<Scope, String> {
    let known = || Scope::ALL.iter().map(|scope| scope.as_str()).collect::<Vec<_>>().join(", ");
    text.trim().parse().map_err(|_| format!("the scopes are {}", known()))
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
    let now = store::now();
    let new = NewKey { name, scopes, created_at: now };
    let write = store.change(Actor::console(), now, move |change: &Change<'_>| people::create_key(change, &new));
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
    let write =
        store.change(Actor::console(), store::now(), move |change: &Change<'_>| people::revoke_key(change, &key));
    runtime::block_on(&context.interrupt, write).map_err(|error| match error.downcast_ref() {
        Some(PeopleError::UnknownKey) => missing().into(),
        _ => error,
    })?;
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
}
