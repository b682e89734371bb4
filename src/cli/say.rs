//! `callstead say`

use std::{
    io::{self, Read},
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use anyhow::Context as _;
use serde::Serialize;

use super::{Context, recording, runtime};
use crate::{
    audio::Clip,
    domain::{
        Language,
        text::{Script, script_runs},
    },
    speech::{
        Sentence, SpeechError, Synthesizer, engines,
        local::voices::{MAX_TEXT, Voice, Voices},
        scheduler::Scheduler,
    },
};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// What to say; - reads it from standard input
    text: String,
    /// The WAV file to write (16 bit, mono, 48 kHz); - writes it to standard output
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    /// A voice's id, or a Piper voice's .onnx file [default: the language's usual voice]
    #[arg(long)]
    voice: Option<String>,
    /// The text's language, such as en or ar [default: as configured, else by its letters]
    #[arg(long)]
    language: Option<Language>,
    /// 0.5 is half as fast as the voice's own speed, 2.0 twice as fast
    #[arg(long)]
    speed: Option<f32>,
    /// Which speaker of a voice with several, from 0
    #[arg(long, value_name = "N")]
    speaker: Option<u32>,
}

/// What `--json` prints.
#[derive(Debug, Serialize)]
struct Report<'a> {
    file: &'a Path,
    seconds: f64,
    voice: &'a str,
    language: Language,
    timings_ms: Timings,
}

#[derive(Debug, Serialize)]
struct Timings {
    first_audio: f64,
    total: f64,
}

/// Speech, and when it came.
struct Spoken {
    clip: Clip,
    first_audio: Duration,
    total: Duration,
}

pub(super) fn run(args: Args, context: &Context) -> anyhow::Result<()> {
    recording::check_target(&args.output, &context.output)?;
    let mut config = context.config.clone();
    let mut sentence = sentence(&args, context)?;
    let file = args.voice.as_ref().map(Path::new).filter(|voice| voice.extension().is_some_and(|it| it == "onnx"));
    if let Some(id) = file.and_then(Path::file_stem) {
        sentence.voice = Some(id.to_string_lossy().into_owned());
    }
    config.speech.voice = sentence.voice.clone().filter(|_| file.is_none());
    config.speech.language = Some(sentence.language);
    let voices = engines::load_voices(&config, file, &Scheduler::for_this_machine(config.speech.threads))?;
    let voice = voices.choose(&sentence)?;
    let spoken = runtime::block_on(&context.interrupt, speak(&voices, sentence))?;
    recording::write(&args.output, &spoken.clip, &context.output)?;
    if recording::is_stdout(&args.output) {
        return Ok(());
    }
    report(&args.output, &*voice, &spoken, context)
}

fn sentence(args: &Args, context: &Context) -> anyhow::Result<Sentence> {
    let settings = &context.config.speech;
    let text = match args.text.as_str() {
        "-" => runtime::read_patiently(&context.interrupt, read_stdin)?,
        text => text.to_owned(),
    };
    let language = args.language.or(settings.language).unwrap_or_else(|| guess_language(&text));
    Ok(Sentence {
        voice: args.voice.clone().or_else(|| settings.voice.clone()),
        speed: args.speed.unwrap_or(settings.speed),
        speaker: args.speaker,
        ..Sentence::new(text, language)
    })
}

fn read_stdin() -> anyhow::Result<String> {
    let mut text = Vec::new();
    // A character has four bytes at most. What is longer is refused later, by its length.
    io::stdin().lock().take(4 * MAX_TEXT as u64 + 4).read_to_end(&mut text).context("cannot read standard input")?;
    let valid = match std::str::from_utf8(&text) {
        Ok(text) => text,
        // Cut off in the middle of a character.
        Err(error) if error.error_len().is_none() => std::str::from_utf8(&text[..error.valid_up_to()])?,
        Err(_) => {
            return Err(SpeechError::Unsupported("standard input is not UTF-8 text: convert it".to_owned()).into());
        }
    };
    Ok(valid.to_owned())
}

/// Arabic when the first letters are.
fn guess_language(text: &str) -> Language {
    match script_runs(text).first() {
        Some((Script::Arabic, _)) => Language::ARABIC,
        _ => Language::ENGLISH,
    }
}

async fn speak(voices: &Voices, sentence: Sentence) -> anyhow::Result<Spoken> {
    let begun = Instant::now();
    let mut first_audio = None;
    let mut sound = Vec::new();
    let mut frames = voices.speak(sentence);
    while let Some(frame) = frames.recv().await {
        sound.push(frame?.frame);
        first_audio.get_or_insert_with(|| begun.elapsed());
    }
    let first_audio = first_audio.context("the voice made no sound")?;
    Ok(Spoken { clip: Clip::from_frames(&sound), first_audio, total: begun.elapsed() })
}

fn report(file: &Path, voice: &dyn Voice, spoken: &Spoken, context: &Context) -> anyhow::Result<()> {
    let tenths = |duration: Duration| (duration.as_secs_f64() * 10_000.0).round() / 10.0;
    let report = Report {
        file,
        seconds: spoken.clip.duration().as_secs_f64(),
        voice: voice.id(),
        language: voice.language(),
        timings_ms: Timings { first_audio: tenths(spoken.first_audio), total: tenths(spoken.total) },
    };
    context
        .output
        .result(&report, |report| format!("{}: {:.1} s by {}", file.display(), report.seconds, report.voice))?;
    Ok(())
}
