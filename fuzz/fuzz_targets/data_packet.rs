//! libFuzzer on [`callstead_fuzz::data_packet`].
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| callstead_fuzz::data_packet(bytes));
