//! One room, sans-IO: what clients, the network and the clock say goes into [`Room::handle`], what is to be done comes out
//! of [`Room::poll`]. It owns its participants and their peer connections; media passes from one to the others here,
//! without locks.
//!
//! It behaves as livekit-server does, because stock clients are the judge. What is handled where: coming (`join`) and
//! going (`leave`), offers and answers (`negotiation`), tracks (`publication`) and who receives them
//! (`subscription`), media (`media`), data (`data`, `data_tracks`), a participant's own attributes (`metadata`), what is due
//! (`timers`), which pictures (`video`), what the server API asks for (`control`).

mod agent;
pub(crate) mod allowance;
mod client;
mod control;
mod data;
mod data_tracks;
mod debtors;
mod io;
mod join;
mod leave;
mod level;
mod link;
mod media;
mod metadata;
mod negotiation;
mod participant;
mod publication;
mod quality;
mod removed;
mod request;
mod rewrite;
mod simulate;
mod speakers;
mod subscription;
mod tell;
#[cfg(test)]
mod tests;
mod timers;
mod video;

use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
    time::{Instant, SystemTime, UNIX_EPOCH},
};

use livekit_protocol::{self as proto, signal_response::Message};
use prost::Message as _;

use self::{
    allowance::Allowance,
    client::Client,
    control::Rpcs,
    debtors::Debtors,
    io::{Key, Target, TrackId},
    link::Link,
    participant::Participant,
    simulate::Choosy,
    speakers::Speakers,
    timers::Occupancy,
};
pub(in crate::rooms) use self::{control::LONGEST_RPC, join::begin_anew, removed::Removed};
pub use self::{
    control::{Answer, Control, Destination},
    io::{ConnectionId, Input, Output, PeerId},
};
use super::{Claims, RoomOptions, ids::RoomSid, settings::Settings};
use crate::{
    domain::RoomName,
    rtc::{
        self, Datagram,
        peer::{Channel, Event},
    },
};

/// After so many turns of peers and agents answering each other the rest waits for the next input.
const MOST_ROUNDS: usize = 8;

/// See the module.
#[derive(Debug)]
pub struct Room {
    name: RoomName,
    sid: RoomSid,
    settings: Arc<Settings>,
    options: RoomOptions,
    opened: (Instant, SystemTime),
    /// When the present input came, by both clocks. The system's may be set forth and back while the room is open.
    at: (Instant, SystemTime),
    participants: BTreeMap<Key, Participant>,
    connections: BTreeMap<ConnectionId, Key>,
    /// Of the next participant and the next track.
    next_id: u64,
    removed: Removed,
    choosy: Choosy,
    debtors: Debtors,
    rpcs: Rpcs,
    /// So many may still come, or come back, now.
    joins: Allowance,
    speakers: Speakers,
    quality_due: Instant,
    /// When it is looked at who gets which pictures.
    video_due: Instant,
    occupancy: Occupancy,
    /// When all are told how many there are.
    count_due: Option<Instant>,
    outputs: VecDeque<Output>,
    /// Peers that have something to say.
    touched: Vec<PeerId>,
    /// Agents that may have something to say.
    woken: Vec<Key>,
    /// Whether agents have not been told yet who is there now.
    changed: bool,
}

impl Room {
    /// An empty room, open for the first to come.
    pub fn new(now: Instant, wall: SystemTime, name: RoomName, settings: Arc<Settings>, options: RoomOptions) -> Self {
        Self {
            name,
            sid: RoomSid::random(),
            options,
            joins: Allowance::new(now, settings.limits.joins),
            settings,
            opened: (now, wall),
            at: (now, wall),
            participants: BTreeMap::new(),
            connections: BTreeMap::new(),
            next_id: 0,
            removed: Removed::default(),
            choosy: Choosy::default(),
            debtors: Debtors::default(),
            rpcs: Rpcs::default(),
            speakers: Speakers::default(),
            quality_due: now + quality::INTERVAL,
            video_due: now,
            occupancy: Occupancy::Unvisited,
            count_due: None,
            outputs: VecDeque::new(),
            touched: Vec::new(),
            woken: Vec::new(),
            changed: false,
        }
    }

    /// A room of this name stood before: who was removed from that one is not let into this one with the old token.
    pub(in crate::rooms) fn remember(&mut self, removed: Removed) {
        self.removed = removed;
    }

    /// Whether somebody was removed after their token was made.
    pub(in crate::rooms) fn refuses(&self, claims: &Claims) -> bool {
        self.removed.refuses(claims)
    }

    /// Who was removed, for the next room of this name.
    pub(in crate::rooms) fn into_removed(self) -> Removed {
        self.removed
    }

    /// Takes in what happened at `now`; then [`poll`](Self::poll) until `None`. `wall` is the present time too, by the clock
    /// that tokens are checked and made by.
    pub fn handle(&mut self, now: Instant, wall: SystemTime, input: Input) {
        self.at = (now, wall);
        match input {
            Input::Join { connection, claims, version, request } => {
                self.handle_join(now, connection, claims, version, *request);
            }
            Input::Signal { connection, request } => self.handle_request(now, connection, *request),
            Input::SignalClosed { connection } => self.handle_signal_closed(now, connection),
            Input::Datagram { peer, datagram } => self.handle_datagram(now, peer, &datagram),
            Input::JoinAgent { agent, line } => self.handle_agent(now, agent, line),
            Input::Remove { identity } => self.handle_removal(now, identity),
            Input::Control(control) => self.handle_control(now, *control),
            Input::Timeout => self.handle_timeout(now),
            Input::Close => self.handle_close(now),
        }
        self.settle(now);
    }

    /// The next thing to do.
    pub fn poll(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// Whether `datagram` is for this peer, and so proves where it is.
    pub fn accepts(&self, peer: PeerId, datagram: &Datagram) -> bool {
        let link = self.client(peer.participant()).and_then(|client| client.link(peer.target()));
        link.is_some_and(|link| link.peer.accepts(datagram))
    }

    /// How many there are, agents and hidden ones too.
    pub fn len(&self) -> usize {
        self.participants.len()
    }

    /// Whether nobody is there.
    pub fn is_empty(&self) -> bool {
        self.participants.is_empty()
    }

    fn handle_datagram(&mut self, now: Instant, peer: PeerId, datagram: &Datagram) {
        if datagram.is_dtls() && self.is_dammed(now, peer) {
            return;
        }
        if let Some(link) = self.link_mut(peer) {
            link.peer.handle_datagram(now, datagram);
            link.flush();
            self.touch(peer);
        }
    }

    /// Lets peers and agents say all that they have to say.
    fn settle(&mut self, now: Instant) {
        for _ in 0..MOST_ROUNDS {
            while let Some(peer) = self.touched.pop() {
                self.drain_peer(now, peer);
            }
            self.drain_agents(now);
            if self.touched.is_empty() && self.woken.is_empty() && !self.changed {
                return;
            }
        }
    }

    fn drain_peer(&mut self, now: Instant, peer: PeerId) {
        loop {
            let Some(link) = self.link_mut(peer) else { return };
            match link.peer.poll() {
                rtc::peer::Output::Transmit(datagram) => self.outputs.push_back(Output::Transmit(datagram)),
                rtc::peer::Output::Event(event) => self.handle_event(now, peer, event),
                rtc::peer::Output::Timeout(due) => {
                    link.rest_until(due);
                    return;
                }
            }
        }
    }

    fn handle_event(&mut self, now: Instant, peer: PeerId, event: Event) {
        let participant = peer.participant();
        match event {
            Event::Connected => self.handle_connected(now, peer),
            Event::Disconnected => self.handle_lost(now, peer),
            Event::Media(mid, packet) => self.handle_media(now, participant, mid, &packet),
            Event::ChannelOpen(_) => self.flush(peer),
            Event::Data(Channel::DataTrack, packet) => self.handle_data_track(now, peer, packet),
            Event::Data(channel, message) => self.handle_data(now, peer, channel, &message),
            Event::KeyFrameWanted(mid) => self.handle_key_frame_request(now, participant, mid),
            Event::Bandwidth(bits_per_second) => self.handle_bandwidth(participant, peer, bits_per_second),
            Event::Quality(quality) => {
                if let Some(client) = self.client_mut(participant) {
                    client.score.update(&quality);
                }
            }
        }
    }

    // ---- who is here ----

    fn client(&self, key: Key) -> Option<&Client> {
        self.participants.get(&key)?.client()
    }

    fn client_mut(&mut self, key: Key) -> Option<&mut Client> {
        self.participants.get_mut(&key)?.client_mut()
    }

    fn link_mut(&mut self, peer: PeerId) -> Option<&mut Link> {
        self.client_mut(peer.participant())?.link_mut(peer.target())
    }

    fn find(&self, identity: &str) -> Option<Key> {
        self.participants.iter().find(|(_, participant)| participant.identity.as_str() == identity).map(|(key, _)| *key)
    }

    fn find_sid(&self, sid: &str) -> Option<Key> {
        self.participants.iter().find(|(_, participant)| participant.sid.as_str() == sid).map(|(key, _)| *key)
    }

    fn new_key(&mut self) -> Key {
        self.next_id += 1;
        Key(self.next_id)
    }

    fn new_track(&mut self) -> TrackId {
        self.next_id += 1;
        TrackId(self.next_id)
    }

    // ---- saying things ----

    /// Peers that are touched are polled before the present input is done with.
    fn touch(&mut self, peer: PeerId) {
        if let Some(link) = self
            .participants
            .get_mut(&peer.participant())
            .and_then(|participant| participant.client_mut()?.link_mut(peer.target()))
        {
            link.touch(&mut self.touched);
        }
    }

    /// To one client; lost when its signal connection is (it is told everything anew when it resumes).
    fn send(&mut self, to: Key, message: Message) {
        let connection = self.client(to).and_then(Client::connection);
        if let Some(connection) = connection {
            let response = Arc::new(proto::SignalResponse { message: Some(message) });
            self.outputs.push_back(Output::Signal { connection, response });
        }
    }

    /// To all clients, who share it.
    fn broadcast(&mut self, message: Message) {
        self.broadcast_but(None, message);
    }

    /// The same, but for one.
    fn broadcast_but(&mut self, but: Option<Key>, message: Message) {
        let response = Arc::new(proto::SignalResponse { message: Some(message) });
        let receivers = self.participants.iter().filter(|(key, _)| Some(**key) != but);
        let signals = receivers.filter_map(|(_, participant)| participant.client()?.connection());
        self.outputs.extend(signals.map(|connection| Output::Signal { connection, response: response.clone() }));
    }

    /// Tells everybody who may see `key`, itself too, how it is now; as soon as it may cause that much.
    fn announce(&mut self, now: Instant, key: Key) {
        let receivers = self.participants.len();
        let Some(participant) = self.participants.get_mut(&key) else { return };
        let is_hidden = participant.grants.hidden;
        // Agents of this process cost nothing, and need to know at once.
        self.changed |= !is_hidden;
        let version = participant.version.wrapping_add(1);
        let info = proto::ParticipantInfo { version, ..participant.info() };
        let bytes = info.encoded_len().saturating_mul(if is_hidden { 1 } else { receivers });
        if let Some(client) = participant.client_mut() {
            client.is_unannounced = !client.caused.spend(now, bytes);
            if client.is_unannounced {
                return;
            }
        }
        participant.version = version;
        let update = participant::update(vec![info]);
        if is_hidden {
            self.send(key, update);
        } else {
            self.broadcast(update);
        }
    }

    fn wall(&self, now: Instant) -> SystemTime {
        let (at, wall) = self.at;
        wall + now.saturating_duration_since(at)
    }

    fn wall_ms(&self, now: Instant) -> i64 {
        unix_ms(self.wall(now))
    }

    /// How clients see the room.
    pub fn info(&self) -> proto::Room {
        let seconds = |duration: std::time::Duration| u32::try_from(duration.as_secs()).unwrap_or(u32::MAX);
        let visible = || self.participants.values().filter(|participant| !participant.grants.hidden);
        let created = unix_ms(self.opened.1);
        proto::Room {
            sid: self.sid.to_string(),
            name: self.name.to_string(),
            empty_timeout: seconds(self.empty_timeout()),
            departure_timeout: seconds(self.departure_timeout()),
            max_participants: u32::try_from(self.most_participants()).unwrap_or(u32::MAX),
            metadata: self.options.metadata.clone(),
            creation_time: created / 1000,
            creation_time_ms: created,
            enabled_codecs: publication::codecs(),
            num_participants: visible().count() as u32,
            num_publishers: visible().filter(|participant| participant.is_publisher()).count() as u32,
            ..Default::default()
        }
    }
}

fn unix_ms(time: SystemTime) -> i64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}
