//! Compiles whisper.cpp without its own ggml, against the one that llama-cpp-sys-2 builds and publishes as
//! `DEP_LLAMA_GGML_CMAKE_DIR`. Two ggml versions in one process would share symbols but not struct layouts.

use std::{
    env,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, ensure};

fn main() -> Result<()> {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-changed=wrapper.h");
    let whisper = upstream::sources("whisper-rs-sys")?.join("whisper.cpp");
    let out = PathBuf::from(env::var("OUT_DIR")?);
    let ggml_cmake = PathBuf::from(
        env::var("DEP_LLAMA_GGML_CMAKE_DIR")
            .context("llama-cpp-sys-2 published no ggml_cmake_dir: needs >= 0.1.160")?,
    );
    bind(&whisper, &ggml_cmake, &out)?;
    compile(&whisper, &ggml_cmake);
    Ok(())
}

fn bind(whisper: &Path, ggml_cmake: &Path, out: &Path) -> Result<()> {
    // <prefix>/lib/cmake -> <prefix>/include
    let ggml_include = ggml_cmake.join("../../include").canonicalize()?;
    ensure!(ggml_include.join("ggml.h").is_file(), "no ggml.h in {}", ggml_include.display());
    bindgen::Builder::default()
        .header("wrapper.h")
        .clang_arg(format!("-I{}", whisper.join("include").display()))
        .clang_arg(format!("-I{}", ggml_include.display()))
        .parse_callbacks(Box::new(bindgen::CargoCallbacks::new()))
        .generate()?
        .write_to_file(out.join("bindings.rs"))?;
    Ok(())
}

fn compile(whisper: &Path, ggml_cmake: &Path) {
    let installed = cmake::Config::new(whisper)
        .profile("Release")
        .define("BUILD_SHARED_LIBS", "OFF")
        .define("WHISPER_BUILD_TESTS", "OFF")
        .define("WHISPER_BUILD_EXAMPLES", "OFF")
        .define("WHISPER_BUILD_SERVER", "OFF")
        .define("WHISPER_USE_SYSTEM_GGML", "ON")
        .define("ggml_DIR", ggml_cmake.join("ggml"))
        .pic(true)
        .build();
    for folder in ["lib", "lib64"] {
        println!("cargo:rustc-link-search=native={}", installed.join(folder).display());
    }
    // ggml itself is linked by llama-cpp-sys-2, which comes later on the linker's command line.
    println!("cargo:rustc-link-lib=static=whisper");
    println!("cargo:rustc-link-lib=dylib=stdc++");
    println!("cargo:WHISPER_CPP_VERSION=1.8.3");
}
