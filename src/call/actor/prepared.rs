//! Sentences that are said again and again, as sound: so that a box with no core to spare can say them too.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use crate::{
    audio::Frame,
    domain::{Language, Provider},
    speech::{Priority, Sentence, Synthesizer},
};

/// So many sentences are kept, some 300 KB each: those of two languages, and of a few profiles.
const MOST: usize = 48;

/// Sound by sentence. Clones share it.
#[derive(Clone, Debug, Default)]
pub(in crate::call) struct Prepared(Arc<Mutex<HashMap<Key, Sound>>>);

#[derive(Clone, Debug)]
struct Sound {
    frames: Arc<[Frame]>,
    made_by: Option<Provider>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Key {
    text: String,
    language: Language,
    voice: Option<String>,
    speed: u32,
}

impl Key {
    fn of(sentence: &Sentence) -> Self {
        let Sentence { text, language, voice, speed, .. } = sentence;
        Self { text: text.clone(), language: *language, voice: voice.clone(), speed: speed.to_bits() }
    }
}

impl Prepared {
    /// The sound of `sentence`, if it is there. Who made it served the sentence.
    pub(super) fn get(&self, sentence: &Sentence) -> Option<Arc<[Frame]>> {
        let Sound { frames, made_by } = self.lock().get(&Key::of(sentence)).cloned()?;
        if let Some(provider) = made_by {
            sentence.served.note(&provider);
        }
        Some(frames)
    }

    /// Keeps the sound of `sentence`, unless enough is kept.
    pub(super) fn keep(&self, sentence: &Sentence, frames: Vec<Frame>) {
        let mut kept = self.lock();
        if kept.len() < MOST && !frames.is_empty() {
            let made_by = sentence.served.by().cloned();
            kept.insert(Key::of(sentence), Sound { frames: frames.into(), made_by });
        }
    }

    /// Makes the sound of `sentence` beforehand, when there is nothing better to do.
    pub(in crate::call) async fn prepare(&self, voices: &Arc<dyn Synthesizer>, sentence: Sentence) {
        if self.get(&sentence).is_some() {
            return;
        }
        let mut frames = voices.speak(Sentence { priority: Priority::Batch, ..sentence.clone() });
        let mut sound = Vec::new();
        while let Some(frame) = frames.recv().await {
            match frame {
                Ok(frame) => sound.push(frame),
                Err(error) => return tracing::warn!(%error, "a sentence could not be prepared"),
            }
        }
        self.keep(&sentence, sound);
    }

    /// Held for a look-up; nothing in there panics half-way.
    fn lock(&self) -> MutexGuard<'_, HashMap<Key, Sound>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
