//! A recording answered: the whole way from a caller's audio to the agent's, without a network.

use std::{ops::Range, time::Duration};

use tokio::time::Instant;

use super::{
    Brief, CallError,
    answer::{Answer, answer},
    guess,
    listen::Listener,
};
use crate::{
    audio::{Clip, ENGINE_HZ, Frame, resample},
    dialogue::{
        endpointing::{self, Output, PauseId, WINDOW},
        history::History,
    },
    domain::{Language, MediaTime, Pii},
    speech::{Priority, Results, Served, SpeechError, Transcript, engines::Engines, local::vad::VAD_WINDOW},
};

/// A recording may stop right after the last word: so much silence follows it, enough for the longest pause that is
/// waited for.
const SILENCE_AFTER: usize = 2 * ENGINE_HZ as usize;

/// How to hold the conversation.
#[derive(Clone, Debug)]
pub struct Options {
    /// What the agent is told about its task.
    pub instructions: String,
    /// The language spoken, or `None` to have it recognised.
    pub language: Option<Language>,
    /// How to answer; its language is used when the caller's is not recognised.
    pub brief: Brief,
    /// Feed the recording as fast as it plays, as a call does, instead of as fast as it can be heard.
    pub realtime: bool,
}

/// A caller's turn, and what was answered.
#[derive(Clone, Debug)]
pub struct Exchange {
    /// What was heard.
    pub heard: Pii<String>,
    /// The language it was in.
    pub language: Language,
    /// When the caller spoke, in the recording.
    pub speech: Range<MediaTime>,
    /// What was answered.
    pub reply: Answer,
    /// When what was there.
    pub timings: Timings,
}

/// Time since the caller's speech ended. At real time this is what a caller would wait; otherwise the wait for the end
/// of the turn is counted in the recording's time, and computing in wall time.
#[derive(Clone, Copy, Debug, serde::Serialize)]
pub struct Timings {
    /// The turn was known to be over.
    pub end_of_turn: u64,
    /// The transcript was there.
    pub transcript: u64,
    /// The language model's first words.
    pub first_words: u64,
    /// The first clause that could be said.
    pub first_clause: u64,
    /// The first sample of the answer.
    pub first_audio: u64,
    /// The last sample of the answer.
    pub total: u64,
}

/// Listens to `recording` and answers each of the caller's turns; the answers' frames go to `hear`. The recording waits
/// while the agent answers.
///
/// # Errors
/// [`CallError::NobodySpoke`] when there was nothing to answer; otherwise as the engines.
pub async fn converse(
    engines: &Engines,
    recording: &Clip,
    options: &Options,
    hear: impl FnMut(Frame),
) -> Result<Vec<Exchange>, CallError> {
    engines.transcriber()?;
    engines.responder()?;
    let mut samples = resample(recording, ENGINE_HZ).samples;
    samples.resize((samples.len() + SILENCE_AFTER).next_multiple_of(VAD_WINDOW), 0.0);
    let mut session = Session {
        engines,
        options,
        hear,
        listener: Listener::new(engines.vad()?),
        history: History::new(&options.instructions),
        guess: None,
        began: Instant::now(),
        exchanges: Vec::new(),
    };
    for chunk in samples.as_chunks::<VAD_WINDOW>().0 {
        session.hear_chunk(chunk).await?;
    }
    if session.exchanges.is_empty() { Err(CallError::NobodySpoke) } else { Ok(session.exchanges) }
}

/// How long the turn detector takes, about, on two cores. A recording that is heard faster than it plays waits so long in
/// its own time for a verdict: turns then fall where they would in a call.
const VERDICT_TAKES: Duration = Duration::from_millis(160);

/// Work begun at a pause, in the hope that the caller is done.
struct Guess {
    pause: PauseId,
    asked: MediaTime,
    transcript: Results<Transcript>,
    verdict: Option<tokio::task::JoinHandle<Result<f32, SpeechError>>>,
}

struct Session<'a, H> {
    engines: &'a Engines,
    options: &'a Options,
    hear: H,
    listener: Listener,
    history: History,
    guess: Option<Guess>,
    /// The wall time of the recording's beginning, moved on while the recording waits.
    began: Instant,
    exchanges: Vec<Exchange>,
}

impl<H: FnMut(Frame)> Session<'_, H> {
    async fn hear_chunk(&mut self, chunk: &[f32; VAD_WINDOW]) -> Result<(), CallError> {
        if self.options.realtime {
            let end_of_chunk = self.listener.now() + WINDOW;
            self.wait_until(self.began + end_of_chunk.since(MediaTime::ZERO)).await?;
        } else if self.guess.as_ref().is_some_and(|guess| self.listener.now() >= guess.asked + VERDICT_TAKES) {
            let verdict = self.verdict().await?;
            self.judge(verdict).await?;
        }
        // Without a pause in the work, whoever runs this could not end it.
        tokio::task::yield_now().await;
        self.listener.push(chunk)?;
        self.decide().await
    }

    /// Waits until the next chunk is due; a verdict is acted upon as soon as it comes.
    async fn wait_until(&mut self, due: Instant) -> Result<(), CallError> {
        let waiting = self.guess.as_ref().is_some_and(|guess| guess.verdict.is_some());
        if waiting && let Ok(verdict) = tokio::time::timeout_at(due, self.verdict()).await {
            self.judge(verdict?).await?;
        }
        tokio::time::sleep_until(due).await;
        Ok(())
    }

    /// The turn detector's word on the present pause, if one is outstanding. May be dropped and asked again.
    async fn verdict(&mut self) -> Result<Option<(PauseId, f32)>, SpeechError> {
        let Some(Guess { pause, verdict, .. }) = &mut self.guess else { return Ok(None) };
        let Some(running) = verdict else { return Ok(None) };
        let probability = running.await.unwrap_or_else(|panic| Err(detector_failed(&panic)))?;
        *verdict = None;
        Ok(Some((*pause, probability)))
    }

    async fn judge(&mut self, verdict: Option<(PauseId, f32)>) -> Result<(), CallError> {
        if let Some((pause, probability)) = verdict {
            self.listener.tell(endpointing::Input::Verdict { pause, complete: probability });
            self.decide().await?;
        }
        Ok(())
    }

    async fn decide(&mut self) -> Result<(), CallError> {
        while let Some(output) = self.listener.poll() {
            match output {
                Output::Stirred | Output::Settled | Output::Stopped { .. } | Output::SpeechStarted { .. } => {}
                Output::Pause { id, .. } => self.guess = Some(self.begin_guess(id)?),
                Output::SpeechResumed => self.guess = None,
                Output::EndOfTurn { speech } => self.reply(speech).await?,
            }
        }
        Ok(())
    }

    /// The text and the verdict on the pause, both under way before anybody knows whether they are needed.
    fn begin_guess(&self, pause: PauseId) -> Result<Guess, CallError> {
        let samples = self.listener.utterance();
        let transcript = guess::words(
            self.engines.transcriber()?,
            samples,
            self.options.language,
            Priority::Speech,
            Served::default(),
        );
        let paused = self.listener.paused_utterance();
        let verdict =
            self.engines.turn_detector().zip(paused).map(|(detector, paused)| guess::verdict(detector, paused));
        Ok(Guess { pause, asked: self.listener.now(), transcript, verdict })
    }

    async fn reply(&mut self, speech: Range<MediaTime>) -> Result<(), CallError> {
        let now = self.listener.now();
        let decided = Instant::now();
        let waited = if self.options.realtime {
            decided.saturating_duration_since(self.began + speech.end.since(MediaTime::ZERO))
        } else {
            now.since(speech.end)
        };
        let mut results = match self.guess.take() {
            Some(guess) => guess.transcript,
            None => self.begin_guess(PauseId::default())?.transcript,
        };
        let transcript = last(&mut results).await?;
        let transcribed = decided.elapsed();
        if !transcript.text.is_empty() {
            self.history.heard(&transcript.text);
            let language = self.voice_language(transcript.language)?;
            let brief = Brief { language, ..self.options.brief.clone() };
            let reply = answer(self.engines, self.history.messages(), &brief, &mut self.hear).await?;
            self.history.said(reply.text.reveal());
            let timings = timings(waited, transcribed, &reply);
            self.exchanges.push(Exchange { heard: Pii::new(transcript.text), language, speech, reply, timings });
        }
        self.began += decided.elapsed();
        Ok(())
    }
}

impl<H> Session<'_, H> {
    /// The language that the answer's voice speaks: the one set, else the one recognised, if there is a voice for it.
    /// Short speech is easily taken for a language that nobody here speaks.
    fn voice_language(&self, recognised: Language) -> Result<Language, CallError> {
        let synthesizer = self.engines.synthesizer()?;
        Ok(match self.options.language {
            Some(language) => language,
            None if synthesizer.speaks(recognised) => recognised,
            None => self.options.brief.language,
        })
    }
}

/// The final transcript of several.
async fn last(results: &mut Results<Transcript>) -> Result<Transcript, CallError> {
    while let Some(transcript) = results.recv().await {
        let transcript = transcript?;
        if transcript.is_final {
            return Ok(transcript);
        }
    }
    Err(super::no_final_transcript().into())
}

fn timings(waited: Duration, transcribed: Duration, reply: &Answer) -> Timings {
    let since_speech = |answered: Duration| millis(waited + transcribed + answered);
    Timings {
        end_of_turn: millis(waited),
        transcript: millis(waited + transcribed),
        first_words: since_speech(reply.timings.first_words),
        first_clause: since_speech(reply.timings.first_clause),
        first_audio: since_speech(reply.timings.first_audio),
        total: since_speech(reply.timings.total),
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

fn detector_failed(panic: &tokio::task::JoinError) -> SpeechError {
    SpeechError::Failed { engine: "turn detector", reason: panic.to_string() }
}
