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
pub(in crate::workers) struct Settings {
    /// Under this name dispatches reach the agent of this box.
    pub(in crate::workers) own_name: String,
    pub(in crate::workers) sign: Sign,
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings").field("own_name", &self.own_name).finish_non_exhaustive()
    }
}

/// A worker's connection, never used twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(in crate::workers) struct ConnectionId(pub(in crate::workers) u64);

/// Who asked for something, for the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(in crate::workers) struct Ticket(pub(in crate::workers) u64);

/// What happened.
#[derive(Debug)]
pub(in crate::workers) enum Input {
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
    OwnSent { job: JobId, room: RoomName, outcome: Result<Identity, String> },
    /// Time has passed.
    Timeout,
}

/// What is to be done.
#[derive(Debug, PartialEq)]
pub(in crate::workers) enum Output {
    /// To a worker.
    Send(ConnectionId, Box<ServerMessage>),
    /// A worker is sent away. Nothing follows for it.
    Close(ConnectionId, Refusal),
    /// Somebody wants an agent in a room that is not open.
    OpenRoom(RoomName),
    /// The agent of this box shall join; answered by [`Input::OwnSent`].
    SendOwn { job: JobId, room: RoomName, metadata: String },
    /// A participant is shown the door.
    Remove(RoomName, Identity),
    /// The answer to whom this ticket is.
    Answer(Ticket, Result<proto::AgentDispatch, DispatchError>),
}

/// Why a worker's connection is closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(in crate::workers) enum Refusal {
    #[error("no registration came in time")]
    Late,
    #[error("the first message must be the registration")]
    NotRegistered,
    #[error("registered already")]
    RegisteredAlready,
    #[error("unknown job type")]
    JobType,
    #[error("a name of the registration is too long")]
    LongName,
    #[error("deployment: at most 64 bytes, without '_', blanks and control characters")]
    Deployment,
    #[error("this agent_name is that of the server's own agent: choose another one")]
    OwnName,
}
