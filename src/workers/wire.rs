//! What workers and the server say to each other, on the wire: protobuf in binary frames, or its JSON in text frames, as
//! livekit-server takes both. Sizes, and the lengths of lists, are bounded before anything is decoded.

use livekit_protocol::{self as proto, worker_message::Message};
use prost::Message as _;

use crate::rooms::{bounds, signal};

/// Largest message from a worker, in bytes; livekit-server's limit.
pub const MAX_MESSAGE: usize = signal::MAX_MESSAGE;
/// Largest one as JSON, where a list's element takes three bytes and hundreds in memory.
const MAX_TEXT: usize = 64 * 1024;

/// Why a worker's words are not understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WireError {
    /// It cannot be decoded.
    #[error("not a worker's message")]
    Malformed,
    /// It is too long, or holds too much.
    #[error("the message is too large")]
    TooLarge,
}

impl From<bounds::Refused> for WireError {
    fn from(refused: bounds::Refused) -> Self {
        match refused {
            bounds::Refused::TooMany => Self::TooLarge,
            bounds::Refused::Malformed => Self::Malformed,
        }
    }
}

/// A message in a binary frame. One that says nothing, or only what a newer version knows, is none.
///
/// # Errors
/// See [`WireError`].
pub fn read_binary(bytes: &[u8]) -> Result<Message, WireError> {
    if bytes.len() > MAX_MESSAGE {
        return Err(WireError::TooLarge);
    }
    bounds::check(bytes, &bounds::WORKER)?;
    proto::WorkerMessage::decode(bytes).ok().and_then(|message| message.message).ok_or(WireError::Malformed)
}

/// A message in a text frame: the same.
///
/// # Errors
/// See [`WireError`].
pub fn read_text(text: &str) -> Result<Message, WireError> {
    if text.len() > MAX_TEXT {
        return Err(WireError::TooLarge);
    }
    let message = serde_json::from_str::<proto::WorkerMessage>(text).ok();
    message.and_then(|message| message.message).ok_or(WireError::Malformed)
}

/// For a binary frame.
pub fn write_binary(message: &proto::ServerMessage) -> Vec<u8> {
    message.encode_to_vec()
}

/// For a text frame; `None` when an enumeration in it has a number that nobody knows.
pub fn write_text(message: &proto::ServerMessage) -> Option<String> {
    serde_json::to_string(message).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(message: Message) -> Vec<u8> {
        proto::WorkerMessage { message: Some(message) }.encode_to_vec()
    }

    #[test]
    fn both_forms_say_the_same() {
        let permissions = proto::ParticipantPermission { can_publish: true, ..Default::default() };
        let register = Message::Register(proto::RegisterWorkerRequest {
            r#type: proto::JobType::JtPublisher.into(),
            agent_name: "echo".to_owned(),
            allowed_permissions: Some(permissions),
            ..Default::default()
        });
        assert_eq!(read_binary(&bytes(register.clone())), Ok(register.clone()));
        for text in [
            r#"{"register": {"type": "JT_PUBLISHER", "agentName": "echo", "allowedPermissions": {"canPublish": true}}}"#,
            r#"{"register": {"type": 1, "agent_name": "echo", "allowed_permissions": {"can_publish": true}}, "new": 1}"#,
        ] {
            assert_eq!(read_text(text), Ok(register.clone()), "{text}");
        }
        let pong = proto::WorkerPong { last_timestamp: 1, timestamp: 2 };
        let pong = proto::ServerMessage { message: Some(proto::server_message::Message::Pong(pong)) };
        assert_eq!(proto::ServerMessage::decode(write_binary(&pong).as_slice()), Ok(pong.clone()));
        assert_eq!(serde_json::from_str::<proto::ServerMessage>(&write_text(&pong).unwrap()).unwrap(), pong);
    }

    #[test]
    fn garbage_is_no_message() {
        assert_eq!(read_binary(&[0xff; 3]), Err(WireError::Malformed));
        assert_eq!(read_binary(&[]), Err(WireError::Malformed), "livekit-server takes an empty message for none");
        for text in ["", "{", "{}", "[]", r#"{"register": 1}"#, r#"{"ping": {"timestamp": "x"}}"#] {
            assert_eq!(read_text(text), Err(WireError::Malformed), "{text}");
        }
    }

    #[test]
    fn nothing_large_is_decoded() {
        assert_eq!(read_binary(&vec![0; MAX_MESSAGE + 1]), Err(WireError::TooLarge));
        assert_eq!(read_text(&" ".repeat(MAX_TEXT + 1)), Err(WireError::TooLarge));
        let texts = || vec![String::new(); bounds::MOST_FIELDS + 1];
        let pairs = || (0..=bounds::MOST_FIELDS).map(|nth| (nth.to_string(), String::new())).collect();
        let tracks = vec![proto::TrackInfo::default(); bounds::MOST_FIELDS + 1];
        let codecs = vec![proto::Codec::default(); bounds::MOST_FIELDS + 1];
        for long in [
            Message::MigrateJob(proto::MigrateJobRequest { job_ids: texts() }),
            Message::Availability(proto::AvailabilityResponse {
                participant_attributes: pairs(),
                ..Default::default()
            }),
            Message::SimulateJob(proto::SimulateJobRequest {
                participant: Some(proto::ParticipantInfo { tracks, ..Default::default() }),
                ..Default::default()
            }),
            Message::SimulateJob(proto::SimulateJobRequest {
                room: Some(proto::Room { enabled_codecs: codecs, ..Default::default() }),
                ..Default::default()
            }),
        ] {
            assert_eq!(read_binary(&bytes(long)), Err(WireError::TooLarge));
        }
    }
}
