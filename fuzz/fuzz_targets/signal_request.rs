//! libFuzzer on [`callstead_fuzz::signal_request`].
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| callstead_fuzz::signal_request(bytes));
