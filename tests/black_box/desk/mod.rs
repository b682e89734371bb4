//! Calls with the starter models, on lines without a room: what a caller hears and reads, and what is kept of it. No time
//! passes but the caller's: audio is fed as fast as it is taken, and what the engines make is waited for.

mod bad_input;
mod guided;
mod supervised;

use std::{
    collections::VecDeque,
    fs,
    sync::Arc,
    time::{Duration, SystemTime},
};

use callstead::{
    audio::{
        Clip, FRAME_MS, Frame, Framer, LINE_HZ,
        line::{self, AgentState, Caller, Hangup, Line, LineCommand, LineEnd, LineEvent, Notice, Say, Speaker},
        resample,
    },
    call::{
        AskError,
        desk::{self, Dispatch, Floor},
        transcribe::transcribe,
    },
    config::{Config, Rule},
    domain::{Identity, Language, Pii, RoomName, TurnId},
    rooms::{Agent, JoinError, RoomChange, RoomEvent},
    speech::{
        Times,
        engines::{EngineKind, Engines},
    },
    store::{
        Store,
        audit::Actor,
        calls::{self, EndReason, Filter},
        communications,
        communications::Contact,
        customers::{self, CustomerPatch},
        list::Page,
        settings::{self, Settings},
        turns::{self, Turn, Who},
    },
};
use jiff::Timestamp;
use tokio::{
    sync::{mpsc, watch},
    time::timeout,
};

use crate::support::{Desk, STT, recording};

/// Longer than anything that is waited for takes, on the slowest machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// Agents that have joined.
type Joined = mpsc::UnboundedReceiver<(RoomName, Agent, LineEnd)>;

/// Gives the other end of each agent's line to the test.
struct Lines(mpsc::UnboundedSender<(RoomName, Agent, LineEnd)>);

impl Floor for Lines {
    async fn join_agent(&self, room: &RoomName, agent: Agent) -> Result<Line, JoinError> {
        let (line, end) = line::line();
        self.0.send((room.clone(), agent, end)).map_err(|_| JoinError::Unavailable)?;
        Ok(line)
    }
}

/// A box that takes calls.
struct Served {
    desk: desk::Desk,
    store: Store,
    rooms: Option<mpsc::Sender<Arc<RoomEvent>>>,
    engines: watch::Sender<Option<Arc<Engines>>>,
    joined: Joined,
    config: Config,
    folder: Desk,
}

impl Served {
    fn new(folder: Desk, change: impl FnOnce(&mut Config)) -> Self {
        let mut config = Config::defaults(&folder.data_dir());
        config.agent.max_tokens = 24;
        change(&mut config);
        let store = Store::open(&folder.data_dir()).unwrap();
        let (engines, loaded) = watch::channel(None);
        let (rooms, events) = mpsc::channel(16);
        let (sender, joined) = mpsc::unbounded_channel();
        let desk = desk::Desk::start(&config, loaded, Lines(sender), events, store.clone()).unwrap();
        Self { desk, store, rooms: Some(rooms), engines, joined, config, folder }
    }

    async fn load(&self) -> Arc<Engines> {
        self.load_beside(None).await
    }

    async fn load_beside(&self, before: Option<Arc<Engines>>) -> Arc<Engines> {
        let mut config = self.config.clone();
        // espeak-ng keeps the folder that it was given first, as long as the process lives.
        config.paths.data_dir = env!("CARGO_TARGET_TMPDIR").into();
        let load = move || match before {
            Some(before) => Engines::load_again(&before, &config, &EngineKind::ALL, |_| true),
            None => Engines::load(&config, &EngineKind::ALL, |_| true),
        };
        let engines = Arc::new(tokio::task::spawn_blocking(load).await.unwrap());
        self.engines.send_replace(Some(Arc::clone(&engines)));
        engines
    }

    async fn open(&mut self, room: &str) -> Call {
        let room: RoomName = room.parse().unwrap();
        let change = RoomChange::Opened { agents: Vec::new() };
        let event = RoomEvent { name: room.clone(), room: Default::default(), at: SystemTime::now(), change };
        self.rooms.as_ref().unwrap().send(Arc::new(event)).await.unwrap();
        self.joins(&room).await
    }

    async fn joins(&mut self, expected: &RoomName) -> Call {
        let (room, agent, end) = timeout(PATIENCE, self.joined.recv()).await.unwrap().unwrap();
        assert_eq!((&room, agent.name.as_str()), (expected, "callstead"));
        assert!(agent.identity.as_str().starts_with("agent-"), "{}", agent.identity);
        Call { end: Some(end), turn: TurnId(0), audio: Vec::new(), signs: VecDeque::new() }
    }

    async fn close(&mut self) {
        // Agents that wait for callers to come back are left alone.
        self.joined.close();
        while self.joined.try_recv().is_ok() {}
        self.rooms = None;
        timeout(PATIENCE, self.desk.stopped()).await.unwrap();
    }

    /// Closes the box; gives each call's end and turns, the oldest call first.
    async fn records(mut self) -> Vec<(Option<EndReason>, Vec<Turn>)> {
        self.close().await;
        let all = self.store.read(|connection| {
            let calls = calls::list(connection, Filter { since: None, limit: 100 })?;
            calls
                .into_iter()
                .rev()
                .map(|call| Ok((call.ended.map(|ended| ended.reason), turns::of_call(connection, &call.id)?)))
                .collect()
        });
        all.await.unwrap()
    }
}

/// What a caller notices of the agent.
#[derive(Clone, Debug, PartialEq)]
enum Sign {
    /// 20 ms of a turn.
    Frame(TurnId, Box<Frame>),
    /// The turn's end.
    End(TurnId),
    Flush(TurnId),
    Duck(bool),
    State(AgentState),
    Notice(Notice),
    /// A line of the transcript that stays as it is.
    Said(Speaker, String),
    /// One that may still change.
    Saying(Speaker, String),
    /// Whom the line looks for.
    Colleague(Option<Identity>),
    /// The agent has left.
    Left,
}

/// A caller's end of the line.
struct Call {
    end: Option<LineEnd>,
    turn: TurnId,
    /// The agent's audio.
    audio: Vec<Frame>,
    signs: VecDeque<Sign>,
}

impl Call {
    async fn tell(&mut self, event: LineEvent) {
        timeout(PATIENCE, self.end.as_ref().unwrap().events.send(event)).await.unwrap().unwrap();
    }

    async fn arrive(&mut self) {
        let caller = Caller {
            identity: "amanda-1".parse().unwrap(),
            name: Pii::new("Amanda".to_owned()),
            metadata: Pii::default(),
        };
        self.tell(LineEvent::Caller(caller)).await;
    }

    async fn speak(&mut self, clip: &Clip) {
        let (mut framer, mut frames) = (Framer::default(), Vec::new());
        framer.push(&resample(clip, LINE_HZ).samples, |frame| frames.push(frame));
        for frame in frames {
            self.tell(LineEvent::Audio(Box::new(frame))).await;
        }
    }

    async fn keep_silent(&mut self, millis: u32) {
        for _ in 0..millis / FRAME_MS {
            self.tell(LineEvent::Audio(Box::new(Frame::SILENCE))).await;
        }
    }

    async fn write(&mut self, text: &str) {
        self.tell(LineEvent::Typed(Pii::new(text.to_owned()))).await;
    }

    async fn hang_up(self) {
        self.end(Hangup::CallerLeft).await;
    }

    async fn end(mut self, hangup: Hangup) {
        self.tell(LineEvent::Hangup(hangup)).await;
    }

    /// The next thing that is noticed, whatever it is.
    async fn next(&mut self) -> Sign {
        if let Some(sign) = self.signs.pop_front() {
            return sign;
        }
        let end = self.end.as_mut().unwrap();
        let sign = async {
            tokio::select! {
                biased;
                command = end.commands.recv() => match command {
                    Some(LineCommand::Flush(turn)) => Sign::Flush(turn),
                    Some(LineCommand::Duck(duck)) => Sign::Duck(duck),
                    Some(LineCommand::State(state)) => Sign::State(state),
                    Some(LineCommand::Notice(notice)) => Sign::Notice(notice),
                    Some(LineCommand::Transcript(line)) if line.is_final => Sign::Said(line.speaker, line.text.into_inner()),
                    Some(LineCommand::Transcript(line)) => Sign::Saying(line.speaker, line.text.into_inner()),
                    Some(LineCommand::Colleague(identity)) => Sign::Colleague(identity),
                    Some(LineCommand::Leave) | None => Sign::Left,
                },
                Some(said) = end.say.recv() => match said {
                    Say::Audio(turn, frame) => Sign::Frame(turn, frame),
                    Say::End(turn) => Sign::End(turn),
                },
            }
        };
        timeout(PATIENCE, sign).await.unwrap()
    }

    /// Lets the agent speak, and plays what it says, until `wanted` is noticed; gives all that was noticed
    /// before, but for the audio.
    async fn until(&mut self, wanted: impl Fn(&Sign) -> bool) -> Vec<Sign> {
        let mut noticed = Vec::new();
        loop {
            let sign = self.next().await;
            let is_wanted = wanted(&sign);
            assert!(is_wanted || sign != Sign::Left, "the agent left after {noticed:?}");
            match &sign {
                Sign::Frame(turn, frame) => {
                    if *turn != self.turn {
                        (self.turn, self.audio) = (*turn, Vec::new());
                    }
                    self.audio.push(**frame);
                }
                Sign::End(turn) => {
                    let sent = Duration::from_millis(self.audio.len() as u64 * u64::from(FRAME_MS));
                    self.tell(LineEvent::Played { turn: *turn, sent, done: true }).await;
                }
                _ => {}
            }
            if is_wanted || !matches!(sign, Sign::Frame(..)) {
                noticed.push(sign);
            }
            if is_wanted {
                return noticed;
            }
        }
    }

    /// Hears the agent's turn to its end: its words, and its sound.
    async fn hear_out(&mut self) -> (String, Clip) {
        let mut noticed = self.until(|sign| matches!(sign, Sign::Said(Speaker::Agent, _))).await;
        let Some(Sign::Said(_, words)) = noticed.pop() else { unreachable!("that is what was waited for") };
        (words, Clip::from_frames(&self.audio))
    }
}

fn is_loud(clip: &Clip) -> bool {
    let power: f32 = clip.samples.iter().map(|sample| sample * sample).sum();
    (power / clip.samples.len().max(1) as f32).sqrt() > 0.01
}

fn said(turns: &[Turn]) -> Vec<(Who, &str)> {
    turns.iter().map(|turn| (turn.turn.who, turn.turn.text.reveal().as_str())).collect()
}

// ---- a call ----

#[tokio::test]
async fn a_caller_is_greeted_heard_answered_and_kept() {
    let mut served = Served::new(Desk::with_models(), |_| {});
    let mut call = served.open("call-7").await;
    call.arrive().await;
    assert_eq!(call.next().await, Sign::State(AgentState::Initializing));
    let engines = served.load().await;

    let (greeting, sound) = call.hear_out().await;
    assert!(greeting.contains("automated agent") && greeting.contains("transcribed"), "{greeting}");
    let heard = transcribe(&engines, &sound, Some(Language::ENGLISH), Times::None, |_| true).await.unwrap();
    assert!(is_loud(&sound), "{sound:?}");
    assert!(!heard.text.is_empty());

    call.speak(&recording("utt21.wav")).await;
    call.keep_silent(1500).await;
    let noticed = call.until(|sign| matches!(sign, Sign::Frame(..))).await;
    let words = Sign::Said(Speaker::Caller, "Transfer me to a live agent.".to_owned());
    assert!(noticed.contains(&words), "{noticed:?}");
    assert!(noticed.contains(&Sign::State(AgentState::Thinking)), "{noticed:?}");
    let (answer, sound) = call.hear_out().await;
    assert!(is_loud(&sound) && !answer.is_empty());
    call.hang_up().await;

    let records = served.records().await;
    let [(ended, turns)] = &*records else { panic!("{records:?}") };
    assert_eq!(*ended, Some(EndReason::CallerLeft));
    let expected =
        [(Who::Agent, greeting.as_str()), (Who::Caller, "Transfer me to a live agent."), (Who::Agent, &answer)];
    assert_eq!(said(turns), expected);
    let timings = turns[2].turn.timings;
    let steps = [
        timings.end_of_turn,
        timings.transcript,
        timings.first_words,
        timings.first_clause,
        timings.first_audio,
        timings.total,
    ];
    assert!(steps.iter().all(Option::is_some) && steps.is_sorted(), "{timings:?}");
}

#[tokio::test]
async fn who_interrupts_is_listened_to() {
    let mut served = Served::new(Desk::with_models(), |config| config.agent.max_tokens = 128);
    served.load().await;
    let mut call = served.open("call-7").await;
    call.arrive().await;
    call.hear_out().await;
    call.tell(LineEvent::Typed(Pii::new("Please tell me everything about Texas.".to_owned()))).await;
    let noticed = call.until(|sign| matches!(sign, Sign::Frame(..))).await;
    let Some(Sign::Frame(turn, _)) = noticed.last() else { unreachable!("that is what was waited for") };
    let turn = *turn;

    // The agent's audio is not taken meanwhile: it would go on for ever.
    call.speak(&recording("utt21.wav")).await;
    call.keep_silent(1500).await;
    let noticed = call.until(|sign| *sign == Sign::Flush(turn)).await;
    assert!(noticed.contains(&Sign::Duck(true)), "{noticed:?}");
    call.until(|sign| *sign == Sign::Duck(false)).await;
    let noticed = call.until(|sign| matches!(sign, Sign::Frame(next, _) if *next > turn)).await;
    assert!(noticed.contains(&Sign::Said(Speaker::Caller, "Transfer me to a live agent.".to_owned())), "{noticed:?}");
    call.hang_up().await;
    let records = served.records().await;
    assert_eq!(records[0].0, Some(EndReason::CallerLeft));
}

#[tokio::test]
async fn a_call_that_the_server_ends_is_kept_as_that() {
    let mut served = Served::new(Desk::with_engines(), |_| {});
    served.load().await;
    let mut call = served.open("call-7").await;
    call.arrive().await;
    call.until(|sign| *sign == Sign::Notice(Notice::Unavailable)).await;
    call.end(Hangup::ServerStopped).await;
    assert_eq!(served.records().await[0].0, Some(EndReason::Stopped));
}

#[tokio::test]
async fn who_writes_into_a_call_reads_what_its_caller_hears() {
    let mut served = Served::new(Desk::with_models(), |_| {});
    let customer = CustomerPatch {
        user_id: Some("77".to_owned()),
        name: Some(Pii::new("Amanda Castlemaine".to_owned())),
        ..CustomerPatch::default()
    };
    let created = served
        .store
        .change(Actor::console(), Timestamp::UNIX_EPOCH, move |change| customers::create(change, &customer));
    let party = Some(Contact::Customer(created.await.unwrap().id));
    served.load().await;
    let mut call = served.open("call-77").await;
    call.arrive().await;
    call.hear_out().await;
    let desk = served.desk.clone();
    let asked = "Where is my parcel? My card is 4111 1111 1111 1111.";
    let ask = tokio::spawn(async move { desk.ask("call-77", Pii::new(asked.to_owned())).await });
    let mut noticed = call.until(|sign| matches!(sign, Sign::Said(Speaker::Agent, _))).await;
    let Some(Sign::Said(_, answer)) = noticed.pop() else { unreachable!("that is what was waited for") };
    let shown = |sign: &Sign| matches!(sign, Sign::Said(Speaker::Caller, text) if text.starts_with("Where is my parcel?") && !text.contains("1111 1111"));
    assert!(noticed.iter().any(shown), "{noticed:?}");
    assert_eq!(ask.await.unwrap().unwrap().reveal(), &answer);
    let unknown = served.desk.ask("call-78", Pii::new("Hello?".to_owned())).await;
    assert_eq!(unknown, Err(AskError::NoCall));
    call.hang_up().await;

    let store = served.store.clone();
    let records = served.records().await;
    assert_eq!((records[0].0, records[0].1.len()), (Some(EndReason::CallerLeft), 3));
    let kept = store.read(|connection| {
        let call = calls::list(connection, Filter { since: None, limit: 1 })?.remove(0);
        let with = communications::with(&call.contact().unwrap());
        let notes = communications::page(connection, &with, &Page::first(&communications::TABLE, 10))?.items;
        Ok((call, notes))
    });
    let (call, notes) = kept.await.unwrap();
    assert_eq!(call.contact(), party);
    assert_eq!(call.caller_name.reveal(), "Amanda", "a token's name goes before the desk's");
    let notes: Vec<_> = notes.into_iter().map(|note| (note.call, note.outcome)).collect();
    assert_eq!(notes, [(Some(call.id), Some("caller_left".to_owned()))]);
}

// ---- what a box cannot do ----

#[tokio::test]
async fn a_full_box_says_so() {
    let mut served = Served::new(Desk::with_models(), |config| config.agent.max_calls = Some(1));
    served.load().await;
    let mut first = served.open("call-1").await;
    first.arrive().await;
    let (greeting, _) = first.hear_out().await;
    assert_eq!((served.desk.live(), served.desk.capacity()), (1, 1));

    let mut second = served.open("call-2").await;
    second.arrive().await;
    second.until(|sign| *sign == Sign::Notice(Notice::Busy)).await;
    let (busy, sound) = second.hear_out().await;
    assert!(busy.starts_with("All our lines are busy") && is_loud(&sound), "{busy}");
    second.until(|sign| *sign == Sign::Left).await;

    first.hang_up().await;
    // The caller may come back: an agent waits, and takes no line from others.
    let mut again = served.joins(&"call-1".parse().unwrap()).await;
    again.arrive().await;
    assert_eq!(again.hear_out().await.0, greeting);
    again.hang_up().await;
    let ends: Vec<_> = served.records().await.into_iter().map(|(ended, _)| ended).collect();
    assert_eq!(ends, [EndReason::CallerLeft, EndReason::Busy, EndReason::CallerLeft].map(Some));
}

#[tokio::test]
async fn a_box_that_cannot_hear_takes_typed_words() {
    let folder = Desk::with_models();
    fs::remove_file(folder.models_dir().join(STT)).unwrap();
    let mut served = Served::new(folder, |_| {});
    served.load().await;
    let mut call = served.open("call-7").await;
    call.arrive().await;
    call.until(|sign| *sign == Sign::Notice(Notice::TypedOnly)).await;
    let (greeting, sound) = call.hear_out().await;
    assert!(greeting.contains("Please type") && is_loud(&sound), "{greeting}");
    call.speak(&recording("utt21.wav")).await;
    call.tell(LineEvent::Typed(Pii::new("My card is 4111 1111 1111 1111.".to_owned()))).await;
    let (answer, sound) = call.hear_out().await;
    assert!(!answer.is_empty() && is_loud(&sound));
    call.hang_up().await;
    let records = served.records().await;
    let kept = records[0].1[1].turn.text.reveal().clone();
    assert!(kept.starts_with("My card is 4111 11") && !kept.contains("1111 1111"), "{kept}");
}

#[tokio::test]
async fn a_box_without_models_says_that_it_is_out_of_service() {
    let mut served = Served::new(Desk::with_engines(), |_| {});
    served.load().await;
    let mut call = served.open("call-7").await;
    call.arrive().await;
    let (words, sound) = call.hear_out().await;
    assert!(words.contains("out of service") && is_loud(&sound), "{words}");
    call.until(|sign| *sign == Sign::Left).await;
    assert_eq!(served.records().await[0].0, Some(EndReason::Failed));
}

#[tokio::test]
async fn what_is_installed_later_serves_without_a_new_start() {
    let mut served = Served::new(Desk::with_engines(), |_| {});
    let before = served.load().await;
    assert!(before.transcriber().is_err() && before.synthesizer().is_ok());
    served.folder.install_models();
    let after = served.load_beside(Some(before)).await;
    assert_eq!(after.missing(), []);
    let again = served.load_beside(Some(Arc::clone(&after))).await;
    assert!(Arc::ptr_eq(after.transcriber().unwrap(), again.transcriber().unwrap()), "nothing is loaded twice");
    let mut call = served.open("call-7").await;
    call.arrive().await;
    let (greeting, sound) = call.hear_out().await;
    assert!(!greeting.contains("out of service") && is_loud(&sound), "{greeting}");
    call.hang_up().await;
}

#[tokio::test]
async fn where_nobody_says_a_language_the_desks_first_is_spoken() {
    let mut served = Served::new(Desk::with_engines(), |_| {});
    let set = Settings { languages: vec![Language::ARABIC, Language::ENGLISH], ..Settings::default() };
    let set =
        served.store.change(Actor::console(), Timestamp::UNIX_EPOCH, move |change| settings::replace(change, &set));
    set.await.unwrap();
    served.load().await;
    let mut call = served.open("call-7").await;
    call.arrive().await;
    let (words, sound) = call.hear_out().await;
    assert!(words.contains("خارج الخدمة") && is_loud(&sound), "{words}");
    let english = Dispatch { language: Some(Language::ENGLISH), ..Dispatch::to("call-8".parse().unwrap()) };
    served.desk.dispatch(english).await.unwrap();
    let mut call = served.open("call-8").await;
    call.arrive().await;
    assert!(call.hear_out().await.0.contains("out of service"), "who is asked for in English speaks it");
}

#[tokio::test]
async fn a_box_whose_engines_were_never_loaded_says_so_in_writing() {
    let mut served = Served::new(Desk::new(), |_| {});
    let mut call = served.open("call-7").await;
    call.arrive().await;
    drop(std::mem::replace(&mut served.engines, watch::channel(None).0));
    let (words, sound) = call.hear_out().await;
    assert!(words.contains("out of service") && sound.samples.is_empty(), "{words}");
    call.until(|sign| *sign == Sign::Left).await;
}

// ---- dispatch ----

#[tokio::test]
async fn an_agent_comes_where_it_is_asked_for() {
    let nobody = |config: &mut Config| config.agent.rules = vec![Rule { rooms: "*".to_owned(), profile: None }];
    let mut served = Served::new(Desk::with_engines(), nobody);
    let room: RoomName = "call-7".parse().unwrap();
    let dispatch = Dispatch { language: Some(Language::ARABIC), ..Dispatch::to(room.clone()) };
    let dispatched = served.desk.dispatch(dispatch.clone()).await.unwrap();
    assert!(!dispatched.joins_by_itself && dispatched.job_id.starts_with("job-"), "{dispatched:?}");
    let mut call = served.open("call-7").await;
    assert_eq!(served.desk.dispatch(dispatch).await.unwrap(), dispatched);
    served.load().await;
    call.arrive().await;
    let (words, sound) = call.hear_out().await;
    assert!(words.contains("خارج الخدمة") && is_loud(&sound), "{words}");

    served.close().await;
    assert!(served.desk.dispatch(Dispatch::to(room)).await.is_err());
}
