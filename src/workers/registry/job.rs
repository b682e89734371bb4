//! A job: something for one agent to do in one room, from the offer to its end.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use livekit_protocol as proto;
use proto::{JobStatus, participant_info::Kind};

use super::{
    io::{ConnectionId, Settings},
    worker::{Pool, Registered},
};
use crate::{
    domain::{BadName, RoomName},
    rooms::{
        Claims,
        token::{self, Grants},
    },
    workers::ids::{DispatchId, JobId},
};

/// What tells others which agent this is (livekit-server's `pkg/agent`).
const AGENT_NAME: &str = "lk.agent_name";
/// How long the agent has to join; refreshed once it has.
const TOKEN_LIFE: Duration = Duration::from_secs(60 * 60);
/// Of what a worker says about a job's end.
const LONGEST_ERROR: usize = 1024;

/// See the module.
#[derive(Debug)]
pub(super) struct Job {
    pub(super) id: JobId,
    pub(super) room: RoomName,
    /// `None`: a worker wanted to try itself out.
    pub(super) dispatch: Option<DispatchId>,
    /// As workers and those who dispatch see it, but for the state.
    info: proto::Job,
    pub(super) state: proto::JobState,
    pub(super) phase: Phase,
}

/// How far a job is.
#[derive(Debug)]
pub(super) enum Phase {
    /// Nobody was asked yet.
    New,
    /// A worker was asked whether it takes it.
    Offered { to: ConnectionId, until: Instant, tried: Vec<ConnectionId> },
    /// Somebody is at it.
    Running(By),
    /// It is over.
    Ended,
}

/// Who is at a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum By {
    Worker(ConnectionId),
    /// The agent of this box.
    Own,
    /// A worker whose connection was lost. Its agent may go on, and the worker may come back and claim it.
    Lost {
        until: Instant,
    },
}

/// Why a worker's answer gives its agent no token.
#[derive(Debug, thiserror::Error)]
pub(super) enum BadAnswer {
    #[error("the agent's identity {0}")]
    Identity(#[from] BadName),
    #[error("the agent's metadata and attributes are too long for a token")]
    TooLong,
}

impl Job {
    pub(super) fn new(room: RoomName, dispatch: Option<DispatchId>, info: proto::Job) -> Self {
        let id = JobId::random();
        let info = proto::Job { id: id.to_string(), state: None, ..info };
        Self { id, room, dispatch, info, state: proto::JobState::default(), phase: Phase::New }
    }

    /// As others see it at present.
    pub(super) fn info(&self) -> proto::Job {
        proto::Job { state: Some(self.state.clone()), ..self.info.clone() }
    }

    /// Who may take it.
    pub(super) fn pool(&self) -> Pool {
        #[expect(deprecated, reason = "workers of older versions register with a namespace")]
        let namespace = self.info.namespace.clone();
        let (agent_name, deployment) = (self.info.agent_name.clone(), self.info.deployment.clone());
        Pool { agent_name, namespace, deployment, kind: self.info.r#type() }
    }

    pub(super) fn metadata(&self) -> &str {
        &self.info.metadata
    }

    pub(super) fn agent_name(&self) -> &str {
        &self.info.agent_name
    }

    pub(super) fn is_ended(&self) -> bool {
        matches!(self.phase, Phase::Ended)
    }

    /// Whether those who list dispatches are told of it: livekit-server tells of what somebody has taken.
    pub(super) fn is_listed(&self) -> bool {
        matches!(self.phase, Phase::Running(_) | Phase::Ended)
    }

    /// Whether `connection` is at it.
    pub(super) fn is_run_by(&self, connection: ConnectionId) -> bool {
        matches!(self.phase, Phase::Running(By::Worker(by)) if by == connection)
    }

    /// As offered to a worker: livekit-server shows it as running then.
    pub(super) fn offer(&mut self, wall: SystemTime, worker: &Registered) {
        let now = unix_ns(wall);
        self.state = proto::JobState {
            status: JobStatus::JsRunning.into(),
            started_at: now,
            updated_at: now,
            worker_id: worker.id.to_string(),
            ..Default::default()
        };
    }

    /// What the worker said of it.
    pub(super) fn update(&mut self, wall: SystemTime, status: JobStatus, error: &str) {
        self.state.updated_at = unix_ns(wall);
        self.state.status = status.into();
        self.state.error = error.chars().take(LONGEST_ERROR).collect();
        if matches!(status, JobStatus::JsSuccess | JobStatus::JsFailed) {
            self.state.ended_at = self.state.updated_at;
            self.phase = Phase::Ended;
        }
    }

    /// What the agent joins with, as the worker answered.
    ///
    /// # Errors
    /// When nobody could join so.
    pub(super) fn assignment(
        &mut self,
        wall: SystemTime,
        answer: proto::AvailabilityResponse,
        worker: &Registered,
        settings: &Settings,
    ) -> Result<proto::JobAssignment, BadAnswer> {
        let identity = match answer.participant_identity.as_str() {
            "" => format!("agent-{}", self.id),
            given => given.to_owned(),
        };
        let allowed = &worker.permissions;
        let mut claims = Claims {
            name: answer.participant_name,
            kind: Kind::Agent,
            metadata: answer.participant_metadata,
            attributes: answer.participant_attributes.into_iter().collect(),
            grants: Grants {
                can_publish: allowed.can_publish,
                can_subscribe: allowed.can_subscribe,
                can_publish_data: allowed.can_publish_data,
                can_update_own_metadata: allowed.can_update_metadata,
                can_subscribe_metrics: allowed.can_subscribe_metrics,
                hidden: allowed.hidden,
                agent: true,
                ..Grants::default()
            },
            ..Claims::new(identity.parse()?, self.room.clone(), wall, TOKEN_LIFE)
        };
        claims.attributes.insert(AGENT_NAME.to_owned(), worker.pool.agent_name.clone());
        let token = (settings.sign)(&claims);
        if token.len() > token::MAX_BYTES {
            return Err(BadAnswer::TooLong);
        }
        self.state.participant_identity = identity;
        Ok(proto::JobAssignment { job: Some(self.info()), url: None, token })
    }
}

/// As LiveKit's job states count.
pub(super) fn unix_ns(time: SystemTime) -> i64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_nanos()).unwrap_or(i64::MAX)
}
