//! How jobs end: their worker says so, their agent leaves, their room closes, their dispatch is deleted, their worker is lost.

use std::time::{Duration, Instant};

use livekit_protocol as proto;
use proto::{DisconnectReason, JobStatus, server_message::Message as ServerMessage};

use super::{By, ConnectionId, Output, Phase, Registry, Worker, job::Job};
use crate::{
    domain::{Identity, RoomName},
    workers::ids::JobId,
};

/// How long an agent has to leave when its job was terminated, before it is shown the door; livekit-server's.
const FAREWELL: Duration = Duration::from_secs(3);
/// How long a worker whose connection was lost has to come back and claim its jobs.
const RETURN: Duration = Duration::from_secs(60);
/// As livekit-server says it.
const LEFT: &str = "agent worker left the room";
const GONE: &str = "the worker is gone";

/// An agent whose job is over, but that is still in its room.
#[derive(Debug)]
pub(super) struct Leaving {
    pub(super) until: Instant,
    room: RoomName,
    identity: Identity,
}

impl Phase {
    /// When nothing has happened by then, something is done.
    pub(super) fn due(&self) -> Option<Instant> {
        match self {
            Self::Offered { until, .. } | Self::Running(By::Lost { until }) => Some(*until),
            Self::New | Self::Running(By::Worker(_) | By::Own) | Self::Ended => None,
        }
    }
}

impl Registry {
    /// What a worker says of a job that it runs.
    pub(super) fn handle_update(&mut self, connection: ConnectionId, update: &proto::UpdateJobStatus) {
        let Ok(id) = update.job_id.parse::<JobId>() else { return };
        let Ok(status) = JobStatus::try_from(update.status) else { return };
        let Some(job) = self.jobs.get_mut(&id).filter(|job| job.is_run_by(connection)) else { return };
        match status {
            JobStatus::JsPending | JobStatus::JsRunning => job.update(self.at.1, status, &update.error),
            JobStatus::JsSuccess | JobStatus::JsFailed => self.end(&id, status, &update.error),
        }
    }

    /// A job is over; those who list dispatches may still see it.
    pub(super) fn end(&mut self, id: &JobId, status: JobStatus, error: &str) {
        let Some(job) = self.jobs.get_mut(id) else { return };
        let by = match job.phase {
            Phase::Running(By::Worker(connection)) => Some(connection),
            _ => None,
        };
        job.update(self.at.1, status, error);
        let is_listed = job.dispatch.is_some();
        metrics::counter!("callstead_jobs_total", "status" => status.as_str_name()).increment(1);
        tracing::info!(job = id.as_str(), job.status = status.as_str_name(), "a job ended");
        if let Some(worker) = by.and_then(|connection| self.registered_mut(connection)) {
            worker.jobs.remove(id);
        }
        if !is_listed {
            self.jobs.remove(id);
        }
    }

    /// The same; whoever is at it is told.
    fn terminate(&mut self, id: &JobId, status: JobStatus, error: &str) {
        let Some(job) = self.jobs.get(id) else { return };
        if let Phase::Running(By::Worker(connection)) = job.phase {
            let termination = proto::JobTermination { job_id: id.to_string() };
            self.send(connection, ServerMessage::Termination(termination));
        }
        self.end(id, status, error);
    }

    /// Somebody has left a room: with an agent its jobs end. One that left by itself has done what it had to.
    pub(super) fn handle_left(&mut self, room: &RoomName, info: &proto::ParticipantInfo) {
        if let Some(place) = self.rooms.get_mut(room) {
            place.leave(&info.identity);
        }
        self.leaving.retain(|leaving| leaving.room != *room || leaving.identity.as_str() != info.identity);
        let is_its = |job: &Job| {
            let is_running = matches!(job.phase, Phase::Running(_));
            is_running && job.room == *room && job.state.participant_identity == info.identity
        };
        let by_itself = matches!(
            info.disconnect_reason(),
            DisconnectReason::ClientInitiated | DisconnectReason::RoomClosed | DisconnectReason::RoomDeleted
        );
        let (status, error) = if by_itself { (JobStatus::JsSuccess, "") } else { (JobStatus::JsFailed, LEFT) };
        for id in self.jobs_where(is_its) {
            self.terminate(&id, status, error);
        }
    }

    /// Nothing of a room remains; whoever is at a job for it is told.
    pub(super) fn close(&mut self, room: &RoomName) {
        if self.rooms.remove(room).is_none() {
            return;
        }
        self.leaving.retain(|leaving| leaving.room != *room);
        for id in self.jobs_where(|job| job.room == *room) {
            if self.jobs.get(&id).is_some_and(|job| matches!(job.phase, Phase::Running(_))) {
                self.terminate(&id, JobStatus::JsSuccess, "");
            }
            self.jobs.remove(&id);
        }
    }

    /// Ends a job of a dispatch that is no more. Its agent leaves, or is made to.
    pub(super) fn withdraw(&mut self, id: &JobId) {
        let running = |job: &Job| match job.phase {
            Phase::Running(by) => Some((by, job.room.clone(), job.state.participant_identity.clone())),
            Phase::New | Phase::Offered { .. } | Phase::Ended => None,
        };
        if let Some((by, room, identity)) = self.jobs.get(id).and_then(running) {
            self.terminate(id, JobStatus::JsSuccess, "");
            match (by, identity.parse::<Identity>()) {
                (By::Own, Ok(identity)) => self.outputs.push_back(Output::Remove(room, identity)),
                // Who is not there yet may be on the way.
                (By::Worker(_) | By::Lost { .. }, Ok(identity)) => {
                    self.leaving.push(Leaving { until: self.at.0 + FAREWELL, room, identity });
                }
                (_, Err(_)) => {}
            }
        }
        self.jobs.remove(id);
    }

    /// Those who did not leave in time.
    pub(super) fn show_out(&mut self, now: Instant) {
        let late = self.leaving.extract_if(.., |leaving| leaving.until <= now);
        self.outputs.extend(late.map(|leaving| Output::Remove(leaving.room, leaving.identity)));
    }

    /// A worker is not there any more. What it was offered others are asked; what it was at may go on without it.
    pub(super) fn lose(&mut self, connection: ConnectionId) {
        let Some(worker) = self.workers.remove(&connection) else { return };
        if let Worker::Registered(worker) = worker {
            tracing::info!(worker = worker.id.as_str(), worker.running = worker.jobs.len(), "a worker is gone");
        }
        let until = self.at.0 + RETURN;
        for job in self.jobs.values_mut().filter(|job| job.is_run_by(connection)) {
            job.phase = Phase::Running(By::Lost { until });
        }
        for id in self.jobs_where(|job| matches!(job.phase, Phase::Offered { to, .. } if to == connection)) {
            self.offer_on(&id);
        }
    }

    /// Nobody has come back to a job. As long as its agent is in the room it goes on nevertheless.
    pub(super) fn settle_lost(&mut self, id: &JobId) {
        let Some(job) = self.jobs.get_mut(id) else { return };
        let place = self.rooms.get(&job.room);
        if place.is_some_and(|place| place.is_present(&job.state.participant_identity)) {
            job.phase = Phase::Running(By::Lost { until: self.at.0 + RETURN });
        } else {
            self.end(id, JobStatus::JsFailed, GONE);
        }
    }

    /// A worker has come back and tells what it is at. (livekit-server passes this over.)
    pub(super) fn take_back(&mut self, connection: ConnectionId, request: &proto::MigrateJobRequest) {
        let Some(Worker::Registered(worker)) = self.workers.get_mut(&connection) else { return };
        for id in request.job_ids.iter().filter_map(|id| id.parse::<JobId>().ok()) {
            let lost =
                |job: &&mut Job| matches!(job.phase, Phase::Running(By::Lost { .. })) && job.pool() == worker.pool;
            if let Some(job) = self.jobs.get_mut(&id).filter(lost) {
                job.phase = Phase::Running(By::Worker(connection));
                job.state.worker_id = worker.id.to_string();
                worker.jobs.insert(id);
            }
        }
    }

    fn jobs_where(&self, is_meant: impl Fn(&Job) -> bool) -> Vec<JobId> {
        self.jobs.values().filter(|job| is_meant(job)).map(|job| job.id.clone()).collect()
    }
}
