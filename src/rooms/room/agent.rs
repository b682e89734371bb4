//! Agents of this process in the room: participants like others, without a network between.

use std::time::Instant;

use livekit_protocol::{
    DisconnectReason,
    leave_request::Action,
    participant_info::{Kind, State},
};

use super::{
    Key, Room, TrackId,
    participant::{Participant, Profile, Seat},
    publication::Publication,
    subscription::Audience,
};
use crate::{
    audio::line::LineEnd,
    rooms::{
        Agent,
        ids::ParticipantSid,
        local::{Local, LocalOutput},
        token::Grants,
    },
    rtc::peer::Channel,
};

/// An agent, and the track that it listens to.
#[derive(Debug)]
pub(super) struct LocalAgent {
    pub(super) local: Local,
    /// The track by its sid as the agent knows it, and by ours.
    heard: Option<(String, TrackId)>,
}

impl LocalAgent {
    pub(super) fn hears(&self, track: TrackId) -> bool {
        self.heard.as_ref().is_some_and(|(_, heard)| *heard == track)
    }
}

impl Room {
    pub(super) fn handle_agent(&mut self, now: Instant, agent: Agent, line: LineEnd) {
        if let Some(older) = self.find(agent.identity.as_str()) {
            self.remove(now, older, DisconnectReason::DuplicateIdentity, Some(Action::Disconnect));
        }
        let (key, track) = (self.new_key(), self.new_track());
        let publication = Publication::of_agent(track);
        let mut local = Local::new(now, self.wall(now), line);
        local.published(&publication.info.sid);
        let participant = Participant {
            sid: ParticipantSid::random(),
            identity: agent.identity,
            profile: Profile { name: agent.name, ..Profile::default() },
            kind: Kind::Agent,
            grants: Grants { agent: true, ..Grants::default() },
            state: State::Active,
            joined: self.wall(now),
            version: 0,
            publications: vec![publication],
            data_tracks: Vec::new(),
            audience: Audience::default(),
            seat: Seat::Agent(Box::new(LocalAgent { local, heard: None })),
        };
        self.participants.insert(key, participant);
        self.woken.push(key);
        self.announce(now, key);
        self.tell_joined(key);
        self.tell_tracks(key, &[]);
        self.offer_to_all(now, key, track);
    }

    fn agent_mut(&mut self, key: Key) -> Option<&mut LocalAgent> {
        match &mut self.participants.get_mut(&key)?.seat {
            Seat::Agent(agent) => Some(agent),
            Seat::Client(_) => None,
        }
    }

    /// Tells agents what has changed, and lets them say all that they have to say.
    pub(super) fn drain_agents(&mut self, now: Instant) {
        if std::mem::take(&mut self.changed) {
            self.tell_agents(now);
        }
        while let Some(key) = self.woken.pop() {
            self.drain_agent(now, key);
        }
    }

    fn tell_agents(&mut self, now: Instant) {
        let is_agent = |participant: &Participant| matches!(participant.seat, Seat::Agent(_));
        let agents = self.participants.iter().filter(|(_, participant)| is_agent(participant));
        let agents: Vec<Key> = agents.map(|(key, _)| *key).collect();
        for key in agents {
            let others = self.others(key);
            if let Some(agent) = self.agent_mut(key) {
                agent.local.others(now, others);
                self.woken.push(key);
            }
        }
    }

    fn drain_agent(&mut self, now: Instant, key: Key) {
        while let Some(output) = self.agent_mut(key).and_then(|agent| agent.local.poll()) {
            match output {
                LocalOutput::Media(packet) => self.publish(now, key, &packet, |_| true),
                LocalOutput::Data(packet) => self.route(now, key, Channel::Reliable, *packet),
                LocalOutput::Attributes(attributes) => {
                    if let Some(participant) = self.participants.get_mut(&key) {
                        participant.profile.attributes.extend(attributes);
                        self.announce(now, key);
                    }
                }
                LocalOutput::Silence(identity) => self.silence(now, &identity),
                LocalOutput::Leave => self.remove(now, key, DisconnectReason::ClientInitiated, None),
            }
        }
        self.note_heard(key);
        self.note_reached(now, key);
    }

    /// Looks up which track the agent listens to, when it is another.
    fn note_heard(&mut self, key: Key) {
        let Some(agent) = self.agent_mut(key) else { return };
        let wanted = agent.local.listens_to();
        if wanted == agent.heard.as_ref().map(|(sid, _)| sid.as_str()) {
            return;
        }
        let wanted = wanted.map(str::to_owned);
        let track = wanted.as_deref().and_then(|sid| self.receivable_by_agent(key, sid));
        if let Some(agent) = self.agent_mut(key) {
            agent.heard = wanted.zip(track);
        }
    }

    /// A publisher's permission counts for agents too.
    fn receivable_by_agent(&self, key: Key, sid: &str) -> Option<TrackId> {
        let (publisher, track) = self.find_track(sid)?;
        let (_, is_permitted) = self.receivable(key, publisher, track)?;
        is_permitted.then_some(track)
    }

    /// Tells the agent that its caller receives its track, or will not.
    fn note_reached(&mut self, now: Instant, key: Key) {
        let agent = self.participants.get(&key);
        let Some(Participant { seat: Seat::Agent(agent), publications, .. }) = agent else { return };
        let caller = agent.local.awaits().and_then(|identity| self.find(identity.as_str()));
        let Some(caller) = caller.and_then(|caller| self.client(caller)) else { return };
        let is_coming = publications.iter().any(|publication| caller.is_about_to_receive(publication.id));
        if !is_coming && let Some(agent) = self.agent_mut(key) {
            agent.local.reaches(now);
        }
    }
}
