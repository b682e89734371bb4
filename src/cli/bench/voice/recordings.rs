//! What callers say: a folder of recordings.

use std::{fs, ops::Range, path::Path};

use anyhow::Context as _;

use super::levels::LOUD;
use crate::{
    audio::{self, LINE_HZ, resample},
    cli::exit::InputError,
};

/// More than anybody listens to; each is kept in memory.
const MOST: usize = 200;

/// One utterance, at 48 kHz.
#[derive(Debug)]
pub(super) struct Recording {
    /// The file's name.
    pub(super) name: String,
    pub(super) samples: Vec<i16>,
    /// From the first sample that is speech to the last.
    pub(super) speech: Range<usize>,
}

impl Recording {
    /// `None` when nobody speaks.
    pub(super) fn new(name: String, samples: Vec<i16>) -> Option<Self> {
        let is_loud = |sample: &i16| sample.unsigned_abs() > LOUD;
        let start = samples.iter().position(is_loud)?;
        let end = samples.iter().rposition(is_loud)? + 1;
        Some(Self { name, samples, speech: start..end })
    }
}

/// The WAV files of a folder, by name.
///
/// # Errors
/// When one cannot be read, nobody speaks in it, or there is none.
pub(super) fn read(folder: &Path) -> anyhow::Result<Vec<Recording>> {
    let shown = folder.display();
    let entries =
        fs::read_dir(folder).map_err(|error| InputError(format!("cannot read the folder {shown}: {error}")))?;
    let mut paths = Vec::new();
    for entry in entries {
        let path = entry.with_context(|| format!("reading the folder {shown}"))?.path();
        if path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("wav")) {
            paths.push(path);
        }
    }
    paths.sort();
    paths.truncate(MOST);
    if paths.is_empty() {
        return Err(InputError(format!("there are no WAV files in {shown}: put the callers' recordings there")).into());
    }
    paths.iter().map(|path| one(path)).collect()
}

fn one(path: &Path) -> anyhow::Result<Recording> {
    let clip = resample(&audio::read(path)?, LINE_HZ);
    let full = f32::from(i16::MAX);
    #[expect(clippy::cast_possible_truncation, reason = "it is clamped")]
    let samples = clip.samples.iter().map(|sample| (sample.clamp(-1.0, 1.0) * full) as i16).collect();
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let silent = || InputError(format!("nobody speaks in {}: take it out of the folder", path.display()));
    Ok(Recording::new(name, samples).ok_or_else(silent)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::{Clip, write_wav};

    #[test]
    fn speech_is_between_its_first_and_last_loud_sample() {
        let recording = Recording::new("a".to_owned(), vec![0, 100, 700, 0, -800, 3]).unwrap();
        assert_eq!(recording.speech, 2..5);
        assert!(Recording::new("a".to_owned(), vec![0; 9]).is_none());
    }

    #[test]
    fn a_folder_without_speech_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let refused = || read(folder.path()).unwrap_err().to_string();
        assert!(refused().contains("no WAV files"));
        let silence = Clip { rate_hz: 16_000, samples: vec![0.0; 1600] };
        write_wav(&folder.path().join("b.wav"), &silence).unwrap();
        assert!(refused().contains("nobody speaks"));
        let speech = Clip { rate_hz: 16_000, samples: vec![0.5; 1600] };
        write_wav(&folder.path().join("b.wav"), &speech).unwrap();
        write_wav(&folder.path().join("a.WAV"), &speech).unwrap();
        fs::write(folder.path().join("a.txt"), "hello").unwrap();
        let names: Vec<_> = read(folder.path()).unwrap().into_iter().map(|recording| recording.name).collect();
        assert_eq!(names, ["a.WAV", "b.wav"]);
    }
}
