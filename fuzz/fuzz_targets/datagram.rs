//! libFuzzer on [`callstead_fuzz::datagram`].
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| callstead_fuzz::datagram(bytes));
