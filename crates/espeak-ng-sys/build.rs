//! Compiles espeak-ng as a static library, and the dictionaries of [`LANGUAGES`] into one compressed archive.
//!
//! No sound output, no sonic, no MBROLA, no threads: the library is asked for phonemes and samples only. Its CMake
//! would clone sonic from GitHub even when sonic is off, so it is pointed at a folder with an empty one.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, ensure};
use flate2::{Compression, write::GzEncoder};

/// (dictionary, folder of its voice files under `lang/`, the voice files)
const LANGUAGES: [(&str, &str, &[&str]); 2] = [("en", "gmw", &["en", "en-US", "en-GB-x-rp"]), ("ar", "sem", &["ar"])];
const PHONEME_TABLES: [&str; 4] = ["intonations", "phondata", "phonindex", "phontab"];

fn main() -> Result<()> {
    println!("cargo:rerun-if-changed=build.rs");
    let source = upstream::sources("espeak-rs-sys")?.join("espeak-ng");
    let out = PathBuf::from(env::var("OUT_DIR")?);
    let build = compile(&source, &out)?;
    let data = compile_data(&source, &build, &out)?;
    pack(&data, &out.join("espeak-ng-data.tar.gz"))
}

fn compile(source: &Path, out: &Path) -> Result<PathBuf> {
    let no_sonic = out.join("no-sonic");
    fs::create_dir_all(&no_sonic)?;
    fs::write(no_sonic.join("sonic.c"), "")?;
    fs::write(no_sonic.join("sonic.h"), "")?;
    let installed = cmake::Config::new(source)
        .profile("Release")
        .define("BUILD_SHARED_LIBS", "OFF")
        .define("ENABLE_TESTS", "OFF")
        .define("USE_ASYNC", "OFF")
        .define("USE_LIBPCAUDIO", "OFF")
        .define("USE_LIBSONIC", "OFF")
        .define("USE_MBROLA", "OFF")
        .define("FETCHCONTENT_SOURCE_DIR_SONIC-GIT", &no_sonic)
        .pic(true)
        .build_target("espeak-ng-bin")
        .build();
    let build = installed.join("build");
    for (folder, library) in [("libespeak-ng", "espeak-ng"), ("ucd-tools", "ucd"), ("speechPlayer", "speechPlayer")] {
        let folder = build.join("src").join(folder);
        ensure!(folder.join(format!("lib{library}.a")).is_file(), "no lib{library}.a in {}", folder.display());
        println!("cargo:rustc-link-search=native={}", folder.display());
        println!("cargo:rustc-link-lib=static={library}");
    }
    println!("cargo:rustc-link-lib=dylib=stdc++");
    Ok(build)
}

/// Compiles phoneme tables and dictionaries by the program just built; returns the folder `espeak-ng-data`.
fn compile_data(source: &Path, build: &Path, out: &Path) -> Result<PathBuf> {
    let root = out.join("data");
    if root.exists() {
        fs::remove_dir_all(&root)?;
    }
    let data = root.join("espeak-ng-data");
    let phonemes = root.join("phsource");
    let dictionaries = root.join("dictsource");
    copy_tree(&source.join("phsource"), &phonemes)?;
    fs::create_dir_all(&dictionaries)?;
    for (language, family, voices) in LANGUAGES {
        let folder = data.join("lang").join(family);
        fs::create_dir_all(&folder)?;
        for voice in voices {
            fs::copy(source.join("espeak-ng-data/lang").join(family).join(voice), folder.join(voice))?;
        }
        for part in ["rules", "list", "listx", "emoji", "extra"] {
            let name = format!("{language}_{part}");
            for folder in [source.join("dictsource"), source.join("dictsource/extra")] {
                if folder.join(&name).is_file() {
                    fs::copy(folder.join(&name), dictionaries.join(&name))?;
                }
            }
        }
    }
    let program = build.join("src/espeak-ng");
    let run = |folder: &Path, argument: &str| -> Result<()> {
        let output =
            Command::new(&program).arg(argument).current_dir(folder).env("ESPEAK_DATA_PATH", &root).output()?;
        ensure!(output.status.success(), "espeak-ng {argument}: {}", String::from_utf8_lossy(&output.stderr));
        Ok(())
    };
    run(&phonemes, "--compile-intonations")?;
    run(&phonemes, "--compile-phonemes")?;
    for (language, ..) in LANGUAGES {
        run(&dictionaries, &format!("--compile={language}"))?;
        let dictionary = data.join(format!("{language}_dict"));
        ensure!(dictionary.is_file(), "espeak-ng wrote no {}", dictionary.display());
    }
    Ok(data)
}

/// One archive with the files in a fixed order and with fixed times, so that equal data gives equal bytes.
fn pack(data: &Path, archive: &Path) -> Result<()> {
    let mut tar = tar::Builder::new(GzEncoder::new(fs::File::create(archive)?, Compression::best()));
    tar.mode(tar::HeaderMode::Deterministic);
    for table in PHONEME_TABLES {
        tar.append_path_with_name(data.join(table), table).with_context(|| format!("espeak-ng wrote no {table}"))?;
    }
    for (language, family, voices) in LANGUAGES {
        let dictionary = format!("{language}_dict");
        tar.append_path_with_name(data.join(&dictionary), &dictionary)?;
        for voice in voices {
            let name = Path::new("lang").join(family).join(voice);
            tar.append_path_with_name(data.join(&name), &name)?;
        }
    }
    tar.into_inner()?.finish()?;
    Ok(())
}

fn copy_tree(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_tree(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}
