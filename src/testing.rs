//! What unit tests share.

use std::{path::PathBuf, sync::LazyLock};

use crate::speech::scheduler::Scheduler;

/// One scheduler for all tests of a process: tests run side by side, and engines that compete for cores collapse.
pub(crate) fn scheduler() -> Scheduler {
    static SCHEDULER: LazyLock<Scheduler> = LazyLock::new(|| Scheduler::for_this_machine(None));
    SCHEDULER.clone()
}

/// A file of the repository.
pub(crate) fn repository(path: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// A file of the starter models. `make test` fetches them; a test that needs one fails without it.
pub(crate) fn model(file: &str) -> PathBuf {
    let folder =
        std::env::var_os("CALLSTEAD_TEST_MODELS_DIR").map_or_else(|| repository("target/models"), PathBuf::from);
    let path = folder.join(file);
    assert!(path.is_file(), "{} is missing: `make models` fetches it", path.display());
    path
}
