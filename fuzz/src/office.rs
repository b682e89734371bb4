//! Workers around a registry, in simulated time: a colleague that is at a job and does as it should, and a stranger. A room has
//! guests that come, speak and go meanwhile.

use std::{
    sync::Arc,
    time::{Duration, Instant, SystemTime},
};

use callstead::{
    rooms::{Claims, RoomChange, RoomEvent, token},
    workers::{
        registry::{ConnectionId, Input, Output, Registry, Settings, Ticket},
        wire,
    },
};
use livekit_protocol::{
    self as proto, JobStatus, ParticipantInfo, participant_info::Kind, server_message::Message as ServerMessage,
    worker_message::Message as WorkerMessage,
};

const COLLEAGUE: ConnectionId = ConnectionId(1);
/// The agent that the room asks for.
const AGENT: &str = "echo";
const ROOM: &str = "call-1";
/// In a stranger's message: the job that it was offered last, and the colleague's. Nobody can foresee their names.
const OFFERED: &str = "*";
const TAKEN: &str = "+";
/// Between two messages of the stranger's, and where it says nothing instead: longer than a worker may think about an offer.
const PACE: Duration = Duration::from_millis(100);
const SILENCE: Duration = Duration::from_secs(4);
/// After that nobody waits for a worker that is gone (`workers::registry`: a minute).
const LONG: Duration = Duration::from_secs(200);
/// What one input may make the registry say: a job for each dispatch and worker.
const MOST_OUTPUTS: usize = 500;
/// Dispatches that are made meanwhile: a room takes 32.
const MOST_DISPATCHES: usize = 16;

/// See the module.
pub(crate) struct Office {
    registry: Registry,
    began: Instant,
    now: Instant,
    /// The stranger's connection; another one each time that it was closed.
    stranger: Option<ConnectionId>,
    connections: u64,
    /// It writes in JSON, and is answered so.
    is_text: bool,
    /// What it was offered last.
    offered: String,
    /// What the colleague is at.
    job: String,
    /// How many jobs the colleague was given.
    assignments: usize,
    messages: usize,
    dispatches: usize,
}

impl Office {
    /// The colleague is at its job; the stranger is not there yet.
    pub(crate) fn new() -> Self {
        let (now, keys) = (Instant::now(), super::keys());
        let sign = Arc::new(move |claims: &Claims| token::mint(&keys, claims));
        let settings = Settings { own_name: "desk".to_owned(), sign };
        let mut office = Self {
            registry: Registry::new(now, wall(), settings),
            began: now,
            now,
            stranger: None,
            connections: COLLEAGUE.0,
            is_text: false,
            offered: String::new(),
            job: String::new(),
            assignments: 0,
            messages: 0,
            dispatches: 0,
        };
        office.handle(Input::Connected(COLLEAGUE));
        let registration = proto::RegisterWorkerRequest { agent_name: AGENT.to_owned(), ..Default::default() };
        office.say(COLLEAGUE, WorkerMessage::Register(registration));
        let wanted = proto::RoomAgentDispatch { agent_name: AGENT.to_owned(), ..Default::default() };
        office.room(RoomChange::Opened { agents: vec![wanted] });
        assert_eq!(office.assignments, 1, "the colleague has its job");
        office.room(RoomChange::ParticipantJoined(guest(&format!("agent-{}", office.job), Kind::Agent)));
        office
    }

    /// The stranger sends a message, over a new connection where it has none; nothing: time passes. Then something happens in the
    /// room.
    pub(crate) fn hear(&mut self, message: &[u8]) {
        if message.is_empty() {
            return self.pass(SILENCE);
        }
        let stranger = self.stranger.unwrap_or_else(|| self.connect());
        self.is_text = message.starts_with(b"{");
        let read = match std::str::from_utf8(message) {
            Ok(text) if self.is_text => wire::read_text(text).ok(),
            // No text frame.
            Err(_) if self.is_text => None,
            _ => wire::read_binary(message).ok(),
        };
        match read {
            Some(message) => {
                let message = self.meant(message);
                self.say(stranger, message);
            }
            None => self.disconnect(),
        }
        self.happen();
        self.pass(PACE);
    }

    /// The colleague is at its job as before; and when the stranger is gone it gets the next one, and nothing remains of the
    /// stranger's.
    pub(crate) fn assert_unharmed(mut self) {
        self.assert_running();
        self.disconnect();
        self.assert_running();
        let before = self.assignments;
        self.dispatch(AGENT);
        assert!(self.assignments > before, "the colleague gets no more jobs");
        self.pass(LONG);
        self.assert_running();
        assert_eq!(self.registry.workers(), 1);
        // Now it may be told to end.
        self.job.clear();
        self.room(RoomChange::Closed);
        assert_eq!(self.registry.jobs(), 0, "jobs are kept for nobody");
    }

    fn assert_running(&self) {
        let dispatches = self.registry.list(ROOM, "").expect("the room is open");
        let mut jobs = dispatches.into_iter().filter_map(|dispatch| dispatch.state).flat_map(|state| state.jobs);
        let state = jobs.find(|job| job.id == self.job).and_then(|job| job.state).expect("the colleague has its job");
        assert_eq!((state.status(), state.error.as_str()), (JobStatus::JsRunning, ""));
        assert_eq!(state.participant_identity, format!("agent-{}", self.job));
    }

    // ---- the stranger ----

    fn connect(&mut self) -> ConnectionId {
        self.connections += 1;
        let stranger = ConnectionId(self.connections);
        self.stranger = Some(stranger);
        self.handle(Input::Connected(stranger));
        stranger
    }

    fn disconnect(&mut self) {
        if let Some(stranger) = self.stranger.take() {
            self.handle(Input::Disconnected(stranger));
        }
    }

    /// With the names of jobs in it.
    fn meant(&self, mut message: WorkerMessage) -> WorkerMessage {
        let name = |id: &mut String| match id.as_str() {
            OFFERED => id.clone_from(&self.offered),
            TAKEN => id.clone_from(&self.job),
            _ => {}
        };
        match &mut message {
            WorkerMessage::Availability(answer) => name(&mut answer.job_id),
            WorkerMessage::UpdateJob(update) => name(&mut update.job_id),
            WorkerMessage::MigrateJob(request) => request.job_ids.iter_mut().for_each(name),
            _ => {}
        }
        message
    }

    // ---- the room ----

    /// One thing after the other.
    fn happen(&mut self) {
        let nth = self.messages;
        self.messages += 1;
        let person = guest(&format!("guest-{}", nth / 4), Kind::Standard);
        match nth % 4 {
            0 => self.room(RoomChange::ParticipantJoined(person)),
            1 => self.room(RoomChange::TrackPublished(person, Box::default())),
            2 if self.dispatches < MOST_DISPATCHES => self.dispatch(if nth % 8 == 2 { "" } else { AGENT }),
            2 => {}
            _ => self.room(RoomChange::ParticipantLeft(person)),
        }
    }

    fn room(&mut self, change: RoomChange) {
        let room = proto::Room { name: ROOM.to_owned(), ..Default::default() };
        let name = ROOM.parse().expect("a room's name");
        self.handle(Input::Room(Arc::new(RoomEvent { name, room, at: self.wall(), change })));
    }

    fn dispatch(&mut self, agent_name: &str) {
        self.dispatches += 1;
        let (room, agent_name) = (ROOM.to_owned(), agent_name.to_owned());
        let request = proto::CreateAgentDispatchRequest { room, agent_name, ..Default::default() };
        self.handle(Input::Create(Ticket(self.dispatches as u64), request));
    }

    // ---- time, and what the registry wants done ----

    fn wall(&self) -> SystemTime {
        wall() + (self.now - self.began)
    }

    fn pass(&mut self, time: Duration) {
        let until = self.now + time;
        let mut steps = 0;
        while let Some(due) = self.registry.next_timeout().filter(|due| *due <= until) {
            steps += 1;
            assert!(steps < 1_000, "time stands still");
            self.now = due.max(self.now);
            self.handle(Input::Timeout);
        }
        self.now = until;
    }

    fn say(&mut self, worker: ConnectionId, message: WorkerMessage) {
        self.handle(Input::Message(worker, Box::new(message)));
    }

    fn handle(&mut self, input: Input) {
        self.registry.handle(self.now, self.wall(), input);
        let (mut count, mut answers) = (0, Vec::new());
        while let Some(output) = self.registry.poll() {
            count += 1;
            assert!(count < MOST_OUTPUTS, "one input makes the registry say too much");
            match output {
                Output::Send(COLLEAGUE, message) => answers.extend(self.tell_colleague(*message)),
                Output::Send(to, message) if self.stranger == Some(to) => self.tell_stranger(*message),
                Output::Close(COLLEAGUE, refusal) => panic!("the colleague is sent away: {refusal}"),
                Output::Close(of, _) if self.stranger == Some(of) => self.stranger = None,
                Output::Send(to, _) | Output::Close(to, _) => panic!("{to:?} is gone"),
                Output::Answer(_, answer) => drop(answer.expect("the room takes another dispatch")),
                Output::OpenRoom(_) | Output::SendOwn { .. } | Output::Remove(..) => {
                    panic!("nobody has asked for that: {output:?}")
                }
            }
        }
        for answer in answers {
            self.say(COLLEAGUE, answer);
        }
    }

    /// It writes in JSON, and takes whatever it is offered.
    fn tell_colleague(&mut self, message: ServerMessage) -> Option<WorkerMessage> {
        let message = proto::ServerMessage { message: Some(message) };
        assert!(wire::write_text(&message).is_some_and(|text| text.starts_with('{')));
        match message.message? {
            ServerMessage::Availability(request) => {
                let job_id = request.job?.id;
                Some(WorkerMessage::Availability(proto::AvailabilityResponse {
                    participant_identity: format!("agent-{job_id}"),
                    job_id,
                    available: true,
                    ..Default::default()
                }))
            }
            ServerMessage::Assignment(assignment) => {
                self.assignments += 1;
                if self.job.is_empty() {
                    self.job = assignment.job?.id;
                }
                None
            }
            ServerMessage::Termination(termination) => {
                assert_ne!(termination.job_id, self.job, "the colleague loses its job");
                None
            }
            _ => None,
        }
    }

    fn tell_stranger(&mut self, message: ServerMessage) {
        let message = proto::ServerMessage { message: Some(message) };
        // What the stranger made up for itself may have no form in JSON.
        if self.is_text {
            assert!(wire::write_text(&message).is_none_or(|text| text.starts_with('{')));
        } else {
            assert!(!wire::write_binary(&message).is_empty());
        }
        if let Some(ServerMessage::Availability(request)) = message.message {
            self.offered = request.job.map(|job| job.id).unwrap_or_default();
        }
    }
}

fn wall() -> SystemTime {
    SystemTime::UNIX_EPOCH + super::NOW
}

/// Somebody in the room.
fn guest(identity: &str, kind: Kind) -> Box<ParticipantInfo> {
    Box::new(ParticipantInfo { identity: identity.to_owned(), kind: kind.into(), ..Default::default() })
}
