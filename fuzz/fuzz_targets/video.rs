//! libFuzzer on [`callstead_fuzz::video`].
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| callstead_fuzz::video(bytes));
