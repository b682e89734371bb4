//! A call that is being served: events in, and what the dialogue decides done.

use std::{collections::HashMap, future::Future, mem, sync::Arc};

use tokio::{
    sync::{mpsc, watch},
    task::AbortHandle,
    time::timeout,
};

use super::{
    Assignment, Event, Exchange, LINE_PATIENCE, Recorded, Recorder, asks::Asks, ear::Ear, guided::Guided,
    hearing::Judging, mouth::Piece, next_conversation, recorded, speaking::Turns, tally::Counted,
};
use crate::{
    audio::{
        Frame,
        line::{AgentState, Hangup, Line, LineCommand, LineEvent, Notice, Say, Speaker, TranscriptLine},
    },
    call::{
        Brief,
        directions::Led,
        live::{Ask, Command, Scene},
    },
    dialogue::{self, Dialogue, Input, Output, Phase, Place, Setup, Side, Take, endpointing},
    domain::{Language, MediaTime, Pii, Provider, TurnId, cards},
    speech::{Priority, Sampling, Served, engines::Engines},
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
    /// Those that the caller is followed into; none: all that there are voices for.
    pub(super) languages: &'a [Language],
    job: &'a str,
    pub(super) say: mpsc::Sender<Say>,
    commands: mpsc::Sender<LineCommand>,
    pub(super) results: mpsc::Sender<Event>,
    pub(super) takes: HashMap<Take, Listening>,
    /// Who heard the caller's latest words.
    pub(super) heard_by: Option<Provider>,
    pub(super) judging: Judging,
    /// The language model reads the conversation so far.
    pub(super) reading: Option<Task>,
    /// It sums the call up for a colleague; held, to be dropped.
    pub(super) summing_up: Option<Task>,
    pub(super) turns: Turns,
    state: AgentState,
    /// There, while the caller speaks or waits.
    busy: Option<Counted>,
    /// The record says that the call was answered, or it never will be.
    pub(super) answered: bool,
    /// Who waits for an answer without being in the room.
    pub(super) asks: Asks,
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
            languages: &assignment.languages,
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
            summing_up: None,
            turns: Turns::default(),
            state: AgentState::Initializing,
            busy: None,
            answered: is_refused,
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
            Event::Line(LineEvent::Colleague { is_here }) => self.tell(Input::Colleague { is_here }).await,
            // It is the one that this call is about: a line has one caller at a time.
            Event::Line(LineEvent::Caller(_)) => {}
            Event::Line(LineEvent::Hangup(hangup)) => return Some(self.hung_up(hangup).await),
            Event::Told(Command::Ask(ask)) => self.asked_for(ask).await,
            Event::Told(Command::Say(text)) => self.tell(Input::Interject(text)).await,
            Event::Told(Command::End) => self.tell(Input::EndedByStaff).await,
            Event::Told(Command::TakeOver(colleague, language)) => self.take_over(colleague, language).await,
            Event::Told(Command::GiveBack(words)) => self.tell(Input::GivenBack { words }).await,
            Event::Lost => return Some(self.hung_up(Hangup::RoomClosed).await),
            Event::Transcribed(take, result) => self.transcribed(take, result).await,
            Event::Judged(pause, result) => self.judged(pause, result).await,
            Event::Said(turn, report) => self.said(turn, report).await,
            Event::Guided(input) => {
                self.guide(input);
                self.act().await;
            }
            Event::SummedUp(text) => self.summed_up(text),
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
                self.turns.heard_out(self.ear.now().since(speech.end));
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
        self.turns.read();
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
                Output::Ended { turn, heard } => self.ended(turn, heard),
                Output::Commit(turn) => {
                    self.answers(turn);
                    self.turns.unseal();
                }
                Output::Say { turn, text, language, is_fixed } => {
                    let piece = if is_fixed { Piece::fixed(text) } else { Piece::once(text) };
                    self.speak(turn, only(piece), language, false);
                }
                Output::Cancel(turn) => {
                    self.turns.cancel();
                    self.command(LineCommand::Flush(turn)).await;
                }
                Output::Hold(turn) => {
                    self.turns.hold();
                    self.command(LineCommand::Flush(turn)).await;
                }
                Output::Resume { turn, from } => self.resume(turn, from),
                Output::Duck(duck) => self.command(LineCommand::Duck(duck)).await,
                Output::Transcript(line) => self.show(line).await,
                Output::Record(spoken) => self.record(spoken),
                Output::Noted(incident) => count_incident(incident.as_str()),
                Output::Returned(how) => self.returned(how).await,
                Output::Notice(notice) => self.command(LineCommand::Notice(shown(notice))).await,
                Output::HangUp => self.command(LineCommand::Leave).await,
            }
        }
        self.show_state().await;
    }

    /// Tells where the call stands: the room, who follows it, and who would like the cores.
    async fn show_state(&mut self) {
        let phase = self.dialogue.phase();
        match (matches!(phase, Phase::Hearing { .. } | Phase::Thinking(_)), &self.busy) {
            (true, None) => self.busy = Some(self.exchange.busy.one_more()),
            (false, Some(_)) => self.busy = None,
            _ => {}
        }
        let state = state_of(phase);
        if mem::replace(&mut self.state, state) != state {
            self.scene.send_modify(|scene| scene.state = state);
            self.command(LineCommand::State(state)).await;
        }
    }

    /// What the caller said is answered by this turn.
    pub(super) fn answers(&mut self, turn: TurnId) {
        self.turns.answered_by(turn);
        self.asks.answered_by(turn);
    }

    /// The agent's turn is over for now, and so many of its clauses were heard to their end.
    fn ended(&mut self, turn: TurnId, heard: usize) {
        if let Some(guided) = &mut self.guided {
            guided.ended(turn, heard);
        }
    }

    /// The agent goes on as `turn`.
    fn resume(&mut self, turn: TurnId, from: Place) {
        let old = self.turns.resume(turn, from);
        if let Some(guided) = &mut self.guided {
            guided.resumed(old, turn, from.clause);
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

    /// The line takes all commands every 20 ms. When it has ended, or is dead, there is nothing left to command.
    pub(super) async fn command(&self, command: LineCommand) {
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
