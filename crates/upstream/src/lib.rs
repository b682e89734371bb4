//! Finds the sources of an upstream crate, so that a build script can compile the C or C++ inside it in its own way.
//!
//! The crate is named, with its checksum, in the `upstream/Cargo.lock` beside the build script; cargo fetches it from
//! whatever registry it is set up for, and checks it. Nothing of it is kept in our repository.

use std::{
    env,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, ensure};

/// The folder that holds `crate_name`'s sources, fetched by cargo if need be. For use in a build script only.
///
/// # Errors
/// When cargo cannot fetch the crate, or `upstream/Cargo.lock` does not name it.
pub fn sources(crate_name: &str) -> Result<PathBuf> {
    println!("cargo:rerun-if-changed=upstream/Cargo.lock");
    let output = Command::new(env::var("CARGO")?)
        .args(["metadata", "--format-version=1", "--locked", "--manifest-path", "upstream/Cargo.toml"])
        .output()?;
    ensure!(output.status.success(), "cargo metadata: {}", String::from_utf8_lossy(&output.stderr));
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout)?;
    let manifest = metadata["packages"]
        .as_array()
        .and_then(|packages| packages.iter().find(|package| package["name"] == crate_name))
        .and_then(|package| package["manifest_path"].as_str())
        .with_context(|| format!("{crate_name} is not in upstream/Cargo.lock"))?;
    Path::new(manifest).parent().map(Path::to_path_buf).context("the manifest has no folder")
}
