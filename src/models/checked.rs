//! Which files were checked against their digests: `checked.toml` in the models folder, one table a file. A file that is
//! as it was then is not read again; one that was copied, replaced or written to since has another inode or time, and is.

use std::{
    collections::BTreeMap,
    fs,
    io::{self, Write},
    os::unix::fs::MetadataExt,
    path::Path,
};

use serde::{Deserialize, Serialize};

use super::{Digest, error::in_words};

/// The file's name in the models folder.
pub(super) const FILE: &str = "checked.toml";

/// What was checked in a models folder, by the names of the files.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Checked(BTreeMap<String, Entry>);

/// A file as it was when it had its digest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Entry {
    #[serde(flatten)]
    stamp: Stamp,
    sha256: Digest,
}

/// What changes with a file's content. The time is that of the last change of the inode (`st_ctime`): a copy cannot
/// take it along, as it can the time of the last change of the content.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Stamp {
    bytes: u64,
    inode: u64,
    changed_s: i64,
    changed_ns: i64,
}

impl Stamp {
    pub(super) fn of(path: &Path) -> io::Result<Self> {
        let file = fs::metadata(path)?;
        Ok(Self { bytes: file.len(), inode: file.ino(), changed_s: file.ctime(), changed_ns: file.ctime_nsec() })
    }
}

impl Checked {
    /// Reads them; what cannot be read was not checked.
    pub(super) fn load(dir: &Path) -> Self {
        fs::read_to_string(dir.join(FILE)).ok().and_then(|text| toml::from_str(&text).ok()).unwrap_or_default()
    }

    /// Whether the file is as it was when it had this digest.
    pub(super) fn holds(&self, path: &Path, sha256: Digest) -> bool {
        let entry = name(path).and_then(|name| self.0.get(name));
        entry.is_some_and(|entry| Stamp::of(path).is_ok_and(|stamp| *entry == Entry { stamp, sha256 }))
    }

    fn store(&self, dir: &Path) -> io::Result<()> {
        let text = toml::to_string(self).map_err(io::Error::other)?;
        let mut file = tempfile::NamedTempFile::new_in(dir)?;
        writeln!(file, "# Files that had their digests, as they were then. May be removed: they are checked again.")?;
        file.write_all(text.as_bytes())?;
        file.persist(dir.join(FILE)).map_err(|error| error.error)?;
        Ok(())
    }
}

/// Reads a file, every byte; notes it when its digest is the one expected.
///
/// # Errors
/// What is wrong with it, in a few words.
pub(super) fn check(path: &Path, expect: Digest) -> Result<(), String> {
    let unreadable = |error| format!("cannot be read: {}", in_words(&error));
    // Taken first: what is written while we read is seen the next time.
    let stamp = Stamp::of(path).map_err(unreadable)?;
    let (digest, _) = Digest::of_file(path).map_err(unreadable)?;
    if digest != expect {
        return Err("its digest is not the one expected".to_owned());
    }
    note(path, stamp, digest);
    Ok(())
}

/// Notes that a file had its digest when it had that stamp. Where nothing can be written, it is checked again the next
/// time; so is a file whose note is lost because two processes wrote theirs at once.
pub(super) fn note(path: &Path, stamp: Stamp, sha256: Digest) {
    let (Some(dir), Some(name)) = (path.parent(), name(path)) else { return };
    let mut checked = Checked::load(dir);
    let entry = Entry { stamp, sha256 };
    if checked.0.insert(name.to_owned(), entry) != Some(entry)
        && let Err(error) = checked.store(dir)
    {
        tracing::debug!(%error, file = name, "models.check_not_noted");
    }
}

/// Forgets a file.
pub(super) fn forget(path: &Path) {
    let (Some(dir), Some(name)) = (path.parent(), name(path)) else { return };
    let mut checked = Checked::load(dir);
    if checked.0.remove(name).is_some()
        && let Err(error) = checked.store(dir)
    {
        tracing::debug!(%error, file = name, "models.check_not_forgotten");
    }
}

fn name(path: &Path) -> Option<&str> {
    path.file_name()?.to_str()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Puts another file in the place of the one that is there, as a copy does.
    fn put(path: &Path, content: &str) {
        let new = path.with_extension("new");
        fs::write(&new, content).unwrap();
        fs::rename(new, path).unwrap();
    }

    #[test]
    fn a_file_counts_as_checked_until_it_changes() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.bin");
        let digest = Digest::of(b"abc");
        let holds = || Checked::load(dir.path()).holds(&path, digest);
        put(&path, "abc");
        assert!(!holds());
        assert_eq!(check(&path, digest), Ok(()));
        assert!(holds());
        assert!(!Checked::load(dir.path()).holds(&path, Digest::of(b"abd")), "another digest is wanted now");
        put(&path, "abd");
        assert!(!holds(), "of the same length");
        assert_eq!(check(&path, digest), Err("its digest is not the one expected".to_owned()));
        put(&path, "abc");
        assert!(!holds(), "the same content, but nobody has looked");
        assert_eq!(check(&path, digest), Ok(()));
        forget(&path);
        assert!(!holds());
    }

    #[test]
    fn where_nothing_can_be_noted_files_are_checked_each_time() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.bin");
        fs::write(&path, "abc").unwrap();
        fs::create_dir(dir.path().join(FILE)).unwrap();
        assert_eq!(check(&path, Digest::of(b"abc")), Ok(()));
        assert!(!Checked::load(dir.path()).holds(&path, Digest::of(b"abc")));
        assert!(check(&dir.path().join("none"), Digest::of(b"abc")).unwrap_err().starts_with("cannot be read: "));
    }
}
