//! A call that a script leads: the dialogue says from what the script is to go on, the guide says what comes next, and
//! that becomes the pieces of the agent's turn. What the script wants to know is asked beside the call, and what it wants
//! written down goes to the store at once.

use std::{future::Future, sync::Arc};

use jiff::Zoned;
use tokio::sync::mpsc;

use super::{
    Event,
    mouth::Piece,
    preparing::Set,
    session::{Session, Task},
};
use crate::{
    call::{Brief, directions::Led, meaning},
    dialogue::{
        Cue, Input, Manner,
        guide::{self, Act, Guide, Heard, LineId, Output, Say},
    },
    domain::{
        Host, Language, Message, Pii, Role, TurnId,
        text::{Limits, clauses},
    },
    speech::{Priority, Sentence, engines::Engines},
};

/// Pieces of a turn that wait for the voice: a guide goes through a hundred steps at most before it waits for somebody.
const PIECES: usize = 256;

/// See the module.
pub(super) struct Guided {
    guide: Guide,
    /// The SHA-256 of the script's document.
    document: [u8; 32],
    language: Language,
    /// Whom the script may ask.
    hosts: Arc<[Host]>,
    /// The agent's turn, by its latest name, and the way to its mouth until the script has no more to say.
    turn: TurnId,
    pieces: Option<mpsc::Sender<Piece>>,
    /// What the script has said since it was last told what was heard: lines, and how many clauses each has.
    lines: Vec<(LineId, usize)>,
    /// The clauses of the turn that have begun, each by its line; so many of them were heard to their end.
    begun: Vec<Option<LineId>>,
    heard: usize,
    /// Somebody is being asked; held, to be dropped.
    asking: Option<Task>,
}

impl Guided {
    pub(super) fn new(Led { setup, document, hosts }: Led, engines: Option<&Engines>) -> Self {
        let language = setup.script.language;
        let talks = engines.is_some_and(|engines| engines.responder().is_ok());
        let understands = engines.is_some_and(|engines| engines.understanding().is_some());
        Self {
            guide: Guide::new(guide::Setup { talks, understands, ..setup }),
            document,
            language,
            hosts: hosts.into(),
            turn: TurnId::default(),
            pieces: None,
            lines: Vec::new(),
            begun: Vec::new(),
            heard: 0,
            asking: None,
        }
    }

    /// What is the same in every call.
    fn fixed_sentences(&self, brief: &Brief) -> Vec<Sentence> {
        let lines = self.guide.script().fixed_lines();
        let texts = lines.iter().flat_map(|line| clauses(line, Limits::SENTENCES));
        texts.map(|text| brief.sentence(text, self.language)).collect()
    }

    /// The id of the step that the script is at, and what it knows.
    pub(super) fn standing(&self) -> (Option<String>, Vec<(String, Pii<String>)>) {
        let step = self.guide.visited().last().map(|at| self.guide.script().step(*at).id.clone());
        (step, self.guide.known())
    }

    /// A clause of the agent's begins.
    pub(super) fn clause(&mut self, turn: TurnId, line: Option<LineId>) {
        if turn == self.turn {
            self.begun.push(line);
        }
    }

    /// The agent's turn is over for now, and so many of its clauses were heard to their end.
    pub(super) fn ended(&mut self, turn: TurnId, heard: usize) {
        if turn == self.turn {
            self.heard = self.heard.max(heard);
        }
    }

    /// The turn `old` is gone on with as `turn`, from a clause on.
    pub(super) fn resumed(&mut self, old: TurnId, turn: TurnId, from: usize) {
        if old == self.turn {
            self.turn = turn;
            self.begun.truncate(from);
        }
    }

    /// How much of each line the caller has heard.
    fn tell_what_was_heard(&mut self) {
        for (line, clauses) in self.lines.drain(..) {
            let of_it = |begun: &[Option<LineId>]| begun.iter().filter(|clause| **clause == Some(line)).count();
            let whole = of_it(&self.begun[..self.heard.min(self.begun.len())]);
            let heard = match (whole >= clauses, of_it(&self.begun)) {
                (true, _) => Heard::Whole,
                (false, 0) => Heard::Not,
                (false, _) => Heard::Partly,
            };
            self.guide.handle(guide::Input::Said { line, heard });
        }
        (self.heard, self.begun) = (0, Vec::new());
    }

    fn say(&mut self, Say { line, text, interruptible, is_fixed, .. }: Say) {
        let text = text.into_inner();
        self.lines.push((line, clauses(&text, Limits::SENTENCES).len()));
        self.put(Piece::Words { text, line: Some(line), is_fixed, uninterruptible: !interruptible });
    }

    /// Where the turn is gone, the guide will be told that nothing of this was heard.
    fn put(&mut self, piece: Piece) {
        if let Some(pieces) = &self.pieces
            && pieces.try_send(piece).is_err()
        {
            self.pieces = None;
        }
    }
}

impl Session<'_> {
    /// Has what the script says in every call made into sound, while there is nothing better to do.
    pub(super) fn prepare_script(&self) {
        if let Some(guided) = &self.guided {
            let set = Set::new(guided.document, &self.brief);
            self.exchange.preparing.want_once(set, || guided.fixed_sentences(&self.brief));
        }
    }

    /// Begins the agent's turn with what follows in the script.
    pub(super) fn lead(&mut self, turn: TurnId, cue: Cue) {
        let Some(guided) = &mut self.guided else { return };
        guided.tell_what_was_heard();
        let (pieces, coming) = mpsc::channel(PIECES);
        (guided.turn, guided.pieces) = (turn, Some(pieces));
        let language = guided.language;
        if matches!(cue, Cue::Words(_)) {
            self.answers(turn);
        }
        let input = match cue {
            Cue::Begin => guide::Input::Begin,
            Cue::Words(words) => guide::Input::Words(words),
            Cue::Silence => guide::Input::Silence,
            Cue::Again => guide::Input::Again,
        };
        self.speak(turn, coming, language, false);
        self.guide(input);
    }

    /// Tells the guide what happened, and does what it decides.
    pub(super) fn guide(&mut self, input: guide::Input) {
        if let Some(guided) = &mut self.guided {
            guided.guide.handle(input);
        }
        while let Some(output) = self.guided.as_mut().and_then(|guided| guided.guide.poll()) {
            self.follow(output);
        }
        let step = self.guided.as_ref().and_then(|guided| guided.guide.visited().last().copied());
        self.scene.send_if_modified(|scene| std::mem::replace(&mut scene.step, step) != step);
        let Some(guided) = self.guided.as_mut().filter(|guided| !guided.guide.waits()) else { return };
        // Nothing more comes until the caller says something, or falls silent.
        guided.asking = None;
        let (is_open, is_over) = (guided.pieces.take().is_some(), guided.guide.is_over());
        if is_open && is_over {
            self.after(Manner { is_last: true, ..Manner::default() });
        }
    }

    fn follow(&mut self, output: Output) {
        let Some(guided) = &mut self.guided else { return };
        match output {
            Output::Say(say) => guided.say(say),
            Output::Listen(expects) => self.after(Manner { expects, is_last: false }),
            Output::Think { request, instructions, guard } => {
                let history = self.dialogue.history();
                let said = history.messages().iter().filter(|message| message.role != Role::System);
                let told = Message::new(Role::System, history.with_note(instructions.into_inner()));
                let messages = [told].into_iter().chain(said.cloned()).collect();
                guided.put(Piece::Thought { messages, guard, request });
            }
            Output::Score { request, asked, choices } => {
                let (language, conversation, engines) =
                    (guided.language, self.brief.conversation, self.engines.clone());
                self.ask(async move {
                    let (engines, urgency) = (engines?, Priority::Reply.into());
                    let shares = meaning::score(&engines, &asked, &choices, language, conversation, urgency).await;
                    Some(guide::Input::Scored { request, shares })
                });
            }
            Output::Fill { request, asked, slot } => {
                let (conversation, engines) = (self.brief.conversation, self.engines.clone());
                self.ask(async move {
                    let (engines, now) = (engines?, Zoned::now().datetime());
                    let text = meaning::fill(&engines, &asked, slot, now, conversation, Priority::Reply.into()).await;
                    Some(guide::Input::Filled { request, text })
                });
            }
            Output::Tool { request, call } => {
                let (tools, hosts) = (self.exchange.tools.clone(), Arc::clone(&guided.hosts));
                self.ask(async move {
                    let answer = tools.ask(&call, &hosts).await.ok();
                    Some(guide::Input::Answered { request, answer })
                });
            }
            Output::Act(act) => self.recorder.act(act),
            Output::HangUp { outcome } => self.recorder.act(Act::Outcome(outcome)),
        }
    }

    /// Has something found out for the script, beside the call.
    fn ask(&mut self, question: impl Future<Output = Option<guide::Input>> + Send + 'static) {
        let results = self.results.clone();
        let task = Task::spawn(async move {
            if let Some(answer) = question.await {
                // The call may have ended.
                let _ = results.send(Event::Guided(answer)).await;
            }
        });
        if let Some(guided) = &mut self.guided {
            guided.asking = Some(task);
        }
    }

    /// What comes after the agent's turn.
    fn after(&mut self, manner: Manner) {
        let Some(turn) = self.guided.as_ref().map(|guided| guided.turn) else { return };
        self.dialogue.handle(self.ear.now(), Input::Manner { turn, manner });
    }
}
