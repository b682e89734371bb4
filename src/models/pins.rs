//! Digests of files that came without one: written down at the first pull, held from then on. `pins.toml` in the models
//! folder, one table a file.

use std::{
    collections::BTreeMap,
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use super::Digest;

/// The file's name in the models folder.
pub(super) const FILE: &str = "pins.toml";

/// What is pinned in a models folder.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Pins(BTreeMap<String, Pin>);

/// What a file was when it was first fetched.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Pin {
    /// Its length.
    pub(super) bytes: u64,
    /// Its digest.
    pub(super) sha256: Digest,
}

impl Pins {
    /// Reads them; none when there is no such file.
    pub(super) fn load(dir: &Path) -> io::Result<Self> {
        match fs::read_to_string(path(dir)) {
            Ok(text) => toml::from_str(&text)
                .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error.message().to_owned())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(error),
        }
    }

    pub(super) fn get(&self, name: &str) -> Option<Pin> {
        self.0.get(name).copied()
    }

    /// Pins a file and keeps that; the caller holds the folder's lock.
    pub(super) fn add(dir: &Path, name: &str, pin: Pin) -> io::Result<()> {
        let mut pins = Self::load(dir)?;
        pins.0.insert(name.to_owned(), pin);
        pins.store(dir)
    }

    /// Forgets a file; the caller holds the folder's lock.
    pub(super) fn remove(dir: &Path, name: &str) -> io::Result<()> {
        let mut pins = Self::load(dir)?;
        if pins.0.remove(name).is_some() { pins.store(dir) } else { Ok(()) }
    }

    fn store(&self, dir: &Path) -> io::Result<()> {
        let text = toml::to_string(self).map_err(io::Error::other)?;
        let mut file = tempfile::NamedTempFile::new_in(dir)?;
        writeln!(
            file,
            "# Digests of files that came without one, as first fetched. To accept another: models rm, then pull."
        )?;
        file.write_all(text.as_bytes())?;
        file.as_file().sync_all()?;
        file.persist(path(dir)).map_err(|error| error.error)?;
        Ok(())
    }
}

fn path(dir: &Path) -> PathBuf {
    dir.join(FILE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pins_are_kept_and_forgotten() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(Pins::load(dir.path()).unwrap(), Pins::default());
        let pin = Pin { bytes: 3, sha256: Digest::of(b"abc") };
        Pins::add(dir.path(), "ar_JO-kareem-medium.onnx.json", pin).unwrap();
        Pins::add(dir.path(), "other.onnx", pin).unwrap();
        assert_eq!(Pins::load(dir.path()).unwrap().get("ar_JO-kareem-medium.onnx.json"), Some(pin));
        Pins::remove(dir.path(), "ar_JO-kareem-medium.onnx.json").unwrap();
        let left = Pins::load(dir.path()).unwrap();
        assert_eq!((left.get("ar_JO-kareem-medium.onnx.json"), left.get("other.onnx")), (None, Some(pin)));
        fs::write(path(dir.path()), "not = [toml").unwrap();
        assert!(Pins::load(dir.path()).is_err());
    }
}
