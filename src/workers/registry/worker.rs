//! A worker: what it registered as, how much it can take, and what it is at.

use std::{collections::BTreeSet, time::Instant};

use livekit_protocol as proto;
use proto::{JobType, WorkerStatus};

use super::io::Refusal;
use crate::workers::ids::{JobId, WorkerId};

/// Longest name of an agent or a namespace, in bytes.
pub(super) const LONGEST_NAME: usize = 256;
/// livekit-server's limit.
const LONGEST_DEPLOYMENT: usize = 64;
/// A worker with so many jobs is offered no more.
const MOST_JOBS: usize = 1000;

/// A worker's connection.
#[derive(Debug)]
pub(super) enum Worker {
    /// It has yet to say what it is.
    New { until: Instant },
    /// It is offered jobs.
    Registered(Registered),
}

impl Worker {
    pub(super) fn registered(&self) -> Option<&Registered> {
        match self {
            Self::New { .. } => None,
            Self::Registered(worker) => Some(worker),
        }
    }
}

/// Which jobs a worker is there for. Each of those in one pool does for the others.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Pool {
    /// Empty: for all rooms where nobody asks for agents by name.
    pub(super) agent_name: String,
    /// Each gets a job of its own; deprecated by LiveKit.
    pub(super) namespace: String,
    pub(super) deployment: String,
    pub(super) kind: JobType,
}

/// See [`Worker::Registered`].
#[derive(Debug)]
pub(super) struct Registered {
    pub(super) id: WorkerId,
    pub(super) pool: Pool,
    /// What its agents may do in rooms.
    pub(super) permissions: proto::ParticipantPermission,
    status: WorkerStatus,
    load: f32,
    /// Those that run.
    pub(super) jobs: BTreeSet<JobId>,
}

impl Registered {
    /// # Errors
    /// When nothing could be offered to such a worker.
    pub(super) fn parse(request: proto::RegisterWorkerRequest, own_name: &str) -> Result<Self, Refusal> {
        let kind = JobType::try_from(request.r#type).map_err(|_| Refusal::JobType)?;
        let namespace = request.namespace.unwrap_or_default();
        if request.agent_name.len() > LONGEST_NAME || namespace.len() > LONGEST_NAME {
            return Err(Refusal::LongName);
        }
        if !is_deployment(&request.deployment) {
            return Err(Refusal::Deployment);
        }
        if request.agent_name == own_name {
            return Err(Refusal::OwnName);
        }
        Ok(Self {
            id: WorkerId::random(),
            pool: Pool { agent_name: request.agent_name, namespace, deployment: request.deployment, kind },
            permissions: request.allowed_permissions.unwrap_or_else(usual_permissions),
            status: WorkerStatus::WsAvailable,
            load: 0.0,
            jobs: BTreeSet::new(),
        })
    }

    /// A load that is no number counts as a full one.
    pub(super) fn update(&mut self, update: &proto::UpdateWorkerStatus) {
        if let Some(status) = update.status.and_then(|status| WorkerStatus::try_from(status).ok()) {
            self.status = status;
        }
        self.load = if update.load.is_nan() { 1.0 } else { update.load };
    }

    /// How much of it is free, from 0 to 1; `None`: it takes nothing.
    pub(super) fn free(&self) -> Option<f32> {
        let takes = self.status == WorkerStatus::WsAvailable && self.jobs.len() < MOST_JOBS;
        takes.then(|| (1.0 - self.load).clamp(0.0, 1.0)).filter(|free| *free > 0.0)
    }
}

/// Whether this may be a deployment's name; it may be empty.
pub(super) fn is_deployment(text: &str) -> bool {
    text.len() <= LONGEST_DEPLOYMENT && text.bytes().all(|c| c > b' ' && c != b'_' && c != 0x7f)
}

fn usual_permissions() -> proto::ParticipantPermission {
    proto::ParticipantPermission {
        can_subscribe: true,
        can_publish: true,
        can_publish_data: true,
        can_update_metadata: true,
        ..Default::default()
    }
}

/// One of `workers`, the freer the likelier; `draw` is from 0 to 1, by chance.
pub(super) fn choose<K: Copy>(workers: &[(K, f32)], draw: f32) -> Option<K> {
    let mut left = workers.iter().map(|(_, free)| free).sum::<f32>() * draw;
    let chosen = workers.iter().find(|(_, free)| {
        left -= free;
        left <= 0.0
    });
    chosen.or(workers.last()).map(|(worker, _)| *worker)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request() -> proto::RegisterWorkerRequest {
        proto::RegisterWorkerRequest { agent_name: "echo".to_owned(), ..Default::default() }
    }

    #[test]
    fn a_registration_is_checked() {
        let long = || "x".repeat(257);
        for (request, expect) in [
            (request(), None),
            (proto::RegisterWorkerRequest { deployment: "blue-1".to_owned(), ..request() }, None),
            (proto::RegisterWorkerRequest { r#type: 3, ..request() }, Some(Refusal::JobType)),
            (proto::RegisterWorkerRequest { r#type: -1, ..request() }, Some(Refusal::JobType)),
            (proto::RegisterWorkerRequest { agent_name: long(), ..request() }, Some(Refusal::LongName)),
            (proto::RegisterWorkerRequest { namespace: Some(long()), ..request() }, Some(Refusal::LongName)),
            (proto::RegisterWorkerRequest { deployment: "a_b".to_owned(), ..request() }, Some(Refusal::Deployment)),
            (proto::RegisterWorkerRequest { deployment: "a b".to_owned(), ..request() }, Some(Refusal::Deployment)),
            (proto::RegisterWorkerRequest { deployment: "x".repeat(65), ..request() }, Some(Refusal::Deployment)),
            (proto::RegisterWorkerRequest { agent_name: "desk".to_owned(), ..request() }, Some(Refusal::OwnName)),
        ] {
            let shown = format!("{request:?}");
            assert_eq!(Registered::parse(request, "desk").err(), expect, "{shown:.120}");
        }
    }

    #[test]
    fn who_is_full_takes_nothing() {
        let mut worker = Registered::parse(request(), "desk").unwrap();
        for (status, load, expect) in [
            (None, 0.25, Some(0.75)),
            (Some(WorkerStatus::WsFull), 0.25, None),
            (None, 0.5, None),
            (Some(WorkerStatus::WsAvailable), 0.5, Some(0.5)),
            (None, 1.0, None),
            (None, f32::NAN, None),
            (None, f32::INFINITY, None),
            (None, f32::NEG_INFINITY, Some(1.0)),
            (None, -3.0, Some(1.0)),
        ] {
            let status = status.map(i32::from);
            worker.update(&proto::UpdateWorkerStatus { status, load, ..Default::default() });
            assert_eq!(worker.free(), expect, "{status:?} {load}");
        }
        worker.update(&proto::UpdateWorkerStatus { status: Some(77), load: 0.5, ..Default::default() });
        assert_eq!(worker.free(), Some(0.5), "a status of a newer version changes nothing");
    }

    #[test]
    fn the_freer_is_the_likelier() {
        let workers = [('a', 0.5), ('b', 1.0), ('c', 0.5)];
        let chosen = [0.0, 0.24, 0.26, 0.74, 0.76, 1.0].map(|draw| choose(&workers, draw));
        assert_eq!(chosen, [Some('a'), Some('a'), Some('b'), Some('b'), Some('c'), Some('c')]);
        assert_eq!(choose::<char>(&[], 0.5), None);
    }
}
