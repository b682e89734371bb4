//! The rooms' side of LiveKit's server API: what its methods do, without its transport. Nothing here waits longer than
//! [`PATIENCE`] for a media thread, but for a call whose answer a client takes its time over.

use std::{fmt, time::Duration};

use futures_util::future::try_join_all;
use livekit_protocol as proto;
use prost::Message as _;
use tokio::{sync::oneshot, time::timeout};

use super::{
    JoinError, OptionsError, PATIENCE, RoomOptions, Rooms,
    room::{Answer, Control, Destination, LONGEST_RPC},
    settings::Limits,
    shard::Command,
};
use crate::domain::RoomName;

/// Why a request of the server API fails. The texts are livekit-server's where it has the same error.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ControlError {
    /// No room of that name is open.
    #[error("requested room does not exist")]
    NoRoom,
    /// Nobody of that identity is in the room.
    #[error("participant does not exist")]
    NoParticipant,
    /// `rtc.remote_unmute` is off.
    #[error("remote unmute not enabled")]
    NoRemoteUnmute,
    /// There is somebody of that name in the room where somebody is to go: they would be sent out.
    #[error("the destination room has a participant of this identity already")]
    Taken,
    /// The agent in this process belongs to its call.
    #[error("the server's own agent cannot be moved")]
    OwnAgentStays,
    /// The agent in this process has the rights that it needs, always.
    #[error("the permission of the server's own agent cannot be changed")]
    OwnAgent,
    /// Longer than it may be.
    #[error("{0}")]
    TooLarge(&'static str),
    /// How the room is to be.
    #[error("{0}")]
    Options(#[from] OptionsError),
    /// Too many requests wait for answers in this room.
    #[error("too many calls wait for answers in this room: try again in a moment")]
    TooMany,
    /// The box takes no more rooms.
    #[error("this server is full: try again later")]
    Full,
    /// A call to a client failed.
    #[error("{0}")]
    Rpc(#[from] RpcError),
    /// The server stops, or its media thread is overwhelmed.
    #[error("the rooms do not answer: try again in a moment")]
    Unavailable,
}

impl From<JoinError> for ControlError {
    fn from(error: JoinError) -> Self {
        match error {
            JoinError::NoRoom => Self::NoRoom,
            JoinError::Full => Self::Full,
            JoinError::Config(error) => Self::Options(error),
            JoinError::Removed | JoinError::TooOften | JoinError::Taken | JoinError::Unavailable => Self::Unavailable,
        }
    }
}

/// LiveKit's errors of remote procedure calls; codes from 1400 to 1599 are LiveKit's own.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct RpcError {
    /// What went wrong.
    pub code: u32,
    message: String,
    data: String,
}

impl fmt::Display for RpcError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RpcError {}: {}", self.code, self.message)?;
        if self.data.is_empty() { Ok(()) } else { write!(f, ": {}", self.data) }
    }
}

impl RpcError {
    /// What LiveKit's clients send of an error, in bytes; more is cut.
    const LONGEST: (usize, usize) = (256, 15 * 1024);

    fn new(code: u32, message: &str) -> Self {
        Self { code, message: message.to_owned(), data: String::new() }
    }

    /// As a client tells it.
    pub(super) fn of_client(error: &proto::RpcError) -> Self {
        let cut = |text: &str, most: usize| text[..text.floor_char_boundary(most)].to_owned();
        let (message, data) = Self::LONGEST;
        Self { code: error.code, message: cut(&error.message, message), data: cut(&error.data, data) }
    }

    pub(super) fn application_error() -> Self {
        Self::new(1500, "Application error in method handler")
    }

    pub(super) fn connection_timeout() -> Self {
        Self::new(1501, "Connection timeout")
    }

    pub(super) fn response_timeout() -> Self {
        Self::new(1502, "Response timeout")
    }

    pub(super) fn recipient_disconnected() -> Self {
        Self::new(1503, "Recipient disconnected")
    }

    pub(super) fn request_payload_too_large() -> Self {
        Self::new(1402, "Request payload too large")
    }
}

impl Rooms {
    /// Opens a room that waits for somebody to come. One that is open stays as it is.
    ///
    /// # Errors
    /// When it may not be so, or the box is full.
    pub async fn create_room(
        &self,
        name: &RoomName,
        request: proto::CreateRoomRequest,
    ) -> Result<proto::Room, ControlError> {
        let bytes = request.encoded_len();
        let options = RoomOptions::of_request(request, &Limits::default())?;
        let create = |answer| Command::Create { room: name.clone(), options: Box::new(options), answer };
        Ok(self.shard(name).ask(bytes, create).await??)
    }

    /// The rooms of these names that there are; all when none is named.
    ///
    /// # Errors
    /// When a media thread does not answer in time: half a list would be a wrong one.
    pub async fn list_rooms(&self, names: &[String]) -> Result<Vec<proto::Room>, ControlError> {
        let lists = self.0.shards.iter().map(|shard| shard.ask(0, |answer| Command::List { answer }));
        let mut rooms: Vec<proto::Room> = try_join_all(lists).await?.into_iter().flatten().collect();
        rooms.retain(|room| names.is_empty() || names.contains(&room.name));
        rooms.sort_by(|a, b| (a.creation_time_ms, &a.name).cmp(&(b.creation_time_ms, &b.name)));
        Ok(rooms)
    }

    /// Sends everybody in the room away.
    ///
    /// # Errors
    /// See [`ControlError`].
    pub async fn delete_room(&self, room: &RoomName) -> Result<(), ControlError> {
        self.control(room, 0, |answer| Control::DeleteRoom { answer }).await
    }

    /// All who are in the room, hidden ones too.
    ///
    /// # Errors
    /// See [`ControlError`].
    pub async fn list_participants(&self, room: &RoomName) -> Result<Vec<proto::ParticipantInfo>, ControlError> {
        self.control(room, 0, |answer| Control::ListParticipants { answer }).await
    }

    /// Somebody in the room.
    ///
    /// # Errors
    /// See [`ControlError`].
    pub async fn get_participant(
        &self,
        room: &RoomName,
        identity: String,
    ) -> Result<proto::ParticipantInfo, ControlError> {
        self.control(room, 0, |answer| Control::GetParticipant { identity, answer }).await
    }

    /// Shows somebody the door who is in the room; who comes back needs a token made later.
    ///
    /// # Errors
    /// See [`ControlError`].
    pub async fn remove_participant(&self, room: &RoomName, identity: String) -> Result<(), ControlError> {
        self.control(room, 0, |answer| Control::RemoveParticipant { identity, answer }).await
    }

    /// Changes what is said about somebody, and what they may do.
    ///
    /// # Errors
    /// See [`ControlError`].
    pub async fn update_participant(
        &self,
        room: &RoomName,
        request: proto::UpdateParticipantRequest,
    ) -> Result<proto::ParticipantInfo, ControlError> {
        let (bytes, request) = (request.encoded_len(), Box::new(request));
        self.control(room, bytes, |answer| Control::UpdateParticipant { request, answer }).await
    }

    /// Mutes a track, or unmutes it. The track afterwards, if there is such a one.
    ///
    /// # Errors
    /// See [`ControlError`].
    pub async fn mute_published_track(
        &self,
        room: &RoomName,
        request: proto::MuteRoomTrackRequest,
    ) -> Result<Option<proto::TrackInfo>, ControlError> {
        let request = Box::new(request);
        self.control(room, 0, |answer| Control::MutePublishedTrack { request, answer }).await
    }

    /// Has somebody receive tracks, or no longer.
    ///
    /// # Errors
    /// See [`ControlError`].
    pub async fn update_subscriptions(
        &self,
        room: &RoomName,
        request: proto::UpdateSubscriptionsRequest,
    ) -> Result<(), ControlError> {
        let (bytes, request) = (request.encoded_len(), Box::new(request));
        self.control(room, bytes, |answer| Control::UpdateSubscriptions { request, answer }).await
    }

    /// Sends a data message to those whom it names, else to all.
    ///
    /// # Errors
    /// See [`ControlError`].
    pub async fn send_data(&self, room: &RoomName, request: proto::SendDataRequest) -> Result<(), ControlError> {
        let (bytes, request) = (request.encoded_len(), Box::new(request));
        self.control(room, bytes, |answer| Control::SendData { request, answer }).await
    }

    /// Sends somebody into another room, which is opened if need be. Media does not go on in between: rooms live on threads of
    /// their own, so that the client is told where it is ([`proto::RoomMovedResponse`]) and connects anew, with a token for
    /// that room. Its tracks are published again by itself.
    ///
    /// # Errors
    /// See [`ControlError`].
    pub async fn move_participant(
        &self,
        room: &RoomName,
        identity: String,
        destination: RoomName,
    ) -> Result<(), ControlError> {
        // Nobody opens a room for somebody who is not there.
        self.get_participant(room, identity.clone()).await?;
        let mut others = self.list_participants(&destination).await?;
        if others.iter().any(|other| other.identity == identity) {
            return Err(ControlError::Taken);
        }
        let there = self.create_room(&destination, proto::CreateRoomRequest::default()).await?;
        others.retain(|other| !other.permission.as_ref().is_some_and(|permission| permission.hidden));
        let destination = Box::new(Destination { name: destination, room: there, others });
        self.control(room, 0, |answer| Control::MoveParticipant { identity, destination, answer }).await
    }

    /// Changes what is said about the room.
    ///
    /// # Errors
    /// See [`ControlError`].
    pub async fn update_room_metadata(&self, room: &RoomName, metadata: String) -> Result<proto::Room, ControlError> {
        let bytes = metadata.len();
        self.control(room, bytes, |answer| Control::UpdateRoomMetadata { metadata, answer }).await
    }

    /// Calls a method of somebody's client, and waits for what it returns: ten seconds unless the request says otherwise, a
    /// minute at most.
    ///
    /// # Errors
    /// See [`ControlError`].
    pub async fn perform_rpc(
        &self,
        room: &RoomName,
        request: proto::PerformRpcRequest,
    ) -> Result<String, ControlError> {
        let (bytes, request) = (request.encoded_len(), Box::new(request));
        // The room keeps the time; this is for a room that does not.
        let patience = LONGEST_RPC + PATIENCE;
        self.control_patiently(patience, room, bytes, |answer| Control::PerformRpc { request, answer }).await
    }

    async fn control<T>(
        &self,
        room: &RoomName,
        bytes: usize,
        ask: impl FnOnce(Answer<T>) -> Control,
    ) -> Result<T, ControlError> {
        self.control_patiently(PATIENCE, room, bytes, ask).await
    }

    /// Asks the room, with a request of so many bytes.
    async fn control_patiently<T>(
        &self,
        patience: Duration,
        room: &RoomName,
        bytes: usize,
        ask: impl FnOnce(Answer<T>) -> Control,
    ) -> Result<T, ControlError> {
        let shard = self.shard(room);
        let permit = shard.permit(bytes).await?;
        let (answer, answered) = oneshot::channel();
        shard.order(Command::Control { room: room.clone(), control: Box::new(ask(answer)) }, Some(permit))?;
        match timeout(patience, answered).await {
            Ok(Ok(result)) => result,
            Ok(Err(_)) => Err(ControlError::NoRoom),
            Err(_) => Err(ControlError::Unavailable),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_of_clients_are_cut() {
        let error = proto::RpcError { code: 101, message: "é".repeat(300), data: "x".to_owned() };
        let error = RpcError::of_client(&error);
        assert_eq!(error.to_string(), format!("RpcError 101: {}: x", "é".repeat(128)));
        assert_eq!(RpcError::response_timeout().to_string(), "RpcError 1502: Response timeout");
    }
}
