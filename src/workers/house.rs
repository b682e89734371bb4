//! What the rest of the program does for workers and those who dispatch; in tests somebody who only notes it.

use std::future::Future;

use crate::domain::{Identity, RoomName};

/// See the module.
pub trait House: Send + Sync + 'static {
    /// Opens a room, if it is not open; whether it is then.
    fn open(&self, room: RoomName) -> impl Future<Output = bool> + Send;

    /// Sends the agent of this box into a room. Gives as whom it joins, or why it does not, in words for whoever asked.
    fn send_own(&self, room: RoomName, metadata: String) -> impl Future<Output = Result<Identity, String>> + Send;

    /// Shows a participant the door.
    fn remove(&self, room: RoomName, identity: Identity) -> impl Future<Output = ()> + Send;
}
