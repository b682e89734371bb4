//! Coming in, and taking a lost signal connection up again.

use std::{sync::Arc, time::Instant};

use livekit_protocol::{
    self as proto, DisconnectReason,
    leave_request::Action,
    participant_info::{Kind, State},
    signal_response::Message,
};
use prost::Message as _;

use super::{
    ConnectionId, Key, Output, PeerId, Room,
    client::{Client, Mode, Signal},
    link::Reach,
    metadata,
    participant::{self, Participant, Profile, Seat},
    publication,
    simulate::Simulated,
    subscription::Audience,
};
use crate::rooms::{
    Claims, JoinError, SignalVersion,
    ids::ParticipantSid,
    settings::{PROTOCOL, SERVER_VERSION},
};

/// How often clients are to ask whether we are there, and after how long without an answer they look for us anew.
const PING_INTERVAL_S: i32 = 5;
const PING_TIMEOUT_S: i32 = 15;

/// A join that makes the room tell so many bytes counts as two, of twice as many as three.
const JOIN_BYTES: usize = 256 * 1024;

impl Room {
    pub(super) fn handle_join(
        &mut self,
        now: Instant,
        connection: ConnectionId,
        claims: Claims,
        version: SignalVersion,
        request: proto::JoinRequest,
    ) {
        if let Err(error) = self.admit(now, &claims, request.reconnect) {
            return self.outputs.push_back(Output::Refused { connection, error });
        }
        let before = self.outputs.len();
        if request.reconnect {
            self.resume(now, connection, claims, request);
            return self.charge_joining(now, before);
        }
        if let Some(older) = self.find(claims.identity.as_str()) {
            self.remove(now, older, DisconnectReason::DuplicateIdentity, Some(Action::Disconnect));
        }
        self.enter(now, (connection, version), claims, request);
        self.charge_joining(now, before);
    }

    /// The more is told because of somebody who comes, the longer others wait to come.
    fn charge_joining(&mut self, now: Instant, before: usize) {
        let told = self.outputs.iter().skip(before).map(|output| match output {
            Output::Signal { response, .. } => response.encoded_len(),
            _ => 0,
        });
        self.joins.charge(now, told.sum::<usize>() / JOIN_BYTES);
    }

    fn admit(&mut self, now: Instant, claims: &Claims, resumes: bool) -> Result<(), JoinError> {
        let holder = self.find(claims.identity.as_str()).and_then(|key| self.participants.get(&key));
        let is_in_debt = holder.and_then(Participant::client).is_some_and(|client| !client.caused.is_open(now));
        let owes = is_in_debt || self.debtors.owes(now, &claims.identity);
        let is_full = self.is_full_for(claims);
        if self.is_closed() {
            Err(JoinError::Unavailable)
        } else if self.removed.refuses(claims) {
            Err(JoinError::Removed)
        } else if holder.is_some_and(|holder| !may_replace(claims, holder)) {
            Err(JoinError::Taken)
        } else if is_full && !resumes {
            Err(JoinError::Full)
        } else if (owes && !resumes) || !self.joins.spend(now, 1) {
            Err(JoinError::TooOften)
        } else {
            Ok(())
        }
    }

    fn is_full_for(&self, claims: &Claims) -> bool {
        let limits = &self.settings.limits;
        let is_agent = join_kind(claims) == Kind::Agent;
        let others = || self.participants.values().filter(|other| other.identity != claims.identity);
        let alike = others().filter(|other| other.is_agent() == is_agent).count();
        let said: usize = others().map(|other| other.profile.bytes()).sum();
        let most = if is_agent { limits.agents } else { self.most_participants() };
        alike >= most || said + Profile::of(claims).bytes() > limits.profiles
    }

    /// In this room, agents not counted.
    pub(super) fn most_participants(&self) -> usize {
        let most = self.settings.limits.participants;
        self.options.max_participants.map_or(most, |wanted| wanted.min(most))
    }

    fn enter(
        &mut self,
        now: Instant,
        (connection, version): (ConnectionId, SignalVersion),
        claims: Claims,
        request: proto::JoinRequest,
    ) {
        let key = self.new_key();
        let participant = self.newcomer(now, key, (connection, version), claims, &request);
        self.participants.insert(key, participant);
        self.connections.insert(connection, key);
        self.open_peers(key);
        self.note_occupancy(now);
        self.send(key, Message::Join(self.join_response(now, key)));
        self.announce(now, key);
        // What the first offer or answer can carry comes soonest.
        if self.client(key).is_some_and(|client| client.auto_subscribe) {
            self.subscribe_to_all(key);
        }
        self.subscribe_to_all_data(key);
        for request in request.add_track_requests.into_iter().take(self.settings.limits.pending_tracks) {
            self.handle_add_track(now, key, request);
        }
        match request.publisher_offer {
            Some(offer) => self.handle_offer(now, key, &offer),
            None => self.negotiate(now, key),
        }
    }

    fn newcomer(
        &self,
        now: Instant,
        key: Key,
        signal: (ConnectionId, SignalVersion),
        claims: Claims,
        request: &proto::JoinRequest,
    ) -> Participant {
        let profile = Profile::of(&claims);
        let grants = claims.grants.clone();
        let profile = match grants.can_update_own_metadata {
            true => metadata::at_joining(profile, request, &self.settings.limits, self.profiles_but(key)),
            false => profile,
        };
        let identity = claims.identity.clone();
        let kind = join_kind(&claims);
        let addresses: Vec<_> = self.choosy.of(&identity, &self.settings.addresses).copied().collect();
        let mut client = Client::new(now, key, signal, (claims, request), &addresses, &self.settings);
        if let Mode::Dual { subscriber, .. } = &mut client.mode {
            subscriber.peer.add_channels();
        }
        Participant {
            sid: ParticipantSid::random(),
            identity,
            profile,
            kind,
            grants,
            state: State::Joined,
            joined: self.wall(now),
            version: 0,
            publications: Vec::new(),
            data_tracks: Vec::new(),
            audience: Audience::default(),
            seat: Seat::Client(Box::new(client)),
        }
    }

    fn open_peers(&mut self, key: Key) {
        let Some(client) = self.client(key) else { return };
        let opened: Vec<(PeerId, String)> =
            client.links().map(|link| (link.id, link.peer.ufrag().to_owned())).collect();
        self.outputs.extend(opened.into_iter().map(|(peer, ufrag)| Output::PeerOpened { peer, ufrag }));
    }

    fn join_response(&self, now: Instant, key: Key) -> proto::JoinResponse {
        let participant = self.participants.get(&key);
        let may_publish = participant.is_some_and(|participant| participant.grants.can_publish);
        let is_dual = self.client(key).is_some_and(|client| matches!(client.mode, Mode::Dual { .. }));
        proto::JoinResponse {
            room: Some(self.info()),
            participant: participant.map(Participant::info),
            other_participants: self.others(key),
            server_version: SERVER_VERSION.to_owned(),
            ice_servers: self.ice_servers(now, key),
            subscriber_primary: is_dual,
            ping_timeout: PING_TIMEOUT_S,
            ping_interval: PING_INTERVAL_S,
            server_info: Some(self.server_info()),
            enabled_publish_codecs: publication::codecs(),
            fast_publish: may_publish,
            ..Default::default()
        }
    }

    fn server_info(&self) -> proto::ServerInfo {
        proto::ServerInfo {
            version: SERVER_VERSION.to_owned(),
            protocol: PROTOCOL,
            node_id: self.settings.node.to_string(),
            ..Default::default()
        }
    }

    /// All but `key` that may be seen.
    pub(super) fn others(&self, key: Key) -> Vec<proto::ParticipantInfo> {
        let others =
            self.participants.iter().filter(|(other, participant)| **other != key && !participant.grants.hidden);
        others.map(|(_, participant)| participant.info()).collect()
    }

    fn ice_servers(&self, now: Instant, key: Key) -> Vec<proto::IceServer> {
        let Some(participant) = self.participants.get(&key) else { return Vec::new() };
        (self.settings.ice_servers)(self.wall(now), &participant.identity)
    }

    // ---- again ----

    /// A client whose signal connection broke takes it up again. Only the same identity may: with the sid alone, which all
    /// in the room know, somebody else could take over the call.
    fn resume(&mut self, now: Instant, connection: ConnectionId, claims: Claims, request: proto::JoinRequest) {
        let key = self.find_sid(&request.participant_sid).filter(|key| {
            self.client(*key).is_some()
                && self.participants.get(key).is_some_and(|known| known.identity == claims.identity)
        });
        let Some(key) = key else { return self.send_away(connection) };
        self.close_signal(now, key);
        self.connections.insert(connection, key);
        let Some(client) = self.client_mut(key) else { return };
        client.signal = Signal::Open(connection);
        client.show(claims);
        let simulated = client.simulated.take();
        if simulated != Some(Simulated::DisconnectAtOnce) {
            self.welcome_back(now, key);
            if let Some(state) = request.sync_state {
                self.handle_sync(now, key, &state);
            }
            if let Some(offer) = request.publisher_offer {
                self.handle_offer(now, key, &offer);
            }
        }
        if simulated.is_some() {
            self.close_signal(now, key);
        }
    }

    /// To a client that wants to resume what is not there.
    fn send_away(&mut self, connection: ConnectionId) {
        self.outputs.push_back(Output::Signal { connection, response: Arc::new(begin_anew()) });
        self.outputs.push_back(Output::CloseSignal { connection });
    }

    fn welcome_back(&mut self, now: Instant, key: Key) {
        let Some(client) = self.client(key) else { return };
        let response = proto::ReconnectResponse {
            ice_servers: self.ice_servers(now, key),
            server_info: Some(self.server_info()),
            last_message_seq: client.newest_message,
            ..Default::default()
        };
        self.send(key, Message::Reconnect(response));
        let mut all = self.others(key);
        all.extend(self.participants.get(&key).map(Participant::info));
        self.send(key, participant::update(all));
        self.send(key, Message::RoomUpdate(proto::RoomUpdate { room: Some(self.info()) }));
        self.tell_wanted_again(key);
        self.tell_handles_again(key);
        self.refresh_soon(now, key);
        self.restart_ice(now, key);
    }

    /// What a client that has resumed believes: if it publishes what we do not know of, it begins anew.
    pub(super) fn handle_sync(&mut self, now: Instant, key: Key, state: &proto::SyncState) {
        let Some(participant) = self.participants.get(&key) else { return };
        let Some(client) = participant.client() else { return };
        let is_known = |track: &proto::TrackPublishedResponse| {
            let sid = track.track.as_ref().map(|info| info.sid.as_str());
            let published = participant.publications.iter().map(|publication| &publication.info);
            sid.is_some_and(|sid| published.chain(client.announced()).any(|info| info.sid == sid))
        };
        let is_known_data = |track: &proto::PublishDataTrackResponse| {
            let mut published = participant.data_tracks.iter();
            track.info.as_ref().is_some_and(|info| published.any(|one| one.info.sid == info.sid))
        };
        if !state.publish_tracks.iter().all(is_known) || !state.publish_data_tracks.iter().all(is_known_data) {
            return self.remove(now, key, DisconnectReason::StateMismatch, Some(Action::Reconnect));
        }
        if let Some(subscription) = &state.subscription {
            self.handle_subscription(now, key, subscription);
        }
    }

    /// Ends the signal connection; the client may resume.
    pub(super) fn close_signal(&mut self, now: Instant, key: Key) {
        let Some(client) = self.client_mut(key) else { return };
        if let Signal::Open(connection) = std::mem::replace(&mut client.signal, Signal::Gone(now)) {
            self.connections.remove(&connection);
            self.outputs.push_back(Output::CloseSignal { connection });
        }
    }

    pub(super) fn handle_signal_closed(&mut self, now: Instant, connection: ConnectionId) {
        let Some(key) = self.connections.remove(&connection) else { return };
        if let Some(client) = self.client_mut(key) {
            client.signal = Signal::Gone(now);
        }
    }

    /// Media can flow.
    pub(super) fn handle_connected(&mut self, now: Instant, peer: PeerId) {
        let Some(link) = self.link_mut(peer) else { return };
        link.reach = Reach::Connected;
        self.look_at_video(now);
        let key = peer.participant();
        let is_first = self.participants.get(&key).is_some_and(|participant| !participant.is_active());
        if is_first && self.receiving_peer(key) == Some(peer) {
            if let Some(participant) = self.participants.get_mut(&key) {
                participant.state = State::Active;
            }
            self.announce(now, key);
            self.tell_joined(key);
        }
    }
}

/// All in the room know an agent's identity: who joined with it would speak in its name. An agent that is not of this process
/// comes back when its connection was cut.
fn may_replace(claims: &Claims, holder: &Participant) -> bool {
    !holder.is_agent() || (join_kind(claims) == Kind::Agent && holder.client().is_some())
}

fn join_kind(claims: &Claims) -> Kind {
    if claims.grants.agent { Kind::Agent } else { claims.kind }
}

/// The answer to a client that wants to go on with what is no more.
pub(in crate::rooms) fn begin_anew() -> proto::SignalResponse {
    proto::SignalResponse { message: Some(leave(DisconnectReason::StateMismatch, Action::Reconnect)) }
}

/// The message that ends a connection.
pub(super) fn leave(reason: DisconnectReason, action: Action) -> Message {
    let can_reconnect = action != Action::Disconnect;
    Message::Leave(proto::LeaveRequest { can_reconnect, reason: reason.into(), action: action.into(), regions: None })
}
