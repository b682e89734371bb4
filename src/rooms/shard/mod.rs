//! One of the threads that media runs on. It owns some rooms, and drives each with what comes from sockets, from signal
//! connections and from time. It waits for nothing but these: whoever does not take what is sent is dropped.

mod outlet;
mod removals;
mod routes;
#[cfg(test)]
mod tests;

use std::{
    collections::{BTreeSet, HashMap, VecDeque},
    io, mem,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant, SystemTime},
};

use crossbeam_channel::{Receiver, select};
use livekit_protocol as proto;
use tokio::sync::{OwnedSemaphorePermit, oneshot};

use self::{
    outlet::{Outlet, Seat},
    removals::Removals,
    routes::Source,
};
use super::{
    Agent, Claims, JoinError, OptionsError, RoomChange, RoomEvent, RoomOptions, SignalVersion,
    events::Listeners,
    outgoing,
    room::{ConnectionId, Control, Input, Output, Room, begin_anew},
    settings::Settings,
};
use crate::{
    audio::line::LineEnd,
    domain::{Identity, RoomName},
    rtc::{net, peer::Datagram},
};

/// Rooms at a time, on all shards together.
const MAX_ROOMS: usize = 1_000;
/// Peer connections at a time, on all shards together; a participant has one or two.
const MAX_PEERS: usize = 4_000;
/// Datagrams handled before the thread looks at its other work.
const BATCH: usize = 32;
/// A room that wants to be woken in the past is woken this much later: it must not take the thread for itself.
const SOON: Duration = Duration::from_millis(1);
/// When nothing is planned.
const IDLE: Duration = Duration::from_secs(3600);

/// A room of this process, never used twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct RoomKey(u64);

/// What others ask of a shard. Each but [`Command::Closed`] and [`Command::Stop`] waits for a permit first; of the former
/// there is one for each connection, of the latter one.
#[derive(Debug)]
pub(super) enum Command {
    /// Somebody wants in.
    Join(Box<Join>),
    /// A message of somebody inside.
    Signal { connection: ConnectionId, request: Box<proto::SignalRequest> },
    /// A signal connection has ended.
    Closed { connection: ConnectionId },
    /// An agent goes into a room.
    JoinAgent { room: RoomName, agent: Agent, line: LineEnd, answer: oneshot::Sender<Result<(), JoinError>> },
    /// Somebody is shown the door. Answered with whether there is such a room.
    Remove { room: RoomName, identity: Identity, answer: oneshot::Sender<bool> },
    /// A room is opened, unless it is.
    Create { room: RoomName, options: Box<RoomOptions>, answer: oneshot::Sender<Result<proto::Room, JoinError>> },
    /// All rooms are told of.
    List { answer: oneshot::Sender<Vec<proto::Room>> },
    /// A room is asked for something; without such a room the answer's way is dropped.
    Control { room: RoomName, control: Box<Control> },
    /// Whether these claims are of somebody who was removed.
    Refuses { claims: Box<Claims>, answer: oneshot::Sender<bool> },
    /// Everything ends.
    Stop,
}

/// See [`Command::Join`].
#[derive(Debug)]
pub(super) struct Join {
    pub(super) connection: ConnectionId,
    pub(super) claims: Claims,
    pub(super) version: SignalVersion,
    pub(super) request: Box<proto::JoinRequest>,
    pub(super) outgoing: outgoing::Sender,
    pub(super) answer: oneshot::Sender<Result<(), JoinError>>,
}

/// A command, with the permit that is given back once it has been handled.
pub(super) type Ordered = (Command, Option<OwnedSemaphorePermit>);

/// What all shards have together.
#[derive(Debug, Default)]
pub(super) struct Census {
    pub(super) rooms: AtomicUsize,
    pub(super) peers: AtomicUsize,
    pub(super) participants: AtomicUsize,
}

impl Census {
    /// A room had `before` participants, and has so many now.
    fn recount(&self, before: &mut usize, now: usize) {
        if *before != now {
            // Wraps, as the atomic does: a difference below zero is added as well.
            self.participants.fetch_add(now.wrapping_sub(*before), Ordering::Relaxed);
            *before = now;
        }
    }
}

/// What a shard works with.
#[derive(Debug)]
pub(super) struct Parts {
    pub(super) index: usize,
    pub(super) settings: Arc<Settings>,
    pub(super) sockets: net::Sender,
    pub(super) census: Arc<Census>,
    pub(super) listeners: Listeners,
    pub(super) datagrams: Receiver<Datagram>,
    pub(super) commands: Receiver<Ordered>,
}

/// Starts a shard; it ends with [`Command::Stop`], or when nobody can send it commands any more.
///
/// # Errors
/// When the system refuses the thread.
pub(super) fn start(parts: Parts) -> io::Result<JoinHandle<()>> {
    thread::Builder::new().name(format!("media-{}", parts.index)).spawn(move || run(parts))
}

fn run(parts: Parts) {
    let Parts { settings, sockets, census, listeners, datagrams, commands, .. } = parts;
    let mut shard = Shard::new(settings, Outlet::new(sockets, census.clone()), census, listeners);
    loop {
        let wait = shard.next_timeout().map_or(IDLE, |at| at.saturating_duration_since(Instant::now()));
        select! {
            recv(datagrams) -> datagram => match datagram {
                Ok(datagram) => shard.datagrams(datagram, &datagrams),
                Err(_) => break,
            },
            recv(commands) -> command => match command {
                Ok((Command::Stop, _)) | Err(_) => break,
                Ok((command, _permit)) => shard.command(Instant::now(), command),
            },
            default(wait) => {}
        }
        shard.timeouts(Instant::now());
    }
    shard.stop();
}

/// A room with what the shard notes about it.
#[derive(Debug)]
struct Hosted {
    name: RoomName,
    room: Room,
    /// Its entry in the agenda.
    wakes: Option<Instant>,
    /// How many of its participants the census knows.
    participants: usize,
}

impl Hosted {
    /// What has just happened in the room.
    fn event(&self, change: RoomChange) -> RoomEvent {
        RoomEvent::new(self.name.clone(), self.room.info(), SystemTime::now(), change)
    }
}

#[derive(Debug)]
struct Shard {
    settings: Arc<Settings>,
    census: Arc<Census>,
    outlet: Outlet,
    listeners: Listeners,
    rooms: HashMap<RoomKey, Hosted>,
    names: HashMap<RoomName, RoomKey>,
    agenda: BTreeSet<(Instant, RoomKey)>,
    removals: Removals,
    opened: u64,
}

impl Shard {
    fn new(settings: Arc<Settings>, outlet: Outlet, census: Arc<Census>, listeners: Listeners) -> Self {
        let (rooms, names) = (HashMap::new(), HashMap::new());
        Self {
            settings,
            census,
            outlet,
            listeners,
            rooms,
            names,
            agenda: BTreeSet::new(),
            removals: Removals::default(),
            opened: 0,
        }
    }

    fn next_timeout(&self) -> Option<Instant> {
        self.agenda.first().map(|(at, _)| *at)
    }

    fn timeouts(&mut self, now: Instant) {
        while let Some((at, key)) = self.agenda.first().copied()
            && at <= now
        {
            self.drive(now, key, Input::Timeout);
        }
    }

    // ---- commands ----

    fn command(&mut self, now: Instant, command: Command) {
        match command {
            Command::Join(join) => self.join(now, *join),
            Command::Signal { connection, request } => {
                if let Some(room) = self.outlet.room_of(connection) {
                    self.drive(now, room, Input::Signal { connection, request });
                }
            }
            Command::Closed { connection } => {
                if let Some(room) = self.outlet.unseat(connection) {
                    self.drive(now, room, Input::SignalClosed { connection });
                }
            }
            Command::JoinAgent { room, agent, line, answer } => {
                let there = self.names.get(&room).copied();
                if let Some(key) = there {
                    self.drive(now, key, Input::JoinAgent { agent, line });
                }
                // Whoever asked may have left.
                let _ = answer.send(there.map(|_| ()).ok_or(JoinError::NoRoom));
            }
            Command::Remove { room, identity, answer } => {
                let there = self.names.get(&room).copied();
                match there {
                    Some(key) => self.drive(now, key, Input::Remove { identity }),
                    // The room may be opened again while the old token lives.
                    None => {
                        let mut removed = self.removals.take(&room);
                        removed.add(identity, SystemTime::now(), self.settings.limits.removed);
                        self.removals.keep(room, removed);
                    }
                }
                // Whoever asked may have left.
                let _ = answer.send(there.is_some());
            }
            Command::Refuses { claims, answer } => {
                let open = self.names.get(&claims.room).and_then(|key| self.rooms.get(key));
                let refuses =
                    open.map_or_else(|| self.removals.refuses(&claims), |hosted| hosted.room.refuses(&claims));
                // Whoever asked may have left.
                let _ = answer.send(refuses);
            }
            Command::Create { room, options, answer } => {
                let created = self.create(now, &room, *options);
                // Whoever asked may have left.
                let _ = answer.send(created);
            }
            Command::List { answer } => {
                let _ = answer.send(self.rooms.values().map(|hosted| hosted.room.info()).collect());
            }
            Command::Control { room, control } => {
                if let Some(key) = self.names.get(&room).copied() {
                    self.drive(now, key, Input::Control(control));
                }
            }
            Command::Stop => {}
        }
    }

    fn join(&mut self, now: Instant, join: Join) {
        let Join { connection, claims, version, request, outgoing, answer } = join;
        if request.reconnect && !self.names.contains_key(&claims.room) {
            // Not worth a room. The channel is new and has room for one.
            let _ = outgoing.try_send(Arc::new(begin_anew()));
            let _ = answer.send(Ok(()));
            return;
        }
        let (limits, config) = (self.settings.limits, claims.room_config.as_deref());
        let options = || config.map_or(Ok(RoomOptions::default()), |config| RoomOptions::of_token(config, &limits));
        let result = self.room(now, &claims.room, request.reconnect, options).and_then(|key| {
            self.outlet.seat(connection, Seat { room: key, outgoing });
            self.drive(now, key, Input::Join { connection, claims, version, request });
            self.outlet.take_refusal(connection).map_or(Ok(()), Err)
        });
        // Whoever asked may have left.
        let _ = answer.send(result);
    }

    fn create(&mut self, now: Instant, name: &RoomName, options: RoomOptions) -> Result<proto::Room, JoinError> {
        let key = self.room(now, name, true, || Ok(options))?;
        // It waits for somebody from now on.
        self.drive(now, key, Input::Timeout);
        self.rooms.get(&key).map(|hosted| hosted.room.info()).ok_or(JoinError::Unavailable)
    }

    /// The room of that name, opened if need be.
    fn room(
        &mut self,
        now: Instant,
        name: &RoomName,
        resumes: bool,
        options: impl FnOnce() -> Result<RoomOptions, OptionsError>,
    ) -> Result<RoomKey, JoinError> {
        let is_full = self.census.peers.load(Ordering::Relaxed) >= MAX_PEERS;
        if let Some(key) = self.names.get(name)
            && (resumes || !is_full)
        {
            return Ok(*key);
        }
        if is_full {
            return Err(JoinError::Full);
        }
        let mut options = options().map_err(JoinError::Config)?;
        let agents = mem::take(&mut options.agents);
        if self.census.rooms.fetch_add(1, Ordering::Relaxed) >= MAX_ROOMS {
            self.census.rooms.fetch_sub(1, Ordering::Relaxed);
            return Err(JoinError::Full);
        }
        let key = RoomKey(self.opened);
        self.opened += 1;
        let mut room = Room::new(now, SystemTime::now(), name.clone(), self.settings.clone(), options);
        room.remember(self.removals.take(name));
        let hosted = Hosted { name: name.clone(), room, wakes: None, participants: 0 };
        self.listeners.tell(hosted.event(RoomChange::Opened { agents }));
        self.rooms.insert(key, hosted);
        self.names.insert(name.clone(), key);
        metrics::counter!("callstead_rooms_opened_total").increment(1);
        Ok(key)
    }

    // ---- datagrams ----

    fn datagrams(&mut self, first: Datagram, more: &Receiver<Datagram>) {
        let now = Instant::now();
        self.datagram(now, first);
        for datagram in more.try_iter().take(BATCH - 1) {
            self.datagram(now, datagram);
        }
    }

    fn datagram(&mut self, now: Instant, datagram: Datagram) {
        let source = Source::of(&datagram);
        let place = match datagram.ufrag() {
            Some(ufrag) => self.outlet.routes.by_ufrag(ufrag),
            None => self.outlet.routes.by_source(source),
        };
        let Some((key, peer)) = place else { return };
        // Only what a peer takes for its own proves where that peer is.
        let Some(hosted) = self.rooms.get(&key).filter(|hosted| hosted.room.accepts(peer, &datagram)) else { return };
        debug_assert_eq!(self.names.get(&hosted.name), Some(&key));
        self.outlet.learn(source, (key, peer), datagram.ufrag().is_some());
        self.drive(now, key, Input::Datagram { peer, datagram });
    }

    // ---- rooms ----

    /// Gives a room its input, and does what it wants done. A connection that does not keep up is closed, which is the
    /// room's next input. A room that panics is closed; the others go on.
    fn drive(&mut self, now: Instant, key: RoomKey, input: Input) {
        let mut inputs = VecDeque::from([input]);
        while let Some(input) = inputs.pop_front() {
            let Some(hosted) = self.rooms.get_mut(&key) else { return };
            let (outlet, listeners) = (&mut self.outlet, &self.listeners);
            let handled = catch_unwind(AssertUnwindSafe(|| {
                hosted.room.handle(now, SystemTime::now(), input);
                while let Some(output) = hosted.room.poll() {
                    match output {
                        Output::Event(change) => listeners.tell(hosted.event(change)),
                        output => outlet.take(key, output),
                    }
                }
                (hosted.room.next_timeout(), hosted.room.len())
            }));
            let Ok((wakes, participants)) = handled else {
                tracing::error!(room.name = %hosted.name, "a room failed and is closed");
                return self.forget(key);
            };
            self.census.recount(&mut hosted.participants, participants);
            if self.outlet.take_closed(key) {
                return self.forget(key);
            }
            self.plan(key, wakes.map(|at| at.max(now + SOON)));
            let lagging = self.outlet.take_lagging();
            inputs.extend(lagging.into_iter().map(|connection| Input::SignalClosed { connection }));
        }
    }

    fn plan(&mut self, key: RoomKey, wakes: Option<Instant>) {
        let Some(hosted) = self.rooms.get_mut(&key) else { return };
        if hosted.wakes == wakes {
            return;
        }
        if let Some(at) = hosted.wakes {
            self.agenda.remove(&(at, key));
        }
        if let Some(at) = wakes {
            self.agenda.insert((at, key));
        }
        hosted.wakes = wakes;
    }

    fn forget(&mut self, key: RoomKey) {
        self.plan(key, None);
        let Some(mut hosted) = self.rooms.remove(&key) else { return };
        self.census.recount(&mut hosted.participants, 0);
        self.names.remove(&hosted.name);
        self.outlet.clear_room(key);
        self.census.rooms.fetch_sub(1, Ordering::Relaxed);
        self.listeners.tell(hosted.event(RoomChange::Closed));
        self.removals.keep(hosted.name, hosted.room.into_removed());
    }

    /// Says good-bye to everybody.
    fn stop(&mut self) {
        let keys: Vec<RoomKey> = self.rooms.keys().copied().collect();
        for key in keys {
            self.drive(Instant::now(), key, Input::Close);
            self.forget(key);
        }
    }
}
