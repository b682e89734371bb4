//! `[speech]`

use super::{
    ConfigError,
    layers::Settings,
    values::{self, LANGUAGE, SPEED, set, within, words},
};
use crate::domain::Language;

/// `[speech]`
#[derive(Clone, Debug, PartialEq)]
pub struct Speech {
    /// `language`: the language spoken, or `auto`.
    pub language: Option<Language>,
    /// `voice`: the voice's id, or none for the language's usual one.
    pub voice: Option<String>,
    /// `speed`: 0.5 to 2.0.
    pub speed: f32,
    /// `stt_model`: a model's id; the best one installed unless set.
    pub stt_model: Option<String>,
    /// `llm_model`: a model's id; the best one installed unless set.
    pub llm_model: Option<String>,
    /// `threads`: cores the engines may use; all of them unless set.
    pub threads: Option<usize>,
    /// `context_tokens`: the language model's context.
    pub context_tokens: u32,
}

impl Speech {
    pub(super) const fn defaults() -> Self {
        Self {
            language: None,
            voice: None,
            speed: 1.0,
            stt_model: None,
            llm_model: None,
            threads: None,
            context_tokens: 2048,
        }
    }

    pub(super) fn apply(&mut self, written: &Settings) -> Result<(), ConfigError> {
        set(&mut self.language, written.read("speech.language", LANGUAGE, values::language)?);
        self.voice = written.read("speech.voice", "the id of a voice", words)?;
        set(&mut self.speed, written.read("speech.speed", SPEED, values::speed)?);
        self.stt_model = written.read("speech.stt_model", "the id of a model", words)?;
        self.llm_model = written.read("speech.llm_model", "the id of a model", words)?;
        self.threads = written.read("speech.threads", "from 1 to 1024", within(1, 1024))?;
        set(
            &mut self.context_tokens,
            written.read("speech.context_tokens", "from 256 to 131072", within(256, 131_072))?,
        );
        Ok(())
    }
}
