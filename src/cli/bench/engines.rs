//! `callstead bench engines`: each engine by itself, warm, several times; medians.

use std::{
    fs,
    num::NonZeroUsize,
    sync::Arc,
    time::{Duration, Instant},
};

use serde::Serialize;
use serde_json::{Value, json};

use crate::{
    audio::{Clip, ENGINE_HZ, resample},
    cli::{Context, Interrupt, runtime},
    config::Config,
    domain::{Language, Message, Role},
    speech::{
        Chunk, Priority, Prompt, Results, Sampling, Sentence, Served, Speech, SpeechError, Synthesizer, Times,
        engines::{EngineError, EngineKind as Kind, Engines, Missing, load_voices},
        local::vad::VAD_WINDOW,
    },
    telemetry,
};

/// About three seconds, within the starter speech model's grammar.
const UTTERANCE: &str = "I have an appointment on July third at four P M.";
/// About one second.
const CLAUSE: &str = "Thank you for calling.";
const QUESTION: &str = "My contract ends in May. What can I do?";
const TOKENS: usize = 48;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// How often each engine runs
    #[arg(long, value_name = "N", default_value = "10")]
    runs: NonZeroUsize,
}

pub(super) fn run(args: Args, context: &Context) -> anyhow::Result<()> {
    let before_loading = resident_mb();
    let began = Instant::now();
    let engines = Engines::load(&context.config, &Kind::ALL, |_| !context.interrupt.is_raised());
    let loaded = began.elapsed();
    let voice = voice(&engines, &context.config)?;
    let bench = Bench { engines: &engines, voice: &*voice, runs: args.runs.get(), interrupt: &context.interrupt };
    let figures = runtime::block_on(&context.interrupt, bench.all(&context.config.agent.prompt))?;
    let report = Report {
        version: env!("CARGO_PKG_VERSION"),
        cores: engines.scheduler().cores().get(),
        cpu: cpu(),
        runs: args.runs.get(),
        load_ms: millis(loaded),
        resident_mb: resident_mb(),
        resident_before_loading_mb: before_loading,
        engines: figures,
        missing: engines.missing(),
    };
    context.output.result(&report, as_text)?;
    Ok(())
}

/// Says what the others hear, even where the voice that was asked for is missing.
fn voice(engines: &Engines, config: &Config) -> Result<Arc<dyn Synthesizer>, EngineError> {
    if let Ok(voice) = engines.synthesizer() {
        return Ok(Arc::clone(voice));
    }
    let mut config = config.clone();
    (config.speech.voice, config.speech.language) = (None, None);
    Ok(Arc::new(load_voices(&config, None, engines.scheduler())?))
}

#[derive(Serialize)]
struct Report<'a> {
    version: &'static str,
    cores: usize,
    cpu: String,
    runs: usize,
    load_ms: f64,
    resident_mb: u64,
    resident_before_loading_mb: u64,
    engines: Vec<Value>,
    missing: &'a [Missing],
}

struct Bench<'a> {
    engines: &'a Engines,
    voice: &'a dyn Synthesizer,
    runs: usize,
    interrupt: &'a Interrupt,
}

impl Bench<'_> {
    async fn all(&self, instructions: &str) -> anyhow::Result<Vec<Value>> {
        let mut figures = Vec::new();
        let utterance = resample(&self.spoken(UTTERANCE).await?, ENGINE_HZ);
        for info in self.engines.infos() {
            let mut figure = match info.kind {
                Kind::Vad => self.vad(&utterance)?,
                Kind::Turn => self.turn(&utterance).await?,
                Kind::Stt => self.stt(&utterance).await?,
                Kind::Llm => self.llm(instructions).await?,
                Kind::Tts => self.tts().await?,
            };
            figure["kind"] = json!(info.kind);
            figure["name"] = json!(info.name);
            figures.push(figure);
        }
        Ok(figures)
    }

    fn vad(&self, clip: &Clip) -> anyhow::Result<Value> {
        let mut stream = self.engines.vad()?.stream();
        let windows = clip.samples.as_chunks::<VAD_WINDOW>().0;
        let mut times = Vec::new();
        for _ in 0..self.runs {
            self.interrupt.check()?;
            let began = Instant::now();
            for window in windows {
                stream.push(window)?;
            }
            times.push(began.elapsed() / u32::try_from(windows.len())?);
        }
        Ok(json!({ "window_ms": millis(median(times)) }))
    }

    async fn turn(&self, clip: &Clip) -> anyhow::Result<Value> {
        let mut times = Vec::new();
        for _ in 0..self.runs {
            self.interrupt.check()?;
            let Some(detector) = self.engines.turn_detector().cloned() else { break };
            let samples = clip.samples.clone();
            let began = Instant::now();
            tokio::task::spawn_blocking(move || detector.predict(&samples, Priority::Speech)).await??;
            times.push(began.elapsed());
        }
        Ok(json!({ "verdict_ms": millis(median(times)) }))
    }

    async fn stt(&self, clip: &Clip) -> anyhow::Result<Value> {
        let mut times = Vec::new();
        for _ in 0..self.runs {
            self.interrupt.check()?;
            let began = Instant::now();
            drain(self.engines.transcriber()?.transcribe(Speech {
                samples: clip.samples.as_slice().into(),
                language: Some(Language::ENGLISH),
                times: Times::None,
                priority: Priority::Speech,
                served: Served::default(),
            }))
            .await?;
            times.push(began.elapsed());
        }
        let time = median(times);
        Ok(json!({
            "clip_seconds": round(clip.duration().as_secs_f64()),
            "transcript_ms": millis(time),
            "real_time_factor": round(time.as_secs_f64() / clip.duration().as_secs_f64()),
        }))
    }

    async fn llm(&self, instructions: &str) -> anyhow::Result<Value> {
        let (mut first_words, mut speeds) = (Vec::new(), Vec::new());
        for run in 0..self.runs {
            self.interrupt.check()?;
            let began = Instant::now();
            let mut answer = self.engines.responder()?.respond(Prompt {
                messages: vec![Message::new(Role::System, instructions), Message::new(Role::User, QUESTION)],
                // Another conversation each time: its own words are computed, the instructions are in the cache.
                conversation: 1_000_000 + run as u64,
                max_tokens: TOKENS,
                sampling: Sampling::default(),
                grammar: None,
                priority: Priority::Reply.into(),
                served: Served::default(),
            });
            let mut first = None;
            while let Some(chunk) = answer.recv().await {
                let first = *first.get_or_insert_with(|| began.elapsed());
                if let Chunk::Done(usage) = chunk? {
                    let rest = (began.elapsed() - first).as_secs_f64();
                    first_words.push(first);
                    speeds.push(usage.generated_tokens as f64 / (rest + first.as_secs_f64()));
                }
            }
        }
        speeds.sort_by(f64::total_cmp);
        Ok(json!({
            "first_words_ms": millis(median(first_words)),
            "tokens_per_second": speeds.get(speeds.len() / 2).copied().map(round),
        }))
    }

    async fn tts(&self) -> anyhow::Result<Value> {
        let (mut first, mut whole) = (Vec::new(), Vec::new());
        let (mut clause_seconds, mut long_seconds) = (0.0, 0.0);
        for _ in 0..self.runs {
            self.interrupt.check()?;
            let began = Instant::now();
            clause_seconds = self.spoken(CLAUSE).await?.duration().as_secs_f64();
            first.push(began.elapsed());
            let began = Instant::now();
            long_seconds = self.spoken(UTTERANCE).await?.duration().as_secs_f64();
            whole.push(began.elapsed());
        }
        let whole = median(whole);
        Ok(json!({
            "clause_seconds": round(clause_seconds),
            "clause_ms": millis(median(first)),
            "sentence_seconds": round(long_seconds),
            "sentence_ms": millis(whole),
            "real_time_factor": round(whole.as_secs_f64() / long_seconds),
        }))
    }

    async fn spoken(&self, text: &str) -> anyhow::Result<Clip> {
        let sound = drain(self.voice.speak(Sentence::new(text, Language::ENGLISH))).await?;
        let frames: Vec<_> = sound.into_iter().map(|voiced| voiced.frame).collect();
        Ok(Clip::from_frames(&frames))
    }
}

async fn drain<T>(mut results: Results<T>) -> Result<Vec<T>, SpeechError> {
    let mut all = Vec::new();
    while let Some(result) = results.recv().await {
        all.push(result?);
    }
    Ok(all)
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

fn millis(duration: Duration) -> f64 {
    round(duration.as_secs_f64() * 1000.0)
}

/// To three places: more would be noise.
fn round(value: f64) -> f64 {
    (value * 1000.0).round() / 1000.0
}

/// Memory of this process in RAM, MB; 0 where the kernel does not tell.
fn resident_mb() -> u64 {
    telemetry::resident_bytes().unwrap_or_default() / (1024 * 1024)
}

/// The processor's name, from proc(5).
fn cpu() -> String {
    let info = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let name = info.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    name.map_or_else(|| "unknown".to_owned(), |(_, name)| name.to_owned())
}

fn as_text(report: &Report<'_>) -> String {
    let mut text = format!(
        "{} on {} cores; median of {} runs\nloaded in {} ms; {} MB in memory",
        report.cpu, report.cores, report.runs, report.load_ms, report.resident_mb
    );
    for engine in &report.engines {
        let Some(figures) = engine.as_object() else { continue };
        let word = |key| figures.get(key).and_then(Value::as_str).unwrap_or_default();
        text.push_str(&format!("\n{:<5}{}", word("kind"), word("name")));
        for (key, value) in figures.iter().filter(|(key, _)| !matches!(key.as_str(), "kind" | "name")) {
            text.push_str(&format!("\n     {:<20} {value}", key.replace('_', " ")));
        }
    }
    for Missing { kind, what, how } in report.missing {
        text.push_str(&format!("\n{:<5}not measured: {what}; run `{how}`", kind.to_string()));
    }
    text
}
