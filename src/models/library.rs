//! The models folder: what is there, whether it is sound, which model a job gets.

use std::{
    cmp::Reverse,
    fmt, fs, io,
    path::{Path, PathBuf},
};

use serde::Serialize;

use super::{
    Digest, Kind, Manifest, Model, ModelError, ModelFile, PullError, UnknownModel,
    checked::{self, Checked},
    error::in_words,
    pins::{FILE as PINS, Pins},
    pull::lock,
};
use crate::{
    config::{self, Config},
    domain::Language,
};

/// A models folder, seen through a manifest.
#[derive(Clone, Debug)]
pub struct Library<'m> {
    dir: PathBuf,
    manifest: &'m Manifest,
    /// The data folder, when the models folder is inside it.
    data_dir: Option<PathBuf>,
    /// What stands before the words of a command that works on this folder.
    program: String,
}

/// How a model is on this machine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "state", rename_all = "lowercase")]
pub enum ModelState {
    /// Not all files are there.
    Missing,
    /// All files are there.
    Installed,
    /// All files are there, but nobody knows which digest they should have; they are what was first fetched.
    Unverified,
    /// A file is not as it should be.
    Damaged {
        /// What is wrong, in a few words.
        why: String,
    },
}

/// Bytes that are free for us on the file system of a folder, where it tells.
pub fn free_bytes(dir: &Path) -> Option<u64> {
    let stat = rustix::fs::statvfs(dir).ok()?;
    Some(stat.f_bavail.saturating_mul(stat.f_frsize))
}

/// A model that can be loaded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Installed {
    /// The model's id.
    pub id: String,
    /// Its main file.
    pub path: PathBuf,
    /// The file that goes with it: a Piper voice's JSON.
    pub config: Option<PathBuf>,
}

impl Library<'static> {
    /// The one of this box. The folder need not exist.
    pub fn of(config: &Config) -> Self {
        // The words come last in a command.
        let program = config.command("").trim_end().to_owned();
        let paths = &config.paths;
        let data_dir = Some(&paths.data_dir).filter(|dir| paths.models_dir.starts_with(dir)).cloned();
        Self { data_dir, program, ..Self::new(&paths.models_dir, Manifest::embedded()) }
    }
}

impl<'m> Library<'m> {
    /// Any folder, through any manifest; it need not exist.
    pub fn new(dir: impl Into<PathBuf>, manifest: &'m Manifest) -> Self {
        Self { dir: dir.into(), manifest, data_dir: None, program: "callstead".to_owned() }
    }

    /// The folder.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// What it is seen through.
    pub fn manifest(&self) -> &'m Manifest {
        self.manifest
    }

    /// The model of that id.
    ///
    /// # Errors
    /// [`ModelError::Unknown`], with the nearest id.
    pub fn model(&self, id: &str) -> Result<&'m Model, ModelError> {
        self.manifest.model(id).map_err(|unknown| self.unknown(unknown))
    }

    /// The models that ids and names of sets stand for, each once, in the order first named.
    ///
    /// # Errors
    /// [`ModelError::Unknown`], with the nearest id or set.
    pub fn resolve(&self, names: &[String]) -> Result<Vec<&'m Model>, ModelError> {
        self.manifest.resolve(names).map_err(|unknown| self.unknown(unknown))
    }

    /// The command that gets a model.
    pub fn pull_command(&self, model: &Model) -> String {
        let flag = if model.is_verifiable() { "" } else { " --allow-unverified" };
        self.command(&format!("models pull {}{flag}", model.id))
    }

    /// How a model is, as far as names and lengths tell: cheap.
    pub fn state(&self, model: &Model) -> ModelState {
        self.check(model, |_, _| Ok(()))
    }

    /// How a model is, every byte read: slow.
    pub fn verify(&self, model: &Model) -> ModelState {
        self.check(model, checked::check)
    }

    /// The model to use for a job: the one preferred, or the installed one that fits best. Without a language, models
    /// of many languages come first; then, the highest rank. Cheap, but for files that nobody has checked as they are
    /// now: copied ones, say. They are read once, every byte.
    ///
    /// # Errors
    /// When there is none, with the command that gets one; when the preferred one does not exist, fit, or work.
    pub fn find(
        &self,
        kind: Kind,
        language: Option<Language>,
        preferred: Option<&str>,
    ) -> Result<Installed, ModelError> {
        if let Some(id) = preferred {
            return self.find_by_id(id, kind, language);
        }
        let mut broken = None;
        for model in self.fitting(kind, language) {
            match self.require(model) {
                Ok(installed) => return Ok(installed),
                Err(ModelError::Missing { .. }) => {}
                Err(error) => broken = broken.or(Some(error)),
            }
        }
        let none = || ModelError::NoneInstalled { kind, language, command: self.command_for(kind, language) };
        Err(broken.unwrap_or_else(none))
    }

    /// What to pull when nothing does a job: the standard set of the language where it helps, otherwise the best model.
    /// `None` when no model there is can do it.
    pub fn remedy(&self, kind: Kind, language: Option<Language>) -> Option<String> {
        let set = format!("standard-{}", language.unwrap_or(Language::ENGLISH));
        let fitting = self.fitting(kind, language);
        let models = self.manifest.sets.get(&set).map(|set| set.models.as_slice()).unwrap_or_default();
        if fitting.iter().any(|model| models.contains(&model.id)) {
            return Some(set);
        }
        fitting.first().map(|best| best.id.clone())
    }

    /// Removes a model's files, whole or partial, and what was pinned of them. Gives the bytes freed.
    ///
    /// # Errors
    /// When another process is changing the folder, or the files cannot be removed.
    pub fn remove(&self, model: &Model) -> Result<u64, PullError> {
        if !self.dir.is_dir() {
            return Ok(0);
        }
        let _lock = lock::take(&self.dir)?;
        let mut freed = 0;
        for file in &model.files {
            freed += remove_file(&self.path(file))?;
            checked::forget(&self.path(file));
            for leftover in super::pull::partials(&self.dir, file) {
                freed += remove_file(&leftover)?;
            }
            Pins::remove(&self.dir, &file.name).map_err(|error| PullError::writing(self.dir.join(PINS), error))?;
        }
        Ok(freed)
    }

    /// Makes the folder if it is not there, and the data folder around it for its owner only.
    pub(super) fn make_dir(&self) -> Result<(), PullError> {
        let made = self.data_dir.as_deref().map_or(Ok(()), config::make_data_dir);
        made.and_then(|()| fs::create_dir_all(&self.dir)).map_err(|error| PullError::writing(&self.dir, error))
    }

    /// Where a file is or will be.
    pub(super) fn path(&self, file: &ModelFile) -> PathBuf {
        self.dir.join(&file.name)
    }

    fn find_by_id(&self, id: &str, kind: Kind, language: Option<Language>) -> Result<Installed, ModelError> {
        let model = self.model(id)?;
        if model.kind != kind {
            return Err(ModelError::WrongKind { id: model.id.clone(), is: model.kind, wanted: kind });
        }
        if let Some(language) = language.filter(|language| !model.languages.include(*language)) {
            return Err(ModelError::WrongLanguage { id: model.id.clone(), language });
        }
        self.require(model)
    }

    fn require(&self, model: &Model) -> Result<Installed, ModelError> {
        let (id, command) = (model.id.clone(), self.pull_command(model));
        match self.verify_once(model) {
            ModelState::Missing => Err(ModelError::Missing { id, command }),
            ModelState::Damaged { why } => Err(ModelError::Damaged { id, why, command }),
            ModelState::Installed | ModelState::Unverified => {
                let mut paths = model.files.iter().map(|file| self.path(file));
                let path = paths.next().expect("a checked manifest has no model without files");
                Ok(Installed { id, path, config: paths.next() })
            }
        }
    }

    /// How a model is; a file that was not checked as it is now is read, every byte.
    fn verify_once(&self, model: &Model) -> ModelState {
        let known = Checked::load(&self.dir);
        self.check(model, |path, expect| if known.holds(path, expect) { Ok(()) } else { checked::check(path, expect) })
    }

    /// Models for a job, best first.
    fn fitting(&self, kind: Kind, language: Option<Language>) -> Vec<&'m Model> {
        let fits =
            |model: &&Model| model.kind == kind && language.is_none_or(|language| model.languages.include(language));
        let mut models: Vec<_> = self.manifest.models.iter().filter(fits).collect();
        models.sort_by_key(|model| Reverse((language.is_none() && model.languages.are_many(), model.rank)));
        models
    }

    fn command_for(&self, kind: Kind, language: Option<Language>) -> String {
        match self.remedy(kind, language) {
            Some(name) => match self.manifest.model(&name) {
                Ok(model) => self.pull_command(model),
                Err(_) => self.command(&format!("models pull {name}")),
            },
            None => self.command("models list"),
        }
    }

    fn command(&self, words: &str) -> String {
        format!("{} {words}", self.program)
    }

    fn unknown(&self, unknown: UnknownModel) -> ModelError {
        ModelError::Unknown { unknown, command: self.command("models list") }
    }

    fn check(&self, model: &Model, read: impl Fn(&Path, Digest) -> Result<(), String>) -> ModelState {
        let pins = match Pins::load(&self.dir) {
            Ok(pins) => pins,
            Err(error) if !model.is_verifiable() => {
                return ModelState::Damaged { why: format!("{PINS}: {}", in_words(&error)) };
            }
            Err(_) => Pins::default(),
        };
        for file in &model.files {
            let pin = pins.get(&file.name);
            let path = self.path(file);
            let result = match look(&path) {
                Ok(None) => return ModelState::Missing,
                Ok(Some(bytes)) => right_length(bytes, file.bytes.or(pin.map(|pin| pin.bytes)))
                    .and_then(|()| file.sha256.or(pin.map(|pin| pin.sha256)).map_or(Ok(()), |it| read(&path, it))),
                Err(error) => Err(format!("cannot be read: {}", in_words(&error))),
            };
            if let Err(why) = result {
                return ModelState::Damaged { why: format!("{} {why}", file.name) };
            }
        }
        if model.is_verifiable() { ModelState::Installed } else { ModelState::Unverified }
    }
}

impl fmt::Display for ModelState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Missing => "missing",
            Self::Installed => "installed",
            Self::Unverified => "unverified",
            Self::Damaged { .. } => "damaged",
        })
    }
}

/// A file's length, if it is there and can be opened.
fn look(path: &Path) -> io::Result<Option<u64>> {
    let file = match fs::File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        other => other?,
    };
    let metadata = file.metadata()?;
    if metadata.is_file() { Ok(Some(metadata.len())) } else { Err(io::Error::other("not a file")) }
}

fn right_length(bytes: u64, expect: Option<u64>) -> Result<(), String> {
    match expect {
        Some(expect) if expect != bytes => Err(format!("has {bytes} bytes and should have {expect}")),
        _ if bytes == 0 => Err("is empty".to_owned()),
        _ => Ok(()),
    }
}

fn remove_file(path: &Path) -> Result<u64, PullError> {
    let bytes = match fs::symlink_metadata(path) {
        Ok(metadata) => metadata.len(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(0),
        Err(error) => return Err(PullError::writing(path, error)),
    };
    fs::remove_file(path).map_err(|error| PullError::writing(path, error))?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use std::fmt::Write;

    use super::*;
    use crate::models::pins::Pin;

    /// id, kind, languages, rank
    const MODELS: [(&str, &str, &str, u32); 7] = [
        ("small", "stt", r#"["en"]"#, 1),
        ("big", "stt", r#"["en"]"#, 9),
        ("many", "stt", r#""multilingual""#, 5),
        ("llm", "llm", r#""multilingual""#, 1),
        ("vad", "vad", r#""multilingual""#, 1),
        ("turn", "turn", r#""multilingual""#, 1),
        ("voice", "tts", r#"["ar"]"#, 1),
    ];

    /// Every model is a file `<id>.bin` that holds its id; the voice has a second file, and no digests.
    fn manifest() -> Manifest {
        let mut text = "[sets.standard-en]\nabout = \"\"\nmodels = [\"big\", \"llm\", \"vad\", \"turn\"]\n".to_owned();
        for (id, kind, languages, rank) in MODELS {
            write!(
                text,
                "[[models]]\nid = \"{id}\"\nkind = \"{kind}\"\nabout = \"\"\nlanguages = {languages}\nlicence = \"\"\n\
                 rank = {rank}\n"
            )
            .unwrap();
            let names = if kind == "tts" { vec!["bin", "bin.json"] } else { vec!["bin"] };
            for name in names {
                writeln!(
                    text,
                    "[[models.files]]\nname = \"{id}.{name}\"\nsources = [{{ hub = \"o/n\", path = \"p\" }}]"
                )
                .unwrap();
                if kind != "tts" {
                    writeln!(text, "bytes = {}\nsha256 = \"{}\"", id.len(), Digest::of(id.as_bytes())).unwrap();
                }
            }
        }
        Manifest::parse(&text).unwrap()
    }

    fn install(dir: &Path, ids: &[&str]) {
        for id in ids {
            fs::write(dir.join(format!("{id}.bin")), id).unwrap();
        }
    }

    #[test]
    fn the_best_that_fits_is_found() {
        let manifest = manifest();
        let (en, ar) = (Some(Language::ENGLISH), Some(Language::ARABIC));
        for (installed, language, expect) in [
            (&["small", "big", "many"][..], en, Ok("big")),
            (&["small", "many"], en, Ok("many")),
            (&["small", "big", "many"], ar, Ok("many")),
            (&["small", "big", "many"], None, Ok("many")),
            (&["small", "big"], None, Ok("big")),
            (
                &["small"],
                ar,
                Err("no speech recognition model for arabic is installed: run `callstead models pull many`"),
            ),
            (
                &[],
                en,
                Err("no speech recognition model for english is installed: run `callstead models pull standard-en`"),
            ),
        ] {
            let dir = tempfile::tempdir().unwrap();
            install(dir.path(), installed);
            let found = Library::new(dir.path(), &manifest).find(Kind::Stt, language, None);
            let found = found.map(|found| found.id).map_err(|error| error.to_string());
            assert_eq!(found, expect.map(str::to_owned).map_err(str::to_owned), "{installed:?} {language:?}");
        }
    }

    #[test]
    fn the_preferred_one_is_found_or_the_reason_said() {
        let manifest = manifest();
        let dir = tempfile::tempdir().unwrap();
        install(dir.path(), &["small", "big"]);
        let library = Library::new(dir.path(), &manifest);
        let find = |language, id| library.find(Kind::Stt, language, Some(id));
        assert_eq!(find(None, "small").unwrap().path, dir.path().join("small.bin"));
        for (language, id, expect) in [
            (None, "smal", "unknown model 'smal' (did you mean small?): see `callstead models list`"),
            (None, "many", "model many is missing: run `callstead models pull many`"),
            (None, "llm", "llm is a language model, not a speech recognition model"),
            (
                Some(Language::ARABIC),
                "big",
                "big does not know arabic: choose another model, or none to have the best one used",
            ),
        ] {
            assert_eq!(find(language, id).unwrap_err().to_string(), expect);
        }
    }

    #[test]
    fn damage_is_seen_and_mended_by_the_command_said() {
        let manifest = manifest();
        let dir = tempfile::tempdir().unwrap();
        let library = Library::new(dir.path(), &manifest);
        let model = manifest.model("small").unwrap();
        for (content, cheap, full) in [
            ("small", "installed", "installed"),
            ("smalx", "installed", "damaged"),
            ("smal", "damaged", "damaged"),
            ("", "damaged", "damaged"),
        ] {
            fs::write(dir.path().join("small.bin"), content).unwrap();
            assert_eq!(
                (library.state(model).to_string(), library.verify(model).to_string()),
                (cheap.into(), full.into())
            );
        }
        let error = library.find(Kind::Stt, None, None).unwrap_err().to_string();
        assert_eq!(
            error,
            "model small is unusable: small.bin has 0 bytes and should have 5; run `callstead models pull small`"
        );
        fs::remove_file(dir.path().join("small.bin")).unwrap();
        fs::create_dir(dir.path().join("small.bin")).unwrap();
        assert_eq!(library.state(model).to_string(), "damaged");
    }

    #[test]
    fn a_command_that_is_said_names_this_folder() {
        let mut config = Config::defaults(Path::new("/srv/desk"));
        config.paths.models_dir = "/srv/models".into();
        let library = Library::of(&config);
        for (preferred, words) in [
            (Some("whisper-base.en"), "models pull whisper-base.en"),
            (Some("whisper"), "models list"),
            (None, "models pull standard-en"),
        ] {
            let error = library.find(Kind::Stt, Some(Language::ENGLISH), preferred).unwrap_err();
            assert_eq!(error.command(), Some(&*config.command(words)));
            assert!(error.to_string().contains(&config.command(words)), "{error}");
        }
        let unverified = library.manifest().models.iter().find(|model| !model.is_verifiable()).unwrap();
        let command = config.command(&format!("models pull {} --allow-unverified", unverified.id));
        assert_eq!(library.pull_command(unverified), command);
    }

    #[test]
    fn a_file_is_read_once_before_it_is_used() {
        let manifest = manifest();
        let dir = tempfile::tempdir().unwrap();
        let library = Library::new(dir.path(), &manifest);
        let find = || library.find(Kind::Stt, None, Some("small")).map(|found| found.id).map_err(|e| e.to_string());
        // As a copy from elsewhere: no bytes are written into the file that was checked.
        let put = |content: &str| {
            fs::write(dir.path().join("new"), content).unwrap();
            fs::rename(dir.path().join("new"), dir.path().join("small.bin")).unwrap();
        };
        put("smalx");
        assert!(find().unwrap_err().contains("small.bin its digest is not the one expected"));
        put("small");
        assert_eq!(find().as_deref(), Ok("small"));
        put("smaly");
        assert!(find().is_err());
        // Were it read again, the note would not help it.
        let path = dir.path().join("small.bin");
        checked::note(&path, checked::Stamp::of(&path).unwrap(), Digest::of(b"small"));
        assert_eq!(find().as_deref(), Ok("small"));
        library.remove(manifest.model("small").unwrap()).unwrap();
        assert_eq!(Checked::load(dir.path()), Checked::default());
    }

    #[test]
    fn an_unverified_model_is_held_to_its_pin() {
        let manifest = manifest();
        let dir = tempfile::tempdir().unwrap();
        let library = Library::new(dir.path(), &manifest);
        let model = manifest.model("voice").unwrap();
        install(dir.path(), &["voice"]);
        assert_eq!(library.state(model), ModelState::Missing, "the second file is not there");
        fs::write(dir.path().join("voice.bin.json"), "{}").unwrap();
        assert_eq!(library.verify(model), ModelState::Unverified);
        Pins::add(dir.path(), "voice.bin.json", Pin { bytes: 2, sha256: Digest::of(b"[]") }).unwrap();
        assert_eq!(library.state(model), ModelState::Unverified);
        assert_eq!(library.verify(model).to_string(), "damaged");
        let find = || library.find(Kind::Tts, Some(Language::ARABIC), None);
        assert!(find().unwrap_err().to_string().contains("its digest is not the one expected"));
        Pins::add(dir.path(), "voice.bin.json", Pin { bytes: 2, sha256: Digest::of(b"{}") }).unwrap();
        let found = find().unwrap();
        assert_eq!(found.config, Some(dir.path().join("voice.bin.json")));
        assert_eq!(library.remove(model).unwrap(), 7);
        assert_eq!((library.state(model), Pins::load(dir.path()).unwrap()), (ModelState::Missing, Pins::default()));
        assert_eq!(library.remove(model).unwrap(), 0);
    }

    #[test]
    fn the_remedy_is_the_languages_set_or_the_best_model() {
        let manifest = manifest();
        let library = Library::new("nowhere", &manifest);
        assert_eq!(library.remedy(Kind::Stt, Some(Language::ENGLISH)).as_deref(), Some("standard-en"));
        assert_eq!(library.remedy(Kind::Stt, None).as_deref(), Some("standard-en"));
        let elsewhere = library.remedy(Kind::Stt, Some(Language::ARABIC));
        assert_eq!(elsewhere.as_deref(), Some("many"), "no set for this language");
        let error = library.find(Kind::Stt, Some(Language::ENGLISH), None).unwrap_err();
        assert!(error.to_string().ends_with("run `callstead models pull standard-en`"), "{error}");
    }
}
