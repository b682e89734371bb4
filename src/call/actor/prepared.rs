//! Sentences that are said again and again, as sound: so that a box with no core to spare can say them too.
//!
//! They are kept in memory only: in two languages they are two minutes of sound, which a medium-sized Piper voice makes anew in
//! some ten seconds on two cores that are free (docs/benchmarks.md), while nobody waits. And they are kept as the frames that
//! a line takes: Opus would have to be decoded again to be faded, ducked, or gone on with from a word.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use crate::{
    audio::Frame,
    domain::{Provider, WordStart},
    speech::{Priority, Sentence, Synthesizer, Voiced},
};

/// So much sound is kept at most: eight minutes, 96 kB each second. What was not said for longest goes first.
const MOST_BYTES: usize = 48 * 1024 * 1024;

/// A sentence as sound.
#[derive(Debug, Default)]
pub(super) struct Recording {
    pub(super) frames: Vec<Frame>,
    /// When its words begin.
    pub(super) words: Vec<WordStart>,
}

impl Recording {
    pub(super) fn push(&mut self, Voiced { frame, words }: Voiced) {
        self.frames.push(frame);
        self.words.extend(words);
    }

    fn bytes(&self) -> usize {
        size_of_val(&*self.frames) + size_of_val(&*self.words)
    }
}

/// What decides how a sentence sounds: its words, and the voice as it was found rather than as it was asked for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Key {
    voice: Option<String>,
    speaker: Option<u32>,
    speed: u32,
    text: String,
}

impl Key {
    /// For `sentence` as `voices` would say it.
    pub(super) fn new(voices: Option<&dyn Synthesizer>, sentence: &Sentence) -> Self {
        let voice = voices.and_then(|voices| voices.voice(sentence));
        let Sentence { text, speaker, speed, .. } = sentence;
        Self { voice, speaker: *speaker, speed: speed.to_bits(), text: text.clone() }
    }
}

/// Sound by sentence. Clones share it.
#[derive(Clone, Debug, Default)]
pub(in crate::call) struct Prepared(Arc<Mutex<Shelf>>);

#[derive(Debug, Default)]
struct Shelf {
    kept: HashMap<Key, Kept>,
    bytes: usize,
    /// Counts who was given or kept something.
    uses: u64,
}

#[derive(Debug)]
struct Kept {
    recording: Arc<Recording>,
    made_by: Option<Provider>,
    /// The latest of `uses`.
    used: u64,
}

impl Prepared {
    /// The sound of `sentence`, which goes by `key`, if it is there. Who made it served the sentence.
    pub(super) fn get(&self, key: &Key, sentence: &Sentence) -> Option<Arc<Recording>> {
        let mut shelf = self.lock();
        let Shelf { kept, uses, .. } = &mut *shelf;
        let found = kept.get_mut(key)?;
        *uses += 1;
        found.used = *uses;
        if let Some(provider) = &found.made_by {
            sentence.served.note(provider);
        }
        Some(Arc::clone(&found.recording))
    }

    /// Keeps the sound of `sentence`, which goes by `key`.
    pub(super) fn keep(&self, key: Key, sentence: &Sentence, recording: Arc<Recording>) {
        if !recording.frames.is_empty() {
            self.lock().put(key, recording, sentence.served.by().cloned(), MOST_BYTES);
        }
    }

    /// Makes the sound of `sentences` beforehand, one after the other, when there is nothing better to do, as long as there
    /// is room: what nobody has heard yet takes the place of nothing. So the most important come first.
    pub(in crate::call) async fn prepare_all(&self, voices: &dyn Synthesizer, sentences: Vec<Sentence>) {
        for sentence in sentences {
            let key = Key::new(Some(voices), &sentence);
            if self.get(&key, &sentence).is_some() {
                continue;
            }
            let Some(recording) = make(voices, &sentence).await else { continue };
            if self.lock().bytes + recording.bytes() > MOST_BYTES {
                return tracing::info!("not all fixed sentences are kept as sound: there are too many");
            }
            self.keep(key, &sentence, Arc::new(recording));
        }
    }

    /// Held for a look-up; nothing in there panics half-way.
    fn lock(&self) -> MutexGuard<'_, Shelf> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn make(voices: &dyn Synthesizer, sentence: &Sentence) -> Option<Recording> {
    let mut sound = voices.speak(Sentence { priority: Priority::Batch, ..sentence.clone() });
    let mut recording = Recording::default();
    while let Some(voiced) = sound.recv().await {
        match voiced {
            Ok(voiced) => recording.push(voiced),
            Err(error) => {
                tracing::warn!(%error, "a sentence could not be prepared");
                return None;
            }
        }
    }
    Some(recording)
}

impl Shelf {
    fn put(&mut self, key: Key, recording: Arc<Recording>, made_by: Option<Provider>, most_bytes: usize) {
        let bytes = recording.bytes();
        if bytes > most_bytes {
            return;
        }
        self.remove(&key);
        self.bytes += bytes;
        self.uses += 1;
        self.kept.insert(key, Kept { recording, made_by, used: self.uses });
        while self.bytes > most_bytes {
            // They are hundreds at most, and this happens seldom.
            let Some((oldest, _)) = self.kept.iter().min_by_key(|(_, kept)| kept.used) else { return };
            self.remove(&oldest.clone());
        }
    }

    fn remove(&mut self, key: &Key) {
        if let Some(gone) = self.kept.remove(key) {
            self.bytes -= gone.recording.bytes();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        domain::Language,
        speech::{Results, local::voices::Voices},
        testing::voices,
    };

    fn recording(frames: usize) -> Arc<Recording> {
        Arc::new(Recording { frames: vec![Frame::SILENCE; frames], words: Vec::new() })
    }

    fn key(text: &str) -> Key {
        Key::new(None, &Sentence::new(text, Language::ENGLISH))
    }

    #[test]
    fn what_was_not_said_for_longest_goes_first() {
        let prepared = Prepared::default();
        let room = recording(30).bytes();
        let put = |text: &str, frames| prepared.lock().put(key(text), recording(frames), None, room);
        let has = |text: &str| prepared.get(&key(text), &Sentence::new(text, Language::ENGLISH)).is_some();
        put("one", 10);
        put("two", 10);
        put("three", 10);
        assert!(has("one"));
        put("four", 10);
        assert!(has("one") && !has("two") && has("three") && has("four"));
        put("four", 20);
        assert!(!has("one") && has("three") && has("four"), "it took its own place, and another's");
        put("long", 31);
        assert!(has("three") && !has("long"));
        put("all", 30);
        let shelf = prepared.lock();
        assert_eq!((shelf.bytes, shelf.kept.len()), (room, 1));
    }

    /// Asks nothing of a voice when all is there.
    struct Mute(Arc<Voices>);

    impl Synthesizer for Mute {
        fn speak(&self, sentence: Sentence) -> Results<Voiced> {
            panic!("{sentence:?} was to be said again")
        }

        fn voice(&self, sentence: &Sentence) -> Option<String> {
            self.0.voice(sentence)
        }

        fn speaks(&self, language: Language) -> bool {
            self.0.speaks(language)
        }
    }

    #[tokio::test]
    async fn a_sentence_is_known_by_the_voice_that_says_it() {
        let voices = Arc::new(voices());
        let prepared = Prepared::default();
        let sentence = || Sentence::new("Yes.", Language::ENGLISH);
        prepared.prepare_all(&*voices, vec![sentence()]).await;
        let has = |sentence: &Sentence| prepared.get(&Key::new(Some(&*voices), sentence), sentence).is_some();
        let named = |voice: &str| Sentence { voice: Some(voice.to_owned()), ..sentence() };
        assert!(has(&sentence()) && has(&named("starter")), "it is the usual voice");
        assert!(!has(&named("espeak")) && !has(&named("nobody")));
        assert!(!has(&Sentence { speed: 1.1, ..sentence() }) && !has(&Sentence { speaker: Some(1), ..sentence() }));
        let again = Mute(voices);
        prepared.prepare_all(&again, vec![named("starter")]).await;
        let sentence = sentence();
        let key = Key::new(Some(&again), &sentence);
        let recording = prepared.get(&key, &sentence).unwrap();
        assert_eq!(recording.words.len(), 1);
        assert_eq!(sentence.served.by().map(ToString::to_string).as_deref(), Some("local/piper:starter"));
    }
}
