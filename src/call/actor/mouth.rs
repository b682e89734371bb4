//! One turn of the agent's on its way to the line: words, clause by clause, and the voice that says them.
//!
//! Three steps run at once: the language model makes clauses, the voice makes the next clause's sound while one plays, and
//! frames go to the line, which takes them as it plays. Without a voice, or when it fails, the clauses are there to be read.

use std::{sync::Arc, time::Duration};

use tokio::{sync::mpsc, time::Instant};

use super::prepared::Prepared;
use crate::{
    audio::{FRAME_MS, Frame, line::Say},
    call::{
        Brief, CallError,
        answer::{CLAUSES, think},
    },
    domain::{
        Message, Pii, TurnId,
        text::{Limits, clauses},
    },
    speech::{Results, Sentence, SpeechError, engines::Engines},
};

/// What there is to say.
pub(super) enum Words {
    /// The language model's answer to these.
    Answer(Vec<Message>),
    /// These words.
    Fixed(String),
}

/// How far a turn is.
#[derive(Debug)]
pub(super) enum Report {
    /// This clause begins.
    Clause(Pii<String>),
    /// It is complete, and plays so long.
    ClauseMade(Duration),
    /// There are no more.
    Made {
        /// It broke off.
        failed: bool,
    },
}

/// Says one turn. Whoever drops the future ends it; what the line has by then is the line's to drop.
pub(super) struct Mouth {
    pub(super) turn: TurnId,
    pub(super) engines: Option<Arc<Engines>>,
    pub(super) prepared: Prepared,
    pub(super) brief: Brief,
    pub(super) say: mpsc::Sender<Say>,
    pub(super) reports: mpsc::Sender<super::Event>,
}

/// A clause on its way to the line.
struct Clause {
    sentence: Sentence,
    sound: Sound,
}

enum Sound {
    Prepared(Arc<[Frame]>),
    Made(Results<Frame>),
    /// To be read.
    None,
}

/// What a voice's channel gives first.
type FirstSound = Option<Result<Frame, SpeechError>>;

/// The call has ended.
struct Gone;

impl Mouth {
    pub(super) async fn run(self, words: Words) {
        let repeats = matches!(words, Words::Fixed(_));
        let (whole, voiced) = mpsc::channel(CLAUSES);
        // One clause plays, one is being made: more would keep the voice from other calls.
        let (sounds, heard) = mpsc::channel(1);
        let (made, (), played) =
            tokio::join!(self.make(words, whole), self.voice(voiced, sounds), self.play(heard, repeats));
        let Ok(audio) = played else { return };
        if let Err(error) = &made {
            tracing::warn!(%error, "an answer broke off");
        }
        if self.report(Report::Made { failed: made.is_err() }).await.is_ok() && !audio.is_zero() {
            // The line may have ended: then nobody waits for this.
            let _ = self.say.send(Say::End(self.turn)).await;
        }
    }

    async fn make(&self, words: Words, whole: mpsc::Sender<String>) -> Result<(), CallError> {
        match (words, &self.engines) {
            (Words::Fixed(text), _) => {
                for clause in clauses(&text, Limits::SENTENCES) {
                    let _ = whole.send(clause).await;
                }
                Ok(())
            }
            (Words::Answer(messages), Some(engines)) => {
                think(engines, &messages, &self.brief, Instant::now().into_std(), whole).await.map(drop)
            }
            (Words::Answer(_), None) => {
                Err(SpeechError::Failed { engine: "language model", reason: "there is none".to_owned() }.into())
            }
        }
    }

    /// Has each clause spoken as soon as the one before it plays.
    async fn voice(&self, mut whole: mpsc::Receiver<String>, sounds: mpsc::Sender<Clause>) {
        while let Some(text) = whole.recv().await {
            let Ok(place) = sounds.reserve().await else { return };
            let sentence = Sentence {
                voice: self.brief.voice.clone(),
                speed: self.brief.speed,
                ..Sentence::new(text, self.brief.language)
            };
            let sound = self.sound_of(&sentence);
            place.send(Clause { sentence, sound });
        }
    }

    fn sound_of(&self, sentence: &Sentence) -> Sound {
        if let Some(sound) = self.prepared.get(sentence) {
            return Sound::Prepared(sound);
        }
        match self.engines.as_ref().and_then(|engines| engines.synthesizer().ok()) {
            Some(voices) => Sound::Made(voices.speak(sentence.clone())),
            None => Sound::None,
        }
    }

    /// Sends the clauses to the line; gives the length of their audio.
    async fn play(&self, mut heard: mpsc::Receiver<Clause>, repeats: bool) -> Result<Duration, Gone> {
        let mut audio = Duration::ZERO;
        while let Some(clause) = heard.recv().await {
            let frames = self.play_clause(clause, repeats).await?;
            let length = Duration::from_millis(frames * u64::from(FRAME_MS));
            self.report(Report::ClauseMade(length)).await?;
            audio += length;
        }
        Ok(audio)
    }

    /// Gives the number of frames sent.
    async fn play_clause(&self, Clause { sentence, sound }: Clause, repeats: bool) -> Result<u64, Gone> {
        let mut count = 0;
        match sound {
            Sound::None => self.begin(&sentence).await?,
            Sound::Prepared(frames) => {
                self.begin(&sentence).await?;
                for frame in &*frames {
                    self.send(*frame).await?;
                    count += 1;
                }
            }
            Sound::Made(frames) => count = self.play_made(&sentence, frames, repeats).await?,
        }
        Ok(count)
    }

    async fn play_made(&self, sentence: &Sentence, frames: Results<Frame>, repeats: bool) -> Result<u64, Gone> {
        let (mut next, mut frames) = self.first_sound(sentence, frames).await;
        self.begin(sentence).await?;
        let (mut count, mut sound) = (0, Vec::new());
        while let Some(frame) = next {
            match frame {
                Ok(frame) => {
                    self.send(frame).await?;
                    count += 1;
                    if repeats {
                        sound.push(frame);
                    }
                }
                Err(error) => {
                    tracing::warn!(%error, "a clause could not be spoken");
                    return Ok(count);
                }
            }
            next = frames.recv().await;
        }
        if repeats {
            self.prepared.keep(sentence, sound);
        }
        Ok(count)
    }

    /// The first sound and what follows. A profile may name a voice that is not loaded: then the usual one speaks.
    async fn first_sound(&self, sentence: &Sentence, mut frames: Results<Frame>) -> (FirstSound, Results<Frame>) {
        let first = frames.recv().await;
        let voices = self.engines.as_ref().and_then(|engines| engines.synthesizer().ok());
        let (Some(Err(SpeechError::Unsupported(_))), Some(_), Some(voices)) = (&first, &sentence.voice, voices) else {
            return (first, frames);
        };
        let mut frames = voices.speak(Sentence { voice: None, ..sentence.clone() });
        (frames.recv().await, frames)
    }

    async fn begin(&self, sentence: &Sentence) -> Result<(), Gone> {
        self.report(Report::Clause(Pii::new(sentence.text.clone()))).await
    }

    async fn send(&self, frame: Frame) -> Result<(), Gone> {
        self.say.send(Say::Audio(self.turn, Box::new(frame))).await.map_err(|_| Gone)
    }

    async fn report(&self, report: Report) -> Result<(), Gone> {
        self.reports.send(super::Event::Said(self.turn, report)).await.map_err(|_| Gone)
    }
}
