//! For tests: the reference's answers in tests/fixtures/ears_golden.json.

use std::fs;

use serde::Deserialize;

use crate::testing::{recording, repository};

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
        let mut samples: Vec<f32> = self.clips.iter().flat_map(|name| recording(name)).collect();
        samples.resize(self.keep, 0.0);
        samples
    }
}

pub(super) fn load() -> Golden {
    serde_json::from_str(&fs::read_to_string(repository("tests/fixtures/ears_golden.json")).unwrap()).unwrap()
}
