//! The language model that is asked about the answers that the readers have nothing for, and how long it takes.
//!
//! The starter model by default; that of `CALLSTEAD_TEST_LLM`, a GGUF file, instead if it is set (docs/understanding.md).

use std::{
    env,
    num::{NonZeroU32, NonZeroUsize},
    path::PathBuf,
    time::{Duration, Instant},
};

use callstead::{
    call::meaning::PATIENCE,
    models::{Manifest, Understanding},
    speech::{
        local::llama::{Llama, Settings},
        scheduler::Scheduler,
    },
};

use crate::sets::{Answer, Set};

const STARTER: &str = "SmolLM2-135M-Instruct.Q4_1.gguf";
/// Of all answers the report asks about every so many, unless `CALLSTEAD_TEST_EVERY` says otherwise.
const EVERY: usize = 4;

/// A model to be measured.
pub(crate) struct Model {
    pub(crate) llama: Llama,
    /// Its file's name.
    pub(crate) name: String,
    /// How it is asked today.
    pub(crate) understanding: Understanding,
}

impl Model {
    /// With so many threads, or as many as there are cores.
    ///
    /// # Panics
    ///
    /// Where there is no such model.
    pub(crate) fn load(threads: Option<NonZeroUsize>) -> Self {
        let starter = || {
            let folder = env::var_os("CALLSTEAD_TEST_MODELS_DIR");
            let usual = || [env!("CARGO_MANIFEST_DIR"), "target", "models"].iter().collect();
            folder.map_or_else(usual, PathBuf::from).join(STARTER)
        };
        let path = env::var_os("CALLSTEAD_TEST_LLM").map_or_else(starter, PathBuf::from);
        let settings = Settings { context_tokens: NonZeroU32::new(2048).expect("not 0"), threads };
        let llama = Llama::load(&path, settings, &Scheduler::for_this_machine(None));
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let known = Manifest::embedded().models.iter().find(|model| model.files.iter().any(|file| file.name == name));
        let understanding = known.map(callstead::models::Model::understanding).unwrap_or_default();
        Self { llama: llama.unwrap_or_else(|error| panic!("{error}")), name, understanding }
    }
}

/// Every so many answers the report asks about.
pub(crate) fn every() -> usize {
    let every = env::var("CALLSTEAD_TEST_EVERY").ok();
    every.map_or(EVERY, |every| every.parse().expect("CALLSTEAD_TEST_EVERY is a number")).max(1)
}

/// Every `step`th of the answers that the readers have nothing for.
pub(crate) fn unclear(set: &Set, step: usize) -> impl Iterator<Item = &Answer> {
    set.answers.iter().filter(|answer| set.understand(answer).is_none()).step_by(step)
}

/// How long questions took.
#[derive(Default)]
pub(crate) struct Waits(Vec<Duration>);

impl Waits {
    pub(crate) fn measure<T>(&mut self, work: impl FnOnce() -> T) -> T {
        let began = Instant::now();
        let result = work();
        self.0.push(began.elapsed());
        result
    }

    /// In one line.
    pub(crate) fn report(mut self) -> String {
        self.0.sort_unstable();
        let at = |part: usize| self.0.get(self.0.len() * part / 100).map_or(0, Duration::as_millis);
        let late = self.0.iter().filter(|wait| **wait > PATIENCE).count();
        format!(
            "{} questions; a caller would have waited {} ms (median), {} ms (95 %); {late} took longer than {} s",
            self.0.len(),
            at(50),
            at(95),
            PATIENCE.as_secs(),
        )
    }
}
