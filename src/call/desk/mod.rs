//! PLACEHOLDER: what the API needs of the desk, to be replaced by the desk itself.

use crate::domain::{Language, Pii, RoomName};

/// An agent that is asked for.
#[derive(Clone, Debug)]
pub struct Dispatch {
    /// Where to.
    pub room: RoomName,
    /// Who answers; the rule's unless given.
    pub profile: Option<String>,
    /// What is spoken; the profile's unless given.
    pub language: Option<Language>,
    /// Who calls.
    pub user_name: Option<Pii<String>>,
    /// About the caller, masked.
    pub metadata: String,
}

/// The answer.
#[derive(Clone, Debug)]
pub struct Dispatched {
    /// `job-` and 8 hexadecimal digits.
    pub job_id: String,
    /// A rule sends an agent there anyway.
    pub joins_by_itself: bool,
}

/// Why no agent is sent.
#[derive(Clone, Debug, thiserror::Error)]
pub enum DispatchError {
    /// The desk stops.
    #[error("the desk does not answer: try again in a moment")]
    Unavailable,
}

/// Sends agents into rooms.
#[derive(Clone, Debug)]
pub struct Desk;

impl Desk {
    /// Sends an agent.
    ///
    /// # Errors
    /// See [`DispatchError`].
    pub async fn dispatch(&self, _wanted: Dispatch) -> Result<Dispatched, DispatchError> {
        Ok(Dispatched { job_id: format!("job-{:08x}", rand::random::<u32>()), joins_by_itself: true })
    }
}
