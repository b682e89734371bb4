//! libFuzzer on [`callstead_fuzz::join_request`].
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| callstead_fuzz::join_request(bytes));
