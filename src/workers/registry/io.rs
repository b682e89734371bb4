//! What goes into a [`Registry`](super::Registry), and what comes out of it.

use std::{fmt, sync::Arc};

use livekit_protocol as proto;
use proto::{server_message::Message as ServerMessage, worker_message::Message as WorkerMessage};

use super::super::{DispatchError, ids::JobId};
use crate::{
    domain::{Identity, RoomName},
    rooms::{Claims, RoomEvent},
};

/// Signs what a job's agent joins with.
pub(in crate::workers) type Sign = Arc<dyn Fn(&Claims) -> String + Send + Sync>;

/// What all workers have in common.
#[derive(Clone)]
pub struct Settings {
    /// Under this name dispatches reach the agent of this box.
    pub own_name: String,
    /// Signs what a job's agent joins with.
    pub sign: Sign,
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings").field("own_name", &self.own_name).finish_non_exhaustive()
    }
}

/// A worker's connection, never used twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ConnectionId(pub u64);

/// Who asked for something, for the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Ticket(pub u64);

/// What happened.
#[derive(Debug)]
pub enum Input {
    /// Somebody whose token has the grant `agent` connected.
    Connected(ConnectionId),
    /// A worker says something.
    Message(ConnectionId, Box<WorkerMessage>),
    /// A worker's connection has ended.
    Disconnected(ConnectionId),
    /// Something happened in a room.
    Room(Arc<RoomEvent>),
    /// Answered by [`Output::Answer`], once the room is open.
    Create(Ticket, proto::CreateAgentDispatchRequest),
    /// The same.
    Delete(Ticket, proto::DeleteAgentDispatchRequest),
    /// [`Output::OpenRoom`] failed.
    NotOpened(RoomName),
    /// What became of [`Output::SendOwn`]: as whom the agent joins, or why it does not.
    OwnSent {
        /// Its job.
        job: JobId,
        /// The room that it joins.
        room: RoomName,
        /// As whom, or why it does not.
        outcome: Result<Identity, String>,
    },
    /// Time has passed.
    Timeout,
}

/// What is to be done.
#[derive(Debug, PartialEq)]
pub enum Output {
    /// To a worker.
    Send(ConnectionId, Box<ServerMessage>),
    /// A worker is sent away. Nothing follows for it.
    Close(ConnectionId, Refusal),
    /// Somebody wants an agent in a room that is not open.
    OpenRoom(RoomName),
    /// The agent of this box shall join; answered by [`Input::OwnSent`].
    SendOwn {
        /// Its job.
        job: JobId,
        /// The room to join.
        room: RoomName,
        /// What whoever dispatches says about it.
        metadata: String,
    },
    /// A participant is shown the door.
    Remove(RoomName, Identity),
    /// The answer to whom this ticket is.
    Answer(Ticket, Result<proto::AgentDispatch, DispatchError>),
}

/// Why a worker's connection is closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// It has not registered in time.
    #[error("no registration came in time")]
    Late,
    /// It says something else first.
    #[error("the first message must be the registration")]
    NotRegistered,
    /// It registers again.
    #[error("registered already")]
    RegisteredAlready,
    /// Its jobs are of no kind that there is.
    #[error("unknown job type")]
    JobType,
    /// Its agent's or its namespace's name is longer than 256 bytes.
    #[error("a name of the registration is too long")]
    LongName,
    /// No deployment is called so.
    #[error("deployment: at most 64 bytes, without '_', blanks and control characters")]
    Deployment,
    /// Dispatches by this name reach the agent of this box.
    #[error("this agent_name is that of the server's own agent: choose another one")]
    OwnName,
}
