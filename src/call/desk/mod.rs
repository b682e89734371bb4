//! Sends agents into rooms: by the rules of the configuration as rooms are opened, and when somebody asks for one.
//!
//! Calls run on threads of their own, apart from those that serve pages: each call is a task, and costs the detector's
//! third of a millisecond for every 32 ms of a caller's audio there. What computes for longer has its own threads.

mod fixed;
mod languages;
mod roster;

use std::{
    collections::HashMap,
    future::Future,
    io, mem,
    sync::{Arc, atomic::AtomicU64},
    thread,
    time::{Duration, Instant},
};

use jiff::Timestamp;
use tokio::{
    runtime,
    sync::{Semaphore, mpsc, oneshot, watch},
    task::{Id, JoinError, JoinHandle, JoinSet},
    time::timeout,
};

use super::{
    AskError, EnginesReceiver, Facts, Following,
    actor::{self, Assignment, Exchange, Lost, Prepared, Preparing, Records, Tally},
    bookings::Known,
    directions::Directions,
    handover::Colleague,
    live::Live,
    profiles::Directory,
    tool::Tools,
};
use crate::{
    audio::line::{Hangup, Line},
    config::Config,
    dialogue::Patience,
    domain::{CallId, Identity, Language, Pii, RoomName},
    rooms::{Agent, JoinError as Refused, RoomChange, RoomEvent, RoomEvents, Rooms},
    speech::engines::Engines,
    store::Store,
};
use roster::Roster;

/// One thread for so many cores, at least one: calls need little, the engines need the rest.
const CORES_PER_THREAD: usize = 4;
/// Dispatches that wait for the desk.
const DISPATCHES: usize = 64;
/// How long an agent waits to hear what is known of a room; it takes less than a millisecond when the box is well.
const RECORDS_PATIENCE: Duration = Duration::from_secs(1);
/// For calls to write their last records when the rooms have closed.
const FAREWELL: Duration = Duration::from_secs(5);

/// Where agents are sent: the rooms of this process; in tests, lines without a room.
pub trait Floor: Send + Sync + 'static {
    /// Puts an agent into a room.
    fn join_agent(&self, room: &RoomName, agent: Agent) -> impl Future<Output = Result<Line, Refused>> + Send;
}

impl Floor for Rooms {
    async fn join_agent(&self, room: &RoomName, agent: Agent) -> Result<Line, Refused> {
        Self::join_agent(self, room, agent).await
    }
}

/// Somebody asks for an agent in a room.
#[derive(Clone, Debug)]
pub struct Dispatch {
    /// Where to.
    pub room: RoomName,
    /// By name, or the one that the rules name, or the first.
    pub profile: Option<String>,
    /// Instead of the profile's.
    pub language: Option<Language>,
    /// The caller's name; may be unknown.
    pub user_name: Option<Pii<String>>,
    /// What whoever asks knows of the caller.
    pub facts: Facts,
}

impl Dispatch {
    /// To `room`, everything else as it is configured.
    pub fn to(room: RoomName) -> Self {
        Self { room, profile: None, language: None, user_name: None, facts: Facts::default() }
    }
}

/// An agent will come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dispatched {
    /// `job-` and eight hex digits; the same when an agent is there or on its way already.
    pub job_id: String,
    /// A rule would have sent an agent into this room anyway.
    pub joins_by_itself: bool,
    /// What the agent will speak, unless its script has another language; `None`: what the caller speaks.
    pub language: Option<Language>,
}

impl Dispatched {
    /// As whom the agent joins.
    pub fn identity(&self) -> Identity {
        identity(&self.job_id)
    }
}

/// Why no agent will come.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DispatchError {
    /// There is no such profile.
    #[error("there is no profile '{name}': there are {known}")]
    UnknownProfile {
        /// The one asked for.
        name: String,
        /// All there are.
        known: String,
    },
    /// Too many agents wait for rooms that nobody opens.
    #[error("too many agents wait for rooms that nobody has opened: try again in a few minutes")]
    TooMany,
    /// The server stops.
    #[error("the server is stopping: try again in a moment")]
    Stopped,
}

/// See the module. Clones share the desk; it ends when the rooms do.
#[derive(Clone, Debug)]
pub struct Desk {
    commands: mpsc::Sender<Command>,
    lines: Arc<Semaphore>,
    capacity: usize,
    lost: Lost,
    languages: watch::Receiver<Vec<Language>>,
    live: Live,
}

/// What the desk is asked for.
#[derive(Debug)]
enum Command {
    Dispatch(Dispatch, oneshot::Sender<Result<Dispatched, DispatchError>>),
    Expect(RoomName, Language, oneshot::Sender<()>),
}

impl Desk {
    /// Begins to serve `rooms`, whose openings and closings come by `events`; calls begin as soon as there are engines.
    ///
    /// # Errors
    /// When the system refuses a thread.
    pub fn start(
        config: &Config,
        engines: EnginesReceiver,
        rooms: impl Floor,
        events: RoomEvents,
        store: Store,
    ) -> io::Result<Self> {
        let cores = thread::available_parallelism().map_or(1, usize::from);
        let capacity = config.agent.max_calls.unwrap_or(cores).clamp(1, Semaphore::MAX_PERMITS);
        let (commands, waiting) = mpsc::channel(DISPATCHES);
        let (prepared, busy) = (Prepared::default(), Tally::default());
        let exchange = Exchange {
            engines,
            max_tokens: config.agent.max_tokens,
            patience: Patience { silence: config.agent.silence, longest: config.agent.longest },
            lines: Arc::new(Semaphore::new(capacity)),
            takes: Tally::default(),
            busy: busy.clone(),
            prepared: prepared.clone(),
            preparing: Arc::new(Preparing::new(prepared, busy)),
            tools: Tools::default(),
            records: Records::new(store.clone()),
            conversations: AtomicU64::new(1),
            live: Live::default(),
        };
        let roster = Roster::new(&config.agent);
        let (offer, languages) = watch::channel(languages::offered(roster.profiles(), roster.languages(), None));
        let (lines, lost) = (Arc::clone(&exchange.lines), exchange.records.lost());
        let desk = Self { commands, lines, capacity, lost, languages, live: exchange.live.clone() };
        let clerk = Clerk {
            roster,
            directory: Directory::new(config.agent.clone(), store.clone()),
            agent_name: config.livekit.agent_name.clone(),
            rooms: Arc::new(rooms),
            store,
            exchange: Arc::new(exchange),
            calls: JoinSet::new(),
            rooms_of_calls: HashMap::new(),
            languages: offer,
            voices: Vec::new(),
            preparing: None,
        };
        let runtime = runtime::Builder::new_multi_thread()
            .worker_threads((cores / CORES_PER_THREAD).max(1))
            .thread_name("calls")
            .enable_all()
            .build()?;
        thread::Builder::new().name("desk".to_owned()).spawn(move || runtime.block_on(clerk.work(events, waiting)))?;
        Ok(desk)
    }

    /// Sends an agent into a room, or remembers to when somebody opens it.
    ///
    /// # Errors
    /// See [`DispatchError`].
    pub async fn dispatch(&self, dispatch: Dispatch) -> Result<Dispatched, DispatchError> {
        let (answer, answered) = oneshot::channel();
        let asked = self.commands.send(Command::Dispatch(dispatch, answer)).await;
        asked.map_err(|_| DispatchError::Stopped)?;
        answered.await.map_err(|_| DispatchError::Stopped)?
    }

    /// Somebody who is about to open `room` speaks `language`: the agent that joins there by itself speaks it too. Sends
    /// nobody; may be forgotten when too many are expected.
    pub async fn expect(&self, room: RoomName, language: Language) {
        let (noted, heard) = oneshot::channel();
        // A desk that has stopped sends nobody anyway.
        if self.commands.send(Command::Expect(room, language, noted)).await.is_ok() {
            let _ = heard.await;
        }
    }

    /// Says `text` for the caller in a call that is under way: the one of this id, or the one in the room of this name. Those in
    /// the room read it, and hear the answer. Gives what they heard of that.
    ///
    /// # Errors
    /// See [`AskError`].
    pub async fn ask(&self, call: &str, text: Pii<String>) -> Result<Pii<String>, AskError> {
        self.live.ask(call, text).await
    }

    /// The calls that are under way, the first first.
    pub fn calls(&self) -> Vec<Following> {
        self.live.all()
    }

    /// A call that is under way.
    pub fn follow(&self, call: &CallId) -> Option<Following> {
        self.live.find(call)
    }

    /// Tells when a call has begun or ended; false once there will be no more.
    pub fn changes(&self) -> watch::Receiver<bool> {
        self.live.changes()
    }

    /// Has the agent say `text` in a call that is under way, as soon as nobody else speaks there.
    ///
    /// # Errors
    /// See [`AskError`].
    pub fn say(&self, call: &CallId, text: Pii<String>) -> Result<(), AskError> {
        self.live.say(call, text)
    }

    /// Has the agent take its leave and end a call that is under way.
    ///
    /// # Errors
    /// See [`AskError`].
    pub fn end(&self, call: &CallId) -> Result<(), AskError> {
        self.live.end(call)
    }

    /// Has a colleague talk with the caller in the agent's place, from now on: the agent falls silent and listens. What the call
    /// has been about is told in `language`, or in the call's, with what goes on in it ([`Self::follow`]). A colleague who is
    /// not in the room, or leaves it, has given the call back ten seconds later.
    ///
    /// # Errors
    /// See [`AskError`].
    pub fn take_over(&self, call: &CallId, colleague: Colleague, language: Option<Language>) -> Result<(), AskError> {
        self.live.take_over(call, colleague, language)
    }

    /// Gives a call back to the agent, which says that it is back, or `words`; nothing, if they are empty.
    ///
    /// # Errors
    /// See [`AskError`].
    pub fn give_back(&self, call: &CallId, words: Option<Pii<String>>) -> Result<(), AskError> {
        self.live.give_back(call, words)
    }

    /// The languages that callers may choose from, the two first-class ones first.
    pub fn languages(&self) -> Vec<Language> {
        self.languages.borrow().clone()
    }

    /// How many calls are being served.
    pub fn live(&self) -> usize {
        self.capacity - self.lines.available_permits()
    }

    /// How many calls can be served at a time.
    pub fn capacity(&self) -> usize {
        self.capacity
    }

    /// How many records of calls could not be kept, since the start.
    pub fn lost_records(&self) -> u64 {
        self.lost.count()
    }

    /// Waits until the rooms have ended, and all calls have written their last records.
    pub async fn stopped(&self) {
        self.commands.closed().await;
    }
}

/// What happens at the desk.
enum Event {
    Room(Option<Arc<RoomEvent>>),
    Asked(Command),
    Left(Result<(Id, Hangup), JoinError>),
    Engines(Option<Arc<Engines>>),
}

/// Does the desk's work, in one task.
struct Clerk<F> {
    roster: Roster,
    directory: Directory,
    agent_name: String,
    rooms: Arc<F>,
    store: Store,
    exchange: Arc<Exchange>,
    calls: JoinSet<Hangup>,
    /// The room and the job of each call.
    rooms_of_calls: HashMap<Id, (RoomName, String)>,
    /// Hears which languages callers may choose.
    languages: watch::Sender<Vec<Language>>,
    /// Who speaks where a profile names no voice.
    voices: Vec<(Language, String)>,
    /// Makes sound beforehand, with the engines that there are.
    preparing: Option<JoinHandle<()>>,
}

impl<F: Floor> Clerk<F> {
    async fn work(mut self, mut rooms: RoomEvents, mut asked: mpsc::Receiver<Command>) {
        self.exchange.records.end_interrupted().await;
        self.look_up().await;
        let mut engines = self.exchange.engines.clone();
        // Those that are there already count, too.
        engines.mark_changed();
        loop {
            let event = tokio::select! {
                room = rooms.recv() => Event::Room(room),
                Some(command) = asked.recv() => Event::Asked(command),
                Some(left) = self.calls.join_next_with_id() => Event::Left(left),
                Ok(()) = engines.changed() => Event::Engines(engines.borrow_and_update().clone()),
            };
            match event {
                Event::Room(Some(event)) => self.room(&event).await,
                Event::Room(None) => break,
                Event::Asked(command) => self.asked(command).await,
                Event::Left(left) => self.left(left),
                Event::Engines(engines) => self.prepare(engines),
            }
        }
        self.exchange.live.close();
        let last_records = async {
            while self.calls.join_next().await.is_some() {}
            self.exchange.records.settled().await;
        };
        if timeout(FAREWELL, last_records).await.is_err() {
            tracing::warn!("calls that did not end in time, or whose records are not written, are dropped");
        }
    }

    /// Profiles, rules and settings may have been changed since they were last needed.
    async fn look_up(&mut self) {
        let Some(mut book) = self.directory.changed().await else { return };
        self.voices = mem::take(&mut book.voices);
        self.roster.follow(book);
        let engines = self.exchange.engines.borrow().clone();
        self.want(engines.as_deref());
        self.offer(engines);
    }

    async fn room(&mut self, event: &RoomEvent) {
        let room = &event.name;
        match event.change {
            RoomChange::Opened { .. } => {
                self.look_up().await;
                let known = self.known(room).await;
                let assignment = self.roster.opened(Instant::now(), room, known);
                self.send(assignment);
            }
            RoomChange::Closed => self.roster.closed(room),
            // Of those whom an agent serves its line tells.
            RoomChange::ParticipantJoined(_)
            | RoomChange::ParticipantLeft(_)
            | RoomChange::ConnectionAborted(_)
            | RoomChange::TrackPublished(..)
            | RoomChange::TrackUnpublished(..) => {}
        }
    }

    /// Whoever asks may have gone before the answer.
    async fn asked(&mut self, command: Command) {
        match command {
            Command::Dispatch(dispatch, answer) => {
                self.look_up().await;
                let _ = answer.send(self.dispatch(dispatch).await);
            }
            Command::Expect(room, language, noted) => {
                self.roster.expect(Instant::now(), room, language);
                let _ = noted.send(());
            }
        }
    }

    /// What the desk's records know of a room. An agent comes also where they do not answer.
    async fn known(&self, room: &RoomName) -> Option<Arc<Known>> {
        match timeout(RECORDS_PATIENCE, Known::of_room(&self.store, room, Timestamp::now())).await {
            Ok(Ok(known)) => known.map(Arc::new),
            Ok(Err(error)) => {
                tracing::error!(%error, "asking the database what is known of a room");
                None
            }
            Err(_) => {
                tracing::error!("the database does not say in time what is known of a room");
                None
            }
        }
    }

    async fn dispatch(&mut self, dispatch: Dispatch) -> Result<Dispatched, DispatchError> {
        let known = self.known(&dispatch.room).await;
        let (dispatched, assignment) = self.roster.dispatch(Instant::now(), dispatch, known)?;
        self.send(assignment);
        Ok(dispatched)
    }

    fn left(&mut self, left: Result<(Id, Hangup), JoinError>) {
        let (id, hangup) = left.unwrap_or_else(|error| {
            tracing::error!(%error, "a call failed");
            (error.id(), Hangup::RoomClosed)
        });
        if let Some((room, job)) = self.rooms_of_calls.remove(&id) {
            let assignment = self.roster.left(&room, &job, hangup);
            self.send(assignment);
        }
    }

    fn send(&mut self, assignment: Option<Assignment>) {
        let Some(assignment) = assignment else { return };
        let place = (assignment.room.clone(), assignment.job.clone());
        let agent = Agent { identity: identity(&assignment.job), name: self.agent_name.clone() };
        let (rooms, exchange, store) = (Arc::clone(&self.rooms), Arc::clone(&self.exchange), self.store.clone());
        let call = self.calls.spawn(async move {
            let Assignment { profile, known, facts, .. } = &assignment;
            let directions = Directions::of(&store, profile, known.as_deref(), facts).await;
            match rooms.join_agent(&assignment.room, agent).await {
                Ok(line) => actor::run(line, assignment, directions, exchange).await,
                Err(error) => {
                    tracing::warn!(%error, job = assignment.job, "an agent could not join");
                    Hangup::RoomClosed
                }
            }
        });
        self.rooms_of_calls.insert(call.id(), place);
    }

    /// Finds out which languages there are.
    fn offer(&self, engines: Option<Arc<Engines>>) {
        let (profiles, wanted) = (self.roster.profiles().to_vec(), self.roster.languages().to_vec());
        let languages = self.languages.clone();
        tokio::task::spawn_blocking(move || {
            languages.send_replace(languages::offered(&profiles, &wanted, engines.as_deref()));
        });
    }

    /// Tells the engines who speaks, and has what is said in every call made into their sound.
    fn want(&self, engines: Option<&Engines>) {
        let Some(voices) = engines.and_then(|engines| engines.synthesizer().ok()) else { return };
        voices.prefer(&self.voices);
        self.exchange.preparing.want(fixed::sentences(self.roster.profiles(), self.roster.languages()));
    }

    /// Has what is said in every call made into sound before the first one: a box that is full has no core to spare.
    fn prepare(&mut self, engines: Option<Arc<Engines>>) {
        let Some(engines) = engines else { return };
        self.offer(Some(Arc::clone(&engines)));
        self.want(Some(&engines));
        let preparing = Arc::clone(&self.exchange.preparing);
        let work = tokio::spawn(async move {
            if let Ok(voices) = engines.synthesizer() {
                preparing.work(&**voices).await;
            }
        });
        if let Some(before) = self.preparing.replace(work) {
            before.abort();
        }
    }
}

/// As whom the agent of a job joins.
fn identity(job: &str) -> Identity {
    job.replacen("job-", "agent-", 1).parse().expect("a job's id is short and printable")
}
