//! `callstead bench rooms`: what rooms cost a server. People join one after the other, two in each room, and send each other
//! sound or pictures; measured are the time to join, the server's processor time for each track that it forwards, its memory
//! for each participant, and which packets are lost or late. Any LiveKit server can be measured so, beside our own: the
//! clients are the same. A flood of strangers can be let loose on one on this machine, while the calls are measured.

mod flood;
mod guest;
mod media;

use std::{
    fmt::Write as _,
    fs,
    num::NonZeroUsize,
    path::PathBuf,
    thread,
    time::{Duration, Instant, SystemTime},
};

use anyhow::Context as _;
use serde::Serialize;
use tokio::{
    sync::{oneshot, watch},
    task::JoinSet,
    time::{sleep, sleep_until},
};

use self::{
    flood::{Flooded, Place, Target},
    guest::{Plan, Stage, take_part},
    media::{Tally, Window},
};
use super::{
    processor::{self, Meter},
    server::{Server, Setup},
    spread::Spread,
};
use crate::{
    cli::{Context, output::seconds, runtime},
    config::Secret,
    domain::RoomName,
    livekit::{ParticipantError, Trust},
    rooms::{Claims, token::mint},
    rtc::peer::Kind,
};

/// Between the last to join and what is measured: negotiations end, key frames come.
const SETTLE: Duration = Duration::from_secs(3);
/// For the last packets to arrive.
const DRAIN: Duration = Duration::from_secs(1);
/// How often the server's memory is looked at.
const LOOK: Duration = Duration::from_secs(10);
/// How long a token is good for.
const TOKEN: Duration = Duration::from_hours(6);

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// How many rooms, with two people in each
    #[arg(long, value_name = "N", default_value = "10", value_parser = clap::value_parser!(u16).range(1..=1000))]
    rooms: u16,
    /// How long they send, once all are there
    #[arg(long, value_name = "SECONDS", default_value = "10", value_parser = clap::value_parser!(u32).range(1..=14_400))]
    seconds: u32,
    /// Pictures (VP8, 1 Mbit/s each) instead of sound (Opus, 32 kbit/s)
    #[arg(long)]
    video: bool,
    /// Flood the server meanwhile, which has to be on this machine: joins, bad tokens, datagrams, slow readers
    #[arg(long)]
    flood: bool,
    /// Join at this server, with LIVEKIT_API_KEY and LIVEKIT_API_SECRET, instead of one that is started for it
    #[arg(long, value_name = "URL")]
    url: Option<String>,
    /// The process of the server at --url, if it is on this machine: its processor time and memory are then measured
    #[arg(long, value_name = "PID", requires = "url")]
    pid: Option<u32>,
    /// Believe also the authorities in this PEM file when the server at --url shows its certificate (wss://)
    #[arg(long, value_name = "FILE", requires = "url")]
    ca: Option<PathBuf>,
}

pub(super) fn run(args: Args, context: &Context) -> anyhow::Result<()> {
    let load_before = processor::load();
    let server = match &args.url {
        Some(url) => Server::at(url, &context.config)?,
        None => Server::start(&Setup::rooms(), context)?,
    };
    let bench = Bench {
        flooded: args.flood.then(|| Place::parse(&server.url)).transpose()?,
        pid: server.pid().or(args.pid),
        server,
        rooms: args.rooms,
        time: Duration::from_secs(args.seconds.into()),
        kind: if args.video { Kind::Video } else { Kind::Audio },
        trust: Trust::new(args.ca.as_deref())?,
    };
    let mut report = runtime::block_on(&context.interrupt, bench.all())?;
    report.load_before = load_before;
    context.output.result(&report, as_text)?;
    match report.failures.len() {
        0 => Ok(()),
        failed => anyhow::bail!("{failed} of {} participants failed", report.participants),
    }
}

struct Bench {
    server: Server,
    /// Where the flood goes, if there is to be one.
    flooded: Option<Place>,
    pid: Option<u32>,
    rooms: u16,
    time: Duration,
    kind: Kind,
    trust: Trust,
}

/// Those who take part.
type Guests = JoinSet<Result<Tally, ParticipantError>>;

impl Bench {
    async fn all(&self) -> anyhow::Result<Report> {
        let (stage, seen) = watch::channel(Stage::Joining);
        let (mut guests, mut joins) = (Guests::new(), Vec::new());
        let plan = |token| Plan {
            url: self.server.url.clone(),
            token,
            trust: self.trust.clone(),
            kind: self.kind,
            began: Instant::now(),
            stage: seen.clone(),
        };
        let target = match &self.flooded {
            Some(place) => Some(Target::find(place, &self.server.keys, &self.trust).await?),
            None => None,
        };
        let began = Instant::now();
        // The first room brings what all share: code, certificates, buffers.
        let mut first = None;
        for room in 0..self.rooms {
            let name: RoomName = format!("bench-{room}-{:08x}", rand::random::<u32>()).parse()?;
            for identity in ["one", "two"] {
                let (joined, joining) = oneshot::channel();
                guests.spawn(take_part(Plan { began, ..plan(self.token(identity, &name)?) }, joined));
                // Whoever fails says so at the end.
                joins.extend(joining.await);
            }
            if first.is_none() {
                sleep(SETTLE).await;
                first = memory_kb(self.pid);
            }
        }
        sleep(SETTLE).await;
        let full = memory_kb(self.pid);
        let from = Instant::now();
        let window = Window { from, until: from + self.time };
        stage.send_replace(Stage::Measuring(window));
        let flood = target.map(|target| flood::start(target, window.until)).transpose()?;
        let (clients, server) = (Meter::start(None), Meter::start(self.pid));
        let mut memory = full.into_iter().collect::<Vec<_>>();
        while Instant::now() < window.until {
            sleep_until(window.until.min(Instant::now() + LOOK).into()).await;
            memory.extend(memory_kb(self.pid));
        }
        let clients = clients.percent();
        let server = self.pid.and_then(|_| server.percent());
        sleep(DRAIN).await;
        stage.send_replace(Stage::Over);
        let (mut tally, mut failures) = (Tally::default(), Vec::new());
        while let Some(guest) = guests.join_next().await {
            match guest? {
                Ok(of_guest) => tally.add(of_guest),
                Err(error) => failures.push(error.to_string()),
            }
        }
        let flood = match flood {
            Some(flood) => Some(flood.await.context("the flood ended unexpectedly")?.context("flooding the server")?),
            None => None,
        };
        let participants = usize::from(self.rooms) * 2;
        let each = |whole: f64, of: usize| (whole / of as f64 * 100.0).round() / 100.0;
        let grown = first.zip(full).map(|(first, full)| full.saturating_sub(first) as f64);
        let added = participants - 2;
        Ok(Report {
            version: env!("CARGO_PKG_VERSION"),
            cores: thread::available_parallelism().map_or(1, NonZeroUsize::get),
            load_before: None,
            kind: if self.kind == Kind::Video { "video" } else { "audio" },
            participants,
            seconds: seconds(self.time),
            join_ms: Spread::of(joins.into_iter().map(|join| join.as_millis() as u64)),
            packets: Packets {
                sent: tally.sent,
                lost: tally.sent.saturating_sub(tally.received),
                late: tally.late,
                way_us: Spread::of(tally.way_us),
            },
            clients_percent: clients,
            server: Costs {
                percent: server,
                // Each of two in a room sends one track, which is forwarded to the other.
                percent_per_track: server.map(|percent| each(percent, participants)),
                memory_kb: Spread::of(memory),
                memory_kb_per_participant: grown.filter(|_| added > 0).map(|kb| each(kb, added)),
            },
            flood,
            failures,
        })
    }

    fn token(&self, identity: &str, room: &RoomName) -> anyhow::Result<Secret> {
        let claims = Claims::new(identity.parse()?, room.clone(), SystemTime::now(), TOKEN);
        Ok(Secret::from(mint(&self.server.keys, &claims)))
    }
}

/// What a process has in memory (proc(5): `VmRSS`), in 1024 bytes.
fn memory_kb(pid: Option<u32>) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{}/status", pid?)).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().strip_suffix(" kB")?.parse().ok()
}

/// All of it.
#[derive(Debug, Serialize)]
struct Report {
    version: &'static str,
    cores: usize,
    /// Processes that wanted to run before the first joined, mean of a minute.
    load_before: Option<f64>,
    kind: &'static str,
    participants: usize,
    seconds: f64,
    /// From the first packet to the server until the media are connected, one participant after the other.
    join_ms: Option<Spread>,
    packets: Packets,
    /// Of one core, in hundredths; the flood's share is in it.
    clients_percent: Option<f64>,
    server: Costs,
    /// What strangers did meanwhile.
    flood: Option<Flooded>,
    failures: Vec<String>,
}

#[derive(Debug, Serialize)]
struct Packets {
    sent: u64,
    lost: u64,
    /// More than 20 ms on the way.
    late: u64,
    way_us: Option<Spread>,
}

/// What the server needs; `None` where it is not on this machine.
#[derive(Debug, Serialize)]
struct Costs {
    /// Of one core, in hundredths.
    percent: Option<f64>,
    percent_per_track: Option<f64>,
    /// Resident, from the time on that all are there.
    memory_kb: Option<Spread>,
    memory_kb_per_participant: Option<f64>,
}

/// For people.
fn as_text(report: &Report) -> String {
    let known =
        |value: Option<f64>, unit: &str| value.map_or_else(|| "not known".to_owned(), |it| format!("{it} {unit}"));
    let mut text = format!(
        "{} participants in rooms of two, each sends {} for {:.0} s",
        report.participants, report.kind, report.seconds
    );
    let Packets { sent, lost, late, way_us } = &report.packets;
    let percent = |count: u64| if *sent == 0 { 0.0 } else { 100.0 * count as f64 / *sent as f64 };
    let _ = write!(
        text,
        "\npackets: {sent} sent, {lost} lost ({:.3} %), {late} late by more than 20 ms ({:.3} %)",
        percent(*lost),
        percent(*late)
    );
    let Costs { percent, percent_per_track, memory_kb_per_participant, .. } = &report.server;
    let _ = write!(
        text,
        "\nserver, of one core ({} there): {}, for each track forwarded {}; clients {}",
        report.cores,
        known(*percent, "%"),
        known(*percent_per_track, "%"),
        known(report.clients_percent, "%")
    );
    let _ = write!(text, "\nserver's memory for each participant: {}", known(*memory_kb_per_participant, "kB"));
    let _ = write!(text, "\n\n{:32} {:>7} {:>7} {:>7} {:>7}", "", "COUNT", "P50", "P95", "MAX");
    for (name, spread) in
        [("joining, ms", report.join_ms), ("on the way, µs", *way_us), ("server's memory, kB", report.server.memory_kb)]
    {
        if let Some(Spread { count, p50, p95, max }) = spread {
            let _ = write!(text, "\n{name:32} {count:>7} {p50:>7} {p95:>7} {max:>7}");
        }
    }
    if let Some(flood) = &report.flood {
        let _ = write!(text, "\n\n{}", flood.as_text());
    }
    for failure in &report.failures {
        let _ = write!(text, "\n{failure}");
    }
    text
}
