//! Whisper through our engine against whisper.cpp called directly, on the same clip, with the same settings, in one run.
//! `cargo bench --bench whisper`; the ratio of the medians is what counts (docs/benchmarks.md).

use std::{path::Path, sync::LazyLock, thread::available_parallelism};

use callstead::{
    audio,
    domain::Language,
    speech::{Priority, Speech, Transcriber, local::whisper::Whisper, scheduler::Scheduler},
};
use divan::Bencher;
use whisper_rs::{FullParams, SamplingStrategy, WhisperContext, WhisperContextParameters};

const MODEL: &str = "models/starter-stt/ggml-starter.en-ts-q5_0.bin";
const CLIP: &str = "models/starter-stt/test-wavs/utt35.wav";

static SAMPLES: LazyLock<Vec<f32>> = LazyLock::new(|| audio::read(Path::new(CLIP)).expect("the clip").samples);

fn main() {
    divan::main();
}

#[divan::bench(sample_count = 40)]
fn callstead(bencher: Bencher<'_, '_>) {
    let whisper = Whisper::load(Path::new(MODEL), &Scheduler::for_this_machine(None)).expect("the starter model");
    let speech = Speech {
        samples: SAMPLES.as_slice().into(),
        language: Some(Language::ENGLISH),
        timestamps: false,
        priority: Priority::Speech,
    };
    bencher.bench_local(|| {
        let mut results = whisper.transcribe(speech.clone());
        let transcript = results.blocking_recv().expect("a transcript").expect("no error");
        assert!(transcript.is_final && !transcript.text.is_empty());
    });
}

#[divan::bench(sample_count = 40)]
fn whisper_cpp(bencher: Bencher<'_, '_>) {
    whisper_rs::install_logging_hooks();
    let mut parameters = WhisperContextParameters::default();
    parameters.use_gpu(false).flash_attn(true);
    let model = WhisperContext::new_with_params(MODEL, parameters).expect("the starter model");
    let mut state = model.create_state().expect("memory");
    let threads = available_parallelism().map_or(1, |cores| i32::try_from(cores.get()).expect("a small number"));
    bencher.bench_local(|| {
        let mut parameters = FullParams::new(SamplingStrategy::Greedy { best_of: 1 });
        parameters.set_n_threads(threads);
        parameters.set_audio_ctx(256);
        parameters.set_language(Some("en"));
        parameters.set_no_timestamps(true);
        parameters.set_single_segment(true);
        parameters.set_no_context(true);
        parameters.set_temperature_inc(0.0);
        parameters.set_print_progress(false);
        state.full(parameters, &SAMPLES).expect("it runs");
        assert!(state.full_n_segments() == 1);
    });
}
