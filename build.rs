//! Asks for what `make bundle` makes of `frontend/` and the program embeds, where it is missing or old. Nothing is bundled
//! here: a build from the crates alone must neither need npm nor fetch anything.

use std::{fs, io, path::Path, time::SystemTime};

const BUNDLE: &str = "frontend/dist";
const SOURCES: &str = "frontend/src";

fn main() -> io::Result<()> {
    for folder in [BUNDLE, SOURCES] {
        println!("cargo::rerun-if-changed={folder}");
    }
    let mut bundled = Vec::new();
    for file in ["call.js", "licences.txt"] {
        match fs::metadata(Path::new(BUNDLE).join(file)) {
            Ok(metadata) => bundled.push(metadata.modified()?),
            Err(_) => {
                println!("cargo::error={BUNDLE}/{file} is missing: run `make build`, or `make bundle` and then cargo")
            }
        }
    }
    if bundled.into_iter().min().is_some_and(|made| newest(Path::new(SOURCES)).is_ok_and(|source| source > made)) {
        println!("cargo::warning={SOURCES} is newer than what was bundled of it: run `make bundle`");
    }
    Ok(())
}

/// When something in this folder was changed last.
fn newest(folder: &Path) -> io::Result<SystemTime> {
    let mut latest = SystemTime::UNIX_EPOCH;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let changed =
            if entry.file_type()?.is_dir() { newest(&entry.path())? } else { entry.metadata()?.modified()? };
        latest = latest.max(changed);
    }
    Ok(latest)
}
