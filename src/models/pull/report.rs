//! What came of a pull.

use serde::Serialize;

use crate::models::{Model, PullError};

/// What came of a pull, model by model.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Report {
    /// In the order asked for.
    pub models: Vec<ModelReport>,
}

/// What came of one model.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ModelReport {
    /// The model's id.
    pub id: String,
    /// What came of it.
    #[serde(flatten)]
    pub outcome: Outcome,
}

/// What came of one model.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "outcome", rename_all = "lowercase")]
pub enum Outcome {
    /// It was there and sound.
    Present,
    /// It was fetched, in whole or in part.
    Pulled,
    /// It could not be had.
    Failed {
        /// What was tried.
        attempts: Vec<Attempt>,
    },
}

/// A source that did not give a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Attempt {
    /// The file's name.
    pub file: String,
    /// The source; none when none was asked.
    pub source: Option<String>,
    /// Why, in a few words.
    pub why: String,
}

impl Report {
    pub(super) fn new(
        models: &[&Model],
        fetched: impl Fn(&str) -> bool,
        mut failed: impl FnMut(&str) -> Option<Vec<Attempt>>,
    ) -> Self {
        let outcome = |model: &Model| {
            let attempts: Vec<_> = model.files.iter().filter_map(|file| failed(&file.name)).flatten().collect();
            match attempts.is_empty() {
                false => Outcome::Failed { attempts },
                true if model.files.iter().any(|file| fetched(&file.name)) => Outcome::Pulled,
                true => Outcome::Present,
            }
        };
        let mut outcome = outcome;
        Self {
            models: models.iter().map(|model| ModelReport { id: model.id.clone(), outcome: outcome(model) }).collect(),
        }
    }

    /// # Errors
    /// [`PullError::Incomplete`] when a model could not be had.
    pub fn check(&self) -> Result<(), PullError> {
        let mut models = Vec::new();
        let mut reasons = Vec::new();
        for model in &self.models {
            if let Outcome::Failed { attempts } = &model.outcome {
                models.push(model.id.clone());
                reasons.extend(attempts.iter().map(ToString::to_string));
            }
        }
        match reasons.into_iter().next() {
            Some(why) => Err(PullError::Incomplete { models, why }),
            None => Ok(()),
        }
    }
}

impl std::fmt::Display for Attempt {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.source {
            Some(source) => write!(f, "{} from {source}: {}", self.file, self.why),
            None => write!(f, "{}: {}", self.file, self.why),
        }
    }
}
