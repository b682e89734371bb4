//! What a back end says by the server API, as far as it comes to a room: `web::twirp` checks it, `rooms::control` hands it on.

use callstead::rooms::room::{Answer, Control, Destination};
use livekit_protocol as proto;
use prost::Message;
use tokio::sync::oneshot;

/// Longest request, in bytes: `web::twirp`'s limit.
const MOST_BYTES: usize = 1024 * 1024;
/// In a request it stands for the stranger's track, whose name nobody can foresee.
pub(crate) const TRACK: &str = "*";

/// A request, and whether it has been answered.
pub(crate) struct Asked {
    pub(crate) control: Control,
    pub(crate) has_answer: Box<dyn FnOnce() -> bool>,
}

impl Asked {
    /// What an input asks for: its first byte says which method, the rest is the request in protobuf. `None`: it does not come to
    /// a room.
    pub(crate) fn read(bytes: &[u8], track_sid: &str) -> Option<Self> {
        let (method, body) = bytes.split_first()?;
        if body.len() > MOST_BYTES {
            return None;
        }
        let meant = |sid: String| if sid == TRACK { track_sid.to_owned() } else { sid };
        let asked = match method % 11 {
            0 => {
                decode::<proto::ListParticipantsRequest>(body)?;
                Self::new(|answer| Control::ListParticipants { answer })
            }
            1 => {
                let identity = decode::<proto::RoomParticipantIdentity>(body)?.identity;
                Self::new(|answer| Control::GetParticipant { identity, answer })
            }
            2 => {
                let identity = decode::<proto::RoomParticipantIdentity>(body)?.identity;
                Self::new(|answer| Control::RemoveParticipant { identity, answer })
            }
            3 => {
                let request = Box::new(decode(body)?);
                Self::new(|answer| Control::UpdateParticipant { request, answer })
            }
            4 => {
                let request: proto::MuteRoomTrackRequest = decode(body)?;
                let track_sid = meant(request.track_sid);
                let request = Box::new(proto::MuteRoomTrackRequest { track_sid, ..request });
                Self::new(|answer| Control::MutePublishedTrack { request, answer })
            }
            5 => {
                let request: proto::UpdateSubscriptionsRequest = decode(body)?;
                let track_sids = request.track_sids.into_iter().map(meant).collect();
                let request = Box::new(proto::UpdateSubscriptionsRequest { track_sids, ..request });
                Self::new(|answer| Control::UpdateSubscriptions { request, answer })
            }
            6 => {
                let request: proto::SendDataRequest = decode(body)?;
                if !matches!(request.nonce.len(), 0 | 16) {
                    return None;
                }
                let request = Box::new(request);
                Self::new(|answer| Control::SendData { request, answer })
            }
            7 => {
                let metadata = decode::<proto::UpdateRoomMetadataRequest>(body)?.metadata;
                Self::new(|answer| Control::UpdateRoomMetadata { metadata, answer })
            }
            8 => {
                let request: proto::PerformRpcRequest = decode(body)?;
                if request.destination_identity.is_empty() {
                    return None;
                }
                let request = Box::new(request);
                Self::new(|answer| Control::PerformRpc { request, answer })
            }
            9 => {
                let request: proto::MoveParticipantRequest = decode(body)?;
                if request.destination_room == request.room {
                    return None;
                }
                let name = request.destination_room.parse().ok()?;
                let room = proto::Room { name: request.destination_room, ..Default::default() };
                let destination = Box::new(Destination { name, room, others: Vec::new() });
                Self::new(|answer| Control::MoveParticipant { identity: request.identity, destination, answer })
            }
            _ => {
                decode::<proto::DeleteRoomRequest>(body)?;
                Self::new(|answer| Control::DeleteRoom { answer })
            }
        };
        Some(asked)
    }

    fn new<T: 'static>(control: impl FnOnce(Answer<T>) -> Control) -> Self {
        let (answer, mut answered) = oneshot::channel();
        Self { control: control(answer), has_answer: Box::new(move || answered.try_recv().is_ok()) }
    }

    /// Whether somebody of this name is to go.
    pub(crate) fn sends_away(&self, who: &str) -> bool {
        match &self.control {
            Control::DeleteRoom { .. } => true,
            Control::RemoveParticipant { identity, .. } | Control::MoveParticipant { identity, .. } => identity == who,
            _ => false,
        }
    }
}

fn decode<T: Message + Default>(body: &[u8]) -> Option<T> {
    T::decode(body).ok()
}
