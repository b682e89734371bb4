//! What unit tests share.

use std::{path::PathBuf, sync::LazyLock};

use crate::{
    audio,
    speech::{
        local::{espeak::Espeak, piper::PiperVoice, voices::Voices},
        scheduler::Scheduler,
    },
};

/// One scheduler for all tests of a process: tests run side by side, and engines that compete for cores collapse.
pub(crate) fn scheduler() -> Scheduler {
    static SCHEDULER: LazyLock<Scheduler> = LazyLock::new(|| Scheduler::for_this_machine(None));
    SCHEDULER.clone()
}

/// espeak-ng on a data folder that all tests share: the first one that a process names stays in use.
pub(crate) fn espeak() -> Espeak {
    Espeak::open(&std::env::temp_dir().join("callstead-test-data")).unwrap()
}

/// The starter voice, which goes by that name and speaks English, and espeak-ng behind it.
pub(crate) fn voices() -> Voices {
    let starter = PiperVoice::load("starter", &repository("models/starter-voice/starter.onnx"), &espeak()).unwrap();
    Voices::new(vec![starter], espeak(), &scheduler()).unwrap()
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
    assert!(path.is_file(), "{} is missing: run `make models`, or set CALLSTEAD_TEST_MODELS_DIR", path.display());
    path
}

/// One of the starter speech model's test recordings: 16 kHz, mono.
pub(crate) fn recording(name: &str) -> Vec<f32> {
    let clip = audio::read(&repository("models/starter-stt/test-wavs").join(name)).unwrap();
    assert_eq!(clip.rate_hz, audio::ENGINE_HZ);
    clip.samples
}
