//! libFuzzer on [`callstead_fuzz::worker`].
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| callstead_fuzz::worker(bytes));
