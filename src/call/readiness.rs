//! Whether a call could be served now. Whoever loads the engines says so; pages, API and admission listen.

use serde::Serialize;
use tokio::sync::watch;

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
    /// No call can be served until what is missing is there.
    Degraded {
        /// What is missing; not empty.
        missing: Vec<Missing>,
        /// What is there all the same.
        engines: Vec<EngineInfo>,
    },
}

/// What an engine is for. The names are those of the model manifest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum EngineKind {
    /// Hears: speech to text.
    Stt,
    /// Thinks: a language model.
    Llm,
    /// Speaks: text to speech.
    Tts,
    /// Tells speech from silence.
    Vad,
    /// Tells whether a caller has finished.
    Turn,
}

impl EngineKind {
    /// All of them, in the order in which a call needs them.
    pub const ALL: [Self; 5] = [Self::Vad, Self::Stt, Self::Turn, Self::Llm, Self::Tts];
}

/// An engine that is ready.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct EngineInfo {
    /// What it is for.
    pub kind: EngineKind,
    /// Which model or voice it runs, by its id.
    pub name: String,
}

/// Something without which no call can be served.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Missing {
    /// What it is for.
    pub kind: EngineKind,
    /// What is missing, in words: `no speech recognition model is installed`.
    pub what: String,
    /// The command that brings it.
    pub how: String,
}

/// Tells of readiness.
pub type ReadinessSender = watch::Sender<Readiness>;
/// Hears of readiness.
pub type ReadinessReceiver = watch::Receiver<Readiness>;

/// A way from whoever loads the engines to whoever must know, beginning with nothing loaded.
pub fn channel() -> (ReadinessSender, ReadinessReceiver) {
    watch::channel(Readiness::Starting { done: 0, total: 1, what: "starting".to_owned() })
}
