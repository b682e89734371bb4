//! Conversations: the engines of a box, and what is done with them. Pages, API and command line call the services here;
//! [`desk`] serves the calls in rooms.

mod actor;
mod answer;
pub mod bookings;
pub mod converse;
pub mod desk;
mod directions;
mod facts;
mod guess;
pub mod handover;
mod listen;
mod live;
pub mod meaning;
mod profiles;
pub mod readiness;
pub mod rehearsal;
mod sense;
mod tool;
pub mod transcribe;
pub mod written;

pub use answer::{Answer, AnswerTimings, Brief, Guarded, guarded};
pub use facts::{Facts, TooLong};
pub use live::{AskError, Following, Scene, SceneLine};

use std::sync::Arc;

use tokio::sync::watch;

pub use crate::audio::line::AgentState;
pub use crate::speech::SpeechError;
use crate::speech::engines::{EngineError, Engines};

/// Tells of the engines once they are loaded; closed before that when they cannot be.
pub type EnginesReceiver = watch::Receiver<Option<Arc<Engines>>>;

/// Why a service gave no result.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// An engine that is needed is not there.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// An engine failed, or refused what it was asked.
    #[error(transparent)]
    Speech(#[from] SpeechError),
    /// There is nothing to answer.
    #[error("nobody speaks in this recording: record again, closer to the microphone")]
    NobodySpoke,
    /// Somebody wanted it to end.
    #[error("interrupted")]
    Interrupted,
}

/// Why there are no engines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotReady {
    /// They are being loaded.
    #[error("the server is still getting ready: try again in a moment")]
    Starting,
    /// They could not be loaded.
    #[error("the engines could not be loaded: the log says why")]
    Failed,
}

/// The engines, if they are there already.
fn ready(engines: &EnginesReceiver) -> Result<Arc<Engines>, NotReady> {
    let is_decided = engines.has_changed().is_err();
    let why = if is_decided { NotReady::Failed } else { NotReady::Starting };
    engines.borrow().clone().ok_or(why)
}

/// A transcript that ends without saying so is not whole.
fn no_final_transcript() -> SpeechError {
    SpeechError::Failed { engine: "speech recognition", reason: "its transcript broke off".to_owned() }
}
