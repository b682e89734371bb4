//! A Piper voice through our synthesizer, phonemes, resampling and frames included.
//!
//! `cargo bench --bench piper -- VOICE.onnx`; without a real voice at hand, `python3 benches/medium_voice.py VOICE.onnx`
//! makes one of the same shape. To reach with a medium-sized voice on two cores: a real-time factor of at most 0.08, and
//! a one-second clause in at most 120 ms.
#![expect(clippy::print_stdout, reason = "a bench's result")]

use std::{
    path::PathBuf,
    time::{Duration, Instant},
};

use callstead::{
    audio::FRAME_MS,
    domain::Language,
    speech::{
        Sentence, Synthesizer,
        local::{espeak::Espeak, piper::PiperVoice, voices::Voices},
        scheduler::Scheduler,
    },
};

/// About one second.
const CLAUSE: &str = "One moment.";
const SENTENCE: &str = "Your appointment is on Monday the third of July at four in the afternoon in our office.";
const ROUNDS: usize = 30;

fn main() {
    let voice = std::env::args().skip(1).find(|argument| !argument.starts_with('-')).map(PathBuf::from);
    let Some(voice) = voice else {
        println!("no voice given: cargo bench --bench piper -- VOICE.onnx");
        return;
    };
    let folder = tempfile::tempdir().expect("a temporary folder");
    let espeak = Espeak::open(folder.path()).expect("espeak's data");
    let piper = PiperVoice::load("bench", &voice, &espeak).expect("a Piper voice");
    let voices = Voices::new(vec![piper], espeak, &Scheduler::for_this_machine(None)).expect("threads");
    for (what, text) in [("clause", CLAUSE), ("sentence", SENTENCE)] {
        let mut runs: Vec<_> = (0..ROUNDS).map(|_| speak(&voices, text)).collect();
        runs.sort();
        let (time, sound) = runs[ROUNDS / 2];
        let factor = time.as_secs_f64() / sound.as_secs_f64();
        println!("{what} of {:.2} s: {time:?}, real-time factor {factor:.3}", sound.as_secs_f64());
    }
}

/// How long it took, and how long it plays.
fn speak(voices: &Voices, text: &str) -> (Duration, Duration) {
    let began = Instant::now();
    let mut frames =
        voices.speak(Sentence { voice: Some("bench".to_owned()), ..Sentence::new(text, Language::ENGLISH) });
    let mut sound = Duration::ZERO;
    while let Some(frame) = frames.blocking_recv() {
        frame.expect("sound");
        sound += Duration::from_millis(FRAME_MS.into());
    }
    (began.elapsed(), sound)
}
