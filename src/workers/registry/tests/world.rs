//! Workers and rooms around a registry, under simulated time.

use std::{
    sync::Arc,
    time::{Duration, Instant, SystemTime},
};

use livekit_protocol as proto;
use proto::{
    JobStatus, JobType, ParticipantInfo, participant_info::Kind, server_message::Message as ServerMessage,
    worker_message::Message as WorkerMessage,
};

use crate::{
    domain::{Identity, RoomName},
    rooms::{RoomChange, RoomEvent},
    workers::{
        DispatchError,
        ids::JobId,
        registry::{ConnectionId, Input, Output, Refusal, Registry, Settings, Ticket},
    },
};

/// The name of the box's own agent.
pub(super) const OWN: &str = "desk";

pub(super) struct World {
    pub(super) registry: Registry,
    begin: Instant,
    now: Duration,
    /// What workers were told, in order, and not yet looked at.
    pub(super) said: Vec<(ConnectionId, ServerMessage)>,
    pub(super) closed: Vec<(ConnectionId, Refusal)>,
    pub(super) opening: Vec<RoomName>,
    pub(super) own: Vec<(JobId, String)>,
    pub(super) removed: Vec<String>,
    pub(super) answers: Vec<Result<proto::AgentDispatch, DispatchError>>,
}

impl World {
    pub(super) fn new() -> Self {
        let settings = Settings { own_name: OWN.to_owned(), sign: Arc::new(shown) };
        let begin = Instant::now();
        Self {
            registry: Registry::new(begin, SystemTime::UNIX_EPOCH, settings),
            begin,
            now: Duration::ZERO,
            said: Vec::new(),
            closed: Vec::new(),
            opening: Vec::new(),
            own: Vec::new(),
            removed: Vec::new(),
            answers: Vec::new(),
        }
    }

    pub(super) fn handle(&mut self, input: Input) {
        self.registry.handle(self.begin + self.now, SystemTime::UNIX_EPOCH + self.now, input);
        while let Some(output) = self.registry.poll() {
            match output {
                Output::Send(connection, message) => self.said.push((connection, *message)),
                Output::Close(connection, refusal) => self.closed.push((connection, refusal)),
                Output::OpenRoom(room) => self.opening.push(room),
                Output::SendOwn { job, metadata, .. } => self.own.push((job, metadata)),
                Output::Remove(_, identity) => self.removed.push(identity.to_string()),
                Output::Answer(_, answer) => self.answers.push(answer),
            }
        }
    }

    /// Lets time pass, with all that is due meanwhile.
    pub(super) fn pass(&mut self, seconds: u64) {
        let until = self.now + Duration::from_secs(seconds);
        while let Some(due) = self.registry.next_timeout().map(|due| due - self.begin).filter(|due| *due <= until) {
            self.now = due.max(self.now);
            self.handle(Input::Timeout);
        }
        self.now = until;
    }

    // ---- workers ----

    pub(super) fn say(&mut self, worker: u64, message: WorkerMessage) {
        self.handle(Input::Message(ConnectionId(worker), Box::new(message)));
    }

    /// A worker of this name connects and registers.
    pub(super) fn worker(&mut self, worker: u64, agent_name: &str, kind: JobType) {
        let request = proto::RegisterWorkerRequest {
            r#type: kind.into(),
            agent_name: agent_name.to_owned(),
            ..Default::default()
        };
        self.register(worker, request);
    }

    pub(super) fn register(&mut self, worker: u64, request: proto::RegisterWorkerRequest) {
        self.handle(Input::Connected(ConnectionId(worker)));
        self.say(worker, WorkerMessage::Register(request));
    }

    pub(super) fn load(&mut self, worker: u64, load: f32) {
        self.say(worker, WorkerMessage::UpdateWorker(proto::UpdateWorkerStatus { load, ..Default::default() }));
    }

    /// The offers since it was last asked: to whom, and of what.
    pub(super) fn offers(&mut self) -> Vec<(u64, proto::Job)> {
        let offers = self.said.extract_if(.., |(_, message)| matches!(message, ServerMessage::Availability(_)));
        let offers = offers.map(|(ConnectionId(to), message)| match message {
            ServerMessage::Availability(request) => (to, request.job.unwrap()),
            _ => unreachable!(),
        });
        offers.collect()
    }

    /// To whom the only offer since it was last asked went.
    pub(super) fn offer(&mut self) -> (u64, proto::Job) {
        let mut offers = self.offers();
        assert_eq!(offers.len(), 1, "{offers:?}");
        offers.remove(0)
    }

    pub(super) fn assignments(&mut self) -> Vec<proto::JobAssignment> {
        let of = |(_, message): (ConnectionId, ServerMessage)| match message {
            ServerMessage::Assignment(assignment) => assignment,
            _ => unreachable!(),
        };
        self.said.extract_if(.., |(_, message)| matches!(message, ServerMessage::Assignment(_))).map(of).collect()
    }

    pub(super) fn terminations(&mut self) -> Vec<(u64, String)> {
        let of = |(ConnectionId(to), message): (ConnectionId, ServerMessage)| match message {
            ServerMessage::Termination(termination) => (to, termination.job_id),
            _ => unreachable!(),
        };
        self.said.extract_if(.., |(_, message)| matches!(message, ServerMessage::Termination(_))).map(of).collect()
    }

    pub(super) fn answer(&mut self, worker: u64, job: &str, available: bool) {
        let job_id = job.to_owned();
        let participant_identity = format!("agent-{job}");
        self.say(
            worker,
            WorkerMessage::Availability(proto::AvailabilityResponse {
                job_id,
                available,
                participant_identity,
                ..Default::default()
            }),
        );
    }

    /// Whoever is asked takes the only offer; the job's id.
    pub(super) fn take(&mut self) -> (u64, String) {
        let (worker, job) = self.offer();
        self.answer(worker, &job.id, true);
        assert_eq!(self.assignments().len(), 1);
        (worker, job.id)
    }

    pub(super) fn report(&mut self, worker: u64, job: &str, status: JobStatus, error: &str) {
        let (job_id, error) = (job.to_owned(), error.to_owned());
        self.say(worker, WorkerMessage::UpdateJob(proto::UpdateJobStatus { job_id, status: status.into(), error }));
    }

    // ---- rooms ----

    pub(super) fn room(&mut self, name: &str, change: RoomChange) {
        let room = proto::Room { name: name.to_owned(), sid: "RM_test".to_owned(), ..Default::default() };
        let event = RoomEvent { name: name.parse().unwrap(), room, at: SystemTime::UNIX_EPOCH, change };
        self.handle(Input::Room(Arc::new(event)));
    }

    /// Somebody opens a room, and asks for these agents.
    pub(super) fn open(&mut self, name: &str, agents: &[&str]) {
        let wanted = |name: &&str| proto::RoomAgentDispatch { agent_name: (*name).to_owned(), ..Default::default() };
        self.room(name, RoomChange::Opened { agents: agents.iter().map(wanted).collect() });
    }

    pub(super) fn join(&mut self, room: &str, identity: &str, kind: Kind) {
        self.room(room, RoomChange::ParticipantJoined(info(identity, kind)));
    }

    pub(super) fn publish(&mut self, room: &str, identity: &str, kind: Kind) {
        self.room(room, RoomChange::TrackPublished(info(identity, kind), Box::default()));
    }

    pub(super) fn leave(&mut self, room: &str, identity: &str, reason: proto::DisconnectReason) {
        let info = ParticipantInfo { disconnect_reason: reason.into(), ..*info(identity, Kind::Standard) };
        self.room(room, RoomChange::ParticipantLeft(Box::new(info)));
    }

    // ---- dispatches ----

    pub(super) fn create(&mut self, room: &str, agent_name: &str) {
        let (room, agent_name) = (room.to_owned(), agent_name.to_owned());
        let metadata = "Her name is Amanda.".to_owned();
        let request = proto::CreateAgentDispatchRequest { room, agent_name, metadata, ..Default::default() };
        self.handle(Input::Create(Ticket(0), request));
    }

    pub(super) fn delete(&mut self, room: &str, id: &str) -> Result<proto::AgentDispatch, DispatchError> {
        let request = proto::DeleteAgentDispatchRequest { dispatch_id: id.to_owned(), room: room.to_owned() };
        self.handle(Input::Delete(Ticket(0), request));
        self.answers.pop().expect("deleting is answered at once")
    }

    /// The only dispatch of a room.
    pub(super) fn dispatch(&self, room: &str) -> proto::AgentDispatch {
        let mut all = self.registry.list(room, "").unwrap();
        assert_eq!(all.len(), 1, "{all:?}");
        all.remove(0)
    }

    /// The states of the jobs of a room's only dispatch.
    pub(super) fn states(&self, room: &str) -> Vec<(JobStatus, String)> {
        let jobs = self.dispatch(room).state.unwrap().jobs;
        jobs.into_iter().map(|job| job.state.unwrap()).map(|state| (state.status(), state.error)).collect()
    }

    pub(super) fn own_sent(&mut self, outcome: Result<&str, &str>) {
        let (job, _) = self.own.pop().expect("the own agent was asked for");
        let outcome = outcome.map(|identity| identity.parse::<Identity>().unwrap()).map_err(str::to_owned);
        self.handle(Input::OwnSent { job, room: "call".parse().unwrap(), outcome });
    }
}

pub(super) fn info(identity: &str, kind: Kind) -> Box<ParticipantInfo> {
    Box::new(ParticipantInfo { identity: identity.to_owned(), kind: kind.into(), ..Default::default() })
}

/// A token that everybody can read.
fn shown(claims: &crate::rooms::Claims) -> String {
    let grants = &claims.grants;
    let rights = [grants.can_publish, grants.can_subscribe, grants.can_publish_data, grants.can_update_own_metadata];
    let rights = rights.map(|right| if right { '+' } else { '-' });
    let life = claims.expires - claims.not_before;
    let (hidden, agent) = (grants.hidden, grants.agent);
    let (identity, room, kind) = (&claims.identity, &claims.room, claims.kind.as_str_name());
    let rights = String::from_iter(rights);
    format!(
        "{identity} {room} {kind} {rights} hidden={hidden} agent={agent} {life}s {} {} {:?}",
        claims.name, claims.metadata, claims.attributes
    )
}
