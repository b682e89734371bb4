//! espeak-ng's data files: it reads them from a folder, the program carries them inside.

use std::{
    collections::BTreeMap,
    fs, io,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use sha2::{Digest, Sha256};

use crate::config;

/// The name that espeak-ng expects of its data folder.
const FOLDER: &str = "espeak-ng-data";
/// A file that every data folder has.
const LANDMARK: &str = "phontab";
/// espeak-ng keeps paths in buffers of 160 bytes (`N_PATH_HOME`) and cuts longer ones silently.
const LONGEST_PATH: usize = 150;

/// The folder of espeak-ng's data files: `<data_dir>/espeak-ng-data` if somebody put a data pack there, else the files
/// embedded in the program, unpacked once. Several processes may do so at the same time: a folder gets its final name
/// only when it is whole, and the name depends on the content.
pub(super) fn prepare(data_dir: &Path) -> Result<PathBuf, String> {
    let data_dir = std::path::absolute(data_dir).map_err(|error| format!("{}: {error}", data_dir.display()))?;
    let pack = data_dir.join(FOLDER);
    let folder = if pack.join(LANDMARK).is_file() {
        pack
    } else {
        unpack_once(&data_dir, espeak_ng_sys::DATA)
            .map_err(|error| format!("cannot keep its data in {}: {error}", data_dir.display()))?
    };
    match folder.as_os_str().len() {
        length if length > LONGEST_PATH => Err(format!(
            "the path {} has {length} bytes, espeak-ng takes {LONGEST_PATH}: choose a shorter data folder",
            folder.display()
        )),
        _ => Ok(folder),
    }
}

fn unpack_once(data_dir: &Path, archive: &[u8]) -> io::Result<PathBuf> {
    let digest: String = Sha256::digest(archive).iter().take(6).map(|byte| format!("{byte:02x}")).collect();
    let home = data_dir.join(format!("espeak-ng-{digest}"));
    if home.join(FOLDER).join(LANDMARK).is_file() {
        return Ok(home.join(FOLDER));
    }
    config::make_data_dir(data_dir)?;
    let unfinished = tempfile::Builder::new()
        .prefix(".espeak-ng-")
        .permissions(fs::Permissions::from_mode(0o755))
        .tempdir_in(data_dir)?;
    tar::Archive::new(flate2::read::GzDecoder::new(archive)).unpack(unfinished.path().join(FOLDER))?;
    match fs::rename(unfinished.path(), &home) {
        Ok(()) => _ = unfinished.keep(),
        // Another process was faster; what it made is the same.
        Err(_) if home.join(FOLDER).join(LANDMARK).is_file() => {}
        Err(error) => return Err(error),
    }
    Ok(home.join(FOLDER))
}

/// The voices in `folder`: names in lower case (`en-us`), and the name by which espeak-ng finds each. A voice goes by its
/// file's name; a language that is no file's name means the voice that declares it most strongly.
pub(super) fn voices(folder: &Path) -> io::Result<BTreeMap<String, String>> {
    let mut by_file = BTreeMap::new();
    let mut by_language: BTreeMap<String, (u32, String)> = BTreeMap::new();
    let mut folders = vec![folder.join("lang")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            if entry.file_type()?.is_dir() {
                folders.push(entry.path());
                continue;
            }
            let name = entry.file_name().to_string_lossy().to_ascii_lowercase();
            let file = fs::read(entry.path())?;
            for (language, rank) in String::from_utf8_lossy(&file).lines().filter_map(declared_language) {
                let claim = (rank, name.clone());
                let best = by_language.entry(language).or_insert_with(|| claim.clone());
                *best = claim.min(best.clone());
            }
            by_file.insert(name.clone(), name);
        }
    }
    let mut voices: BTreeMap<_, _> = by_language.into_iter().map(|(language, (_, name))| (language, name)).collect();
    voices.extend(by_file);
    Ok(voices)
}

/// `language en-gb 2`: a language and the voice's rank among those that speak it, 5 if it is not said; 1 is the best.
fn declared_language(line: &str) -> Option<(String, u32)> {
    let mut words = line.split_whitespace();
    let language = words.next().filter(|word| *word == "language").and_then(|_| words.next())?;
    Some((language.to_ascii_lowercase(), words.next().and_then(|rank| rank.parse().ok()).unwrap_or(5)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_at_once_unpack_one_folder() {
        let data_dir = tempfile::tempdir().unwrap();
        let folders: Vec<_> = std::thread::scope(|scope| {
            let unpackers: Vec<_> = (0..4).map(|_| scope.spawn(|| prepare(data_dir.path()).unwrap())).collect();
            unpackers.into_iter().map(|unpacker| unpacker.join().unwrap()).collect()
        });
        assert!(folders.iter().all(|folder| *folder == folders[0]));
        let voices = voices(&folders[0]).unwrap();
        assert!(voices.keys().eq(["ar", "en", "en-gb", "en-gb-x-rp", "en-us"]), "{voices:?}");
        assert_eq!((&*voices["en"], &*voices["en-gb"]), ("en", "en"));
        assert_eq!(fs::read_dir(data_dir.path()).unwrap().count(), 1, "nothing half-made is left");
    }

    #[test]
    fn a_data_pack_is_preferred() {
        let data_dir = tempfile::tempdir().unwrap();
        let pack = data_dir.path().join(FOLDER);
        fs::create_dir(&pack).unwrap();
        assert_ne!(prepare(data_dir.path()).unwrap(), pack, "an empty folder is no data pack");
        fs::write(pack.join(LANDMARK), "").unwrap();
        assert_eq!(prepare(data_dir.path()).unwrap(), pack);
    }

    #[test]
    fn folders_that_cannot_serve_are_named() {
        let data_dir = tempfile::tempdir().unwrap();
        let error = prepare(&data_dir.path().join("d".repeat(150))).unwrap_err();
        assert!(error.contains("choose a shorter data folder"), "{error}");
        let file = data_dir.path().join("file");
        fs::write(&file, "").unwrap();
        let error = prepare(&file).unwrap_err();
        assert!(error.contains("cannot keep its data in") && error.contains("file"), "{error}");
    }
}
