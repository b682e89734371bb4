//! Callstead from outside: its commands, its server and its engines, with real models and real files. One binary for all
//! of it, because each one links the engines; `tests/tidy.rs` links nothing and stands alone.
#![expect(clippy::unwrap_used, reason = "helpers of tests are tests too")]
#![expect(clippy::print_stdout, reason = "a test that is skipped says why")]

mod admin;
mod audio;
mod bench;
mod browser;
mod calls;
mod cli;
mod containers;
mod conversation;
mod desk;
mod durability;
mod fuzz;
mod http;
mod leads;
mod llama;
mod models;
mod network;
mod observe;
mod participants;
mod records;
mod rooms;
mod rooms_sdk;
mod say;
mod script;
mod sdk;
mod serve;
mod sheets;
mod sms;
mod staff;
mod support;
mod thinking;
mod tls;
mod tokens;
mod traces;
mod voice;
