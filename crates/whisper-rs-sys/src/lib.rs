//! Raw bindings to whisper.cpp, compiled against the ggml of llama-cpp-sys-2 (see build.rs).
#![allow(non_upper_case_globals, non_camel_case_types, non_snake_case, clippy::all)]

// Keeps llama-cpp-sys-2, and with it libggml*.a, on the link line.
extern crate llama_cpp_sys_2 as _;

include!(concat!(env!("OUT_DIR"), "/bindings.rs"));
