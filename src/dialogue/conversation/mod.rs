//! A conversation: who has the floor, and what follows from what happens. See [`Dialogue`].

mod answering;
mod colleague;
mod ending;
mod floor;
mod listening;
mod speculation;
mod staff;

use std::collections::VecDeque;

use super::{
    barge_in::BargeIn,
    caller::{Allowance, Caller, Hearing, Owed, Talk, Utterance},
    echo::Said,
    endpointing::Expectation,
    history::History,
    io::{EndReason, Incident, Input, Output, Phase, Setup, Take},
    speech::{Held, Speech},
};
use crate::domain::{MediaTime, TurnId, cards::CardGuard};
use colleague::Charge;
use speculation::Speculation;

/// A conversation between a caller and the agent. Tell it what happens by [`handle`](Self::handle), and do what it decides
/// by [`poll`](Self::poll) until there is nothing left. Time is the caller's media time.
///
/// The agent greets first. The caller's turns become text ([`Output::Transcribe`], at the first pause already), the text
/// is answered ([`Output::Answer`]; begun at the pause, and said when the turn is over) as soon as the caller is silent, and
/// the history keeps of the agent's words what was heard. Speech over the agent's is judged by [`BargeIn`], also while the
/// agent has yet to begin; when it turns out to have had no words, or only the agent's own, the agent goes on with the word
/// that was cut, or the clause where the voice does not tell of words. What is said over words that cannot be interrupted is
/// answered after them. A colleague may take a conversation over ([`Input::TakenOver`]): then the agent only listens.
#[derive(Debug)]
pub struct Dialogue {
    setup: Setup,
    history: History,
    cards: CardGuard,
    /// Who talks with the caller.
    charge: Charge,
    agent: Agent,
    /// What the agent was saying when the caller's speech stopped it, until that speech is known to have words.
    held: Option<Held>,
    caller: Caller,
    talk: Talk,
    barge_in: BargeIn,
    /// What the agent said last, while its echo may still come.
    said: Option<Said>,
    /// The agent has heard itself on this line.
    echoes: bool,
    /// The agent is softer than usual.
    ducked: bool,
    /// Utterances that are over, and whose text is still being made.
    awaited: VecDeque<Utterance>,
    /// What the caller said while the agent could not be interrupted.
    unread: Vec<String>,
    /// What the agent is to say for somebody of the desk.
    interjections: VecDeque<String>,
    /// What the caller said since the script's last cue.
    uncued: String,
    owed: Owed,
    /// The words that are to be answered hang in the air: until then more may come.
    hanging_until: MediaTime,
    speculation: Option<Speculation>,
    expected: Expectation,
    /// Something was said that could not be understood; once the floor is free, that is said.
    owes_apology: bool,
    failures: u32,
    /// So much speech in a row had no words.
    wordless: u32,
    /// The caller said something that had words.
    has_spoken: bool,
    hearing: Hearing,
    muted: bool,
    typing: Allowance,
    began: MediaTime,
    /// When the caller was last heard of.
    active: MediaTime,
    /// When the caller's last words were said.
    worded: MediaTime,
    /// When the agent last finished.
    spoke: MediaTime,
    /// So many times in a row the caller was asked whether they are still there.
    asked_for_caller: u32,
    /// The caller knows that the call will soon be over.
    warned: bool,
    next_turn: TurnId,
    next_take: Take,
    next_line: u64,
    decided: VecDeque<Output>,
}

/// The agent's side.
#[derive(Debug)]
enum Agent {
    Silent,
    /// A turn is being made or said.
    Turn(Speech),
    Gone(EndReason),
}

impl Dialogue {
    /// A conversation that begins at `now` with the agent's greeting.
    pub fn new(now: MediaTime, setup: Setup) -> Self {
        let mut dialogue = Self {
            history: History::new(&setup.instructions),
            cards: CardGuard::new(),
            charge: Charge::Agent,
            agent: Agent::Silent,
            held: None,
            caller: Caller::Silent,
            talk: Talk::none(now),
            barge_in: BargeIn::new(false),
            said: None,
            echoes: false,
            ducked: false,
            awaited: VecDeque::new(),
            unread: Vec::new(),
            interjections: VecDeque::new(),
            uncued: String::new(),
            owed: Owed::Nothing,
            hanging_until: now,
            speculation: None,
            expected: Expectation::default(),
            owes_apology: false,
            failures: 0,
            wordless: 0,
            has_spoken: false,
            hearing: if setup.hears { Hearing::Works } else { Hearing::None },
            muted: false,
            typing: Allowance::new(now),
            began: now,
            active: now,
            worded: now,
            spoke: now,
            asked_for_caller: 0,
            warned: false,
            next_turn: TurnId(1),
            next_take: Take(1),
            next_line: 1,
            decided: VecDeque::new(),
            setup,
        };
        dialogue.greet(now);
        dialogue
    }

    /// Takes what happened at `now`; moments must not go backwards.
    pub fn handle(&mut self, now: MediaTime, input: Input) {
        if matches!(self.agent, Agent::Gone(_)) {
            return;
        }
        match input {
            Input::Tick => self.let_time_pass(now),
            Input::Heard(output) => self.heard(now, output),
            Input::Transcribed { take, words } => self.transcribed(now, take, words),
            Input::Typed(text) => self.typed(now, text.reveal()),
            Input::Muted(muted) => self.mute(now, muted),
            Input::Deaf => self.deafened(),
            Input::Manner { turn, manner } => self.set_manner(turn, manner),
            Input::Clause { turn, text, uninterruptible } => {
                self.clause(now, turn, text.into_inner(), uninterruptible);
            }
            Input::WordStarts { turn, words } => self.with_turn(turn, |speech| speech.word_starts(&words)),
            Input::ClauseMade { turn, audio } => self.with_turn(turn, |speech| speech.clause_made(now, audio)),
            Input::TurnMade { turn, failed } => self.with_turn(turn, |speech| speech.made(failed)),
            Input::Played { turn, sent, done } => self.with_turn(turn, |speech| speech.played(now, sent, done)),
            Input::Interject(text) => self.note_interjection(text.into_inner()),
            Input::EndedByStaff => self.end_by_staff(now),
            Input::TakenOver => self.take_over(now),
            Input::Colleague { is_here } => self.see_colleague(now, is_here),
            Input::GivenBack { words } => self.be_given_back(now, words),
            Input::Left => self.left(now),
        }
        self.go_on(now);
    }

    /// The next decision.
    pub fn poll(&mut self) -> Option<Output> {
        self.decided.pop_front()
    }

    /// Where it stands.
    pub fn phase(&self) -> Phase {
        match (&self.agent, &self.caller) {
            (Agent::Gone(reason), _) => Phase::Ended(*reason),
            (Agent::Turn(speech), _) if speech.began().is_some() => Phase::Speaking(speech.id),
            (Agent::Turn(speech), _) => Phase::Thinking(speech.id),
            (Agent::Silent, Caller::Speaking(utterance)) => Phase::Hearing { since: utterance.began },
            (Agent::Silent, Caller::Silent) if !self.awaited.is_empty() && !self.rests() => {
                Phase::Thinking(self.next_turn)
            }
            (Agent::Silent, Caller::Silent) => Phase::Listening,
        }
    }

    /// What was said so far.
    pub fn history(&self) -> &History {
        &self.history
    }

    /// Whether the agent has a turn that the caller may interrupt.
    fn gives_way(&self) -> bool {
        matches!(&self.agent, Agent::Turn(speech) if speech.can_be_interrupted())
    }

    fn note(&mut self, incident: Incident) {
        self.decided.push_back(Output::Noted(incident));
    }

    fn next_turn(&mut self) -> TurnId {
        let turn = self.next_turn;
        self.next_turn = turn.next();
        turn
    }

    fn next_line(&mut self) -> u64 {
        let line = self.next_line;
        self.next_line += 1;
        line
    }

    fn next_take(&mut self) -> Take {
        let take = self.next_take;
        self.next_take = Take(take.0 + 1);
        take
    }
}
