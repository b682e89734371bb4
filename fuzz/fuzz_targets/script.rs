//! libFuzzer on [`callstead_fuzz::script`].
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| callstead_fuzz::script(bytes));
