//! Several providers behind one port, in order of preference.
//!
//! A ladder is itself a [`Transcriber`], [`Responder`] or [`Synthesizer`]: who asks cannot tell. It goes on to the next rung
//! when one fails before its first result; once something has been said, it cannot be unsaid by another provider, so a
//! later failure is passed on. It notes in the request who served it ([`Served`]).

use std::sync::Arc;

use tokio::sync::mpsc;

use super::{
    Chunk, Prompt, Responder, Results, Sentence, Served, Speech, SpeechError, Synthesizer, Transcriber, Transcript,
    Voiced,
};
use crate::domain::{Language, Provider};

/// Results that may wait between a rung and the reader.
const RESULTS: usize = 4;

/// One provider of a [`Ladder`].
pub struct Rung<P: ?Sized> {
    /// What records, logs and pages call it, unless it says itself who served.
    pub name: Provider,
    /// The provider.
    pub provider: Arc<P>,
}

/// Ordered providers of one port.
pub struct Ladder<P: ?Sized> {
    rungs: Arc<[Rung<P>]>,
}

impl<P: ?Sized + Send + Sync + 'static> Ladder<P> {
    /// A ladder that tries `rungs` in their order.
    pub fn new(rungs: Vec<Rung<P>>) -> Self {
        Self { rungs: rungs.into() }
    }

    /// Asks rung after rung. A lone rung is asked directly; otherwise this must be called within a tokio runtime.
    fn climb<T: Send + 'static>(
        &self,
        served: Served,
        ask: impl Fn(&P, Served) -> Results<T> + Send + Sync + 'static,
    ) -> Results<T> {
        if let [only] = &*self.rungs {
            let results = ask(&only.provider, served.clone());
            served.note(&only.name);
            return results;
        }
        let (sender, receiver) = mpsc::channel(RESULTS);
        let rungs = Arc::clone(&self.rungs);
        tokio::spawn(async move {
            let mut last_error = SpeechError::Unsupported("no engine is set up for this".to_owned());
            for rung in &*rungs {
                // A note of its own: the rung may fail, and another serve.
                let own = Served::default();
                let serves = || served.note(own.by().unwrap_or(&rung.name));
                match forward(ask(&rung.provider, own.clone()), &sender, serves).await {
                    Ok(()) => return,
                    Err(error) => {
                        tracing::warn!(provider = %rung.name, %error, "provider gave no answer");
                        last_error = error;
                    }
                }
            }
            // Nobody waits any more: nothing to tell.
            let _ = sender.send(Err(last_error)).await;
        });
        receiver
    }
}

/// Passes results on, and says so before the first. An error comes back only if nothing has been passed on before it.
async fn forward<T>(
    mut results: Results<T>,
    to: &mpsc::Sender<Result<T, SpeechError>>,
    serves: impl Fn(),
) -> Result<(), SpeechError> {
    let mut first = true;
    loop {
        // Dropping `results` stops the provider.
        let result = tokio::select! {
            result = results.recv() => result,
            () = to.closed() => return Ok(()),
        };
        match result {
            Some(Err(error)) if first => return Err(error),
            None if first => {
                return Err(SpeechError::Failed { engine: "ladder", reason: "no answer at all".to_owned() });
            }
            None => return Ok(()),
            Some(result) => {
                if std::mem::take(&mut first) {
                    serves();
                }
                if to.send(result).await.is_err() {
                    return Ok(());
                }
            }
        }
    }
}

impl Transcriber for Ladder<dyn Transcriber> {
    fn transcribe(&self, speech: Speech) -> Results<Transcript> {
        self.climb(speech.served.clone(), move |rung, served| rung.transcribe(Speech { served, ..speech.clone() }))
    }
}

impl Responder for Ladder<dyn Responder> {
    fn respond(&self, prompt: Prompt) -> Results<Chunk> {
        self.climb(prompt.served.clone(), move |rung, served| rung.respond(Prompt { served, ..prompt.clone() }))
    }
}

impl Synthesizer for Ladder<dyn Synthesizer> {
    fn speak(&self, sentence: Sentence) -> Results<Voiced> {
        self.climb(sentence.served.clone(), move |rung, served| rung.speak(Sentence { served, ..sentence.clone() }))
    }

    /// Whoever is asked first.
    fn voice(&self, sentence: &Sentence) -> Option<String> {
        self.rungs.first().and_then(|rung| rung.provider.voice(sentence))
    }

    fn speaks(&self, language: Language) -> bool {
        self.rungs.iter().any(|rung| rung.provider.speaks(language))
    }

    fn prefer(&self, voices: &[(Language, String)]) {
        self.rungs.iter().for_each(|rung| rung.provider.prefer(voices));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::speech::{Priority, Sampling};

    /// Says its lines; `Err` lines fail.
    struct Script(Vec<Result<&'static str, &'static str>>);

    impl Responder for Script {
        fn respond(&self, _: Prompt) -> Results<Chunk> {
            let (sender, receiver) = mpsc::channel(8);
            for line in &self.0 {
                let result = line
                    .map(|text| Chunk::Text(text.to_owned()))
                    .map_err(|reason| SpeechError::Failed { engine: "script", reason: reason.to_owned() });
                sender.try_send(result).unwrap();
            }
            receiver
        }
    }

    type Lines = Vec<Result<&'static str, &'static str>>;

    fn ask(rungs: Vec<Lines>) -> (Results<Chunk>, Served) {
        let rung = |(number, lines): (usize, Lines)| Rung {
            name: Provider::local("script", &number.to_string()),
            provider: Arc::new(Script(lines)) as Arc<dyn Responder>,
        };
        let served = Served::default();
        let results = Ladder::new(rungs.into_iter().enumerate().map(rung).collect()).respond(Prompt {
            messages: Vec::new(),
            conversation: 0,
            max_tokens: 1,
            sampling: Sampling::default(),
            grammar: None,
            priority: Priority::Reply.into(),
            served: served.clone(),
        });
        (results, served)
    }

    async fn answers(rungs: Vec<Lines>) -> Vec<Result<String, String>> {
        let (mut results, _) = ask(rungs);
        let mut collected = Vec::new();
        while let Some(result) = results.recv().await {
            collected.push(match result {
                Ok(Chunk::Text(text)) => Ok(text),
                Ok(Chunk::Done(_)) => Ok("done".to_owned()),
                Err(error) => Err(error.to_string()),
            });
        }
        collected
    }

    #[tokio::test]
    async fn the_next_rung_answers_when_one_fails_at_once() {
        assert_eq!(answers(vec![vec![Err("down")], vec![Ok("hello")]]).await, [Ok("hello".to_owned())]);
        assert_eq!(answers(vec![vec![], vec![Ok("hello")]]).await, [Ok("hello".to_owned())]);
    }

    #[tokio::test]
    async fn the_rung_that_answered_is_noted() {
        for (rungs, expected) in [
            (vec![vec![Ok("hello")]], Some("local/script:0")),
            (vec![vec![Ok("hello")], vec![Ok("hello too")]], Some("local/script:0")),
            (vec![vec![Err("down")], vec![Ok("hello")]], Some("local/script:1")),
            (vec![vec![Err("down")], vec![Err("down too")]], None),
        ] {
            let (mut results, served) = ask(rungs);
            while results.recv().await.is_some() {}
            assert_eq!(served.by().map(ToString::to_string).as_deref(), expected);
        }
    }

    #[tokio::test]
    async fn what_has_been_said_is_not_said_again_by_another() {
        assert_eq!(
            answers(vec![vec![Ok("half an"), Err("down")], vec![Ok("hello")]]).await,
            [Ok("half an".to_owned()), Err("the script engine failed: down".to_owned())]
        );
    }

    #[tokio::test]
    async fn the_last_failure_is_told() {
        assert_eq!(
            answers(vec![vec![Err("down")], vec![Err("down too")]]).await,
            [Err("the script engine failed: down too".to_owned())]
        );
    }
}
