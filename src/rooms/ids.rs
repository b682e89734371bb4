//! The ids that clients see: LiveKit's prefixes (clients look at them), then twelve random characters.

use livekit_protocol::{TrackSource, TrackType};

use crate::domain::ids::{self, id};

/// A published track's: the two letters after LiveKit's prefix say what it is.
pub(super) fn track_sid(kind: TrackType, source: TrackSource) -> String {
    let kind = match kind {
        TrackType::Audio => 'A',
        TrackType::Video => 'V',
        TrackType::Data => 'D',
    };
    let source = match source {
        TrackSource::Camera => "C",
        TrackSource::Microphone => "M",
        TrackSource::ScreenShare => "S",
        TrackSource::ScreenShareAudio => "s",
        TrackSource::Unknown => "",
    };
    ids::random(&format!("TR_{kind}{source}"))
}

id! {
    /// One stay of somebody in a room: another after each full reconnect.
    ParticipantSid, "PA_"
}
id! {
    /// A call to a client's method.
    RpcId, "RPC_"
}
id! {
    /// This server, from its start on.
    NodeId, "ND_"
}
id! {
    /// One life of a room: another each time that it is opened.
    RoomSid, "RM_"
}
