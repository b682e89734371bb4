//! Files in the data folder that only its owner may read.

use std::{
    fs::{File, Metadata},
    io::{self, Write},
    os::unix::fs::{MetadataExt, OpenOptionsExt, fchown},
    path::Path,
};

const ROOT: u32 = 0;
/// Callers' words and names, and keys.
pub(super) const OWNER_ONLY: u32 = 0o600;

/// Makes an empty file.
///
/// # Errors
/// When there is one, or it cannot be made.
pub(super) fn make(path: &Path) -> io::Result<File> {
    let file = File::options().write(true).create_new(true).mode(OWNER_ONLY).open(path)?;
    // Made by root beside a server that runs as somebody else (`sudo callstead admin …`): the server must be able to open it.
    let folder = folder_of(path)?;
    let (ours, theirs) = (file.metadata()?.uid(), folder.uid());
    if ours == ROOT && theirs != ROOT {
        fchown(&file, Some(theirs), Some(folder.gid()))?;
    }
    Ok(file)
}

/// Writes a new file; nobody sees half of it.
///
/// # Errors
/// When there is one, or it cannot be made.
pub(super) fn write_new(path: &Path, content: &[u8]) -> io::Result<()> {
    let unfinished = path.with_extension(format!("{}.part", std::process::id()));
    let written = make(&unfinished).and_then(|mut file| {
        file.write_all(content)?;
        file.sync_all()
    });
    // A link, unlike a move, takes nobody's place.
    let placed = written.and_then(|()| std::fs::hard_link(&unfinished, path));
    // It stays behind only when the disk fails.
    let _ = std::fs::remove_file(&unfinished);
    placed?;
    File::open(path.parent().unwrap_or(Path::new(".")))?.sync_all()
}

fn folder_of(path: &Path) -> io::Result<Metadata> {
    std::fs::metadata(path.parent().unwrap_or(Path::new(".")))
}
