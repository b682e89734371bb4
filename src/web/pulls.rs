//! Models that are fetched because somebody pressed a button: one pull at a time, which anybody may look at or stop. It goes on
//! when its page is closed; what a stopped one has fetched is kept, and the next goes on from there.

use std::{
    collections::BTreeMap,
    env,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::task::AbortHandle;

use super::error::ApiError;
use crate::{
    config::Config,
    models::{
        Library, PullError, probe,
        pull::{self, Options, Progress, Report, Step},
    },
};

/// See the module. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct Pulls(Arc<Mutex<Option<Pull>>>);

#[derive(Debug)]
struct Pull {
    /// Tells it from those before: what they still have to say is not about this one.
    number: u64,
    seen: Seen,
    task: AbortHandle,
}

/// How a pull is at this moment.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    /// The set, or the model, that was asked for.
    pub(super) name: String,
    pub(super) state: PullState,
    /// Bytes of the files under way and done, by their names: so many are there, of so many, where that is known.
    files: BTreeMap<String, (u64, Option<u64>)>,
}

/// How far a pull is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum PullState {
    Running,
    /// All is there.
    Done,
    /// Somebody has stopped it.
    Stopped,
    /// Why not all is there, in English.
    Failed(String),
}

impl Seen {
    /// Bytes that are there, and that there will be of the files that are known of.
    pub(super) fn bytes(&self) -> (u64, u64) {
        let sum = |(have, total): (u64, u64), (is, of): &(u64, Option<u64>)| {
            (have.saturating_add(*is), total.saturating_add(of.unwrap_or(*is).max(*is)))
        };
        self.files.values().fold((0, 0), sum)
    }

    fn note(&mut self, progress: Progress<'_>) {
        if let Step::Bytes { have, total } = progress.step {
            self.files.insert(progress.file.to_owned(), (have, total));
        }
    }

    fn end(&mut self, result: Result<Report, PullError>) {
        let failed = |report: &Report| match report.check() {
            Err(error) => Some(error.to_string()),
            Ok(()) => None,
        };
        self.state = match result {
            Ok(report) => failed(&report).map_or(PullState::Done, PullState::Failed),
            Err(error) => PullState::Failed(error.to_string()),
        };
    }
}

impl Pulls {
    fn inner(&self) -> MutexGuard<'_, Option<Pull>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How the latest one is.
    pub(super) fn seen(&self) -> Option<Seen> {
        self.inner().as_ref().map(|pull| pull.seen.clone())
    }

    /// Begins to fetch a set or a model.
    ///
    /// # Errors
    /// When there is no such thing, a setting makes no sense, or another pull is under way.
    pub(super) fn begin(&self, config: &Config, name: &str) -> Result<(), ApiError> {
        let library = Library::of(config);
        let models = library.resolve(&[name.to_owned()]).map_err(|_| ApiError::NotFound("model"))?;
        let options = Options::new(&config.models).map_err(|error| ApiError::Unavailable(error.to_string()))?;
        let program = env::current_exe().map_err(|error| ApiError::Unavailable(error.to_string()))?;
        let probe: pull::Probe = Arc::new(move |kind, file| probe::in_child(&program, kind, file));
        let mut inner = self.inner();
        if inner.as_ref().is_some_and(|pull| pull.seen.state == PullState::Running) {
            return Err(ApiError::Conflict("another pull is under way".to_owned()));
        }
        let number = inner.as_ref().map_or(0, |pull| pull.number) + 1;
        let pulls = self.clone();
        let task = actix_web::rt::spawn(async move {
            let note = |progress: Progress<'_>| pulls.change(number, |seen| seen.note(progress));
            let result = pull::pull(&library, &models, &options, probe, &note).await;
            pulls.change(number, |seen| seen.end(result));
        });
        let seen = Seen { name: name.to_owned(), state: PullState::Running, files: BTreeMap::new() };
        *inner = Some(Pull { number, seen, task: task.abort_handle() });
        Ok(())
    }

    /// Stops the one that is under way, if there is one.
    pub(super) fn stop(&self) {
        if let Some(pull) = self.inner().as_mut().filter(|pull| pull.seen.state == PullState::Running) {
            pull.task.abort();
            pull.seen.state = PullState::Stopped;
        }
    }

    fn change(&self, number: u64, change: impl FnOnce(&mut Seen)) {
        let mut inner = self.inner();
        let this = inner.as_mut().filter(|pull| pull.number == number && pull.seen.state == PullState::Running);
        if let Some(pull) = this {
            change(&mut pull.seen);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::models::pull::{Attempt, ModelReport, Outcome};

    fn seen() -> Seen {
        Seen { name: "starter".to_owned(), state: PullState::Running, files: BTreeMap::new() }
    }

    #[test]
    fn bytes_of_all_files_are_added_up() {
        let mut seen = seen();
        for (file, have, total) in [("a", 1, Some(10)), ("b", 5, None), ("a", 7, Some(10)), ("c", 9, Some(3))] {
            seen.note(Progress { model: "m", file, step: Step::Bytes { have, total } });
        }
        seen.note(Progress { model: "m", file: "a", step: Step::Probing });
        assert_eq!(seen.bytes(), (7 + 5 + 9, 10 + 5 + 9));
    }

    #[test]
    fn what_could_not_be_had_is_said() {
        let attempt = Attempt { file: "a.bin".to_owned(), source: None, why: "no room".to_owned() };
        let report = |outcome| Report { models: vec![ModelReport { id: "a".to_owned(), outcome }] };
        for (outcome, expected) in [
            (Outcome::Pulled, PullState::Done),
            (Outcome::Present, PullState::Done),
            (
                Outcome::Failed { attempts: vec![attempt] },
                PullState::Failed("could not get a: a.bin: no room".to_owned()),
            ),
        ] {
            let mut seen = seen();
            seen.end(Ok(report(outcome)));
            assert_eq!(seen.state, expected);
        }
    }

    /// Nothing is to be fetched from an address where nobody is.
    #[tokio::test]
    async fn one_at_a_time_is_fetched_and_can_be_stopped() {
        let folder = tempfile::tempdir().unwrap();
        let mut config = Config::defaults(folder.path());
        config.models.hub_url = "http://127.0.0.1:9".to_owned();
        config.models.index_url = Some("http://127.0.0.1:9/simple".into());
        let pulls = Pulls::default();
        tokio::task::LocalSet::new()
            .run_until(async {
                assert!(matches!(pulls.begin(&config, "no-such-model"), Err(ApiError::NotFound(_))));
                pulls.begin(&config, "starter").unwrap();
                assert!(matches!(pulls.begin(&config, "starter"), Err(ApiError::Conflict(_))));
                pulls.stop();
                assert_eq!(pulls.seen().unwrap().state, PullState::Stopped);
                pulls.begin(&config, "starter").unwrap();
                pulls.stop();
            })
            .await;
    }
}
