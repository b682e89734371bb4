//! How a job finds its worker: each for whom it is is asked, one after the other, the freer ones likelier first.

use std::{collections::BTreeSet, time::Duration};

use livekit_protocol as proto;
use proto::{JobStatus, JobType, server_message::Message as ServerMessage};

use super::{
    By, ConnectionId, Output, Phase, Registry,
    job::Job,
    place::Dispatch,
    worker::{self, Worker},
};
use crate::{
    domain::RoomName,
    workers::ids::{DispatchId, JobId},
};

/// How long a worker may think about an offer: as long as livekit-server waits, which then gives the job up.
pub(super) const ANSWER_TIMEOUT: Duration = Duration::from_secs(3);
/// Jobs of one dispatch that are remembered: the oldest that have ended are forgotten for others.
const MOST_JOBS_OF_DISPATCH: usize = 256;
/// Jobs at a time, with those that are remembered: the oldest that has ended is forgotten for another.
const MOST_JOBS: usize = 8192;

impl Registry {
    /// Begins the jobs that all dispatches of a room have for a participant.
    pub(super) fn launch_for(&mut self, room: &RoomName, kind: JobType, participant: &proto::ParticipantInfo) {
        let Some(place) = self.rooms.get(room) else { return };
        let dispatches: Vec<DispatchId> = place.dispatches.iter().map(|dispatch| dispatch.id.clone()).collect();
        for dispatch in dispatches {
            self.launch(room, &dispatch, kind, Some(participant));
        }
    }

    /// Begins a job for each namespace in which there are workers; one by the agent of this box where its name is asked for.
    pub(super) fn launch(
        &mut self,
        room: &RoomName,
        dispatch: &DispatchId,
        kind: JobType,
        participant: Option<&proto::ParticipantInfo>,
    ) {
        let Some(place) = self.rooms.get(room) else { return };
        let Some(dispatch) = place.dispatches.iter().find(|it| it.id == *dispatch) else { return };
        let job = |namespace: String| {
            let info = job_of(dispatch, kind, place.info.clone(), participant.cloned(), namespace);
            Job::new(room.clone(), Some(dispatch.id.clone()), info)
        };
        if dispatch.info.agent_name == self.settings.own_name {
            if kind == JobType::JtRoom {
                let job = job(String::new());
                self.send_own(job);
            }
            return;
        }
        let pools = self.workers.values().filter_map(Worker::registered).map(|worker| &worker.pool);
        let fitting = pools.filter(|pool| {
            pool.kind == kind
                && pool.agent_name == dispatch.info.agent_name
                && pool.deployment == dispatch.info.deployment
        });
        let namespaces: BTreeSet<String> = fitting.map(|pool| pool.namespace.clone()).collect();
        let jobs: Vec<Job> = namespaces.into_iter().map(job).collect();
        for job in jobs {
            if self.note(&job) {
                self.offer(job, Vec::new());
            }
        }
    }

    fn send_own(&mut self, mut job: Job) {
        if !self.note(&job) {
            return;
        }
        job.update(self.at.1, JobStatus::JsPending, "");
        job.state.started_at = job.state.updated_at;
        job.phase = Phase::Running(By::Own);
        let (id, room, metadata) = (job.id.clone(), job.room.clone(), job.metadata().to_owned());
        self.outputs.push_back(Output::SendOwn { job: id.clone(), room, metadata });
        self.jobs.insert(id, job);
    }

    /// Adds a job to those of its dispatch; false when there are too many.
    fn note(&mut self, job: &Job) -> bool {
        if self.jobs.len() >= MOST_JOBS {
            self.forget_oldest();
        }
        let is_ended = |id: &JobId| self.jobs.get(id).is_none_or(Job::is_ended);
        let place = self.rooms.get_mut(&job.room);
        let Some(dispatch) = place.zip(job.dispatch.as_ref()).and_then(|(place, id)| place.dispatch_mut(id)) else {
            return false;
        };
        if dispatch.jobs.len() >= MOST_JOBS_OF_DISPATCH
            && let Some(oldest) = dispatch.jobs.iter().position(is_ended)
        {
            self.jobs.remove(&dispatch.jobs.remove(oldest));
        }
        let is_room = dispatch.jobs.len() < MOST_JOBS_OF_DISPATCH && self.jobs.len() < MOST_JOBS;
        if is_room {
            dispatch.jobs.push(job.id.clone());
        } else {
            tracing::warn!("too many jobs: one was not begun");
        }
        is_room
    }

    /// Asks the next worker that has not been `tried`; without one the job is forgotten.
    pub(super) fn offer(&mut self, job: Job, tried: Vec<ConnectionId>) {
        let pool = job.pool();
        let free = self.workers.iter().filter_map(|(connection, worker)| match worker {
            Worker::Registered(worker) if worker.pool == pool && !tried.contains(connection) => {
                Some((*connection, worker.free()?))
            }
            Worker::Registered(_) | Worker::New { .. } => None,
        });
        match worker::choose(&free.collect::<Vec<_>>(), rand::random()) {
            Some(to) => self.ask(job, to, tried),
            None => {
                tracing::warn!(job = job.id.as_str(), job.agent = job.agent_name(), "no worker takes a job");
                self.forget(&job);
            }
        }
    }

    fn ask(&mut self, mut job: Job, to: ConnectionId, mut tried: Vec<ConnectionId>) {
        let (now, wall) = self.at;
        let Some(worker) = self.registered(to) else { return };
        job.offer(wall, worker);
        tried.push(to);
        job.phase = Phase::Offered { to, until: now + ANSWER_TIMEOUT, tried };
        let request = proto::AvailabilityRequest { job: Some(job.info()), resuming: false };
        self.jobs.insert(job.id.clone(), job);
        self.send(to, ServerMessage::Availability(request));
    }

    /// A worker did not take the job that it was offered. One that wanted to try itself out has nobody else.
    pub(super) fn offer_on(&mut self, id: &JobId) {
        let Some(mut job) = self.jobs.remove(id) else { return };
        if let (Phase::Offered { tried, .. }, true) = (&mut job.phase, job.dispatch.is_some()) {
            let tried = std::mem::take(tried);
            self.offer(job, tried);
        }
    }

    fn forget_oldest(&mut self) {
        let ended = self.jobs.values().filter(|job| job.is_ended());
        let oldest = ended.min_by_key(|job| job.state.ended_at).map(|job| job.id.clone());
        if let Some(oldest) = oldest.and_then(|id| self.jobs.remove(&id)) {
            self.forget(&oldest);
        }
    }

    /// Nothing of a job remains.
    fn forget(&mut self, job: &Job) {
        self.jobs.remove(&job.id);
        let place = self.rooms.get_mut(&job.room);
        if let Some(dispatch) = place.zip(job.dispatch.as_ref()).and_then(|(place, id)| place.dispatch_mut(id)) {
            dispatch.jobs.retain(|id| *id != job.id);
        }
    }

    /// A worker's answer to an offer. One that comes too late, or to nothing that it was asked, is passed over.
    pub(super) fn handle_answer(&mut self, connection: ConnectionId, answer: proto::AvailabilityResponse) {
        let Ok(id) = answer.job_id.parse::<JobId>() else { return };
        let was_asked = |job: &Job| matches!(job.phase, Phase::Offered { to, .. } if to == connection);
        if !self.jobs.get(&id).is_some_and(was_asked) {
            tracing::debug!(job = id.as_str(), "a worker answers what it is not asked");
            return;
        }
        if answer.terminate {
            self.end(&id, JobStatus::JsSuccess, "");
        } else if answer.available {
            self.assign(connection, &id, answer);
        } else {
            self.offer_on(&id);
        }
    }

    fn assign(&mut self, connection: ConnectionId, id: &JobId, answer: proto::AvailabilityResponse) {
        let wall = self.at.1;
        let (Some(Worker::Registered(worker)), Some(job)) = (self.workers.get_mut(&connection), self.jobs.get_mut(id))
        else {
            return;
        };
        match job.assignment(wall, answer, worker, &self.settings) {
            Ok(assignment) => {
                worker.jobs.insert(id.clone());
                job.phase = Phase::Running(By::Worker(connection));
                tracing::info!(job = id.as_str(), worker = worker.id.as_str(), "a job was assigned");
                self.send(connection, ServerMessage::Assignment(assignment));
            }
            Err(error) => {
                tracing::warn!(%error, job = id.as_str(), "a worker's answer to an offer cannot be used");
                self.offer_on(id);
            }
        }
    }

    /// A worker wants a job for itself, to try itself out: in a room that may not be there, for nobody's dispatch.
    pub(super) fn simulate(&mut self, connection: ConnectionId, request: proto::SimulateJobRequest) {
        let Some(worker) = self.registered(connection).filter(|worker| worker.free().is_some()) else { return };
        let room = request.room.as_ref().and_then(|room| room.name.parse::<RoomName>().ok());
        let Some(name) = room.filter(|_| self.jobs.len() < MOST_JOBS) else {
            tracing::warn!("a worker's own job is not begun: it names no room, or there are too many jobs");
            return;
        };
        let kind = if request.participant.is_some() { JobType::JtPublisher } else { JobType::JtRoom };
        let mut info = proto::Job {
            r#type: kind.into(),
            room: request.room,
            participant: request.participant,
            agent_name: worker.pool.agent_name.clone(),
            ..Default::default()
        };
        set_namespace(&mut info, worker.pool.namespace.clone());
        self.ask(Job::new(name, None, info), connection, Vec::new());
    }
}

fn job_of(
    dispatch: &Dispatch,
    kind: JobType,
    room: proto::Room,
    participant: Option<proto::ParticipantInfo>,
    namespace: String,
) -> proto::Job {
    let wanted = &dispatch.info;
    let mut job = proto::Job {
        dispatch_id: wanted.id.clone(),
        r#type: kind.into(),
        room: Some(room),
        participant,
        metadata: wanted.metadata.clone(),
        agent_name: wanted.agent_name.clone(),
        deployment: wanted.deployment.clone(),
        attributes: wanted.attributes.clone(),
        ..Default::default()
    };
    set_namespace(&mut job, namespace);
    job
}

#[expect(deprecated, reason = "workers of older versions register with a namespace")]
fn set_namespace(job: &mut proto::Job, namespace: String) {
    job.namespace = namespace;
}
