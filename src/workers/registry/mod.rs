//! Who gets which job, sans-IO: what workers, rooms and those who dispatch say goes into [`Registry::handle`], what is to be
//! done comes out of [`Registry::poll`].
//!
//! It behaves as livekit-server does (`pkg/service/agentservice.go`, `pkg/agent`, `pkg/rtc/room.go`). A room has dispatches:
//! those that opened it asked for, or else one without a name; and those that are made later. A dispatch begins a job when
//! the room opens, when a participant joins and when one publishes its first track, wherever there are workers for that. A job is
//! offered to one worker after the other (`offers`), assigned, and ends (`endings`). What is no longer true of a job in
//! livekit-server's lists is true here: its state goes on to be told after it was assigned.

mod dispatches;
mod endings;
mod io;
mod job;
mod offers;
mod place;
#[cfg(test)]
mod tests;
mod worker;

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    time::{Duration, Instant, SystemTime},
};

use livekit_protocol as proto;
use proto::{JobStatus, JobType, server_message::Message as ServerMessage, worker_message::Message as WorkerMessage};

pub use self::io::{ConnectionId, Input, Output, Refusal, Settings, Ticket};
use self::{
    dispatches::Awaited,
    endings::Leaving,
    job::{By, Job, Phase, unix_ns},
    place::Place,
    worker::{Registered, Worker},
};
use super::ids::JobId;
use crate::{
    domain::{Identity, RoomName},
    rooms::{
        RoomChange, RoomEvent,
        settings::{PROTOCOL, SERVER_VERSION},
    },
};

/// livekit-server's protocol for workers.
const AGENT_PROTOCOL: i32 = 1;
/// A worker that has not registered by then is closed; livekit-server's limit.
const REGISTER_TIMEOUT: Duration = Duration::from_secs(10);
/// Rooms that are known; there are fewer.
const MOST_ROOMS: usize = 2000;

/// See the module.
#[derive(Debug)]
pub struct Registry {
    settings: Settings,
    /// When the present input came, by both clocks.
    at: (Instant, SystemTime),
    workers: BTreeMap<ConnectionId, Worker>,
    rooms: HashMap<RoomName, Place>,
    jobs: HashMap<JobId, Job>,
    awaited: Vec<Awaited>,
    leaving: Vec<Leaving>,
    outputs: VecDeque<Output>,
}

impl Registry {
    /// Nobody is there yet.
    pub fn new(now: Instant, wall: SystemTime, settings: Settings) -> Self {
        Self {
            settings,
            at: (now, wall),
            workers: BTreeMap::new(),
            rooms: HashMap::new(),
            jobs: HashMap::new(),
            awaited: Vec::new(),
            leaving: Vec::new(),
            outputs: VecDeque::new(),
        }
    }

    /// Takes in what happened at `now`, which is `wall` by the clock that tokens are made by; then [`poll`](Self::poll) until
    /// `None`.
    pub fn handle(&mut self, now: Instant, wall: SystemTime, input: Input) {
        self.at = (now, wall);
        match input {
            Input::Connected(connection) => {
                self.workers.insert(connection, Worker::New { until: now + REGISTER_TIMEOUT });
            }
            Input::Message(connection, message) => self.handle_message(connection, *message),
            Input::Disconnected(connection) => self.lose(connection),
            Input::Room(event) => self.handle_room(&event),
            Input::Create(ticket, request) => self.create(ticket, request),
            Input::Delete(ticket, request) => {
                let answer = self.delete(&request);
                self.outputs.push_back(Output::Answer(ticket, answer));
            }
            Input::NotOpened(room) => self.give_up(|awaited| awaited.is_for(&room)),
            Input::OwnSent { job, room, outcome } => self.handle_own(&job, room, outcome),
            Input::Timeout => self.handle_timeout(now),
        }
    }

    /// The next thing to do.
    pub fn poll(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// When to call [`handle`](Self::handle) with [`Input::Timeout`], if nothing happens before.
    pub fn next_timeout(&self) -> Option<Instant> {
        let workers = self.workers.values().filter_map(|worker| match worker {
            Worker::New { until } => Some(*until),
            Worker::Registered(_) => None,
        });
        let jobs = self.jobs.values().filter_map(|job| job.phase.due());
        let awaited = self.awaited.iter().map(|awaited| awaited.until);
        workers.chain(jobs).chain(awaited).chain(self.leaving.iter().map(|leaving| leaving.until)).min()
    }

    /// Workers that have registered.
    pub fn workers(&self) -> usize {
        self.workers.values().filter_map(Worker::registered).count()
    }

    /// Jobs that are offered or run, and those that have ended and are remembered.
    pub fn jobs(&self) -> usize {
        self.jobs.len()
    }

    fn handle_timeout(&mut self, now: Instant) {
        let late = |worker: &Worker| matches!(worker, Worker::New { until } if *until <= now);
        let late: Vec<_> = self.workers.iter().filter(|(_, worker)| late(worker)).map(|(id, _)| *id).collect();
        late.into_iter().for_each(|connection| self.refuse(connection, Refusal::Late));
        let due = |job: &Job| job.phase.due().is_some_and(|due| due <= now);
        let due: Vec<_> = self.jobs.values().filter(|job| due(job)).map(|job| job.id.clone()).collect();
        due.iter().for_each(|job| self.handle_late(job));
        self.give_up(|awaited| awaited.until <= now);
        self.show_out(now);
    }

    /// Nobody has answered an offer, or come back to a job.
    fn handle_late(&mut self, id: &JobId) {
        match self.jobs.get(id).map(|job| &job.phase) {
            Some(Phase::Offered { .. }) => {
                tracing::warn!(job = id.as_str(), "a worker does not answer an offer: asking the next");
                self.offer_on(id);
            }
            Some(Phase::Running(By::Lost { .. })) => self.settle_lost(id),
            _ => {}
        }
    }

    // ---- workers ----

    fn handle_message(&mut self, connection: ConnectionId, message: WorkerMessage) {
        match (message, self.workers.get_mut(&connection)) {
            // Closed a moment ago.
            (_, None) => {}
            (WorkerMessage::Ping(ping), Some(_)) => self.pong(connection, &ping),
            (WorkerMessage::Register(request), Some(Worker::New { .. })) => self.register(connection, request),
            (_, Some(Worker::New { .. })) => self.refuse(connection, Refusal::NotRegistered),
            (WorkerMessage::Register(_), Some(_)) => self.refuse(connection, Refusal::RegisteredAlready),
            (WorkerMessage::UpdateWorker(update), Some(Worker::Registered(worker))) => worker.update(&update),
            (WorkerMessage::Availability(answer), Some(_)) => self.handle_answer(connection, answer),
            (WorkerMessage::UpdateJob(update), Some(_)) => self.handle_update(connection, &update),
            (WorkerMessage::SimulateJob(request), Some(_)) => self.simulate(connection, request),
            (WorkerMessage::MigrateJob(request), Some(_)) => self.take_back(connection, &request),
        }
    }

    fn register(&mut self, connection: ConnectionId, request: proto::RegisterWorkerRequest) {
        let registered = match Registered::parse(request, &self.settings.own_name) {
            Ok(registered) => registered,
            Err(refusal) => return self.refuse(connection, refusal),
        };
        tracing::info!(
            worker = registered.id.as_str(),
            worker.agent = registered.pool.agent_name,
            worker.jobs = registered.pool.kind.as_str_name(),
            "a worker registered"
        );
        let response = proto::RegisterWorkerResponse {
            worker_id: registered.id.to_string(),
            server_info: Some(proto::ServerInfo {
                version: SERVER_VERSION.to_owned(),
                protocol: PROTOCOL,
                agent_protocol: AGENT_PROTOCOL,
                ..Default::default()
            }),
            ..Default::default()
        };
        self.workers.insert(connection, Worker::Registered(registered));
        self.send(connection, ServerMessage::Register(response));
    }

    fn pong(&mut self, connection: ConnectionId, ping: &proto::WorkerPing) {
        let timestamp = unix_ns(self.at.1) / 1_000_000;
        let pong = proto::WorkerPong { last_timestamp: ping.timestamp, timestamp };
        self.send(connection, ServerMessage::Pong(pong));
    }

    fn refuse(&mut self, connection: ConnectionId, refusal: Refusal) {
        self.outputs.push_back(Output::Close(connection, refusal));
        self.lose(connection);
    }

    fn registered(&self, connection: ConnectionId) -> Option<&Registered> {
        self.workers.get(&connection)?.registered()
    }

    fn registered_mut(&mut self, connection: ConnectionId) -> Option<&mut Registered> {
        match self.workers.get_mut(&connection)? {
            Worker::New { .. } => None,
            Worker::Registered(worker) => Some(worker),
        }
    }

    fn send(&mut self, connection: ConnectionId, message: ServerMessage) {
        self.outputs.push_back(Output::Send(connection, Box::new(message)));
    }

    // ---- rooms ----

    fn handle_room(&mut self, event: &RoomEvent) {
        let name = &event.name;
        if let RoomChange::Opened { agents } = &event.change {
            return self.open(name, event.room.clone(), agents);
        }
        let Some(place) = self.rooms.get_mut(name) else { return };
        place.info = event.room.clone();
        match &event.change {
            RoomChange::Opened { .. } | RoomChange::TrackUnpublished(..) => {}
            RoomChange::Closed => self.close(name),
            RoomChange::ParticipantJoined(info) => {
                if place.join(info) {
                    self.launch_for(name, JobType::JtParticipant, info);
                }
            }
            RoomChange::TrackPublished(info, _) => {
                if place.publish(info) {
                    self.launch_for(name, JobType::JtPublisher, info);
                }
            }
            RoomChange::ParticipantLeft(info) | RoomChange::ConnectionAborted(info) => self.handle_left(name, info),
        }
    }

    fn open(&mut self, name: &RoomName, info: proto::Room, agents: &[proto::RoomAgentDispatch]) {
        // A closing may have gone unheard.
        self.close(name);
        if self.rooms.len() >= MOST_ROOMS {
            tracing::warn!("too many rooms: no agents are dispatched to another one");
            return;
        }
        self.rooms.insert(name.clone(), Place::new(info));
        let unnamed = [proto::RoomAgentDispatch::default()];
        for agent in if agents.is_empty() { &unnamed } else { agents } {
            if let Err(error) = self.dispatch(name, agent.clone()) {
                tracing::warn!(%error, "a room's agent is not dispatched");
            }
        }
        self.open_awaited(name);
    }

    /// What became of sending this box's own agent. A dispatch that was deleted meanwhile wants it no more.
    fn handle_own(&mut self, id: &JobId, room: RoomName, outcome: Result<Identity, String>) {
        match (self.jobs.get_mut(id), outcome) {
            (Some(job), Ok(identity)) => {
                job.state.participant_identity = identity.to_string();
                job.update(self.at.1, JobStatus::JsRunning, "");
            }
            (Some(_), Err(error)) => self.end(id, JobStatus::JsFailed, &error),
            (None, Ok(identity)) => self.outputs.push_back(Output::Remove(room, identity)),
            (None, Err(_)) => {}
        }
    }
}
