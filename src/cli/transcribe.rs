//! `callstead transcribe`

use std::{path::PathBuf, time::Instant};

use serde_json::{Value, json};

use super::{Context, output::seconds, recording, runtime};
use crate::{
    call::transcribe::transcribe,
    domain::Language,
    speech::{
        Segment, Times,
        engines::{EngineKind as Kind, Engines},
    },
};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// A recording (WAV, MP3, FLAC, Ogg, WebM, AAC …), or - for standard input
    file: PathBuf,
    /// The language spoken: en, ar, … [default: as configured, else recognised]
    #[arg(long, value_name = "LANGUAGE")]
    language: Option<Language>,
    /// With the time of each word (for --json)
    #[arg(long)]
    words: bool,
}

pub(super) fn run(args: Args, context: &Context) -> anyhow::Result<()> {
    let clip = recording::read(&args.file, &context.interrupt)?;
    let mut config = context.config.clone();
    config.speech.language = args.language.or(config.speech.language);
    let began = Instant::now();
    let engines = Engines::load(&config, &[Kind::Vad, Kind::Stt], |_| !context.interrupt.is_raised());
    let loaded = began.elapsed();
    engines.transcriber()?;
    if let Err(missing) = engines.vad() {
        tracing::warn!("{missing}; transcribing without it, silence included");
    }
    let progress = context.output.progress_through("transcribing", clip.duration());
    let times = if args.words { Times::Words } else { Times::Segments };
    let transcript = transcribe(&engines, &clip, config.speech.language, times, |share| {
        progress.reach(share);
        !context.interrupt.is_raised()
    });
    let transcript = runtime::block_on(&context.interrupt, transcript)?;
    progress.finish();
    let value = json!({
        "text": transcript.text,
        "language": transcript.language,
        "duration": seconds(clip.duration()),
        "segments": transcript.segments.iter().map(|segment| shown(segment, args.words)).collect::<Vec<_>>(),
        "timings_ms": { "load": loaded.as_millis(), "transcribe": (began.elapsed() - loaded).as_millis() },
    });
    if transcript.text.is_empty() && !context.output.json {
        context.output.note("nobody speaks in this recording");
    }
    context.output.result(&value, |_| transcript.text.clone())?;
    Ok(())
}

fn shown(segment: &Segment, with_words: bool) -> Value {
    let piece = |start, end, text: &str| json!({ "start": seconds(start), "end": seconds(end), "text": text });
    let mut shown = piece(segment.start, segment.end, &segment.text);
    if with_words {
        shown["words"] = segment.words.iter().map(|word| piece(word.start, word.end, &word.text)).collect();
    }
    shown
}
