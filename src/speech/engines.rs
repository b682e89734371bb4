//! The engines of this box, loaded from the models that are installed.

use std::{
    num::{NonZeroU32, NonZeroUsize},
    path::Path,
    sync::Arc,
};

use serde::Serialize;

use super::{
    Chooser, Responder, Sentence, SpeechError, Synthesizer, Transcriber,
    ladder::{Ladder, Rung},
    local::{
        espeak::Espeak,
        llama::{self, Llama},
        piper::PiperVoice,
        turn::TurnDetector,
        vad::Vad,
        voices::{Voice, Voices},
        whisper::Whisper,
    },
    scheduler::Scheduler,
};
pub use crate::models::{Kind as EngineKind, Understanding};
use crate::{
    config::Config,
    domain::{Language, Provider},
    models::{Installed, Library, Manifest, Model, ModelError},
};

/// Languages whose voices are loaded on every box.
const SPOKEN: [Language; 2] = [Language::ENGLISH, Language::ARABIC];

/// Why an engine is not there.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EngineError {
    /// Its model is not installed, or damaged.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// It cannot run its model.
    #[error(transparent)]
    Speech(#[from] SpeechError),
    /// No voice here has the name, or speaks the language, that was asked for.
    #[error(transparent)]
    NoVoice(SpeechError),
    /// Others were loaded.
    #[error("no {} model was loaded", .0.name())]
    NotLoaded(EngineKind),
}

/// An engine that is ready.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct EngineInfo {
    /// What it is for.
    pub kind: EngineKind,
    /// Which model or voice it runs, by its id.
    pub name: String,
}

/// Something without which no call can be served.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Missing {
    /// What it is for.
    pub kind: EngineKind,
    /// What is missing, in words: `no speech recognition model is installed`.
    pub what: String,
    /// The command that brings it.
    pub how: String,
}

/// A part that is there, or why it is not.
type Part<T> = Result<T, EngineError>;

/// Everything that hears, thinks and speaks. A part that is not installed says what to do when it is asked for.
pub struct Engines {
    scheduler: Scheduler,
    vad: Part<Vad>,
    turn_detector: Part<TurnDetector>,
    transcriber: Part<Arc<dyn Transcriber>>,
    responder: Part<Arc<dyn Responder>>,
    chooser: Part<Arc<dyn Chooser>>,
    synthesizer: Part<Arc<dyn Synthesizer>>,
    infos: Vec<EngineInfo>,
    missing: Vec<Missing>,
}

/// A step of loading.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Loading {
    /// Steps done.
    pub done: usize,
    /// Steps in all.
    pub total: usize,
    /// What is being loaded now.
    pub kind: EngineKind,
}

impl Engines {
    /// Loads and warms the engines of `kinds`; `report` hears of each before it is loaded, and ends the loading there by
    /// `false`. Blocks, for up to some seconds with large models. Must not be called on an async thread.
    pub fn load(config: &Config, kinds: &[EngineKind], report: impl FnMut(Loading) -> bool) -> Self {
        Self::load_beside(None, config, kinds, report)
    }

    /// The same where those `before` run: with what was installed since, and on the same cores. What runs the model already that
    /// it is to run is not loaded twice. Whoever holds those before keeps them.
    pub fn load_again(
        before: &Self,
        config: &Config,
        kinds: &[EngineKind],
        report: impl FnMut(Loading) -> bool,
    ) -> Self {
        Self::load_beside(Some(before), config, kinds, report)
    }

    fn load_beside(
        before: Option<&Self>,
        config: &Config,
        kinds: &[EngineKind],
        mut report: impl FnMut(Loading) -> bool,
    ) -> Self {
        let cores = || Scheduler::for_this_machine(config.speech.threads);
        let scheduler = before.map_or_else(cores, |before| before.scheduler.clone());
        let loader = Loader { config, library: Library::of(config), scheduler };
        let mut engines = Self {
            scheduler: loader.scheduler.clone(),
            vad: not_loaded(EngineKind::Vad),
            turn_detector: not_loaded(EngineKind::Turn),
            transcriber: not_loaded(EngineKind::Stt),
            responder: not_loaded(EngineKind::Llm),
            chooser: not_loaded(EngineKind::Llm),
            synthesizer: not_loaded(EngineKind::Tts),
            infos: Vec::new(),
            missing: Vec::new(),
        };
        for (done, &kind) in kinds.iter().enumerate() {
            if !report(Loading { done, total: kinds.len(), kind }) {
                break;
            }
            if let Some(before) = before
                && let Some(info) = before.infos.iter().find(|info| info.kind == kind)
                && loader.wanted(kind).as_ref() == Some(&info.name)
            {
                engines.take_over(before, info);
                continue;
            }
            let loaded = match kind {
                EngineKind::Vad => put(loader.vad(), &mut engines.vad),
                EngineKind::Turn => put(loader.turn_detector(), &mut engines.turn_detector),
                EngineKind::Stt => put(loader.transcriber(), &mut engines.transcriber),
                EngineKind::Llm => engines.put_llama(loader.llama()),
                EngineKind::Tts => put(loader.synthesizer(), &mut engines.synthesizer),
            };
            match loaded {
                Ok(name) => engines.infos.push(EngineInfo { kind, name }),
                Err(error) => engines.missing.push(loader.missing(kind, &error)),
            }
        }
        engines
    }

    /// What does a job goes on doing it.
    fn take_over(&mut self, before: &Self, info: &EngineInfo) {
        match info.kind {
            EngineKind::Vad => self.vad = before.vad.clone(),
            EngineKind::Turn => self.turn_detector = before.turn_detector.clone(),
            EngineKind::Stt => self.transcriber = before.transcriber.clone(),
            EngineKind::Llm => {
                (self.responder, self.chooser) = (before.responder.clone(), before.chooser.clone());
            }
            EngineKind::Tts => self.synthesizer = before.synthesizer.clone(),
        }
        self.infos.push(info.clone());
    }

    /// It thinks, and chooses.
    fn put_llama(&mut self, loaded: Part<(Llama, String)>) -> Part<String> {
        match loaded {
            Ok((llama, name)) => {
                let llama = Arc::new(llama);
                self.responder = Ok(Arc::new(lone("llama", &name, Arc::clone(&llama) as Arc<dyn Responder>)));
                self.chooser = Ok(llama);
                Ok(name)
            }
            Err(error) => {
                self.responder = Err(error.clone());
                self.chooser = Err(error.clone());
                Err(error)
            }
        }
    }

    /// What was wanted and is not there.
    pub fn missing(&self) -> &[Missing] {
        &self.missing
    }

    /// What runs, by kind.
    pub fn infos(&self) -> &[EngineInfo] {
        &self.infos
    }

    /// Whether the model that hears knows `language`.
    pub fn hears(&self, language: Language) -> bool {
        let mut ears = self.infos.iter().filter(|it| it.kind == EngineKind::Stt);
        ears.any(|it| Manifest::embedded().model(&it.name).is_ok_and(|model| model.languages.include(language)))
    }

    /// How the language model is asked what callers meant; `None` where there is none, or none that is worth the wait.
    pub fn understanding(&self) -> Option<Understanding> {
        let thinks = self.infos.iter().find(|it| it.kind == EngineKind::Llm)?;
        let model = Manifest::embedded().model(&thinks.name).ok()?;
        Some(model.understanding()).filter(|understanding| understanding.asked)
    }

    /// Lends the cores to all of them.
    pub fn scheduler(&self) -> &Scheduler {
        &self.scheduler
    }

    /// Tells speech from silence.
    ///
    /// # Errors
    /// When it is not installed, with what to do; so do all the others.
    pub fn vad(&self) -> Result<&Vad, EngineError> {
        self.vad.as_ref().map_err(Clone::clone)
    }

    /// Tells whether a caller is done, if it is installed: without it, pauses decide.
    pub fn turn_detector(&self) -> Option<&TurnDetector> {
        self.turn_detector.as_ref().ok()
    }

    /// Hears.
    ///
    /// # Errors
    /// When no model for it is installed, with what to do.
    pub fn transcriber(&self) -> Result<&Arc<dyn Transcriber>, EngineError> {
        self.transcriber.as_ref().map_err(Clone::clone)
    }

    /// Thinks.
    ///
    /// # Errors
    /// When no model for it is installed, with what to do.
    pub fn responder(&self) -> Result<&Arc<dyn Responder>, EngineError> {
        self.responder.as_ref().map_err(Clone::clone)
    }

    /// Tells which words are likely, and so what an answer means.
    ///
    /// # Errors
    /// When no model for it is installed, with what to do.
    pub fn chooser(&self) -> Result<&Arc<dyn Chooser>, EngineError> {
        self.chooser.as_ref().map_err(Clone::clone)
    }

    /// Speaks.
    ///
    /// # Errors
    /// When the voice asked for is not installed, with what to do.
    pub fn synthesizer(&self) -> Result<&Arc<dyn Synthesizer>, EngineError> {
        self.synthesizer.as_ref().map_err(Clone::clone)
    }
}

/// Keeps a part; gives the name of what it runs.
fn put<T>(loaded: Part<(T, String)>, part: &mut Part<T>) -> Part<String> {
    match loaded {
        Ok((value, name)) => {
            *part = Ok(value);
            Ok(name)
        }
        Err(error) => {
            *part = Err(error.clone());
            Err(error)
        }
    }
}

/// A ladder with one rung, which knows its name. Voices note themselves which of them speaks.
fn lone<P: ?Sized + Send + Sync + 'static>(engine: &str, model: &str, provider: Arc<P>) -> Ladder<P> {
    Ladder::new(vec![Rung { name: Provider::local(engine, model), provider }])
}

fn not_loaded<T>(kind: EngineKind) -> Part<T> {
    Err(EngineError::NotLoaded(kind))
}

/// The language model in the GGUF file `model`, run as this box is configured, and warm. Blocks.
///
/// # Errors
/// As [`Llama::load`].
pub fn load_llama(config: &Config, model: &Path, scheduler: &Scheduler) -> Result<Llama, SpeechError> {
    let llama = open_llama(config, model, scheduler)?;
    llama.warm(&config.agent.prompt)?;
    Ok(llama)
}

fn open_llama(config: &Config, model: &Path, scheduler: &Scheduler) -> Result<Llama, SpeechError> {
    let settings = llama::Settings {
        context_tokens: NonZeroU32::new(config.speech.context_tokens).unwrap_or(NonZeroU32::MIN),
        threads: config.speech.threads.and_then(NonZeroUsize::new),
    };
    Llama::load(model, settings, scheduler)
}

/// The voices of this box: the Piper voice in the file `extra`, which goes by its file's name; those that are installed
/// for the languages of this box, the best of each first; and espeak-ng behind them. An installed voice that was asked for must work; another
/// that does not is left out.
///
/// # Errors
/// When the voice asked for, or `extra`, is missing or cannot be used.
pub fn load_voices(config: &Config, extra: Option<&Path>, scheduler: &Scheduler) -> Result<Voices, EngineError> {
    let espeak = Espeak::open(&config.paths.data_dir)?;
    let mut voices = Vec::new();
    if let Some(file) = extra {
        let id = file.file_stem().unwrap_or_default().to_string_lossy();
        voices.push(PiperVoice::load(id, file, &espeak)?);
    }
    load_installed_voices(config, &espeak, &mut voices)?;
    let voices = Voices::new(voices, espeak, scheduler)
        .map_err(|error| SpeechError::Failed { engine: "voice", reason: error.to_string() })?;
    Ok(voices)
}

fn load_installed_voices(config: &Config, espeak: &Espeak, voices: &mut Vec<PiperVoice>) -> Part<()> {
    let library = Library::of(config);
    if let Some(id) = &config.speech.voice
        && library.manifest().model(id).is_ok()
    {
        voices.push(load_voice(&library.find(EngineKind::Tts, None, Some(id))?, espeak)?);
    }
    let spoken = || config.speech.language.into_iter().chain(SPOKEN);
    let best = spoken().filter_map(|language| library.find(EngineKind::Tts, Some(language), None).ok());
    let is_spoken =
        |model: &&Model| model.kind == EngineKind::Tts && spoken().any(|language| model.languages.include(language));
    let others = library.manifest().models.iter().filter(is_spoken);
    let others = others.filter_map(|model| library.find(EngineKind::Tts, None, Some(&model.id)).ok());
    for model in best.chain(others) {
        if voices.iter().any(|voice| voice.id() == model.id) {
            continue;
        }
        match load_voice(&model, espeak) {
            Ok(voice) => voices.push(voice),
            Err(error) => tracing::warn!(voice = model.id, %error, "this voice is left out"),
        }
    }
    Ok(())
}

fn load_voice(model: &Installed, espeak: &Espeak) -> Result<PiperVoice, SpeechError> {
    PiperVoice::load(model.id.clone(), &model.path, espeak)
}

struct Loader<'a> {
    config: &'a Config,
    library: Library<'static>,
    scheduler: Scheduler,
}

impl Loader<'_> {
    /// The model that does a job; `None`: none does, or it is not one model, as with voices.
    fn wanted(&self, kind: EngineKind) -> Option<String> {
        let speech = &self.config.speech;
        let (language, preferred) = match kind {
            EngineKind::Vad | EngineKind::Turn => (None, None),
            EngineKind::Stt => (speech.language, speech.stt_model.as_deref()),
            EngineKind::Llm => (speech.language, speech.llm_model.as_deref()),
            EngineKind::Tts => return None,
        };
        Some(self.library.find(kind, language, preferred).ok()?.id)
    }

    fn vad(&self) -> Part<(Vad, String)> {
        let model = self.library.find(EngineKind::Vad, None, None)?;
        Ok((self.opened(&model, Vad::load(&model.path))?, model.id))
    }

    fn turn_detector(&self) -> Part<(TurnDetector, String)> {
        let model = self.library.find(EngineKind::Turn, None, None)?;
        let detector = self.opened(&model, TurnDetector::load(&model.path, &self.scheduler))?;
        Ok((detector, model.id))
    }

    fn transcriber(&self) -> Part<(Arc<dyn Transcriber>, String)> {
        let speech = &self.config.speech;
        let model = self.library.find(EngineKind::Stt, speech.language, speech.stt_model.as_deref())?;
        let whisper = self.opened(&model, Whisper::load(&model.path, &self.scheduler))?;
        whisper.warm()?;
        Ok((Arc::new(lone("whisper", &model.id, Arc::new(whisper) as Arc<dyn Transcriber>)), model.id))
    }

    fn llama(&self) -> Part<(Llama, String)> {
        let model =
            self.library.find(EngineKind::Llm, self.config.speech.language, self.config.speech.llm_model.as_deref())?;
        let llama = self.opened(&model, open_llama(self.config, &model.path, &self.scheduler))?;
        llama.warm(&self.config.agent.prompt)?;
        Ok((llama, model.id))
    }

    /// Named after the voice that speaks unless a call asks for another.
    fn synthesizer(&self) -> Part<(Arc<dyn Synthesizer>, String)> {
        let voices = load_voices(self.config, None, &self.scheduler)?;
        let speech = &self.config.speech;
        let usual = Sentence {
            voice: speech.voice.clone(),
            ..Sentence::new(String::new(), speech.language.unwrap_or(Language::ENGLISH))
        };
        let name = voices.choose(&usual).map_err(EngineError::NoVoice)?.id().to_owned();
        Ok((Arc::new(voices), name))
    }

    /// An engine, or what is wrong with its model and how to mend it.
    fn opened<T>(&self, model: &Installed, engine: Result<T, SpeechError>) -> Part<T> {
        let damaged = |error: SpeechError| ModelError::Damaged {
            id: model.id.clone(),
            why: error.to_string(),
            command: self.config.command(&format!("models pull {}", model.id)),
        };
        Ok(engine.map_err(damaged)?)
    }

    fn missing(&self, kind: EngineKind, error: &EngineError) -> Missing {
        let what = match error {
            EngineError::Model(ModelError::NoneInstalled { .. }) => format!("no {} model is installed", kind.name()),
            other => other.to_string(),
        };
        let how = match error {
            EngineError::Speech(_) | EngineError::NotLoaded(_) => "doctor".to_owned(),
            EngineError::NoVoice(_) => "models list".to_owned(),
            EngineError::Model(_) => match self.library.remedy(kind, self.config.speech.language) {
                Some(name) => format!("models pull {name}"),
                None => "models list".to_owned(),
            },
        };
        let how = self.config.command(&how);
        Missing { kind, what, how }
    }
}
