//! Dispatches: made with a room or by request, listed, deleted. Who asks for one in a room that is not open has it opened.

use std::time::{Duration, Instant};

use livekit_protocol as proto;
use proto::JobType;

use super::{Output, Registry, Ticket, job::unix_ns, place::Dispatch, worker};
use crate::{
    domain::RoomName,
    rooms::{bounds::attribute_bytes, settings::Limits},
    workers::{DispatchError, ids::DispatchId},
};

/// Dispatches of one room.
const MOST_DISPATCHES: usize = 32;
/// How long a room may take to open.
const OPENING: Duration = Duration::from_secs(3);
/// Requests that wait for rooms.
const MOST_AWAITED: usize = 256;

/// Somebody wants an agent in a room that is being opened.
#[derive(Debug)]
pub(super) struct Awaited {
    pub(super) until: Instant,
    room: RoomName,
    ticket: Ticket,
    wanted: proto::RoomAgentDispatch,
}

impl Awaited {
    pub(super) fn is_for(&self, room: &RoomName) -> bool {
        self.room == *room
    }
}

impl Registry {
    pub(super) fn create(&mut self, ticket: Ticket, request: proto::CreateAgentDispatchRequest) {
        let wanted = proto::RoomAgentDispatch {
            agent_name: request.agent_name,
            metadata: request.metadata,
            restart_policy: request.restart_policy,
            deployment: request.deployment,
            attributes: request.attributes,
        };
        let answer = match (request.room.parse::<RoomName>(), check(&wanted)) {
            (Err(error), _) => Err(DispatchError::Room(error)),
            (_, Err(error)) => Err(error),
            (Ok(room), Ok(())) if self.rooms.contains_key(&room) => self.dispatch_now(&room, wanted),
            (Ok(_), Ok(())) if self.awaited.len() >= MOST_AWAITED => Err(DispatchError::TooMany),
            (Ok(room), Ok(())) => {
                let until = self.at.0 + OPENING;
                self.awaited.push(Awaited { until, room: room.clone(), ticket, wanted });
                return self.outputs.push_back(Output::OpenRoom(room));
            }
        };
        self.outputs.push_back(Output::Answer(ticket, answer));
    }

    /// A room is there: those who waited for it get their dispatches.
    pub(super) fn open_awaited(&mut self, room: &RoomName) {
        let ready: Vec<Awaited> = self.awaited.extract_if(.., |awaited| awaited.is_for(room)).collect();
        for Awaited { ticket, wanted, .. } in ready {
            let answer = self.dispatch_now(room, wanted);
            self.outputs.push_back(Output::Answer(ticket, answer));
        }
    }

    /// Rooms that did not open.
    pub(super) fn give_up(&mut self, is_lost: impl Fn(&Awaited) -> bool) {
        let lost = self.awaited.extract_if(.., |awaited| is_lost(awaited));
        self.outputs.extend(lost.map(|awaited| Output::Answer(awaited.ticket, Err(DispatchError::NoRoom))));
    }

    /// A dispatch as a room is opened: there is nobody yet.
    pub(super) fn dispatch(
        &mut self,
        room: &RoomName,
        wanted: proto::RoomAgentDispatch,
    ) -> Result<DispatchId, DispatchError> {
        check(&wanted)?;
        let created_at = unix_ns(self.at.1);
        let place = self.rooms.get_mut(room).ok_or(DispatchError::NoRoom)?;
        if place.dispatches.len() >= MOST_DISPATCHES {
            return Err(DispatchError::TooMany);
        }
        let id = DispatchId::random();
        let info = proto::AgentDispatch {
            id: id.to_string(),
            agent_name: wanted.agent_name,
            room: room.to_string(),
            metadata: wanted.metadata,
            state: None,
            restart_policy: wanted.restart_policy,
            deployment: wanted.deployment,
            attributes: wanted.attributes,
        };
        place.dispatches.push(Dispatch { id: id.clone(), info, created_at, jobs: Vec::new() });
        self.launch(room, &id, JobType::JtRoom, None);
        Ok(id)
    }

    /// A dispatch to an open room: also for those who are there.
    fn dispatch_now(
        &mut self,
        room: &RoomName,
        wanted: proto::RoomAgentDispatch,
    ) -> Result<proto::AgentDispatch, DispatchError> {
        let id = self.dispatch(room, wanted)?;
        let targets = self.rooms.get(room).map(|place| place.targets()).unwrap_or_default();
        for (kind, participant) in targets {
            self.launch(room, &id, kind, Some(&participant));
        }
        self.list(room.as_str(), id.as_str())?.pop().ok_or(DispatchError::NoDispatch)
    }

    /// Jobs that are offered are offered no more, those that run are terminated.
    pub(super) fn delete(
        &mut self,
        request: &proto::DeleteAgentDispatchRequest,
    ) -> Result<proto::AgentDispatch, DispatchError> {
        let room: RoomName = request.room.parse().map_err(DispatchError::Room)?;
        let place = self.rooms.get_mut(&room).ok_or(DispatchError::NoRoom)?;
        let is_it = |dispatch: &Dispatch| dispatch.id.as_str() == request.dispatch_id;
        let nth = place.dispatches.iter().position(is_it).ok_or(DispatchError::NoDispatch)?;
        let dispatch = place.dispatches.remove(nth);
        let told = self.told(&dispatch);
        dispatch.jobs.iter().for_each(|job| self.withdraw(job));
        Ok(told)
    }

    /// The dispatches of a room; with an id that is not empty only that one.
    ///
    /// # Errors
    /// When the room is not open.
    pub fn list(&self, room: &str, id: &str) -> Result<Vec<proto::AgentDispatch>, DispatchError> {
        let room: RoomName = room.parse().map_err(DispatchError::Room)?;
        let place = self.rooms.get(&room).ok_or(DispatchError::NoRoom)?;
        let meant = place.dispatches.iter().filter(|dispatch| id.is_empty() || dispatch.id.as_str() == id);
        Ok(meant.map(|dispatch| self.told(dispatch)).collect())
    }

    /// A dispatch with its state.
    fn told(&self, dispatch: &Dispatch) -> proto::AgentDispatch {
        let jobs = dispatch.jobs.iter().filter_map(|id| self.jobs.get(id)).filter(|job| job.is_listed());
        let jobs = jobs.map(|job| job.info()).collect();
        let state = proto::AgentDispatchState { jobs, created_at: dispatch.created_at, deleted_at: 0 };
        proto::AgentDispatch { state: Some(state), ..dispatch.info.clone() }
    }
}

fn check(wanted: &proto::RoomAgentDispatch) -> Result<(), DispatchError> {
    let limits = Limits::default();
    if wanted.agent_name.len() > worker::LONGEST_NAME {
        return Err(DispatchError::LongName);
    }
    if !worker::is_deployment(&wanted.deployment) {
        return Err(DispatchError::Deployment);
    }
    if wanted.metadata.len() > limits.metadata {
        return Err(DispatchError::Metadata);
    }
    if attribute_bytes(&wanted.attributes) > limits.attributes { Err(DispatchError::Attributes) } else { Ok(()) }
}
