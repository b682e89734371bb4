//! Calls that are under way, for those who are not in their rooms: what goes on in each, and what may be wanted of it.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::{
    mpsc::{self, error::TrySendError},
    oneshot, watch,
};

use super::handover::{Colleague, Handover, Summary};
use crate::{
    audio::line::AgentState,
    dialogue::{self, Side},
    domain::{CallId, Language, Pii, cards},
    script::StepIndex,
    store::{calls::NewCall, turns::Who},
};

/// What is wanted of one call waits here until the call takes it; with more the call is busy.
const WAITING: usize = 8;
/// So many of a call's latest lines are seen by those who follow it. The store has all of them.
const MOST_LINES: usize = 100;

/// What somebody wants of a call without being in its room.
#[derive(Debug)]
pub(super) enum Command {
    /// Something is said for the caller.
    Ask(Ask),
    /// The agent is to say this.
    Say(Pii<String>),
    /// The agent is to take its leave.
    End,
    /// A colleague takes the call over, and wants to know what it is about: in this language, or in the call's.
    TakeOver(Colleague, Option<Language>),
    /// The agent is to have the call again, and to say this: that it is back, unless given.
    GiveBack(Option<Pii<String>>),
}

/// Something that is said for the caller, to be answered with the agent's words.
#[derive(Debug)]
pub(super) struct Ask {
    pub(super) text: Pii<String>,
    /// Dropped when the call ends before the answer.
    pub(super) answer: oneshot::Sender<Pii<String>>,
}

/// Why nothing was answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AskError {
    /// No such call is under way.
    #[error("no such call is under way")]
    NoCall,
    /// Too much was said that is not answered yet.
    #[error("this call has enough to answer: try again in a moment")]
    Busy,
    /// The call ended before the answer.
    #[error("the call ended before this was answered")]
    Ended,
    /// A colleague talks with the caller.
    #[error("a colleague has taken this call over: the agent is silent until it is given back")]
    TakenOver,
    /// The agent has the call already.
    #[error("nobody has taken this call over: there is nothing to give back")]
    NotTakenOver,
}

/// What goes on in a call.
#[derive(Clone, Debug)]
pub struct Scene {
    /// What was said last, in order.
    pub lines: VecDeque<SceneLine>,
    /// What the agent is doing.
    pub state: AgentState,
    /// Where in its script the call is, if a script leads it.
    pub step: Option<StepIndex>,
    /// The colleague who has the call in the agent's place, if one has.
    pub handover: Option<Handover>,
}

/// Something said, as far as it is known. Card numbers are masked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SceneLine {
    /// Who said it.
    pub who: Who,
    /// The words.
    pub text: Pii<String>,
    /// Whether they stay so.
    pub is_final: bool,
    /// The same for all versions of a line; unique among that side's. What is typed has none.
    number: Option<u64>,
}

impl Default for Scene {
    fn default() -> Self {
        Self { lines: VecDeque::new(), state: AgentState::Initializing, step: None, handover: None }
    }
}

impl Scene {
    /// A line of the transcript is known, or known better; one without words is withdrawn.
    pub(super) fn line(&mut self, line: &dialogue::Line) {
        let who = if line.side == Side::Caller { Who::Caller } else { Who::Agent };
        let number = Some(line.number);
        let place = self.lines.iter().rposition(|it| it.who == who && it.number == number);
        if line.text.reveal().is_empty() {
            place.map(|place| self.lines.remove(place));
            return;
        }
        let line = SceneLine { who, text: line.text.clone(), is_final: line.is_final, number };
        match place {
            Some(place) => self.lines[place] = line,
            None => self.put(line),
        }
    }

    /// Who talks with the caller in the agent's place.
    pub fn colleague(&self) -> Option<&Colleague> {
        self.handover.as_ref().map(|handover| &handover.colleague)
    }

    /// Something was typed for the caller, or by them.
    pub(super) fn typed(&mut self, text: &Pii<String>) {
        let text = Pii::new(cards::mask(text.reveal()));
        self.put(SceneLine { who: Who::Caller, text, is_final: true, number: None });
    }

    fn put(&mut self, line: SceneLine) {
        if self.lines.len() == MOST_LINES {
            self.lines.pop_front();
        }
        self.lines.push_back(line);
    }
}

/// A call that is under way, for who follows it.
#[derive(Clone, Debug)]
pub struct Following {
    /// As it began.
    pub call: Arc<NewCall>,
    /// What goes on in it; closed when it is over.
    pub scene: watch::Receiver<Scene>,
}

impl Following {
    /// Whether the agent talks with the caller, and no colleague.
    fn has_agent(&self) -> Result<(), AskError> {
        if self.scene.borrow().handover.is_none() { Ok(()) } else { Err(AskError::TakenOver) }
    }
}

#[derive(Clone, Debug)]
struct Place {
    following: Following,
    /// What its followers see.
    scene: watch::Sender<Scene>,
    commands: mpsc::Sender<Command>,
}

/// The calls. Clones share them.
#[derive(Clone, Debug)]
pub(super) struct Live {
    calls: Arc<Mutex<HashMap<CallId, Place>>>,
    /// Whether there will be calls; told anew whenever one begins or ends.
    changes: watch::Sender<bool>,
}

impl Default for Live {
    fn default() -> Self {
        Self { calls: Arc::default(), changes: watch::Sender::new(true) }
    }
}

/// A call's place among them: it is not under way any more when this is dropped.
#[derive(Debug)]
pub(super) struct Presence {
    live: Live,
    id: CallId,
    pub(super) scene: watch::Sender<Scene>,
}

impl Drop for Presence {
    fn drop(&mut self) {
        self.live.lock().remove(&self.id);
        self.live.changes.send_modify(|_| {});
    }
}

impl Live {
    /// A call begins; what is wanted of it comes by the channel.
    pub(super) fn enter(&self, call: &NewCall) -> (Presence, mpsc::Receiver<Command>) {
        let (commands, wanted) = mpsc::channel(WAITING);
        let scene = watch::Sender::new(Scene::default());
        let following = Following { call: Arc::new(call.clone()), scene: scene.subscribe() };
        self.lock().insert(call.id.clone(), Place { following, scene: scene.clone(), commands });
        self.changes.send_modify(|_| {});
        (Presence { live: self.clone(), id: call.id.clone(), scene }, wanted)
    }

    /// No call will begin any more.
    pub(super) fn close(&self) {
        self.changes.send_replace(false);
    }

    pub(super) fn changes(&self) -> watch::Receiver<bool> {
        self.changes.subscribe()
    }

    /// All of them, the first first.
    pub(super) fn all(&self) -> Vec<Following> {
        let mut calls: Vec<_> = self.lock().values().map(|place| place.following.clone()).collect();
        calls.sort_by(|one, other| (one.call.started_at, &one.call.id).cmp(&(other.call.started_at, &other.call.id)));
        calls
    }

    pub(super) fn find(&self, id: &CallId) -> Option<Following> {
        self.lock().get(id).map(|place| place.following.clone())
    }

    /// Says `text` into the call of this id, or in the room of this name, and waits for the agent's answer.
    pub(super) async fn ask(&self, call: &str, text: Pii<String>) -> Result<Pii<String>, AskError> {
        let (answer, answered) = oneshot::channel();
        let is_meant = |place: &&Place| {
            let NewCall { id, room, .. } = &*place.following.call;
            id.as_str() == call || room.as_str() == call
        };
        let found = self.lock().values().find(is_meant).map(|place| (place.commands.clone(), place.following.clone()));
        let (commands, following) = found.ok_or(AskError::NoCall)?;
        following.has_agent()?;
        put(&commands, Command::Ask(Ask { text, answer }))?;
        // Whoever takes a call over answers in the agent's place, but not here.
        answered.await.map_err(|_| following.has_agent().err().unwrap_or(AskError::Ended))
    }

    pub(super) fn say(&self, call: &CallId, text: Pii<String>) -> Result<(), AskError> {
        let place = self.place(call)?;
        place.following.has_agent()?;
        put(&place.commands, Command::Say(text))
    }

    pub(super) fn end(&self, call: &CallId) -> Result<(), AskError> {
        put(&self.place(call)?.commands, Command::End)
    }

    /// Whoever took a call over may do so again, from elsewhere. From now on nobody else can: followers see them at once,
    /// and what they are told when the call knows.
    pub(super) fn take_over(
        &self,
        call: &CallId,
        colleague: Colleague,
        language: Option<Language>,
    ) -> Result<(), AskError> {
        let Place { scene, commands, .. } = self.place(call)?;
        let permit = commands.try_reserve().map_err(not_put)?;
        let is_theirs = scene.send_if_modified(|scene| {
            let is_theirs = scene.colleague().is_none_or(|before| before.is(&colleague.actor));
            if is_theirs {
                let colleague = colleague.clone();
                let begun = Handover { colleague, step: None, known: Vec::new(), summary: Summary::Coming };
                scene.handover = Some(begun);
            }
            is_theirs
        });
        if !is_theirs {
            return Err(AskError::TakenOver);
        }
        permit.send(Command::TakeOver(colleague, language));
        Ok(())
    }

    pub(super) fn give_back(&self, call: &CallId, words: Option<Pii<String>>) -> Result<(), AskError> {
        let place = self.place(call)?;
        if place.following.has_agent().is_ok() {
            return Err(AskError::NotTakenOver);
        }
        put(&place.commands, Command::GiveBack(words))
    }

    /// Not to be held: its scene lasts as long as this.
    fn place(&self, call: &CallId) -> Result<Place, AskError> {
        self.lock().get(call).cloned().ok_or(AskError::NoCall)
    }

    /// Held for a look-up; nothing in there panics half-way.
    fn lock(&self) -> MutexGuard<'_, HashMap<CallId, Place>> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn put(commands: &mpsc::Sender<Command>, command: Command) -> Result<(), AskError> {
    commands.try_send(command).map_err(not_put)
}

fn not_put<T>(error: TrySendError<T>) -> AskError {
    match error {
        TrySendError::Full(_) => AskError::Busy,
        TrySendError::Closed(_) => AskError::Ended,
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::store::{
        audit::Actor,
        calls::{About, Direction},
    };

    fn call(room: &str) -> NewCall {
        NewCall {
            id: CallId::random(),
            room: room.parse().unwrap(),
            caller: "amanda".parse().unwrap(),
            caller_name: Pii::default(),
            language: None,
            profile: "default".to_owned(),
            direction: Direction::Inbound,
            started_at: Timestamp::UNIX_EPOCH,
            about: About::default(),
        }
    }

    #[tokio::test]
    async fn a_call_is_found_by_its_id_and_its_room_as_long_as_it_lasts() {
        let (live, call) = (Live::default(), call("call-7"));
        let (presence, mut wanted) = live.enter(&call);
        for name in [call.id.as_str(), "call-7"] {
            let answer = async {
                let Some(Command::Ask(Ask { text, answer })) = wanted.recv().await else { panic!("nothing is asked") };
                answer.send(Pii::new(format!("{}?", text.reveal()))).unwrap();
            };
            let (answer, ()) = tokio::join!(live.ask(name, Pii::new("Hello".to_owned())), answer);
            assert_eq!(answer.unwrap().reveal(), "Hello?");
        }
        assert_eq!(live.ask("call-8", Pii::default()).await, Err(AskError::NoCall));
        let unanswered = async { drop(wanted.recv().await) };
        let (answer, ()) = tokio::join!(live.ask("call-7", Pii::default()), unanswered);
        assert_eq!(answer, Err(AskError::Ended));
        drop(presence);
        assert_eq!(live.ask("call-7", Pii::default()).await, Err(AskError::NoCall));
        assert_eq!(live.end(&call.id), Err(AskError::NoCall));
    }

    #[tokio::test]
    async fn not_everything_waits() {
        let (live, call) = (Live::default(), call("call-7"));
        let (_presence, wanted) = live.enter(&call);
        let mut waiting: Vec<_> = (0..WAITING).map(|_| Box::pin(live.ask("call-7", Pii::default()))).collect();
        for ask in &mut waiting {
            assert!(futures_util::poll!(ask).is_pending());
        }
        assert_eq!(live.ask("call-7", Pii::default()).await, Err(AskError::Busy));
        assert_eq!(live.say(&call.id, Pii::default()), Err(AskError::Busy));
        drop(wanted);
        assert_eq!(live.end(&call.id), Err(AskError::Ended));
    }

    #[test]
    fn a_call_has_one_colleague_at_a_time() {
        let (live, call) = (Live::default(), call("call-7"));
        let (presence, mut wanted) = live.enter(&call);
        let colleague = |name: &str| Colleague {
            identity: format!("staff-{name}").parse().unwrap(),
            actor: Actor { id: name.to_owned(), ..Actor::console() },
            since: Timestamp::UNIX_EPOCH,
        };
        assert_eq!(live.give_back(&call.id, None), Err(AskError::NotTakenOver));
        live.take_over(&call.id, colleague("nadia"), None).unwrap();
        assert!(matches!(wanted.try_recv(), Ok(Command::TakeOver(..))));
        assert_eq!(presence.scene.borrow().colleague(), Some(&colleague("nadia")));
        assert_eq!(live.take_over(&call.id, colleague("omar"), None), Err(AskError::TakenOver));
        assert_eq!(live.say(&call.id, Pii::default()), Err(AskError::TakenOver));
        live.take_over(&call.id, colleague("nadia"), None).unwrap();
        live.give_back(&call.id, None).unwrap();
        live.end(&call.id).unwrap();
        drop(presence);
        assert_eq!(live.take_over(&call.id, colleague("nadia"), None), Err(AskError::NoCall));
    }

    #[test]
    fn those_who_look_on_hear_when_calls_begin_and_end() {
        let live = Live::default();
        let mut changes = live.changes();
        let (first, _wanted) = live.enter(&call("call-7"));
        assert!(changes.has_changed().unwrap() && *changes.borrow_and_update());
        let following = live.find(&first.id).unwrap();
        first.scene.send_modify(|scene| scene.typed(&Pii::new("Hello?".to_owned())));
        assert_eq!(following.scene.borrow().lines[0].text.reveal(), "Hello?");
        let _second = live.enter(&NewCall { started_at: Timestamp::from_second(-1).unwrap(), ..call("call-8") });
        let rooms: Vec<_> = live.all().iter().map(|it| it.call.room.to_string()).collect();
        assert_eq!(rooms, ["call-8", "call-7"]);
        changes.mark_unchanged();
        drop(first);
        assert!(changes.has_changed().unwrap() && following.scene.has_changed().is_err());
        live.close();
        assert!(!*changes.borrow_and_update());
    }

    #[test]
    fn a_scene_has_each_line_once_and_only_the_latest_ones() {
        let mut scene = Scene::default();
        let line = |side, number, text: &str| dialogue::Line {
            side,
            number,
            text: Pii::new(text.to_owned()),
            is_final: false,
        };
        for (side, number, text) in [
            (Side::Agent, 1, "Hello."),
            (Side::Caller, 1, "My"),
            (Side::Agent, 1, "Hello. Who speaks?"),
            (Side::Caller, 1, "My name"),
            (Side::Caller, 2, "er"),
            (Side::Caller, 2, ""),
        ] {
            scene.line(&line(side, number, text));
        }
        scene.typed(&Pii::new("4111 1111 1111 1111".to_owned()));
        let said: Vec<_> = scene.lines.iter().map(|line| (line.who, line.text.reveal().as_str())).collect();
        assert_eq!(said[..2], [(Who::Agent, "Hello. Who speaks?"), (Who::Caller, "My name")]);
        assert!(said.len() == 3 && !said[2].1.contains("4111 1111"), "{said:?}");
        for number in 10..10 + 2 * MOST_LINES as u64 {
            scene.line(&line(Side::Agent, number, "Yes."));
        }
        assert_eq!(scene.lines.len(), MOST_LINES);
    }
}
