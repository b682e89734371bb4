//! The JSON file beside a Piper model: how text becomes the model's numbers.

use std::{collections::HashMap, fs, path::Path};

use serde::Deserialize;

use crate::domain::Language;

/// What of a voice's `.onnx.json` matters here; the file has more.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct VoiceConfig {
    pub(super) audio: Audio,
    #[serde(default)]
    pub(super) espeak: Option<Espeak>,
    #[serde(default)]
    language: Option<LanguageConfig>,
    #[serde(default)]
    pub(super) inference: Inference,
    #[serde(default)]
    pub(super) phoneme_type: PhonemeType,
    pub(super) phoneme_id_map: HashMap<String, Vec<i32>>,
    #[serde(default = "one")]
    pub(super) num_speakers: u32,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct Audio {
    /// In Hz.
    pub(super) sample_rate: u32,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct Espeak {
    /// espeak-ng's name of the voice that phonemes come from: `en-us`.
    pub(super) voice: String,
}

#[derive(Clone, Debug, Deserialize)]
struct LanguageConfig {
    /// `en_US`
    code: String,
}

/// The model's `scales`, as it was trained for.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(default)]
pub(super) struct Inference {
    /// Liveliness of the voice.
    pub(super) noise_scale: f32,
    /// 1.0 is the speed of the recordings; longer is slower.
    pub(super) length_scale: f32,
    /// Liveliness of the rhythm.
    pub(super) noise_w: f32,
}

impl Default for Inference {
    fn default() -> Self {
        Self { noise_scale: 0.667, length_scale: 1.0, noise_w: 0.8 }
    }
}

/// What the model was trained on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum PhonemeType {
    /// espeak-ng's phonemes.
    #[default]
    Espeak,
    /// The text's own letters.
    Text,
}

fn one() -> u32 {
    1
}

impl VoiceConfig {
    /// Reads and checks a file; an error says what is wrong with it.
    pub(super) fn read(path: &Path) -> Result<Self, String> {
        let text = fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
        let config: Self = serde_json::from_str(&text)
            .map_err(|error| format!("{} is no configuration of a Piper voice: {error}", path.display()))?;
        config.check().map_err(|reason| format!("{}: {reason}", path.display()))?;
        Ok(config)
    }

    fn check(&self) -> Result<(), String> {
        if !(8_000..=48_000).contains(&self.audio.sample_rate) {
            return Err(format!("sample_rate {} is not between 8000 and 48000", self.audio.sample_rate));
        }
        if self.num_speakers == 0 {
            return Err("num_speakers is 0".to_owned());
        }
        if self.phoneme_type == PhonemeType::Espeak && self.espeak.is_none() {
            return Err("espeak.voice is missing".to_owned());
        }
        let Inference { noise_scale, length_scale, noise_w } = self.inference;
        if !(noise_scale >= 0.0 && noise_w >= 0.0 && (0.1..=10.0).contains(&length_scale)) {
            return Err("inference has scales that no voice can have".to_owned());
        }
        let missing = ["^", "$", "_"].into_iter().find(|mark| self.phoneme_id_map.get(*mark).is_none_or(Vec::is_empty));
        match missing {
            Some(mark) => Err(format!("phoneme_id_map has no '{mark}'")),
            None => Ok(()),
        }
    }

    /// The language that the voice speaks.
    pub(super) fn language(&self) -> Result<Language, String> {
        let code = self.language.as_ref().map(|language| language.code.as_str());
        let code = code.or_else(|| self.espeak.as_ref().map(|espeak| espeak.voice.as_str()));
        code.ok_or("it does not say its language")?.parse().map_err(|error| format!("{error}"))
    }
}
