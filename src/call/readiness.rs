//! Whether a call could be served now. Whoever loads the engines says so; pages, API and admission listen.

use std::sync::mpsc;

use tokio::sync::watch;

use crate::speech::engines::Engines;
pub use crate::speech::engines::{EngineInfo, EngineKind, Missing};

/// What the box can do at the moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Readiness {
    /// Engines are being loaded and warmed.
    Starting {
        /// So many steps are done …
        done: usize,
        /// … of so many.
        total: usize,
        /// What is being done now: `loading whisper`.
        what: String,
    },
    /// A call can be served.
    Healthy {
        /// What will serve it.
        engines: Vec<EngineInfo>,
    },
    /// Something is missing: calls cannot be served, or not as well as they could be.
    Degraded {
        /// What is missing; not empty.
        missing: Vec<Missing>,
        /// What is there all the same.
        engines: Vec<EngineInfo>,
    },
}

impl Readiness {
    /// What the box can do with the engines that were loaded.
    pub fn of(engines: &Engines) -> Self {
        let (missing, engines) = (engines.missing().to_vec(), engines.infos().to_vec());
        if missing.is_empty() { Self::Healthy { engines } } else { Self::Degraded { missing, engines } }
    }
}

/// Asks whoever loads the engines to look again at what is installed. Clones ask the same one.
#[derive(Clone, Debug)]
pub struct Reload(mpsc::SyncSender<()>);

impl Reload {
    /// A way to somebody who loads engines.
    pub fn channel() -> (Self, mpsc::Receiver<()>) {
        let (ask, asked) = mpsc::sync_channel(1);
        (Self(ask), asked)
    }

    /// They are loaded soon; calls that have begun keep what they began with. Does not wait.
    pub fn ask(&self) {
        // Somebody else has asked already, or the server stops.
        let _ = self.0.try_send(());
    }
}

/// Tells of readiness.
pub type ReadinessSender = watch::Sender<Readiness>;
/// Hears of readiness.
pub type ReadinessReceiver = watch::Receiver<Readiness>;

/// A way from whoever loads the engines to whoever must know, beginning with nothing loaded.
pub fn channel() -> (ReadinessSender, ReadinessReceiver) {
    watch::channel(Readiness::Starting { done: 0, total: 1, what: "starting".to_owned() })
}
