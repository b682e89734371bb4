//! Sentences that are said again and again, as sound: so that a box with no core to spare can say them too.
//!
//! They are kept in memory only: in two languages they are two minutes of sound, which a medium-sized Piper voice makes anew in
//! some ten seconds (`preparing`). And they are kept as the frames that a line takes: Opus would have to be decoded again to be
//! faded, ducked, or gone on with from a word.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use crate::{
    audio::Frame,
    domain::{Provider, WordStart},
    speech::{Sentence, Synthesizer, Voiced},
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

    /// Whether the sound that goes by `key` is there.
    pub(super) fn has(&self, key: &Key) -> bool {
        self.lock().kept.contains_key(key)
    }

    /// Keeps the sound of `sentence`, which nobody has heard yet, if nothing has to go for it. Says whether there is room.
    pub(super) fn add(&self, key: Key, sentence: &Sentence, recording: Recording) -> bool {
        let has_room = self.lock().bytes + recording.bytes() <= MOST_BYTES;
        if has_room {
            self.keep(key, sentence, Arc::new(recording));
        }
        has_room
    }

    /// Held for a look-up; nothing in there panics half-way.
    fn lock(&self) -> MutexGuard<'_, Shelf> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
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
    use crate::domain::Language;

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
}
