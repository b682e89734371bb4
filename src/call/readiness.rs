//! Whether a call could be served now. Whoever loads the engines says so; pages, API and admission listen.

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

/// Tells of readiness.
pub type ReadinessSender = watch::Sender<Readiness>;
/// Hears of readiness.
pub type ReadinessReceiver = watch::Receiver<Readiness>;

/// A way from whoever loads the engines to whoever must know, beginning with nothing loaded.
pub fn channel() -> (ReadinessSender, ReadinessReceiver) {
    watch::channel(Readiness::Starting { done: 0, total: 1, what: "starting".to_owned() })
}
