//! Conversations: the engines of a box, and what is done with them. Pages, API and command line call the services here;
//! [`desk`] serves the calls in rooms.

mod actor;
mod answer;
pub mod converse;
pub mod desk;
mod facts;
mod guess;
mod listen;
mod profiles;
pub mod readiness;
pub mod transcribe;

pub use answer::{Answer, AnswerTimings, Brief};
pub use facts::{Facts, TooLong};

use std::sync::Arc;

use tokio::sync::watch;

use crate::speech::{
    SpeechError,
    engines::{EngineError, Engines},
};

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

/// A transcript that ends without saying so is not whole.
fn no_final_transcript() -> SpeechError {
    SpeechError::Failed { engine: "speech recognition", reason: "its transcript broke off".to_owned() }
}
