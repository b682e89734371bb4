//! Asks for what `make build` bundles from `frontend/` and the program embeds, where it is missing. Nothing is bundled
//! here: a build from the crates alone must neither need npm nor fetch anything.

use std::path::Path;

const BUNDLE: &str = "frontend/dist";

fn main() {
    println!("cargo::rerun-if-changed={BUNDLE}");
    for file in ["call.js", "licences.txt"] {
        if !Path::new(BUNDLE).join(file).is_file() {
            println!("cargo::error={BUNDLE}/{file} is missing: run `make build`, or `make bundle` and then cargo");
        }
    }
}
