//! espeak-ng's own voice: robotic, but always there.

use super::{Espeak, EspeakVoice};
use crate::{
    domain::{Language, Provider, text::Script},
    speech::{
        SpeechError,
        local::voices::{Manner, Said, Voice},
        scheduler::Width,
    },
};

/// One of espeak-ng's voices as a [`Voice`].
#[derive(Clone, Debug)]
pub struct FormantVoice {
    id: String,
    language: Language,
    espeak: Espeak,
    voice: EspeakVoice,
}

impl FormantVoice {
    /// `voice` of espeak-ng, which reads text in `language`. Its id is espeak-ng's name after `espeak:`.
    pub fn new(espeak: &Espeak, voice: EspeakVoice, language: Language) -> Self {
        Self { id: format!("espeak:{}", voice.name()), language, espeak: espeak.clone(), voice }
    }
}

impl Voice for FormantVoice {
    fn id(&self) -> &str {
        &self.id
    }

    fn provider(&self) -> Provider {
        Provider::local("espeak", self.voice.name())
    }

    fn language(&self) -> Language {
        self.language
    }

    /// espeak-ng's Arabic voice reads Latin letters in English; its other voices spell Arabic letters by their names.
    fn reads(&self, script: Script) -> bool {
        script == Script::Other || self.language == Language::ARABIC
    }

    fn speakers(&self) -> u32 {
        1
    }

    fn rate_hz(&self) -> u32 {
        self.espeak.rate_hz()
    }

    fn width(&self) -> Width {
        Width::ONE
    }

    fn say(&self, clause: &str, manner: &Manner<'_>) -> Result<Said, SpeechError> {
        self.espeak.samples(clause, &self.voice, manner.speed, manner.stop)
    }
}
