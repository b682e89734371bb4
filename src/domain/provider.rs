//! Who does a step of a turn: an engine of this box, or a service elsewhere.

use std::{fmt, sync::Arc};

use serde::{Serialize, Serializer};

/// An engine or a service, and the model or voice that it runs. As text: `local/whisper:starter-stt`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Provider {
    /// `local/whisper`, `local/llama`, `local/piper`, `local/espeak`, …
    pub name: Arc<str>,
    /// The model or voice, by its id.
    pub model: Option<Arc<str>>,
}

impl Provider {
    /// An engine of this box.
    pub fn local(engine: &str, model: &str) -> Self {
        Self { name: format!("local/{engine}").into(), model: Some(model.into()) }
    }
}

impl fmt::Display for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.model {
            Some(model) => write!(f, "{}:{model}", self.name),
            None => f.write_str(&self.name),
        }
    }
}

impl Serialize for Provider {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_provider_is_named_with_its_model() {
        let local = Provider::local("piper", "en-amy");
        let service = Provider { name: "elsewhere".into(), model: None };
        assert_eq!((local.to_string(), service.to_string()), ("local/piper:en-amy".to_owned(), "elsewhere".to_owned()));
    }
}
