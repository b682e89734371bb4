//! For tests: the reference's answers in tests/fixtures/ears_golden.json, and where the models are.

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use serde::Deserialize;

use crate::audio::{Clip, ENGINE_HZ, read};

/// What the reference says; tests/fixtures/ears_golden.py wrote it.
#[derive(Deserialize)]
pub(super) struct Golden {
    pub(super) mels: Vec<usize>,
    pub(super) frames: Vec<usize>,
    pub(super) turns: Vec<Turn>,
    pub(super) voice: Vec<Voice>,
}

/// Recordings one after the other, of which the first `keep` samples are judged.
#[derive(Deserialize)]
pub(super) struct Turn {
    pub(super) clips: Vec<String>,
    pub(super) keep: usize,
    /// The lowest and the highest that the reference gives.
    pub(super) probability: [f32; 2],
    pub(super) mean: f64,
    pub(super) features: Vec<Vec<f32>>,
}

/// The probability of voice in each window of a recording.
#[derive(Deserialize)]
pub(super) struct Voice {
    pub(super) clip: String,
    pub(super) probabilities: Vec<f32>,
}

impl Turn {
    pub(super) fn samples(&self) -> Vec<f32> {
        let mut samples: Vec<f32> = self.clips.iter().flat_map(|name| clip(name)).collect();
        samples.resize(self.keep, 0.0);
        samples
    }
}

pub(super) fn load() -> Golden {
    serde_json::from_str(&fs::read_to_string(root().join("tests/fixtures/ears_golden.json")).unwrap()).unwrap()
}

/// One of the speech model's test recordings.
pub(super) fn clip(name: &str) -> Vec<f32> {
    let Clip { rate_hz, samples } = read(&root().join("models/starter-stt/test-wavs").join(name)).unwrap();
    assert_eq!(rate_hz, ENGINE_HZ);
    samples
}

/// A model file; a test without its model fails.
pub(super) fn model(file: &str) -> PathBuf {
    let folder = env::var_os("CALLSTEAD_TEST_MODELS_DIR").map_or_else(|| root().join("target/models"), PathBuf::from);
    let path = folder.join(file);
    assert!(path.is_file(), "{} is missing: run `make models`, or set CALLSTEAD_TEST_MODELS_DIR", path.display());
    path
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}
