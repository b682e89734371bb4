//! The ids that workers and those who dispatch see: LiveKit's prefixes, then twelve random characters.

use crate::domain::ids::id;

id! {
    /// One registration of a worker: another after each reconnect.
    WorkerId, "AW_"
}
id! {
    /// Something for one agent to do in one room.
    JobId, "AJ_"
}
id! {
    /// A standing order for agents in a room.
    DispatchId, "AD_"
}
