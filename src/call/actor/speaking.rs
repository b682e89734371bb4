//! The agent's turns: how each comes to the line, how long its caller waits for it, and what is kept of it.

use std::{
    sync::{Arc, atomic::AtomicBool},
    time::Duration,
};

use tokio::{
    sync::{mpsc, watch},
    time::Instant,
};

use super::{
    mouth::{Mouth, Piece, Report, Stage},
    session::{Session, Task},
    stages,
};
use crate::{
    call::{
        Brief,
        answer::{Marks, Passed},
    },
    dialogue::{Input, Place, Side, Spoken},
    domain::{Language, MediaTime, TurnId},
    speech::{Priority, Urgency},
    store::turns::{NewTurn, Providers, Timings, Tokens, Who},
};

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

/// The agent's latest turns.
pub(super) struct Turns {
    speaking: Option<Speaking>,
    /// What the caller said last.
    asked: Asked,
    /// The agent's present turn, and what it answers.
    answering: (TurnId, Asked),
    /// The agent's latest turn, and how it comes about. One that is gone on with has a new name.
    voiced: (TurnId, Arc<Marks>),
}

impl Default for Turns {
    fn default() -> Self {
        let asked = Asked::since(Duration::ZERO);
        Self { speaking: None, asked, answering: (TurnId::default(), asked), voiced: Default::default() }
    }
}

impl Turns {
    /// The caller's turn is over, so long after its last word.
    pub(super) fn heard_out(&mut self, waited: Duration) {
        self.asked = Asked::since(waited);
        self.asked.timings.end_of_turn = Some(millis(waited));
    }

    /// The caller wrote something.
    pub(super) fn read(&mut self) {
        self.asked = Asked::since(Duration::ZERO);
    }

    /// What the caller said is answered by this turn.
    pub(super) fn answered_by(&mut self, turn: TurnId) {
        let timings = Timings { transcript: Some(millis(self.asked.at.elapsed())), ..self.asked.timings };
        self.answering = (turn, Asked { timings, ..self.asked });
    }

    /// A sealed turn may be heard.
    pub(super) fn unseal(&self) {
        if let Some(speaking) = &self.speaking {
            speaking.urgency.raise(Priority::Reply);
            speaking.seal.send_replace(false);
        }
    }

    /// The turn falls silent for the present.
    pub(super) fn hold(&self) {
        self.direct(Stage::Held);
    }

    /// The turn is gone on with as `turn`, from this place on. Gives its old name.
    pub(super) fn resume(&mut self, turn: TurnId, from: Place) -> TurnId {
        self.direct(Stage::Speaking { turn, from });
        std::mem::replace(&mut self.voiced.0, turn)
    }

    /// Nothing more is made of the turn.
    pub(super) fn cancel(&mut self) {
        self.speaking = None;
    }

    fn direct(&self, stage: Stage) {
        if let Some(speaking) = &self.speaking {
            speaking.stage.send_replace(stage);
        }
    }

    /// A clause of a turn begins, perhaps its first.
    fn begun(&mut self, turn: TurnId, thought: Passed) {
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

    /// What an answer took and cost, which is written once, also when it is gone on with.
    fn cost(&self, turn: Option<TurnId>) -> (Timings, Option<Tokens>) {
        match turn {
            Some(turn) if turn == self.answering.0 => (self.answering.1.timings, self.voiced.1.tokens()),
            _ => Default::default(),
        }
    }
}

impl Session<'_> {
    /// Begins to make a turn. A sealed one is made as far as it can be without being heard, until it is unsealed.
    pub(super) fn speak(&mut self, turn: TurnId, pieces: mpsc::Receiver<Piece>, language: Language, is_sealed: bool) {
        let (seal, watched_seal) = watch::channel(is_sealed);
        let urgency = Urgency::new(if is_sealed { Priority::Speculation } else { Priority::Reply });
        let marks = Arc::new(Marks::default());
        self.turns.voiced = (turn, Arc::clone(&marks));
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
        self.turns.speaking = Some(Speaking { stage, seal, urgency, _task: Task::spawn(mouth.run(pieces, watched)) });
    }

    /// The agent's turn goes on.
    pub(super) async fn said(&mut self, turn: TurnId, report: Report) {
        let input = match report {
            Report::Clause { text, thought, line, uninterruptible } => {
                if !std::mem::replace(&mut self.answered, true) {
                    self.recorder.answered();
                }
                self.turns.begun(turn, thought);
                if let Some(guided) = &mut self.guided {
                    guided.clause(turn, line);
                }
                Input::Clause { turn, text, uninterruptible }
            }
            Report::WordStarts(words) => Input::WordStarts { turn, words },
            Report::ClauseMade(audio) => Input::ClauseMade { turn, audio },
            Report::Made { failed } => {
                self.turns.made(turn);
                if failed {
                    count_turn(Side::Agent, "failed");
                }
                Input::TurnMade { turn, failed }
            }
        };
        self.tell(input).await;
    }

    /// Keeps what was said, by either side.
    pub(super) fn record(&mut self, spoken: Spoken) {
        count_turn(spoken.side, if spoken.interrupted { "interrupted" } else { "complete" });
        let since = |at: MediaTime| at.since(MediaTime::ZERO);
        let turn = spoken.played.map(|(turn, _)| turn);
        if let Some(turn) = turn {
            self.asks.heard(turn, &spoken.text);
        }
        let ((timings, tokens), providers) = (self.turns.cost(turn), self.providers(&spoken));
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
        let (voiced, marks) = &self.turns.voiced;
        match spoken.played {
            Some((turn, _)) if turn == *voiced => marks.providers(),
            // What is typed takes no time.
            None if !spoken.at.is_empty() => Providers { stt: self.heard_by.clone(), ..Providers::default() },
            _ => Providers::default(),
        }
    }
}

fn count_turn(side: Side, outcome: &'static str) {
    let who = if side == Side::Caller { "caller" } else { "agent" };
    metrics::counter!("callstead_turns_total", "who" => who, "outcome" => outcome).increment(1);
}

fn millis(duration: Duration) -> u32 {
    u32::try_from(duration.as_millis()).unwrap_or(u32::MAX)
}
