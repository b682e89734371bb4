//! A conversation: who has the floor, and what follows from what happens. See [`Dialogue`].

mod ending;
mod floor;

use std::{collections::VecDeque, mem, ops::Range};

use super::{
    barge_in::{BargeIn, Overlap, is_backchannel},
    caller::{Allowance, Caller, Hearing, LONGEST_TYPED, Owed, Talk, Text, Utterance},
    endpointing,
    history::History,
    io::{EndReason, Input, Line, Notice, Output, Phase, Setup, Side, Spoken, Take, Words},
    phrases::Phrase,
    speech::{Held, Occasion, Speech},
};
use crate::domain::{
    Language, MediaTime, Pii, TurnId,
    cards::{self, CardGuard},
};

/// So many failures in a row are no accident.
const MOST_FAILURES: u32 = 3;
/// So many utterances may wait for their text; when more do, the oldest is given up.
const MOST_AWAITED: usize = 4;

/// A conversation between a caller and the agent. Tell it what happens by [`handle`](Self::handle), and do what it decides
/// by [`poll`](Self::poll) until there is nothing left. Time is the caller's media time.
///
/// The agent greets first. The caller's turns become text ([`Output::Transcribe`], at the first pause already), the text
/// is answered ([`Output::Answer`]) as soon as the caller is silent, and the history keeps of the agent's words what was
/// heard. Speech over the agent's is judged by [`BargeIn`], also while the agent has yet to begin; when it turns out to have
/// had no words, the agent goes on with the clause that was cut. What is said over the greeting is answered after it.
#[derive(Debug)]
pub struct Dialogue {
    setup: Setup,
    history: History,
    cards: CardGuard,
    agent: Agent,
    /// What the agent was saying when the caller's speech stopped it, until that speech is known to have words.
    held: Option<Held>,
    caller: Caller,
    talk: Talk,
    barge_in: BargeIn,
    /// The agent is softer than usual.
    ducked: bool,
    /// Utterances that are over, and whose text is still being made.
    awaited: VecDeque<Utterance>,
    /// What the caller said while the agent could not be interrupted.
    unread: Vec<String>,
    owed: Owed,
    /// Something was said that could not be understood; once the floor is free, that is said.
    owes_apology: bool,
    failures: u32,
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
    asked_for_caller: bool,
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
            agent: Agent::Silent,
            held: None,
            caller: Caller::Silent,
            talk: Talk::none(now),
            barge_in: BargeIn::default(),
            ducked: false,
            awaited: VecDeque::new(),
            unread: Vec::new(),
            owed: Owed::Nothing,
            owes_apology: false,
            failures: 0,
            hearing: if setup.hears { Hearing::Works } else { Hearing::None },
            muted: false,
            typing: Allowance::new(now),
            began: now,
            active: now,
            worded: now,
            spoke: now,
            asked_for_caller: false,
            next_turn: TurnId(1),
            next_take: Take(1),
            next_line: 1,
            decided: VecDeque::new(),
            setup,
        };
        dialogue.greet();
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
            Input::Muted(muted) => self.muted = muted,
            Input::Deaf => self.deafened(),
            Input::Clause { turn, text } => self.clause(now, turn, text.into_inner()),
            Input::ClauseMade { turn, audio } => self.with_turn(turn, |speech| speech.clause_made(audio)),
            Input::TurnMade { turn, failed } => self.with_turn(turn, |speech| speech.made(failed)),
            Input::Played { turn, sent, done } => self.with_turn(turn, |speech| speech.played(sent, done)),
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
            (Agent::Silent, Caller::Silent) if !self.awaited.is_empty() => Phase::Thinking(self.next_turn),
            (Agent::Silent, Caller::Silent) => Phase::Listening,
        }
    }

    /// What was said so far.
    pub fn history(&self) -> &History {
        &self.history
    }

    fn greet(&mut self) {
        if let Some(reason) = self.setup.refusal {
            return self.say_farewell(reason);
        }
        let (language, usual) = Phrase::Greeting.spoken(self.setup.language);
        let (language, mut text) = match self.setup.greeting.take() {
            Some(own) => (self.setup.language, own),
            None => (language, usual.to_owned()),
        };
        if !self.setup.hears {
            text.push(' ');
            text.push_str(Phrase::TypedOnly.spoken(language).1);
            self.decided.push_back(Output::Notice(Notice::TypedOnly));
        }
        self.say(Occasion::Greeting, language, text);
    }

    // ---- the caller ----

    fn heard(&mut self, now: MediaTime, output: endpointing::Output) {
        match output {
            endpointing::Output::SpeechStarted { at } => self.speech_started(now, at),
            endpointing::Output::Pause { id, at } => {
                self.decided.push_back(Output::Judge(id));
                self.transcribe();
                self.overlap(now, Overlap::Paused(at));
            }
            endpointing::Output::SpeechResumed => {
                if let Caller::Speaking(utterance) = &mut self.caller
                    && let Some(take) = utterance.take.take()
                {
                    utterance.text = Text::Unknown;
                    self.decided.push_back(Output::Forget(take));
                }
                self.overlap(now, Overlap::Resumed);
            }
            endpointing::Output::EndOfTurn { speech } => {
                if matches!(&self.caller, Caller::Speaking(utterance) if utterance.take.is_none()) {
                    self.transcribe();
                }
                let Caller::Speaking(mut utterance) = mem::replace(&mut self.caller, Caller::Silent) else {
                    return;
                };
                utterance.ended = speech.end;
                self.talk.ends(speech.end);
                self.active = now;
                self.awaited.push_back(utterance);
                if self.awaited.len() > MOST_AWAITED
                    && let Some(oldest) = self.awaited.pop_front()
                {
                    self.decided.extend(oldest.take.map(Output::Forget));
                    self.withdraw(&oldest);
                }
            }
        }
    }

    fn speech_started(&mut self, now: MediaTime, at: MediaTime) {
        let line = self.next_line();
        self.caller =
            Caller::Speaking(Utterance { line, began: at, ended: at, take: None, text: Text::Unknown, shown: false });
        self.active = now;
        self.asked_for_caller = false;
        // What goes on without a pause was judged when it began.
        if self.talk.starts(at) {
            self.overlap(now, Overlap::Started(at));
        }
    }

    fn transcribe(&mut self) {
        let Caller::Speaking(utterance) = &mut self.caller else { return };
        let take = self.next_take;
        self.next_take = Take(take.0 + 1);
        let instead_of = utterance.take.replace(take);
        utterance.text = Text::Unknown;
        self.decided.push_back(Output::Transcribe { take, instead_of });
    }

    fn transcribed(&mut self, now: MediaTime, take: Take, words: Option<Words>) {
        // A card's number goes on from one utterance to the next: words are shown in the order in which they were said.
        let oldest = self.awaited.front().map(|utterance| utterance.line);
        let over_the_agent = matches!(self.agent, Agent::Turn(_));
        let speaking = match &mut self.caller {
            Caller::Speaking(utterance) => Some(utterance),
            Caller::Silent => None,
        };
        let mut utterances = speaking.into_iter().chain(&mut self.awaited);
        let Some(utterance) = utterances.find(|utterance| utterance.take == Some(take)) else { return };
        let Some(words) = words else {
            utterance.text = Text::Failed;
            return;
        };
        // What is said over the agent may be nothing but a "mm-hm": it is shown when it counts.
        let is_next = oldest.is_none_or(|oldest| oldest == utterance.line);
        if is_next && !over_the_agent && !words.is_final && !words.text.reveal().is_empty() {
            utterance.shown = true;
            let text = Pii::new(self.cards.partial(words.text.reveal()));
            let line = Line { side: Side::Caller, number: utterance.line, text, is_final: false };
            self.decided.push_back(Output::Transcript(line));
        }
        let text = words.text.clone();
        if words.is_final {
            utterance.text = Text::Known(words);
        }
        self.overlap(now, Overlap::Words(text.reveal()));
    }

    fn typed(&mut self, now: MediaTime, text: &str) {
        if text.trim().is_empty() || !self.typing.take(now) {
            return;
        }
        let shortened: String = text.chars().take(LONGEST_TYPED).collect();
        self.active = now;
        self.asked_for_caller = false;
        if matches!(&self.agent, Agent::Turn(speech) if speech.can_be_interrupted()) {
            self.interrupt(now);
        }
        let text = self.cards.finish(&shortened);
        self.accept(text, self.setup.language, now..now);
        if !matches!(self.owed, Owed::ToTyping { .. }) {
            self.owed = Owed::ToTyping { since: now };
        }
    }

    fn deafened(&mut self) {
        if self.hearing == Hearing::Works {
            self.hearing = Hearing::Lost;
            self.caller = Caller::Silent;
            self.decided.push_back(Output::Notice(Notice::TypedOnly));
        }
    }

    /// The caller said something that counts.
    fn accept(&mut self, text: String, language: Language, at: Range<MediaTime>) {
        // What is said over words that cannot be interrupted answers them, or comes after them at least.
        match self.agent {
            Agent::Turn(_) => self.unread.push(text.clone()),
            Agent::Silent | Agent::Gone(_) => self.history.heard(&text),
        }
        self.let_go();
        if self.owed == Owed::Nothing {
            self.owed = Owed::ToSpeech;
        }
        self.owes_apology = false;
        self.worded = at.end;
        let text = Pii::new(text);
        let spoken = Spoken { side: Side::Caller, text, at, language, played: None, interrupted: false };
        self.decided.push_back(Output::Record(spoken));
    }

    /// Decides about utterances that are over and whose words are known, in their order.
    fn conclude(&mut self, now: MediaTime) {
        while let Some(utterance) = self.awaited.pop_front_if(|next| !matches!(next.text, Text::Unknown)) {
            match utterance.text {
                Text::Known(ref words) if !words.text.reveal().trim().is_empty() => {
                    let words = words.clone();
                    self.conclude_with(now, &utterance, &words);
                }
                Text::Failed => {
                    self.withdraw(&utterance);
                    self.owes_apology |= matches!(self.agent, Agent::Silent);
                    self.let_go();
                }
                _ => self.withdraw(&utterance),
            }
        }
    }

    fn conclude_with(&mut self, now: MediaTime, utterance: &Utterance, words: &Words) {
        if let Agent::Turn(speech) = &self.agent {
            // Before anything can be heard there is nothing to say "mm-hm" to.
            let listened = speech.began().is_some_and(|began| began <= utterance.began);
            if listened && is_backchannel(words.text.reveal()) {
                return self.withdraw(utterance);
            }
            if speech.can_be_interrupted() {
                self.interrupt(now);
            }
        }
        if self.setup.follows_caller
            && let Some(language) = words.language
        {
            self.setup.language = language;
        }
        let text = self.cards.finish(words.text.reveal());
        let (number, line_text) = (utterance.line, Pii::new(text.clone()));
        self.decided.push_back(Output::Transcript(Line {
            side: Side::Caller,
            number,
            text: line_text,
            is_final: true,
        }));
        self.accept(text, self.setup.language, utterance.began..utterance.ended);
    }

    /// The utterance was nothing: what of it stands in the transcript goes.
    fn withdraw(&mut self, utterance: &Utterance) {
        if utterance.shown {
            let text = Pii::new(String::new());
            let line = Line { side: Side::Caller, number: utterance.line, text, is_final: true };
            self.decided.push_back(Output::Transcript(line));
        }
    }

    // ---- the agent ----

    fn with_turn(&mut self, turn: TurnId, tell: impl FnOnce(&mut Speech)) {
        if let Agent::Turn(speech) = &mut self.agent
            && speech.id == turn
        {
            tell(speech);
        }
    }

    fn clause(&mut self, now: MediaTime, turn: TurnId, text: String) {
        let mut line = None;
        self.with_turn(turn, |speech| {
            speech.clause(now, text);
            line = Some(speech.words());
        });
        if let Some(words) = line {
            let text = Pii::new(cards::mask(&words));
            let line = Line { side: Side::Agent, number: turn.0, text, is_final: false };
            self.decided.push_back(Output::Transcript(line));
        }
    }

    /// What follows once nobody has anything left to say.
    fn go_on(&mut self, now: MediaTime) {
        self.conclude(now);
        if let Agent::Turn(speech) = &self.agent
            && speech.is_over(now)
        {
            self.finish(now);
        }
        if !matches!(self.agent, Agent::Silent) || self.caller_has_floor(now) {
            return;
        }
        if self.owed != Owed::Nothing {
            if self.awaited.is_empty() {
                self.answer();
            }
        } else if mem::take(&mut self.owes_apology) {
            self.apologize();
        } else if self.held.is_some() {
            if self.awaited.is_empty()
                && let Some(held) = self.held.take()
            {
                self.resume(&held);
            }
        } else if self.hearing == Hearing::Lost {
            self.hearing = Hearing::None;
            self.remark(Phrase::TypedOnly);
        }
    }

    /// The agent's turn has been heard to its end.
    fn finish(&mut self, now: MediaTime) {
        let Agent::Turn(speech) = mem::replace(&mut self.agent, Agent::Silent) else { return };
        let words = speech.words();
        self.close(now, &speech, words, false);
        match speech.occasion {
            Occasion::Farewell(reason) => self.end(reason),
            _ if speech.has_failed() => self.apologize(),
            Occasion::Answer => self.failures = 0,
            Occasion::Greeting | Occasion::Remark(_) => {}
        }
    }

    fn answer(&mut self) {
        (self.owed, self.owes_apology) = (Owed::Nothing, false);
        let (turn, language) = (self.begin(Occasion::Answer, self.setup.language), self.setup.language);
        self.decided.push_back(Output::Answer { turn, messages: self.history.messages().to_vec(), language });
    }

    fn apologize(&mut self) {
        self.failures += 1;
        if self.failures >= MOST_FAILURES {
            self.say_farewell(EndReason::OutOfService);
        } else {
            self.owed = Owed::Nothing;
            self.remark(Phrase::Apology);
        }
    }

    fn remark(&mut self, phrase: Phrase) {
        let (language, text) = phrase.spoken(self.setup.language);
        self.say(Occasion::Remark(phrase), language, text.to_owned());
    }

    fn say_farewell(&mut self, reason: EndReason) {
        let (phrase, notice) = match reason {
            EndReason::Busy => (Phrase::Busy, Some(Notice::Busy)),
            EndReason::OutOfService => (Phrase::OutOfService, Some(Notice::Unavailable)),
            EndReason::CallerLeft | EndReason::Silence | EndReason::TooLong => (Phrase::Farewell, None),
        };
        self.decided.extend(notice.map(Output::Notice));
        let (language, text) = phrase.spoken(self.setup.language);
        self.say(Occasion::Farewell(reason), language, text.to_owned());
    }

    fn say(&mut self, occasion: Occasion, language: Language, text: String) {
        let turn = self.begin(occasion, language);
        self.decided.push_back(Output::Say { turn, text, language });
    }

    /// The agent takes the floor.
    fn begin(&mut self, occasion: Occasion, language: Language) -> TurnId {
        self.let_go();
        let turn = self.next_turn();
        self.agent = Agent::Turn(Speech::new(turn, occasion, language));
        turn
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
}
