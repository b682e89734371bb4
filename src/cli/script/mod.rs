//! `callstead script`: checks, draws and tries guided scripts, without a call and without a server.

mod chat;
mod improvised;
mod simulate;

use std::{
    fs,
    io::{self, Read},
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use jiff::Zoned;
use serde_json::{Value as Json, json};

use super::{Context, exit::NotFound, recording, runtime};
use crate::{
    dialogue::guide::Act,
    domain::{Country, Currency, Host},
    script::{Fault, MOST_BYTES, Script, Value, builtin},
};

/// Before the name of a script that Callstead brings.
const BUILTIN: &str = "builtin:";

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// List the scripts that Callstead brings
    List,
    /// Print one of them, to begin your own with
    Show {
        /// Its name, as `list` shows it
        name: String,
    },
    /// Tell what is wrong with a script, line by line
    Check(Check),
    /// Draw a script's steps, as SVG
    Graph(Graph),
    /// Be the caller, by keyboard
    Chat(chat::Args),
    /// Let simulated callers try a script; without a persona, those of its tests
    Simulate(simulate::Args),
}

#[derive(Debug, clap::Args)]
struct File {
    /// The script: a file, - for standard input, or builtin:NAME
    #[arg(value_name = "FILE")]
    script: String,
}

#[derive(Debug, clap::Args)]
struct Check {
    #[command(flatten)]
    file: File,
    /// Also tell of tools that ask others than these hosts, such as crm.example.com,127.0.0.1:8080
    #[arg(long, value_name = "HOSTS", value_delimiter = ',')]
    hosts: Option<Vec<Host>>,
}

#[derive(Debug, clap::Args)]
struct Graph {
    #[command(flatten)]
    file: File,
    /// The SVG file to write [default: standard output]
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// Where callers and their money are.
#[derive(Clone, Copy, Debug, clap::Args)]
struct Place {
    /// In which amounts are, such as GBP
    #[arg(long, value_name = "CODE")]
    currency: Option<Currency>,
    /// Where telephone numbers without a country's code are from, such as GB
    #[arg(long, value_name = "CODE")]
    country: Option<Country>,
}

/// A script cannot be run.
#[derive(Debug, thiserror::Error)]
#[error("{file} has {}", counted(*faults, "fault"))]
pub(super) struct BadScript {
    file: String,
    faults: usize,
}

/// The name of a script that Callstead brings stands where a file is expected.
#[derive(Debug, thiserror::Error)]
#[error("there is no file {0}: write {BUILTIN}{0} for the script that Callstead brings")]
pub(super) struct BuiltinName(String);

/// A simulated call went otherwise than its script's test says.
#[derive(Debug, thiserror::Error)]
#[error("{} did not go as expected", counted(*failed, "simulated call"))]
pub(super) struct Unexpected {
    failed: usize,
}

pub(super) fn run(args: Args, context: &Context) -> anyhow::Result<()> {
    match args.action {
        Action::List => list(context),
        Action::Show { name } => {
            let document = builtin_named(&name)?;
            Ok(context.output.bytes(document.as_bytes())?)
        }
        Action::Check(args) => check(&args, context),
        Action::Graph(args) => graph(&args, context),
        Action::Chat(args) => chat::run(args, context),
        Action::Simulate(args) => simulate::run(&args, context),
    }
}

fn list(context: &Context) -> anyhow::Result<()> {
    for (name, document) in builtin::ALL {
        let script = parse(name, document, context)?;
        let about = json!({
            "name": name,
            "title": script.name,
            "language": script.language,
            "description": script.description,
        });
        context.output.result(&about, |_| format!("{name:<24} {}", script.description))?;
    }
    Ok(())
}

fn check(Check { file, hosts }: &Check, context: &Context) -> anyhow::Result<()> {
    let script = file.read(context)?;
    let refused = hosts.as_ref().map(|hosts| script.refused_hosts(hosts)).unwrap_or_default();
    if !refused.is_empty() {
        return refuse(&file.script, &refused, context);
    }
    let (steps, tests) = (script.steps().count(), script.tests.len());
    let result = json!({ "file": file.script, "valid": true, "faults": [], "steps": steps, "tests": tests });
    let (steps, tests) = (counted(steps, "step"), counted(tests, "test"));
    Ok(context.output.result(&result, |_| format!("{}: {steps}, {tests}, no faults", file.script))?)
}

fn graph(args: &Graph, context: &Context) -> anyhow::Result<()> {
    let svg = args.file.read(context)?.graph();
    match &args.output {
        Some(path) if !recording::is_stdout(path) => {
            fs::write(path, svg).with_context(|| format!("cannot write {}", path.display()))
        }
        _ => Ok(context.output.bytes(svg.as_bytes())?),
    }
}

impl File {
    /// The script, or its faults on stdout and an error.
    fn read(&self, context: &Context) -> anyhow::Result<Script> {
        if let Some(name) = self.script.strip_prefix(BUILTIN) {
            return parse(&self.script, builtin_named(name)?, context);
        }
        let path = PathBuf::from(&self.script);
        if builtin::find(&self.script).is_some() && !path.exists() {
            return Err(BuiltinName(self.script.clone()).into());
        }
        let bytes = runtime::read_patiently(&context.interrupt, move || read(&path))?;
        let document = String::from_utf8(bytes).map_err(|error| {
            let message = format!("{} is no UTF-8 text at byte {}", self.script, error.utf8_error().valid_up_to());
            crate::speech::SpeechError::Unsupported(message)
        })?;
        parse(&self.script, &document, context)
    }
}

/// No more than is refused as too long.
fn read(path: &Path) -> anyhow::Result<Vec<u8>> {
    let most = MOST_BYTES as u64 + 1;
    let mut bytes = Vec::new();
    if recording::is_stdout(path) {
        io::stdin().lock().take(most).read_to_end(&mut bytes).context("cannot read standard input")?;
    } else {
        let file = fs::File::open(path)
            .map_err(|source| crate::audio::AudioError::Read { path: path.display().to_string(), reason: source })?;
        file.take(most).read_to_end(&mut bytes).with_context(|| format!("cannot read {}", path.display()))?;
    }
    Ok(bytes)
}

fn builtin_named(name: &str) -> Result<&'static str, NotFound> {
    builtin::find(name).ok_or_else(|| NotFound { what: "script", id: name.to_owned(), list: "script list" })
}

fn parse(file: &str, document: &str, context: &Context) -> anyhow::Result<Script> {
    let faults = match Script::parse(document) {
        Ok(script) => return Ok(script),
        Err(faults) => faults,
    };
    refuse(file, &faults, context)
}

/// Faults on stdout, and an error.
fn refuse<T>(file: &str, faults: &[Fault], context: &Context) -> anyhow::Result<T> {
    let result = json!({ "file": file, "valid": false, "faults": faults });
    let line = |fault: &Fault| format!("{file}:{}:{}: {}", fault.line, fault.column, fault.problem);
    context.output.result(&result, |_| faults.iter().map(line).collect::<Vec<_>>().join("\n"))?;
    Err(BadScript { file: file.to_owned(), faults: faults.len() }.into())
}

/// Day and time here.
fn now() -> (jiff::civil::Date, jiff::civil::Time) {
    let now = Zoned::now();
    (now.date(), now.time())
}

/// `name=value`, as a value of the script's variable.
fn given(script: &Script, text: &str, place: Place) -> anyhow::Result<(String, Value)> {
    use super::exit::UsageError;
    let (name, value) = text
        .split_once('=')
        .ok_or_else(|| UsageError(format!("--set {text} gives no value: write --set name=value")))?;
    let kind = script.variables.get(name).copied().ok_or_else(|| {
        let names: Vec<_> = script.variables.keys().map(String::as_str).collect();
        UsageError(format!("the script has no variable '{name}': it has {}", names.join(", ")))
    })?;
    let parsed = Value::parse(kind, value, place.country);
    let parsed = parsed.ok_or_else(|| UsageError(format!("'{value}' is no {}, as {name} is", kind.name())))?;
    Ok((name.to_owned(), parsed))
}

/// What is written down, in words.
fn act_words(act: &Act) -> String {
    match act {
        Act::Promise { amount, date } => format!("promise: {amount} on {date}"),
        Act::Callback { at: Some(at), reason } => {
            format!("call back: {} ({})", at.strftime("%F %H:%M"), reason.reveal())
        }
        Act::Callback { at: None, reason } => format!("call back ({})", reason.reveal()),
        Act::DoNotCall => "never call again".to_owned(),
        Act::Outcome(outcome) => format!("outcome so far: {outcome}"),
        Act::Note(note) => format!("note: {}", note.reveal()),
        Act::Trouble(trouble) => format!("trouble: {trouble}"),
    }
}

/// The same for programs.
fn act_json(act: &Act) -> Json {
    match act {
        Act::Promise { amount, date } => json!({ "promise": { "amount": amount, "date": date.to_string() } }),
        Act::Callback { at, reason } => {
            let at = at.map(|at| at.strftime("%Y-%m-%dT%H:%M").to_string());
            json!({ "callback": { "at": at, "reason": reason.reveal() } })
        }
        Act::DoNotCall => json!({ "do_not_call": true }),
        Act::Outcome(outcome) => json!({ "outcome_so_far": outcome }),
        Act::Note(note) => json!({ "note": note.reveal() }),
        Act::Trouble(trouble) => json!({ "trouble": trouble.to_string() }),
    }
}

fn counted(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}
