//! A call that is being served: events in, and what the dialogue decides done.

use std::{
    collections::HashMap,
    future::Future,
    sync::{Arc, atomic::AtomicBool},
    time::Duration,
};

use jiff::Timestamp;
use tokio::{
    sync::{mpsc, watch},
    task::AbortHandle,
    time::{Instant, timeout},
};

use super::{
    Assignment, Event, Exchange, LINE_PATIENCE, Recorded, Recorder,
    asks::Asks,
    ear::Ear,
    mouth::{Mouth, Report, Stage, Words},
    next_conversation, recorded, stages,
};
use crate::{
    audio::{
        Frame,
        line::{AgentState, Hangup, Line, LineCommand, LineEvent, Notice, Say, Speaker, TranscriptLine},
    },
    call::{
        Brief,
        answer::{Marks, Passed},
        guess,
        live::Ask,
    },
    dialogue::{
        self, Dialogue, Input, Output, Phase, Setup, Side, Spoken, Take,
        endpointing::{self, PauseId},
    },
    domain::{Language, MediaTime, Pii, TurnId, cards},
    speech::{Sampling, SpeechError, Transcript, engines::Engines},
    store::turns::{NewTurn, Timings, Who},
};

/// Frames that the line dropped are made up for by silence, up to 5 s: no turn outlasts that. The rest is skipped.
const MOST_LOST: u32 = 250;

/// Work that ends when it is not wanted any more.
struct Task(AbortHandle);

impl Task {
    fn spawn(work: impl Future<Output = ()> + Send + 'static) -> Self {
        Self(tokio::spawn(work).abort_handle())
    }
}

impl Drop for Task {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// The agent's turn on its way to the line.
struct Speaking {
    stage: watch::Sender<Stage>,
    /// Held, to be dropped.
    _task: Task,
}

/// Something that the caller wants answered.
#[derive(Clone, Copy)]
struct Asked {
    /// When the last word was said.
    at: Instant,
    /// How the answer comes about.
    timings: Timings,
}

impl Asked {
    /// The last word was said `ago`.
    fn since(ago: Duration) -> Self {
        let now = Instant::now();
        Self { at: now.checked_sub(ago).unwrap_or(now), timings: Timings::default() }
    }
}

/// See the module.
pub(super) struct Session<'a> {
    dialogue: Dialogue,
    ear: Ear,
    engines: Option<Arc<Engines>>,
    exchange: &'a Exchange,
    recorder: &'a Recorder,
    /// Who speaks, and in which voice.
    brief: Brief,
    /// The language that the caller is taken to speak, or `None` to have it recognised.
    language: Option<Language>,
    job: &'a str,
    say: mpsc::Sender<Say>,
    commands: mpsc::Sender<LineCommand>,
    results: mpsc::Sender<Event>,
    takes: HashMap<Take, Task>,
    judging: bool,
    speaking: Option<Speaking>,
    state: AgentState,
    /// The record says that the call was answered, or it never will be.
    answered: bool,
    /// What the caller said last.
    asked: Asked,
    /// The agent's present turn, and what it answers.
    answering: (TurnId, Asked),
    /// Who waits for an answer without being in the room.
    asks: Asks,
    /// How much they have said.
    asked_lines: u64,
}

impl<'a> Session<'a> {
    pub(super) fn new(
        line: &Line,
        engines: Option<Arc<Engines>>,
        assignment: &'a Assignment,
        exchange: &'a Exchange,
        setup: Setup,
        results: mpsc::Sender<Event>,
        recorder: &'a Recorder,
    ) -> Self {
        let is_refused = setup.refusal.is_some();
        let ears = engines.as_ref().filter(|_| setup.hears && !is_refused);
        let profile = &assignment.profile;
        Self {
            ear: Ear::new(ears.and_then(|engines| engines.vad().ok())),
            brief: Brief {
                language: setup.language,
                voice: profile.voice.clone(),
                speed: profile.speed,
                max_tokens: exchange.max_tokens,
                sampling: Sampling::default(),
                conversation: next_conversation(exchange),
            },
            language: assignment.language.or(profile.language),
            job: &assignment.job,
            dialogue: Dialogue::new(MediaTime::ZERO, setup),
            engines,
            exchange,
            recorder,
            say: line.say.clone(),
            commands: line.commands.clone(),
            results,
            takes: HashMap::new(),
            judging: false,
            speaking: None,
            state: AgentState::Initializing,
            answered: is_refused,
            asked: Asked::since(Duration::ZERO),
            answering: (TurnId::default(), Asked::since(Duration::ZERO)),
            asks: Asks::default(),
            asked_lines: 0,
        }
    }

    /// Says the first words.
    pub(super) async fn begin(&mut self) {
        self.act().await;
    }

    /// Takes what happened; the call is over when there is a reason.
    pub(super) async fn handle(&mut self, event: Event) -> Option<Recorded> {
        match event {
            Event::Line(LineEvent::Audio(frame)) => self.hear(&frame).await,
            Event::Line(LineEvent::Lost(count)) => self.make_up_for(count).await,
            Event::Line(LineEvent::Muted(muted)) => self.tell(Input::Muted(muted)).await,
            Event::Line(LineEvent::Typed(text)) => self.typed(text).await,
            Event::Line(LineEvent::Played { turn, sent, done }) => self.tell(Input::Played { turn, sent, done }).await,
            // It is the one that this call is about: a line has one caller at a time.
            Event::Line(LineEvent::Caller(_)) => {}
            Event::Line(LineEvent::Hangup(hangup)) => return Some(self.hung_up(hangup).await),
            Event::Asked(ask) => self.asked_for(ask).await,
            Event::Lost => return Some(self.hung_up(Hangup::RoomClosed).await),
            Event::Transcribed(take, result) => self.transcribed(take, result).await,
            Event::Judged(pause, result) => self.judged(pause, result).await,
            Event::Said(turn, report) => self.said(turn, report).await,
        }
        match self.dialogue.phase() {
            Phase::Ended(reason) => Some(recorded(reason)),
            _ => None,
        }
    }

    // ---- the caller ----

    async fn hear(&mut self, frame: &Frame) {
        self.ear.push(frame);
        loop {
            match self.ear.next_window() {
                Ok(true) => self.notice().await,
                Ok(false) => break,
                Err(error) => {
                    tracing::error!(%error, "the caller cannot be heard any more");
                    self.ear.close();
                    self.tell(Input::Deaf).await;
                }
            }
        }
        self.tell(Input::Tick).await;
    }

    /// Tells the dialogue what the ear noticed, each before anything more is heard: an utterance is taken as it stands.
    async fn notice(&mut self) {
        while let Some(output) = self.ear.poll() {
            if let endpointing::Output::EndOfTurn { speech } = &output {
                let waited = self.ear.now().since(speech.end);
                self.asked = Asked::since(waited);
                self.asked.timings.end_of_turn = Some(millis(waited));
            }
            self.tell(Input::Heard(output)).await;
        }
    }

    async fn make_up_for(&mut self, lost: u32) {
        tracing::debug!(frames = lost, "the call did not keep up with the line");
        for _ in 0..lost.min(MOST_LOST) {
            self.hear(&Frame::SILENCE).await;
        }
        self.ear.skip(lost.saturating_sub(MOST_LOST));
        self.tell(Input::Tick).await;
    }

    async fn typed(&mut self, text: Pii<String>) {
        self.asked = Asked::since(Duration::ZERO);
        self.tell(Input::Typed(text)).await;
    }

    /// As if the caller had typed it. Those in the room see it, too: the caller's own page does not show it by itself.
    async fn asked_for(&mut self, Ask { text, answer }: Ask) {
        self.asked_lines += 1;
        let line = TranscriptLine {
            segment: format!("{}-caller-asked-{}", self.job, self.asked_lines),
            speaker: Speaker::Caller,
            text: Pii::new(cards::mask(text.reveal())),
            is_final: true,
        };
        self.command(LineCommand::Transcript(line)).await;
        self.asks.wait(answer);
        self.typed(text).await;
    }

    async fn transcribed(&mut self, take: Take, result: Result<Transcript, SpeechError>) {
        let words = match result {
            Ok(transcript) => Some(self.words(transcript)),
            Err(error) => {
                tracing::warn!(%error, "an utterance was not understood");
                None
            }
        };
        if words.as_ref().is_none_or(|words| words.is_final) {
            self.takes.remove(&take);
        }
        self.tell(Input::Transcribed { take, words }).await;
    }

    /// The words, and their language if there is a voice for it: short speech is easily taken for another language.
    fn words(&self, Transcript { text, language, is_final, .. }: Transcript) -> dialogue::Words {
        let voices = self.engines.as_ref().and_then(|engines| engines.synthesizer().ok());
        let language = voices.is_none_or(|voices| voices.speaks(language)).then_some(language);
        dialogue::Words { text: Pii::new(text), language, is_final }
    }

    async fn judged(&mut self, pause: PauseId, result: Result<f32, SpeechError>) {
        self.judging = false;
        match result {
            Ok(probability) => self.ear.verdict(pause, probability),
            Err(error) => tracing::warn!(%error, "a pause was not judged"),
        }
        self.notice().await;
    }

    async fn hung_up(&mut self, hangup: Hangup) -> Recorded {
        self.tell(Input::Left).await;
        match hangup {
            Hangup::CallerLeft | Hangup::NobodyCame => Recorded::CallerLeft,
            Hangup::RoomClosed => Recorded::RoomClosed,
            Hangup::ServerStopped => Recorded::Stopped,
        }
    }

    // ---- the agent ----

    async fn said(&mut self, turn: TurnId, report: Report) {
        let input = match report {
            Report::Clause { text, thought } => {
                self.begun(turn, thought);
                Input::Clause { turn, text }
            }
            Report::ClauseMade(audio) => Input::ClauseMade { turn, audio },
            Report::Made { failed } => {
                self.made(turn);
                if failed {
                    count_turn(Side::Agent, "failed");
                }
                Input::TurnMade { turn, failed }
            }
        };
        self.tell(input).await;
    }

    /// A clause of a turn begins, perhaps its first.
    fn begun(&mut self, turn: TurnId, thought: Passed) {
        if !std::mem::replace(&mut self.answered, true) {
            self.recorder.answered(Timestamp::now());
        }
        let (answer, asked) = &mut self.answering;
        if *answer == turn && asked.timings.first_audio.is_none() {
            let since = |mark| millis(Instant::from_std(mark).duration_since(asked.at));
            asked.timings.first_words = thought.first_words.map(since);
            asked.timings.first_clause = thought.first_clause.map(since);
            let waited = millis(asked.at.elapsed());
            asked.timings.first_audio = Some(waited);
            stages::measure(&asked.timings);
            tracing::debug!(turn.first_audio_ms = waited, "an answer begins");
        }
    }

    /// The line has all of a turn.
    fn made(&mut self, turn: TurnId) {
        let (answer, asked) = &mut self.answering;
        if *answer == turn {
            asked.timings.total = Some(millis(asked.at.elapsed()));
        }
    }

    // ---- what was decided ----

    async fn tell(&mut self, input: Input) {
        self.dialogue.handle(self.ear.now(), input);
        self.act().await;
    }

    async fn act(&mut self) {
        while let Some(output) = self.dialogue.poll() {
            match output {
                Output::Transcribe { take, instead_of } => self.transcribe(take, instead_of),
                Output::Forget(take) => drop(self.takes.remove(&take)),
                Output::Judge(pause) => self.judge(pause),
                Output::Answer { turn, messages, language } => {
                    self.answering = (turn, self.asked);
                    self.asks.answered_by(turn);
                    self.answering.1.timings.transcript = Some(millis(self.asked.at.elapsed()));
                    self.speak(turn, Words::Answer(messages), language);
                }
                Output::Say { turn, text, language } => self.speak(turn, Words::Fixed(text), language),
                Output::Cancel(turn) => {
                    self.speaking = None;
                    self.command(LineCommand::Flush(turn)).await;
                }
                Output::Hold(turn) => {
                    self.direct(Stage::Held);
                    self.command(LineCommand::Flush(turn)).await;
                }
                Output::Resume { turn, from } => self.direct(Stage::Speaking { turn, from }),
                Output::Duck(duck) => self.command(LineCommand::Duck(duck)).await,
                Output::Transcript(line) => self.show(line).await,
                Output::Record(spoken) => self.record(spoken),
                Output::Notice(notice) => self.command(LineCommand::Notice(shown(notice))).await,
                Output::HangUp => self.command(LineCommand::Leave).await,
            }
        }
        let state = state_of(self.dialogue.phase());
        if std::mem::replace(&mut self.state, state) != state {
            self.command(LineCommand::State(state)).await;
        }
    }

    fn transcribe(&mut self, take: Take, instead_of: Option<Take>) {
        if let Some(old) = instead_of {
            self.takes.remove(&old);
        }
        let transcriber = self.engines.as_ref().and_then(|engines| engines.transcriber().ok());
        let (Some(transcriber), Some(samples)) = (transcriber, self.ear.utterance()) else { return };
        let mut transcripts = guess::words(transcriber, samples, self.language);
        let results = self.results.clone();
        let work = async move {
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
        self.takes.insert(take, Task::spawn(work));
    }

    /// One pause at a time: on a busy box the verdict on an older one may still be on its way.
    fn judge(&mut self, pause: PauseId) {
        let detector = self.engines.as_ref().and_then(|engines| engines.turn_detector());
        let (Some(detector), Some(samples), false) = (detector, self.ear.utterance(), self.judging) else { return };
        self.judging = true;
        let (verdict, results) = (guess::verdict(detector, samples), self.results.clone());
        tokio::spawn(async move {
            let verdict = verdict.await.unwrap_or_else(|panic| {
                Err(SpeechError::Failed { engine: "turn detector", reason: panic.to_string() })
            });
            // The call may have ended.
            let _ = results.send(Event::Judged(pause, verdict)).await;
        });
    }

    fn speak(&mut self, turn: TurnId, words: Words, language: Language) {
        let mouth = Mouth {
            engines: self.engines.clone(),
            prepared: self.exchange.prepared.clone(),
            brief: Brief { language, ..self.brief.clone() },
            say: self.say.clone(),
            reports: self.results.clone(),
            marks: Marks::default(),
            failed: AtomicBool::new(false),
        };
        let (stage, watched) = watch::channel(Stage::Speaking { turn, from: 0 });
        self.speaking = Some(Speaking { stage, _task: Task::spawn(mouth.run(words, watched)) });
    }

    /// Tells the agent's turn what to do.
    fn direct(&self, stage: Stage) {
        if let Some(speaking) = &self.speaking {
            speaking.stage.send_replace(stage);
        }
    }

    async fn show(&self, line: dialogue::Line) {
        let (speaker, side) = match line.side {
            Side::Caller => (Speaker::Caller, "caller"),
            Side::Agent => (Speaker::Agent, "agent"),
        };
        let segment = format!("{}-{side}-{}", self.job, line.number);
        let line = TranscriptLine { segment, speaker, text: line.text, is_final: line.is_final };
        self.command(LineCommand::Transcript(line)).await;
    }

    fn record(&mut self, spoken: Spoken) {
        count_turn(spoken.side, if spoken.interrupted { "interrupted" } else { "complete" });
        let since = |at: MediaTime| at.since(MediaTime::ZERO);
        let timings = match spoken.played {
            Some((turn, _)) if turn == self.answering.0 => self.answering.1.timings,
            _ => Timings::default(),
        };
        if let Some((turn, _)) = spoken.played {
            self.asks.heard(turn, &spoken.text);
        }
        self.recorder.turn(NewTurn {
            who: if spoken.side == Side::Caller { Who::Caller } else { Who::Agent },
            text: spoken.text,
            started: since(spoken.at.start),
            ended: since(spoken.at.end),
            heard: spoken.played.map(|(_, sent)| sent),
            interrupted: spoken.interrupted,
            timings,
        });
    }

    /// The line takes all commands every 20 ms. When it has ended, or is dead, there is nothing left to command.
    async fn command(&self, command: LineCommand) {
        let _ = timeout(LINE_PATIENCE, self.commands.send(command)).await;
    }
}

fn count_turn(side: Side, outcome: &'static str) {
    let who = if side == Side::Caller { "caller" } else { "agent" };
    metrics::counter!("callstead_turns_total", "who" => who, "outcome" => outcome).increment(1);
}

fn state_of(phase: Phase) -> AgentState {
    match phase {
        Phase::Listening | Phase::Hearing { .. } | Phase::Ended(_) => AgentState::Listening,
        Phase::Thinking(_) => AgentState::Thinking,
        Phase::Speaking(_) => AgentState::Speaking,
    }
}

fn shown(notice: dialogue::Notice) -> Notice {
    match notice {
        dialogue::Notice::Busy => Notice::Busy,
        dialogue::Notice::TypedOnly => Notice::TypedOnly,
        dialogue::Notice::Unavailable => Notice::Unavailable,
    }
}

fn millis(duration: Duration) -> u32 {
    u32::try_from(duration.as_millis()).unwrap_or(u32::MAX)
}
