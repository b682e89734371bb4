//! What the server API asks of a room and of those in it. Its callers hold a token that allows it, so that nothing here is
//! counted against a participant; sizes are limited all the same.

mod permission;
mod rpc;

use std::time::Instant;

use livekit_protocol::{self as proto, DisconnectReason, leave_request::Action, signal_response::Message};
use tokio::sync::oneshot;

pub(in crate::rooms) use self::rpc::LONGEST_PATIENCE as LONGEST_RPC;
pub(super) use self::rpc::Rpcs;
use super::{Key, Output, Room, participant::Participant, timers::Occupancy};
use crate::{
    domain::RoomName,
    rooms::{Claims, ControlError, token::ApiGrants},
    rtc::peer::Channel,
};

/// Where the answer goes. One that is dropped unanswered means that there is no such room (any more).
pub type Answer<T> = oneshot::Sender<Result<T, ControlError>>;

/// A request of the server API, each with the way of its answer.
#[derive(Debug)]
pub enum Control {
    /// All who are there, hidden ones too.
    ListParticipants {
        /// In the order of their coming.
        answer: Answer<Vec<proto::ParticipantInfo>>,
    },
    /// One of them.
    GetParticipant {
        /// Who.
        identity: String,
        /// How they are now.
        answer: Answer<proto::ParticipantInfo>,
    },
    /// Somebody is shown the door, and needs a token that is made later.
    RemoveParticipant {
        /// Who.
        identity: String,
        /// They are gone.
        answer: Answer<()>,
    },
    /// What is said about somebody changes, or what they may do.
    UpdateParticipant {
        /// Who, and what.
        request: Box<proto::UpdateParticipantRequest>,
        /// How they are afterwards.
        answer: Answer<proto::ParticipantInfo>,
    },
    /// A track is muted, or (where the settings allow it) unmuted.
    MutePublishedTrack {
        /// Whose, and which.
        request: Box<proto::MuteRoomTrackRequest>,
        /// The track afterwards; none when there is no such track.
        answer: Answer<Option<proto::TrackInfo>>,
    },
    /// Somebody is to receive tracks, or no longer.
    UpdateSubscriptions {
        /// Who, and which.
        request: Box<proto::UpdateSubscriptionsRequest>,
        /// It is under way.
        answer: Answer<()>,
    },
    /// A data message from nobody in the room.
    SendData {
        /// To whom, and what.
        request: Box<proto::SendDataRequest>,
        /// It is under way.
        answer: Answer<()>,
    },
    /// What is said about the room changes.
    UpdateRoomMetadata {
        /// All of it.
        metadata: String,
        /// The room afterwards.
        answer: Answer<proto::Room>,
    },
    /// A method of somebody's client is called.
    PerformRpc {
        /// Whose, and which.
        request: Box<proto::PerformRpcRequest>,
        /// What it returns.
        answer: Answer<String>,
    },
    /// Somebody is sent into another room.
    MoveParticipant {
        /// Who.
        identity: String,
        /// Where to.
        destination: Box<Destination>,
        /// They have been told.
        answer: Answer<()>,
    },
    /// Everybody is sent away, and the room is no more.
    DeleteRoom {
        /// It is done.
        answer: Answer<()>,
    },
}

/// Another room, as it is for somebody who comes in.
#[derive(Debug)]
pub struct Destination {
    /// What it is called.
    pub name: RoomName,
    /// As clients see it.
    pub room: proto::Room,
    /// Who is there and may be seen.
    pub others: Vec<proto::ParticipantInfo>,
}

impl Room {
    pub(super) fn handle_control(&mut self, now: Instant, control: Control) {
        match control {
            Control::ListParticipants { answer } => {
                reply(answer, Ok(self.participants.values().map(Participant::info).collect()));
            }
            Control::GetParticipant { identity, answer } => {
                reply(answer, self.named(&identity).map(|(_, it)| it.info()))
            }
            Control::RemoveParticipant { identity, answer } => reply(answer, self.show_out(now, &identity)),
            Control::UpdateParticipant { request, answer } => reply(answer, self.update_participant(now, *request)),
            Control::MutePublishedTrack { request, answer } => reply(answer, self.mute_published(now, *request)),
            Control::UpdateSubscriptions { request, answer } => reply(answer, self.update_subscriptions(now, *request)),
            Control::SendData { request, answer } => reply(answer, self.send_data(now, *request)),
            Control::UpdateRoomMetadata { metadata, answer } => reply(answer, self.update_metadata(metadata)),
            Control::PerformRpc { request, answer } => self.perform_rpc(now, *request, answer),
            Control::MoveParticipant { identity, destination, answer } => {
                reply(answer, self.send_elsewhere(now, &identity, *destination));
            }
            Control::DeleteRoom { answer } => {
                self.delete(now);
                reply(answer, Ok(()));
            }
        }
    }

    fn named(&self, identity: &str) -> Result<(Key, &Participant), ControlError> {
        let found = self.find(identity).and_then(|key| Some((key, self.participants.get(&key)?)));
        found.ok_or(ControlError::NoParticipant)
    }

    fn show_out(&mut self, now: Instant, identity: &str) -> Result<(), ControlError> {
        let identity = self.named(identity)?.1.identity.clone();
        self.handle_removal(now, identity);
        Ok(())
    }

    fn send_elsewhere(&mut self, now: Instant, identity: &str, there: Destination) -> Result<(), ControlError> {
        let (key, participant) = self.named(identity)?;
        let info = participant.info();
        let sign = self.settings.token_refresh.clone().ok_or(ControlError::Unavailable)?;
        let claims = self.refreshed(now, key).ok_or(ControlError::OwnAgentStays)?;
        // What it may do to its room, and how that was opened, is nothing of the other one.
        let token = sign(&Claims { room: there.name, api: ApiGrants::default(), room_config: None, ..claims });
        self.send(key, Message::RefreshToken(token.clone()));
        self.send(
            key,
            Message::RoomMoved(proto::RoomMovedResponse {
                room: Some(there.room),
                token,
                participant: Some(info),
                other_participants: there.others,
            }),
        );
        self.remove(now, key, DisconnectReason::Migration, Some(Action::Reconnect));
        Ok(())
    }

    /// The client is told, so that it stops sending; whoever relies on it is safe before that.
    fn mute_published(
        &mut self,
        now: Instant,
        request: proto::MuteRoomTrackRequest,
    ) -> Result<Option<proto::TrackInfo>, ControlError> {
        let (key, _) = self.named(&request.identity)?;
        if !request.muted && !self.settings.remote_unmute {
            return Err(ControlError::NoRemoteUnmute);
        }
        if self.track(key, &request.track_sid).is_none() {
            return Ok(None);
        }
        let mute = proto::MuteTrackRequest { sid: request.track_sid.clone(), muted: request.muted };
        self.send(key, Message::Mute(mute.clone()));
        self.handle_mute(now, key, mute);
        Ok(self.track(key, &request.track_sid))
    }

    /// A track that `key` publishes, or has announced.
    fn track(&self, key: Key, sid: &str) -> Option<proto::TrackInfo> {
        let participant = self.participants.get(&key)?;
        let published = participant.publications.iter().map(|publication| &publication.info);
        let announced = participant.client().into_iter().flat_map(|client| client.announced());
        published.chain(announced).find(|info| info.sid == sid).cloned()
    }

    fn update_subscriptions(
        &mut self,
        now: Instant,
        request: proto::UpdateSubscriptionsRequest,
    ) -> Result<(), ControlError> {
        let (key, _) = self.named(&request.identity)?;
        let proto::UpdateSubscriptionsRequest { track_sids, subscribe, participant_tracks, .. } = request;
        let wanted = proto::UpdateSubscription { track_sids, subscribe, participant_tracks };
        self.handle_subscription(now, key, &wanted);
        Ok(())
    }

    /// Its sender has neither sid nor identity, as with livekit-server.
    #[expect(deprecated, reason = "older clients look into the user packet")]
    fn send_data(&mut self, now: Instant, request: proto::SendDataRequest) -> Result<(), ControlError> {
        if request.data.len() > self.settings.limits.message {
            return Err(ControlError::TooLarge("data size exceeds limits"));
        }
        let channel = match request.kind() {
            proto::data_packet::Kind::Reliable => Channel::Reliable,
            proto::data_packet::Kind::Lossy => Channel::Lossy,
        };
        let user = proto::UserPacket {
            payload: request.data,
            destination_sids: request.destination_sids,
            destination_identities: request.destination_identities.clone(),
            topic: request.topic,
            nonce: request.nonce,
            ..Default::default()
        };
        let packet = proto::DataPacket {
            kind: request.kind,
            destination_identities: request.destination_identities,
            value: Some(proto::data_packet::Value::User(user)),
            ..Default::default()
        };
        self.spread(now, None, channel, &packet);
        Ok(())
    }

    fn update_metadata(&mut self, metadata: String) -> Result<proto::Room, ControlError> {
        if metadata.len() > self.settings.limits.metadata {
            return Err(ControlError::TooLarge("metadata size exceeds limits"));
        }
        self.options.metadata = metadata;
        let room = self.info();
        self.broadcast(Message::RoomUpdate(proto::RoomUpdate { room: Some(room.clone()) }));
        Ok(room)
    }

    fn delete(&mut self, now: Instant) {
        self.occupancy = Occupancy::Closed;
        while let Some(key) = self.participants.keys().next().copied() {
            self.remove(now, key, DisconnectReason::RoomDeleted, Some(Action::Disconnect));
        }
        self.outputs.push_back(Output::Closed);
    }
}

/// Whoever asked may have gone.
fn reply<T>(answer: Answer<T>, result: Result<T, ControlError>) {
    let _ = answer.send(result);
}
