//! Drives the [`Registry`]: one task, which hears of rooms, workers, requests and time, and does what is to be done. It waits for
//! none of them: a worker that does not read loses its connection.

use std::{
    collections::HashMap,
    future,
    sync::Arc,
    time::{Instant, SystemTime},
};

use livekit_protocol as proto;
use tokio::{
    sync::{mpsc, oneshot},
    task::JoinSet,
    time::sleep_until,
};

use super::{
    DispatchError, House,
    registry::{ConnectionId, Input, Output, Registry, Settings, Ticket},
};
use crate::rooms::RoomEvents;

/// To a worker.
#[derive(Debug)]
pub enum Outgoing {
    /// A message.
    Message(Box<proto::ServerMessage>),
    /// Nothing more, and why: for the close frame.
    Close(String),
}

/// The answer to somebody who dispatches.
pub(super) type Answer<T> = oneshot::Sender<Result<T, DispatchError>>;

/// What the office is asked for.
#[derive(Debug)]
pub(super) enum Command {
    Connect(ConnectionId, mpsc::Sender<Outgoing>),
    Disconnect(ConnectionId),
    Message(ConnectionId, Box<proto::worker_message::Message>),
    Create(proto::CreateAgentDispatchRequest, Answer<proto::AgentDispatch>),
    Delete(proto::DeleteAgentDispatchRequest, Answer<proto::AgentDispatch>),
    List(proto::ListAgentDispatchRequest, Answer<Vec<proto::AgentDispatch>>),
}

/// See the module. Ends when the rooms do.
#[derive(Debug)]
pub struct Office<H> {
    registry: Registry,
    house: Arc<H>,
    rooms: RoomEvents,
    commands: mpsc::Receiver<Command>,
    workers: HashMap<ConnectionId, mpsc::Sender<Outgoing>>,
    tickets: u64,
    asked: HashMap<Ticket, Answer<proto::AgentDispatch>>,
    /// What the house is at.
    errands: JoinSet<Option<Input>>,
}

impl<H: House> Office<H> {
    pub(super) fn new(settings: Settings, house: H, rooms: RoomEvents, commands: mpsc::Receiver<Command>) -> Self {
        Self {
            registry: Registry::new(Instant::now(), SystemTime::now(), settings),
            house: Arc::new(house),
            rooms,
            commands,
            workers: HashMap::new(),
            tickets: 0,
            asked: HashMap::new(),
            errands: JoinSet::new(),
        }
    }

    /// Works until the rooms have stopped. Workers lose their connections then.
    pub async fn run(mut self) {
        loop {
            let due = self.registry.next_timeout();
            let input = tokio::select! {
                event = self.rooms.recv() => match event {
                    Some(event) => Some(Input::Room(event)),
                    None => return,
                },
                Some(command) = self.commands.recv() => self.heard(command),
                Some(done) = self.errands.join_next() => done.unwrap_or_else(|error| {
                    tracing::error!(%error, "sending an agent, or opening a room for it, failed");
                    None
                }),
                () = until(due) => Some(Input::Timeout),
            };
            if let Some(input) = input {
                self.handle(input);
            }
        }
    }

    /// What a command is to the registry; a question is answered at once.
    fn heard(&mut self, command: Command) -> Option<Input> {
        match command {
            Command::Connect(connection, outgoing) => {
                self.workers.insert(connection, outgoing);
                Some(Input::Connected(connection))
            }
            Command::Disconnect(connection) => {
                self.workers.remove(&connection);
                Some(Input::Disconnected(connection))
            }
            Command::Message(connection, message) => Some(Input::Message(connection, message)),
            Command::Create(request, answer) => Some(Input::Create(self.ticket(answer), request)),
            Command::Delete(request, answer) => Some(Input::Delete(self.ticket(answer), request)),
            Command::List(request, answer) => {
                // Whoever asked may have gone.
                let _ = answer.send(self.registry.list(&request.room, &request.dispatch_id));
                None
            }
        }
    }

    fn ticket(&mut self, answer: Answer<proto::AgentDispatch>) -> Ticket {
        self.tickets += 1;
        let ticket = Ticket(self.tickets);
        self.asked.insert(ticket, answer);
        ticket
    }

    /// A worker that takes nothing is lost, after which there may be more to do.
    fn handle(&mut self, input: Input) {
        let mut inputs = vec![input];
        while let Some(input) = inputs.pop() {
            self.registry.handle(Instant::now(), SystemTime::now(), input);
            while let Some(output) = self.registry.poll() {
                inputs.extend(self.act(output));
            }
        }
        metrics::gauge!("callstead_workers").set(self.registry.workers() as f64);
    }

    fn act(&mut self, output: Output) -> Option<Input> {
        match output {
            Output::Send(connection, message) => {
                let message = Outgoing::Message(Box::new(proto::ServerMessage { message: Some(*message) }));
                let worker = self.workers.get(&connection)?;
                if let Err(error) = worker.try_send(message) {
                    if matches!(error, mpsc::error::TrySendError::Full(_)) {
                        tracing::warn!(worker.connection = connection.0, "a worker does not read: dropped");
                    }
                    self.workers.remove(&connection);
                    return Some(Input::Disconnected(connection));
                }
            }
            Output::Close(connection, refusal) => {
                tracing::info!(worker.connection = connection.0, %refusal, "a worker was sent away");
                if let Some(worker) = self.workers.remove(&connection) {
                    // One that does not read is not told why.
                    let _ = worker.try_send(Outgoing::Close(refusal.to_string()));
                }
            }
            Output::OpenRoom(room) => {
                let house = Arc::clone(&self.house);
                let open = async move { (!house.open(room.clone()).await).then_some(Input::NotOpened(room)) };
                self.errands.spawn(open);
            }
            Output::SendOwn { job, room, metadata } => {
                let house = Arc::clone(&self.house);
                self.errands.spawn(async move {
                    let outcome = house.send_own(room.clone(), metadata).await;
                    Some(Input::OwnSent { job, room, outcome })
                });
            }
            Output::Remove(room, identity) => {
                let house = Arc::clone(&self.house);
                self.errands.spawn(async move {
                    house.remove(room, identity).await;
                    None
                });
            }
            Output::Answer(ticket, answer) => {
                if let Some(asked) = self.asked.remove(&ticket) {
                    // Whoever asked may have gone.
                    let _ = asked.send(answer);
                }
            }
        }
        None
    }
}

async fn until(due: Option<Instant>) {
    match due {
        Some(due) => sleep_until(due.into()).await,
        None => future::pending().await,
    }
}
