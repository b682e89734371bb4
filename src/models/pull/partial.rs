//! Files on their way: `.partial` in the models folder. What is there is never taken for a model; it is what a later pull
//! goes on from. The name carries the digest, so another edition of a file never continues this one.

use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
};

use crate::models::{Digest, ModelFile, PullError};

/// The folder's name in the models folder.
pub(super) const DIR: &str = ".partial";

/// Where one file is while it is fetched.
#[derive(Clone, Debug)]
pub(super) struct Partial {
    /// The bytes so far.
    pub(super) path: PathBuf,
    /// The bytes so far of its compressed form, when it is cut out of a wheel.
    pub(super) packed: PathBuf,
}

impl Partial {
    pub(super) fn new(models_dir: &Path, name: &str, digest: Option<Digest>) -> Self {
        let prefix = digest.map_or_else(|| "unverified".to_owned(), |digest| digest.to_string()[..16].to_owned());
        let path = models_dir.join(DIR).join(format!("{prefix}.{name}"));
        Self { packed: path.with_added_extension("packed"), path }
    }

    /// Everything it may have on the disk.
    pub(super) fn files(&self) -> [PathBuf; 4] {
        [self.path.clone(), tag(&self.path), self.packed.clone(), tag(&self.packed)]
    }

    /// How much is there, in either form.
    pub(super) fn length(&self) -> u64 {
        length(&self.path).max(length(&self.packed))
    }

    /// Starts over.
    pub(super) fn discard(&self) {
        for path in self.files() {
            // What cannot be removed is found out when it is written again.
            let _ = fs::remove_file(path);
        }
    }

    /// Gives the whole, checked file its name. It is on the disk before it has the name.
    pub(super) fn place(&self, target: &Path) -> Result<(), PullError> {
        let failed = |error| PullError::writing(target, error);
        File::open(&self.path).and_then(|file| file.sync_all()).map_err(failed)?;
        fs::rename(&self.path, target).map_err(failed)?;
        if let Some(dir) = target.parent() {
            File::open(dir).and_then(|dir| dir.sync_all()).map_err(failed)?;
        }
        self.discard();
        Ok(())
    }
}

/// Where the server's name for an edition of a partial file is kept.
pub(super) fn tag(path: &Path) -> PathBuf {
    path.with_added_extension("tag")
}

/// A file's length; 0 when it is not there.
pub(super) fn length(path: &Path) -> u64 {
    fs::metadata(path).map_or(0, |metadata| metadata.len())
}

/// Makes the folder of partial files in the models folder.
pub(super) fn make_folder(models_dir: &Path) -> Result<(), PullError> {
    let dir = models_dir.join(DIR);
    fs::create_dir_all(dir).map_err(|error| PullError::writing(models_dir, error))?;
    // An interrupted pull may have left some.
    drop_wheels(models_dir);
    Ok(())
}

/// Removes wheels fetched whole, and their tags: they are for one pull only.
pub(super) fn drop_wheels(models_dir: &Path) {
    let is_wheel = |path: &PathBuf| [".whl", ".whl.tag"].iter().any(|end| path.to_string_lossy().ends_with(end));
    let files = fs::read_dir(models_dir.join(DIR)).into_iter().flatten().filter_map(Result::ok);
    for wheel in files.map(|entry| entry.path()).filter(is_wheel) {
        // What stays is tried again at the next pull.
        let _ = fs::remove_file(wheel);
    }
}

/// Removes the folder of partial files if nothing is left in it.
pub(super) fn clean_up(models_dir: &Path) {
    match fs::remove_dir(models_dir.join(DIR)) {
        Err(error) if error.kind() != io::ErrorKind::DirectoryNotEmpty => {
            tracing::debug!(%error, "models.partial_folder_kept");
        }
        _ => {}
    }
}

/// The files that a pull of `file` may have left in the models folder.
pub(in crate::models) fn partials(models_dir: &Path, file: &ModelFile) -> Vec<PathBuf> {
    [file.sha256, None].into_iter().flat_map(|digest| Partial::new(models_dir, &file.name, digest).files()).collect()
}
