//! What a token allows beside joining: LiveKit's server API.

/// What the holder of a token may do with the server API (`video` grants; what is absent is not allowed). They stand in a
/// participant's token too, and a refreshed one keeps them, as livekit-server's does.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ApiGrants {
    /// Open and close rooms.
    pub room_create: bool,
    /// See which rooms there are.
    pub room_list: bool,
    /// Record rooms; nothing here does.
    pub room_record: bool,
    /// Act on the room and those in it.
    pub room_admin: bool,
    /// Where participants of the room may be moved; may be empty.
    pub destination_room: String,
}

/// A checked token of the server API.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiClaims {
    /// What it allows.
    pub grants: ApiGrants,
    /// The room that [`room_admin`](ApiGrants::room_admin) is about; may be empty.
    pub room: String,
    /// Whether its holder may register as an agent's worker.
    pub agent: bool,
}

impl ApiClaims {
    /// Whether they may act on `room`.
    pub fn administers(&self, room: &str) -> bool {
        self.grants.room_admin && self.room == room
    }

    /// Whether they may move participants from `room` to `destination`.
    pub fn moves(&self, room: &str, destination: &str) -> bool {
        self.administers(room) && self.grants.destination_room == destination
    }
}
