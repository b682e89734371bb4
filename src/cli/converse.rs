//! `callstead converse`

use std::{path::PathBuf, time::Instant};

use serde_json::json;

use super::{Context, output::seconds, recording, runtime};
use crate::{
    audio::Clip,
    call::{
        Brief,
        converse::{Exchange, Options, converse},
    },
    domain::Language,
    speech::{
        Priority, Sampling,
        engines::{EngineError, EngineKind, Engines},
    },
};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// What the caller says: a recording (WAV, MP3, FLAC, Ogg, WebM, AAC …), or - for standard input
    input: PathBuf,
    /// Where the agent's answer goes, as WAV; - for standard output
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    /// Hear the recording as fast as it plays, as in a call, instead of as fast as possible
    #[arg(long)]
    realtime: bool,
    /// The language spoken: en, ar, … [default: as configured, else recognised]
    #[arg(long, value_name = "LANGUAGE")]
    language: Option<Language>,
    /// The agent's voice, by its id [default: as configured, else the language's usual one]
    #[arg(long, value_name = "VOICE")]
    voice: Option<String>,
    /// What the agent is told about its task [default: as configured]
    #[arg(long, value_name = "TEXT")]
    prompt: Option<String>,
}

pub(super) fn run(args: Args, context: &Context) -> anyhow::Result<()> {
    recording::check_target(&args.output, &context.output)?;
    let heard = recording::read(&args.input, &context.interrupt)?;
    let mut config = context.config.clone();
    config.speech.language = args.language.or(config.speech.language);
    config.speech.voice = args.voice.or(config.speech.voice);
    config.agent.prompt = args.prompt.unwrap_or(config.agent.prompt);
    let began = Instant::now();
    let engines = Engines::load(&config, &EngineKind::ALL, |_| !context.interrupt.is_raised());
    let loaded = began.elapsed();
    require(&engines)?;
    let options = Options {
        instructions: config.agent.prompt,
        language: config.speech.language,
        brief: Brief {
            language: config.speech.language.unwrap_or(Language::ENGLISH),
            voice: config.speech.voice,
            speed: config.speech.speed,
            max_tokens: config.agent.max_tokens,
            sampling: Sampling::default(),
            conversation: 1,
            urgency: Priority::Reply.into(),
        },
        realtime: args.realtime,
    };
    let mut answer = Vec::new();
    let conversation = converse(&engines, &heard, &options, |frame| answer.push(frame));
    let exchanges = runtime::block_on(&context.interrupt, conversation)?;
    for part in engines.missing().iter().filter(|part| part.kind == EngineKind::Turn) {
        tracing::warn!("{}: pauses alone told when the caller was done (to mend it: {})", part.what, part.how);
    }
    let sound = Clip::from_frames(&answer);
    recording::write(&args.output, &sound, &context.output)?;
    if recording::is_stdout(&args.output) {
        context.output.note(as_text(&exchanges));
        return Ok(());
    }
    let value = report(&exchanges, &engines, loaded.as_millis(), &sound);
    context.output.result(&value, |_| as_text(&exchanges))?;
    Ok(())
}

/// Whatever is missing is said before a long recording is listened to for nothing.
fn require(engines: &Engines) -> Result<(), EngineError> {
    engines.transcriber()?;
    engines.responder()?;
    engines.vad()?;
    engines.synthesizer()?;
    Ok(())
}

fn report(exchanges: &[Exchange], engines: &Engines, loaded: u128, sound: &Clip) -> serde_json::Value {
    let join = |texts: Vec<&str>| texts.join(" ");
    json!({
        "heard": join(exchanges.iter().map(|exchange| exchange.heard.reveal().as_str()).collect()),
        "reply": join(exchanges.iter().map(|exchange| exchange.reply.text.reveal().as_str()).collect()),
        // Of the first turn, in milliseconds since its speech ended.
        "timings_ms": exchanges.first().map(|exchange| exchange.timings),
        "load_ms": loaded,
        "reply_seconds": seconds(sound.duration()),
        "engines": engines.infos(),
        "turns": exchanges.iter().map(|exchange| json!({
            "heard": exchange.heard.reveal(),
            "language": exchange.language,
            "speech_ms": [exchange.speech.start.as_millis(), exchange.speech.end.as_millis()],
            "reply": exchange.reply.text.reveal(),
            "timings_ms": exchange.timings,
            "prompt_tokens": exchange.reply.usage.prompt_tokens,
            "cached_tokens": exchange.reply.usage.cached_tokens,
            "generated_tokens": exchange.reply.usage.generated_tokens,
        })).collect::<Vec<_>>(),
    })
}

fn as_text(exchanges: &[Exchange]) -> String {
    let turn = |exchange: &Exchange| {
        format!(
            "caller: {}\nagent:  {}\n        (first sound {} ms after the caller's last)",
            exchange.heard.reveal(),
            exchange.reply.text.reveal(),
            exchange.timings.first_audio
        )
    };
    exchanges.iter().map(turn).collect::<Vec<_>>().join("\n")
}
