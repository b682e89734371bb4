//! The small steps that every second of every call takes many times. `cargo bench --bench small -- [FILTER]`.

use std::path::PathBuf;

use callstead::{
    audio::{FRAME_SAMPLES, Framer, Resampler},
    domain::text::{ClauseSplitter, Limits},
    speech::local::vad::{VAD_WINDOW, Vad},
};
use divan::{Bencher, black_box};

fn main() {
    divan::main();
}

/// One window of voice activity detection: 32 ms of sound.
#[divan::bench]
fn vad_window(bencher: Bencher<'_, '_>) {
    let models = std::env::var_os("CALLSTEAD_TEST_MODELS_DIR").map_or_else(|| "target/models".into(), PathBuf::from);
    let mut stream = Vad::load(&models.join("silero_vad.onnx")).expect("`make models` fetches it").stream();
    let window = tone::<VAD_WINDOW>();
    bencher.bench_local(|| stream.push(black_box(&window)).expect("it runs"));
}

/// 20 ms from a line's rate to the engines'.
#[divan::bench]
fn resample_48_to_16_khz(bencher: Bencher<'_, '_>) {
    resample(bencher, 48_000, 16_000);
}

/// 20 ms and a little more, from a voice's rate to the line's.
#[divan::bench]
fn resample_22_to_48_khz(bencher: Bencher<'_, '_>) {
    resample(bencher, 22_050, 48_000);
}

fn resample(bencher: Bencher<'_, '_>, from_hz: u32, to_hz: u32) {
    let (mut resampler, mut output) = (Resampler::new(from_hz, to_hz), Vec::new());
    let samples = tone::<FRAME_SAMPLES>();
    let input = &samples[..from_hz as usize / 50];
    bencher.bench_local(|| {
        output.clear();
        resampler.push(black_box(input), &mut output);
        output.len()
    });
}

/// 20 ms of samples into a frame.
#[divan::bench]
fn frame(bencher: Bencher<'_, '_>) {
    let mut framer = Framer::default();
    let samples = tone::<FRAME_SAMPLES>();
    bencher.bench_local(|| {
        framer.push(black_box(&samples), |frame| {
            black_box(frame);
        })
    });
}

/// A reply of two sentences, word by word, into clauses.
#[divan::bench]
fn clauses(bencher: Bencher<'_, '_>) {
    let words: Vec<_> =
        "Thank you, Amanda. Your appointment is on July 3rd at 4 p.m., as you asked.".split_inclusive(' ').collect();
    bencher.bench_local(|| {
        let mut splitter = ClauseSplitter::new(Limits::LIVE);
        let clauses = words.iter().map(|word| splitter.push(black_box(word)).len()).sum::<usize>();
        (clauses, splitter.finish())
    });
}

fn tone<const N: usize>() -> [f32; N] {
    std::array::from_fn(|n| (n as f32 * 0.1).sin() * 0.3)
}
