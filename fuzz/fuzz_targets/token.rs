//! libFuzzer on [`callstead_fuzz::token`].
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| callstead_fuzz::token(bytes));
