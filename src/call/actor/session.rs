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
    guided::Guided,
    hearing::Judging,
    mouth::{Mouth, Piece, Report, Stage},
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
        directions::Led,
        live::{Ask, Command, Scene},
    },
    dialogue::{self, Dialogue, Input, Output, Phase, Place, Setup, Side, Spoken, Take, endpointing},
    domain::{Language, MediaTime, Pii, Provider, TurnId, cards},
    speech::{Priority, Sampling, Served, Urgency, engines::Engines},
    store::turns::{NewTurn, Providers, Timings, Who},
};

/// Frames that the line dropped are made up for by silence, up to 5 s: no turn outlasts that. The rest is skipped.
const MOST_LOST: u32 = 250;

/// Work that ends when it is not wanted any more.
pub(super) struct Task(AbortHandle);

impl Task {
    pub(super) fn spawn(work: impl Future<Output = ()> + Send + 'static) -> Self {
        Self(tokio::spawn(work).abort_handle())
    }
}

impl Drop for Task {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// What the caller said, on its way to words.
pub(super) struct Listening {
    pub(super) served: Served,
    /// Held, to be dropped.
    pub(super) _task: Task,
}

/// The agent's turn on its way to the line.
struct Speaking {
    stage: watch::Sender<Stage>,
    /// Whether nothing of it is to be heard yet.
    seal: watch::Sender<bool>,
    /// How urgent it is to know what is said.
    urgency: Urgency,
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

/// How a call is to be held, and by which script if one leads.
pub(super) struct Briefing {
    pub(super) setup: Setup,
    pub(super) script: Option<Box<Led>>,
}

/// See the module.
pub(super) struct Session<'a> {
    pub(super) dialogue: Dialogue,
    pub(super) ear: Ear,
    pub(super) engines: Option<Arc<Engines>>,
    pub(super) exchange: &'a Exchange,
    pub(super) recorder: &'a Recorder,
    /// What those see who follow the call without being in its room.
    pub(super) scene: &'a watch::Sender<Scene>,
    /// The script that leads, if one does.
    pub(super) guided: Option<Guided>,
    /// Who speaks, and in which voice.
    pub(super) brief: Brief,
    /// The language that the caller is taken to speak, or `None` to have it recognised.
    pub(super) language: Option<Language>,
    job: &'a str,
    say: mpsc::Sender<Say>,
    commands: mpsc::Sender<LineCommand>,
    pub(super) results: mpsc::Sender<Event>,
    pub(super) takes: HashMap<Take, Listening>,
    /// Who heard the caller's latest words.
    pub(super) heard_by: Option<Provider>,
    pub(super) judging: Judging,
    /// The language model reads the conversation so far.
    pub(super) reading: Option<Task>,
    speaking: Option<Speaking>,
    state: AgentState,
    /// The record says that the call was answered, or it never will be.
    answered: bool,
    /// What the caller said last.
    asked: Asked,
    /// The agent's present turn, and what it answers.
    answering: (TurnId, Asked),
    /// The agent's latest turn, and how it comes about. One that is gone on with has a new name.
    voiced: (TurnId, Arc<Marks>),
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
        Briefing { setup, script }: Briefing,
        results: mpsc::Sender<Event>,
        (recorder, scene): (&'a Recorder, &'a watch::Sender<Scene>),
    ) -> Self {
        let is_refused = setup.refusal.is_some();
        let ears = engines.as_ref().filter(|_| setup.hears && !is_refused);
        let profile = &assignment.profile;
        let language = script.as_ref().map(|led| led.setup.script.language);
        Self {
            ear: Ear::new(ears.and_then(|engines| engines.vad().ok())),
            brief: Brief {
                language: setup.language,
                voice: profile.voice.clone(),
                speed: profile.speed,
                max_tokens: exchange.max_tokens,
                sampling: Sampling::default(),
                conversation: next_conversation(exchange),
                urgency: Priority::Reply.into(),
            },
            language: language.or(assignment.language).or(profile.language),
            guided: script.map(|script| Guided::new(*script, engines.as_deref())),
            job: &assignment.job,
            dialogue: Dialogue::new(MediaTime::ZERO, setup),
            engines,
            exchange,
            recorder,
            scene,
            say: line.say.clone(),
            commands: line.commands.clone(),
            results,
            takes: HashMap::new(),
            heard_by: None,
            judging: Judging::default(),
            reading: None,
            speaking: None,
            state: AgentState::Initializing,
            answered: is_refused,
            asked: Asked::since(Duration::ZERO),
            answering: (TurnId::default(), Asked::since(Duration::ZERO)),
            voiced: Default::default(),
            asks: Asks::default(),
            asked_lines: 0,
        }
    }

    /// Says the first words.
    pub(super) async fn begin(&mut self) {
        self.act().await;
        self.prepare_script();
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
            Event::Told(Command::Ask(ask)) => self.asked_for(ask).await,
            Event::Told(Command::Say(text)) => self.tell(Input::Interject(text)).await,
            Event::Told(Command::End) => self.tell(Input::EndedByStaff).await,
            Event::Lost => return Some(self.hung_up(Hangup::RoomClosed).await),
            Event::Transcribed(take, result) => self.transcribed(take, result).await,
            Event::Judged(pause, result) => self.judged(pause, result).await,
            Event::Said(turn, report) => self.said(turn, report).await,
            Event::Guided(input) => {
                self.guide(input);
                self.act().await;
            }
        }
        // What the dialogue said of words and pauses may have ended a turn.
        self.notice().await;
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
    pub(super) async fn notice(&mut self) {
        while let Some(output) = self.ear.poll() {
            if let endpointing::Output::EndOfTurn { speech } = &output {
                let waited = self.ear.now().since(speech.end);
                self.asked = Asked::since(waited);
                self.asked.timings.end_of_turn = Some(millis(waited));
            }
            let begins = matches!(output, endpointing::Output::SpeechStarted { .. });
            self.tell(Input::Heard(output)).await;
            if begins {
                self.read_ahead();
            }
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
        self.scene.send_modify(|scene| scene.typed(&text));
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
            Report::Clause { text, thought, line, uninterruptible } => {
                self.begun(turn, thought);
                if let Some(guided) = &mut self.guided {
                    guided.clause(turn, line);
                }
                Input::Clause { turn, text, uninterruptible }
            }
            Report::WordStarts(words) => Input::WordStarts { turn, words },
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

    pub(super) async fn tell(&mut self, input: Input) {
        self.dialogue.handle(self.ear.now(), input);
        self.act().await;
    }

    async fn act(&mut self) {
        while let Some(output) = self.dialogue.poll() {
            match output {
                Output::Transcribe { take, instead_of, is_draft } => self.transcribe(take, instead_of, is_draft),
                Output::Forget(take) => drop(self.takes.remove(&take)),
                Output::Judge(pause) => self.judge(pause),
                Output::Endpoint(input) => self.ear.tell(input),
                Output::Answer { turn, messages, language, is_speculative } => {
                    if !is_speculative {
                        self.answers(turn);
                    }
                    self.speak(turn, only(Piece::Answer(messages)), language, is_speculative);
                }
                Output::Lead { turn, cue } => self.lead(turn, cue),
                Output::Ended { turn, heard } => {
                    if let Some(guided) = &mut self.guided {
                        guided.ended(turn, heard);
                    }
                }
                Output::Commit(turn) => {
                    self.answers(turn);
                    self.unseal();
                }
                Output::Say { turn, text, language, is_fixed } => {
                    let piece = if is_fixed { Piece::fixed(text) } else { Piece::once(text) };
                    self.speak(turn, only(piece), language, false);
                }
                Output::Cancel(turn) => {
                    self.speaking = None;
                    self.command(LineCommand::Flush(turn)).await;
                }
                Output::Hold(turn) => {
                    self.direct(Stage::Held);
                    self.command(LineCommand::Flush(turn)).await;
                }
                Output::Resume { turn, from } => {
                    if let Some(guided) = &mut self.guided {
                        guided.resumed(self.voiced.0, turn, from.clause);
                    }
                    self.voiced.0 = turn;
                    self.direct(Stage::Speaking { turn, from });
                }
                Output::Duck(duck) => self.command(LineCommand::Duck(duck)).await,
                Output::Transcript(line) => self.show(line).await,
                Output::Record(spoken) => self.record(spoken),
                Output::Noted(incident) => count_incident(incident.as_str()),
                Output::Notice(notice) => self.command(LineCommand::Notice(shown(notice))).await,
                Output::HangUp => self.command(LineCommand::Leave).await,
            }
        }
        let state = state_of(self.dialogue.phase());
        if std::mem::replace(&mut self.state, state) != state {
            self.scene.send_modify(|scene| scene.state = state);
            self.command(LineCommand::State(state)).await;
        }
    }

    /// What the caller said is answered by this turn.
    pub(super) fn answers(&mut self, turn: TurnId) {
        self.answering = (turn, self.asked);
        self.asks.answered_by(turn);
        self.answering.1.timings.transcript = Some(millis(self.asked.at.elapsed()));
    }

    /// Begins to make a turn. A sealed one is made as far as it can be without being heard, until it is unsealed.
    pub(super) fn speak(&mut self, turn: TurnId, pieces: mpsc::Receiver<Piece>, language: Language, is_sealed: bool) {
        let (seal, watched_seal) = watch::channel(is_sealed);
        let urgency = Urgency::new(if is_sealed { Priority::Speculation } else { Priority::Reply });
        let marks = Arc::new(Marks::default());
        self.voiced = (turn, Arc::clone(&marks));
        let mouth = Mouth {
            engines: self.engines.clone(),
            prepared: self.exchange.prepared.clone(),
            brief: Brief { language, urgency: urgency.clone(), ..self.brief.clone() },
            say: self.say.clone(),
            reports: self.results.clone(),
            marks,
            failed: AtomicBool::new(false),
            is_sealed: watched_seal,
        };
        let (stage, watched) = watch::channel(Stage::Speaking { turn, from: Place::default() });
        self.speaking = Some(Speaking { stage, seal, urgency, _task: Task::spawn(mouth.run(pieces, watched)) });
    }

    fn unseal(&self) {
        if let Some(speaking) = &self.speaking {
            speaking.urgency.raise(Priority::Reply);
            speaking.seal.send_replace(false);
        }
    }

    /// Tells the agent's turn what to do.
    fn direct(&self, stage: Stage) {
        if let Some(speaking) = &self.speaking {
            speaking.stage.send_replace(stage);
        }
    }

    async fn show(&self, line: dialogue::Line) {
        self.scene.send_modify(|scene| scene.line(&line));
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
        let turn = spoken.played.map(|(turn, _)| turn);
        // What an answer took and cost is written once, also when it is gone on with.
        let (timings, tokens) = match turn {
            Some(turn) if turn == self.answering.0 => (self.answering.1.timings, self.voiced.1.tokens()),
            _ => Default::default(),
        };
        if let Some(turn) = turn {
            self.asks.heard(turn, &spoken.text);
        }
        let providers = self.providers(&spoken);
        self.recorder.turn(NewTurn {
            who: if spoken.side == Side::Caller { Who::Caller } else { Who::Agent },
            text: spoken.text,
            started: since(spoken.at.start),
            ended: since(spoken.at.end),
            heard: spoken.played.map(|(_, sent)| sent),
            interrupted: spoken.interrupted,
            timings,
            providers,
            tokens,
        });
    }

    fn providers(&self, spoken: &Spoken) -> Providers {
        match spoken.played {
            Some((turn, _)) if turn == self.voiced.0 => self.voiced.1.providers(),
            // What is typed takes no time.
            None if !spoken.at.is_empty() => Providers { stt: self.heard_by.clone(), ..Providers::default() },
            _ => Providers::default(),
        }
    }

    /// The line takes all commands every 20 ms. When it has ended, or is dead, there is nothing left to command.
    async fn command(&self, command: LineCommand) {
        let _ = timeout(LINE_PATIENCE, self.commands.send(command)).await;
    }
}

/// A turn of one piece.
fn only(piece: Piece) -> mpsc::Receiver<Piece> {
    let (pieces, coming) = mpsc::channel(1);
    // There is room for it.
    let _ = pieces.try_send(piece);
    coming
}

fn count_turn(side: Side, outcome: &'static str) {
    let who = if side == Side::Caller { "caller" } else { "agent" };
    metrics::counter!("callstead_turns_total", "who" => who, "outcome" => outcome).increment(1);
}

/// Something went otherwise than it should. What was said is not in the log.
pub(super) fn count_incident(kind: &'static str) {
    tracing::debug!(incident = kind, "a conversation did not go as it should");
    metrics::counter!("callstead_incidents_total", "kind" => kind).increment(1);
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
