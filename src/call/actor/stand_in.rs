//! Voices that stand in for one that is not loaded, or fails: the language's usual one, and then espeak-ng. When that fails,
//! too, the clause is there to be read, and the next one is spoken.

use crate::{
    domain::text::is_speakable,
    speech::{Results, Sentence, SpeechError, Synthesizer, Voiced},
};

use super::session::count_incident;

/// espeak-ng's voice of any language.
const LAST_RESORT: &str = "espeak";
/// In metrics: a voice failed.
pub(super) const VOICE_FAILED: &str = "voice_failed";

/// What a voice's channel gives first.
pub(super) struct FirstSound {
    /// Nothing when the channel was empty.
    pub(super) voiced: Option<Result<Voiced, SpeechError>>,
    /// What follows.
    pub(super) rest: Results<Voiced>,
    /// Whether nobody stands in.
    pub(super) is_own: bool,
}

impl FirstSound {
    pub(super) async fn waited_for(mut rest: Results<Voiced>) -> Self {
        Self { voiced: rest.recv().await, rest, is_own: true }
    }
}

/// The first sound of `sentence` from the voice that was asked for it (`sound`) or from one that stands in for it.
pub(super) async fn first_sound(voices: &dyn Synthesizer, sentence: &Sentence, sound: Results<Voiced>) -> FirstSound {
    let mut first = FirstSound::waited_for(sound).await;
    let mut others = [None, Some(LAST_RESORT.to_owned())].into_iter().filter(|voice| *voice != sentence.voice);
    while let Some(Err(error)) = &first.voiced
        && is_speakable(&sentence.text)
    {
        count_incident(VOICE_FAILED);
        let Some(voice) = others.next() else {
            tracing::warn!(%error, "a voice failed, and there is no other one");
            break;
        };
        tracing::warn!(%error, "a voice failed: another one speaks instead");
        let sound = voices.speak(Sentence { voice, ..sentence.clone() });
        first = FirstSound { is_own: false, ..FirstSound::waited_for(sound).await };
    }
    first
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use tokio::sync::mpsc;

    use super::*;
    use crate::{audio::Frame, domain::Language};

    /// Has one voice that works, and remembers which were asked for.
    struct Voices {
        works: Option<&'static str>,
        asked: Mutex<Vec<Option<String>>>,
    }

    impl Synthesizer for Voices {
        fn speak(&self, sentence: Sentence) -> Results<Voiced> {
            let (send, frames) = mpsc::channel(1);
            let result = match sentence.voice.as_deref() == self.works {
                true => Ok(Voiced { frame: Frame::SILENCE, words: Vec::new() }),
                false => Err(SpeechError::Failed { engine: "test", reason: "no voice".to_owned() }),
            };
            send.try_send(result).unwrap();
            self.asked.lock().unwrap().push(sentence.voice);
            frames
        }

        fn voice(&self, sentence: &Sentence) -> Option<String> {
            sentence.voice.clone()
        }

        fn speaks(&self, _: Language) -> bool {
            true
        }
    }

    async fn check(works: Option<&'static str>, own: Option<&str>, text: &str, asked: &[Option<&str>], speaks: bool) {
        let voices = Voices { works, asked: Mutex::default() };
        let sentence = Sentence { voice: own.map(str::to_owned), ..Sentence::new(text, Language::ENGLISH) };
        let frames = voices.speak(sentence.clone());
        let first = first_sound(&voices, &sentence, frames).await;
        let heard: Vec<_> = voices.asked.into_inner().unwrap();
        assert_eq!(heard.iter().map(Option::as_deref).collect::<Vec<_>>(), asked);
        assert_eq!(first.voiced.is_some_and(|first| first.is_ok()), speaks);
        assert_eq!(first.is_own, asked.len() == 1);
    }

    #[tokio::test]
    async fn a_voice_that_fails_is_stood_in_for() {
        check(Some("amy"), Some("amy"), "Hello.", &[Some("amy")], true).await;
        check(None, Some("amy"), "Hello.", &[Some("amy"), None], true).await;
        check(Some("espeak"), Some("amy"), "Hello.", &[Some("amy"), None, Some("espeak")], true).await;
        check(Some("espeak"), None, "Hello.", &[None, Some("espeak")], true).await;
        check(Some("nobody"), Some("amy"), "Hello.", &[Some("amy"), None, Some("espeak")], false).await;
        check(Some("espeak"), None, "…", &[None], false).await;
    }
}
