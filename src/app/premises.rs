//! What workers and those who dispatch get done by the rest: rooms open, participants leave, and the agent of this box is sent by its
//! desk, as if it were a worker's.

use livekit_protocol as proto;

use crate::{
    call::{
        Facts,
        desk::{Desk, Dispatch},
    },
    domain::{Identity, RoomName},
    rooms::Rooms,
    workers::House,
};

/// See the module.
#[derive(Debug)]
pub(super) struct Premises {
    pub(super) rooms: Rooms,
    pub(super) desk: Desk,
}

impl House for Premises {
    async fn open(&self, room: RoomName) -> bool {
        self.rooms.create_room(&room, proto::CreateRoomRequest::default()).await.is_ok()
    }

    /// A dispatch's metadata is what the agent shall know of its caller.
    async fn send_own(&self, room: RoomName, metadata: String) -> Result<Identity, String> {
        let facts = Facts::parse(&metadata).map_err(|error| format!("metadata {error}"))?;
        let dispatched = self.desk.dispatch(Dispatch { facts, ..Dispatch::to(room) }).await;
        Ok(dispatched.map_err(|error| error.to_string())?.identity())
    }

    async fn remove(&self, room: RoomName, identity: Identity) {
        // Who is not there has left already.
        self.rooms.remove(&room, &identity).await;
    }
}
