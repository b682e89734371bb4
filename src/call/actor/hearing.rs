//! What a call asks of the engines about the caller's speech: its words, and whether a pause is the end.

use std::mem;

use super::{
    Event,
    session::{Listening, Session, Task},
};
use crate::{
    call::guess,
    dialogue::{
        self, Input, Phase, Take,
        endpointing::{self, PauseId},
    },
    domain::Pii,
    speech::{Priority, Prompt, Sampling, Served, SpeechError, Transcript},
};

/// Whether the turn detector is at work for this call.
#[derive(Clone, Copy, Debug, Default)]
pub(super) enum Judging {
    #[default]
    Idle,
    /// On one pause; on a later one after that, if it is still one then.
    Busy { next: Option<PauseId> },
}

impl Session<'_> {
    /// A draft is made only if no other utterance of any call is being made into text: it must keep nobody waiting.
    pub(super) fn transcribe(&mut self, take: Take, instead_of: Option<Take>, is_draft: bool) {
        if let Some(old) = instead_of {
            self.takes.remove(&old);
        }
        if is_draft && !self.exchange.takes.is_zero() {
            return self.dialogue.handle(self.ear.now(), Input::Transcribed { take, words: None });
        }
        let transcriber = self.engines.as_ref().and_then(|engines| engines.transcriber().ok());
        let (Some(transcriber), Some(samples)) = (transcriber, self.ear.utterance()) else { return };
        let priority = if is_draft { Priority::Speculation } else { Priority::Speech };
        let served = Served::default();
        let mut transcripts = guess::words(transcriber, samples, self.language, priority, served.clone());
        let (results, counted) = (self.results.clone(), self.exchange.takes.one_more());
        let work = async move {
            let _counted = counted;
            let mut is_final = false;
            while let Some(result) = transcripts.recv().await {
                is_final = result.as_ref().map_or(true, |transcript| transcript.is_final);
                if results.send(Event::Transcribed(take, result)).await.is_err() {
                    return;
                }
            }
            if !is_final {
                let _ = results.send(Event::Transcribed(take, Err(crate::call::no_final_transcript()))).await;
            }
        };
        self.takes.insert(take, Listening { served, _task: Task::spawn(work) });
    }

    /// Has the language model read the conversation so far while the caller speaks: then the answer waits for the caller's
    /// words only.
    pub(super) fn read_ahead(&mut self) {
        let responder = self.engines.as_ref().and_then(|engines| engines.responder().ok());
        // A script has no answer made until it comes to one.
        let (Some(responder), Phase::Hearing { .. }, None) = (responder, self.dialogue.phase(), &self.guided) else {
            return;
        };
        if self.dialogue.rests() {
            return;
        }
        let mut read = responder.respond(Prompt {
            // What the caller is about to say begins where this does.
            messages: self.dialogue.history().with_heard("…").messages().to_vec(),
            conversation: self.brief.conversation,
            max_tokens: 0,
            sampling: Sampling::default(),
            grammar: None,
            priority: Priority::Speculation.into(),
            served: Served::default(),
        });
        self.reading = Some(Task::spawn(async move { while read.recv().await.is_some() {} }));
    }

    /// One pause at a time: the verdict on an older one may still be on its way.
    pub(super) fn judge(&mut self, pause: PauseId) {
        if let Judging::Busy { next } = &mut self.judging {
            *next = Some(pause);
            return;
        }
        let detector = self.engines.as_ref().and_then(|engines| engines.turn_detector());
        let (Some(detector), Some(samples)) = (detector, self.ear.paused_utterance()) else { return };
        self.judging = Judging::Busy { next: None };
        let (verdict, results) = (guess::verdict(detector, samples), self.results.clone());
        tokio::spawn(async move {
            let verdict = verdict.await.unwrap_or_else(|panic| {
                Err(SpeechError::Failed { engine: "turn detector", reason: panic.to_string() })
            });
            // The call may have ended.
            let _ = results.send(Event::Judged(pause, verdict)).await;
        });
    }

    pub(super) async fn transcribed(&mut self, take: Take, result: Result<Transcript, SpeechError>) {
        let words = match result {
            Ok(transcript) => Some(self.words(transcript)),
            Err(error) => {
                tracing::warn!(%error, "an utterance was not understood");
                None
            }
        };
        if words.as_ref().is_none_or(|words| words.is_final)
            && let Some(listening) = self.takes.remove(&take)
        {
            self.heard_by = listening.served.by().cloned();
        }
        self.tell(Input::Transcribed { take, words }).await;
    }

    /// The words, and their language if the desk answers in it and there is a voice for it: short speech is easily taken for another language.
    fn words(&self, Transcript { text, language, is_final, .. }: Transcript) -> dialogue::Words {
        let voices = self.engines.as_ref().and_then(|engines| engines.synthesizer().ok());
        let is_wanted = self.languages.is_empty() || self.languages.contains(&language);
        let language = (is_wanted && voices.is_none_or(|voices| voices.speaks(language))).then_some(language);
        dialogue::Words { text: Pii::new(text), language, is_final }
    }

    pub(super) async fn judged(&mut self, pause: PauseId, result: Result<f32, SpeechError>) {
        let judged = mem::take(&mut self.judging);
        match result {
            Ok(complete) => self.ear.tell(endpointing::Input::Verdict { pause, complete }),
            Err(error) => tracing::warn!(%error, "a pause was not judged"),
        }
        if let Judging::Busy { next: Some(next) } = judged {
            self.judge(next);
        }
    }
}
