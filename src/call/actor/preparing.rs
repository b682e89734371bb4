//! Makes what is said again and again into sound before it is said: one sentence at a time for all calls, so that nothing is
//! made twice, and only while no caller speaks or waits. What was wanted last goes first: its call is under way. What is not
//! prepared is made when it is said, and kept then.

use std::{
    collections::VecDeque,
    sync::{Mutex, MutexGuard, PoisonError},
    vec,
};

use tokio::sync::Notify;

use super::{
    prepared::{Key, Prepared, Recording},
    tally::Tally,
};
use crate::{
    call::Brief,
    speech::{Priority, Sentence, Synthesizer},
};

/// So many scripts may wait to be prepared, and so many are remembered. When an older one comes back, its lines are looked up.
const MOST_SETS: usize = 64;

/// What is prepared together: a script's lines, in a voice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Set {
    document: [u8; 32],
    voice: Option<String>,
    speed: u32,
}

impl Set {
    /// Of the script with this SHA-256, as a call says it.
    pub(super) fn new(document: [u8; 32], brief: &Brief) -> Self {
        Self { document, voice: brief.voice.clone(), speed: brief.speed.to_bits() }
    }
}

/// See the module.
#[derive(Debug)]
pub(in crate::call) struct Preparing {
    prepared: Prepared,
    busy: Tally,
    plan: Mutex<Plan>,
    /// Something was wanted.
    wanted: Notify,
}

/// What is to be prepared.
#[derive(Debug, Default)]
struct Plan {
    /// What was wanted last stands last.
    due: VecDeque<vec::IntoIter<Sentence>>,
    known: VecDeque<Set>,
}

impl Preparing {
    /// Waits while there is anything in `busy`.
    pub(in crate::call) fn new(prepared: Prepared, busy: Tally) -> Self {
        Self { prepared, busy, plan: Mutex::default(), wanted: Notify::new() }
    }

    /// Wants `sentences`, the most important first.
    pub(in crate::call) fn want(&self, sentences: Vec<Sentence>) {
        self.plan().add(sentences);
        self.wanted.notify_one();
    }

    /// Wants a script's lines, unless they were wanted lately.
    pub(super) fn want_once(&self, set: Set, sentences: impl FnOnce() -> Vec<Sentence>) {
        if self.plan().is_new(set) {
            self.want(sentences());
        }
    }

    /// Prepares what is wanted, as long as it is let. What nobody has heard yet takes the place of nothing: when there is no
    /// room, the rest is left.
    pub(in crate::call) async fn work(&self, voices: &dyn Synthesizer) {
        loop {
            self.busy.zero().await;
            let next = self.plan().next();
            let Some(sentence) = next else {
                self.wanted.notified().await;
                continue;
            };
            let key = Key::new(Some(voices), &sentence);
            if self.prepared.has(&key) {
                continue;
            }
            let Some(recording) = make(voices, &sentence).await else { continue };
            if !self.prepared.add(key, &sentence, recording) {
                tracing::info!("not all fixed sentences are kept as sound: there are too many");
                self.plan().due.clear();
            }
        }
    }

    /// Held for a look-up; nothing in there panics half-way.
    fn plan(&self) -> MutexGuard<'_, Plan> {
        self.plan.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Plan {
    fn add(&mut self, sentences: Vec<Sentence>) {
        push_bounded(&mut self.due, sentences.into_iter());
    }

    /// Whether this was not wanted lately; it counts as wanted from now on.
    fn is_new(&mut self, set: Set) -> bool {
        let is_new = !self.known.contains(&set);
        self.known.retain(|known| *known != set);
        push_bounded(&mut self.known, set);
        is_new
    }

    fn next(&mut self) -> Option<Sentence> {
        loop {
            let sentence = self.due.back_mut()?.next();
            if sentence.is_some() {
                return sentence;
            }
            self.due.pop_back();
        }
    }
}

/// The oldest makes room.
fn push_bounded<T>(queue: &mut VecDeque<T>, value: T) {
    if queue.len() == MOST_SETS {
        queue.pop_front();
    }
    queue.push_back(value);
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

#[cfg(test)]
mod tests {
    use std::{future::Future, pin::pin};

    use futures_util::poll;
    use tokio::{sync::mpsc, task::yield_now};

    use super::*;
    use crate::{
        audio::Frame,
        domain::Language,
        speech::{Results, Voiced},
        testing,
    };

    /// Says everything at once, and remembers what it was asked to say.
    #[derive(Default)]
    struct Voice(Mutex<Vec<String>>);

    impl Voice {
        fn said(&self) -> String {
            self.0.lock().unwrap().drain(..).collect::<Vec<_>>().join(" ")
        }
    }

    impl Synthesizer for Voice {
        fn speak(&self, sentence: Sentence) -> Results<Voiced> {
            assert_eq!(sentence.priority, Priority::Batch);
            self.0.lock().unwrap().push(sentence.text);
            let (send, sound) = mpsc::channel(1);
            send.try_send(Ok(Voiced { frame: Frame::SILENCE, words: Vec::new() })).unwrap();
            sound
        }

        fn voice(&self, sentence: &Sentence) -> Option<String> {
            sentence.voice.clone()
        }

        fn speaks(&self, _: Language) -> bool {
            true
        }
    }

    fn preparing() -> Preparing {
        Preparing::new(Prepared::default(), Tally::default())
    }

    fn sentences(texts: &[&str]) -> Vec<Sentence> {
        texts.iter().map(|text| Sentence::new(*text, Language::ENGLISH)).collect()
    }

    fn set(document: u8, voice: Option<&str>) -> Set {
        Set { document: [document; 32], voice: voice.map(str::to_owned), speed: 1.0_f32.to_bits() }
    }

    /// Goes on as far as it can without anybody's doing.
    async fn go_on(work: impl Future<Output = ()> + Unpin) {
        let mut work = work;
        assert!(poll!(&mut work).is_pending());
    }

    #[tokio::test]
    async fn what_was_wanted_last_goes_first_and_nothing_is_made_twice() {
        let (preparing, voice) = (preparing(), Voice::default());
        preparing.want(sentences(&["Hello!", "Goodbye."]));
        preparing.want(sentences(&["Who is there?", "Goodbye."]));
        let mut work = pin!(preparing.work(&voice));
        go_on(&mut work).await;
        assert_eq!(voice.said(), "Who is there? Goodbye. Hello!");
        preparing.want(sentences(&["Hello!", "Yes?"]));
        go_on(&mut work).await;
        assert_eq!(voice.said(), "Yes?");
    }

    #[tokio::test]
    async fn calls_go_first() {
        let (preparing, voice) = (preparing(), Voice::default());
        let busy = preparing.busy.one_more();
        preparing.want(sentences(&["Hello!"]));
        let mut work = pin!(preparing.work(&voice));
        go_on(&mut work).await;
        assert_eq!(voice.said(), "");
        drop(busy);
        go_on(&mut work).await;
        assert_eq!(voice.said(), "Hello!");
    }

    #[tokio::test]
    async fn a_script_is_prepared_once_in_each_voice() {
        let preparing = preparing();
        let is_wanted = |set: Set| {
            let mut is_wanted = false;
            preparing.want_once(set, || {
                is_wanted = true;
                sentences(&["Hello!"])
            });
            is_wanted
        };
        assert!(is_wanted(set(0, None)) && !is_wanted(set(0, None)));
        assert!(is_wanted(set(0, Some("amy"))) && is_wanted(set(1, None)));
        let faster = Set { speed: 1.5_f32.to_bits(), ..set(0, None) };
        assert!(is_wanted(faster));
        for document in 2..=MOST_SETS as u8 {
            assert!(is_wanted(set(document, None)));
            assert!(!is_wanted(set(1, None)), "what comes again is remembered");
        }
        assert!(is_wanted(set(0, None)), "what does not is forgotten");
        let plan = preparing.plan();
        assert_eq!((plan.known.len(), plan.due.len()), (MOST_SETS, MOST_SETS));
    }

    /// Is never asked when all is there.
    struct Mute(crate::speech::local::voices::Voices);

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
        let (preparing, voices) = (preparing(), testing::voices());
        let sentence = || Sentence::new("Yes.", Language::ENGLISH);
        let named = |voice: &str| Sentence { voice: Some(voice.to_owned()), ..sentence() };
        let has = |sentence: &Sentence| preparing.prepared.has(&Key::new(Some(&voices), sentence));
        preparing.want(vec![sentence()]);
        let made = async {
            while !has(&sentence()) {
                yield_now().await;
            }
        };
        tokio::select! {
            () = preparing.work(&voices) => {}
            () = made => {}
        }
        assert!(has(&named("starter")), "it is the usual voice");
        assert!(!has(&named("espeak")) && !has(&named("nobody")));
        assert!(!has(&Sentence { speed: 1.1, ..sentence() }) && !has(&Sentence { speaker: Some(1), ..sentence() }));
        let again = Mute(voices);
        preparing.want(vec![named("starter")]);
        go_on(pin!(preparing.work(&again))).await;
        let sentence = sentence();
        let recording = preparing.prepared.get(&Key::new(Some(&again), &sentence), &sentence).unwrap();
        assert_eq!(recording.words.len(), 1);
        assert_eq!(sentence.served.by().map(ToString::to_string).as_deref(), Some("local/piper:starter"));
    }
}
