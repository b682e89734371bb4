//! All voices of this machine behind one [`Synthesizer`]: which of them speaks a sentence, and the threads that do it.
//!
//! A sentence's voice is the one it names, else the one that is preferred for its language, else a Piper voice of that, else
//! espeak-ng's. Words in a script that
//! the voice does not read (Arabic names in an English sentence) are spoken by the usual voice of that script.

mod mouth;

use std::{
    io,
    num::NonZeroUsize,
    sync::{Arc, PoisonError, RwLock},
};

use super::{
    espeak::{Espeak, FormantVoice},
    piper::PiperVoice,
};
use crate::{
    domain::{
        Language, Provider,
        text::{Script, is_speakable},
    },
    speech::{
        Results, Sentence, SpeechError, Synthesizer, Voiced,
        scheduler::{Crew, Scheduler, Width, refuse},
    },
};
use mouth::{Cast, Job};

/// The engine's name in errors.
const ENGINE: &str = "voice";
/// The id of the voice that is always there, in every language that it speaks.
const FORMANT: &str = "espeak";
/// The longest text that is spoken in one piece, in characters: about twenty minutes.
pub const MAX_TEXT: usize = 20_000;
/// The speeds that voices take.
pub const SPEEDS: std::ops::RangeInclusive<f32> = 0.5..=2.0;
/// How many sentences may be under way. A mouth whose listener has heard enough for now waits, and uses no core.
const MOUTHS: usize = 8;
/// How many sentences may wait for a mouth.
const WAITING: usize = 64;
/// How far speech is made ahead of a listener who does not take it: 5 s.
const FRAMES_AHEAD: usize = 250;

/// How a clause is to be said.
pub struct Manner<'a> {
    /// 1.0 is the voice's own speed, 2.0 twice as fast.
    pub speed: f32,
    /// Below [`Voice::speakers`].
    pub speaker: u32,
    /// How many threads may compute.
    pub threads: usize,
    /// Whether nobody listens any more: a voice that can stop early should.
    pub stop: &'a dyn Fn() -> bool,
}

/// A clause as sound.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Said {
    /// At the voice's rate, -1.0 to 1.0 (voices may go slightly beyond).
    pub samples: Vec<f32>,
    /// Where words begin, in order: in the clause in bytes, in the sound in samples.
    pub words: Vec<(usize, usize)>,
    /// Whether the voice does not know, and `words` were reckoned.
    pub is_estimate: bool,
}

/// A voice: turns clauses into sound. Threads, queues and rates are its users' business.
pub trait Voice: Send + Sync {
    /// The name by which a sentence asks for it.
    fn id(&self) -> &str;
    /// Who speaks when it does.
    fn provider(&self) -> Provider;
    /// The language that it speaks.
    fn language(&self) -> Language;
    /// Whether it can read words in `script`.
    fn reads(&self, script: Script) -> bool;
    /// How many speakers it has, 1 or more.
    fn speakers(&self) -> u32;
    /// Rate of its sound, in Hz.
    fn rate_hz(&self) -> u32;
    /// How many cores it can use.
    fn width(&self) -> Width;
    /// Says one clause.
    ///
    /// # Errors
    /// [`SpeechError::Failed`] when the voice does.
    fn say(&self, clause: &str, manner: &Manner<'_>) -> Result<Said, SpeechError>;
}

/// Every voice there is.
pub struct Voices {
    installed: Vec<Arc<dyn Voice>>,
    /// Those that are set as usual, by language.
    preferred: RwLock<Vec<(Language, String)>>,
    espeak: Espeak,
    crew: Crew<Job>,
}

impl Voices {
    /// `installed` voices, the preferred one of each language first, with espeak-ng behind them.
    ///
    /// # Errors
    /// When the operating system gives no threads.
    pub fn new(installed: Vec<PiperVoice>, espeak: Espeak, scheduler: &Scheduler) -> io::Result<Self> {
        let installed = installed.into_iter().map(|voice| Arc::new(voice) as Arc<dyn Voice>).collect();
        let mouths = NonZeroUsize::new(MOUTHS).unwrap_or(NonZeroUsize::MIN);
        Self::with_mouths(installed, espeak, scheduler, mouths)
    }

    fn with_mouths(
        installed: Vec<Arc<dyn Voice>>,
        espeak: Espeak,
        scheduler: &Scheduler,
        mouths: NonZeroUsize,
    ) -> io::Result<Self> {
        let (mut crew, requests) = Crew::<Job>::new(ENGINE, WAITING);
        let requests = Arc::new(requests);
        for _ in 0..mouths.get() {
            let (requests, scheduler_of_mouth) = (Arc::clone(&requests), scheduler.clone());
            crew.enlist(scheduler, move || requests.serve(|job| job.run(&scheduler_of_mouth)))?;
        }
        Ok(Self { installed, preferred: RwLock::default(), espeak, crew })
    }

    /// The ids that a sentence can name.
    pub fn ids(&self) -> Vec<String> {
        let installed = self.installed.iter().map(|voice| voice.id().to_owned());
        installed.chain(self.espeak.voices().map(|name| format!("espeak:{name}"))).collect()
    }

    /// The voice that speaks `sentence`, without its text being looked at.
    ///
    /// # Errors
    /// [`SpeechError::Unsupported`] naming the voices there are.
    pub fn choose(&self, sentence: &Sentence) -> Result<Arc<dyn Voice>, SpeechError> {
        match sentence.voice.as_deref() {
            None => self.usual(sentence.language),
            Some(id) => self.named(id, sentence.language),
        }
    }

    fn usual(&self, language: Language) -> Result<Arc<dyn Voice>, SpeechError> {
        // One that is not here any more is no reason to say nothing.
        if let Some(voice) = self.preferred(language).and_then(|id| self.named(&id, language).ok()) {
            return Ok(voice);
        }
        match self.installed.iter().find(|voice| voice.language() == language) {
            Some(voice) => Ok(Arc::clone(voice)),
            None => self.formant(language),
        }
    }

    /// Held for a look-up; nothing in there panics half-way.
    fn preferred(&self, language: Language) -> Option<String> {
        let preferred = self.preferred.read().unwrap_or_else(PoisonError::into_inner);
        preferred.iter().find(|(of, _)| *of == language).map(|(_, id)| id.clone())
    }

    fn formant(&self, language: Language) -> Result<Arc<dyn Voice>, SpeechError> {
        let voice = self.espeak.voice_for(language).map_err(|error| match error {
            SpeechError::Unsupported(reason) => {
                SpeechError::Unsupported(format!("no voice speaks {}: {reason}", language.name()))
            }
            other => other,
        })?;
        Ok(Arc::new(FormantVoice::new(&self.espeak, voice, language)))
    }

    fn named(&self, id: &str, language: Language) -> Result<Arc<dyn Voice>, SpeechError> {
        if id == FORMANT {
            return self.formant(language);
        }
        if let Some(voice) = self.installed.iter().find(|voice| voice.id() == id) {
            return Ok(Arc::clone(voice));
        }
        let unknown = || SpeechError::Unsupported(format!("unknown voice '{id}': there are {}", self.ids().join(", ")));
        let voice = id.strip_prefix("espeak:").and_then(|name| self.espeak.voice(name).ok()).ok_or_else(unknown)?;
        let language = voice.name().parse().unwrap_or(language);
        Ok(Arc::new(FormantVoice::new(&self.espeak, voice, language)))
    }

    /// The voices that speak `sentence`: its own, and the one for words in the script that that one does not read.
    fn cast(&self, sentence: &Sentence) -> Result<Cast, SpeechError> {
        let unsupported = |reason: String| Err(SpeechError::Unsupported(reason));
        if !is_speakable(&sentence.text) {
            return unsupported("there is nothing to say: the text has no letters or digits".to_owned());
        }
        let length = sentence.text.chars().count();
        if length > MAX_TEXT {
            return unsupported(format!(
                "the text has {length} characters, at most {MAX_TEXT} are spoken at once: split it"
            ));
        }
        if !SPEEDS.contains(&sentence.speed) {
            return unsupported(format!(
                "speed {}: give one from {} to {}",
                sentence.speed,
                SPEEDS.start(),
                SPEEDS.end()
            ));
        }
        let voice = self.choose(sentence)?;
        let speakers = voice.speakers();
        match sentence.speaker {
            Some(speaker) if speaker >= speakers => unsupported(match speakers {
                1 => format!("voice {} has one speaker: leave the speaker out", voice.id()),
                _ => format!("voice {} has no speaker {speaker}: give one from 0 to {}", voice.id(), speakers - 1),
            }),
            _ => {
                let others = [(Script::Arabic, Language::ARABIC), (Script::Other, Language::ENGLISH)];
                let other = others.into_iter().find(|(script, _)| !voice.reads(*script));
                let other = other.and_then(|(_, language)| self.usual(language).ok());
                Ok(Cast { voice, other })
            }
        }
    }
}

impl Synthesizer for Voices {
    fn speak(&self, sentence: Sentence) -> Results<Voiced> {
        match self.cast(&sentence) {
            Ok(cast) => {
                sentence.served.note(&cast.voice.provider());
                self.crew.ask(sentence.priority, FRAMES_AHEAD, |frames| Job { cast, sentence, frames })
            }
            Err(error) => refuse(error),
        }
    }

    fn voice(&self, sentence: &Sentence) -> Option<String> {
        self.choose(sentence).ok().map(|voice| voice.id().to_owned())
    }

    fn speaks(&self, language: Language) -> bool {
        self.usual(language).is_ok()
    }

    fn prefer(&self, voices: &[(Language, String)]) {
        *self.preferred.write().unwrap_or_else(PoisonError::into_inner) = voices.to_vec();
    }
}

#[cfg(test)]
mod tests;
