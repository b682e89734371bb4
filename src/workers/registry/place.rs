//! A room as far as agents are sent there: who is in it, and the dispatches that stand for it.

use std::collections::BTreeMap;

use livekit_protocol as proto;
use proto::{JobType, participant_info::Kind};

use crate::workers::ids::{DispatchId, JobId};

/// Participants that are remembered of one room; rooms hold fewer.
const MOST_GUESTS: usize = 512;

/// See the module.
#[derive(Debug)]
pub(super) struct Place {
    pub(super) info: proto::Room,
    pub(super) dispatches: Vec<Dispatch>,
    /// By identity.
    guests: BTreeMap<String, Guest>,
}

/// A participant.
#[derive(Debug)]
struct Guest {
    info: proto::ParticipantInfo,
    has_joined: bool,
    has_published: bool,
}

/// A standing order: an agent for the room, or one for each participant, whichever workers there are.
#[derive(Debug)]
pub(super) struct Dispatch {
    pub(super) id: DispatchId,
    /// Without its state.
    pub(super) info: proto::AgentDispatch,
    /// Nanoseconds since the Unix epoch.
    pub(super) created_at: i64,
    /// The first first.
    pub(super) jobs: Vec<JobId>,
}

impl Place {
    pub(super) fn new(info: proto::Room) -> Self {
        Self { info, dispatches: Vec::new(), guests: BTreeMap::new() }
    }

    /// A participant takes part; whether that is news, and jobs come of it.
    pub(super) fn join(&mut self, info: &proto::ParticipantInfo) -> bool {
        self.guest(info).is_some_and(|guest| !std::mem::replace(&mut guest.has_joined, true)) && !is_dependent(info)
    }

    /// A participant publishes a track; whether it is the first, and jobs come of it.
    pub(super) fn publish(&mut self, info: &proto::ParticipantInfo) -> bool {
        self.guest(info).is_some_and(|guest| !std::mem::replace(&mut guest.has_published, true)) && !is_dependent(info)
    }

    pub(super) fn leave(&mut self, identity: &str) {
        self.guests.remove(identity);
    }

    pub(super) fn is_present(&self, identity: &str) -> bool {
        self.guests.contains_key(identity)
    }

    /// For whom a new dispatch begins jobs at once.
    pub(super) fn targets(&self) -> Vec<(JobType, proto::ParticipantInfo)> {
        let guests = self.guests.values().filter(|guest| !is_dependent(&guest.info));
        let targets = guests.flat_map(|guest| {
            let publisher = guest.has_published.then(|| (JobType::JtPublisher, guest.info.clone()));
            let participant = guest.has_joined.then(|| (JobType::JtParticipant, guest.info.clone()));
            publisher.into_iter().chain(participant)
        });
        targets.collect()
    }

    pub(super) fn dispatch_mut(&mut self, id: &DispatchId) -> Option<&mut Dispatch> {
        self.dispatches.iter_mut().find(|dispatch| dispatch.id == *id)
    }

    /// As last heard of.
    fn guest(&mut self, info: &proto::ParticipantInfo) -> Option<&mut Guest> {
        if self.guests.len() >= MOST_GUESTS && !self.is_present(&info.identity) {
            return None;
        }
        let new = || Guest { info: proto::ParticipantInfo::default(), has_joined: false, has_published: false };
        let guest = self.guests.entry(info.identity.clone()).or_insert_with(new);
        guest.info = info.clone();
        Some(guest)
    }
}

/// Who is there for others only: no agent is sent for an agent.
fn is_dependent(info: &proto::ParticipantInfo) -> bool {
    matches!(info.kind(), Kind::Agent | Kind::Egress)
}
