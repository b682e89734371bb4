//! `callstead calls`: what was said, by whom, and how long answers took.

use std::{fmt::Write as _, io, time::Duration};

use clap::Subcommand;
use jiff::{Span, Timestamp, Zoned, civil, tz::TimeZone};
use serde::Serialize;

use super::{Context, exit::NotFound, foreign::shown, output::seconds, runtime};
use crate::{
    domain::{CallId, Language, clock},
    store::{
        Store,
        calls::{self, Call, Direction, EndReason, Filter},
        turns::{self, Bar, NewTurn, Providers, Timings, Tokens, Turn, Who},
    },
};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List calls, the latest first
    List {
        /// So many at most
        #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=100_000))]
        limit: u32,
        /// Only those that started since: a date, a moment, or how long ago (2h, 7d)
        #[arg(long, value_name = "WHEN", value_parser = since)]
        since: Option<Timestamp>,
    },
    /// Show one call: who said what, and how long each answer took
    Show {
        /// The call's id
        id: String,
    },
    /// Delete one call and what was said in it, for good
    Delete {
        /// The call's id
        id: String,
        /// Do not ask
        #[arg(long)]
        yes: bool,
    },
}

pub(super) fn run(args: Args, context: &Context) -> anyhow::Result<()> {
    let store = context.store()?;
    match args.command {
        Command::List { limit, since } => list(&store, Filter { since, limit }, context),
        Command::Show { id } => show(&store, &id, context),
        Command::Delete { id, yes } => delete(&store, &id, yes, context),
    }
}

/// A date, a moment, or how long ago.
fn since(text: &str) -> Result<Timestamp, &'static str> {
    let here = |moment: civil::DateTime| moment.to_zoned(TimeZone::system()).ok().map(|moment| moment.timestamp());
    let ago = |span: Span| Zoned::now().checked_sub(span).ok().map(|moment| moment.timestamp());
    let moment = text.parse().ok();
    let moment = moment.or_else(|| here(text.parse().ok()?)).or_else(|| here(text.parse::<civil::Date>().ok()?.into()));
    moment
        .or_else(|| ago(text.parse().ok()?))
        .ok_or("give a date (2025-11-09), a moment (2025-11-09T19:50:30Z) or how long ago (2h, 7d)")
}

// ---- list ----

/// A call for programs.
#[derive(Serialize)]
struct Row<'a> {
    id: &'a str,
    room: &'a str,
    caller: &'a str,
    caller_name: &'a str,
    language: Option<Language>,
    profile: &'a str,
    direction: Direction,
    started_at: String,
    answered_at: Option<String>,
    ended_at: Option<String>,
    end_reason: Option<EndReason>,
}

impl<'a> From<&'a Call> for Row<'a> {
    fn from(call: &'a Call) -> Self {
        Self {
            id: call.id.as_str(),
            room: call.room.as_str(),
            caller: call.caller.as_str(),
            caller_name: call.caller_name.reveal(),
            language: call.language,
            profile: &call.profile,
            direction: call.direction,
            started_at: call.started_at.to_string(),
            answered_at: call.answered_at.map(|at| at.to_string()),
            ended_at: call.ended.map(|ended| ended.at.to_string()),
            end_reason: call.ended.map(|ended| ended.reason),
        }
    }
}

/// `calls list --json`
#[derive(Serialize)]
struct Listing<'a> {
    calls: Vec<Row<'a>>,
}

fn list(store: &Store, filter: Filter, context: &Context) -> anyhow::Result<()> {
    let read = store.read(move |connection| calls::list(connection, filter));
    let calls = runtime::block_on(&context.interrupt, read)?;
    let listing = Listing { calls: calls.iter().map(Row::from).collect() };
    Ok(context.output.result(&listing, |_| table(&calls))?)
}

fn table(calls: &[Call]) -> String {
    let mut lines = vec![format!(
        "{:15} {:19} {:>8} {:8} {:12} {:24} {}",
        "ID", "STARTED", "LENGTH", "LANGUAGE", "END", "ROOM", "CALLER"
    )];
    lines.extend(calls.iter().map(|call| {
        let (length, end) = match call.ended {
            Some(ended) => (clock(ended.after(call.started_at)), ended.reason.as_str()),
            None => (String::new(), "going on"),
        };
        let language = call.language.map_or("", Language::code);
        let (started, room, caller) = (local(call.started_at), shown(call.room.as_str()), caller(call));
        format!("{:15} {started} {length:>8} {language:8} {end:12} {room:24} {caller}", call.id)
    }));
    lines.join("\n")
}

/// Whom people know by a name, others by their identity.
fn caller(call: &Call) -> String {
    let name = shown(call.caller_name.reveal());
    if name.is_empty() { shown(call.caller.as_str()) } else { name }
}

/// The time on the clocks of this machine's place.
fn local(moment: Timestamp) -> String {
    moment.to_zoned(TimeZone::system()).strftime("%Y-%m-%d %H:%M:%S").to_string()
}

// ---- show ----

/// `calls show --json`
#[derive(Serialize)]
struct Whole<'a> {
    #[serde(flatten)]
    call: Row<'a>,
    turns: Vec<TurnRow<'a>>,
}

/// A turn for programs.
#[derive(Serialize)]
struct TurnRow<'a> {
    seq: u32,
    who: Who,
    text: &'a str,
    /// From, to: since the call's start.
    spoken_ms: [u128; 2],
    heard_ms: Option<u128>,
    interrupted: bool,
    timings_ms: &'a Timings,
    providers: &'a Providers,
    tokens: Option<Tokens>,
}

impl<'a> From<&'a Turn> for TurnRow<'a> {
    fn from(Turn { seq, turn }: &'a Turn) -> Self {
        Self {
            seq: *seq,
            who: turn.who,
            text: turn.text.reveal(),
            spoken_ms: [turn.started.as_millis(), turn.ended.as_millis()],
            heard_ms: turn.heard.map(|heard| heard.as_millis()),
            interrupted: turn.interrupted,
            timings_ms: &turn.timings,
            providers: &turn.providers,
            tokens: turn.tokens,
        }
    }
}

fn show(store: &Store, id: &str, context: &Context) -> anyhow::Result<()> {
    let (call, turns) = find(store, id, context)?;
    let whole = Whole { call: Row::from(&call), turns: turns.iter().map(TurnRow::from).collect() };
    Ok(context.output.result(&whole, |_| transcript(&call, &turns))?)
}

/// The call with this id and its turns, as they are at one moment.
fn find(store: &Store, id: &str, context: &Context) -> anyhow::Result<(Call, Vec<Turn>)> {
    let missing = || NotFound { what: "call", id: id.to_owned(), list: "calls list" };
    let id: CallId = id.parse().map_err(|_| missing())?;
    let read = store.read(move |connection| {
        let Some(call) = calls::find(connection, &id)? else { return Ok(None) };
        Ok(Some((call, turns::of_call(connection, &id)?)))
    });
    Ok(runtime::block_on(&context.interrupt, read)?.ok_or_else(missing)?)
}

fn transcript(call: &Call, turns: &[Turn]) -> String {
    let mut text = format!("{}  {}, {}", call.id, shown(call.room.as_str()), call.direction);
    let _ = write!(text, "\ncaller   {}", caller(call));
    let language = call.language.map_or("recognised", Language::code);
    let _ = write!(text, "\nprofile  {} (language: {language})", shown(&call.profile));
    let _ = write!(text, "\nstarted  {}", local(call.started_at));
    if let Some(answered) = call.answered_at {
        let wait = Duration::try_from(answered.duration_since(call.started_at)).unwrap_or_default();
        let _ = write!(text, ", answered after {} s", seconds(wait));
    }
    match call.ended {
        Some(ended) => {
            let _ = write!(
                text,
                "\nended    {}, after {}: {}",
                local(ended.at),
                clock(ended.after(call.started_at)),
                ended.reason
            );
        }
        None => text.push_str("\nended    not yet"),
    }
    text.push('\n');
    for turn in turns {
        text.push('\n');
        text.push_str(&lines(turn));
    }
    if turns.is_empty() {
        text.push_str("\nNobody said anything.");
    }
    text
}

/// A turn: when, who, the words; what of them was heard; how the answer came about.
fn lines(Turn { turn, .. }: &Turn) -> String {
    let mut lines = format!("{:>7}  {:6}  {}", clock(turn.started), turn.who, shown(turn.text.reveal()));
    let note = match (turn.interrupted, turn.heard) {
        (true, Some(heard)) => Some(format!("interrupted, {} s were heard", seconds(heard))),
        (true, None) => Some("interrupted".to_owned()),
        (false, _) => None,
    };
    for line in note.into_iter().chain(waterfall(&turn.timings)).chain(served(turn)) {
        let _ = write!(lines, "\n{:17}{line}", "");
    }
    lines
}

/// The steps of an answer: a bar where each was under way, and when it was done. Empty when nothing is known.
fn waterfall(timings: &Timings) -> Vec<String> {
    /// Characters that the whole time takes.
    const WIDTH: u64 = 40;
    let bars = timings.bars();
    let whole = bars.iter().map(|bar| bar.until).max().unwrap_or(0).max(1);
    let place = |ms: u32| (u64::from(ms) * WIDTH / u64::from(whole)) as usize;
    let line = |Bar { step, from, until }: Bar| {
        let (step, from) = (step.replace('_', " "), place(from));
        let bar = "▇".repeat(place(until).saturating_sub(from).max(1));
        format!("{step:12} {until:>6} ms  {:from$}{bar}", "")
    };
    bars.into_iter().map(line).collect()
}

/// Who heard, thought and spoke, and what the language model read and made: one line, unless nothing is known.
fn served(turn: &NewTurn) -> Option<String> {
    let Providers { stt, llm, tts } = &turn.providers;
    let [stt, llm, tts] = [stt, llm, tts].map(|by| by.as_ref().map(|by| shown(&by.to_string())));
    let tokens = turn.tokens.map(|Tokens { prompt, cached, generated }| {
        format!("{prompt} tokens read ({cached} of them cached), {generated} made")
    });
    let known: Vec<_> = [stt, llm, tokens, tts].into_iter().flatten().collect();
    (!known.is_empty()).then(|| format!("by {}", known.join(", ")))
}

// ---- delete ----

/// `calls delete --json`
#[derive(Serialize)]
struct Deleted<'a> {
    id: &'a str,
    deleted: bool,
}

fn delete(store: &Store, id: &str, yes: bool, context: &Context) -> anyhow::Result<()> {
    let (call, turns) = find(store, id, context)?;
    if !yes {
        let what = format!("call {} of {} and its {} turns", call.id, local(call.started_at), turns.len());
        context.output.note(format_args!("Delete {what} for good? Type y and press Enter:"));
        confirm("deleted", context)?;
    }
    let id = call.id.clone();
    let erase = store.erase(move |transaction| calls::delete(transaction, &id));
    // False: somebody else was faster. It is gone, as was wished.
    runtime::block_on(&context.interrupt, erase)?;
    let deleted = Deleted { id: call.id.as_str(), deleted: true };
    Ok(context.output.result(&deleted, |deleted| format!("{}: deleted", deleted.id))?)
}

/// Waits for a yes; `done` is what else nothing was.
pub(super) fn confirm(done: &str, context: &Context) -> anyhow::Result<()> {
    let answer = runtime::read_patiently(&context.interrupt, || {
        let mut line = String::new();
        io::stdin().read_line(&mut line).map(|_| line)
    })?;
    if !matches!(answer.trim().to_lowercase().as_str(), "y" | "yes") {
        anyhow::bail!("nothing was {done}: answer y, or give --yes");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_beginning_is_a_date_a_moment_or_some_time_ago() {
        let moment = since("2025-11-09T19:50:30Z").unwrap();
        assert_eq!(moment.to_string(), "2025-11-09T19:50:30Z");
        let midnight = since("2025-11-09").unwrap().to_zoned(TimeZone::system());
        assert_eq!(midnight.strftime("%Y-%m-%d %H:%M").to_string(), "2025-11-09 00:00");
        assert_eq!(since("2025-11-09 00:00").unwrap(), midnight.timestamp());
        assert!(since("7d").unwrap() < since("2h").unwrap());
        for bad in ["", "yesterday", "7", "99999999999y"] {
            assert!(since(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_waterfall_shows_which_step_took_long() {
        let timings = Timings {
            end_of_turn: Some(200),
            transcript: Some(200),
            first_words: Some(300),
            total: Some(400),
            ..Timings::default()
        };
        let expected = [
            "end of turn     200 ms  ▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇",
            "transcript      200 ms                      ▇",
            "first words     300 ms                      ▇▇▇▇▇▇▇▇▇▇",
            "all audio       400 ms                                ▇▇▇▇▇▇▇▇▇▇",
        ];
        assert_eq!(waterfall(&timings), expected);
        assert!(waterfall(&Timings::default()).is_empty());
        assert_eq!(waterfall(&Timings { total: Some(0), ..Timings::default() }).len(), 1);
        waterfall(&Timings { end_of_turn: Some(u32::MAX), total: Some(1), ..Timings::default() });
    }
}
