//! `livekit.RoomService`: each method asks for its grant as livekit-server does, and hands the request to the rooms.

use livekit_protocol as proto;

use super::{Call, Reply, TwirpError, error::Code};
use crate::{
    domain::{BadName, RoomName},
    rooms::{ControlError, Rooms},
};

type Answer = Result<Reply, TwirpError>;

/// Answers a request; `None`: there is no such method.
pub(super) async fn serve(call: &Call, method: &str) -> Result<Option<Reply>, TwirpError> {
    let reply = match method {
        "CreateRoom" => create_room(call).await,
        "ListRooms" => list_rooms(call).await,
        "DeleteRoom" => delete_room(call).await,
        "ListParticipants" => list_participants(call).await,
        "GetParticipant" => get_participant(call).await,
        "RemoveParticipant" => remove_participant(call).await,
        "MutePublishedTrack" => mute_published_track(call).await,
        "UpdateParticipant" => update_participant(call).await,
        "UpdateSubscriptions" => update_subscriptions(call).await,
        "SendData" => send_data(call).await,
        "UpdateRoomMetadata" => update_room_metadata(call).await,
        "PerformRpc" => perform_rpc(call).await,
        "MoveParticipant" => move_participant(call).await,
        "ForwardParticipant" => forward_participant(call),
        _ => return Ok(None),
    };
    reply.map(Some)
}

async fn create_room(call: &Call) -> Answer {
    call.may(|claims| claims.grants.room_create)?;
    let request: proto::CreateRoomRequest = call.read()?;
    let name: RoomName = request.name.parse().map_err(|problem| {
        let told = match problem {
            BadName::TooLong => "room name length exceeds limits".to_owned(),
            _ => format!("the room's name {problem}"),
        };
        TwirpError::new(Code::InvalidArgument, told)
    })?;
    call.reply(&rooms(call).create_room(&name, request).await?)
}

async fn list_rooms(call: &Call) -> Answer {
    call.may(|claims| claims.grants.room_list)?;
    let request: proto::ListRoomsRequest = call.read()?;
    call.reply(&proto::ListRoomsResponse { rooms: rooms(call).list_rooms(&request.names).await? })
}

async fn delete_room(call: &Call) -> Answer {
    call.may(|claims| claims.grants.room_create)?;
    let request: proto::DeleteRoomRequest = call.read()?;
    rooms(call).delete_room(&named(&request.room)?).await?;
    call.reply(&proto::DeleteRoomResponse {})
}

async fn list_participants(call: &Call) -> Answer {
    let request: proto::ListParticipantsRequest = call.read()?;
    let room = administered(call, &request.room)?;
    let participants = match rooms(call).list_participants(&room).await {
        // Nobody is there.
        Err(ControlError::NoRoom) => Vec::new(),
        listed => listed?,
    };
    call.reply(&proto::ListParticipantsResponse { participants })
}

async fn get_participant(call: &Call) -> Answer {
    let request: proto::RoomParticipantIdentity = call.read()?;
    let room = administered(call, &request.room)?;
    call.reply(&rooms(call).get_participant(&room, request.identity).await.map_err(nobody)?)
}

async fn remove_participant(call: &Call) -> Answer {
    let request: proto::RoomParticipantIdentity = call.read()?;
    let room = administered(call, &request.room)?;
    rooms(call).remove_participant(&room, request.identity).await.map_err(nobody)?;
    call.reply(&proto::RemoveParticipantResponse {})
}

async fn mute_published_track(call: &Call) -> Answer {
    let request: proto::MuteRoomTrackRequest = call.read()?;
    let room = administered(call, &request.room)?;
    let track = rooms(call).mute_published_track(&room, request).await?;
    call.reply(&proto::MuteRoomTrackResponse { track })
}

async fn update_participant(call: &Call) -> Answer {
    let request: proto::UpdateParticipantRequest = call.read()?;
    let room = administered(call, &request.room)?;
    call.reply(&rooms(call).update_participant(&room, request).await.map_err(nobody)?)
}

async fn update_subscriptions(call: &Call) -> Answer {
    let request: proto::UpdateSubscriptionsRequest = call.read()?;
    let room = administered(call, &request.room)?;
    rooms(call).update_subscriptions(&room, request).await?;
    call.reply(&proto::UpdateSubscriptionsResponse {})
}

async fn send_data(call: &Call) -> Answer {
    let request: proto::SendDataRequest = call.read()?;
    let room = administered(call, &request.room)?;
    if !matches!(request.nonce.len(), 0 | 16) {
        let told = format!("nonce should be 16-bytes or not present, got: {} bytes", request.nonce.len());
        return Err(TwirpError::new(Code::InvalidArgument, told));
    }
    rooms(call).send_data(&room, request).await?;
    call.reply(&proto::SendDataResponse {})
}

async fn update_room_metadata(call: &Call) -> Answer {
    let request: proto::UpdateRoomMetadataRequest = call.read()?;
    let room = administered(call, &request.room)?;
    call.reply(&rooms(call).update_room_metadata(&room, request.metadata).await?)
}

async fn perform_rpc(call: &Call) -> Answer {
    let request: proto::PerformRpcRequest = call.read()?;
    let room = administered(call, &request.room)?;
    if request.destination_identity.is_empty() {
        return Err(TwirpError::new(Code::InvalidArgument, "destination identity is required"));
    }
    let payload = rooms(call).perform_rpc(&room, request).await?;
    call.reply(&proto::PerformRpcResponse { payload })
}

async fn move_participant(call: &Call) -> Answer {
    let request: proto::MoveParticipantRequest = call.read()?;
    call.may(|claims| claims.moves(&request.room, &request.destination_room))?;
    let destination = elsewhere(&request.room, &request.destination_room)?;
    rooms(call).move_participant(&named(&request.room)?, request.identity, destination).await?;
    call.reply(&proto::MoveParticipantResponse {})
}

/// Not there, as in the open-source livekit-server.
fn forward_participant(call: &Call) -> Answer {
    let request: proto::ForwardParticipantRequest = call.read()?;
    call.may(|claims| claims.moves(&request.room, &request.destination_room))?;
    elsewhere(&request.room, &request.destination_room)?;
    Err(TwirpError::new(Code::Unimplemented, "not implemented"))
}

fn elsewhere(room: &str, destination: &str) -> Result<RoomName, TwirpError> {
    if room == destination {
        return Err(TwirpError::new(Code::InvalidArgument, "destination room cannot be the same as source room"));
    }
    let is_none = |problem| TwirpError::new(Code::InvalidArgument, format!("the destination room's name {problem}"));
    destination.parse().map_err(is_none)
}

fn rooms(call: &Call) -> &Rooms {
    &call.state.rooms
}

/// The room that the token is about, if it is this one.
fn administered(call: &Call, room: &str) -> Result<RoomName, TwirpError> {
    call.may(|claims| claims.administers(room))?;
    named(room)
}

/// Who is in a room that is not there is not there either.
fn nobody(error: ControlError) -> ControlError {
    if error == ControlError::NoRoom { ControlError::NoParticipant } else { error }
}

/// No room has a name that is none.
fn named(room: &str) -> Result<RoomName, TwirpError> {
    room.parse().map_err(|_| ControlError::NoRoom.into())
}
