//! LiveKit-compatible rooms in this process.
//!
//! [`Rooms`] is the handle that the rest of the program uses. Behind it are shard threads: each owns some rooms and the peer
//! connections of those in them, and drives them with what comes from sockets, signal connections and the agent's line.
//! A room itself is sans-IO ([`room::Room`]).

pub(crate) mod bounds;
mod control;
mod events;
mod ice;
pub mod ids;
pub mod local;
mod options;
mod outgoing;
pub mod room;
pub mod settings;
mod shard;
pub mod signal;
pub mod streams;
pub mod supervisor;
#[cfg(test)]
mod tests;
pub mod token;

use std::{
    hash::{BuildHasher, RandomState},
    io,
    net::SocketAddr,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use livekit_protocol as proto;
use prost::Message as _;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore, oneshot},
    task,
    time::timeout,
};

use self::{
    events::Listeners,
    room::ConnectionId,
    settings::Settings,
    shard::{Census, Command, Join, Ordered, Parts},
    token::Keys,
};
use crate::{
    audio::line::{self, Line},
    config::Config,
    domain::{Identity, RoomName},
    rtc::net::{self, Net},
};
pub use control::{ControlError, RpcError};
pub use events::{Interest, RoomChange, RoomEvent, RoomEvents};
pub use options::{OptionsError, RoomOptions};
pub use outgoing::{Outbound, Outgoing};
pub use token::Claims;

/// Media threads: one for two cores. Forwarding needs little; the engines need the rest.
const CORES_PER_SHARD: usize = 2;
/// Commands that wait for one shard, from all connections together.
const COMMANDS: usize = 64;
/// A command with so many bytes takes the place of two, with twice as many that of three.
const COMMAND_BYTES: usize = 64 * 1024;
/// A shard that has not answered by then is overwhelmed, or gone.
const PATIENCE: Duration = Duration::from_secs(3);
/// For the shards to say good-bye to everybody.
const FAREWELL: Duration = Duration::from_secs(3);

/// Which of the two signalling paths a client uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignalVersion {
    /// `/rtc`: two peer connections, the server offers what the client receives.
    V0,
    /// `/rtc/v1`: one peer connection, the client always offers.
    V1,
}

/// Why somebody could not join.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JoinError {
    /// The box takes no more rooms or participants.
    #[error("this server is full: try again later")]
    Full,
    /// Removed from this room after the token was made.
    #[error("removed from this room: a newer token is needed")]
    Removed,
    /// Joins, or comes back, too often.
    #[error("too many join this room at once: try again in a moment")]
    TooOften,
    /// The agent in the room has this identity.
    #[error("this identity is the agent's: join with another one")]
    Taken,
    /// An agent was sent to a room that nobody has opened, or that is closed by now.
    #[error("there is no such room")]
    NoRoom,
    /// The token says how the room is to be opened, and it cannot be so.
    #[error("the token's roomConfig is refused: {0}")]
    Config(OptionsError),
    /// The server stops, or its media thread is overwhelmed.
    #[error("the rooms do not answer: try again in a moment")]
    Unavailable,
}

/// What there is, on all shards together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counts {
    /// Rooms.
    pub rooms: usize,
    /// Peer connections; a participant has one or two.
    pub peers: usize,
    /// Participants, agents too.
    pub participants: usize,
}

/// How an agent appears in a room.
#[derive(Clone, Debug)]
pub struct Agent {
    /// Unique in the room.
    pub identity: Identity,
    /// What people see.
    pub name: String,
}

/// See the module. Clones share the rooms.
#[derive(Clone, Debug)]
pub struct Rooms(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    shards: Vec<ShardHandle>,
    /// Spreads rooms over shards in a way that nobody outside can foresee.
    spread: RandomState,
    connections: AtomicU64,
    address: SocketAddr,
    census: Arc<Census>,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

impl Rooms {
    /// Opens the media port and starts the shards. `loopback_only`: nobody beyond this machine can reach the port. What
    /// happens in rooms is told to one listener for each of `interests`.
    ///
    /// # Errors
    /// When the system refuses the port or a thread.
    pub fn start<const N: usize>(
        config: &Config,
        keys: &Keys,
        loopback_only: bool,
        interests: [Interest; N],
    ) -> io::Result<(Self, [RoomEvents; N])> {
        let cores = thread::available_parallelism().map_or(1, usize::from);
        let count = (cores / CORES_PER_SHARD).max(1);
        let (net, inboxes) = Net::start(&net::Options::new(config, loopback_only, count))?;
        let (listeners, heard) = Listeners::new(interests);
        let census = Arc::new(Census::default());
        let node = ids::NodeId::random();
        let (mut shards, mut threads) = (Vec::with_capacity(count), Vec::with_capacity(count));
        for (index, inbox) in inboxes.into_iter().enumerate() {
            let mut settings = Settings::new(net.addresses().to_vec(), inbox.ufrag_prefix);
            settings.node = node.clone();
            settings.ice_servers = ice::servers(&config.rtc);
            settings.token_refresh = Some(refresh(keys.clone()));
            settings.remote_unmute = config.rtc.remote_unmute;
            let (orders, commands) = crossbeam_channel::unbounded();
            shards.push(ShardHandle { orders, permits: Arc::new(Semaphore::new(COMMANDS)) });
            threads.push(shard::start(Parts {
                index,
                settings: Arc::new(settings),
                sockets: net.sender(index),
                census: census.clone(),
                listeners: listeners.clone(),
                datagrams: inbox.datagrams,
                commands,
            })?);
        }
        let connections = AtomicU64::new(0);
        let spread = RandomState::new();
        let address = net.address();
        let inner = Inner { shards, spread, connections, address, census, threads: Mutex::new(threads) };
        Ok((Self(Arc::new(inner)), heard))
    }

    /// Where media arrives.
    pub fn address(&self) -> SocketAddr {
        self.0.address
    }

    /// How many there are.
    pub fn census(&self) -> Counts {
        let Census { rooms, peers, participants } = &*self.0.census;
        let [rooms, peers, participants] = [rooms, peers, participants].map(|count| count.load(Ordering::Relaxed));
        Counts { rooms, peers, participants }
    }

    /// Lets somebody in, or takes a connection up again (`request.reconnect`).
    ///
    /// # Errors
    /// See [`JoinError`].
    pub async fn join(
        &self,
        claims: Claims,
        version: SignalVersion,
        request: proto::JoinRequest,
    ) -> Result<Connection, JoinError> {
        let shard = self.shard(&claims.room).clone();
        let permit = shard.permit(request.encoded_len()).await?;
        let id = ConnectionId(self.0.connections.fetch_add(1, Ordering::Relaxed));
        let (sender, outgoing) = outgoing::queue();
        let (answer, answered) = oneshot::channel();
        let request = Box::new(request);
        shard.order(
            Command::Join(Box::new(Join { connection: id, claims, version, request, outgoing: sender, answer })),
            Some(permit),
        )?;
        // Made before the answer is there: whoever does not wait for it has left.
        let connection = Connection { outgoing, id, shard };
        wait(answered).await??;
        Ok(connection)
    }

    /// Puts an agent into a room: it publishes one track, and listens to the first caller who does.
    ///
    /// # Errors
    /// When the room is not there (any more).
    pub async fn join_agent(&self, room: &RoomName, agent: Agent) -> Result<Line, JoinError> {
        let (line, line_end) = line::line();
        let join = |answer| Command::JoinAgent { room: room.clone(), agent, line: line_end, answer };
        self.shard(room).ask(0, join).await??;
        Ok(line)
    }

    /// Whether these claims would not be let in because their holder was removed from the room.
    ///
    /// # Errors
    /// When the media thread does not answer.
    pub async fn refuses(&self, claims: &Claims) -> Result<bool, JoinError> {
        let refuses = |answer| Command::Refuses { claims: Box::new(claims.clone()), answer };
        self.shard(&claims.room).ask(0, refuses).await
    }

    /// Shows somebody the door; who comes back needs a token made later. Whether there is such a room.
    pub async fn remove(&self, room: &RoomName, identity: &Identity) -> bool {
        let remove = |answer| Command::Remove { room: room.clone(), identity: identity.clone(), answer };
        self.shard(room).ask(0, remove).await.unwrap_or(false)
    }

    /// Closes all rooms: everybody in them is told that the server stops. Nobody can join any more.
    pub async fn stop(&self) {
        let inner = self.0.clone();
        if timeout(FAREWELL, task::spawn_blocking(move || inner.stop())).await.is_err() {
            tracing::warn!("a media thread does not end");
        }
    }

    fn shard(&self, room: &RoomName) -> &ShardHandle {
        let count = self.0.shards.len() as u64;
        let index = self.0.spread.hash_one(room) % count;
        &self.0.shards[index as usize]
    }
}

impl Inner {
    /// Waits until the shards have ended.
    fn stop(&self) {
        for shard in &self.shards {
            shard.permits.close();
            // One that is gone has stopped.
            let _ = shard.order(Command::Stop, None);
        }
        let threads: Vec<_> = self.threads.lock().unwrap_or_else(PoisonError::into_inner).drain(..).collect();
        for thread in threads {
            // Its panic is in the log.
            let _ = thread.join();
        }
    }
}

/// The media port is free again afterwards.
impl Drop for Inner {
    fn drop(&mut self) {
        self.stop();
    }
}

fn refresh(keys: Keys) -> settings::TokenRefresh {
    Arc::new(move |claims| token::mint(&keys, claims))
}

async fn wait<T>(answered: oneshot::Receiver<T>) -> Result<T, JoinError> {
    timeout(PATIENCE, answered).await.ok().and_then(Result::ok).ok_or(JoinError::Unavailable)
}

/// The way to a shard. The channel is bounded by permits instead of by itself: an order waits for one without blocking a
/// thread, and in turn; what must never wait (a connection's end, one for each) needs none.
#[derive(Clone, Debug)]
struct ShardHandle {
    orders: crossbeam_channel::Sender<Ordered>,
    permits: Arc<Semaphore>,
}

impl ShardHandle {
    /// For a command with so many bytes from outside.
    async fn permit(&self, bytes: usize) -> Result<OwnedSemaphorePermit, JoinError> {
        let places = u32::try_from((1 + bytes / COMMAND_BYTES).min(COMMANDS)).unwrap_or(1);
        let permit = timeout(PATIENCE, self.permits.clone().acquire_many_owned(places)).await;
        permit.ok().and_then(Result::ok).ok_or(JoinError::Unavailable)
    }

    fn order(&self, command: Command, permit: Option<OwnedSemaphorePermit>) -> Result<(), JoinError> {
        self.orders.send((command, permit)).map_err(|_| JoinError::Unavailable)
    }

    /// Orders a command with so many bytes from outside, and waits for its answer.
    async fn ask<T>(&self, bytes: usize, command: impl FnOnce(oneshot::Sender<T>) -> Command) -> Result<T, JoinError> {
        let permit = self.permit(bytes).await?;
        let (answer, answered) = oneshot::channel();
        self.order(command(answer), Some(permit))?;
        wait(answered).await
    }
}

/// A signal connection that has joined; dropping it is the socket's end, after which the client may resume for a while.
#[derive(Debug)]
pub struct Connection {
    /// What to send, in order; ends when the server closes the connection. A client that does not keep up is dropped.
    pub outgoing: Outgoing,
    id: ConnectionId,
    shard: ShardHandle,
}

impl Connection {
    /// A message from the client. Waits while the shard is busy.
    ///
    /// # Errors
    /// When the shard does not take it: the connection is of no use any more.
    pub async fn handle(&self, request: proto::SignalRequest) -> Result<(), JoinError> {
        let permit = self.shard.permit(request.encoded_len()).await?;
        self.shard.order(Command::Signal { connection: self.id, request: Box::new(request) }, Some(permit))
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        // When the shard is gone, so is the room.
        let _ = self.shard.order(Command::Closed { connection: self.id }, None);
    }
}
