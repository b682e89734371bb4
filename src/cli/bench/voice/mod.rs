//! `callstead bench voice`: how long callers wait. Callers with recordings make real calls over WebRTC from this process to a
//! server in another; what is measured is the sound that arrives here ([`levels`]), never the server's clock. The server's
//! own figures are read afterwards from its records, and shown beside.

mod caller;
mod levels;
mod recordings;
mod records;
mod report;

use std::{
    num::NonZeroUsize,
    path::PathBuf,
    sync::Arc,
    thread,
    time::{Duration, Instant, SystemTime},
};

use tokio::{task::JoinSet, time::sleep};

use self::{
    caller::{Caller, Notes, Plan},
    levels::Answered,
    recordings::Recording,
    report::{Failure, Figures, Processor, Report, Row, millis},
};
use super::{
    processor::{self, Meter},
    server::{Server, Setup},
};
use crate::{
    cli::{Context, output::seconds, runtime},
    config::Secret,
    domain::RoomName,
    livekit::{ParticipantError, Trust, participate},
    rooms::{Claims, token::mint},
    store::{self, Store, turns::Stages},
};

/// Callers come one after the other, so that not all say their first words at once.
const BETWEEN_CALLS: Duration = Duration::from_millis(1300);
/// How long a token is good for: longer than any call.
const TOKEN: Duration = Duration::from_hours(2);
/// How far apart the callers begin in the list of recordings.
const STRIDE: usize = 7;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The callers' recordings: a folder of WAV files, one utterance in each
    #[arg(long, value_name = "DIR")]
    wav: PathBuf,
    /// How many callers there are at a time
    #[arg(long, value_name = "N", default_value = "1", value_parser = clap::value_parser!(u16).range(1..=64))]
    calls: u16,
    /// How often each caller speaks, interruptions not counted
    #[arg(long, value_name = "N", default_value = "5")]
    turns: NonZeroUsize,
    /// Let this script lead the calls: builtin:NAME, or a file
    #[arg(long, value_name = "SCRIPT", conflicts_with = "url")]
    script: Option<String>,
    /// Call at this server, with LIVEKIT_API_KEY and LIVEKIT_API_SECRET, instead of one that is started for it
    #[arg(long, value_name = "URL")]
    url: Option<String>,
    /// Believe also the authorities in this PEM file when the server at --url shows its certificate (wss://)
    #[arg(long, value_name = "FILE", requires = "url")]
    ca: Option<PathBuf>,
}

pub(super) fn run(args: Args, context: &Context) -> anyhow::Result<()> {
    let recordings: Arc<[Recording]> = recordings::read(&args.wav)?.into();
    let load_before = processor::load();
    let calls = usize::from(args.calls);
    let server = match &args.url {
        Some(url) => Server::at(url, &context.config)?,
        None => Server::start(&Setup::calls(calls, args.script.as_deref(), context), context)?,
    };
    let trust = Trust::new(args.ca.as_deref())?;
    let bench = Bench { recordings, calls, turns: args.turns.get(), server, trust };
    let mut report = runtime::block_on(&context.interrupt, bench.all())?;
    report.load_before = load_before;
    context.output.result(&report, report::as_text)?;
    match report.failures.len() {
        0 => Ok(()),
        failed => anyhow::bail!("{failed} of {calls} calls failed"),
    }
}

struct Bench {
    recordings: Arc<[Recording]>,
    calls: usize,
    turns: usize,
    server: Server,
    trust: Trust,
}

/// A call that was made.
struct Made {
    /// From 0.
    call: usize,
    room: RoomName,
    notes: Notes,
    ended: Result<(), ParticipantError>,
}

impl Bench {
    async fn all(&self) -> anyhow::Result<Report> {
        self.server.ready().await?;
        let (callers, server) = (Meter::start(None), Meter::start(self.server.pid()));
        let began = Instant::now();
        let made = self.make_calls().await?;
        let processor_percent =
            Processor { callers: callers.percent(), server: self.server.pid().and_then(|_| server.percent()) };
        let length = began.elapsed();
        let store = self.server.has_records(store::FILE).then(|| Store::open(&self.server.data_dir)).transpose()?;
        let (mut rows, mut failures, mut lateness) = (Vec::new(), Vec::new(), Vec::new());
        for one in &made {
            let call_rows = self.rows(one, store.as_ref()).await?;
            failures.extend(failure(one, &call_rows));
            rows.extend(call_rows);
            lateness.extend_from_slice(&one.notes.lateness);
        }
        Ok(Report {
            version: env!("CARGO_PKG_VERSION"),
            cores: thread::available_parallelism().map_or(1, NonZeroUsize::get),
            load_before: None,
            calls: self.calls,
            seconds: seconds(length),
            failures,
            figures_ms: Figures::of(&rows, &lateness),
            cut_offs: rows.iter().filter(|row| row.cut_off).count(),
            unanswered: rows.iter().filter(|row| row.answer_ms.is_none() && !row.cut_off).count(),
            processor_percent,
            turns: rows,
        })
    }

    /// All calls, in their order.
    async fn make_calls(&self) -> anyhow::Result<Vec<Made>> {
        let mut calls = JoinSet::new();
        for call in 0..self.calls {
            let room: RoomName = format!("bench-{:08x}", rand::random::<u32>()).parse()?;
            let token = self.token(call, &room)?;
            let first = call.wrapping_mul(STRIDE) % self.recordings.len();
            let mut caller = Caller::new(Plan { recordings: self.recordings.clone(), first, turns: self.turns });
            let (url, wait) = (self.server.url.clone(), BETWEEN_CALLS * u32::try_from(call).unwrap_or(u32::MAX));
            let trust = self.trust.clone();
            calls.spawn(async move {
                sleep(wait).await;
                let ended = participate(&url, &token, &trust, &mut caller).await;
                Made { call, room, notes: caller.into_notes(), ended }
            });
        }
        let mut made = Vec::new();
        while let Some(call) = calls.join_next().await {
            made.push(call?);
        }
        made.sort_by_key(|one| one.call);
        Ok(made)
    }

    fn token(&self, call: usize, room: &RoomName) -> anyhow::Result<Secret> {
        let identity = format!("bench-caller-{}", call + 1).parse()?;
        let claims = Claims::new(identity, room.clone(), SystemTime::now(), TOKEN);
        Ok(Secret::from(mint(&self.server.keys, &claims)))
    }

    /// What came of each utterance of a call.
    async fn rows(&self, made: &Made, store: Option<&Store>) -> anyhow::Result<Vec<Row>> {
        let notes = &made.notes;
        let answers = notes.levels.answers(&notes.spoken);
        let turns = match store {
            Some(store) => records::turns_of(store, &made.room).await?,
            None => Vec::new(),
        };
        let stages = records::stages(&turns, notes.levels.first().unwrap_or(0), &answers);
        let utterances = notes.spoken.iter().zip(&answers).zip(stages).enumerate();
        Ok(utterances
            .map(|(nth, ((spoken, answer), stages))| {
                let recording = self.recordings[spoken.recording].name.clone();
                let mut row = row(made.call, nth, recording, spoken.interrupts, answer, stages);
                row.buffer_ms = answer.answered_at.and_then(|at| notes.buffered_at(at)).map(millis);
                row
            })
            .collect())
    }
}

fn row(call: usize, nth: usize, recording: String, interrupts: bool, answer: &Answered, stages: Option<Stages>) -> Row {
    Row {
        call: call + 1,
        turn: nth + 1,
        recording,
        interrupts,
        answer_ms: answer.answer.map(millis),
        cut_off: answer.cut_off,
        duck_ms: answer.duck.map(millis),
        stop_ms: answer.stop.map(millis),
        way_ms: way(answer, stages),
        buffer_ms: None,
        stages_ms: stages,
    }
}

/// What the server's stages do not account for.
fn way(answer: &Answered, stages: Option<Stages>) -> Option<u64> {
    millis(answer.answer?).checked_sub(u64::from(stages?.total()))
}

/// A call fails when it cannot be made or kept, when nobody greets, and when nothing is answered in it.
fn failure(made: &Made, rows: &[Row]) -> Option<Failure> {
    let reason = match &made.ended {
        Err(error) => error.to_string(),
        Ok(()) if rows.is_empty() => {
            "nobody greets: is there an agent for this room, and has it its models?".to_owned()
        }
        Ok(()) if rows.iter().all(|row| row.answer_ms.is_none()) => "nothing was answered".to_owned(),
        Ok(()) => return None,
    };
    Some(Failure { call: made.call + 1, reason })
}
