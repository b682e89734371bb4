//! libFuzzer on [`callstead_fuzz::sdp`].
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| callstead_fuzz::sdp(bytes));
