//! The ids that clients see: LiveKit's prefixes (clients look at them), then twelve random characters.

use crate::domain::ids::id;

id! {
    /// One stay of somebody in a room: another after each full reconnect.
    ParticipantSid, "PA_"
}
id! {
    /// A published track.
    TrackSid, "TR_"
}
id! {
    /// One life of a room: another each time that it is opened.
    RoomSid, "RM_"
}
