//! Whisper through our engine against whisper.cpp called directly: the same clip, the same settings, turn by turn in one
//! run.
//!
//! `cargo bench --bench whisper`. To reach: a ratio of at most 1.05.
#![expect(clippy::print_stdout, reason = "a bench's result")]

use std::{
    path::Path,
    thread::available_parallelism,
    time::{Duration, Instant},
};

use callstead::{
    audio,
    domain::Language,
    speech::{Priority, Served, Speech, Times, Transcriber, local::whisper::Whisper, scheduler::Scheduler},
};
use whisper_rs::{FullParams, SamplingStrategy, WhisperContext, WhisperContextParameters, WhisperState};

const MODEL: &str = "models/starter-stt/ggml-starter.en-ts-q5_0.bin";
const CLIP: &str = "models/starter-stt/test-wavs/utt35.wav";
const ROUNDS: usize = 60;

fn main() {
    let samples = audio::read(Path::new(CLIP)).expect("the clip").samples;
    let engine = Whisper::load(Path::new(MODEL), &Scheduler::for_this_machine(None)).expect("the starter model");
    let mut state = direct_state();
    let (mut ours, mut direct) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        ours.push(timed(|| through_engine(&engine, &samples)));
        direct.push(timed(|| directly(&mut state, &samples)));
    }
    let (ours, direct) = (median(ours), median(direct));
    println!("whisper.cpp {direct:?}, engine {ours:?}, ratio {:.3}", ours.as_secs_f64() / direct.as_secs_f64());
}

fn through_engine(engine: &Whisper, samples: &[f32]) {
    let mut results = engine.transcribe(Speech {
        samples: samples.into(),
        language: Some(Language::ENGLISH),
        times: Times::None,
        priority: Priority::Speech,
        served: Served::default(),
    });
    let transcript = results.blocking_recv().expect("a transcript").expect("no error");
    assert!(transcript.is_final && !transcript.text.is_empty());
}

fn direct_state() -> WhisperState {
    whisper_rs::install_logging_hooks();
    let mut parameters = WhisperContextParameters::default();
    parameters.use_gpu(false).flash_attn(true);
    let model = WhisperContext::new_with_params(MODEL, parameters).expect("the starter model");
    model.create_state().expect("memory")
}

fn directly(state: &mut WhisperState, samples: &[f32]) {
    let threads = available_parallelism().map_or(1, |cores| i32::try_from(cores.get()).expect("a small number"));
    let mut parameters = FullParams::new(SamplingStrategy::Greedy { best_of: 1 });
    parameters.set_n_threads(threads);
    parameters.set_audio_ctx(256);
    parameters.set_language(Some("en"));
    parameters.set_no_timestamps(true);
    parameters.set_single_segment(true);
    parameters.set_no_context(true);
    parameters.set_temperature_inc(0.0);
    parameters.set_print_progress(false);
    state.full(parameters, samples).expect("it runs");
    assert_eq!(state.full_n_segments(), 1);
}

fn timed(work: impl FnOnce()) -> Duration {
    let began = Instant::now();
    work();
    began.elapsed()
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}
