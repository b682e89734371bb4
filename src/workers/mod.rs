//! Outside workers, and the dispatches that send their agents into rooms: LiveKit's agents, in whatever language.
//!
//! A worker connects to `/agent`, registers, and is offered jobs; the agent of each joins the room with a token of its own, as a
//! participant like others. [`Workers`] is the handle that the rest of the program uses; behind it is one task ([`Office`]) with
//! the sans-IO [`registry`]. The agent of this box is reached by a name of its own, as if it were a worker.

mod house;
pub mod ids;
mod office;
pub mod registry;
#[cfg(test)]
mod tests;
pub mod wire;

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use livekit_protocol as proto;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot},
    time::timeout,
};

use self::{
    office::{Answer, Command},
    registry::{ConnectionId, Settings},
};
use crate::{
    domain::BadName,
    rooms::{
        RoomEvents,
        room::allowance::Allowance,
        token::{self, Keys},
    },
};
pub use house::House;
pub use office::{Office, Outgoing};

/// Workers at a time.
const MOST_WORKERS: usize = 256;
/// What waits for the office, besides the ends of connections, for each of which a place is kept.
const COMMANDS: usize = 64;
/// Messages of one worker, per second; four times as many at once. Stock workers say how busy they are every 2.5 s, and a word for
/// each job that begins and ends.
const MESSAGES: u32 = 100;
/// Messages that wait for one worker. What participants say about themselves is in them, up to 32 KiB (`rooms::RoomEvent`).
const MOST_MESSAGES: usize = 64;
/// An office that has not answered by then is overwhelmed, or gone. Rooms are opened within it.
const PATIENCE: Duration = Duration::from_secs(5);

/// Why a dispatch cannot be made, found or deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DispatchError {
    /// There is no such room, and none was opened.
    #[error("requested room does not exist")]
    NoRoom,
    /// There is no such dispatch in the room.
    #[error("dispatch ID not found")]
    NoDispatch,
    /// This is no room's name.
    #[error("the room's name {0}")]
    Room(BadName),
    /// The agent's name is longer than 256 bytes.
    #[error("agent name exceeds 256 bytes")]
    LongName,
    /// No deployment is called so.
    #[error("deployment: at most 64 bytes, without '_', blanks and control characters")]
    Deployment,
    /// More than 512 KiB.
    #[error("metadata size exceeds limits")]
    Metadata,
    /// More than 64 KiB.
    #[error("attribute size exceeds limits")]
    Attributes,
    /// The room has as many dispatches as it may have.
    #[error("too many dispatches: delete some, or try again in a moment")]
    TooMany,
    /// The server stops, or is overwhelmed.
    #[error("the server does not answer: try again in a moment")]
    Unavailable,
}

/// Why a worker is not let in, or sent away.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConnectError {
    /// There are as many as there may be.
    #[error("too many workers: try again later")]
    Full,
    /// It says too much.
    #[error("too many messages at once")]
    TooOften,
    /// The server stops.
    #[error("the server is stopping: try again in a moment")]
    Stopped,
}

/// See the module. Clones share the office.
#[derive(Clone, Debug)]
pub struct Workers {
    commands: mpsc::Sender<Command>,
    connections: Arc<AtomicU64>,
    places: Arc<Semaphore>,
}

impl Workers {
    /// Workers, and their office, which is to be [run](Office::run). `own_name`: under which dispatches reach the agent of this
    /// box; `keys` sign what agents join with.
    pub fn new<H: House>(own_name: String, keys: Keys, house: H, rooms: RoomEvents) -> (Self, Office<H>) {
        let (commands, waiting) = mpsc::channel(COMMANDS + MOST_WORKERS);
        let settings = Settings { own_name, sign: Arc::new(move |claims| token::mint(&keys, claims)) };
        let (connections, places) = (Arc::default(), Arc::new(Semaphore::new(MOST_WORKERS)));
        let office = Office::new(settings, house, rooms, waiting);
        (Self { commands, connections, places }, office)
    }

    /// Lets a worker in whose token has the grant `agent`.
    ///
    /// # Errors
    /// See [`ConnectError`].
    pub async fn connect(&self) -> Result<Connection, ConnectError> {
        let place = Arc::clone(&self.places).try_acquire_owned().map_err(|_| ConnectError::Full)?;
        let id = ConnectionId(self.connections.fetch_add(1, Ordering::Relaxed));
        let (sender, outgoing) = mpsc::channel(MOST_MESSAGES);
        let end = self.commands.clone().reserve_owned().await.map_err(|_| ConnectError::Stopped)?;
        // Made before the office hears of it: whoever does not wait has left.
        let pace = Allowance::new(Instant::now(), MESSAGES);
        let commands = self.commands.clone();
        let connection = Connection { outgoing, id, commands, end: Some(end), pace, _place: place };
        let connected = self.commands.send(Command::Connect(id, sender)).await;
        connected.map(|()| connection).map_err(|_| ConnectError::Stopped)
    }

    /// Sends an agent into a room, which is opened for that: `AgentDispatchService.CreateDispatch`.
    ///
    /// # Errors
    /// See [`DispatchError`].
    pub async fn create_dispatch(
        &self,
        request: proto::CreateAgentDispatchRequest,
    ) -> Result<proto::AgentDispatch, DispatchError> {
        self.ask(|answer| Command::Create(request, answer)).await
    }

    /// Takes a dispatch back and ends its jobs: `AgentDispatchService.DeleteDispatch`. Gives it as it was.
    ///
    /// # Errors
    /// See [`DispatchError`].
    pub async fn delete_dispatch(
        &self,
        request: proto::DeleteAgentDispatchRequest,
    ) -> Result<proto::AgentDispatch, DispatchError> {
        self.ask(|answer| Command::Delete(request, answer)).await
    }

    /// The dispatches of a room, or one of them: `AgentDispatchService.ListDispatch`.
    ///
    /// # Errors
    /// See [`DispatchError`].
    pub async fn list_dispatch(
        &self,
        request: proto::ListAgentDispatchRequest,
    ) -> Result<proto::ListAgentDispatchResponse, DispatchError> {
        let agent_dispatches = self.ask(|answer| Command::List(request, answer)).await?;
        Ok(proto::ListAgentDispatchResponse { agent_dispatches })
    }

    async fn ask<T>(&self, command: impl FnOnce(Answer<T>) -> Command) -> Result<T, DispatchError> {
        let (answer, answered) = oneshot::channel();
        let asked = async {
            self.commands.send(command(answer)).await.ok()?;
            answered.await.ok()
        };
        timeout(PATIENCE, asked).await.ok().flatten().unwrap_or(Err(DispatchError::Unavailable))
    }
}

/// A worker's connection; dropping it is its end.
#[derive(Debug)]
pub struct Connection {
    outgoing: mpsc::Receiver<Outgoing>,
    id: ConnectionId,
    commands: mpsc::Sender<Command>,
    /// Tells of the end without waiting, after all that the worker has said.
    end: Option<mpsc::OwnedPermit<Command>>,
    /// So much may it still say now.
    pace: Allowance,
    _place: OwnedSemaphorePermit,
}

impl Connection {
    /// The next thing to say to the worker; `None` when the server stops, or the worker does not read. Cancel safe.
    pub async fn next(&mut self) -> Option<Outgoing> {
        self.outgoing.recv().await
    }

    /// A message from the worker. Waits while the office is busy.
    ///
    /// # Errors
    /// When there are too many, or the server stops.
    pub async fn handle(&mut self, message: proto::worker_message::Message) -> Result<(), ConnectError> {
        if !self.pace.take(Instant::now(), 1) {
            return Err(ConnectError::TooOften);
        }
        let heard = self.commands.send(Command::Message(self.id, Box::new(message))).await;
        heard.map_err(|_| ConnectError::Stopped)
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        if let Some(end) = self.end.take() {
            end.send(Command::Disconnect(self.id));
        }
    }
}
